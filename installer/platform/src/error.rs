//! What can go wrong in composing the platform; the errors of other rooms keep their codes.

use airlock_model::{Code, Coded, Exit, Finding, Untrusted, explain_code};

/// Why a request to the platform ended.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// The cluster.
    #[error(transparent)]
    Cluster(Box<airlock_cluster::ClusterError>),
    /// The templates.
    #[error(transparent)]
    Render(#[from] airlock_render::RenderError),
    /// Carrying out the plan.
    #[error(transparent)]
    Engine(Box<airlock_engine::ApplyError>),
    /// Profiles and checks.
    #[error(transparent)]
    Compliance(#[from] airlock_compliance::ComplianceError),
    /// The answers.
    #[error(transparent)]
    Answers(#[from] airlock_model::answers::AnswersError),
    /// The base domain is none.
    #[error(transparent)]
    BaseDomain(#[from] airlock_model::HostNameError),
    /// A host pattern that gives no host.
    #[error(transparent)]
    Hosts(#[from] airlock_model::answers::HostPatternError),
    /// The plan and the approval differ.
    #[error(transparent)]
    Mismatch(#[from] airlock_model::PlanMismatch),
    /// Findings that block: nothing was written.
    #[error("{} finding{} block{} the run; nothing was written", .0.len(), if .0.len() == 1 { "" } else { "s" }, if .0.len() == 1 { "s" } else { "" })]
    Blocked(Vec<Finding>),
    /// Something has no canonical form.
    #[error("a document cannot be written in canonical form")]
    Canonical(#[from] serde_json::Error),
    /// An image of the release has no digest.
    #[error("the image {name} has no digest in the lock")]
    ImageNotLocked {
        /// Its name in `templates/images.yaml`.
        name: String,
    },
    /// A fact that a plan cannot do without was not read.
    #[error("{what} could not be read: {why}")]
    FactMissing {
        /// Which fact.
        what: &'static str,
        /// Why.
        why: Untrusted<String>,
    },
    /// There is no installation.
    #[error("there is no installation in namespace {namespace}")]
    NotInstalled {
        /// Where it was looked for.
        namespace: String,
    },
}

impl Coded for PlatformError {
    fn code(&self) -> Code {
        match self {
            Self::Cluster(error) => error.code(),
            Self::Render(error) => error.code(),
            Self::Engine(error) => error.code(),
            Self::Compliance(error) => error.code(),
            Self::Answers(error) => error.code(),
            Self::BaseDomain(_) => Code("platform.base-domain"),
            Self::Hosts(_) => Code("platform.host-pattern"),
            Self::Mismatch(_) => Code("platform.plan-mismatch"),
            Self::Blocked(_) => Code("platform.blocked"),
            Self::Canonical(_) => Code("platform.canonical"),
            Self::ImageNotLocked { .. } => Code("platform.image-not-locked"),
            Self::FactMissing { .. } => Code("platform.fact-missing"),
            Self::NotInstalled { .. } => Code("platform.not-installed"),
        }
    }
}

impl From<airlock_cluster::ClusterError> for PlatformError {
    fn from(error: airlock_cluster::ClusterError) -> Self {
        Self::Cluster(Box::new(error))
    }
}

impl From<airlock_engine::ApplyError> for PlatformError {
    fn from(error: airlock_engine::ApplyError) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl PlatformError {
    /// The caller was refused a right.
    pub(crate) fn is_missing_right(&self) -> bool {
        self.code().0 == "cluster.forbidden"
    }

    /// How a run ends with it.
    pub fn exit(&self) -> Exit {
        explain_code(self.code().0).map_or(Exit::Bug, |spec| spec.exit)
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::{codes, explain_code};

    #[test]
    fn every_code_of_this_room_stands_in_the_table_and_is_used() {
        let (source, _) = include_str!("error.rs").split_once("#[cfg(test)]").unwrap();
        let used: Vec<&str> = source.split("Code(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(used.iter().all(|code| explain_code(code).is_some()), "{used:?}");
        let idle: Vec<&str> = codes().map(|spec| spec.code).filter(|code| code.starts_with("platform.") && !used.contains(code)).collect();
        assert_eq!(idle, Vec::<&str>::new());
    }
}
