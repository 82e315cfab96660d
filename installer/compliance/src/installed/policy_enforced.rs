//! NET-010: the cluster enforces network policies, tried with two connections that are not allowed, each beside two that are.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, Verdict, World};

use crate::attempts::{Prober, outcome, words};
use crate::described::{Described, Resting};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "NET-010",
        title: "the cluster enforces network policies in both directions",
        severity: Severity::Critical,
        promises: &["P3", "P12"],
        explanation: "Pods with Airlock's own image connect to a listening pod in the probes' namespace: one that the policies allow, one that the listener's policy does not let in, one that its own policy does not let out. The two must be blocked while the first connects, and while each of them connects to a second listening pod that its policies allow: a network plugin blocks a new pod until it knows it. When one of these controls does not connect, a blocked connection proves nothing and the check is unverified; a connection that is made and not allowed fails by itself.",
        remedy: "The network plugin of the cluster accepts policies without enforcing them, or not in this direction. Ask the cluster's administrators for one that does (for example Calico, Cilium, or the provider's network policy setting) and run the check again.",
    },
    expected: "blocked, while the allowed connections beside it are made",
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
    let outcomes = [Prober::allowed_id(), prober.own_id(), prober.id()].map(|id| outcome(given, &id));
    let said = outcomes.each_ref().map(|outcome| outcome.as_ref().map_or_else(Clone::clone, |outcome| words(&outcome.result)));
    let observed = format!("allowed: {}; allowed from the same pod: {}; not allowed: {}", said[0], said[1], said[2]);
    let missing = outcomes.iter().find_map(|outcome| outcome.as_ref().err().cloned());
    let results = outcomes.each_ref().map(|outcome| outcome.as_ref().ok().map(|outcome| &outcome.result));
    let finding = match results {
        // What gets in needs no control.
        [.., Some(AttemptResult::Connected)] => TEXTS.fail(subject, observed),
        [Some(AttemptResult::Connected), Some(AttemptResult::Connected), Some(refused)] if is_blocked(refused) => TEXTS.pass(subject, observed),
        // An installation from before the second listener blocks it.
        [Some(AttemptResult::Connected), Some(own), Some(_)] if is_blocked(own) => TEXTS.unverified(subject, format!("{observed}; the policies that allow it come with `airlock install`")),
        _ => TEXTS.unverified(subject, missing.unwrap_or(observed)),
    };
    finding.tried(outcomes.iter().flatten().copied())
}

const fn is_blocked(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::TimedOut | AttemptResult::Refused | AttemptResult::Unreachable(_))
}

/// Why a blocked connection proves nothing here; none: the cluster was seen to enforce policies in both directions.
pub(crate) fn unenforced(given: &Snapshot) -> Option<String> {
    let odd = DIRECTIONS.iter().map(|(prober, subject)| judge(given, *prober, subject)).find(|finding| finding.verdict != Verdict::Pass)?;
    Some(format!("NET-010 does not show that policies are enforced ({}: {})", odd.subject, odd.observed.raw()))
}
