//! TLS-003: hosts refuse TLS 1.0 and 1.1, tried beside a handshake with the newest version.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, Subject, TlsVersion, World};

use super::hosts;
use crate::attempts::{outcome, outdated, outdated_id, served, served_id, words};
use crate::described::{Described, Resting};

const OUTDATED: [TlsVersion; 2] = [TlsVersion::Tls10, TlsVersion::Tls11];

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "TLS-003",
        title: "no host speaks TLS 1.0 or 1.1",
        severity: Severity::High,
        promises: &["P6", "P7"],
        explanation: "Two handshakes with each host at the edge, one that offers nothing newer than TLS 1.0 and one nothing newer than TLS 1.1. Both must be refused while a handshake that offers TLS 1.3 gets as far as a certificate. A connection that fails below TLS proves nothing.",
        remedy: "The edge as Airlock configures it speaks TLS 1.2 and 1.3 alone. Find what answers before it (a load balancer that ends TLS, a changed configuration) and have the old versions switched off there.",
    },
    expected: "refused, while TLS 1.2 or 1.3 is accepted beside it",
    why: "traffic can be forced down to versions whose protection was broken (RFC 8996)",
};

/// The check.
pub(crate) struct OutdatedTls;

impl Check for OutdatedTls {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        hosts::needs(world, |host| std::iter::once(served(world, host)).chain(OUTDATED.map(|version| outdated(world, host, version))))
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        hosts::findings(&TEXTS, given, |host| OUTDATED.map(|version| judge(given, host, version)))
    }
}

fn judge(given: &Snapshot, host: &str, version: TlsVersion) -> Finding {
    let subject = Subject::of("Host", format!("{host}:{}, {}", given.world.edge_port, if version == TlsVersion::Tls10 { "TLS 1.0" } else { "TLS 1.1" }));
    let tried = match outcome(given, &outdated_id(host, version)) {
        Ok(tried) => tried,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    let is_outdated = |version: TlsVersion| version <= TlsVersion::Tls11;
    // An accepted old version is a proof in itself, whatever became of the control.
    if let AttemptResult::Handshaken(presented) = &tried.result
        && is_outdated(presented.version)
    {
        return TEXTS.fail(subject, words(&tried.result)).tried([tried]);
    }
    let control = match outcome(given, &served_id(host)) {
        Ok(control) => control,
        Err(reason) => return TEXTS.unverified(subject, reason).tried([tried]),
    };
    let observed = format!("{}; beside it: {}", words(&tried.result), words(&control.result));
    let is_proved = matches!(tried.result, AttemptResult::TlsRefused { .. }) && control.result.presented().is_some_and(|presented| !is_outdated(presented.version));
    let finding = if is_proved { TEXTS.pass(subject, observed) } else { TEXTS.unverified(subject, observed) };
    finding.tried([tried, control])
}
