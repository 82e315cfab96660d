//! VUL-002: Kubernetes, PostgreSQL, and Airflow are of versions that their makers still mend.

use airlock_model::{Check, CheckSpec, Fact, Finding, ImageLock, Need, Profile, Severity, Snapshot, World};

use crate::described::Described;
use crate::preflight::SUPPORTED;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "VUL-002",
        title: "Kubernetes, PostgreSQL, and Airflow are of versions that are still mended",
        severity: Severity::Medium,
        promises: &["P14"],
        explanation: "What /version of the API server answers, 1.33 or newer; and the tags of the images named postgres (15 or newer) and airflow (3 or newer) in the image lock, those of Airflow deployments among them. A tag that tells no version is unverified. The version of a database server of your own is judged before an install.",
        remedy: "Upgrade the cluster; a newer release of Airlock brings newer images. An image of a deployment's own is built on a newer base.",
    },
    expected: "Kubernetes 1.33, PostgreSQL 15, Airflow 3, or newer",
    why: "faults that are found are mended in newer versions alone",
};

/// Images by the name of the lock, and the oldest major version that is mended (PostgreSQL, "Versioning Policy"; Apache Airflow,
/// "Supported versions"; both as of November 2026).
const MENDED: [(&str, &str, u32); 2] = [("postgres", "PostgreSQL", 15), ("airflow", "Airflow", 3)];

pub(crate) const CHECK: &dyn Check = &Versions;

/// The check.
struct Versions;

impl Check for Versions {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![Need::Facts]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let mut findings = vec![kubernetes(given)];
        match given.planned.as_ref().map(|planned| &planned.images).filter(|lock| !lock.0.is_empty()) {
            None => findings.push(TEXTS.unverified("images", "the image lock was not given")),
            Some(lock) => findings.extend(MENDED.iter().flat_map(|program| images(lock, *program))),
        }
        findings
    }
}

fn kubernetes(given: &Snapshot) -> Finding {
    const SUBJECT: &str = "Kubernetes";
    match given.facts.as_ref().map(|facts| &facts.version) {
        None => TEXTS.unverified(SUBJECT, "the cluster was not surveyed"),
        Some(Fact::Unverified(why)) => TEXTS.unverified(SUBJECT, why.as_str()),
        Some(Fact::Known(version)) if version.major == 1 && version.minor < *SUPPORTED.start() => TEXTS.fail(SUBJECT, version.git.as_str()),
        Some(Fact::Known(version)) => TEXTS.pass(SUBJECT, version.git.as_str()),
    }
}

fn images(lock: &ImageLock, (image, program, oldest): (&str, &str, u32)) -> Vec<Finding> {
    // Those of a deployment stand as `DEPLOYMENT/NAME`.
    let meant = lock.0.iter().filter(|(name, _)| name.rsplit('/').next() == Some(image));
    meant
        .map(|(name, locked)| {
            let (subject, reference) = (format!("image {name}"), locked.reference.to_string());
            match major(&reference) {
                Some(major) if major >= oldest => TEXTS.pass(subject, format!("{program} {major}")),
                Some(major) => TEXTS.fail(subject, format!("{program} {major}, older than {oldest}")),
                None => TEXTS.unverified(subject, format!("{reference} does not say which version of {program} it is")),
            }
        })
        .collect()
}

/// The number that the tag of a reference begins with.
fn major(reference: &str) -> Option<u32> {
    let (_, tag) = reference.split('@').next()?.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'))?;
    tag.trim_start_matches('v').split(|next: char| !next.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use airlock_model::{Digest, LockedImage, Planned, Verdict};

    use super::*;
    use crate::preflight::tests::facts;
    use crate::profile::unprofiled;

    fn said(minor: Option<u32>, images: &[(&str, &str)]) -> Vec<(String, Verdict)> {
        let locked = |name: &str, reference: &str| LockedImage { name: name.to_owned(), reference: reference.parse().unwrap(), digest: Digest::of(b"a") };
        let lock = ImageLock(images.iter().map(|(name, reference)| ((*name).to_owned(), locked(name, reference))).collect());
        let mut facts = facts();
        facts.version = match (minor, facts.version) {
            (Some(minor), Fact::Known(version)) => Fact::Known(airlock_model::ServerVersion { minor, ..version }),
            _ => Fact::Unverified("missing right: get /version".into()),
        };
        let given = Snapshot { facts: Some(facts), planned: Some(Planned { images: lock, ..Planned::default() }), ..Snapshot::default() };
        Versions.evaluate(&unprofiled(), &given).into_iter().map(|finding| (finding.subject.name.raw().to_owned(), finding.verdict)).collect()
    }

    #[test]
    fn what_is_no_longer_mended_is_told_and_what_says_no_version_is_not_vouched_for() {
        let of = |subject: &str, said: Vec<(String, Verdict)>| said.into_iter().find(|(name, _)| name == subject).map(|(_, verdict)| verdict);
        for (minor, verdict) in [(Some(37), Verdict::Pass), (Some(33), Verdict::Pass), (Some(32), Verdict::Fail), (None, Verdict::Unverified)] {
            assert_eq!(of("Kubernetes", said(minor, &[("postgres", "docker.io/library/postgres:17")])), Some(verdict), "{minor:?}");
        }
        for (name, reference, verdict) in [
            ("postgres", "docker.io/library/postgres:17", Verdict::Pass),
            ("postgres", "docker.io/library/postgres:14.9", Verdict::Fail),
            ("airflow", "docker.io/apache/airflow:3.3.2-python3.13", Verdict::Pass),
            ("alpha/airflow", "registry.example.com/airflow:2.11.0", Verdict::Fail),
            ("alpha/airflow", "registry.example.com/airflow:stable", Verdict::Unverified),
        ] {
            assert_eq!(of(&format!("image {name}"), said(Some(37), &[(name, reference)])), Some(verdict), "{reference}");
        }
        assert_eq!(said(Some(37), &[("edge", "docker.io/library/nginx:1.30")]).len(), 1, "of other images nothing is said");
        assert_eq!(of("images", said(Some(37), &[])), Some(Verdict::Unverified));
    }
}
