//! Faults of the library and problem documents (RFC 8555 §6.7) as errors of ours, and operations that are tried again.

use std::time::Duration;

use airlock_model::Untrusted;
use instant_acme::{Identifier, Problem};

use super::error::AcmeError;
use super::http::{Http, HttpError};

const KIND_PREFIX: &str = "urn:ietf:params:acme:error:";
/// The library makes three attempts of its own each time; at 50 % of bad nonces an operation fails once in 2^60.
const NONCES: u32 = 20;
const TRIES: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// What was being done, where the authority's answer alone does not say what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Ordering,
    Anything,
}

/// Runs an operation again while that can help: the whole of it, since what is sent is bound to one nonce.
macro_rules! persist {
    ($http:expr, $step:expr, $operation:expr) => {{
        let mut persistence = $crate::acme::problem::Persistence::default();
        loop {
            match $operation.await {
                Ok(value) => break Ok(value),
                Err(error) => {
                    if !persistence.may_try_again(&error, $http).await {
                        break Err($crate::acme::problem::told(error, $step, $http));
                    }
                }
            }
        }
    }};
}
pub(super) use persist;

/// How often an operation was tried again.
#[derive(Default)]
pub(super) struct Persistence {
    nonces: u32,
    tries: u32,
}

impl Persistence {
    /// Waits and says whether to try again.
    pub(super) async fn may_try_again(&mut self, error: &instant_acme::Error, http: &Http) -> bool {
        match error {
            instant_acme::Error::Api(problem) if kind_of(problem) == "badNonce" => {
                self.nonces += 1;
                self.nonces < NONCES
            }
            instant_acme::Error::Api(problem) => problem.status.is_some_and(|status| status >= 500) && self.waited(http).await,
            instant_acme::Error::Other(cause) => matches!(cause.downcast_ref(), Some(HttpError::MayPass(_))) && self.waited(http).await,
            _ => false,
        }
    }

    async fn waited(&mut self, http: &Http) -> bool {
        self.tries += 1;
        let pause = http.pause(FIRST_WAIT * 2_u32.pow(self.tries - 1)).filter(|_| self.tries < TRIES);
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
        pause.is_some()
    }
}

/// The error in our words.
pub(super) fn told(error: instant_acme::Error, step: Step, http: &Http) -> AcmeError {
    match error {
        instant_acme::Error::Api(problem) => problem_told(&problem, step, http),
        instant_acme::Error::Other(cause) => match cause.downcast::<HttpError>() {
            Ok(error) => error.into_acme(),
            Err(other) => AcmeError::Garbled(other.to_string().into()),
        },
        other => AcmeError::Garbled(other.to_string().into()),
    }
}

fn problem_told(problem: &Problem, step: Step, http: &Http) -> AcmeError {
    let (kind, detail) = (kind_of(problem), detail_of(problem));
    let names: Vec<Untrusted<String>> = problem.subproblems.iter().filter_map(|part| part.identifier.as_ref()).map(|name| named(name).into()).collect();
    match (kind, step) {
        ("rateLimited", _) => AcmeError::RateLimited { detail, again_at: http.heard().again_at },
        ("accountDoesNotExist", _) | ("unauthorized", Step::Ordering) => AcmeError::AccountGone { detail },
        ("externalAccountRequired", _) => AcmeError::ExternalAccountMissing,
        ("userActionRequired" | "agreementRequired", _) => AcmeError::TermsNotAgreed { terms: None },
        ("rejectedIdentifier" | "unsupportedIdentifier", _) => AcmeError::NameRejected { names, detail },
        _ => AcmeError::Refused { kind: kind.to_owned().into(), detail },
    }
}

/// The last part of a problem's type.
pub(super) fn kind_of(problem: &Problem) -> &str {
    let kind = problem.r#type.as_deref().unwrap_or("about:blank");
    kind.strip_prefix(KIND_PREFIX).unwrap_or(kind)
}

/// A problem's words, those of its parts included.
pub(super) fn detail_of(problem: &Problem) -> Untrusted<String> {
    let part = |name: Option<&Identifier>, detail: Option<&str>| match (name, detail) {
        (Some(name), Some(detail)) => Some(format!("{}: {detail}", named(name))),
        (None, Some(detail)) => Some(detail.to_owned()),
        _ => None,
    };
    let own = part(None, problem.detail.as_deref());
    let parts = problem.subproblems.iter().filter_map(|sub| part(sub.identifier.as_ref(), sub.detail.as_deref()));
    let words = own.into_iter().chain(parts).collect::<Vec<_>>().join("; ");
    if words.is_empty() { "it gives no reason".into() } else { words.into() }
}

fn named(name: &Identifier) -> String {
    name.authorized(false).to_string()
}
