//! A database server that the customer runs: what is rendered of ours, and how everybody reaches theirs.

use airlock_model::{AirflowDeployment, Recipe};
use serde_json::Value;

use crate::combinations::{Combination, THEIR_DATABASE};

fn deployment(text: &str) -> Combination {
    let alpha = AirflowDeployment::from_yaml("apiVersion: airlock/v1\nkind: AirflowDeployment\nname: alpha\n").unwrap();
    Combination { deployment: Some(alpha), ..Combination::of("theirs", text) }
}

/// The entries of a Secret by their keys, each as its template.
fn entries(combination: &Combination, name: &str) -> Vec<(String, String)> {
    let rendered = combination.render();
    let secret = rendered.components.iter().flat_map(|component| &component.secrets).find(|secret| secret.name == name).unwrap();
    let shown = |recipe: &Recipe| match recipe {
        Recipe::Compose { template, from } => format!("{template} of {}", from.values().map(|at| format!("{}/{}#{}", at.namespace, at.name, at.key)).collect::<Vec<_>>().join(" ")),
        other => format!("{other:?}"),
    };
    secret.entries.iter().map(|entry| (entry.key.clone(), shown(&entry.recipe))).collect()
}

#[test]
fn nothing_of_a_server_of_ours_is_rendered() {
    for text in THEIR_DATABASE {
        let platform = Combination::of("theirs", text).render();
        let names: Vec<&str> = platform.components.iter().map(|component| component.name.as_str()).collect();
        assert!(names.contains(&"database-server") && !names.contains(&"database"), "{names:?}");
        let components = deployment(text).render().components;
        let told = components.iter().flat_map(|component| &component.objects).map(|object| object.manifest().to_string()).collect::<String>();
        assert!(!told.contains("database.airlock.svc") && !told.contains("database-superuser"), "{told}");
    }
}

#[test]
fn the_address_of_the_database_names_their_server_and_who_signed_for_it() {
    let url = |root: &str, at: &str| {
        format!("postgresql+psycopg2://airlock_alpha:{{password|url}}@{at}/airlock_alpha?sslmode=verify-full&sslrootcert={root} of airlock-alpha/airflow-database-password#value")
    };
    let named = deployment(THEIR_DATABASE[0]);
    let copied = ("ca.crt".to_owned(), "{value} of airlock/database-authority#ca.crt".to_owned());
    assert_eq!(entries(&named, "airflow-database"), [("value".to_owned(), url("/etc/airlock/database/ca.crt", "db.corp.test:6432")), copied]);
    let by_address = deployment(THEIR_DATABASE[1]);
    assert_eq!(entries(&by_address, "airflow-database"), [("value".to_owned(), url("/etc/ssl/certs/ca-certificates.crt", "10.1.2.3:5432"))]);
    let ours = deployment("");
    assert_eq!(entries(&ours, "airflow-database"), [("value".to_owned(), url("/etc/airlock/internal-ca/value", "database.airlock.svc:5432"))]);
}

#[test]
fn without_an_authority_of_its_own_their_server_is_verified_by_those_that_are_trusted_anyway() {
    let believing = |authority: &str| {
        let text = THEIR_DATABASE[0].replace("authority: \"file:/ca.pem\", ", authority) + "trust: { ca: [\"file:/a.pem\", \"file:/b.pem\"] }\n";
        let platform = Combination::of("theirs", &text).render();
        let secrets = platform.components.iter().flat_map(|component| &component.secrets);
        let read: Vec<String> = secrets.filter(|secret| secret.name == "database-authority").map(|secret| format!("{:?}", secret.entries[0].recipe)).collect();
        let of_deployment = entries(&deployment(&text), "airflow-database");
        let root = of_deployment[0].1.split_once("sslrootcert=").unwrap().1.split(' ').next().unwrap().to_owned();
        (read, root, of_deployment.len())
    };
    let named = "/etc/airlock/database/ca.crt".to_owned();
    assert_eq!(believing(""), (vec!["Authorities { references: [\"file:/a.pem\", \"file:/b.pem\"] }".to_owned()], named.clone(), 2));
    assert_eq!(believing("authority: \"file:/ca.pem\", "), (vec!["Authorities { references: [\"file:/ca.pem\"] }".to_owned()], named, 2));
    assert_eq!(believing("authority: system, "), (Vec::new(), "/etc/ssl/certs/ca-certificates.crt".to_owned(), 1));
}

#[test]
fn every_part_that_needs_the_database_may_reach_its_networks_and_no_others() {
    let monitored = THEIR_DATABASE[0].replacen("components: {", "components: { monitoring: {},", 1) + "alerts: { receiver: none }\n";
    let rendered = deployment(&monitored).render();
    let mut reaching = Vec::new();
    for object in rendered.components.iter().flat_map(|component| &component.objects).filter(|object| object.reference().kind == "NetworkPolicy") {
        let rules = object.manifest().pointer("/spec/egress").and_then(Value::as_array).cloned().unwrap_or_default();
        let networks: Vec<String> =
            rules.iter().filter(|rule| rule.pointer("/ports/0/port") == Some(&6432.into())).map(|rule| rule["to"][0]["ipBlock"]["cidr"].as_str().unwrap_or_default().to_owned()).collect();
        if !networks.is_empty() {
            assert_eq!(networks, ["10.1.2.0/24", "10.1.3.0/24"], "{}", object.reference());
            reaching.push(object.reference().name.clone());
        }
    }
    reaching.sort();
    let parts = ["airflow-api-server", "airflow-dag-processor", "airflow-meter", "airflow-scheduler", "airflow-setup", "airflow-triggerer", "database-drop-alpha", "database-role-alpha"];
    assert_eq!(reaching, parts, "a task is not among them");
    let flows = Combination::of("theirs", THEIR_DATABASE[0]).render().connections;
    let told = |source: &str| flows.iter().any(|flow| flow.source == source && flow.target == "10.1.2.0/24" && flow.port == 6432);
    assert!(told("database-server") && told("airflow-scheduler"), "whoever runs the firewall is told beforehand: {flows:?}");
}
