//! In which order kinds are applied, so that nothing refers to what does not exist yet.

/// A phase of an apply; phases follow one another, objects within one do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Namespaces, definitions of kinds, priority and storage classes.
    Foundation,
    /// What pods refer to: accounts, roles, configuration, secrets, claims, policies, quotas, Services. A phase of
    /// Services alone would make them wait for nothing, and the end of each phase leaves the API server idle.
    Setting,
    /// What gives roles to accounts: the API server holds each against the rules of its role, which has to be there.
    Bindings,
    /// What makes pods.
    Workloads,
    /// All else: disruption budgets, scalers, ingresses, custom kinds.
    Rest,
    /// Webhooks last: they judge what comes after them.
    Admission,
}

impl Phase {
    /// All phases in order.
    pub const ALL: [Self; 6] = [Self::Foundation, Self::Setting, Self::Bindings, Self::Workloads, Self::Rest, Self::Admission];

    /// The phase of a kind.
    pub fn of(kind: &str) -> Self {
        match kind {
            "Namespace" | "CustomResourceDefinition" | "PriorityClass" | "StorageClass" => Self::Foundation,
            "ServiceAccount" | "Role" | "ClusterRole" | "ConfigMap" | "Secret" | "PersistentVolumeClaim" | "PersistentVolume" | "NetworkPolicy" | "ResourceQuota" | "LimitRange" | "Service" => {
                Self::Setting
            }
            "RoleBinding" | "ClusterRoleBinding" => Self::Bindings,
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" | "CronJob" | "Pod" => Self::Workloads,
            "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" | "ValidatingAdmissionPolicy" | "ValidatingAdmissionPolicyBinding" => Self::Admission,
            _ => Self::Rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pod_refers_to_comes_before_the_pod() {
        for before in ["Namespace", "ServiceAccount", "RoleBinding", "ConfigMap", "Secret", "PersistentVolumeClaim", "NetworkPolicy", "ResourceQuota", "Service"] {
            assert!(Phase::of(before) < Phase::of("Deployment"), "{before}");
        }
        assert!(Phase::of("ValidatingWebhookConfiguration") > Phase::of("PodDisruptionBudget"));
        assert!(Phase::of("Role") < Phase::of("RoleBinding") && Phase::of("ClusterRole") < Phase::of("ClusterRoleBinding"));
        assert!(Phase::ALL.is_sorted());
    }
}
