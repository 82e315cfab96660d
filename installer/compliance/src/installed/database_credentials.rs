//! DBS-002: the database password of one Airflow deployment opens its own database and no other.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World, WorldDeployment};

use crate::attempts::{Asked, outcome, words};
use crate::described::{Described, Resting};
use crate::live;

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
        world.deployments.iter().flat_map(of).map(|attempt| Need::Attempt(Box::new(attempt))).collect()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let deployments = match live::deployments(given) {
            Ok(deployments) => deployments,
            Err(unseen) => return TEXTS.unseen(live::DEPLOYMENTS, unseen),
        };
        deployments.iter().flat_map(|deployment| others(&given.world, deployment).map(move |asked| judge(given, deployment, asked))).collect()
    }
}

/// Databases that are not a deployment's own.
fn others<'a>(world: &'a World, of: &'a WorldDeployment) -> impl Iterator<Item = Asked<'a>> {
    std::iter::once(Asked::Servers).chain(world.deployments.iter().filter(move |other| other.name != of.name).map(Asked::Other))
}

fn judge(given: &Snapshot, of: &WorldDeployment, asked: Asked<'_>) -> Finding {
    let subject = format!("{} at {}", of.name, asked.words());
    let tried = match outcome(given, &asked.id(of)) {
        Ok(tried) => tried,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    // Getting in is a proof in itself, whatever became of the control.
    if matches!(tried.result, AttemptResult::Told(_)) {
        // Whom else the customer's server lets in there is the customer's to say: PUBLIC, unless somebody took it back.
        if matches!(asked, Asked::Servers) && given.world.database.as_ref().is_some_and(|server| server.existing) {
            return TEXTS.warn(Severity::Medium, subject, format!("{}; the server is the customer's own", words(&tried.result))).tried([tried]);
        }
        return TEXTS.fail(subject, words(&tried.result)).tried([tried]);
    }
    let control = match outcome(given, &Asked::Own.id(of)) {
        Ok(control) => control,
        Err(reason) => return TEXTS.unverified(subject, reason).tried([tried]),
    };
    let observed = format!("{}; its own: {}", words(&tried.result), words(&control.result));
    let is_refused = matches!(&tried.result, AttemptResult::SqlRefused { state, .. } if REFUSALS.contains(&state.as_str()));
    let finding = if is_refused && matches!(control.result, AttemptResult::Told(_)) { TEXTS.pass(subject, observed) } else { TEXTS.unverified(subject, observed) };
    finding.tried([tried, control])
}
