//! Rules of roles, and whether one allows a request: by the rules of the Kubernetes documentation, "Using RBAC
//! Authorization".

use serde::Deserialize;
use serde_json::Value;

/// A rule as manifests write it; lists that are absent are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Rule {
    #[serde(deserialize_with = "list")]
    pub(crate) verbs: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub(crate) api_groups: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub(crate) resources: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub(crate) resource_names: Vec<String>,
    #[serde(deserialize_with = "list", rename = "nonResourceURLs")]
    pub(crate) non_resource_urls: Vec<String>,
}

fn list<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Something with objects of the API.
    Resource {
        /// `get`, `list`, `create`, …
        verb: &'a str,
        /// The API group; empty for the core group.
        group: &'a str,
        /// The resource in the plural, with its subresource if one is meant: `pods`, `pods/exec`.
        resource: &'a str,
        /// Of which object; none: of all, or of one that has no name yet.
        name: Option<&'a str>,
        /// In which namespace; none: in all of them, or an object of the cluster.
        namespace: Option<&'a str>,
    },
    /// A path of the API server that is no object: `/metrics`.
    Path {
        /// `get`, `post`, …
        verb: &'a str,
        /// The path.
        path: &'a str,
    },
}

/// Of the rules that Kubernetes makes itself the longest allows some hundred.
const MOST_REQUESTS: usize = 100_000;

impl Rule {
    /// Each request that it allows, one by one, with stars as they are written: a star is allowed by a star alone. In a namespace
    /// paths are not granted.
    pub(crate) fn requests<'r>(&'r self, namespace: Option<&'r str>) -> impl Iterator<Item = Request<'r>> {
        let nameless = self.resource_names.is_empty().then_some(None);
        let names = nameless.into_iter().chain(self.resource_names.iter().map(|name| Some(name.as_str())));
        let about = self.api_groups.iter().flat_map(|group| self.resources.iter().map(move |resource| (group, resource)));
        let paths = self.non_resource_urls.iter().filter(move |_| namespace.is_none());
        self.verbs.iter().flat_map(move |verb| {
            let names = names.clone();
            let of_resources = about.clone().flat_map(move |(group, resource)| names.clone().map(move |name| Request::Resource { verb, group, resource, name, namespace }));
            of_resources.chain(paths.clone().map(move |path| Request::Path { verb, path }))
        })
    }

    /// Whether it allows more requests than anybody writes down: a few lines can name millions.
    pub(crate) fn is_boundless(&self) -> bool {
        let of_resources = [self.api_groups.len(), self.resources.len(), self.resource_names.len().max(1)].into_iter().fold(1_usize, usize::saturating_mul);
        self.verbs.len().saturating_mul(of_resources.saturating_add(self.non_resource_urls.len())) > MOST_REQUESTS
    }

    pub(crate) fn allows(&self, request: &Request<'_>) -> bool {
        match *request {
            Request::Resource { verb, group, resource, name, .. } => {
                has(&self.verbs, verb)
                    && has(&self.api_groups, group)
                    && self.resources.iter().any(|written| covers(written, resource))
                    // A request without a name is that of the name "", which a rule may bear (`ResourceNameMatches` of pkg/apis/rbac/v1).
                    && (self.resource_names.is_empty() || self.resource_names.iter().any(|written| written == name.unwrap_or_default()))
            }
            Request::Path { verb, path } => has(&self.verbs, verb) && self.non_resource_urls.iter().any(|written| leads_to(written, path)),
        }
    }
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|written| written == "*" || written == wanted)
}

/// `*` is every resource with its subresources, `*/scale` that subresource of every resource; `pods` is not `pods/exec`.
fn covers(written: &str, wanted: &str) -> bool {
    let of_any = |subresource: &str| wanted.split_once('/').is_some_and(|(_, asked)| asked == subresource);
    written == "*" || written == wanted || written.strip_prefix("*/").is_some_and(of_any)
}

/// A `*` at the end stands for whatever follows.
fn leads_to(written: &str, path: &str) -> bool {
    written == path || written.strip_suffix('*').is_some_and(|beginning| path.starts_with(beginning))
}

/// The rules of a role.
pub(crate) fn rules(manifest: &Value) -> Result<Vec<Rule>, String> {
    match manifest.get("rules") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(rules) => Vec::deserialize(rules).map_err(|error| format!("its rules cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn allows(rule: Value, request: &str, name: Option<&str>) -> bool {
        let rule: Rule = serde_json::from_value(rule).unwrap();
        let [verb, group, resource] = request.split(' ').collect::<Vec<_>>()[..] else { panic!("{request}") };
        rule.allows(&Request::Resource { verb, group: if group == "core" { "" } else { group }, resource, name, namespace: None })
    }

    #[test]
    fn a_rule_allows_what_all_of_its_lists_name() {
        let pods = json!({ "verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"] });
        assert!(allows(pods.clone(), "get core pods", None));
        assert!(!allows(pods.clone(), "watch core pods", None));
        assert!(!allows(pods.clone(), "get apps pods", None));
        assert!(!allows(pods.clone(), "get core secrets", None));
        // A resource is not its subresources.
        assert!(!allows(pods, "get core pods/log", None));
    }

    #[test]
    fn stars_stand_for_everything_in_their_list() {
        let rule = |verbs: &str, groups: &str, resources: &str| json!({ "verbs": [verbs], "apiGroups": [groups], "resources": [resources] });
        assert!(allows(rule("*", "", "secrets"), "deletecollection core secrets", None));
        assert!(allows(rule("get", "*", "deployments"), "get apps deployments", None));
        assert!(allows(rule("get", "", "*"), "get core pods/exec", None));
        assert!(allows(rule("update", "apps", "*/scale"), "update apps deployments/scale", None));
        assert!(!allows(rule("update", "apps", "*/scale"), "update apps deployments", None));
        assert!(!allows(rule("update", "apps", "*/scale"), "update apps deployments/status", None));
        // No wildcard of Kubernetes.
        assert!(!allows(rule("create", "", "pods/*"), "create core pods/exec", None));
        assert!(!allows(rule("", "", "*"), "get core pods", None));
    }

    #[test]
    fn names_restrict_a_rule_to_requests_that_bear_one() {
        let named = json!({ "verbs": ["get", "list"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"] });
        assert!(allows(named.clone(), "get core secrets", Some("a")));
        assert!(!allows(named.clone(), "get core secrets", Some("b")));
        assert!(!allows(named, "list core secrets", None));
        // No name is a name, too.
        let unnamed = json!({ "verbs": ["list"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a", ""] });
        assert!(allows(unnamed.clone(), "list core secrets", None));
        assert!(!allows(unnamed, "list core secrets", Some("b")));
    }

    #[test]
    fn paths_are_no_resources() {
        let rule: Rule = serde_json::from_value(json!({ "verbs": ["get"], "nonResourceURLs": ["/metrics", "/healthz/*"], "apiGroups": null })).unwrap();
        let get = |path: &str| rule.allows(&Request::Path { verb: "get", path });
        assert!(get("/metrics") && get("/healthz/ping") && !get("/metrics/cadvisor") && !get("/healthz"));
        assert!(!rule.allows(&Request::Path { verb: "post", path: "/metrics" }));
        let everything: Rule = serde_json::from_value(json!({ "verbs": ["*"], "nonResourceURLs": ["*"] })).unwrap();
        assert!(everything.allows(&Request::Path { verb: "post", path: "/x" }));
        assert!(!everything.allows(&Request::Resource { verb: "get", group: "", resource: "pods", name: None, namespace: None }));
    }
}
