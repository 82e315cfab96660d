use std::time::Duration;

use airlock_model::{ApprovedBy, Digest, Verdict};

use super::super::{SignatureState, VerifiedRun};
use super::*;

type Found = Fact<BTreeMap<String, Fact<Vec<PlanRun>>>>;

/// Noon of a day in November.
fn noon(day: u64) -> Timestamp {
    format!("2026-11-{day:02}T12:00:00Z").parse().unwrap()
}

/// A plan that was begun on a day and has not ended.
fn begun(run: &str, day: u64) -> PlanRun {
    PlanRun { run: run.into(), plan: Digest::of(run.as_bytes()), release: "0.1.0".into(), approved: ApprovedBy::Prompt, by: "jane@bastion".into(), started: noon(day), ended: None, outcome: None }
}

fn ended(run: &str, day: u64) -> PlanRun {
    PlanRun { ended: Some(noon(day)), outcome: Some("done".into()), approved: ApprovedBy::YesFlag, ..begun(run, day) }
}

/// As many plans as are kept, a day each, the first one on that day.
fn full(first: u64) -> Vec<PlanRun> {
    (first..).take(JOURNALS_KEPT).map(|day| ended(&format!("of-{day}"), day)).collect()
}

fn found(of: &[(&str, &[PlanRun])]) -> Found {
    Fact::Known(of.iter().map(|(namespace, runs)| ((*namespace).to_owned(), Fact::Known(runs.to_vec()))).collect())
}

fn platform(runs: &[PlanRun]) -> Found {
    found(&[("airlock", runs)])
}

fn unread(why: &str) -> Found {
    Fact::Unverified(why.to_owned())
}

/// The run of a day, which has the day's number.
fn run(day: u64, plan_runs: Found) -> VerifiedRun {
    let name = RunName::new(day, noon(day));
    let judged = EvidenceSubject::Installation {
        namespace: "airlock".into(),
        id: "x2an".into(),
        release: "0.1.0".into(),
        server: String::new(),
        cluster_uid: Fact::Unverified(String::new()),
        caller: Fact::Unverified(String::new()),
        plan_runs,
    };
    VerifiedRun {
        folder: name.to_string().into(),
        run: Some(name),
        at: None,
        writer: None,
        gate_failed: None,
        judged: Some(judged),
        profile: None,
        verdict: None,
        intact: true,
        signature: SignatureState::Trusted,
        key: None,
        chained: Some(true),
    }
}

fn folder(runs: Vec<VerifiedRun>) -> Verification {
    Verification { schema: 1, verdict: Verdict::Pass, trusted: vec![Digest::of(b"key")], head: true, runs, findings: Vec::new() }
}

/// From noon of the 10th to noon of the 20th.
fn span() -> Span {
    Span { from: noon(10), to: noon(20), every: Duration::from_hours(25) }
}

fn told(runs: Vec<VerifiedRun>) -> Vec<String> {
    carried_out(span(), &folder(runs)).iter().map(|one| format!("{} {} {}", one.namespace, one.plan_run.run, one.seen.number())).collect()
}

fn lacking(runs: Vec<VerifiedRun>) -> Vec<String> {
    let number = |run: Option<&RunName>| run.map_or_else(|| "-".to_owned(), |run| run.number().to_string());
    let line = |one: &Unaccounted| {
        let namespaces: Vec<&str> = one.namespaces.iter().map(Untrusted::raw).collect();
        format!("{} {}..{}: {}", namespaces.join(","), number(one.after.as_ref()), number(one.before.as_ref()), one.why)
    };
    unaccounted(span(), &folder(runs)).iter().map(line).collect()
}

#[test]
fn a_plan_that_was_seen_twice_is_told_once_with_its_end() {
    let runs = vec![run(12, platform(&[begun("a", 11)])), run(13, platform(&[ended("a", 11), begun("b", 12)])), run(20, platform(&[ended("a", 11), begun("b", 12)]))];
    let told = carried_out(span(), &folder(runs.clone()));
    let seen: Vec<_> = told.iter().map(|one| (one.plan_run.run.raw(), one.plan_run.ended, one.plan_run.approved, one.seen.number())).collect();
    assert_eq!(seen, [("a", Some(noon(11)), ApprovedBy::YesFlag, 20), ("b", None, ApprovedBy::Prompt, 20)]);
    assert_eq!(lacking(runs), [""; 0]);
}

#[test]
fn what_was_begun_outside_of_the_time_is_not_told_and_a_later_run_tells_of_its_end() {
    let early = run(9, platform(&[ended("before", 8), ended("first", 10)]));
    let late = run(22, found(&[("airlock", &[ended("before", 8), ended("first", 10), ended("last", 20), ended("after", 21)]), ("airlock-shop", &[ended("shop", 15)])]));
    assert_eq!(told(vec![early.clone(), late.clone()]), ["airlock first 22", "airlock-shop shop 22", "airlock last 22"]);
    assert_eq!(lacking(vec![early, late]), [""; 0]);
}

#[test]
fn a_run_that_is_not_believed_shows_nothing() {
    let changed = VerifiedRun { intact: false, ..run(12, platform(&[ended("forged", 11)])) };
    let unsigned = VerifiedRun { signature: SignatureState::Missing, ..run(13, platform(&[ended("unsigned", 12)])) };
    assert_eq!(told(vec![changed.clone(), unsigned.clone(), run(20, platform(&[ended("a", 11)]))]), ["airlock a 20"]);
    assert_eq!(lacking(vec![changed, unsigned]), [" -..-: no run that counts judged an installation"]);
}

#[test]
fn files_that_were_judged_say_nothing_of_an_installation() {
    let files = VerifiedRun { judged: Some(EvidenceSubject::Files { paths: vec!["pod.yaml".into()] }), ..run(12, platform(&[])) };
    let unreadable = VerifiedRun { judged: None, ..run(13, platform(&[])) };
    assert_eq!(lacking(vec![files, unreadable]), [" -..-: no run that counts judged an installation"]);
}

#[test]
fn ten_plans_that_all_began_since_may_have_been_more() {
    assert_eq!(lacking(vec![run(11, platform(&full(1))), run(20, platform(&full(10)))]), [""; 0], "both know the plan of the 10th");
    assert_eq!(lacking(vec![run(10, platform(&full(1))), run(20, platform(&full(11)))]), ["airlock 10..20: the journals that are kept all began since"]);
    assert_eq!(lacking(vec![run(20, platform(&full(10)))]), [""; 0], "the oldest began as the time did");
    assert_eq!(lacking(vec![run(20, platform(&full(11)))]), ["airlock -..20: the journals that are kept all began since"]);
    assert_eq!(lacking(vec![run(12, platform(&[])), run(20, platform(&full(11)))]), ["airlock 12..20: the journals that are kept all began since"]);
    assert_eq!(lacking(vec![run(12, platform(&[ended("a", 11)])), run(20, platform(&[ended("b", 19)]))]), ["airlock 12..20: the journals that were seen before are gone"]);
    assert_eq!(lacking(vec![run(1, platform(&full(1))), run(9, platform(&full(20))), run(20, platform(&full(20)))]), [""; 0], "it was before that time");
}

#[test]
fn what_nobody_could_read_is_told_where_no_later_run_makes_up_for_it() {
    let refused = || unread("missing right: list configmaps");
    assert_eq!(lacking(vec![run(12, platform(&full(3))), run(13, refused()), run(20, platform(&full(5)))]), [""; 0]);
    assert_eq!(lacking(vec![run(12, platform(&full(3))), run(13, refused()), run(20, platform(&full(13)))]), ["airlock 12..20: missing right: list configmaps"]);
    assert_eq!(lacking(vec![run(12, refused()), run(20, refused())]), ["airlock -..-: missing right: list configmaps"]);
    assert_eq!(lacking(vec![run(12, platform(&[])), run(18, refused())]), ["airlock 12..-: missing right: list configmaps"]);
    assert_eq!(lacking(vec![run(12, platform(&[]))]), ["airlock 12..-: no later run has looked"]);
    let half = Fact::Known(BTreeMap::from([("airlock".to_owned(), Fact::Known(Vec::new())), ("airlock-shop".to_owned(), Fact::Unverified("missing right".to_owned()))]));
    assert_eq!(lacking(vec![run(20, half)]), ["airlock-shop -..-: missing right"]);
}

#[test]
fn a_deployment_that_was_removed_took_its_journals_with_it() {
    let with_shop = || found(&[("airlock", &[]), ("airlock-shop", &[ended("shop", 11)])]);
    let removed = "airlock-shop 12..14: the namespace is no longer one of the installation, and its journals went with it";
    assert_eq!(lacking(vec![run(12, with_shop()), run(14, platform(&[])), run(20, platform(&[]))]), [removed]);
    assert_eq!(told(vec![run(12, with_shop()), run(14, platform(&[]))]), ["airlock-shop shop 12"]);
    assert_eq!(lacking(vec![run(12, platform(&[])), run(20, with_shop())]), [""; 0], "it was made since");
    // What is lacking alike in several namespaces is told once.
    assert_eq!(lacking(vec![run(12, with_shop())]), ["airlock,airlock-shop 12..-: no later run has looked"]);
    let older = || unread("the release that wrote the run kept no word of them");
    assert_eq!(lacking(vec![run(12, older()), run(20, with_shop())]), [""; 0], "what is kept reaches back to the install");
}
