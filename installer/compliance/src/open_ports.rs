//! NET-014: nothing listens that was not declared.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, NoPortRange, Outcome, PortRange, Profile, Reason, ScannedPod, Severity, Snapshot, World};

use crate::attempts::{outcome, scan, scan_id, words};
use crate::described::{Described, Resting};
use crate::live;
use crate::parameter;

/// The parameter with the ports that are asked.
pub(crate) const PORTS: &str = "NET-014.ports";

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "NET-014",
        title: "only declared ports are open",
        severity: Severity::Medium,
        promises: &["P3", "P12"],
        explanation: "In each namespace of the installation a pod with Airlock's own image opens a TCP connection to each port of NET-014.ports (`1-65535` is all) of each pod that runs there, and closes it. For that time two NetworkPolicies let this one pod, and by its label no other, to the pods beside it; they are taken away with it, and made only where another policy closes all pods of the namespace. A port that takes a connection and that no container of the pod declares (`containerPort`) fails. A pod of which no declared port took one, or a port said nothing, is unverified; one that declares none stands on a declared port of another pod in its namespace. Pods on their node's network and those that run to an end, such as tasks, are left out, and so is UDP. All ports take ten seconds or more a pod; where no port is named nothing is tried.",
        remedy: "Look what listens there (`kubectl exec … -- ss -ltnp`, or a debugging container) and end it; what is meant to listen is declared in `ports` of its container.",
    },
    expected: "no open port but those that its containers declare",
    why: "what nobody declared nobody watches, patches, or closes by a policy",
};

pub(crate) const CHECK: &dyn Check = &OpenPorts;

/// The check.
struct OpenPorts;

impl Check for OpenPorts {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, profile: &Profile, world: &World) -> Vec<Need> {
        match ports(profile) {
            Ok(ports) if !ports.is_empty() => scanned(&world.namespaces, world).map(|namespace| Need::Attempt(Box::new(scan(namespace, &ports)))).collect(),
            Ok(_) | Err(_) => Vec::new(),
        }
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        match ports(profile) {
            Ok(ports) if ports.is_empty() => return vec![TEXTS.not_applicable("ports of pods", Reason::NotAsked, format!("{PORTS} names no port"))],
            Ok(_) => {}
            Err(error) => return vec![TEXTS.unverified(PORTS, error.to_string())],
        }
        match live::namespaces(given) {
            Ok(namespaces) => scanned(namespaces, &given.world).flat_map(|namespace| of_namespace(given, namespace)).collect(),
            Err(reason) => vec![TEXTS.unverified("the installation", reason)],
        }
    }
}

fn ports(profile: &Profile) -> Result<Vec<PortRange>, NoPortRange> {
    parameter::texts(profile, PORTS).into_iter().map(str::parse).collect()
}

/// In the namespace of probes nothing serves.
fn scanned<'a>(namespaces: &'a [String], world: &'a World) -> impl Iterator<Item = &'a str> {
    namespaces.iter().map(String::as_str).filter(|namespace| *namespace != world.probes)
}

fn of_namespace(given: &Snapshot, namespace: &str) -> Vec<Finding> {
    let outcome = match outcome(given, &scan_id(namespace)) {
        Ok(outcome) => outcome,
        Err(reason) => return vec![TEXTS.unverified(namespace, reason)],
    };
    match &outcome.result {
        AttemptResult::Scanned(pods) => {
            let is_let_in = pods.iter().any(is_reached);
            pods.iter().map(|pod| judge(namespace, pod, is_let_in, outcome)).collect()
        }
        other => vec![TEXTS.unverified(namespace, words(other)).tried([outcome])],
    }
}

fn is_reached(pod: &ScannedPod) -> bool {
    pod.declared.iter().any(|port| pod.open.contains(port))
}

fn judge(namespace: &str, pod: &ScannedPod, is_let_in: bool, outcome: &Outcome) -> Finding {
    let subject = format!("pod {namespace}/{}", pod.pod);
    let undeclared: Vec<u16> = pod.open.iter().copied().filter(|port| !pod.declared.contains(port)).collect();
    let finding = if !undeclared.is_empty() {
        TEXTS.fail(subject, format!("open and not declared: {}", listed(&undeclared)))
    } else if pod.silent > 0 {
        TEXTS.unverified(subject, format!("{} of its ports gave no answer", pod.silent))
    } else if !is_reached(pod) && !pod.declared.is_empty() {
        TEXTS.unverified(subject, format!("nothing took a connection, not even what it declares: {}", listed(&pod.declared)))
    } else if !is_let_in {
        TEXTS.unverified(subject, "no port of its namespace took a connection, so nothing shows that the scan was let in")
    } else if pod.open.is_empty() {
        TEXTS.pass(subject, "no port is open")
    } else {
        TEXTS.pass(subject, format!("open: {}", listed(&pod.open)))
    };
    finding.tried([outcome])
}

fn listed(ports: &[u16]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = ports.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = ports.len().saturating_sub(SHOWN);
    if more == 0 { shown.join(", ") } else { format!("{}, and {more} more", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    use airlock_model::{AttemptId, Verdict};
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::network::tests::profile;

    fn pod(declared: &[u16], open: &[u16], silent: u32) -> ScannedPod {
        ScannedPod { pod: "web-0".to_owned(), declared: declared.to_vec(), open: open.to_vec(), silent }
    }

    fn judged(result: Option<AttemptResult>) -> Vec<Finding> {
        let profile = profile(json!({ (PORTS): ["1-1024", "8443"] }));
        let world = World { namespaces: vec!["shop".into(), "probes".into()], probes: "probes".into(), ..World::default() };
        let asked: Vec<AttemptId> = CHECK.needs(&profile, &world).into_iter().filter_map(|need| if let Need::Attempt(attempt) = need { Some(attempt.id) } else { None }).collect();
        assert_eq!(asked, [scan_id("shop")], "nothing serves where probes are made");
        let of = |result| Outcome { attempt: scan_id("shop"), result, source: None, destination: None, started: Timestamp::UNIX_EPOCH, took_millis: 0 };
        let outcomes = result.into_iter().map(|result| (scan_id("shop"), of(result))).collect();
        CHECK.evaluate(&profile, &Snapshot { world, outcomes, ..Snapshot::default() })
    }

    fn verdicts(pods: Vec<ScannedPod>) -> Vec<Verdict> {
        judged(Some(AttemptResult::Scanned(pods))).into_iter().map(|finding| finding.verdict).collect()
    }

    #[test]
    fn an_open_port_fails_that_is_not_declared_and_nothing_passes_unseen() {
        use Verdict::{Fail, Pass, Unverified};
        for (found, verdict) in [
            (pod(&[8443], &[8443], 0), Pass),
            (pod(&[80, 8443], &[8443], 0), Pass),
            (pod(&[8443], &[22, 8443], 0), Fail),
            (pod(&[8443], &[22], 0), Fail),
            (pod(&[8443], &[22, 8443], 40), Fail),
            (pod(&[8443], &[8443], 1), Unverified),
            (pod(&[8443], &[], 0), Unverified),
            (pod(&[], &[], 0), Unverified),
            (pod(&[], &[22], 0), Fail),
        ] {
            assert_eq!(verdicts(vec![found.clone()]), [verdict], "{found:?}");
        }
        assert_eq!(verdicts(vec![pod(&[], &[], 0), pod(&[8443], &[8443], 0)]), [Pass, Pass], "one shows that the scan was let in to the other");
        assert_eq!(verdicts(vec![pod(&[8443], &[], 0), pod(&[8443], &[8443], 0)]), [Unverified, Pass], "what declares a port shows it itself");
    }

    #[test]
    fn without_a_scan_nothing_is_said_of_ports() {
        for result in [None, Some(AttemptResult::NotCarriedOut("forbidden".to_owned().into())), Some(AttemptResult::TimedOut)] {
            let [finding] = &judged(result)[..] else { panic!("one finding") };
            assert_eq!(finding.verdict, Verdict::Unverified);
        }
    }

    #[test]
    fn nothing_is_tried_that_nobody_asked_for_or_that_is_no_port() {
        let world = World { namespaces: vec!["shop".into()], ..World::default() };
        for (parameters, verdict) in [(json!({}), Verdict::NotApplicable), (json!({ (PORTS): ["1-1024", "https"] }), Verdict::Unverified)] {
            let profile = profile(parameters);
            assert!(CHECK.needs(&profile, &world).is_empty());
            assert_eq!(CHECK.evaluate(&profile, &Snapshot { world: world.clone(), ..Snapshot::default() })[0].verdict, verdict);
        }
    }

    #[test]
    fn many_ports_are_counted() {
        assert_eq!(listed(&(1..=10).collect::<Vec<_>>()), "1, 2, 3, 4, 5, 6, 7, 8, and 2 more");
    }
}
