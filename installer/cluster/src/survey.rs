//! The survey: what a cluster is like, and what could not be read. It writes nothing.
//!
//! Each file below reads one group of facts. What a group could not read becomes [`Fact::Unverified`] with the missing
//! right in words; only a cluster that does not answer, or does not accept who we are, ends the survey.

use airlock_model::{Caller, Fact, Facts, ServerVersion};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

pub use self::nodes::usable_pool;
use crate::call::{Call, Reply};
use crate::{Cluster, ClusterError};

mod admission;
mod classes;
mod issuers;
mod limits;
mod namespaces;
mod network;
mod nodes;
mod prometheus;
mod requests;

/// How far a survey looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SurveyScope {
    /// The namespaces that Airlock would use.
    pub namespaces: Vec<String>,
}

/// Keeps what could not be read as such; what ends the survey passes through.
fn fact<T>(read: Result<T, ClusterError>) -> Result<Fact<T>, ClusterError> {
    match read {
        Ok(value) => Ok(Fact::Known(value)),
        Err(error @ (ClusterError::Unreachable { .. } | ClusterError::Unauthorized { .. } | ClusterError::ClientCertificateExpired { .. })) => Err(error),
        Err(error) => Ok(Fact::Unverified(error.to_string())),
    }
}

/// The API is not there, hence nothing of it.
fn absent_is_empty<T: Default>(read: Result<T, ClusterError>) -> Result<T, ClusterError> {
    match read {
        Err(ClusterError::KindUnknown { .. }) => Ok(T::default()),
        read => read,
    }
}

impl Cluster {
    /// Reads all facts, many at a time. What cannot be read is [`Fact::Unverified`] with the missing right;
    /// an error is only a cluster that cannot be reached or does not accept who we are.
    pub async fn survey(&self, scope: &SurveyScope) -> Result<Facts, ClusterError> {
        // Alone and first: when nobody answers, one request says so, not twenty.
        let (version, clock) = self.greet().await?;
        let (cluster_uid, caller, nodes, storage_classes, ingress_classes, gateway_classes, operators) =
            tokio::join!(self.cluster_uid(), self.caller(), Box::pin(self.nodes()), self.storage_classes(), self.ingress_classes(), self.gateway_classes(), self.operators(),);
        let (prometheuses, cluster_issuers, issuers) = tokio::join!(Box::pin(self.prometheuses()), Box::pin(self.cluster_issuers()), Box::pin(self.issuers(&scope.namespaces)));
        let (dns, api_server, namespaces, installations, admission, quotas) = tokio::join!(
            Box::pin(self.cluster_dns()),
            self.api_server(),
            self.namespaces(&scope.namespaces),
            Box::pin(self.installations()),
            Box::pin(self.admission()),
            self.limits(&scope.namespaces)
        );
        Ok(Facts {
            server: self.server().to_owned(),
            cluster_uid: fact(cluster_uid)?,
            version,
            clock_difference_millis: clock,
            caller: fact(caller)?,
            nodes: fact(nodes)?,
            storage_classes: fact(storage_classes)?,
            ingress_classes: fact(ingress_classes)?,
            gateway_classes: fact(gateway_classes)?,
            operators: fact(operators)?,
            prometheuses: fact(prometheuses)?,
            cluster_issuers: fact(cluster_issuers)?,
            issuers: fact(issuers)?,
            dns: fact(dns)?,
            api_server: fact(api_server)?,
            namespaces: fact(namespaces)?,
            installations: fact(installations)?,
            admission: fact(admission)?,
            quotas: fact(quotas)?,
        })
    }

    /// Of a survey, the nodes alone.
    pub async fn surveyed_nodes(&self) -> Result<Fact<Vec<airlock_model::Node>>, ClusterError> {
        fact(Box::pin(self.nodes()).await)
    }

    /// Of a survey, the version alone.
    pub async fn surveyed_version(&self) -> Result<Fact<ServerVersion>, ClusterError> {
        Ok(self.greet().await?.0)
    }

    /// Of a survey, which cluster it is and whom it takes us for.
    pub async fn surveyed_identity(&self) -> Result<(Fact<String>, Fact<Caller>), ClusterError> {
        let (cluster_uid, caller) = tokio::join!(self.cluster_uid(), self.caller());
        Ok((fact(cluster_uid)?, fact(caller)?))
    }

    /// The first request: version and clock.
    async fn greet(&self) -> Result<(Fact<ServerVersion>, Fact<i64>), ClusterError> {
        let before = Timestamp::now();
        let reply = match self.call(&Call::get("/version")).await {
            Err(error @ ClusterError::Timeout { .. }) => return Err(error),
            Err(error) => return fact(Err(error)).map(|version: Fact<ServerVersion>| (version, Fact::Unverified("there was no answer to read a date from".to_owned()))),
            Ok(reply) => reply,
        };
        let after = Timestamp::now();
        let clock = reply.date.map_or_else(|| Fact::Unverified("the answer bears no date".to_owned()), |date| Fact::Known(difference(date, before, after)));
        Ok((fact(version(&reply))?, clock))
    }

    async fn cluster_uid(&self) -> Result<String, ClusterError> {
        let resource = self.resource("v1", "Namespace").await?;
        let call = Call::get(resource.object(None, "kube-system")).needs(resource.right("get", None));
        let namespace: Value = self.call(&call).await?.json("Namespace kube-system")?;
        let uid = namespace.pointer("/metadata/uid").and_then(Value::as_str);
        uid.map(str::to_owned).ok_or_else(|| ClusterError::Unreadable { what: "Namespace kube-system".to_owned(), reason: "it has no uid".to_owned() })
    }

    /// Whom the API server takes us for (`SelfSubjectReview`).
    pub async fn caller(&self) -> Result<Caller, ClusterError> {
        const KIND: &str = "SelfSubjectReview";
        let review = self.review("/apis/authentication.k8s.io/v1/selfsubjectreviews", &json!({"apiVersion": "authentication.k8s.io/v1", "kind": KIND})).await?;
        let user = review.pointer("/status/userInfo").cloned().unwrap_or_default();
        let info: UserInfo = serde_json::from_value(user).map_err(|error| ClusterError::Unreadable { what: KIND.to_owned(), reason: error.to_string() })?;
        Ok(Caller { user: info.username, groups: info.groups })
    }
}

#[derive(Deserialize)]
struct UserInfo {
    username: String,
    #[serde(default)]
    groups: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireVersion {
    major: String,
    minor: String,
    git_version: String,
}

fn version(reply: &Reply) -> Result<ServerVersion, ClusterError> {
    let wire: WireVersion = reply.json("/version")?;
    // Providers write `33+`.
    let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    match (number(&wire.major), number(&wire.minor)) {
        (Some(major), Some(minor)) => Ok(ServerVersion { major, minor, git: wire.git_version }),
        _ => Err(ClusterError::Unreadable { what: "/version".to_owned(), reason: format!("`{}.{}` is no version", wire.major, wire.minor) }),
    }
}

/// The server's clock minus ours. `Date` is cut to whole seconds: its middle is the best guess, and anything that fits is 0.
fn difference(date: Timestamp, before: Timestamp, after: Timestamp) -> i64 {
    let until = date + SignedDuration::from_secs(1);
    if before > until {
        -millis(before.duration_since(until))
    } else if after < date {
        millis(date.duration_since(after))
    } else {
        0
    }
}

fn millis(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[test]
    fn a_clock_that_may_be_the_same_differs_by_nothing() {
        assert_eq!(difference(at(10_000), at(10_300), at(10_310)), 0);
        assert_eq!(difference(at(10_000), at(10_950), at(11_200)), 0);
    }

    #[test]
    fn a_clock_that_is_behind_or_ahead_is_measured_from_the_edge_of_its_second() {
        assert_eq!(difference(at(10_000), at(15_000), at(15_010)), -4000);
        assert_eq!(difference(at(100_000), at(9_000), at(10_000)), 90_000);
    }

    #[test]
    fn reads_the_version_that_a_provider_writes() {
        let reply = Reply { status: 200, date: None, body: br#"{"major":"1","minor":"33+","gitVersion":"v1.33.4-gke.1"}"#.to_vec().into() };
        assert_eq!(version(&reply).unwrap(), ServerVersion { major: 1, minor: 33, git: "v1.33.4-gke.1".into() });
    }

    #[test]
    fn a_missing_right_is_unverified_and_a_refused_caller_ends_the_survey() {
        let right = airlock_model::Right { group: String::new(), resource: "nodes".into(), verb: "list".into(), namespace: None };
        let read: Result<(), _> = Err(ClusterError::Forbidden { right, message: "no".into() });
        assert_eq!(fact(read).unwrap(), Fact::Unverified("missing right: list nodes in the cluster".into()));
        let refused: Result<(), _> = Err(ClusterError::Unauthorized { server: "https://a.test".into(), message: "no".into() });
        assert!(fact(refused).is_err());
    }
}
