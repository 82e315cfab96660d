//! The platform is watched: the receiver of alerts is tried before it is called one, and alerts arrive there and end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use airlock_bed::eventually;
use airlock_e2e::Site;
use serde_json::Value;

use crate::receivers::{Receiver, TOKEN};
use crate::{auditing, walls};

mod at_length;
mod given_up;
mod telling;
mod unjudged;

/// From a component that goes to its alert: a measurement, a minute for sure, and the wait for others of the same name.
const TOLD_WITHIN: Duration = Duration::from_mins(8);

/// What Alertmanager says, for whoever reads of a failure.
fn alertmanager(site: &Site) -> String {
    site.kubectl(&["logs", "monitoring-0", "-c", "alertmanager", "--tail=30"])
}

/// A platform whose alerts go there, with an auditor that signs; with where it sends its evidence, and the way there if it has one.
fn answers(site: &Site, receiver: &Receiver<'_>, sink: &str, way: &str) -> PathBuf {
    let (auditor, evidence) = auditing::answers(site, sink);
    site.whole_answers(&format!(
        "components: {{ monitoring: {{ mode: bundled }}, database: {{ mode: bundled }}, {auditor} }}\n{evidence}{}network: {{ egress: [{{ component: monitoring, to: {}/32, port: {}, reason: the receiver of alerts }}, {way}] }}\n",
        receiver.alerts(),
        receiver.address,
        receiver.port
    ))
}

#[test]
fn alerts_arrive_and_the_receiver_is_tried_before_it_is_called_one() {
    let site = Site::shared("watched");
    let receiver = Receiver::start(&site, 9443);
    let answers = answers(&site, &receiver, "sink: folder", "");
    let refused = site.install(&answers).expect(6);
    assert!(refused.said().contains("the receiver did not take the message (webhook: clientError)"), "the cause is told:\n{}", refused.said());
    assert_eq!(receiver.messages(), Vec::<Value>::new());

    receiver.answers(200);
    let done = site.installed(&answers);
    assert!(!done.said().contains(TOKEN) && !refused.said().contains(TOKEN), "the address is a secret");
    assert!(receiver.has_told("firing", "AirlockReceiverTest", "", ""), "{:?}", receiver.messages());
    let report = site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "--all", "-o", "json"]).expect(0).json();
    let pinned: BTreeMap<String, String> = serde_yaml::from_str(include_str!("../../expected-verdicts-watched.yaml")).expect("the pinned verdicts");
    assert_eq!(walls::verdicts(&report), pinned, "{report}");
    site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]).expect(0);

    everything_is_measured(&site);
    let judged = site.told("MON-002", &[], 0);
    assert!(judged.len() == 2 && judged.iter().all(|told| told.verdict == "pass"), "rules are written, and Prometheus judges them: {judged:?}");
    let told = || awaits(&site, &receiver, "firing", "AirlockComplianceWorse", "persistentvolumeclaim", "auditor-evidence");
    auditing::at_length::an_audit_says_what_the_command_line_says_and_what_is_worse(&site, &answers, told);
    two_alerts_arrive_and_end(&site, &receiver);
}

#[track_caller]
fn awaits(site: &Site, receiver: &Receiver<'_>, status: &str, alert: &str, label: &str, value: &str) {
    let told = || if receiver.has_told(status, alert, label, value) { Ok(()) } else { Err("not yet") };
    let outcome = eventually(&format!("{alert} of {value} is told as {status}"), TOLD_WITHIN, told);
    outcome.unwrap_or_else(|error| panic!("{error}; told were {:#?}\n{}", receiver.messages(), alertmanager(site)));
}

/// What Prometheus says, asked by its own tool beside it.
fn query(site: &Site, expression: &str) -> String {
    site.kubectl(&["exec", "monitoring-0", "-c", "prometheus", "--", "/bin/promtool", "query", "instant", "http://127.0.0.1:9090", expression])
}

fn everything_is_measured(site: &Site) {
    let measured = || if query(site, "count(up == 1)").contains("=> 8 @") { Ok(()) } else { Err(query(site, "up")) };
    eventually("everything is measured", Duration::from_mins(2), measured).unwrap_or_else(|error| panic!("{error}"));
    for series in [
        "pg_up == 1",
        "pg_settings_max_connections > 0",
        "sum(pg_stat_database_numbackends) > 0",
        "count(airlock_volume_free_bytes{persistentvolumeclaim=~\"(database|monitoring|registry)-data\"} > 0) == 3",
        "count(airlock_volume_free_inodes > 0) == 3",
        "count(airlock_volume_free_bytes < airlock_volume_size_bytes) == 3",
        "kube_statefulset_status_replicas_ready{statefulset=\"registry\"} == 1",
        "count(airlock_certificate_not_after_seconds - time() > 86400) == 6",
    ] {
        assert!(!query(site, series).trim().is_empty(), "{series} is not measured");
    }
    assert_eq!(query(site, "kube_pod_info{namespace!=\"watched\"}").trim(), "", "nothing is asked of other namespaces");
}

fn two_alerts_arrive_and_end(site: &Site, receiver: &Receiver<'_>) {
    let scale = |name: &str, replicas: &str| site.kubectl(&["scale", &format!("statefulset/{name}"), &format!("--replicas={replicas}")]);
    scale("registry", "0");
    scale("database", "0");
    awaits(site, receiver, "firing", "ComponentDown", "statefulset", "registry");
    awaits(site, receiver, "firing", "DatabaseDown", "job", "database");
    let told = measured(site, 7);
    let failed: Vec<&str> = told.iter().filter(|(_, verdict)| verdict == "fail").map(|(target, _)| target.as_str()).collect();
    let (database, registry) = (format!("database.{}.svc", site.name), format!("registry.{}.svc", site.name));
    assert_eq!(failed, [format!("database {database}:9187"), format!("volumes {database}:9102"), format!("volumes {registry}:9102")], "just what does not run is told: {told:?}");
    scale("registry", "1");
    scale("database", "1");
    awaits(site, receiver, "resolved", "ComponentDown", "statefulset", "registry");
    awaits(site, receiver, "resolved", "DatabaseDown", "job", "database");
    assert!(matches!(&measured(site, 0)[..], [(_, verdict)] if verdict == "pass"));
}

/// What MON-001 says of each target that is worth a line.
fn measured(site: &Site, exit: i32) -> Vec<(String, String)> {
    site.told("MON-001", &[], exit).into_iter().map(|told| (told.subject, told.verdict)).collect()
}
