//! What can go wrong in composing the platform; the errors of other rooms keep their codes.

use airlock_model::{Code, Coded, Exit, Finding, HostName, Untrusted, explain_code};

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
    /// A file that holds no plan of this version.
    #[error("the file is no plan that can be carried out: {reason}; nothing was written")]
    PlanFile {
        /// Why.
        reason: Untrusted<String>,
    },
    /// A plan file whose text is not what its digest is of.
    #[error("the {what} in the file was changed after the plan was made: its digest is {found}, and {stated} was approved; nothing was written")]
    PlanEdited {
        /// `plan` or `answers`.
        what: &'static str,
        /// The digest in the file.
        stated: airlock_model::Digest,
        /// The digest of what the file holds.
        found: airlock_model::Digest,
    },
    /// Findings that block: nothing was written.
    #[error("{}; nothing was written", airlock_model::blocking_line(.0))]
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
    /// The answers are for another cluster.
    #[error("the answers are for the cluster {expected}, and this one is {found}; nothing was written")]
    OtherCluster {
        /// UID in the answers.
        expected: Untrusted<String>,
        /// UID of this cluster.
        found: String,
    },
    /// Deployments need a whole platform.
    #[error("the installation in namespace {namespace} is not complete: its last run did not come to its end")]
    PlatformIncomplete {
        /// The platform's namespace.
        namespace: String,
    },
    /// A dump has no place on a server of the customer's.
    #[error("the database of `{name}` is on the customer's own server {server}, and Airlock keeps no dump of it; nothing was written")]
    NoDump {
        /// The deployment.
        name: String,
        /// `host:port`
        server: String,
    },
    /// Deployments need a database server.
    #[error("the platform has no database server, and an Airflow deployment needs one")]
    NoDatabase,
    /// A name that no deployment can have.
    #[error("{text}")]
    DeploymentName {
        /// What is wrong with it.
        text: String,
    },
    /// A quota that the deployment's own parts exceed.
    #[error("the quota of the deployment allows {allowed} of {what}, and its parts with one more pod ask for {asked}")]
    Quota {
        /// `requests.cpu`, `requests.memory`, `pods`.
        what: &'static str,
        /// What its parts ask for.
        asked: String,
        /// What the quota allows.
        allowed: String,
    },
    /// There is no such deployment.
    #[error("there is no Airflow deployment `{name}`")]
    NoDeployment {
        /// Its name.
        name: String,
    },
    /// The platform cannot go before what is on it.
    #[error("the Airflow deployment{} {} {} still there; nothing was written", if .names.len() == 1 { "" } else { "s" }, .names.join(", "), if .names.len() == 1 { "is" } else { "are" })]
    DeploymentsLeft {
        /// Their names.
        names: Vec<String>,
    },
    /// What a Job beside the database server does.
    #[error(transparent)]
    Database(#[from] crate::database::DatabaseError),
    /// Evidence cannot be written or read.
    #[error(transparent)]
    Evidence(#[from] crate::evidence::EvidenceError),
    /// A path with files to judge.
    #[error("cannot read {}", .path.display())]
    Manifests {
        /// As it was given.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No certificate was asked for.
    #[error("the installation in namespace {namespace} asks nobody for a certificate: its answers do not say `tls: {{ source: csr }}`")]
    NothingRequested {
        /// Where the installation is.
        namespace: String,
    },
    /// The renewer looks after no such certificate.
    #[error("there is no certificate `{name}`; there are {known}")]
    CertificateUnknown {
        /// As it was given.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// The list of certificates in the cluster is none.
    #[error("{list} does not say which certificates there are: {reason}")]
    RenewalsUnreadable {
        /// Which list.
        list: airlock_model::ObjectRef,
        /// Why.
        reason: String,
    },
    /// The Job that renews did not say how it ended.
    #[error("the Job {job} that renews certificates ended without a result: {reason}")]
    RenewerSilent {
        /// Its name.
        job: String,
        /// What is known.
        reason: Untrusted<String>,
    },
    /// The certificate of the base domain is not asked for with the host of a new Airflow deployment.
    #[error("the certificate of the base domain names each host, and {host} is none of them")]
    HostNotCertified {
        /// The host.
        host: HostName,
    },
    /// The copy of the company's own profile is not there, or is none.
    #[error("the profile that the installation is judged by cannot be read from {copy}: {reason}")]
    ProfileCopy {
        /// Where it should stand.
        copy: String,
        /// Why.
        reason: Untrusted<String>,
    },
    /// The company's own profile cannot become such a copy.
    #[error("the profile {name} cannot be kept in the cluster: {reason}; nothing was written")]
    ProfileUnkept {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// A plan does not hold the profile that its answers name.
    #[error("the plan does not hold the profile of its answers ({reference}), since it leaves the installed copy as it is")]
    ProfileNotInPlan {
        /// As the answers have it.
        reference: String,
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
            Self::PlanFile { .. } => Code("platform.plan-file"),
            Self::PlanEdited { .. } => Code("platform.plan-edited"),
            Self::Blocked(_) => Code("platform.blocked"),
            Self::Canonical(_) => Code("platform.canonical"),
            Self::ImageNotLocked { .. } => Code("platform.image-not-locked"),
            Self::FactMissing { .. } => Code("platform.fact-missing"),
            Self::OtherCluster { .. } => Code("platform.other-cluster"),
            Self::NothingRequested { .. } => Code("platform.nothing-requested"),
            Self::HostNotCertified { .. } => Code("platform.host-not-certified"),
            Self::ProfileCopy { .. } => Code("platform.profile-copy"),
            Self::ProfileUnkept { .. } => Code("platform.profile-unkept"),
            Self::ProfileNotInPlan { .. } => Code("platform.profile-not-in-plan"),
            Self::NotInstalled { .. } => Code("platform.not-installed"),
            Self::PlatformIncomplete { .. } => Code("platform.incomplete"),
            Self::NoDump { .. } => Code("platform.no-dump"),
            Self::NoDatabase => Code("platform.no-database"),
            Self::DeploymentName { .. } => Code("platform.deployment-name"),
            Self::Quota { .. } => Code("platform.quota"),
            Self::NoDeployment { .. } => Code("platform.no-deployment"),
            Self::DeploymentsLeft { .. } => Code("platform.deployments-left"),
            Self::Database(error) => error.code(),
            Self::Evidence(error) => error.code(),
            Self::CertificateUnknown { .. } => Code("platform.certificate-unknown"),
            Self::RenewalsUnreadable { .. } => Code("platform.renewals-unreadable"),
            Self::RenewerSilent { .. } => Code("platform.renewer-silent"),
            Self::Manifests { .. } => Code("platform.manifests-unreadable"),
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
    use airlock_model::{Severity, Verdict, codes, explain_code};

    use super::*;

    fn finding(check: &str, severity: Severity, subject: &str) -> Finding {
        Finding {
            check: check.into(),
            numbers: Vec::new(),
            subject: subject.to_owned().into(),
            verdict: Verdict::Fail,
            reason: None,
            severity,
            path: None,
            observed: String::new().into(),
            expected: String::new(),
            why: String::new(),
            fix: Vec::new(),
            evidence: Vec::new(),
            took_millis: 0,
        }
    }

    #[test]
    fn what_is_blocked_names_the_heaviest_finding_and_the_first_of_equals() {
        let storage = || finding("STO-001", Severity::High, "StorageClass gold");
        let message = |findings: Vec<Finding>| PlatformError::Blocked(findings).to_string();
        assert_eq!(message(vec![storage()]), "STO-001 (StorageClass gold) blocks the run; nothing was written");
        assert_eq!(message(vec![storage(), finding("X-1", Severity::High, "x")]), "STO-001 (StorageClass gold) and 1 more finding block the run; nothing was written");
        let worst = finding("X-2", Severity::Critical, "a\u{1b}b");
        assert_eq!(message(vec![storage(), storage(), worst]), "X-2 (a\\u{1b}b) and 2 more findings block the run; nothing was written");
    }

    #[test]
    fn every_code_of_this_room_stands_in_the_table_and_is_used() {
        let (source, _) = include_str!("error.rs").split_once("#[cfg(test)]").unwrap();
        let used: Vec<&str> = [source, include_str!("database.rs")].iter().flat_map(|source| source.split("Code(\"").skip(1)).filter_map(|rest| rest.split('"').next()).collect();
        assert!(used.iter().all(|code| explain_code(code).is_some()), "{used:?}");
        let idle: Vec<&str> = codes().map(|spec| spec.code).filter(|code| code.starts_with("platform.") && !used.contains(code)).collect();
        assert_eq!(idle, Vec::<&str>::new());
    }
}
