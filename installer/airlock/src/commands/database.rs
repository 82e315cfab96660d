//! `airlock database`, in pods: in the platform's namespace the database of one Airflow deployment is made or dropped, and a server that the
//! customer runs is examined; in a deployment's own it is tried what its role may.

use std::path::Path;

use airlock_model::{Exit, Secret};
use airlock_platform::PlatformError;
use airlock_platform::audit::attempts::{self, OwnDatabase};
use airlock_platform::database::{self, Leaving, PostgresLogin, Role};

use crate::arguments::{Database, DatabaseCommand, DatabaseLogin, DatabaseServer};
use crate::failure::Failure;
use crate::output::Output;

/// The database in which statements about roles and databases are sent.
const MAINTENANCE: &str = "postgres";

pub(super) async fn run(arguments: &Database, output: &Output) -> Result<Exit, Failure> {
    match &arguments.command {
        DatabaseCommand::Examine(examine) => {
            let findings = database::examine(&administrator(&examine.login)?, examine.connections).await;
            output.line(&findings)?;
            return Ok(if findings.iter().any(airlock_platform::blocks) { Exit::Blocked } else { Exit::Ok });
        }
        DatabaseCommand::Grant(grant) => {
            let role = Role { name: grant.of.role.clone(), verifier: secret(&grant.verifier_file)?, connections: grant.connections, mark: grant.of.mark.clone() };
            database::grant(&administrator(&grant.of.login)?, &role).await.map_err(PlatformError::from)?;
        }
        DatabaseCommand::Drop(drop) => {
            let leaving = Leaving { name: drop.of.role.clone(), mark: drop.of.mark.clone(), kept: drop.kept.clone() };
            database::drop(&administrator(&drop.of.login)?, &leaving).await.map_err(PlatformError::from)?;
        }
        DatabaseCommand::Attempts(attempts) => {
            let role = attempts.deployment.role();
            let own = OwnDatabase { name: attempts.deployment.clone(), login: login(&attempts.server, &role, &role)?, mark: attempts.mark.clone() };
            let outcomes = attempts::attempt(&own).await.map_err(PlatformError::from)?;
            std::fs::write(&attempts.outcomes, outcomes).map_err(|source| Failure::FileUnwritable { path: attempts.outcomes.clone(), source })?;
        }
    }
    Ok(Exit::Ok)
}

fn administrator(of: &DatabaseLogin) -> Result<PostgresLogin, Failure> {
    login(&of.server, &of.administrator, MAINTENANCE)
}

fn login(at: &DatabaseServer, role: &str, database: &str) -> Result<PostgresLogin, Failure> {
    Ok(PostgresLogin {
        host: at.host.clone(),
        port: at.port,
        database: database.to_owned(),
        role: role.to_owned(),
        password: Some(secret(&at.password_file)?),
        authorities: at.authority.as_deref().map(text).transpose()?,
    })
}

fn secret(path: &Path) -> Result<Secret<String>, Failure> {
    text(path).map(Secret::new)
}

fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|source| Failure::FileUnreadable { path: path.to_owned(), source })
}
