//! What strangers ask the Kubernetes API for.

use airlock_model::{ApiCaller, Attempt, AttemptAction, AttemptId, Target, Vantage, World};

/// A question, and by whom it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Which versions there are, asked by the user: the control. Everybody who logs in is told (role `system:discovery`).
    Own,
    /// The same, asked by a stranger.
    Versions,
    /// Which groups there are, asked by a stranger.
    Groups,
    /// The Secrets of the platform, asked by a stranger.
    Secrets,
}

impl Question {
    /// Those that must be refused.
    pub(crate) const STRANGERS: [Self; 3] = [Self::Versions, Self::Groups, Self::Secrets];

    pub(crate) fn id(self) -> AttemptId {
        let what = match self {
            Self::Own => "own",
            Self::Versions => "stranger-versions",
            Self::Groups => "stranger-groups",
            Self::Secrets => "stranger-secrets",
        };
        AttemptId(format!("api.{what}"))
    }

    pub(crate) fn path(self, world: &World) -> String {
        match self {
            Self::Own | Self::Versions => "/api".to_owned(),
            Self::Groups => "/apis".to_owned(),
            Self::Secrets => format!("/api/v1/namespaces/{}/secrets?limit=1", world.platform),
        }
    }

    pub(crate) fn attempt(self, world: &World) -> Attempt {
        let path = self.path(world);
        let of_stranger = |what: &str| format!("a request to the Kubernetes API without credentials for {what}, to be refused");
        let purpose = match self {
            Self::Own => "a request to the Kubernetes API with your credentials for its versions, to be answered".to_owned(),
            Self::Versions => of_stranger("its versions"),
            Self::Groups => of_stranger("its groups"),
            Self::Secrets => of_stranger(&format!("the Secrets of {}", world.platform)),
        };
        let (caller, control) = if self == Self::Own { (ApiCaller::User, None) } else { (ApiCaller::Stranger, Some(Self::Own.id())) };
        Attempt { id: self.id(), from: Vantage::Workstation, target: Target::KubernetesApi, action: AttemptAction::AskApi { path, caller }, control, purpose }
    }
}
