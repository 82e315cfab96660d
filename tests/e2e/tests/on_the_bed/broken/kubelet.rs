//! A kubelet that answers whoever asks, at its own port and at its read-only one.

use std::collections::BTreeSet;

use airlock_e2e::{Run, Site};
use serde_json::Value;

/// One of two nodes; the other one is the control.
const OPEN: u8 = 2;

pub(crate) fn that_answers_strangers_is_told(site: &Site) {
    let before = failed(&judged(site).expect(7).json());
    site.bed.kubelet(OPEN, true).expect("a kubelet that is open");
    let opened = judged(site);
    site.bed.kubelet(OPEN, false).expect("a kubelet that is closed");
    let after = failed(&judged(site).expect(7).json());
    assert_eq!(before, after, "it is as it was");

    let opened = opened.expect(7).json();
    let told: BTreeSet<String> = failed(&opened).difference(&before).cloned().collect();
    let (name, address) = (format!("node{OPEN}"), site.bed.address(10 + OPEN).expect("its address"));
    let mut expected: BTreeSet<String> = ["a request without credentials: 4.2.1 4.2.2", "its read-only port: 4.2.4"].map(|told| format!("AUT-008 {name} at {address}: {told}")).into();
    // The settings in effect say the same; the benchmark leaves 4.2.4 to judgement there.
    expected.extend(["4.2.1", "4.2.2"].map(|number| format!("CPL-002 {name}: {number}")));
    assert_eq!(told, expected, "of one node alone");
}

fn judged(site: &Site) -> Run {
    site.run(&["compliance-check", "--no-profile", "--checks", "AUT-008,CPL-002", "--namespace", &site.name, "--yes", "--all", "-o", "json"])
}

/// Each failure by its check, its subject, and the numbers of the CIS benchmark that it is about.
fn failed(report: &Value) -> BTreeSet<String> {
    let text = |finding: &Value, pointer: &str| finding.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let numbers = |finding: &Value| finding["numbers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
    let findings = report["findings"].as_array().expect("findings").iter();
    findings.filter(|finding| finding["verdict"] == "fail").map(|finding| format!("{} {}: {}", text(finding, "/check"), text(finding, "/subject/name"), numbers(finding))).collect()
}
