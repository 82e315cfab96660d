//! DBS-001: each Airflow deployment has a database and a role that are its own alone.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World, WorldDeployment};

use super::{database, deployments};
use crate::attempts::{Inquiry, words};
use crate::described::Described;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "DBS-001",
        title: "each Airflow deployment has one database and one role, its own",
        severity: Severity::Critical,
        promises: &["P12"],
        explanation: "In the namespace of each Airflow deployment a pod with Airlock's own image logs in as the deployment's role and asks the server which databases the role owns, and which roles that can log in may act as it. Both must be the one that bears the deployment's name. A superuser, who may act as everybody, is not counted; on a server that the customer runs neither is who else may act as the role, since the administrator who made it may.",
        remedy: "Give what it owns beside its database to another role (`ALTER DATABASE … OWNER TO …`), or drop it; `REVOKE` the role from whoever is a member of it. A deployment that lost its database gets it again by `airlock deployment apply`.",
    },
    expected: "its own database, and nobody else in its role",
    why: "what is in two hands cannot be taken from one, and who acts as the role reads all that the deployment keeps",
};

/// The check.
pub(crate) struct OwnDatabase;

impl Check for OwnDatabase {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        deployments::needs(world, |deployment| Inquiry::Owned.attempt(world, deployment))
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        deployments::findings(&TEXTS, given, |deployment| [judge(given, deployment)])
    }
}

fn judge(given: &Snapshot, of: &WorldDeployment) -> Finding {
    database::asked(&TEXTS, given, (Inquiry::Owned, of), format!("database and role of {}", of.name), |subject, result| {
        let told = match result {
            AttemptResult::Told(Some(told)) => told.raw().split_once('/'),
            _ => None,
        };
        let Some((databases, roles)) = told else {
            return TEXTS.unverified(subject, words(result));
        };
        let own = of.role.username.as_str();
        let observed = format!("owns {databases}; may be acted as by {roles}");
        if databases == own && (database::is_theirs(given) || roles == own) { TEXTS.pass(subject, observed) } else { TEXTS.fail(subject, observed) }
    })
}
