//! Evidence as it is kept, verified, and told of. What can be done to it stands in `manipulations`.

mod manipulations;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: shop }\nspec: { containers: [{ name: a, image: b, securityContext: { privileged: true } }] }\n";
const CHECK: &str = "compliance-check --manifests pod.yaml --checks PSS-001";
const KEEP: &str = "compliance-check --manifests pod.yaml --checks PSS-001 --evidence evidence --evidence-key file:evidence.pem --evidence-head evidence.head";
const VERIFY: &str = "evidence verify evidence --trust evidence.pub --head evidence.head";

fn openssl(folder: &Path, line: &str) {
    let ended = Command::new("openssl").args(line.split_whitespace()).current_dir(folder).output().unwrap();
    assert!(ended.status.success(), "{line}: {}", String::from_utf8_lossy(&ended.stderr));
}

/// A folder with a pod to judge, the writer's key, and a stranger's.
fn place() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("pod.yaml"), POD).unwrap();
    for key in ["evidence", "stranger"] {
        openssl(place.path(), &format!("genpkey -algorithm ed25519 -out {key}.pem"));
        fs::set_permissions(place.path().join(format!("{key}.pem")), fs::Permissions::from_mode(0o600)).unwrap();
        openssl(place.path(), &format!("pkey -in {key}.pem -pubout -out {key}.pub"));
    }
    place
}

/// The same with three runs.
fn kept() -> TempDir {
    let place = place();
    for _ in 0..3 {
        let ended = run::airlock(place.path(), KEEP, &[]);
        assert_eq!(ended.exit, 7, "{}", ended.stderr);
    }
    place
}

/// The folders of the runs, in their order.
fn runs(place: &Path) -> Vec<PathBuf> {
    let mut runs: Vec<PathBuf> = fs::read_dir(place.join("evidence")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    runs.sort();
    runs
}

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Exit code, and the codes of what is found.
fn found(place: &Path, line: &str) -> (i32, Vec<String>) {
    let ended = run::airlock(place, &format!("{line} -o json"), &[]);
    let codes = document(&ended.stdout)["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect();
    (ended.exit, codes)
}

fn flip(path: &Path, place: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[place] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_run_holds_the_report_that_was_printed_and_says_how_it_came_about() {
    let place = place();
    let printed = run::airlock(place.path(), &format!("{KEEP} -o json"), &[]);
    assert_eq!(printed.exit, 7, "{}", printed.stderr);
    let run = runs(place.path()).remove(0);
    assert_eq!(fs::read_to_string(run.join("report.json")).unwrap(), printed.stdout);
    assert_eq!(run::airlock(place.path(), &format!("{CHECK} -o json"), &[]).stdout, printed.stdout, "evidence changes nothing of it");
    let record = document(&fs::read_to_string(run.join("run.json")).unwrap());
    let name = run.file_name().unwrap().to_str().unwrap();
    assert_eq!((record["run"].as_str(), record["number"].as_u64(), &record["previous"]), (Some(name), Some(1), &Value::Null));
    assert_eq!((record["judged"]["files"]["paths"][0].as_str(), record["arguments"]["checks"].as_str()), (Some("pod.yaml"), Some("PSS-001")));
    assert_eq!((record["verdict"].as_str(), record["gateFailed"].as_bool()), (Some("fail"), Some(true)));
    assert_eq!(record["profile"]["digest"], document(&printed.stdout)["digest"]);
    let fingerprint = record["signedBy"]["fingerprint"].as_str().unwrap();
    assert!(printed.stderr.contains(&format!("evidence: evidence/{name}, signed by {fingerprint}\n")), "{}", printed.stderr);
    assert!(fs::read_to_string(run.join("profile.yaml")).unwrap().contains("PSS-001"));
    // The private key is nowhere.
    let key = fs::read_to_string(place.path().join("evidence.pem")).unwrap();
    let secret = key.lines().nth(1).unwrap();
    for entry in fs::read_dir(&run).unwrap() {
        assert!(!String::from_utf8_lossy(&fs::read(entry.unwrap().path()).unwrap()).contains(secret));
    }
}

#[test]
fn the_fingerprint_is_what_the_page_says() {
    let place = kept();
    let ended = Command::new("sh").args(["-c", "openssl pkey -pubin -in evidence.pub -outform DER | sha256sum"]).current_dir(place.path()).output().unwrap();
    let sum = String::from_utf8(ended.stdout).unwrap();
    let verified = run::airlock(place.path(), &format!("{VERIFY} -o json"), &[]);
    assert_eq!(document(&verified.stdout)["trusted"][0], format!("sha256:{}", sum.split(' ').next().unwrap()));
}

/// Signs the list of a run anew, as its files are now.
fn signed_anew(run: &Path, key: &str) {
    let script = "last=$(grep ' \\.\\./' SHA256SUMS || true); sha256sum profile.yaml report.json run.json > SHA256SUMS; [ -z \"$last\" ] || echo \"$last\" >> SHA256SUMS";
    assert!(Command::new("sh").args(["-e", "-c", script]).current_dir(run).status().unwrap().success());
    openssl(run, &format!("pkeyutl -sign -rawin -inkey ../../{key}.pem -in SHA256SUMS -out SHA256SUMS.sig"));
}

fn nicer(run: &Path) {
    let report = fs::read_to_string(run.join("report.json")).unwrap();
    fs::write(run.join("report.json"), report.replace("\"fail\"", "\"pass\"")).unwrap();
}

#[test]
fn unsigned_evidence_says_so_wherever_it_is_looked_at() {
    let place = place();
    let ended = run::airlock(place.path(), &format!("{CHECK} --evidence evidence --quiet"), &[]);
    assert!(ended.stderr.contains("unsigned: nobody vouches for it"), "{}", ended.stderr);
    let run = runs(place.path()).remove(0);
    assert_eq!(document(&fs::read_to_string(run.join("run.json")).unwrap())["signedBy"], Value::Null);
    assert!(!run.join("SHA256SUMS.sig").exists());
    assert_eq!(found(place.path(), "evidence verify --trust evidence.pub evidence"), (8, vec!["evidence.unsigned".to_owned()]), "the folder may stand behind a key");
    assert_eq!(found(place.path(), "evidence verify --trust evidence.pub --trust evidence.pub evidence"), (8, vec!["evidence.unsigned".to_owned()]));
    assert_eq!(found(place.path(), "evidence verify evidence --trust evidence.pub"), (8, vec!["evidence.unsigned".to_owned()]));
    let unasked = run::airlock(place.path(), "evidence verify evidence --unsigned", &[]);
    assert_eq!(unasked.exit, 0, "{}", unasked.stderr);
    assert!(unasked.stdout.contains("unsigned") && unasked.stdout.contains("nobody's signature was asked for"), "{}", unasked.stdout);
    assert_eq!(document(&run::airlock(place.path(), "evidence verify evidence --unsigned -o json", &[]).stdout)["verdict"], "unverified");
}

#[test]
fn what_cannot_be_kept_or_verified_is_told_before_anything_is_judged() {
    let place = kept();
    let of = |name: &str| place.path().join(name);
    fs::create_dir(of("empty")).unwrap();
    fs::copy(of("evidence.pem"), of("open.pem")).unwrap();
    fs::set_permissions(of("open.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    openssl(place.path(), "genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -out rsa.pem");
    fs::set_permissions(of("rsa.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    openssl(place.path(), "pkey -in rsa.pem -pubout -out rsa.pub");
    fs::write(of("head"), "rubbish\n").unwrap();
    for (line, exit, code) in [
        (format!("{CHECK} --evidence new --evidence-key file:open.pem"), 2, "evidence.key-open"),
        (format!("{CHECK} --evidence new --evidence-key file:rsa.pem"), 2, "evidence.key-unusable"),
        (format!("{CHECK} --evidence new --evidence-key file:gone.pem"), 2, "evidence.key-unusable"),
        (format!("{CHECK} --evidence new --evidence-key hunter2"), 2, "command.argument"),
        (format!("{CHECK} --evidence new --evidence-key exec:/nowhere/sign"), 8, "evidence.signer"),
        (format!("{CHECK} --evidence new --checks XYZ-* --evidence-key file:evidence.pem").replace("--checks PSS-001 ", ""), 2, "compliance.unknown-check"),
        (format!("{CHECK} --evidence pod.yaml"), 2, "evidence.folder"),
        (format!("{CHECK} --evidence evidence --evidence-head head"), 8, "evidence.head"),
        ("evidence verify gone --trust evidence.pub".to_owned(), 2, "evidence.folder"),
        ("evidence verify evidence --trust evidence.pem".to_owned(), 2, "evidence.trust"),
        ("evidence verify evidence --trust rsa.pub".to_owned(), 2, "evidence.trust"),
        ("evidence verify evidence --trust gone.pub".to_owned(), 2, "evidence.folder"),
        ("evidence verify evidence --trust evidence.pub --head head".to_owned(), 8, "evidence.head"),
        ("evidence verify evidence --trust evidence.pub --head gone".to_owned(), 2, "evidence.folder"),
        ("evidence verify evidence --trust evidence.pub -o csv".to_owned(), 2, "command.format"),
    ] {
        let ended = run::airlock(place.path(), &line, &[]);
        assert!(ended.stderr.starts_with(&format!("error[{code}]: ")), "{line}: {}", ended.stderr);
        assert_eq!((ended.exit, ended.stdout.as_str()), (exit, ""), "{line}: {}", ended.stderr);
        assert!(!ended.stderr.contains("hunter2") && !of("new").exists(), "{line}: {}", ended.stderr);
    }
    assert_eq!(found(place.path(), "evidence verify empty --trust evidence.pub"), (8, vec!["evidence.empty".to_owned()]));
    // Neither whom to trust nor that nobody has to be is guessed.
    let ended = run::airlock(place.path(), "evidence verify evidence", &[]);
    assert_eq!(ended.exit, 2);
    assert_eq!(found(place.path(), VERIFY), (0, Vec::new()), "nothing of it has touched the folder");
}

#[test]
fn a_program_signs_in_place_of_a_file() {
    let place = place();
    let script =
        "#!/bin/sh\ncase $1 in\n  public-key) exec openssl pkey -in evidence.pem -pubout;;\n  sign) cat > bytes && exec openssl pkeyutl -sign -rawin -inkey evidence.pem -in bytes;;\nesac\nexit 2\n";
    fs::write(place.path().join("sign.sh"), script).unwrap();
    assert!(Command::new("install").args(["-m", "700", "sign.sh", "sign"]).current_dir(place.path()).status().unwrap().success());
    let path = std::env::var("PATH").unwrap();
    let ended = run::airlock(place.path(), &format!("{CHECK} --evidence evidence --evidence-key exec:./sign"), &[("PATH", &path)]);
    assert_eq!(ended.exit, 7, "{}", ended.stderr);
    assert_eq!(found(place.path(), "evidence verify evidence --trust evidence.pub"), (0, Vec::new()));
    assert_eq!(found(place.path(), "evidence verify evidence --trust stranger.pub"), (8, vec!["evidence.key-untrusted".to_owned()]));
    assert_eq!(found(place.path(), "evidence verify evidence --trust stranger.pub --trust evidence.pub"), (0, Vec::new()));
}

#[test]
fn a_time_is_told_by_its_runs_and_what_changed_in_it() {
    let place = kept();
    fs::write(place.path().join("pod.yaml"), POD.replace("true", "false")).unwrap();
    assert_eq!(run::airlock(place.path(), KEEP, &[]).exit, 0);
    // Both sides of midnight are meant, whenever this is run.
    let report = "evidence report evidence --trust evidence.pub --head evidence.head --from 2020-01-01 --to 2099-12-31 --every 1h";
    let told = run::airlock(place.path(), &format!("{report} -o json"), &[]);
    assert_eq!(told.exit, 0, "{}", told.stderr);
    let period = document(&told.stdout);
    assert_eq!((period["verdict"].as_str(), period["runs"].as_array().map(Vec::len)), (Some("pass"), Some(4)));
    assert_eq!(period["gaps"].as_array().map(Vec::len), Some(1), "from 2020 to the first run: {}", period["gaps"]);
    let changes: Vec<_> = period["changes"].as_array().unwrap().iter().map(|change| (change["check"].as_str(), change["before"].as_str(), change["after"].as_str())).collect();
    assert_eq!(changes, [(Some("PSS-001"), Some("fail"), Some("pass"))]);
    let markdown = run::airlock(place.path(), &format!("{report} -o markdown"), &[]);
    assert!(markdown.stdout.starts_with("# Evidence from 2020-01-01 00:00:00 UTC to ") && markdown.stdout.contains("| PSS-001 | fail | pass | the same |"), "{}", markdown.stdout);
    // Unsigned evidence says so on the first line.
    let unasked = run::airlock(place.path(), "evidence report evidence --unsigned --from 2020-01-01 --to 2099-12-31", &[]);
    assert!(unasked.stdout.lines().nth(1).is_some_and(|line| line.starts_with("? unsigned, or nobody's signature was asked for")), "{}", unasked.stdout);
    // What was changed shows nothing.
    let last = runs(place.path()).pop().unwrap();
    nicer(&last);
    flip(&last.join("report.json"), 1);
    let told = run::airlock(place.path(), &format!("{report} -o json"), &[]);
    let period = document(&told.stdout);
    assert_eq!((told.exit, period["changes"].as_array().map(Vec::len), period["findings"][0]["code"].as_str()), (8, Some(0), Some("evidence.file-changed")));
    for wrong in ["--from 2026-11-02 --to 2026-11-01", "--from 2099-01-01 --to 2099-01-02"] {
        let ended = run::airlock(place.path(), &format!("evidence report evidence --unsigned {wrong}"), &[]);
        assert!(ended.exit == 2 && ended.stderr.starts_with("error[command.argument]: --from "), "{wrong}: {}", ended.stderr);
    }
}

/// Lets the last run say that it judged an installation, and signs it anew.
fn of_an_installation(place: &Path, plan_runs: &Value) {
    let last = runs(place).pop().unwrap();
    let mut record = document(&fs::read_to_string(last.join("run.json")).unwrap());
    let unread = json!({ "unverified": "missing right" });
    record["judged"] = json!({ "installation": { "namespace": "airlock", "id": "x2an", "release": "0.1.0", "server": "https://10.0.0.1:6443", "clusterUid": unread, "caller": unread } });
    if !plan_runs.is_null() {
        record["judged"]["installation"]["planRuns"] = plan_runs.clone();
    }
    fs::write(last.join("run.json"), serde_json::to_string_pretty(&record).unwrap()).unwrap();
    signed_anew(&last, "evidence");
}

#[test]
fn changes_of_the_installation_are_told_with_their_approvals() {
    let place = kept();
    let report = "evidence report evidence --trust evidence.pub --from 2020-01-01 --to 2099-12-31";
    let told = || {
        let told = run::airlock(place.path(), &format!("{report} -o json"), &[]);
        assert_eq!(told.exit, 0, "{}", told.stderr);
        document(&told.stdout)
    };
    let nobody_looked = json!([{ "namespaces": [], "after": null, "before": null, "why": "no run that counts judged an installation" }]);
    assert_eq!((&told()["planRuns"], &told()["unaccounted"]), (&json!([]), &nobody_looked), "files were judged");

    of_an_installation(place.path(), &Value::Null);
    let older = told();
    assert_eq!((&older["planRuns"], &older["unaccounted"][0]["why"]), (&json!([]), &json!("the release that wrote the run kept no word of them")), "{older}");

    let plan = format!("sha256:{}", "0a".repeat(32));
    let by_prompt = json!({ "run": "b", "plan": plan, "release": "0.1.0", "approved": "prompt", "by": "jane@bastion", "started": "2021-11-02T08:00:00Z", "ended": null, "outcome": null });
    let by_flag = json!({ "run": "a", "plan": plan, "release": "0.1.0", "approved": "yes-flag", "by": "ci\u{1b}[2J@runner", "started": "2021-11-01T08:00:00Z", "ended": "2021-11-01T08:05:00Z", "outcome": "done" });
    of_an_installation(place.path(), &json!({ "known": { "airlock": { "known": [by_prompt, by_flag] }, "airlock-shop": { "unverified": "missing right: list configmaps" } } }));
    let period = told();
    let found: Vec<_> = period["planRuns"].as_array().unwrap().iter().map(|one| (one["run"].as_str(), one["approved"].as_str(), one["outcome"].as_str(), one["namespace"].as_str())).collect();
    assert_eq!(found, [(Some("a"), Some("yes-flag"), Some("done"), Some("airlock")), (Some("b"), Some("prompt"), None, Some("airlock"))], "{period}");
    let last = runs(place.path()).pop().unwrap();
    assert_eq!(period["planRuns"][0]["seen"].as_str(), last.file_name().unwrap().to_str());
    let why: Vec<_> = period["unaccounted"].as_array().unwrap().iter().map(|one| (one["namespaces"][0].as_str(), one["why"].as_str())).collect();
    assert!(why.contains(&(Some("airlock-shop"), Some("missing right: list configmaps"))), "{period}");
    let markdown = run::airlock(place.path(), &format!("{report} -o markdown"), &[]).stdout;
    for words in [
        "## Changes of the installation",
        "| 0a0a0a0a0a0a | 0.1.0 | jane\\@<!-- -->bastion | by a person at the prompt |",
        "ci\\\\u{1b}\\[2J\\@<!-- -->runner | --yes | 2021-11-01 08:05:00 UTC, done |",
    ] {
        assert!(markdown.contains(words), "`{words}` is missing:\n{markdown}");
    }
}
