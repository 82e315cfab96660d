//! A way from code of DAGs to nodes and to the platform that nobody declared, an object that is no longer as it was installed, and a file of a node
//! that everybody reads.

use std::process::{Child, Stdio};

use airlock_e2e::{Site, program};
use serde_json::{Value, json};

use crate::walls::{outside, verdicts};

/// A policy that lets tasks and triggers of one deployment out, an object of the other that is no longer as it was installed, and a file of a node
/// that everybody reads, as kube-bench says.
pub(crate) fn a_way_to_the_nodes_and_what_was_changed_are_told(site: &Site) {
    let result = |number: &str, status: &str| json!({ "test_number": number, "status": status, "scored": true, "actual_value": "permissions=644" });
    let results: Vec<Value> = (1..=10).map(|number| format!("4.1.{number}")).chain(["4.2.7".to_owned()]).map(|number| result(&number, if number == "4.1.9" { "FAIL" } else { "PASS" })).collect();
    let written = json!({ "Controls": [{ "id": "4", "version": "cis-1.12", "tests": [{ "section": "4.1", "results": results }] }] });
    let handed: Vec<String> = ["node1", "node2"].map(|node| format!("{node}={}", site.file(&format!("{node}.json"), &written.to_string()).display())).into();
    let (alpha, beta) = (site.tenant("alpha"), site.tenant("beta"));
    let platform = json!({ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": site.name } } });
    let ports = [10250, 10255, 2379, 80, 53].map(|port| json!({ "port": port }));
    let egress = json!([{ "to": [{ "ipBlock": { "cidr": "0.0.0.0/0" } }], "ports": ports }, { "to": [platform] }]);
    let way = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "way", "namespace": alpha },
        "spec": { "podSelector": { "matchExpressions": [{ "key": "app.kubernetes.io/name", "operator": "In", "values": ["airflow-task", "airflow-triggerer"] }] }, "policyTypes": ["Egress"], "egress": egress },
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
    let doors = [1, 2].map(|number| Doors::open(site, number));
    let checks = ["compliance-check", "--no-profile", "--checks", "AUT-008,CPL-003,EVD-001,EVD-002,NET-012,NET-013,NET-020,SEC-003", "--set", &outside(site)];
    let opened = site.run(&[&checks[..], &["--node-report", &handed[0], "--node-report", &handed[1], "--namespace", &site.name, "--yes", "--all", "-o", "json"]].concat());
    drop(doors);
    in_beta(&["delete", "role/reader", "rolebinding/reader"]);
    labelled(&component);
    site.bed.kubectl(["-n", &alpha, "delete", "networkpolicy", "way"]).expect("kubectl");
    site.bed.until_enforced(&alpha, "way", false).expect("it is no longer gone by");

    let opened = opened.expect(7).json();
    let expected = [("AUT-008", "unverified"), ("CPL-003", "fail"), ("EVD-001", "pass"), ("EVD-002", "fail"), ("NET-012", "fail"), ("NET-013", "fail"), ("NET-020", "fail"), ("SEC-003", "fail")];
    assert_eq!(verdicts(&opened), expected.map(|(id, verdict)| (id.to_owned(), verdict.to_owned())).into(), "{opened}");
    let failed: Vec<String> = opened["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["verdict"] == "fail")
        .map(|finding| format!("{} {}: {}", finding["check"].as_str().unwrap_or_default(), finding["subject"]["name"].as_str().unwrap_or_default(), finding["observed"].as_str().unwrap_or_default()))
        .collect();
    let of = |id: &str| failed.iter().filter(|told| told.starts_with(id)).collect::<Vec<_>>();
    for (door, port) in [("etcd on the nodes", 2379), ("kubelets", 10250), ("the metadata address", 80), ("the read-only port of kubelets", 10255)] {
        assert!(of("NET-013").iter().any(|told| told.starts_with(&format!("NET-013 from code of alpha to {door}: ")) && told.contains(&format!("port {port}: connected"))), "{door}: {failed:#?}");
    }
    assert_eq!(of("NET-013").len(), 4, "{failed:#?}");
    assert!(of("NET-013").iter().all(|told| told.contains(": tasks, ") && told.contains("; the triggerer, ") && !told.contains("the DAG processor, ")), "{failed:#?}");
    assert!(matches!(&of("NET-020")[..], [told] if told.starts_with("NET-020 from code of alpha to ") && told.ends_with(":53: connected")), "{failed:#?}");
    // The edge lets in whoever comes.
    assert!(of("NET-012").iter().any(|told| told.starts_with("NET-012 from code of alpha to edge: ")) && !of("NET-012").iter().any(|told| told.contains("beta")), "{failed:#?}");
    assert!(matches!(&of("EVD-002")[..], [told] if told.starts_with("EVD-002 default-deny: changed: metadata.labels")), "{failed:#?}");
    assert_eq!(of("SEC-003"), [&format!("SEC-003 reader: ServiceAccount/{alpha}/airflow-scheduler may read airflow-fernet-key of namespace {beta}")], "{failed:#?}");
    assert_eq!(of("CPL-003"), ["CPL-003 node1: CIS 4.1.9: permissions=644", "CPL-003 node2: CIS 4.1.9: permissions=644"], "{failed:#?}");
}

/// What listens at a node where nothing should, and says nothing: a metadata address, etcd, and the read-only port of a kubelet.
struct Doors<'a> {
    site: &'a Site,
    node: u8,
    listeners: Vec<Child>,
}

const METADATA: &str = "169.254.169.254/32";

impl<'a> Doors<'a> {
    fn open(site: &'a Site, node: u8) -> Self {
        let doors = Self {
            site,
            node,
            listeners: ["80", "2379", "10255"]
                .map(|port| {
                    let mut listener = site.bed.node(node, program());
                    listener.args(["probe", "--listen", port]).stdout(Stdio::null()).spawn().expect("a listener")
                })
                .into(),
        };
        assert!(doors.address("add"), "at node{node}");
        doors
    }

    fn address(&self, verb: &str) -> bool {
        let mut ip = self.site.bed.node(self.node, "ip");
        ip.args(["address", verb, METADATA, "dev", "lo"]).status().is_ok_and(|status| status.success())
    }
}

impl Drop for Doors<'_> {
    fn drop(&mut self) {
        for listener in &mut self.listeners {
            drop(listener.kill());
            drop(listener.wait());
        }
        self.address("delete");
    }
}
