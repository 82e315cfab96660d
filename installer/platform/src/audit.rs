//! The audit: a `CronJob` judges the installation, keeps the report as evidence, and says what is worse than it was.
//!
//! Each report is compared with that of the last run in which nothing was worse, so that an alert stays until what it is about is
//! mended. Which run that is, and how the last audit ended, stands at the claim of the auditor's volume ([`last()`]): whoever restores
//! or takes away the one does so with the other.

pub mod attempts;

use std::path::Path;

use airlock_cluster::Cluster;
use airlock_compliance::{Earlier, Report, worsened};
use airlock_engine::Halt;
use airlock_model::{AuditResult, AuditedRun, EvidenceArguments, Fact, LiveObject, ObjectRef, SignerReference, Verdict, Worsened, names};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::evidence::{self, EvidenceError, EvidenceWriter, Judged, Sink, Told, Written};
use crate::verify::{self, inside};
use crate::{PlatformError, judged_by};

/// What the auditor is given: where reports are kept, who signs them, and what it judges by.
pub struct Keeping<'a> {
    /// The evidence folder.
    pub folder: &'a Path,
    /// Who signs; none: nobody does, and the reports say so.
    pub signer: Option<&'a SignerReference>,
    /// Who else is told of each run; none: nobody.
    pub sink: Option<Sink>,
    /// Where the installed copy of the company's own profile is mounted; none: the profile is one that ships.
    pub profile: Option<&'a Path>,
    /// Version of the program.
    pub version: &'a str,
}

/// An audit, and what became of telling the sink of it.
pub struct Ended {
    /// The audit, which is kept in any case.
    pub audited: Audited,
    /// Whether the sink was told; none: there is no sink.
    pub told: Result<Option<Told>, EvidenceError>,
}

/// An audit that came to its end.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Audited {
    /// How it ended.
    pub audit: AuditResult,
    /// The report as it was kept.
    pub report: Report,
}

/// Judges the installation with the rights of the auditor, keeps the report, and writes down how it ended.
///
/// A report that cannot be kept, or an earlier one that was changed, is an error; nothing is written down then, and the next audit
/// begins where this one did.
pub async fn audit(cluster: &Cluster, namespace: &str, keeping: Keeping<'_>, halt: &Halt) -> Result<Ended, PlatformError> {
    let began = Timestamp::now();
    let writer = EvidenceWriter::open(keeping.folder, None, keeping.signer).await?.telling(keeping.sink).await?;
    let (record, answers) = halt.or(verify::recorded(cluster, namespace)).await??;
    let profile = judged_by::mounted(keeping.profile, &answers)?;
    let claim = claim(namespace);
    let live = halt.or(cluster.get(&claim)).await??.ok_or_else(|| PlatformError::NotInstalled { namespace: namespace.to_owned() })?;
    let since = match last(&live) {
        Fact::Known(result) => Some(result.since),
        // Somebody took it away, or there was no audit yet.
        Fact::Unverified(_) => writer.last_run().await?,
    };
    let earlier = since.map(|since| writer.report_of(&since).map(|report| (since, report))).transpose()?;
    let subject = halt.or(evidence::installation(cluster, namespace, &record)).await??;
    let report = halt.or(Box::pin(inside::judge(cluster, &record, &answers, &profile))).await??;
    let written = writer
        .write(&Judged {
            report: &report,
            profile: &profile,
            subject,
            arguments: EvidenceArguments::default(),
            began,
            // Not the pod, whose name is another each time.
            writer: format!("{}@{namespace}", names::AUDITOR),
            version: keeping.version.to_owned(),
        })
        .await?;
    let audit = result(began, written, earlier, &report);
    let annotations = json!({ (names::ANNOTATION_AUDIT): serde_json::to_string(&audit)?, (names::ANNOTATION_AUDIT_WORSE): (!audit.worse.is_empty()).to_string() });
    cluster.merge(names::AUDITOR, &claim, &json!({ "metadata": { "annotations": annotations } })).await?;
    // A sink that is away takes nothing back of what is known: the next audit tells it of this one too.
    let told = writer.tell().await;
    Ok(Ended { audited: Audited { audit, report }, told })
}

/// How the last audit of an installation ended; none: its answers ask for no auditor.
pub(crate) async fn last_of(cluster: &Cluster, namespace: &str, answers: &airlock_model::Answers) -> Result<Option<Fact<AuditResult>>, PlatformError> {
    if answers.auditor().is_none() {
        return Ok(None);
    }
    let live = cluster.get(&claim(namespace)).await?;
    Ok(Some(live.as_ref().map_or_else(|| Fact::Unverified("the claim of its volume is not there".to_owned()), last)))
}

/// The claim of the auditor's volume.
fn claim(namespace: &str) -> ObjectRef {
    ObjectRef::namespaced("v1", "PersistentVolumeClaim", namespace, names::AUDITOR_CLAIM)
}

/// How the last audit ended, as it stands at the claim.
fn last(claim: &LiveObject) -> Fact<AuditResult> {
    let annotation = claim.manifest["metadata"]["annotations"][names::ANNOTATION_AUDIT].as_str();
    let Some(text) = annotation else { return Fact::Unverified("no audit has ended yet".to_owned()) };
    serde_json::from_str(text).map_or_else(|error| Fact::Unverified(format!("what the last audit wrote cannot be understood: {error}")), Fact::Known)
}

/// What the run comes to beside the one that it is compared with. A report of another schema is compared with nothing.
fn result(began: Timestamp, written: Written, earlier: Option<(AuditedRun, Vec<u8>)>, report: &Report) -> AuditResult {
    let run = AuditedRun { run: written.run, sums: written.sums };
    let earlier = earlier.and_then(|(since, report)| Some((since, Earlier::read(&report).ok()?)));
    let (since, worse): (AuditedRun, Vec<Worsened>) = match earlier {
        Some((since, earlier)) => (since, worsened(&earlier, report)),
        None => (run.clone(), Vec::new()),
    };
    let count = |is: fn(Verdict) -> bool| report.checks.iter().filter(|check| is(check.verdict)).count();
    AuditResult {
        at: began,
        since: if worse.is_empty() { run.clone() } else { since },
        run,
        signed_by: written.signed_by,
        verdict: report.summary.verdict,
        gate_failed: report.summary.gate_failed,
        checks: report.checks.len(),
        failed: count(|verdict| verdict == Verdict::Fail),
        unverified: count(|verdict| matches!(verdict, Verdict::Unverified | Verdict::Error)),
        worse,
    }
}

#[cfg(test)]
mod tests;
