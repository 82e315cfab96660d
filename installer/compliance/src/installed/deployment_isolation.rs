//! NET-011: no pod of one Airflow deployment reaches another's servers, tried from pods that reach their own.

use airlock_model::{AttemptId, AttemptResult, Check, CheckSpec, Finding, Need, Outcome, Profile, Reason, ScannedPod, Severity, Snapshot, World, WorldDeployment};

use super::policy_enforced::unenforced;
use crate::attempts::{Prober, TenantCode, crossing, crossing_id, intrusion, intrusion_id, outcome, words};
use crate::described::{Described, Resting};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "NET-011",
        title: "no Airflow deployment reaches the servers of another",
        severity: Severity::Critical,
        promises: &["P3", "P12"],
        explanation: "In the namespace of each Airflow deployment a pod with Airlock's own image, to which the policies of the scheduler apply, connects to the deployment's own API server and to that of each other deployment; and one under the policies of each place in which code of DAGs runs (tasks, the DAG processor, the triggerer) connects to the server that it needs (the deployment's own for tasks, the database for the others) and to every pod of each other deployment that runs there for good, from each place at the same ports: each TCP port that its containers declare and others where Airflow and what stands beside it may listen (5432, 5555, 6379, 8793, 8794, 8974, 9102). Those to the own servers must be made, in the other deployment too, and the others blocked. When they are not made, or the attempts of NET-010 do not show that the cluster enforces policies, a blocked connection proves nothing and the check is unverified.",
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
            let of_code = TenantCode::PLACES.into_iter().flat_map(|place| std::iter::once(intrusion(place, from, to)).chain(place.own(world, from)));
            let tried = [crossing(from, from), crossing(from, to)].into_iter().chain(of_code);
            needs.extend(tried.map(|attempt| Need::Attempt(Box::new(attempt))));
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
    let subject = || format!("from {} to {}", from.name, to.name);
    judge_tried(given, from, to, subject()).unwrap_or_else(|reason| breach(given, from, to, subject()).unwrap_or_else(|| TEXTS.unverified(subject(), reason)))
}

/// What got through, whatever else was not tried.
fn breach(given: &Snapshot, from: &WorldDeployment, to: &WorldDeployment, subject: String) -> Option<Finding> {
    let tried = |id: &AttemptId| outcome(given, id).ok();
    let server = tried(&crossing_id(from, to)).filter(|server| server.result == AttemptResult::Connected);
    let of_pods = |place: TenantCode| Some((place, tried(&intrusion_id(place, from, to)).filter(|pods| gets_through(&pods.result))?));
    let of_code: Vec<(TenantCode, &Outcome)> = TenantCode::PLACES.into_iter().filter_map(of_pods).collect();
    let of_server = server.iter().map(|server| format!("the other's: {}", words(&server.result)));
    let observed: Vec<String> = of_server.chain(of_code.iter().map(|(place, pods)| format!("its pods, from {}: {}", place.words(), told_of_pods(&pods.result)))).collect();
    (!observed.is_empty()).then(|| TEXTS.fail(subject, observed.join("; ")).tried(server.into_iter().chain(of_code.iter().map(|(_, pods)| *pods))))
}

/// An error: one of the attempts was not made.
fn judge_tried(given: &Snapshot, from: &WorldDeployment, to: &WorldDeployment, subject: String) -> Result<Finding, String> {
    let server = outcome(given, &crossing_id(from, to))?;
    // That the other's server is there is known by the pod beside it.
    let (own, theirs) = (outcome(given, &crossing_id(from, from))?, outcome(given, &crossing_id(to, to))?);
    let of_code = TenantCode::PLACES.into_iter().map(|place| {
        let (own, pods) = (outcome(given, &place.own_id(from))?, outcome(given, &intrusion_id(place, from, to))?);
        Ok(FromCode { place, own, pods })
    });
    let of_code = of_code.collect::<Result<Vec<_>, String>>()?;
    let each = |said: &dyn Fn(&FromCode<'_>) -> String| of_code.iter().map(|tried| format!("from {} {}", tried.place.words(), said(tried))).collect::<Vec<_>>().join(", ");
    let observed = format!(
        "its own: {}; the other's: {}, from beside it {}; its pods: {}; beside them {}",
        words(&own.result),
        words(&server.result),
        words(&theirs.result),
        each(&|tried| told_of_pods(&tried.pods.result)),
        each(&|tried| format!("to {}: {}", tried.place.partner(), words(&tried.own.result)))
    );
    let is_blocked = matches!(server.result, AttemptResult::TimedOut | AttemptResult::Refused | AttemptResult::Unreachable(_));
    let finding = if server.result == AttemptResult::Connected || of_code.iter().any(|tried| gets_through(&tried.pods.result)) {
        TEXTS.fail(subject, observed)
    } else if is_blocked && of_code.iter().all(FromCode::is_blocked) {
        let controls = of_code.iter().map(|tried| tried.own).chain([own, theirs]);
        match unenforced(given) {
            Some(why) => TEXTS.unverified(subject, format!("{observed}; {why}")),
            None if controls.map(|control| &control.result).all(|result| *result == AttemptResult::Connected) => TEXTS.pass(subject, observed),
            None => TEXTS.unverified(subject, observed),
        }
    } else {
        TEXTS.unverified(subject, observed)
    };
    Ok(finding.tried([own, server, theirs].into_iter().chain(of_code.iter().flat_map(|tried| [tried.own, tried.pods]))))
}

/// What came of the attempts at pods from one place, and of the control beside them.
struct FromCode<'a> {
    place: TenantCode,
    own: &'a Outcome,
    pods: &'a Outcome,
}

impl FromCode<'_> {
    fn is_blocked(&self) -> bool {
        matches!(&self.pods.result, AttemptResult::Scanned(found) if !found.is_empty() && found.iter().all(|pod| pod.open.is_empty()))
    }
}

fn gets_through(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::Scanned(found) if found.iter().any(|pod| !pod.open.is_empty()))
}

/// Which pods took a connection, and where.
fn told_of_pods(result: &AttemptResult) -> String {
    let AttemptResult::Scanned(pods) = result else { return words(result) };
    let open = |pod: &ScannedPod| pod.open.iter().map(|port| format!("{} took one at port {port}", pod.pod)).collect::<Vec<_>>();
    let open: Vec<String> = pods.iter().flat_map(open).collect();
    if open.is_empty() { format!("none of {} took a connection", pods.len()) } else { open.join(", ") }
}
