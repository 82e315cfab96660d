//! `airlock profile`, and profiles out of files, as a person uses them: no cluster is there.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::run;
use crate::run::Ended;

const BEGIN: &str = "apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: { name: acme, version: '1', owner: secops }\n";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: shop }\nspec: { containers: [{ name: a, image: b, securityContext: { privileged: true } }] }\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn airlock(folder: &Path, line: &str) -> Ended {
    run::airlock(folder, line, &[])
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ended.stdout, ended.stderr))
}

#[test]
fn the_committed_schemas_are_those_that_the_program_prints() {
    for kind in ["profile", "report", "exceptions", "attestations"] {
        let ended = airlock(folder(&[]).path(), &format!("schema {kind}"));
        let path = format!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/{}.schema.json"), kind);
        assert_eq!(ended.stdout, fs::read_to_string(path).unwrap(), "write it anew: airlock schema {kind} > docs/{kind}.schema.json");
    }
}

#[test]
fn a_profile_is_begun_linted_shown_and_compared() {
    let folder = folder(&[]);
    let new = airlock(folder.path(), "profile new acme");
    assert_eq!((new.exit, new.stdout.as_str()), (0, "acme.yaml\n"), "{}", new.stderr);
    assert!(new.stderr.contains("airlock compliance-check --profile ./acme.yaml"), "{}", new.stderr);
    let lint = airlock(folder.path(), "profile lint acme.yaml");
    assert_eq!(lint.exit, 0, "{}{}", lint.stdout, lint.stderr);
    assert!(lint.stdout.starts_with("acme.yaml: good: acme 1, "), "{}", lint.stdout);
    // Both come to the same checks, and what it is shown as can be kept instead of it.
    let shown = airlock(folder.path(), "profile show acme.yaml --effective");
    fs::write(folder.path().join("kept.yaml"), &shown.stdout).unwrap();
    let kept = json(&airlock(folder.path(), "profile lint acme.yaml kept.yaml -o json"));
    assert_eq!(kept[0]["profile"]["digest"], kept[1]["profile"]["digest"], "{kept}");
    let diff = airlock(folder.path(), "profile diff acme.yaml baseline").stdout;
    assert_eq!(diff.lines().skip(1).collect::<Vec<_>>(), ["- exceptions maxDays: 180"]);
    assert_eq!(airlock(folder.path(), "profile diff acme.yaml acme.yaml").stdout.lines().last(), Some("both judge alike"));
    // What is there already is not written over.
    let again = airlock(folder.path(), "profile new acme");
    assert_eq!(again.exit, 2, "{}", again.stderr);
    assert!(again.stderr.starts_with("error[command.file-unwritable]: cannot write acme.yaml") && again.stderr.contains("or give another name where a file has that one already"), "{}", again.stderr);
    let shipped = airlock(folder.path(), "profile lint baseline acme.yaml");
    assert!(shipped.exit == 0 && shipped.stdout.starts_with("baseline: good: baseline "), "{}{}", shipped.stdout, shipped.stderr);
    assert!(airlock(folder.path(), "profile show baseline").stdout.starts_with("# The profile that"));
    assert_eq!(json(&airlock(folder.path(), "profile show baseline -o json"))["metadata"]["name"], "baseline");
}

#[test]
fn shipped_profiles_are_listed_and_each_can_be_shown() {
    let folder = folder(&[]);
    let list = json(&airlock(folder.path(), "profile list -o json"));
    let names: Vec<&str> = list.as_array().unwrap().iter().map(|profile| profile["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"baseline"), "{names:?}");
    for name in names {
        let shown = airlock(folder.path(), &format!("profile show {name} --effective -o json"));
        assert_eq!((shown.exit, json(&shown)["profile"]["metadata"]["name"].as_str()), (0, Some(name)), "{}", shown.stderr);
        assert!(list.as_array().unwrap().iter().any(|listed| listed["name"] == name && listed["digest"] == json(&shown)["digest"]), "{name}");
    }
}

#[test]
fn everything_that_is_wrong_with_files_is_said_with_its_place() {
    let wrong = format!("{BEGIN}extends: [basline]\nchecks: [TLS-01]\n");
    let folder = folder(&[("wrong.yaml", &wrong), ("child.yaml", &format!("{BEGIN}extends: [./wrong.yaml]\n")), ("good.yaml", &format!("{BEGIN}checks: [TLS-002]\n"))]);
    let lint = airlock(folder.path(), "profile lint wrong.yaml good.yaml child.yaml gone.yaml");
    assert_eq!(lint.exit, 2);
    insta::assert_snapshot!("lint", lint.stdout.replace(lint.stdout.split("sha256:").nth(1).unwrap().split('\n').next().unwrap(), "…"));
    let document = json(&airlock(folder.path(), "profile lint wrong.yaml -o json"));
    assert_eq!((document[0]["profile"].clone(), document[0]["faults"][1]["line"].clone(), document[0]["faults"][1]["code"].clone()), (Value::Null, 5.into(), "compliance.unknown-check".into()));
}

#[test]
fn files_are_judged_by_a_profile_out_of_a_file_and_its_controls_come_first() {
    let acme = format!(
        "{BEGIN}extends: [group/base.yaml]\nrules: [{{ checks: [PSS-001], severity: high, reason: agreed }}]\ncontrols:\n  - {{ id: A-1, title: no root on nodes, checks: [PSS-001] }}\n  - {{ id: A-2, title: no ports of nodes, checks: [PSS-004, NET-010], coverage: partial }}\n  - {{ id: A-3, title: drills, coverage: organisational }}\n"
    );
    let base = format!("{BEGIN}checks: [PSS-001, PSS-004]\n");
    let folder = folder(&[("acme.yaml", &acme), ("group/base.yaml", &base), ("pod.yaml", POD)]);
    let ended = airlock(folder.path(), "compliance-check --manifests pod.yaml --profile acme.yaml -o json");
    assert_eq!(ended.exit, 7, "{}", ended.stderr);
    let report = json(&ended);
    let verdicts: Vec<&str> = report["controls"].as_array().unwrap().iter().map(|control| control["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["failed", "partly", "not-covered"]);
    assert_eq!((report["findings"][0]["severity"].as_str(), report["profile"]["name"].as_str()), (Some("high"), Some("acme")));
    let lint = json(&airlock(folder.path(), "profile lint acme.yaml -o json"));
    assert_eq!(report["digest"], lint[0]["profile"]["digest"]);
    let screen = airlock(folder.path(), "compliance-check --manifests pod.yaml --profile ./acme.yaml").stdout;
    let part = screen.split("By control").nth(1).unwrap().lines().take(5).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("controls", part);
}

#[test]
fn what_a_profile_locks_is_not_loosened_by_a_flag() {
    let acme = format!("{BEGIN}checks: [TLS-002, PSS-001]\nparameters: {{ TLS-002.failDays: 21 }}\nlockedParameters: [TLS-002.failDays]\n");
    let folder = folder(&[("acme.yaml", &acme), ("pod.yaml", POD)]);
    let ended = airlock(folder.path(), "compliance-check --manifests pod.yaml --profile acme.yaml --set TLS-002.failDays=7");
    assert_eq!(ended.exit, 2);
    assert!(ended.stderr.starts_with("error[compliance.locked]: the parameter TLS-002.failDays (21) is locked by the profile acme; it can be made stricter, not weaker"), "{}", ended.stderr);
}

#[test]
fn a_check_that_only_an_attempt_decides_does_not_pass_by_files() {
    let acme = format!("{BEGIN}checks: [NET-010, PSS-004]\nrules: [{{ checks: [NET-010], mustProbe: true }}]\n");
    let folder = folder(&[("acme.yaml", &acme), ("pod.yaml", POD)]);
    let ended = airlock(folder.path(), "compliance-check --manifests pod.yaml --profile acme.yaml -o json");
    let report = json(&ended);
    assert_eq!((ended.exit, report["findings"][0]["check"].as_str(), report["findings"][0]["verdict"].as_str()), (7, Some("NET-010"), Some("unverified")), "{report}");
}

#[test]
fn a_list_of_controls_comes_out_of_a_spreadsheet() {
    let sheet = "id,title,checks,coverage\nA-1,\"No root, nowhere\",PSS-008 PSS-009,\nA-2,Drills,,organisational\n";
    let folder = folder(&[("list.csv", sheet), ("bad.csv", "id,title,checks\nA,b,NTE-001\n,c,\n")]);
    let imported = airlock(folder.path(), "profile controls import list.csv");
    assert_eq!(imported.exit, 0, "{}", imported.stderr);
    fs::write(folder.path().join("acme.yaml"), format!("{BEGIN}checks: ['group:PSS']\n{}", imported.stdout)).unwrap();
    let lint = airlock(folder.path(), "profile lint acme.yaml");
    assert!(lint.stdout.contains("2 controls"), "{}{}", lint.stdout, imported.stdout);
    let bad = airlock(folder.path(), "profile controls import bad.csv");
    assert_eq!(bad.exit, 2);
    assert!(bad.stderr.starts_with("error[compliance.control-list]: line 2: `NTE-001` matches no check; did you mean `NET-001`?; line 3: the cell under id is empty"), "{}", bad.stderr);
}

/// What is given, how it ends, and the first line of what is said.
#[test]
fn a_profile_that_cannot_be_used_ends_with_2_and_names_its_place() {
    let folder = folder(&[
        ("pod.yaml", POD),
        ("key.yaml", &format!("{BEGIN}gates: {{}}\n")),
        ("binary.yaml", "a: \u{0}\n"),
        ("circle.yaml", &format!("{BEGIN}extends: [circle.yaml]\n")),
        ("l/x.yaml", &format!("{BEGIN}extends: [./../linked/x.yaml]\n")),
        ("locked.yaml", &format!("{BEGIN}checks: [PSS-001]\nrules: [{{ checks: [PSS-001], locked: true }}]\n")),
        ("weaker.yaml", &format!("{BEGIN}extends: [locked.yaml]\nexclude: [{{ checks: [PSS-001], reason: no }}]\n")),
    ]);
    std::os::unix::fs::symlink("l", folder.path().join("linked")).unwrap();
    for (profile, words) in [
        ("key.yaml", "error[compliance.profile-shape]: key.yaml:4:1: unknown key `gates`; did you mean `gate`?"),
        ("binary.yaml", "error[compliance.profile-shape]: binary.yaml:1:"),
        ("gone.yaml", "error[compliance.profile-unreadable]: the profile gone.yaml cannot be read: No such file or directory"),
        ("/", "error[compliance.profile-unreadable]: the profile / cannot be read"),
        ("basline", "error[compliance.unknown-profile]: no profile `basline` ships with Airlock; there is: baseline, "),
        ("circle.yaml", "error[compliance.profile-cycle]: circle.yaml:4:11: a profile extends itself: circle.yaml → circle.yaml"),
        ("./l/x.yaml", "error[compliance.profile-cycle]: ./l/x.yaml:4:11: a profile extends itself: ./l/x.yaml → ./l/../linked/x.yaml"),
        ("weaker.yaml", "error[compliance.locked]: weaker.yaml:5:11: the check PSS-001 is locked by acme"),
    ] {
        let ended = airlock(folder.path(), &format!("compliance-check --manifests pod.yaml --profile {profile}"));
        assert_eq!(ended.exit, 2, "{profile}: {}", ended.stderr);
        assert!(ended.stderr.starts_with(words), "{profile}: {}", ended.stderr);
    }
    for (line, next) in
        [("profile show basline", "airlock profile show baseline"), ("profile diff nsa basline", "airlock profile diff nsa baseline"), ("profile show nothing-like-it", "airlock profile list")]
    {
        let said = airlock(folder.path(), line).stderr;
        assert!(said.ends_with(&format!("  next:    {next}\n")), "{line}: {said}");
    }
    let ended = airlock(folder.path(), "compliance-check --manifests pod.yaml --profile key.yaml");
    assert!(ended.stderr.contains("4 | gates\n") && ended.stderr.contains("next:    airlock explain compliance.profile-shape"), "{}", ended.stderr);
}

/// A colleague reads the copy of a profile that somebody else wrote: nothing of it may draw a screen of its own.
#[test]
fn a_profile_cannot_forge_what_a_screen_says() {
    let named = |name: &str| format!("apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: {{ name: {name}, version: '1', owner: secops }}\nchecks: [PSS-001]\n");
    let forged = named(r#""prod\e[2J\e[H✓ the gate passes\e[8m""#);
    let custom = format!(
        "{BEGIN}custom:\n  - id: ACME-001\n    title: |\n      x\n      ✓ the gate passes\n    severity: low\n    why: y\n    fix: z\n    match: {{ apiVersion: v1, kinds: [Pod] }}\n    validations: [{{ expression: 'false' }}]\n"
    );
    let comment = format!("{}# \u{202e}c\n", named("prod"));
    let folder = folder(&[("pod.yaml", POD), ("forged.yaml", &forged), ("custom.yaml", &custom), ("comment.yaml", &comment)]);
    for (line, words) in [
        ("compliance-check --manifests pod.yaml --profile ./forged.yaml", "error[compliance.profile-shape]: ./forged.yaml:3:19: `metadata.name`: it holds U+001B, "),
        ("profile show forged.yaml", "error[compliance.profile-shape]: forged.yaml:3:19: "),
        ("explain ACME-001 --profile ./custom.yaml", "error[compliance.profile-shape]: ./custom.yaml:7:7: `custom[0].title`: it goes over several lines; "),
    ] {
        let ended = airlock(folder.path(), line);
        assert!(ended.exit == 2 && ended.stderr.starts_with(words), "{line}: {}", ended.stderr);
        assert!(!format!("{}{}", ended.stdout, ended.stderr).contains(['\u{1b}', '\u{202e}']), "{line}");
    }
    let shown = airlock(folder.path(), "profile show comment.yaml");
    assert!(shown.exit == 0 && shown.stdout.ends_with("# \\u{202e}c\n"), "{}{}", shown.stdout, shown.stderr);
}

#[test]
fn what_has_no_end_is_no_profile_and_no_list() {
    let folder = folder(&[]);
    assert!(Command::new("mkfifo").arg(folder.path().join("pipe.yaml")).status().unwrap().success());
    for (line, words) in [
        ("profile controls import /dev/zero", "error[compliance.control-list]: the list has more than 1048576 bytes"),
        ("profile controls import pipe.yaml", "error[command.file-unreadable]: cannot read pipe.yaml"),
        ("attest NET-010 --evidence /dev/zero --expires 2099-01-31", "error[command.file-unreadable]: cannot read /dev/zero"),
        ("compliance-check --manifests a.yaml --profile ./pipe.yaml", "error[compliance.profile-unreadable]: the profile ./pipe.yaml cannot be read: it is a named pipe"),
    ] {
        let ended = airlock(folder.path(), line);
        assert!(ended.exit == 2 && ended.stderr.starts_with(words), "{line}: {}", ended.stderr);
    }
    let lint = airlock(folder.path(), "profile lint pipe.yaml");
    assert!(lint.exit == 2 && lint.stdout.contains("it is a named pipe"), "{}{}", lint.stdout, lint.stderr);
}
