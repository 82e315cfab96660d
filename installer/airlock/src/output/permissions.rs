//! Rights that judging asks for: those that are lacking a line each, and roles that would give them.

use std::fmt::Write as _;

use airlock_model::{Permission, Untrusted};
use airlock_platform::verify::permissions::Permissions;

use super::counted;

/// A document of YAML for each role and binding, for `kubectl apply -f -`; a comment where nothing is lacking.
pub(crate) fn roles(listed: &Permissions) -> String {
    if listed.lacking().next().is_none() {
        return format!("# you may all that the checks ask for: {}\n", counted(listed.permissions.len(), "right", "rights"));
    }
    let mut text = String::new();
    for role in &listed.roles {
        text.push_str("---\n");
        // JSON is YAML.
        text.push_str(&serde_yaml::to_string(role).unwrap_or_else(|_| format!("{role:#}\n")));
    }
    text
}

/// What is lacking, for people.
pub(crate) fn told(listed: &Permissions) -> String {
    let lacking: Vec<&Permission> = listed.lacking().collect();
    let mut text = format!("of {} that the checks ask for, you lack:\n", counted(listed.permissions.len(), "right", "rights"));
    for permission in &lacking {
        let why = permission.granted.missing().map(|why| format!(" (the API server did not say: {})", Untrusted::new(why))).unwrap_or_default();
        let _ = writeln!(text, "  {}{why}: {}", permission.right, without(permission));
    }
    if listed.begin {
        text.push_str("what else is asked for is known once these are given; ask again then\n");
    }
    let _ = writeln!(text, "the roles on standard output would give {}; hand them to who administers the cluster", if lacking.len() == 1 { "it" } else { "them" });
    text
}

fn without(permission: &Permission) -> String {
    if let Some(shows) = &permission.shows {
        return format!("without it the report does not say {shows}");
    }
    if permission.checks.is_empty() { "without it nothing is judged".into() } else { format!("without it unverified: {}", permission.checks.iter().map(String::as_str).collect::<Vec<_>>().join(", ")) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use airlock_model::{Fact, Right};

    use super::*;

    #[test]
    fn what_is_lacking_and_what_it_costs_is_told() {
        let permission = |resource: &str, checks: &[&str], granted| Permission {
            right: Right { group: String::new(), resource: resource.into(), verb: "list".into(), namespace: Some("airlock".into()) },
            checks: checks.iter().map(|check| (*check).to_owned()).collect::<BTreeSet<_>>(),
            shows: None,
            granted,
        };
        let role = serde_json::json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "airlock-compliance-check", "namespace": "airlock"}});
        let permissions = vec![
            permission("configmaps", &[], Fact::Known(true)),
            permission("secrets", &["SEC-001", "SEC-002"], Fact::Known(false)),
            permission("pods", &["PSS-001"], Fact::Unverified("no answer".into())),
            Permission { shows: Some("what admission changed".into()), ..permission("replicasets", &[], Fact::Known(false)) },
        ];
        let listed = Permissions { permissions, roles: vec![role], begin: false };
        insta::assert_snapshot!(format!("{}{}", roles(&listed), told(&listed)));
        let whole = Permissions { permissions: vec![permission("configmaps", &[], Fact::Known(true))], roles: Vec::new(), begin: false };
        assert_eq!(roles(&whole), "# you may all that the checks ask for: 1 right\n");
    }
}
