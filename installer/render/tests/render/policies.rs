//! Connections: what the policies let through is what the rows say, and the rows are the same with and without a cluster.

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{Connection, Object, names};
use airlock_render::Rendered;
use serde_json::{Value, json};

use crate::combinations::{self, Combination};

/// Who a policy selects or names, as rows name them.
type Name = String;

fn policies(rendered: &Rendered) -> Vec<&Object> {
    rendered.components.iter().flat_map(|component| &component.objects).filter(|object| object.reference().kind == "NetworkPolicy").collect()
}

/// Reads the selector of pods back into the name of a row.
fn pods(selector: &Value) -> Name {
    let label = |key: &str| selector["matchLabels"][key].as_str();
    match (label(names::LABEL_NAME), label("airlock-platform.io/probe"), label(names::LABEL_COMPONENT)) {
        // By the second label those of every Airflow deployment.
        (Some(component), None, None) | (None, None, Some(component)) => component.into(),
        (None, Some(group), None) => format!("probes/{group}"),
        _ => panic!("a policy selects {selector}"),
    }
}

/// The connections that both sides let through, by reading the policies as an enforcer would: `(source, target, port)`.
/// What lies outside our namespaces has one side only.
fn let_through(rendered: &Rendered) -> BTreeSet<(Name, Name, u64)> {
    let mut leaving = BTreeSet::new();
    let mut arriving = BTreeSet::new();
    for policy in policies(rendered) {
        let spec = &policy.manifest()["spec"];
        if spec["podSelector"] == json!({}) {
            assert!(spec["ingress"] == json!([]) && spec["egress"] == json!([]), "a default deny allows something, or does not say that it allows nothing");
            continue;
        }
        let own = pods(&spec["podSelector"]);
        for (key, peers) in [("ingress", "from"), ("egress", "to")] {
            for rule in spec[key].as_array().into_iter().flatten() {
                let ports = rule["ports"].as_array().expect("every rule names ports");
                let named: Vec<Name> = match rule[peers].as_array() {
                    None => vec!["outside".into()],
                    Some(named) => named.iter().map(peer).collect(),
                };
                for (name, port) in named.iter().flat_map(|name| ports.iter().map(move |port| (name.clone(), port["port"].as_u64().unwrap()))) {
                    if key == "ingress" {
                        arriving.insert((name, own.clone(), port))
                    } else {
                        leaving.insert((own.clone(), name, port))
                    };
                }
            }
        }
    }
    let is_ours = |name: &Name| rendered.components.iter().any(|component| *name == component.name) || name.starts_with("probes/");
    let both = leaving.iter().filter(|connection| arriving.contains(*connection) || !is_ours(&connection.1));
    both.chain(arriving.iter().filter(|connection| !is_ours(&connection.0))).cloned().collect()
}

fn peer(peer: &Value) -> Name {
    if let Some(cidr) = peer["ipBlock"]["cidr"].as_str() {
        return match cidr {
            "169.254.20.10/32" => "cluster DNS".into(),
            "192.0.2.0/24" => "outside".into(),
            "10.96.0.1/32" | "192.0.2.10/32" | "192.0.2.1/32" => "API server".into(),
            other => other.into(),
        };
    }
    if peer.pointer("/podSelector/matchLabels/operator.prometheus.io~1name").is_some() {
        return "the company's Prometheus".into();
    }
    let is_of_ours = peer.pointer("/podSelector/matchLabels/app.kubernetes.io~1part-of").is_some() || peer.get("namespaceSelector").is_none();
    if is_of_ours { pods(&peer["podSelector"]) } else { "cluster DNS".into() }
}

/// Rows name the port that is dialled; policies see the one that the target listens on.
fn listens(row: &Connection) -> Vec<(Name, Name, u64)> {
    let of = |port: u64| (row.source.clone(), row.target.clone(), port);
    match (row.source.as_str(), row.target.as_str()) {
        (_, "edge") => vec![of(8443)],
        (_, "edge-http") => vec![of(8081)],
        (_, "cluster DNS") => [53, 5353, 8053].map(of).into(),
        (_, "API server") => [443, 6443].map(of).into(),
        _ => vec![of(row.port.into())],
    }
}

#[test]
fn the_rows_are_what_the_policies_let_through() {
    for (combination, rendered) in combinations::rendered() {
        let allowed = let_through(rendered);
        let rows: BTreeSet<_> = rendered.connections.iter().flat_map(listens).collect();
        for connection in &allowed {
            assert!(rows.contains(connection), "{}: {connection:?} is allowed and not told", combination.name);
        }
        // What leaves the cluster from a deployment is let through by that deployment's own policies, and told beforehand.
        let of_deployments = |row: &&Connection| combination.deployment.is_none() && row.target.contains('/') && !rendered.components.iter().any(|component| component.name == row.source);
        for row in rendered.connections.iter().filter(|row| !of_deployments(row)) {
            assert!(listens(row).iter().any(|connection| allowed.contains(connection)), "{}: {row:?} is told and not allowed", combination.name);
        }
    }
}

#[test]
fn rows_and_sums_are_the_same_without_a_cluster() {
    let mut by_answers: BTreeMap<&str, Vec<(&Rendered, &str)>> = BTreeMap::new();
    for (combination, rendered) in combinations::rendered() {
        let (answers, world) = combination.name.rsplit_once(' ').unwrap();
        by_answers.entry(answers).or_default().push((rendered, world));
    }
    for (answers, worlds) in by_answers {
        let (offline, _) = &worlds[0];
        for (rendered, world) in &worlds[1..] {
            assert_eq!(rendered.connections, offline.connections, "{answers} {world}");
            assert_eq!((rendered.requests, rendered.largest_pod, rendered.pods), (offline.requests, offline.largest_pod, offline.pods), "{answers} {world}");
        }
    }
}

/// Only what is named is compared with the cluster: a direction without rules would otherwise be open to whoever adds one.
#[test]
fn every_policy_names_both_directions_also_where_it_allows_nothing() {
    for (combination, rendered) in combinations::rendered() {
        for policy in policies(rendered) {
            let spec = &policy.manifest()["spec"];
            assert!(spec["ingress"].is_array() && spec["egress"].is_array(), "{}: {}", combination.name, policy.reference());
        }
    }
}

#[test]
fn every_namespace_denies_both_directions_by_default() {
    for (combination, rendered) in combinations::rendered() {
        let namespaces = &combination.answers.namespaces;
        let own = match &combination.deployment {
            Some(deployment) => vec![deployment.name().unwrap().namespace(&combination.answers)],
            None => vec![namespaces.platform.clone(), namespaces.probes.clone()],
        };
        for namespace in &own {
            let closed = json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": [] });
            let denies = policies(rendered).into_iter().any(|policy| policy.reference().namespace.as_ref() == Some(namespace) && policy.manifest()["spec"] == closed);
            assert!(denies, "{}: {namespace}", combination.name);
        }
    }
}

#[test]
fn dns_is_allowed_on_the_port_that_its_pods_listen_on() {
    let mut combination = Combination::of("dns", "");
    combination.facts = Some(combinations::facts(&[]));
    let rendered = combination.render();
    let edge = policies(&rendered).into_iter().find(|policy| policy.reference().name == "edge").unwrap();
    let egress = edge.manifest()["spec"]["egress"].as_array().unwrap();
    let both = |port: u16| json!([{ "port": port, "protocol": "UDP" }, { "port": port, "protocol": "TCP" }]);
    assert!(egress.contains(&json!({
        "to": [{ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "dns-of-the-cluster" } }, "podSelector": { "matchLabels": { "app": "coredns" } } }],
        "ports": both(5353),
    })));
    assert!(egress.contains(&json!({ "to": [{ "ipBlock": { "cidr": "169.254.20.10/32" } }], "ports": both(53) })));
}

#[test]
fn each_direction_of_a_blocked_probe_is_shown_by_itself() {
    let rendered = Combination::of("probes", "").render();
    let spec = |group: &str| policies(&rendered).into_iter().find(|policy| policy.reference().name == format!("probes-{group}")).map(|policy| policy.manifest()["spec"].clone());
    let admitted = spec("listener").unwrap()["ingress"].to_string();
    assert!(admitted.contains("allowed") && admitted.contains("confined") && !admitted.contains("blocked"), "{admitted}");
    assert_ne!(spec("blocked").unwrap()["egress"], json!([]), "a blocked pod may try");
    let let_out = spec("confined").unwrap()["egress"].to_string();
    assert!(let_out.contains("lobby") && !let_out.contains("listener"), "{let_out}");
    let through = let_through(&rendered);
    for group in ["blocked", "confined"] {
        let between = |to: &str| through.contains(&(format!("probes/{group}"), format!("probes/{to}"), 8443));
        assert!(between("lobby") && !between("listener"), "{group}: {through:?}");
    }
}

#[test]
fn peers_of_the_answers_win_over_what_was_found() {
    let mut combination = Combination::of("peers", "network: { peers: { dns: { namespace: own, selector: { a: b }, ports: [8053] }, ingress: [192.0.2.0/24] } }\n");
    combination.facts = Some(combinations::facts(&[]));
    let rendered = combination.render();
    let edge = policies(&rendered).into_iter().find(|policy| policy.reference().name == "edge").unwrap().manifest().to_string();
    assert!(edge.contains(r#""kubernetes.io/metadata.name":"own""#) && edge.contains("8053") && !edge.contains("dns-of-the-cluster"), "{edge}");
    assert!(edge.contains(r#""from":[{"ipBlock":{"cidr":"192.0.2.0/24"}}]"#), "{edge}");
}

#[test]
fn the_edge_may_reach_what_it_passes_on_and_everybody_the_ports_that_pods_open() {
    for (combination, rendered) in combinations::rendered() {
        let allowed = let_through(rendered);
        for component in rendered.components.iter().filter(|component| !component.hosts.is_empty()) {
            let services = component.objects.iter().filter(|object| object.reference().kind == "Service");
            let ports: Vec<&Value> = services.flat_map(|service| service.manifest()["spec"]["ports"].as_array().into_iter().flatten()).collect();
            assert!(!ports.is_empty(), "{}: {}", combination.name, component.name);
            for port in ports {
                let is_allowed = allowed.contains(&("edge".to_owned(), component.name.clone(), port["port"].as_u64().unwrap()));
                // What measures is there for Prometheus alone.
                assert_eq!(is_allowed, port["name"] != "volume", "{}: edge to {}, {port}", combination.name, component.name);
            }
        }
        for (_, target, port) in &allowed {
            let Some(component) = rendered.components.iter().find(|component| component.name == *target) else { continue };
            let opened = component
                .objects
                .iter()
                .filter_map(|object| object.pod())
                .flat_map(|(_, pod)| pod["containers"].as_array().into_iter().flatten())
                .flat_map(|container| container["ports"].as_array().into_iter().flatten());
            assert!(opened.filter_map(|opened| opened["containerPort"].as_u64()).any(|opened| opened == *port), "{}: {target} does not listen on {port}", combination.name);
        }
    }
}

#[test]
fn services_lead_to_ports_that_pods_open() {
    for (combination, rendered) in combinations::rendered() {
        let objects = || rendered.components.iter().flat_map(|component| &component.objects);
        for service in objects().filter(|object| object.reference().kind == "Service") {
            let selector = service.manifest()["spec"]["selector"].as_object().unwrap();
            let is_behind = |object: &&Object| selector.iter().all(|(label, value)| object.manifest()["spec"]["template"]["metadata"]["labels"][label] == *value);
            let pods = objects().filter(is_behind).filter_map(|object| object.pod()).flat_map(|(_, pod)| pod["containers"].as_array().into_iter().flatten());
            let names: Vec<&str> = pods.flat_map(|container| container["ports"].as_array().into_iter().flatten()).filter_map(|port| port["name"].as_str()).collect();
            for port in service.manifest()["spec"]["ports"].as_array().unwrap() {
                assert!(names.contains(&port["targetPort"].as_str().unwrap()), "{}: {}", combination.name, service.reference());
                assert!(port.get("name").is_some() && port.get("appProtocol").is_some(), "{}: {}", combination.name, service.reference());
            }
        }
    }
}
