//! An ACME authority as the customer names it, and what it says of itself in its directory (RFC 8555 §7.1.1).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use airlock_model::{OpenWay, Untrusted};
use serde::Deserialize;
use url::Url;

use super::error::AcmeError;
use super::http::{Http, HttpError, first_words};
use crate::certificates_from_pem;

/// An ACME authority as the customer names it.
#[derive(Clone)]
pub struct AcmeServer {
    /// URL of its directory.
    pub directory: Url,
    /// PEM of the roots that its own server is verified by; none: those of this system.
    pub roots: Option<String>,
    /// PEM of authorities that are believed beside those.
    pub further_roots: Option<String>,
    /// The way to it; none: as the environment says (`HTTPS_PROXY`, `NO_PROXY`).
    pub way_out: Option<OpenWay>,
    /// How long one request may take.
    pub request_limit: Duration,
}

impl AcmeServer {
    /// An authority with a public certificate, reached as the environment says, 30 seconds a request.
    pub const fn new(directory: Url) -> Self {
        Self { directory, roots: None, further_roots: None, way_out: None, request_limit: Duration::from_secs(30) }
    }

    pub(super) fn tls(&self) -> Result<rustls::ClientConfig, AcmeError> {
        let mut roots = match &self.roots {
            Some(pem) => certificates_from_pem(pem.as_bytes())?,
            None => rustls_native_certs::load_native_certs().certs,
        };
        if let Some(pem) = &self.further_roots {
            roots.extend(certificates_from_pem(pem.as_bytes())?);
        }
        let mut store = rustls::RootCertStore::empty();
        if store.add_parsable_certificates(roots).0 == 0 {
            let why = if self.roots.is_some() { "none of its certificates can be used as a root" } else { "this system holds no certificate authorities" };
            return Err(AcmeError::Settings { what: "tls.acme.ca", why: why.to_owned() });
        }
        believing(store)
    }
}

/// A client that believes these roots; its provider is not taken from the process.
pub(super) fn believing(roots: rustls::RootCertStore) -> Result<rustls::ClientConfig, AcmeError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| AcmeError::Settings { what: "TLS", why: error.to_string() })?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// What an authority says of itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Directory {
    pub(super) new_nonce: String,
    #[serde(rename = "newAccount")]
    _new_account: String,
    #[serde(rename = "newOrder")]
    _new_order: String,
    pub(super) renewal_info: Option<String>,
    #[serde(default)]
    pub(super) meta: Meta,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Meta {
    pub(super) terms_of_service: Option<Untrusted<String>>,
    pub(super) caa_identities: Vec<Untrusted<String>>,
    pub(super) external_account_required: bool,
    pub(super) profiles: BTreeMap<Untrusted<String>, serde_json::Value>,
}

impl Directory {
    pub(super) async fn read(http: &Http, url: &Url) -> Result<Self, AcmeError> {
        if url.scheme() != "https" {
            return Err(AcmeError::Settings { what: "tls.acme.directory", why: format!("{url} does not begin with https://, and ACME has no other scheme (RFC 8555 §6.1)") });
        }
        let url = url.as_str();
        let not_a_directory = |why: String| AcmeError::NotADirectory { url: url.to_owned(), why: why.into() };
        let answer = http.get(url).await.map_err(|error| match error {
            HttpError::Failed(AcmeError::Answer { status, words, .. }) if !status.starts_with('5') => not_a_directory(format!("it answers {status}: {}", words.raw())),
            other => other.into_acme(),
        })?;
        if !answer.status().is_success() {
            return Err(not_a_directory(format!("it answers {}: {}", answer.status(), first_words(&answer.body).raw())));
        }
        serde_json::from_slice(&answer.body).map_err(|error| not_a_directory(format!("{error}; it begins with {}", first_words(&answer.body).raw())))
    }
}
