//! DBS-005: the database server asks for a password, takes none that anybody would try, and keeps them as SCRAM verifiers.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World, WorldDeployment};

use super::{database, deployments};
use crate::attempts::{Asked, Inquiry, Stranger, words};
use crate::described::Described;
use crate::live;
use crate::refusal::{Reading, refused_beside, state};

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
        deployments::needs(world, of)
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        if !given.world.deployments.is_empty() && given.world.database.is_none() {
            return vec![TEXTS.unverified(live::DEPLOYMENTS, "it is not known where the database server is")];
        }
        deployments::findings(&TEXTS, given, |deployment| {
            let guesses = given.world.database.iter().flat_map(|server| Stranger::guesses(server)).map(|stranger| guessed(given, deployment, *stranger));
            guesses.chain([kept(given, deployment)]).collect::<Vec<_>>()
        })
    }
}

static READING: Reading = Reading::of_logins("its own password", |result| state(result).is_some_and(|state| REFUSALS.contains(&state)));

fn guessed(given: &Snapshot, of: &WorldDeployment, stranger: Stranger) -> Finding {
    refused_beside(&TEXTS, given, (&stranger.id(of), &Asked::Own.id(of)), &READING, format!("{}: {}", of.name, stranger.words()))
}

fn kept(given: &Snapshot, of: &WorldDeployment) -> Finding {
    database::asked(&TEXTS, given, (Inquiry::Verifiers, of), format!("{}: how the server keeps passwords", of.name), |subject, result| match result {
        AttemptResult::Told(Some(told)) if told.raw() == SCRAM => TEXTS.pass(subject, SCRAM),
        AttemptResult::Told(Some(told)) => database::theirs_to_say(given, TEXTS.fail(subject, told.raw())),
        other => TEXTS.unverified(subject, words(other)),
    })
}
