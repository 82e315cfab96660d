//! Flows between the platform and its Airflow deployments that the templates of Airlock's components declare (`talks_to`).

use airlock_model::{Snapshot, Source, names};

use super::ports::{PortSet, Protocol};
use super::workloads::Pod;

/// Two components, and the TCP port of the second.
type Flow = (&'static str, &'static str, u16);

/// What components of a deployment reach in the platform; tasks talk to their own API server alone.
const OF_DEPLOYMENTS: [Flow; 7] = [
    ("airflow-api-server", "database", 5432),
    ("airflow-attempts", "database", 5432),
    ("airflow-dag-processor", "database", 5432),
    ("airflow-meter", "database", 5432),
    ("airflow-scheduler", "database", 5432),
    ("airflow-setup", "database", 5432),
    ("airflow-triggerer", "database", 5432),
];

/// What components of the platform reach in a deployment.
const OF_THE_PLATFORM: [Flow; 4] = [("edge", "airflow-api-server", 8080), ("monitoring", "airflow-meter", 9109), ("renewer", "airflow-api-server", 8080), ("renewer", "airflow-meter", 9109)];

/// What is declared from a tenant's pod to one of the platform, or the other way round: nothing but of a running installation.
pub(super) fn component_flows(given: &Snapshot, source: &Pod, target: &Pod) -> PortSet {
    if given.source != Source::Cluster {
        return PortSet::default();
    }
    let is_of_platform = |pod: &Pod| pod.workload.namespace == given.world.platform;
    let is = |pod: &Pod, component: &str| pod.labels.get(names::LABEL_NAME).is_some_and(|name| name == component);
    let flows: &[Flow] = if is_of_platform(target) {
        &OF_DEPLOYMENTS
    } else if is_of_platform(source) {
        &OF_THE_PLATFORM
    } else {
        &[]
    };
    let ports = flows.iter().filter(|(from, to, _)| is(source, from) && is(target, to)).map(|(.., port)| *port);
    ports.fold(PortSet::default(), |all, port| all.union(&PortSet::range(Protocol::Tcp, port, port)))
}
