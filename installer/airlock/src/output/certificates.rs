//! The certificates of an installation: how each is, and what became of a renewal.

use std::fmt::Write as _;

use airlock_model::{CertificateFacts, RenewalOutcome, RenewalResult, RenewalWindow, Untrusted};
use airlock_platform::renewal::{CertificateState, RenewalEnd, RenewalLine, RotationPhase};
use jiff::Timestamp;

use super::style::{Ink, Style};

const SECONDS_OF_AN_HOUR: i64 = 3_600;
const SECONDS_OF_A_DAY: i64 = 86_400;
/// From here on somebody should know of it.
const SOON: i64 = 21;

/// How each certificate is, at a time.
pub(crate) fn states(states: &[CertificateState], now: Timestamp, style: Style) -> String {
    let mut text = format!("{}\n", style.heading("Certificates"));
    for state in states {
        let name = &state.name;
        let Some(facts) = &state.facts else {
            // The renewer makes none that is for others to hand over, and no authority.
            let made_by = if state.by_people.is_some() { "install --answers FILE".to_owned() } else { format!("tls renew {name}") };
            let _ = writeln!(text, "  {} {name}: there is none that can be read; `airlock {made_by}` makes one", style.paint(Ink::Red, "✗"));
            continue;
        };
        let left = facts.not_after.duration_since(now).as_secs();
        let failed = state.last.as_ref().is_some_and(|last| last.outcome != RenewalOutcome::Renewed);
        let (mark, ink) = match left {
            _ if left <= 0 => ("✗ ended", Ink::Red),
            _ if failed => ("! renewal failed", Ink::Yellow),
            _ if state.served == Some(false) => ("! not served", Ink::Yellow),
            _ if left < SOON * SECONDS_OF_A_DAY && state.due.is_some_and(|due| due <= now) => ("! ends soon", Ink::Yellow),
            _ => ("✓ valid", Ink::Green),
        };
        let left = if left > 0 { format!("{} left, until", time(left)) } else { format!("ended {} ago,", time(-left)) };
        let _ = writeln!(text, "  {} {name}: {left} {:.0}", style.paint(ink, mark), facts.not_after);
        if let Some(phase) = state.rotation {
            authority(&mut text, state, facts, phase, now);
            continue;
        }
        let _ = writeln!(text, "      names    {}", Untrusted::from(facts.names.join(", ")));
        let _ = writeln!(text, "      issuer   {}", facts.issuer);
        let _ = writeln!(text, "      source   {}, {}", state.source, state.signed_by);
        let _ = writeln!(text, "      next     {}", next(state, now));
        let _ = writeln!(text, "      last     {}", state.last.as_ref().map_or_else(|| "never renewed yet".to_owned(), last));
        let served = match state.served {
            Some(true) => "what is stored",
            Some(false) => "another certificate than the stored one; the edge takes a new one within a minute and a half",
            None => "not to be seen from this workstation; the renewer looks at it inside the cluster",
        };
        let _ = writeln!(text, "      served   {served}");
    }
    text
}

/// What is different with an authority: it is shown by nobody, and another one takes its place by hand.
fn authority(text: &mut String, state: &CertificateState, facts: &CertificateFacts, phase: RotationPhase, now: Timestamp) {
    let _ = writeln!(text, "      signs    {} and what is below", Untrusted::from(facts.permitted.join(", ")));
    let _ = writeln!(text, "      next     {}", next(state, now));
    let rotation = match phase {
        RotationPhase::Alone => return,
        RotationPhase::Announced => "the next one is believed beside it and signs nothing yet",
        RotationPhase::TakenOver => "it is the new one; the former one is believed until servers show what this one signed",
    };
    let _ = writeln!(text, "      rotation {rotation}; `airlock tls rotate {}` goes on", state.name);
}

/// When the next one is due, and who has to do something for it.
fn next(state: &CertificateState, now: Timestamp) -> String {
    let asked = match &state.suggested {
        None => String::new(),
        Some(RenewalWindow { explanation: None, .. }) => "; its authority asks for it".to_owned(),
        Some(RenewalWindow { explanation: Some(page), .. }) => format!("; its authority asks for it: {page}"),
    };
    match (state.due, &state.by_people) {
        (None, _) => "unknown".to_owned(),
        (Some(due), _) if state.by_cert_manager && due <= now => "due; cert-manager has not renewed it yet: `kubectl describe certificate base-domain-issued` says why".to_owned(),
        (Some(due), _) if state.by_cert_manager => format!("{due:.0}, by cert-manager; the renewer's next look takes it over"),
        (Some(due), Some(by)) if due <= now => format!("due{asked}, and the renewer cannot make it: {by}"),
        (Some(due), Some(by)) => format!("{due:.0}{asked}, and the renewer cannot make it; then {by}"),
        (Some(due), None) if due <= now => format!("due; the renewer's next look renews it{asked}"),
        (Some(due), None) => format!("{due:.0} at the latest{asked}"),
    }
}

fn last(last: &RenewalResult) -> String {
    let outcome = match last.outcome {
        RenewalOutcome::Renewed => "renewed",
        RenewalOutcome::Failed => "failed, and the one before stayed",
        RenewalOutcome::PutBack => "the new one was not served, and the one before is back",
        RenewalOutcome::NotServed => "what is stored was not served",
    };
    let why = last.why.as_ref().map(|why| format!(": {}", Untrusted::from(why.as_str()))).unwrap_or_default();
    format!("{outcome} at {:.0}{why}", last.at)
}

/// What became of each certificate.
pub(crate) fn renewed(lines: &[RenewalLine], style: Style) -> String {
    lines.iter().map(|line| renewal(line, style)).collect()
}

/// What became of one.
pub(crate) fn renewal(line: &RenewalLine, style: Style) -> String {
    let name = &line.secret;
    match &line.ended {
        RenewalEnd::NotDue { due } => format!("  {} {name}: good and served; due {due:.0} at the latest\n", style.paint(Ink::Green, "✓")),
        RenewalEnd::Renewed { cause, not_after, served_after_millis } => {
            let seconds = served_after_millis / 1000;
            format!("  {} {name}: renewed, since {cause}; ends {not_after:.0}; served {seconds} s after it was stored\n", style.paint(Ink::Green, "✓"))
        }
        RenewalEnd::Failed { code, why } => format!("  {} {name}: not renewed: {} ({code})\n", style.paint(Ink::Red, "✗"), Untrusted::from(why.as_str())),
    }
}

fn time(seconds: i64) -> String {
    match seconds {
        seconds if seconds >= 2 * SECONDS_OF_A_DAY => format!("{} days", seconds / SECONDS_OF_A_DAY),
        seconds if seconds >= 2 * SECONDS_OF_AN_HOUR => format!("{} hours", seconds / SECONDS_OF_AN_HOUR),
        seconds => format!("{} minutes", seconds.max(0) / 60),
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::{Digest, ObjectRef};

    use super::super::tests::samples;
    use super::*;

    fn state(name: &str, not_after: &str, last: Option<RenewalResult>, served: Option<bool>) -> CertificateState {
        let not_after: Timestamp = not_after.parse().unwrap();
        let facts = CertificateFacts {
            fingerprint: Digest::of(name.as_bytes()),
            names: vec!["platform.test".into(), "*.platform.test".into()],
            permitted: Vec::new(),
            authority: false,
            issuer: "CN=Example authority".to_owned().into(),
            key_fingerprint: Digest::of(b"key"),
            issuer_fingerprint: None,
            not_before: Timestamp::UNIX_EPOCH,
            not_after,
            key_matches: true,
        };
        let due = not_after - jiff::SignedDuration::from_hours(30 * 24);
        CertificateState {
            name: name.into(),
            secret: ObjectRef::namespaced("v1", "Secret", "airlock", name),
            due: Some(due),
            suggested: None,
            by_people: None,
            by_cert_manager: false,
            rotation: None,
            facts: Some(facts),
            source: "internal",
            signed_by: "internal-ca".into(),
            last,
            served,
        }
    }

    #[test]
    fn each_certificate_says_what_it_is_for_and_when_it_is_renewed() {
        let authority = |name: &str, phase| {
            let state = state(name, "2027-02-22T12:00:00Z", None, None);
            let facts = state.facts.clone().map(|facts| CertificateFacts { names: Vec::new(), permitted: vec!["platform.test".into()], authority: true, ..facts });
            CertificateState { facts, rotation: Some(phase), by_people: Some(format!("run `airlock tls rotate {name}`")), ..state }
        };
        let result = |outcome, why: Option<&str>| Some(RenewalResult { at: samples::noon(), outcome, why: why.map(str::to_owned) });
        let window = |explanation| RenewalWindow { certificate: Digest::of(b"leaf"), start: samples::noon(), end: samples::noon(), explanation, ask_again: None };
        let by_people = || Some("run `airlock install --answers FILE` again".to_owned());
        let states = [
            state("base-domain-tls", "2027-02-22T12:00:00Z", result(RenewalOutcome::Renewed, None), Some(true)),
            state("registry-tls", "2026-12-04T11:00:00Z", result(RenewalOutcome::Failed, Some("the authority ended")), None),
            state("database-tls", "2026-12-04T11:00:00Z", None, None),
            state("edge-old", "2027-02-22T12:00:00Z", result(RenewalOutcome::PutBack, None), Some(false)),
            state("ended", "2026-11-20T12:00:00Z", None, None),
            CertificateState { by_people: by_people(), ..state("by-people", "2027-02-22T12:00:00Z", None, Some(true)) },
            CertificateState { by_people: by_people(), ..state("by-people-now", "2026-12-04T11:00:00Z", None, Some(true)) },
            CertificateState { suggested: Some(window(None)), ..state("asked-for", "2027-02-22T12:00:00Z", None, Some(true)) },
            CertificateState { suggested: Some(window(Some("https://ca.test/incident".to_owned().into()))), ..state("asked-for-with-a-reason", "2026-12-04T11:00:00Z", None, Some(true)) },
            CertificateState { by_cert_manager: true, ..state("by-cert-manager", "2027-02-22T12:00:00Z", None, Some(true)) },
            CertificateState { by_cert_manager: true, ..state("by-cert-manager-now", "2026-12-04T11:00:00Z", None, Some(true)) },
            authority("internal-ca", RotationPhase::Alone),
            authority("base-domain-ca", RotationPhase::Announced),
            authority("taken-over-ca", RotationPhase::TakenOver),
            CertificateState { facts: None, due: None, ..state("none", "2026-11-20T12:00:00Z", None, None) },
        ];
        insta::assert_snapshot!(super::states(&states, samples::noon(), Style::default()));
    }

    #[test]
    fn a_renewal_says_what_became_of_each() {
        let line = |secret: &str, ended| RenewalLine { secret: secret.into(), ended };
        let lines = [
            line("base-domain-tls", RenewalEnd::Renewed { cause: "its end comes near".into(), not_after: samples::noon(), served_after_millis: 43_210 }),
            line("registry-tls", RenewalEnd::NotDue { due: samples::noon() }),
            line("database-tls", RenewalEnd::Failed { code: "engine.not-served".into(), why: "nothing came back in time".into() }),
        ];
        insta::assert_snapshot!(renewed(&lines, Style::default()));
    }
}
