//! One HTTP request, over TLS but where what plain HTTP answers is the question. No redirect is followed, no proxy is asked, and of the answer only its head is read,
//! but for the pages of a login and an address that is told.

use std::io;
use std::time::Duration;

use airlock_model::{AttemptResult, Credentials, CredentialsForm, Secret, Trust, Untrusted, with_causes};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::Passwords;

const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A request, ready to be sent.
pub(crate) struct Question {
    method: Method,
    path: String,
    host: String,
    authorization: Option<HeaderValue>,
    cookies: Option<HeaderValue>,
    referer: Option<HeaderValue>,
    origin: Option<HeaderValue>,
    content: Option<Content>,
}

/// What a request carries: its media type, and the text, which may hold a password.
struct Content(&'static str, Secret<String>);

impl Question {
    /// Puts a request together, or says why it cannot be sent. A password is looked up now; it never goes to a server whose chain is not verified.
    pub(crate) fn new(method: &str, path: &str, host: &str, trust: &Trust, credentials: Option<&Credentials>, passwords: &dyn Passwords) -> Result<Self, String> {
        let method = method.parse().map_err(|_| format!("`{method}` is no HTTP method"))?;
        let mut question = Self { method, path: path.to_owned(), host: host.to_owned(), authorization: None, cookies: None, referer: None, origin: None, content: None };
        if let Some(credentials) = credentials {
            let password = password(credentials, trust, passwords)?;
            match credentials.form {
                CredentialsForm::Basic => question.authorization = Some(authorization(&credentials.username, &password)?),
                CredentialsForm::Json => {
                    let text = Secret::new(json!({ "username": credentials.username, "password": password.expose() }).to_string());
                    question.content = Some(Content("application/json", text));
                }
                CredentialsForm::Page => return Err("the form of a page takes more than one request".to_owned()),
            }
        }
        Ok(question)
    }

    /// The same with a bearer token (RFC 6750).
    pub(crate) fn bearing(mut self, token: &Secret<String>) -> Result<Self, String> {
        let written = Secret::new(format!("Bearer {}", token.expose().trim()));
        let mut value = HeaderValue::from_str(written.expose()).map_err(|_| "the token cannot be written in a header".to_owned())?;
        value.set_sensitive(true);
        self.authorization = Some(value);
        Ok(self)
    }

    /// The same with cookies (RFC 6265 §4.2).
    pub(crate) fn with_cookies(mut self, written: &Secret<String>) -> Result<Self, String> {
        let mut value = HeaderValue::from_str(written.expose()).map_err(|_| "the cookies cannot be written in a header".to_owned())?;
        value.set_sensitive(true);
        self.cookies = Some(value);
        Ok(self)
    }

    /// The same with a form that was filled in on a page of this address (URL standard, §5 `application/x-www-form-urlencoded`). Servers
    /// that guard their forms refuse one that does not say where it comes from.
    pub(crate) fn submitting(mut self, form: Secret<String>, page: &str) -> Result<Self, String> {
        self.referer = Some(HeaderValue::from_str(page).map_err(|_| "the page's address cannot be written in a header".to_owned())?);
        self.content = Some(Content("application/x-www-form-urlencoded", form));
        Ok(self)
    }

    /// The same for a page of this origin (RFC 6454 §7).
    pub(crate) fn for_page(mut self, origin: &str) -> Result<Self, String> {
        self.origin = Some(HeaderValue::from_str(origin).map_err(|_| "the page's origin cannot be written in a header".to_owned())?);
        Ok(self)
    }

    /// Says whether asking twice is the same as asking once.
    pub(crate) fn is_safe(&self) -> bool {
        self.method.is_safe()
    }

    /// Sends it and reads the head of the answer.
    pub(crate) async fn send(&self, stream: impl AsyncRead + AsyncWrite + Unpin) -> AttemptResult {
        self.exchange(stream, async |response| Ok(answered(&response))).await.unwrap_or_else(|failure| failure)
    }

    /// Sends it and lets the answer be read while the connection lasts.
    pub(crate) async fn exchange<Read>(&self, stream: impl AsyncRead + AsyncWrite + Unpin, read: impl AsyncFnOnce(Response<Incoming>) -> hyper::Result<Read>) -> Result<Read, AttemptResult> {
        let request = self.request().map_err(|error| AttemptResult::NotCarriedOut(format!("the request cannot be written: {error}").into()))?;
        let exchange = async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            let answer = async { read(sender.send_request(request).await?).await };
            // The connection moves the bytes; it lives as long as this function and no longer.
            tokio::pin!(connection, answer);
            tokio::select! {
                answer = &mut answer => answer,
                ended = &mut connection => match ended {
                    Ok(()) => answer.await,
                    Err(error) => Err(error),
                },
            }
        };
        match timeout(ANSWER_TIMEOUT, exchange).await {
            Err(_) => Err(AttemptResult::TimedOut),
            Ok(Err(error)) => Err(failure(&error)),
            Ok(Ok(read)) => Ok(read),
        }
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut request = Request::builder().method(&self.method).uri(&self.path).header(header::HOST, &self.host);
        request = request.header(header::USER_AGENT, concat!("airlock/", env!("CARGO_PKG_VERSION")));
        if let Some(value) = &self.authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        if let Some(value) = &self.cookies {
            request = request.header(header::COOKIE, value);
        }
        if let Some(value) = &self.referer {
            request = request.header(header::REFERER, value);
        }
        if let Some(value) = &self.origin {
            request = request.header(header::ORIGIN, value);
        }
        let mut body = Bytes::new();
        if let Some(Content(media_type, text)) = &self.content {
            request = request.header(header::CONTENT_TYPE, *media_type);
            body = Bytes::copy_from_slice(text.expose().as_bytes());
        }
        if !self.method.is_safe() {
            request = request.header(header::CONTENT_LENGTH, body.len());
        }
        request.body(Full::new(body))
    }
}

/// The password, which goes to no server whose chain is not verified.
pub(crate) fn password(credentials: &Credentials, trust: &Trust, passwords: &dyn Passwords) -> Result<Secret<String>, String> {
    match &credentials.password {
        Some(_) if *trust == Trust::Unverified => Err("a password is not sent to a server that is not verified".to_owned()),
        Some(reference) => {
            let place = || format!("the password in Secret {}/{}, key {}, is not at hand", reference.namespace, reference.name, reference.key);
            passwords.password(reference).ok_or_else(place)
        }
        None => random_password(),
    }
}

/// `Authorization: Basic` (RFC 7617), marked as sensitive.
pub(crate) fn authorization(username: &str, password: &Secret<String>) -> Result<HeaderValue, String> {
    let pair = Secret::new(format!("{username}:{}", password.expose()));
    let encoded = Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())));
    let mut value = HeaderValue::from_str(encoded.expose()).map_err(|_| "the credentials cannot be written in a header".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Nobody's password: it must be refused.
fn random_password() -> Result<Secret<String>, String> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(|_| "the system has no random numbers".to_owned())?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}

/// A body as far as it is no longer than this.
pub(crate) async fn beginning(mut body: Incoming, limit: usize) -> hyper::Result<Vec<u8>> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            read.extend_from_slice(&data[..data.len().min(limit - read.len())]);
        }
        if read.len() == limit {
            break;
        }
    }
    Ok(read)
}

/// The head of an answer.
pub(crate) fn answered(response: &Response<Incoming>) -> AttemptResult {
    let value = |name| response.headers().get(name).map(|value: &HeaderValue| Untrusted::new(String::from_utf8_lossy(value.as_bytes()).into_owned()));
    AttemptResult::Answered {
        status: response.status().as_u16(),
        challenge: value(header::WWW_AUTHENTICATE),
        location: value(header::LOCATION),
        transport_security: value(header::STRICT_TRANSPORT_SECURITY),
        allowed_origin: value(header::ACCESS_CONTROL_ALLOW_ORIGIN),
    }
}

/// With TLS 1.3 a server's refusal can arrive after our side has finished its handshake.
fn failure(error: &hyper::Error) -> AttemptResult {
    let mut source = std::error::Error::source(error);
    let mut is_ended = error.is_incomplete_message() || error.is_parse();
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<io::Error>() {
            if let Some(rustls::Error::AlertReceived(alert)) = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                return AttemptResult::TlsRefused { alert: Some(u8::from(*alert)) };
            }
            is_ended |= matches!(cause.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof);
        }
        source = cause.source();
    }
    if is_ended {
        return AttemptResult::Unanswered(with_causes(error).into());
    }
    AttemptResult::NotCarriedOut(format!("the answer did not come: {}", with_causes(error)).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_says_for_whose_page_it_asks() {
        let question = || Question::new("GET", "/", "a.example.com", &Trust::Unverified, None, &crate::NoPasswords).unwrap();
        let origin = |question: Question| question.request().unwrap().headers().get(header::ORIGIN).cloned();
        assert_eq!(origin(question().for_page("https://b.example.com").unwrap()).unwrap(), "https://b.example.com");
        assert_eq!(origin(question()), None);
    }
}
