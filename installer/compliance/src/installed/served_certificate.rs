//! TLS-002: the certificate that each host and each server inside serves verifies, names it, is in date, and is the one in the Secret.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Presented, Profile, Severity, Snapshot, Subject, World};
use jiff::{SignedDuration, Timestamp};

use super::hosts;
use crate::attempts::{Greeted, outcome, served, words};
use crate::described::{Described, Resting};
use crate::parameter;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "TLS-002",
        title: "every host and server serves the installed, valid certificate",
        severity: Severity::Critical,
        promises: &["P7"],
        explanation: "A handshake with each host at the edge, verified against the authority of the base domain, or the system's when the certificate is from a public one: the chain verifies, the certificate names the host, TLS-002.failDays are left (fewer than TLS-002.warnDays is a warning; of a certificate that lives for less than three times as long a third of its life counts), and its SHA-256 equals that of the certificate in the Secret. The same is asked of each server inside the cluster, verified against the internal authority from a pod under the policies of the renewer, and of the database server from one under those of a scheduler, since it lets in nobody else; of one that you run nothing is stored, so its certificate is compared with none.",
        remedy: "Look at the certificate with `openssl s_client -connect HOST:443 -servername HOST -showcerts`. If the Secret holds a good one, the edge did not load it or something else answers at this address; if not, renew it with `airlock install`. Of a server inside, `airlock tls status` tells what is stored and served, and `airlock tls renew` renews it; the certificate of a database server of yours is renewed by whoever runs that.",
    },
    expected: "chain verifies, names whom it is asked of, in date, equal to the certificate in the Secret where one is stored",
    why: "who connects refuses it (browsers, Airflow, nodes that pull images), or somebody else answers in its place",
};

/// The check.
pub(crate) struct ServedCertificate;

impl Check for ServedCertificate {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        let inside = Greeted::inside(world).into_iter().map(|server| Need::Attempt(Box::new(server.current())));
        hosts::needs(world, |host| [served(world, host)]).into_iter().chain([Need::ServerCertificates]).chain(inside).collect()
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let at_host = |host: &str| [judge(profile, given, &Greeted::host(&given.world, host), Subject::of("Host", format!("{host}:{}", given.world.edge_port)))];
        let inside = Greeted::inside(&given.world);
        let inside = inside.iter().map(|server| judge(profile, given, server, Subject::of("Server", &server.name)));
        hosts::findings(&TEXTS, given, at_host).into_iter().chain(inside).collect()
    }
}

fn judge(profile: &Profile, given: &Snapshot, server: &Greeted, subject: Subject) -> Finding {
    let tried = match outcome(given, server.current_id()) {
        Ok(tried) => tried,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    let finding = match &tried.result {
        AttemptResult::Handshaken(presented) => judge_presented(profile, server, subject, presented, tried.started),
        AttemptResult::Untrusted { .. } | AttemptResult::TlsRefused { .. } => TEXTS.fail(subject, words(&tried.result)),
        result => TEXTS.unverified(subject, words(result)),
    };
    finding.tried([tried])
}

fn judge_presented(profile: &Profile, server: &Greeted, subject: Subject, presented: &Presented, now: Timestamp) -> Finding {
    let days = whole_days(now, presented.not_after);
    let seen = format!("issued by {}, {days} days left, SHA-256 {}", presented.issuer.raw(), presented.fingerprint.short());
    if !presented.names.iter().any(|name| covers(name.raw(), server.server_name())) {
        let names: Vec<&str> = presented.names.iter().map(airlock_model::Untrusted::raw).collect();
        return TEXTS.fail(subject, format!("the certificate names {}, not {}", names.join(", "), server.server_name()));
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
    match server.certificate() {
        Ok(Some(expected)) if *expected != presented.fingerprint => TEXTS.fail(subject, format!("{seen}; the Secret holds {}", expected.short())),
        Err(reason) => TEXTS.unverified(subject, format!("{seen}; it could not be compared with the certificate in the Secret: {reason}")),
        Ok(_) if !server.is_verified() => TEXTS.unverified(subject, format!("{seen}; the authority of servers inside is not known, so its chain was not verified")),
        Ok(_) if fewer_than(warn) => TEXTS.warn(Severity::Medium, subject, format!("{seen}; fewer than {warn} days, or a third of its life")),
        Ok(_) => TEXTS.pass(subject, seen),
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
