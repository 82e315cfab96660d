//! DBS-006: the database server lets nobody log in without TLS.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World, WorldDeployment};

use crate::attempts::{Asked, Stranger, outcome, words};
use crate::described::{Described, Resting};
use crate::live;

/// No rule that lets in (PostgreSQL, appendix A: `invalid_authorization_specification`).
const NO_RULE: &str = "28000";
/// It went on and asked for the password (the same: `invalid_password`).
const ASKED: &str = "28P01";

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "DBS-006",
        title: "the database server refuses logins in plain text",
        severity: Severity::High,
        promises: &["P6", "P9"],
        explanation: "In the namespace of each Airflow deployment a pod with Airlock's own image connects to the database server without TLS, as the deployment's role at the deployment's own database. The server must refuse with SQLSTATE 28000 before it asks for a password, beside a login of the same role over TLS 1.2 or newer that is accepted and whose certificate verifies. The deployment's password is not sent: a server that asks for one at all would let in whoever has it, and SQLSTATE 28P01 is a failure. On a server that the customer runs it is a warning: what Airlock installs never goes there without TLS, and whom else the server takes is the customer's to say.",
        remedy: "In `pg_hba.conf` let `hostssl` stand in place of `host`, and reload; `airlock install` writes the bundled server's file as it was. On a managed server the setting is called `rds.force_ssl`, `require_secure_transport`, or alike.",
    },
    expected: "refused with 28000 while the same login over TLS is accepted",
    why: "what Airflow stores and reads, its users and connections among it, can be read and changed on the way",
};

/// The check.
pub(crate) struct DatabasePlainText;

impl Check for DatabasePlainText {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        let of = |deployment| [Stranger::PlainText.attempt(world, deployment), Asked::Own.attempt(world, deployment)];
        world.deployments.iter().flat_map(of).flatten().map(|attempt| Need::Attempt(Box::new(attempt))).collect()
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
    let subject = format!("{}: {}", of.name, Stranger::PlainText.words());
    let tried = match outcome(given, &Stranger::PlainText.id(of)) {
        Ok(tried) => tried,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    let state = match &tried.result {
        AttemptResult::SqlRefused { state, .. } => Some(state.as_str()),
        _ => None,
    };
    // Being let in, or asked for the password, is a proof in itself, whatever became of the control.
    if state == Some(ASKED) && given.world.database.as_ref().is_some_and(|server| server.existing) {
        return TEXTS.warn(Severity::Medium, subject, format!("{}; the server is the customer's own", words(&tried.result))).tried([tried]);
    }
    if matches!(tried.result, AttemptResult::Told(_)) || state == Some(ASKED) {
        return TEXTS.fail(subject, words(&tried.result)).tried([tried]);
    }
    let control = match outcome(given, &Asked::Own.id(of)) {
        Ok(control) => control,
        Err(reason) => return TEXTS.unverified(subject, reason).tried([tried]),
    };
    let observed = format!("{}; over TLS: {}", words(&tried.result), words(&control.result));
    let is_refused = state == Some(NO_RULE) && matches!(control.result, AttemptResult::Told(_));
    let finding = if is_refused { TEXTS.pass(subject, observed) } else { TEXTS.unverified(subject, observed) };
    finding.tried([tried, control])
}
