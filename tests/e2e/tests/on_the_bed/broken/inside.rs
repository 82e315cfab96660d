//! A server inside the cluster that speaks without TLS.

use airlock_e2e::Site;
use serde_json::{Value, json};

use super::served::{read, replace, restart, start, stop, with};
use crate::walls::verdicts;

/// The registry is changed so that it answers plain HTTP: its readers would notice, and TLS-008 says it by its name.
pub(crate) fn a_server_without_tls_is_told_by_its_name(site: &Site) {
    let [registry, configuration] = ["statefulset/registry", "secret/registry-config"].map(|object| read(site, object));
    let whole = site.kubectl(&["get", "secret", "registry-config", "-o", r#"go-template={{index .data "config.yml" | base64decode}}"#]);
    let (before, tls) = whole.split_once("\n  tls:\n").expect("the section of TLS");
    let rest = tls.lines().skip_while(|line| line.starts_with("    ")).collect::<Vec<_>>().join("\n");
    replace(site, &with(&configuration, "stringData", "config.yml", &format!("{before}\n{rest}\n")));
    let mut asked_plainly = registry.clone();
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        asked_plainly["spec"]["template"]["spec"]["containers"][0][probe]["httpGet"]["scheme"] = json!("HTTP");
    }
    replace(site, &asked_plainly);
    restart(site, "statefulset/registry");
    let judge = || site.run(&["compliance-check", "--no-profile", "--checks", "TLS-008", "--namespace", &site.name, "--yes", "--all", "-o", "json"]);
    let judged = judge();
    replace(site, &configuration);
    replace(site, &registry);
    restart(site, "statefulset/registry");

    let report = judged.expect(7).json();
    let told: Vec<(&Value, &Value)> = report["findings"].as_array().expect("findings").iter().map(|finding| (&finding["subject"]["name"], &finding["verdict"])).collect();
    let failed: Vec<&Value> = told.iter().filter(|(_, verdict)| *verdict == "fail").map(|(name, _)| *name).collect();
    assert_eq!(failed, [&json!(format!("registry.{}.svc:5000, without TLS", site.name))], "{report}");
    assert!(told.len() > 2 && told.iter().filter(|(_, verdict)| *verdict == "pass").count() == told.len() - 1, "the servers of the deployments stay as they are: {report}");
    judge().expect(0);

    // The control: where nobody answers, nobody answers without TLS either.
    stop(site, &site.name, "statefulset/registry");
    let gone = judge();
    start(site, &site.name, "statefulset/registry");
    assert_eq!(verdicts(&gone.expect(7).json()), [("TLS-008".to_owned(), "unverified".to_owned())].into());
    judge().expect(0);
}
