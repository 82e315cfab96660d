//! TLS-010: something renews the certificates, and it works.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, SnapshotObject, Source, World, names};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::described::{Described, Resting};
use crate::live;
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "TLS-010",
        title: "certificates are renewed, and the renewal works",
        severity: Severity::Medium,
        promises: &["P7"],
        explanation: "The CronJobs of Airlock's renewer (`renewer`, and `airflow-renewer` where there is one): not suspended, and where they have run, the last good end is no more than two days before the last run began. Certificate objects of cert-manager, where they are given: the condition Ready is True. An installation without a renewer fails. Alerts before a certificate ends are MON-002 and MON-003.",
        remedy: "`airlock tls status` says which certificate is not renewed and why; `airlock install` puts the CronJob back, `kubectl patch cronjob renewer --patch '{\"spec\":{\"suspend\":false}}'` wakes it.",
    },
    expected: "a renewer that is not suspended and ends well",
    why: "hosts go dark on the day their certificate ends",
};

const SUBJECT: &str = "renewal of certificates";
/// The components that renew.
const RENEWERS: [&str; 2] = ["renewer", "airflow-renewer"];
/// Runs between the last good one and the last one: an authority may be away for a day.
const FAILING: SignedDuration = SignedDuration::from_hours(48);

/// The check.
pub(super) struct Renewal;

impl Check for Renewal {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("batch/v1", "CronJob"), live::need("cert-manager.io/v1", "Certificate")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let jobs = match live::objects(given, "CronJob") {
            Ok(jobs) => jobs,
            Err(reason) => return vec![TEXTS.unverified(SUBJECT, reason)],
        };
        let is_renewer = |job: &&SnapshotObject| live::label(job, names::LABEL_PART_OF) == Some(names::PRODUCT) && live::label(job, names::LABEL_NAME).is_some_and(|name| RENEWERS.contains(&name));
        let mut findings: Vec<Finding> = jobs.into_iter().filter(is_renewer).flat_map(|job| TEXTS.each(job, odd(job), TEXTS.expected)).collect();
        if findings.is_empty() && !given.world.base_domain.is_empty() {
            findings.push(TEXTS.fail(SUBJECT, "no CronJob renews the certificates of the installation"));
        }
        if given.source == Source::Cluster || given.objects.contains_key("Certificate") {
            match live::objects(given, "Certificate") {
                Ok(certificates) => findings.extend(certificates.into_iter().filter(|certificate| certificate.object.group() == "cert-manager.io").map(judge)),
                Err(reason) => findings.push(TEXTS.unverified(SUBJECT, reason)),
            }
        }
        if findings.is_empty() { vec![TEXTS.not_applicable(SUBJECT, Reason::NoSubject, "nothing here renews certificates")] } else { findings }
    }
}

fn odd(job: &SnapshotObject) -> Vec<Violation> {
    let field = |path: &str| job.manifest.pointer(path);
    if let Some(suspended) = field("/spec/suspend").filter(|suspended| **suspended == Value::Bool(true)) {
        return vec![Violation::new("/spec/suspend", Some(suspended), "it is suspended")];
    }
    let moment = |path: &str| field(path).and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
    let told = match (moment("/status/lastScheduleTime"), moment("/status/lastSuccessfulTime")) {
        (Some(_), None) => "it has run and never ended well".to_owned(),
        (Some(begun), Some(ended)) if ended.duration_until(begun) > FAILING => format!("it ran at {begun} and last ended well at {ended}"),
        (None, _) | (Some(_), Some(_)) => return Vec::new(),
    };
    vec![Violation::new("/status/lastSuccessfulTime", field("/status/lastSuccessfulTime"), told)]
}

/// A Certificate of cert-manager by its condition (cert-manager documentation, "Certificate Resource").
fn judge(certificate: &SnapshotObject) -> Finding {
    let conditions = certificate.manifest.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let ready = conditions.filter(|condition| condition["type"] == "Ready").find_map(|condition| condition["status"].as_str());
    let seen = [Violation::new("/status/conditions", certificate.manifest.pointer("/status/conditions"), "")];
    match ready {
        Some("True") => TEXTS.pass(certificate, "it is ready").seen(certificate, &seen),
        Some("False") => TEXTS.fail(certificate, "it is not ready").seen(certificate, &seen),
        _ => TEXTS.unverified(certificate, "nothing says whether it is ready"),
    }
}
