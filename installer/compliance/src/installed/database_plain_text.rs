//! DBS-006: the database server lets nobody log in without TLS.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World, WorldDeployment};

use super::{database, deployments};
use crate::attempts::{Asked, Stranger, outcome};
use crate::described::Described;
use crate::refusal::{Reading, is_told, refused_beside, state};

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
        deployments::needs(world, |deployment| of(deployment).into_iter().flatten())
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        deployments::findings(&TEXTS, given, |deployment| [judge(given, deployment)])
    }
}

/// Being asked for the password is a proof as being let in is.
static READING: Reading = Reading { is_let_in: |result| is_told(result) || state(result) == Some(ASKED), ..Reading::of_logins("over TLS", |result| state(result) == Some(NO_RULE)) };

fn judge(given: &Snapshot, of: &WorldDeployment) -> Finding {
    let tried = Stranger::PlainText.id(of);
    let found = refused_beside(&TEXTS, given, (&tried, &Asked::Own.id(of)), &READING, format!("{}: {}", of.name, Stranger::PlainText.words()));
    let is_asked = outcome(given, &tried).is_ok_and(|tried| state(&tried.result) == Some(ASKED));
    if is_asked { database::theirs_to_say(given, found) } else { found }
}
