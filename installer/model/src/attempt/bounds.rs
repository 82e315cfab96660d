//! How often an attempt asks its target at most, and what that leaves there: said before it is made, and kept to by whoever makes it.

use std::fmt;

use serde::Serialize;

use super::{Attempt, AttemptAction, Credentials, CredentialsForm, Vantage};

/// Connections of one attempt to which nothing comes back: a lost packet must not look like a blocked one.
pub const TRIES: u32 = 3;
/// How often an attempt is repeated in a pod until its answer is steady.
pub const ROUNDS: u32 = 60;
/// Redirects that are followed after a login: more in a row are a circle.
pub const REDIRECTS: u32 = 5;
/// How often the API server is asked the same where it may answer otherwise in a moment.
pub const API_TRIES: u32 = 4;
/// How often Prometheus is asked the same until what has just come is measured, or judged.
pub const PROMETHEUS_ROUNDS: u32 = 26;
/// What changes nothing at a server (RFC 9110 §9.2.1).
const SAFE: [&str; 4] = ["GET", "HEAD", "OPTIONS", "TRACE"];

/// What an attempt leaves at its target, beside lines in its log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Written {
    /// A login, or one that is refused: servers note its time, count it, or begin a session, and some lock who failed too often.
    Login {
        /// Of whom.
        username: String,
    },
    /// What the request makes there if it is not refused.
    Request {
        /// `POST`, `PUT`, …
        method: String,
        /// Path and query.
        path: String,
    },
    /// The image in the store of a node, as every pod there leaves it.
    Image,
    /// A token, which nothing stores and nobody can take back: it ends by itself.
    Token {
        /// The `ServiceAccount` that it is of, `NAMESPACE/NAME`.
        account: String,
    },
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Login { username } => write!(f, "a login of {username}"),
            Self::Request { method, path } => write!(f, "what {method} {path} makes, if it is not refused"),
            Self::Image => f.write_str("the image in the node's store"),
            Self::Token { account } => write!(f, "a token of ServiceAccount {account}, which is kept in memory and ends after ten minutes"),
        }
    }
}

impl Attempt {
    /// How many TCP connections it opens at most to an address and port of its target; requests, where that is the API server. None: a
    /// node pulls as often as its kubelet likes until the pod is taken away.
    pub fn count(&self) -> Option<u32> {
        let once = match &self.action {
            AttemptAction::Request { credentials: Some(credentials), .. } if credentials.form == CredentialsForm::Page => TRIES + 1 + REDIRECTS,
            AttemptAction::Connect
            | AttemptAction::Handshake { .. }
            | AttemptAction::OfferWeakSuites { .. }
            | AttemptAction::Request { .. }
            | AttemptAction::AskAcross { .. }
            | AttemptAction::PlainRequest { .. }
            | AttemptAction::AsAccount { .. }
            | AttemptAction::AskOwnAddress { .. }
            | AttemptAction::Reach { .. } => TRIES,
            AttemptAction::Sql { .. } | AttemptAction::SqlGuess { .. } => 1,
            AttemptAction::Resolve { .. } => 0,
            // The token is asked for as well.
            AttemptAction::Identify { .. } => 2 * API_TRIES,
            AttemptAction::AskApi { .. } | AttemptAction::Admit { .. } => API_TRIES,
            // The list of each namespace, and each name.
            AttemptAction::ReadSecrets { of, .. } => of.values().fold(API_TRIES, |sum, names| sum.saturating_add(API_TRIES * u32::try_from(1 + names.len()).unwrap_or(u32::MAX / API_TRIES))),
            AttemptAction::AskPrometheus { .. } => PROMETHEUS_ROUNDS,
            // What a pod declares is asked first until the scan is let in.
            AttemptAction::Scan { .. } => return Some(ROUNDS + TRIES),
            AttemptAction::Pull { .. } => return None,
        };
        Some(match self.from {
            Vantage::Workstation | Vantage::Node { .. } => once,
            Vantage::Pod { .. } | Vantage::LetIn { .. } => once * ROUNDS,
        })
    }

    /// What it leaves at its target; none: lines in its log at most.
    pub fn writes(&self) -> Option<Written> {
        if let Some(account) = self.token_of() {
            return Some(Written::Token { account: format!("{}/{}", account.namespace.as_deref().unwrap_or_default(), account.name) });
        }
        match &self.action {
            AttemptAction::Request { credentials: Some(Credentials { username, .. }), .. }
            | AttemptAction::Sql { credentials: Credentials { username, .. }, .. }
            | AttemptAction::SqlGuess { username, .. } => Some(Written::Login { username: username.clone() }),
            AttemptAction::Request { method, path, .. } if !SAFE.contains(&method.as_str()) => Some(Written::Request { method: method.clone(), path: path.clone() }),
            AttemptAction::Pull { .. } => Some(Written::Image),
            // A pod of `Admit` is a dry run's.
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{ApiCaller, ObjectRef, PrometheusQuestion, SecretKeyRef, Target, Trust};

    fn attempt(action: AttemptAction) -> Attempt {
        Attempt { id: "a".into(), from: Vantage::Workstation, target: Target::KubernetesApi, action, control: None, purpose: "a test".into() }
    }

    fn request(method: &str, form: Option<CredentialsForm>) -> AttemptAction {
        let password = Some(SecretKeyRef { namespace: "n".into(), name: "s".into(), key: "k".into() });
        let credentials = form.map(|form| Credentials { username: "admin".into(), password, form });
        AttemptAction::Request { method: method.into(), path: "/x".into(), server_name: "h".into(), trust: Trust::System, credentials }
    }

    #[test]
    fn a_pod_repeats_what_is_made_once_from_elsewhere() {
        let here = attempt(AttemptAction::Connect);
        let pod = Attempt { from: Vantage::Pod { namespace: "n".into(), labels: BTreeMap::new(), account: None }, ..here.clone() };
        assert_eq!((here.count(), pod.count()), (Some(TRIES), Some(TRIES * ROUNDS)));
        let scan = Attempt { from: Vantage::LetIn { namespace: "n".into() }, ..attempt(AttemptAction::Scan { ports: Vec::new() }) };
        assert_eq!(scan.count(), Some(ROUNDS + TRIES));
        assert_eq!(attempt(AttemptAction::AskApi { path: "/".into(), caller: ApiCaller::User }).count(), Some(API_TRIES));
        let account = ObjectRef::namespaced("v1", "ServiceAccount", "alpha", "task");
        assert_eq!(attempt(AttemptAction::Identify { account: account.clone() }).count(), Some(2 * API_TRIES));
        let of = BTreeMap::from([("beta".into(), vec!["one".into(), "two".into()]), ("airlock".into(), Vec::new())]);
        assert_eq!(attempt(AttemptAction::ReadSecrets { account, of }).count(), Some(5 * API_TRIES));
        let pod = ObjectRef::namespaced("v1", "Pod", "airlock", "monitoring-0");
        assert_eq!(attempt(AttemptAction::AskPrometheus { pod, question: PrometheusQuestion::Rules }).count(), Some(PROMETHEUS_ROUNDS));
        assert_eq!(attempt(request("GET", Some(CredentialsForm::Page))).count(), Some(TRIES + 1 + REDIRECTS));
        assert_eq!(attempt(AttemptAction::Pull { repository: "r".into(), pull_secret: "s".into() }).count(), None);
    }

    #[test]
    fn what_is_left_is_told_for_logins_and_for_requests_that_make_something() {
        for (action, written) in [
            (request("GET", None), None),
            (request("HEAD", Some(CredentialsForm::Basic)), Some("a login of admin")),
            (AttemptAction::SqlGuess { database: "d".into(), username: "airlock_a".into(), guess: String::new(), trust: None }, Some("a login of airlock_a")),
            (request("GET", Some(CredentialsForm::Page)), Some("a login of admin")),
            (request("POST", Some(CredentialsForm::Json)), Some("a login of admin")),
            (request("POST", None), Some("what POST /x makes, if it is not refused")),
            (request("NO METHOD", None), Some("what NO METHOD /x makes, if it is not refused")),
            (AttemptAction::Connect, None),
            (AttemptAction::AskApi { path: "/api".into(), caller: ApiCaller::User }, None),
            (
                AttemptAction::ReadSecrets { account: ObjectRef::namespaced("v1", "ServiceAccount", "alpha", "task"), of: BTreeMap::new() },
                Some("a token of ServiceAccount alpha/task, which is kept in memory and ends after ten minutes"),
            ),
            (AttemptAction::Pull { repository: "r".into(), pull_secret: "s".into() }, Some("the image in the node's store")),
        ] {
            assert_eq!(attempt(action.clone()).writes().map(|written| written.to_string()).as_deref(), written, "{action:?}");
        }
    }
}
