//! Airflow deployments: a line each, or one with its parts.

use std::fmt::Write as _;

use airlock_model::Untrusted;
use airlock_platform::deployment::DeploymentStatus;

use super::columns::columns;
use super::style::{Ink, Style};

/// All deployments, a line each.
pub(crate) fn list(found: &[DeploymentStatus]) -> String {
    if found.is_empty() {
        return "there is no Airflow deployment; make one with\n  airlock deployment create NAME\n".to_owned();
    }
    let rows = found.iter().map(|one| [one.name.clone(), state(one).to_owned(), url(one), one.namespace.clone()]);
    columns(["name", "state", "address", "namespace"], rows)
}

/// One deployment with its parts.
pub(crate) fn show(one: &DeploymentStatus, style: Style) -> String {
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
    let _ = writeln!(text, "  first login: airlock deployment show {} --credentials", one.name);
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
