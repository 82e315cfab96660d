//! Pages that repeat what the program says are held against it; `make docs` writes the repeated parts anew.
//!
//! Such a part stands between `<!-- from the program: NAME -->` and `<!-- end -->`; everything around it is a person's.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use airlock_compliance::evidence::EvidenceFault;
use airlock_compliance::{awaited, check, checks, is_tried, parameters, selected, shipped, standing, unprofiled};
use airlock_model::{Check, Need, Severity, World, codes};
use assert_cmd::Command;

const PAGES: [&str; 4] = ["README.md", "docs/security.md", "docs/exit-codes.md", "docs/compliance.md"];
/// The check that documents of exceptions and attestations ask for, and no profile.
const OF_DECISIONS: &str = "EXC-001";
const END: &str = "<!-- end -->";

#[test]
fn pages_say_what_the_program_says() {
    for page in PAGES {
        let path = path(page);
        let committed = std::fs::read_to_string(&path).unwrap();
        let current = renewed(page, &committed);
        if std::env::var_os("AIRLOCK_WRITE_DOCS").is_some() {
            std::fs::write(&path, &current).unwrap();
        } else {
            assert!(current == committed, "{page} is not what the program says; write it anew: make docs");
        }
    }
}

#[test]
fn every_promise_that_a_check_stands_for_is_told() {
    let page = std::fs::read_to_string(path("docs/security.md")).unwrap();
    let promises: BTreeSet<&str> = checks().iter().flat_map(|check| check.spec().promises).copied().collect();
    assert!(!promises.is_empty());
    for promise in promises {
        assert!(page.contains(&format!("| {promise} |")), "{promise} is named by a check and not told in docs/security.md");
    }
}

#[test]
fn the_page_of_evidence_tells_everything_that_is_found() {
    let page = std::fs::read_to_string(path("docs/evidence.md")).unwrap();
    for fault in EvidenceFault::ALL {
        assert!(page.contains(&format!("`{}`", fault.code())), "{} is not told in docs/evidence.md", fault.code());
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    for page in PAGES.into_iter().chain(["docs/kubernetes-support.md", "docs/certificates.md", "docs/database.md", "docs/profiles.md", "docs/evidence.md"]) {
        let file = path(page);
        let text = std::fs::read_to_string(&file).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()).filter(|target| !target.is_empty() && !target.contains("://")) {
            assert!(file.with_file_name(target).exists(), "{page} leads to {target}, which does not exist");
        }
    }
}

/// The page with each repeated part as the program has it now.
fn renewed(page: &str, committed: &str) -> String {
    let mut parts = committed.split("<!-- from the program: ");
    let mut text = parts.next().unwrap().to_owned();
    let mut found = 0;
    for part in parts {
        let (name, rest) = part.split_once(" -->").unwrap();
        let (_, after) = rest.split_once(END).unwrap_or_else(|| panic!("{page}: the part {name} has no end"));
        let _ = write!(text, "<!-- from the program: {name} -->\n\n{}\n{END}{after}", said(name));
        found += 1;
    }
    assert!(found > 0, "{page} repeats nothing");
    text
}

fn said(name: &str) -> String {
    match name {
        "commands" => commands(),
        "exit codes" => exits(),
        "error codes" => error_codes(),
        "checks before an install" => list(checks().iter().copied().filter(|check| !of_a_profile().contains(check.spec().id) && check.spec().id != OF_DECISIONS)),
        "checks of an installation" => list(selected(&unprofiled()).unwrap().into_iter().chain(check(OF_DECISIONS))),
        "checks and who asks for them" => table(),
        "checks that are not there yet" => missing(),
        "parameters" => all_parameters(),
        other => panic!("the program says nothing about {other}"),
    }
}

fn help() -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_airlock")).arg("--help").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The lines of a block of the help text.
fn block(heading: &str) -> Vec<String> {
    help().lines().skip_while(|line| *line != heading).skip(1).take_while(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn commands() -> String {
    let lines = block("Commands:");
    assert!(lines.len() > 5, "{lines:?}");
    let mut text = "| command | what it does |\n|---|---|\n".to_owned();
    for line in lines {
        let (name, about) = line.trim().split_once("  ").unwrap();
        let _ = writeln!(text, "| `airlock {name}` | {} |", about.trim());
    }
    text
}

/// Two codes stand in a line of the help: the left ones first, then the right ones.
fn exits() -> String {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for line in block("Exit codes:") {
        let (first, second) = line.split_at(29);
        left.push(first.trim().to_owned());
        right.push(second.trim().to_owned());
    }
    let mut text = "| exit code | meaning |\n|---|---|\n".to_owned();
    for entry in left.iter().chain(&right) {
        let (code, meaning) = entry.split_once(' ').unwrap();
        let number: u8 = code.parse().unwrap();
        assert!(airlock_model::Exit::ALL.iter().any(|exit| exit.code() == number), "{number} is no exit code");
        let _ = writeln!(text, "| {number} | {meaning} |");
    }
    assert_eq!(left.len() + right.len(), airlock_model::Exit::ALL.len());
    text
}

fn error_codes() -> String {
    let mut text = "| error code | exit | what happened | what to do |\n|---|---|---|---|\n".to_owned();
    for spec in codes() {
        let _ = writeln!(text, "| `{}` | {} | {} | {} |", spec.code, spec.exit.code(), cell(spec.what), cell(spec.fix));
    }
    text
}

fn list<'a>(checks: impl Iterator<Item = &'a dyn Check>) -> String {
    let mut text = String::new();
    for check in checks {
        let spec = check.spec();
        let promises = if spec.promises.is_empty() { String::new() } else { format!(", {}", spec.promises.join(" ")) };
        let _ = writeln!(text, "- **{}** {} ({}, {}{promises})  \n  {}", spec.id, spec.title, severity(spec.severity), how(check), cell(spec.explanation));
    }
    text
}

fn of_a_profile() -> BTreeSet<&'static str> {
    selected(&unprofiled()).unwrap().iter().map(|check| check.spec().id).collect()
}

fn table() -> String {
    let baseline: BTreeSet<&str> = selected(&shipped("baseline").unwrap()).unwrap().iter().map(|check| check.spec().id).collect();
    let mut text = "| check | what is true when it passes | severity, because | judges | baseline | asked by |\n|---|---|---|---|---|---|\n".to_owned();
    for check in selected(&unprofiled()).unwrap() {
        let (spec, standing) = (check.spec(), standing(check.spec().id));
        let asked: Vec<String> = standing.references().map(|reference| format!("{} {} {}", reference.framework, reference.version, reference.id)).collect();
        let is_baseline = if baseline.contains(spec.id) { "yes" } else { "" };
        let _ = writeln!(text, "| {} | {} | {}: {} | {} | {is_baseline} | {} |", spec.id, cell(spec.title), severity(spec.severity), cell(standing.because), standing.reads.words(), asked.join("; "));
    }
    text
}

fn missing() -> String {
    let mut text = "| check | what will be true when it passes | why it is not there |\n|---|---|---|\n".to_owned();
    for awaited in awaited() {
        let _ = writeln!(text, "| {} | {} | {} |", awaited.id, cell(awaited.title), cell(awaited.because));
    }
    text
}

fn all_parameters() -> String {
    let mut text = "| parameter | what it does | what it may be |\n|---|---|---|\n".to_owned();
    for parameter in parameters() {
        let _ = writeln!(text, "| `{}` | {} | {} |", parameter.name, cell(parameter.what), cell(&parameter.kind.words()));
    }
    text
}

/// By what a check knows.
fn how(check: &dyn Check) -> &'static str {
    if is_tried(check) {
        "tried"
    } else if check.needs(&unprofiled(), &World::default()).iter().any(|need| matches!(need, Need::SecretLeaks | Need::LoggedSecrets)) {
        "searched"
    } else {
        "read"
    }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// Text that does not end its cell or begin an element.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn path(page: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(page)
}
