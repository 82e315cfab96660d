//! What one report says of an image, whoever wrote it and wherever it lies: an object of the cluster, or a file that was handed over.
//! Nothing of an object is taken to be there, or of its form.

use std::collections::BTreeSet;

use airlock_model::{Digest, Finding, ScanReport, SnapshotObject, Untrusted};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::described::Resting;
use crate::pod_security::Violation;

/// Severities of a fault (trivy-operator, `pkg/apis/aquasecurity/v1alpha1/common_types.go`).
const SEVERITIES: [&str; 6] = [CRITICAL, "HIGH", "MEDIUM", "LOW", "UNKNOWN", "NONE"];
const CRITICAL: &str = "CRITICAL";
/// How many faults a finding names, and how much of each name.
const NAMED: usize = 4;
const LONGEST_NAME: usize = 32;
/// How far clocks of machines that work together may be apart.
const APART: SignedDuration = SignedDuration::from_mins(5);
/// How much text of a field is evidence.
const LONGEST_FIELD: usize = 128;

/// A report on an image.
pub(super) struct Scan<'a> {
    origin: Origin<'a>,
    /// When the image was scanned; none: it does not say.
    pub(super) updated: Option<Timestamp>,
    /// Critical faults that it counts, or that it lists, whichever are more.
    pub(super) critical: u64,
    /// Why it does not say how many there are; none: it does, in its form.
    pub(super) gap: Option<&'a str>,
    /// Ids of the critical faults that it lists.
    ids: BTreeSet<&'a str>,
}

/// Where a report lies.
enum Origin<'a> {
    Object(&'a SnapshotObject),
    File(&'a ScanReport),
}

impl<'a> Scan<'a> {
    /// The digest that an object of Trivy Operator is about and what it says; none: it names no digest.
    pub(super) fn of_object(report: &'a SnapshotObject) -> Option<(Digest, Self)> {
        let field = |path: &str| report.manifest.pointer(path);
        let digest = field("/report/artifact/digest")?.as_str()?.parse().ok()?;
        let counted = field("/report/summary/criticalCount").and_then(Value::as_u64);
        let listed = field("/report/vulnerabilities").and_then(Value::as_array);
        let mut is_whole = counted.is_some() && listed.is_some();
        let (mut critical, mut ids) = (0, BTreeSet::new());
        for fault in listed.into_iter().flatten() {
            match fault.get("severity").and_then(Value::as_str) {
                Some(CRITICAL) => {
                    critical += 1;
                    ids.extend(fault.get("vulnerabilityID").and_then(Value::as_str));
                }
                severity => is_whole &= severity.is_some_and(|severity| SEVERITIES.contains(&severity)),
            }
        }
        let scan = Self {
            origin: Origin::Object(report),
            updated: field("/report/updateTimestamp").and_then(Value::as_str).and_then(|text| text.parse().ok()),
            critical: counted.unwrap_or_default().max(critical),
            gap: (!is_whole).then_some("the report does not say how many critical faults there are"),
            ids,
        };
        Some((digest, scan))
    }

    /// What a file says, for each digest that the image goes by.
    pub(super) fn of_file(report: &'a ScanReport) -> impl Iterator<Item = (Digest, Self)> {
        let scan = |digest: &Digest| {
            let ids = report.ids.iter().map(Untrusted::raw).collect();
            (digest.clone(), Self { origin: Origin::File(report), updated: report.at, critical: report.critical, gap: report.gap.as_deref(), ids })
        };
        report.images.iter().map(scan)
    }

    /// The critical faults in words.
    pub(super) fn faults(&self) -> String {
        let named: Vec<String> = self.ids.iter().take(NAMED).map(|id| id.chars().take(LONGEST_NAME).collect()).collect();
        let mut words = format!("{} critical fault{}", self.critical, if self.critical == 1 { "" } else { "s" });
        if let Some(updated) = self.updated {
            words = format!("{words} by the scan of {updated}");
        }
        match self.ids.len().saturating_sub(NAMED) {
            0 if named.is_empty() => words,
            0 => format!("{words}: {}", named.join(", ")),
            more => format!("{words}: {}, and {more} more", named.join(", ")),
        }
    }

    /// Whether it is of a time that is yet to come.
    pub(super) fn is_ahead_of(&self, now: Timestamp) -> bool {
        self.updated.is_some_and(|updated| now.duration_until(updated) > APART)
    }

    /// Whether more than so many days have gone by since.
    pub(super) fn is_older(&self, now: Timestamp, days: i64) -> bool {
        self.updated.is_none_or(|updated| updated.duration_until(now).as_secs() > days.saturating_mul(24 * 60 * 60))
    }

    /// A finding with this report as its evidence: the fields that decide, and of a file its digest.
    pub(super) fn cited(&self, finding: Finding) -> Finding {
        match self.origin {
            Origin::Object(report) => finding.seen(report, &fields(report)),
            Origin::File(report) => {
                let file = finding.known(format!("{}, handed over as {}, {}", report.written, report.file, report.digest));
                report.fields.iter().fold(file, |finding, field| finding.known(format!("{}: {}", field.path, field.value)))
            }
        }
    }
}

/// The fields of an object that decide.
fn fields(report: &SnapshotObject) -> Vec<Violation> {
    let is_short = |value: &&Value| value.is_number() || value.as_str().is_some_and(|text| text.len() <= LONGEST_FIELD);
    let field = |path: &str| Violation::new(path, report.manifest.pointer(path).filter(is_short), "");
    ["/report/summary/criticalCount", "/report/artifact/digest", "/report/updateTimestamp"].map(field).into()
}
