//! When the authority would like a certificate to be renewed (ARI, RFC 9773).

use airlock_model::{Digest, RenewalWindow, Untrusted};
use instant_acme::CertificateIdentifier;
use jiff::Timestamp;
use serde::Deserialize;

use super::account::AcmeAuthority;
use super::http::{HttpError, first_words};
use crate::certificates_from_pem;

/// What the authority says about renewing a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suggestion {
    /// Renew at a random moment in this window; at once where it has passed (RFC 9773 §4.2).
    Window(RenewalWindow),
    /// It says nothing that can be used: go by the lifetime.
    None {
        /// Why, for one line of a log.
        why: Untrusted<String>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RenewalInfo {
    suggested_window: SuggestedWindow,
    #[serde(rename = "explanationURL")]
    explanation_url: Option<Untrusted<String>>,
}

#[derive(Deserialize)]
struct SuggestedWindow {
    start: Timestamp,
    end: Timestamp,
}

impl Suggestion {
    fn of(body: &[u8], certificate: Digest, ask_again: Option<Timestamp>) -> Result<Self, String> {
        let info: RenewalInfo = serde_json::from_slice(body).map_err(|error| format!("{error}; the answer begins with {}", first_words(body).raw()))?;
        let SuggestedWindow { start, end } = info.suggested_window;
        if end <= start {
            return Err(format!("the window ends at {end}, before it begins at {start}"));
        }
        Ok(Self::Window(RenewalWindow { certificate, start, end, explanation: info.explanation_url, ask_again }))
    }
}

impl AcmeAuthority {
    /// Asks when to renew the certificate of this chain. Whatever goes wrong is a [`Suggestion::None`]: renewal does not depend on it.
    pub async fn suggestion(&self, chain_pem: &str) -> Suggestion {
        self.suggested(chain_pem).await.unwrap_or_else(|why| Suggestion::None { why: why.into() })
    }

    async fn suggested(&self, chain_pem: &str) -> Result<Suggestion, String> {
        let base = self.directory.renewal_info.as_ref().ok_or("the authority has no renewal information (RFC 9773)")?;
        let chain = certificates_from_pem(chain_pem.as_bytes()).map_err(|error| error.to_string())?;
        let leaf = chain.first().ok_or("there is no certificate")?;
        let id = CertificateIdentifier::try_from(leaf)?;
        let answer = self.http.get(&format!("{}/{id}", base.trim_end_matches('/'))).await.map_err(|error| HttpError::into_acme(error).to_string())?;
        if !answer.status().is_success() {
            return Err(format!("the authority answers {}: {}", answer.status(), first_words(&answer.body).raw()));
        }
        Suggestion::of(&answer.body, Digest::of(leaf), self.http.heard().again_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_read_and_what_is_none_says_why() {
        let leaf = || Digest::of(b"leaf");
        let read = Suggestion::of(br#"{"suggestedWindow":{"start":"2026-01-01T00:00:00Z","end":"2026-01-03T00:00:00Z"},"explanationURL":"https://ca/why"}"#, leaf(), None);
        let Ok(Suggestion::Window(window)) = read else { panic!("{read:?}") };
        assert_eq!((window.certificate, window.start.to_string(), window.end.to_string()), (leaf(), "2026-01-01T00:00:00Z".into(), "2026-01-03T00:00:00Z".into()));
        assert_eq!(window.explanation.unwrap().raw(), "https://ca/why");
        let why = |body: &[u8]| Suggestion::of(body, leaf(), None).unwrap_err();
        assert!(why(b"<html>").contains("begins with <html>"));
        assert!(why(br#"{"suggestedWindow":{"start":"2026-01-03T00:00:00Z","end":"2026-01-01T00:00:00Z"}}"#).contains("before it begins"));
    }
}
