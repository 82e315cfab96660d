//! Reports of `airlock compliance-check` as those see them who get them: a browser, and programs of others. No cluster is needed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use airlock_e2e::program;

mod browser;
mod controls;
mod readers;
mod rendered;
mod repeated;
mod soaked;
mod verdicts;

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

/// What a name can be in a file; the last is like others, and its namespace is one that a cluster can have.
fn names() -> Vec<String> {
    [
        "<script>alert('name')</script>",
        "\" onmouseover=\"alert(1)",
        "photo\u{202e}gpj.exe",
        &"x".repeat(300),
        "two\nlines",
        "=HYPERLINK(1)",
        "a;=HYPERLINK(2)",
        "＝HYPERLINK(3)",
        "]]>&amp;{{ 7 * 7 } {% 7 %}",
        "a | b ~~c~~ **d** `e` _f_ # g",
        "![a](https://evil.example/a.png) [b](javascript:alert(1)) <https://evil.example>",
        "https://evil.example/a www.evil.example jane@evil.example @everyone",
        "</style></title><!--",
        "\\\\|\\",
        "shop",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// As it is shown: what moves or reorders text is an escape.
fn shown(text: &str) -> String {
    let mut shown = text.replace('\n', "\\n").replace('\t', "\\t");
    for c in ['\u{202e}', '\u{2066}', '\u{200f}', '\u{202b}', '\u{1b}'] {
        shown = shown.replace(c, &format!("\\u{{{:x}}}", u32::from(c)));
    }
    shown
}

fn hostile() -> String {
    let pod = |name: &String| {
        let name = serde_json::to_string(name).expect("a text");
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{ name: {name}, namespace: {name} }}\nspec: {{ hostNetwork: true, containers: [ {{ name: {name}, image: {name}, securityContext: {{ privileged: true }} }} ] }}\n"
        )
    };
    names().iter().map(pod).collect::<Vec<_>>().join("---\n")
}
