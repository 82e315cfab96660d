//! Reports of a vulnerability scanner: files, the API of Trivy Operator in a real cluster, and objects in the form that it writes.

use std::collections::BTreeSet;

use airlock_e2e::Site;
use jiff::SignedDuration;
use serde_json::{Value, json};

const CRD: &str = "vulnerabilityreports.aquasecurity.github.io";

/// Unverified without a scanner, told image by image by files of one and by one in the cluster.
pub(crate) fn what_a_scanner_says_counts(site: &Site) {
    let without = verdicts(site, 7);
    assert!(matches!(&without[..], [(_, verdict)] if verdict == "unverified"), "{without:?}");

    let digests: Vec<String> = digests(site).into_iter().collect();
    assert!(digests.len() > 3, "{digests:?}");
    files_are_handed_over(site, &digests);

    let _scanner = Scanner::new(site);
    for (number, digest) in digests.iter().enumerate() {
        report(site, number, digest, 0, 0);
    }
    let scanned = verdicts(site, 0);
    assert!(scanned.len() == digests.len() && scanned.iter().all(|(_, verdict)| verdict == "pass"), "{scanned:?}");

    // One with a fault, one that is too old, one that is gone; the others are what they were.
    report(site, 0, &digests[0], 1, 0);
    report(site, 1, &digests[1], 0, 8);
    site.kubectl(&["delete", &format!("{CRD}/scan-2")]);
    let told = verdicts(site, 7);
    let of = |digest: &str| {
        let short = digest.trim_start_matches("sha256:").get(..12).expect("a digest");
        let found: Vec<&str> = told.iter().filter(|(observed, _)| observed.contains(short)).map(|(_, verdict)| verdict.as_str()).collect();
        found.join(",")
    };
    assert_eq!((of(&digests[0]).as_str(), of(&digests[1]).as_str(), of(&digests[2]).as_str()), ("fail", "unverified", "unverified"), "{told:?}");
    assert!(digests[3..].iter().all(|digest| of(digest) == "pass"), "{told:?}");
    assert!(told.iter().any(|(observed, _)| observed.contains("CVE-2021-44228")), "{told:?}");
}

/// Of each image one, without a scanner in the cluster; then one of them with a fault, and one less.
fn files_are_handed_over(site: &Site, digests: &[String]) {
    let file = |number: usize, severity: &str| {
        let scan = json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
            "metadata": {
                "timestamp": jiff::Timestamp::now().to_string(),
                "tools": { "components": [{ "type": "application", "name": "grype", "version": "0.104.0" }] },
                "component": { "type": "container", "name": "some/image", "version": digests[number] },
            },
            "vulnerabilities": [{ "id": "CVE-2021-44228", "ratings": [{ "severity": severity }] }],
        });
        site.file(&format!("scan-{number}.json"), &scan.to_string()).display().to_string()
    };
    let judged = |files: &[String], exit: i32| -> Vec<String> {
        let handed = files.iter().flat_map(|file| ["--scan-report", file]);
        let arguments: Vec<&str> = ["compliance-check", "--no-profile", "--checks", "VUL-001", "--namespace", &site.name, "--yes", "--all", "-o", "json"].into_iter().chain(handed).collect();
        let report = site.run(&arguments).expect(exit).json();
        let mut verdicts: Vec<String> = report["findings"].as_array().expect("findings").iter().map(|finding| finding["verdict"].as_str().unwrap_or_default().to_owned()).collect();
        verdicts.sort();
        verdicts
    };
    let mut files: Vec<String> = (0..digests.len()).map(|number| file(number, "high")).collect();
    assert_eq!(judged(&files, 0), vec!["pass"; digests.len()]);
    files[0] = file(0, "critical");
    files.pop();
    assert_eq!(judged(&files, 7), [&["fail"][..], &vec!["pass"; digests.len() - 2], &["unverified"]].concat());
}

/// What is observed of each image, and the verdict.
fn verdicts(site: &Site, exit: i32) -> Vec<(String, String)> {
    site.told("VUL-001", &[], exit).into_iter().map(|told| (told.observed, told.verdict)).collect()
}

/// What pods of the installation name and nodes report.
fn digests(site: &Site) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for namespace in [site.name.clone(), site.tenant("alpha"), site.tenant("beta")] {
        let pods = site.bed.kubectl(["-n", &namespace, "get", "pods", "-o", "json"]).expect("kubectl");
        let pods: Value = serde_json::from_str(&pods).expect("JSON");
        for pod in pods["items"].as_array().expect("pods") {
            let named = ["/spec/initContainers", "/spec/containers"].into_iter().filter_map(|list| pod.pointer(list)?.as_array()).flatten().filter_map(|container| container["image"].as_str());
            let reported =
                ["/status/initContainerStatuses", "/status/containerStatuses"].into_iter().filter_map(|list| pod.pointer(list)?.as_array()).flatten().filter_map(|status| status["imageID"].as_str());
            found.extend(named.chain(reported).filter_map(|image| Some(image.rsplit_once('@')?.1.to_owned())));
        }
    }
    found
}

fn report(site: &Site, number: usize, digest: &str, faults: u32, days: i64) {
    let scanned = jiff::Timestamp::now() - SignedDuration::from_hours(24 * days);
    let listed: Vec<Value> =
        (0..faults).map(|_| json!({ "vulnerabilityID": "CVE-2021-44228", "severity": "CRITICAL", "resource": "log4j-core", "installedVersion": "2.14.1", "fixedVersion": "2.15.0" })).collect();
    let summary = json!({ "criticalCount": faults, "highCount": 0, "mediumCount": 0, "lowCount": 0, "unknownCount": 0, "noneCount": 0 });
    let manifest = json!({
        "apiVersion": "aquasecurity.github.io/v1alpha1", "kind": "VulnerabilityReport", "metadata": { "name": format!("scan-{number}"), "namespace": site.name },
        "report": {
            "artifact": { "repository": "some/image", "digest": digest }, "registry": { "server": "registry.example.com" },
            "scanner": { "name": "Trivy", "vendor": "Aqua Security", "version": "0.60.0" },
            "updateTimestamp": scanned.to_string(), "summary": summary, "vulnerabilities": listed,
        },
    });
    site.bed.apply(&manifest.to_string()).expect("a report");
}

/// The API of the scanner, gone with its owner.
struct Scanner<'a>(&'a Site);

impl<'a> Scanner<'a> {
    fn new(site: &'a Site) -> Self {
        let schema = json!({ "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } });
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": { "name": CRD },
            "spec": {
                "group": "aquasecurity.github.io", "scope": "Namespaced", "names": { "kind": "VulnerabilityReport", "plural": "vulnerabilityreports" },
                "versions": [{ "name": "v1alpha1", "served": true, "storage": true, "schema": schema }],
            },
        });
        site.bed.apply(&definition.to_string()).expect("a definition");
        site.bed.kubectl(["wait", "--for=condition=Established", &format!("crd/{CRD}"), "--timeout=60s"]).expect("it is served");
        Self(site)
    }
}

impl Drop for Scanner<'_> {
    fn drop(&mut self) {
        let deleted = self.0.bed.kubectl(["delete", "crd", CRD]);
        assert!(deleted.is_ok() || std::thread::panicking(), "{deleted:?}");
    }
}
