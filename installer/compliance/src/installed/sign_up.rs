//! AUT-006: strangers make no accounts at Airflow deployments.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};

use super::deployments;
use crate::attempts::Visit;
use crate::described::Described;
use crate::refusal::{Reading, is_success, refused_beside};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "AUT-006",
        title: "nobody signs up unasked",
        severity: Severity::Medium,
        promises: &["P13"],
        explanation: "At the host of each Airflow deployment, through the edge and without credentials: the page on which strangers make accounts of their own, which is there where `AUTH_USER_REGISTRATION` is set (Flask-AppBuilder). It must be answered 404, 401, or 403 while the page of the login is there. One that ends in an error (500) is there as well: Airflow with version 3.10 of its FAB provider fails to show it, and a later one may not. Airflow alone is asked; an identity provider of yours has sign-ups of its own, which AUT-004 has people attest with its second factor.",
        remedy: "Take `AUTH_USER_REGISTRATION` out of webserver_config.py in the deployment's image, and name the image anew in the deployment's document: `airlock deployment apply`. Its administrator makes accounts, on the page Security of Airflow.",
    },
    expected: "404, 401, or 403, while the page of the login is there",
    why: "whoever reaches the edge gets an account, and with it the rights of its role",
};

static READING: Reading = Reading {
    control: "page of the login",
    is_accepted: is_success,
    is_let_in: |result| is_success(result) || matches!(result, AttemptResult::Answered { status: 500, .. }),
    is_refused: |result| matches!(result, AttemptResult::Answered { status: 401 | 403 | 404, .. }),
};

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
            let attempts = (&Visit::SignUpPage.id(deployment), &Visit::LoginPage.id(deployment));
            [refused_beside(&TEXTS, given, attempts, &READING, format!("{}: page to sign up", deployment.host))]
        })
    }
}
