//! Small files in the form of the real ones: what is read of each, what is refused, and the verdict that it comes to.

use std::collections::BTreeMap;

use airlock_model::{Coded, Evidence, ObjectRef, Snapshot, SnapshotObject, Source, Verdict, World};
use serde_json::json;

use super::*;
use crate::profile::unprofiled;
use crate::report::evaluate;
use crate::vulnerabilities::{API_VERSION, CHECK, IMAGES, KIND};

const NOW: &str = "2026-11-24T03:00:00Z";
const FRESH: &str = "2026-11-24T02:00:00Z";
const STALE: &str = "2026-11-01T02:00:00Z";

fn nginx() -> Digest {
    Digest::of(b"nginx")
}

/// The ID of the image, which no registry knows it by.
fn id() -> Digest {
    Digest::of(b"configuration")
}

/// A fault of a CycloneDX, with the severity by each source.
fn fault(id: &str, severities: &[&str]) -> Value {
    let ratings: Vec<Value> = severities.iter().map(|severity| json!({ "source": { "name": "nvd" }, "score": 7.5, "severity": severity, "method": "CVSSv31" })).collect();
    json!({ "id": id, "source": { "name": "debian" }, "ratings": ratings, "cwes": [79], "description": "a fault", "affects": [{ "ref": "pkg:deb/debian/openssl@3.0.1" }] })
}

/// As Trivy writes it of an image in a registry.
fn trivy(digest: &Digest, time: &str, faults: &[Value]) -> Value {
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "serialNumber": "urn:uuid:2be5773d-7cd3-4b4b-90a5-e165474ddace",
        "metadata": {
            "timestamp": time,
            "tools": { "components": [{ "type": "application", "group": "aquasecurity", "name": "trivy", "version": "0.66.0" }] },
            "component": {
                "bom-ref": format!("pkg:oci/nginx@sha256%3A{}?arch=amd64", digest.hex()), "type": "container", "name": "nginx:1.30",
                "purl": format!("pkg:oci/nginx@sha256%3A{}?arch=amd64&repository_url=index.docker.io%2Flibrary%2Fnginx", digest.hex()),
                "properties": [
                    { "name": "aquasecurity:trivy:ImageID", "value": id().as_str() },
                    { "name": "aquasecurity:trivy:RepoDigest", "value": format!("nginx@{digest}") },
                    { "name": "aquasecurity:trivy:RepoTag", "value": "nginx:1.30" },
                ],
            },
        },
        "components": [{ "bom-ref": "pkg:deb/debian/openssl@3.0.1", "type": "library", "name": "openssl", "version": "3.0.1" }],
        "dependencies": [], "vulnerabilities": faults,
    })
}

/// As Grype writes it of an image that was named by its digest.
fn grype(digest: &Digest, time: &str, faults: &[Value]) -> Value {
    let mut bom = trivy(digest, time, faults);
    bom["metadata"]["tools"]["components"][0] = json!({ "type": "application", "author": "anchore", "name": "grype", "version": "0.104.0" });
    bom["metadata"]["component"] = json!({ "bom-ref": "1882f79f937f7d91", "type": "container", "name": "docker.io/library/nginx", "version": digest.as_str() });
    for fault in bom["vulnerabilities"].as_array_mut().unwrap() {
        // The chance that it is used, which is no severity.
        fault["ratings"].as_array_mut().unwrap().push(json!({ "source": { "name": "FIRST" }, "score": 0.03, "method": "other" }));
    }
    bom
}

/// A rule and a result of Trivy's SARIF.
fn rule(id: &str, severity: &str, score: &str) -> (Value, Value) {
    let level = if ["CRITICAL", "HIGH"].contains(&severity) { "error" } else { "note" };
    let rule = json!({
        "id": id, "name": "OsPackageVulnerability", "defaultConfiguration": { "level": level },
        "help": { "text": format!("Vulnerability {id}\nSeverity: {severity}\nPackage: openssl\nFixed Version: \nLink: …\na fault") },
        "properties": { "precision": "very-high", "security-severity": score, "tags": ["vulnerability", "security", severity] },
    });
    let result = json!({ "ruleId": id, "ruleIndex": 0, "level": level, "message": { "text": format!("Package: openssl\nInstalled Version: 3.0.1\nVulnerability {id}\nSeverity: {severity}") } });
    (rule, result)
}

/// Trivy's SARIF, with the time that a pipeline adds where there is one.
fn sarif(digest: &Digest, time: Option<&str>, faults: &[(Value, Value)]) -> Value {
    let (rules, results): (Vec<Value>, Vec<Value>) = faults.iter().cloned().unzip();
    let mut run = json!({
        "tool": { "driver": { "fullName": "Trivy Vulnerability Scanner", "name": "Trivy", "informationUri": "https://github.com/aquasecurity/trivy", "version": "0.66.0", "rules": rules } },
        "results": results, "columnKind": "utf16CodeUnits",
        "properties": { "imageID": id().as_str(), "imageName": "nginx:1.30", "repoDigests": [format!("nginx@{digest}")], "repoTags": ["nginx:1.30"] },
    });
    if let Some(time) = time {
        run["invocations"] = json!([{ "executionSuccessful": true, "startTimeUtc": STALE, "endTimeUtc": time }]);
    }
    json!({ "version": "2.1.0", "$schema": "https://json.schemastore.org/sarif-2.1.0-rtm.5.json", "runs": [run] })
}

fn read(document: &Value) -> Result<Vec<ScanReport>, ComplianceError> {
    read_scan_report("scan.json", document.to_string().as_bytes())
}

fn refused(text: &str) -> (&'static str, String) {
    let error = read_scan_report("scan.json", text.as_bytes()).unwrap_err();
    (error.code().0, error.to_string())
}

/// A deployment of nginx by its digest, in a file, and what was handed over with it.
fn given(scan_reports: Vec<ScanReport>) -> Snapshot {
    let image = format!("docker.io/library/nginx:1.30@{}", nginx());
    let manifest = json!({ "metadata": { "name": "web", "namespace": "airlock" }, "spec": { "containers": [{ "name": "web", "image": image }] } });
    let pod = SnapshotObject { object: ObjectRef::namespaced("v1", "Pod", "airlock", "web"), manifest, place: None };
    let world = World { namespaces: vec!["airlock".into()], ..World::default() };
    Snapshot { world, source: Source::Files, at: Some(NOW.parse().unwrap()), objects: BTreeMap::from([("Pod".into(), Ok(vec![pod]))]), scan_reports, ..Snapshot::default() }
}

fn verdict(documents: &[Value]) -> (Verdict, String) {
    let findings = evaluate(CHECK, &unprofiled(), &given(documents.iter().flat_map(|document| read(document).unwrap()).collect()));
    assert_eq!(findings.len(), 1, "{findings:#?}");
    (findings[0].verdict, findings[0].observed.raw().to_owned())
}

/// Each form with a fault that is not critical.
fn good(time: &str) -> [Value; 3] {
    let faults = [fault("CVE-2026-1", &["high", "unknown"])];
    [trivy(&nginx(), time, &faults), grype(&nginx(), time, &faults), sarif(&nginx(), Some(time), &[rule("CVE-2026-1", "HIGH", "8.9")])]
}

#[test]
fn a_fresh_scan_of_the_digest_without_a_critical_fault_passes_in_each_form() {
    for document in good(FRESH) {
        assert_eq!(verdict(&[document]), (Verdict::Pass, format!("{} has no critical fault by the scan of {FRESH}", nginx().short())));
    }
    assert_eq!(verdict(&[grype(&nginx(), "2026-11-24T11:00:00+09:00", &[])]).0, Verdict::Pass, "Grype always looks, and writes local time");
}

#[test]
fn a_critical_fault_fails_in_each_form_however_old_the_scan_is() {
    for time in [FRESH, STALE] {
        let faults = [fault("CVE-2026-1", &["high"]), fault("CVE-2026-2", &["low", "critical"])];
        let rules = [rule("CVE-2026-1", "HIGH", "8.8"), rule("CVE-2026-2", "CRITICAL", "9.8")];
        for document in [trivy(&nginx(), time, &faults), grype(&nginx(), time, &faults), sarif(&nginx(), Some(time), &rules)] {
            assert_eq!(verdict(&[document]), (Verdict::Fail, format!("{} has 1 critical fault by the scan of {time}: CVE-2026-2", nginx().short())));
        }
    }
    let undated = sarif(&nginx(), None, &[rule("CVE-2026-2", "CRITICAL", "9.8")]);
    assert_eq!(verdict(&[undated]), (Verdict::Fail, format!("{} has 1 critical fault: CVE-2026-2", nginx().short())), "as Trivy writes it");
    let [clean, ..] = good(FRESH);
    let bad = trivy(&nginx(), STALE, &[fault("CVE-2026-2", &["critical"])]);
    assert_eq!(verdict(&[bad, clean]).0, Verdict::Fail, "of several files the worst counts");
}

#[test]
fn a_note_beside_a_fault_takes_nothing_away() {
    let mut excused = fault("CVE-2026-2", &["critical"]);
    excused["analysis"] = json!({ "state": "not_affected", "justification": "code_not_reachable" });
    assert_eq!(verdict(&[trivy(&nginx(), FRESH, &[excused])]).0, Verdict::Fail);
    let (rule, mut result) = rule("CVE-2026-2", "CRITICAL", "9.8");
    result["suppressions"] = json!([{ "kind": "external", "status": "accepted" }]);
    assert_eq!(verdict(&[sarif(&nginx(), Some(FRESH), &[(rule, result)])]).0, Verdict::Fail);
}

#[test]
fn a_scan_that_is_old_or_bears_no_time_leaves_the_image_unverified() {
    let short = nginx().short().to_owned();
    for document in good(STALE) {
        assert_eq!(verdict(&[document]), (Verdict::Unverified, format!("{short}: the last scan is of {STALE}, more than 7 days ago")));
    }
    let untimed = (Verdict::Unverified, format!("{short}: the report does not say when the image was scanned"));
    for document in good("yesterday") {
        assert_eq!(verdict(&[document]), untimed);
    }
    let [mut of_trivy, mut of_grype, _] = good(FRESH);
    for bom in [&mut of_trivy, &mut of_grype] {
        bom["metadata"].as_object_mut().unwrap().remove("timestamp");
        assert_eq!(verdict(std::slice::from_ref(bom)), untimed);
    }
    assert_eq!(verdict(&[sarif(&nginx(), None, &[rule("CVE-2026-1", "HIGH", "8.9")])]), untimed, "as Trivy writes it");
    let [.., mut twice] = good(FRESH);
    twice["runs"][0]["invocations"].as_array_mut().unwrap().push(json!({ "executionSuccessful": true }));
    assert_eq!(verdict(&[twice]), untimed);
    assert_eq!(verdict(&[good("2026-11-25T02:00:00Z")[0].clone()]).0, Verdict::Unverified, "it is yet to come");
}

#[test]
fn a_scan_of_another_digest_says_nothing_of_the_image() {
    let other = Digest::of(b"other");
    let faults = [fault("CVE-2026-2", &["critical"])];
    let told = (Verdict::Unverified, format!("no report of a scanner has the digest {}", nginx().short()));
    for document in [trivy(&other, FRESH, &faults), grype(&other, FRESH, &faults), sarif(&other, Some(FRESH), &[rule("CVE-2026-2", "CRITICAL", "9.8")])] {
        assert_eq!(verdict(&[document]), told, "of the same name and tag");
    }
}

/// As scanners write of archives, of what a daemon has, and of names with a tag.
#[test]
fn a_file_without_a_digest_is_refused_with_the_option_that_helps() {
    let [mut archive, mut tagged, mut unpushed] = good(FRESH);
    archive["metadata"]["component"]["purl"] = Value::Null;
    archive["metadata"]["component"]["properties"].as_array_mut().unwrap().remove(1);
    tagged["metadata"]["component"]["version"] = "1.30".into();
    unpushed["runs"][0]["properties"]["repoDigests"] = json!([]);
    let mut of_grype = good(FRESH)[2].clone();
    of_grype["runs"][0].as_object_mut().unwrap().remove("properties");
    let mut folder = good(FRESH)[1].clone();
    folder["metadata"]["component"]["type"] = "file".into();
    let mut second = good(FRESH)[2].clone();
    let run = unpushed["runs"][0].clone();
    second["runs"].as_array_mut().unwrap().push(run);
    for (document, option) in [
        (archive, "NAME@sha256:…, without a tag"),
        (tagged, "NAME@sha256:…, without a tag"),
        (folder, "NAME@sha256:…, without a tag"),
        (unpushed, "--output cyclonedx-json=FILE NAME@sha256:…"),
        (of_grype, "--output cyclonedx-json=FILE NAME@sha256:…"),
        (second, "--output cyclonedx-json=FILE NAME@sha256:…"),
    ] {
        let (code, said) = refused(&document.to_string());
        assert_eq!(code, "compliance.scan-digest");
        assert!(said.starts_with("the scan scan.json names no digest of an image; ") && said.contains(option), "{said}");
    }
}

#[test]
fn the_digest_is_read_where_versions_of_the_scanners_write_it() {
    let digests = |document: &Value| read(document).unwrap().remove(0).images.into_iter().collect::<Vec<_>>();
    let [mut bom, ..] = good(FRESH);
    assert_eq!(digests(&bom), [nginx()], "not the image's ID");
    bom["metadata"]["component"]["purl"] = format!("pkg:oci/nginx@{}?repository_url=index.docker.io%2Flibrary%2Fnginx", nginx()).into();
    bom["metadata"]["component"]["properties"] = json!([]);
    bom["metadata"]["tools"] = json!([{ "vendor": "aquasecurity", "name": "trivy", "version": "0.40.0" }]);
    assert_eq!(digests(&bom), [nginx()], "as in CycloneDX 1.4");
    let mirror = Digest::of(b"mirror");
    bom["metadata"]["component"]["purl"] = "pkg:oci/nginx@latest".into();
    bom["metadata"]["component"]["properties"] = json!([{ "name": "aquasecurity:trivy:RepoDigest", "value": format!("nginx@{},mirror.example/nginx@{mirror}", nginx()) }]);
    let mut both = [nginx(), mirror];
    both.sort();
    assert_eq!(digests(&bom), both);
    assert_eq!(verdict(&[bom]).0, Verdict::Pass);
}

#[test]
fn a_fault_without_a_severity_leaves_the_image_unverified() {
    let short = nginx().short().to_owned();
    let known = fault("CVE-2026-1", &["high"]);
    let mut unrated = fault("CVE-2026-2", &[]);
    let told = (Verdict::Unverified, format!("{short}: the report lists 1 of 2 faults without a severity that is understood"));
    for odd in [unrated.clone(), fault("CVE-2026-2", &["severe"]), fault("CVE-2026-2", &["high", "Critical"])] {
        assert_eq!(verdict(&[trivy(&nginx(), FRESH, &[known.clone(), odd.clone()])]), told);
        assert_eq!(verdict(&[grype(&nginx(), FRESH, &[known.clone(), odd])]), told);
    }
    unrated.as_object_mut().unwrap().remove("ratings");
    assert_eq!(verdict(&[trivy(&nginx(), FRESH, &[known, unrated])]), told);
    let known = || rule("CVE-2026-1", "HIGH", "8.9");
    let (mut unrated, mut bare) = rule("CVE-2026-2", "HIGH", "8.9");
    bare["message"]["text"] = "a fault".into();
    unrated["help"]["text"] = "a fault".into();
    unrated["properties"] = json!({ "tags": ["vulnerability"] });
    for odd in [(unrated, bare.clone()), (json!({ "id": "CVE-2026-3" }), bare), rule("CVE-2026-2", "HIGH", "10.1"), rule("CVE-2026-2", "HIGH", "NaN"), rule("CVE-2026-2", "HIGH", "high")] {
        assert_eq!(verdict(&[sarif(&nginx(), Some(FRESH), &[known(), odd])]), told, "an error alone is no severity");
    }
}

/// Trivy writes the same where it looked for nothing, or for secrets alone.
#[test]
fn a_list_without_any_fault_is_believed_of_grype_alone() {
    let told = (Verdict::Unverified, format!("{}: the report lists no vulnerability at all, as Trivy's does where `--scanners vuln` was not given", nginx().short()));
    assert_eq!(verdict(&[trivy(&nginx(), FRESH, &[])]), told);
    let mut contents = grype(&nginx(), FRESH, &[]);
    contents.as_object_mut().unwrap().remove("vulnerabilities");
    assert_eq!(verdict(&[contents]), told);
    assert_eq!(verdict(&[sarif(&nginx(), Some(FRESH), &[])]), told);
    let (mut secret, found) = rule("aws-access-key-id", "HIGH", "8.0");
    secret["properties"]["tags"][0] = "secret".into();
    assert_eq!(verdict(&[sarif(&nginx(), Some(FRESH), &[(secret, found)])]), told);
}

#[test]
fn sarif_says_critical_by_tag_by_score_or_by_line() {
    let critical = |change: &dyn Fn(&mut Value, &mut Value)| {
        let (mut rule, mut result) = rule("CVE-2026-2", "HIGH", "8.9");
        change(&mut rule, &mut result);
        read(&sarif(&nginx(), None, &[(rule, result)])).unwrap()[0].critical
    };
    assert_eq!(critical(&|_, _| ()), 0);
    assert_eq!(critical(&|rule, _| rule["properties"]["tags"][2] = "CRITICAL".into()), 1);
    assert_eq!(critical(&|rule, _| rule["properties"]["security-severity"] = "9.0".into()), 1);
    assert_eq!(critical(&|rule, _| rule["properties"]["security-severity"] = json!(9.5)), 1);
    assert_eq!(critical(&|rule, _| rule["help"]["text"] = "Vulnerability CVE-2026-2\nSeverity: critical".into()), 1);
    // The rule stands for all results of one id, and says what the last of them is.
    assert_eq!(critical(&|_, result| result["message"]["text"] = "Package: a\nSeverity: CRITICAL".into()), 1);
    assert_eq!(critical(&|_, result| result["message"]["text"] = "Severity: LOW\nSeverity: CRITICAL".into()), 0, "another's text follows the line");
    assert_eq!(critical(&|rule, result| (rule["id"], result["ruleId"]) = (Value::Null, Value::Null)), 0, "found by its place");
    let mut failed = sarif(&nginx(), Some(FRESH), &[rule("CVE-2026-1", "LOW", "2.0")]);
    failed["runs"][0]["invocations"][0]["executionSuccessful"] = false.into();
    assert_eq!(verdict(&[failed]).0, Verdict::Unverified);
}

#[test]
fn each_run_of_a_file_is_a_report_of_its_own() {
    let mut both = sarif(&Digest::of(b"other"), Some(FRESH), &[rule("CVE-2026-2", "CRITICAL", "9.8")]);
    let run = good(FRESH)[2]["runs"][0].clone();
    both["runs"].as_array_mut().unwrap().push(run);
    let reports = read(&both).unwrap();
    assert_eq!(reports.iter().map(|report| report.critical).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(verdict(&[both]).0, Verdict::Pass);
}

#[test]
fn what_is_no_scan_is_refused_with_the_reason() {
    let [bom, _, results] = good(FRESH);
    let (other, wrong) = ("it is JSON, but neither CycloneDX nor SARIF 2.1.0", "this is not as");
    let with = |document: &Value, at: &str, value: Value| {
        let mut odd = document.clone();
        *odd.pointer_mut(at).unwrap() = value;
        odd.to_string()
    };
    for (text, reason) in [
        (String::new(), "it is no JSON"),
        ("{".to_owned(), "it is no JSON"),
        ("<?xml version=\"1.0\"?><bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"/>".to_owned(), "it is no JSON"),
        ("{}".to_owned(), other),
        ("[]".to_owned(), other),
        ("null".to_owned(), other),
        (json!({ "SchemaVersion": 2, "ArtifactName": "nginx", "Results": [] }).to_string(), other),
        (json!({ "spdxVersion": "SPDX-2.3", "packages": [] }).to_string(), other),
        (with(&bom, "/bomFormat", "cyclonedx".into()), other),
        (with(&results, "/version", "2.0.0".into()), other),
        (with(&results, "/runs", json!([])), "it holds no run of a scanner"),
        (with(&results, "/runs", json!({})), wrong),
        (with(&results, "/runs/0/results", json!({})), wrong),
        (with(&bom, "/vulnerabilities", json!({})), wrong),
        (with(&bom, "/vulnerabilities/0/ratings/0/severity", json!(1)), wrong),
        (with(&bom, "/vulnerabilities/0/id", "x\u{1b}[2J".into()).replacen("\"ratings\"", "\"id\":\"y\",\"ratings\"", 1), wrong),
    ] {
        let (code, said) = refused(&text);
        assert_eq!(code, "compliance.scan-report");
        assert!(said.starts_with("the scan scan.json cannot be read: ") && said.contains(reason) && !said.contains('\u{1b}'), "{text}: {said}");
    }
    let huge = read_scan_report("huge", &vec![b' '; LARGEST_SCAN_REPORT + 1]).unwrap_err();
    assert_eq!(huge.to_string(), "the scan huge cannot be read: it has more than 67108864 bytes");
    assert_eq!(refused(&"[".repeat(1_000_000)).0, "compliance.scan-report");
}

#[test]
fn a_finding_names_the_file_its_digest_and_the_fields_that_decide() {
    let facts = |document: &Value| {
        let findings = evaluate(CHECK, &unprofiled(), &given(read(document).unwrap()));
        let facts = findings[0].evidence.iter().map(|evidence| if let Evidence::Fact(fact) = evidence { fact.clone() } else { panic!("{evidence:?}") });
        facts.collect::<Vec<String>>()
    };
    let bom = grype(&nginx(), FRESH, &[fault("CVE-2026-1", &["high"]), fault("CVE-2026-2", &["critical"])]);
    let file = Digest::of(bom.to_string().as_bytes());
    let told = [
        format!("CycloneDX by grype, handed over as scan.json, {file}"),
        format!("metadata.component.version: {}", nginx()),
        format!("metadata.timestamp: {FRESH}"),
        "vulnerabilities: 2 listed, 1 critical".to_owned(),
    ];
    assert_eq!(facts(&bom), told);
    let [.., results] = good(FRESH);
    let file = Digest::of(results.to_string().as_bytes());
    let told = [
        format!("SARIF by Trivy, handed over as scan.json, {file}"),
        format!("runs[0].properties.repoDigests: nginx@{}", nginx()),
        format!("runs[0].invocations: {FRESH}"),
        "runs[0].results: 1 listed, 0 critical".to_owned(),
    ];
    assert_eq!(facts(&results), told);
}

#[test]
fn what_a_file_is_full_of_does_not_fill_the_finding() {
    let faults: Vec<Value> = (0..5000).map(|number| fault(&format!("CVE-{}-{number}\u{1b}[2J", "9".repeat(10_000 / (number + 1))), &["critical"])).collect();
    let mut full = trivy(&nginx(), FRESH, &faults);
    full["metadata"]["tools"]["components"][0]["name"] = "x\u{202e}".repeat(100_000).into();
    full["metadata"]["timestamp"] = "0".repeat(100_000).into();
    let findings = evaluate(CHECK, &unprofiled(), &given(read(&full).unwrap()));
    let text = serde_json::to_string(&findings).unwrap();
    assert!(findings[0].verdict == Verdict::Fail && text.len() < 6000, "{}", text.len());
    assert!(findings[0].evidence.iter().all(|evidence| matches!(evidence, Evidence::Fact(fact) if !fact.contains(['\u{1b}', '\u{202e}']))));
}

/// In a cluster, files stand beside objects, and in the place of those that no scanner wrote.
#[test]
fn files_and_objects_are_judged_together() {
    let of_cluster = |objects: Result<Vec<Value>, &str>, scans: &[Value]| {
        let mut given = given(scans.iter().flat_map(|document| read(document).unwrap()).collect());
        given.source = Source::Cluster;
        let object = |manifest: Value| SnapshotObject { object: ObjectRef::namespaced(API_VERSION, KIND, "airlock", "scan"), manifest, place: None };
        given.objects.insert(KIND.into(), objects.map(|objects| objects.into_iter().map(object).collect()).map_err(str::to_owned));
        let mut told: Vec<_> = evaluate(CHECK, &unprofiled(), &given).into_iter().map(|finding| (finding.subject.name.raw().to_owned(), finding.verdict)).collect();
        told.sort();
        told
    };
    let report = |severity: &str| {
        let summary = json!({ "criticalCount": u8::from(severity == "CRITICAL") });
        json!({ "report": { "artifact": { "digest": nginx().as_str() }, "updateTimestamp": FRESH, "summary": summary, "vulnerabilities": [{ "vulnerabilityID": "CVE-2026-2", "severity": severity }] } })
    };
    let [clean, ..] = good(FRESH);
    let bad = trivy(&nginx(), FRESH, &[fault("CVE-2026-2", &["critical"])]);
    let image = |verdict| vec![("image docker.io/library/nginx:1.30".to_owned(), verdict)];
    assert_eq!(of_cluster(Ok(Vec::new()), std::slice::from_ref(&clean)), image(Verdict::Pass));
    assert_eq!(of_cluster(Ok(vec![report("HIGH")]), std::slice::from_ref(&clean)), image(Verdict::Pass));
    assert_eq!(of_cluster(Ok(vec![report("CRITICAL")]), std::slice::from_ref(&clean)), image(Verdict::Fail));
    assert_eq!(of_cluster(Ok(vec![report("HIGH")]), &[bad]), image(Verdict::Fail));
    let refused = of_cluster(Err("forbidden"), &[clean]);
    assert_eq!(refused, [image(Verdict::Pass), vec![(IMAGES.to_owned(), Verdict::Unverified)]].concat(), "an object could say worse");
    assert_eq!(of_cluster(Err("forbidden"), &[]), [(IMAGES.to_owned(), Verdict::Unverified)]);
}
