//! An Airflow that shows its configuration to whoever logs in.

use airlock_e2e::{Airflow, Run, Site};
use serde_json::json;

use super::door::Door;
use super::served::restart_in;
use crate::walls::{but, verdicts};

/// Everything about Airflow that is judged by objects.
const OF_AIRFLOW: &str = "AFL-002,AFL-004,AFL-005,AFL-006";

/// By beta's settings, as its servers are given them; put back.
pub(crate) fn to_whoever_asks_is_told(site: &Site) {
    let namespace = site.tenant("beta");
    let airflow = Airflow::new(site, "beta");
    let asked = || airflow.ask("GET", "/api/v2/config", Some(&airflow.first_login()), None).status;
    let set = |value: serde_json::Value| {
        let patch = json!({ "data": { "AIRFLOW__API__EXPOSE_CONFIG": value } }).to_string();
        site.bed.kubectl(["-n", &namespace, "patch", "configmap", "airflow-settings", "--type=merge", "-p", &patch]).expect("kubectl");
        restart_in(site, &namespace, "deployment/airflow-api-server");
    };
    let before = verdicts(&judged(site, &[]).json());
    assert_eq!((before["AFL-005"].as_str(), asked()), ("pass", 403), "{before:?}");

    set(json!("True"));
    let (opened, shown) = (judged(site, &[]), asked());
    let told = site.told("AFL-005", &[], 7);
    set(json!(null));
    assert_eq!((verdicts(&opened.expect(7).json()), shown), (but(&before, "fail", &["AFL-005"]), 200));
    let failed: Vec<(&str, &str)> = told.iter().filter(|told| told.verdict != "pass").map(|told| (told.subject.as_str(), told.observed.as_str())).collect();
    assert!(matches!(failed[..], [(subject, observed)] if subject.contains("airflow-settings") && observed.contains("AIRFLOW__API__EXPOSE_CONFIG")), "the map alone, not the pods: {told:#?}");

    // The control: whoever may not read its settings knows nothing of them, however good its pods look.
    let shut = Door::of(site, &format!("/namespaces/{namespace}/configmaps$"));
    assert_eq!(verdicts(&judged(site, &["--kubeconfig", &shut.kubeconfig]).expect(7).json()), but(&before, "unverified", &["AFL-002", "AFL-004", "AFL-005"]));
    assert_eq!((verdicts(&judged(site, &[]).json()), asked()), (before, 403));
}

fn judged(site: &Site, further: &[&str]) -> Run {
    let arguments = ["compliance-check", "--no-profile", "--checks", OF_AIRFLOW, "--namespace", &site.name, "--yes", "--all", "-o", "json"];
    site.run(&[&arguments[..], further].concat())
}
