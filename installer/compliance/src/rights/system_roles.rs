//! The roles of Kubernetes' own parts and those that it grants to everybody: `policy.go`, `controller_policy.go`, and
//! `namespace_policy.go` of `plugin/pkg/auth/authorizer/rbac/bootstrappolicy`, v1.28 to v1.37.
//!
//! Of a part stands what its role holds, in whatever of these versions, of what the checks look at (`powers::judges`); a role
//! of a part that is not here holds none of it. What everybody is granted stands here in full.

use super::default_roles::rule;
use super::powers::READ;
use super::rule::Rule;

/// What Kubernetes grants to everybody (Kubernetes documentation, "API discovery roles").
pub(crate) const DISCOVERY: [&str; 4] = ["system:basic-user", "system:discovery", "system:public-info-viewer", "system:service-account-issuer-discovery"];

const CREATE: &[&str] = &["create"];
const UPDATE: &[&str] = &["update"];
const ALL: &[&str] = &["*"];
const CORE: &[&str] = &[""];
const APPS: &[&str] = &["apps"];
const SECRETS: &[&str] = &["secrets"];

/// Whether every user or every service account holds a role by this name.
pub(crate) fn is_everybodys(name: &str) -> bool {
    DISCOVERY.contains(&name) || name == "system:cluster-trust-bundle-discovery"
}

/// The rules of a role; none: it holds nothing that the checks look at, or is another's.
pub(crate) fn rules_of(name: &str) -> Option<Vec<Rule>> {
    let part = name.strip_prefix("system:")?;
    part.strip_prefix("controller:").map_or_else(|| of_part(part), of_controller)
}

fn of_part(name: &str) -> Option<Vec<Rule>> {
    let rules = match name {
        "basic-user" => vec![rule(CREATE, &["authorization.k8s.io"], &["selfsubjectaccessreviews", "selfsubjectrulesreviews"]), rule(CREATE, &["authentication.k8s.io"], &["selfsubjectreviews"])],
        "cluster-trust-bundle-discovery" => vec![rule(READ, &["certificates.k8s.io"], &["clustertrustbundles"])],
        "discovery" => vec![paths(&["/livez", "/readyz", "/healthz", "/version", "/version/", "/openapi", "/openapi/*", "/api", "/api/*", "/apis", "/apis/*"])],
        "public-info-viewer" => vec![paths(&["/livez", "/readyz", "/healthz", "/version", "/version/"])],
        "service-account-issuer-discovery" => vec![paths(&["/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks", "/openid/v1/jwks/"])],
        "kube-controller-manager" => vec![rule(&["list", "watch"], ALL, ALL), rule(&["get"], CORE, SECRETS), rule(CREATE, CORE, &["serviceaccounts/token"])],
        "kubelet-api-admin" => {
            vec![rule(ALL, CORE, &["nodes/configz", "nodes/healthz", "nodes/log", "nodes/metrics", "nodes/pods", "nodes/proxy", "nodes/spec", "nodes/stats"])]
        }
        "node" => vec![rule(READ, CORE, SECRETS), rule(CREATE, CORE, &["pods", "serviceaccounts/token"])],
        "persistent-volume-provisioner" => vec![rule(CREATE, CORE, &["persistentvolumes"])],
        _ => return None,
    };
    Some(rules)
}

fn of_controller(name: &str) -> Option<Vec<Rule>> {
    let makes_pods = || rule(CREATE, CORE, &["pods"]);
    let rules = match name {
        "bootstrap-signer" | "token-cleaner" => vec![rule(READ, CORE, SECRETS)],
        "certificate-controller" => vec![rule(UPDATE, &["certificates.k8s.io"], &["certificatesigningrequests/approval"])],
        "clusterrole-aggregation-controller" => vec![rule(&["escalate"], &["rbac.authorization.k8s.io"], &["clusterroles"])],
        "cronjob-controller" => vec![rule(CREATE, &["batch"], &["jobs"]), rule(UPDATE, &["batch"], &["cronjobs"])],
        "daemon-set-controller" | "job-controller" | "statefulset-controller" => vec![makes_pods()],
        "deployment-controller" => vec![rule(&["create", "patch", "update"], APPS, &["replicasets"]), rule(UPDATE, APPS, &["deployments"])],
        "disruption-controller" => vec![rule(&["get"], ALL, &["*/scale"])],
        "expand-controller" => vec![rule(&["get"], CORE, SECRETS)],
        "generic-garbage-collector" => vec![rule(&["delete", "get", "list", "patch", "update", "watch"], ALL, ALL)],
        "horizontal-pod-autoscaler" => vec![rule(&["get", "update"], ALL, &["*/scale"]), rule(READ, &["custom.metrics.k8s.io", "external.metrics.k8s.io"], ALL)],
        "namespace-controller" => vec![rule(&["delete", "deletecollection", "get", "list", "watch"], ALL, ALL)],
        "persistent-volume-binder" => vec![rule(CREATE, CORE, &["persistentvolumes", "pods"]), rule(&["get"], CORE, SECRETS)],
        "replicaset-controller" => vec![makes_pods(), rule(UPDATE, APPS, &["replicasets"])],
        "replication-controller" => vec![makes_pods(), rule(UPDATE, CORE, &["replicationcontrollers"])],
        "resourcequota-controller" => vec![rule(&["list", "watch"], ALL, ALL)],
        "storage-version-migrator-controller" => vec![rule(&["list", "patch"], ALL, ALL)],
        _ => return None,
    };
    Some(rules)
}

fn paths(paths: &[&str]) -> Rule {
    Rule { verbs: vec!["get".into()], non_resource_urls: paths.iter().map(|path| (*path).to_owned()).collect(), ..Rule::default() }
}
