//! A certificate that is renewed while the platform runs: what it must be, who reads it, and where it can be seen served.

use serde::{Deserialize, Serialize};

use crate::{CertificateSpec, Digest, ObjectRef, Untrusted};

/// One certificate, as the renewer finds it in the cluster ([`names::RENEWALS`](crate::names::RENEWALS)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Renewable {
    /// What it must be.
    pub certificate: CertificateSpec,
    /// Workloads whose pods read it once, when they start.
    pub restart: Vec<ObjectRef>,
    /// Components whose pods notice a new one by themselves, as soon as the kubelet has brought it.
    pub nudge: Vec<String>,
    /// Where it is served, as pods of the platform reach it; empty: nobody presents it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub served: Vec<ServedAt>,
}

/// Where a certificate is presented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServedAt {
    /// Name to connect to.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The name that is asked for (RFC 6066 §3).
    pub server_name: String,
}

/// When an authority would like a certificate to be renewed (RFC 9773), as it said last; an annotation of the certificate's Secret, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewalWindow {
    /// Of which certificate.
    pub certificate: Digest,
    /// Its begin.
    pub start: jiff::Timestamp,
    /// Its end.
    pub end: jiff::Timestamp,
    /// A page that says why, where there is a special reason.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub explanation: Option<Untrusted<String>>,
    /// Not to be asked again before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ask_again: Option<jiff::Timestamp>,
}

impl RenewalWindow {
    /// The moment in the window at which this certificate is renewed: as good as drawn by chance, so that certificates are not renewed
    /// together (RFC 9773 §4.2), and the same at each look.
    pub fn moment(&self) -> jiff::Timestamp {
        let part = u8::from_str_radix(&self.certificate.short()[2..4], 16).unwrap_or_default();
        let length = std::time::Duration::try_from(self.end.duration_since(self.start)).unwrap_or_default();
        self.start.checked_add(length.mul_f64(f64::from(part) / 255.0)).unwrap_or(self.end)
    }
}

/// How the last look at a certificate ended; an annotation of its Secret, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewalResult {
    /// When.
    pub at: jiff::Timestamp,
    /// What became of it.
    pub outcome: RenewalOutcome,
    /// Why, where it failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
}

/// What became of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RenewalOutcome {
    /// A new one is served.
    Renewed,
    /// No new one could be had; the old one stays.
    Failed,
    /// The new one was not served in time; the old pair is back.
    PutBack,
    /// What is served is not what is stored.
    NotServed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_certificate_has_a_moment_of_its_own_in_the_window() {
        let window = |number: u8| RenewalWindow {
            certificate: Digest::of(&[number]),
            start: "2026-01-01T00:00:00Z".parse().unwrap(),
            end: "2026-01-03T00:00:00Z".parse().unwrap(),
            explanation: None,
            ask_again: None,
        };
        let moments: std::collections::BTreeSet<_> = (0..50).map(|number| window(number).moment()).collect();
        assert!(moments.len() > 40, "{moments:?}");
        assert!(moments.iter().all(|moment| (window(0).start..=window(0).end).contains(moment)), "{moments:?}");
        assert_eq!(window(7).moment(), window(7).moment());
    }
}
