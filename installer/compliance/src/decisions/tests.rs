use airlock_model::{Coded, ControlCoverage, Profile, Snapshot, Verdict};

use super::*;
use crate::manifests::{read, snapshot};
use crate::profile::{from_text, with_checks};
use crate::report::{Judging, Report, judge_decided};

const PROFILE: &str = "apiVersion: airlock/v1
kind: SecurityPolicyProfile
metadata: { name: acme, version: '1', owner: secops }
checks: [PSS-001, PSS-004, NET-010, NET-011]
rules: [{ checks: [PSS-004, NET-011], locked: true }, { checks: [NET-011], mustProbe: true }]
keys: [{ name: officer, publicKey: '-----BEGIN PUBLIC KEY----- MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE= -----END PUBLIC KEY-----' }]
exceptions: { maxDays: 100 }
controls: [{ id: A-1, title: drills, coverage: organisational }, { id: A-2, title: no root, checks: [PSS-001] }]
";
/// Two pods that are privileged, and take ports of their node.
const PODS: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: logs-1, namespace: shop, labels: { app: vector, tier: node } }\nspec: { containers: [{ name: a, image: b, ports: [{ containerPort: 1, hostPort: 1 }], securityContext: { privileged: true } }] }\n---\napiVersion: v1\nkind: Pod\nmetadata: { name: web, namespace: shop }\nspec: { containers: [{ name: a, image: b, securityContext: { privileged: true } }] }\n";

/// An exception to these findings.
pub(super) fn about(matching: airlock_model::ExceptionMatch) -> Exception {
    let text = String::new;
    Exception { id: text(), checks: Vec::new(), matching, reason: text(), approved_by: text(), ticket: text(), expires: text(), compensating: text() }
}

fn today() -> Date {
    "2026-11-26".parse().unwrap()
}

fn profile() -> Profile {
    from_text("acme.yaml", PROFILE, &|_| Err(String::new())).unwrap()
}

fn pods() -> Snapshot {
    snapshot([read("pods.yaml", PODS.as_bytes())])
}

fn exception(checks: &str, matching: &str, expires: &str) -> String {
    format!(
        "apiVersion: airlock/v1\nkind: Exceptions\nexceptions:\n  - {{ id: EXC-1, checks: [{checks}], match: {{ {matching} }}, reason: r, approvedBy: jane, ticket: SEC-1, expires: {expires}, compensating: c }}\n"
    )
}

fn attestation(check: &str, expires: &str) -> String {
    format!("apiVersion: airlock/v1\nkind: Attestations\nattestations:\n  - {{ check: {check}, statement: it is so, evidence: 'sha256:{}', attestedBy: jane, expires: {expires} }}\n", "0".repeat(64))
}

fn handed(text: &str, signature: Signature) -> SignedDocument {
    let kind = if text.contains("kind: Attestations") { DecisionKind::Attestations } else { DecisionKind::Exceptions };
    SignedDocument { file: "decided.yaml".into(), kind, text: text.to_owned(), signature }
}

fn signed(text: &str) -> SignedDocument {
    handed(text, Signature::By("officer".into()))
}

fn report(documents: &[SignedDocument]) -> Report {
    let decided = decisions(&profile(), documents, today()).unwrap();
    judge_decided(&profile(), &pods(), &decided, Judging { passes: true, workers: 2 }).unwrap()
}

fn of<'a>(report: &'a Report, check: &str) -> Vec<&'a Finding> {
    report.findings.iter().filter(|finding| finding.check == check).collect()
}

fn verdicts(report: &Report, check: &str) -> Vec<Verdict> {
    of(report, check).iter().map(|finding| finding.verdict).collect()
}

#[test]
fn an_exception_covers_the_failures_that_it_names_and_no_others() {
    let without = report(&[]);
    assert_eq!((verdicts(&without, "PSS-001"), of(&without, "EXC-001").len()), (vec![Verdict::Fail; 2], 0));
    let with = report(&[signed(&exception("PSS-001", "kind: Pod, namespace: shop, name: 'logs-*'", "2026-11-26"))]);
    // What fails stands before what is excepted.
    assert_eq!(verdicts(&with, "PSS-001"), [Verdict::Fail, Verdict::Excepted]);
    let covered = of(&with, "PSS-001")[1];
    assert!(covered.why == of(&without, "PSS-001")[0].why && format!("{:?}", covered.evidence).contains("approved by jane, SEC-1"), "{covered:?}");
    assert_eq!((verdicts(&with, "EXC-001"), with.summary.counts[&Verdict::Excepted]), (vec![Verdict::Pass], 1));
    for (labels, covers) in [("app: 'vec*', tier: node", true), ("app: vector, tier: web", false), ("gone: '*'", false)] {
        let verdicts = verdicts(&report(&[signed(&exception("PSS-001", &format!("labels: {{ {labels} }}"), "2026-12-01"))]), "PSS-001");
        assert_eq!(verdicts, [Verdict::Fail, if covers { Verdict::Excepted } else { Verdict::Fail }], "{labels}");
    }
    let all = report(&[signed(&exception("PSS-001", "path: 'spec.containers[[]0].*'", "2026-12-01"))]);
    assert_eq!(verdicts(&all, "PSS-001"), [Verdict::Fail; 2], "a path is no pattern of brackets");
    let all = report(&[signed(&exception("'group:PSS'", "path: 'spec.containers[0].*'", "2026-12-01"))]);
    assert_eq!((verdicts(&all, "PSS-001"), all.controls[1].verdict), (vec![Verdict::Excepted; 2], ControlVerdict::Excepted));
}

/// Flags of one program are findings of one subject, and tell each other apart by their numbers alone.
#[test]
fn an_exception_may_be_for_one_number_of_a_check() {
    let verdict = |checks: &str, numbers: &[&str]| {
        let decided = decisions(&profile(), &[signed(&exception(checks, "kind: Pod", "2026-12-01"))], today()).unwrap();
        let numbers = numbers.iter().map(|number| (*number).to_owned()).collect();
        let mut finding = Finding { check: "CPL-001".into(), numbers, ..of(&report(&[]), "PSS-001")[0].clone() };
        let mut used = Used::default();
        decided.decide(&mut finding, &pods(), &profile(), &mut used);
        assert_eq!(decided.in_force(&used)[0].used, finding.verdict == Verdict::Excepted);
        finding.verdict
    };
    for (checks, numbers, covers) in [
        ("CPL-001/1.2.7", &["1.2.7"][..], true),
        ("CPL-001/1.2.7", &["1.2.5"], false),
        ("CPL-001/1.2.7", &["1.2.7", "1.2.5"], false),
        ("CPL-001/1.2.7, CPL-001/1.2.5", &["1.2.7", "1.2.5"], true),
        ("CPL-001/1.2.7", &[], false),
        ("'framework:cis-1.12/4.2.4', CPL-001/1.2.7", &["1.2.7"], true),
        ("'framework:cis-1.12/4.2.4'", &["4.2.4"], false),
        ("CPL-001", &["1.2.7"], true),
        ("CPL-001", &[], true),
    ] {
        assert_eq!(verdict(checks, numbers), if covers { Verdict::Excepted } else { Verdict::Fail }, "{checks} {numbers:?}");
    }
    let mut locking = profile();
    locking.locked.checks.insert("CPL-001".into());
    let held = decisions(&locking, &[signed(&exception("CPL-001/1.2.7", "", "2026-12-01"))], today()).unwrap();
    assert_eq!(told(&held, &Used::default())[0].1, "it is ignored for CPL-001/1.2.7: the profile locks what it is for, or has only an attempt decide it");
}

/// Also in a run that has nothing of what they cover; one that ended, or was refused, counts in none.
#[test]
fn a_report_lists_the_exceptions_that_count() {
    let text = exception("PSS-001", "name: nobody", "2026-12-01");
    let listed = report(&[signed(&text), signed(&exception("PSS-001", "", "2026-11-25")), signed(&exception("PSS-004", "", "2026-12-01"))]).exceptions;
    let [one] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((one.id.as_str(), one.approved_by.as_str(), one.ticket.as_str(), one.expires.as_str(), one.used), ("EXC-1", "jane", "SEC-1", "2026-12-01", false));
    assert!(report(&[signed(&text.replace("nobody", "web"))]).exceptions[0].used && report(&[]).exceptions.is_empty());
    let said = report(&[signed(&text.replace("nobody", "web")), signed(&attestation("NET-010", "2026-12-01"))]);
    let words: Vec<&str> = of(&said, "EXC-001").iter().map(|finding| finding.observed.raw()).collect();
    assert_eq!(words, ["it counts until 2026-12-01, attested by jane, signed by officer", "it counts until 2026-12-01, approved by jane (SEC-1), signed by officer"]);
}

#[test]
fn what_no_key_signed_changes_nothing_and_is_told() {
    let text = exception("PSS-001", "", "2026-12-01");
    for (signature, words) in [(Signature::Wrong, "no key of the profile signed this text"), (Signature::Missing("decided.yaml.sig: gone".into()), "it has no signature (decided.yaml.sig: gone)")] {
        let report = report(&[handed(&text, signature.clone()), handed("no yaml: [", signature)]);
        assert_eq!((verdicts(&report, "PSS-001"), verdicts(&report, "EXC-001")), (vec![Verdict::Fail; 2], vec![Verdict::Fail; 2]));
        assert!(of(&report, "EXC-001")[0].observed.raw().contains(words), "{:?}", of(&report, "EXC-001"));
        assert!(report.checks.iter().any(|check| check.id == "EXC-001" && check.gate_failed));
    }
}

#[test]
fn one_that_has_ended_counts_as_failing_again_and_is_shown() {
    let report = report(&[signed(&exception("PSS-001", "", "2026-11-25"))]);
    assert_eq!(verdicts(&report, "PSS-001"), [Verdict::Fail; 2]);
    assert!(format!("{:?}", of(&report, "PSS-001")[0].evidence).contains("the exception EXC-1 ended on 2026-11-25"));
    assert_eq!((verdicts(&report, "EXC-001"), of(&report, "EXC-001")[0].observed.raw()), (vec![Verdict::Fail], "its last day was 2026-11-25"));
}

#[test]
fn one_that_nothing_needs_or_that_reaches_too_far_or_is_about_locked_checks_is_told() {
    let unused = report(&[signed(&exception("PSS-001", "name: nobody", "2026-12-01"))]);
    assert_eq!((verdicts(&unused, "EXC-001"), unused.controls[1].verdict), (vec![Verdict::Warn], ControlVerdict::Failed));
    let far = report(&[signed(&exception("PSS-001", "", "2027-03-07"))]);
    assert_eq!((verdicts(&far, "PSS-001"), of(&far, "EXC-001")[0].observed.raw()), (vec![Verdict::Fail; 2], "it is ignored: its last day is 2027-03-07, and the profile allows 100 days ahead"));
    assert_eq!(verdicts(&report(&[signed(&exception("PSS-001", "", "2027-03-06"))]), "PSS-001"), [Verdict::Excepted; 2]);
    let locked = report(&[signed(&exception("PSS-004", "", "2026-12-01"))]);
    assert!(verdicts(&locked, "PSS-004").contains(&Verdict::Fail) && of(&locked, "EXC-001")[0].observed.raw().contains("ignored for PSS-004"), "{:?}", of(&locked, "EXC-001"));
    let mut lenient = profile();
    lenient.exceptions.locked_checks = true;
    let decided = decisions(&lenient, &[signed(&exception("PSS-004", "", "2026-12-01"))], today()).unwrap();
    let allowed = judge_decided(&lenient, &pods(), &decided, Judging { passes: true, workers: 1 }).unwrap();
    assert!(verdicts(&allowed, "PSS-004").contains(&Verdict::Excepted));
}

/// What could not be looked at is attested, never excepted; what fails is never attested.
#[test]
fn an_attestation_covers_what_could_not_be_looked_at() {
    assert_eq!(verdicts(&report(&[]), "NET-010"), [Verdict::NotApplicable]);
    assert_eq!(verdicts(&report(&[signed(&exception("NET-010", "", "2026-12-01"))]), "NET-010"), [Verdict::NotApplicable]);
    assert_eq!(verdicts(&report(&[signed(&attestation("NET-010", "2026-12-01"))]), "NET-010"), [Verdict::Attested]);
    let failing = report(&[signed(&attestation("PSS-001", "2026-12-01"))]);
    assert_eq!((verdicts(&failing, "PSS-001"), verdicts(&failing, "EXC-001")), (vec![Verdict::Fail; 2], vec![Verdict::Warn]));
    assert_eq!(verdicts(&report(&[signed(&exception("NET-011", "", "2026-12-01"))]), "NET-011"), [Verdict::Unverified], "an attempt is due");
    assert_eq!(verdicts(&report(&[signed(&attestation("NET-011", "2026-12-01"))]), "NET-011"), [Verdict::Unverified], "an attempt is due");
    assert_eq!(verdicts(&report(&[signed(&attestation("NET-010", "2026-11-25"))]), "NET-010"), [Verdict::NotApplicable]);
    let control = report(&[signed(&attestation("A-1", "2026-12-01"))]);
    assert_eq!((control.controls[0].verdict, verdicts(&control, "EXC-001")), (ControlVerdict::Attested, vec![Verdict::Pass]));
    assert_eq!(report(&[signed(&attestation("A-1", "2026-11-25"))]).controls[0].verdict, ControlVerdict::NotCovered);
}

/// Whoever extends a profile has keys of her own.
#[test]
fn what_the_profile_locks_is_answered_by_nobody() {
    let unverified = |check: &str, profile: &Profile, document: &str| {
        let decided = decisions(profile, &[signed(document)], today()).unwrap();
        let mut finding = Finding { check: check.into(), verdict: Verdict::Unverified, reason: None, ..of(&report(&[]), "PSS-001")[0].clone() };
        decided.decide(&mut finding, &pods(), profile, &mut Used::default());
        (finding.verdict, format!("{:?}", finding.evidence).contains("does not count: the profile locks the check"))
    };
    let mut profile = profile();
    assert_eq!(unverified("PSS-001", &profile, &attestation("PSS-001", "2026-12-01")), (Verdict::Attested, false));
    assert_eq!(unverified("PSS-004", &profile, &attestation("PSS-004", "2026-12-01")), (Verdict::Unverified, true));
    profile.locked.checks.insert("AUT-004".into());
    assert_eq!(unverified("AUT-004", &profile, &attestation("AUT-004", "2026-12-01")), (Verdict::Attested, false), "nothing else answers it");
    profile.exceptions.locked_checks = true;
    assert_eq!(unverified("PSS-004", &profile, &attestation("PSS-004", "2026-12-01")), (Verdict::Attested, false));
}

/// What is said of a finding once it was decided about, and of the document.
fn decided(check: &str, verdict: Verdict, profile: &Profile, document: &str) -> (Verdict, Vec<(Verdict, String)>) {
    let decided = decisions(profile, &[signed(document)], today()).unwrap();
    let mut finding = Finding { check: check.into(), verdict, reason: None, ..of(&report(&[]), "PSS-001")[0].clone() };
    let mut used = Used::default();
    decided.decide(&mut finding, &pods(), profile, &mut used);
    (finding.verdict, told(&decided, &used))
}

fn told(decided: &Decisions, used: &Used) -> Vec<(Verdict, String)> {
    decided.findings(used).iter().map(|finding| (finding.verdict, finding.observed.raw().to_owned())).collect()
}

#[test]
fn what_only_an_attempt_decides_is_excepted_no_more_than_what_is_locked() {
    let probed = |more: &str| from_text("acme.yaml", &PROFILE.replace("rules: [", "rules: [{ checks: [NET-010], mustProbe: true }, ").replace("maxDays: 100", more), &|_| Err(String::new())).unwrap();
    let document = exception("NET-010", "", "2026-12-01");
    let (verdict, said) = decided("NET-010", Verdict::Fail, &probed("maxDays: 100"), &document);
    assert_eq!((verdict, said.len(), said[0].0), (Verdict::Fail, 1, Verdict::Fail));
    assert!(said[0].1.starts_with("it is ignored for NET-010: the profile locks what it is for, or has only an attempt decide it"), "{said:?}");
    assert_eq!(decided("NET-010", Verdict::Fail, &profile(), &document).0, Verdict::Excepted);
    assert_eq!(decided("NET-010", Verdict::Fail, &probed("maxDays: 100, lockedChecks: true"), &document).0, Verdict::Excepted);
}

#[test]
fn of_an_attestation_that_does_not_count_it_is_said_why() {
    for (check, why) in [("NET-011", "it does not count for NET-011: only an attempt decides the check"), ("PSS-004", "it does not count for PSS-004: the profile locks the check")] {
        let (verdict, said) = decided(check, Verdict::Unverified, &profile(), &attestation(check, "2026-12-01"));
        assert_eq!((verdict, said), (Verdict::Unverified, vec![(Verdict::Fail, why.to_owned())]));
        let over = decided(check, Verdict::Unverified, &profile(), &attestation(check, "2026-11-25")).1;
        assert_eq!(over, [(Verdict::Fail, "its last day was 2026-11-25".to_owned())]);
    }
    let (verdict, said) = decided("NET-010", Verdict::Unverified, &profile(), &attestation("NET-010", "2026-12-01"));
    assert_eq!((verdict, said[0].0), (Verdict::Attested, Verdict::Pass));
    // Of two that stand beside each other each counts by itself.
    let two = [signed(&attestation("NET-010", "2026-12-01")), signed(&attestation("NET-011", "2026-12-01"))];
    let some = report(&two);
    assert_eq!((verdicts(&some, "NET-010"), verdicts(&some, "NET-011"), verdicts(&some, "EXC-001")), (vec![Verdict::Attested], vec![Verdict::Unverified], vec![Verdict::Fail, Verdict::Pass]));
}

/// A control is attested where no check looked at it, or could not: not where one that is held could have, whatever its others say.
#[test]
fn of_a_control_that_held_checks_did_not_show_nobody_answers() {
    use Verdict::{Error, Fail, NotApplicable, Pass, Unverified, Warn};
    let mut profile = profile();
    let decided = decisions(&profile, &[signed(&attestation("A-2", "2026-12-01"))], today()).unwrap();
    let nothing = "nothing that was judged needs it";
    for (before, checks, after, said) in [
        (ControlVerdict::Unverified, vec![("PSS-001", Some(Unverified))], ControlVerdict::Attested, (Pass, "it counts until")),
        (ControlVerdict::Unverified, vec![("PSS-004", Some(Pass)), ("PSS-001", Some(Unverified))], ControlVerdict::Attested, (Pass, "it counts until")),
        (
            ControlVerdict::Unverified,
            vec![("PSS-004", Some(Unverified)), ("PSS-001", Some(Unverified))],
            ControlVerdict::Unverified,
            (Fail, "it does not count for A-2, as PSS-004 does not show it: the profile locks the check"),
        ),
        (ControlVerdict::Unverified, vec![("NET-011", Some(Error))], ControlVerdict::Unverified, (Fail, "it does not count for A-2, as NET-011 does not show it: only an attempt decides the check")),
        (ControlVerdict::NotCovered, vec![("PSS-001", None)], ControlVerdict::Attested, (Pass, "it counts until")),
        (ControlVerdict::NotCovered, vec![("PSS-004", Some(NotApplicable))], ControlVerdict::Attested, (Pass, "it counts until")),
        (ControlVerdict::NotCovered, vec![("PSS-004", None)], ControlVerdict::NotCovered, (Fail, "it does not count for A-2, as PSS-004 does not show it")),
        (ControlVerdict::Partly, vec![("PSS-001", Some(Pass))], ControlVerdict::Partly, (Warn, nothing)),
        (ControlVerdict::Failed, vec![("PSS-001", Some(Fail))], ControlVerdict::Failed, (Warn, nothing)),
    ] {
        let named = checks.iter().map(|(id, verdict)| ControlCheck { id: (*id).into(), number: None, verdict: *verdict, reason: None }).collect();
        let mut control = [ControlSummary { id: "A-2".into(), title: "t".into(), coverage: ControlCoverage::Partial, attest: None, verdict: before, checks: named }];
        profile.controls[1].checks = checks.iter().map(|(id, _)| (*id).to_owned()).collect();
        let mut used = Used::default();
        decided.attest_controls(&mut control, &profile, &mut used);
        let told = told(&decided, &used);
        assert_eq!((control[0].verdict, told.len(), told[0].0), (after, 1, said.0), "{checks:?}");
        assert!(told[0].1.starts_with(said.1), "{checks:?}: {told:?}");
    }
}

/// Where a control asks for somebody's word beside its checks, the word and what they show are all of it, unless they show a fault, or one
/// that is held was not shown.
#[test]
fn a_control_that_asks_for_an_attestation_is_attested_beside_what_its_checks_show() {
    use Verdict::{NotApplicable, Pass, Unverified, Warn};
    let profile = profile();
    let decided = decisions(&profile, &[signed(&attestation("A-2", "2026-12-01"))], today()).unwrap();
    for (before, checks, after, said) in [
        (ControlVerdict::Partly, vec![("PSS-001", Some(Pass))], ControlVerdict::Attested, Pass),
        (ControlVerdict::Partly, vec![("PSS-004", Some(Pass)), ("PSS-001", None)], ControlVerdict::Attested, Pass),
        (ControlVerdict::NotCovered, vec![("PSS-001", Some(NotApplicable))], ControlVerdict::Attested, Pass),
        (ControlVerdict::Partly, vec![("PSS-001", Some(Warn))], ControlVerdict::Partly, Warn),
        (ControlVerdict::Partly, vec![("PSS-001", Some(Pass)), ("PSS-004", None)], ControlVerdict::Partly, Verdict::Fail),
        (ControlVerdict::Unverified, vec![("PSS-001", Some(Pass)), ("NET-011", Some(Unverified))], ControlVerdict::Unverified, Verdict::Fail),
        (ControlVerdict::Excepted, vec![("PSS-001", Some(Verdict::Excepted))], ControlVerdict::Excepted, Warn),
        (ControlVerdict::Failed, vec![("PSS-001", Some(Verdict::Fail))], ControlVerdict::Failed, Warn),
    ] {
        let named = checks.iter().map(|(id, verdict)| ControlCheck { id: (*id).into(), number: None, verdict: *verdict, reason: None }).collect();
        let attest = Some("a drill is held".to_owned());
        let mut control = [ControlSummary { id: "A-2".into(), title: "t".into(), coverage: ControlCoverage::Full, attest, verdict: before, checks: named }];
        let mut used = Used::default();
        decided.attest_controls(&mut control, &profile, &mut used);
        assert_eq!((control[0].verdict, told(&decided, &used)[0].0), (after, said), "{checks:?}");
    }
}

/// Files do not show what only a cluster does: that a locked check was not made is not what somebody may answer for.
#[test]
fn what_a_locked_check_would_show_of_a_cluster_is_not_attested_from_files() {
    let judged = |locked: &str, about: &str, more: &str| {
        let text = PROFILE
            .replace("checks: [PSS-001] }]", "checks: [NET-010] }]")
            .replace("checks: [PSS-004, NET-011], locked", &format!("checks: [{locked}], locked"))
            .replace("maxDays: 100", &format!("maxDays: 100{more}"));
        let profile = from_text("acme.yaml", &text, &|_| Err(String::new())).unwrap();
        let decided = decisions(&profile, &[signed(&attestation(about, "2026-12-01"))], today()).unwrap();
        let report = judge_decided(&profile, &pods(), &decided, Judging { passes: true, workers: 1 }).unwrap();
        (verdicts(&report, "NET-010"), report.controls[1].verdict, verdicts(&report, "EXC-001"))
    };
    let (unmade, attested) = (vec![Verdict::NotApplicable], vec![Verdict::Attested]);
    for (about, ours) in [("NET-010", attested.clone()), ("A-2", unmade.clone())] {
        assert_eq!(judged("PSS-004", about, ""), (ours.clone(), ControlVerdict::Attested, vec![Verdict::Pass]), "{about} is free");
        assert_eq!(judged("NET-010", about, ""), (unmade.clone(), ControlVerdict::NotCovered, vec![Verdict::Fail]), "{about} is locked");
        assert_eq!(judged("NET-010", about, ", lockedChecks: true"), (ours, ControlVerdict::Attested, vec![Verdict::Pass]), "{about} may be attested");
    }
}

/// Nobody else could have looked.
#[test]
fn what_a_provider_runs_is_attested_also_where_it_is_locked() {
    let mut profile = profile();
    profile.locked.checks.insert("PSS-001".into());
    let decided = decisions(&profile, &[signed(&attestation("PSS-001", "2026-12-01"))], today()).unwrap();
    for (reason, verdict) in [(Reason::Managed, Verdict::Attested), (Reason::OtherSource, Verdict::NotApplicable)] {
        let mut finding = Finding { verdict: Verdict::NotApplicable, reason: Some(reason), ..of(&report(&[]), "PSS-001")[0].clone() };
        decided.decide(&mut finding, &pods(), &profile, &mut Used::default());
        assert_eq!(finding.verdict, verdict, "{reason:?}");
    }
}

/// A partial look by hand takes no lock away.
#[test]
fn a_control_of_locked_checks_that_a_run_leaves_out_is_not_attested() {
    let judged = |rules: &str, checks: &str| {
        let text = PROFILE.replace("checks: [PSS-001] }]", "checks: [PSS-004] }]").replace("rules: [{ checks: [PSS-004, NET-011], locked: true }", rules);
        let profile = with_checks(from_text("acme.yaml", &text, &|_| Err(String::new())).unwrap(), checks).unwrap();
        let decided = decisions(&profile, &[signed(&attestation("A-2", "2026-12-01"))], today()).unwrap();
        judge_decided(&profile, &pods(), &decided, Judging { passes: true, workers: 1 }).unwrap().controls[1].verdict
    };
    let (locked, free) = ("rules: [{ checks: [PSS-004, NET-011], locked: true }", "rules: [{ checks: [NET-011], locked: true }");
    assert_eq!([judged(locked, "PSS-001"), judged(free, "PSS-001")], [ControlVerdict::NotCovered, ControlVerdict::Attested]);
    assert_eq!([judged(locked, "PSS-004"), judged(free, "PSS-004")], [ControlVerdict::Failed; 2]);
}

/// What stands outside of the cluster is unverified there until somebody who may attests it.
#[test]
fn a_check_that_people_answer_is_answered_by_an_attestation_alone() {
    for check in ["AUT-004", "ENC-004", "ENC-005", "ENC-006", "VUL-003"] {
        let profile = from_text("acme.yaml", &PROFILE.replace("checks: [PSS-001,", &format!("checks: [{check}, PSS-001,")), &|_| Err(String::new())).unwrap();
        let said = |documents: &[SignedDocument]| {
            let decided = decisions(&profile, documents, today()).unwrap();
            let report = judge_decided(&profile, &Snapshot::default(), &decided, Judging { passes: true, workers: 1 }).unwrap();
            report.findings.into_iter().filter(|finding| finding.check == check).map(|finding| finding.verdict).collect::<Vec<_>>()
        };
        assert_eq!(said(&[]), [Verdict::Unverified], "{check}");
        assert_eq!(said(&[signed(&attestation(check, "2026-12-01"))]), [Verdict::Attested], "{check}");
        assert_eq!(said(&[signed(&attestation(check, "2026-11-25"))]), [Verdict::Unverified], "{check} after its last day");
        assert_eq!(said(&[handed(&attestation(check, "2026-12-01"), Signature::Wrong)]), [Verdict::Unverified], "{check} signed by nobody");
    }
}

/// Two exceptions, the second one with this id.
fn twice(id: &str) -> String {
    let one = exception("PSS-001", "", "2026-12-01");
    format!("{one}{}", one.lines().last().unwrap().replace("EXC-1", id))
}

#[test]
fn what_is_signed_and_cannot_be_meant_is_named_with_its_place() {
    for (text, words) in [
        (exception("PSS-01", "", "2026-12-01"), "decided.yaml:4:27: `PSS-01` matches no check; did you mean `PSS-001`?"),
        (exception("CPL-001/1.2.55", "", "2026-12-01"), "`CPL-001/1.2.55` matches no check; CPL-001 judges 1.2.1, 1.2.2, "),
        (exception("PSS-001/1.2.5", "", "2026-12-01"), "`PSS-001/1.2.5` matches no check"),
        (exception("PSS-001", "", "soon"), "`exceptions[0].expires`: `soon` is no day, as in 2027-01-31"),
        (exception("PSS-001", "", "20261201"), "`exceptions[0].expires`: `20261201` is no day, as in 2027-01-31"),
        (exception("PSS-001", "", "'2026-12-01T10:00:00'"), "`exceptions[0].expires`: `2026-12-01T10:00:00` is no day, as in 2027-01-31"),
        (attestation("A-1", "'2026-12-01 10:00'"), "`attestations[0].expires`: `2026-12-01 10:00` is no day, as in 2027-01-31"),
        (twice("EXC-1"), "decided.yaml:5:11: `exceptions[1].id`: the exception EXC-1 stands twice; reports name each by its id"),
        (exception("PSS-001", "", "2026-12-01").replace("reason: r", "reason: ''"), "`exceptions[0].reason`: is empty"),
        (exception("PSS-001", "", "2026-12-01").replace("ticket: SEC-1, ", ""), "`exceptions[0].ticket` is missing"),
        (exception("PSS-001", "nmae: x", "2026-12-01"), "unknown key `exceptions[0].match.nmae`; did you mean `name`?"),
        (attestation("A-9", "2026-12-01"), "decided.yaml:4:14: `A-9` is the id of no check, and of no control of the profile acme; did you mean `A-1`?"),
        (attestation("NTE-010", "2026-12-01"), "did you mean `NET-010`?"),
        (attestation("nothing", "2026-12-01"), "`nothing` is the id of no check, and of no control of the profile acme"),
        (attestation("'*'", "2026-12-01"), "decided.yaml:4:14: `*` is no id; an attestation is for one check or for one control, by its id"),
        (attestation("'NET-01?'", "2026-12-01"), "`NET-01?` is no id"),
        (attestation("'group:NET'", "2026-12-01"), "`group:NET` is no id"),
        (attestation("'framework:cis-1.12/5.3.1'", "2026-12-01"), "`framework:cis-1.12/5.3.1` is no id"),
        (attestation("''", "2026-12-01"), "`` is no id"),
        (attestation("CLU-001", "2026-12-01"), "`CLU-001` is judged before an install, and nobody attests it"),
        (attestation("A-1", "2026-12-01").replace("sha256:", "md5:"), "`attestations[0].evidence`: not a digest"),
    ] {
        let error = decisions(&profile(), &[signed(&text)], today()).unwrap_err();
        assert!(error.to_string().contains(words) && error.code().0 == "compliance.decision", "{error}");
    }
    assert_eq!(decisions(&profile(), &[signed(&twice("EXC-2"))], today()).unwrap().exceptions.len(), 2);
}
