use std::collections::{BTreeMap, BTreeSet};

use airlock_model::Verdict::{self, Fail, NotApplicable, Pass, Unverified, Warn};
use airlock_model::{NodeReport, NodeResult, NodeStatus, SnapshotObject, Transformation, World, WorldNode};
use serde_json::{Value, json};

use super::*;
use crate::manifests;
use crate::profile::unprofiled;

mod states;

/// Mirrors of the static pods of a cluster that kubeadm made.
fn mirrored() -> Vec<SnapshotObject> {
    let read = manifests::snapshot([manifests::read("kubeadm.yaml", include_bytes!("kubeadm.yaml"))]);
    let pods = read.objects["Pod"].as_ref().unwrap();
    assert_eq!(pods.len(), 4);
    pods.iter().map(|pod| SnapshotObject { place: None, ..pod.clone() }).collect()
}

/// As a kubelet that kubeadm set up answers for `configz`, with what the benchmark asks beside it.
fn settings() -> Value {
    json!({
        "authentication": { "x509": { "clientCAFile": "/etc/kubernetes/pki/ca.crt" }, "webhook": { "enabled": true, "cacheTTL": "2m0s" }, "anonymous": { "enabled": false } },
        "authorization": { "mode": "Webhook" },
        "streamingConnectionIdleTimeout": "4h0m0s",
        "makeIPTablesUtilChains": true,
        "eventRecordQPS": 50,
        "rotateCertificates": true,
        "tlsCertFile": "/var/lib/kubelet/pki/kubelet.crt",
        "tlsPrivateKeyFile": "/var/lib/kubelet/pki/kubelet.key",
        "tlsCipherSuites": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
        "podPidsLimit": 4096,
        "seccompDefault": true,
    })
}

/// With the flags that kubeadm sets.
const PROXY: &str = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nbindAddress: 0.0.0.0\nkind: KubeProxyConfiguration\nmetricsBindAddress: \"\"\nmode: \"\"\n";

fn made(to_storage: bool, prefix: Option<&str>) -> Transformation {
    Transformation { to_storage, prefix: prefix.map(str::to_owned), succeeded: true }
}

fn good() -> ControlPlane {
    let aes = Some("k8s:enc:aescbc:v1:");
    ControlPlane {
        provider: Fact::Known(None),
        static_pods: Fact::Known(mirrored()),
        kubelets: Fact::Known(BTreeMap::from([("node1".to_owned(), Fact::Known(settings()))])),
        kube_proxy: Fact::Known(Some(PROXY.to_owned())),
        transformations: Fact::Known(vec![made(false, aes), made(true, aes)]),
    }
}

fn findings(id: &str, read: Option<ControlPlane>) -> Vec<Finding> {
    let check = checks().find(|check| check.spec().id == id).unwrap();
    check.evaluate(&unprofiled(), &Snapshot { control_plane: read, ..Snapshot::default() })
}

fn verdicts(id: &str, read: ControlPlane) -> BTreeSet<Verdict> {
    findings(id, Some(read)).iter().map(|finding| finding.verdict).collect()
}

/// The verdict on one number of the benchmark.
fn of(id: &str, number: &str, read: ControlPlane) -> Verdict {
    let findings = findings(id, Some(read));
    let numbered = findings.iter().filter(|finding| finding.observed.raw().starts_with(&format!("CIS {number}:"))).collect::<Vec<_>>();
    assert_eq!(numbered.len(), 1, "{number}: {findings:#?}");
    numbered[0].verdict
}

#[test]
fn what_was_not_read_is_unverified_for_every_reason() {
    for check in checks() {
        let id = check.spec().id;
        for read in [None, Some(ControlPlane::unread("missing right: get nodes/proxy in the cluster"))] {
            let findings = findings(id, read);
            assert!(!findings.is_empty() && findings.iter().all(|finding| finding.verdict == Unverified), "{id}: {findings:#?}");
        }
    }
}

#[test]
fn mirrors_of_kubeadms_pods_are_judged_by_every_number() {
    let judged = findings("CPL-001", Some(good()));
    assert_eq!(judged.len(), 46);
    let failed: Vec<&str> = judged.iter().filter(|finding| finding.verdict == Fail).filter_map(|finding| finding.observed.raw().strip_prefix("CIS ")?.split(':').next()).collect();
    assert_eq!(failed, ["1.2.5", "1.2.15", "1.2.16", "1.2.17", "1.2.18", "1.2.19", "1.2.30", "1.3.2", "1.4.1"], "kubeadm sets no authority of kubelets, no audit log, and leaves profiling on");
    assert_eq!(verdicts("LOG-001", good()), [Fail].into());
    assert!(judged.iter().filter(|finding| finding.verdict == Fail).all(|finding| finding.fix[0].command.is_some()), "the pod can be shown");
}

#[test]
fn a_manifest_in_a_file_and_its_mirror_in_a_cluster_are_judged_alike() {
    let files = manifests::snapshot([manifests::read("kubeadm.yaml", include_bytes!("kubeadm.yaml"))]);
    for id in ["CPL-001", "LOG-001"] {
        let check = checks().find(|check| check.spec().id == id).unwrap();
        let said = |findings: Vec<Finding>| -> Vec<_> { findings.into_iter().map(|finding| (finding.verdict, finding.observed, finding.path, finding.subject.name)).collect() };
        assert_eq!(said(check.evaluate(&unprofiled(), &files)), said(findings(id, Some(good()))), "{id}");
    }
}

#[test]
fn a_program_without_a_mirror_is_unverified_and_those_beside_it_are_judged() {
    let mut pods = mirrored();
    pods.retain(|pod| pod.object.name != "etcd-cp1");
    let judged = findings("CPL-001", Some(ControlPlane { static_pods: Fact::Known(pods), ..good() }));
    let unseen: Vec<&str> = judged.iter().filter(|finding| finding.subject.kind.raw() == "Scope").map(|finding| finding.subject.name.raw()).collect();
    assert_eq!((judged.len(), unseen), (40, vec!["etcd"]));
    let none = || ControlPlane { static_pods: Fact::Known(Vec::new()), ..good() };
    assert_eq!(verdicts("CPL-001", none()), [Unverified].into());
    assert_eq!(findings("CPL-001", Some(none())).len(), 4);
    assert_eq!(verdicts("LOG-001", none()), [Unverified].into());
}

#[test]
fn on_a_managed_cluster_what_is_to_be_attested_is_listed() {
    for provider in [Provider::Eks, Provider::Gke, Provider::Aks, Provider::OpenShift] {
        let managed = || ControlPlane { provider: Fact::Known(Some(provider)), static_pods: Fact::Known(Vec::new()), ..good() };
        for id in ["CPL-001", "LOG-001"] {
            let [finding] = &findings(id, Some(managed()))[..] else { panic!("{id}: one finding") };
            assert_eq!((finding.verdict, finding.reason), (NotApplicable, Some(Reason::Managed)), "{id}");
            assert!(finding.observed.raw().contains(&provider.to_string()) && finding.fix[0].text.contains(&format!("`check: {id}`")), "{finding:#?}");
        }
        let listed = findings("CPL-001", Some(managed()));
        assert!(listed[0].observed.raw().ends_with("CIS 1.2.1 to 1.2.30, 1.3.1 to 1.3.7, 1.4.1 to 1.4.2, 2.1 to 2.7"), "{}", listed[0].observed);
        let seen = ControlPlane { provider: Fact::Known(Some(provider)), ..good() };
        assert!(verdicts("CPL-001", seen).contains(&Fail), "what is seen is judged, whoever is recognised");
    }
    let unknown = ControlPlane { provider: Fact::Unverified("403".into()), static_pods: Fact::Known(Vec::new()), ..good() };
    assert_eq!(verdicts("CPL-001", unknown), [Unverified].into());
}

#[test]
fn kubelets_are_held_to_every_number_by_what_is_in_effect() {
    assert_eq!(verdicts("CPL-002", good()), [Pass].into());
    assert_eq!(findings("CPL-002", Some(good())).len(), 14);
    for (field, value, number, verdict) in [
        ("/authentication/anonymous/enabled", json!(true), "4.2.1", Fail),
        ("/authentication/anonymous", json!({}), "4.2.1", Fail),
        ("/authorization/mode", json!("AlwaysAllow"), "4.2.2", Fail),
        ("/authorization", json!({}), "4.2.2", Fail),
        ("/authentication/x509", json!({}), "4.2.3", Fail),
        ("/readOnlyPort", json!(10255), "4.2.4", Warn),
        ("/streamingConnectionIdleTimeout", json!("0s"), "4.2.5", Warn),
        ("/makeIPTablesUtilChains", json!(false), "4.2.6", Fail),
        ("/eventRecordQPS", json!(-1), "4.2.8", Warn),
        ("/tlsCertFile", json!(""), "4.2.9", Warn),
        ("/rotateCertificates", Value::Null, "4.2.10", Fail),
        ("/featureGates", json!({ "RotateKubeletServerCertificate": false }), "4.2.11", Warn),
        ("/tlsCipherSuites", json!(["TLS_RSA_WITH_RC4_128_SHA"]), "4.2.12", Warn),
        ("/tlsCipherSuites", Value::Null, "4.2.12", Warn),
        ("/podPidsLimit", json!(-1), "4.2.13", Warn),
        ("/seccompDefault", json!(false), "4.2.14", Warn),
    ] {
        let mut bad = settings();
        let (parent, key) = field.rsplit_once('/').unwrap();
        bad.pointer_mut(parent).unwrap()[key] = value.clone();
        let read = ControlPlane { kubelets: Fact::Known(BTreeMap::from([("node1".to_owned(), Fact::Known(bad))])), ..good() };
        assert_eq!(of("CPL-002", number, read.clone()), verdict, "{field}: {value}");
        let others = findings("CPL-002", Some(read)).into_iter().filter(|finding| finding.verdict != Pass).count();
        assert_eq!(others, 1, "{field}: no other number");
    }
}

#[test]
fn a_node_that_does_not_answer_is_unverified_beside_one_that_does() {
    let kubelets = BTreeMap::from([("a".to_owned(), Fact::Known(settings())), ("b".to_owned(), Fact::Unverified("no answer".into()))]);
    assert_eq!(verdicts("CPL-002", ControlPlane { kubelets: Fact::Known(kubelets), ..good() }), [Pass, Unverified].into());
    assert_eq!(verdicts("CPL-002", ControlPlane { kubelets: Fact::Known(BTreeMap::new()), ..good() }), [Pass, Unverified].into());
}

#[test]
fn kube_proxy_tells_its_measurements_on_loopback_alone() {
    let with = |text: &str| ControlPlane { kube_proxy: Fact::Known(Some(text.to_owned())), ..good() };
    let bound = |address: &str| with(&PROXY.replace("\"\"\nmode", &format!("\"{address}\"\nmode")));
    for (address, verdict) in [("127.0.0.1:10249", Pass), ("[::1]:10249", Pass), ("localhost:10249", Pass), ("0.0.0.0:10249", Fail), (":10249", Fail), ("127.0.0.1.example:1", Fail)] {
        assert_eq!(of("CPL-002", "4.3.1", bound(address)), verdict, "{address}");
    }
    for read in [ControlPlane { kube_proxy: Fact::Known(None), ..good() }, with("kind: Else"), with("{")] {
        assert_eq!(verdicts("CPL-002", read), [Pass, Unverified].into());
    }
}

/// A report of kube-bench on a node that has these results, scored ones.
fn reported(node: &str, results: &[(&str, NodeStatus)]) -> NodeReport {
    let result = |(number, status): &(&str, NodeStatus)| NodeResult { number: (*number).to_owned(), status: *status, is_scored: true, seen: "permissions=600".into() };
    let (file, digest) = (format!("{node}.json").into(), airlock_model::Digest::of(node.as_bytes()));
    NodeReport { node: node.to_owned(), file, digest, benchmarks: vec!["cis-1.12".into()], results: results.iter().map(result).collect() }
}

/// All that a worker's report has of what is judged.
fn worker(node: &str) -> NodeReport {
    let numbers = ["4.1.1", "4.1.2", "4.1.3", "4.1.4", "4.1.5", "4.1.6", "4.1.7", "4.1.8", "4.1.9", "4.1.10", "4.2.1", "4.2.7"];
    reported(node, &numbers.map(|number| (number, NodeStatus::Pass)))
}

fn of_files(nodes: Option<Result<Vec<&str>, String>>, node_reports: Vec<NodeReport>) -> Vec<(String, Verdict)> {
    let named = |names: Vec<&str>| names.into_iter().map(|name| WorldNode { name: name.to_owned(), addresses: Vec::new(), ..WorldNode::default() }).collect();
    let world = World { nodes: nodes.map(|nodes| nodes.map(named)), ..World::default() };
    let check = checks().find(|check| check.spec().id == "CPL-003").unwrap();
    let findings = check.evaluate(&unprofiled(), &Snapshot { world, node_reports, ..Snapshot::default() });
    findings.into_iter().filter(|finding| finding.verdict != Pass).map(|finding| (format!("{}: {}", finding.subject.name.raw(), finding.observed.raw()), finding.verdict)).collect()
}

#[test]
fn files_of_nodes_pass_where_the_report_of_each_says_so() {
    assert_eq!(of_files(Some(Ok(vec!["a", "b"])), vec![worker("a"), worker("b")]), []);
    let missing = of_files(Some(Ok(vec!["a", "b"])), vec![worker("a")]);
    assert_eq!(missing, [("b: no report was handed over (`--node-report NODE=FILE`)".to_owned(), Unverified)]);
    let foreign = of_files(Some(Ok(vec!["a"])), vec![worker("a"), worker("c")]);
    assert_eq!(foreign, [("c: the cluster has no such node; the report c.json is of another".to_owned(), Unverified)]);
    for nodes in [None, Some(Err("403".to_owned())), Some(Ok(Vec::new()))] {
        assert_eq!(of_files(nodes.clone(), Vec::new()).into_iter().map(|(_, verdict)| verdict).collect::<Vec<_>>(), [Unverified], "{nodes:?}");
    }
}

#[test]
fn each_number_of_a_nodes_files_is_judged_by_what_came_out_and_the_others_are_not() {
    for (status, is_scored, verdict) in [
        (NodeStatus::Fail, true, Fail),
        (NodeStatus::Fail, false, Warn),
        (NodeStatus::Warn, false, Warn),
        (NodeStatus::Warn, true, Unverified),
        (NodeStatus::Info, true, Unverified),
        (NodeStatus::Info, false, Unverified),
    ] {
        let with = |number: &str| {
            let mut report = worker("a");
            let result = report.results.iter_mut().find(|result| result.number == number).unwrap();
            (result.status, result.is_scored) = (status, is_scored);
            of_files(Some(Ok(vec!["a"])), vec![report])
        };
        let [(said, told)] = &with("4.1.9")[..] else { panic!("one finding") };
        assert!(said.starts_with("a: CIS 4.1.9: permissions=600") && *told == verdict, "{status:?}, {is_scored}: {said}");
        assert_eq!(with("4.2.1"), [], "settings are judged by what is in effect");
    }
}

#[test]
fn a_number_that_a_report_lacks_is_unverified_and_a_control_plane_has_its_own() {
    let mut report = worker("a");
    report.results.retain(|result| result.number != "4.1.5");
    assert_eq!(of_files(Some(Ok(vec!["a"])), vec![report]), [("a: CIS 4.1.5: its report lacks it".to_owned(), Unverified)]);
    let mut report = worker("a");
    report.results.extend(reported("a", &[("1.1.1", NodeStatus::Fail)]).results);
    let said = of_files(Some(Ok(vec!["a"])), vec![report]);
    assert_eq!((said.len(), said[0].1), (21, Fail), "{said:?}");
    assert!(said[1..].iter().all(|(_, verdict)| *verdict == Unverified), "{said:?}");
}

#[test]
fn a_report_by_another_benchmark_is_unverified_since_its_numbers_mean_something_else() {
    for benchmarks in [vec!["cis-1.9"], vec!["cis-1.12", "eks-1.5.0"], vec![""]] {
        let report = NodeReport { benchmarks: benchmarks.iter().map(|benchmark| (*benchmark).into()).collect(), ..worker("a") };
        let said = of_files(Some(Ok(vec!["a"])), vec![report]);
        assert_eq!(said.iter().map(|(_, verdict)| *verdict).collect::<Vec<_>>(), [Unverified], "{benchmarks:?}: {said:?}");
    }
}

#[test]
fn secrets_are_encrypted_where_each_that_was_counted_was() {
    let aes = Some("k8s:enc:aescbc:v1:");
    let failed = Transformation { succeeded: false, ..made(true, aes) };
    for (counted, stores, holds) in [
        (vec![made(true, aes), made(false, aes)], Pass, Pass),
        (vec![made(true, aes), made(false, aes), made(false, None)], Pass, Fail),
        (vec![made(true, aes), made(true, None), made(false, aes)], Fail, Pass),
        (vec![made(true, Some("k8s:enc:kms:v2:vault:")), made(false, aes)], Pass, Pass),
        (vec![made(true, None)], Fail, Unverified),
        (vec![made(false, Some("unknown"))], Unverified, Fail),
        (vec![failed], Unverified, Unverified),
        (Vec::new(), Unverified, Unverified),
    ] {
        let read = || ControlPlane { transformations: Fact::Known(counted.clone()), ..good() };
        assert_eq!((verdicts("ENC-001", read()), verdicts("ENC-002", read())), ([stores].into(), [holds].into()), "{counted:?}");
    }
    let managed = ControlPlane { provider: Fact::Known(Some(Provider::Gke)), transformations: Fact::Unverified("403".into()), ..good() };
    assert!(findings("ENC-001", Some(managed))[0].observed.raw().contains("can be attested: `check: ENC-001`"));
}
