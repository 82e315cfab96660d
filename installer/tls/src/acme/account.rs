//! The account at an authority: opened once, kept by the caller, used again.

use airlock_model::{Secret, Untrusted};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use instant_acme::{AccountCredentials, ExternalAccountKey, NewAccount};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::error::AcmeError;
use super::http::Http;
use super::jws::Signer;
use super::problem::{Step, detail_of, kind_of, persist};
use super::server::{AcmeServer, Directory};

/// An authority whose directory was read.
pub struct AcmeAuthority {
    pub(super) http: Http,
    pub(super) directory: Directory,
    url: String,
}

/// What an account is opened with.
pub struct Registration {
    /// Mail addresses, with or without `mailto:`.
    pub contact: Vec<String>,
    /// Whether somebody read the terms of service and agrees.
    pub terms_agreed: bool,
    /// For authorities that take customers only (RFC 8555 §7.3.4).
    pub external: Option<ExternalAccount>,
}

/// The account at the authority's own customer service.
pub struct ExternalAccount {
    /// The key's identifier.
    pub id: String,
    /// The key for HMAC-SHA-256 in base64url, as authorities hand it out; padding and the standard alphabet are taken as well.
    pub key: Secret<String>,
}

/// An account that can order.
pub struct AcmeAccount {
    pub(super) http: Http,
    pub(super) directory: Directory,
    pub(super) inner: instant_acme::Account,
    pub(super) signer: Signer,
    url: String,
    stored: Secret<String>,
}

/// What a stored account says of itself.
#[derive(Deserialize)]
struct Stored {
    directory: Untrusted<String>,
}

/// The thumbprint of the key of a stored account (RFC 7638), which every proof ends with (RFC 8555 §8.1).
pub fn thumbprint(stored: &[u8]) -> Result<String, AcmeError> {
    let credentials: AccountCredentials = serde_json::from_slice(stored).map_err(|_| not_stored_here())?;
    Ok(Signer::new("", credentials.private_key().secret_pkcs8_der())?.thumbprint())
}

/// Whether this is an account that was stored for the authority of this directory.
pub fn is_account_at(stored: &[u8], directory: &str) -> bool {
    serde_json::from_slice::<Stored>(stored).is_ok_and(|known| known.directory.raw() == directory)
}

/// The parser's words would quote what it read.
fn not_stored_here() -> AcmeError {
    AcmeError::AccountUnreadable("it is not what Airlock stored: JSON with directory, id, and key_pkcs8".to_owned())
}

impl AcmeAuthority {
    /// Reads the authority's directory.
    pub async fn connect(server: &AcmeServer) -> Result<Self, AcmeError> {
        let http = Http::new(server)?;
        let directory = Directory::read(&http, &server.directory).await?;
        Ok(Self { http, directory, url: server.directory.to_string() })
    }

    /// Where its terms of service stand.
    pub const fn terms(&self) -> Option<&Untrusted<String>> {
        self.directory.meta.terms_of_service.as_ref()
    }

    /// The profiles that it has.
    pub fn profiles(&self) -> impl Iterator<Item = &Untrusted<String>> {
        self.directory.meta.profiles.keys()
    }

    /// Opens a new account. Keep what [`AcmeAccount::stored`] gives: authorities limit how many accounts are opened.
    pub async fn register(self, registration: &Registration) -> Result<AcmeAccount, AcmeError> {
        let meta = &self.directory.meta;
        if meta.terms_of_service.is_some() && !registration.terms_agreed {
            return Err(AcmeError::TermsNotAgreed { terms: meta.terms_of_service.clone() });
        }
        if meta.external_account_required && registration.external.is_none() {
            return Err(AcmeError::ExternalAccountMissing);
        }
        let external = registration.external.as_ref().map(ExternalAccount::key).transpose()?;
        let contact: Vec<String> = registration.contact.iter().map(|address| mailto(address)).collect();
        let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
        let account = NewAccount { contact: &contact, terms_of_service_agreed: registration.terms_agreed, only_return_existing: false };
        let opened = persist!(&self.http, Step::Anything, refusable(registration, self.opened(&account, external.as_ref())));
        let (inner, credentials) = opened??;
        self.with(inner, &credentials)
    }

    async fn opened(&self, account: &NewAccount<'_>, external: Option<&ExternalAccountKey>) -> Result<(instant_acme::Account, AccountCredentials), instant_acme::Error> {
        instant_acme::Account::builder_with_http(Box::new(self.http.clone())).create(account, self.url.clone(), external).await
    }

    /// Uses an account that was opened earlier, here and nowhere else.
    pub async fn account(self, stored: &Secret<String>) -> Result<AcmeAccount, AcmeError> {
        let known: Stored = serde_json::from_str(stored.expose()).map_err(|_| not_stored_here())?;
        if known.directory.raw() != self.url {
            return Err(AcmeError::OtherDirectory { stored: known.directory, asked: self.url });
        }
        let read = || serde_json::from_str::<AccountCredentials>(stored.expose()).map_err(|_| not_stored_here());
        drop(read()?);
        let builder = || instant_acme::Account::builder_with_http(Box::new(self.http.clone()));
        let inner = persist!(&self.http, Step::Anything, builder().from_credentials(read()?))?;
        self.with(inner, &read()?)
    }

    fn with(self, inner: instant_acme::Account, credentials: &AccountCredentials) -> Result<AcmeAccount, AcmeError> {
        let signer = Signer::new(inner.id(), credentials.private_key().secret_pkcs8_der())?;
        let stored = serde_json::to_string(credentials).map_err(|error| AcmeError::AccountUnreadable(error.to_string()))?;
        Ok(AcmeAccount { http: self.http, directory: self.directory, inner, signer, url: self.url, stored: Secret::new(stored) })
    }
}

impl AcmeAccount {
    /// All that is needed to use the account again; its private key is part of it.
    pub const fn stored(&self) -> &Secret<String> {
        &self.stored
    }

    /// The account's URL at the authority, for people and for CAA records with `accounturi` (RFC 8657 §3).
    pub fn url(&self) -> Untrusted<String> {
        self.inner.id().to_owned().into()
    }

    /// The directory that it belongs to.
    pub fn directory(&self) -> &str {
        &self.url
    }
}

impl ExternalAccount {
    fn key(&self) -> Result<ExternalAccountKey, AcmeError> {
        let text = Zeroizing::new(self.key.expose().split_whitespace().collect::<String>().replace('+', "-").replace('/', "_"));
        let raw = BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map(Zeroizing::new);
        // The decoder names a byte and its place at most; even that is not told of a secret.
        let raw = raw.map_err(|_| self.unusable("it holds other characters, or was cut"))?;
        if raw.is_empty() { Err(self.unusable("it is empty")) } else { Ok(ExternalAccountKey::new(self.id.clone(), &raw)) }
    }

    fn unusable(&self, why: &str) -> AcmeError {
        AcmeError::ExternalAccountKey { id: self.id.clone(), why: why.to_owned() }
    }
}

/// Whatever an authority says against opening an account is about the external account where one was given.
async fn refusable<T>(registration: &Registration, opening: impl Future<Output = Result<T, instant_acme::Error>>) -> Result<Result<T, AcmeError>, instant_acme::Error> {
    match (opening.await, &registration.external) {
        (Ok(opened), _) => Ok(Ok(opened)),
        (Err(instant_acme::Error::Api(problem)), Some(external)) if ["unauthorized", "malformed"].contains(&kind_of(&problem)) => {
            Ok(Err(AcmeError::ExternalAccountRefused { id: external.id.clone(), detail: detail_of(&problem) }))
        }
        (Err(error), _) => Err(error),
    }
}

fn mailto(address: &str) -> String {
    if address.starts_with("mailto:") { address.to_owned() } else { format!("mailto:{address}") }
}
