//! A login at a PostgreSQL server by whoever knows none of its passwords: with a guess, or without TLS.

use airlock_model::{AttemptResult, Secret, Trust};

use crate::handshake::authorities;
use crate::postgres::{Postgres, PostgresLogin, result};

/// Where to log in, as whom, and with what.
pub(crate) struct Stranger<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) database: &'a str,
    pub(crate) username: &'a str,
    /// Sent as the password, also when it is empty: a server that asks for one then says whether it is wrong.
    pub(crate) guess: &'a str,
    /// None: without TLS.
    pub(crate) trust: Option<&'a Trust>,
}

/// Logs in and asks nothing.
pub(crate) async fn log_in(stranger: &Stranger<'_>) -> AttemptResult {
    let authorities = match stranger.trust {
        None => None,
        Some(trust) => match authorities(trust, "a database server that is not verified may be anybody's").await {
            Ok(authorities) => authorities,
            Err(failure) => return failure,
        },
    };
    let login = PostgresLogin {
        host: stranger.host.to_owned(),
        port: stranger.port,
        database: stranger.database.to_owned(),
        role: stranger.username.to_owned(),
        password: Some(Secret::new(stranger.guess.to_owned())),
        authorities,
    };
    let session = if stranger.trust.is_some() { Postgres::login(&login).await } else { Postgres::login_in_plain_text(&login).await };
    result(session.map(|_| None))
}
