//! Who asks: credentials and the tokens that they buy (distribution: token authentication specification).
//!
//! A password goes to the registry itself and to the one token service that this registry named over TLS, and nowhere else:
//! not along a redirect, not to a service that it names later, not to the place that an upload continues at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use airlock_model::{Secret, Untrusted};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use reqwest::Client;
use serde::Deserialize;
use url::Url;

use crate::RegistryError;
use crate::challenge::Challenge;

const LARGEST_TOKEN_ANSWER: usize = 256 * 1024;
/// What the specification says when a service does not.
const USUAL_LIFETIME: u64 = 60;
/// A token is not used in its last seconds: the request is still on its way then. Of one that lives shorter, the last quarter.
const MARGIN: Duration = Duration::from_secs(10);

/// Credentials of one registry and what became of them.
pub(crate) struct Access {
    host: String,
    credentials: Option<(String, Secret<String>)>,
    plain_http: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    scheme: Scheme,
    tokens: HashMap<String, Token>,
    /// Held while the token for a scope is bought: who needs the same one waits for it.
    buying: HashMap<String, Arc<tokio::sync::Mutex<()>>>,
}

#[derive(Clone, Default)]
enum Scheme {
    /// Nothing was asked for yet.
    #[default]
    Open,
    Basic,
    Bearer {
        realm: Url,
    },
}

/// A token and what it was asked for with, so that it can be asked for again.
struct Token {
    value: Secret<String>,
    expires: Instant,
    order: Order,
}

#[derive(Clone)]
struct Order {
    realm: Url,
    service: Option<String>,
    scope: String,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl Access {
    pub(crate) fn new(host: &str, credentials: Option<(String, Secret<String>)>, plain_http: bool) -> Self {
        Self { host: host.to_owned(), credentials, plain_http, state: Mutex::default() }
    }

    pub(crate) fn username(&self) -> Option<String> {
        self.credentials.as_ref().map(|(name, _)| name.clone())
    }

    /// What to send along, as far as the registry has said before how it wants to be asked. A token that has run out is
    /// bought anew: a stream can be sent once only, so it must not find out by being refused.
    pub(crate) async fn header(&self, client: &Client, scope: &str) -> Result<Option<HeaderValue>, RegistryError> {
        let order = match self.known(scope) {
            Known::Header(header) => return Ok(header),
            Known::RunOut(order) => order,
        };
        self.buy(client, order, scope).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, scope: &str) -> Known {
        let state = self.state();
        match (&state.scheme, state.tokens.get(scope)) {
            (Scheme::Basic, _) => Known::Header(self.basic()),
            (Scheme::Bearer { .. }, Some(token)) if token.expires > Instant::now() => Known::Header(bearer(token)),
            (Scheme::Bearer { .. }, Some(token)) => Known::RunOut(token.order.clone()),
            (Scheme::Open, _) | (Scheme::Bearer { .. }, None) => Known::Header(None),
        }
    }

    /// Forgets the token for a scope: the registry no longer takes it.
    pub(crate) fn forget(&self, scope: &str) {
        self.state().tokens.remove(scope);
    }

    /// Forgets the token for a scope if it is the one that was sent; another request may have bought a new one since.
    pub(crate) fn refused(&self, scope: &str, sent: Option<&HeaderValue>) {
        let mut state = self.state();
        if state.tokens.get(scope).is_some_and(|token| bearer(token).as_ref() == sent) {
            state.tokens.remove(scope);
        }
    }

    /// Answers a challenge. What is returned is sent once; if it is refused, there is no other.
    pub(crate) async fn answer(&self, client: &Client, challenge: Challenge, scope: &str) -> Result<Option<HeaderValue>, RegistryError> {
        match challenge {
            Challenge::Basic => {
                self.state().scheme = Scheme::Basic;
                Ok(self.basic())
            }
            Challenge::Bearer { realm, service, scope: asked } => {
                // The question whether a blob is there only needs `pull`; the upload that follows should not need another token.
                let asked = asked.filter(|asked| !scope.starts_with(asked.as_str()));
                let order = Order { realm: self.admit(&realm)?, service, scope: asked.unwrap_or_else(|| scope.to_owned()) };
                self.buy(client, order, scope).await
            }
        }
    }

    /// One token for a scope, however many requests find out at once that they need it.
    async fn buy(&self, client: &Client, order: Order, scope: &str) -> Result<Option<HeaderValue>, RegistryError> {
        let buying = Arc::clone(self.state().buying.entry(scope.to_owned()).or_default());
        let _bought = buying.lock().await;
        if let Known::Header(Some(header)) = self.known(scope) {
            return Ok(Some(header));
        }
        let token = self.fetch(client, order).await?;
        let header = bearer(&token);
        self.state().tokens.insert(scope.to_owned(), token);
        Ok(header)
    }

    fn basic(&self) -> Option<HeaderValue> {
        let (name, password) = self.credentials.as_ref()?;
        let pair = Secret::new(format!("{name}:{}", password.expose()));
        let encoded = Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())));
        secret_header(encoded.expose())
    }

    /// Takes a realm if it is one that a password may go to.
    fn admit(&self, realm: &str) -> Result<Url, RegistryError> {
        let refuse = |reason: String| RegistryError::Challenge { host: self.host.clone(), reason: reason.into() };
        let url = Url::parse(realm).map_err(|e| refuse(format!("its token service `{realm}` is no URL: {e}")))?;
        if url.scheme() != "https" && !(self.plain_http && url.scheme() == "http") {
            return Err(refuse(format!("its token service `{realm}` is not https")));
        }
        let mut state = self.state();
        if let Scheme::Bearer { realm: known } = &state.scheme
            && known.origin() != url.origin()
        {
            return Err(refuse(format!("its token service was {} and now is {}", known.origin().ascii_serialization(), url.origin().ascii_serialization())));
        }
        state.scheme = Scheme::Bearer { realm: url.clone() };
        Ok(url)
    }

    async fn fetch(&self, client: &Client, order: Order) -> Result<Token, RegistryError> {
        let mut realm = order.realm.clone();
        let origin = realm.origin().ascii_serialization();
        realm.query_pairs_mut().extend_pairs(order.service.as_ref().map(|service| ("service", service))).append_pair("scope", &order.scope);
        let asked = Instant::now();
        let mut request = client.get(realm);
        if let Some(basic) = self.basic() {
            request = request.header(http::header::AUTHORIZATION, basic);
        }
        let mut response = request.send().await.map_err(|e| RegistryError::of_transport(&origin, "the request for a token", &e))?;
        let status = response.status();
        if status == http::StatusCode::UNAUTHORIZED || status == http::StatusCode::FORBIDDEN {
            return Err(RegistryError::Unauthorized { host: origin, what: format!("a token for {}", order.scope), username: self.username() });
        }
        let odd = |reason: Untrusted<String>| RegistryError::Challenge { host: self.host.clone(), reason };
        if !status.is_success() {
            return Err(odd(format!("its token service {origin} answers with HTTP {}", status.as_u16()).into()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| RegistryError::of_transport(&origin, "the answer with a token", &e))? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST_TOKEN_ANSWER {
                return Err(odd(format!("its token service {origin} sends more than a token").into()));
            }
        }
        // The parser's words could quote the token.
        let answer: TokenAnswer = serde_json::from_slice(&body).map_err(|_| odd(format!("the answer of its token service {origin} is no JSON that holds a token").into()))?;
        let value = answer.token.or(answer.access_token).ok_or_else(|| odd(format!("the answer of its token service {origin} holds no token").into()))?;
        let lifetime = Duration::from_secs(answer.expires_in.unwrap_or(USUAL_LIFETIME).min(24 * 60 * 60));
        Ok(Token { value: Secret::new(value), expires: asked + lifetime.saturating_sub(MARGIN.min(lifetime / 4)), order })
    }
}

enum Known {
    Header(Option<HeaderValue>),
    RunOut(Order),
}

fn bearer(token: &Token) -> Option<HeaderValue> {
    secret_header(&format!("Bearer {}", token.value.expose()))
}

/// A header that is neither logged nor kept in compression tables.
fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(plain_http: bool) -> Access {
        Access::new("registry.example.com", Some(("user".to_owned(), Secret::new("pass".to_owned()))), plain_http)
    }

    #[test]
    fn a_token_service_without_tls_gets_no_password() {
        assert!(matches!(access(false).admit("http://auth.example.com/token"), Err(RegistryError::Challenge { .. })));
        assert!(access(false).admit("https://auth.example.com/token").is_ok());
        assert!(access(true).admit("http://auth.example.com/token").is_ok());
        assert!(matches!(access(true).admit("file:///etc/passwd"), Err(RegistryError::Challenge { .. })));
    }

    #[test]
    fn a_token_service_that_changes_gets_no_password() {
        let access = access(false);
        access.admit("https://auth.example.com/token").unwrap();
        access.admit("https://auth.example.com/other").unwrap();
        let refused = access.admit("https://auth.example.org/token").unwrap_err().to_string();
        assert!(refused.contains("https://auth.example.org") && refused.contains("https://auth.example.com"), "{refused}");
    }

    #[test]
    fn nothing_is_sent_before_it_is_asked_for() {
        let access = access(false);
        assert!(matches!(access.known("scope"), Known::Header(None)));
        access.state.lock().unwrap().scheme = Scheme::Basic;
        assert!(matches!(access.known("scope"), Known::Header(Some(value)) if value.is_sensitive()));
    }

    #[test]
    fn a_token_that_has_run_out_is_asked_for_again_as_before() {
        let access = access(false);
        let realm = access.admit("https://auth.example.com/token").unwrap();
        let token = |expires| Token { value: Secret::new("t".to_owned()), expires, order: Order { realm: realm.clone(), service: None, scope: "as the registry calls it".to_owned() } };
        access.state.lock().unwrap().tokens.insert("old".to_owned(), token(Instant::now()));
        access.state.lock().unwrap().tokens.insert("new".to_owned(), token(Instant::now() + MARGIN));
        assert!(matches!(access.known("old"), Known::RunOut(order) if order.scope == "as the registry calls it"));
        assert!(matches!(access.known("new"), Known::Header(Some(_))));
        access.forget("new");
        assert!(matches!(access.known("new"), Known::Header(None)));
    }
}
