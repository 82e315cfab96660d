//! Requests to the authority: a time limit for each, GET and HEAD again after a fault that may pass, what an answer says about
//! waiting and about other chains kept, and pages that are not ACME's told from problems that are.

use std::error::Error as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use airlock_model::{OpenWay, WayOut, with_causes};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use instant_acme::{BodyWrapper, BytesResponse, HttpClient};
use jiff::Timestamp;
use url::Url;

use super::error::AcmeError;
use super::server::AcmeServer;

/// No answer of ACME is larger; a chain of ten certificates has 20 KiB.
const LARGEST_ANSWER: usize = 1 << 20;
const SHOWN_WORDS: usize = 200;
const TRIES: u32 = 4;
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// An authority that asks for longer than this is not waited for within one request.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The way to one authority. Requests are made one after the other; what the last answer said besides its body can be asked for.
#[derive(Clone)]
pub(super) struct Http(Arc<Inner>);

struct Inner {
    client: reqwest::Client,
    way_out: Option<WayOut>,
    heard: Mutex<Heard>,
}

/// What the last answer said besides its body.
#[derive(Default, Clone)]
pub(super) struct Heard {
    /// Not before this (RFC 9110 §10.2.3).
    pub(super) again_at: Option<Timestamp>,
    /// Other chains for the certificate that was fetched (RFC 8555 §7.4.2).
    pub(super) alternates: Vec<String>,
}

/// An answer with a status below 400, or one that explains itself by a problem document.
pub(super) struct Answer {
    parts: http::response::Parts,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn status(&self) -> StatusCode {
        self.parts.status
    }

    pub(super) fn nonce(&self) -> Option<String> {
        Some(self.parts.headers.get("replay-nonce")?.to_str().ok()?.to_owned())
    }
}

/// Why there is no answer that ACME could understand.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    #[error("{0}")]
    Failed(AcmeError),
    #[error("{0}")]
    MayPass(AcmeError),
}

impl HttpError {
    pub(super) fn into_acme(self) -> AcmeError {
        match self {
            Self::Failed(error) | Self::MayPass(error) => error,
        }
    }
}

impl Http {
    pub(super) fn new(server: &AcmeServer) -> Result<Self, AcmeError> {
        let mut builder = reqwest::Client::builder()
            .timeout(server.request_limit)
            .connect_timeout(server.request_limit.min(CONNECT_LIMIT))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("airlock/", env!("CARGO_PKG_VERSION")));
        builder = builder.tls_backend_preconfigured(server.tls()?);
        builder = server.way_out.iter().map(proxy).fold(builder, reqwest::ClientBuilder::proxy);
        let client = builder.build().map_err(|error| AcmeError::Settings { what: "the HTTP client", why: with_causes(&error) })?;
        let way_out = server.way_out.as_ref().map(|open| open.way.clone());
        Ok(Self(Arc::new(Inner { client, way_out, heard: Mutex::default() })))
    }

    /// What the last answer said besides its body.
    pub(super) fn heard(&self) -> Heard {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.0.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks without a signature.
    pub(super) async fn get(&self, url: &str) -> Result<Answer, HttpError> {
        self.send(Method::GET, url, Bytes::new()).await
    }

    /// A POST is sent once: what it carries is bound to a nonce that is good for one time (RFC 8555 §6.5).
    pub(super) async fn send(&self, method: Method, url: &str, body: Bytes) -> Result<Answer, HttpError> {
        if method == Method::POST {
            return self.once(method, url, body).await;
        }
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match self.once(method.clone(), url, body.clone()).await {
                Err(HttpError::MayPass(error)) => match self.pause(wait) {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(HttpError::Failed(error)),
                },
                done => return done,
            }
            wait *= 2;
        }
        // Whoever asked need not try again what was tried here.
        self.once(method, url, body).await.map_err(|error| HttpError::Failed(error.into_acme()))
    }

    /// How long to wait before the next try: as the last answer asks, else this long. Nothing, where it asks for too long.
    pub(super) fn pause(&self, own: Duration) -> Option<Duration> {
        let Some(again_at) = self.lock().again_at else { return Some(own) };
        let wait = Duration::try_from(again_at.duration_since(Timestamp::now())).unwrap_or_default();
        (wait <= LONGEST_WAIT).then_some(wait)
    }

    async fn once(&self, method: Method, url: &str, body: Bytes) -> Result<Answer, HttpError> {
        *self.lock() = Heard::default();
        let mut request = self.0.client.request(method.clone(), url);
        if method == Method::POST {
            request = request.header(header::CONTENT_TYPE, "application/jose+json").body(body);
        }
        let mut response = request.send().await.map_err(|error| self.no_answer(url, &error))?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.no_answer(url, &error))? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST_ANSWER {
                return Err(HttpError::Failed(AcmeError::Garbled(format!("{url} sends more than {LARGEST_ANSWER} bytes").into())));
            }
        }
        let (mut parts, ()) = http::Response::new(()).into_parts();
        parts.status = response.status();
        parts.headers = std::mem::take(response.headers_mut());
        *self.lock() = Heard { again_at: again_at(&parts.headers, Timestamp::now()), alternates: alternates(&parts.headers) };
        let answer = Answer { parts, body: body.into() };
        if answer.status().as_u16() < 400 || is_problem(&answer.body) { Ok(answer) } else { Err(self.not_acme(url, &answer)) }
    }

    fn not_acme(&self, url: &str, answer: &Answer) -> HttpError {
        let status = answer.status();
        let error = AcmeError::Answer { url: url.to_owned(), status: status.to_string(), words: first_words(&answer.body), again_at: self.lock().again_at };
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT { HttpError::MayPass(error) } else { HttpError::Failed(error) }
    }

    fn no_answer(&self, url: &str, error: &reqwest::Error) -> HttpError {
        if let Some(why) = not_believed(error) {
            return HttpError::Failed(AcmeError::Untrusted { url: url.to_owned(), why });
        }
        let proxy = self.proxy_for(url);
        let causes = with_causes(error);
        // The library keeps the type of this error to itself.
        if causes.ends_with("proxy authorization required") {
            let proxy = proxy.unwrap_or_else(|| "of the environment".to_owned());
            return HttpError::Failed(AcmeError::ProxyRefused { url: url.to_owned(), proxy });
        }
        let why = if error.is_timeout() { format!("it took too long ({causes})") } else { causes };
        HttpError::MayPass(AcmeError::Unreachable { url: url.to_owned(), proxy, why })
    }

    /// The proxy between, where there is one.
    fn proxy_for(&self, url: &str) -> Option<String> {
        let url: Url = url.parse().ok()?;
        let proxy = self.0.way_out.as_ref()?.proxy_for(url.scheme(), url.host_str()?)?;
        Some(format!("{}:{}", proxy.host_str()?, proxy.port_or_known_default()?))
    }
}

impl HttpClient for Http {
    fn request(&self, request: Request<BodyWrapper<Bytes>>) -> Pin<Box<dyn Future<Output = Result<BytesResponse, instant_acme::Error>> + Send>> {
        let http = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = match body.collect().await {
                Ok(body) => body.to_bytes(),
                Err(never) => match never {},
            };
            let answer = http.send(parts.method, &parts.uri.to_string(), body).await.map_err(|error| instant_acme::Error::Other(Box::new(error)))?;
            Ok(BytesResponse { parts: answer.parts, body: Box::new(answer.body) })
        })
    }
}

/// The way out, as this library has it.
fn proxy(open: &OpenWay) -> reqwest::Proxy {
    let way = open.way.clone();
    let proxy = reqwest::Proxy::custom(move |url| way.proxy_for(url.scheme(), url.host_str()?).cloned());
    match open.login() {
        Some((username, password)) => proxy.basic_auth(username, password),
        None => proxy,
    }
}

/// How a text of others begins, on one line.
pub(super) fn first_words(body: &[u8]) -> airlock_model::Untrusted<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(SHOWN_WORDS * 4)]);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() { "(nothing)".into() } else { words.chars().take(SHOWN_WORDS).collect::<String>().into() }
}

/// What is wrong with the server's certificate, if that is the cause.
fn not_believed(error: &reqwest::Error) -> Option<String> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(rustls::Error::InvalidCertificate(reason)) = cause.downcast_ref::<rustls::Error>() {
            return Some(match reason {
                rustls::CertificateError::UnknownIssuer => "no authority that we believe signed it (UnknownIssuer)".to_owned(),
                rustls::CertificateError::BadSignature => "an authority that we believe has the same name as its issuer, but did not sign it (BadSignature)".to_owned(),
                other => other.to_string(),
            });
        }
        // What an io::Error wraps is not its source: the source of that is.
        next = match cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        };
    }
    None
}

fn is_problem(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body).is_ok_and(|object| object.contains_key("type") || object.contains_key("detail"))
}

/// `Retry-After` is a number of seconds or a date (RFC 9110 §10.2.3).
fn again_at(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return now.checked_add(Duration::from_secs(seconds.into())).ok();
    }
    jiff::fmt::rfc2822::parse(value).ok().map(|date| date.timestamp())
}

/// The targets of `Link: <…>;rel="alternate"` (RFC 8288 §3).
fn alternates(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::LINK).iter().filter_map(|value| value.to_str().ok());
    let links = values.flat_map(|value| value.split(",<").flat_map(|part| part.split(", <")));
    let alternate = |link: &str| {
        let (target, parameters) = link.trim().trim_start_matches('<').split_once('>')?;
        parameters.split(';').any(|parameter| parameter.trim().replace('"', "").eq_ignore_ascii_case("rel=alternate")).then(|| target.to_owned())
    };
    links.filter_map(alternate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &header::HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn waiting_is_asked_for_in_seconds_or_by_a_date() {
        let now = Timestamp::from_second(1_000_000_000).unwrap();
        let asked = |value: &str| again_at(&headers(&header::RETRY_AFTER, &[value]), now).map(Timestamp::as_second);
        assert_eq!(asked("120"), Some(1_000_000_120));
        assert_eq!(asked("Fri, 31 Dec 1999 23:59:59 GMT"), Some(946_684_799));
        assert_eq!(asked("soon"), None);
    }

    #[test]
    fn other_chains_stand_in_links_alone_or_together() {
        let found = |values: &[&str]| alternates(&headers(&header::LINK, values));
        assert_eq!(found(&["<https://ca/cert/1/1>;rel=\"alternate\"", "<https://ca/directory>;rel=\"index\""]), ["https://ca/cert/1/1"]);
        assert_eq!(found(&["<https://ca/a>; rel=\"alternate\", <https://ca/b>; rel=alternate"]), ["https://ca/a", "https://ca/b"]);
        assert!(found(&["<https://ca/up>;rel=\"up\""]).is_empty());
    }

    #[test]
    fn a_page_is_no_problem_document() {
        assert!(is_problem(br#"{"type":"urn:ietf:params:acme:error:malformed","detail":"no"}"#));
        assert!(!is_problem(b"<html>503</html>") && !is_problem(b"") && !is_problem(br#"{"message":"no"}"#));
        assert_eq!(first_words(b"<html>\n  <b>busy</b>").to_string(), "<html> <b>busy</b>");
        assert_eq!(first_words(b" ").to_string(), "(nothing)");
    }
}
