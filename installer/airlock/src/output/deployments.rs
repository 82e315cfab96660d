//! Airflow deployments: a line each, or one with its parts.

use std::fmt::Write as _;

use airlock_model::Untrusted;
use airlock_platform::deployment::DeploymentStatus;

use super::columns::columns;
use super::style::{Ink, Style};
use crate::answers_file::DEFAULT_NAMESPACE;

/// All deployments, a line each.
pub(crate) fn list(found: &[DeploymentStatus]) -> String {
    if found.is_empty() {
        return "there is no Airflow deployment; make one with\n  airlock deployment create NAME\n".to_owned();
    }
    let rows = found.iter().map(|one| [one.name.clone(), state(one).to_owned(), url(one), one.namespace.clone()]);
    columns(["name", "state", "address", "namespace"], rows)
}

/// The command that shows its first login.
pub(crate) fn first_login(name: &str, platform: &str) -> String {
    let elsewhere = if platform == DEFAULT_NAMESPACE { String::new() } else { format!(" --namespace {platform}") };
    format!("airlock deployment show {name} --credentials{elsewhere}")
}

/// One deployment with its parts.
pub(crate) fn show(one: &DeploymentStatus, platform: &str, style: Style) -> String {
    let mut text = format!("{}\n", style.heading(&format!("Airflow deployment {}", one.name)));
    let _ = writeln!(text, "  address    {}", url(one));
    let _ = writeln!(text, "  namespace  {}", one.namespace);
    let _ = writeln!(text, "  state      {}", state(one));
    if let Some(record) = &one.record {
        let complete = if record.complete { "carried out to its end" } else { "not carried out to its end; run it again" };
        let _ = writeln!(text, "  last run   {complete}, by {} at {:.0}", Untrusted::from(record.by.as_str()), record.at);
    }
    for part in &one.parts {
        let mark = if part.ready { style.paint(Ink::Green, "✓ ready    ") } else { style.paint(Ink::Red, "✗ not ready") };
        let _ = writeln!(text, "  {mark} {}", part.object);
    }
    let _ = writeln!(text, "  first login: {}", first_login(&one.name, platform));
    text
}

fn url(one: &DeploymentStatus) -> String {
    one.host.as_ref().map_or_else(String::new, |host| format!("https://{host}"))
}

fn state(one: &DeploymentStatus) -> &'static str {
    match &one.record {
        _ if one.is_ready() => "ready",
        Some(record) if record.complete => "not ready",
        _ => "unfinished",
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::{ObjectRef, Record};
    use airlock_platform::deployment::PartStatus;

    use super::super::tests::samples;
    use super::*;

    fn deployment(name: &str, complete: bool, ready: bool) -> DeploymentStatus {
        let namespace = format!("data-{name}");
        let part = |kind: &str, name: &str, ready| PartStatus { object: ObjectRef::namespaced("apps/v1", kind, &namespace, name), ready };
        let parts = vec![part("Deployment", "airflow-api-server", true), part("Deployment", "airflow-scheduler", ready)];
        let host = format!("{name}-airflow.platform.test").parse().ok();
        DeploymentStatus { name: name.to_owned(), host, deployment: None, record: Some(Record { complete, ..samples::status().record }), parts, namespace }
    }

    #[test]
    fn each_has_its_line_and_one_its_parts() {
        let all = [deployment("finance", true, true), deployment("sales", true, false), deployment("trial", false, true)];
        insta::assert_snapshot!("deployments", list(&all));
        insta::assert_snapshot!("no_deployment", list(&[]));
        insta::assert_snapshot!("deployment", show(&all[0], "airlock", Style::default()));
        insta::assert_snapshot!("deployment_elsewhere", show(&all[1], "data", Style::default()));
    }
}
