//! A server inside whose certificate an authority of strangers signed.

use std::time::Duration;

use airlock_bed::eventually;
use airlock_e2e::{Airflow, Site};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::served::{pair, store_pair};
use crate::receivers::certificate;

/// The right name alone is not enough for the edge, which verifies whom it leads users to, nor for tasks. The company's authority is none
/// for servers inside.
pub(crate) fn at_beta_the_edge_turns_away_and_it_is_told(site: &Site) {
    let airflow = Airflow::new(site, "beta");
    let asked = || airflow.ask("GET", "/api/v2/dags", None, None).status;
    assert_eq!(asked(), 401, "the control: beta answers whoever has not logged in");
    let kept = pair(site, "beta");
    let (key, signed) = certificate(site, &format!("airflow-api-server.{}.svc", site.tenant("beta")));
    let encoded = |path| STANDARD.encode(std::fs::read(path).expect("the pair"));
    store_pair(site, "beta", &json!({ "tls.crt": encoded(&signed), "tls.key": encoded(&key) }));
    restart(site);
    let (turned_away, judged) = (asked(), site.run(&["compliance-check", "--no-profile", "--checks", "TLS-002", "--namespace", &site.name, "--yes", "--all", "-o", "json"]));
    let task = a_task_turns_away(site);
    store_pair(site, "beta", &kept);
    restart(site);

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

/// Airflow's own client of the API for tasks: with the right certificate the example runs to success (`airflow`).
fn a_task_turns_away(site: &Site) -> Result<(), String> {
    let namespace = site.tenant("beta");
    let airflow = |arguments: &[&str]| site.bed.kubectl([&["-n", &namespace, "exec", "deployment/airflow-scheduler", "--", "airflow", "dags"], arguments].concat()).map_err(|error| error.to_string());
    airflow(&["unpause", "airlock_example"])?;
    airflow(&["trigger", "airlock_example"])?;
    let refused = || {
        let logs = site.bed.kubectl(["-n", &namespace, "logs", "-l", "app.kubernetes.io/name=airflow-task", "--tail=-1"]).unwrap_or_default();
        if logs.contains("CERTIFICATE_VERIFY_FAILED") { Ok(()) } else { Err(logs) }
    };
    eventually("a task to say that it does not trust the server", Duration::from_mins(4), refused).map_err(|error| error.to_string())
}

/// All of its pods end before there is one that has read what changed.
fn restart(site: &Site) {
    let in_beta = |arguments: &[&str]| site.bed.kubectl([&["-n", &site.tenant("beta")], arguments].concat()).expect("kubectl");
    in_beta(&["scale", "deployment/airflow-api-server", "--replicas=0"]);
    in_beta(&["wait", "--for=delete", "pod", "-l", "app.kubernetes.io/name=airflow-api-server", "--timeout=120s"]);
    in_beta(&["scale", "deployment/airflow-api-server", "--replicas=1"]);
    in_beta(&["rollout", "status", "deployment/airflow-api-server", "--timeout=240s"]);
}
