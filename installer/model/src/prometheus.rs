//! The company's Prometheus, as its operator's objects describe it, and what ours must look like to be taken by it.
//!
//! By the operator's reference (monitoring.coreos.com/v1, `PrometheusSpec`): of objects, a selector that is absent selects none and an
//! empty one all; of namespaces, an absent one selects that of the Prometheus alone and an empty one all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::answers::{Answers, Mode};
use crate::names;
use crate::selector::{Holds, Labels, Selector};

/// A `Prometheus` object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Prometheus {
    /// Its namespace, and that of its pods.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Which `ServiceMonitor`s it takes.
    pub service_monitors: Selection,
    /// Which `PodMonitor`s it takes.
    pub pod_monitors: Selection,
    /// Which `PrometheusRule`s it takes.
    pub rules: Selection,
}

/// Which objects of a kind are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    /// By their labels; none: no object.
    pub objects: Option<Selector>,
    /// By the labels of their namespace; none: in the namespace of the Prometheus alone.
    pub namespaces: Option<Selector>,
}

/// What the answers say of the company's Prometheus.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// `namespace/name`; none: the only one.
    pub named: Option<String>,
    /// The platform's namespace.
    pub platform: String,
    /// Labels that every object of ours bears.
    pub labels: Labels,
}

/// The kind of object that says what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum MonitorKind {
    /// Pods behind a Service.
    ServiceMonitor,
    /// Pods by their labels.
    PodMonitor,
}

/// How the platform joins a Prometheus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Joining {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What says which pods are asked.
    pub monitor_kind: MonitorKind,
    /// Labels that these bear.
    pub monitor_labels: Labels,
    /// Labels that the rules bear.
    pub rule_labels: Labels,
    /// Labels that the platform's namespace bears.
    pub namespace_labels: Labels,
}

/// Why the platform cannot join one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unjoined {
    /// There is none.
    #[error("no Prometheus object of a Prometheus Operator was found")]
    Absent,
    /// Several, and none is named.
    #[error("there are several, {}, and the answers name none", .0.join(", "))]
    Several(Vec<String>),
    /// The named one is not there.
    #[error("there is no {named}; there {}", if .found.is_empty() { "is none".to_owned() } else { format!("is {}", .found.join(", ")) })]
    Unknown {
        /// As the answers name it.
        named: String,
        /// Those that are there.
        found: Vec<String>,
    },
    /// Nothing of ours can be taken by it.
    #[error("{prometheus} takes no {kind} of ours: {why}")]
    Untaken {
        /// `namespace/name`.
        prometheus: String,
        /// `ServiceMonitor or PodMonitor`, `PrometheusRule`.
        kind: &'static str,
        /// What its selectors say.
        why: &'static str,
    },
}

const NO_OBJECT: &str = "it selects none at all (its selector is absent)";
const OWN_NAMESPACE: &str = "it looks in its own namespace alone (its namespace selector is absent)";
const OTHER_LABELS: &str = "its selectors ask for labels that Airlock may not set, or for two values of one label";

impl Prometheus {
    /// `namespace/name`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Labels that its operator puts on its pods.
    pub fn pod_labels(name: &str) -> Labels {
        BTreeMap::from([(names::LABEL_NAME.to_owned(), "prometheus".to_owned()), ("operator.prometheus.io/name".to_owned(), name.to_owned())])
    }
}

impl Asked {
    /// What these answers ask for; none where the platform has a Prometheus of its own, or none.
    pub fn by(answers: &Answers) -> Option<Self> {
        answers.components.monitoring.as_ref().filter(|monitoring| monitoring.mode == Mode::Existing)?;
        let mut labels = answers.metadata.labels.clone();
        labels.extend([names::LABEL_PART_OF, names::LABEL_MANAGED_BY].map(|key| (key.to_owned(), names::PRODUCT.to_owned())));
        Some(Self { named: answers.network.peers.prometheus.clone(), platform: answers.namespaces.platform.clone(), labels })
    }

    /// How the platform joins the Prometheus that is meant.
    pub fn join(&self, found: &[Prometheus]) -> Result<Joining, Unjoined> {
        let prometheus = self.meant(found)?;
        let monitors = self.taken(prometheus, &prometheus.service_monitors).map(|labels| (MonitorKind::ServiceMonitor, labels));
        let monitors = monitors.or_else(|why| self.taken(prometheus, &prometheus.pod_monitors).map(|labels| (MonitorKind::PodMonitor, labels)).map_err(|_| why));
        let untaken = |kind| move |why| Unjoined::Untaken { prometheus: prometheus.id(), kind, why };
        let (monitor_kind, monitor_labels) = monitors.map_err(untaken("ServiceMonitor or PodMonitor"))?;
        let rule_labels = self.taken(prometheus, &prometheus.rules).map_err(untaken("PrometheusRule"))?;
        let selection = if monitor_kind == MonitorKind::ServiceMonitor { &prometheus.service_monitors } else { &prometheus.pod_monitors };
        let selectors: Vec<&Selector> = [selection, &prometheus.rules].into_iter().filter_map(|selection| selection.namespaces.as_ref()).collect();
        let namespace_labels = added(&selectors, &self.namespace_labels()).ok_or(OTHER_LABELS).map_err(untaken("PrometheusRule"))?;
        Ok(Joining { namespace: prometheus.namespace.clone(), name: prometheus.name.clone(), monitor_kind, monitor_labels, rule_labels, namespace_labels })
    }

    /// The same where no cluster is looked at: one that takes everything.
    pub fn unseen(&self) -> Joining {
        let (namespace, name) = self.named.as_deref().and_then(|named| named.split_once('/')).unwrap_or(("monitoring", "prometheus"));
        let none = Labels::new;
        Joining { namespace: namespace.into(), name: name.into(), monitor_kind: MonitorKind::ServiceMonitor, monitor_labels: none(), rule_labels: none(), namespace_labels: none() }
    }

    fn meant<'f>(&self, found: &'f [Prometheus]) -> Result<&'f Prometheus, Unjoined> {
        let ids = || found.iter().map(Prometheus::id).collect();
        match (&self.named, found) {
            (Some(named), found) => found.iter().find(|one| one.id() == *named).ok_or_else(|| Unjoined::Unknown { named: named.clone(), found: ids() }),
            (None, [one]) => Ok(one),
            (None, []) => Err(Unjoined::Absent),
            (None, _) => Err(Unjoined::Several(ids())),
        }
    }

    /// The labels with which an object of ours is taken.
    fn taken(&self, prometheus: &Prometheus, selection: &Selection) -> Result<Labels, &'static str> {
        let objects = selection.objects.as_ref().ok_or(NO_OBJECT)?;
        match &selection.namespaces {
            None if prometheus.namespace != self.platform => return Err(OWN_NAMESPACE),
            None => {}
            Some(namespaces) => drop(added(&[namespaces], &self.namespace_labels()).ok_or(OTHER_LABELS)?),
        }
        added(&[objects], &self.labels).ok_or(OTHER_LABELS)
    }

    fn namespace_labels(&self) -> Labels {
        let mut labels = self.labels.clone();
        // Set by the API server on every namespace.
        labels.insert("kubernetes.io/metadata.name".to_owned(), self.platform.clone());
        labels
    }
}

/// The labels that an object needs beside those that it bears, so that all of these selectors select it; none: nothing would do.
fn added(selectors: &[&Selector], borne: &Labels) -> Option<Labels> {
    let requirements = || selectors.iter().flat_map(|selector| &selector.0);
    let mut added = Labels::new();
    for requirement in requirements() {
        let key = &requirement.key;
        if requirement.holds.of(added.get(key).or_else(|| borne.get(key))) {
            continue;
        }
        let wanted = match &requirement.holds {
            Holds::In(values) => values.clone(),
            Holds::Exists => vec!["true".to_owned()],
            Holds::NotIn(_) | Holds::DoesNotExist => return None,
        };
        let does = |value: &String| requirements().filter(|other| other.key == *key).all(|other| other.holds.of(Some(value)));
        added.insert(key.clone(), wanted.into_iter().find(does).filter(|_| !names::is_reserved(key))?);
    }
    Some(added)
}

#[cfg(test)]
mod tests;
