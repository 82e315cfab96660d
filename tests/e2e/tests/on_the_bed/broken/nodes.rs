//! A way from tasks to nodes and to the platform that nobody declared, an object that is no longer as it was installed, and a file of a node
//! that everybody reads.

use airlock_e2e::Site;
use serde_json::{Value, json};

use crate::walls::{outside, verdicts};

/// A policy that lets tasks of one deployment out, an object of the other that is no longer as it was installed, and a file of a node
/// that everybody reads, as kube-bench says.
pub(crate) fn a_way_to_the_nodes_and_what_was_changed_are_told(site: &Site) {
    let result = |number: &str, status: &str| json!({ "test_number": number, "status": status, "scored": true, "actual_value": "permissions=644" });
    let results: Vec<Value> = (1..=10).map(|number| format!("4.1.{number}")).chain(["4.2.7".to_owned()]).map(|number| result(&number, if number == "4.1.9" { "FAIL" } else { "PASS" })).collect();
    let written = json!({ "Controls": [{ "id": "4", "version": "cis-1.12", "tests": [{ "section": "4.1", "results": results }] }] });
    let handed: Vec<String> = ["node1", "node2"].map(|node| format!("{node}={}", site.file(&format!("{node}.json"), &written.to_string()).display())).into();
    let (alpha, beta) = (site.tenant("alpha"), site.tenant("beta"));
    let platform = json!({ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": site.name } } });
    let egress = json!([{ "to": [{ "ipBlock": { "cidr": "0.0.0.0/0" } }], "ports": [{ "port": 10250 }, { "port": 53 }] }, { "to": [platform] }]);
    let way = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "way", "namespace": alpha },
        "spec": { "podSelector": { "matchLabels": { "app.kubernetes.io/name": "airflow-task" } }, "policyTypes": ["Egress"], "egress": egress },
    });
    site.bed.apply(&way.to_string()).expect("a policy");
    site.bed.until_enforced(&alpha, "way", true).expect("it is gone by");
    let labelled = |value: &str| site.bed.kubectl(["-n", &beta, "label", "networkpolicy", "default-deny", "--overwrite", &format!("app.kubernetes.io/component={value}")]).expect("kubectl");
    let component = site.bed.kubectl(["-n", &beta, "get", "networkpolicy", "default-deny", "-o", r"jsonpath={.metadata.labels.app\.kubernetes\.io/component}"]).expect("a label");
    labelled("somebody");
    // It is named, so that the role alone says nothing; who holds it does.
    let in_beta = |arguments: &[&str]| site.bed.kubectl([&["-n", &beta], arguments].concat()).expect("kubectl");
    in_beta(&["create", "role", "reader", "--verb=get", "--resource=secrets", "--resource-name=airflow-fernet-key"]);
    in_beta(&["create", "rolebinding", "reader", "--role=reader", &format!("--serviceaccount={alpha}:airflow-scheduler")]);
    let checks = ["compliance-check", "--no-profile", "--checks", "AUT-008,CPL-003,EVD-001,EVD-002,NET-012,NET-013,NET-020,SEC-003", "--set", &outside(site)];
    let opened = site.run(&[&checks[..], &["--node-report", &handed[0], "--node-report", &handed[1], "--namespace", &site.name, "--yes", "--all", "-o", "json"]].concat());
    in_beta(&["delete", "role/reader", "rolebinding/reader"]);
    labelled(&component);
    site.bed.kubectl(["-n", &alpha, "delete", "networkpolicy", "way"]).expect("kubectl");
    site.bed.until_enforced(&alpha, "way", false).expect("it is no longer gone by");

    let opened = opened.expect(7).json();
    let expected = [("AUT-008", "pass"), ("CPL-003", "fail"), ("EVD-001", "pass"), ("EVD-002", "fail"), ("NET-012", "fail"), ("NET-013", "fail"), ("NET-020", "fail"), ("SEC-003", "fail")];
    assert_eq!(verdicts(&opened), expected.map(|(id, verdict)| (id.to_owned(), verdict.to_owned())).into(), "{opened}");
    let failed: Vec<String> = opened["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["verdict"] == "fail")
        .map(|finding| format!("{} {}: {}", finding["check"].as_str().unwrap_or_default(), finding["subject"]["name"].as_str().unwrap_or_default(), finding["observed"].as_str().unwrap_or_default()))
        .collect();
    let of = |id: &str| failed.iter().filter(|told| told.starts_with(id)).collect::<Vec<_>>();
    assert!(matches!(&of("NET-013")[..], [told] if told.starts_with("NET-013 from tasks of alpha to kubelets: ") && told.contains("port 10250: connected")), "{failed:#?}");
    assert!(matches!(&of("NET-020")[..], [told] if told.starts_with("NET-020 from tasks of alpha to ") && told.ends_with(":53: connected")), "{failed:#?}");
    // The edge lets in whoever comes.
    assert!(of("NET-012").iter().any(|told| told.starts_with("NET-012 from tasks of alpha to edge: ")) && !of("NET-012").iter().any(|told| told.contains("beta")), "{failed:#?}");
    assert!(matches!(&of("EVD-002")[..], [told] if told.starts_with("EVD-002 default-deny: changed: metadata.labels")), "{failed:#?}");
    assert_eq!(of("SEC-003"), [&format!("SEC-003 reader: ServiceAccount/{alpha}/airflow-scheduler may read airflow-fernet-key of namespace {beta}")], "{failed:#?}");
    assert_eq!(of("CPL-003"), ["CPL-003 node1: CIS 4.1.9: permissions=644", "CPL-003 node2: CIS 4.1.9: permissions=644"], "{failed:#?}");
}
