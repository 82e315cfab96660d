//! DBS-003: PUBLIC, which every role of a database server belongs to, may do nothing in its databases.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, Untrusted, World, WorldDeployment};

use crate::attempts::{Inquiry, outcome, words};
use crate::described::{Described, Resting};
use crate::live;

/// How a right in a schema is told; what is told otherwise is one in a database.
const IN_SCHEMA: &str = "CREATE ON SCHEMA ";

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "DBS-003",
        title: "PUBLIC has no right in any database",
        severity: Severity::Critical,
        promises: &["P12"],
        explanation: "In the namespace of each Airflow deployment a pod with Airlock's own image logs in to the deployment's database and asks the server whether PUBLIC has CONNECT, TEMPORARY, or CREATE on a database that takes connections, or CREATE on a schema of the deployment's own. PostgreSQL grants the first two on every new database. Whether the server tells such rights at all is seen by one that PUBLIC always has. On a server that the customer runs only the deployment's database is asked about, and a right in a schema alone is a warning: before PostgreSQL 15 it is the server's default, and without CONNECT nobody can use it.",
        remedy: "`REVOKE ALL ON DATABASE … FROM PUBLIC` and `REVOKE CREATE ON SCHEMA … FROM PUBLIC`, as the owner or an administrator; grant what is needed to the roles that need it. `airlock deployment apply` does it for a deployment's database when the Job for the role runs again.",
    },
    expected: "no right for PUBLIC",
    why: "every role of the server, also one that is made later, comes into these databases",
};

/// The check.
pub(crate) struct PublicRights;

impl Check for PublicRights {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        world.deployments.iter().filter_map(|deployment| Inquiry::Public.attempt(world, deployment)).map(|attempt| Need::Attempt(Box::new(attempt))).collect()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let deployments = match live::deployments(given) {
            Ok(deployments) => deployments,
            Err(unseen) => return TEXTS.unseen(live::DEPLOYMENTS, unseen),
        };
        deployments.iter().map(|deployment| judge(given, deployment)).collect()
    }
}

fn judge(given: &Snapshot, of: &WorldDeployment) -> Finding {
    let subject = format!("PUBLIC, as the role of {} sees it", of.name);
    let asked = match outcome(given, &Inquiry::Public.id(of)) {
        Ok(asked) => asked,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    let AttemptResult::Told(told) = &asked.result else {
        return TEXTS.unverified(subject, words(&asked.result)).tried([asked]);
    };
    let is_theirs = given.world.database.as_ref().is_some_and(|server| server.existing);
    let finding = match told.as_ref().map(Untrusted::raw) {
        None => TEXTS.unverified(subject, "the server does not tell what PUBLIC may"),
        Some("none") => TEXTS.pass(subject, TEXTS.expected),
        Some(rights) if is_theirs && rights.lines().all(|right| right.starts_with(IN_SCHEMA)) => TEXTS.warn(Severity::Medium, subject, format!("{}; the server is the customer's own", listed(rights))),
        Some(rights) => TEXTS.fail(subject, listed(rights)),
    };
    finding.tried([asked])
}

fn listed(rights: &str) -> String {
    rights.lines().collect::<Vec<_>>().join(", ")
}
