//! AFL-002, AFL-004, and AFL-005 by the environment that containers come to have.

use airlock_model::{Snapshot, Source, World};

use super::*;

const CHECKS: [&str; 3] = ["AFL-002", "AFL-004", "AFL-005"];
const DATABASE: &str = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD: cat /run/db";

/// A Deployment of Airflow whose container has this environment.
fn airflow(environment: &str) -> String {
    deployment(&format!("image: \"apache/airflow:3.1.0\", {environment}"), "")
}

fn from(sources: &str) -> String {
    airflow(&format!("envFrom: [ {sources} ]"))
}

fn map(name: &str, data: &str) -> String {
    object("v1", "ConfigMap", name, &format!("data: {{ {data} }}"))
}

fn is_unverified(check: &str, text: &str, paths: &[&str]) {
    let paths = paths.iter().map(|path| format!("{AT}.containers[0].{path}")).collect();
    assert_eq!(said(check, text), (Verdict::Unverified, paths), "{check}\n{text}");
}

#[test]
fn what_a_config_map_gives_has_the_prefix_of_its_source() {
    let open = map("c", "API__EXPOSE_CONFIG: 'True', AIRFLOW__CORE__LOAD_EXAMPLES: 'True'");
    fails("AFL-005", &(open.clone() + &from("{ prefix: AIRFLOW__, configMapRef: { name: c } }")), &["data.API__EXPOSE_CONFIG"]);
    passes("AFL-005", &(open.clone() + &from("{ prefix: OTHER_, configMapRef: { name: c } }")));
    let both = "{ prefix: AIRFLOW__, configMapRef: { name: c } }, { configMapRef: { name: c } }";
    fails("AFL-005", &(open + &from(both)), &["data.AIRFLOW__CORE__LOAD_EXAMPLES", "data.API__EXPOSE_CONFIG"]);
    fails("AFL-004", &(map("c", "SECRET_KEY: abc") + &from("{ prefix: AIRFLOW__API__, configMapRef: { name: c } }")), &["data.SECRET_KEY"]);
    fails("AFL-002", &(map("c", "FERNET_KEY: abc") + &from("{ prefix: AIRFLOW__CORE__, configMapRef: { name: c } }")), &["data.FERNET_KEY"]);
}

#[test]
fn keys_and_the_address_of_the_database_are_seen_in_config_maps() {
    let given = |data: &str| map("c", data) + &from("{ configMapRef: { name: c } }");
    passes("AFL-002", &given(&format!("{DATABASE}, AIRFLOW__CORE__FERNET_KEY_CMD: cat /run/f")));
    fails("AFL-002", &given(DATABASE), &[&format!("{AT}.containers[0].env")]);
    fails("AFL-002", &given("AIRFLOW__CORE__FERNET_KEY: abc"), &["data.AIRFLOW__CORE__FERNET_KEY"]);
    fails("AFL-004", &given("AIRFLOW__API_AUTH__JWT_SECRET: abc"), &["data.AIRFLOW__API_AUTH__JWT_SECRET"]);
    passes("AFL-004", &given("AIRFLOW__API_AUTH__JWT_SECRET_CMD: cat /run/j, AIRFLOW__API__SECRET_KEY: ''"));
    // A map of that name in another namespace is another one.
    let elsewhere = map("c", DATABASE).replace("shop", "other");
    is_unverified("AFL-002", &(elsewhere + &from("{ configMapRef: { name: c } }")), &["envFrom[0].configMapRef"]);
    // An image of any name runs Airflow where it is given settings of Airflow.
    let unnamed = from("{ configMapRef: { name: c } }").replace("apache/airflow:3.1.0", "a.example/jobs:1");
    fails("AFL-002", &(map("c", DATABASE) + &unnamed), &[&format!("{AT}.containers[0].env")]);
    // Two containers that take one entry have one fault between them.
    fails("AFL-004", &(given("AIRFLOW__API__SECRET_KEY: abc") + &from("{ configMapRef: { name: c } }").replace("web", "two")), &["data.AIRFLOW__API__SECRET_KEY"]);
}

#[test]
fn a_value_that_is_put_together_is_written_out_unless_a_secret_is_in_it() {
    let at = |index: u8| format!("{AT}.containers[0].env[{index}].value");
    let env = |variables: &str| airflow(&format!("env: [ {variables} ]"));
    let key = |value: &str| format!("{{ name: AIRFLOW__API__SECRET_KEY, value: \"{value}\" }}");
    let secret = "{ name: S, valueFrom: { secretKeyRef: { name: f, key: k } } }";
    for value in ["$(X)y", "$$(S)", "$(S", "$(X)"] {
        fails("AFL-004", &env(&format!("{{ name: X, value: x }}, {}", key(value))), &[&at(u8::from(value != "$(X)"))]);
    }
    for value in ["$(S)", "$(S)y", "a$(X)$(S)"] {
        passes("AFL-004", &env(&format!("{secret}, {}", key(value))));
    }
    fails("AFL-004", &env(&key("$(S)y")), &[&at(0)]);
    let of_the_pod = "{ name: S, valueFrom: { fieldRef: { fieldPath: metadata.name } } }";
    is_unverified("AFL-004", &env(&format!("{of_the_pod}, {}", key("$(S)y"))), &["env[0].valueFrom"]);
    // Pods tell of themselves, and a map of what they take of it.
    let text = map("c", "AIRFLOW__API__SECRET_KEY: abc") + &from("{ configMapRef: { name: c } }");
    let told: Vec<_> = report_by(&unprofiled(), &[&text]).findings.into_iter().filter(|found| found.check == "AFL-004").map(|found| found.verdict).collect();
    assert_eq!(told, [Verdict::Fail]);
}

#[test]
fn what_stands_later_counts_and_env_over_all() {
    let maps = map("shown", "AIRFLOW__API__EXPOSE_CONFIG: 'True'") + &map("hidden", "AIRFLOW__API__EXPOSE_CONFIG: 'False'");
    let (on, off) = ("{ configMapRef: { name: shown } }", "{ configMapRef: { name: hidden } }");
    passes("AFL-005", &(maps.clone() + &from(&format!("{on}, {off}"))));
    fails("AFL-005", &(maps.clone() + &from(&format!("{off}, {on}"))), &["data.AIRFLOW__API__EXPOSE_CONFIG"]);
    let env = |value: &str, source: &str| maps.clone() + &airflow(&format!("env: [ {{ name: AIRFLOW__API__EXPOSE_CONFIG, {value} }} ], envFrom: [ {on}, {off}, {source} ]"));
    passes("AFL-005", &env("value: 'False'", on));
    fails("AFL-005", &env("value: 'True'", off), &[&format!("{AT}.containers[0].env[0].value")]);
    let entry = |map: &str, optional: bool| format!("valueFrom: {{ configMapKeyRef: {{ name: {map}, key: AIRFLOW__API__EXPOSE_CONFIG, optional: {optional} }} }}");
    fails("AFL-005", &env(&entry("shown", false), off), &["data.AIRFLOW__API__EXPOSE_CONFIG"]);
    passes("AFL-005", &env(&entry("hidden", false), on));
    // What is optional and not there leaves what stands below it.
    fails("AFL-005", &env(&entry("none", true), on), &["data.AIRFLOW__API__EXPOSE_CONFIG"]);
    is_unverified("AFL-005", &env(&entry("none", false), on), &["env[0].valueFrom.configMapKeyRef"]);
    // A variable that is another one is what that one is.
    let meant = |first: &str, second: &str| airflow(&format!("env: [ {first}, {second} ]"));
    let (flag, by_flag) = ("{ name: FLAG, value: 'True' }", "{ name: AIRFLOW__API__EXPOSE_CONFIG, value: $(FLAG) }");
    fails("AFL-005", &meant(flag, by_flag), &[&format!("{AT}.containers[0].env[0].value")]);
    // What stays as it is, Airflow cannot read.
    is_unverified("AFL-005", &meant(by_flag, flag), &["env[0].value"]);
    is_unverified("AFL-005", &meant(by_flag, by_flag), &["env[1].value"]);
}

#[test]
fn of_a_config_map_that_is_not_there_nothing_is_claimed() {
    for check in CHECKS {
        is_unverified(check, &from("{ configMapRef: { name: c } }"), &["envFrom[0].configMapRef"]);
        passes(check, &from("{ configMapRef: { name: c, optional: true } }"));
        passes(check, &from("{ prefix: AIRFLOW_VAR_, configMapRef: { name: c } }"));
    }
    // What the container says itself is known.
    passes("AFL-002", &airflow("env: [ { name: AIRFLOW__CORE__FERNET_KEY_CMD, value: cat /run/f } ], envFrom: [ { prefix: AIRFLOW__DATABASE__, configMapRef: { name: c } } ]"));
    let without = |name: &str| airflow(&format!("env: [ {{ name: {name}, value: abc }} ], envFrom: [ {{ configMapRef: {{ name: c }} }} ]"));
    assert_eq!(said("AFL-004", &without("AIRFLOW__API__SECRET_KEY")).0, Verdict::Fail);
}

#[test]
fn of_a_secret_nothing_is_claimed_but_what_it_could_hold() {
    let (whole, other) = ("{ secretRef: { name: s } }", "{ prefix: AIRFLOW_CONN_, secretRef: { name: s } }");
    for check in ["AFL-002", "AFL-005"] {
        is_unverified(check, &from(whole), &["envFrom[0].secretRef"]);
        passes(check, &from(other));
    }
    // From a Secret is where signing keys come from.
    passes("AFL-004", &from(whole));
    let fernet = |more: &str| airflow(&format!("env: [ {{ name: AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD, value: cat /run/db }}{more} ], envFrom: [ {whole} ]"));
    is_unverified("AFL-002", &fernet(""), &["envFrom[0].secretRef"]);
    passes("AFL-002", &fernet(", { name: AIRFLOW__CORE__FERNET_KEY, valueFrom: { secretKeyRef: { name: f, key: k } } }"));
    is_unverified("AFL-005", &airflow("env: [ { name: AIRFLOW__API__EXPOSE_CONFIG, valueFrom: { secretKeyRef: { name: s, key: k } } } ]"), &["env[0].valueFrom.secretKeyRef"]);
    is_unverified("AFL-005", &airflow("env: [ { name: AIRFLOW__API__EXPOSE_CONFIG, valueFrom: { fieldRef: { fieldPath: metadata.name } } } ]"), &["env[0].valueFrom"]);
    // What is written stays written, whatever a Secret may say beside it.
    let maps = map("c", "AIRFLOW__API__EXPOSE_CONFIG: 'True', AIRFLOW__API__SECRET_KEY: abc");
    for check in ["AFL-004", "AFL-005"] {
        assert_eq!(said(check, &(maps.clone() + &from(&format!("{{ configMapRef: {{ name: c }} }}, {whole}")))).0, Verdict::Fail, "{check}");
    }
}

#[test]
fn without_the_right_to_read_config_maps_nothing_is_claimed() {
    let mut given = snapshot([read("a.yaml", from("{ configMapRef: { name: c } }").as_bytes())]);
    given.source = Source::Cluster;
    given.world = World { namespaces: vec!["shop".into()], ..World::default() };
    given.objects.insert("Pod".into(), Ok(Vec::new()));
    given.objects.insert("ConfigMap".into(), Err("403".into()));
    let said = |check: &str, given: &Snapshot| crate::catalogue::check(check).unwrap().evaluate(&unprofiled(), given).into_iter().map(|finding| finding.verdict).collect::<Vec<_>>();
    assert_eq!(CHECKS.map(|check| said(check, &given)), [vec![Verdict::Unverified], vec![Verdict::Unverified], vec![Verdict::Unverified; 2]]);
    given.objects.insert("ConfigMap".into(), Ok(Vec::new()));
    assert_eq!(CHECKS.map(|check| said(check, &given)), [(); 3].map(|()| vec![Verdict::Unverified]));
    let needs = |check: &str| crate::catalogue::check(check).unwrap().needs(&unprofiled(), &given.world).len();
    assert_eq!(CHECKS.map(needs), [2; 3], "pods and ConfigMaps");
}
