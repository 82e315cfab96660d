//! What is asked of cert-manager (`tls.source: cert-manager`).

use std::time::Duration;

use super::renewal::seconds;
use super::validity::is_subdomain;
use super::{Flaw, Tls};
use crate::{CLUSTER_ISSUER, ISSUER};

/// cert-manager refuses a shorter life (API reference, `CertificateSpec.duration`).
const SHORTEST_LIFE: u64 = 60 * 60;
/// And a later renewal (`CertificateSpec.renewBefore`).
const LATEST_RENEWAL: u64 = 5 * 60;

impl Tls {
    /// How long the certificate is asked to live, where the answers say so.
    pub fn asked_duration(&self) -> Option<Result<Duration, String>> {
        Some(seconds(self.duration.as_deref()?).map(Duration::from_secs))
    }

    /// How long before its end cert-manager renews it, where the answers say so.
    pub fn asked_renew_before(&self) -> Option<Result<Duration, String>> {
        Some(seconds(self.renew_before.as_deref()?).map(Duration::from_secs))
    }
}

/// What cannot be meant, each with its path.
pub(super) fn flaws(tls: &Tls) -> Vec<(String, Flaw)> {
    let mut found = Vec::new();
    let mut value = |path: &str, text: String| found.push((path.to_owned(), Flaw::Value(text)));
    if let Some(issuer) = &tls.issuer_ref {
        if !is_subdomain(&issuer.name) {
            value("tls.issuerRef.name", format!("`{}` is no name of an object", issuer.name));
        }
        if !is_subdomain(&issuer.group) {
            value("tls.issuerRef.group", format!("`{}` is no API group", issuer.group));
        }
        if issuer.is_of_cert_manager() && ![CLUSTER_ISSUER, ISSUER].contains(&issuer.kind.as_str()) {
            value("tls.issuerRef.kind", format!("`{}` is no kind of {}; possible are {CLUSTER_ISSUER} and {ISSUER}", issuer.kind, issuer.group));
        }
        if issuer.kind.is_empty() || !issuer.kind.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            value("tls.issuerRef.kind", format!("`{}` is no kind of object", issuer.kind));
        }
    }
    let (duration, renew_before) = (tls.asked_duration(), tls.asked_renew_before());
    match (&duration, tls.renewal.every()) {
        (Some(Err(flaw)), _) => value("tls.duration", flaw.clone()),
        (Some(Ok(life)), _) if life.as_secs() < SHORTEST_LIFE => value("tls.duration", format!("`{}` is too short; cert-manager takes one hour and more", shown(tls.duration.as_deref()))),
        (Some(Ok(life)), Ok(every)) if *life < every * 3 => {
            value("tls.renewal.every", format!("`{}` is too seldom for a life of {}: three looks are due before it ends", tls.renewal.every, shown(tls.duration.as_deref())));
        }
        (Some(Ok(_)) | None, _) => {}
    }
    match (&renew_before, &duration) {
        (Some(Err(flaw)), _) => value("tls.renewBefore", flaw.clone()),
        (Some(Ok(before)), _) if before.as_secs() < LATEST_RENEWAL => value("tls.renewBefore", format!("`{}` is too short; cert-manager takes 5 minutes and more", shown(tls.renew_before.as_deref()))),
        (Some(Ok(before)), Some(Ok(life))) if before >= life => {
            value("tls.renewBefore", format!("`{}` is not shorter than the life of {}", shown(tls.renew_before.as_deref()), shown(tls.duration.as_deref())));
        }
        (Some(Ok(_)) | None, _) => {}
    }
    found
}

fn shown(text: Option<&str>) -> &str {
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::answers::{Answers, AnswersFault};

    #[test]
    fn what_cert_manager_would_refuse_is_refused_by_its_key() {
        let issuer = |kind: &str, more: &str| format!("issuerRef: {{ name: company-ca, kind: {kind} }}{more}");
        for (asked, told) in [
            (issuer("Issuer", ""), &[][..]),
            (issuer("ClusterIssuer", ", duration: 90d, renewBefore: 30d"), &[]),
            (issuer("ClusterIssuer", ", duration: 36h, renewBefore: 5m"), &[]),
            ("issuerRef: { name: vault, kind: VaultIssuer, group: issuers.example.com }".to_owned(), &[]),
            (issuer("VaultIssuer", ""), &["tls.issuerRef.kind: `VaultIssuer` is no kind of cert-manager.io; possible are ClusterIssuer and Issuer"]),
            ("issuerRef: { name: A_b, kind: Issuer }".to_owned(), &["tls.issuerRef.name: `A_b` is no name of an object"]),
            ("issuerRef: { name: a, kind: Issuer, group: '' }".to_owned(), &["tls.issuerRef.group: `` is no API group"]),
            ("issuerRef: { name: a, kind: 'x/y', group: example.com }".to_owned(), &["tls.issuerRef.kind: `x/y` is no kind of object"]),
            (issuer("Issuer", ", duration: 59m"), &["tls.duration: `59m` is too short; cert-manager takes one hour and more"]),
            (issuer("Issuer", ", duration: 1y"), &["tls.duration: `1y` is no time, as in 30m, 12h, 90d"]),
            (issuer("Issuer", ", duration: 24h"), &["tls.renewal.every: `12h` is too seldom for a life of 24h: three looks are due before it ends"]),
            (issuer("Issuer", ", renewBefore: 4m"), &["tls.renewBefore: `4m` is too short; cert-manager takes 5 minutes and more"]),
            (issuer("Issuer", ", renewBefore: soon"), &["tls.renewBefore: `soon` is no time, as in 30m, 12h, 90d"]),
            (issuer("Issuer", ", duration: 90d, renewBefore: 90d"), &["tls.renewBefore: `90d` is not shorter than the life of 90d"]),
        ] {
            let text = format!("apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\ntls: {{ source: cert-manager, {asked} }}\n");
            let found: Vec<String> = match Answers::from_yaml(&text) {
                Ok(_) => Vec::new(),
                Err(error) => error.faults().map(|fault| if let AnswersFault::Value { path, text, .. } = fault { format!("{path}: {}", text.raw()) } else { fault.to_string() }).collect(),
            };
            assert_eq!(found, told, "{asked}");
        }
    }
}
