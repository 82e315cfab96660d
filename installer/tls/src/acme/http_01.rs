//! http-01: somebody serves a file at port 80 of each host; it can be looked at from here before the authority does.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use airlock_model::with_causes;

use super::error::AcmeError;
use super::http::first_words;
use super::server::believing;
use super::solver::{ChallengeKind, Doing, Proof, ProofFile, Solver};

const WAIT: Duration = Duration::from_millis(500);
const REQUEST_LIMIT: Duration = Duration::from_secs(10);
const REDIRECTS: usize = 10;

/// Who serves files under `/.well-known/acme-challenge/`: the edge, say.
pub trait Responder: Send + Sync {
    /// Serves them, beside what it serves.
    fn serve<'a>(&'a self, files: &'a [ProofFile]) -> Doing<'a>;

    /// Serves these no longer.
    fn withdraw<'a>(&'a self, files: &'a [ProofFile]) -> Doing<'a>;
}

/// Whether and how served files are looked at from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// They are not: from here the hosts lead elsewhere.
    Never,
    /// At port 80 of where each host leads to from here, no longer than this in all.
    AsResolved(Duration),
    /// At this address whatever the host's name, no longer than this in all.
    At(SocketAddr, Duration),
}

/// http-01 by a responder.
pub struct Http01<R> {
    responder: R,
    look: Look,
}

impl<R: Responder> Http01<R> {
    /// Proofs are served by `responder`.
    pub const fn new(responder: R, look: Look) -> Self {
        Self { responder, look }
    }

    async fn wait_until_served(&self, proofs: &[Proof]) -> Result<(), AcmeError> {
        let (address, limit) = match self.look {
            Look::Never => return Ok(()),
            Look::AsResolved(limit) => (None, limit),
            Look::At(address, limit) => (Some(address), limit),
        };
        let begun = Instant::now();
        for file in files(proofs) {
            while let Err(error) = served(&file, address).await {
                if begun.elapsed() + WAIT > limit {
                    return Err(error);
                }
                tokio::time::sleep(WAIT).await;
            }
        }
        Ok(())
    }
}

impl<R: Responder> Solver for Http01<R> {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::Http01
    }

    fn present<'a>(&'a self, proofs: &'a [Proof]) -> Doing<'a> {
        Box::pin(async move { self.responder.serve(&files(proofs)).await })
    }

    fn seen<'a>(&'a self, proofs: &'a [Proof]) -> Doing<'a> {
        Box::pin(self.wait_until_served(proofs))
    }

    fn clean_up<'a>(&'a self, proofs: &'a [Proof]) -> Doing<'a> {
        Box::pin(async move { self.responder.withdraw(&files(proofs)).await })
    }
}

/// Asks for a file as the authority will: without a proxy, following redirects.
async fn served(file: &ProofFile, address: Option<SocketAddr>) -> Result<(), AcmeError> {
    let port = address.map_or(80, |address| address.port());
    let authority = if port == 80 { file.host.clone() } else { format!("{}:{port}", file.host) };
    let url = format!("http://{authority}/.well-known/acme-challenge/{}", file.token);
    let not_served = |why: String| AcmeError::NotServed { url: url.clone(), why: why.into() };
    // An https target is left to the authority: it looks at no certificate there (RFC 8555 §8.3), and that is not for us to do.
    let redirects = reqwest::redirect::Policy::custom(|attempt| if attempt.previous().len() > REDIRECTS || attempt.url().scheme() != "http" { attempt.stop() } else { attempt.follow() });
    let mut builder = reqwest::Client::builder().no_proxy().timeout(REQUEST_LIMIT).redirect(redirects).tls_backend_preconfigured(believing(rustls::RootCertStore::empty())?);
    if let Some(address) = address {
        builder = builder.resolve(&file.host, address);
    }
    let client = builder.build().map_err(|error| not_served(with_causes(&error)))?;
    let response = client.get(&url).send().await.map_err(|error| not_served(with_causes(&error)))?;
    let (status, seen_at) = (response.status(), response.url().to_string());
    if status.is_redirection() && location(&response).starts_with("https://") {
        return Ok(());
    }
    let body = response.bytes().await.map_err(|error| not_served(with_causes(&error)))?;
    if status.is_success() && String::from_utf8_lossy(&body).trim_end() == file.content {
        return Ok(());
    }
    let place = if seen_at == url { String::new() } else { format!(" at {seen_at}, where it is redirected to") };
    Err(not_served(format!("{status}{place}: {}", first_words(&body).raw())))
}

fn location(response: &reqwest::Response) -> String {
    response.headers().get(http::header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
}

fn files(proofs: &[Proof]) -> Vec<ProofFile> {
    let file = |proof: &Proof| match proof {
        Proof::File(file) => Some(file.clone()),
        Proof::Record(_) => None,
    };
    proofs.iter().filter_map(file).collect()
}
