//! Manifests as Kustomize and Helm really render them, handed on over standard input.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use airlock_bed::Bed;
use airlock_e2e::program;
use serde_json::Value;

/// Check, verdict, kind, namespace, and name of a finding, and the field of the object.
type Said = [String; 6];

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(path)
}

/// What one of the bed's programs prints; no bed has to run.
fn rendered(name: &str, arguments: &[&str]) -> String {
    let output = Command::new(Bed::from_environment().folder().join("bin").join(name)).args(arguments).current_dir(fixture(".")).output().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn judged(manifests: &str) -> Value {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    std::io::Write::write_all(&mut file, manifests.as_bytes()).expect("the file is ours");
    let standing = File::open(file.path()).expect("the file is ours");
    let output = Command::new(program()).args(["compliance-check", "--all", "-o", "json", "--manifests", "-"]).stdin(Stdio::from(standing)).output().expect("airlock starts");
    assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn said(report: &Value) -> BTreeSet<Said> {
    let findings = report["findings"].as_array().expect("findings").iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let told = |finding: &Value| ["/check", "/verdict", "/subject/kind", "/subject/namespace", "/subject/name", "/path"].map(|place| finding.pointer(place).map(text).unwrap_or_default());
    findings.map(told).collect()
}

/// The checks and the verdicts of what one of the two says of objects and the other does not.
fn only_in<'a>(one: &'a BTreeSet<Said>, other: &'a BTreeSet<Said>) -> BTreeSet<(&'a str, &'a str)> {
    one.difference(other).map(|[check, verdict, ..]| (check.as_str(), verdict.as_str())).collect()
}

#[test]
fn what_kustomize_renders_is_judged_as_the_plain_files_are_under_the_names_that_it_gives() {
    let plain = said(&judged(&std::fs::read_to_string(fixture("kustomize/plain.yaml")).expect("a fixture")));
    assert!(plain.iter().any(|[check, verdict, kind, _, name, _]| [check, verdict, kind, name] == ["SEC-001", "fail", "ConfigMap", "settings"]), "{plain:?}");

    // The generated ConfigMap is named by a digest of what it holds.
    let base = rendered("kubectl", &["kustomize", "kustomize/base"]);
    let hashed = base.split_whitespace().find(|word| word.starts_with("settings-")).expect("a generated name").to_owned();
    assert_eq!(base.matches(&hashed).count(), 2, "the Deployment refers to it: {base}");
    let of_base = said(&judged(&base));
    assert!(of_base.iter().any(|[check, .., name, _]| check == "SEC-001" && *name == hashed), "{of_base:?}");
    let renamed = |told: BTreeSet<Said>, names: &[(&str, &str)]| -> BTreeSet<Said> {
        let rename = |text: String| names.iter().find(|(from, _)| *from == text).map_or(text, |(_, to)| (*to).to_owned());
        told.into_iter().map(|said| said.map(rename)).collect()
    };
    assert_eq!(renamed(of_base, &[(&hashed, "settings")]), plain);

    // The overlay names the image by its digest and takes the privilege away; all else is the base under other names.
    let overlay = said(&judged(&rendered("kubectl", &["kustomize", "kustomize/overlay"])));
    let prefixed = format!("blue-{hashed}");
    let overlay = renamed(overlay, &[(&prefixed, "settings"), ("blue-web", "web"), ("test", "shop")]);
    assert_eq!(only_in(&plain, &overlay), BTreeSet::from([("PSS-001", "fail"), ("REG-004", "fail")]));
    assert_eq!(only_in(&overlay, &plain), BTreeSet::from([("PSS-001", "pass"), ("REG-004", "pass")]));
}

#[test]
fn what_helm_renders_is_judged_by_the_names_of_the_release_and_what_is_no_manifest_is_told() {
    // A chart that ends its documents in every way, with a document of a comment alone, a template that gives nothing, a hook, and notes.
    let rendering = rendered("helm", &["template", "blue", "chart", "--namespace", "shop"]);
    assert!(rendering.matches("# Source: shop/templates/").count() > 3 && rendering.contains("only-a-comment"), "{rendering}");
    let report = judged(&rendering);
    let told = said(&report);
    let of = |check: &str, verdict: &str| -> Vec<String> {
        told.iter().filter(|[c, v, ..]| c == check && v == verdict).map(|[_, _, kind, namespace, name, _]| format!("{kind} {namespace}/{name}")).collect()
    };
    assert_eq!(report["summary"]["objects"], 3, "{report}");
    assert_eq!(of("SRC-001", "pass").len(), 1, "{told:?}");
    assert_eq!((of("PSS-001", "fail"), of("PSS-002", "fail")), (vec!["Deployment shop/blue-two".to_owned()], vec!["Job /blue-migration".to_owned()]));

    // A dry run prints notes and a summary beside the objects, which is no manifest: it is not passed over.
    let dry_run = said(&judged(&rendered("helm", &["install", "blue", "chart", "--namespace", "shop", "--dry-run=client"])));
    assert!(dry_run.iter().any(|[check, verdict, ..]| check == "SRC-001" && verdict == "error"), "{dry_run:?}");
}
