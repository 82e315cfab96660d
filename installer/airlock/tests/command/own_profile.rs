//! An installation that is judged by the company's own profile: which one a command judges by, on a machine without its file.

use std::fs;
use std::sync::{Arc, Mutex};

use airlock_model::names;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api_server::{self, Answer, Request, record, record_map};
use crate::run;
use crate::run::Ended;

const ANSWERS: &str = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\nprofile: { ref: 'file:acme.yaml' }\n";
const ACME: &str = "apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: { name: acme, version: '1', owner: secops }\nchecks: [PSS-001]\n";
const CHECK: &str = "compliance-check --kubeconfig kubeconfig --probes none -o json";

/// A folder without the file, and an installation with this copy of it.
struct World {
    folder: TempDir,
    requests: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn of(copy: Copy) -> Self {
        let (folder, requests) = (tempfile::tempdir().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let asked = Arc::clone(&requests);
        api_server::start(folder.path(), move |request| {
            asked.lock().unwrap().push(request.target.clone());
            answer(request, copy)
        });
        Self { folder, requests }
    }

    fn run(&self, line: &str) -> Ended {
        run::airlock(self.folder.path(), line, &[])
    }

    /// The name of the profile that was judged by.
    fn judged_by(&self, further: &str) -> Value {
        let ended = self.run(&format!("{CHECK} {further}"));
        let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stderr));
        report["profile"]["name"].clone()
    }
}

/// What the API server says of the copy.
#[derive(Clone, Copy)]
enum Copy {
    Holds(&'static str),
    Gone,
    Forbidden,
}

fn answer(request: &Request, copy: Copy) -> Answer {
    let parts: Vec<&str> = request.path().trim_matches('/').split('/').collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["api", "v1", "namespaces", "airlock", "configmaps", names::RECORD]) => Answer::Whole(200, record_map(&record(ANSWERS))),
        ("GET", ["api", "v1", "namespaces", "airlock", "configmaps", names::PROFILE]) => match copy {
            Copy::Holds(text) => Answer::Whole(200, json!({ "metadata": { "name": names::PROFILE, "namespace": "airlock" }, "data": { (names::PROFILE_KEY): text } })),
            Copy::Gone => Answer::refusal(404, "NotFound", "there is none"),
            Copy::Forbidden => Answer::refusal(403, "Forbidden", "configmaps is forbidden: User \"eve\" cannot get resource \"configmaps\" in API group \"\""),
        },
        ("GET", ["api", "v1", "namespaces", name]) => Answer::Whole(200, json!({ "metadata": { "name": name } })),
        ("GET", _) if request.query("limit").is_some() => Answer::Whole(200, json!({ "metadata": {}, "items": [] })),
        _ => Answer::refusal(404, "NotFound", "there is none"),
    }
}

#[test]
fn a_colleague_judges_by_the_installed_copy_and_by_another_where_she_says_so() {
    let world = World::of(Copy::Holds(ACME));
    assert_eq!(world.judged_by(""), "acme");
    // What stands here under the name in the answers may be another one.
    fs::write(world.folder.path().join("acme.yaml"), ACME.replace("name: acme", "name: other")).unwrap();
    assert_eq!(world.judged_by(""), "acme");
    assert_eq!(["--profile baseline --checks PSS-001", "--profile ./acme.yaml", "--no-profile --checks PSS-001"].map(|flags| world.judged_by(flags)), ["baseline", "other", "none"]);
    assert_eq!(world.run("compliance-check --kubeconfig kubeconfig --probes list -o json").exit, 0);
}

#[test]
fn where_the_copy_cannot_be_read_no_other_profile_takes_its_place() {
    for (copy, first, next) in [
        (Copy::Gone, "error[platform.profile-copy]: the profile that the installation is judged by cannot be read from ConfigMap airlock/airlock-profile: it is not there", "`--profile`"),
        (
            Copy::Holds("kind: Secret\n"),
            "error[platform.profile-copy]: the profile that the installation is judged by cannot be read from ConfigMap airlock/airlock-profile: profile.yaml",
            "`--profile`",
        ),
        (Copy::Forbidden, "error[cluster.forbidden]: missing right: get configmaps in namespace airlock", ""),
    ] {
        let world = World::of(copy);
        for line in [CHECK, "compliance-check --kubeconfig kubeconfig --probes list -o json"] {
            let ended = world.run(line);
            assert!(ended.exit == 3 && !ended.stdout.contains("summary") && !ended.stdout.contains("attempts"), "{}{}", ended.stdout, ended.stderr);
            let told = ended.stderr.lines().find(|line| line.starts_with("error")).unwrap_or_default();
            assert!(told.starts_with(first) && ended.stderr.contains(next), "{}", ended.stderr);
        }
        assert_eq!(world.judged_by("--profile baseline --checks PSS-001"), "baseline");
    }
}

#[test]
fn a_file_that_is_none_ends_a_plan_before_a_cluster_is_asked() {
    let world = World::of(Copy::Holds(ACME));
    fs::write(world.folder.path().join("answers.yaml"), ANSWERS).unwrap();
    for (text, first) in [
        (None, "error[compliance.profile-unreadable]: the profile acme.yaml cannot be read"),
        (Some(ACME.replace("PSS-001", "PSS-999")), "error[compliance."),
        (Some(ACME.replace("checks", "chekcs")), "error[compliance.profile-shape]: acme.yaml:4:1"),
    ] {
        if let Some(text) = text {
            fs::write(world.folder.path().join("acme.yaml"), text).unwrap();
        }
        for command in ["plan --answers answers.yaml", "install --answers answers.yaml --yes"] {
            let ended = world.run(&format!("{command} --kubeconfig kubeconfig"));
            assert_eq!(ended.exit, 2, "{}", ended.stderr);
            assert!(ended.stderr.lines().any(|line| line.starts_with(first)), "{}", ended.stderr);
        }
    }
    assert_eq!(*world.requests.lock().unwrap(), Vec::<String>::new());
    fs::write(world.folder.path().join("acme.yaml"), ACME).unwrap();
    assert_ne!(world.run("plan --answers answers.yaml --kubeconfig kubeconfig").exit, 2);
    assert_ne!(*world.requests.lock().unwrap(), Vec::<String>::new());
}
