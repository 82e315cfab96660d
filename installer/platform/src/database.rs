//! The database and the role of one Airflow deployment: made, changed, and dropped by statements that a second run finds done.
//!
//! It runs in a pod of the platform's namespace, the only place where the administrator's password is used. The role owns
//! its database and nothing else; nobody else may connect to it (PostgreSQL, `GRANT`: databases grant `CONNECT` and
//! `TEMPORARY` to `PUBLIC`). On a server of the customer's the administrator is no superuser: it makes itself a member of the
//! role, without inheriting what the role may, and acts as that role where only an owner can.

use std::time::Duration;

use airlock_model::{Finding, Meeting, Secret};
use airlock_probe::{Postgres, PostgresError};
use tokio::time::{Instant, sleep};

pub use airlock_probe::PostgresLogin;

/// Policies know a new pod within seconds.
const REACHED_WITHIN: Duration = Duration::from_secs(90);
/// The same for a server that may well not be there. One that does not end a login is asked once more.
const EXAMINED_WITHIN: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_secs(1);

/// The first version in which membership comes with options of its own (PostgreSQL 16, `GRANT`).
const MEMBERSHIP_OPTIONS: u32 = 160_000;
/// How a database tells where it was kept before it goes: a comment, followed by the file (`database-dump/dump.sh`).
const KEPT: &str = "kept in ";
/// Of a server whose system does not know a locale (PostgreSQL, appendix A: `wrong_object_type`).
const NO_SUCH_LOCALE: &str = "42809";

/// A role of one deployment, which bears the same name as its database.
pub struct Role {
    /// Its name: `airlock_` and what SQL needs no quotes for.
    pub name: String,
    /// The verifier of its password (RFC 5803).
    pub verifier: Secret<String>,
    /// The most connections it may have at a time.
    pub connections: u32,
    /// The installation whose it is, where others may use the server too.
    pub mark: Option<String>,
}

/// A role that goes, with the database of the same name.
pub struct Leaving {
    /// Its name.
    pub name: String,
    /// The installation whose it is, where others may use the server too.
    pub mark: Option<String>,
    /// The file in which the database must have been kept before; none: it goes as it is.
    pub kept: Option<String>,
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
    /// A role or a database of that name is there and is not this installation's.
    #[error("the database server has `{0}` already, and it does not belong to this installation")]
    Taken(String),
    /// Its role was not let in, or its dump was not finished.
    #[error("the database `{database}` is there and was not kept in {file}; it is not dropped")]
    NotKept {
        /// The database.
        database: String,
        /// Where it should have been kept.
        file: String,
    },
}

impl airlock_model::Coded for DatabaseError {
    fn code(&self) -> airlock_model::Code {
        match self {
            Self::Postgres(error) => error.code(),
            Self::Role(_) => airlock_model::Code("platform.database-role"),
            Self::Verifier => airlock_model::Code("platform.database-verifier"),
            Self::Taken(_) => airlock_model::Code("platform.database-taken"),
            Self::NotKept { .. } => airlock_model::Code("platform.database-not-kept"),
        }
    }
}

/// Examines a server that the customer runs. `connections` are those that one Airflow deployment may take.
pub async fn examine(server: &PostgresLogin, connections: u32) -> Vec<Finding> {
    let end = Instant::now() + EXAMINED_WITHIN;
    loop {
        let seen = airlock_probe::examine(server, connections).await;
        if !matches!(seen.meeting, Meeting::NotReached(_)) || Instant::now() >= end {
            return airlock_compliance::examined(&seen);
        }
        sleep(PAUSE).await;
    }
}

/// The roles of the server's Airflow deployments but for the one that logs in: where others use the server too, those with the mark of
/// this installation.
pub(crate) async fn roles_beside(server: &PostgresLogin, mark: Option<&str>) -> Result<Vec<String>, DatabaseError> {
    let ours = mark.map(|mark| format!(" AND shobj_description(oid, 'pg_authid') = '{}'", marked(mark))).unwrap_or_default();
    let question = format!("SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolname LIKE 'airlock\\_%' AND rolname <> current_user{ours}");
    let told = login(server).await?.value(&question).await?;
    Ok(told.iter().flat_map(|told| told.split(' ')).map(str::to_owned).collect())
}

/// Makes the role and its database, or brings them to what is asked for.
pub async fn grant(server: &PostgresLogin, role: &Role) -> Result<(), DatabaseError> {
    let name = checked(&role.name)?;
    let verifier = verifier(&role.verifier)?;
    let session = login(server).await?;
    let administrator = Administrator::of(&session).await?;
    let standing = Standing::of(&session, name).await?;
    standing.belongs_to(role.mark.as_deref(), name)?;
    session.execute(&[administrator.role(name, &standing, verifier, role)]).await?;
    session.execute(&administrator.joins(name)).await?;
    if !standing.database {
        create_database(&session, name).await?;
    }
    let mut owned = vec![format!("REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC"), format!("GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {name}")];
    // Used again, it will hold more than what was kept.
    owned.extend(standing.was_kept().then(|| format!("COMMENT ON DATABASE {name} IS NULL")));
    session.execute(&administrator.acting_as(name, owned)).await?;
    // Elsewhere the schema belongs to the database's owner since PostgreSQL 15, and nobody else comes in.
    if !administrator.superuser {
        return Ok(());
    }
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
pub async fn drop(server: &PostgresLogin, leaving: &Leaving) -> Result<(), DatabaseError> {
    let name = checked(&leaving.name)?;
    let session = login(server).await?;
    let administrator = Administrator::of(&session).await?;
    let standing = Standing::of(&session, name).await?;
    standing.belongs_to(leaving.mark.as_deref(), name)?;
    standing.is_kept(leaving.kept.as_deref(), name)?;
    if standing.role {
        session.execute(&administrator.joins(name)).await?;
        session.execute(&administrator.acting_as(name, vec![format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")])).await?;
    } else if standing.database {
        session.execute(&[format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")]).await?;
    }
    Ok(session.execute(&[format!("DROP ROLE IF EXISTS {name}")]).await?)
}

/// With the server's own locale where it does not know the one that sorts alike everywhere.
async fn create_database(session: &Postgres, name: &str) -> Result<(), PostgresError> {
    let statement = |locale: &str| format!("CREATE DATABASE {name} OWNER {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE '{locale}'");
    match session.execute(&[statement("C.UTF-8")]).await {
        Err(PostgresError::Refused { state, .. }) if state == NO_SUCH_LOCALE => session.execute(&[statement("C")]).await,
        made => made,
    }
}

/// Who is logged in, and what follows for the statements.
#[derive(Clone, Copy)]
struct Administrator {
    superuser: bool,
    version: u32,
}

impl Administrator {
    async fn of(session: &Postgres) -> Result<Self, PostgresError> {
        let superuser = session.value("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").await?.as_deref() == Some("t");
        let version = session.value("SHOW server_version_num").await?.and_then(|number| number.parse().ok()).unwrap_or_default();
        Ok(Self { superuser, version })
    }

    /// The statement that makes the role, or brings it to what is asked for. What only a superuser may name stands in it for one alone.
    fn role(self, name: &str, standing: &Standing, verifier: &str, role: &Role) -> String {
        let limits = format!("LOGIN NOCREATEDB NOCREATEROLE INHERIT CONNECTION LIMIT {} PASSWORD '{verifier}'", role.connections);
        let powerless = if self.superuser { " NOSUPERUSER NOREPLICATION NOBYPASSRLS" } else { "" };
        match &role.mark {
            _ if standing.role => format!("ALTER ROLE {name} WITH{powerless} {limits}"),
            // Both or neither: a role without its mark would be somebody else's.
            Some(mark) => format!("CREATE ROLE {name} WITH{powerless} {limits}; COMMENT ON ROLE {name} IS '{}'", marked(mark)),
            None => format!("CREATE ROLE {name} WITH{powerless} {limits}"),
        }
    }

    /// What lets the administrator act as the role: whoever made a role may give it to anybody (PostgreSQL 16), or may give every
    /// role that is no superuser's (before).
    fn joins(self, name: &str) -> Vec<String> {
        match (self.superuser, self.version >= MEMBERSHIP_OPTIONS) {
            (true, _) => Vec::new(),
            (false, true) => vec![format!("GRANT {name} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE")],
            (false, false) => vec![format!("GRANT {name} TO CURRENT_USER")],
        }
    }

    fn acting_as(self, name: &str, statements: Vec<String>) -> Vec<String> {
        if self.superuser {
            return statements;
        }
        [vec![format!("SET ROLE {name}")], statements, vec!["RESET ROLE".to_owned()]].concat()
    }
}

/// What there is of a deployment.
#[derive(Debug, Default)]
struct Standing {
    role: bool,
    database: bool,
    /// The comment on the role.
    mark: Option<String>,
    /// The comment on the database.
    told: Option<String>,
}

impl Standing {
    async fn of(session: &Postgres, name: &str) -> Result<Self, PostgresError> {
        Ok(Self {
            role: session.value(&format!("SELECT 1 FROM pg_roles WHERE rolname = '{name}'")).await?.is_some(),
            database: session.value(&format!("SELECT 1 FROM pg_database WHERE datname = '{name}'")).await?.is_some(),
            mark: session.value(&format!("SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = '{name}'")).await?,
            told: session.value(&format!("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{name}'")).await?,
        })
    }

    /// Whether a dump was made of it, whichever.
    fn was_kept(&self) -> bool {
        self.told.as_deref().is_some_and(|told| told.starts_with(KEPT))
    }

    /// The Job that makes the dump marks the database as its owner. A role that is not let in can do neither.
    fn is_kept(&self, file: Option<&str>, name: &str) -> Result<(), DatabaseError> {
        match file {
            Some(file) if self.database && self.told.as_deref().and_then(|told| told.strip_prefix(KEPT)) != Some(file) => {
                Err(DatabaseError::NotKept { database: name.to_owned(), file: file.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// What others use too is told apart by the mark; what is ours alone needs none.
    fn belongs_to(&self, mark: Option<&str>, name: &str) -> Result<(), DatabaseError> {
        match mark {
            Some(mark) if (self.role || self.database) && self.mark.as_deref() != Some(&marked(mark)) => Err(DatabaseError::Taken(name.to_owned())),
            _ => Ok(()),
        }
    }
}

/// How a role tells whose it is. What could end the literal is left out.
fn marked(installation: &str) -> String {
    format!("airlock installation {}", installation.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect::<String>())
}

/// Logs in as soon as the server can be reached: until the policies know a new pod, its connections are blocked.
async fn login(server: &PostgresLogin) -> Result<Postgres, PostgresError> {
    let end = Instant::now() + REACHED_WITHIN;
    loop {
        match Postgres::login(server).await {
            Err(PostgresError::Connect { .. } | PostgresError::Unanswered { .. }) if Instant::now() < end => sleep(PAUSE).await,
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

    #[test]
    fn a_role_of_somebody_else_is_not_taken() {
        let taken = |role, database, mark: Option<&str>, own| Standing { role, database, mark: mark.map(str::to_owned), told: None }.belongs_to(own, "airlock_alpha").is_err();
        assert!(!taken(false, false, None, Some("abc")));
        assert!(!taken(true, true, Some("airlock installation abc"), Some("abc")));
        assert!(taken(true, true, Some("airlock installation xyz"), Some("abc")) && taken(true, true, None, Some("abc")) && taken(false, true, None, Some("abc")));
        assert!(!taken(true, true, None, None), "the bundled server is ours alone");
        assert_eq!(marked("a'; DROP"), "airlock installation aDROP");
    }

    #[test]
    fn a_database_that_is_to_be_kept_goes_only_with_the_mark_of_that_very_dump() {
        let standing = |database, told: Option<&str>| Standing { database, told: told.map(str::to_owned), ..Standing::default() };
        let goes = |database, told, file| standing(database, told).is_kept(file, "airlock_alpha").is_ok();
        assert!(goes(true, Some("kept in alpha-0ae5f75a.dump"), Some("alpha-0ae5f75a.dump")));
        for told in [None, Some("kept in alpha-11111111.dump"), Some("alpha-0ae5f75a.dump"), Some("a remark of somebody's")] {
            assert!(!goes(true, told, Some("alpha-0ae5f75a.dump")), "{told:?}");
        }
        assert!(goes(false, None, Some("alpha-0ae5f75a.dump")), "there is nothing to keep");
        assert!(goes(true, None, None), "no dump was asked for");
        assert!(standing(true, Some("kept in x")).was_kept() && !standing(true, Some("a remark of somebody's")).was_kept());
    }

    #[test]
    fn no_statement_of_an_ordinary_administrator_needs_a_superuser() {
        let role = Role { name: "airlock_a".into(), verifier: Secret::new(String::new()), connections: 40, mark: Some("abc".into()) };
        let ordinary = Administrator { superuser: false, version: 170_004 };
        for standing in [Standing::default(), Standing { role: true, ..Standing::default() }] {
            let statement = ordinary.role("airlock_a", &standing, "v", &role);
            assert!(!["SUPERUSER", "REPLICATION", "BYPASSRLS"].iter().any(|word| statement.contains(word)), "{statement}");
        }
        assert_eq!(ordinary.joins("airlock_a"), ["GRANT airlock_a TO CURRENT_USER WITH INHERIT FALSE, SET TRUE"]);
        assert_eq!(Administrator { version: 150_000, ..ordinary }.joins("airlock_a"), ["GRANT airlock_a TO CURRENT_USER"]);
        assert_eq!(ordinary.acting_as("airlock_a", vec!["X".into()]), ["SET ROLE airlock_a", "X", "RESET ROLE"]);
        let superuser = Administrator { superuser: true, ..ordinary };
        assert!(superuser.joins("airlock_a").is_empty() && superuser.acting_as("airlock_a", vec!["X".into()]) == ["X"]);
    }
}
