//! Ctrl-C at each stage of an install: 130, nothing half done is left, and the same command ends well.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use airlock_bed::{Output, eventually};
use airlock_e2e::Site;

/// Starts `airlock`, with its events in a file.
fn start(site: &Site, arguments: &[&str], events: &Path) -> Child {
    // What the run before has told is not this one's.
    std::fs::write(events, "").expect("a file for events");
    let events = events.display().to_string();
    let mut command = site.command(arguments);
    command.args(["--events", &events, "--quiet"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("airlock starts")
}

/// Sends Ctrl-C, and sees how the run ends.
#[track_caller]
fn was_interrupted(child: Child, when: &str) {
    // nsenter replaces itself by the program, so the child's pid is the program's.
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill").success());
    let ended = Output::from(child.wait_with_output().expect("ends"));
    let first_line = ended.stderr.lines().next().unwrap_or_default();
    assert!(ended.code == Some(130) && first_line.starts_with("error[") && first_line.ends_with(".interrupted]: interrupted; what is done is kept"), "{when}: {:?} {first_line}", ended.code);
}

/// Waits until the run has told such an event.
fn told(events: &Path, words: &str) {
    eventually(words, Duration::from_mins(2), || {
        let text = std::fs::read_to_string(events).unwrap_or_default();
        if text.contains(words) { Ok(()) } else { Err(text.lines().last().unwrap_or("no event").to_owned()) }
    })
    .expect("the run comes so far");
}

fn probe_pods(site: &Site) -> String {
    site.bed.kubectl(["get", "pods", "--namespace", &site.probes(), "--selector", "airlock-platform.io/probe-run", "-o", "name"]).expect("kubectl")
}

fn verdict(site: &Site) -> String {
    let record = site.kubectl(&["get", "configmap", "airlock-record", "-o", "json"]);
    let record: serde_json::Value = serde_json::from_str(&record).expect("JSON");
    let text = record["data"].as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str()).collect::<String>();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("the record is no document: {error}\n{text}"));
    document["verdict"].to_string()
}

#[test]
fn an_install_that_is_interrupted_at_any_stage_ends_well_when_it_is_run_again() {
    let site = Site::shared("interrupted");
    let answers = site.answers("");
    let path = answers.display().to_string();
    let install = ["install", "--answers", path.as_str(), "--yes"];
    let events = site.file("events.jsonl", "");

    while_it_looks(&site, &install, &events);

    let run = start(&site, &install, &events);
    told(&events, "objectSettled");
    was_interrupted(run, "between two writes");

    site.install(&answers).expect(11);
    site.set_dns();
    site.install(&answers).expect(11);
    site.trust_on_nodes();
    while_it_verifies(&site, &install, &events);
    assert_eq!(verdict(&site), "null", "half a verification gives no verdict");
    site.install(&answers).expect(0);
    // Nobody is told of alerts (MON-003).
    assert_eq!(verdict(&site), "\"warn\"");

    let check = ["compliance-check", "--profile", "baseline", "--namespace", site.name.as_str(), "--yes"];
    while_it_verifies(&site, &check, &events);
    let time_over = site.run(&[&["--timeout", "3s", "--quiet"], check.as_slice()].concat()).expect(6);
    assert!(time_over.first_line().contains("the time given for the run is over"), "{}", time_over.stderr);
    assert_eq!(probe_pods(&site), "", "no pod is left");
    site.run(&check).expect(0);
    killed_while_it_asks_servers(&site, &check, &events);
    site.run(&check).expect(0);
}

/// SIGKILL while a pod stands beside the servers that it asks. It is left there, and the next run judges the namespace with it.
fn killed_while_it_asks_servers(site: &Site, check: &[&str], events: &Path) {
    let left = || site.kubectl(&["get", "pods", "--selector", "airlock-platform.io/probe-run", "-o", "name"]);
    let mut run = start(site, check, events);
    eventually("a pod beside the servers", Duration::from_mins(2), || if left().is_empty() { Err("none yet") } else { Ok(()) }).expect("there is one");
    run.kill().expect("its process");
    run.wait().expect("ends");
    assert!(left().contains("probe-"), "what a killed run left is what this is about");
}

/// By a long way to the API server, so that there is time before the first write.
fn while_it_looks(site: &Site, install: &[&str], events: &Path) {
    let server = |text: &str| text.lines().find_map(|line| line.split_once("server: \"")?.1.split('"').next().map(str::to_owned)).expect("a server in the kubeconfig");
    let read = |path: &Path| std::fs::read_to_string(path).expect("kubeconfig");
    let (ours, distant) = (read(&site.kubeconfig), read(&site.bed.distant(300).expect("a long way")));
    let far = site.file("far.kubeconfig", &ours.replace(&server(&ours), &server(&distant))).display().to_string();
    let (audit, asked) = (site.audit(), site.bed.audit().expect("audit log"));

    let run = start(site, &[install, &["--kubeconfig", far.as_str()]].concat(), events);
    let user = format!("{}-admin", site.name);
    eventually("a first request", Duration::from_mins(1), || {
        let entries = asked.entries().map_err(|error| error.to_string())?;
        if entries.iter().any(|entry| entry.user == user) { Ok(()) } else { Err("none".to_owned()) }
    })
    .expect("the run looks at the cluster");
    was_interrupted(run, "before the first write");
    assert_eq!(audit.writes(), [], "nothing is written");
    assert_eq!(std::fs::read_to_string(events).unwrap_or_default(), "", "no step has begun");
}

fn while_it_verifies(site: &Site, command: &[&str], events: &Path) {
    let run = start(site, command, events);
    told(events, "\"attempts\"");
    was_interrupted(run, &command.join(" "));
    assert_eq!(probe_pods(site), "", "no pod is left");
}
