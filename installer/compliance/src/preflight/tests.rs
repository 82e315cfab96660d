//! Every check of the group: a cluster that is good enough, then one thing changed at a time.

use std::collections::BTreeMap;

use airlock_model::prometheus::{Asked, Prometheus, Selection};
use airlock_model::selector::Selector;
use airlock_model::{
    Admission, Amount, ApiServer, Caller, ClusterDns, Digest, Fact, Facts, Finding, ImageLock, Issuer, IssuerReference, LockedImage, Namespace, Node, Object, ObjectRef, Planned, PoolPull, Pulled,
    Quota, QuotaLine, Right, ServerVersion, Snapshot, StorageClass, Verdict, World,
};
use serde_json::json;

use super::{CHECKS, blocks, preflight, pulled};

const GI: u64 = 1 << 30;

fn amount(cpu_millis: u64, memory_bytes: u64) -> Amount {
    Amount { cpu_millis, memory_bytes }
}

fn node(name: &str) -> Node {
    Node {
        name: name.into(),
        pool: "default".into(),
        pool_label: None,
        architecture: "amd64".into(),
        runtime: "containerd://2.4.2".into(),
        kubelet: "v1.37.2".into(),
        ready: true,
        schedulable: true,
        pressures: Vec::new(),
        allocatable: amount(2000, 4 * GI),
        requested: amount(500, GI),
        pods: 10,
        max_pods: 110,
    }
}

fn taking_all(name: &str) -> Prometheus {
    let all = || Selection { objects: Some(Selector::default()), namespaces: Some(Selector::default()) };
    Prometheus { namespace: "monitoring".into(), name: name.into(), service_monitors: all(), pod_monitors: all(), rules: all() }
}

fn issuers(namespace: Option<&str>, not_ready: Option<&str>) -> Fact<Vec<Issuer>> {
    Fact::Known(vec![Issuer { namespace: namespace.map(str::to_owned), name: "company-ca".into(), not_ready: not_ready.map(Into::into) }])
}

fn asked(kind: &str, name: &str) -> IssuerReference {
    IssuerReference { name: name.into(), kind: kind.into(), group: "cert-manager.io".into() }
}

pub(crate) fn facts() -> Facts {
    Facts {
        server: "https://api.cluster.test:6443".into(),
        cluster_uid: Fact::Known("uid".into()),
        version: Fact::Known(ServerVersion { major: 1, minor: 37, git: "v1.37.2".into() }),
        clock_difference_millis: Fact::Known(-900),
        caller: Fact::Known(Caller { user: "jane".into(), groups: Vec::new() }),
        nodes: Fact::Known(vec![node("node1"), node("node2")]),
        storage_classes: Fact::Known(vec![StorageClass { name: "fast".into(), provisioner: "csi".into(), default: true, binding_mode: "WaitForFirstConsumer".into(), expandable: true }]),
        ingress_classes: Fact::Known(BTreeMap::new()),
        gateway_classes: Fact::Known(BTreeMap::new()),
        operators: Fact::Known(vec!["acme.cert-manager.io".into(), "cert-manager.io".into()]),
        prometheuses: Fact::Known(vec![taking_all("k8s")]),
        cluster_issuers: issuers(None, None),
        issuers: issuers(Some("airlock"), None),
        dns: Fact::Known(ClusterDns {
            namespace: "kube-system".into(),
            service: "kube-dns".into(),
            cluster_ip: "10.96.0.10".parse().unwrap(),
            selector: BTreeMap::from([("k8s-app".into(), "kube-dns".into())]),
            target_ports: vec![53],
            node_local: None,
        }),
        api_server: Fact::Known(ApiServer { service: "10.96.0.1:443".parse().unwrap(), endpoints: vec!["10.0.0.1:6443".parse().unwrap()] }),
        namespaces: Fact::Known(BTreeMap::from([("airlock".into(), namespace(Some("one")))])),
        installations: Fact::Known(BTreeMap::new()),
        admission: Fact::Known(Vec::new()),
        quotas: Fact::Known(vec![
            quota(&[("requests.cpu", "2", "500m"), ("requests.memory", "4Gi", "1Gi"), ("pods", "20", "3"), ("limits.cpu", "8", "1"), ("services", "1", "1")]),
            range(&[("Container.max.cpu", "1"), ("Container.min.memory", "64Mi"), ("Pod.max.memory", "1Gi"), ("Container.default.cpu", "1m")]),
        ]),
    }
}

fn namespace(installation: Option<&str>) -> Namespace {
    Namespace { labels: BTreeMap::new(), installation: installation.map(str::to_owned), foreign: Vec::new() }
}

fn quota(lines: &[(&str, &str, &str)]) -> Quota {
    let line = |(name, hard, used): &(&str, &str, &str)| ((*name).to_owned(), QuotaLine { hard: (*hard).into(), used: Some((*used).into()) });
    Quota { kind: "ResourceQuota".into(), namespace: "airlock".into(), name: "team".into(), limits: lines.iter().map(line).collect() }
}

fn range(lines: &[(&str, &str)]) -> Quota {
    let line = |(name, hard): &(&str, &str)| ((*name).to_owned(), QuotaLine { hard: (*hard).into(), used: None });
    Quota { kind: "LimitRange".into(), namespace: "airlock".into(), name: "bounds".into(), limits: lines.iter().map(line).collect() }
}

fn right(verb: &str) -> Right {
    Right { group: "apps".into(), resource: "deployments".into(), verb: verb.into(), namespace: Some("airlock".into()) }
}

fn edge() -> Object {
    let resources = |cpu: &str, memory: &str| json!({ "requests": { "cpu": cpu, "memory": memory }, "limits": { "cpu": "1", "memory": memory } });
    let pod = json!({
        "initContainers": [ { "name": "large", "resources": resources("400m", "1Gi") }, { "name": "reload", "restartPolicy": "Always", "resources": resources("50m", "64Mi") } ],
        "containers": [ { "name": "nginx", "resources": resources("100m", "128Mi") } ],
    });
    let manifest = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "edge", "namespace": "airlock" }, "spec": { "replicas": 2, "template": { "spec": pod } } });
    Object::new(manifest).unwrap()
}

fn given() -> Snapshot {
    let nginx = LockedImage { name: "nginx".into(), reference: "docker.io/library/nginx:1.30".parse().unwrap(), digest: Digest::of(b"nginx") };
    Snapshot {
        world: World { platform: "airlock".into(), namespaces: vec!["airlock".into()], ..World::default() },
        facts: Some(facts()),
        planned: Some(Planned {
            prometheus: Some(Asked::default()),
            issuer: Some(asked("ClusterIssuer", "company-ca")),
            requests: amount(1000, 2 * GI),
            largest_pod: amount(400, GI),
            pods: 3,
            storage_classes: vec![String::new(), "fast".into()],
            namespaces: vec!["airlock".into(), "airlock-probes".into()],
            rights: vec![(right("create"), Ok(true))],
            refused: Vec::new(),
            images: ImageLock(BTreeMap::from([("nginx".into(), nginx)])),
            missing_images: BTreeMap::new(),
            objects: vec![edge()],
        }),
        ..Snapshot::default()
    }
}

fn of(check: &str, given: &Snapshot) -> Vec<Finding> {
    preflight(given).into_iter().filter(|finding| finding.check == check).collect()
}

fn heaviest(check: &str, given: &Snapshot) -> Verdict {
    of(check, given).iter().map(|finding| finding.verdict).max().unwrap()
}

#[test]
fn a_good_cluster_passes_every_check() {
    let findings = preflight(&given());
    let odd: Vec<&Finding> = findings.iter().filter(|finding| finding.verdict != Verdict::Pass).collect();
    assert!(odd.is_empty(), "{odd:#?}");
    assert!(CHECKS.iter().all(|check| findings.iter().any(|finding| finding.check == check.described.spec.id)));
}

type Change = fn(&mut Facts, &mut Planned);

fn nodes(facts: &mut Facts) -> &mut Vec<Node> {
    match &mut facts.nodes {
        Fact::Known(nodes) => nodes,
        Fact::Unverified(why) => panic!("{why}"),
    }
}

fn class(default: bool) -> Fact<Vec<StorageClass>> {
    Fact::Known(vec![StorageClass { name: "fast".into(), provisioner: "csi".into(), default, binding_mode: "Immediate".into(), expandable: false }])
}

/// What is changed, which check must say what, whether that blocks, and words it must say.
#[rustfmt::skip]
const CASES: [(Change, &str, Verdict, bool, &str); 54] = [
    (|f, _| f.version = Fact::Known(ServerVersion { major: 1, minor: 32, git: "v1.32.9".into() }), "CLU-001", Verdict::Fail, true, "v1.32.9"),
    (|f, _| f.version = Fact::Known(ServerVersion { major: 1, minor: 38, git: "v1.38.0".into() }), "CLU-001", Verdict::Warn, false, "newer"),
    (|f, _| f.version = Fact::Known(ServerVersion { major: 2, minor: 35, git: "v2.35.0".into() }), "CLU-001", Verdict::Fail, true, "v2.35.0"),
    (|f, _| f.version = Fact::Unverified("403".into()), "CLU-001", Verdict::Unverified, false, "403"),
    (|f, _| f.clock_difference_millis = Fact::Known(30_000), "CLU-002", Verdict::Warn, false, "30 seconds ahead"),
    (|f, _| f.clock_difference_millis = Fact::Known(-60_001), "CLU-002", Verdict::Fail, true, "61 seconds behind"),
    (|f, _| f.clock_difference_millis = Fact::Unverified("no Date".into()), "CLU-002", Verdict::Unverified, false, "no Date"),
    (|f, _| nodes(f)[0].ready = false, "CLU-003", Verdict::Warn, false, "not ready"),
    (|f, _| nodes(f).iter_mut().for_each(|node| node.schedulable = false), "CLU-003", Verdict::Fail, true, "0 of 2"),
    (|f, _| nodes(f)[1].pressures.push("DiskPressure".into()), "CLU-003", Verdict::Warn, false, "DiskPressure"),
    (|f, _| f.nodes = Fact::Unverified("list nodes: 403".into()), "CLU-003", Verdict::Unverified, false, "403"),
    (|f, _| nodes(f).iter_mut().for_each(|node| node.architecture = "s390x".into()), "ARC-001", Verdict::Fail, true, "s390x"),
    (|f, _| nodes(f)[0].architecture = "arm64".into(), "ARC-001", Verdict::Warn, false, "a mixture"),
    (|_, p| p.requests = amount(3001, GI), "CAP-001", Verdict::Fail, true, "1m CPU, 0 MiB missing"),
    (|_, p| p.requests = amount(1, 7 * GI), "CAP-001", Verdict::Fail, true, "1024 MiB missing"),
    (|f, p| { nodes(f)[0].ready = false; p.requests = amount(1501, GI); }, "CAP-001", Verdict::Fail, true, "missing"),
    (|_, p| p.largest_pod = amount(1501, 0), "CAP-002", Verdict::Fail, true, "none of 2 nodes"),
    (|f, _| f.nodes = Fact::Unverified("403".into()), "CAP-002", Verdict::Unverified, false, "403"),
    (|f, _| nodes(f).iter_mut().for_each(|node| node.max_pods = 11), "CAP-003", Verdict::Fail, true, "2 places free, 3 pods"),
    (|f, _| f.storage_classes = class(false), "STO-001", Verdict::Fail, true, "marked as default"),
    (|_, p| p.storage_classes = vec!["slow".into()], "STO-001", Verdict::Fail, true, "there is: fast"),
    (|f, _| f.storage_classes = Fact::Unverified("403".into()), "STO-001", Verdict::Unverified, false, "403"),
    (|f, _| f.namespaces = Fact::Known(BTreeMap::from([("airlock-probes".into(), Namespace { foreign: vec!["Deployment shop".into()], ..namespace(None) })])), "NSP-001", Verdict::Fail, true, "Deployment shop"),
    (|f, _| f.namespaces = Fact::Known(BTreeMap::from([("airlock".into(), namespace(Some("one"))), ("airlock-probes".into(), namespace(Some("two")))])), "NSP-001", Verdict::Fail, true, "installation two"),
    (|f, _| f.namespaces = Fact::Unverified("403".into()), "NSP-001", Verdict::Unverified, false, "403"),
    (|_, p| p.rights.push((right("delete"), Ok(false))), "RGT-001", Verdict::Fail, true, "missing 1 of 2: in namespace airlock: deployments.apps (delete)"),
    (|_, p| p.rights.push((right("delete"), Err("timed out".into()))), "RGT-001", Verdict::Unverified, false, "timed out"),
    (|_, p| p.refused.push((edge().reference().clone(), "denied by policy team-label".to_owned().into())), "ADM-001", Verdict::Fail, true, "team-label"),
    (|f, _| f.admission = Fact::Known(vec![Admission { kind: "ValidatingWebhookConfiguration".into(), name: "gate".into(), failure_policy: "Fail".into(), dry_run: false }]), "ADM-001", Verdict::Unverified, false, "gate"),
    (|f, _| f.namespaces = Fact::Known(BTreeMap::new()), "ADM-001", Verdict::Unverified, false, "objects whose namespaces the plan makes first: 1"),
    (|f, _| { if let Fact::Known(quotas) = &mut f.quotas { quotas[0].limits.get_mut("pods").unwrap().used = None; } }, "QTA-001", Verdict::Unverified, false, "pods: ? of 20"),
    (|f, _| f.quotas = Fact::Known(vec![quota(&[("requests.cpu", "1", "900m")])]), "QTA-001", Verdict::Fail, true, "900m of 1 used, 800m more asked for"),
    (|f, _| f.quotas = Fact::Known(vec![quota(&[("requests.memory", "2Gi", "1Gi")])]), "QTA-001", Verdict::Fail, true, "2048Mi more asked for"),
    (|f, _| f.quotas = Fact::Known(vec![quota(&[("limits.cpu", "4", "3")])]), "QTA-001", Verdict::Warn, false, "limits.cpu"),
    (|f, _| f.quotas = Fact::Known(vec![quota(&[("pods", "many", "3")])]), "QTA-001", Verdict::Unverified, false, "cannot be read"),
    (|f, _| f.quotas = Fact::Known(vec![range(&[("Container.max.cpu", "500m")])]), "QTA-002", Verdict::Fail, true, "Deployment edge: container large has 1000m, Container.max.cpu is 500m"),
    (|f, _| f.quotas = Fact::Known(vec![range(&[("Container.min.memory", "65Mi")])]), "QTA-002", Verdict::Fail, true, "container reload has 64Mi"),
    (|f, _| f.quotas = Fact::Known(vec![range(&[("Pod.max.cpu", "1900m")])]), "QTA-002", Verdict::Fail, true, "the pod has 2000m"),
    (|f, _| f.quotas = Fact::Known(vec![range(&[("Pod.max.cpu", "lots")])]), "QTA-002", Verdict::Unverified, false, "Pod.max.cpu: lots"),
    (|_, p| { p.missing_images.insert("docker.io/library/nginx:1.30".into(), "404".to_owned().into()); }, "IMG-001", Verdict::Fail, true, "404"),
    (|f, _| f.dns = Fact::Unverified("no Service".into()), "DNS-001", Verdict::Unverified, false, "no Service"),
    (|f, _| f.prometheuses = Fact::Known(Vec::new()), "PRM-001", Verdict::Fail, true, "no Prometheus object"),
    (|f, _| f.prometheuses = Fact::Unverified("missing right: list prometheuses".into()), "PRM-001", Verdict::Fail, true, "missing right"),
    (|f, _| f.prometheuses = Fact::Known(vec![taking_all("a"), taking_all("b")]), "PRM-001", Verdict::Fail, true, "several, monitoring/a, monitoring/b"),
    (|f, _| f.operators = Fact::Known(vec!["acme.cert-manager.io".into()]), "ISS-001", Verdict::Fail, true, "cert-manager is not installed"),
    (|f, _| f.operators = Fact::Unverified("403".into()), "ISS-001", Verdict::Fail, true, "403"),
    (|_, p| p.issuer = Some(asked("ClusterIssuer", "other")), "ISS-001", Verdict::Fail, true, "there is no ClusterIssuer other; there is: company-ca"),
    (|f, p| { f.issuers = issuers(Some("elsewhere"), None); p.issuer = Some(asked("Issuer", "company-ca")); }, "ISS-001", Verdict::Fail, true, "there is no Issuer company-ca in the namespace airlock; there is: none"),
    (|f, _| f.cluster_issuers = Fact::Unverified("missing right: list clusterissuers".into()), "ISS-001", Verdict::Fail, true, "missing right"),
    (|f, _| f.cluster_issuers = issuers(None, Some("secret \"ca\" not found")), "ISS-001", Verdict::Warn, false, "is not ready: secret \"ca\" not found"),
    (|f, p| { f.cluster_issuers = Fact::Unverified("403".into()); p.issuer = Some(asked("Issuer", "company-ca")); }, "ISS-001", Verdict::Pass, false, "Issuer company-ca in the namespace airlock"),
    (|_, p| p.issuer = Some(IssuerReference { group: "issuers.test".into(), ..asked("VaultIssuer", "v") }), "ISS-001", Verdict::Unverified, false, "VaultIssuer.issuers.test v is of another API group"),
    (|_, p| p.issuer = None, "ISS-001", Verdict::NotApplicable, false, "ask for none"),
    (|f, _| f.api_server = Fact::Known(ApiServer { service: "10.96.0.1:443".parse().unwrap(), endpoints: Vec::new() }), "API-001", Verdict::Fail, false, "no address"),
];

#[test]
fn each_shortcoming_is_told_by_its_check() {
    for (number, (change, check, verdict, is_blocking, words)) in CASES.iter().enumerate() {
        let mut given = given();
        change(given.facts.as_mut().unwrap(), given.planned.as_mut().unwrap());
        let found = of(check, &given);
        assert_eq!(heaviest(check, &given), *verdict, "case {number}, {check}: {found:#?}");
        assert_eq!(found.iter().any(blocks), *is_blocking, "case {number}, {check}");
        assert!(found.iter().any(|finding| finding.verdict == *verdict && finding.observed.raw().contains(words)), "case {number}, {check}: {found:#?}");
    }
}

#[test]
fn a_fact_that_was_not_read_is_unverified_and_does_not_block() {
    let blank = || "403".to_owned();
    let mut given = given();
    let facts = given.facts.as_mut().unwrap();
    facts.version = Fact::Unverified(blank());
    facts.clock_difference_millis = Fact::Unverified(blank());
    facts.nodes = Fact::Unverified(blank());
    facts.storage_classes = Fact::Unverified(blank());
    facts.dns = Fact::Unverified(blank());
    facts.api_server = Fact::Unverified(blank());
    facts.namespaces = Fact::Unverified(blank());
    facts.installations = Fact::Unverified(blank());
    facts.quotas = Fact::Unverified(blank());
    // Without knowing whom to join or to ask, nobody is: those two block, and are cases of their own.
    let of_plan = ["RGT-001", "IMG-001", "PRM-001", "ISS-001"];
    for finding in preflight(&given) {
        let expected = if of_plan.contains(&finding.check.as_str()) { Verdict::Pass } else { Verdict::Unverified };
        assert_eq!(finding.verdict, expected, "{finding:#?}");
        assert!(!blocks(&finding));
    }
}

#[test]
fn each_pool_is_judged_by_what_its_node_pulled() {
    let pull = |pool: &str, ended| PoolPull { pool: pool.into(), image: "registry.test/airlock:1".parse().unwrap(), ended };
    let judged = pulled(vec![pull("a", Pulled::Yes), pull("b", Pulled::No("no such host".to_owned().into())), pull("c", Pulled::NotTried("no node takes the pod".to_owned().into()))]);
    let verdicts: Vec<(&str, Verdict, bool)> = judged.iter().map(|finding| (finding.subject.name.raw(), finding.verdict, blocks(finding))).collect();
    assert_eq!(verdicts, [("pool a", Verdict::Pass, false), ("pool b", Verdict::Fail, true), ("pool c", Verdict::Unverified, false)]);
    assert!(judged[1].observed.raw().contains("no such host"), "{:?}", judged[1]);
    let untried: Vec<Verdict> = pulled(Vec::new()).iter().map(|finding| finding.verdict).collect();
    assert_eq!(untried, [Verdict::Unverified], "without a node to try nothing is known");
}

#[test]
fn what_is_already_there_is_not_asked_for_again() {
    let mut given = given();
    given.facts.as_mut().unwrap().quotas = Fact::Known(vec![quota(&[("requests.cpu", "1", "1"), ("limits.cpu", "4", "4"), ("pods", "3", "3")])]);
    let planned = given.planned.as_mut().unwrap();
    (planned.requests, planned.largest_pod, planned.pods) = (Amount::default(), Amount::default(), 0);
    assert_eq!(heaviest("QTA-001", &given), Verdict::Pass);
    assert_eq!(heaviest("CAP-001", &given), Verdict::Pass);
}

#[test]
fn objects_are_named_as_people_name_them() {
    let mut given = given();
    let object = ObjectRef::namespaced("apps/v1", "Deployment", "airlock", "edge");
    given.planned.as_mut().unwrap().refused.push((object, "no".to_owned().into()));
    assert_eq!(of("ADM-001", &given)[0].subject.to_string(), "Deployment airlock/edge");
}
