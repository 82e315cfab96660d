//! NSP-001: the namespaces that the plan uses belong to nobody else.

use std::collections::BTreeMap;

use airlock_model::{CheckSpec, Finding, Namespace, Reason, Severity, Snapshot};

use super::{Judged, Preflight, either, facts, known, planned};
use crate::described::Described;

pub(super) static FOREIGN: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "NSP-001",
            title: "the namespaces belong to nobody else",
            severity: Severity::High,
            promises: &["P12"],
            explanation: "Each namespace that the plan uses: absent, empty of workloads, or of this installation. One with workloads of others, or of another Airlock installation, fails.",
            remedy: "Choose other names under `namespaces` in the answers, or move what runs there. Airlock does not take over a namespace that somebody uses.",
        },
        expected: "absent, empty, or of this installation",
        why: "the policies that close the namespace would cut off what runs there, and uninstall would take it away",
    },
    judge: |check, given| either(foreign(check, given)),
};

fn foreign(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    let wanted = &planned(check, given)?.namespaces;
    if wanted.is_empty() {
        return Ok(vec![check.not_applicable("namespaces", Reason::NoSubject, "the plan uses no namespace")]);
    }
    let found = known(check, "namespaces", &facts(check, given)?.namespaces)?;
    // The platform's namespace says which installation this is; without it, the first that belongs to one.
    let of = |name: &String| found.get(name).and_then(|namespace| namespace.installation.as_deref());
    let installation = of(&given.world.platform).or_else(|| wanted.iter().find_map(of));
    Ok(wanted.iter().map(|name| judge(check, name, found, installation)).collect())
}

fn judge(check: &Described, name: &str, found: &BTreeMap<String, Namespace>, installation: Option<&str>) -> Finding {
    let subject = format!("Namespace {name}");
    let Some(namespace) = found.get(name) else { return check.pass(subject, "it does not exist yet") };
    match &namespace.installation {
        Some(other) if Some(other.as_str()) != installation => check.fail(subject, format!("it belongs to the Airlock installation {other}")),
        _ if !namespace.foreign.is_empty() => check.fail(subject, format!("others run there: {}", some(&namespace.foreign))),
        Some(own) => check.pass(subject, format!("of installation {own}")),
        None => check.pass(subject, "it exists and is empty of workloads"),
    }
}

/// The first few of a long list.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{shown}, and {} more", names.len() - SHOWN) } else { shown }
}
