//! Every check of the group: a good installation passes all of them; one thing is changed and exactly one check says so;
//! one thing is taken away and what rested on it is unverified.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use airlock_model::{AttemptId, AttemptResult, Check, Finding, Need, Profile, Snapshot, Verdict, names};
use serde_json::{Value, json};

use crate::{Judging, Report, checks, judge, needs, with_checks};

mod cases;
mod good;

use Verdict::{Fail, Unverified, Warn};
use cases::{CASES, container, objects};
use good::{baseline, good, live, outcome, told, world};

fn report(given: &Snapshot) -> Report {
    judge(&baseline(), given, Judging { passes: true, workers: 1 }).unwrap()
}

/// Whether a check waits for a component that is not installed yet, so that it never passes.
fn is_absent(id: &str) -> bool {
    crate::absent::CHECKS.iter().any(|check| check.spec().id == id)
}

/// The checks that say something else than pass, with what weighs most.
fn complaints(given: &Snapshot) -> BTreeMap<String, Verdict> {
    report(given).checks.into_iter().filter(|check| check.verdict != Verdict::Pass && !is_absent(&check.id)).map(|check| (check.id, check.verdict)).collect()
}

#[test]
fn a_good_installation_passes_every_check() {
    let report = report(&good());
    let odd: Vec<&Finding> = report.findings.iter().filter(|finding| finding.verdict != Verdict::Pass && !is_absent(&finding.check)).collect();
    assert!(odd.is_empty(), "{odd:#?}");
    assert!(!report.summary.gate_failed);
    assert_eq!(report.summary.verdict, Verdict::Pass);
}

/// What an attempt decides rests on one, so that a profile may ask that nothing else does.
#[test]
fn every_check_that_makes_attempts_passes_by_them_alone() {
    let tried = checks().iter().filter(|check| crate::is_tried(**check)).map(|check| check.spec().id.to_owned()).filter(|id| baseline().checks.contains(id));
    let profile = Profile { must_probe: tried.collect(), ..baseline() };
    assert!(profile.must_probe.len() > 8, "{:?}", profile.must_probe);
    let report = judge(&profile, &good(), Judging { passes: true, workers: 1 }).unwrap();
    let complained: Vec<_> = report.findings.iter().filter(|finding| finding.verdict != Verdict::Pass && !is_absent(&finding.check)).map(|finding| (&finding.check, &finding.why)).collect();
    assert!(complained.is_empty(), "{complained:?}");
}

#[test]
fn one_thing_changed_is_told_by_exactly_the_checks_that_look_at_it() {
    for (number, (change, expected)) in CASES.iter().enumerate() {
        let mut given = good();
        change(&mut given);
        let expected: BTreeMap<String, Verdict> = expected.iter().map(|(id, verdict)| ((*id).to_owned(), *verdict)).collect();
        assert_eq!(complaints(&given), expected, "case {number}");
    }
}

/// What was agreed on is a map of the data: it is held against the databases in both directions.
#[test]
fn a_column_that_was_agreed_on_and_holds_nothing_is_told() {
    let of = |in_beta: &str| {
        let mut given = good();
        given.outcomes.extend([outcome("database.sensitive.beta", told(in_beta))]);
        let parameters = BTreeMap::from([("DBS-009.columns".to_owned(), json!(["public.orders.email", "public.orders.iban"]))]);
        let checks = with_checks(Profile { parameters, ..baseline() }, "DBS-009").unwrap();
        let report = judge(&checks, &given, Judging { passes: true, workers: 1 }).unwrap();
        report.findings.into_iter().map(|finding| format!("{}: {}: {}", finding.subject.name.raw(), finding.verdict.word(), finding.observed.raw())).collect::<Vec<_>>()
    };
    let whole = "the database of alpha: pass: 531 columns of 71 tables looked at";
    let both = "531 71 0\nperson public.orders.email\npayment public.orders.iban";
    assert_eq!(of(both), [whole, &whole.replace("alpha", "beta")]);
    let told = "DBS-009.columns: warn: agreed on, and nothing of the kind was found there: public.orders.iban";
    assert_eq!(of("531 71 0\nperson public.orders.email").iter().filter(|finding| *finding == told).count(), 1);
    // What a role cannot read may hold it.
    assert_eq!(of("531 71 1\nperson public.orders.email").iter().filter(|finding| finding.contains("agreed on, and")).count(), 0);
}

#[test]
fn every_check_was_seen_to_pass_to_fail_and_to_be_unverified() {
    let mut seen: BTreeSet<(&str, &str)> = CASES.iter().flat_map(|(_, expected)| expected.iter().map(|(id, verdict)| (*id, verdict.word()))).collect();
    let empty = report(&Snapshot::default());
    seen.extend(empty.checks.iter().filter(|check| !is_absent(&check.id)).map(|check| (super::checks().find(|known| known.spec().id == check.id).unwrap().spec().id, check.verdict.word())));
    for check in super::checks() {
        for word in ["fail", "unverified"] {
            assert!(seen.contains(&(check.spec().id, word)), "{} was never seen to be {word}", check.spec().id);
        }
    }
}

#[test]
fn no_check_says_pass_of_nothing() {
    for check in checks() {
        let findings = check.evaluate(&baseline(), &Snapshot::default());
        assert!(!findings.is_empty(), "{} said nothing", check.spec().id);
        assert!(findings.iter().all(|finding| finding.verdict != Verdict::Pass), "{}: {findings:#?}", check.spec().id);
    }
}

#[test]
fn every_need_of_a_check_is_one_without_which_it_does_not_pass() {
    for check in super::checks() {
        let id = check.spec().id;
        let needs = check.needs(&baseline(), &world());
        assert!(!needs.is_empty(), "{id} needs nothing");
        for need in needs {
            let mut given = good();
            match &need {
                Need::Objects { kind, .. } => drop(given.objects.remove(kind)),
                Need::SecretLeaks => given.leaks = None,
                Need::LoggedSecrets => given.logged = None,
                Need::SharedSecrets => given.shared = None,
                Need::SecretStrength => given.strength = None,
                Need::FernetKeys => given.fernet_keys = None,
                Need::StoredCertificate => given.stored_certificates = None,
                Need::Facts => given.facts = None,
                Need::ControlPlane(_) => given.control_plane = None,
                Need::Nodes => given.world.nodes = None,
                Need::Services => given.world.services = None,
                Need::Run => given.run = None,
                Need::Drift => given.drift = None,
                Need::PlanRuns => given.plan_runs = None,
                Need::ServerCertificates => given.world.servers.iter_mut().for_each(|server| server.certificate = Err("secrets is forbidden".to_owned())),
                Need::Attempt(attempt) => drop(given.outcomes.remove(&attempt.id)),
            }
            assert_eq!(complaints(&given).get(id), Some(&Unverified), "{id} without {need:?}");
            if let Need::Objects { kind, .. } = &need {
                given.objects.insert(kind.clone(), Err("pods is forbidden: 403".into()));
                assert_eq!(complaints(&given).get(id), Some(&Unverified), "{id} when {kind} is forbidden");
            }
        }
    }
}

/// From every case, good or bad: taking an outcome away, or failing to carry it out, makes nothing pass that did not.
#[test]
fn taking_an_outcome_away_never_turns_a_finding_into_pass() {
    let next = AtomicUsize::new(0);
    let in_turn = || {
        while let Some((change, _)) = CASES.get(next.fetch_add(1, Ordering::Relaxed)) {
            without_an_outcome_nothing_more_passes(*change);
        }
    };
    std::thread::scope(|scope| (0..std::thread::available_parallelism().unwrap().get()).for_each(|_| drop(scope.spawn(in_turn))));
}

fn without_an_outcome_nothing_more_passes(change: fn(&mut Snapshot)) {
    let mut before = good();
    change(&mut before);
    // Of those that pass there is nothing to turn.
    let complaining = complaints(&before).into_keys().collect::<Vec<_>>().join(",");
    if complaining.is_empty() {
        return;
    }
    let profile = with_checks(baseline(), &complaining).unwrap();
    let good_ones = |given: &Snapshot| -> BTreeSet<(String, String)> {
        let findings = judge(&profile, given, Judging { passes: true, workers: 1 }).unwrap().findings;
        findings.into_iter().filter(|finding| finding.verdict == Verdict::Pass).map(|finding| (finding.check, finding.subject.to_string())).collect()
    };
    let passed = good_ones(&before);
    for id in before.outcomes.keys() {
        let mut after = before.clone();
        after.outcomes.remove(id);
        assert!(good_ones(&after).is_subset(&passed), "{complaining} without {id}");
        after.outcomes.extend([outcome(&id.0, AttemptResult::NotCarriedOut("deadline".to_owned().into()))]);
        assert!(good_ones(&after).is_subset(&passed), "{complaining} when {id} is not carried out");
    }
}

#[test]
fn the_outcomes_of_a_good_installation_are_those_that_were_asked_for() {
    let asked: BTreeSet<AttemptId> = needs(&baseline(), &world()).unwrap().into_iter().filter_map(|need| if let Need::Attempt(attempt) = need { Some(attempt.id) } else { None }).collect();
    assert_eq!(asked, good().outcomes.into_keys().collect());
}

#[test]
fn every_attempt_that_must_be_refused_has_a_control_that_is_made_too() {
    let attempts: Vec<_> = needs(&baseline(), &world()).unwrap().into_iter().filter_map(|need| if let Need::Attempt(attempt) = need { Some(attempt) } else { None }).collect();
    for attempt in &attempts {
        let is_control = matches!(
            attempt.id.0.as_str(),
            "api.own"
                | "monitoring.deliveries"
                | "policy.allowed"
                | "policy.blocked.own"
                | "policy.confined.own"
                | "registry.login"
                | "airflow.crossing.alpha.alpha"
                | "airflow.crossing.beta.beta"
                | "account.alpha.airlock-alpha.pods"
                | "account.beta.airlock-beta.pods"
        ) || [
            "admission.conforming.",
            "tls.served.",
            "tls.current.",
            "http.visited.",
            "airflow.login.",
            "airflow.page.",
            "airflow.login-page.",
            "airflow.across.",
            "registry.node.",
            "task.alpha.trusted",
            "task.beta.trusted",
            "task.alpha.own",
            "task.beta.own",
            "dag-processor.alpha.own",
            "dag-processor.beta.own",
            "triggerer.alpha.own",
            "triggerer.beta.own",
            "token.alpha.airflow-scheduler.known",
            "token.alpha.airflow-task.known",
            "token.beta.airflow-scheduler.known",
            "token.beta.airflow-task.known",
            "database.own.",
            "database.owned.",
            "database.public.",
            "database.powers.",
            "database.verifiers.",
            "database.stored.",
            "database.sensitive.",
        ]
        .iter()
        .any(|stem| attempt.id.0.starts_with(stem));
        assert_eq!(attempt.control.is_none(), is_control, "{}", attempt.id);
        assert!(attempt.control.iter().all(|control| attempts.iter().any(|other| other.id == *control)), "{}", attempt.id);
    }
}

/// A new pod may be blocked because nobody knows it yet: what only its own connection shows.
#[test]
fn the_pod_that_is_to_be_blocked_makes_a_control_of_its_own() {
    let attempts: BTreeMap<_, _> =
        needs(&baseline(), &world()).unwrap().into_iter().filter_map(|need| if let Need::Attempt(attempt) = need { Some((attempt.id.0.clone(), attempt)) } else { None }).collect();
    for id in ["policy.blocked", "policy.confined"] {
        let (refused, own) = (&attempts[id], &attempts[&format!("{id}.own")]);
        assert_eq!((refused.control.as_ref(), &refused.from), (Some(&own.id), &own.from), "{id}");
        assert_ne!(refused.target, own.target, "{id}");
        assert_eq!(refused.target, attempts["policy.allowed"].target, "{id}");
    }
}

#[test]
fn policies_from_before_the_second_listener_are_told_with_what_brings_them() {
    let mut given = good();
    given.outcomes.get_mut(&AttemptId::from("policy.blocked.own")).unwrap().result = AttemptResult::TimedOut;
    let findings = report(&given).findings;
    let said: Vec<_> = findings.iter().filter(|finding| finding.check == "NET-010").map(|finding| (finding.verdict, finding.observed.raw(), finding.evidence.len())).collect();
    let unverified = "allowed: connected; allowed from the same pod: no answer in time; not allowed: no answer in time; the policies that allow it come with `airlock install`";
    let pass = "allowed: connected; allowed from the same pod: connected; not allowed: connection refused";
    assert_eq!(said, [(Unverified, unverified, 3), (Verdict::Pass, pass, 3)]);
}

#[test]
fn pods_of_a_run_are_not_judged_and_others_beside_them_are() {
    let mut given = good();
    let probe = |label: &str| live("v1", "Pod", Some("airlock-probes"), "probe", &json!({ "labels": { label: "abc" }, "spec": { "containers": [ { "name": "probe" } ] } }));
    objects(&mut given, "Pod").push(probe(names::LABEL_PROBE_RUN));
    assert_eq!(complaints(&given), BTreeMap::new());
    objects(&mut given, "Pod").push(probe("app"));
    assert_eq!(complaints(&given).get("PSS-006"), Some(&Fail));
}

#[test]
fn an_attempt_beside_what_it_looks_at_needs_no_account_of_its_own() {
    let beside = |spec: &dyn Fn(&mut Value)| {
        let mut given = good();
        let mut pod = objects(&mut given, "Pod")[0].clone();
        pod.manifest["metadata"]["labels"][names::LABEL_PROBE_RUN] = json!("abc");
        pod.manifest["spec"]["serviceAccountName"] = json!("default");
        spec(&mut pod.manifest["spec"]);
        objects(&mut given, "Pod").push(pod);
        complaints(&given)
    };
    assert_eq!(beside(&|_| ()), BTreeMap::new());
    let fails = |found: BTreeMap<String, Verdict>| assert_eq!(found.get("WKL-005"), Some(&Fail));
    fails(beside(&|spec| spec["automountServiceAccountToken"] = json!(true)));
    fails(beside(&|spec| spec["volumes"] = json!([{ "name": "token", "projected": { "sources": [{ "serviceAccountToken": { "path": "token" } }] } }])));
    assert_eq!(beside(&|spec| spec["hostNetwork"] = json!(true)).get("PSS-002"), Some(&Fail));
}

#[test]
fn objects_of_other_namespaces_are_not_judged() {
    let mut given = good();
    objects(&mut given, "Pod").push(live("v1", "Pod", Some("shop"), "cart", &json!({ "spec": { "hostNetwork": true, "containers": [ { "name": "cart" } ] } })));
    assert_eq!(complaints(&given), BTreeMap::new());
}

#[test]
fn no_finding_shows_the_value_of_a_variable() {
    let mut given = good();
    container(&mut given)["env"][0] = json!({ "name": "DB_PASSWORD", "value": "hunter2" });
    assert!(!serde_json::to_string(&report(&given)).unwrap().contains("hunter2"));
}

#[test]
fn a_failed_finding_says_why_and_what_to_do() {
    for (change, _) in CASES {
        let mut given = good();
        change(&mut given);
        for finding in report(&given).findings.iter().filter(|finding| matches!(finding.verdict, Fail | Warn | Unverified)) {
            assert!(!finding.why.is_empty() && !finding.expected.is_empty() && !finding.observed.raw().is_empty() && !finding.fix.is_empty(), "{finding:#?}");
        }
    }
}
