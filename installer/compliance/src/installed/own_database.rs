//! DBS-001: each Airflow deployment has a database and a role that are its own alone.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World, WorldDeployment};

use crate::attempts::{Inquiry, outcome, words};
use crate::described::{Described, Resting};
use crate::live;

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
        world.deployments.iter().filter_map(|deployment| Inquiry::Owned.attempt(world, deployment)).map(|attempt| Need::Attempt(Box::new(attempt))).collect()
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
    let subject = format!("database and role of {}", of.name);
    let asked = match outcome(given, &Inquiry::Owned.id(of)) {
        Ok(asked) => asked,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    let told = match &asked.result {
        AttemptResult::Told(Some(told)) => told.raw().split_once('/'),
        _ => None,
    };
    let Some((databases, roles)) = told else {
        return TEXTS.unverified(subject, words(&asked.result)).tried([asked]);
    };
    let own = of.role.username.as_str();
    let is_theirs = given.world.database.as_ref().is_some_and(|server| server.existing);
    let observed = format!("owns {databases}; may be acted as by {roles}");
    let finding = if databases == own && (is_theirs || roles == own) { TEXTS.pass(subject, observed) } else { TEXTS.fail(subject, observed) };
    finding.tried([asked])
}
