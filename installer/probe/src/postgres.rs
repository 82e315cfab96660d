//! A session with a PostgreSQL server: over TLS, with the server's name verified (`sslmode=verify-full`), by password. Without TLS no
//! password of anybody is sent.
//!
//! Statements are sent as they are, without parameters, since names of roles and databases cannot be any; whoever writes
//! one quotes what stands in it. The server's words never repeat the statement.

use std::sync::Arc;
use std::time::Duration;

use airlock_model::{AttemptResult, Code, Coded, Credentials, Secret, Trust, Untrusted};
use airlock_tls::certificates_from_pem;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Passwords;
use crate::handshake::authorities;

/// For the connection and the login.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const APPLICATION: &str = "airlock";

/// Where to log in and as whom.
pub struct PostgresLogin {
    /// Name or address; the certificate must bear it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Database.
    pub database: String,
    /// Role.
    pub role: String,
    /// Its password; none is sent when there is none.
    pub password: Option<Secret<String>>,
    /// The authorities that the server's certificate is verified against, PEM; none: those of the system.
    pub authorities: Option<String>,
}

/// Why a session did not come about or ended.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// The authorities are none.
    #[error("the authorities to verify the database server against cannot be read: {0}")]
    Authorities(String),
    /// No connection: network, TLS, certificate.
    #[error("no connection to the database server {host}:{port}: {reason}")]
    Connect {
        /// Its name.
        host: String,
        /// Its port.
        port: u16,
        /// Why, with all causes.
        reason: String,
    },
    /// A connection, and no end of the login within its time.
    #[error("no connection to the database server {host}:{port}: it did not answer in time")]
    Unanswered {
        /// Its name.
        host: String,
        /// Its port.
        port: u16,
    },
    /// The server refused the login or a statement, with its five-character code (PostgreSQL, appendix A).
    #[error("the database server refused: {message} ({state})")]
    Refused {
        /// SQLSTATE.
        state: String,
        /// The server's words.
        message: String,
    },
}

impl Coded for PostgresError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Authorities(_) => "probe.postgres-authorities",
            Self::Connect { .. } | Self::Unanswered { .. } => "probe.postgres-connect",
            Self::Refused { .. } => "probe.postgres-refused",
        })
    }
}

/// A session; it ends when it is dropped.
#[derive(Debug)]
pub struct Postgres {
    client: Client,
    connection: JoinHandle<()>,
    host: String,
    port: u16,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Postgres {
    /// Logs in.
    pub async fn login(login: &PostgresLogin) -> Result<Self, PostgresError> {
        Self::connect(login, SslMode::Require, tls(login.authorities.as_deref())?).await
    }

    /// Logs in without TLS: with nobody's password, to find out whether the server refuses.
    pub(crate) async fn login_in_plain_text(login: &PostgresLogin) -> Result<Self, PostgresError> {
        Self::connect(login, SslMode::Disable, NoTls).await
    }

    async fn connect<T>(login: &PostgresLogin, mode: SslMode, tls: T) -> Result<Self, PostgresError>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
    {
        let mut config = Config::new();
        config.host(&login.host).port(login.port).dbname(&login.database).user(&login.role);
        config.ssl_mode(mode).connect_timeout(CONNECT_TIMEOUT).application_name(APPLICATION);
        if let Some(password) = &login.password {
            config.password(password.expose());
        }
        let failed = |error: &tokio_postgres::Error| failure(error, &login.host, login.port);
        let (client, connection) = match tokio::time::timeout(CONNECT_TIMEOUT * 2, config.connect(tls)).await {
            Ok(connected) => connected.map_err(|error| failed(&error))?,
            Err(_) => return Err(PostgresError::Unanswered { host: login.host.clone(), port: login.port }),
        };
        // What ends the connection is told to whoever asks next.
        let connection = tokio::spawn(async move { drop(connection.await) });
        Ok(Self { client, connection, host: login.host.clone(), port: login.port })
    }

    /// Sends statements, one after another; each is a transaction of its own.
    pub async fn execute(&self, statements: &[String]) -> Result<(), PostgresError> {
        for statement in statements {
            self.client.batch_execute(statement).await.map_err(|error| failure(&error, &self.host, self.port))?;
        }
        Ok(())
    }

    /// The first column of the first row, as text; none when there is no row or the value is null.
    pub async fn value(&self, question: &str) -> Result<Option<String>, PostgresError> {
        let messages = self.client.simple_query(question).await.map_err(|error| failure(&error, &self.host, self.port))?;
        Ok(messages.into_iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }))
    }
}

/// A login and one question, as an attempt asks it.
pub(crate) struct Inquiry<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) database: &'a str,
    pub(crate) credentials: &'a Credentials,
    pub(crate) trust: &'a Trust,
    pub(crate) question: &'a str,
}

/// Logs in and asks.
pub(crate) async fn ask(inquiry: &Inquiry<'_>, passwords: &dyn Passwords) -> AttemptResult {
    let authorities = match authorities(inquiry.trust, "no password is sent to a database server that is not verified").await {
        Ok(authorities) => authorities,
        Err(failure) => return failure,
    };
    let password = match &inquiry.credentials.password {
        None => None,
        Some(at) => match passwords.password(at) {
            Some(password) => Some(password),
            None => return AttemptResult::NotCarriedOut(format!("the password is not at hand: Secret {}/{}, key {}", at.namespace, at.name, at.key).into()),
        },
    };
    let login = PostgresLogin { host: inquiry.host.to_owned(), port: inquiry.port, database: inquiry.database.to_owned(), role: inquiry.credentials.username.clone(), password, authorities };
    result(async { Postgres::login(&login).await?.value(inquiry.question).await }.await)
}

/// What came out of a session, as attempts tell it.
pub(crate) fn result(told: Result<Option<String>, PostgresError>) -> AttemptResult {
    match told {
        Ok(value) => AttemptResult::Told(value.map(Untrusted::from)),
        Err(PostgresError::Refused { state, message }) => AttemptResult::SqlRefused { state, message: message.into() },
        Err(error @ PostgresError::Authorities(_)) => AttemptResult::NotCarriedOut(error.to_string().into()),
        Err(PostgresError::Connect { reason, .. }) => AttemptResult::Unreachable(reason.into()),
        Err(error @ PostgresError::Unanswered { .. }) => AttemptResult::Unreachable(error.to_string().into()),
    }
}

fn tls(authorities: Option<&str>) -> Result<MakeRustlsConnect, PostgresError> {
    let unreadable = |error: &dyn std::error::Error| PostgresError::Authorities(airlock_model::with_causes(error));
    let mut roots = RootCertStore::empty();
    match authorities {
        // One of the system's that cannot be read is one fewer.
        None => drop(roots.add_parsable_certificates(airlock_tls::system_certificates())),
        Some(pem) => {
            for certificate in certificates_from_pem(pem.as_bytes()).map_err(|error| unreadable(&error))? {
                roots.add(certificate).map_err(|error| unreadable(&error))?;
            }
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider())).with_safe_default_protocol_versions().map_err(|error| unreadable(&error))?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}

fn failure(error: &tokio_postgres::Error, host: &str, port: u16) -> PostgresError {
    match error.as_db_error() {
        Some(refused) => PostgresError::Refused { state: refused.code().code().to_owned(), message: refused.message().to_owned() },
        None => PostgresError::Connect { host: host.to_owned(), port, reason: airlock_model::with_causes(error) },
    }
}
