//! A server inside whose certificate an authority of strangers signed.

use std::time::Duration;

use airlock_bed::eventually;
use airlock_e2e::{Airflow, Site};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::served::{pair, restart_in, store_pair};
use crate::receivers::certificate;

const DAG: &str = "airlock_example";

/// The right name alone is not enough for the edge, which verifies whom it leads users to, nor for tasks. The company's authority is none
/// for servers inside.
pub(crate) fn at_beta_the_edge_turns_away_and_it_is_told(site: &Site) {
    let airflow = Airflow::new(site, "beta");
    let asked = || airflow.ask("GET", "/api/v2/dags", None, None).status;
    assert_eq!(asked(), 401, "the control: beta answers whoever has not logged in");
    assert_eq!(airflow.run(&airflow.first_login(), DAG, &json!({})), "success", "the control: its tasks reach it");
    let kept = pair(site, "beta");
    let (key, signed) = certificate(site, &format!("airflow-api-server.{}.svc", site.tenant("beta")));
    let encoded = |path| STANDARD.encode(std::fs::read(path).expect("the pair"));
    store_pair(site, "beta", &json!({ "tls.crt": encoded(&signed), "tls.key": encoded(&key) }));
    restart_in(site, &site.tenant("beta"), "deployment/airflow-api-server");
    let (turned_away, judged) = (asked(), site.run(&["compliance-check", "--no-profile", "--checks", "TLS-002", "--namespace", &site.name, "--yes", "--all", "-o", "json"]));
    let task = a_task_turns_away(site);
    store_pair(site, "beta", &kept);
    restart_in(site, &site.tenant("beta"), "deployment/airflow-api-server");

    assert_eq!((turned_away, asked()), (502, 401));
    task.unwrap_or_else(|error| panic!("{error}"));
    let report = judged.expect(7).json();
    let told = |verdict: &str| report["findings"].as_array().into_iter().flatten().filter(|finding| finding["verdict"] == verdict).cloned().collect::<Vec<Value>>();
    let failed = told("fail");
    assert!(
        matches!(&failed[..], [one] if one["subject"]["name"] == format!("airflow-api-server.{}.svc:8080", site.tenant("beta")) && one["observed"].as_str().is_some_and(|why| why.contains("not trusted"))),
        "{report}"
    );
    assert!(told("pass").len() >= 5, "hosts and other servers: {report}");
}

/// By Airflow's own client of the API for tasks.
fn a_task_turns_away(site: &Site) -> Result<(), String> {
    let namespace = site.tenant("beta");
    let airflow = |arguments: &[&str]| site.bed.kubectl([&["-n", &namespace, "exec", "deployment/airflow-scheduler", "--", "airflow", "dags"], arguments].concat()).map_err(|error| error.to_string());
    airflow(&["trigger", DAG])?;
    let refused = || {
        let logs = site.bed.kubectl(["-n", &namespace, "logs", "-l", "app.kubernetes.io/name=airflow-task", "--tail=-1"]).unwrap_or_default();
        if logs.contains("CERTIFICATE_VERIFY_FAILED") { Ok(()) } else { Err(logs) }
    };
    let told = eventually("a task to say that it does not trust the server", Duration::from_mins(4), refused).map_err(|error| error.to_string());
    airflow(&["pause", DAG])?;
    told
}
