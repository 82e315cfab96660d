//! TLS-004: port 80 of each host is closed or leads to HTTPS, and browsers are told to come by HTTPS alone.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, Subject, World};

use super::hosts;
use crate::attempts::{outcome, plain, plain_id, served, served_id, visited, visited_id, words};
use crate::described::{Described, Resting};

/// A year, as lists of hosts that are HTTPS alone ask for (hstspreload.org).
const LEAST_SECONDS: u64 = 31_536_000;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "TLS-004",
        title: "plain HTTP is closed or redirected, and hosts say so (HSTS)",
        severity: Severity::Medium,
        promises: &["P6", "P7"],
        explanation: "A request without TLS to port 80 of each host: nobody may answer, while a handshake with the host ends well, or the answer must be a redirect to HTTPS on the same host. And a request with TLS, whose answer must have Strict-Transport-Security (RFC 6797) for a year at least: browsers then never ask without TLS again.",
        remedy: "The edge as Airlock configures it has no port 80, or one that answers an ACME authority and redirects everybody else, and sends the header. Find what answers before it (a load balancer with a listener of its own) and have it redirect, or closed.",
    },
    expected: "nobody answers or a redirect to HTTPS on the same host; Strict-Transport-Security for a year at least",
    why: "whoever stands between reads the first request, with its cookies, and can answer in the host's place",
};

/// The check.
pub(crate) struct PlainHttp;

impl Check for PlainHttp {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        hosts::needs(world, |host| [served(world, host), plain(world, host), visited(world, host)])
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        hosts::findings(&TEXTS, given, |host| [without_tls(given, host), told(given, host)])
    }
}

fn without_tls(given: &Snapshot, host: &str) -> Finding {
    let subject = Subject::of("Host", format!("{host}, without TLS"));
    let tried = match outcome(given, &plain_id(host)) {
        Ok(tried) => tried,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    let observed = words(&tried.result);
    match &tried.result {
        AttemptResult::Answered { status, location, .. } => {
            let is_redirect = matches!(status, 301 | 302 | 303 | 307 | 308) && location.as_ref().is_some_and(|location| leads_to(location.raw(), host));
            let finding = if is_redirect { TEXTS.pass(subject, observed) } else { TEXTS.fail(subject, observed) };
            finding.tried([tried])
        }
        AttemptResult::Refused | AttemptResult::TimedOut | AttemptResult::Unreachable(_) => match outcome(given, &served_id(host)) {
            // Nobody answers because nobody is there: that says nothing.
            Ok(control) => {
                let observed = format!("{observed}; beside it, with TLS: {}", words(&control.result));
                let is_there = matches!(control.result, AttemptResult::Handshaken(_) | AttemptResult::Untrusted { .. });
                let finding = if is_there { TEXTS.pass(subject, observed) } else { TEXTS.unverified(subject, observed) };
                finding.tried([tried, control])
            }
            Err(reason) => TEXTS.unverified(subject, reason).tried([tried]),
        },
        _ => TEXTS.unverified(subject, observed).tried([tried]),
    }
}

/// Whether a redirect leads to this host by HTTPS.
pub(super) fn leads_to(location: &str, host: &str) -> bool {
    location.strip_prefix("https://").and_then(|rest| rest.get(..host.len()).filter(|start| start.eq_ignore_ascii_case(host)).map(|_| &rest[host.len()..])).is_some_and(|rest| {
        let path = rest.strip_prefix(':').map_or(rest, |rest| rest.trim_start_matches(|digit: char| digit.is_ascii_digit()));
        path.is_empty() || path.starts_with(['/', '?'])
    })
}

fn told(given: &Snapshot, host: &str) -> Finding {
    let subject = Subject::of("Host", format!("{host}, Strict-Transport-Security"));
    let tried = match outcome(given, &visited_id(host)) {
        Ok(tried) => tried,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    let finding = match &tried.result {
        AttemptResult::Answered { transport_security: Some(value), .. } => {
            let is_long = seconds(value.raw()).is_some_and(|seconds| seconds >= LEAST_SECONDS);
            if is_long { TEXTS.pass(subject, value.raw()) } else { TEXTS.fail(subject, value.raw()) }
        }
        AttemptResult::Answered { status, .. } => TEXTS.fail(subject, format!("answered {status} without it")),
        other => TEXTS.unverified(subject, words(other)),
    };
    finding.tried([tried])
}

/// `max-age` (RFC 6797 §6.1.1): names are compared without case, a value may stand in quotes.
fn seconds(value: &str) -> Option<u64> {
    let directives = value.split(';').filter_map(|directive| directive.split_once('='));
    directives.filter(|(name, _)| name.trim().eq_ignore_ascii_case("max-age")).find_map(|(_, value)| value.trim().trim_matches('"').parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_is_to_the_same_host_by_https() {
        for (location, leads) in [
            ("https://a.test/", true),
            ("https://A.test", true),
            ("https://a.test:8443/x", true),
            ("https://a.test?x", true),
            ("http://a.test/", false),
            ("https://a.test.evil/", false),
            ("https://a.test@evil/", false),
            ("https://a.test:1@evil/", false),
            ("https://b.test/", false),
            ("/login", false),
            ("https://ä", false),
        ] {
            assert_eq!(leads_to(location, "a.test"), leads, "{location}");
        }
    }

    #[test]
    fn the_time_is_read_as_the_rfc_writes_it() {
        for (value, read) in [("max-age=31536000", Some(31_536_000)), ("includeSubDomains; Max-Age=\"5\"", Some(5)), ("max-age", None), ("", None), ("preload", None)] {
            assert_eq!(seconds(value), read, "{value}");
        }
    }
}
