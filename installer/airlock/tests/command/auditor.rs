//! The auditor's command against an API server that grants what its Role grants and refuses the rest: what it asks for, what it
//! keeps, and what it says when something is worse.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use airlock_model::{Digest, names};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api_server::{self, Answer, Request, record, record_map};
use crate::run;
use crate::run::Ended;
use crate::sink_servers::{HOST, certificates, free_port, rsyslog, until};

const ANSWERS: &str = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\ncomponents: { auditor: {} }\nevidence: { sink: folder }\n";
/// The first key of RFC 8032 §7.1, as openssl writes it, and its public half.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
/// The namespaces of the installation, that of an Airflow deployment among them.
const NAMESPACES: [&str; 3] = ["airlock", "airlock-probes", "airlock-alpha"];
/// What may be listed in each of them.
const LISTED: [&str; 11] = ["configmaps", "cronjobs", "limitranges", "persistentvolumeclaims", "pods", "resourcequotas", "serviceaccounts", "services", "jobs", "ingresses", "networkpolicies"];

#[derive(Default)]
struct State {
    /// Method, path, and answer of each request.
    requests: Vec<(String, String, u16)>,
    /// Annotations of the claim.
    annotations: serde_json::Map<String, Value>,
    /// Somebody deleted the policy of the platform's namespace.
    is_open: bool,
    /// Somebody took the `ConfigMaps` of the Airflow deployment out of the Role.
    is_hidden: bool,
    /// The answers name a profile out of a file.
    is_by_file: bool,
}

/// An API server that knows one installation.
struct Api {
    folder: TempDir,
    state: Arc<Mutex<State>>,
}

impl Api {
    fn start() -> Self {
        let (state, folder) = (Arc::new(Mutex::new(State::default())), tempfile::tempdir().unwrap());
        fs::write(folder.path().join("evidence.pub"), PUBLIC).unwrap();
        fs::write(folder.path().join("key.pem"), KEY).unwrap();
        // As a kubelet mounts it.
        fs::set_permissions(folder.path().join("key.pem"), fs::Permissions::from_mode(0o440)).unwrap();
        let shared = Arc::clone(&state);
        api_server::start(folder.path(), move |request| {
            let mut state = shared.lock().unwrap();
            let (status, document) = reply(request, &mut state);
            state.requests.push((request.method.clone(), request.target.clone(), status));
            Answer::Whole(status, document)
        });
        Self { folder, state }
    }

    fn run(&self, line: &str) -> Ended {
        run::airlock(self.folder.path(), line, &[("KUBECONFIG", "kubeconfig")])
    }

    /// An audit, and what it printed for programs.
    fn audit(&self) -> Value {
        let ended = self.run("auditor --namespace airlock --evidence evidence --signer key.pem");
        assert_eq!(ended.exit, 0, "{}", ended.stderr);
        serde_json::from_str(ended.stdout.trim()).unwrap()
    }

    fn annotation(&self, name: &str) -> Value {
        self.state.lock().unwrap().annotations.get(name).cloned().unwrap_or_default()
    }
}

fn reply(request: &Request, state: &mut State) -> (u16, Value) {
    const CLAIM: &str = "/api/v1/namespaces/airlock/persistentvolumeclaims/auditor-evidence";
    let path = request.path();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("POST", ["apis", "authentication.k8s.io", "v1", "selfsubjectreviews"]) => (200, json!({ "status": { "userInfo": { "username": "system:serviceaccount:airlock:auditor" } } })),
        ("GET", ["api", "v1", "namespaces", "airlock" | "airlock-alpha", "configmaps", names::RECORD]) => {
            let profile = if state.is_by_file { "profile: { ref: 'file:/nowhere/acme.yaml' }\n" } else { "" };
            (200, record_map(&record(&format!("{ANSWERS}{profile}"))))
        }
        ("GET", ["api", "v1", "namespaces", name]) if NAMESPACES.contains(name) => (200, json!({ "metadata": { "name": name } })),
        ("GET", _) if path == CLAIM => (200, json!({ "metadata": { "name": "auditor-evidence", "annotations": state.annotations }, "status": { "phase": "Bound" } })),
        ("PATCH", _) if path == CLAIM => {
            let merged: Value = serde_json::from_slice(&request.body).unwrap();
            state.annotations.extend(merged["metadata"]["annotations"].as_object().unwrap().clone());
            (200, json!({ "metadata": {} }))
        }
        ("GET", [.., "airlock-alpha", "configmaps"]) if state.is_hidden => (403, json!({ "kind": "Status", "code": 403, "reason": "Forbidden", "message": "taken out" })),
        ("GET", [.., "namespaces", namespace, resource]) if LISTED.contains(resource) && NAMESPACES.contains(namespace) => {
            let spec = json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": [] });
            let items = match (*resource, *namespace) {
                ("networkpolicies", "airlock") if state.is_open => Vec::new(),
                ("networkpolicies", namespace) => vec![json!({ "metadata": { "name": "default-deny", "namespace": namespace }, "spec": spec })],
                ("configmaps", "airlock") => vec![journal("4f1c", "yes-flag", Some("done")), journal("5b2d", "prompt", None)],
                // By it the deployment is known.
                ("serviceaccounts", "airlock") => vec![json!({ "metadata": { "name": "database-role-alpha", "namespace": "airlock", "labels": { (names::LABEL_TENANT): "alpha" } } })],
                _ => Vec::new(),
            };
            (200, json!({ "metadata": {}, "items": items }))
        }
        // Everybody may ask which groups and versions there are.
        ("GET", ["apis", _] | ["apis", _, _]) => (404, json!({ "kind": "Status", "code": 404, "reason": "NotFound" })),
        _ => (403, json!({ "kind": "Status", "code": 403, "reason": "Forbidden", "message": "no rule of the Role says so" })),
    }
}

/// The journal of a run as the engine writes it.
fn journal(run: &str, approved: &str, outcome: Option<&str>) -> Value {
    let ended = outcome.map(|_| "2021-11-24T12:05:00Z");
    let pages = json!({
        "schema": names::RECORD_SCHEMA, "run": run, "plan": Digest::of(b"plan"), "release": "0.1.0", "approved": approved, "by": "ada@bastion",
        "started": "2021-11-24T12:00:00Z", "ended": ended, "outcome": outcome, "steps": [{ "step": "edge", "started": "2021-11-24T12:00:00Z", "ended": null, "outcome": null }],
    });
    json!({ "metadata": { "name": format!("{}{run}", names::JOURNAL_PREFIX), "namespace": "airlock", "creationTimestamp": "2021-11-24T12:00:00Z" }, "data": { "journal.json": pages.to_string() } })
}

fn verdict<'v>(audited: &'v Value, check: &str) -> &'v str {
    let checks = audited["report"]["checks"].as_array().unwrap();
    checks.iter().find(|known| known["id"] == check).unwrap()["verdict"].as_str().unwrap()
}

#[test]
fn an_audit_is_kept_and_a_policy_that_goes_is_told_until_it_is_back() {
    let api = Api::start();
    let first = api.audit();
    assert_eq!((verdict(&first, "NET-001"), verdict(&first, "NET-010"), verdict(&first, "SEC-004")), ("pass", "unverified", "unverified"), "{first}");
    assert_eq!((&first["audit"]["worse"], api.annotation(names::ANNOTATION_AUDIT_WORSE)), (&json!([]), json!("false")));

    api.state.lock().unwrap().is_open = true;
    let lost = json!({ "check": "NET-001", "before": "pass", "after": "fail", "more": 1 });
    for number in [2, 3] {
        let audited = api.audit();
        let worse = audited["audit"]["worse"].as_array().unwrap();
        assert!(worse.contains(&lost) && audited["audit"]["since"] == first["audit"]["run"], "{number}: {}", audited["audit"]);
        assert_eq!(api.annotation(names::ANNOTATION_AUDIT_WORSE), json!("true"));
        let written: Value = serde_json::from_str(api.annotation(names::ANNOTATION_AUDIT).as_str().unwrap()).unwrap();
        assert_eq!(written, audited["audit"]);
    }

    api.state.lock().unwrap().is_open = false;
    assert_eq!(api.audit()["audit"]["worse"], json!([]));
    assert_eq!(api.annotation(names::ANNOTATION_AUDIT_WORSE), json!("false"));
    let verified = api.run("evidence verify evidence --trust evidence.pub");
    assert_eq!(verified.exit, 0, "{}{}", verified.stdout, verified.stderr);
    assert!(verified.stdout.contains("000004-"), "{}", verified.stdout);
}

#[test]
fn the_auditor_asks_for_nothing_that_its_role_does_not_grant() {
    let api = Api::start();
    api.audit();
    let requests = std::mem::take(&mut api.state.lock().unwrap().requests);
    let refused: Vec<&str> = requests.iter().filter(|(_, _, status)| *status == 403).map(|(_, path, _)| path.as_str()).collect();
    // Who the cluster is stands in evidence where it can be read.
    assert_eq!(refused, ["/api/v1/namespaces/kube-system"]);
    let writes: Vec<&str> = requests.iter().filter(|(method, _, _)| method != "GET").map(|(_, path, _)| path.split('?').next().unwrap_or_default()).collect();
    assert_eq!(writes, ["/apis/authentication.k8s.io/v1/selfsubjectreviews", "/api/v1/namespaces/airlock/persistentvolumeclaims/auditor-evidence"]);
    assert!(requests.iter().any(|(_, path, _)| path.contains("/namespaces/airlock-alpha/pods")), "{requests:?}");
    assert!(requests.iter().all(|(_, path, _)| !path.contains("/secrets")), "{requests:?}");
}

#[test]
fn an_audit_keeps_which_plans_were_carried_out_and_what_it_may_not_read_of_them() {
    let api = Api::start();
    api.state.lock().unwrap().is_hidden = true;
    let audited = api.audit();
    let run = api.folder.path().join("evidence").join(audited["audit"]["run"]["run"].as_str().unwrap());
    let kept: Value = serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
    let namespaces = &kept["judged"]["installation"]["planRuns"]["known"];
    let plan_run = json!({
        "run": "4f1c", "plan": Digest::of(b"plan"), "release": "0.1.0", "approved": "yes-flag", "by": "ada@bastion",
        "started": "2021-11-24T12:00:00Z", "ended": "2021-11-24T12:05:00Z", "outcome": "done",
    });
    assert_eq!(namespaces["airlock"]["known"][0], plan_run, "{kept}");
    assert_eq!((&namespaces["airlock"]["known"][1]["approved"], &namespaces["airlock"]["known"][1]["ended"]), (&json!("prompt"), &Value::Null), "{kept}");
    let why = namespaces["airlock-alpha"]["unverified"].as_str().unwrap();
    assert!(why.contains("/api/v1/namespaces/airlock-alpha/configmaps"), "{why}");

    let told = || {
        let told = api.run("evidence report evidence --trust evidence.pub --from 2021-01-01 --to 2099-12-31 -o json");
        assert_eq!(told.exit, 0, "{}", told.stderr);
        serde_json::from_str::<Value>(&told.stdout).unwrap()
    };
    let lacking = |period: &Value| period["unaccounted"].as_array().unwrap().iter().any(|one| one["namespaces"] == json!(["airlock-alpha"]) && one["why"] == why);
    let period = told();
    assert_eq!((period["planRuns"].as_array().map(Vec::len), lacking(&period)), (Some(2), true), "{period}");
    api.state.lock().unwrap().is_hidden = false;
    api.audit();
    let period = told();
    assert_eq!((period["planRuns"].as_array().map(Vec::len), lacking(&period)), (Some(2), false), "{period}");
}

#[test]
fn an_audit_goes_by_the_profile_that_is_mounted_where_the_answers_say_so_and_by_no_other() {
    const AUDIT: &str = "auditor --namespace airlock --evidence evidence --signer key.pem";
    let api = Api::start();
    let acme = "apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: { name: acme, version: '1', owner: o }\nchecks: [NET-001]\n";
    fs::write(api.folder.path().join("profile.yaml"), acme).unwrap();
    let name = |ended: &Ended| serde_json::from_str::<Value>(ended.stdout.trim()).unwrap()["report"]["profile"]["name"].clone();
    let mounted = format!("{AUDIT} --profile profile.yaml");
    assert_eq!(name(&api.run(&mounted)), "baseline", "the answers name it");
    api.state.lock().unwrap().is_by_file = true;
    assert_eq!(name(&api.run(&mounted)), "acme");
    let refused = api.run(AUDIT);
    assert_eq!((refused.exit, refused.stdout.as_str()), (3, ""), "{}", refused.stderr);
    assert!(refused.stderr.contains("error[platform.profile-copy]"), "{}", refused.stderr);
    let asked = api.state.lock().unwrap().requests.iter().any(|(_, path, _)| path.contains(names::PROFILE));
    assert!(!asked, "its Role does not grant it");
}

#[test]
fn a_report_that_was_changed_ends_the_audit_and_leaves_what_the_last_one_said() {
    let api = Api::start();
    api.audit();
    let (said, run) = (api.annotation(names::ANNOTATION_AUDIT), fs::read_dir(api.folder.path().join("evidence")).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap());
    let report = run.join("report.json");
    fs::write(&report, fs::read_to_string(&report).unwrap().replace("\"pass\"", "\"fail\"")).unwrap();
    let ended = api.run("auditor --namespace airlock --evidence evidence --signer key.pem");
    assert_eq!((ended.exit, ended.stderr.contains("error[evidence.previous]")), (8, true), "{}", ended.stderr);
    assert_eq!(api.annotation(names::ANNOTATION_AUDIT), said);
}

#[test]
fn an_audit_that_a_sink_was_not_told_of_is_written_down_and_told_with_the_next() {
    let api = Api::start();
    let (at, port) = (api.folder.path(), free_port());
    certificates(at);
    let log = || fs::read_to_string(at.join("syslog")).unwrap_or_default();
    // As the CronJob gives it.
    let audit = || {
        api.run(&format!(
            r#"auditor --namespace airlock --quiet --evidence evidence --signer key.pem --sink {{"syslog":{{"host":"{HOST}","port":{port}}}}} --origin platform.test --sink-authority ca.pem"#
        ))
    };
    let missed = audit();
    assert_eq!((missed.exit, missed.stderr.contains("error[evidence.sink-unreachable]")), (8, true), "{}", missed.stderr);
    let printed: Value = serde_json::from_str(missed.stdout.trim()).unwrap();
    let written = || serde_json::from_str::<Value>(api.annotation(names::ANNOTATION_AUDIT).as_str().unwrap()).unwrap();
    assert_eq!(written(), printed["audit"], "what it found is known all the same");

    let _server = rsyslog(at, port);
    let told = audit();
    assert_eq!((told.exit, told.stderr.as_str()), (0, ""));
    until(|| log().matches("/SHA256SUMS").count() == 2, log);
    let line = |audit: &Value| format!(" platform.test airlock {}  {}/SHA256SUMS", audit["run"]["sums"].as_str().unwrap().trim_start_matches("sha256:"), audit["run"]["run"].as_str().unwrap());
    let head: Vec<String> = log().lines().filter(|line| line.contains("/SHA256SUMS")).map(|line| format!("{line}\n")).collect();
    for (logged, audit) in head.iter().zip([&printed["audit"], &written()]) {
        assert!(logged.trim_end().ends_with(&line(audit)), "{logged}: {}", line(audit));
    }
    fs::write(at.join("head"), head.concat()).unwrap();
    let verified = api.run("evidence verify evidence --trust evidence.pub --head head");
    assert_eq!(verified.exit, 0, "{}{}", verified.stdout, verified.stderr);
}
