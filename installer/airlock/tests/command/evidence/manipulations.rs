//! What can be done to an evidence folder: by which code the program finds it, and that the lines of docs/evidence.md, with openssl
//! and sha256sum alone, find it too.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{VERIFY, flip, found, kept, nicer, runs, signed_anew};

/// The lines of the page, as they stand there: whether they end well, and what they say.
fn by_hand(place: &Path) -> (bool, String) {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/evidence.md")).unwrap();
    let (_, lines) = page.split_once("## By hand\n").and_then(|(_, section)| section.split_once("```sh\n")).unwrap();
    let (lines, _) = lines.split_once("```").unwrap();
    assert!(lines.contains("openssl pkeyutl -verify") && lines.contains("sha256sum --strict"), "{lines}");
    let ended = Command::new("sh").args(["-c", lines]).current_dir(place).output().unwrap();
    (ended.status.success(), String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap())
}

/// What is done to the folders of three runs that are signed, chained, and known to the head; and by which codes it is found.
type Manipulation = (&'static str, fn(&[PathBuf]), &'static [&'static str]);

/// The lines of the page find each of these, and say nothing of the rest: where there are no codes.
const MANIPULATIONS: &[Manipulation] = &[
    ("nothing", |_| {}, &[]),
    ("what a killed run left", |runs| fs::create_dir(runs[1].with_file_name(".unfinished-000004-20261127T011501Z")).unwrap(), &[]),
    ("what a sink was told", |runs| fs::write(runs[1].with_file_name(".sent-0a1b2c3d4e5f6071"), "x").unwrap(), &[]),
    ("a head that begins later", |runs| of_the_head(runs, |lines| drop(lines.remove(0))), &[]),
    ("a byte of the report", |runs| flip(&runs[1].join("report.json"), 5), &["evidence.file-changed"]),
    ("a byte of run.json", |runs| flip(&runs[1].join("run.json"), 5), &["evidence.file-changed"]),
    ("a byte of the profile", |runs| flip(&runs[1].join("profile.yaml"), 5), &["evidence.file-changed"]),
    ("a byte of the last report", |runs| flip(&runs[2].join("report.json"), 5), &["evidence.file-changed"]),
    ("a byte of the list", |runs| flip(&runs[1].join("SHA256SUMS"), 3), &["evidence.signature-wrong"]),
    ("a byte of the signature", |runs| flip(&runs[1].join("SHA256SUMS.sig"), 5), &["evidence.signature-wrong"]),
    ("a file taken out", |runs| fs::remove_file(runs[1].join("profile.yaml")).unwrap(), &["evidence.file-missing"]),
    ("a file put in", |runs| fs::write(runs[1].join("notes.txt"), "x").unwrap(), &["evidence.file-added"]),
    ("a hidden file put in", |runs| fs::write(runs[1].join(".notes"), "x").unwrap(), &["evidence.file-added"]),
    ("a folder put in", |runs| fs::create_dir(runs[1].join("more")).unwrap(), &["evidence.file-added"]),
    ("a file beside the runs", |runs| fs::write(runs[1].with_file_name("notes.txt"), "x").unwrap(), &["evidence.file-added"]),
    ("a hidden file beside the runs", |runs| fs::write(runs[1].with_file_name(".notes"), "x").unwrap(), &["evidence.file-added"]),
    ("a file beside the runs whose name is a blank", |runs| fs::write(runs[1].with_file_name(" "), "x").unwrap(), &["evidence.file-added"]),
    ("a folder beside the runs that is called like an option", |runs| fs::create_dir(runs[1].with_file_name("-delete")).unwrap(), &["evidence.file-added"]),
    (
        "a link to the same bytes",
        |runs| {
            let path = runs[1].join("report.json");
            fs::rename(&path, runs[1].join("../../report.json")).unwrap();
            symlink("../../report.json", path).unwrap();
        },
        &["evidence.file-changed"],
    ),
    (
        "a link to the folder of a run",
        |runs| {
            let aside = runs[2].join("../../aside");
            fs::rename(&runs[2], aside).unwrap();
            symlink("../aside", &runs[2]).unwrap();
        },
        &["evidence.run-missing", "evidence.file-added"],
    ),
    ("the signature taken out", |runs| fs::remove_file(runs[1].join("SHA256SUMS.sig")).unwrap(), &["evidence.file-missing"]),
    ("the list taken out", |runs| fs::remove_file(runs[1].join("SHA256SUMS")).unwrap(), &["evidence.sums-unreadable"]),
    ("the signature of another run", |runs| assert!(fs::copy(runs[0].join("SHA256SUMS.sig"), runs[1].join("SHA256SUMS.sig")).is_ok()), &["evidence.signature-wrong"]),
    (
        "the other key in place of the writer's, everywhere",
        |runs| {
            for (index, run) in runs.iter().enumerate() {
                says_another_signed(run);
                chained_anew(run, index.checked_sub(1).map(|before| runs[before].as_path()));
                signed_anew(run, "stranger");
            }
        },
        &["evidence.key-untrusted", "evidence.key-untrusted", "evidence.key-untrusted"],
    ),
    (
        "a nicer report, signed by a stranger who says so",
        |runs| {
            nicer(&runs[1]);
            says_another_signed(&runs[1]);
            signed_anew(&runs[1], "stranger");
        },
        &["evidence.key-untrusted"],
    ),
    (
        "a nicer report, signed by a stranger who does not say so",
        |runs| {
            nicer(&runs[1]);
            signed_anew(&runs[1], "stranger");
        },
        &["evidence.signature-wrong"],
    ),
    (
        "a nicer report, signed by the writer's own key",
        |runs| {
            nicer(&runs[1]);
            signed_anew(&runs[1], "evidence");
        },
        &["evidence.chain-broken", "evidence.head-differs"],
    ),
    (
        "the last report nicer, signed by the writer's own key",
        |runs| {
            nicer(&runs[2]);
            signed_anew(&runs[2], "evidence");
        },
        &["evidence.head-differs"],
    ),
    ("the first run dropped", |runs| fs::remove_dir_all(&runs[0]).unwrap(), &["evidence.run-missing"]),
    ("a run in the middle dropped", |runs| fs::remove_dir_all(&runs[1]).unwrap(), &["evidence.run-missing"]),
    ("the last run dropped", |runs| fs::remove_dir_all(&runs[2]).unwrap(), &["evidence.run-missing"]),
    ("every run dropped", |runs| runs.iter().for_each(|run| fs::remove_dir_all(run).unwrap()), &["evidence.run-missing", "evidence.run-missing", "evidence.run-missing"]),
    ("a run given another number", |runs| fs::rename(&runs[1], runs[1].with_file_name("000009-20261127T011501Z")).unwrap(), &["evidence.misplaced"]),
    ("the last run given another number", |runs| fs::rename(&runs[2], runs[2].with_file_name("000009-20261127T011501Z")).unwrap(), &["evidence.misplaced"]),
    ("a run given another name", |runs| fs::rename(&runs[1], runs[1].with_file_name("old")).unwrap(), &["evidence.misplaced"]),
    (
        "two runs that change places",
        |runs| {
            let aside = runs[1].with_file_name("aside");
            fs::rename(&runs[1], &aside).unwrap();
            fs::rename(&runs[2], &runs[1]).unwrap();
            fs::rename(aside, &runs[2]).unwrap();
        },
        &["evidence.misplaced", "evidence.misplaced"],
    ),
    ("a copy of a run", |runs| copied(&runs[0], &runs[0].with_file_name("000009-20261127T011501Z")), &["evidence.misplaced"]),
    ("a run that the head does not know", |runs| of_the_head(runs, |lines| drop(lines.pop())), &["evidence.beyond-head"]),
    ("a head that knows another list", |runs| of_the_head(runs, |lines| lines[2].replace_range(0..64, &"0a".repeat(32))), &["evidence.head-differs"]),
];

/// The writer himself contradicts himself, and tells the head so. The lines do not read `run.json`, as the page says.
const UNSEEN_BY_HAND: &[Manipulation] = &[
    ("a number that is not the run's", |runs| rewritten(runs, "\"number\": 3", "\"number\": 7"), &["evidence.run-record"]),
    ("the schema of a newer program", |runs| rewritten(runs, "\"schema\": 1", "\"schema\": 99"), &["evidence.run-record"]),
    ("the name of another run", |runs| rewritten(runs, "\"run\": \"000003-2", "\"run\": \"000003-3"), &["evidence.misplaced", "evidence.run-missing"]),
];

fn of_the_head(runs: &[PathBuf], change: impl FnOnce(&mut Vec<String>)) {
    let head = runs[0].join("../../evidence.head");
    let mut lines: Vec<String> = fs::read_to_string(&head).unwrap().lines().map(|line| format!("{line}\n")).collect();
    change(&mut lines);
    fs::write(head, lines.concat()).unwrap();
}

/// Lets `run.json` name the stranger's key.
fn says_another_signed(run: &Path) {
    let pem = |key: &str| fs::read_to_string(run.join(format!("../../{key}.pub"))).unwrap().replace('\n', "\\n");
    changed(&run.join("run.json"), &pem("evidence"), &pem("stranger"));
}

fn changed(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(file, text.replace(from, to)).unwrap();
}

/// Lets the list of a run name the one before it as that is now.
fn chained_anew(run: &Path, before: Option<&Path>) {
    let Some(before) = before else { return };
    let name = before.file_name().unwrap().to_str().unwrap();
    let script = format!("sed -i '$d' SHA256SUMS && sha256sum ../{name}/SHA256SUMS >> SHA256SUMS");
    assert!(Command::new("sh").args(["-c", &script]).current_dir(run).status().unwrap().success());
}

/// The last run with another `run.json`, signed by the writer's own key and told to the head.
fn rewritten(runs: &[PathBuf], from: &str, to: &str) {
    changed(&runs[2].join("run.json"), from, to);
    signed_anew(&runs[2], "evidence");
    let script = "sed -i '$d' ../evidence.head && sha256sum \"$1/SHA256SUMS\" >> ../evidence.head";
    let folder = runs[2].file_name().unwrap();
    assert!(Command::new("sh").args(["-c", script, "sh"]).arg(folder).current_dir(runs[2].parent().unwrap()).status().unwrap().success());
}

fn copied(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

#[test]
fn every_manipulation_is_found_by_its_own_code_and_by_the_lines_of_the_page() {
    let good = kept();
    for (found_by_hand, manipulations) in [(true, MANIPULATIONS), (false, UNSEEN_BY_HAND)] {
        for (what, manipulate, codes) in manipulations {
            let place = tempfile::tempdir().unwrap();
            copied(&good.path().join("."), place.path());
            manipulate(&runs(place.path()));
            let (exit, found) = found(place.path(), VERIFY);
            assert_eq!((exit, found.iter().map(String::as_str).collect::<Vec<_>>().as_slice()), (if codes.is_empty() { 0 } else { 8 }, *codes), "{what}");
            let (well, said) = by_hand(place.path());
            assert_eq!(well, codes.is_empty() || !found_by_hand, "{what}: {said}");
            assert_eq!(said.is_empty(), well, "{what}: {said}");
        }
    }
}
