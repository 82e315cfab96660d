//! Checks that need objects alone, and so judge files as they judge a cluster. Profiles select among these too.

mod admin_credentials;
mod airflow;
mod alert_rules;
mod environment;
mod images;
mod ingress;
mod interactive;
mod literals;
mod manifests_read;
mod namespace;
mod outside_services;
mod probes;
mod renewal;
mod secret_strength;
mod sensitive_mounts;
mod storage_classes;
mod task_pods;
mod tenant_limits;
mod tenant_namespaces;
mod tenant_variables;

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Snapshot, SnapshotObject, World};

use crate::described::Described;
use crate::live::{self, PodOf};
use crate::pod_security::Violation;

pub(crate) use images::without_digest;
pub(crate) use literals::{in_object, in_pod};
pub(crate) use secret_strength::Strength;
pub use secret_strength::judge_secret;

/// Whether the files could be read at all.
pub(crate) const MANIFESTS_READ: &dyn Check = &manifests_read::ManifestsRead;

/// All of them, in the order of the groups.
pub(crate) fn checks() -> impl Iterator<Item = &'static dyn Check> {
    let all: [&'static dyn Check; 21] = [
        &sensitive_mounts::SENSITIVE_MOUNTS,
        &namespace::OwnNamespace,
        &probes::PROBES,
        &task_pods::TaskPods,
        &interactive::INTERACTIVE,
        &ingress::SNIPPETS,
        &ingress::TLS,
        &renewal::Renewal,
        &images::Sources,
        &storage_classes::StorageClasses,
        &tenant_variables::TenantVariables,
        &secret_strength::TOKENS,
        &admin_credentials::AdminCredentials,
        &airflow::FERNET_KEY,
        &airflow::SIGNING_KEYS,
        &airflow::Exposure,
        &tenant_limits::TenantLimits,
        &tenant_namespaces::TenantNamespaces,
        &outside_services::OutsideServices,
        &alert_rules::AlertRules,
        MANIFESTS_READ,
    ];
    all.into_iter()
}

/// A check of every pod and template by itself.
pub(crate) struct OfPods {
    described: Described,
    /// What is wrong with the pod; none: it could not be read.
    judge: fn(&PodOf<'_>, &Profile) -> Option<Vec<Violation>>,
}

impl Check for OfPods {
    fn spec(&self) -> &CheckSpec<'_> {
        &self.described.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod")]
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        self.described.each_pod(given, |pod| (self.judge)(pod, profile))
    }
}

/// A check of every object of some kinds by itself.
pub(crate) struct OfObjects {
    described: Described,
    /// `apiVersion` and kind of each; the first is one that every cluster has.
    kinds: &'static [(&'static str, &'static str)],
    judge: fn(&SnapshotObject) -> Vec<Violation>,
}

impl Check for OfObjects {
    fn spec(&self) -> &CheckSpec<'_> {
        &self.described.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        self.kinds.iter().map(|(api_version, kind)| live::need(api_version, kind)).collect()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        self.described.each_object(given, self.kinds, self.judge)
    }
}

#[cfg(test)]
mod tests;
