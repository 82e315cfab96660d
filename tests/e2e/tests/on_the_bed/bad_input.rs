//! Bad input: input → exit code → first line of stderr, and nothing is written.

use std::process::{Child, Stdio};

use airlock_bed::{AuditEntry, AuditLog, Output};
use airlock_e2e::{Run, Site};

/// What a case expects. Files are named as in the site's folder; `…` stands for any text.
pub(crate) struct Expected {
    pub(crate) exit: i32,
    pub(crate) first_line: &'static str,
}

impl Expected {
    fn fits(&self, line: &str) -> bool {
        let parts: Vec<&str> = self.first_line.split('…').collect();
        let Some((begin, others)) = parts.split_first() else { return false };
        let Some(rest) = line.strip_prefix(begin) else { return false };
        // What is left when each part has been found behind the one before.
        let left = others.iter().try_fold(rest, |rest, part| rest.find(part).map(|at| &rest[at + part.len()..]));
        left.is_some_and(|left| left.is_empty() || parts.last() == Some(&""))
    }
}

#[track_caller]
pub(crate) fn assert_refused(site: &Site, case: &str, run: &Run, expected: &Expected) {
    assert_eq!(run.exit, expected.exit, "{case}: stdout:\n{}\nstderr:\n{}", run.stdout, run.stderr);
    let line = run.first_line().replace(&format!("{}/", site.folder().display()), "");
    assert!(expected.fits(&line), "{case}: the first line of stderr is `{line}`, not `{}`\n{}", expected.first_line, run.stderr);
    let made = site.bed.kubectl(["get", "namespaces", &site.name, &site.probes(), "--ignore-not-found", "-o", "name"]).expect("kubectl");
    assert_eq!(made, "", "{case}: something was written");
}

/// Answers that were given for a cluster with another UID.
const ELSEWHERE: &str = "cluster: { uid: 5d0f8f1c-0000-4000-8000-000000000000 }\n";

#[test]
fn answers_that_a_cluster_refuses_write_nothing() {
    let site = Site::shared("refused");
    let cases = [
        (
            "storage class that does not exist",
            "components: { registry: { storage: { class: gold } } }\n",
            Expected { exit: 3, first_line: "error[platform.blocked]: STO-001 (StorageClass gold) blocks the run; nothing was written" },
        ),
        (
            "too little memory",
            "components: { registry: { resources: { requests: { cpu: 100m, memory: 900Gi }, limits: { cpu: 100m, memory: 900Gi } } } }\n",
            Expected { exit: 3, first_line: "error[platform.blocked]: CAP-001 (requests of all pods) and 1 more finding block the run; nothing was written" },
        ),
        (
            "profile that does not exist",
            "profile: { ref: nonsense }\n",
            Expected {
                exit: 2,
                first_line: "error[compliance.unknown-profile]: no profile `nonsense` ships with Airlock; there is: baseline, restricted, cis-1.12, nsa, pci-dss-4, soc2, nist-800-53, nist-800-190, iso-27001, hipaa, pss, airgap, astronomer-2018",
            },
        ),
        (
            "answers for another cluster",
            ELSEWHERE,
            Expected { exit: 3, first_line: "error[platform.other-cluster]: the answers are for the cluster 5d0f8f1c-0000-4000-8000-000000000000, and this one is …; nothing was written" },
        ),
        (
            "override of a host that does not exist",
            "hosts: { overrides: { regsitry: \"images.refused.platform.test\" } }\n",
            Expected { exit: 2, first_line: "error[render.host]: hosts.overrides: there is no host `regsitry`; did you mean `registry`?" },
        ),
    ];
    for (case, further, expected) in cases {
        let audit = site.audit();
        let run = site.install(&site.answers(further));
        assert_refused(&site, case, &run, &expected);
        assert_eq!(audit.writes(), [], "{case}");
    }
}

#[test]
fn answers_for_another_cluster_are_taken_from_whoever_says_that_this_one_is_meant() {
    let site = Site::shared("moved");
    let elsewhere = site.answers(ELSEWHERE).display().to_string();
    site.run(&["install", "--answers", &elsewhere, "--yes", "--until", "namespaces"]).expect(3);
    site.run(&["install", "--other-cluster", "--answers", &elsewhere, "--yes", "--until", "namespaces"]).expect(0);
    assert_eq!(site.bed.kubectl(["get", "namespace", &site.name, "-o", "name"]).expect("kubectl").trim(), format!("namespace/{}", site.name));
}

#[test]
fn answers_that_no_cluster_is_asked_about_are_refused_at_once() {
    let site = Site::shared("unread");
    let minimal = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: a.platform.test\n";
    let monitored = "components: { monitoring: {} }\nnetwork: { egress: [ { component: monitoring, to: 10.1.2.0/24, port: 443, reason: alerts } ] }\n";
    let cases = [
        ("unknown key", format!("{minimal}sizng: tiny\n"), Expected { exit: 2, first_line: "error[answers.unknown-key]: wrong.yaml:4:1: unknown key `sizng`; did you mean `sizing`?" }),
        (
            "wrong type",
            format!("{minimal}edge: {{ internal: 7 }}\n"),
            Expected { exit: 2, first_line: "error[answers.wrong-type]: wrong.yaml:4:19: `edge.internal` must be true or false, but here is other text" },
        ),
        (
            "missing reference",
            format!("{minimal}trust: {{ ca: [ \"file:/does/not/exist.pem\" ] }}\n"),
            Expected { exit: 2, first_line: "error[answers.reference]: wrong.yaml:4:16: `trust.ca[0]`: file:/does/not/exist.pem cannot be read: No such file or directory (os error 2)" },
        ),
        (
            "missing variable",
            format!("{minimal}{monitored}alerts: {{ receiver: webhook, webhook: {{ url: \"env:NOT_SET_ANYWHERE\" }} }}\n"),
            Expected { exit: 2, first_line: "error[answers.reference]: wrong.yaml:6:46: `alerts.webhook.url`: env:NOT_SET_ANYWHERE is not set here" },
        ),
        ("tab", format!("{minimal}edge:\n\tinternal: true\n"), Expected { exit: 2, first_line: "error[answers.tab]: wrong.yaml:5:1: a tab indents this line; YAML indents with spaces alone" }),
        ("two documents", format!("{minimal}---\n{minimal}"), Expected { exit: 2, first_line: "error[answers.documents]: wrong.yaml:4:1: a second document begins here; a file holds one" }),
        (
            "base domain that is none",
            minimal.replace("a.platform.test", "https://a.platform.test/x"),
            Expected { exit: 2, first_line: "error[answers.value]: wrong.yaml:3:13: `baseDomain`: `https://a.platform.test/x` has a scheme; give the name alone, as in platform.example.com" },
        ),
        (
            "not built yet",
            format!("{minimal}secrets: {{ mode: external }}\n"),
            Expected { exit: 2, first_line: "error[answers.not-built]: wrong.yaml:4:18: `secrets.mode: external` is not built yet; possible is generate" },
        ),
        (
            "an authority without its address",
            format!("{minimal}tls: {{ source: acme }}\n"),
            Expected { exit: 2, first_line: "error[answers.value]: wrong.yaml:4:16: `tls.source`: it needs `tls.acme`, as in acme: { directory: https://acme.example.com/directory, … }" },
        ),
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
        ("API unreachable", kubeconfig.replace(&server, "https://127.0.0.1:1"), "error[cluster.unreachable]: cannot reach the API server https://127.0.0.1:1: …"),
        (
            "no context",
            kubeconfig.lines().filter(|line| !line.starts_with("current-context")).collect::<Vec<_>>().join("\n"),
            "error[cluster.no-current-context]: the kubeconfig has no current context; it knows bed",
        ),
    ];
    let expired = site.bed.expired_user("expired", &["system:masters"]).expect("kubeconfig");
    let expired = std::fs::read_to_string(expired).expect("kubeconfig");
    for (case, text, first_line) in cases.into_iter().chain([("expired client certificate", expired, "error[cluster.client-certificate-expired]: the API server https://…")]) {
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
    let audit = site.bed.audit().expect("audit log");
    let run = site.run(&["--kubeconfig", &kubeconfig, "install", "--answers", &answers, "--yes"]);
    let wrote = audit.writes_by("onlooker").expect("audit log");
    site.bed.kubectl(["delete", "clusterrolebinding", &binding]).expect("binding");
    assert_refused(&site, "view only", &run, &Expected { exit: 3, first_line: "error[platform.blocked]: RGT-001 (rights of the caller) blocks the run; nothing was written" });
    assert_eq!(wrote, [], "not even an attempt");
    assert!(run.said().contains("namespaces (create, patch)"), "the missing right is named:\n{}", run.stderr);
}

#[test]
fn a_namespace_with_a_workload_of_somebody_else_is_left_alone() {
    let site = Site::shared("foreign");
    site.bed.kubectl(["create", "namespace", &site.name]).expect("namespace");
    site.bed.kubectl(["-n", &site.name, "create", "deployment", "theirs", "--image=registry.k8s.io/pause:3.10"]).expect("deployment");
    let audit = site.audit();
    let run = site.install(&site.answers(""));
    let wrote = audit.writes();
    let left = site.bed.kubectl(["-n", &site.name, "get", "deployments,secrets,services", "-o", "name"]).expect("kubectl");
    assert_eq!(run.exit, 3, "{}", run.stderr);
    assert_eq!(run.first_line(), "error[platform.blocked]: NSP-001 (Namespace foreign) blocks the run; nothing was written", "{}", run.stderr);
    assert!(run.said().contains("theirs"), "the workload is named:\n{}", run.stderr);
    assert_eq!(wrote, [], "nothing is written");
    assert_eq!(left.trim(), "deployment.apps/theirs");
}

/// Two installs at once, each by an administrator of its own; the exit codes, and what the one said that ended with 9.
fn race(site: &Site) -> (Vec<i32>, String, Rivals) {
    let answers = site.answers("").display().to_string();
    let rivals = Rivals::of(site);
    let ends = rivals.run(site, &["install", "--answers", &answers]);
    let mut exits: Vec<i32> = ends.iter().map(|end| end.code.unwrap_or(-1)).collect();
    exits.sort_unstable();
    let said = ends.iter().find(|end| end.code == Some(9)).map(|end| end.stderr.clone()).unwrap_or_default();
    (exits, said, rivals)
}

/// The administrators of two runs, and what they write.
pub(crate) struct Rivals {
    names: [String; 2],
    log: AuditLog,
}

impl Rivals {
    pub(crate) fn of(site: &Site) -> Self {
        Self { names: ["ada", "eve"].map(|name| format!("{}-{name}", site.name)), log: site.bed.audit().expect("audit log") }
    }

    /// The same command by both, at once.
    pub(crate) fn run(&self, site: &Site, command: &[&str]) -> [Output; 2] {
        let start = |user: &str| -> Child {
            let kubeconfig = site.bed.user(user, &["system:masters"]).expect("kubeconfig").display().to_string();
            let mut command = site.command(&[&["--quiet", "--kubeconfig", &kubeconfig], command, &["--yes"]].concat());
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("airlock starts")
        };
        let runs = self.names.each_ref().map(|user| start(user));
        runs.map(|child| Output::from(child.wait_with_output().expect("ends")))
    }

    /// What the API server took of this one.
    pub(crate) fn took(&self, user: &str) -> Vec<AuditEntry> {
        self.log.writes_by(user).expect("audit log").into_iter().filter(|write| write.code < 400).collect()
    }

    /// The one whom the other names, and the other.
    pub(crate) fn winner_and_loser(&self, said: &str) -> (&str, &str) {
        let [ada, eve] = self.names.each_ref().map(String::as_str);
        let line = said.lines().next().unwrap_or_default();
        let names = |user: &str| line.starts_with(&format!("error[engine.lease-held]: {user} run ")) && line.contains(" is at work on this installation since ");
        assert!(names(ada) || names(eve), "the first line does not name the holder: `{line}`\n{said}");
        if names(ada) { (ada, eve) } else { (eve, ada) }
    }
}

#[test]
fn two_installs_at_once_and_one_holds_the_lease() {
    let site = Site::shared("twice");
    let (exits, said, rivals) = race(&site);
    let (winner, loser) = rivals.winner_and_loser(&said);
    let (by_winner, by_loser) = (rivals.took(winner), rivals.took(loser));
    assert_eq!(exits, [9, 11], "one waits for DNS, the other finds the lease held");
    assert!(!by_winner.is_empty());
    // There is no place for a lease before there is a namespace, and both may have come first there.
    assert!(by_loser.iter().all(|write| write.resource == "namespaces"), "{loser} found the lease held by {winner}: {by_loser:?}");
}

#[test]
fn the_one_who_finds_the_lease_held_writes_nothing() {
    let site = Site::shared("again");
    // The namespace is there, since whoever makes it writes before there is a place for a lease.
    site.bed.kubectl(["create", "namespace", &site.name]).expect("namespace");
    let (exits, said, rivals) = race(&site);
    let (winner, loser) = rivals.winner_and_loser(&said);
    let (by_winner, by_loser) = (rivals.took(winner), rivals.took(loser));
    assert_eq!(exits, [9, 11], "one waits for DNS, the other finds the lease held");
    assert!(!by_winner.is_empty());
    assert_eq!(by_loser, [], "{loser} found the lease held by {winner}");
}
