//! How far the rotation of an authority has come.

use std::fmt::Write as _;

use airlock_platform::renewal::{Rotated, RotationStep, RotationWait};

use super::certificates;
use super::style::{Ink, Style};

/// What happens meanwhile.
pub(crate) fn step(step: RotationStep) -> String {
    match step {
        RotationStep::Waiting(until) => format!("both are believed; every pod has been told by {until:.0}, and then the next one signs"),
        RotationStep::TakenOver => "the next one signs; the renewer lets servers show what it signed, one after the other".to_owned(),
        RotationStep::Dropped => "the former one is believed no more".to_owned(),
    }
}

/// Where it stands, and what to do.
pub(crate) fn text(rotated: &Rotated, style: Style) -> String {
    let Rotated { authority, certificates, waits, .. } = rotated;
    let mut text = certificates::renewed(certificates, style);
    let mark = |ink, word: &str| style.paint(ink, word);
    let _ = match waits {
        Some(RotationWait::Trust) => writeln!(
            text,
            "{} {authority}: the next one is announced and signs nothing yet\n  Nodes and people have to believe both: `airlock tls trust` says how. Then go on with\n  airlock tls rotate {authority} --trusted",
            mark(Ink::Yellow, "?")
        ),
        Some(RotationWait::Pods(pods)) => {
            let pods = pods.iter().map(|pod| format!("{}/{}", pod.namespace.as_deref().unwrap_or_default(), pod.name)).collect::<Vec<_>>().join("\n    ");
            writeln!(
                text,
                "{} {authority}: the next one is announced and signs nothing yet\n  These pods began before and would not believe it; they run to an end:\n    {pods}\n  When they have ended, go on with\n  airlock tls rotate {authority}",
                mark(Ink::Yellow, "?")
            )
        }
        None if rotated.failed() => {
            writeln!(text, "{} {authority}: the new one signs, and both are believed, since not every server shows what it signed\n  Go on with\n  airlock tls rotate {authority}", mark(Ink::Red, "✗"))
        }
        None => writeln!(text, "{} {authority}: another one has taken its place", mark(Ink::Green, "✓")),
    };
    text
}

#[cfg(test)]
mod tests {
    use airlock_model::ObjectRef;
    use airlock_platform::renewal::{RenewalEnd, RenewalLine, RotationPhase};

    use super::*;

    fn rotated(phase: RotationPhase, waits: Option<RotationWait>) -> Rotated {
        Rotated { authority: "internal-ca".into(), phase, certificates: Vec::new(), waits }
    }

    #[test]
    fn each_end_says_how_to_go_on() {
        let renewed = RenewalEnd::Renewed { cause: "its authority was replaced".into(), not_after: "2027-02-01T00:00:00Z".parse().unwrap(), served_after_millis: 2100 };
        let failed = RenewalEnd::Failed { code: "engine.not-served".into(), why: "another certificate is served".into() };
        let with = |ended: RenewalEnd, phase| Rotated { certificates: vec![RenewalLine { secret: "registry-tls".into(), ended }], ..rotated(phase, None) };
        let pods = vec![ObjectRef::namespaced("v1", "Pod", "airlock-finance", "report-1")];
        let ends = [
            rotated(RotationPhase::Announced, Some(RotationWait::Trust)),
            rotated(RotationPhase::Announced, Some(RotationWait::Pods(pods))),
            with(failed, RotationPhase::TakenOver),
            with(renewed, RotationPhase::Alone),
        ];
        insta::assert_snapshot!(ends.iter().map(|end| text(end, Style::default())).collect::<Vec<_>>().join("\n"));
    }
}
