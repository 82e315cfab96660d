//! The auditor beside the command line: the same verdicts with fewer rights, and a word when something is worse.

#[cfg(feature = "long")]
pub(crate) mod at_length;
pub(crate) mod deployments;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use airlock_bed::eventually;
use airlock_e2e::Site;
use serde_json::Value;

/// The answers of an auditor that signs, with where it sends its evidence.
pub(crate) fn answers(site: &Site, sink: &str) -> (&'static str, String) {
    let key: PathBuf = site.file("evidence.pem", "");
    let made = Command::new("openssl").args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&key).output().expect("openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    ("auditor: {}", format!("evidence: {{ {sink}, signer: 'file:{}' }}\n", key.display()))
}

/// An audit now, and what it printed; it ends as it should.
#[track_caller]
pub(crate) fn audit(site: &Site, name: &str, ends: &str) -> String {
    site.kubectl(&["create", "job", &format!("audit-{name}"), "--from=cronjob/auditor"]);
    ended(site, name, ends)
}

/// What an audit that was begun printed; it ends as it should.
#[track_caller]
pub(crate) fn ended(site: &Site, name: &str, ends: &str) -> String {
    let job = format!("job/audit-{name}");
    let ended = eventually("the audit ends", Duration::from_mins(5), || {
        let status = site.kubectl(&["get", &job, "-o", r#"jsonpath={.status.conditions[?(@.status=="True")].type}"#]);
        ["Complete", "Failed"].into_iter().find(|end| status.split(' ').any(|condition| condition == *end)).ok_or(status)
    });
    let said = site.kubectl(&["logs", &job, "-c", "audit"]);
    assert_eq!(ended.unwrap_or_else(|error| panic!("{error}\n{said}")), ends, "{said}");
    said
}

/// The result of an audit now.
pub(crate) fn result(site: &Site, name: &str) -> Value {
    let log = audit(site, name, "Complete");
    assert!(!log.contains("error["), "{log}");
    log.lines().find_map(|line| serde_json::from_str(line).ok()).unwrap_or_else(|| panic!("no result:\n{log}"))
}

pub(crate) fn verdict(report: &Value, id: &str) -> Value {
    let check = report["checks"].as_array().into_iter().flatten().find(|check| check["id"] == id);
    check.unwrap_or_else(|| panic!("{id} is not in the report"))["verdict"].clone()
}

/// What is worse by an audit: each check, what it said, and what it says.
pub(crate) fn worsened(audit: &Value) -> Vec<[&str; 3]> {
    audit["audit"]["worse"].as_array().into_iter().flatten().map(|worse| ["check", "before", "after"].map(|key| worse[key].as_str().unwrap_or_default())).collect()
}
