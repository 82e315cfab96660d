//! What can go wrong with a registry.

use std::error::Error as StdError;
use std::io;

use airlock_model::{Code, Coded, Digest, Untrusted};

/// What can go wrong with a registry.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The host is none that a URL can hold.
    #[error("`{0}` is not the host of a registry")]
    Host(String),
    /// The authorities that were given cannot be read.
    #[error("the certificate authorities for {host} cannot be read: {reason}")]
    Authorities {
        /// Registry.
        host: String,
        /// Why.
        reason: String,
    },
    /// No connection could be opened.
    #[error("cannot reach {host}: {reason}")]
    Unreachable {
        /// Registry.
        host: String,
        /// What the system said.
        reason: Untrusted<String>,
    },
    /// The proxy on the way wants another login.
    #[error("the proxy on the way to {host} refuses the login: user name or password is wrong, or missing")]
    ProxyRefused {
        /// Registry.
        host: String,
    },
    /// The TLS handshake failed.
    #[error("{host} could not be verified: {reason}")]
    Tls {
        /// Registry.
        host: String,
        /// Why.
        reason: Untrusted<String>,
    },
    /// Credentials are missing or wrong.
    #[error("{host} refuses {what} {}", match .username { Some(name) => format!("to {name}: user name or password is wrong, or the user may not do it"), None => "without credentials".to_owned() })]
    Unauthorized {
        /// Registry.
        host: String,
        /// Repository, or the registry as a whole.
        what: String,
        /// Who asked.
        username: Option<String>,
    },
    /// The user may not do it.
    #[error("{host} does not allow {what}: {message}")]
    Denied {
        /// Registry.
        host: String,
        /// What was tried.
        what: String,
        /// What the registry said.
        message: Untrusted<String>,
    },
    /// It is not there.
    #[error("{host} has no {what}")]
    NotFound {
        /// Registry.
        host: String,
        /// What is missing.
        what: String,
    },
    /// The upload is larger than somebody on the way allows.
    #[error("{what} is larger than {host}, or a proxy before it, accepts (HTTP 413)")]
    TooLarge {
        /// Registry.
        host: String,
        /// What was sent.
        what: String,
    },
    /// It answers with server errors or asks for patience, again and again.
    #[error("{host} answers {what} with HTTP {status}, also after {tries} tries: {message}")]
    Busy {
        /// Registry.
        host: String,
        /// What was tried.
        what: String,
        /// HTTP status.
        status: u16,
        /// How often.
        tries: u32,
        /// What the registry said.
        message: Untrusted<String>,
    },
    /// Any other answer that is not the expected one.
    #[error("{host} answers {what} with HTTP {status}: {message}")]
    Refused {
        /// Registry.
        host: String,
        /// What was tried.
        what: String,
        /// HTTP status.
        status: u16,
        /// What the registry said.
        message: Untrusted<String>,
    },
    /// The connection ended in the middle.
    #[error("{host} closed the connection during {what}: {reason}")]
    Cut {
        /// Registry.
        host: String,
        /// What was being moved.
        what: String,
        /// What the system said.
        reason: Untrusted<String>,
    },
    /// The registry closes uploads again and again: full storage looks just so.
    #[error("{host} closes every upload of {what} ({size} bytes); its storage may be full")]
    StorageFull {
        /// Registry.
        host: String,
        /// What was sent.
        what: String,
        /// Its size.
        size: u64,
    },
    /// The bytes are not those that the digest names.
    #[error("{what} from {host} should be {expected} and is {found}")]
    DigestMismatch {
        /// Registry.
        host: String,
        /// Manifest or blob.
        what: String,
        /// What was asked for or announced.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// More or fewer bytes came than the manifest says.
    #[error("{what} from {host} should have {expected} bytes and has {found}")]
    SizeMismatch {
        /// Registry.
        host: String,
        /// Manifest or blob.
        what: String,
        /// Bytes announced.
        expected: u64,
        /// Bytes that came.
        found: u64,
    },
    /// A manifest is not one, is of an old kind, too large, or nested too deep.
    #[error("the manifest {what} of {host} cannot be used: {reason}")]
    Manifest {
        /// Registry.
        host: String,
        /// Which.
        what: String,
        /// Why.
        reason: Untrusted<String>,
    },
    /// The registry asks to authenticate at a place where credentials may not go, or in a way that is not known.
    #[error("{host} asks to authenticate in a way that is not safe or not known: {reason}")]
    Challenge {
        /// Registry.
        host: String,
        /// Why.
        reason: Untrusted<String>,
    },
    /// The answer is not what the distribution specification says.
    #[error("{host} answers {what} unlike a registry: {reason}")]
    NotARegistry {
        /// Registry.
        host: String,
        /// What was tried.
        what: String,
        /// What is odd.
        reason: Untrusted<String>,
    },
}

impl Coded for RegistryError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Host(_) => "registry.host",
            Self::Authorities { .. } => "registry.authorities",
            Self::Unreachable { .. } => "registry.unreachable",
            Self::ProxyRefused { .. } => "registry.proxy-refused",
            Self::Tls { .. } => "registry.tls",
            Self::Unauthorized { .. } => "registry.unauthorized",
            Self::Denied { .. } => "registry.denied",
            Self::NotFound { .. } => "registry.not-found",
            Self::TooLarge { .. } => "registry.too-large",
            Self::Busy { .. } => "registry.busy",
            Self::Refused { .. } => "registry.refused",
            Self::Cut { .. } => "registry.cut",
            Self::StorageFull { .. } => "registry.storage-full",
            Self::DigestMismatch { .. } | Self::SizeMismatch { .. } => "registry.mismatch",
            Self::Manifest { .. } => "registry.manifest",
            Self::Challenge { .. } => "registry.challenge",
            Self::NotARegistry { .. } => "registry.not-a-registry",
        })
    }
}

impl RegistryError {
    /// Says whether the same request may succeed when it is made again a moment later.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. } | Self::Cut { .. })
    }

    /// Sorts an error of the transport: TLS, no connection, or a connection that ended.
    pub(crate) fn of_transport(host: &str, what: &str, error: &reqwest::Error) -> Self {
        let reason = innermost(error);
        // The library keeps the type of this error to itself.
        if reason.ends_with("proxy authorization required") {
            return Self::ProxyRefused { host: host.to_owned() };
        }
        if is_tls(error) {
            return Self::Tls { host: host.to_owned(), reason: reason.into() };
        }
        if error.is_redirect() {
            return Self::Challenge { host: host.to_owned(), reason: reason.into() };
        }
        if error.is_connect() {
            return Self::Unreachable { host: host.to_owned(), reason: reason.into() };
        }
        let reason = if error.is_timeout() { "nothing came for a minute".to_owned() } else { reason };
        Self::Cut { host: host.to_owned(), what: what.to_owned(), reason: reason.into() }
    }
}

/// The last of a chain of errors says what the system said; those above say where it was noticed.
fn innermost(error: &dyn StdError) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn is_tls(error: &reqwest::Error) -> bool {
    let mut current: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = current {
        if error.is::<rustls::Error>() {
            return true;
        }
        // An io::Error passes over the error that it wraps when asked for its source.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        current = wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| error.source());
    }
    false
}
