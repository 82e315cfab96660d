//! DBS-004: the database role of an Airflow deployment has no power over the server, and belongs to no other role.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, Untrusted, World, WorldDeployment};

use crate::attempts::{Inquiry, outcome, words};
use crate::described::{Described, Resting};
use crate::live;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "DBS-004",
        title: "database roles of Airflow deployments have no power over the server",
        severity: Severity::Critical,
        promises: &["P12"],
        explanation: "In the namespace of each Airflow deployment a pod with Airlock's own image logs in as the deployment's role and asks the server for the role's own attributes and memberships: none of SUPERUSER, CREATEDB, CREATEROLE, REPLICATION, and BYPASSRLS, and a member of no other role.",
        remedy: "As an administrator of the server: `ALTER ROLE … NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS`, and `REVOKE` the membership. `airlock deployment apply` takes attributes back when the Job for the role runs again.",
    },
    expected: "no attribute, and no membership",
    why: "whoever takes one deployment over reaches the data of all, or makes itself a way there",
};

/// The check.
pub(crate) struct RolePowers;

impl Check for RolePowers {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        world.deployments.iter().filter_map(|deployment| Inquiry::Powers.attempt(world, deployment)).map(|attempt| Need::Attempt(Box::new(attempt))).collect()
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
    let subject = format!("the database role of {}", of.name);
    let asked = match outcome(given, &Inquiry::Powers.id(of)) {
        Ok(asked) => asked,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    let AttemptResult::Told(told) = &asked.result else {
        return TEXTS.unverified(subject, words(&asked.result)).tried([asked]);
    };
    let finding = match told.as_ref().map(Untrusted::raw) {
        None => TEXTS.unverified(subject, "the server does not know the role that is logged in"),
        Some("none") => TEXTS.pass(subject, TEXTS.expected),
        Some(powers) => TEXTS.fail(subject, powers.lines().collect::<Vec<_>>().join(", ")),
    };
    finding.tried([asked])
}
