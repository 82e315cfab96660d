//! Ports that nobody declared, in pods whose policies keep everybody else from them.

use airlock_e2e::{Site, Told};
use serde_json::{Value, json};

/// Among them each port that something here listens on.
const PORTS: &str = "NET-014.ports=1-1000,5000-9500";
const FORGOTTEN: &str = "8099";
/// A server as somebody leaves it who looked for something: it listens before its number is said, and goes on without its terminal.
const SERVER: &str = "import os, signal, socket
server = socket.create_server(('', 8099))
child = os.fork()
if child:
    print(child)
else:
    os.setsid()
    nowhere = os.open('/dev/null', os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    signal.pause()
";

/// A server that is started in a pod of alpha's; and beta without the policy that closes it.
pub(crate) fn that_nobody_declared_are_told(site: &Site) {
    let alpha = site.tenant("alpha");
    let in_alpha = |arguments: &[&str]| site.bed.kubectl([&["-n", &alpha], arguments].concat()).expect("kubectl");
    let audit = site.audit();
    let good = told(site, 0);
    assert!(good.len() > 8 && good.iter().all(|told| told.verdict == "pass"), "{good:#?}");
    let written = audit.writes();
    assert!(written.iter().all(|write| ["pods", "networkpolicies"].contains(&write.resource.as_str())), "{written:#?}");
    assert_eq!(scanning(site), "", "nothing is left");

    let server = in_alpha(&["exec", "deployment/airflow-scheduler", "--", "python3", "-c", SERVER]);
    let found = told(site, 7);
    in_alpha(&["exec", "deployment/airflow-scheduler", "--", "sh", "-c", &format!("kill {}", server.trim())]);
    let failed: Vec<&Told> = found.iter().filter(|told| told.verdict != "pass").collect();
    assert!(
        matches!(&failed[..], [one] if one.verdict == "fail" && one.subject.starts_with(&format!("pod {alpha}/airflow-scheduler-")) && one.observed == format!("open and not declared: {FORGOTTEN}")),
        "{failed:#?}"
    );

    let beta = site.tenant("beta");
    let in_beta = |arguments: &[&str]| site.bed.kubectl([&["-n", &beta], arguments].concat()).expect("kubectl");
    let closing: Value = serde_json::from_str(&in_beta(&["get", "networkpolicy", "default-deny", "-o", "json"])).expect("JSON");
    let again = json!({ "apiVersion": closing["apiVersion"], "kind": closing["kind"], "metadata": { "name": "default-deny", "namespace": beta, "labels": closing["metadata"]["labels"] }, "spec": closing["spec"] });
    in_beta(&["delete", "networkpolicy", "default-deny"]);
    let unknown = told(site, 7);
    site.bed.apply(&again.to_string()).expect("a policy");
    site.bed.until_enforced(&beta, "default-deny", true).expect("it is closed again");
    let unknown: Vec<&Told> = unknown.iter().filter(|told| told.verdict != "pass").collect();
    assert!(matches!(&unknown[..], [one] if one.verdict == "unverified" && one.subject == beta && one.observed.contains("no policy closes all pods")), "{unknown:#?}");
}

fn told(site: &Site, exit: i32) -> Vec<Told> {
    site.told("NET-014", &[PORTS], exit)
}

fn scanning(site: &Site) -> String {
    site.bed.kubectl(["get", "networkpolicies", "--all-namespaces", "-l", "airlock-platform.io/scan", "-o", "name"]).unwrap_or_else(|error| panic!("{} {error}", site.name))
}
