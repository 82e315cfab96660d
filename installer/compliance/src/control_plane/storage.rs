//! ENC-001 and ENC-002: Secrets are encrypted on their way to storage, and none comes from it that was not.
//!
//! A manifest names a file that only its node has. What the API server does, it counts: each Secret that it wrote or read since it
//! was started, by the provider that encrypted it. When it starts it reads all of them, to watch them.

use airlock_model::{Check, CheckSpec, ControlPlanePart, Fact, Finding, Need, Profile, Severity, Snapshot, Transformation, World};

use super::{need, provider, read};
use crate::described::{Described, Resting};

/// A check of one way between memory and storage.
pub(super) struct OfStorage {
    described: Described,
    to_storage: bool,
    /// What is seen where one is not encrypted.
    plain: &'static str,
    /// What is seen where nothing is counted.
    nothing: &'static str,
}

const SUBJECT: &str = "Secrets";

/// ENC-001
pub(super) static ENCRYPTS: OfStorage = OfStorage {
    described: Described {
        spec: CheckSpec {
            id: "ENC-001",
            title: "the API server encrypts Secrets before it stores them",
            severity: Severity::Critical,
            promises: &["P6", "P9"],
            explanation: "What the API server that answered counts (`apiserver_storage_transformation_operations_total` of /metrics): every Secret that it wrote since it was started, by the provider that encrypted it, as in k8s:enc:aescbc:v1:. One that was written as it is fails; where none is counted, it wrote none or encrypts none, and that is unverified. A write that went wrong counts for nothing. Of several API servers one answers.",
            remedy: "Write an EncryptionConfiguration whose first provider for secrets is kms, secretbox, or aescbc, and name it by --encryption-provider-config on every API server. On a managed cluster turn on the encryption of Secrets at the provider and attest it: `check: ENC-001` (docs/profiles.md).",
        },
        expected: "every Secret is encrypted before it is stored",
        why: "who gets at etcd, its disk, or a copy of it reads every Secret",
    },
    to_storage: true,
    plain: "the API server stored Secrets as they are",
    nothing: "the API server has counted no Secret that it stored: it wrote none since it was started, or encrypts none",
};

/// ENC-002
pub(super) static ENCRYPTED: OfStorage = OfStorage {
    described: Described {
        spec: CheckSpec {
            id: "ENC-002",
            title: "Secrets are stored encrypted",
            severity: Severity::Critical,
            promises: &["P6", "P9"],
            explanation: "What the API server that answered counts (`apiserver_storage_transformation_operations_total` of /metrics): every Secret that it read from storage since it was started, when it reads all of them, by the provider that had encrypted it. One that was stored as it is fails; where none is counted, none is encrypted or it counts otherwise, and that is unverified.",
            remedy: "Encrypt what was stored before (ENC-001), by writing every Secret again: `kubectl get secrets --all-namespaces --output json | kubectl replace --filename -`. Then start the API servers anew: they count from their start.",
        },
        expected: "every Secret comes from storage encrypted",
        why: "what was stored before encryption was turned on is still to be read on the disk",
    },
    to_storage: false,
    plain: "the API server read Secrets that are stored as they are",
    nothing: "the API server has counted no Secret that it read from storage: it encrypts none, or tells it otherwise",
};

impl Check for OfStorage {
    fn spec(&self) -> &CheckSpec<'_> {
        &self.described.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        need(ControlPlanePart::Storage)
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let texts = &self.described;
        let counted = match read(given).map(|read| &read.transformations) {
            Ok(Fact::Known(counted)) => counted,
            Ok(Fact::Unverified(why)) => return vec![texts.unverified(SUBJECT, self.with_provider(given, why))],
            Err(why) => return vec![texts.unverified(SUBJECT, why)],
        };
        let counted: Vec<&Transformation> = counted.iter().filter(|made| made.succeeded && made.to_storage == self.to_storage).collect();
        let by: Vec<&str> = counted.iter().filter_map(|made| made.prefix.as_deref()).collect();
        // `unknown` stands for what no provider could read.
        let is_encrypted = |prefix: &&str| prefix.starts_with("k8s:enc:");
        vec![if counted.is_empty() {
            texts.unverified(SUBJECT, self.with_provider(given, self.nothing))
        } else if by.len() < counted.len() || !by.iter().all(is_encrypted) {
            texts.fail(SUBJECT, self.plain)
        } else {
            texts.pass(SUBJECT, format!("all that the API server counted, by {}", by.join(", "))).known("apiserver_storage_transformation_operations_total")
        }]
    }
}

impl OfStorage {
    /// With the provider that somebody can ask.
    fn with_provider(&self, given: &Snapshot, why: &str) -> String {
        provider(given).map_or_else(|_| why.to_owned(), |provider| format!("{why}; {provider} runs it, and what it says can be attested: `check: {}`", self.described.spec.id))
    }
}
