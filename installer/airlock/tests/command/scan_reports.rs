//! Scans of images that are handed over, judged beside a file that names an image by its digest.

use std::fs;

use airlock_model::Digest;
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run;

const CHECK: &str = "compliance-check --manifests pod.yaml --checks VUL-001 --all -o json";

fn nginx() -> Digest {
    Digest::of(b"nginx")
}

/// As Grype writes it now, of an image that was named by its digest.
fn grype(digest: &str, severity: &str) -> String {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {
            "timestamp": Timestamp::now().to_string(),
            "tools": { "components": [{ "type": "application", "author": "anchore", "name": "grype", "version": "0.104.0" }] },
            "component": { "type": "container", "name": "docker.io/library/nginx", "version": digest },
        },
        "vulnerabilities": [{ "id": "CVE-2026-1", "ratings": [{ "severity": severity }] }],
    })
    .to_string()
}

/// As Trivy writes it, without a time.
fn sarif(severity: &str) -> String {
    let rule = json!({ "id": "CVE-2026-2", "properties": { "tags": ["vulnerability", "security", severity], "security-severity": "8.0" } });
    let result = json!({ "ruleId": "CVE-2026-2", "ruleIndex": 0, "level": "error", "message": { "text": "Package: openssl" } });
    let run = json!({ "tool": { "driver": { "name": "Trivy", "rules": [rule] } }, "results": [result], "properties": { "repoDigests": [format!("nginx@{}", nginx())] } });
    json!({ "version": "2.1.0", "runs": [run] }).to_string()
}

/// A pod of nginx, and scans of it.
fn place() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    let pod = format!("apiVersion: v1\nkind: Pod\nmetadata: {{ name: web, namespace: shop }}\nspec: {{ containers: [{{ name: web, image: \"docker.io/library/nginx:1.30@{}\" }}] }}\n", nginx());
    for (file, text) in [
        ("pod.yaml", pod),
        ("good.json", grype(nginx().as_str(), "high")),
        ("bad.json", grype(nginx().as_str(), "critical")),
        ("other.json", grype(Digest::of(b"other").as_str(), "low")),
        ("tagged.json", grype("1.30", "low")),
        ("undated.sarif", sarif("HIGH")),
        ("bad.sarif", sarif("CRITICAL")),
        ("no-scan.json", "{}".to_owned()),
    ] {
        fs::write(place.path().join(file), text).unwrap();
    }
    place
}

/// Exit code, and what VUL-001 says of the image.
fn judged(place: &TempDir, scans: &str) -> (i32, Value) {
    let ended = run::airlock(place.path(), &format!("{CHECK} {scans}"), &[]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stderr));
    let finding = report["findings"].as_array().unwrap().iter().find(|finding| finding["check"] == "VUL-001").cloned().unwrap_or_default();
    (ended.exit, finding)
}

#[test]
fn a_scan_of_the_digest_passes_and_one_with_a_critical_fault_fails_the_gate() {
    let place = place();
    for (scans, exit, verdict) in [
        ("--scan-report good.json", 0, "pass"),
        ("--scan-report good.json --scan-report other.json", 0, "pass"),
        ("--scan-report bad.json", 7, "fail"),
        ("--scan-report good.json --scan-report bad.json", 7, "fail"),
        ("--scan-report bad.sarif", 7, "fail"),
        ("--scan-report undated.sarif", 7, "unverified"),
        ("--scan-report other.json", 7, "unverified"),
    ] {
        let (ended, finding) = judged(&place, scans);
        assert_eq!((ended, finding["verdict"].as_str()), (exit, Some(verdict)), "{scans}: {finding}");
        assert_eq!(finding["subject"]["name"], "image docker.io/library/nginx:1.30", "{scans}");
    }
    let (_, finding) = judged(&place, "--scan-report good.json");
    let evidence = finding["evidence"].to_string();
    let file = Digest::of(&fs::read(place.path().join("good.json")).unwrap());
    assert!(evidence.contains(&format!("CycloneDX by grype, handed over as good.json, {file}")), "{evidence}");
}

#[test]
fn evidence_keeps_which_files_were_handed_over() {
    let place = place();
    let ended = run::airlock(place.path(), &format!("{CHECK} --scan-report good.json --scan-report other.json --evidence evidence"), &[]);
    assert_eq!(ended.exit, 0, "{}", ended.stderr);
    let run = fs::read_dir(place.path().join("evidence")).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    let kept: Value = serde_json::from_slice(&fs::read(run.join("run.json")).unwrap()).unwrap();
    let of = |file: &str| json!({ "file": file, "digest": Digest::of(&fs::read(place.path().join(file)).unwrap()) });
    assert_eq!(kept["arguments"]["documents"], json!([of("good.json"), of("other.json")]), "{kept}");
}

/// Files and a cluster alike; nothing is asked for and nothing kept before.
#[test]
fn a_file_that_is_no_scan_of_an_image_ends_with_2() {
    let place = place();
    for (given, words) in [
        ("--scan-report no-scan.json", "error[compliance.scan-report]: the scan no-scan.json cannot be read: it is JSON, but neither CycloneDX nor SARIF 2.1.0"),
        ("--scan-report pod.yaml", "error[compliance.scan-report]: the scan pod.yaml cannot be read: it is no JSON"),
        ("--scan-report good.json --scan-report tagged.json", "error[compliance.scan-digest]: the scan tagged.json names no digest of an image; "),
        ("--scan-report gone.json", "gone.json"),
        ("--scan-report good.json --permissions", "--permissions"),
    ] {
        for judged in ["compliance-check --kubeconfig nowhere", "compliance-check --manifests pod.yaml --evidence evidence"] {
            let ended = run::airlock(place.path(), &format!("{judged} {given}"), &[]);
            assert_eq!(ended.exit, 2, "{judged} {given}: {}", ended.stderr);
            assert!(ended.stderr.contains(words), "{judged} {given}: {}", ended.stderr);
        }
    }
    assert!(!place.path().join("evidence").exists());
}
