//! What lost its control proves nothing: refused attempts while what should be let through is not either.

use std::collections::BTreeMap;

use airlock_e2e::{Run, Site};
use serde_json::{Value, json};

use super::provenance::{Policy, UNSIGNED};
use crate::walls::{outside, verdicts};

/// Of hosts at the edge, and of ways from tasks: each is unverified for as long as its control is gone, and passes when that is back.
pub(crate) fn that_are_gone_leave_nothing_proved(site: &Site) {
    without_an_edge(site);
    without_a_way_to_its_own_server(site);
    where_a_pod_is_let_in_that_no_policy_may_let_in(site);
    where_there_is_no_pod_that_a_blocked_one_reaches(site);
    without_the_password_of_the_registry(site);
}

/// Nobody answers at any host, so that nobody answers strangers either.
fn without_an_edge(site: &Site) {
    const AT_HOSTS: [&str; 10] = ["AUT-001", "AUT-005", "AUT-006", "AUT-009", "REG-001", "TLS-002", "TLS-003", "TLS-004", "TLS-006", "TLS-007"];
    site.kubectl(&["scale", "deployment/edge", "--replicas=0"]);
    site.kubectl(&["wait", "--for=delete", "pod", "-l", "app.kubernetes.io/name=edge", "--timeout=120s"]);
    let gone = judge(site, &AT_HOSTS);
    site.kubectl(&["scale", "deployment/edge", "--replicas=1"]);
    site.kubectl(&["rollout", "status", "deployment/edge", "--timeout=120s"]);
    assert_eq!(verdicts(&gone.expect(7).json()), all(&AT_HOSTS, "unverified"));
    assert_eq!(verdicts(&judge(site, &AT_HOSTS).expect(0).json()), all(&AT_HOSTS, "pass"));
}

/// The server of alpha lets nobody in, and the account of its scheduler may do nothing: that they get nowhere else is no wonder.
fn without_a_way_to_its_own_server(site: &Site) {
    const FROM_TASKS: [&str; 5] = ["NET-011", "NET-012", "NET-013", "NET-020", "RBC-009"];
    let in_alpha = |arguments: &[&str]| site.bed.kubectl([&["-n", &site.tenant("alpha")], arguments].concat()).expect("kubectl");
    let mut policy: Value = serde_json::from_str(&in_alpha(&["get", "networkpolicy", "airflow-api-server", "-o", "json"])).expect("JSON");
    for of_the_server in ["creationTimestamp", "managedFields", "resourceVersion", "uid"] {
        policy["metadata"].as_object_mut().expect("metadata").remove(of_the_server);
    }
    let holder = |name: &str| {
        let subjects = json!({ "subjects": [{ "kind": "ServiceAccount", "name": name, "namespace": site.tenant("alpha") }] }).to_string();
        in_alpha(&["patch", "rolebinding", "airflow-scheduler", "--type=merge", "-p", &subjects]);
    };
    in_alpha(&["delete", "networkpolicy", "airflow-api-server"]);
    holder("nobody");
    site.bed.until_enforced(&site.tenant("alpha"), "airflow-api-server", false).expect("it is no longer gone by");
    let gone = judge(site, &FROM_TASKS);
    site.bed.apply(&policy.to_string()).expect("the policy");
    holder("airflow-scheduler");
    site.bed.until_enforced(&site.tenant("alpha"), "airflow-api-server", true).expect("it is gone by");
    let gone = gone.expect(7).json();
    assert_eq!(verdicts(&gone), all(&FROM_TASKS, "unverified"));
    let crossing = gone["findings"].as_array().expect("findings").iter().filter(|finding| finding["check"] == "NET-011" && finding["verdict"] == "unverified");
    assert_eq!(crossing.count(), 2, "where the other's server answers nobody, that it does not answer says nothing either: {gone}");
    assert_eq!(verdicts(&judge(site, &FROM_TASKS).expect(0).json()), all(&FROM_TASKS, "pass"));
}

/// Somebody lets everybody into the namespace of probes: what is blocked elsewhere may be blocked by nobody.
fn where_a_pod_is_let_in_that_no_policy_may_let_in(site: &Site) {
    const BESIDE: [&str; 4] = ["NET-011", "NET-012", "NET-013", "NET-020"];
    let probes = format!("{}-probes", site.name);
    let spec = json!({ "podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}] });
    site.bed.apply(&json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "open", "namespace": probes }, "spec": spec }).to_string()).expect("a policy");
    site.bed.until_enforced(&probes, "open", true).expect("it is gone by");
    let opened = judge(site, &[&["NET-010"], &BESIDE[..]].concat());
    site.bed.kubectl(["-n", &probes, "delete", "networkpolicy", "open"]).expect("kubectl");
    site.bed.until_enforced(&probes, "open", false).expect("it is no longer gone by");
    let mut expected = all(&BESIDE, "unverified");
    expected.insert("NET-010".to_owned(), "fail".to_owned());
    assert_eq!(verdicts(&opened.expect(7).json()), expected);
    assert_eq!(verdicts(&judge(site, &BESIDE).expect(0).json()), all(&BESIDE, "pass"));
}

/// The pod is missing that the two blocked ones reach: what blocks them may be no policy. That nobody lets them in there shows nothing: a
/// pod that has just come is reached until the nodes go by what there is about it.
fn where_there_is_no_pod_that_a_blocked_one_reaches(site: &Site) {
    const LABEL: &str = "airlock-platform.io/probe";
    let probes = format!("{}-probes", site.name);
    let is_no_lobby = format!("(!has(object.metadata.labels) || !('{LABEL}' in object.metadata.labels) || object.metadata.labels['{LABEL}'] != 'lobby')");
    let policy = Policy::new(site, "lobby", &format!("{is_no_lobby} && object.spec.containers.all(container, container.image != '{UNSIGNED}')"), Some(&probes));
    policy.until_refused(&probes, UNSIGNED);
    let gone = judge(site, &["NET-010"]);
    drop(policy);
    assert_eq!(verdicts(&gone.expect(7).json()), all(&["NET-010"], "unverified"));
    assert_eq!(verdicts(&judge(site, &["NET-010"]).expect(0).json()), all(&["NET-010"], "pass"));
}

/// Whoever has the password is turned away as strangers are: the registry may turn everybody away.
fn without_the_password_of_the_registry(site: &Site) {
    let kept = site.kubectl(&["get", "secret", "registry-password", "-o", "jsonpath={.data.value}"]);
    let replaced = |value: &str| site.kubectl(&["patch", "secret", "registry-password", "--type=merge", "-p", &json!({ "data": { "value": value } }).to_string()]);
    replaced("bm90IGl0");
    let gone = judge(site, &["REG-001"]);
    replaced(kept.trim());
    assert_eq!(verdicts(&gone.expect(7).json()), all(&["REG-001"], "unverified"));
    assert_eq!(verdicts(&judge(site, &["REG-001"]).expect(0).json()), all(&["REG-001"], "pass"));
}

fn all(checks: &[&str], verdict: &str) -> BTreeMap<String, String> {
    checks.iter().map(|check| ((*check).to_owned(), verdict.to_owned())).collect()
}

fn judge(site: &Site, checks: &[&str]) -> Run {
    site.run(&["compliance-check", "--no-profile", "--checks", &checks.join(","), "--set", &outside(site), "--namespace", &site.name, "--yes", "--all", "-o", "json"])
}
