//! The database server as Jobs and deployments meet it: the one that comes with the platform, or the customer's own.

use airlock_model::answers::{Answers, Mode};
use serde::Serialize;

use crate::context::service_name;

/// The component that is, or stands in for, the database server.
pub(crate) const COMPONENT: &str = "database";
/// The port that the bundled server listens on.
const PORT: u16 = 5432;

/// Where the server is, who makes databases there, and what its certificate is verified against.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DatabaseAccess {
    /// Its name, as its certificate bears it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who makes databases and roles.
    pub administrator: String,
    /// The Secret of the platform's namespace that holds that role's password.
    pub password: &'static str,
    /// Whose signature its certificate bears.
    pub authority: Authority,
    /// References to the authorities of a named one.
    #[serde(skip)]
    pub authorities: Vec<String>,
    /// What roles on a server that others use too are known by; none: the server is ours alone.
    pub mark: Option<String>,
}

/// Whose signature a server's certificate bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Authority {
    /// Airlock's own.
    Internal,
    /// One that the answers name.
    Named,
    /// One that every system knows.
    System,
}

impl DatabaseAccess {
    /// By these answers; none: there is no server.
    pub(crate) fn new(answers: &Answers, platform: &str, installation: &str) -> Option<Self> {
        if let Some(server) = answers.database_server() {
            return Some(Self {
                host: server.host.clone(),
                port: server.port,
                administrator: server.administrator.username.clone(),
                password: "database-administrator",
                authority: if answers.database_authorities().is_empty() { Authority::System } else { Authority::Named },
                authorities: answers.database_authorities().to_vec(),
                mark: Some(installation.to_owned()),
            });
        }
        (answers.components.database.mode == Mode::Bundled).then(|| Self {
            host: service_name(COMPONENT, platform),
            port: PORT,
            administrator: "airlock".to_owned(),
            password: "database-superuser",
            authority: Authority::Internal,
            authorities: Vec::new(),
            mark: None,
        })
    }
}
