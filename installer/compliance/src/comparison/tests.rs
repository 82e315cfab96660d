use airlock_model::{Finding, ProfileGate, ProfileMetadata};

use super::*;
use crate::report::{CheckSummary, Summary};

fn report(findings: &[(&str, &str, Verdict)], checks: &[(&str, Verdict)]) -> Report {
    let finding = |&(check, name, verdict): &(&str, &str, Verdict)| Finding {
        check: check.into(),
        numbers: Vec::new(),
        verdict,
        reason: None,
        severity: Severity::High,
        subject: name.to_owned().into(),
        path: None,
        observed: "o".to_owned().into(),
        expected: "e".into(),
        why: "w".into(),
        fix: Vec::new(),
        evidence: Vec::new(),
        took_millis: 0,
    };
    let check = |&(id, verdict): &(&str, Verdict)| CheckSummary {
        id: id.into(),
        title: "t".into(),
        severity: Severity::High,
        promises: Vec::new(),
        references: Vec::new(),
        verdict,
        reason: None,
        findings: 1,
        gate_failed: false,
        texts: None,
    };
    Report {
        schema: REPORT_SCHEMA,
        summary: Summary { verdict: Verdict::Fail, gate_failed: true, checks: 1, objects: 1, score: None, counts: BTreeMap::new() },
        profile: ProfileMetadata { name: "p".into(), version: "1".into(), owner: "o".into(), description: String::new() },
        digest: Digest::of(b"profile"),
        installed: None,
        gate: ProfileGate::default(),
        promises: Vec::new(),
        controls: Vec::new(),
        checks: checks.iter().map(check).collect(),
        findings: findings.iter().map(finding).collect(),
        exceptions: Vec::new(),
        admitted: None,
    }
}

fn earlier(report: &Report) -> Earlier {
    Earlier::read(&serde_json::to_vec(report).unwrap()).unwrap()
}

fn named(list: &[Difference]) -> Vec<String> {
    let word = |verdict: Option<Verdict>| verdict.map_or("-", Verdict::word);
    list.iter().map(|one| format!("{} {} {}>{}", one.check, one.subject.as_ref().map_or_else(String::new, ToString::to_string), word(one.before), word(one.after))).collect()
}

#[test]
fn a_fault_is_new_gone_heavier_lighter_or_as_it_was() {
    use Verdict::{Excepted, Fail, Pass, Unverified, Warn};
    let old = report(&[("A-1", "a", Fail), ("A-1", "b", Fail), ("A-1", "c", Warn), ("A-1", "d", Fail), ("A-1", "e", Pass), ("A-1", "f", Unverified)], &[("A-1", Fail)]);
    let new = report(&[("A-1", "a", Fail), ("A-1", "c", Fail), ("A-1", "d", Excepted), ("A-1", "e", Fail), ("A-1", "g", Fail), ("A-1", "h", Unverified)], &[("A-1", Fail)]);
    let compared = compare(&earlier(&old), &new);
    assert_eq!(named(&compared.worse), ["A-1 c warn>fail", "A-1 e ->fail", "A-1 g ->fail", "A-1 h ->unverified"]);
    assert_eq!(named(&compared.better), ["A-1 b fail>-", "A-1 d fail>excepted", "A-1 f unverified>-"]);
    assert_eq!((compared.unchanged, compared.unseen.len(), compared.same_profile), (1, 0, true));
}

/// A field that was mended, an object that is not there any more, one of two faults, and what is no object.
#[test]
fn a_fault_of_what_still_stands_was_mended_and_else_it_is_gone() {
    use Verdict::{Fail, Pass};
    let object = |name: &str| Subject { api_version: Some("v1".to_owned().into()), ..Subject::of("Pod", name) };
    let with = |mut report: Report, subjects: &[&str]| {
        for (finding, name) in report.findings.iter_mut().zip(subjects) {
            finding.subject = object(name);
        }
        report
    };
    let old = report(&[("A-1", "", Fail), ("A-1", "", Fail), ("A-1", "", Fail), ("A-1", "", Fail), ("A-2", "all", Fail), ("A-3", "some", Fail)], &[("A-1", Fail), ("A-2", Fail), ("A-3", Fail)]);
    let mut old = with(old, &["mended", "deleted", "half", "half"]);
    old.findings[3].path = Some("spec".to_owned().into());
    let new = report(&[("A-1", "", Fail), ("A-4", "", Pass), ("A-3", "others", Fail)], &[("A-1", Fail), ("A-2", Pass), ("A-3", Fail), ("A-4", Pass)]);
    let mut new = with(new, &["half", "mended"]);
    new.findings[0].path = Some("spec".to_owned().into());
    new.findings[1].subject.document = Some(3);
    let better = compare(&earlier(&old), &new).better;
    let told: Vec<(String, bool)> = better.iter().map(|one| (one.subject.as_ref().map_or_else(String::new, |subject| subject.name.raw().to_owned()), one.mended)).collect();
    assert_eq!(told, [("deleted", false), ("half", true), ("mended", true), ("all", true), ("some", false)].map(|(name, mended)| (name.to_owned(), mended)));
}

#[test]
fn what_is_not_looked_at_any_more_is_never_better() {
    use Verdict::{Fail, NotApplicable, Pass, Unverified};
    let old = report(&[("A-1", "a", Fail), ("A-2", "b", Fail), ("A-3", "c", Fail)], &[("A-1", Fail), ("A-2", Fail), ("A-3", Fail), ("A-4", Pass), ("A-5", Pass)]);
    let new = report(&[("A-1", "a", Unverified), ("A-2", "whole", Unverified)], &[("A-1", Unverified), ("A-2", Unverified), ("A-5", NotApplicable)]);
    let compared = compare(&earlier(&old), &new);
    assert_eq!(named(&compared.worse), ["A-2 whole ->unverified"]);
    assert_eq!(compared.better, []);
    assert_eq!(named(&compared.unseen), ["A-1 a fail>unverified", "A-2 b fail>-", "A-3 c fail>-", "A-4  pass>-", "A-5  pass>not applicable"]);
}

#[test]
fn a_report_against_itself_changes_nothing_and_a_document_that_moved_is_the_same() {
    let mut new = report(&[("A-1", "a", Verdict::Fail)], &[("A-1", Verdict::Fail), ("A-2", Verdict::Pass)]);
    let old = earlier(&new);
    (new.findings[0].subject.document, new.findings[0].subject.line) = (Some(7), Some(70));
    new.digest = Digest::of(b"another");
    let compared = compare(&old, &new);
    assert_eq!((compared.worse.len(), compared.better.len(), compared.unseen.len(), compared.unchanged), (0, 0, 0, 1));
    assert!(!compared.same_profile);
}

#[test]
fn what_is_no_report_of_this_schema_is_an_error() {
    for (text, said) in [("{}", "missing field `schema`"), ("{\"schema\":1}", "of schema 1"), ("{\"schema\":2}", "missing field"), ("no", "expected")] {
        let error = Earlier::read(text.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn a_check_that_fails_for_more_is_worse_and_pods_count_by_their_namespace() {
    use Verdict::{Fail, Pass};
    let at = |kind: &str, namespace: &str, name: &str| Subject { kind: kind.to_owned().into(), namespace: Some(namespace.to_owned().into()), ..Subject::scope(name) };
    let of = |subjects: &[Subject]| {
        let mut report = report(&vec![("A-1", "", Fail); subjects.len()], &[("A-1", Fail), ("A-2", Pass)]);
        for (finding, subject) in report.findings.iter_mut().zip(subjects) {
            finding.subject = subject.clone();
        }
        report
    };
    let old = of(&[at("Pod", "alpha", "task-1"), at("NetworkPolicy", "alpha", "open")]);
    let more = |subjects: &[Subject]| worsened(&earlier(&old), &of(subjects)).into_iter().map(|worse| (worse.check, worse.more)).collect::<Vec<_>>();
    assert_eq!(more(&[at("Pod", "alpha", "task-2"), at("Pod", "alpha", "task-3"), at("NetworkPolicy", "alpha", "open")]), []);
    assert_eq!(more(&[at("Pod", "alpha", "task-2"), at("NetworkPolicy", "alpha", "another")]), [("A-1".to_owned(), 1)]);
    assert_eq!(more(&[at("Pod", "alpha", "task-2"), at("Pod", "beta", "task-3"), at("NetworkPolicy", "beta", "open")]), [("A-1".to_owned(), 2)]);
    assert_eq!(more(&[at("NetworkPolicy", "alpha", "open")]), [], "fewer are no more");
}

#[test]
fn a_check_that_goes_on_failing_is_not_worse_whatever_its_pods_are_called() {
    use Verdict::{Fail, Pass, Unverified};
    let mut old = report(&[("A-1", "edge-abc", Fail)], &[("A-1", Fail), ("A-2", Pass), ("A-3", Unverified), ("A-4", Pass)]);
    let mut new = report(&[("A-1", "edge-xyz", Fail)], &[("A-1", Fail), ("A-2", Fail), ("A-3", Unverified), ("A-5", Fail)]);
    for finding in old.findings.iter_mut().chain(&mut new.findings) {
        finding.subject.kind = "Pod".to_owned().into();
    }
    assert_eq!(compare(&earlier(&old), &new).worse.len(), 1, "the finding is a new one");
    assert_eq!(worsened(&earlier(&old), &new), [airlock_model::Worsened { check: "A-2".into(), before: Pass, after: Fail, more: 0 }]);
    assert_eq!(worsened(&earlier(&new), &new), []);
}

/// A folder is written in many ways, and files are renamed.
#[test]
fn an_object_in_another_file_is_the_same_one() {
    use Verdict::{Fail, Pass};

    let in_files = |files: &[(&str, Verdict)]| {
        let mut judged = report(&[], &[("A", Verdict::Fail)]);
        for (file, verdict) in files {
            let mut found = report(&[("A", "pod", *verdict)], &[]).findings.remove(0);
            found.subject = Subject { api_version: Some("v1".to_owned().into()), file: Some((*file).to_owned().into()), ..found.subject };
            judged.findings.push(found);
        }
        judged
    };
    let compared = |before: &[(&str, Verdict)], after: &[(&str, Verdict)]| {
        let compared = compare(&earlier(&in_files(before)), &in_files(after));
        (compared.worse.len(), compared.better.len(), compared.unchanged)
    };
    assert_eq!(compared(&[("a/pod.yaml", Fail)], &[("./a/pod.yaml", Fail)]), (0, 0, 1));
    assert_eq!(compared(&[("a/pod.yaml", Fail)], &[("a/pod.yaml", Fail), ("b/pod.yaml", Fail)]), (1, 0, 1), "each that stands in both is compared with itself");
    assert_eq!(compared(&[("a/pod.yaml", Fail), ("b/pod.yaml", Fail)], &[("c/pod.yaml", Fail)]), (0, 1, 1));
    assert_eq!(compared(&[("a/pod.yaml", Fail), ("b/pod.yaml", Pass)], &[("a/pod.yaml", Pass), ("b/pod.yaml", Fail)]), (1, 1, 0), "mended in one, and new in the other");
    assert_eq!(compared(&[("a/pod.yaml", Fail)], &[("a/pod.yaml", Pass), ("b/pod.yaml", Fail)]), (1, 1, 0));
    assert_eq!(compared(&[("a/pod.yaml", Fail), ("b/pod.yaml", Pass)], &[("b/pod.yaml", Fail)]), (1, 1, 0), "the one that had it is gone");
    let mended = compare(&earlier(&in_files(&[("a/pod.yaml", Fail)])), &in_files(&[("b/pod.yaml", Pass)]));
    assert!(mended.worse.is_empty() && mended.better.iter().all(|one| one.mended) && mended.better.len() == 1, "{mended:?}");
}
