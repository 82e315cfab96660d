//! DBS-003: PUBLIC, which every role of a database server belongs to, may do nothing in its databases.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World, WorldDeployment};

use super::{database, deployments};
use crate::attempts::{Inquiry, words};
use crate::described::Described;

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
        deployments::needs(world, |deployment| Inquiry::Public.attempt(world, deployment))
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        deployments::findings(&TEXTS, given, |deployment| [judge(given, deployment)])
    }
}

fn judge(given: &Snapshot, of: &WorldDeployment) -> Finding {
    database::asked(&TEXTS, given, (Inquiry::Public, of), format!("PUBLIC, as the role of {} sees it", of.name), |subject, result| match result {
        AttemptResult::Told(None) => TEXTS.unverified(subject, "the server does not tell what PUBLIC may"),
        AttemptResult::Told(Some(told)) if told.raw() == "none" => TEXTS.pass(subject, TEXTS.expected),
        AttemptResult::Told(Some(rights)) => {
            let found = TEXTS.fail(subject, database::listed(rights.raw()));
            if rights.raw().lines().all(|right| right.starts_with(IN_SCHEMA)) { database::theirs_to_say(given, found) } else { found }
        }
        other => TEXTS.unverified(subject, words(other)),
    })
}
