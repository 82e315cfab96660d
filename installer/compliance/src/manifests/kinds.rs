//! Which kinds Kubernetes has, so that a kind that nobody knows is told and never passes.

use airlock_model::{ObjectRef, ReadFault};
use serde_json::Value;

/// Groups of the API server of Kubernetes 1.37 and their kinds, without those that are only asked and never stored.
const BUILT_IN: [(&str, &[&str]); 21] = [
    (
        "",
        &[
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "Namespace",
            "Node",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "Pod",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
    ),
    (
        "admissionregistration.k8s.io",
        &[
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    ),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["APIService"]),
    ("apps", &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("autoscaling", &["HorizontalPodAutoscaler"]),
    ("batch", &["CronJob", "Job"]),
    ("certificates.k8s.io", &["CertificateSigningRequest", "ClusterTrustBundle", "PodCertificateRequest"]),
    ("coordination.k8s.io", &["Lease", "LeaseCandidate"]),
    ("discovery.k8s.io", &["EndpointSlice"]),
    ("events.k8s.io", &["Event"]),
    ("flowcontrol.apiserver.k8s.io", &["FlowSchema", "PriorityLevelConfiguration"]),
    ("internal.apiserver.k8s.io", &["StorageVersion"]),
    ("networking.k8s.io", &["IPAddress", "Ingress", "IngressClass", "NetworkPolicy", "ServiceCIDR"]),
    ("node.k8s.io", &["RuntimeClass"]),
    ("policy", &["PodDisruptionBudget"]),
    ("rbac.authorization.k8s.io", &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]),
    ("resource.k8s.io", &["DeviceClass", "DeviceTaintRule", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice"]),
    ("scheduling.k8s.io", &["PriorityClass", "Workload"]),
    ("storage.k8s.io", &["CSIDriver", "CSINode", "CSIStorageCapacity", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"]),
    ("storagemigration.k8s.io", &["StorageVersionMigration"]),
];

/// Kinds of others that checks read, or that Airlock makes and that can open nothing.
const READ: [(&str, &[&str]); 10] = [
    ("aquasecurity.github.io", &["VulnerabilityReport"]),
    ("cert-manager.io", &["Certificate"]),
    ("cilium.io", &["CiliumClusterwideNetworkPolicy", "CiliumNetworkPolicy"]),
    ("crd.antrea.io", &["ClusterNetworkPolicy", "NetworkPolicy"]),
    ("crd.projectcalico.org", &["GlobalNetworkPolicy", "NetworkPolicy"]),
    ("gateway.networking.k8s.io", &["Gateway", "GatewayClass", "GRPCRoute", "HTTPRoute", "ReferenceGrant", "TLSRoute"]),
    ("monitoring.coreos.com", &["PodMonitor", "PrometheusRule", "ServiceMonitor"]),
    ("policy.networking.k8s.io", &["AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"]),
    ("projectcalico.org", &["GlobalNetworkPolicy", "NetworkPolicy"]),
    ("route.openshift.io", &["Route"]),
];

fn has(table: &[(&str, &[&str])], object: &ObjectRef) -> bool {
    table.iter().any(|(group, kinds)| *group == object.group() && kinds.contains(&object.kind.as_str()))
}

/// Under which name checks find an object: its kind, or `Kind.group` where another group has taken a name of Kubernetes.
pub fn key(group: &str, kind: &str) -> String {
    let is_taken = BUILT_IN.iter().any(|(_, kinds)| kinds.contains(&kind));
    let is_built_in = BUILT_IN.iter().any(|(known, kinds)| *known == group && kinds.contains(&kind));
    if is_taken && !is_built_in { format!("{kind}.{group}") } else { kind.to_owned() }
}

/// Kubernetes defines the group, not somebody else.
pub(super) fn is_group_of_kubernetes(group: &str) -> bool {
    BUILT_IN.iter().any(|(known, _)| *known == group)
}

/// Why an object is not judged, if it is not.
pub(super) fn unknown(object: &ObjectRef, manifest: &Value) -> Option<(ReadFault, String)> {
    if has(&BUILT_IN, object) || has(&READ, object) {
        return None;
    }
    let named = format!("{} of {}", object.kind, object.api_version);
    let group = object.group();
    // Groups of others bear the domain of whoever defines them.
    if !group.contains('.') || is_group_of_kubernetes(group) {
        return Some((ReadFault::UnknownKind, format!("Kubernetes has no {named}; no check judged it")));
    }
    if makes_pods(manifest) {
        return Some((ReadFault::UnknownKind, format!("{named} holds containers in a way that no check knows; give the objects that it makes")));
    }
    Some((ReadFault::CustomKind, format!("no check knows {named}; nothing of it was judged")))
}

/// Somewhere in it stand containers with images.
fn makes_pods(value: &Value) -> bool {
    let is_container = |item: &Value| item.get("image").is_some_and(Value::is_string);
    match value {
        Value::Object(fields) => fields.iter().any(|(key, value)| (key == "containers" && value.as_array().is_some_and(|items| items.iter().any(is_container))) || makes_pods(value)),
        Value::Array(items) => items.iter().any(makes_pods),
        _ => false,
    }
}
