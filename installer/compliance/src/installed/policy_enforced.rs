//! NET-010: the cluster enforces network policies, tried with one connection that is allowed and two that are not.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, Verdict, World};

use crate::attempts::{Prober, outcome, words};
use crate::described::{Described, Resting};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "NET-010",
        title: "the cluster enforces network policies in both directions",
        severity: Severity::Critical,
        promises: &["P3", "P12"],
        explanation: "Pods with Airlock's own image connect to a listening pod in the probes' namespace: one that the policies allow, one that the listener's policy does not let in, one that its own policy does not let out. The two must be blocked while the first connects. When the first does not connect, a blocked connection proves nothing and the check is unverified.",
        remedy: "The network plugin of the cluster accepts policies without enforcing them, or not in this direction. Ask the cluster's administrators for one that does (for example Calico, Cilium, or the provider's network policy setting) and run the check again.",
    },
    expected: "blocked, while the allowed connection beside it is made",
    why: "every NetworkPolicy in the cluster is then only text: tenants and the platform reach each other",
};

/// What is tried, and the words for its subject.
const DIRECTIONS: [(Prober, &str); 2] = [(Prober::Blocked, "connections into a pod"), (Prober::Confined, "connections out of a pod")];

/// The check.
pub(crate) struct PolicyEnforced;

impl Check for PolicyEnforced {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        Prober::needs(world)
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        DIRECTIONS.map(|(prober, subject)| judge(given, prober, subject)).into()
    }
}

fn judge(given: &Snapshot, prober: Prober, subject: &str) -> Finding {
    let control = match outcome(given, &Prober::Allowed.id()) {
        Ok(control) => control,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    let tried = match outcome(given, &prober.id()) {
        Ok(tried) => tried,
        Err(reason) => return TEXTS.unverified(subject, reason).tried([control]),
    };
    let observed = format!("allowed: {}; not allowed: {}", words(&control.result), words(&tried.result));
    let finding = match (&control.result, &tried.result) {
        (AttemptResult::Connected, AttemptResult::Connected) => TEXTS.fail(subject, observed),
        (AttemptResult::Connected, AttemptResult::TimedOut | AttemptResult::Refused | AttemptResult::Unreachable(_)) => TEXTS.pass(subject, observed),
        _ => TEXTS.unverified(subject, observed),
    };
    finding.tried([control, tried])
}

/// Why a blocked connection proves nothing here; none: the cluster was seen to enforce policies in both directions.
pub(crate) fn unenforced(given: &Snapshot) -> Option<String> {
    let odd = DIRECTIONS.iter().map(|(prober, subject)| judge(given, *prober, subject)).find(|finding| finding.verdict != Verdict::Pass)?;
    Some(format!("NET-010 does not show that policies are enforced ({}: {})", odd.subject, odd.observed.raw()))
}
