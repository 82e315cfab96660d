//! Each check by what changes its verdict, and the list as people and programs read it.

use airlock_model::{Reason, Untrusted, Verdict, WorldDeployment};

use super::super::*;
use super::*;

#[test]
fn a_namespace_is_closed_by_a_policy_for_all_of_its_pods_in_each_direction() {
    let of = |specs: &[&str]| {
        let policies = specs.iter().enumerate().map(|(index, spec)| policy("shop", &format!("p{index}"), spec)).collect::<String>();
        ["NET-001", "NET-002"].map(|id| {
            let mut given = files(&[pod("shop", "a"), policies.clone()].concat());
            given.world.namespaces = vec!["shop".into()];
            findings(id, &given, json!({})).iter().map(|finding| finding.verdict.word()).collect::<Vec<_>>().join(" ")
        })
    };
    assert_eq!(of(&[]), ["fail", "fail"]);
    assert_eq!(of(&[CLOSED]), ["pass", "pass"]);
    assert_eq!(of(&["podSelector: {}"]), ["pass", "fail"]);
    assert_eq!(of(&["podSelector: {}, policyTypes: [Egress]"]), ["fail", "pass"]);
    assert_eq!(of(&["podSelector: { matchLabels: { app: a } }, policyTypes: [Ingress, Egress]"]), ["fail", "fail"]);
    // What is allowed by name leaves the rest closed; a rule without limits opens it all.
    assert_eq!(of(&["podSelector: {}, policyTypes: [Egress], egress: [ { ports: [ { port: 53, protocol: UDP } ] } ]"]), ["fail", "pass"]);
    assert_eq!(of(&[CLOSED, "podSelector: { matchLabels: { app: a } }, egress: [ {} ]"]), ["pass", "fail pass"]);
    assert_eq!(of(&[CLOSED, "podSelector: {}, policyTypes: [Ingres]"]), ["unverified pass", "unverified pass"]);
    let cilium = "\n---\n{ apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: { name: c }, spec: { endpointSelector: {}, ingress: [ {} ] } }";
    let mut given = files(&[pod("shop", "a"), cilium.to_owned()].concat());
    given.world.namespaces = vec!["shop".into()];
    assert_eq!(findings("NET-001", &given, json!({}))[0].verdict, Verdict::Pass);
}

#[test]
fn a_pod_is_selected_in_both_directions_or_fails() {
    let of = |specs: &[&str]| {
        let policies = specs.iter().enumerate().map(|(index, spec)| policy("shop", &format!("p{index}"), spec)).collect::<String>();
        verdicts("NET-003", &[pod("shop", "a"), policies])
    };
    assert_eq!(of(&[]), said(&[("a", "fail")]));
    assert_eq!(of(&["podSelector: {}"]), said(&[("a", "fail")]));
    assert_eq!(of(&[CLOSED]), said(&[("a", "pass")]));
    assert_eq!(of(&["podSelector: {}", "podSelector: { matchExpressions: [ { key: app, operator: In, values: [a] } ] }, policyTypes: [Egress]"]), said(&[("a", "pass")]));
    assert_eq!(of(&["podSelector: { matchLabels: { app: b } }, policyTypes: [Ingress, Egress]"]), said(&[("a", "fail")]));
    let elsewhere = verdicts("NET-003", &[pod("shop", "a"), policy("bank", "p", CLOSED)]);
    assert_eq!(elsewhere, said(&[("a", "fail")]));
    let cilium = "\n---\n{ apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: { name: c, namespace: shop }, spec: { endpointSelector: {}, ingress: [ {} ], egress: [ {} ] } }".to_owned();
    assert_eq!(verdicts("NET-003", &[pod("shop", "a"), cilium]), said(&[("a", "pass")]));
    let host = "\n---\n{ apiVersion: apps/v1, kind: DaemonSet, metadata: { name: h, namespace: shop }, spec: { template: { spec: { hostNetwork: true, containers: [] } } } }".to_owned();
    let found = findings("NET-003", &files(&[host, policy("shop", "p", CLOSED)].concat()), json!({}));
    assert_eq!((found[0].verdict, found[0].path.as_ref().map(Untrusted::raw)), (Verdict::Fail, Some("spec.template.spec.hostNetwork")));
}

/// Calico and Antrea have policies of their own, which stand before or after those of Kubernetes.
#[test]
fn policies_whose_rules_are_not_read_are_no_proof() {
    let closed = ["alpha", "beta", "airlock"].map(|namespace| policy(namespace, "closed", CLOSED));
    let world = [vec![pod("alpha", "a"), pod("beta", "b"), pod("airlock", "db"), tenant("alpha"), tenant("beta"), platform()], closed.to_vec()].concat();
    assert_eq!(verdicts("NET-004", &world), said(&[("alpha", "pass"), ("beta", "pass")]), "without them");
    for (api_version, kind, place) in [
        ("projectcalico.org/v3", "GlobalNetworkPolicy", ""),
        ("crd.projectcalico.org/v1", "GlobalNetworkPolicy", ""),
        ("projectcalico.org/v3", "NetworkPolicy", ", namespace: alpha"),
        ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", ""),
        ("crd.antrea.io/v1beta1", "NetworkPolicy", ", namespace: alpha"),
    ] {
        let foreign = format!("\n---\n{{ apiVersion: {api_version}, kind: {kind}, metadata: {{ name: open{place} }}, spec: {{ order: 1, ingress: [ {{ action: Allow }} ] }} }}");
        for check in ["NET-003", "NET-004"] {
            let found = verdicts(check, &[world.clone(), vec![foreign.clone()]].concat());
            assert!(found.contains(&said(&[("open", "unverified")])[0]), "{check} {kind}: {found:?}");
        }
        let listed = crate::network::connections::connections(&files(&[world.concat(), foreign].concat()));
        assert_eq!(listed.unverified.len(), 1, "{kind}: {:?}", listed.unverified);
    }
}

#[test]
fn tenants_reach_nothing_that_is_not_declared() {
    let world = || vec![pod("alpha", "a"), pod("beta", "b"), pod("airlock", "db"), tenant("alpha"), tenant("beta"), platform()];
    let with = |extra: &[String], parameters: Value| verdicts_with("NET-004", &[world(), extra.to_vec()].concat(), parameters);
    let closed = |namespace: &str| policy(namespace, "closed", CLOSED);
    // Without policies everybody reaches everybody: each target once for each tenant that reaches it.
    assert_eq!(with(&[], json!({})), said(&[("a", "fail"), ("b", "fail"), ("db", "fail"), ("db", "fail")]));
    let all_closed = [closed("alpha"), closed("beta"), closed("airlock")];
    assert_eq!(with(&all_closed, json!({})), said(&[("alpha", "pass"), ("beta", "pass")]));
    // Both ends must open.
    let out = policy("alpha", "out", "podSelector: {}, policyTypes: [Egress], egress: [ { ports: [ { port: 5432 } ] } ]");
    let into = policy("airlock", "in", "podSelector: {}, ingress: [ { from: [ { namespaceSelector: {} } ], ports: [ { port: 5432 }, { port: 80 } ] } ]");
    assert_eq!(with(&[&all_closed[..], std::slice::from_ref(&out)].concat(), json!({})), said(&[("alpha", "pass"), ("beta", "pass")]));
    let open = [&all_closed[..], &[out, into]].concat();
    assert_eq!(with(&open, json!({})), said(&[("beta", "pass"), ("db", "fail")]));
    // Declared it passes, by namespace or by star, and only on its ports.
    for allow in ["alpha => airlock : TCP 5432", "* => airlock", "alpha => * : TCP"] {
        assert_eq!(with(&open, json!({ "NET-004.allow": [allow] })), said(&[("alpha", "pass"), ("beta", "pass")]), "{allow}");
    }
    assert_eq!(with(&open, json!({ "NET-004.allow": ["alpha => airlock : TCP 80", "beta => airlock"] })), said(&[("beta", "pass"), ("db", "fail")]));
    assert_eq!(with(&open, json!({ "NET-004.allow": ["alpha to airlock"] })), said(&[("tenants", "unverified")]));
}

#[test]
fn the_finding_of_a_crossing_names_ends_ports_and_policies() {
    let out = policy("alpha", "out", "podSelector: {}, policyTypes: [Egress], egress: [ { ports: [ { port: web } ] } ]");
    let found = findings(
        "NET-004",
        &files(&[pod("alpha", "a"), pod("beta", "b"), tenant("alpha"), tenant("beta"), policy("beta", "closed", "podSelector: {}, policyTypes: [Egress]"), out].concat()),
        json!({}),
    );
    let failed: Vec<&str> = found.iter().filter(|finding| finding.verdict == Verdict::Fail).map(|finding| finding.observed.raw()).collect();
    assert_eq!(failed, ["alpha/a[Pod] => beta/b[Pod] : TCP 80; opened by: NetworkPolicy alpha/out, no policy is for ingress of the target"]);
}

#[test]
fn what_tenants_reach_outside_is_compared_when_that_is_asked_for() {
    let world = || vec![pod("alpha", "a"), pod("beta", "b"), tenant("alpha"), tenant("beta"), policy("beta", "closed", CLOSED)];
    let out = policy("alpha", "out", "podSelector: {}, policyTypes: [Ingress, Egress], egress: [ { to: [ { ipBlock: { cidr: 10.0.0.0/8, except: [10.9.0.0/16] } } ], ports: [ { port: 443 } ] } ]");
    let of = |extra: &[&String], parameters: Value| {
        let files = files(&[world(), extra.iter().map(|text| (*text).clone()).collect()].concat().concat());
        let found = findings("NET-004", &files, parameters).into_iter();
        found.map(|finding| format!("{} {}: {}", finding.subject.name.raw(), finding.verdict.word(), finding.observed.raw())).collect::<Vec<_>>()
    };
    let passes = |namespace: &str, outside: &str| format!("{namespace} pass: its pods reach nothing of other tenants or of the platform{outside} that was not declared");
    assert_eq!(of(&[&out], json!({})), [passes("alpha", ""), passes("beta", "")]);
    let asked = json!({ "NET-004.outside": true });
    let with = |allow: &[&str]| json!({ "NET-004.outside": true, "NET-004.allow": allow });
    let whole = "a fail: alpha/a[Pod] => 10.0.0.0-10.8.255.255 : TCP 443, 10.10.0.0-10.255.255.255 : TCP 443; opened by: NetworkPolicy alpha/out";
    assert_eq!(of(&[&out], asked.clone()), [passes("beta", ", and nothing outside"), whole.into()]);
    // A declared block cuts what a policy does not; what it holds is declared, and the rest is told.
    assert_eq!(
        of(&[&out], with(&["alpha => 10.0.0.0/12 : TCP 443"])),
        [passes("beta", ", and nothing outside"), "a fail: alpha/a[Pod] => 10.16.0.0-10.255.255.255 : TCP 443; opened by: NetworkPolicy alpha/out".into()]
    );
    assert_eq!(of(&[&out], with(&["* => 10.0.0.0/8 : TCP 443"])), [passes("alpha", ", and nothing outside"), passes("beta", ", and nothing outside")]);
    assert_eq!(of(&[&out], with(&["beta => 10.0.0.0/8", "alpha => 10.0.0.0/8 : UDP 443", "alpha => *"])).last().unwrap(), whole);
    // From outside as well, and to a tenant without any policy, from everywhere.
    let into = policy("alpha", "in", "podSelector: {}, policyTypes: [Ingress, Egress], ingress: [ { from: [ { ipBlock: { cidr: 192.0.2.0/24 } } ], ports: [ { port: 8080 } ] } ]");
    let inward = "a fail: from outside to alpha/a[Pod]: 192.0.2.0-192.0.2.255 : TCP 8080; opened by: NetworkPolicy alpha/in";
    assert_eq!(of(&[&into], asked.clone()), [passes("beta", ", and nothing outside"), inward.into()]);
    assert_eq!(of(&[&into], with(&["192.0.2.0/24 => alpha : TCP 8080"])), [passes("alpha", ", and nothing outside"), passes("beta", ", and nothing outside")]);
    // A block says nothing of a comparison that is not made.
    let silent = of(&[&out], json!({ "NET-004.allow": ["alpha => 10.0.0.0/8 : TCP 443"] }));
    assert!(matches!(&silent[..], [one] if one.starts_with("tenants unverified: the parameter NET-004.allow names 10.0.0.0/8")), "{silent:?}");
    // The newer family is outside as well, and no block of the older one declares it.
    let newer = "from outside to alpha/a[Pod]: 0.0.0.0-255.255.255.255 : All Connections, ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff : All Connections";
    assert!(of(&[], asked.clone())[1].contains(newer), "{:?}", of(&[], asked.clone()));
    assert!(of(&[], with(&["alpha => 0.0.0.0/0", "0.0.0.0/0 => alpha"]))[2].contains("alpha/a[Pod] => ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff : All Connections;"));
    let cilium = "\n---\n{ apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: { name: c, namespace: alpha }, spec: { endpointSelector: {}, ingress: [ {} ], egress: [ { toEntities: [world-ipv6] } ] } }".to_owned();
    assert!(of(&[&cilium], asked.clone()).iter().any(|finding| finding.contains("alpha/a[Pod] => ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff : ")));
    assert!(of(&[], asked)[2].ends_with("opened by: no policy is for egress of the source"));
}

#[test]
fn who_is_a_tenant_is_told_by_labels_or_parameters() {
    let plain = [pod("alpha", "a"), pod("beta", "b"), namespace("alpha", "retail"), namespace("beta", "money")];
    assert_eq!(verdicts("NET-004", &plain), said(&[("tenants", "not applicable")]));
    assert_eq!(findings("NET-004", &files(&plain.concat()), json!({}))[0].reason, Some(Reason::NoSubject));
    assert_eq!(verdicts_with("NET-004", &plain, json!({ "network.tenantSelector": ["team"] })), said(&[("a", "fail"), ("b", "fail")]));
    assert_eq!(verdicts_with("NET-004", &plain, json!({ "network.tenantSelector": ["team=money"], "network.platformNamespaces": ["alpha"] })), said(&[("a", "fail")]));
    assert_eq!(verdicts_with("NET-004", &plain, json!({ "network.tenantNamespaces": ["alpha", "beta"] })), said(&[("a", "fail"), ("b", "fail")]));
    // Two namespaces of one tenant are one.
    let same = [pod("alpha", "a"), pod("beta", "b"), namespace("alpha", "retail"), namespace("beta", "retail")];
    assert_eq!(verdicts_with("NET-004", &same, json!({ "network.tenantSelector": ["team"] })), said(&[("alpha", "pass"), ("beta", "pass")]));
}

#[test]
fn of_an_installation_its_deployments_are_the_tenants_and_their_tables_are_declared() {
    let scheduler = pod("airlock-beta", "b").replace("labels: {", "labels: { app.kubernetes.io/name: airflow-scheduler,");
    let mut snapshot = files(&[pod("airlock-alpha", "a"), scheduler, tenant("airlock-alpha"), tenant("airlock-beta"), policy("airlock-alpha", "p", CLOSED)].concat());
    let database = "\n---\n{ apiVersion: v1, kind: Pod, metadata: { name: database-0, namespace: airlock, labels: { app.kubernetes.io/name: database } }, spec: { containers: [] } }";
    snapshot.objects.get_mut("Pod").unwrap().as_mut().unwrap().extend(files(database).objects.remove("Pod").unwrap().unwrap());
    let only = policy(
        "airlock-beta",
        "p",
        "podSelector: {}, policyTypes: [Egress], egress: [ { to: [ { namespaceSelector: {}, podSelector: { matchLabels: { app.kubernetes.io/name: database } } } ], ports: [ { port: 5432 } ] } ]",
    );
    snapshot.objects.get_mut("NetworkPolicy").unwrap().as_mut().unwrap().extend(files(&only).objects.remove("NetworkPolicy").unwrap().unwrap());
    snapshot.source = Source::Cluster;
    for key in super::super::sources::needed_keys() {
        snapshot.objects.entry(key).or_insert_with(|| Ok(Vec::new()));
    }
    let login = airlock_model::Credentials { username: "admin".into(), password: None, form: airlock_model::CredentialsForm::Json };
    let deployment = |name: &str| WorldDeployment { name: name.into(), namespace: format!("airlock-{name}"), host: String::new(), login: login.clone(), role: login.clone() };
    snapshot.world.deployments = vec![deployment("alpha"), deployment("beta")];
    snapshot.world.platform = "airlock".into();
    snapshot.world.namespaces = ["airlock", "airlock-alpha", "airlock-beta"].map(str::to_owned).into();
    let words = |snapshot: &Snapshot| findings("NET-004", snapshot, json!({})).iter().map(|finding| (finding.subject.name.raw().to_owned(), finding.verdict)).collect::<Vec<_>>();
    assert_eq!(words(&snapshot), [("airlock-alpha".to_owned(), Verdict::Pass), ("airlock-beta".to_owned(), Verdict::Pass)]);
    // A task needs no database.
    let mut of_tasks = snapshot.clone();
    let pods = of_tasks.objects.get_mut("Pod").unwrap().as_mut().unwrap();
    pods.iter_mut().find(|pod| pod.object.name == "b").unwrap().manifest["metadata"]["labels"]["app.kubernetes.io/name"] = "airflow-task".into();
    assert_eq!(words(&of_tasks), [("airlock-alpha".to_owned(), Verdict::Pass), ("database-0".to_owned(), Verdict::Fail)]);
    // Of files nothing is declared by itself.
    let mut of_files = snapshot.clone();
    of_files.source = Source::Files;
    assert!(words(&of_files).iter().all(|(_, verdict)| *verdict != Verdict::Fail), "the platform is not known without its namespace");
    // A kind of policy that was not read may allow anything.
    snapshot.objects.remove("AdminNetworkPolicy");
    assert_eq!(words(&snapshot), [("tenants".to_owned(), Verdict::Unverified)]);
}

#[test]
fn what_is_not_understood_is_unverified_beside_what_is() {
    let broken = policy("alpha", "odd", "podSelector: {}, policyTypes: [Ingres]");
    let found = verdicts("NET-004", &[pod("alpha", "a"), tenant("alpha"), broken]);
    assert_eq!(found, said(&[("alpha", "pass"), ("odd", "unverified")]));
}

#[test]
fn rules_that_reach_the_metadata_address_or_every_node_fail() {
    let of_rule = |rule: &str| findings("NET-005", &files(&policy("shop", "p", &format!("podSelector: {{}}, policyTypes: [Egress], egress: [ {rule} ]"))), json!({}));
    let verdict = |rule: &str| of_rule(rule).iter().map(|finding| finding.verdict.word()).collect::<Vec<_>>().join(" ");
    let opens = |rule: &str| of_rule(rule).iter().map(|finding| finding.observed.raw().to_owned()).collect::<Vec<_>>().join("; ");
    assert_eq!(verdict(""), "pass");
    assert_eq!(verdict("{}"), "fail fail fail fail");
    assert_eq!(of_rule("{}")[0].path.as_ref().map(Untrusted::raw), Some("spec.egress[0]"));
    assert_eq!(
        opens("{}"),
        "egress rule 0 opens the metadata address 169.254.169.254; egress rule 0 opens the metadata address fd00:ec2::254; egress rule 0 opens kubelets on every node (TCP 10250, 10255); egress rule 0 opens the API server wherever it is (TCP 6443)"
    );
    assert_eq!(opens("{ to: [ { ipBlock: { cidr: 169.254.0.0/16 } } ] }"), "egress rule 0 opens the metadata address 169.254.169.254");
    assert_eq!(opens("{ to: [ { ipBlock: { cidr: 0.0.0.0/0, except: [ 169.254.169.254/32 ] } } ], ports: [ { port: 10250 } ] }"), "egress rule 0 opens kubelets on every node (TCP 10250)");
    for rule in [
        "{ to: [ { ipBlock: { cidr: 0.0.0.0/0, except: [ 169.254.169.254/32 ] } } ], ports: [ { port: 443 } ] }",
        "{ to: [ { ipBlock: { cidr: 0.0.0.0/0 } } ], ports: [ { port: 53, protocol: UDP } ] }",
        "{ to: [ { ipBlock: { cidr: 10.0.0.0/8 } } ] }",
        "{ to: [ { namespaceSelector: {} } ] }",
        "{ ports: [ { port: 53, protocol: UDP }, { port: 53 } ] }",
    ] {
        assert_eq!(verdict(rule), "pass", "{rule}");
    }
    assert_eq!(verdicts("NET-005", &[pod("shop", "a")]), said(&[("all policies", "not applicable")]));
}

#[test]
fn policies_are_about_something() {
    let of = |documents: &[String]| verdicts("NET-006", documents).into_iter().find(|(name, _)| name == "p").map(|(_, word)| word);
    let a = || pod("shop", "a");
    assert_eq!(of(&[a(), policy("shop", "p", "podSelector: { matchLabels: { app: a } }")]), Some("pass"));
    assert_eq!(of(&[a(), policy("shop", "p", "podSelector: { matchLabels: { app: b } }")]), Some("fail"));
    assert_eq!(of(&[a(), policy("shop", "p", "podSelector: {}")]), Some("pass"));
    // What is for all pods where there is none is as it should be, and nothing was seen of it.
    assert_eq!(of(&[a(), policy("bank", "p", "podSelector: {}")]), Some("not applicable"));
    let job = || "\n---\n{ apiVersion: batch/v1, kind: Job, metadata: { name: m, namespace: shop }, spec: { template: { spec: { containers: [] } } } }".to_owned();
    assert_eq!(of(&[job(), policy("shop", "p", "podSelector: { matchLabels: { job-name: m } }")]), Some("pass"));
    assert_eq!(of(&[job(), policy("shop", "p", "podSelector: { matchLabels: { job-name: n } }")]), Some("fail"));
    assert_eq!(of(&[a(), policy("shop", "p", "podSelector: {}, ingress: [ { ports: [ { port: web } ] } ]")]), Some("pass"));
    assert_eq!(of(&[a(), policy("shop", "p", "podSelector: {}, ingress: [ { ports: [ { port: wbe } ] } ]")]), Some("fail"));
    assert_eq!(of(&[a(), policy("shop", "p", "podSelector: {}, egress: [ { to: [ { podSelector: {} } ], ports: [ { port: wbe } ] } ]")]), Some("fail"));
    assert_eq!(of(&[a(), policy("shop", "p", "podSelector: {}, egress: [ { to: [ { podSelector: { matchLabels: { app: elsewhere } } } ], ports: [ { port: wbe } ] } ]")]), Some("pass"));
    let service = || "\n---\n{ apiVersion: v1, kind: Service, metadata: { name: s, namespace: shop }, spec: { clusterIP: 10.96.0.9, ports: [ { port: 80 } ] } }".to_owned();
    let to = |cidr: &str| policy("shop", "p", &format!("podSelector: {{}}, egress: [ {{ to: [ {{ ipBlock: {{ cidr: {cidr} }} }} ] }} ]"));
    assert_eq!(of(&[a(), service(), to("10.96.0.9/32")]), Some("fail"));
    assert_eq!(of(&[a(), service(), to("10.96.0.10/32")]), Some("pass"));
    assert_eq!(of(&[a(), service(), to("10.96.0.0/12")]), Some("pass"));
}

#[test]
fn services_stay_inside_unless_they_are_named() {
    let service = |spec: &str, annotations: &str| {
        format!("\n---\n{{ apiVersion: v1, kind: Service, metadata: {{ name: s, namespace: shop, annotations: {{ {annotations} }} }}, spec: {{ {spec}, ports: [ {{ port: 80 }} ] }} }}")
    };
    let exposed = |spec: &str, annotations: &str| verdicts("NET-015", &[service(spec, annotations)])[0].1;
    assert_eq!(exposed("type: ClusterIP", ""), "pass");
    assert_eq!(exposed("type: NodePort", ""), "fail");
    assert_eq!(exposed("type: LoadBalancer", ""), "fail");
    assert_eq!(exposed("type: LoadBalancer", "networking.gke.io/load-balancer-type: Internal"), "pass");
    assert_eq!(exposed("type: LoadBalancer", "service.beta.kubernetes.io/aws-load-balancer-internal: 'false'"), "fail");
    assert_eq!(exposed("externalIPs: [ 192.0.2.1 ]", ""), "fail");
    assert_eq!(verdicts_with("NET-015", &[service("type: NodePort", "")], json!({ "NET-015.allow": ["shop/s"] })), said(&[("s", "pass")]));
    assert_eq!(verdicts("NET-015", &[pod("shop", "a")]), said(&[("all Services", "not applicable")]));
    let private = |spec: &str, annotations: &str| verdicts_with("NET-016", &[service(spec, annotations)], json!({ "network.private": true }))[0].1;
    let inside = "networking.gke.io/load-balancer-type: Internal";
    assert_eq!(private("type: LoadBalancer, loadBalancerSourceRanges: [ 10.0.0.0/8 ]", inside), "pass");
    assert_eq!(private("type: LoadBalancer, loadBalancerSourceRanges: [ 10.0.0.0/8 ]", ""), "fail");
    assert_eq!(private("type: LoadBalancer", inside), "fail");
    let of_aws = |scheme: &str| format!("service.beta.kubernetes.io/aws-load-balancer-internal: 'true', service.beta.kubernetes.io/aws-load-balancer-scheme: {scheme}");
    assert_eq!(private("type: LoadBalancer, loadBalancerSourceRanges: [ 10.0.0.0/8 ]", &of_aws("internal")), "pass");
    assert_eq!(private("type: LoadBalancer, loadBalancerSourceRanges: [ 10.0.0.0/8 ]", &of_aws("internet-facing")), "fail");
    assert_eq!(private("type: LoadBalancer, loadBalancerSourceRanges: [ 10.0.0.0/8, 0.0.0.0/0 ]", inside), "fail");
    assert_eq!(private("type: LoadBalancer, loadBalancerSourceRanges: [ 0.0.0.0/1, 128.0.0.0/1 ]", inside), "fail");
    assert_eq!(private("type: LoadBalancer, loadBalancerSourceRanges: [ ten ]", inside), "fail");
    let annotated = |ranges: &str| format!("{inside}, service.beta.kubernetes.io/load-balancer-source-ranges: '{ranges}'");
    assert_eq!(private("type: LoadBalancer", &annotated("10.0.0.0/8, 192.168.0.0/16")), "pass");
    assert_eq!(private("type: LoadBalancer", &annotated("10.0.0.0/8,0.0.0.0/0")), "fail");
    assert_eq!(private("type: LoadBalancer, loadBalancerSourceRanges: [ 0.0.0.0/0 ]", &annotated("10.0.0.0/8")), "fail", "the field stands before the annotation");
    assert_eq!(private("type: LoadBalancer, loadBalancerSourceRanges: [ 10.0.0.0/8 ]", "service.beta.kubernetes.io/aws-load-balancer-internal: '0.0.0.0/0'"), "pass");
    assert_eq!(verdicts("NET-016", &[service("type: LoadBalancer", "")]), said(&[("all Services", "not applicable")]));
}

#[test]
fn a_load_balancer_with_a_public_address_is_outside_whatever_its_annotations_say() {
    let of = |id: &str, status: &str| {
        let annotations = "service.beta.kubernetes.io/aws-load-balancer-scheme: internal";
        let service = format!(
            "\n---\n{{ apiVersion: v1, kind: Service, metadata: {{ name: s, namespace: shop, annotations: {{ {annotations} }} }}, spec: {{ type: LoadBalancer, loadBalancerSourceRanges: [ 10.0.0.0/8 ] }}, status: {{ loadBalancer: {{ ingress: [ {status} ] }} }} }}"
        );
        let found = findings(id, &files(&service), json!({ "network.private": true }));
        found.iter().map(|finding| format!("{} {}", finding.verdict.word(), finding.observed.raw())).collect::<Vec<_>>().join("; ")
    };
    for id in ["NET-015", "NET-016"] {
        assert_eq!(of(id, "{ ip: 10.0.0.9 }, { ip: 198.51.100.7 }"), "fail its load balancer has the address 198.51.100.7, which is public", "{id}");
        assert!(of(id, "{ ip: 10.0.0.9 }").starts_with("pass ") && of(id, "").starts_with("pass "), "{id}");
    }
    assert_eq!(of("NET-016", "{ hostname: a.elb.example }"), "pass an annotation for an internal load balancer, no public address, and source ranges; its name a.elb.example was not looked up");
    let found = findings(
        "NET-016",
        &files(
            "\n---\n{ apiVersion: v1, kind: Service, metadata: { name: s }, spec: { type: LoadBalancer, loadBalancerSourceRanges: [ 10.0.0.0/8 ] }, status: { loadBalancer: { ingress: [ { ip: 198.51.100.7 } ] } } }",
        ),
        json!({ "network.private": true }),
    );
    assert_eq!(found.iter().map(|finding| finding.path.as_ref().unwrap().raw().to_owned()).collect::<Vec<_>>(), ["metadata.annotations", "status.loadBalancer.ingress[0].ip"]);
}

#[test]
fn the_list_is_sorted_lines_and_json_with_what_is_not_proved() {
    let host = "\n---\n{ apiVersion: apps/v1, kind: DaemonSet, metadata: { name: h, namespace: shop }, spec: { template: { spec: { hostNetwork: true, containers: [] } } } }".to_owned();
    let snapshot = files(
        &[
            pod("shop", "a"),
            pod("bank", "b"),
            host,
            policy(
                "shop",
                "p",
                "podSelector: { matchLabels: { app: a } }, policyTypes: [Ingress, Egress], ingress: [ { from: [ { namespaceSelector: {} } ], ports: [ { port: 80 }, { port: 8080 } ] } ]",
            ),
            policy("shop", "odd", "podSelector: 1"),
        ]
        .concat(),
    );
    let list = connections(&snapshot);
    let text = list.to_string();
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            "0.0.0.0-255.255.255.255 => bank/b[Pod] : All Connections",
            "0.0.0.0-255.255.255.255 => shop/h[DaemonSet] : All Connections",
            "bank/b[Pod] => 0.0.0.0-255.255.255.255 : All Connections",
            "bank/b[Pod] => shop/a[Pod] : TCP 80,8080",
            "bank/b[Pod] => shop/h[DaemonSet] : All Connections",
            "shop/h[DaemonSet] => 0.0.0.0-255.255.255.255 : All Connections",
            "shop/h[DaemonSet] => bank/b[Pod] : All Connections",
            "shop/h[DaemonSet] => shop/a[Pod] : TCP 80,8080",
        ]
    );
    let json = serde_json::to_value(&list).unwrap();
    assert_eq!(json["schema"], 1);
    assert_eq!(
        json["connections"][3],
        json!({ "src": "bank/b[Pod]", "dst": "shop/a[Pod]", "connections": "TCP 80,8080", "ports": { "TCP": [ { "first": 80, "last": 80 }, { "first": 8080, "last": 8080 } ] } })
    );
    assert_eq!(json["hostNetwork"], json!(["shop/h[DaemonSet]"]));
    assert_eq!(json["unverified"][0]["object"]["name"], "odd");
    assert_eq!(serde_json::from_value::<Connections>(json).unwrap(), list);
}
