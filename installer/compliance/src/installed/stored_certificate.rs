//! TLS-001: the certificate that is stored for the base domain would be accepted, with the key beside it.
//!
//! The certificate is judged where its key is read (`platform`, by the rules of `tls`); here only what is said of it is.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, Source, StoredCertificate as Stored, Subject, World};

use crate::described::Described;
use crate::live::{self, Unseen};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "TLS-001",
        title: "stored certificates and their keys will do",
        severity: Severity::Critical,
        promises: &["P7"],
        explanation: "The pair in the Secret base-domain-tls of the platform's namespace, by the rules of `airlock tls check`: the key belongs to the certificate, the chain is whole and leads to the authority of the base domain, or to one that every system knows, it covers every host of the platform and its deployments, it is in date, keys have at least 2,048 bits of RSA or are on P-256 or better, and nothing is signed with SHA-1 or MD5. Of files each Secret of type kubernetes.io/tls is judged so, but for hosts, which a file does not name, and for its authority: without one of its own (ca.crt) it is taken to be one that this system knows, and a certificate of another one is unverified, as is one whose values are put in later. The key stays in the memory of the program that makes the check.",
        remedy: "Look at the pair with `airlock tls status`, and renew it with `airlock install`, or with `airlock tls renew`; one of your own, or of a file, is judged beforehand by `airlock tls check`.",
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
        if given.source == Source::Cluster
            && let Err(reason) = live::namespaces(given)
        {
            return vec![TEXTS.unverified(SUBJECT, reason)];
        }
        match &given.stored_certificates {
            None => vec![TEXTS.unverified(SUBJECT, "what is stored was not looked at")],
            Some(Err(reason)) => vec![TEXTS.unverified(SUBJECT, format!("what is stored could not be looked at: {reason}"))],
            Some(Ok(stored)) if stored.is_empty() => TEXTS.unseen(live::ALL, Unseen::Nothing("there is no Secret of type kubernetes.io/tls".to_owned())),
            Some(Ok(stored)) => stored.iter().flat_map(judge).collect(),
        }
    }
}

fn judge(stored: &Stored) -> Vec<Finding> {
    let subject = || Subject::object(&stored.secret, stored.place.as_ref());
    if !stored.faults.is_empty() {
        return stored.faults.iter().map(|fault| TEXTS.fail(subject(), fault.raw())).collect();
    }
    let unknown = stored.unknown.iter().map(|unknown| TEXTS.unverified(subject(), unknown.raw()));
    let warnings = stored.warnings.iter().map(|warning| TEXTS.warn(Severity::Low, subject(), warning.raw()));
    let findings: Vec<Finding> = unknown.chain(warnings).collect();
    if findings.is_empty() { vec![TEXTS.pass(subject(), stored.seen.raw())] } else { findings }
}
