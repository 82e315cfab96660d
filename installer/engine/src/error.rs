//! What can go wrong while a plan is carried out; the errors of other rooms keep their codes where they are the cause.

use std::fmt;

use airlock_cluster::ClusterError;
use airlock_model::{Code, Coded, ObjectRef, SecretKeyRef, StepId, Untrusted, names};
use airlock_tls::Judgement;
use jiff::Timestamp;

use crate::recipe::TemplateError;

/// Why a run ended before its plan.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Another run is at work.
    #[error("{holder} is at work on this installation since {since}")]
    LeaseHeld {
        /// Who: user, host, process.
        holder: Untrusted<String>,
        /// Since when.
        since: Timestamp,
    },
    /// The heartbeat failed or another run took over.
    #[error("the lease is lost: {reason}")]
    LeaseLost {
        /// How that was seen.
        reason: Untrusted<String>,
    },
    /// An object is neither as the plan saw it nor as the plan makes it.
    #[error("{object} {why}; the plan no longer matches, and nothing of it was written to that object")]
    PlanMismatch {
        /// Which object.
        object: ObjectRef,
        /// What is seen instead.
        why: &'static str,
    },
    /// The plan belongs to another cluster.
    #[error("the plan was made for the cluster {planned}, this is {found}")]
    OtherCluster {
        /// UID in the plan.
        planned: String,
        /// UID here.
        found: String,
    },
    /// The platform namespace was made by another run.
    #[error("the namespace {namespace} belongs to the installation {found}, the plan is for {planned}")]
    OtherInstallation {
        /// The platform namespace.
        namespace: String,
        /// The id in the plan.
        planned: String,
        /// The id at the namespace.
        found: Untrusted<String>,
    },
    /// Fields belong to others.
    #[error("{object} has fields that others own: {}", fields.iter().map(|(path, manager)| format!("{path} ({manager})")).collect::<Vec<_>>().join(", "))]
    Conflict {
        /// Which object.
        object: ObjectRef,
        /// Each field with its manager.
        fields: Vec<(String, Untrusted<String>)>,
    },
    /// Something does not become ready.
    #[error("{object} does not become ready: {cause}")]
    NotReady {
        /// Which object.
        object: ObjectRef,
        /// Why, in one sentence.
        cause: Untrusted<String>,
    },
    /// The time for the whole run is over.
    #[error("the time given for the run is over")]
    Deadline,
    /// Somebody asked the run to end.
    #[error("interrupted; what is done is kept")]
    Interrupted,
    /// An attempt that a step stands on did not succeed.
    #[error("the attempt {attempt} of step {step} did not succeed: {seen}")]
    ProbeFailed {
        /// Which step.
        step: StepId,
        /// Which attempt.
        attempt: String,
        /// What happened instead.
        seen: Untrusted<String>,
    },
    /// What a Job examined is not fit, by these findings.
    #[error("{}; nothing was installed", airlock_model::blocking_line(.0))]
    Examined(Vec<airlock_model::Finding>),
    /// A node cannot pull, and neither trust nor DNS is the reason.
    #[error("a node of the pool {pool} cannot pull {image}: {reason}")]
    NodePull {
        /// Which pool.
        pool: String,
        /// Which image.
        image: String,
        /// The kubelet's words.
        reason: Untrusted<String>,
    },
    /// The Service of the edge has no address.
    #[error("{service} has no address")]
    NoAddress {
        /// The Service.
        service: ObjectRef,
    },
    /// A certificate is due that others hand over.
    #[error("{secret} is due, and Airlock cannot renew it: {by}")]
    CertificateDue {
        /// Its Secret.
        secret: ObjectRef,
        /// How the next one is handed over.
        by: Handing,
    },
    /// The ACME authority.
    #[error(transparent)]
    Acme(Box<airlock_tls::acme::AcmeError>),
    /// A certificate that was renewed is not the one that is served.
    #[error("the certificate in {secret} is not what {at} presents: {seen}")]
    NotServed {
        /// Its Secret.
        secret: String,
        /// Where it was looked for.
        at: String,
        /// What is there instead.
        seen: Untrusted<String>,
    },
    /// A part of a composed value is absent.
    #[error("the Secret {}/{} has no key {}, of which another value is made", at.namespace, at.name, at.key)]
    SecretMissing {
        /// Where it was looked for.
        at: SecretKeyRef,
    },
    /// What answers refer to cannot be had.
    #[error("{reference} cannot be read: {reason}")]
    ReferenceUnreadable {
        /// The reference, not what it stands for.
        reference: String,
        /// Why.
        reason: String,
    },
    /// A Secret of another type bears the name.
    #[error("the Secret {namespace}/{name} exists with the type {found}, and {planned} is needed")]
    SecretForeign {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Its type.
        found: Untrusted<String>,
        /// The type of the plan.
        planned: String,
    },
    /// A record of a newer program.
    #[error("the ConfigMap {name} has schema {found}, this program knows schemas up to {known}")]
    RecordNewer {
        /// Which `ConfigMap`.
        name: String,
        /// Its schema.
        found: u64,
        /// The newest one that is known.
        known: u32,
    },
    /// A record that cannot be read.
    #[error("the ConfigMap {name} cannot be read: {reason}")]
    RecordUnreadable {
        /// Which `ConfigMap`.
        name: String,
        /// Why.
        reason: String,
    },
    /// A recipe is wrong.
    #[error("the recipe of a Secret is wrong")]
    Template(#[from] TemplateError),
    /// The plan is wrong.
    #[error("the plan cannot be carried out: {reason}")]
    PlanMalformed {
        /// Why.
        reason: String,
    },
    /// No random bytes.
    #[error("the system's random source did not answer: {reason}")]
    Random {
        /// Why.
        reason: String,
    },
    /// The cluster.
    #[error(transparent)]
    Cluster(Box<ClusterError>),
    /// Keys and certificates.
    #[error(transparent)]
    Tls(#[from] airlock_tls::AuthorityError),
    /// A certificate that somebody handed over would not work.
    #[error("{source_of}: {}", judgement.error().map_or_else(String::new, |finding| finding.why.to_string()))]
    CertificateRefused {
        /// Where it comes from.
        source_of: String,
        /// What is wrong with it.
        judgement: Box<Judgement>,
    },
    /// Images.
    #[error(transparent)]
    Registry(#[from] airlock_registry::RegistryError),
}

/// How a certificate is handed over that somebody else issues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handing {
    /// By `airlock tls import`.
    Import {
        /// The Secret with the request.
        request: Box<ObjectRef>,
    },
    /// By what it is copied from.
    Source,
    /// By `airlock install`, which orders it and runs the program that sets the DNS records.
    Program,
    /// By `airlock install`, which asks people to set DNS records.
    Records,
    /// By cert-manager, which is late.
    CertManager,
    /// By `airlock tls rotate`: an authority, which others have to believe before it signs.
    Rotation {
        /// Its Secret.
        authority: String,
    },
}

impl fmt::Display for Handing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Import { request } => {
                let (namespace, name) = (request.namespace.as_deref().unwrap_or_default(), &request.name);
                return write!(
                    f,
                    "send the request to your authority, and hand in the answer with `airlock tls import FILE`; the request, by a new key: `kubectl get secret -n {namespace} {name} -o go-template='{{{{index .data \"{}\" | base64decode}}}}'`",
                    names::REQUEST_KEY
                );
            }
            Self::Rotation { authority } => return write!(f, "run `airlock tls rotate {authority}`, which lets another authority take its place while both are believed"),
            Self::Source => "replace it where it comes from, and run `airlock install --answers FILE`",
            Self::Program => "run `airlock install --answers FILE` again, where the program is that sets the DNS records; it orders the next one",
            Self::CertManager => "cert-manager renews it and has not done so yet; `kubectl describe certificate base-domain-issued` says why, and what it issues is taken over at the next look",
            Self::Records => "run `airlock install --answers FILE` again; it asks for the DNS records of the next one, and orders it when they are there",
        })
    }
}

impl From<airlock_tls::acme::AcmeError> for ApplyError {
    fn from(error: airlock_tls::acme::AcmeError) -> Self {
        Self::Acme(Box::new(error))
    }
}

impl ApplyError {
    /// Words an error of the cluster as the run sees it; what the run does not know better stays as it is.
    pub(crate) fn of(error: ClusterError) -> Self {
        match error {
            ClusterError::Conflict { object, fields } => Self::Conflict { object, fields },
            ClusterError::NotReady { object, cause } => Self::NotReady { object, cause },
            ClusterError::LeaseHeld { holder, since, .. } => Self::LeaseHeld { holder, since },
            ClusterError::LeaseLost { holder, .. } => Self::LeaseLost { reason: Untrusted::new(format!("{} has it now", holder.raw())) },
            ClusterError::Stopped => Self::Interrupted,
            other => Self::Cluster(Box::new(other)),
        }
    }
}

impl Coded for ApplyError {
    fn code(&self) -> Code {
        match self {
            Self::LeaseHeld { .. } => Code("engine.lease-held"),
            Self::LeaseLost { .. } => Code("engine.lease-lost"),
            Self::PlanMismatch { .. } => Code("engine.plan-mismatch"),
            Self::OtherCluster { .. } => Code("engine.other-cluster"),
            Self::OtherInstallation { .. } => Code("engine.other-installation"),
            Self::Conflict { .. } => Code("engine.conflict"),
            Self::NotReady { .. } => Code("engine.not-ready"),
            Self::Deadline => Code("engine.deadline"),
            Self::Interrupted => Code("engine.interrupted"),
            Self::ProbeFailed { .. } => Code("engine.probe-failed"),
            Self::Examined(_) => Code("engine.examined"),
            Self::NodePull { .. } => Code("engine.node-pull"),
            Self::NoAddress { .. } => Code("engine.no-address"),
            Self::CertificateDue { .. } => Code("engine.certificate-due"),
            Self::Acme(error) => error.code(),
            Self::NotServed { .. } => Code("engine.not-served"),
            Self::SecretMissing { .. } => Code("engine.secret-missing"),
            Self::ReferenceUnreadable { .. } => Code("engine.reference-unreadable"),
            Self::SecretForeign { .. } => Code("engine.secret-foreign"),
            Self::RecordNewer { .. } => Code("engine.record-newer"),
            Self::RecordUnreadable { .. } => Code("engine.record-unreadable"),
            Self::Template(_) => Code("engine.template"),
            Self::PlanMalformed { .. } => Code("engine.plan-malformed"),
            Self::Random { .. } => Code("engine.random"),
            Self::Cluster(error) => error.code(),
            Self::Tls(error) => error.code(),
            Self::CertificateRefused { judgement, .. } => judgement.error().map_or(Code("engine.plan-malformed"), |finding| finding.code),
            Self::Registry(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use airlock_model::{codes, explain_code};

    use super::*;

    fn every_own_error() -> Vec<ApplyError> {
        let object = || ObjectRef::namespaced("v1", "Secret", "airlock", "s");
        let at = || SecretKeyRef { namespace: "airlock".into(), name: "s".into(), key: "value".into() };
        let text = || Untrusted::from("x");
        vec![
            ApplyError::LeaseHeld { holder: text(), since: Timestamp::UNIX_EPOCH },
            ApplyError::LeaseLost { reason: text() },
            ApplyError::PlanMismatch { object: object(), why: "was changed" },
            ApplyError::OtherCluster { planned: String::new(), found: String::new() },
            ApplyError::OtherInstallation { namespace: String::new(), planned: String::new(), found: text() },
            ApplyError::Conflict { object: object(), fields: Vec::new() },
            ApplyError::NotReady { object: object(), cause: text() },
            ApplyError::Deadline,
            ApplyError::Interrupted,
            ApplyError::ProbeFailed { step: "s".into(), attempt: String::new(), seen: text() },
            ApplyError::Examined(Vec::new()),
            ApplyError::NodePull { pool: String::new(), image: String::new(), reason: text() },
            ApplyError::NoAddress { service: object() },
            ApplyError::CertificateDue { secret: object(), by: Handing::Import { request: Box::new(object()) } },
            ApplyError::NotServed { secret: String::new(), at: String::new(), seen: text() },
            ApplyError::SecretMissing { at: at() },
            ApplyError::ReferenceUnreadable { reference: String::new(), reason: String::new() },
            ApplyError::SecretForeign { namespace: String::new(), name: String::new(), found: text(), planned: String::new() },
            ApplyError::RecordNewer { name: String::new(), found: 2, known: 1 },
            ApplyError::RecordUnreadable { name: String::new(), reason: String::new() },
            ApplyError::Template(TemplateError::NotText),
            ApplyError::PlanMalformed { reason: String::new() },
            ApplyError::Random { reason: String::new() },
        ]
    }

    #[test]
    fn every_error_has_a_code_in_the_table_and_every_code_an_error() {
        let raised: BTreeSet<&str> = every_own_error().iter().map(|error| error.code().0).collect();
        for code in &raised {
            assert!(explain_code(code).is_some(), "{code} is not in the table");
        }
        let listed: BTreeSet<&str> = codes().map(|spec| spec.code).filter(|code| code.starts_with("engine.")).collect();
        assert_eq!(raised, listed);
    }

    #[test]
    fn text_of_the_cluster_is_escaped_in_messages() {
        let error = ApplyError::LeaseHeld { holder: Untrusted::from("eve\u{1b}[2J"), since: Timestamp::UNIX_EPOCH };
        assert_eq!(error.to_string(), "eve\\u{1b}[2J is at work on this installation since 1970-01-01T00:00:00Z");
    }
}
