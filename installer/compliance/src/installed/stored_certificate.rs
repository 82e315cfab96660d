//! TLS-001: the certificate that is stored for the base domain would be accepted, with the key beside it.
//!
//! The certificate is judged where its key is read (`platform`, by the rules of `tls`); here only what is said of it is.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, StoredCertificate as Stored, Subject, World};

use crate::described::Described;
use crate::live;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "TLS-001",
        title: "the stored certificate of the base domain and its key will do",
        severity: Severity::Critical,
        promises: &["P7"],
        explanation: "The pair in the Secret base-domain-tls of the platform's namespace, by the rules of `airlock tls check`: the key belongs to the certificate, the chain is whole and leads to the authority of the base domain, or to one that every system knows, it covers every host of the platform and its deployments, it is in date, keys have at least 2,048 bits of RSA or are on P-256 or better, and nothing is signed with SHA-1 or MD5. The key stays in the memory of the program that makes the check.",
        remedy: "Look at the pair with `airlock tls status`, and renew it with `airlock install`, or with `airlock tls renew`; one of your own is judged beforehand by `airlock tls check`.",
    },
    expected: "key and certificate belong together, chain, names, dates, and strength are right",
    why: "the edge serves what is stored here the next time that it starts, and clients refuse it then",
};

/// The check.
pub(crate) struct StoredCertificate;

impl Check for StoredCertificate {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![Need::StoredCertificate]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        const SUBJECT: &str = "certificate of the base domain";
        if let Err(reason) = live::namespaces(given) {
            return vec![TEXTS.unverified(SUBJECT, reason)];
        }
        match &given.stored_certificate {
            None => vec![TEXTS.unverified(SUBJECT, "what is stored was not looked at")],
            Some(Err(reason)) => vec![TEXTS.unverified(SUBJECT, format!("what is stored could not be looked at: {reason}"))],
            Some(Ok(stored)) => judge(stored),
        }
    }
}

fn judge(stored: &Stored) -> Vec<Finding> {
    let subject = || Subject::object(&stored.secret, None);
    if !stored.faults.is_empty() {
        return stored.faults.iter().map(|fault| TEXTS.fail(subject(), fault.raw())).collect();
    }
    if !stored.warnings.is_empty() {
        return stored.warnings.iter().map(|warning| TEXTS.warn(Severity::Low, subject(), warning.raw())).collect();
    }
    vec![TEXTS.pass(subject(), stored.seen.raw())]
}
