//! AFL-003: what an Airflow deployment stores of connections and variables is encrypted in its database.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World, WorldDeployment};

use super::{database, deployments};
use crate::attempts::{Inquiry, words};
use crate::described::Described;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "AFL-003",
        title: "stored connections and variables are encrypted in the database",
        severity: Severity::Critical,
        promises: &["P6", "P9", "P10"],
        explanation: "In the namespace of each Airflow deployment a pod with Airlock's own image logs in to the deployment's database and lets the server count the values of connections and variables that are stored, and those that are not marked as encrypted or do not begin as Fernet's tokens do. Only the two counts leave the server. A deployment that has stored nothing yet is not applicable.",
        remedy: "Values that were written while Airflow had no Fernet key stay in plain text until they are saved again: open and save them in Airflow, or run `airflow rotate-fernet-key` in the scheduler's pod.",
    },
    expected: "no value in plain text",
    why: "whoever reads the database, or a copy of it, reads passwords of other systems",
};

/// The check.
pub(crate) struct StoredValues;

impl Check for StoredValues {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        deployments::needs(world, |deployment| Inquiry::Stored.attempt(world, deployment))
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        deployments::findings(&TEXTS, given, |deployment| [judge(given, deployment)])
    }
}

fn judge(given: &Snapshot, of: &WorldDeployment) -> Finding {
    database::asked(&TEXTS, given, (Inquiry::Stored, of), format!("what {} stores", of.name), |subject, result| {
        let counts = match result {
            AttemptResult::Told(Some(text)) => counts(text.raw()),
            _ => None,
        };
        match counts {
            None => TEXTS.unverified(subject, words(result)),
            Some((0, _)) => TEXTS.not_applicable(subject, Reason::NoSubject, "no value is stored so far"),
            Some((stored, 0)) => TEXTS.pass(subject, format!("{stored} stored, all encrypted")),
            Some((stored, plain)) => TEXTS.fail(subject, format!("{stored} stored, {plain} in plain text")),
        }
    })
}

/// `STORED/PLAIN`
fn counts(text: &str) -> Option<(u64, u64)> {
    let (stored, plain) = text.split_once('/')?;
    Some((stored.parse().ok()?, plain.parse().ok()?))
}
