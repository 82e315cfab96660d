//! What a database server of the customer's was found to be, as the pod that examined it says. Only checks judge it.

use serde::{Deserialize, Serialize};

use crate::{AttemptResult, Untrusted};

/// One server, examined with the administrator's own login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseExamination {
    /// `host:port`
    pub server: String,
    /// The role that logged in.
    pub administrator: String,
    /// The connections that one Airflow deployment may take.
    pub connections: u32,
    /// How far the login came.
    pub meeting: Meeting,
}

/// How far a login at a database server came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Meeting {
    /// No connection was made.
    NotReached(AttemptResult),
    /// The server was asked for TLS (PostgreSQL: `SSLRequest`) and did not agree.
    WithoutTls(Untrusted<String>),
    /// TLS did not come about, or the certificate did not verify.
    NotTrusted(AttemptResult),
    /// The login was refused.
    NotAdmitted {
        /// SQLSTATE (PostgreSQL, appendix A).
        state: String,
        /// The server's words.
        message: Untrusted<String>,
    },
    /// The login was accepted, and one of the questions afterwards was not answered.
    NotTold(Untrusted<String>),
    /// The login was accepted, and this is the server.
    Admitted(DatabaseFacts),
}

/// What a server tells whoever is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseFacts {
    /// `server_version_num`: 170004.
    pub version_number: u32,
    /// `server_version`.
    pub version: Untrusted<String>,
    /// The server's clock less the pod's, in milliseconds.
    pub clock_difference_millis: i64,
    /// The role may make databases.
    pub creates_databases: bool,
    /// The role may make roles.
    pub creates_roles: bool,
    /// `max_connections`.
    pub most_connections: u32,
    /// Of these, the ones that are kept for others than ordinary roles.
    pub reserved_connections: u32,
    /// Those that are in use by others than the one who asks.
    pub used_connections: u32,
    /// `password_encryption`.
    pub password_encryption: Untrusted<String>,
}
