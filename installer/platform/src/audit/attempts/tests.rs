use airlock_model::Verdict;

use super::*;

fn world() -> World {
    let server = WorldDatabase { host: "database.airlock.svc".into(), port: 5432, authority: None, certificate: Err("unread".into()), existing: false };
    let deployments = ["alpha", "beta"].map(|name| deployment(&name.parse().unwrap()));
    World { base_domain: "platform.test".into(), deployments: deployments.into(), database: Some(server), ..World::default() }
}

fn outcome(attempt: &str, result: AttemptResult) -> Outcome {
    Outcome { attempt: AttemptId::from(attempt), result, source: None, destination: None, started: Timestamp::UNIX_EPOCH, took_millis: 1 }
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
