//! What is tried from one Airflow deployment at another.

use std::collections::BTreeMap;

use airlock_model::{Attempt, AttemptAction, AttemptId, Target, Vantage, WorldDeployment, names};

use super::TenantCode;

/// The component whose policies a pod that crosses is under: it may reach the API server of its own deployment.
pub(crate) const CROSSER: &str = "airflow-scheduler";
/// The Service of a deployment that is crossed to, and its port.
pub(super) const CROSSED: (&str, u16) = ("airflow-api-server", 8080);
/// Where Airflow and what stands beside it listen that no container declares, or that is a deployment's of another release: logs of workers
/// and triggerers, the scheduler's health, Flower, and the exporter of statistics (Airflow, "Configuration Reference"), Redis, and databases.
const UNDECLARED: [u16; 7] = [5432, 5555, 6379, 8793, 8794, 8974, 9102];

/// The name of [`crossing`].
pub(crate) fn crossing_id(from: &WorldDeployment, to: &WorldDeployment) -> AttemptId {
    AttemptId(format!("airflow.crossing.{}.{}", from.name, to.name))
}

/// A connection from the namespace of one deployment to the servers of another; to its own it is the control.
pub(crate) fn crossing(from: &WorldDeployment, to: &WorldDeployment) -> Attempt {
    let is_control = from.name == to.name;
    let (service, port) = CROSSED;
    Attempt {
        id: crossing_id(from, to),
        from: Vantage::Pod { namespace: from.namespace.clone(), labels: [(names::LABEL_NAME.to_owned(), CROSSER.to_owned())].into(), account: None },
        target: Target::Address { host: format!("{service}.{}.svc", to.namespace), port },
        action: AttemptAction::Connect,
        control: (!is_control).then(|| crossing_id(from, from)),
        purpose: if is_control { "a connection to its own servers, to be made" } else { "a connection to the servers of another deployment, to be blocked" }.to_owned(),
    }
}

/// The name of [`intrusion`].
pub(crate) fn intrusion_id(place: TenantCode, from: &WorldDeployment, to: &WorldDeployment) -> AttemptId {
    AttemptId(format!("{}.{}.pods.{}", place.key(), from.name, to.name))
}

/// Connections from a place where code of DAGs runs to every pod of another deployment.
pub(crate) fn intrusion(place: TenantCode, from: &WorldDeployment, to: &WorldDeployment) -> Attempt {
    let beside = UNDECLARED.map(|port| port.to_string()).join(", ");
    Attempt {
        id: intrusion_id(place, from, to),
        from: place.of(from),
        target: Target::Pods { namespace: to.namespace.clone(), found: BTreeMap::new() },
        action: AttemptAction::Reach { ports: UNDECLARED.into() },
        control: Some(place.own_id(from)),
        purpose: format!("connections from the place of {} to each pod of another deployment, at the ports that it declares and at {beside}, to be blocked", place.words()),
    }
}
