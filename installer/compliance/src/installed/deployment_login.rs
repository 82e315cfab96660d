//! AUT-001: each Airflow deployment lets in who knows the password, and nobody else.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};

use super::deployments;
use crate::attempts::Visit;
use crate::described::Described;
use crate::refusal::{Reading, is_success, refused_beside};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "AUT-001",
        title: "nobody uses an Airflow deployment without logging in",
        severity: Severity::Critical,
        promises: &["P12", "P13"],
        explanation: "At the host of each Airflow deployment, through the edge: its list of DAGs without credentials, and a login with a password made up for this attempt. Both must be answered 401 or 403 while a login with the password that was made with the deployment is accepted.",
        remedy: "Run `airlock deployment apply` with the deployment's document: it puts the settings of the login back. When the right password is refused, somebody changed it in Airflow: the check then says `unverified`, since a refusal alone proves nothing.",
    },
    expected: "401 or 403, while the first login is accepted",
    why: "whoever reaches the edge can read and start the deployment's DAGs, and through them what its connections reach",
};

static READING: Reading = Reading::of_requests("first login", is_success);

/// The check.
pub(crate) struct DeploymentLogin;

impl Check for DeploymentLogin {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        deployments::needs(world, |deployment| Visit::API.map(|visit| visit.attempt(world, deployment)))
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        deployments::findings(&TEXTS, given, |deployment| {
            let judged = |visit: Visit, words: &str| {
                let attempts = (&visit.id(deployment), &Visit::Login.id(deployment));
                refused_beside(&TEXTS, given, attempts, &READING, format!("{}: {words}", deployment.host))
            };
            [judged(Visit::Anonymous, "request without credentials"), judged(Visit::WrongPassword, "login with a wrong password")]
        })
    }
}
