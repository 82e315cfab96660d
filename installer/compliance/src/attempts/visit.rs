//! Requests to the host of an Airflow deployment.

use airlock_model::{Attempt, AttemptAction, AttemptId, Credentials, CredentialsForm, Vantage, World, WorldDeployment};

use super::{address, trust};

/// Where Flask-AppBuilder has it (`RegisterUserDBView`), below Airflow's prefix for pages of the login.
const SIGN_UP: &str = "/auth/register/form";

/// How the host of an Airflow deployment is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visit {
    /// With the password that was made with the deployment: the control.
    Login,
    /// With a password made up for this attempt.
    WrongPassword,
    /// Without credentials, for the list of DAGs.
    Anonymous,
    /// With that password by the form of the page, as people do.
    Page,
    /// Without credentials, for the page of the login: the control of the next.
    LoginPage,
    /// Without credentials, for the page on which one makes an account of one's own.
    SignUpPage,
}

impl Visit {
    /// Those of the API.
    pub(crate) const API: [Self; 3] = [Self::Login, Self::WrongPassword, Self::Anonymous];

    pub(crate) fn id(self, deployment: &WorldDeployment) -> AttemptId {
        let visit = match self {
            Self::Login => "login",
            Self::WrongPassword => "wrong-password",
            Self::Anonymous => "anonymous",
            Self::Page => "page",
            Self::LoginPage => "login-page",
            Self::SignUpPage => "sign-up-page",
        };
        AttemptId(format!("airflow.{visit}.{}", deployment.name))
    }

    pub(crate) fn attempt(self, world: &World, deployment: &WorldDeployment) -> Attempt {
        let (method, path, credentials, purpose) = match self {
            Self::Login => ("POST", "/auth/token", Some(deployment.login.clone()), "the first login, to be accepted"),
            Self::WrongPassword => ("POST", "/auth/token", Some(Credentials { password: None, ..deployment.login.clone() }), "a login with a wrong password, to be refused"),
            Self::Anonymous => ("GET", "/api/v2/dags", None, "the list of DAGs without credentials, to be refused"),
            Self::Page => ("GET", "/auth/login/", Some(Credentials { form: CredentialsForm::Page, ..deployment.login.clone() }), "the first login by the page's form, to see which cookies it sets"),
            Self::LoginPage => ("GET", "/auth/login/", None, "the page of the login, to be there"),
            Self::SignUpPage => ("GET", SIGN_UP, None, "the page on which strangers make accounts, not to be there"),
        };
        let control = match self {
            Self::WrongPassword | Self::Anonymous => Some(Self::Login),
            Self::SignUpPage => Some(Self::LoginPage),
            Self::Login | Self::Page | Self::LoginPage => None,
        };
        Attempt {
            id: self.id(deployment),
            from: Vantage::Workstation,
            target: address(world, &deployment.host),
            action: AttemptAction::Request { method: method.to_owned(), path: path.to_owned(), server_name: deployment.host.clone(), trust: trust(world), credentials },
            control: control.map(|control| control.id(deployment)),
            purpose: purpose.to_owned(),
        }
    }
}
