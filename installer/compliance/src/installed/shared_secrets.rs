//! SEC-004: no secret value stands in Secrets of more than one namespace.
//!
//! Values are compared where they are read (`platform`, in memory); here only names are judged.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};

use crate::described::Described;
use crate::live;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "SEC-004",
        title: "no credential is used in more than one namespace",
        severity: Severity::Critical,
        promises: &["P12"],
        explanation: "Every value of the Secrets in the installation's namespaces, those of Airflow deployments among them, is compared with every other in the memory of the program that makes the check; names alone leave it. Certificates are for everybody to see and are left out, and so are variables and connections that a deployment's document refers to: whoever wrote it may give two deployments the same.",
        remedy: "Delete the Secret in one of the namespaces and run `airlock install`, or `airlock deployment apply` for a deployment: what is missing is made anew, and whoever reads it restarts.",
    },
    expected: "each value in one namespace",
    why: "whoever takes over one Airflow deployment has what opens another one, or the platform",
};

/// The check.
pub(crate) struct SharedSecrets;

impl Check for SharedSecrets {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![Need::SharedSecrets]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        const SUBJECT: &str = "values of the installation's Secrets";
        if let Err(reason) = live::namespaces(given) {
            return vec![TEXTS.unverified(SUBJECT, reason)];
        }
        match &given.shared {
            None => vec![TEXTS.unverified(SUBJECT, "values were not compared")],
            Some(Err(reason)) => vec![TEXTS.unverified(SUBJECT, format!("values could not be compared: {reason}"))],
            Some(Ok(shared)) if shared.is_empty() => vec![TEXTS.pass(SUBJECT, format!("none stands in two of {} namespaces", given.world.namespaces.len()))],
            Some(Ok(shared)) => shared.iter().map(|shared| TEXTS.fail(shared.secrets.join("; "), "the same value")).collect(),
        }
    }
}
