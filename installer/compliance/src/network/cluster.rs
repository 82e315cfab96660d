//! A cluster as far as its network goes: namespaces, pods, services, and policies of every kind, read from objects.

use std::collections::BTreeMap;

use airlock_model::ObjectRef;
use serde_json::Value;

use super::policy::{PodSelection, Policy};
use super::selector::Labels;
use super::service::{Backend, Service};
use super::workloads::Pod;
use super::{admin_policy, cilium_policy, cluster_policy, network_policy, service, workloads};

/// The label that every namespace bears (Kubernetes documentation, "Automatic labelling").
pub(crate) const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Of policies of Calico and Antrea.
const FOREIGN: &str = "its rules are not read here; they may allow what the other policies refuse, and refuse what these allow";

/// All that decides who connects to whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cluster {
    /// Labels of each namespace that is named anywhere.
    pub(crate) namespaces: BTreeMap<String, Labels>,
    pub(crate) pods: Vec<Pod>,
    /// The places of pods by their namespaces.
    places: BTreeMap<String, Vec<usize>>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) services: Vec<Service>,
    /// What the ingress controller leads to.
    pub(crate) backends: Vec<Backend>,
    /// What was there and could not be read, so that it is not known what it does.
    pub(crate) unread: Vec<Unread>,
}

/// An object of which something is not understood.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unread {
    pub(crate) object: ObjectRef,
    pub(crate) reason: String,
}

impl Cluster {
    pub(crate) fn read<'a>(objects: impl Iterator<Item = (&'a ObjectRef, &'a Value)> + Clone) -> Self {
        let mut cluster = Self::default();
        let (pods, unread) = workloads::pods(objects.clone());
        cluster.pods = pods;
        cluster.unread.extend(unread.into_iter().map(|(object, reason)| Unread { object, reason }));
        for (object, manifest) in objects {
            cluster.take(object, manifest);
        }
        for (place, pod) in cluster.pods.iter().enumerate() {
            cluster.places.entry(pod.workload.namespace.clone()).or_default().push(place);
        }
        for name in cluster.places.keys() {
            cluster.namespaces.entry(name.clone()).or_default().insert(NAME_LABEL.to_owned(), name.clone());
        }
        cluster.unread.extend(admin_policy::undefined_order(&cluster.policies));
        cluster.unread.sort();
        cluster
    }

    fn take(&mut self, object: &ObjectRef, manifest: &Value) {
        let policies = match (object.group(), object.kind.as_str()) {
            ("", "Namespace") => return self.take_namespace(object, manifest),
            ("", "Service") => match Service::read(object, manifest) {
                Ok(service) => return self.services.push(service),
                Err(reason) => Err(reason),
            },
            ("networking.k8s.io", "NetworkPolicy") => network_policy::read(object, manifest).map(|policy| (vec![policy], Vec::new())),
            ("policy.networking.k8s.io", "ClusterNetworkPolicy") => cluster_policy::read(object, manifest),
            ("policy.networking.k8s.io", kind) => admin_policy::read(kind, object, manifest),
            ("cilium.io", "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy") => cilium_policy::read(object, manifest),
            ("projectcalico.org" | "crd.projectcalico.org" | "crd.antrea.io", _) => Err(FOREIGN.to_owned()),
            _ => return self.backends.extend(service::backends(object, manifest)),
        };
        match policies {
            Ok((read, unread)) => {
                self.policies.extend(read);
                self.unread.extend(unread.into_iter().map(|reason| Unread { object: object.clone(), reason }));
            }
            Err(reason) => self.unread.push(Unread { object: object.clone(), reason }),
        }
    }

    fn take_namespace(&mut self, object: &ObjectRef, manifest: &Value) {
        let written = manifest.pointer("/metadata/labels").filter(|labels| !labels.is_null());
        match written.map_or_else(|| Ok(Labels::new()), |labels| serde_json::from_value::<Labels>(labels.clone())) {
            Ok(mut labels) => {
                labels.insert(NAME_LABEL.to_owned(), object.name.clone());
                self.namespaces.insert(object.name.clone(), labels);
            }
            Err(_) => self.unread.push(Unread { object: object.clone(), reason: "its labels are no texts".to_owned() }),
        }
    }

    /// Whether a namespace has a pod that is known.
    pub(crate) fn has_pods(&self, namespace: &str) -> bool {
        self.places.contains_key(namespace)
    }

    /// The places of the pods that a selection means.
    pub(crate) fn selected<'a>(&'a self, selection: &'a PodSelection) -> impl Iterator<Item = usize> + 'a {
        let in_namespaces = self.places.iter().filter(|(name, _)| selection.namespace.matches(name, self.namespaces.get(*name)));
        in_namespaces.flat_map(|(_, places)| places).copied().filter(|place| selection.pods.matches(&self.pods[*place].labels))
    }

    /// The places of the pods of a service.
    pub(crate) fn pods_of<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = usize> + 'a {
        let is_meant = |pod: &Pod| service.selector.as_ref().is_some_and(|labels| labels.iter().all(|(key, value)| pod.labels.get(key) == Some(value)));
        self.places.get(&service.namespace).into_iter().flatten().copied().filter(move |place| is_meant(&self.pods[*place]))
    }

    /// A service by its name.
    pub(crate) fn service(&self, namespace: &str, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.namespace == namespace && service.name == name)
    }
}
