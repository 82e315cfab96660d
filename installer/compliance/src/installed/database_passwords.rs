//! DBS-005: the database server asks for a password, takes none that anybody would try, and keeps them as SCRAM verifiers.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World, WorldDatabase, WorldDeployment};

use crate::attempts::{Asked, Inquiry, Stranger, outcome, words};
use crate::described::{Described, Resting};
use crate::live;

/// A wrong password, or no rule that lets in (PostgreSQL, appendix A: `invalid_password`, `invalid_authorization_specification`).
const REFUSALS: [&str; 2] = ["28P01", "28000"];
/// `password_encryption` as it should be.
const SCRAM: &str = "scram-sha-256";

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "DBS-005",
        title: "the database server asks for passwords, and keeps them as SCRAM verifiers",
        severity: Severity::High,
        promises: &["P12"],
        explanation: "In the namespace of each Airflow deployment a pod with Airlock's own image logs in over TLS as the deployment's role and as the bundled server's administrator, with an empty password and with the role's name as the password. Each must be refused with SQLSTATE 28P01 or 28000, beside a login with the deployment's own password that is accepted. Logged in so, it asks whether the server keeps a password that is set as a SCRAM verifier (`password_encryption`). The administrator of a server that the customer runs is not guessed at, since wrong passwords may lock a role; how that server keeps passwords is a warning there: Airlock hands it verifiers, never passwords.",
        remedy: "In `pg_hba.conf` let `scram-sha-256` stand in place of `trust`, `password`, or `md5`, and reload; `airlock install` writes the bundled server's file as it was. Change a password that was guessed, and set `password_encryption` to `scram-sha-256`.",
    },
    expected: "guesses refused with 28P01 or 28000 while its own password is accepted; scram-sha-256",
    why: "whoever reaches the server's port is let in",
};

/// The check.
pub(crate) struct DatabasePasswords;

impl Check for DatabasePasswords {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        let Some(server) = &world.database else { return Vec::new() };
        let of = |deployment| {
            let guesses = Stranger::guesses(server).iter().filter_map(move |stranger| stranger.attempt(world, deployment));
            guesses.chain(Asked::Own.attempt(world, deployment)).chain(Inquiry::Verifiers.attempt(world, deployment))
        };
        world.deployments.iter().flat_map(of).map(|attempt| Need::Attempt(Box::new(attempt))).collect()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let deployments = match live::deployments(given) {
            Ok(deployments) => deployments,
            Err(unseen) => return TEXTS.unseen(live::DEPLOYMENTS, unseen),
        };
        let Some(server) = &given.world.database else {
            return vec![TEXTS.unverified(live::DEPLOYMENTS, "it is not known where the database server is")];
        };
        let of = |deployment| {
            let guesses = Stranger::guesses(server).iter().map(move |stranger| guessed(given, deployment, *stranger));
            guesses.chain([kept(given, server, deployment)])
        };
        deployments.iter().flat_map(of).collect()
    }
}

fn guessed(given: &Snapshot, of: &WorldDeployment, stranger: Stranger) -> Finding {
    let subject = format!("{}: {}", of.name, stranger.words());
    let tried = match outcome(given, &stranger.id(of)) {
        Ok(tried) => tried,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    // Getting in is a proof in itself, whatever became of the control.
    if matches!(tried.result, AttemptResult::Told(_)) {
        return TEXTS.fail(subject, words(&tried.result)).tried([tried]);
    }
    let control = match outcome(given, &Asked::Own.id(of)) {
        Ok(control) => control,
        Err(reason) => return TEXTS.unverified(subject, reason).tried([tried]),
    };
    let observed = format!("{}; its own password: {}", words(&tried.result), words(&control.result));
    let is_refused = matches!(&tried.result, AttemptResult::SqlRefused { state, .. } if REFUSALS.contains(&state.as_str()));
    let finding = if is_refused && matches!(control.result, AttemptResult::Told(_)) { TEXTS.pass(subject, observed) } else { TEXTS.unverified(subject, observed) };
    finding.tried([tried, control])
}

fn kept(given: &Snapshot, server: &WorldDatabase, of: &WorldDeployment) -> Finding {
    let subject = format!("{}: how the server keeps passwords", of.name);
    let asked = match outcome(given, &Inquiry::Verifiers.id(of)) {
        Ok(asked) => asked,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    let finding = match &asked.result {
        AttemptResult::Told(Some(told)) if told.raw() == SCRAM => TEXTS.pass(subject, SCRAM),
        AttemptResult::Told(Some(told)) if server.existing => TEXTS.warn(Severity::Medium, subject, format!("{}; the server is the customer's own", told.raw())),
        AttemptResult::Told(Some(told)) => TEXTS.fail(subject, told.raw()),
        other => TEXTS.unverified(subject, words(other)),
    };
    finding.tried([asked])
}
