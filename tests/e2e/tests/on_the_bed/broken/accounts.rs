//! Accounts of an installation that hold more than was declared.

use airlock_e2e::{Run, Site};

/// A right that is no power, so that nothing tells it but the comparison with what the plan declares for the account.
pub(crate) fn a_right_that_nobody_declared_is_told(site: &Site) {
    let renewer = format!("--serviceaccount={}:renewer", site.name);
    site.kubectl(&["create", "role", "more", "--verb=get", "--resource=services"]);
    site.kubectl(&["create", "rolebinding", "more", "--role=more", &renewer]);
    let opened = judged_by_rights(site);
    site.kubectl(&["delete", "role/more", "rolebinding/more"]);
    let opened = opened.expect(7).json();
    let failed: Vec<String> = opened["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["verdict"] != "pass" && finding["verdict"] != "not-applicable")
        .map(|finding| format!("{} {}: {}", finding["check"].as_str().unwrap_or_default(), finding["subject"]["name"].as_str().unwrap_or_default(), finding["observed"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(failed, [format!("RBC-011 more: ServiceAccount/{0}/renewer may also get services in namespace {0}, by Role more", site.name)], "exactly this is told");

    let closed = judged_by_rights(site).expect(0).json();
    let verdict = closed["checks"].as_array().expect("checks").iter().find(|check| check["id"] == "RBC-011").map(|check| &check["verdict"]);
    assert!(verdict.is_some_and(|verdict| verdict == "pass"), "{closed}");
}

fn judged_by_rights(site: &Site) -> Run {
    site.run(&["compliance-check", "--no-profile", "--checks", "RBC-*,SEC-003", "--namespace", &site.name, "--yes", "--all", "-o", "json"])
}
