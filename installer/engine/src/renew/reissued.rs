//! A certificate that cert-manager renews: what it issues is taken over like a renewal of our own, and what it does not issue in time is
//! told, since nobody else would notice.

use airlock_cluster::{Cluster, SecretData};
use airlock_model::{CertificateFacts, CertificateSpec, LiveObject};
use airlock_tls::{RenewalCause, due_at};
use jiff::Timestamp;

use super::{Due, Failed, Renewal, Renewed, failed};
use crate::error::Handing;
use crate::{ApplyError, action};

impl Renewal<'_> {
    /// Takes over what cert-manager has issued since the last look.
    pub(super) async fn follow(&self, live: Option<&SecretData>, facts: Option<&CertificateFacts>, due: Due) -> Result<Renewed, Failed> {
        let spec = &self.renewable.certificate;
        let reissued = action::reissued(self.cluster, spec).await.map_err(failed)?;
        if let Some(pair) = reissued {
            return self.replace(live, pair, Some(RenewalCause::Reissued)).await;
        }
        // What is stored is what cert-manager issued, so that it is there and can be read.
        let (Some(live), Some(facts)) = (live, facts) else { return Err(failed(ApplyError::PlanMalformed { reason: format!("{} cannot be read", spec.object()) })) };
        let next = next_by_cert_manager(self.cluster, spec).await.map_err(failed)?.unwrap_or_else(|| due_at(facts, spec));
        if due.force || due.now >= late_at(facts, next) {
            return Err(failed(ApplyError::CertificateDue { secret: spec.object(), by: Handing::CertManager }));
        }
        self.catch_up(live, facts).await?;
        Ok(Renewed::NotDue(next))
    }
}

/// When cert-manager is going to renew this certificate, as it says itself; none: it does not keep it, or has not said so.
pub async fn next_by_cert_manager(cluster: &Cluster, spec: &CertificateSpec) -> Result<Option<Timestamp>, ApplyError> {
    let Some(certificate) = spec.cert_manager() else { return Ok(None) };
    let live = cluster.get(&certificate).await.map_err(ApplyError::of)?;
    Ok(live.as_ref().and_then(renewal_time))
}

/// `CertificateStatus.renewalTime` (cert-manager.io/v1).
fn renewal_time(certificate: &LiveObject) -> Option<Timestamp> {
    certificate.manifest.pointer("/status/renewalTime")?.as_str()?.parse().ok()
}

/// From when on it counts as late: half of the time is over that it leaves itself for trying again.
fn late_at(facts: &CertificateFacts, next: Timestamp) -> Timestamp {
    let left = facts.not_after.duration_since(next);
    next.checked_add(left / 2).unwrap_or(facts.not_after).min(facts.not_after)
}

#[cfg(test)]
mod tests {
    use airlock_model::{Digest, ObjectRef};
    use serde_json::{Value, json};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn it_is_late_when_half_of_the_rest_is_over() {
        let facts = CertificateFacts {
            fingerprint: Digest::of(b"leaf"),
            names: Vec::new(),
            permitted: Vec::new(),
            authority: false,
            issuer: "CN=Example authority".to_owned().into(),
            key_fingerprint: Digest::of(b"key"),
            issuer_fingerprint: None,
            not_before: at("2026-01-01T00:00:00Z"),
            not_after: at("2026-04-01T00:00:00Z"),
            key_matches: true,
        };
        assert_eq!(late_at(&facts, at("2026-03-02T00:00:00Z")), at("2026-03-17T00:00:00Z"));
        assert_eq!(late_at(&facts, at("2026-05-01T00:00:00Z")), facts.not_after, "it would renew what has ended");
    }

    #[test]
    fn the_next_renewal_is_read_where_cert_manager_writes_it() {
        let of = |status: Value| {
            let object = ObjectRef::namespaced("cert-manager.io/v1", "Certificate", "airlock", "base-domain-issued");
            renewal_time(&LiveObject { object, manifest: json!({ "status": status }), ready: true })
        };
        assert_eq!(of(json!({ "renewalTime": "2026-03-02T00:00:00Z" })), Some(at("2026-03-02T00:00:00Z")));
        assert_eq!(of(json!({ "renewalTime": "soon" })), None);
        assert_eq!(of(json!({})), None);
    }
}
