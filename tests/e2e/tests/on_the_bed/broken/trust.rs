//! Who trusts the authorities that signed: nodes that pull and tasks that mount a copy, and that trust taken away.

use airlock_e2e::Site;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::served::{start, stop};

/// Of both pools and of beta's tasks; put back. Where nobody answers, nothing is said about trust.
pub(crate) fn that_is_taken_away_is_told(site: &Site) {
    let pools = ["pool1", "pool2"].map(|pool| format!("a node of pool {pool}"));
    let tasks = ["alpha", "beta"].map(|name| format!("tasks of {name}"));
    let all = |of_nodes: &str, of_beta: &str| {
        let expected = [(&pools[0], of_nodes), (&pools[1], of_nodes), (&tasks[0], "pass"), (&tasks[1], of_beta)];
        expected.map(|(subject, verdict)| (subject.clone(), verdict.to_owned())).to_vec()
    };
    assert_eq!(verdicts(site, 0), all("pass", "pass"));

    let in_beta = |arguments: &[&str]| site.bed.kubectl([&["-n", &site.tenant("beta")], arguments].concat()).expect("kubectl");
    let copy = |value: &str| in_beta(&["patch", "secret", "internal-ca", "--type=merge", "-p", &json!({ "data": { "value": value } }).to_string()]);
    let kept = in_beta(&["get", "secret", "internal-ca", "-o", "jsonpath={.data.value}"]);
    let of_others = std::fs::read(site.bed.company_ca()).expect("the company's authority");
    copy(&STANDARD.encode(of_others));
    site.bed.untrust(&site.registry()).expect("the nodes' administrator");
    let taken = verdicts(site, 7);
    site.trust_on_nodes();
    copy(&kept);
    assert_eq!(taken, all("fail", "fail"));
    assert_eq!(verdicts(site, 0), all("pass", "pass"));

    // The control: a registry that does not answer, and a server that is gone.
    let beta = site.tenant("beta");
    let servers = [(site.name.as_str(), "statefulset/registry"), (beta.as_str(), "deployment/airflow-api-server")];
    for (namespace, workload) in servers {
        stop(site, namespace, workload);
    }
    let gone = verdicts(site, 7);
    for (namespace, workload) in servers {
        start(site, namespace, workload);
    }
    assert_eq!(gone, all("unverified", "unverified"));
    assert_eq!(verdicts(site, 0), all("pass", "pass"));
}

/// Subject and verdict, by subject.
fn verdicts(site: &Site, exit: i32) -> Vec<(String, String)> {
    site.told("TLS-009", &[], exit).into_iter().map(|told| (told.subject, told.verdict)).collect()
}
