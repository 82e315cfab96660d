//! Exceptions and attestations as people make and sign them: by openssl, without Airlock having a key.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::run;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: shop }\nspec: { containers: [{ name: a, image: b, securityContext: { privileged: true } }] }\n";

fn openssl(folder: &Path, line: &str) -> bool {
    Command::new("openssl").args(line.split_whitespace()).current_dir(folder).output().unwrap().status.success()
}

fn judged(folder: &Path, more: &str) -> (i32, Value) {
    let ended = run::airlock(folder, &format!("compliance-check --manifests pod.yaml --profile acme.yaml -o json {more}"), &[]);
    (ended.exit, serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stderr)))
}

fn verdict(report: &Value, check: &str) -> String {
    report["checks"].as_array().unwrap().iter().find(|found| found["id"] == check).map_or_else(String::new, |found| found["verdict"].as_str().unwrap().to_owned())
}

#[test]
fn what_openssl_signs_counts_until_a_letter_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("pod.yaml"), POD).unwrap();
    for key in ["officer", "stranger"] {
        assert!(openssl(folder, &format!("genpkey -algorithm ed25519 -out {key}.pem")));
        assert!(openssl(folder, &format!("pkey -in {key}.pem -pubout -out {key}.pub")));
    }
    let public = fs::read_to_string(folder.join("officer.pub")).unwrap().replace('\n', "\n      ");
    fs::write(
        folder.join("acme.yaml"),
        format!("apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: {{ name: acme, version: '1', owner: secops }}\nchecks: [PSS-001, NET-010]\nkeys:\n  - name: officer\n    publicKey: |\n      {public}\n"),
    )
    .unwrap();
    let draft = run::airlock(folder, "exception request PSS-001:Pod/shop/a --expires 2099-01-31", &[]);
    assert_eq!(draft.exit, 0, "{}", draft.stderr);
    assert!(draft.stderr.contains("openssl pkeyutl -sign -rawin -inkey KEY.pem -in FILE -out FILE.sig"), "{}", draft.stderr);
    let filled = draft.stdout.replace(": ''", ": it is known");
    fs::write(folder.join("exceptions.yaml"), &filled).unwrap();

    // Without a signature it counts for nothing.
    let (exit, report) = judged(folder, "--exceptions exceptions.yaml");
    assert_eq!((exit, verdict(&report, "PSS-001").as_str(), verdict(&report, "EXC-001").as_str()), (7, "fail", "fail"));
    // Nor with that of somebody else.
    assert!(openssl(folder, "pkeyutl -sign -rawin -inkey stranger.pem -in exceptions.yaml -out exceptions.yaml.sig"));
    assert_eq!(verdict(&judged(folder, "--exceptions exceptions.yaml").1, "EXC-001"), "fail");
    // With that of the officer it does, and openssl verifies the same signature.
    assert!(openssl(folder, "pkeyutl -sign -rawin -inkey officer.pem -in exceptions.yaml -out exceptions.yaml.sig"));
    assert!(openssl(folder, "pkeyutl -verify -rawin -pubin -inkey officer.pub -in exceptions.yaml -sigfile exceptions.yaml.sig"));
    let (exit, report) = judged(folder, "--exceptions exceptions.yaml");
    assert_eq!((exit, verdict(&report, "PSS-001").as_str(), verdict(&report, "EXC-001").as_str()), (0, "excepted", "pass"));
    // As base64 too, which goes through mail.
    assert!(openssl(folder, "base64 -in exceptions.yaml.sig -out text") && fs::rename(folder.join("text"), folder.join("exceptions.yaml.sig")).is_ok());
    assert_eq!(judged(folder, "--exceptions exceptions.yaml").0, 0);
    // One letter is changed behind the signature.
    fs::write(folder.join("exceptions.yaml"), filled.replace("2099", "2098")).unwrap();
    let (exit, report) = judged(folder, "--exceptions exceptions.yaml");
    assert_eq!((exit, verdict(&report, "PSS-001").as_str(), verdict(&report, "EXC-001").as_str()), (7, "fail", "fail"));

    fs::write(folder.join("scan.pdf"), "proof").unwrap();
    let draft = run::airlock(folder, "attest NET-010 --evidence scan.pdf --expires 2099-01-31 --statement tried --by jane", &[]);
    assert!(draft.stdout.contains("evidence: sha256:") && draft.exit == 0 && !draft.stderr.contains("taken for"), "{}{}", draft.stdout, draft.stderr);
    let control = run::airlock(folder, "attest ACME-9.1 --evidence scan.pdf --expires 2099-01-31", &[]);
    assert!(control.exit == 0 && control.stderr.starts_with("no check that ships has the id ACME-9.1, so it is taken for that of a control"), "{}", control.stderr);
    fs::write(folder.join("attestations.yaml"), draft.stdout).unwrap();
    assert!(openssl(folder, "pkeyutl -sign -rawin -inkey officer.pem -in attestations.yaml -out attestations.yaml.sig"));
    assert_eq!(verdict(&judged(folder, "--attestations attestations.yaml").1, "NET-010"), "attested");
}

#[test]
fn a_draft_that_nobody_filled_in_or_that_names_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (line, words) in [
        ("exception request PSS-01 --expires 2099-01-31", "error[compliance.unknown-check]: `PSS-01` matches no check"),
        ("exception request CPL-001/1.2.55 --expires 2099-01-31", "error[compliance.unknown-check]: `CPL-001/1.2.55` matches no check; CPL-001 judges 1.2.1, 1.2.2, "),
        ("exception request PSS-001:shop/a --expires 2099-01-31", "error[command.argument]: `shop/a` is neither KIND/NAME nor KIND/NAMESPACE/NAME"),
        ("exception request PSS-001: --expires 2099-01-31", "error[command.argument]: `PSS-001:` does not say what the finding is about"),
        ("exception request PSS-001 --expires 2020-01-31", "error[command.argument]: --expires 2020-01-31 is over already; "),
        ("attest NET-010 --evidence gone.pdf --expires 2020-01-31", "error[command.argument]: --expires 2020-01-31 is over already; "),
        ("attest * --evidence gone.pdf --expires 2099-01-31", "error[compliance.decision]: `*` is no id; an attestation is for one check or for one control, by its id"),
        ("attest NET-01? --evidence gone.pdf --expires 2099-01-31", "error[compliance.decision]: `NET-01?` is no id"),
        ("attest group:NET --evidence gone.pdf --expires 2099-01-31", "error[compliance.decision]: `group:NET` is no id"),
        ("attest NET-010 --evidence gone.pdf --expires 2099-01-31", "error[command.file-unreadable]: cannot read gone.pdf"),
    ] {
        let ended = run::airlock(folder.path(), line, &[]);
        assert_eq!(ended.exit, 2, "{line}: {}", ended.stderr);
        assert!(ended.stderr.starts_with(words), "{line}: {}", ended.stderr);
    }
}

/// As one word, which `run::airlock` would take apart.
fn drafted(finding: &str, more: &[&str]) -> (String, String) {
    let ended = Command::new(env!("CARGO_BIN_EXE_airlock")).args(["exception", "request", finding, "--expires", "2099-01-31"]).args(more).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap());
    assert!(ended.status.success(), "{finding}: {stderr}");
    (stdout, stderr)
}

#[test]
fn a_finding_may_be_named_as_a_report_prints_it() {
    let (draft, said) = drafted("✗ fail       PSS-001  Pod shop/a (pod.yaml#0)", &["--path", "spec.hostNetwork"]);
    assert!(draft.contains("  match:\n    kind: Pod\n    namespace: shop\n    name: a\n    path: spec.hostNetwork\n"), "{draft}");
    assert!(!said.contains("no kind"), "{said}");
    let (draft, said) = drafted("NET-010:connections into a pod", &[]);
    assert!(draft.contains("  match:\n    name: connections into a pod\n") && said.starts_with("it names no kind, so it is for whatever is called connections into a pod"), "{draft}{said}");
    let (draft, _) = drafted("CPL-001/1.2.7:Pod/kube-system/kube-apiserver-a", &[]);
    assert!(draft.contains("CPL-001-1.2.7\n") && draft.contains("  - CPL-001/1.2.7\n"), "{draft}");
    let (draft, said) = drafted("PSS-001", &[]);
    assert!(draft.contains("match: {}") && said.starts_with("it is for everything that PSS-001 says"), "{draft}{said}");
}
