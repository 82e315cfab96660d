//! TLS-006: the registry is asked over TLS alone, and answers with the certificate of the base domain.

use airlock_model::{Attempt, AttemptResult, Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, Subject, World};

use super::plain_http::leads_to;
use crate::attempts::{PLAIN_PORT, outcome, served, served_id, unsecured, unsecured_id, words};
use crate::described::{Described, Resting};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "TLS-006",
        title: "the registry answers over TLS alone, with the certificate of the base domain",
        severity: Severity::Critical,
        promises: &["P6", "P7"],
        explanation: "At the registry's host: a handshake, whose certificate verifies and equals the one in the Secret of the base domain by its SHA-256; and requests for the base of its API (`/v2/`) without TLS, at port 80 and at the port of TLS itself. There nobody may answer, while the handshake ends well, or the answer must be an error or a redirect to HTTPS on the same host. 2xx, and 401 or 403, which ask for a password, fail: a client sends it then.",
        remedy: "The edge as Airlock configures it answers neither. Find what answers before it (a load balancer with a listener of its own), and close that; compare the certificate with `airlock tls status`. A password that was sent without TLS counts as known.",
    },
    expected: "the certificate of the base domain; without TLS nobody, an error, or a redirect to HTTPS on the same host",
    why: "whoever stands between reads the registry's password, and puts another image in the place of one",
};

/// The check.
pub(crate) struct RegistryTls;

impl Check for RegistryTls {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        let attempts = |host: &String| -> Vec<Attempt> { std::iter::once(served(world, host)).chain(ports(world).map(|port| unsecured(world, host, port))).collect() };
        world.registry.iter().flat_map(attempts).map(|attempt| Need::Attempt(Box::new(attempt))).collect()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        match &given.world.registry {
            Some(host) => std::iter::once(with_tls(given, host)).chain(ports(&given.world).map(|port| without_tls(given, host, port))).collect(),
            None if given.world.base_domain.is_empty() => vec![TEXTS.unverified("registry", "nothing is known of the installation")],
            None => vec![TEXTS.not_applicable("registry", Reason::ComponentOff, "no bundled registry is installed")],
        }
    }
}

/// Where it is asked without TLS.
fn ports(world: &World) -> impl Iterator<Item = u16> {
    [PLAIN_PORT, world.edge_port].into_iter()
}

fn with_tls(given: &Snapshot, host: &str) -> Finding {
    let subject = Subject::of("Host", format!("{host}:{}", given.world.edge_port));
    let tried = match outcome(given, &served_id(host)) {
        Ok(tried) => tried,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    let finding = match (&tried.result, &given.world.certificate) {
        (AttemptResult::Handshaken(presented), Some(expected)) if *expected == presented.fingerprint => {
            TEXTS.pass(subject, format!("the installed certificate, SHA-256 {}", presented.fingerprint.short()))
        }
        (AttemptResult::Handshaken(presented), Some(expected)) => TEXTS.fail(subject, format!("SHA-256 {}; the Secret holds {}", presented.fingerprint.short(), expected.short())),
        (AttemptResult::Handshaken(_), None) => TEXTS.unverified(subject, "the certificate in the Secret was not given, so it could not be compared"),
        (AttemptResult::Untrusted { .. } | AttemptResult::TlsRefused { .. }, _) => TEXTS.fail(subject, words(&tried.result)),
        (other, _) => TEXTS.unverified(subject, words(other)),
    };
    finding.tried([tried])
}

fn without_tls(given: &Snapshot, host: &str, port: u16) -> Finding {
    let subject = Subject::of("Host", format!("{host}:{port}, without TLS"));
    let tried = match outcome(given, &unsecured_id(host, port)) {
        Ok(tried) => tried,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    let said = words(&tried.result);
    if is_open(&tried.result, host) {
        return TEXTS.fail(subject, said).tried([tried]);
    }
    // Nobody answers because nobody is there: that says nothing.
    let control = match outcome(given, &served_id(host)) {
        Ok(control) => control,
        Err(reason) => return TEXTS.unverified(subject, reason).tried([tried]),
    };
    let observed = format!("{said}; beside it, with TLS: {}", words(&control.result));
    let is_shut = matches!(tried.result, AttemptResult::Answered { status: 300..500, .. } | AttemptResult::Refused | AttemptResult::TimedOut | AttemptResult::Unreachable(_));
    let is_there = matches!(control.result, AttemptResult::Handshaken(_) | AttemptResult::Untrusted { .. });
    let finding = if is_shut && is_there { TEXTS.pass(subject, observed) } else { TEXTS.unverified(subject, observed) };
    finding.tried([tried, control])
}

/// The registry answers, or asks for a password, or a client is led elsewhere.
fn is_open(result: &AttemptResult, host: &str) -> bool {
    match result {
        AttemptResult::Answered { status: 200..300 | 401 | 403, .. } => true,
        AttemptResult::Answered { status: 300..=399, location, .. } => !location.as_ref().is_some_and(|location| leads_to(location.raw(), host)),
        _ => false,
    }
}
