use airlock_model::{Amount, Fact, Node};

use super::*;

fn node(pool: &str, ready: bool, schedulable: bool) -> Node {
    Node {
        name: "n".into(),
        pool: pool.into(),
        pool_label: Some("pool".into()),
        architecture: "amd64".into(),
        runtime: "containerd://2".into(),
        kubelet: "v1.37.0".into(),
        ready,
        schedulable,
        pressures: Vec::new(),
        allocatable: Amount::default(),
        requested: Amount::default(),
        pods: 0,
        max_pods: 110,
    }
}

fn facts(nodes: Fact<Vec<Node>>) -> Facts {
    let unread = || "not read".to_owned();
    Facts {
        server: String::new(),
        cluster_uid: Fact::Unverified(unread()),
        version: Fact::Unverified(unread()),
        clock_difference_millis: Fact::Unverified(unread()),
        caller: Fact::Unverified(unread()),
        nodes,
        storage_classes: Fact::Unverified(unread()),
        ingress_classes: Fact::Unverified(unread()),
        gateway_classes: Fact::Unverified(unread()),
        operators: Fact::Unverified(unread()),
        dns: Fact::Unverified(unread()),
        api_server: Fact::Unverified(unread()),
        namespaces: Fact::Unverified(unread()),
        prometheuses: Fact::Unverified(unread()),
        cluster_issuers: Fact::Unverified(unread()),
        issuers: Fact::Unverified(unread()),
        installations: Fact::Unverified(unread()),
        admission: Fact::Unverified(unread()),
        quotas: Fact::Unverified(unread()),
    }
}

#[test]
fn a_pool_is_tried_when_a_pod_would_start_on_one_of_its_nodes() {
    let nodes = vec![node("blue", true, true), node("blue", false, true), node("green", true, true), node("broken", false, true), node("cordoned", true, false)];
    let tried = pools(Some(&facts(Fact::Known(nodes))));
    assert_eq!(tried.keys().collect::<Vec<_>>(), ["blue", "green"]);
    assert_eq!(tried["green"], BTreeMap::from([("pool".to_owned(), "green".to_owned())]));
}

#[test]
fn nothing_is_installed_before_a_server_of_the_customers_is_examined() {
    let text = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\ncomponents: { database: { mode: existing, server: { host: 10.1.2.3, authority: 'file:/ca', administrator: { username: a, password: 'file:/p' } } } }\n";
    let answers = Answers::from_yaml(text).unwrap();
    let steps = steps(&answers, &answers.base().unwrap(), &crate::requirements::offline(&answers).unwrap(), None, None).unwrap();
    let at = steps.iter().position(|step| step.id.0 == "database-server.run").unwrap();
    let before: Vec<&str> = steps[..at].iter().map(|step| step.id.0.as_str()).collect();
    assert_eq!(before, ["namespaces", "database-server.foundation", "secret.database-administrator", "secret.database-authority"]);
    assert!(steps[at].after.iter().all(|id| before.contains(&id.0.as_str())), "{:?}", steps[at].after);
    assert!(steps.len() > 10 && steps[at + 1..].iter().all(|step| step.after.contains(&steps[at].id)));
}

#[test]
fn without_knowledge_of_nodes_any_node_is_tried() {
    let any = BTreeMap::from([("any".to_owned(), BTreeMap::new())]);
    assert_eq!(pools(None), any);
    assert_eq!(pools(Some(&facts(Fact::Unverified("missing right".into())))), any);
}

#[test]
fn the_edge_starts_when_what_cert_manager_issued_is_taken_over() {
    let issuer = "{ name: company-ca, kind: ClusterIssuer }";
    let answers = Answers::from_yaml(&format!("apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\ntls: {{ source: cert-manager, issuerRef: {issuer} }}\n")).unwrap();
    let steps = steps(&answers, &answers.base().unwrap(), &crate::requirements::offline(&answers).unwrap(), None, None).unwrap();
    let after = |id: &str| -> Vec<&str> { steps.iter().find(|step| step.id.0 == id).unwrap().after.iter().map(|id| id.0.as_str()).collect() };
    assert!(after("certificate.base-domain-tls").contains(&"cert-manager"));
    assert!(after("edge").contains(&"certificate.base-domain-tls"));
    let made: Vec<String> = steps.iter().flat_map(|step| airlock_engine::makes(&step.action)).map(|object| object.to_string()).collect();
    for object in ["Certificate airlock/base-domain-issued", "Secret airlock/base-domain-issued", "Secret airlock/base-domain-tls"] {
        assert!(made.contains(&object.to_owned()), "{object}: it would stay behind");
    }
    let rights: Vec<String> = crate::requirements::requirements(&answers).unwrap().rights.iter().map(ToString::to_string).collect();
    for right in ["list clusterissuers.cert-manager.io in the cluster", "patch certificates.cert-manager.io in namespace airlock"] {
        assert!(rights.contains(&right.to_owned()), "{right}: {rights:#?}");
    }
    assert!(!rights.iter().any(|right| right.contains(" issuers.cert-manager.io")), "the other kind is not asked about");
}
