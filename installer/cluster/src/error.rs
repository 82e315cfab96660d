//! What can go wrong with a cluster, case by case.

use airlock_model::{Code, Coded, ObjectRef, Right, Untrusted};
use jiff::Timestamp;

/// Why something with a cluster did not work.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// There is no kubeconfig where one was looked for.
    #[error("no kubeconfig: looked at {looked_at}")]
    KubeconfigMissing {
        /// The places, as text.
        looked_at: String,
    },
    /// The kubeconfig cannot be used.
    #[error("cannot use the kubeconfig: {reason}")]
    KubeconfigUnusable {
        /// What is wrong with it.
        reason: String,
    },
    /// The kubeconfig names no current context and none was asked for.
    #[error("the kubeconfig has no current context; it knows {}", known_contexts(.known))]
    NoCurrentContext {
        /// The contexts it has.
        known: Vec<String>,
    },
    /// The context that was asked for is not in the kubeconfig.
    #[error("the kubeconfig has no context `{context}`; it knows {}", known_contexts(.known))]
    ContextUnknown {
        /// The context.
        context: String,
        /// The contexts it has.
        known: Vec<String>,
    },
    /// The client certificate in the kubeconfig is not valid at this time.
    #[error("the API server {server} refused the client certificate of {subject}: it was valid from {not_before} to {not_after}")]
    ClientCertificateExpired {
        /// Address of the API server.
        server: String,
        /// Subject of the certificate.
        subject: Untrusted<String>,
        /// Begin of validity.
        not_before: Timestamp,
        /// End of validity.
        not_after: Timestamp,
    },
    /// No answer from the API server.
    #[error("cannot reach the API server {server}: {reason}")]
    Unreachable {
        /// Its address.
        server: String,
        /// The whole chain of reasons.
        reason: Untrusted<String>,
    },
    /// The API server did not answer in time.
    #[error("the API server {server} did not answer within {seconds} s: {what}")]
    Timeout {
        /// Its address.
        server: String,
        /// What was asked.
        what: String,
        /// How long it was waited.
        seconds: u64,
    },
    /// The API server does not accept who we are.
    #[error("the API server {server} does not accept the credentials: {message}")]
    Unauthorized {
        /// Its address.
        server: String,
        /// Its words.
        message: Untrusted<String>,
    },
    /// A right is missing.
    #[error("missing right: {right}")]
    Forbidden {
        /// The right.
        right: Right,
        /// The API server's words.
        message: Untrusted<String>,
    },
    /// Admission (a policy, a webhook, a quota) refuses the object.
    #[error("the cluster refuses {object}: {message}")]
    Refused {
        /// Which object.
        object: ObjectRef,
        /// The API server's words.
        message: Untrusted<String>,
    },
    /// Somebody else owns fields that we would set.
    #[error("{object} has fields that others own: {}", conflicts(.fields))]
    Conflict {
        /// Which object.
        object: ObjectRef,
        /// Each field with its manager.
        fields: Vec<(String, Untrusted<String>)>,
    },
    /// The API server does not understand the object.
    #[error("the API server finds {object} invalid: {}", joined(.causes))]
    Invalid {
        /// Which object.
        object: ObjectRef,
        /// Each cause in its words.
        causes: Vec<Untrusted<String>>,
    },
    /// The cluster does not know such a kind of object.
    #[error("the cluster does not know {kind} of {api_version}")]
    KindUnknown {
        /// `v1`, `apps/v1`.
        api_version: String,
        /// `Deployment`.
        kind: String,
    },
    /// The object, or the namespace it belongs in, does not exist.
    #[error("{object} does not exist: {message}")]
    NotFound {
        /// Which object.
        object: ObjectRef,
        /// The API server's words.
        message: Untrusted<String>,
    },
    /// It exists already, or was changed by another in between.
    #[error("{object} was changed by another: {message}")]
    Changed {
        /// Which object.
        object: ObjectRef,
        /// The API server's words.
        message: Untrusted<String>,
    },
    /// The API server failed.
    #[error("the API server {server} failed ({status}): {message}")]
    Failing {
        /// Its address.
        server: String,
        /// HTTP status.
        status: u16,
        /// Its words.
        message: Untrusted<String>,
    },
    /// The API server's answer cannot be read.
    #[error("cannot read the API server's answer to {what}: {reason}")]
    Unreadable {
        /// What was asked.
        what: String,
        /// Where reading failed.
        reason: String,
    },
    /// It will not become ready, or did not in time.
    #[error("{object} is not ready: {cause}")]
    NotReady {
        /// Which object.
        object: ObjectRef,
        /// Why, in one sentence.
        cause: Untrusted<String>,
    },
    /// A pod ended with an error.
    #[error("{object} ended with exit code {exit_code}: {log}")]
    PodFailed {
        /// Which pod.
        object: Box<ObjectRef>,
        /// Its exit code.
        exit_code: i32,
        /// Its last lines.
        log: Untrusted<String>,
    },
    /// Another run holds the lease.
    #[error("{holder} holds the lease {object} since {since}, renewed {renewed}")]
    LeaseHeld {
        /// The lease.
        object: Box<ObjectRef>,
        /// Who.
        holder: Untrusted<String>,
        /// Since when.
        since: Timestamp,
        /// The last heartbeat.
        renewed: Timestamp,
    },
    /// Another run took the lease that we held.
    #[error("the lease {object} was taken by {holder}")]
    LeaseLost {
        /// The lease.
        object: ObjectRef,
        /// Who has it now.
        holder: Untrusted<String>,
    },
    /// It was asked to stop.
    #[error("stopped as asked")]
    Stopped,
}

impl Coded for ClusterError {
    fn code(&self) -> Code {
        Code(match self {
            Self::KubeconfigMissing { .. } => "cluster.kubeconfig-missing",
            Self::KubeconfigUnusable { .. } => "cluster.kubeconfig-unusable",
            Self::NoCurrentContext { .. } => "cluster.no-current-context",
            Self::ContextUnknown { .. } => "cluster.context-unknown",
            Self::ClientCertificateExpired { .. } => "cluster.client-certificate-expired",
            Self::Unreachable { .. } => "cluster.unreachable",
            Self::Timeout { .. } => "cluster.timeout",
            Self::Unauthorized { .. } => "cluster.unauthorized",
            Self::Forbidden { .. } => "cluster.forbidden",
            Self::Refused { .. } => "cluster.refused",
            Self::Conflict { .. } => "cluster.conflict",
            Self::Invalid { .. } => "cluster.invalid",
            Self::KindUnknown { .. } => "cluster.kind-unknown",
            Self::NotFound { .. } => "cluster.not-found",
            Self::Changed { .. } => "cluster.changed",
            Self::Failing { .. } => "cluster.failing",
            Self::Unreadable { .. } => "cluster.unreadable",
            Self::NotReady { .. } => "cluster.not-ready",
            Self::PodFailed { .. } => "cluster.pod-failed",
            Self::LeaseHeld { .. } => "cluster.lease-held",
            Self::LeaseLost { .. } => "cluster.lease-lost",
            Self::Stopped => "cluster.stopped",
        })
    }
}

fn known_contexts(known: &[String]) -> String {
    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
}

fn conflicts(fields: &[(String, Untrusted<String>)]) -> String {
    fields.iter().map(|(path, manager)| format!("{path} ({manager})")).collect::<Vec<_>>().join(", ")
}

fn joined(causes: &[Untrusted<String>]) -> String {
    causes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use airlock_model::{Exit, explain_code};

    use super::*;

    /// One error of every case. Who adds a case is led here by the match in `code` and adds it too.
    fn every_case() -> Vec<ClusterError> {
        let object = ObjectRef::namespaced("v1", "Pod", "airlock", "edge-0");
        let right = Right { group: String::new(), resource: "pods".into(), verb: "list".into(), namespace: None };
        let (server, at) = (String::from("https://api.test:6443"), Timestamp::UNIX_EPOCH);
        let words = || Untrusted::from("no");
        vec![
            ClusterError::KubeconfigMissing { looked_at: "~/.kube/config".into() },
            ClusterError::KubeconfigUnusable { reason: "it is empty".into() },
            ClusterError::NoCurrentContext { known: vec!["prod".into(), "test".into()] },
            ClusterError::ContextUnknown { context: "x".into(), known: Vec::new() },
            ClusterError::ClientCertificateExpired { server: server.clone(), subject: "CN=eve".into(), not_before: at, not_after: at },
            ClusterError::Unreachable { server: server.clone(), reason: "connection refused".into() },
            ClusterError::Timeout { server: server.clone(), what: "GET /version".into(), seconds: 30 },
            ClusterError::Unauthorized { server: server.clone(), message: words() },
            ClusterError::Forbidden { right, message: words() },
            ClusterError::Refused { object: object.clone(), message: words() },
            ClusterError::Conflict { object: object.clone(), fields: vec![(".data.key".into(), "helm".into())] },
            ClusterError::Invalid { object: object.clone(), causes: vec![words(), "and no".into()] },
            ClusterError::KindUnknown { api_version: "a.test/v1".into(), kind: "Thing".into() },
            ClusterError::NotFound { object: object.clone(), message: words() },
            ClusterError::Changed { object: object.clone(), message: words() },
            ClusterError::Failing { server, status: 500, message: words() },
            ClusterError::Unreadable { what: "pods".into(), reason: "EOF".into() },
            ClusterError::NotReady { object: object.clone(), cause: "it crashes".into() },
            ClusterError::PodFailed { object: Box::new(object.clone()), exit_code: 1, log: "line\u{1b}[2J".into() },
            ClusterError::LeaseHeld { object: Box::new(object.clone()), holder: "eve".into(), since: at, renewed: at },
            ClusterError::LeaseLost { object, holder: "eve".into() },
            ClusterError::Stopped,
        ]
    }

    #[test]
    fn every_case_has_a_code_in_the_table_and_one_line_of_words() {
        let lines: Vec<String> = every_case().iter().map(|error| format!("{:32} {error}", error.code().0)).collect();
        for error in every_case() {
            assert!(explain_code(error.code().0).is_some(), "{} is not in the table", error.code());
            assert!(!error.to_string().contains(['\n', '\u{1b}']), "{error:?}");
        }
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn what_concerns_the_way_to_the_cluster_ends_with_4_and_what_the_cluster_forbids_with_3() {
        let exit = |code: &str| explain_code(code).map(|spec| spec.exit);
        assert_eq!(exit("cluster.unreachable"), Some(Exit::Unreachable));
        assert_eq!(exit("cluster.forbidden"), Some(Exit::Blocked));
        assert_eq!(exit("cluster.failing"), Some(Exit::ApplyFailed));
        assert_eq!(exit("cluster.not-ready"), Some(Exit::GaveUpWaiting));
    }
}
