//! A namespace that is no longer closed, enforced less strictly, or full.

use airlock_e2e::Site;
use serde_json::{Value, json};

use crate::walls::{but, check, verdicts, verdicts_of_baseline};

/// No policy closes it, Pod Security is enforced less strictly, and a secret of another is in it.
pub(crate) fn one_that_nothing_closes_is_told(site: &Site) {
    let in_beta = |arguments: &[&str]| site.bed.kubectl([&["-n", &site.tenant("beta")], arguments].concat()).expect("kubectl");
    let closed = site.file("closed.json", &in_beta(&["get", "networkpolicy", "default-deny", "-o", "json"])).display().to_string();
    in_beta(&["delete", "networkpolicy", "default-deny"]);
    site.bed.until_enforced(&site.tenant("beta"), "default-deny", false).expect("it is no longer gone by");
    let enforced = |level: &str| site.bed.kubectl(["label", "namespace", &site.tenant("beta"), "--overwrite", &format!("pod-security.kubernetes.io/enforce={level}")]).expect("kubectl");
    enforced("baseline");
    let shared = site.bed.kubectl(["-n", &site.tenant("alpha"), "get", "secret", "airflow-fernet-key", "-o", "json"]).expect("kubectl");
    let mut shared: Value = serde_json::from_str(&shared).expect("JSON");
    shared["metadata"] = json!({ "name": "again", "namespace": site.tenant("beta") });
    site.bed.apply(&shared.to_string()).expect("a Secret");
    let opened = check(site, &[]);
    in_beta(&["delete", "secret", "again"]);
    enforced("restricted");
    in_beta(&["create", "-f", &closed]);
    site.bed.until_enforced(&site.tenant("beta"), "default-deny", true).expect("it is gone by");
    let opened = opened.expect(7).json();
    assert_eq!(verdicts(&opened), but(&verdicts_of_baseline(), "fail", &["AFL-001", "NET-001", "NET-002", "PSS-018", "PSS-019", "SEC-004"]), "exactly these are told: {opened}");
}

/// Where nothing is admitted any more, what admission refuses proves nothing.
pub(crate) fn a_refusal_of_a_quota_is_none_of_admission(site: &Site) {
    let namespace = site.tenant("beta");
    site.bed.kubectl(["-n", &namespace, "create", "quota", "none", "--hard=pods=0"]).expect("kubectl");
    let judged = check(site, &["--checks", "PSS-019"]);
    site.bed.kubectl(["-n", &namespace, "delete", "quota", "none"]).expect("kubectl");
    let report = judged.expect(7).json();
    let open: Vec<_> = report["findings"].as_array().expect("findings").iter().filter(|finding| finding["verdict"] != "pass").collect();
    assert_eq!(open.len(), 2, "of one namespace: {report}");
    for finding in open {
        assert_eq!(finding["verdict"], "unverified", "{finding}");
        assert!(finding["observed"].as_str().is_some_and(|observed| observed.contains(&namespace) || observed.contains("quota")), "{finding}");
    }
}
