//! A cluster that takes policies and enforces none: Airlock notices, and just that check fails.

use std::collections::BTreeSet;

use airlock_bed::Bed;
use airlock_e2e::Site;
use serde_json::Value;

use super::kinds::Kinds;

/// Connections from pod to pod, and only those, to the port of the listening probe: the workstation still reaches the edge.
const BETWEEN_PODS: [&str; 10] = ["-s", "10.91.64.0/24", "-d", "10.91.64.0/24", "-p", "tcp", "--dport", "8443", "-j", "DROP"];

pub(crate) fn exactly_the_enforcement_check_fails_and_without_its_control_it_is_unverified(bed: &Bed) {
    let site = Site::on(bed.clone(), "unpoliced");
    let answers = site.answers("");
    site.install(&answers).expect(11);
    site.set_dns();
    site.install(&answers).expect(11);
    site.trust_on_nodes();
    let installed = site.run(&["--quiet", "install", "--answers", &answers.display().to_string(), "--yes"]).expect(7);
    let expected = "NET-010 (connections into a pod) fails the gate of the profile baseline; the installation stands; mend what is named above, then run the same command again";
    assert_eq!(installed.first_line(), expected, "{}", installed.said());
    assert!(installed.stdout.contains("NET-010"), "{}", installed.said());

    let check = ["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "-o", "json"];
    let checked = site.run(&[&["--quiet"], check.as_slice()].concat()).expect(7);
    assert_eq!(checked.first_line(), "NET-010 (connections into a pod) fails the gate of the profile baseline", "{}", checked.stderr);
    let report = checked.json();
    assert_eq!(checks_with(&report, "fail"), BTreeSet::from(["NET-010".to_owned()]), "{report}");
    assert_eq!(checks_with(&report, "unverified"), BTreeSet::new(), "{report}");
    assert_eq!(checks_with(&report, "error"), BTreeSet::new(), "{report}");
    let seen: Vec<&str> = findings(&report).filter(|finding| finding["check"] == "NET-010").filter_map(|finding| finding["observed"].as_str()).collect();
    assert_eq!(seen, ["allowed: connected; allowed from the same pod: connected; not allowed: connected"; 2], "both directions fail because the connection was made: {report}");

    dashboards_are_told(&site);

    filter_on_the_node(&site, "-I");
    let run = site.run(&check);
    filter_on_the_node(&site, "-D");
    let report = run.expect(7).json();
    assert_eq!(checks_with(&report, "unverified"), BTreeSet::from(["NET-010".to_owned()]), "without its control the check says nothing: {report}");
    assert_eq!(checks_with(&report, "fail"), BTreeSet::new(), "{report}");
}

/// The report as objects of a cluster: the API server holds them against the kinds as their makers released them, strictly.
fn dashboards_are_told(site: &Site) {
    const FORMATS: [(&str, &str, [&str; 2]); 2] = [("policyreport", "wgpolicyk8s.io", ["policyreports", "clusterpolicyreports"]), ("openreports", "openreports.io", ["reports", "clusterreports"])];
    for (format, group, kinds) in &FORMATS {
        let _kinds = Kinds::make(&site.bed, group, kinds);
        let told = site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "--all", "-o", *format]).expect(7).stdout;
        let apply = |text: &str| {
            let file = site.file("reports.json", text).display().to_string();
            site.bed.try_kubectl(["apply", "--server-side", "--validate=strict", "-f", &file]).expect("kubectl")
        };
        let refused = apply(&told.replace(r#""result": "fail""#, r#""result": "failed""#));
        assert!(refused.code != Some(0) && refused.stderr.contains("failed"), "the control: {}", refused.stderr);
        let taken = apply(&told);
        assert_eq!(taken.code, Some(0), "{}", taken.stderr);
        let [in_namespaces, in_cluster] = kinds.map(|kind| format!("{kind}.{group}"));
        let stored: Value = serde_json::from_str(&site.bed.kubectl(["get", &format!("{in_namespaces},{in_cluster}"), "--all-namespaces", "-o", "json"]).expect("kubectl")).expect("JSON");
        let results = stored["items"].as_array().expect("reports").iter().flat_map(|report| report["results"].as_array().into_iter().flatten());
        let failed: BTreeSet<&str> = results.filter(|result| result["result"] == "fail").filter_map(|result| result["policy"].as_str()).collect();
        assert_eq!(failed, ["NET-010"].into(), "{group}");
    }
}

fn findings(report: &Value) -> impl Iterator<Item = &Value> {
    report.pointer("/findings").and_then(Value::as_array).expect("findings").iter()
}

fn checks_with(report: &Value, verdict: &str) -> BTreeSet<String> {
    findings(report).filter(|finding| finding["verdict"] == verdict).map(|finding| finding["check"].as_str().unwrap_or_default().to_owned()).collect()
}

fn filter_on_the_node(site: &Site, verb: &str) {
    let status = site.bed.node(1, "iptables").args([verb, "FORWARD"]).args(BETWEEN_PODS).status().expect("iptables");
    assert!(status.success());
}
