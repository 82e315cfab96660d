//! What needs the password of an Airflow deployment's database role: its own pods try it by schedule, and the auditor hears of it.

use std::io::Read as _;
use std::time::Duration;

use airlock_bed::eventually;
use airlock_e2e::Site;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::{answers, result, verdict, worsened};
use crate::walls::sql;

/// What rests on logins at the database server alone.
const BY_LOGINS: [&str; 8] = ["AFL-003", "DBS-001", "DBS-002", "DBS-003", "DBS-004", "DBS-005", "DBS-006", "DBS-009"];
const NAMES: [&str; 2] = ["alpha", "beta"];

/// Without what their pods say nothing is vouched for; with it the auditor says what the command line says, as the databases were made and
/// with a wall between them opened.
pub(crate) fn try_what_the_auditor_may_not(site: &Site) {
    let (auditor, evidence) = answers(site, "sink: folder");
    let answers = site.whole_answers(&format!("components: {{ {auditor} }}\n{evidence}"));
    site.install(&answers).expect(0);
    for name in NAMES {
        site.run(&["deployment", "create", name, "--example-dag", "--namespace", &site.name, "--yes"]).expect(0);
    }
    // What the schedule begins would come between.
    for (namespace, name) in [(site.name.clone(), "auditor"), (site.tenant("alpha"), "airflow-attempts"), (site.tenant("beta"), "airflow-attempts")] {
        site.bed.kubectl(["-n", &namespace, "patch", "cronjob", name, "--patch", "spec: { suspend: true }"]).expect("kubectl");
    }
    let before = result(site, "untried");
    for id in BY_LOGINS {
        assert_eq!(verdict(&before["report"], id), "unverified", "{id}");
        assert!(observed(&before["report"], id).iter().all(|observed| observed.contains("has made no pod so far") && observed.contains("`airlock compliance-check`")), "{id}: {before}");
    }

    tried(site, "closed");
    let closed = result(site, "closed");
    agrees(&closed["report"], &by_hand(site));
    assert!(BY_LOGINS.iter().filter(|id| verdict(&closed["report"], id) == "pass").count() >= 7, "{closed}");
    no_password_is_told(site);

    sql(site, "beta", "GRANT CONNECT ON DATABASE airlock_beta TO PUBLIC");
    tried(site, "open");
    let open = result(site, "open");
    let by_hand = by_hand(site);
    sql(site, "beta", "REVOKE CONNECT ON DATABASE airlock_beta FROM PUBLIC");
    agrees(&open["report"], &by_hand);
    assert_eq!(worsened(&open), [["DBS-002", "pass", "fail"], ["DBS-003", "pass", "fail"]], "{}", open["audit"]);
    tried(site, "mended");
    let mended = result(site, "mended");
    assert_eq!(worsened(&mended), <[[&str; 3]; 0]>::default(), "{}", mended["audit"]);

    led_astray(site);
    let astray = result(site, "astray");
    let of = |name: &str| observed(&astray["report"], "DBS-001").into_iter().filter(|observed| observed.contains(&site.tenant(name))).collect::<Vec<_>>();
    assert_eq!(verdict(&astray["report"], "DBS-001"), "unverified", "{astray}");
    assert!(of("alpha").iter().any(|observed| observed.contains("spec.hostAliases[0]")) && of("beta").is_empty(), "{:?}", observed(&astray["report"], "DBS-001"));
}

/// A Job of alpha's own `CronJob`, but its pod has an address of somebody's choice for a name: it might have been the database server's.
fn led_astray(site: &Site) {
    let namespace = site.tenant("alpha");
    let made = site.bed.kubectl(["-n", &namespace, "create", "job", "attempts-astray", "--from=cronjob/airflow-attempts", "--dry-run=client", "-o", "json"]).expect("a Job");
    let mut job: Value = serde_json::from_str(&made).expect("JSON");
    job["spec"]["template"]["spec"]["hostAliases"] = json!([{ "ip": "127.0.0.1", "hostnames": ["elsewhere.test"] }]);
    site.bed.apply(&job.to_string()).expect("the Job");
    ended(site, "alpha", "attempts-astray");
}

/// Each deployment's attempts now, as the schedule makes them; all end well.
fn tried(site: &Site, name: &str) {
    for of in NAMES {
        site.bed.kubectl(["-n", &site.tenant(of), "create", "job", &format!("attempts-{name}"), "--from=cronjob/airflow-attempts"]).expect("a Job");
    }
    for of in NAMES {
        ended(site, of, &format!("attempts-{name}"));
    }
}

fn ended(site: &Site, of: &str, job: &str) {
    let namespace = site.tenant(of);
    let ended = eventually("the attempts end", Duration::from_mins(4), || {
        let status = site.bed.kubectl(["-n", &namespace, "get", "job", job, "-o", "jsonpath={.status.succeeded}"]).map_err(|error| error.to_string())?;
        if status == "1" { Ok(()) } else { Err(status) }
    });
    ended.unwrap_or_else(|error| panic!("{of}: {error}"));
}

fn by_hand(site: &Site) -> Value {
    site.run(&["compliance-check", "--profile", "baseline", "--checks", "AFL-003,DBS-*", "--namespace", &site.name, "--yes", "--all", "-o", "json"]).json()
}

/// The checks that rest on logins say what a run of the command line says.
fn agrees(report: &Value, run: &Value) {
    for id in BY_LOGINS {
        assert_eq!(verdict(report, id), verdict(run, id), "{id}: {report}");
    }
}

fn observed(report: &Value, id: &str) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings").iter().filter(|finding| finding["check"] == id);
    findings.map(|finding| finding["observed"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The pod has no token, mounts the password of its own role alone, and its last words hold the outcomes without it.
fn no_password_is_told(site: &Site) {
    for of in NAMES {
        let pods = site.bed.kubectl(["-n", &site.tenant(of), "get", "pods", "-l", "app.kubernetes.io/component=airflow-attempts", "-o", "json"]).expect("pods");
        let pods: Value = serde_json::from_str(&pods).expect("JSON");
        let pod = &pods["items"][0];
        assert_eq!(pod["spec"]["automountServiceAccountToken"], false, "{pod}");
        let mounted: Vec<&Value> = pod["spec"]["volumes"].as_array().expect("volumes").iter().map(|volume| &volume["secret"]["secretName"]).collect();
        assert_eq!(mounted, ["airflow-database-password", "internal-ca"], "{pod}");
        let message = pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"].as_str().expect("its last words");
        let mut said = String::new();
        GzDecoder::new(BASE64_STANDARD.decode(message).expect("base64").as_slice()).read_to_string(&mut said).expect("gzip");
        assert!(said.contains(&format!("database.own.{of}")), "{said}");
        let encoded = site.bed.kubectl(["-n", &site.tenant(of), "get", "secret", "airflow-database-password", "-o", "jsonpath={.data.value}"]).expect("a Secret");
        let password = String::from_utf8(BASE64_STANDARD.decode(encoded).expect("base64")).expect("text");
        assert!(password.len() > 16 && !said.contains(&password), "{of}");
    }
}
