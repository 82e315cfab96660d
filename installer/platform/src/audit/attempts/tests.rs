use airlock_model::Verdict;
use serde_json::{Value, json};

use super::*;

const IMAGE: &str = "registry.platform.test/airlock@sha256:00";

fn world() -> World {
    let server = WorldDatabase { host: "database.airlock.svc".into(), port: 5432, authority: None, certificate: Err("unread".into()), existing: false };
    let deployments = ["alpha", "beta"].map(|name| deployment(&name.parse().unwrap()));
    World { base_domain: "platform.test".into(), deployments: deployments.into(), database: Some(server), ..World::default() }
}

fn outcome(attempt: &str, result: AttemptResult) -> Outcome {
    Outcome { attempt: AttemptId::from(attempt), result, source: None, destination: None, started: Timestamp::UNIX_EPOCH, took_millis: 1 }
}

fn pod(name: &str, image: &str, terminated: &Value) -> Pod {
    let state = if terminated.is_null() { json!({ "running": {} }) } else { json!({ "terminated": terminated }) };
    let pod = json!({ "metadata": { "name": name }, "spec": { "containers": [{ "name": "attempts", "image": image }] }, "status": { "containerStatuses": [{ "name": "attempts", "state": state }] } });
    Pod::deserialize(pod).unwrap()
}

fn ended(at: &str, message: &str) -> Value {
    json!({ "exitCode": 0, "message": message, "finishedAt": at })
}

#[test]
fn the_pod_that_ended_last_is_heard() {
    let of = &world().deployments[0];
    let since: Timestamp = "2026-11-30T00:00:00Z".parse().unwrap();
    let last = |pods: Vec<Pod>| last(pods, of, IMAGE, since).map(|outcomes| outcomes.into_iter().map(|outcome| outcome.attempt.0).collect::<Vec<_>>());
    let said = |attempt: &str| message::written(vec![outcome(attempt, AttemptResult::Connected)]);
    let (early, late) = ("2026-11-30T01:00:00Z", "2026-11-30T02:00:00Z");
    assert_eq!(last(vec![pod("one", IMAGE, &ended(late, &said("late"))), pod("two", IMAGE, &ended(early, &said("early")))]).unwrap(), ["late"]);

    let failed = json!({ "exitCode": 2, "message": "error[postgres.connect]: no connection", "finishedAt": late });
    let unsaid = [
        (vec![], "has made no pod so far"),
        (vec![pod("one", IMAGE, &ended(early, &said("early"))), pod("two", IMAGE, &Value::Null)], "still at it"),
        (vec![pod("one", IMAGE, &ended(early, &said("early"))), pod("two", IMAGE, &failed)], "failed: error[postgres.connect]: no connection"),
        (vec![pod("one", IMAGE, &json!({ "exitCode": 137, "finishedAt": late }))], "failed: exit code 137"),
        (vec![pod("one", IMAGE, &ended("2026-11-29T23:59:59Z", &said("old")))], "more than two audits ago"),
        (vec![pod("one", "elsewhere.test/own:1", &ended(late, &said("forged")))], "elsewhere.test/own:1, which is not the image"),
        (vec![pod("one", IMAGE, &ended(late, "anything"))], "cannot be read"),
    ];
    for (pods, words) in unsaid {
        let reason = last(pods).unwrap_err().to_string();
        assert!(reason.contains(words), "{reason}");
    }
}

#[test]
fn what_was_not_said_is_no_refusal_and_names_the_command_that_asks_itself() {
    let world = world();
    let attempts = database_attempts(&world, &world.deployments[0]);
    let told = told(&attempts, Ok(vec![outcome("database.own.alpha", AttemptResult::Told(Some("1".to_owned().into()))), outcome("made.up", AttemptResult::Connected)]));
    assert_eq!(told.iter().map(|outcome| &outcome.attempt).collect::<Vec<_>>(), attempts.iter().map(|attempt| &attempt.id).collect::<Vec<_>>());
    for outcome in told {
        match outcome.result {
            AttemptResult::Told(_) => assert_eq!(outcome.attempt.0, "database.own.alpha"),
            AttemptResult::NotCarriedOut(reason) => assert!(reason.raw().contains("`airlock compliance-check`"), "{reason:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_pods_said_is_judged_as_what_the_command_line_sees() {
    let world = world();
    let mut outcomes: BTreeMap<AttemptId, Outcome> = BTreeMap::new();
    let refused = || AttemptResult::SqlRefused { state: "42501".into(), message: "permission denied".to_owned().into() };
    let verdict = |outcomes: &BTreeMap<AttemptId, Outcome>| {
        let given = airlock_model::Snapshot { world: world.clone(), outcomes: outcomes.clone(), ..airlock_model::Snapshot::default() };
        let report =
            airlock_compliance::judge_decided(&airlock_compliance::unprofiled(), &given, &airlock_compliance::Decisions::default(), airlock_compliance::Judging { passes: true, workers: 1 }).unwrap();
        report.checks.iter().find(|check| check.id == "DBS-002").unwrap().verdict
    };
    for of in &world.deployments {
        let attempts = database_attempts(&world, of);
        let said = attempts.iter().map(|attempt| match attempt.control {
            None => outcome(&attempt.id.0, AttemptResult::Told(Some("1".to_owned().into()))),
            Some(_) => outcome(&attempt.id.0, refused()),
        });
        let message = message::written(said.collect());
        outcomes.extend(told(&attempts, message::read(&message).map_err(|_| Unsaid::NotYet)).into_iter().map(|outcome| (outcome.attempt.clone(), outcome)));
    }
    assert_eq!(verdict(&outcomes), Verdict::Pass);
    let crossed = AttemptId::from("database.other.alpha.beta");
    outcomes.get_mut(&crossed).unwrap().result = AttemptResult::Told(Some("1".to_owned().into()));
    assert_eq!(verdict(&outcomes), Verdict::Fail);
    outcomes.extend(told(&database_attempts(&world, &world.deployments[0]), Err(Unsaid::NotYet)).into_iter().map(|outcome| (outcome.attempt.clone(), outcome)));
    assert_eq!(verdict(&outcomes), Verdict::Unverified);
}
