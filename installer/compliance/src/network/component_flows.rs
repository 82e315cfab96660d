//! Flows between the platform and its Airflow deployments that the templates of Airlock's components declare (`talks_to`).

use airlock_model::{Snapshot, Source, names};

use super::ports::{PortSet, Protocol};
use super::workloads::Pod;

/// What each pod of a deployment reaches in the platform: a component, and its TCP port.
const OF_DEPLOYMENTS: (&str, u16) = ("database", 5432);

/// What components of the platform reach in a deployment: both components, and the TCP port of the second.
const OF_THE_PLATFORM: [(&str, &str, u16); 4] =
    [("edge", "airflow-api-server", 8080), ("monitoring", "airflow-meter", 9109), ("renewer", "airflow-api-server", 8080), ("renewer", "airflow-meter", 9109)];

/// What is declared from a tenant's pod to one of the platform, or the other way round: nothing but of a running installation.
pub(super) fn component_flows(given: &Snapshot, source: &Pod, target: &Pod) -> PortSet {
    if given.source != Source::Cluster {
        return PortSet::default();
    }
    let is_of_platform = |pod: &Pod| pod.workload.namespace == given.world.platform;
    let is = |pod: &Pod, component: &str| pod.labels.get(names::LABEL_NAME).is_some_and(|name| name == component);
    let ports: Vec<u16> = if is_of_platform(target) {
        let (component, port) = OF_DEPLOYMENTS;
        is(target, component).then_some(port).into_iter().collect()
    } else if is_of_platform(source) {
        OF_THE_PLATFORM.iter().filter(|(from, to, _)| is(source, from) && is(target, to)).map(|(.., port)| *port).collect()
    } else {
        Vec::new()
    };
    ports.into_iter().fold(PortSet::default(), |all, port| all.union(&PortSet::range(Protocol::Tcp, port, port)))
}
