//! Reports of `airlock compliance-check` as those see them who get them: a browser, and programs of others. No cluster is needed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use airlock_e2e::program;

mod browser;
mod readers;
mod repeated;

/// Manifests whose names try everything, judged by every check, in a form.
fn report(folder: &Path, format: &str, flags: &[&str]) -> PathBuf {
    let manifests = folder.join("hostile.yaml");
    std::fs::write(&manifests, hostile()).expect("the folder is ours");
    let output = Command::new(program()).args(["compliance-check", "-o", format, "--manifests"]).arg(&manifests).args(flags).stdin(Stdio::null()).output().expect("airlock starts");
    assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
    let written = folder.join(format!("report.{format}"));
    std::fs::write(&written, output.stdout).expect("the folder is ours");
    written
}

fn hostile() -> String {
    let long = "x".repeat(300);
    let names = [
        "<script>alert('name')</script>".to_owned(),
        "\" onmouseover=\"alert(1)".to_owned(),
        "photo\u{202e}gpj.exe".to_owned(),
        long,
        "two\nlines".to_owned(),
        "=HYPERLINK(1)".to_owned(),
        "]]>&amp;{{ 7 * 7 }}".to_owned(),
    ];
    let pod = |name: &String| {
        let name = serde_json::to_string(name).expect("a text");
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{ name: {name}, namespace: {name} }}\nspec: {{ hostNetwork: true, containers: [ {{ name: {name}, image: {name}, securityContext: {{ privileged: true }} }} ] }}\n"
        )
    };
    names.iter().map(pod).collect::<Vec<_>>().join("---\n")
}
