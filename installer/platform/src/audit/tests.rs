use std::fs;
use std::path::PathBuf;

use airlock_compliance::{Decisions, shipped};
use airlock_model::{Coded as _, EvidenceSubject, RunName};
use tempfile::TempDir;

use super::*;

/// An evidence folder, and files whose reports are kept in it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("evidence")
    }

    async fn writer(&self) -> EvidenceWriter {
        EvidenceWriter::open(&self.folder(), None, None).await.unwrap()
    }

    /// The report on a pod that is privileged or not.
    fn report(&self, privileged: bool) -> Report {
        let pod = self.0.path().join("pod.yaml");
        let context = format!("{{ privileged: {privileged} }}");
        let text = format!("apiVersion: v1\nkind: Pod\nmetadata: {{ name: a, namespace: shop }}\nspec: {{ containers: [{{ name: a, image: b, securityContext: {context} }}] }}\n");
        fs::write(&pod, text).unwrap();
        crate::manifests::judge(&[pod], &crate::manifests::JudgeOptions::new(&shipped("baseline").unwrap(), &Decisions::default())).unwrap()
    }

    /// Audits as the auditor does, after a result of before.
    async fn audit(&self, before: Option<&AuditResult>, privileged: bool) -> AuditResult {
        let (writer, report, profile) = (self.writer().await, self.report(privileged), shipped("baseline").unwrap());
        let earlier = before.map(|before| (before.since.clone(), writer.report_of(&before.since).unwrap()));
        let judged = Judged {
            report: &report,
            profile: &profile,
            subject: EvidenceSubject::Files { paths: Vec::new() },
            arguments: EvidenceArguments::default(),
            began: Timestamp::UNIX_EPOCH,
            writer: "auditor@airlock".into(),
            version: "0.1.0".into(),
        };
        let written = writer.write(&judged).await.unwrap();
        result(Timestamp::UNIX_EPOCH, written, earlier, &report)
    }
}

fn numbers(result: &AuditResult) -> (u64, u64) {
    (result.run.run.number(), result.since.run.number())
}

#[tokio::test]
async fn what_got_worse_is_told_until_it_is_mended() {
    let place = Place::new();
    let first = place.audit(None, false).await;
    assert_eq!((numbers(&first), first.worse.is_empty()), ((1, 1), true), "the first is compared with nothing");
    let second = place.audit(Some(&first), true).await;
    let [worse] = second.worse.as_slice() else { panic!("{:?}", second.worse) };
    assert_eq!((worse.before, worse.after, numbers(&second)), (Verdict::Pass, Verdict::Fail, (2, 1)));
    let third = place.audit(Some(&second), true).await;
    assert_eq!((numbers(&third), &third.worse), ((3, 1), &second.worse), "one more audit does not hide it");
    let fourth = place.audit(Some(&third), false).await;
    assert_eq!((numbers(&fourth), fourth.worse.is_empty()), ((4, 4), true));
    assert_eq!((second.failed, second.checks), (fourth.failed + 1, fourth.checks));
}

#[tokio::test]
async fn an_earlier_report_that_was_changed_or_is_gone_is_no_basis() {
    let place = Place::new();
    let kept = place.audit(None, false).await.run;
    let writer = place.writer().await;
    assert_eq!(writer.last_run().await.unwrap(), Some(kept.clone()));
    assert!(writer.report_of(&kept).is_ok());
    let folder = place.folder().join(kept.run.to_string());
    let text = fs::read_to_string(folder.join("report.json")).unwrap();
    fs::write(folder.join("report.json"), text.replace("\"fail\"", "\"pass\"")).unwrap();
    let error = writer.report_of(&kept).unwrap_err();
    assert_eq!((error.code().0, error.to_string().contains("report.json was changed")), ("evidence.previous", true), "{error}");
    fs::write(folder.join("report.json"), text).unwrap();
    let other = AuditedRun { sums: airlock_model::Digest::of(b"another"), ..kept.clone() };
    assert_eq!(writer.report_of(&other).unwrap_err().code().0, "evidence.previous");
    let gone = AuditedRun { run: RunName::new(7, Timestamp::UNIX_EPOCH), ..kept };
    assert_eq!(writer.report_of(&gone).unwrap_err().code().0, "evidence.previous");
}

#[tokio::test]
async fn a_report_of_another_schema_is_compared_with_nothing() {
    let place = Place::new();
    let first = place.audit(None, false).await;
    let written = Written { run: first.run.run.clone(), folder: place.folder(), sums: first.run.sums.clone(), signed_by: None };
    let again = result(Timestamp::UNIX_EPOCH, written, Some((first.run.clone(), br#"{"schema":1}"#.to_vec())), &place.report(true));
    assert_eq!((again.worse, again.since), (Vec::new(), first.run));
}

#[tokio::test]
async fn how_the_last_audit_ended_is_read_from_its_claim() {
    let ended = Place::new().audit(None, true).await;
    let claim = |annotations: serde_json::Value| LiveObject { object: claim("airlock"), manifest: json!({ "metadata": { "annotations": annotations } }), ready: true };
    assert_eq!(last(&claim(json!({ (names::ANNOTATION_AUDIT): serde_json::to_string(&ended).unwrap() }))), Fact::Known(ended));
    assert_eq!(last(&claim(json!({}))), Fact::Unverified("no audit has ended yet".into()));
    assert!(last(&claim(json!({ (names::ANNOTATION_AUDIT): "{}" }))).missing().is_some_and(|why| why.starts_with("what the last audit wrote cannot be understood")));
}
