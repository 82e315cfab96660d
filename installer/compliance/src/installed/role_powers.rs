//! DBS-004: the database role of an Airflow deployment has no power over the server, and belongs to no other role.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World, WorldDeployment};

use super::{database, deployments};
use crate::attempts::{Inquiry, words};
use crate::described::Described;

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
        deployments::needs(world, |deployment| Inquiry::Powers.attempt(world, deployment))
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        deployments::findings(&TEXTS, given, |deployment| [judge(given, deployment)])
    }
}

fn judge(given: &Snapshot, of: &WorldDeployment) -> Finding {
    database::asked(&TEXTS, given, (Inquiry::Powers, of), format!("the database role of {}", of.name), |subject, result| match result {
        AttemptResult::Told(None) => TEXTS.unverified(subject, "the server does not know the role that is logged in"),
        AttemptResult::Told(Some(told)) if told.raw() == "none" => TEXTS.pass(subject, TEXTS.expected),
        AttemptResult::Told(Some(powers)) => TEXTS.fail(subject, database::listed(powers.raw())),
        other => TEXTS.unverified(subject, words(other)),
    })
}
