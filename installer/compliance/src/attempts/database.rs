//! What is asked of the database server: by the role of a deployment from its namespace, and by whoever knows no password.

use airlock_model::{Attempt, AttemptAction, AttemptId, Target, Trust, Vantage, World, WorldDatabase, WorldDeployment, names};

use super::{CROSSER, sensitive};

/// A database that a deployment's role asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked<'a> {
    /// Its own: the control.
    Own,
    /// Of another deployment.
    Other(&'a WorldDeployment),
    /// The one that every server has and nobody of the deployments owns.
    Servers,
}

/// The database that every server has (PostgreSQL, `initdb`).
const SERVERS_DATABASE: &str = "postgres";
/// Whom the bundled server's folder was made with; elsewhere the administrator is the customer's.
const ADMINISTRATOR: &str = "airlock";

impl Asked<'_> {
    /// In words, for subjects.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Own => "its own database".into(),
            Self::Other(other) => format!("the database of {}", other.name),
            Self::Servers => "the server's own database".into(),
        }
    }

    pub(crate) fn id(&self, of: &WorldDeployment) -> AttemptId {
        AttemptId(match self {
            Self::Own => format!("database.own.{}", of.name),
            Self::Other(other) => format!("database.other.{}.{}", of.name, other.name),
            Self::Servers => format!("database.server.{}", of.name),
        })
    }

    /// A login with the password of a deployment, from its own namespace. None: there is no database server to ask.
    pub(crate) fn attempt(&self, world: &World, of: &WorldDeployment) -> Option<Attempt> {
        let database = match self {
            Self::Own => of.role.username.clone(),
            Self::Other(other) => other.role.username.clone(),
            Self::Servers => SERVERS_DATABASE.to_owned(),
        };
        let purpose = format!("a login of {}'s role at {}, to be {}", of.name, self.words(), if matches!(self, Self::Own) { "accepted" } else { "refused" });
        let control = (!matches!(self, Self::Own)).then(|| Self::Own.id(of));
        let server = world.database.as_ref()?;
        Some(Attempt { control, ..login(server, of, self.id(of), (database, "SELECT 1"), purpose) })
    }
}

/// What a deployment's role asks in its own database. Counts, settings, and names of roles, databases, and schemas come back, never
/// a value that somebody stored; nothing where the server does not know what the answer rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inquiry {
    /// How many values are stored, and how many of them are not encrypted by Airflow: `STORED/PLAIN`.
    Stored,
    /// The databases that it owns and who may act as it: `DATABASES/ROLES`.
    Owned,
    /// What PUBLIC may, a line each.
    Public,
    /// What it may beyond its own database, a line each.
    Powers,
    /// What the server makes of a password that is set.
    Verifiers,
    /// Where card numbers are, and columns that are named as personal and payment data are: see [`sensitive`].
    Sensitive,
}

/// Airflow's own tables.
const STORED: &str = "WITH stored AS (\
     SELECT password AS value, is_encrypted AS encrypted FROM connection UNION ALL \
     SELECT extra, is_extra_encrypted FROM connection UNION ALL \
     SELECT val, is_encrypted FROM variable) \
     SELECT count(*) || '/' || count(*) FILTER (WHERE encrypted IS NOT TRUE OR value NOT LIKE 'gAAAA%') FROM stored WHERE coalesce(value, '') <> ''";
/// A superuser may act as everybody; that is no membership.
const OWNED: &str = "SELECT coalesce((SELECT string_agg(datname, ', ' ORDER BY datname) FROM pg_database WHERE datdba = own.oid), 'none') || '/' || \
     (SELECT string_agg(rolname, ', ' ORDER BY rolname) FROM pg_roles AS other WHERE rolcanlogin AND NOT rolsuper AND pg_has_role(other.oid, own.oid, 'MEMBER')) \
     FROM pg_roles AS own WHERE rolname = current_user";
/// Everybody may use the server's own catalogue: who is not told that is told nothing. The place is for a condition on databases.
const PUBLIC: [&str; 2] = [
    "SELECT coalesce((SELECT string_agg(found, E'\\n' ORDER BY found) FROM (\
     SELECT privilege || ' ON DATABASE ' || datname FROM pg_database, unnest(ARRAY['CONNECT', 'TEMPORARY', 'CREATE']) AS privilege \
     WHERE datallowconn",
    " AND has_database_privilege('public'::name, pg_database.oid, privilege) UNION ALL \
     SELECT 'CREATE ON SCHEMA ' || nspname FROM pg_namespace WHERE has_schema_privilege('public'::name, oid, 'CREATE')) AS open(found)), 'none') \
     WHERE has_schema_privilege('public'::name, 'pg_catalog', 'USAGE')",
];
const POWERS: &str = "SELECT coalesce((SELECT string_agg(found, E'\\n' ORDER BY found) FROM (\
     SELECT unnest(ARRAY[CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END, \
     CASE WHEN rolreplication THEN 'REPLICATION' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END]) UNION ALL \
     SELECT 'member of ' || pg_get_userbyid(roleid) FROM pg_auth_members WHERE member = own.oid) AS powers(found)), 'none') \
     FROM pg_roles AS own WHERE rolname = current_user";
const VERIFIERS: &str = "SELECT current_setting('password_encryption')";

impl Inquiry {
    pub(crate) const ALL: [Self; 6] = [Self::Stored, Self::Owned, Self::Public, Self::Powers, Self::Verifiers, Self::Sensitive];

    pub(crate) fn id(self, of: &WorldDeployment) -> AttemptId {
        let what = match self {
            Self::Stored => "stored",
            Self::Owned => "owned",
            Self::Public => "public",
            Self::Powers => "powers",
            Self::Verifiers => "verifiers",
            Self::Sensitive => "sensitive",
        };
        AttemptId(format!("database.{what}.{}", of.name))
    }

    /// A login with the password of a deployment at its own database, and the question. None: there is no database server to ask.
    pub(crate) fn attempt(self, world: &World, of: &WorldDeployment) -> Option<Attempt> {
        let server = world.database.as_ref()?;
        let of_whom = &of.name;
        let purpose = match self {
            Self::Stored => format!("a count of what {of_whom} has stored, and of what is not encrypted; no value is read out"),
            Self::Owned => format!("a question of {of_whom}'s role: which databases it owns, and who may act as it"),
            Self::Public => format!("a question of {of_whom}'s role: what PUBLIC may in databases and schemas"),
            Self::Powers => format!("a question of {of_whom}'s role: its own attributes and memberships"),
            Self::Verifiers => format!("a question of {of_whom}'s role: how the server keeps passwords"),
            Self::Sensitive => format!("a look for card numbers in the first rows of {of_whom}'s tables, and at the names of their columns; counts and names are read out, no value"),
        };
        let question = match self {
            Self::Stored => STORED.to_owned(),
            Self::Owned => OWNED.to_owned(),
            // What else is on a server of the customer's is the customer's.
            Self::Public => PUBLIC.join(if server.existing { " AND datname = current_database()" } else { "" }),
            Self::Powers => POWERS.to_owned(),
            Self::Verifiers => VERIFIERS.to_owned(),
            Self::Sensitive => sensitive::QUESTION.to_owned(),
        };
        Some(login(server, of, self.id(of), (of.role.username.clone(), &question), purpose))
    }
}

/// A login by whoever knows no password of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// As the deployment's role, with an empty password.
    Empty,
    /// As the deployment's role, with its name as the password.
    Named,
    /// As the bundled server's administrator, with an empty password.
    AdministratorEmpty,
    /// As the bundled server's administrator, with the name as the password.
    AdministratorNamed,
    /// As the deployment's role, without TLS. Its password is not sent: being asked for one is answer enough.
    PlainText,
}

impl Stranger {
    /// Those that guess a password. Whoever administers a server of the customer's is not guessed at: too many wrong ones may lock a role.
    pub(crate) fn guesses(server: &WorldDatabase) -> &'static [Self] {
        const ALL: [Stranger; 4] = [Stranger::Empty, Stranger::Named, Stranger::AdministratorEmpty, Stranger::AdministratorNamed];
        if server.existing { &ALL[..2] } else { &ALL }
    }

    /// In words, for subjects.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Empty => "its role with an empty password",
            Self::Named => "its role with its name as the password",
            Self::AdministratorEmpty => "the administrator with an empty password",
            Self::AdministratorNamed => "the administrator with the name as the password",
            Self::PlainText => "its role without TLS",
        }
    }

    pub(crate) fn id(self, of: &WorldDeployment) -> AttemptId {
        let what = match self {
            Self::Empty => "empty",
            Self::Named => "named",
            Self::AdministratorEmpty => "administrator-empty",
            Self::AdministratorNamed => "administrator-named",
            Self::PlainText => "plain",
        };
        AttemptId(format!("database.{what}.{}", of.name))
    }

    /// None: there is no database server to ask.
    pub(crate) fn attempt(self, world: &World, of: &WorldDeployment) -> Option<Attempt> {
        let server = world.database.as_ref()?;
        let (database, username) = match self {
            Self::Empty | Self::Named | Self::PlainText => (of.role.username.as_str(), of.role.username.as_str()),
            Self::AdministratorEmpty | Self::AdministratorNamed => (SERVERS_DATABASE, ADMINISTRATOR),
        };
        let guess = match self {
            Self::Empty | Self::AdministratorEmpty | Self::PlainText => "",
            Self::Named | Self::AdministratorNamed => username,
        };
        let action = AttemptAction::SqlGuess { database: database.to_owned(), username: username.to_owned(), guess: guess.to_owned(), trust: (self != Self::PlainText).then(|| trust(server)) };
        let purpose = format!("a login at the database server from {}'s namespace as {}, to be refused", of.name, self.words());
        Some(Attempt { id: self.id(of), from: inside(of), target: target(server), action, control: Some(Asked::Own.id(of)), purpose })
    }
}

fn login(server: &WorldDatabase, of: &WorldDeployment, id: AttemptId, (database, question): (String, &str), purpose: String) -> Attempt {
    let action = AttemptAction::Sql { database, credentials: of.role.clone(), trust: trust(server), question: question.to_owned() };
    Attempt { id, from: inside(of), target: target(server), action, control: None, purpose }
}

fn inside(of: &WorldDeployment) -> Vantage {
    let labels = [names::LABEL_NAME, names::LABEL_COMPONENT].map(|label| (label.to_owned(), CROSSER.to_owned()));
    Vantage::Pod { namespace: of.namespace.clone(), labels: labels.into(), account: None }
}

fn target(server: &WorldDatabase) -> Target {
    Target::Address { host: server.host.clone(), port: server.port }
}

fn trust(server: &WorldDatabase) -> Trust {
    server.authority.clone().map_or(Trust::System, Trust::Authorities)
}
