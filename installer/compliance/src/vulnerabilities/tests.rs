//! Each verdict beside the one that passes, and reports that nobody should have written.

use std::collections::BTreeMap;

use airlock_model::{ObjectRef, SnapshotObject, Verdict};
use serde_json::{Value, json};

use super::*;
use crate::manifests;
use crate::parameter::setting;
use crate::profile::{selected, shipped, unprofiled};
use crate::report::evaluate;

const NOW: &str = "2026-11-24T03:00:00Z";
/// An hour ago.
const FRESH: &str = "2026-11-24T02:00:00Z";

fn nginx() -> Digest {
    Digest::of(b"nginx")
}

fn object(api_version: &str, kind: &str, name: &str, rest: Value) -> SnapshotObject {
    let mut manifest = rest;
    manifest["metadata"] = json!({ "name": name, "namespace": "airlock" });
    SnapshotObject { object: ObjectRef::namespaced(api_version, kind, "airlock", name), manifest, place: None }
}

/// A pod whose node reports what it runs, where it does.
fn pod(name: &str, image: &str, reported: &str) -> SnapshotObject {
    let status = json!({ "containerStatuses": [{ "name": "main", "imageID": reported }] });
    object("v1", "Pod", name, json!({ "spec": { "containers": [{ "name": "main", "image": image }] }, "status": status }))
}

/// What Trivy Operator writes of an image with these faults.
fn report(digest: &str, updated: &str, faults: &[(&str, &str)]) -> Value {
    let counted = |severity: &str| faults.iter().filter(|(_, known)| *known == severity).count();
    let listed: Vec<Value> =
        faults.iter().map(|(id, severity)| json!({ "vulnerabilityID": id, "severity": severity, "resource": "openssl", "installedVersion": "3.0.1", "fixedVersion": "" })).collect();
    json!({ "report": {
        "artifact": { "digest": digest, "repository": "library/nginx", "tag": "1.30" },
        "registry": { "server": "index.docker.io" },
        "scanner": { "name": "Trivy", "vendor": "Aqua Security", "version": "0.66.0" },
        "summary": { "criticalCount": counted("CRITICAL"), "highCount": counted("HIGH") },
        "updateTimestamp": updated,
        "vulnerabilities": listed,
    } })
}

fn clean() -> Value {
    report(nginx().as_str(), FRESH, &[("CVE-2026-1", "HIGH"), ("CVE-2026-2", "UNKNOWN")])
}

fn with(pods: Vec<SnapshotObject>, reports: Vec<Value>) -> Snapshot {
    let reports = reports.into_iter().enumerate().map(|(number, report)| object(API_VERSION, KIND, &format!("replicaset-web-{number}"), report)).collect();
    let world = World { namespaces: vec!["airlock".into()], ..World::default() };
    Snapshot { world, at: Some(NOW.parse().unwrap()), objects: BTreeMap::from([("Pod".into(), Ok(pods)), (KIND.into(), Ok(reports))]), ..Snapshot::default() }
}

fn given(reports: Vec<Value>) -> Snapshot {
    let image = format!("docker.io/library/nginx:1.30@{}", nginx());
    with(vec![pod("web", &image, &image)], reports)
}

fn said(given: &Snapshot) -> Vec<(String, Verdict, String)> {
    let findings = evaluate(CHECK, &unprofiled(), given);
    findings.into_iter().map(|finding| (finding.subject.name.raw().to_owned(), finding.verdict, finding.observed.raw().to_owned())).collect()
}

fn one(given: &Snapshot) -> (Verdict, String) {
    let mut said = said(given);
    assert_eq!(said.len(), 1, "{said:#?}");
    let (subject, verdict, observed) = said.remove(0);
    assert_eq!(subject, "image docker.io/library/nginx:1.30");
    (verdict, observed)
}

#[test]
fn a_fresh_report_of_the_digest_that_names_nothing_critical_passes() {
    let short = nginx().short().to_owned();
    assert_eq!(one(&given(vec![clean()])), (Verdict::Pass, format!("{short} has no critical fault by the scan of {FRESH}")));
}

#[test]
fn critical_faults_fail_with_their_number_and_the_first_four() {
    let short = nginx().short().to_owned();
    let critical = |ids: &[&'static str]| report(nginx().as_str(), FRESH, &ids.iter().map(|id| (*id, "CRITICAL")).collect::<Vec<_>>());
    assert_eq!(one(&given(vec![critical(&["CVE-2026-2"])])), (Verdict::Fail, format!("{short} has 1 critical fault by the scan of {FRESH}: CVE-2026-2")));
    let many = one(&given(vec![critical(&["F", "E", "D", "C", "B", "A", "A"])]));
    assert_eq!(many, (Verdict::Fail, format!("{short} has 7 critical faults by the scan of {FRESH}: A, B, C, D, and 2 more")));
    // What is counted and not listed counts, as does what is listed and not counted.
    let mut counted = clean();
    counted["report"]["summary"]["criticalCount"] = json!(3);
    assert_eq!(one(&given(vec![counted])), (Verdict::Fail, format!("{short} has 3 critical faults by the scan of {FRESH}")));
    let mut listed = critical(&["CVE-2026-2"]);
    listed["report"]["summary"]["criticalCount"] = json!(0);
    assert_eq!(one(&given(vec![listed])).0, Verdict::Fail);
}

#[test]
fn a_finding_names_the_report_and_the_fields_that_decide() {
    let findings = evaluate(CHECK, &unprofiled(), &given(vec![report(nginx().as_str(), FRESH, &[("CVE-2026-2", "CRITICAL")])]));
    assert_eq!(findings[0].path.as_ref().map(|path| path.raw().to_owned()), Some("report.summary.criticalCount".to_owned()));
    assert_eq!(findings[0].fix[0].command.as_deref(), Some("kubectl get vulnerabilityreport --namespace airlock replicaset-web-0 --output yaml"));
    assert_eq!(findings[0].evidence.len(), 3);
}

/// No report may hide another one: neither an older clean one, nor one that somebody adds.
#[test]
fn of_several_reports_on_one_digest_the_worst_counts() {
    let critical = |updated| report(nginx().as_str(), updated, &[("CVE-2026-2", "CRITICAL")]);
    for reports in [vec![clean(), critical(FRESH)], vec![critical("2020-01-01T00:00:00Z"), clean()], vec![critical("not a time"), clean()]] {
        assert_eq!(one(&given(reports)).0, Verdict::Fail);
    }
    let old = report(nginx().as_str(), "2020-01-01T00:00:00Z", &[]);
    assert_eq!(one(&given(vec![old.clone(), clean()])).0, Verdict::Pass, "a newer scan takes the place of an older one");
    assert_eq!(one(&given(vec![clean(), old])).0, Verdict::Pass);
}

#[test]
fn a_scan_is_fresh_for_as_many_days_as_the_profile_says() {
    let of = |updated: &str, days: Option<&str>| {
        let mut profile = unprofiled();
        profile.parameters.extend(days.map(|days| setting(&format!("{DAYS}={days}"), &unprofiled()).unwrap()));
        let findings = evaluate(CHECK, &profile, &given(vec![report(nginx().as_str(), updated, &[])]));
        findings[0].verdict
    };
    for (updated, days, verdict) in [
        ("2026-11-17T03:00:00Z", None, Verdict::Pass),
        ("2026-11-17T02:59:59Z", None, Verdict::Unverified),
        ("2026-11-17T02:59:59Z", Some("8"), Verdict::Pass),
        ("2026-11-23T02:00:00Z", Some("1"), Verdict::Unverified),
        ("2026-11-24T04:00:00+02:00", Some("1"), Verdict::Pass),
        ("2026-11-24T03:05:00Z", None, Verdict::Pass),
        ("2026-11-24T03:05:01Z", None, Verdict::Unverified),
    ] {
        assert_eq!(of(updated, days), verdict, "{updated} within {days:?}");
    }
    let mut timeless = given(vec![clean()]);
    timeless.at = None;
    assert_eq!(one(&timeless).0, Verdict::Unverified, "nobody said what time it is");
}

#[test]
fn without_a_report_of_this_very_digest_nothing_is_claimed() {
    let another = report(Digest::of(b"configuration").as_str(), FRESH, &[]);
    for reports in [Vec::new(), vec![another]] {
        assert_eq!(one(&given(reports)), (Verdict::Unverified, format!("no report of a scanner has the digest {}", nginx().short())));
    }
    let mut unknown = given(Vec::new());
    unknown.objects.insert(KIND.into(), Err(format!("the cluster does not know {KIND} of {API_VERSION}")));
    let told = format!("objects of kind {KIND} could not be read: the cluster does not know {KIND} of {API_VERSION}");
    assert_eq!(said(&unknown), [(IMAGES.to_owned(), Verdict::Unverified, told)]);
    unknown.objects.remove(KIND);
    assert_eq!(said(&unknown)[0].1, Verdict::Unverified);
}

/// Of each field: taken away, of another type, and full of nonsense.
#[test]
fn a_report_that_is_not_of_its_form_vouches_for_nothing() {
    for path in ["/report", "/report/artifact", "/report/artifact/digest", "/report/updateTimestamp", "/report/summary", "/report/summary/criticalCount", "/report/vulnerabilities"] {
        for value in [Value::Null, json!("0"), json!(-1), json!(0.5), json!({}), json!(["CRITICAL"]), json!([{ "severity": 1 }]), json!([{ "severity": "critical " }]), json!("\u{1b}[2J")] {
            let mut odd = clean();
            *odd.pointer_mut(path).unwrap() = value.clone();
            assert_eq!(one(&given(vec![odd])).0, Verdict::Unverified, "{path} is {value}");
        }
    }
    for digest in [nginx().hex().to_owned(), nginx().as_str().to_uppercase(), format!("docker.io/library/nginx@{}", nginx()), format!("{} ", nginx())] {
        assert_eq!(one(&given(vec![report(&digest, FRESH, &[])])).0, Verdict::Unverified, "{digest}");
    }
    let mut of_others = given(vec![clean()]);
    of_others.objects.get_mut(KIND).unwrap().as_mut().unwrap()[0].object.api_version = "acme.io/v1".into();
    assert_eq!(one(&of_others).0, Verdict::Unverified, "a kind of the same name");
}

#[test]
fn what_a_report_is_full_of_does_not_fill_the_finding() {
    let ids: Vec<String> = (0..5000).map(|number| format!("CVE-{}-{number}", "9".repeat(10_000 / (number + 1)))).collect();
    let faults: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "CRITICAL")).collect();
    let (verdict, observed) = one(&given(vec![report(nginx().as_str(), FRESH, &faults)]));
    assert!(verdict == Verdict::Fail && observed.len() < 300, "{observed}");
    let mut long = clean();
    long["report"]["updateTimestamp"] = json!("0".repeat(100_000));
    let findings = evaluate(CHECK, &unprofiled(), &given(vec![long]));
    assert!(serde_json::to_string(&findings).unwrap().len() < 3000);
}

#[test]
fn thousands_of_reports_are_each_found_by_their_digest() {
    let image = |number: u32| Digest::of(&number.to_le_bytes());
    let pods = (0..500).map(|number| pod(&format!("web-{number}"), &format!("a.example/web@{}", image(number)), "")).collect();
    let reports = (0..5000).map(|number| report(image(number).as_str(), FRESH, if number == 7 { &[("CVE-2026-2", "CRITICAL")] } else { &[] })).collect();
    let said = said(&with(pods, reports));
    assert_eq!(said.len(), 500);
    let failed: Vec<_> = said.iter().filter(|(_, verdict, _)| *verdict != Verdict::Pass).collect();
    assert!(matches!(failed[..], [(_, Verdict::Fail, observed)] if observed.starts_with(image(7).short())), "{failed:?}");
}

#[test]
fn an_image_counts_by_the_digest_that_the_pod_names_and_the_one_that_the_node_reports() {
    let other = Digest::of(b"other");
    let (named, running) = (format!("docker.io/library/nginx@{}", nginx()), format!("docker.io/library/nginx@{other}"));
    let verdicts = |pods, reports| said(&with(pods, reports)).into_iter().map(|(_, verdict, _)| verdict).collect::<Vec<_>>();
    let both = || vec![clean(), report(other.as_str(), FRESH, &[])];
    assert_eq!(verdicts(vec![pod("web", "nginx:1.30", &running)], both()), [Verdict::Pass], "named by a tag");
    assert_eq!(verdicts(vec![pod("web", &named, ""), pod("api", &named, &named)], both()), [Verdict::Pass], "twice the same");
    assert_eq!(verdicts(vec![pod("web", &named, &running)], both()), [Verdict::Pass; 2]);
    let mut odd = verdicts(vec![pod("web", &named, &running)], vec![clean()]);
    odd.sort();
    assert_eq!(odd, [Verdict::Pass, Verdict::Unverified], "what the node runs was not scanned");
    assert_eq!(verdicts(vec![pod("web", "nginx:1.30", nginx().as_str())], both()), [Verdict::Unverified], "no registry knows the ID of an image");
    let unread = object("v1", "Pod", "odd", json!({ "spec": { "containers": "none" } }));
    assert_eq!(verdicts(vec![unread], both()), [Verdict::Unverified]);
    assert_eq!(verdicts(Vec::new(), both()), [Verdict::Unverified], "no pod");
}

#[test]
fn files_are_judged_where_reports_are_given_with_them() {
    let deployment = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": "shop" },
        "spec": { "template": { "spec": { "containers": [{ "name": "web", "image": format!("docker.io/library/nginx:1.30@{}", nginx()) }] } } } });
    let files = |report: Option<Value>| {
        let reports = report.map(|mut report| {
            report["apiVersion"] = API_VERSION.into();
            report["kind"] = KIND.into();
            report["metadata"] = json!({ "name": "replicaset-web", "namespace": "shop" });
            report
        });
        let text = [Some(deployment.clone()), reports].into_iter().flatten().map(|object| object.to_string()).collect::<Vec<_>>().join("\n---\n");
        let read = manifests::snapshot([manifests::read("a.yaml", text.as_bytes())]);
        assert!(read.unread.is_empty(), "{:?}", read.unread);
        Snapshot { at: Some(NOW.parse().unwrap()), ..read }
    };
    assert_eq!(one(&files(Some(clean()))).0, Verdict::Pass);
    assert_eq!(one(&files(Some(report(nginx().as_str(), FRESH, &[("CVE-2026-2", "CRITICAL")])))).0, Verdict::Fail);
    assert_eq!(one(&files(Some(report(Digest::of(b"other").as_str(), FRESH, &[])))).0, Verdict::Unverified);
    let findings = evaluate(CHECK, &unprofiled(), &files(None));
    assert_eq!((findings[0].verdict, findings[0].reason), (Verdict::NotApplicable, Some(Reason::OtherSource)));
}

/// A cluster without a scanner must not fail what every installation is judged by.
#[test]
fn profiles_ask_for_scans_where_their_framework_does() {
    for (profile, asks) in [("baseline", false), ("restricted", false), ("airgap", false), ("pci-dss-4", true), ("soc2", true)] {
        let asked = selected(&shipped(profile).unwrap()).unwrap();
        assert_eq!(asked.iter().any(|check| check.spec().id == TEXTS.spec.id), asks, "{profile}");
    }
}
