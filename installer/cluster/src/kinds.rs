//! Which path a kind of object has. The kinds that every cluster has are a table, so that nothing is asked for them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use airlock_model::{ObjectRef, Right};
use serde::Deserialize;

use crate::{Cluster, ClusterError};

/// A kind as the API server's paths name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    /// `v1`, `apps/v1`.
    pub(crate) api_version: String,
    /// `deployments`
    pub(crate) plural: String,
    /// Lives in namespaces.
    pub(crate) namespaced: bool,
}

/// Kinds that were asked for once.
pub(crate) type Known = Arc<Mutex<BTreeMap<(String, String), Resource>>>;

const BUILT_IN: [(&str, &str, &str, bool); 38] = [
    ("v1", "Namespace", "namespaces", false),
    ("v1", "Node", "nodes", false),
    ("v1", "PersistentVolume", "persistentvolumes", false),
    ("v1", "ConfigMap", "configmaps", true),
    ("v1", "Endpoints", "endpoints", true),
    ("v1", "Event", "events", true),
    ("v1", "LimitRange", "limitranges", true),
    ("v1", "PersistentVolumeClaim", "persistentvolumeclaims", true),
    ("v1", "Pod", "pods", true),
    ("v1", "ResourceQuota", "resourcequotas", true),
    ("v1", "Secret", "secrets", true),
    ("v1", "Service", "services", true),
    ("v1", "ServiceAccount", "serviceaccounts", true),
    ("apps/v1", "DaemonSet", "daemonsets", true),
    ("apps/v1", "Deployment", "deployments", true),
    ("apps/v1", "ReplicaSet", "replicasets", true),
    ("apps/v1", "StatefulSet", "statefulsets", true),
    ("batch/v1", "CronJob", "cronjobs", true),
    ("batch/v1", "Job", "jobs", true),
    ("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true),
    ("coordination.k8s.io/v1", "Lease", "leases", true),
    ("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", true),
    ("networking.k8s.io/v1", "Ingress", "ingresses", true),
    ("networking.k8s.io/v1", "IngressClass", "ingressclasses", false),
    ("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", true),
    ("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", true),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", false),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", false),
    ("rbac.authorization.k8s.io/v1", "Role", "roles", true),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", true),
    ("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", false),
    ("storage.k8s.io/v1", "StorageClass", "storageclasses", false),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", false),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", false),
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", false),
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", false),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", false),
    ("gateway.networking.k8s.io/v1", "GatewayClass", "gatewayclasses", false),
];

fn built_in(api_version: &str, kind: &str) -> Option<Resource> {
    BUILT_IN.iter().find(|(group, name, ..)| *group == api_version && *name == kind).map(|(_, _, plural, namespaced)| Resource {
        api_version: api_version.to_owned(),
        plural: (*plural).to_owned(),
        namespaced: *namespaced,
    })
}

impl Resource {
    /// `/api/v1/namespaces/x/pods`, `/apis/apps/v1/deployments`.
    pub(crate) fn collection(&self, namespace: Option<&str>) -> String {
        let root = if self.api_version.contains('/') { "/apis" } else { "/api" };
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => format!("{root}/{}/namespaces/{}/{}", self.api_version, escape(namespace), self.plural),
            None => format!("{root}/{}/{}", self.api_version, self.plural),
        }
    }

    /// The path of one object.
    pub(crate) fn object(&self, namespace: Option<&str>, name: &str) -> String {
        format!("{}/{}", self.collection(namespace), escape(name))
    }

    /// The right that a verb on it needs.
    pub(crate) fn right(&self, verb: &str, namespace: Option<&str>) -> Right {
        let group = self.api_version.split_once('/').map_or("", |(group, _)| group);
        Right { group: group.to_owned(), resource: self.plural.clone(), verb: verb.to_owned(), namespace: namespace.filter(|_| self.namespaced).map(str::to_owned) }
    }
}

/// Escapes what may not stand in a path segment or a query value (RFC 3986).
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':') {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[derive(Deserialize)]
struct Listed {
    resources: Vec<ListedResource>,
}

#[derive(Deserialize)]
struct ListedResource {
    name: String,
    kind: String,
    namespaced: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Served {
    preferred_version: Version,
    versions: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    group_version: String,
}

impl Cluster {
    /// The path of a kind; asked for once where it is not one that every cluster has.
    pub(crate) async fn resource(&self, api_version: &str, kind: &str) -> Result<Resource, ClusterError> {
        if let Some(resource) = built_in(api_version, kind) {
            return Ok(resource);
        }
        let key = (api_version.to_owned(), kind.to_owned());
        if let Some(resource) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(resource.clone());
        }
        let unknown = || ClusterError::KindUnknown { api_version: api_version.to_owned(), kind: kind.to_owned() };
        let root = if api_version.contains('/') { "/apis" } else { "/api" };
        let listed: Listed = self.read_json(&format!("{root}/{api_version}")).await?.ok_or_else(unknown)?;
        let found = listed.resources.into_iter().find(|resource| resource.kind == kind && !resource.name.contains('/')).ok_or_else(unknown)?;
        let resource = Resource { api_version: api_version.to_owned(), plural: found.name, namespaced: found.namespaced };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, resource.clone());
        Ok(resource)
    }

    /// Another version of its group that has a kind (Kubernetes API, `APIGroup`), the preferred one first; none: no version has it.
    pub async fn version_with(&self, api_version: &str, kind: &str) -> Result<Option<String>, ClusterError> {
        let Some((group, _)) = api_version.split_once('/') else { return Ok(None) };
        let Some(served) = self.read_json::<Served>(&format!("/apis/{group}")).await? else { return Ok(None) };
        let preferred = served.preferred_version.group_version;
        let mut versions: Vec<String> = served.versions.into_iter().map(|version| version.group_version).collect();
        versions.sort_by_key(|version| *version != preferred);
        for group_version in versions.into_iter().filter(|version| version != api_version) {
            match self.resource(&group_version, kind).await {
                Ok(_) => return Ok(Some(group_version)),
                Err(ClusterError::KindUnknown { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The right that a verb on objects of a kind needs; of a kind of the whole cluster it is one for the cluster.
    pub async fn right(&self, api_version: &str, kind: &str, verb: &str, namespace: &str) -> Result<Right, ClusterError> {
        Ok(self.resource(api_version, kind).await?.right(verb, Some(namespace)))
    }

    /// The path of an object's kind.
    pub(crate) async fn resource_of(&self, object: &ObjectRef) -> Result<Resource, ClusterError> {
        self.resource(&object.api_version, &object.kind).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_paths_of_core_and_grouped_kinds() {
        let pods = built_in("v1", "Pod").unwrap();
        assert_eq!(pods.object(Some("airlock"), "edge"), "/api/v1/namespaces/airlock/pods/edge");
        assert_eq!(pods.collection(None), "/api/v1/pods");
        let roles = built_in("rbac.authorization.k8s.io/v1", "ClusterRole").unwrap();
        assert_eq!(roles.object(Some("ignored"), "airlock:x"), "/apis/rbac.authorization.k8s.io/v1/clusterroles/airlock:x");
    }

    #[test]
    fn a_name_cannot_leave_its_path_segment() {
        assert_eq!(escape("../secrets?x=1"), "..%2Fsecrets%3Fx%3D1");
    }
}
