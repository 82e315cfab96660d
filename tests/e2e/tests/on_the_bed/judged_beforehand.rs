//! What a plan would write is judged before anything of it is there, and has the same verdicts once it is.

use std::collections::BTreeMap;

use airlock_e2e::Site;
use serde_json::Value;

/// Checks that judge objects alone.
const CHECKS: &str = "PSS-*,WKL-*,NET-001,RBC-*";

/// Check and object, with all that was said of it.
pub(crate) type Verdicts = BTreeMap<(String, String), Vec<String>>;

/// By the plan alone: there is no cluster in that kubeconfig. What runs by schedule has no pod yet when the cluster is looked at,
/// and of a whole (`all files`) the two say other things.
pub(crate) fn of_plan(site: &Site, planned: &str) -> Verdicts {
    let file = site.file("planned.json", planned).display().to_string();
    let nowhere = site.file("nowhere.kubeconfig", "apiVersion: v1\nkind: Config\n").display().to_string();
    let judged = site.run(&["--kubeconfig", &nowhere, "compliance-check", "--plan", &file, "--checks", CHECKS, "--all", "-o", "json"]);
    let mut all = verdicts(&judged.json(), str::to_owned);
    all.retain(|(_, object), _| !object.starts_with("CronJob/") && !object.starts_with("Scope/"));
    let edge = ("PSS-001".to_owned(), format!("Deployment/{}/edge", site.name));
    assert!(all.contains_key(&edge), "{all:?}");
    all
}

/// What stands in the cluster, pods by the workload that they are of; what the plan did not write is left out.
pub(crate) fn of_cluster(site: &Site, planned: &Verdicts) -> Verdicts {
    let judged = site.run(&["compliance-check", "--namespace", &site.name, "--checks", CHECKS, "--probes", "none", "--all", "-o", "json"]);
    let is_of = |pod: &str, workload: &str| {
        let (Some(pod), Some((_, workload))) = (pod.strip_prefix("Pod/"), workload.split_once('/')) else { return false };
        pod.strip_prefix(workload).is_some_and(|rest| rest.starts_with('-'))
    };
    let planned_as = |object: &str| planned.keys().map(|(_, workload)| workload).find(|workload| is_of(object, workload)).map_or_else(|| object.to_owned(), Clone::clone);
    let mut live = verdicts(&judged.json(), planned_as);
    live.retain(|key, _| planned.contains_key(key));
    live
}

/// What would be tried is listed and not tried; what was left out is unverified, and nothing else is.
pub(crate) fn attempts_are_listed_or_left_out(site: &Site) {
    let check = |probes: &str| site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--probes", probes, "-o", "json"]);
    let audit = site.audit();
    let listed = check("list").expect(0).json();
    let purposes: Vec<&str> = listed["attempts"].as_array().expect("attempts").iter().filter_map(|attempt| attempt["purpose"].as_str()).collect();
    assert!(purposes.len() > 10 && purposes.iter().all(|purpose| !purpose.is_empty()), "{listed}");
    let report = check("none").expect(7).json();
    assert_eq!(audit.writes(), [], "no pod for an attempt");
    let of_verdict = |verdict: &str| report["checks"].as_array().expect("checks").iter().filter(|check| check["verdict"] == verdict).filter_map(|check| check["id"].as_str()).collect::<Vec<_>>();
    let unverified = of_verdict("unverified");
    assert!(["TLS-002", "REG-001", "NET-010"].iter().all(|id| unverified.contains(id)), "{unverified:?}");
    assert_eq!(of_verdict("fail"), [""; 0], "{report}");
}

fn verdicts(report: &Value, called: impl Fn(&str) -> String) -> Verdicts {
    let mut all = Verdicts::new();
    for finding in report["findings"].as_array().expect("findings") {
        let text = |pointer: &str| finding.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let object = format!("{}/{}/{}", text("/subject/kind"), text("/subject/namespace"), text("/subject/name"));
        all.entry((text("/check"), called(&object))).or_default().push(format!("{} {}", text("/verdict"), text("/observed")));
    }
    all
}
