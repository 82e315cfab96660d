//! DBS-002: the database password of one Airflow deployment opens its own database and no other.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World, WorldDeployment};

use super::{database, deployments};
use crate::attempts::Asked;
use crate::described::Described;
use crate::refusal::{Reading, refused_beside, state};

/// Not allowed to connect (PostgreSQL, appendix A: `insufficient_privilege`, `invalid_authorization_specification`).
const REFUSALS: [&str; 2] = ["42501", "28000"];

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "DBS-002",
        title: "the database password of an Airflow deployment opens no other database",
        severity: Severity::Critical,
        promises: &["P12"],
        explanation: "In the namespace of each Airflow deployment a pod with Airlock's own image, which mounts the deployment's database password, logs in to the deployment's own database, to that of each other deployment, and to the server's own. The first must be accepted and the others refused by the server itself, with SQLSTATE 42501 or 28000. On a server that the customer runs, being let in to the server's own database is a warning, since it is not Airlock's to close. A connection that the network blocks proves nothing about the password, and the check is unverified.",
        remedy: "Somebody granted CONNECT on a database to the role, to another role that it is a member of, or to PUBLIC. `REVOKE CONNECT, TEMPORARY ON DATABASE … FROM PUBLIC` takes the usual one back; `airlock deployment apply` does it when the Job for the role runs again.",
    },
    expected: "refused with 42501 or 28000, while its own database lets it in",
    why: "whoever can read one deployment's environment reads and changes what another one keeps",
};

/// The check.
pub(crate) struct DatabaseCredentials;

impl Check for DatabaseCredentials {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        let of = |deployment| std::iter::once(Asked::Own).chain(others(world, deployment)).filter_map(move |asked| asked.attempt(world, deployment));
        deployments::needs(world, of)
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        deployments::findings(&TEXTS, given, |deployment| others(&given.world, deployment).map(move |asked| judge(given, deployment, asked)))
    }
}

/// Databases that are not a deployment's own.
fn others<'a>(world: &'a World, of: &'a WorldDeployment) -> impl Iterator<Item = Asked<'a>> {
    std::iter::once(Asked::Servers).chain(world.deployments.iter().filter(move |other| other.name != of.name).map(Asked::Other))
}

static READING: Reading = Reading::of_logins("its own", |result| state(result).is_some_and(|state| REFUSALS.contains(&state)));

fn judge(given: &Snapshot, of: &WorldDeployment, asked: Asked<'_>) -> Finding {
    let found = refused_beside(&TEXTS, given, (&asked.id(of), &Asked::Own.id(of)), &READING, format!("{} at {}", of.name, asked.words()));
    // Whom else the customer's server lets in there is the customer's to say: PUBLIC, unless somebody took it back.
    if matches!(asked, Asked::Servers) { database::theirs_to_say(given, found) } else { found }
}
