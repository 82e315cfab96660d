//! Beside a server in its pod: files change, the server is told, and a handshake shows that it serves them.
//!
//! Kubernetes swaps mounted files as a whole (`..data`), so a change is seen as a whole. A pair that would not do (another's key,
//! expired, for other hosts) is not announced: the server keeps the old one. What it serves already keeps nothing else from being
//! reloaded. What happens is told as JSON lines on standard output, which is the pod's log. `watch` sees changes, `process` finds and
//! signals the server.

mod process;
mod watch;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use airlock_model::{Attempt, AttemptAction, AttemptId, AttemptResult, Digest, Target, TlsVersion, Trust, Untrusted, Vantage};
use airlock_probe::NoPasswords;
use airlock_tls::{Host, TlsFinding};
use jiff::Timestamp;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use zeroize::Zeroizing;

use crate::arguments::Reload;
use crate::failure::Failure;
use crate::output;
use watch::State;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a server may take to serve what it was told to.
const SERVED_WITHIN: Duration = Duration::from_secs(20);
/// Between two handshakes while waiting for that.
const BETWEEN_HANDSHAKES: Duration = Duration::from_millis(200);
/// A worker of the server that goes may take a last connection: so many answers in a row have to be right.
const IN_A_ROW: u32 = 5;
/// After a failure, the same files are tried again this much later, so that a server that was not up yet is not forgotten.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// What happened, a line of the pod's log.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "event")]
enum Happened {
    /// The watch began.
    Watching { folders: Vec<String> },
    /// The files changed, or are the first ones.
    Changed { certificate: Digest },
    /// The server was told.
    Signalled { process: i32 },
    /// A handshake showed the certificate.
    Served { certificate: Digest },
    /// It did not work; the server goes on with what it has.
    Failed { reason: Untrusted<String> },
    /// The pod ends.
    Ended,
}

/// Watches until it is told to end.
pub(crate) async fn run(arguments: &Reload) -> Result<(), Failure> {
    let signals = |kind| signal(kind).map_err(Failure::Runtime);
    let (mut terminate, mut interrupt) = (signals(SignalKind::terminate())?, signals(SignalKind::interrupt())?);
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut round = Round { arguments, served: None, failed: None };
    output::pod_line(&Happened::Watching { folders: arguments.watch.iter().map(|folder| folder.display().to_string()).collect() })?;
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            () = async { ticks.tick().await; round.look().await } => {}
        }
    }
    output::pod_line(&Happened::Ended)
}

/// One look after the other.
struct Round<'a> {
    arguments: &'a Reload,
    /// The files that the server is known to serve.
    served: Option<State>,
    /// The files that failed last, and when.
    failed: Option<(State, Instant)>,
}

impl Round<'_> {
    async fn look(&mut self) {
        let state = State::of(&self.arguments.watch);
        let failed_lately = self.failed.as_ref().is_some_and(|(failed, at)| *failed == state && at.elapsed() < AGAIN_AFTER);
        if self.served.as_ref() == Some(&state) || failed_lately {
            return;
        }
        let first = self.served.is_none() && self.failed.is_none();
        match self.bring_up_to_date(first).await {
            Ok(certificate) => {
                tell(&Happened::Served { certificate });
                (self.served, self.failed) = (Some(state), None);
            }
            Err(reason) => {
                tell(&Happened::Failed { reason: reason.into() });
                self.failed = Some((state, Instant::now()));
            }
        }
    }

    /// Files that the server serves already at the first look need no signal.
    async fn bring_up_to_date(&self, first: bool) -> Result<Digest, String> {
        let arguments = self.arguments;
        let Mounted { certificate, refused } = mounted(arguments)?;
        let is_served = served(arguments.verify, &arguments.server_name).await.as_ref() == Ok(&certificate);
        if let Some(reason) = refused.filter(|_| !is_served) {
            return Err(reason);
        }
        tell(&Happened::Changed { certificate: certificate.clone() });
        if first && is_served {
            return Ok(certificate);
        }
        let process = process::master(&arguments.process)?;
        process::hang_up(process)?;
        tell(&Happened::Signalled { process: process.as_raw_nonzero().get() });
        let (began, mut right) = (Instant::now(), 0);
        loop {
            let seen = served(arguments.verify, &arguments.server_name).await;
            right = if seen.as_ref() == Ok(&certificate) { right + 1 } else { 0 };
            match seen {
                _ if right == IN_A_ROW => return Ok(certificate),
                _ if right > 0 || began.elapsed() < SERVED_WITHIN => sleep(BETWEEN_HANDSHAKES).await,
                Ok(other) => return Err(format!("{} still serves the certificate {other}, not {certificate}", arguments.verify)),
                Err(reason) => return Err(reason),
            }
        }
    }
}

/// The pod's log is all there is to talk to; when it is gone, the work goes on.
fn tell(happened: &Happened) {
    let _ = output::pod_line(happened);
}

/// The pair as it lies there.
struct Mounted {
    /// The digest of the leaf.
    certificate: Digest,
    /// Why it would not do, if it would not.
    refused: Option<String>,
}

/// Reads the pair and judges it for the host that the server is asked for.
fn mounted(arguments: &Reload) -> Result<Mounted, String> {
    let (certificate, key) = (&arguments.certificate, &arguments.key);
    let read = |path: &Path| std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()));
    let chain = read(certificate)?;
    let key = Zeroizing::new(read(key)?);
    let unreadable = |error| format!("{}: {error}", certificate.display());
    let facts = airlock_tls::certificate_facts(&chain, &key).map_err(unreadable)?;
    if !facts.key_matches {
        return Err(format!("the key does not belong to the certificate {}", certificate.display()));
    }
    let told = |finding: &TlsFinding| format!("{}: {} ({})", certificate.display(), finding.why, finding.code);
    let host = Host::served(&arguments.server_name).map_err(|finding| told(&finding))?;
    let judgement = airlock_tls::judge_mounted(&chain, &key, &[host], Timestamp::now()).map_err(unreadable)?;
    Ok(Mounted { certificate: facts.fingerprint, refused: judgement.error().map(told) })
}

/// The digest of the leaf that is served there.
async fn served(at: SocketAddr, server_name: &str) -> Result<Digest, String> {
    let attempt = Attempt {
        id: AttemptId("reload.served".into()),
        from: Vantage::Workstation,
        target: Target::Address { host: at.ip().to_string(), port: at.port() },
        // Whether the chain is trusted is for others to judge; here it only has to be the one of the file.
        action: AttemptAction::Handshake { server_name: server_name.to_owned(), newest: TlsVersion::Tls13, trust: Trust::Unverified },
        control: None,
        purpose: "see which certificate is served".into(),
    };
    match airlock_probe::carry_out(&attempt, &NoPasswords).await.result {
        AttemptResult::Handshaken(presented) => Ok(presented.fingerprint),
        other => Err(format!("no handshake with {at}: {}", word(&other))),
    }
}

const fn word(result: &AttemptResult) -> &'static str {
    match result {
        AttemptResult::Refused => "the connection was refused",
        AttemptResult::TimedOut => "nothing came back",
        AttemptResult::TlsRefused { .. } => "the server ended the handshake",
        AttemptResult::Connected
        | AttemptResult::Handshaken(_)
        | AttemptResult::Agreed(_)
        | AttemptResult::Answered { .. }
        | AttemptResult::KnownAs(_)
        | AttemptResult::Statuses(_)
        | AttemptResult::Unanswered(_)
        | AttemptResult::LoggedIn(_)
        | AttemptResult::SeenFrom(_)
        | AttemptResult::Pulled
        | AttemptResult::Scanned(_)
        | AttemptResult::NotPulled { .. }
        | AttemptResult::Told(_)
        | AttemptResult::SqlRefused { .. }
        | AttemptResult::Admitted
        | AttemptResult::Measured(_)
        | AttemptResult::Rules(_)
        | AttemptResult::Deliveries(_)
        | AttemptResult::NotAdmitted { .. }
        | AttemptResult::Resolved(_)
        | AttemptResult::Untrusted { .. } => "something else was answered",
        AttemptResult::NoSuchName | AttemptResult::Unreachable(_) | AttemptResult::NotCarriedOut(_) => "it could not be tried",
    }
}
