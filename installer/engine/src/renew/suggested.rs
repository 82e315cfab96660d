//! When the authority that issued a certificate would like it to be renewed (RFC 9773). It is asked at each look, and what it said is
//! kept at the Secret: for a look at which it does not answer, and for people. Renewal never depends on it.

use std::time::Duration;

use airlock_cluster::{Cluster, SecretData};
use airlock_model::{CertificateSpec, Digest, RenewalWindow, names, with_causes};
use airlock_tls::acme::Suggestion;
use jiff::Timestamp;
use serde_json::json;
use tokio::time::timeout;

use crate::certificate::{self, CERTIFICATE};
use crate::{ApplyError, action};

/// An authority that is down must not hold up the look at the other certificates.
const SAID_WITHIN: Duration = Duration::from_secs(20);

/// What the authority said last about this very certificate, as its Secret says; none when it said nothing.
pub fn suggested(secret: &SecretData, certificate: &Digest) -> Option<RenewalWindow> {
    let window: RenewalWindow = serde_json::from_str(secret.annotations.get(names::ANNOTATION_SUGGESTED)?).ok()?;
    (window.certificate == *certificate).then_some(window)
}

/// What it says now, or said last.
pub(super) async fn ask(cluster: &Cluster, spec: &CertificateSpec, live: &SecretData, certificate: &Digest, now: Timestamp) -> Option<RenewalWindow> {
    let acme = spec.acme()?;
    let kept = suggested(live, certificate);
    if kept.as_ref().and_then(|window| window.ask_again).is_some_and(|at| at > now) {
        return kept;
    }
    let why = match timeout(SAID_WITHIN, action::suggestion(cluster, acme, &certificate::text(live, CERTIFICATE))).await {
        Ok(Ok(Suggestion::Window(window))) => {
            if kept.as_ref() != Some(&window)
                && let Err(error) = keep(cluster, spec, &window).await
            {
                tracing::warn!(error = %with_causes(&error), secret = %spec.object(), "the suggested time of renewal could not be kept");
            }
            return Some(window);
        }
        Ok(Ok(Suggestion::None { why })) => why.raw().to_owned(),
        Ok(Err(error)) => with_causes(&error),
        Err(_) => format!("no answer within {} s", SAID_WITHIN.as_secs()),
    };
    tracing::info!(%why, authority = %acme.directory, "no time of renewal is suggested; the lifetime decides");
    kept
}

async fn keep(cluster: &Cluster, spec: &CertificateSpec, window: &RenewalWindow) -> Result<(), ApplyError> {
    let text = serde_json::to_string(window).map_err(|error| ApplyError::PlanMalformed { reason: error.to_string() })?;
    cluster.merge(names::RENEWER, &spec.object(), &json!({ "metadata": { "annotations": { (names::ANNOTATION_SUGGESTED): text } } })).await.map_err(ApplyError::of)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_was_said_counts_for_that_certificate_alone() {
        let (this, another) = (Digest::of(b"this"), Digest::of(b"another"));
        let window = RenewalWindow { certificate: this.clone(), start: Timestamp::UNIX_EPOCH, end: Timestamp::MAX, explanation: None, ask_again: None };
        let secret = |text: String| SecretData {
            data: BTreeMap::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::from([(names::ANNOTATION_SUGGESTED.to_owned(), text)]),
            secret_type: "kubernetes.io/tls".to_owned(),
        };
        let said = secret(serde_json::to_string(&window).unwrap());
        assert_eq!(suggested(&said, &this), Some(window));
        assert_eq!(suggested(&said, &another), None);
        assert_eq!(suggested(&secret("nonsense".to_owned()), &this), None);
    }
}
