//! Airflow deployments: one that works, and one beside it that it has nothing in common with. How they change and end takes `make soak`
//! (`at_length`).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use airlock_e2e::{Airflow, Site};
use serde_json::Value;

use crate::auditing;
use crate::bad_input::Rivals;
use crate::bundled_database;
use crate::walls;

pub(crate) mod apart;
#[cfg(feature = "long")]
mod at_length;
#[cfg(feature = "long")]
mod other_ways;
mod task_pods;

#[test]
fn two_deployments_work_beside_each_other_and_have_nothing_in_common() {
    let site = Site::shared("flows");
    site.installed(&site.whole_answers(""));
    what_cannot_be_is_refused_before_anything_is_written(&site);
    let _turn = crate::airflow();
    let first = create(&site, "alpha");
    let alpha = Airflow::new(&site, "alpha");
    let token = logs_in_and_nobody_else_does(&site, &alpha);
    task_pods::run_the_example_each_task_in_one_of_its_own(&site, &alpha, &token);
    a_second_run_changes_nothing(&site);

    let before = state_of(&site, "alpha");
    let second = two_at_once_and_one_holds_the_lease(&site, "beta");
    assert_eq!(state_of(&site, "alpha"), before, "a second deployment changes and restarts nothing in the first one's namespace");
    apart::no_secret_value_is_in_both(&site);
    apart::limits_hold_for_who_says_nothing(&site);
    apart::a_database_is_open_to_its_own_role_alone(&site);
    bundled_database::it_speaks_tls_alone_and_keeps_verifiers_alone(&site);
    apart::a_page_of_one_reads_nothing_of_the_other(&site);
    walls::a_compliance_check_tries_the_walls_between_them(&site);
    auditing::deployments::try_what_the_auditor_may_not(&site);
    eprintln!("from nothing to a deployment that is ready: {:.0} s the first, {:.0} s the second", first.as_secs_f32(), second.as_secs_f32());
}

fn deployment(site: &Site, arguments: &[&str]) -> airlock_e2e::Run {
    site.run(&[&["deployment"], arguments, &["--namespace", &site.name, "--yes"]].concat())
}

fn create(site: &Site, name: &str) -> Duration {
    let made = deployment(site, &["create", name, "--example-dag", "-o", "json"]).expect(0);
    assert_eq!(made.json()["url"], format!("https://{name}-airflow.{}", site.base()), "{}", made.stdout);
    made.took
}

fn what_cannot_be_is_refused_before_anything_is_written(site: &Site) {
    let audit = site.audit();
    let tight = site.file("tight.yaml", "apiVersion: airlock/v1\nkind: AirflowDeployment\nname: tight\nquota: { cpu: 100m }\n").display().to_string();
    for (arguments, exit, words) in [
        (["create", "no_name"].as_slice(), 2, "platform.deployment-name"),
        (&["create", "a"], 2, "platform.deployment-name"),
        (&["create", "a-name-of-thirty-one-characters"], 2, "platform.deployment-name"),
        (&["create", "probes"], 2, "platform.deployment-name"),
        (&["create", "gamma", "--image", "docker.io/apache/airflow:none"], 3, "IMG-001"),
        (&["apply", tight.as_str()], 3, "platform.quota"),
        (&["show", "gamma"], 3, "platform.no-deployment"),
        (&["delete", "gamma"], 3, "platform.no-deployment"),
    ] {
        let refused = deployment(site, arguments).expect(exit);
        assert!(refused.first_error().contains(words), "{arguments:?}:\n{}", refused.stderr);
    }
    assert_eq!(audit.writes(), [], "nothing is written");
}

/// Each by an administrator of its own; how long it took until both had ended.
fn two_at_once_and_one_holds_the_lease(site: &Site, name: &str) -> Duration {
    let (rivals, began) = (Rivals::of(site), Instant::now());
    let ends = rivals.run(site, &["deployment", "create", name, "--example-dag", "--namespace", &site.name]);
    let took = began.elapsed();
    let mut codes = ends.each_ref().map(|end| end.code.unwrap_or(-1));
    codes.sort_unstable();
    assert_eq!(codes, [0, 9], "one makes it, the other hears who does: {ends:#?}");
    let said = ends.iter().find(|end| end.code == Some(9)).map(|end| end.stderr.as_str()).unwrap_or_default();
    let (winner, loser) = rivals.winner_and_loser(said);
    let (by_winner, by_loser) = (rivals.took(winner), rivals.took(loser));
    assert!(by_winner.len() > 20, "{by_winner:?}");
    // There is no place for a lease before there is a namespace, and both may have come first there.
    assert!(by_loser.iter().all(|write| write.resource == "namespaces"), "{loser} found the lease held by {winner}: {by_loser:?}");
    create(site, name);
    took
}

fn logs_in_and_nobody_else_does(site: &Site, airflow: &Airflow<'_>) -> String {
    let credentials = deployment(site, &["show", "alpha", "--credentials", "-o", "json"]).expect(0).json();
    let shown = deployment(site, &["show", "alpha"]).expect(0).stdout;
    assert!(shown.contains(airflow.host()) && shown.contains("ready") && !shown.contains(credentials["password"].as_str().expect("a password")), "{shown}");
    let text = |key: &str| credentials[key].as_str().unwrap_or_default().to_owned();
    let anonymous = airflow.ask("GET", "/api/v2/dags", None, None);
    assert_eq!(anonymous.status, 401, "{}", anonymous.body);
    let inner = airflow.ask("GET", "/execution/health", None, None);
    assert_eq!(inner.status, 404, "the API of tasks is not for those outside: {}", inner.body);
    let users = airflow.ask("GET", "/auth/fab/v1/users", Some(&airflow.first_login()), None);
    let users: Value = serde_json::from_str(&users.body).unwrap_or_else(|error| panic!("{error}: {}", users.body));
    assert_eq!((&users["total_entries"], &users["users"][0]["username"]), (&Value::from(1), &Value::from(text("username"))), "one administrator, and nobody else");
    let wrong = airflow.login(&text("username"), "wrong").expect_err("a wrong password is refused");
    assert_eq!(wrong.status, 401, "{}", wrong.body);
    airflow.login(&text("username"), &text("password")).unwrap_or_else(|answer| panic!("the first login is refused: {} {}", answer.status, answer.body))
}

fn a_second_run_changes_nothing(site: &Site) {
    let audit = site.audit();
    let again = deployment(site, &["create", "alpha", "--example-dag", "-o", "json"]).expect(0).json();
    assert_eq!(again["outcome"], "unchanged", "{again}");
    let again = site.install(&site.whole_answers("")).expect(0);
    assert!(again.said().contains("nothing is to be done"), "{}", again.said());
    assert_eq!(audit.writes(), [], "nothing is written");
}

/// Every object of a deployment's namespace by its UID and, where nothing but a writer moves it, its version; every pod with its restarts.
fn state_of(site: &Site, name: &str) -> BTreeMap<String, String> {
    let mut state = BTreeMap::new();
    for kind in ["pods", "deployments", "secrets", "configmaps", "networkpolicies", "serviceaccounts", "roles", "rolebindings", "services", "limitranges", "resourcequotas"] {
        let listed = site.bed.kubectl(["-n", &site.tenant(name), "get", kind, "-o", "json"]).expect("kubectl");
        let listed: Value = serde_json::from_str(&listed).expect("JSON");
        for item in listed["items"].as_array().into_iter().flatten() {
            let restarts: Vec<&Value> = item.pointer("/status/containerStatuses").and_then(Value::as_array).into_iter().flatten().map(|status| &status["restartCount"]).collect();
            let version = if item.get("status").is_some() { &item["metadata"]["generation"] } else { &item["metadata"]["resourceVersion"] };
            state.insert(format!("{kind} {}", item["metadata"]["name"]), format!("{} {version} {restarts:?}", item["metadata"]["uid"]));
        }
    }
    assert!(state.len() > 20, "{state:?}");
    state
}
