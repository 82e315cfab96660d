//! A client of one registry: requests, challenges, repetitions, manifests.

use std::time::Duration;

use airlock_model::{Digest, ImageRef, OpenWay, Secret, Untrusted};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Certificate, Client, Proxy, Response};
use serde_json::Value;
use tokio::time::sleep;
use url::Url;

use crate::access::Access;
use crate::challenge::Challenge;
use crate::manifest::{ACCEPTED, LARGEST, Manifest};
use crate::{RegistryError, patience};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const READ_TIMEOUT: Duration = Duration::from_mins(1);
/// How long an upload may stand still.
const UPLOAD_PATIENCE: Duration = Duration::from_mins(1);
const MOST_REDIRECTS: usize = 5;
const MESSAGE_LIMIT: usize = 300;
const CONTENT_DIGEST: &str = "docker-content-digest";

/// How a registry is reached.
#[derive(Clone, Default)]
pub struct RegistryOptions {
    /// Authorities that its certificate is verified against, PEM; none: those of the system.
    pub authorities_pem: Option<String>,
    /// Those of the system are believed beside them.
    pub and_system: bool,
    /// User name and password.
    pub credentials: Option<(String, Secret<String>)>,
    /// Without TLS. For tests on loopback.
    pub plain_http: bool,
    /// The way there; none: as the environment says (`HTTPS_PROXY`, `NO_PROXY`).
    pub way_out: Option<OpenWay>,
}

/// A client of one registry.
pub struct RegistryClient {
    host: String,
    base: Url,
    /// Follows redirects; for reading.
    reading: Client,
    /// Follows none: a body that was sent cannot be sent again, and a password does not travel.
    direct: Client,
    /// As `direct`, for streams: the library's read timeout begins with the request, not with its answer, and would end
    /// every upload that takes longer.
    uploading: Client,
    access: Access,
    upload_patience: Duration,
}

/// What is done where, for messages and tokens.
pub(crate) struct Errand<'a> {
    pub(crate) repository: &'a str,
    pub(crate) what: String,
    pub(crate) writes: bool,
}

impl Errand<'_> {
    fn scope(&self) -> String {
        if self.repository.is_empty() {
            return String::new();
        }
        format!("repository:{}:{}", self.repository, if self.writes { "pull,push" } else { "pull" })
    }
}

impl RegistryClient {
    /// Makes a client; nothing is sent yet. `host` is as in references: `docker.io`, `registry.example.com:5000`.
    pub fn new(host: &str, options: RegistryOptions) -> Result<Self, RegistryError> {
        let scheme = if options.plain_http { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{}/v2/", api_host(host))).map_err(|_| RegistryError::Host(host.to_owned()))?;
        if base.path() != "/v2/" || base.host_str().is_none() || !base.username().is_empty() || base.query().is_some() || base.fragment().is_some() {
            return Err(RegistryError::Host(host.to_owned()));
        }
        let unreadable = |e: reqwest::Error| RegistryError::Authorities { host: host.to_owned(), reason: e.to_string() };
        let authorities = match &options.authorities_pem {
            Some(pem) => Some(Certificate::from_pem_bundle(pem.as_bytes()).map_err(unreadable)?),
            None => None,
        };
        if authorities.as_ref().is_some_and(Vec::is_empty) {
            return Err(RegistryError::Authorities { host: host.to_owned(), reason: "there is no certificate in them".to_owned() });
        }
        let client = |redirects: Policy, read_timeout: Option<Duration>| {
            let builder = Client::builder().http1_only().connect_timeout(CONNECT_TIMEOUT).redirect(redirects);
            let builder = read_timeout.into_iter().fold(builder, reqwest::ClientBuilder::read_timeout);
            let builder = builder.user_agent(concat!("airlock/", env!("CARGO_PKG_VERSION")));
            let builder = options.way_out.iter().map(proxy).fold(builder, reqwest::ClientBuilder::proxy);
            match &authorities {
                Some(certificates) if options.and_system => builder.tls_certs_merge(certificates.clone()),
                Some(certificates) => builder.tls_certs_only(certificates.clone()),
                None => builder,
            }
            .build()
            .map_err(unreadable)
        };
        let plain_http = options.plain_http;
        Ok(Self {
            reading: client(Policy::custom(move |attempt| follow(attempt, plain_http)), Some(READ_TIMEOUT))?,
            direct: client(Policy::none(), Some(READ_TIMEOUT))?,
            uploading: client(Policy::none(), None)?,
            upload_patience: UPLOAD_PATIENCE,
            access: Access::new(host, options.credentials, plain_http),
            host: host.to_owned(),
            base,
        })
    }

    /// Sets how long an upload may stand still before it is given up; a minute unless told.
    #[must_use]
    pub const fn with_upload_patience(mut self, patience: Duration) -> Self {
        self.upload_patience = patience;
        self
    }

    pub(crate) const fn upload_patience(&self) -> Duration {
        self.upload_patience
    }

    /// The host as it was given.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Asks whether the registry answers and takes the credentials. A wrong password is noticed here, before anything is moved.
    pub async fn check(&self) -> Result<(), RegistryError> {
        let errand = Errand { repository: "", what: "the question for its API".to_owned(), writes: false };
        let response = self.ask(&Method::GET, self.base.clone(), &[], None, &errand).await?;
        if response.status() == StatusCode::OK {
            return Ok(());
        }
        if response.status() == StatusCode::NOT_FOUND {
            return Err(RegistryError::NotARegistry { host: self.host.clone(), what: errand.what, reason: "/v2/ does not exist".to_owned().into() });
        }
        Err(self.refusal(response, &errand).await)
    }

    /// Finds the digest of an image, recomputed from what the registry serves.
    pub async fn resolve(&self, image: &ImageRef) -> Result<Digest, RegistryError> {
        Ok(self.manifest(image).await?.digest)
    }

    /// Reads the manifest or index of an image: by its digest where it has one, otherwise by its tag.
    pub async fn manifest(&self, image: &ImageRef) -> Result<Manifest, RegistryError> {
        let reference = match (&image.digest, &image.tag) {
            (Some(digest), _) => digest.as_str(),
            (None, Some(tag)) => tag,
            (None, None) => return Err(RegistryError::NotFound { host: self.host.clone(), what: format!("{} without tag or digest", image.repository) }),
        };
        let manifest = self.manifest_at(&image.repository, reference).await?;
        match &image.digest {
            Some(expected) if *expected != manifest.digest => Err(self.mismatch(format!("manifest {}", image.repository), expected, &manifest.digest)),
            _ => Ok(manifest),
        }
    }

    pub(crate) async fn manifest_at(&self, repository: &str, reference: &str) -> Result<Manifest, RegistryError> {
        let errand = Errand { repository, what: describe(repository, reference), writes: false };
        let url = self.url(&format!("{repository}/manifests/{reference}"))?;
        let headers = [(header::ACCEPT, HeaderValue::from_static(ACCEPTED))];
        let mut response = self.ask(&Method::GET, url, &headers, None, &errand).await?;
        if response.status() != StatusCode::OK {
            return Err(self.refusal(response, &errand).await);
        }
        let unusable = |reason: &str| RegistryError::Manifest { host: self.host.clone(), what: errand.what.clone(), reason: reason.to_owned().into() };
        let announced = text(&response, CONTENT_DIGEST);
        let media_type = text(&response, header::CONTENT_TYPE.as_str()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_owned();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| RegistryError::of_transport(&self.host, &errand.what, &e))? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST {
                return Err(unusable("it has more than 4 MiB"));
            }
        }
        let manifest = Manifest::new(media_type, Bytes::from(body));
        if let Some(announced) = announced {
            let announced: Digest = announced.parse().map_err(|_| unusable("the digest that the registry announces for it is none of SHA-256"))?;
            if announced != manifest.digest {
                return Err(self.mismatch(errand.what, &announced, &manifest.digest));
            }
        }
        Ok(manifest)
    }

    /// Says whether a manifest with just this digest stands under the reference.
    pub(crate) async fn has_manifest(&self, repository: &str, reference: &str, digest: &Digest) -> Result<bool, RegistryError> {
        let errand = Errand { repository, what: describe(repository, reference), writes: true };
        let url = self.url(&format!("{repository}/manifests/{reference}"))?;
        let headers = [(header::ACCEPT, HeaderValue::from_static(ACCEPTED))];
        let response = self.ask(&Method::HEAD, url, &headers, None, &errand).await?;
        match response.status() {
            StatusCode::OK => Ok(text(&response, CONTENT_DIGEST).is_some_and(|found| found == digest.as_str())),
            // The upper-case repository and the bad tag end here as well; the write that follows says so.
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => Ok(false),
            _ => Err(self.refusal(response, &errand).await),
        }
    }

    /// Stores a manifest under a tag or its digest. What it refers to must be there already.
    pub async fn put_manifest(&self, repository: &str, reference: &str, manifest: &Manifest) -> Result<(), RegistryError> {
        let errand = Errand { repository, what: format!("the upload of {}", describe(repository, reference)), writes: true };
        let url = self.url(&format!("{repository}/manifests/{reference}"))?;
        let media_type = HeaderValue::from_str(&manifest.media_type).map_err(|_| RegistryError::Manifest {
            host: self.host.clone(),
            what: describe(repository, reference),
            reason: "its media type is no header value".to_owned().into(),
        })?;
        let response = self.ask(&Method::PUT, url, &[(header::CONTENT_TYPE, media_type)], Some(&manifest.bytes), &errand).await?;
        if response.status() != StatusCode::CREATED {
            return Err(self.refusal(response, &errand).await);
        }
        match text(&response, CONTENT_DIGEST).and_then(|text| text.parse::<Digest>().ok()) {
            Some(stored) if stored != manifest.digest => Err(self.mismatch(describe(repository, reference), &manifest.digest, &stored)),
            _ => Ok(()),
        }
    }

    /// Sends a request without a stream: answers one challenge, repeats what may pass. Any status but those comes back as it is.
    pub(crate) async fn ask(&self, method: &Method, url: Url, headers: &[(header::HeaderName, HeaderValue)], body: Option<&Bytes>, errand: &Errand<'_>) -> Result<Response, RegistryError> {
        let mut failed = 0;
        loop {
            let (error, asked) = match self.ask_once(method, url.clone(), headers, body, errand).await {
                Ok(response) if patience::is_passing(response.status()) => {
                    let asked = patience::asked_for(response.headers());
                    (self.refusal(response, errand).await, asked)
                }
                Ok(response) => return Ok(response),
                Err(error) if error.is_passing() => (error, None),
                Err(error) => return Err(error),
            };
            failed += 1;
            if failed >= patience::TRIES {
                return Err(error);
            }
            tracing::debug!(host = %self.host, %error, failed, "registry request is repeated");
            sleep(patience::pause(failed, asked)).await;
        }
    }

    async fn ask_once(&self, method: &Method, url: Url, headers: &[(header::HeaderName, HeaderValue)], body: Option<&Bytes>, errand: &Errand<'_>) -> Result<Response, RegistryError> {
        let client = if method.is_safe() { &self.reading } else { &self.direct };
        let scope = errand.scope();
        let send = |authorization: Option<HeaderValue>| {
            let mut request = client.request(method.clone(), url.clone());
            for (name, value) in headers {
                request = request.header(name, value);
            }
            if let Some(value) = authorization {
                request = request.header(header::AUTHORIZATION, value);
            }
            if let Some(bytes) = body {
                request = request.body(bytes.clone());
            }
            request.send()
        };
        let failed = |e: reqwest::Error| RegistryError::of_transport(&self.host, &errand.what, &e);
        let carried = self.access.header(&self.direct, &scope).await?;
        let response = send(carried.clone()).await.map_err(failed)?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        self.access.refused(&scope, carried.as_ref());
        // A challenge of another host, at the end of a redirect, is not ours to answer.
        let own = response.url().origin() == self.base.origin();
        let Some(challenge) = own.then(|| Challenge::read(response.headers())).flatten() else { return Ok(response) };
        drop(response);
        match self.access.answer(&self.direct, challenge, &scope).await? {
            Some(value) => send(Some(value)).await.map_err(failed),
            None => Err(self.unauthorized(errand)),
        }
    }

    /// A request with a stream, which is sent once, and what to send along. Another host gets no credentials.
    pub(crate) async fn stream(&self, method: Method, url: Url, errand: &Errand<'_>) -> Result<reqwest::RequestBuilder, RegistryError> {
        let own = url.origin() == self.base.origin();
        let request = self.uploading.request(method, url);
        let authorization = if own { self.access.header(&self.direct, &errand.scope()).await? } else { None };
        Ok(match authorization {
            Some(value) => request.header(header::AUTHORIZATION, value),
            None => request,
        })
    }

    pub(crate) fn forget(&self, errand: &Errand<'_>) {
        self.access.forget(&errand.scope());
    }

    pub(crate) fn url(&self, path: &str) -> Result<Url, RegistryError> {
        self.base.join(path).map_err(|_| RegistryError::Host(format!("{}/{path}", self.host)))
    }

    pub(crate) fn mismatch(&self, what: String, expected: &Digest, found: &Digest) -> RegistryError {
        RegistryError::DigestMismatch { host: self.host.clone(), what, expected: expected.clone(), found: found.clone() }
    }

    fn unauthorized(&self, errand: &Errand<'_>) -> RegistryError {
        RegistryError::Unauthorized { host: self.host.clone(), what: errand.what.clone(), username: self.access.username() }
    }

    /// Turns an unexpected answer into an error, with the registry's own words.
    pub(crate) async fn refusal(&self, mut response: Response, errand: &Errand<'_>) -> RegistryError {
        let status = response.status();
        let (host, what) = (self.host.clone(), errand.what.clone());
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > 64 * 1024 {
                break;
            }
        }
        let message = message(&body);
        match status {
            StatusCode::UNAUTHORIZED => self.unauthorized(errand),
            StatusCode::FORBIDDEN => RegistryError::Denied { host, what, message },
            StatusCode::NOT_FOUND => RegistryError::NotFound { host, what },
            StatusCode::PAYLOAD_TOO_LARGE => RegistryError::TooLarge { host, what },
            status if patience::is_passing(status) => RegistryError::Busy { host, what, status: status.as_u16(), tries: patience::TRIES, message },
            status => RegistryError::Refused { host, what, status: status.as_u16(), message },
        }
    }
}

/// Docker Hub's references name a host that has no API.
fn api_host(host: &str) -> &str {
    if host == "docker.io" { "registry-1.docker.io" } else { host }
}

/// The way out, as this library has it.
fn proxy(open: &OpenWay) -> Proxy {
    let way = open.way.clone();
    let proxy = Proxy::custom(move |url| way.proxy_for(url.scheme(), url.host_str()?).cloned());
    match open.login() {
        Some((username, password)) => proxy.basic_auth(username, password),
        None => proxy,
    }
}

fn follow(attempt: Attempt<'_>, plain_http: bool) -> reqwest::redirect::Action {
    if attempt.previous().len() > MOST_REDIRECTS {
        return attempt.error("more than five redirects");
    }
    if attempt.url().scheme() != "https" && !plain_http {
        return attempt.error("a redirect leads away from https");
    }
    attempt.follow()
}

fn describe(repository: &str, reference: &str) -> String {
    if reference.starts_with("sha256:") { format!("{repository}@{reference}") } else { format!("{repository}:{reference}") }
}

pub(crate) fn text(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

/// The first error of the specification's list (`errors[].code`, `message`), or the beginning of what came.
fn message(body: &[u8]) -> Untrusted<String> {
    let document: Option<Value> = serde_json::from_slice(body).ok();
    let first = document.as_ref().and_then(|document| document.get("errors")?.get(0)).map(|error| {
        let part = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        format!("{} {}", part("code"), part("message"))
    });
    let text = first.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    let text: String = text.trim().chars().take(MESSAGE_LIMIT).collect();
    if text.is_empty() { "it gives no reason".to_owned().into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_a_url_would_understand_otherwise_are_refused() {
        for host in ["", "a b", "user@registry.example.com", "registry.example.com/path", "registry.example.com?x", "registry.example.com#x", "registry.example.com:99999"] {
            assert!(matches!(RegistryClient::new(host, RegistryOptions::default()), Err(RegistryError::Host(_))), "{host}");
        }
    }

    #[test]
    fn the_words_of_the_registry_are_kept() {
        let body = br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}"#;
        assert_eq!(message(body).raw(), "MANIFEST_UNKNOWN manifest unknown");
        assert_eq!(message(b"404 page not found\n").raw(), "404 page not found");
        assert_eq!(message(b"").raw(), "it gives no reason");
        assert_eq!(message("x".repeat(9000).as_bytes()).raw().len(), MESSAGE_LIMIT);
    }
}
