//! Checks that people answer: what they are about stands outside of the cluster, so that only a signed attestation says that
//! it is so. Without one they are unverified.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};

use crate::described::Described;

/// A check that only an attestation answers.
pub(crate) struct Attested(Described);

/// Whether a check is one of these.
pub(crate) fn answers(check: &str) -> bool {
    CHECKS.iter().any(|attested| attested.0.spec.id == check)
}

/// All of them.
pub(crate) static CHECKS: [Attested; 5] = [
    Attested(Described {
        spec: CheckSpec {
            id: "AUT-004",
            title: "the identity provider asks for a second factor",
            severity: Severity::High,
            promises: &["P13"],
            explanation: "An attestation for AUT-004 that is signed and in date, with the provider's rule (conditional access, authentication policy) as evidence. A second factor is asked for by the identity provider, where nothing in the cluster sees it.",
            remedy: "Export the rule from the identity provider and attest it: a document of kind Attestations with `check: AUT-004`, given by `--attestations FILE` (docs/profiles.md).",
        },
        expected: EXPECTED,
        why: "a stolen password is enough to log in",
    }),
    Attested(Described {
        spec: CheckSpec {
            id: "ENC-004",
            title: "what object stores hold is encrypted",
            severity: Severity::Medium,
            promises: &["P6"],
            explanation: "An attestation for ENC-004 that is signed and in date, with the settings of the buckets that the registry, logs, or Airflow use as evidence. How a provider stores objects is seen by the provider's API alone.",
            remedy: "Turn on encryption by default for the buckets, export their settings, and attest them: a document of kind Attestations with `check: ENC-004`, given by `--attestations FILE` (docs/profiles.md).",
        },
        expected: EXPECTED,
        why: "who gets at the provider's disks reads images and logs",
    }),
    Attested(Described {
        spec: CheckSpec {
            id: "ENC-005",
            title: "the disks of the database are encrypted",
            severity: Severity::High,
            promises: &["P6"],
            explanation: "An attestation for ENC-005 that is signed and in date, with the setting of the managed database, or of the disks behind its volume, as evidence. What a StorageClass says of new volumes is ENC-003; what a disk is, its provider alone says.",
            remedy: "Export the setting of the database's instance or disk and attest it: a document of kind Attestations with `check: ENC-005`, given by `--attestations FILE` (docs/profiles.md).",
        },
        expected: EXPECTED,
        why: "who gets at a disk, or at a copy of it, reads what tenants keep",
    }),
    Attested(Described {
        spec: CheckSpec {
            id: "ENC-006",
            title: "backups are encrypted, and one was restored",
            severity: Severity::Medium,
            promises: &["P6"],
            explanation: "An attestation for ENC-006 that is signed and in date, with the record of the last restore as evidence. A backup that nobody has restored is a hope.",
            remedy: "Restore a backup somewhere else, keep the record, and attest it: a document of kind Attestations with `check: ENC-006`, given by `--attestations FILE` (docs/profiles.md).",
        },
        expected: EXPECTED,
        why: "data is lost for good with its disk, or read from a copy",
    }),
    Attested(Described {
        spec: CheckSpec {
            id: "VUL-003",
            title: "somebody from outside has tried to break in, and what was found is mended",
            severity: Severity::Medium,
            promises: &["P14"],
            explanation: "An attestation for VUL-003 that is signed and in date, with the report of the penetration test as evidence.",
            remedy: "Have the installation tested, close what is found, and attest it: a document of kind Attestations with `check: VUL-003`, given by `--attestations FILE` (docs/profiles.md).",
        },
        expected: EXPECTED,
        why: "ways in that no list of checks knows stay open",
    }),
];

const EXPECTED: &str = "an attestation that is signed by a key of the profile and in date";

impl Check for Attested {
    fn spec(&self) -> &CheckSpec<'_> {
        &self.0.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        Vec::new()
    }

    fn evaluate(&self, _: &Profile, _: &Snapshot) -> Vec<Finding> {
        vec![self.0.unverified("what people attest", "no attestation covers it, and nothing in the cluster shows it")]
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::Verdict;

    use super::*;
    use crate::profile::{shipped, unprofiled};

    #[test]
    fn without_an_attestation_nothing_is_claimed_and_the_baseline_does_not_ask() {
        let baseline = shipped("baseline").unwrap();
        for check in &CHECKS {
            let [finding] = &check.evaluate(&unprofiled(), &Snapshot::default())[..] else { panic!("{}: one finding", check.spec().id) };
            assert_eq!(finding.verdict, Verdict::Unverified, "{}", finding.check);
            assert!(!baseline.checks.contains(&finding.check), "{} would fail the gate of every installation", finding.check);
        }
    }
}
