//! The plan as a security officer reads it: what it opens, what may act, what runs, what is secret.

use std::fmt::Write as _;

use airlock_model::{Action, Answers, Object, Plan};
use serde_json::Value;

use super::columns::columns;
use super::style::Style;

/// New rights, connections, hosts, images, Secrets by name, and exceptions.
pub(crate) fn summary(plan: &Plan, answers: &Answers, style: Style) -> String {
    let mut text = String::new();
    let mut section = |title: &str, body: String| {
        let _ = writeln!(text, "\n{}\n{}", style.heading(title), body.trim_end());
    };
    section("New rights in the cluster", lines(&rights(plan), "none: no pod of Airlock's may ask the Kubernetes API for anything"));
    let row = |connection: &airlock_model::Connection| [connection.source.clone(), connection.target.clone(), format!("{}/{}", connection.port, connection.protocol), connection.purpose.clone()];
    section("Connections; all others are blocked", columns(["from", "to", "port", "for"], plan.connections.iter().map(row)));
    let networks = if answers.edge.source_ranges.is_empty() { "every network that routes to the internal load balancer".to_owned() } else { answers.edge.source_ranges.join(", ") };
    section("Exposed hosts", lines(&plan.hosts.iter().map(|host| format!("https://{host}, from {networks}")).collect::<Vec<_>>(), "none"));
    section("Images", columns(["published as", "digest"], plan.images.0.values().map(|image| [image.reference.to_string(), format!("sha256:{}…", image.digest.short())])));
    section("Secrets that are made, by name", lines(&secrets(plan), "none"));
    let exceptions = answers.patches.iter().map(|patch| format!("patch of {}: {}", patch.target, patch.reason));
    let images = answers.images.overrides.iter().map(|image| format!("image {} instead of the release's, until {}: {}", image.name, image.expires, image.reason));
    section("Exceptions", lines(&exceptions.chain(images).collect::<Vec<_>>(), "none"));
    text
}

fn lines(items: &[String], nothing: &str) -> String {
    if items.is_empty() { format!("  {nothing}\n") } else { format!("  {}\n", items.join("\n  ")) }
}

fn applied(plan: &Plan) -> impl Iterator<Item = &Object> {
    plan.steps.iter().flat_map(|step| if let Action::Apply(objects) = &step.action { objects.as_slice() } else { &[] })
}

/// The rules of every Role that is applied, with the names that they are confined to.
fn rights(plan: &Plan) -> Vec<String> {
    let roles = applied(plan).filter(|object| matches!(object.reference().kind.as_str(), "Role" | "ClusterRole"));
    let named = |rule: &Value| Some(words(rule, "resourceNames")).filter(|names| !names.is_empty()).map_or_else(String::new, |names| format!(" ({names})"));
    let allowed = |rule: &Value| format!("{} {}{}", words(rule, "verbs"), words(rule, "resources"), named(rule));
    roles
        .map(|role| {
            let permitted = role.manifest().get("rules").and_then(Value::as_array).map(|rules| rules.iter().map(allowed).collect::<Vec<_>>().join("; ")).unwrap_or_default();
            format!("{}: {permitted}", role.reference())
        })
        .collect()
}

fn words(rule: &Value, key: &str) -> String {
    rule.get(key).and_then(Value::as_array).map(|words| words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")).unwrap_or_default()
}

fn secrets(plan: &Plan) -> Vec<String> {
    plan.steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Generate(spec) => Some(format!("{}/{}: {}", spec.namespace, spec.name, spec.entries.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>().join(", "))),
            Action::Issue(spec) => Some(format!("{}/{}: a certificate and its key", spec.namespace, spec.name)),
            Action::Apply(_) | Action::Delete(_) | Action::Push(_) | Action::Run(_) | Action::Probe(_) | Action::Await(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::samples;
    use super::*;

    #[test]
    fn a_plan_is_told_by_what_it_opens_and_by_names_of_secrets() {
        let answers = Answers::of_domain("platform.test").unwrap();
        insta::assert_snapshot!(summary(&samples::plan(), &answers, Style::default()));
    }
}
