//! The database and the role of one Airflow deployment: made, changed, and dropped by statements that a second run finds done.
//!
//! It runs in a pod beside the server, the only place where the superuser's password is used. The role owns its database
//! and nothing else; nobody else may connect to it (PostgreSQL, `GRANT`: databases grant `CONNECT` and `TEMPORARY` to `PUBLIC`).

use std::time::Duration;

use airlock_model::Secret;
use airlock_probe::{Postgres, PostgresError};
use tokio::time::{Instant, sleep};

pub use airlock_probe::PostgresLogin;

/// Policies know a new pod within seconds.
const REACHED_WITHIN: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_secs(1);

/// A role of one deployment, which bears the same name as its database.
pub struct Role {
    /// Its name: `airlock_` and what SQL needs no quotes for.
    pub name: String,
    /// The verifier of its password (RFC 5803).
    pub verifier: Secret<String>,
    /// The most connections it may have at a time.
    pub connections: u32,
}

/// What statements are refused before they are sent.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The server.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// A name that is not one of ours.
    #[error("`{0}` is no role of an Airflow deployment: airlock_, then lower case letters, digits, and `_`")]
    Role(String),
    /// Not a verifier; its text is not repeated.
    #[error("the file of the verifier holds something else: SCRAM-SHA-256$… is due")]
    Verifier,
}

impl airlock_model::Coded for DatabaseError {
    fn code(&self) -> airlock_model::Code {
        match self {
            Self::Postgres(error) => error.code(),
            Self::Role(_) => airlock_model::Code("platform.database-role"),
            Self::Verifier => airlock_model::Code("platform.database-verifier"),
        }
    }
}

/// Makes the role and its database, or brings them to what is asked for.
pub async fn grant(server: &PostgresLogin, role: &Role) -> Result<(), DatabaseError> {
    let name = checked(&role.name)?;
    let verifier = verifier(&role.verifier)?;
    let session = login(server).await?;
    let exists = session.value(&format!("SELECT 1 FROM pg_roles WHERE rolname = '{name}'")).await?.is_some();
    let verb = if exists { "ALTER" } else { "CREATE" };
    let limits = format!("LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT CONNECTION LIMIT {}", role.connections);
    session.execute(&[format!("{verb} ROLE {name} WITH {limits} PASSWORD '{verifier}'")]).await?;
    if session.value(&format!("SELECT 1 FROM pg_database WHERE datname = '{name}'")).await?.is_none() {
        session.execute(&[format!("CREATE DATABASE {name} OWNER {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'")]).await?;
    }
    session.execute(&[format!("REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC"), format!("GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {name}")]).await?;
    let inside = Postgres::login(&PostgresLogin {
        host: server.host.clone(),
        port: server.port,
        database: name.to_owned(),
        role: server.role.clone(),
        password: server.password.as_ref().map(|password| Secret::new(password.expose().clone())),
        authorities: server.authorities.clone(),
    })
    .await?;
    Ok(inside.execute(&[format!("ALTER SCHEMA public OWNER TO {name}"), "REVOKE ALL ON SCHEMA public FROM PUBLIC".to_owned()]).await?)
}

/// Drops the database and the role; sessions that are still open are ended.
pub async fn drop(server: &PostgresLogin, role: &str) -> Result<(), DatabaseError> {
    let name = checked(role)?;
    let session = login(server).await?;
    Ok(session.execute(&[format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("DROP ROLE IF EXISTS {name}")]).await?)
}

/// Logs in as soon as the server can be reached: until the policies know a new pod, its connections are blocked.
async fn login(server: &PostgresLogin) -> Result<Postgres, PostgresError> {
    let end = Instant::now() + REACHED_WITHIN;
    loop {
        match Postgres::login(server).await {
            Err(PostgresError::Connect { .. }) if Instant::now() < end => sleep(PAUSE).await,
            ended => return ended,
        }
    }
}

/// A name that needs no quotes, and that no role but a deployment's has.
fn checked(role: &str) -> Result<&str, DatabaseError> {
    let valid = role.len() <= 63
        && role.strip_prefix("airlock_").is_some_and(|rest| !rest.is_empty() && rest != "health" && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'));
    if valid { Ok(role) } else { Err(DatabaseError::Role(role.chars().take(80).collect())) }
}

/// A verifier has no character that ends a literal.
fn verifier(text: &Secret<String>) -> Result<&str, DatabaseError> {
    let text = text.expose().trim_end();
    let valid = text.starts_with("SCRAM-SHA-256$") && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=$:-".contains(&byte));
    if valid { Ok(text) } else { Err(DatabaseError::Verifier) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_and_verifiers_of_our_own_reach_the_server() {
        assert!(checked("airlock_data_science").is_ok());
        for name in ["postgres", "airlock", "airlock_", "airlock_health", "airlock_a;DROP", "airlock_A", "airlock_a'b"] {
            assert!(checked(name).is_err(), "{name}");
        }
        assert!(verifier(&Secret::new("SCRAM-SHA-256$4096:c2FsdA==$a+/=:b\n".into())).is_ok());
        for text in ["", "password", "SCRAM-SHA-256$'; DROP ROLE x; --"] {
            assert!(verifier(&Secret::new(text.into())).is_err(), "{text}");
        }
    }
}
