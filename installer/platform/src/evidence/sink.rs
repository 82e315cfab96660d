//! Sinks: somebody elsewhere who is told the line of each run, so that whoever can write to the folder cannot take a run back unnoticed.
//!
//! A sink is told of a run as often as nobody knows whether it has heard of it, and always in the same words; so being told twice is
//! the same as once. What is written to it with is held here and shown nowhere.

mod https;
mod s3;
mod syslog;

use airlock_compliance::evidence::head_line;
use airlock_model::{AuditedRun, OpenWay, Secret, SinkAddress, Untrusted};
use airlock_probe::{Outlet, OutletError, Reply};
use airlock_tls::Authorities;

use super::error::EvidenceError;

/// Characters of an answer that are shown.
const SHOWN: usize = 200;

/// Whom to tell, and by which means.
pub struct SinkSettings {
    /// Where it is.
    pub address: SinkAddress,
    /// What it is written to with: a bearer token, or the secret key of S3.
    pub secret: Option<Secret<String>>,
    /// Who vouches for its certificate.
    pub authorities: Authorities,
    /// The way there; none: directly.
    pub way: Option<OpenWay>,
    /// Whose runs these are, as a log server tells hosts apart.
    pub origin: String,
}

/// Somebody who is told of each run.
pub struct Sink {
    address: SinkAddress,
    outlet: Outlet,
    means: Means,
}

enum Means {
    Https(https::Post),
    Syslog(syslog::Message),
    S3(s3::Objects),
}

/// Why a sink did not take a line.
#[derive(Debug, thiserror::Error)]
pub enum SinkFault {
    /// No connection, none that is believed, or none that lasted.
    #[error("{0}")]
    Unreachable(#[from] OutletError),
    /// An answer other than yes.
    #[error("it answered {status}{}", said(.words))]
    Refused {
        /// The status.
        status: u16,
        /// How the answer begins.
        words: Untrusted<String>,
    },
    /// It holds something else about a run of this number already.
    #[error("its object {object} is there already and says otherwise: {holds}")]
    Differs {
        /// The object.
        object: String,
        /// What it holds.
        holds: Untrusted<String>,
    },
}

fn said(words: &Untrusted<String>) -> String {
    if words.raw().is_empty() { String::new() } else { format!(": {words}") }
}

impl Sink {
    /// Puts together all that is needed; nothing is sent yet.
    pub fn new(settings: SinkSettings) -> Result<Self, EvidenceError> {
        let SinkSettings { address, secret, authorities, way, origin } = settings;
        let wrong = |why: String| EvidenceError::SinkSettings { sink: address.to_string(), why };
        let of_url = |url: &url::Url| Some((url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned(), url.port_or_known_default()?));
        let (means, at) = match &address {
            SinkAddress::Https { url } => (Means::Https(https::Post::new(url, secret).map_err(wrong)?), of_url(url)),
            SinkAddress::Syslog { host, port } => (Means::Syslog(syslog::Message::of(&origin)), Some((host.clone(), *port))),
            SinkAddress::S3 { endpoint, .. } => {
                let secret = secret.ok_or_else(|| wrong("the secret key is due".to_owned()))?;
                (Means::S3(s3::Objects::new(&address, &secret).map_err(wrong)?), of_url(endpoint))
            }
        };
        let (host, port) = at.ok_or_else(|| wrong("its address names no host".to_owned()))?;
        Ok(Self { outlet: Outlet { host, port, authorities, way }, address, means })
    }

    /// Where it is.
    pub fn name(&self) -> String {
        self.address.to_string()
    }

    /// Of how many runs it is told at once: a log server takes all over one connection, and says that it has them by its end.
    pub(super) const fn at_once(&self) -> usize {
        match self.means {
            Means::Https(_) | Means::S3(_) => 1,
            Means::Syslog(_) => usize::MAX,
        }
    }

    /// Tells of these runs.
    pub(super) async fn tell(&self, runs: &[AuditedRun]) -> Result<(), SinkFault> {
        let lines = runs.iter().map(|AuditedRun { run, sums }| (run, head_line(run, sums)));
        match &self.means {
            Means::Https(post) => {
                for (_, line) in lines {
                    post.send(&self.outlet, line).await?;
                }
            }
            Means::S3(objects) => {
                for (run, line) in lines {
                    objects.put(&self.outlet, run, line).await?;
                }
            }
            Means::Syslog(message) => self.outlet.hand_over(&lines.flat_map(|(run, line)| message.frame(run, &line)).collect::<Vec<u8>>()).await?,
        }
        Ok(())
    }
}

/// An answer that is no yes. A server may repeat what it was asked with, so what is secret is looked for in its words.
fn refused(reply: &Reply, words: &str, secret: &Secret<String>) -> SinkFault {
    let tells = !secret.expose().is_empty() && words.contains(secret.expose().as_str());
    let shown = if tells { String::new() } else { words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect() };
    SinkFault::Refused { status: reply.status.as_u16(), words: Untrusted::new(shown) }
}
