//! NET-011: no pod of one Airflow deployment reaches another's servers, tried from a pod that reaches its own.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World, WorldDeployment};

use super::policy_enforced::unenforced;
use crate::attempts::{Prober, crossing, crossing_id, outcome, words};
use crate::described::{Described, Resting};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "NET-011",
        title: "no Airflow deployment reaches the servers of another",
        severity: Severity::Critical,
        promises: &["P3", "P12"],
        explanation: "In the namespace of each Airflow deployment a pod with Airlock's own image, to which the policies of the scheduler apply, connects to the deployment's own API server and to that of each other deployment. The first must be made and the others blocked. When the first is not made, or the attempts of NET-010 do not show that the cluster enforces policies, a blocked connection proves nothing and the check is unverified.",
        remedy: "Compare the NetworkPolicies in the two namespaces with `airlock deployment apply`, which puts them back; one that somebody added may allow more. When NET-010 fails too, the cluster enforces no policies at all.",
    },
    expected: "blocked, while the connection to its own server is made",
    why: "code in a DAG of one deployment can talk to the servers of another",
};

/// The check.
pub(crate) struct DeploymentIsolation;

impl Check for DeploymentIsolation {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        let mut needs: Vec<Need> = if world.deployments.len() < 2 { Vec::new() } else { Prober::needs(world) };
        for (from, to) in pairs(&world.deployments) {
            needs.extend([(from, from), (from, to)].map(|(from, to)| Need::Attempt(Box::new(crossing(from, to)))));
        }
        needs
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        if given.world.base_domain.is_empty() {
            return vec![TEXTS.unverified("Airflow deployments", "nothing is known of the installation")];
        }
        if given.world.deployments.len() < 2 {
            return vec![TEXTS.not_applicable("Airflow deployments", Reason::NoSubject, "there are no two of them")];
        }
        pairs(&given.world.deployments).map(|(from, to)| judge(given, from, to)).collect()
    }
}

/// Every deployment with every other.
fn pairs(deployments: &[WorldDeployment]) -> impl Iterator<Item = (&WorldDeployment, &WorldDeployment)> {
    deployments.iter().flat_map(move |from| deployments.iter().filter(move |to| to.name != from.name).map(move |to| (from, to)))
}

fn judge(given: &Snapshot, from: &WorldDeployment, to: &WorldDeployment) -> Finding {
    let subject = format!("from {} to {}", from.name, to.name);
    let control = match outcome(given, &crossing_id(from, from)) {
        Ok(control) => control,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    let tried = match outcome(given, &crossing_id(from, to)) {
        Ok(tried) => tried,
        Err(reason) => return TEXTS.unverified(subject, reason).tried([control]),
    };
    let observed = format!("its own: {}; the other's: {}", words(&control.result), words(&tried.result));
    let finding = match (&control.result, &tried.result, unenforced(given)) {
        (_, AttemptResult::Connected, _) => TEXTS.fail(subject, observed),
        (AttemptResult::Connected, AttemptResult::TimedOut | AttemptResult::Refused | AttemptResult::Unreachable(_), None) => TEXTS.pass(subject, observed),
        (_, _, Some(why)) => TEXTS.unverified(subject, format!("{observed}; {why}")),
        _ => TEXTS.unverified(subject, observed),
    };
    finding.tried([control, tried])
}
