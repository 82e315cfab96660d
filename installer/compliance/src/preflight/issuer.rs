//! ISS-001: cert-manager has the issuer that is to issue the certificate of the base domain.

use airlock_model::{CERT_MANAGER, CLUSTER_ISSUER, CheckSpec, Fact, Finding, Issuer, Reason, Severity, Snapshot};

use super::{Judged, Preflight, either, facts, planned};
use crate::described::Described;

pub(super) static FOUND: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "ISS-001",
            title: "cert-manager has the issuer of the base domain's certificate",
            severity: Severity::High,
            promises: &["P7"],
            explanation: "With `tls.source: cert-manager`: whether the cluster serves the API cert-manager.io, and whether the issuer of `tls.issuerRef` is there: a ClusterIssuer, or an Issuer in the platform's namespace. One that is not ready is a warning: the run waits for what it issues, and says why it does not come. Issuers of other API groups are not looked at, which is unverified.",
            remedy: "Name an issuer that is there in `tls.issuerRef`, or have the cluster's administrators make it: `kubectl get clusterissuers` lists them. Where no cert-manager runs, take another `tls.source`.",
        },
        expected: "an issuer that is there and ready",
        why: "the certificate of every host would never come, and the run would end in the middle",
    },
    judge: |check, given| either(found(check, given)),
};

const SUBJECT: &str = "issuer of the certificate";

fn found(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    let Some(asked) = &planned(check, given)?.issuer else { return Ok(vec![check.not_applicable(SUBJECT, Reason::NotAsked, "the answers ask for none")]) };
    let facts = facts(check, given)?;
    // What cannot be read will not be waited for.
    let unread = |what: &str, why: &str| vec![check.fail(SUBJECT, format!("{what} could not be read: {why}"))];
    match &facts.operators {
        Fact::Known(groups) if !groups.iter().any(|group| group == CERT_MANAGER) => {
            return Ok(vec![check.fail(SUBJECT, format!("this cluster serves no API {CERT_MANAGER}: cert-manager is not installed"))]);
        }
        Fact::Known(_) => {}
        Fact::Unverified(why) => return Err(unread("the API groups", why)),
    }
    if !asked.is_of_cert_manager() {
        return Ok(vec![check.unverified(SUBJECT, format!("{asked} is of another API group than {CERT_MANAGER} and was not looked at"))]);
    }
    let (issuers, namespace) = if asked.kind == CLUSTER_ISSUER { (&facts.cluster_issuers, None) } else { (&facts.issuers, Some(given.world.platform.as_str())) };
    let issuers: Vec<&Issuer> = match issuers {
        Fact::Known(issuers) => issuers.iter().filter(|issuer| issuer.namespace.as_deref() == namespace).collect(),
        Fact::Unverified(why) => return Err(unread("the issuers", why)),
    };
    let place = namespace.map_or_else(String::new, |namespace| format!(" in the namespace {namespace}"));
    Ok(vec![match issuers.iter().find(|issuer| issuer.name == asked.name) {
        Some(Issuer { not_ready: None, .. }) => check.pass(SUBJECT, format!("{asked}{place} is there and ready")),
        Some(Issuer { not_ready: Some(why), .. }) => check.warn(Severity::Medium, SUBJECT, format!("{asked}{place} is not ready: {}", why.raw())),
        None => check.fail(SUBJECT, format!("there is no {asked}{place}; there is: {}", list(&issuers))),
    }])
}

fn list(issuers: &[&Issuer]) -> String {
    if issuers.is_empty() { "none".to_owned() } else { issuers.iter().map(|issuer| issuer.name.as_str()).collect::<Vec<_>>().join(", ") }
}
