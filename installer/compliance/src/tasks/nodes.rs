//! NET-013: what tenants wrote reaches neither the metadata address, nor kubelets, nor etcd.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World, WorldDeployment};

use super::{controls, judge};
use crate::attempts::{Door, TenantCode};
use crate::cluster_nodes::{left_out, nodes, tried};
use crate::described::Described;
use crate::live;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "NET-013",
        title: "code of DAGs reaches neither the metadata address, nor kubelets, nor etcd",
        severity: Severity::High,
        promises: &["P3", "P12"],
        explanation: "In the namespace of each Airflow deployment pods with Airlock's own image, one under the policies of each place in which code of DAGs runs (tasks, the DAG processor, the triggerer), connect to 169.254.169.254:80, and at the InternalIP of every node to the ports of the kubelet (10250, and 10255 where it once answered everybody) and of etcd (2379). All must be blocked while the same pod reaches the server that it needs (the deployment's own for tasks, the database for the others); when it does not, or the attempts of NET-010 do not show that the cluster enforces policies, a blocked connection proves nothing and the check is unverified. Of more than 32 nodes the first 32 are tried, by name, and a warning says so.",
        remedy: "Compare the NetworkPolicies in the namespace with `airlock deployment apply`, which puts them back; one that somebody added may allow more. Some network plugins always let a pod reach its own node: ask for their setting that keeps it from that (Calico: a GlobalNetworkPolicy for host endpoints; Cilium: a host policy).",
    },
    expected: "blocked, while the connection to the server that it needs is made",
    why: "code in a DAG can ask for the credentials of a node, and with them for what every tenant keeps",
};

/// The check.
pub(super) struct NodesApart;

impl Check for NodesApart {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        if world.deployments.is_empty() {
            return vec![Need::Nodes];
        }
        let ways = Door::ALL.into_iter().flat_map(|door| ways(world, door).into_iter().map(move |(place, address)| (door, place, address)));
        let of = |of| ways.clone().map(move |(door, place, address)| Need::Attempt(Box::new(door.attempt(place, of, address))));
        [Need::Nodes].into_iter().chain(controls(world)).chain(world.deployments.iter().flat_map(of)).collect()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let deployments = match live::deployments(given) {
            Ok(deployments) => deployments,
            Err(unseen) => return TEXTS.unseen(live::DEPLOYMENTS, unseen),
        };
        let judged = deployments.iter().flat_map(|of| Door::ALL.map(|door| of_door(given, of, door)));
        judged.chain(nodes(given).ok().and_then(|nodes| left_out(&TEXTS, nodes))).collect()
    }
}

/// From where a door is tried, and at which addresses.
fn ways(world: &World, door: Door) -> Vec<(TenantCode, &str)> {
    let at = |address| TenantCode::PLACES.into_iter().map(move |place| (place, address));
    door.addresses(tried(world)).into_iter().flat_map(at).collect()
}

fn of_door(given: &Snapshot, of: &WorldDeployment, door: Door) -> Finding {
    let subject = format!("from code of {} to {}", of.name, door.words());
    match nodes(given) {
        Err(reason) if door != Door::Metadata => TEXTS.unverified(subject, reason),
        _ => {
            let ways = ways(&given.world, door).into_iter().map(|(place, address)| (place, format!("{address}, port {}", door.port()), door.id(place, of, address)));
            judge(&TEXTS, given, of, subject, ways.collect())
        }
    }
}
