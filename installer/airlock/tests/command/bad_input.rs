//! Bad input that is heard without a cluster: what is given, how the run ends, and the first line of standard error.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use tempfile::TempDir;

use crate::run;
use crate::run::Ended;

const MINIMAL: &str = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\n";

/// A folder in which commands run, without a home, a kubeconfig, or a proxy of whoever runs the tests.
struct World {
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("answers.yaml"), MINIMAL).unwrap();
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn with(self, name: &str, text: &str) -> Self {
        fs::write(self.path().join(name), text).unwrap();
        self
    }

    fn run(&self, line: &str) -> Ended {
        run::airlock(self.path(), line, &[])
    }
}

impl Ended {
    fn first_line(&self) -> &str {
        self.stderr.lines().next().unwrap_or_default()
    }
}

/// A kubeconfig with one context for one server and one user.
fn kubeconfig(server: &str, user: &str, current: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters: [{{ name: c, cluster: {{ server: '{server}', insecure-skip-tls-verify: true }} }}]\ncontexts: [{{ name: there, context: {{ cluster: c, user: u }} }}]\nusers: [{{ name: u, user: {user} }}]\n{current}"
    )
}

/// A port on loopback that nobody listens on.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn each_wrong_text_of_answers_ends_with_2_and_names_its_place() {
    let cases = [
        (format!("{MINIMAL}sizng: small\n"), "error[answers.unknown-key]: answers.yaml:4:1: unknown key `sizng`; did you mean `sizing`?"),
        (format!("{MINIMAL}edge: [a]\n"), "error[answers.wrong-type]: answers.yaml:4:7: `edge` must be a group of keys, but here is a list"),
        (format!("{MINIMAL}edge:\n\tinternal: true\n"), "error[answers.tab]: answers.yaml:5:1: a tab indents this line; YAML indents with spaces alone"),
        (format!("{MINIMAL}---\nkind: Answers\n"), "error[answers.documents]: answers.yaml:4:1: a second document begins here; a file holds one"),
        (format!("{MINIMAL}kind: Answers\n"), "error[answers.duplicate-key]: answers.yaml:4:1: `kind` stands twice; the first one is on line 2"),
        (
            MINIMAL.replace("platform.test", "https://platform.test"),
            "error[answers.value]: answers.yaml:3:13: `baseDomain`: `https://platform.test` has a scheme; give the name alone, as in platform.example.com",
        ),
        (MINIMAL.replace("platform.test", "localhost"), "error[answers.value]: answers.yaml:3:13: `baseDomain`: `localhost` has one label only; a base domain has at least two, as in example.com"),
        (
            format!("{MINIMAL}tls: {{ source: cert-manager }}\n"),
            "error[answers.value]: answers.yaml:4:16: `tls.source`: it needs `tls.issuerRef`, as in issuerRef: { name: company-ca, kind: ClusterIssuer }",
        ),
        (
            format!("{MINIMAL}tls: {{ source: cert-manager, issuerRef: {{ name: company-ca, kind: Isuer }} }}\n"),
            "error[answers.value]: answers.yaml:4:67: `tls.issuerRef.kind`: `Isuer` is no kind of cert-manager.io; possible are ClusterIssuer and Issuer",
        ),
        (format!("{MINIMAL}tls: {{ source: cert-manager, issuerRef: {{ name: company-ca }} }}\n"), "error[answers.missing]: answers.yaml:4:41: `tls.issuerRef.kind` is missing"),
        (
            format!("{MINIMAL}tls: {{ source: cert-manager, issuerRef: {{ name: company-ca, kind: Issuer }}, renewBefore: 1m }}\n"),
            "error[answers.value]: answers.yaml:4:90: `tls.renewBefore`: `1m` is too short; cert-manager takes 5 minutes and more",
        ),
        (
            format!("{MINIMAL}trust: {{ ca: ['file:missing.pem'] }}\n"),
            "error[answers.reference]: answers.yaml:4:15: `trust.ca[0]`: file:missing.pem cannot be read: No such file or directory (os error 2)",
        ),
        (format!("{MINIMAL}trust: {{ ca: ['env:MISSING'] }}\n"), "error[answers.reference]: answers.yaml:4:15: `trust.ca[0]`: is a file; possible is file:PATH"),
        (format!("{MINIMAL}tls: {{ source: files }}\n"), "error[answers.value]: answers.yaml:4:16: `tls.source`: it needs `tls.certificate`, as in file:/etc/airlock/tls.crt"),
        (format!("{MINIMAL}images: {{ pullSecret: 'secret:airlock' }}\n"), "error[answers.reference]: answers.yaml:4:23: `images.pullSecret`: is not of the form secret:namespace/name"),
        ("apiVersion: airlock/v1\nkind: Answers\n".into(), "error[answers.missing]: answers.yaml:1:1: `baseDomain` is missing"),
        (String::new(), "error[answers.empty]: answers.yaml: the document is empty"),
    ];
    for (text, expected) in cases {
        let world = World::new().with("answers.yaml", &text);
        for command in ["install --yes", "plan", "requirements"] {
            let ended = world.run(&format!("{command} --answers answers.yaml"));
            assert_eq!((ended.exit, ended.first_line()), (2, expected), "{command}: {}", ended.stderr);
            assert_eq!(ended.stdout, "");
        }
    }
}

#[test]
fn without_answers_and_without_a_terminal_nobody_is_asked() {
    for line in ["install", "install --yes", "install -o json"] {
        let ended = World::new().run(line);
        assert_eq!((ended.exit, ended.first_line()), (2, "error[command.no-answers]: install needs --answers FILE, or a terminal on which it can ask; nothing was written"), "{line}");
        assert!(ended.stderr.contains("next:    airlock install --answers FILE"), "{}", ended.stderr);
    }
}

#[test]
fn an_unusable_kubeconfig_ends_with_4() {
    let unreachable = format!("https://127.0.0.1:{}", closed_port());
    let cases = [
        (String::new(), "cluster."),
        ("not: [a kubeconfig".into(), "cluster."),
        (kubeconfig(&unreachable, "{}", ""), "cluster."),
        (kubeconfig(&unreachable, "{}", "current-context: elsewhere\n"), "cluster."),
        (kubeconfig(&unreachable, "{}", "current-context: there\n"), "cluster.unreachable"),
    ];
    for (text, code) in cases {
        let world = World::new().with("kubeconfig", &text);
        for command in ["inspect", "plan --answers answers.yaml", "install --answers answers.yaml --yes", "status", "uninstall --yes", "compliance-check"] {
            let ended = world.run(&format!("{command} --kubeconfig kubeconfig"));
            assert_eq!(ended.exit, 4, "{command}: {}", ended.stderr);
            assert!(ended.first_line().starts_with(&format!("error[{code}")), "{command}: {}", ended.stderr);
        }
    }
}

#[test]
fn a_context_that_does_not_exist_is_named_with_those_that_do() {
    let world = World::new().with("kubeconfig", &kubeconfig("https://127.0.0.1:1", "{}", "current-context: there\n"));
    let ended = world.run("inspect --kubeconfig kubeconfig --context elsewhere");
    assert_eq!(ended.exit, 4);
    assert!(ended.first_line().contains("elsewhere") && ended.first_line().contains("there"), "{}", ended.stderr);
}

#[test]
fn without_any_kubeconfig_the_places_are_named() {
    let ended = World::new().run("status");
    assert_eq!(ended.exit, 4);
    assert!(ended.first_line().contains("KUBECONFIG"), "{}", ended.stderr);
}

#[test]
fn wrong_usage_ends_with_2() {
    let world = World::new();
    for line in [
        "",
        "instal",
        "install",
        "install --answers",
        "plan --answers answers.yaml --timeout never",
        "status --output yaml",
        "plan --answers answers.yaml --quiet --verbose",
        "probe",
        "probe --listen 0",
    ] {
        let ended = world.run(line);
        assert_eq!(ended.exit, 2, "{line}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{line}");
    }
    for (line, expected) in [
        ("plan --answers missing.yaml", "error[command.answers-unreadable]: cannot read the answers missing.yaml"),
        ("plan --answers answers.yaml --output csv", "error[command.format]: plan does not write csv; possible: text, json"),
        ("plan --answers answers.yaml --namespace other", "error[command.namespace]: --namespace says `other`, but namespaces.platform in the answers says `airlock`"),
        ("explain cluster.unreachble", "error[command.unknown-id]: there is no check, error code, or step `cluster.unreachble`; did you mean `cluster.unreachable`?"),
        ("install --answers answers.yaml --yes --events missing/events.jsonl", "error[command.events]: cannot write events to missing/events.jsonl"),
        ("requirements --namespace Kube", "error[command.argument]: --namespace: `Kube` is no name of a namespace: up to 63 lower case letters, digits, and `-`, with a letter or digit at both ends"),
    ] {
        let ended = world.run(line);
        assert_eq!((ended.exit, ended.first_line()), (2, expected), "{}", ended.stderr);
    }
}

#[test]
fn a_failure_ends_with_the_exact_next_command() {
    let ended = World::new().with("answers.yaml", "- a\n").run("install --answers answers.yaml --yes");
    let (screen, log) = ended.stderr.rsplit_once("  log:     ").unwrap();
    assert!(log.contains("/airlock/runs/") && log.ends_with(".log\n"), "{log}");
    insta::assert_snapshot!(screen);
}

#[test]
fn with_json_a_failure_is_one_document_on_standard_output() {
    let ended = World::new().with("answers.yaml", &format!("{MINIMAL}sizng: small\nedge: 7\n")).run("install --answers answers.yaml --yes --output json");
    assert_eq!(ended.exit, 2);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document.pointer("/error/code").and_then(serde_json::Value::as_str), Some("answers.unknown-key"));
    assert_eq!(document.pointer("/error/faults").and_then(serde_json::Value::as_array).map(Vec::len), Some(2));
    assert!(ended.first_line().starts_with("error[answers.unknown-key]"), "{}", ended.stderr);
}

#[test]
fn a_secret_in_the_wrong_place_is_shown_nowhere() {
    for more in ["password: hunter2\n", "trust: { ca: [hunter2] }\n", "images: { pullSecret: hunter2 }\n", "network: { proxy: { https: 'http://me:hunter2@proxy:1' } }\n"] {
        let world = World::new().with("answers.yaml", &format!("{MINIMAL}{more}"));
        let ended = world.run("install --answers answers.yaml --yes --output json");
        assert_eq!(ended.exit, 2, "{}", ended.stderr);
        assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("hunter2"), "{more}: {}", ended.stderr);
        for log in fs::read_dir(world.path().join(".local/state/airlock/runs")).unwrap() {
            assert!(!fs::read_to_string(log.unwrap().path()).unwrap().contains("hunter2"), "{more}");
        }
    }
}
