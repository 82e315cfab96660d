//! TLS-002: the certificate that each host serves verifies, names the host, is in date, and is the one in the Secret.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Outcome, Presented, Profile, Severity, Snapshot, Subject, World};
use jiff::{SignedDuration, Timestamp};

use super::hosts;
use crate::attempts::{outcome, served, served_id, words};
use crate::described::{Described, Resting};
use crate::parameter;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "TLS-002",
        title: "every host serves the installed, valid certificate",
        severity: Severity::Critical,
        promises: &["P7"],
        explanation: "A handshake with each host at the edge, verified against the authority of the base domain, or the system's when the certificate is from a public one: the chain verifies, the certificate names the host, TLS-002.failDays are left (fewer than TLS-002.warnDays is a warning; of a certificate that lives for less than three times as long a third of its life counts), and its SHA-256 equals that of the certificate in the Secret.",
        remedy: "Look at the certificate with `openssl s_client -connect HOST:443 -servername HOST -showcerts`. If the Secret holds a good one, the edge did not load it or something else answers at this address; if not, renew it with `airlock install`.",
    },
    expected: "chain verifies, names the host, in date, equal to the certificate in the Secret",
    why: "browsers, Airflow, and nodes that pull images refuse the host, or somebody else answers in its place",
};

/// The check.
pub(crate) struct ServedCertificate;

impl Check for ServedCertificate {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        hosts::needs(world, |host| [served(world, host)])
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        hosts::findings(&TEXTS, given, |host| {
            let subject = Subject::of("Host", format!("{host}:{}", given.world.edge_port));
            [match outcome(given, &served_id(host)) {
                Ok(outcome) => judge(profile, given, host, subject, outcome).tried([outcome]),
                Err(reason) => TEXTS.unverified(subject, reason),
            }]
        })
    }
}

fn judge(profile: &Profile, given: &Snapshot, host: &str, subject: Subject, outcome: &Outcome) -> Finding {
    match &outcome.result {
        AttemptResult::Handshaken(presented) => judge_presented(profile, given, host, subject, presented, outcome.started),
        AttemptResult::Untrusted { .. } | AttemptResult::TlsRefused { .. } => TEXTS.fail(subject, words(&outcome.result)),
        result => TEXTS.unverified(subject, words(result)),
    }
}

fn judge_presented(profile: &Profile, given: &Snapshot, host: &str, subject: Subject, presented: &Presented, now: Timestamp) -> Finding {
    let days = whole_days(now, presented.not_after);
    let seen = format!("issued by {}, {days} days left, SHA-256 {}", presented.issuer.raw(), presented.fingerprint.short());
    if !presented.names.iter().any(|name| covers(name.raw(), host)) {
        let names: Vec<&str> = presented.names.iter().map(airlock_model::Untrusted::raw).collect();
        return TEXTS.fail(subject, format!("the certificate names {}, not this host", names.join(", ")));
    }
    if presented.not_after <= now {
        return TEXTS.fail(subject, format!("the certificate expired on {}", presented.not_after));
    }
    let (fail, warn) = match (parameter::days(profile, "TLS-002.failDays"), parameter::days(profile, "TLS-002.warnDays")) {
        (Ok(fail), Ok(warn)) => (fail, warn),
        (Err(reason), _) | (_, Err(reason)) => return TEXTS.unverified(subject, reason),
    };
    let left = now.duration_until(presented.not_after);
    let fewer_than = |days: i64| left < SignedDuration::from_hours(24 * days).min(presented.not_before.duration_until(presented.not_after) / 3);
    if fewer_than(fail) {
        return TEXTS.fail(subject, format!("{seen}; fewer than {fail} days, or a third of its life"));
    }
    match &given.world.certificate {
        Some(expected) if *expected != presented.fingerprint => TEXTS.fail(subject, format!("{seen}; the Secret holds {}", expected.short())),
        None => TEXTS.unverified(subject, format!("{seen}; the certificate in the Secret was not given, so it could not be compared")),
        Some(_) if fewer_than(warn) => TEXTS.warn(Severity::Medium, subject, format!("{seen}; fewer than {warn} days, or a third of its life")),
        Some(_) => TEXTS.pass(subject, seen),
    }
}

fn whole_days(from: Timestamp, to: Timestamp) -> i64 {
    (to.as_second() - from.as_second()).div_euclid(24 * 60 * 60)
}

/// RFC 6125 §6.4.3: a wildcard stands for the whole leftmost label, and for one label alone.
fn covers(name: &str, host: &str) -> bool {
    let name = name.to_ascii_lowercase();
    match name.strip_prefix("*.") {
        Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
        None => name.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_label() {
        assert!(covers("*.platform.test", "registry.platform.test"));
        assert!(covers("Platform.test", "platform.test"));
        assert!(!covers("*.platform.test", "platform.test"));
        assert!(!covers("*.platform.test", "a.b.platform.test"));
        assert!(!covers("*.test", "registry.platform.test"));
    }
}
