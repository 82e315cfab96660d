//! AUT-006: strangers make no accounts at Airflow deployments.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};

use super::deployments;
use crate::attempts::{Visit, outcome, words};
use crate::described::{Described, Resting};
use crate::refusal::{Reading, is_success, refused_beside};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "AUT-006",
        title: "nobody signs up unasked",
        severity: Severity::Medium,
        promises: &["P13"],
        explanation: "At the host of each Airflow deployment, through the edge and without credentials: the page on which strangers make accounts of their own, which Flask-AppBuilder has for passwords, OpenID, and OAuth where `AUTH_USER_REGISTRATION` is set. It must be answered 404, 401, or 403 while the page of the login is there. One that ends in an error (500) beside it is there as well: version 3.10 of Airflow's FAB provider fails to show it, and a later one may not. With LDAP or REMOTE_USER accounts come with the first login and without a page, and are not looked at. Airflow alone is asked; an identity provider of yours has sign-ups of its own, which AUT-004 has people attest with its second factor.",
        remedy: "Take `AUTH_USER_REGISTRATION` out of webserver_config.py, which is in the deployment's image or where `AIRFLOW__FAB__CONFIG_FILE` says, and run `airlock deployment apply` with the deployment's document, which names the new image and puts settings back. Its administrator makes accounts, on the page Security of Airflow.",
    },
    expected: "404, 401, or 403, while the page of the login is there",
    why: "whoever reaches the edge gets an account, and with it the rights of its role",
};

static READING: Reading =
    Reading { control: "page of the login", is_accepted: is_success, is_let_in: is_success, is_refused: |result| matches!(result, AttemptResult::Answered { status: 401 | 403 | 404, .. }) };

/// What a page answers that is there and fails; one that is not there has nothing to fail at.
const fn is_broken(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::Answered { status: 500, .. })
}

/// The check.
pub(crate) struct SignUp;

impl Check for SignUp {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        deployments::needs(world, |deployment| [Visit::LoginPage, Visit::SignUpPage].map(|visit| visit.attempt(world, deployment)))
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        deployments::findings(&TEXTS, given, |deployment| {
            let (page, login) = (Visit::SignUpPage.id(deployment), Visit::LoginPage.id(deployment));
            let subject = format!("{}: page to sign up", deployment.host);
            [match (outcome(given, &page), outcome(given, &login)) {
                (Ok(page), Ok(login)) if is_broken(&page.result) && is_success(&login.result) => {
                    TEXTS.fail(subject, format!("{}; {}: {}", words(&page.result), READING.control, words(&login.result))).tried([page, login])
                }
                _ => refused_beside(&TEXTS, given, (&page, &login), &READING, subject),
            }]
        })
    }
}
