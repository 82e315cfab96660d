//! `airlock database`, in pods beside the database server: the database of one Airflow deployment is made or dropped.

use std::path::Path;

use airlock_model::{Exit, Secret};
use airlock_platform::PlatformError;
use airlock_platform::database::{self, PostgresLogin, Role};

use crate::arguments::{Database, DatabaseCommand, DatabaseRole};
use crate::failure::Failure;

/// The database in which statements about roles and databases are sent.
const MAINTENANCE: &str = "postgres";

pub(super) async fn run(arguments: &Database) -> Result<Exit, Failure> {
    match &arguments.command {
        DatabaseCommand::Grant(grant) => {
            let role = Role { name: grant.of.role.clone(), verifier: secret(&grant.verifier_file)?, connections: grant.connections };
            database::grant(&login(&grant.of)?, &role).await.map_err(PlatformError::from)?;
        }
        DatabaseCommand::Drop(of) => database::drop(&login(of)?, &of.role).await.map_err(PlatformError::from)?,
    }
    Ok(Exit::Ok)
}

fn login(of: &DatabaseRole) -> Result<PostgresLogin, Failure> {
    Ok(PostgresLogin {
        host: of.host.clone(),
        port: of.port,
        database: MAINTENANCE.into(),
        role: of.administrator.clone(),
        password: Some(secret(&of.password_file)?),
        authorities: text(&of.authority)?,
    })
}

fn secret(path: &Path) -> Result<Secret<String>, Failure> {
    text(path).map(Secret::new)
}

fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|source| Failure::FileUnreadable { path: path.to_owned(), source })
}
