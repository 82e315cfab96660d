//! The one way of a request to the API server: bounded in time, repeated where that is safe, its failure put into words.

use std::time::Duration;

use airlock_model::bounds::API_TRIES;
use airlock_model::{ObjectRef, Right, Untrusted};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, DATE};
use http::{Method, Request};
use jiff::Timestamp;
use kube::client::Body;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::{Cluster, ClusterError, credentials};

const PAUSES: [Duration; API_TRIES as usize - 1] = [Duration::from_millis(150), Duration::from_millis(500), Duration::from_millis(1500)];
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const JSON: &str = "application/json";
/// Of the object in an answer its metadata alone (Kubernetes API concepts, "Metadata-only fetches"): the rest is what was sent, and of a
/// Secret it is better not to travel.
pub(crate) const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) content_type: &'static str,
    pub(crate) accept: &'static str,
    /// Wiped when dropped: it may be a Secret.
    pub(crate) body: Zeroizing<Vec<u8>>,
    pub(crate) patience: Duration,
    /// Which object or collection it is about.
    pub(crate) about: Option<ObjectRef>,
    /// The right it needs.
    pub(crate) right: Option<Right>,
}

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), content_type: JSON, accept: JSON, body: Zeroizing::default(), patience: PATIENCE, about: None, right: None }
    }

    pub(crate) fn about(mut self, object: &ObjectRef) -> Self {
        self.about = Some(object.clone());
        self
    }

    pub(crate) fn needs(mut self, right: Right) -> Self {
        self.right = Some(right);
        self
    }

    /// What is asked, for people: `GET /api/v1/pods`.
    fn what(&self) -> String {
        format!("{} {}", self.method, self.path.split('?').next().unwrap_or_default())
    }

    /// Sending it twice does no harm. A `POST` may have made something although its answer was lost.
    fn repeatable(&self) -> bool {
        self.method != Method::POST
    }

    fn object(&self) -> ObjectRef {
        self.about.clone().unwrap_or_else(|| ObjectRef::cluster("", "Path", self.path.split('?').next().unwrap_or_default()))
    }
}

/// An answer of the API server that is no error.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The API server's clock, in whole seconds.
    pub(crate) date: Option<Timestamp>,
    /// Wiped when dropped: it may be a Secret.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Reply {
    pub(crate) fn json<T: DeserializeOwned>(&self, what: &str) -> Result<T, ClusterError> {
        serde_json::from_slice(&self.body).map_err(|error| ClusterError::Unreadable { what: what.to_owned(), reason: error.to_string() })
    }
}

/// A `Status`, or what a proxy in between wrote instead of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Failure {
    reason: String,
    message: String,
    details: Details,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    causes: Vec<Cause>,
    #[serde(rename = "retryAfterSeconds")]
    retry_after_seconds: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cause {
    field: String,
    message: String,
    reason: String,
}

impl Failure {
    fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_else(|_| Self { message: String::from_utf8_lossy(body).chars().take(300).collect(), ..Self::default() })
    }
}

enum Trial {
    Done(Reply),
    Failed(ClusterError),
    /// It may go better in a moment.
    Again(ClusterError, Option<Duration>),
}

impl Cluster {
    /// Sends a request and gives its answer, or the error in words.
    pub(crate) async fn call(&self, call: &Call) -> Result<Reply, ClusterError> {
        let mut pauses = PAUSES.into_iter();
        loop {
            match self.try_once(call).await {
                Trial::Done(reply) => return Ok(reply),
                Trial::Failed(error) => return Err(error),
                Trial::Again(error, wanted) => {
                    let Some(pause) = pauses.next() else { return Err(error) };
                    tracing::debug!(request = call.what(), %error, "trying again");
                    tokio::time::sleep(wanted.unwrap_or(pause).min(Duration::from_secs(5))).await;
                }
            }
        }
    }

    async fn try_once(&self, call: &Call) -> Trial {
        let request = Request::builder().method(call.method.clone()).uri(&call.path).header(ACCEPT, call.accept).header(CONTENT_TYPE, call.content_type);
        let request = match request.body(Body::from(Bytes::from_owner(call.body.clone()))) {
            Ok(request) => request,
            Err(error) => return Trial::Failed(ClusterError::Unreadable { what: call.what(), reason: error.to_string() }),
        };
        let slot = self.slots.acquire().await;
        let answer = tokio::time::timeout(call.patience, async {
            let response = self.client.send(request).await?;
            let (parts, body) = response.into_parts();
            Ok::<_, kube::Error>((parts, body.collect_bytes().await?))
        })
        .await;
        drop(slot);
        let (parts, body) = match answer {
            Err(_) => return Trial::Failed(ClusterError::Timeout { server: self.server.to_string(), what: call.what(), seconds: call.patience.as_secs() }),
            Ok(Err(error)) => return self.unanswered(call, &error),
            Ok(Ok(answer)) => answer,
        };
        let date = parts.headers.get(DATE).and_then(|date| date.to_str().ok()).and_then(read_date);
        if parts.status.is_success() {
            return Trial::Done(Reply { status: parts.status.as_u16(), date, body: Zeroizing::new(body.into()) });
        }
        let failure = Failure::read(&body);
        let wanted = failure.details.retry_after_seconds.map(Duration::from_secs);
        let status = parts.status.as_u16();
        let error = self.explain(call, status, failure);
        let is_early = status == 404 && call.method == Method::PATCH && call.about.as_ref().is_some_and(is_binding);
        let again = is_early || matches!(error, ClusterError::Failing { .. }) && (status == 429 || (matches!(status, 500 | 502 | 503 | 504) && call.repeatable()));
        if again { Trial::Again(error, wanted) } else { Trial::Failed(error) }
    }

    fn unanswered(&self, call: &Call, error: &kube::Error) -> Trial {
        let reason = credentials::explain(error, self.plugin.as_deref());
        let before_sending = reason.contains("(Connect)");
        // Waiting for a connection was the long part already; waiting four times as long tells nothing new.
        let slow = reason.contains("deadline") || reason.contains("timed out");
        let error = match error {
            kube::Error::Auth(_) => ClusterError::Unauthorized { server: self.server.to_string(), message: reason.into() },
            _ => ClusterError::Unreachable { server: self.server.to_string(), reason: reason.into() },
        };
        let again = matches!(error, ClusterError::Unreachable { .. }) && !slow && (before_sending || call.repeatable());
        if again { Trial::Again(error, None) } else { Trial::Failed(error) }
    }

    fn explain(&self, call: &Call, status: u16, failure: Failure) -> ClusterError {
        let Failure { reason, message, details } = failure;
        let words = || Untrusted::from(if message.is_empty() { reason.clone() } else { message.clone() });
        let causes = || -> Vec<Untrusted<String>> {
            let listed: Vec<_> = details.causes.iter().map(|cause| Untrusted::from(format!("{}: {}", cause.field, cause.message).trim_start_matches(": ").to_owned())).collect();
            if listed.is_empty() { vec![words()] } else { listed }
        };
        match status {
            401 => self.unauthorized(words()),
            403 => match missing_right(call, &message) {
                Some(right) => ClusterError::Forbidden { right, message: words() },
                None => ClusterError::Refused { object: call.object(), message: words() },
            },
            404 => ClusterError::NotFound { object: call.object(), message: words() },
            // A list that took too long to read has moved on.
            410 => ClusterError::Changed { object: call.object(), message: words() },
            409 => {
                let fields: Vec<_> = details.causes.iter().filter(|cause| cause.reason == "FieldManagerConflict").map(|cause| (cause.field.clone(), manager(&cause.message))).collect();
                if fields.is_empty() { ClusterError::Changed { object: call.object(), message: words() } } else { ClusterError::Conflict { object: call.object(), fields } }
            }
            // Webhooks and policies choose their own status; the words in which the API server passes them on always name them.
            _ if message.starts_with("admission webhook") || message.contains("denied the request") || message.contains("ValidatingAdmissionPolicy '") => {
                ClusterError::Refused { object: call.object(), message: words() }
            }
            // Server-side apply reports a field that the schema does not have as a failure of its own.
            _ if message.contains("field not declared in schema") => ClusterError::Invalid { object: call.object(), causes: vec![words()] },
            400 | 422 => ClusterError::Invalid { object: call.object(), causes: causes() },
            _ => ClusterError::Failing { server: self.server.to_string(), status, message: words() },
        }
    }

    fn unauthorized(&self, message: Untrusted<String>) -> ClusterError {
        let now = Timestamp::now();
        match self.certificate.as_deref().filter(|certificate| now < certificate.not_before || now > certificate.not_after) {
            Some(certificate) => {
                ClusterError::ClientCertificateExpired { server: self.server.to_string(), subject: certificate.subject.clone(), not_before: certificate.not_before, not_after: certificate.not_after }
            }
            None => ClusterError::Unauthorized { server: self.server.to_string(), message },
        }
    }

    /// Reads JSON at a path; none where there is nothing.
    pub(crate) async fn read_json<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, ClusterError> {
        match self.call(&Call::get(path)).await {
            Ok(reply) => reply.json(path).map(Some),
            Err(ClusterError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a review (access, self) and reads the answer.
    pub(crate) async fn review(&self, path: &str, review: &Value) -> Result<Value, ClusterError> {
        let call = Call { method: Method::POST, body: review.to_string().into_bytes().into(), ..Call::get(path) };
        self.call(&call).await?.json(path)
    }
}

/// The API server looks a binding's role up in what it watches, and so learns of it a moment after it was written; until then it
/// answers somebody who is no administrator of all that there is none.
fn is_binding(object: &ObjectRef) -> bool {
    matches!(object.kind.as_str(), "RoleBinding" | "ClusterRoleBinding")
}

/// The authorizer's words name the verb; admission's refusals, which are 403 as well, do not.
fn missing_right(call: &Call, message: &str) -> Option<Right> {
    let (_, rest) = message.split_once(" cannot ")?;
    let verb = rest.split_whitespace().next()?;
    if !(rest.contains("resource \"") || rest.contains("path \"")) {
        return None;
    }
    let fallback = || Right { group: String::new(), resource: call.path.split('?').next().unwrap_or_default().to_owned(), verb: verb.to_owned(), namespace: None };
    let mut right = call.right.clone().unwrap_or_else(fallback);
    verb.clone_into(&mut right.verb);
    Some(right)
}

/// `conflict with "helm" using apps/v1` → `helm`.
fn manager(message: &str) -> Untrusted<String> {
    let quoted = message.split('"').nth(1).unwrap_or(message);
    Untrusted::from(quoted.to_owned())
}

/// An HTTP date (RFC 9110, IMF-fixdate).
fn read_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing_pods() -> Call {
        Call::get("/api/v1/pods?limit=1").needs(Right { group: String::new(), resource: "pods".into(), verb: "list".into(), namespace: None })
    }

    #[test]
    fn the_authorizers_words_are_a_missing_right_and_admissions_words_are_not() {
        let denied = r#"pods is forbidden: User "eve" cannot list resource "pods" in API group "" at the cluster scope"#;
        assert_eq!(missing_right(&listing_pods(), denied).map(|right| right.to_string()).as_deref(), Some("list pods in the cluster"));
        let other_verb = r#"pods "a" is forbidden: User "eve" cannot create resource "pods" in API group "" in the namespace "n""#;
        assert_eq!(missing_right(&listing_pods(), other_verb).map(|right| right.verb).as_deref(), Some("create"));
        for refused in ["pods \"a\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1", "pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\""] {
            assert_eq!(missing_right(&listing_pods(), refused), None, "{refused}");
        }
    }

    #[test]
    fn a_path_that_is_no_resource_is_named_as_such() {
        let denied = r#"forbidden: User "system:anonymous" cannot get path "/apis""#;
        assert_eq!(missing_right(&Call::get("/apis"), denied).map(|right| right.resource).as_deref(), Some("/apis"));
    }

    #[test]
    fn a_conflict_names_its_manager_and_an_answer_without_status_keeps_its_first_words() {
        assert_eq!(manager(r#"conflict with "helm" using apps/v1"#).raw(), "helm");
        let page = Failure::read(b"<html>502 Bad Gateway</html>");
        assert_eq!((page.message.as_str(), page.details.causes.len()), ("<html>502 Bad Gateway</html>", 0));
    }

    #[test]
    fn reads_the_date_of_an_answer() {
        assert_eq!(read_date("Tue, 24 Nov 2026 03:46:19 GMT").map(|date| date.to_string()).as_deref(), Some("2026-11-24T03:46:19Z"));
        assert_eq!(read_date("yesterday"), None);
    }

    #[test]
    fn only_a_request_that_may_have_made_something_is_not_sent_twice() {
        assert!(listing_pods().repeatable());
        assert!(Call { method: Method::PATCH, ..listing_pods() }.repeatable());
        assert!(!Call { method: Method::POST, ..listing_pods() }.repeatable());
    }
}
