//! An API server that stores Secrets as they are.

use std::fs;
use std::time::Duration;

use airlock_bed::{Bed, eventually};
use airlock_e2e::Site;
use serde_json::Value;

/// Once the provider that encrypts is only one that reads; what it had encrypted before is no excuse.
pub(crate) fn secrets_that_are_not_encrypted_are_told(bed: &Bed) {
    let site = Site::on(bed.clone(), "plain");
    site.installed(&site.answers(""));
    let judged = || -> Vec<(String, String)> {
        let report = site.run(&["compliance-check", "--no-profile", "--checks", "ENC-001,ENC-002", "--namespace", &site.name, "--yes", "-o", "json"]).json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        report["checks"].as_array().expect("checks").iter().map(|check| (text(&check["id"]), text(&check["verdict"]))).collect()
    };
    let both = |verdict: &str| ["ENC-001", "ENC-002"].map(|id| (id.to_owned(), verdict.to_owned())).to_vec();
    assert_eq!(judged(), both("pass"));

    let settings = bed.folder().join("control-plane/encryption.yaml");
    let encrypts = fs::read_to_string(&settings).expect("the API server's settings");
    let plain = encrypts.replace("providers: [{", "providers: [{identity: {}}, {").replace(", {identity: {}}]", "]");
    assert_ne!(plain, encrypts);
    fs::write(&settings, plain).expect("the API server's settings");
    let stored = || {
        site.kubectl(&["create", "secret", "generic", "stored", "--from-literal=value=as-it-is"]);
        let told = judged();
        site.kubectl(&["delete", "secret", "stored"]);
        if told == both("fail") { Ok(()) } else { Err(format!("{told:?}")) }
    };
    // It looks at the file each minute.
    eventually("Secrets that are stored as they are", Duration::from_mins(4), stored).unwrap_or_else(|error| panic!("{error}"));
}
