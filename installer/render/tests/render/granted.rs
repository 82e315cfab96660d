//! Rights that Airlock's own accounts hold: word by word, since the files that declare them are what is compared everywhere else.

use std::fmt::Write as _;

use airlock_model::{AirflowDeployment, Object};
use serde_json::Value;

use crate::combinations::{self, Combination};

#[test]
fn accounts_of_a_platform_with_all_its_components_may_this_and_nothing_more() {
    insta::assert_snapshot!(granted(&watched(None)));
}

/// Tasks hold none, and what runs them holds pods of its own namespace alone.
#[test]
fn accounts_of_an_airflow_deployment_may_this_and_nothing_more() {
    insta::assert_snapshot!(granted(&watched(Some("alpha"))));
}

#[test]
fn no_host_leads_to_the_pages_of_monitoring() {
    let hosts = |combination: Combination| combination.render().components.iter().flat_map(|component| component.hosts.clone()).map(|host| host.to_string()).collect::<Vec<_>>();
    assert_eq!(hosts(watched(None)), hosts(Combination::of("smallest", "")));
}

fn watched(deployment: Option<&str>) -> Combination {
    let deployment = deployment.map(|name| AirflowDeployment::named(&name.parse().unwrap()));
    Combination { deployment, ..Combination::of("watched", combinations::AUDITED[0]) }
}

/// Each role with its rules, and each binding.
fn granted(combination: &Combination) -> String {
    let rendered = combination.render();
    let mut text = String::new();
    for object in rendered.components.iter().flat_map(|component| &component.objects) {
        match object.reference().kind.as_str() {
            "Role" | "ClusterRole" => role(&mut text, object),
            "RoleBinding" | "ClusterRoleBinding" => {
                let to = &object.manifest()["roleRef"];
                let subjects = list(&object.manifest()["subjects"], |subject| format!("{} {}/{}", word(&subject["kind"]), word(&subject["namespace"]), word(&subject["name"])));
                let _ = writeln!(text, "{}: {} {} for {}", object.reference(), word(&to["kind"]), word(&to["name"]), subjects.join(", "));
            }
            _ => {}
        }
    }
    text
}

fn role(text: &mut String, object: &Object) {
    let _ = writeln!(text, "{}", object.reference());
    for rule in object.manifest()["rules"].as_array().unwrap() {
        let [groups, resources, names, verbs] = ["apiGroups", "resources", "resourceNames", "verbs"].map(|key| list(&rule[key], word).join(" "));
        let _ =
            writeln!(text, "  {verbs}: {resources}{}{}", if groups.is_empty() { String::new() } else { format!(" of {groups}") }, if names.is_empty() { names } else { format!(", named {names}") });
    }
}

fn list(value: &Value, show: impl Fn(&Value) -> String) -> Vec<String> {
    value.as_array().into_iter().flatten().map(show).collect()
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
