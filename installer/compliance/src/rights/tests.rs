//! Rights and the checks on them, from files and from a cluster.

use airlock_model::{Finding, Object, Reason, Snapshot, Source, Verdict};
use serde_json::{Value, json};

use super::*;
use crate::network::tests::{files, profile};

mod bootstrap;
mod effective;
mod names;
mod verdicts;
mod workloads;

/// A `ClusterRole` with rules in short.
fn cluster_role(name: &str, rules: &str) -> String {
    format!("\n---\n{{ apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{ name: {name} }}, rules: [ {rules} ] }}")
}

fn role(namespace: &str, name: &str, rules: &str) -> String {
    format!("\n---\n{{ apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {{ name: {name}, namespace: {namespace} }}, rules: [ {rules} ] }}")
}

fn rule(verbs: &str, resources: &str) -> String {
    format!("{{ verbs: [{verbs}], apiGroups: [''], resources: [{resources}] }}")
}

fn cluster_binding(name: &str, role: &str, subjects: &str) -> String {
    format!("\n---\n{{ apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {{ name: {name} }}, roleRef: {{ kind: ClusterRole, name: {role} }}, subjects: [ {subjects} ] }}")
}

fn binding(namespace: &str, name: &str, kind: &str, role: &str, subjects: &str) -> String {
    format!(
        "\n---\n{{ apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {{ name: {name}, namespace: {namespace} }}, roleRef: {{ kind: {kind}, name: {role} }}, subjects: [ {subjects} ] }}"
    )
}

const ACCOUNT: &str = "{ kind: ServiceAccount, name: cart, namespace: shop }";
