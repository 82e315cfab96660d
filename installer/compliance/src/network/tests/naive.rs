//! The list against a reference that knows nothing of sets: one connection is asked about at a time, by the words of
//! the API, straight from the manifests. Small clusters are made at random and every pair is compared on every port
//! that anything in them could tell apart.

use std::net::IpAddr;

use ipnet::IpNet;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::ports::Protocol;
use super::super::reach::{End, Reach};
use super::*;

/// One end, as the reference sees it.
#[derive(Clone, Copy)]
enum Who<'a> {
    Pod(&'a Value),
    Address(IpAddr),
}

struct Naive<'a> {
    objects: &'a [Value],
}

impl Naive<'_> {
    fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }

    fn namespace_labels(&self, pod: &Value) -> Value {
        let name = &pod["metadata"]["namespace"];
        let mut labels = self.of_kind("Namespace").find(|object| object["metadata"]["name"] == *name).map_or(json!({}), |object| object["metadata"]["labels"].clone());
        labels["kubernetes.io/metadata.name"] = name.clone();
        labels
    }

    fn allowed(&self, source: Who<'_>, destination: Who<'_>, protocol: &str, port: u16) -> bool {
        let out = if let Who::Pod(pod) = source { self.side(pod, "Egress", destination, destination, protocol, port) } else { true };
        let into = if let Who::Pod(pod) = destination { self.side(pod, "Ingress", source, destination, protocol, port) } else { true };
        out && into
    }

    fn side(&self, pod: &Value, direction: &str, other: Who<'_>, destination: Who<'_>, protocol: &str, port: u16) -> bool {
        let mut admin: Vec<&Value> = self.of_kind("AdminNetworkPolicy").collect();
        admin.sort_by_key(|policy| policy["spec"]["priority"].as_i64());
        let is_port = |ports: &Value| admin_ports(ports, destination, protocol, port);
        match self.first(&admin, pod, direction, other, is_port) {
            Some("Allow") => return true,
            Some("Deny") => return false,
            _ => {}
        }
        let here: Vec<&Value> = self.of_kind("NetworkPolicy").filter(|policy| is_for(policy, pod, direction)).collect();
        if !here.is_empty() {
            let rules = here.iter().flat_map(|policy| policy["spec"][direction.to_lowercase()].as_array().into_iter().flatten().map(move |rule| (policy, rule)));
            let mut rules = rules.filter(|(policy, rule)| self.rule(rule, policy, direction, other) && ports(&rule["ports"], destination, protocol, port));
            return rules.next().is_some();
        }
        let baseline: Vec<&Value> = self.of_kind("BaselineAdminNetworkPolicy").collect();
        self.first(&baseline, pod, direction, other, is_port) != Some("Deny")
    }

    fn first<'a>(&self, policies: &[&'a Value], pod: &Value, direction: &str, other: Who<'_>, is_port: impl Fn(&Value) -> bool) -> Option<&'a str> {
        let here = policies.iter().filter(|policy| self.admin_peer(&policy["spec"]["subject"], Who::Pod(pod)));
        let mut rules = here.flat_map(|policy| policy["spec"][direction.to_lowercase()].as_array().into_iter().flatten());
        let side = if direction == "Ingress" { "from" } else { "to" };
        let rule = rules.find(|rule| rule[side].as_array().unwrap().iter().any(|peer| self.admin_peer(peer, other)) && is_port(&rule["ports"]))?;
        rule["action"].as_str()
    }

    fn admin_peer(&self, peer: &Value, who: Who<'_>) -> bool {
        match who {
            Who::Address(address) => peer["networks"].as_array().into_iter().flatten().any(|network| network.as_str().unwrap().parse::<IpNet>().unwrap().contains(&address)),
            Who::Pod(pod) => match (peer.get("namespaces"), peer.get("pods")) {
                (Some(namespaces), _) => selects(namespaces, &self.namespace_labels(pod)),
                (_, Some(pods)) => selects(&pods["namespaceSelector"], &self.namespace_labels(pod)) && selects(&pods["podSelector"], &pod["metadata"]["labels"]),
                _ => false,
            },
        }
    }

    fn rule(&self, rule: &Value, policy: &Value, direction: &str, other: Who<'_>) -> bool {
        let peers = &rule[if direction == "Ingress" { "from" } else { "to" }];
        let Some(peers) = peers.as_array().filter(|peers| !peers.is_empty()) else { return true };
        peers.iter().any(|peer| match (other, peer.get("ipBlock")) {
            (Who::Address(address), Some(block)) => {
                let contains = |net: &Value| net.as_str().unwrap().parse::<IpNet>().unwrap().contains(&address);
                contains(&block["cidr"]) && !block["except"].as_array().into_iter().flatten().any(contains)
            }
            (Who::Pod(pod), None) => {
                let namespace = match peer.get("namespaceSelector") {
                    Some(selector) => selects(selector, &self.namespace_labels(pod)),
                    None => pod["metadata"]["namespace"] == policy["metadata"]["namespace"],
                };
                namespace && peer.get("podSelector").is_none_or(|selector| selects(selector, &pod["metadata"]["labels"]))
            }
            _ => false,
        })
    }
}

fn is_for(policy: &Value, pod: &Value, direction: &str) -> bool {
    let spec = &policy["spec"];
    let types: Vec<&str> = spec["policyTypes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let is_type = if types.is_empty() { direction == "Ingress" || spec["egress"].as_array().is_some_and(|rules| !rules.is_empty()) } else { types.contains(&direction) };
    is_type && policy["metadata"]["namespace"] == pod["metadata"]["namespace"] && selects(&spec["podSelector"], &pod["metadata"]["labels"])
}

fn selects(selector: &Value, labels: &Value) -> bool {
    let equal = selector["matchLabels"].as_object().into_iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    equal
        && selector["matchExpressions"].as_array().into_iter().flatten().all(|expression| {
            let value = labels.get(expression["key"].as_str().unwrap());
            let listed = value.is_some_and(|value| expression["values"].as_array().into_iter().flatten().any(|one| one == value));
            match expression["operator"].as_str().unwrap() {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => value.is_some(),
                _ => value.is_none(),
            }
        })
}

fn has_port(destination: Who<'_>, name: &Value, protocol: Option<&str>, asked: &str, port: u16) -> bool {
    let Who::Pod(pod) = destination else { return false };
    let ports = pod["spec"]["containers"][0]["ports"].as_array().into_iter().flatten();
    let mut meant = ports.filter(|candidate| candidate["name"] == *name);
    meant.any(|candidate| {
        let its = candidate["protocol"].as_str().unwrap_or("TCP");
        protocol.is_none_or(|protocol| protocol == its) && its == asked && candidate["containerPort"] == port
    })
}

fn ports(ports: &Value, destination: Who<'_>, protocol: &str, port: u16) -> bool {
    let Some(ports) = ports.as_array().filter(|ports| !ports.is_empty()) else { return true };
    ports.iter().any(|written| {
        let its = written["protocol"].as_str().unwrap_or("TCP");
        its == protocol
            && match &written["port"] {
                Value::Null => true,
                Value::Number(first) => first.as_u64().unwrap() <= u64::from(port) && u64::from(port) <= written["endPort"].as_u64().unwrap_or(first.as_u64().unwrap()),
                name => has_port(destination, name, Some(its), protocol, port),
            }
    })
}

fn admin_ports(ports: &Value, destination: Who<'_>, protocol: &str, port: u16) -> bool {
    let Some(ports) = ports.as_array().filter(|ports| !ports.is_empty()) else { return true };
    ports.iter().any(|written| {
        if let Some(name) = written.get("namedPort") {
            return has_port(destination, name, None, protocol, port);
        }
        let (first, last, its) = match written.get("portRange") {
            Some(range) => (&range["start"], &range["end"], &range["protocol"]),
            None => (&written["portNumber"]["port"], &written["portNumber"]["port"], &written["portNumber"]["protocol"]),
        };
        its.as_str().unwrap_or("TCP") == protocol && first.as_u64().unwrap() <= u64::from(port) && u64::from(port) <= last.as_u64().unwrap()
    })
}

/// Choices from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64 (Steele, Lea, Flood, 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn one(&mut self, choices: &[Value]) -> Value {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()].clone()
    }

    fn some(&mut self, most: u64, mut make: impl FnMut(&mut Self) -> Value) -> Vec<Value> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }

    fn selector(&mut self, key: &str) -> Value {
        let label = |value: &str| json!({ "matchLabels": { key: value } });
        let expression = |operator: &str, values: Value| json!({ "matchExpressions": [ { "key": key, "operator": operator, "values": values } ] });
        self.one(&[
            json!({}),
            json!({}),
            label("x"),
            label("y"),
            expression("In", json!(["x", "y"])),
            expression("NotIn", json!(["x"])),
            expression("Exists", json!(null)),
            expression("DoesNotExist", json!([])),
        ])
    }

    fn peer(&mut self) -> Value {
        match self.below(5) {
            0 => json!({ "podSelector": self.selector("app") }),
            1 => json!({ "namespaceSelector": self.selector("team") }),
            2 => json!({ "namespaceSelector": self.selector("team"), "podSelector": self.selector("app") }),
            3 => json!({ "ipBlock": { "cidr": "10.0.0.0/8", "except": ["10.128.0.0/9"] } }),
            _ => self.one(&[
                json!({ "ipBlock": { "cidr": "0.0.0.0/0", "except": ["10.0.0.0/9", "192.168.0.0/16"] } }),
                json!({ "ipBlock": { "cidr": "fd00::/8" } }),
                json!({ "ipBlock": { "cidr": "10.128.0.0/16" } }),
            ]),
        }
    }

    fn port(&mut self) -> Value {
        let ports = [
            json!({}),
            json!({ "protocol": "SCTP" }),
            json!({ "port": 80 }),
            json!({ "port": 80, "endPort": 82 }),
            json!({ "port": 53, "protocol": "UDP" }),
            json!({ "port": "web" }),
            json!({ "port": "dns", "protocol": "UDP" }),
            json!({ "port": "dns" }),
        ];
        self.one(&ports)
    }

    fn rule(&mut self, side: &str) -> Value {
        let mut rule = json!({});
        if self.below(4) > 0 {
            rule[side] = self.some(2, Self::peer).into();
        }
        if self.below(3) > 0 {
            rule["ports"] = self.some(2, Self::port).into();
        }
        rule
    }

    fn policy(&mut self, number: usize) -> Value {
        let mut spec = json!({ "podSelector": self.selector("app") });
        if self.below(2) > 0 {
            spec["policyTypes"] = self.one(&[json!(["Ingress"]), json!(["Egress"]), json!(["Ingress", "Egress"]), json!([])]);
        }
        for (key, side) in [("ingress", "from"), ("egress", "to")] {
            if self.below(3) > 0 {
                spec[key] = self.some(2, |dice| dice.rule(side)).into();
            }
        }
        json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": format!("p{number}"), "namespace": self.one(&[json!("n1"), json!("n2")]) }, "spec": spec })
    }

    fn admin_peer(&mut self, also_networks: bool) -> Value {
        match self.below(if also_networks { 3 } else { 2 }) {
            0 => json!({ "namespaces": self.selector("team") }),
            1 => json!({ "pods": { "namespaceSelector": self.selector("team"), "podSelector": self.selector("app") } }),
            _ => json!({ "networks": ["10.0.0.0/9", "fd00::/9"] }),
        }
    }

    fn admin(&mut self, kind: &str, priority: Option<u64>) -> Value {
        let actions: &[Value] = if priority.is_some() { &[json!("Allow"), json!("Deny"), json!("Pass")] } else { &[json!("Allow"), json!("Deny")] };
        let mut spec = json!({ "subject": self.admin_peer(false) });
        for (key, side) in [("ingress", "from"), ("egress", "to")] {
            let rules = self.some(2, |dice| {
                let mut rule = json!({ "action": dice.one(actions), side: [dice.admin_peer(side == "to")] });
                if dice.below(2) > 0 {
                    rule["ports"] = json!([dice.one(&[
                        json!({ "portNumber": { "port": 80, "protocol": "TCP" } }),
                        json!({ "portRange": { "start": 50, "end": 81, "protocol": "UDP" } }),
                        json!({ "namedPort": "dns" })
                    ])]);
                }
                rule
            });
            spec[key] = rules.into();
        }
        if let Some(priority) = priority {
            spec["priority"] = priority.into();
        }
        let name = priority.map_or_else(|| "default".to_owned(), |priority| format!("a{priority}"));
        json!({ "apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec })
    }

    fn pod(&mut self, number: usize) -> Value {
        let ports =
            self.one(&[json!([]), json!([ { "name": "web", "containerPort": 80 } ]), json!([ { "name": "web", "containerPort": 81 }, { "name": "dns", "containerPort": 53, "protocol": "UDP" } ])]);
        let labels = self.one(&[json!({}), json!({ "app": "x" }), json!({ "app": "y" })]);
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": format!("pod{number}"), "namespace": self.one(&[json!("n1"), json!("n2")]), "labels": labels }, "spec": { "containers": [ { "name": "c", "ports": ports } ] } })
    }

    fn cluster(&mut self) -> Vec<Value> {
        let mut objects: Vec<Value> = (0..4).map(|number| self.pod(number)).collect();
        let labels = self.one(&[json!({}), json!({ "team": "x" })]);
        objects.push(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "n1", "labels": labels } }));
        objects.extend((0..usize::try_from(self.below(4)).unwrap()).map(|number| self.policy(number)));
        objects.extend((0..self.below(3)).map(|priority| self.admin("AdminNetworkPolicy", Some(priority))));
        objects.extend((0..self.below(2)).map(|_| self.admin("BaselineAdminNetworkPolicy", None)));
        objects
    }
}

/// Each side of every edge of the blocks above.
const ADDRESSES: [&str; 9] = ["0.0.0.0", "10.0.0.1", "10.127.255.255", "10.128.0.0", "10.129.0.0", "11.0.0.0", "192.168.3.4", "fd00::1", "fe80::1"];
const PORTS: [u16; 8] = [1, 53, 79, 80, 81, 82, 83, 65535];

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn one_connection_at_a_time_says_the_same(seed in any::<u64>()) {
        let manifests = Dice(seed).cluster();
        let objects: Vec<Object> = manifests.iter().cloned().map(|manifest| Object::new(manifest).unwrap()).collect();
        let cluster = Cluster::read(objects.iter().map(|object| (object.reference(), object.manifest())));
        prop_assert_eq!(&cluster.unread, &Vec::new());
        let reach = Reach::new(&cluster);
        let naive = Naive { objects: &manifests };
        let manifest = |index: usize| manifests.iter().find(|manifest| manifest["metadata"]["name"] == cluster.pods[index].object.name.as_str()).unwrap();
        let pods = (0..cluster.pods.len()).map(|index| (End::Pod(index), Who::Pod(manifest(index))));
        let addresses = ADDRESSES.iter().map(|text| text.parse::<IpAddr>().unwrap()).filter_map(|address| {
            let range = reach.ranges.iter().position(|range| range.is_ipv4() == address.is_ipv4() && range.first <= address && address <= range.last)?;
            Some((End::Outside(range), Who::Address(address)))
        });
        let ends: Vec<(End, Who<'_>)> = pods.chain(addresses).collect();
        for (source, from) in &ends {
            for (destination, to) in ends.iter().filter(|(destination, _)| matches!(source, End::Pod(_)) || matches!(destination, End::Pod(_))) {
                let allowed = reach.allowed(*source, *destination);
                for protocol in Protocol::ALL {
                    for port in PORTS {
                        let expected = naive.allowed(*from, *to, &protocol.to_string(), port);
                        prop_assert_eq!(allowed.contains(protocol, port), expected, "{:?} => {:?} {} {}\n{:#?}", source, destination, protocol, port, manifests);
                    }
                }
            }
        }
    }
}
