//! Bad input: input → exit code → first line of stderr, and nothing is written.

use airlock_e2e::{Run, Site};

/// What a case expects.
struct Expected {
    exit: i32,
    first_line: &'static str,
}

#[track_caller]
fn assert_refused(site: &Site, case: &str, run: &Run, expected: &Expected) {
    assert_eq!(run.exit, expected.exit, "{case}: stdout:\n{}\nstderr:\n{}", run.stdout, run.stderr);
    assert!(run.first_line().contains(expected.first_line), "{case}: the first line of stderr is `{}`, not `…{}…`\n{}", run.first_line(), expected.first_line, run.stderr);
    let made = site.bed.kubectl(["get", "namespaces", &site.name, &site.probes(), "--ignore-not-found", "-o", "name"]).expect("kubectl");
    assert_eq!(made, "", "{case}: something was written");
}

#[test]
fn answers_that_a_cluster_refuses_write_nothing() {
    let site = Site::shared("refused");
    let cases = [
        ("storage class that does not exist", "components: { registry: { storage: { class: gold } } }\n", Expected { exit: 3, first_line: "finding" }),
        (
            "too little memory",
            "components: { registry: { resources: { requests: { cpu: 100m, memory: 900Gi }, limits: { cpu: 100m, memory: 900Gi } } } }\n",
            Expected { exit: 3, first_line: "finding" },
        ),
        ("profile that does not exist", "profile: { ref: nonsense }\n", Expected { exit: 2, first_line: "nonsense" }),
        ("override of a host that does not exist", "hosts: { overrides: { regsitry: \"images.refused.platform.test\" } }\n", Expected { exit: 2, first_line: "did you mean `registry`" }),
    ];
    for (case, further, expected) in cases {
        let audit = site.audit();
        let run = site.install(&site.answers(further));
        assert_refused(&site, case, &run, &expected);
        assert_eq!(audit.writes(), [], "{case}");
    }
}

#[test]
fn answers_that_no_cluster_is_asked_about_are_refused_at_once() {
    let site = Site::shared("unread");
    let minimal = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: a.platform.test\n";
    let cases = [
        ("unknown key", format!("{minimal}sizng: tiny\n"), Expected { exit: 2, first_line: "sizng" }),
        ("wrong type", format!("{minimal}edge: {{ internal: 7 }}\n"), Expected { exit: 2, first_line: "internal" }),
        ("missing reference", format!("{minimal}trust: {{ ca: [ \"file:/does/not/exist.pem\" ] }}\n"), Expected { exit: 2, first_line: "error[answers.reference]" }),
        ("missing variable", format!("{minimal}trust: {{ ca: [ \"env:NOT_SET_ANYWHERE\" ] }}\n"), Expected { exit: 2, first_line: "NOT_SET_ANYWHERE is not set" }),
        ("tab", format!("{minimal}edge:\n\tinternal: true\n"), Expected { exit: 2, first_line: "tab" }),
        ("two documents", format!("{minimal}---\n{minimal}"), Expected { exit: 2, first_line: "document" }),
        ("base domain that is none", minimal.replace("a.platform.test", "https://a.platform.test/x"), Expected { exit: 2, first_line: "scheme" }),
        ("not built yet", format!("{minimal}tls: {{ source: acme }}\n"), Expected { exit: 2, first_line: "tls.source" }),
    ];
    for (case, text, expected) in cases {
        let run = site.install(&site.file("wrong.yaml", &text));
        assert_refused(&site, case, &run, &expected);
    }
}

#[test]
fn a_cluster_that_cannot_be_reached_is_named() {
    let site = Site::shared("unreached");
    let answers = site.answers("").display().to_string();
    let kubeconfig = std::fs::read_to_string(site.bed.kubeconfig()).expect("kubeconfig");
    let server = kubeconfig.lines().flat_map(|line| line.split(['"', ' ', ','])).find(|word| word.starts_with("https://")).expect("server").to_owned();
    let cases = [
        ("API unreachable", kubeconfig.replace(&server, "https://127.0.0.1:1"), "127.0.0.1:1"),
        ("no context", kubeconfig.lines().filter(|line| !line.starts_with("current-context")).collect::<Vec<_>>().join("\n"), "context"),
    ];
    let expired = site.bed.expired_user("expired", &["system:masters"]).expect("kubeconfig");
    let expired = std::fs::read_to_string(expired).expect("kubeconfig");
    for (case, text, first_line) in cases.into_iter().chain([("expired client certificate", expired, "expired")]) {
        let file = site.file("kubeconfig", &text).display().to_string();
        let run = site.run(&["--kubeconfig", &file, "install", "--answers", &answers, "--yes"]);
        assert_refused(&site, case, &run, &Expected { exit: 4, first_line });
    }
}

#[test]
fn a_caller_who_may_only_look_is_told_which_rights_are_missing() {
    let site = Site::shared("viewer");
    let answers = site.answers("").display().to_string();
    let kubeconfig = site.bed.user("onlooker", &[]).expect("kubeconfig").display().to_string();
    let binding = format!("{}-view", site.name);
    site.bed.kubectl(["delete", "clusterrolebinding", &binding, "--ignore-not-found"]).expect("binding");
    site.bed.kubectl(["create", "clusterrolebinding", &binding, "--clusterrole=view", "--user=onlooker"]).expect("binding");
    let run = site.run(&["--kubeconfig", &kubeconfig, "install", "--answers", &answers, "--yes"]);
    site.bed.kubectl(["delete", "clusterrolebinding", &binding]).expect("binding");
    assert_refused(&site, "view only", &run, &Expected { exit: 3, first_line: "finding" });
    assert!(run.said().contains("create namespaces") || run.said().contains("patch namespaces"), "the missing right is named:\n{}", run.stderr);
}

#[test]
fn a_namespace_with_a_workload_of_somebody_else_is_left_alone() {
    let site = Site::shared("foreign");
    site.bed.kubectl(["create", "namespace", &site.name]).expect("namespace");
    site.bed.kubectl(["-n", &site.name, "create", "deployment", "theirs", "--image=registry.k8s.io/pause:3.10"]).expect("deployment");
    let run = site.install(&site.answers(""));
    let left = site.bed.kubectl(["-n", &site.name, "get", "deployments,secrets,services", "-o", "name"]).expect("kubectl");
    site.remove();
    assert_eq!(run.exit, 3, "{}", run.stderr);
    assert!(run.said().contains("theirs"), "the workload is named:\n{}", run.stderr);
    assert_eq!(left.trim(), "deployment.apps/theirs");
}

#[test]
fn two_installs_at_once_and_one_holds_the_lease() {
    let site = Site::shared("twice");
    let answers = site.answers("").display().to_string();
    let start = || site.command(&["install", "--answers", &answers, "--yes"]).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("airlock starts");
    let (first, second) = (start(), start());
    let exits: Vec<i32> = [first, second].into_iter().map(|child| child.wait_with_output().expect("ends").status.code().unwrap_or(-1)).collect();
    site.remove();
    let mut sorted = exits.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [9, 11], "one waits for DNS, the other finds the lease held");
}

#[test]
fn an_interrupted_install_ends_well_when_it_is_run_again() {
    let site = Site::shared("interrupted");
    let answers = site.answers("");
    let events = site.file("events.jsonl", "");
    let mut child = site
        .command(&["install", "--answers", &answers.display().to_string(), "--yes", "--events", &events.display().to_string()])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("airlock starts");
    airlock_bed::eventually("a first write", std::time::Duration::from_mins(1), || {
        let text = std::fs::read_to_string(&events).unwrap_or_default();
        if text.contains("objectSettled") { Ok(()) } else { Err("no object settled yet") }
    })
    .expect("the run writes");
    // nsenter replaces itself by the program, so the child's pid is the program's.
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill").success());
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    site.installed(&answers);
    site.remove();
}

#[test]
fn an_image_that_its_registry_does_not_have_is_known_before_the_first_write() {
    let site = Site::shared("imageless");
    let bed = &site.bed;
    // The company's registry forgets the tag; it is published again afterwards.
    let forget = "nginxinc/nginx-unprivileged";
    let folder = bed.folder().join("registries/data/docker/registry/v2/repositories").join(forget).join("_manifests/tags");
    let hidden = folder.with_file_name("tags-hidden");
    std::fs::rename(&folder, &hidden).expect("the registry keeps its tags there");
    let run = site.install(&site.answers(""));
    std::fs::rename(&hidden, &folder).expect("back");
    assert_refused(&site, "image not in the registry", &run, &Expected { exit: 3, first_line: "finding" });
    assert!(run.said().contains(forget), "the image is named:\n{}", run.stderr);
}
