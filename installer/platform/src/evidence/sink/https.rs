//! A line by POST, as text; the answer is to be a 2xx.

use airlock_model::Secret;
use airlock_probe::Outlet;
use http::{HeaderMap, HeaderValue, Method, header};
use url::Url;

use super::{SinkFault, refused};

pub(super) struct Post {
    url: Url,
    headers: HeaderMap,
    token: Secret<String>,
}

impl Post {
    /// With a bearer token (RFC 6750), where there is one.
    pub(super) fn new(url: &Url, token: Option<Secret<String>>) -> Result<Self, String> {
        let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))]);
        if let Some(token) = &token {
            let written = Secret::new(format!("Bearer {}", token.expose().trim()));
            let mut value = HeaderValue::from_str(written.expose()).map_err(|_| "the token cannot be written in a header".to_owned())?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        let token = Secret::new(token.map(|token| token.expose().trim().to_owned()).unwrap_or_default());
        Ok(Self { url: url.clone(), headers, token })
    }

    pub(super) async fn send(&self, outlet: &Outlet, line: String) -> Result<(), SinkFault> {
        let reply = outlet.ask(Method::POST, &self.url, self.headers.clone(), line.into()).await?;
        if reply.status.is_success() { Ok(()) } else { Err(refused(&reply, &String::from_utf8_lossy(&reply.body), &self.token)) }
    }
}
