//! An installation that is judged by the company's own profile, out of a file that one administrator alone has.

use std::fs;
use std::path::{Path, PathBuf};

use airlock_e2e::Site;
use serde_json::{Value, json};

use crate::bad_input::{Expected, assert_refused};

const GROUP: &str = "apiVersion: airlock/v1
kind: SecurityPolicyProfile
metadata: { name: group, version: '1', owner: security@group.test }
extends: [baseline]
rules: [{ checks: [PSS-001], locked: true }]
";

/// The company's profile beside that of its group, with further lines.
fn company(site: &Site, version: &str, further: &str) -> PathBuf {
    site.file("group.yaml", GROUP);
    let check = "{ id: SITE-001, title: nobody leaves notes, severity: low, why: w, fix: f, match: { apiVersion: v1, kinds: [ConfigMap] }, validations: [{ expression: \"object.metadata.name != 'notes'\" }] }";
    let begin = format!("apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: {{ name: company, version: '{version}', owner: security@company.test }}\nextends: [group.yaml]\n");
    site.file("company.yaml", &format!("{begin}custom: [{check}]\n{further}"))
}

/// The report of a colleague, who names no profile.
fn judged(site: &Site) -> Value {
    // What attempts would show is unverified, which fails the gate.
    site.run(&["compliance-check", "--namespace", &site.name, "--probes", "none", "-o", "json"]).expect(7).json()
}

fn verdict(report: &Value, id: &str) -> Value {
    report["checks"].as_array().expect("checks").iter().find(|check| check["id"] == id).map(|check| check["verdict"].clone()).unwrap_or_default()
}

/// What the record says that the installation was verified by.
fn verified_by(site: &Site) -> Value {
    let record: Value = serde_json::from_str(&site.kubectl(&["get", "configmap", "airlock-record", "-o", "jsonpath={.data.record\\.json}"])).expect("the record");
    record["profile"].clone()
}

#[test]
fn an_installation_is_judged_by_the_profile_of_its_company_also_where_the_file_is_not() {
    let site = Site::shared("ownprofile");
    let file = company(&site, "1", "exclude: [{ checks: [PSS-001], reason: it is in the way }]\n");
    let answers = site.answers(&format!("profile: {{ ref: 'file:{}' }}\n", file.display()));
    refused_before_the_first_write(&site, &answers);

    company(&site, "1", "");
    site.installed(&answers);
    assert!(site.install(&answers).expect(0).stdout.contains("nothing is to be done"));
    judged_without_the_file(&site, &file);
    what_the_file_says_by_now_is_installed_and_verified(&site, &answers);
    a_copy_that_is_gone_is_missed_and_made_anew(&site, &answers);

    site.run(&["uninstall", "--namespace", &site.name, "--yes"]).expect(0);
    assert_eq!(site.kubectl(&["get", "configmap", "airlock-profile", "--ignore-not-found", "-o", "name"]), "");
}

fn refused_before_the_first_write(site: &Site, answers: &Path) {
    let audit = site.audit();
    let weakened = Expected { exit: 2, first_line: "error[compliance.locked]: company.yaml:6:…PSS-001 is locked by group; …" };
    assert_refused(site, "a locked check is left out", &site.install(answers), &weakened);
    fs::remove_file(site.folder().join("group.yaml")).expect("the group's profile");
    let unreadable = Expected { exit: 2, first_line: "error[compliance.profile-unreadable]: company.yaml:4:…group.yaml cannot be read: …" };
    assert_refused(site, "the profile that it extends is not there", &site.install(answers), &unreadable);
    assert_eq!(audit.writes(), []);
}

fn judged_without_the_file(site: &Site, file: &Path) {
    fs::remove_file(file).expect("the company's profile");
    let good = judged(site);
    assert_eq!((&good["profile"]["name"], good.get("installed"), &good["digest"]), (&json!("company"), None, &verified_by(site)));
    assert_eq!((verdict(&good, "SITE-001"), verdict(&good, "PSS-001")), (json!("pass"), json!("pass")));
    site.kubectl(&["create", "configmap", "notes"]);
    let noted = judged(site);
    site.kubectl(&["delete", "configmap", "notes"]);
    assert_eq!((verdict(&noted, "SITE-001"), verdict(&noted, "PSS-001")), (json!("fail"), json!("pass")));
    let locked = site.run(&["compliance-check", "--namespace", &site.name, "--probes", "none", "--set", "PSS.version=v1.0"]).expect(2);
    assert!(locked.first_error().starts_with("error[compliance.locked]"), "what the file locks holds for whoever has no file:\n{}", locked.stderr);
}

fn what_the_file_says_by_now_is_installed_and_verified(site: &Site, answers: &Path) {
    let before = verified_by(site);
    company(site, "2", "");
    let planned = site.run(&["plan", "--answers", &answers.display().to_string(), "-o", "json"]).expect(0).json();
    let changes = planned["plan"]["steps"].as_array().expect("steps").iter().flat_map(|step| step["changes"].as_array().expect("changes"));
    let objects: Vec<(&Value, &Value)> = changes.map(|change| (&change["object"]["kind"], &change["object"]["name"])).collect();
    assert_eq!(objects, [(&json!("ConfigMap"), &json!("airlock-profile"))]);
    site.install(answers).expect(0);
    let report = judged(site);
    assert_eq!((&report["profile"]["version"], report.get("installed"), &report["digest"]), (&json!("2"), None, &verified_by(site)));
    assert_ne!(verified_by(site), before);
    assert!(site.install(answers).expect(0).stdout.contains("nothing is to be done"));
}

fn a_copy_that_is_gone_is_missed_and_made_anew(site: &Site, answers: &Path) {
    let drift = |exit| site.told("EVD-002", &[], exit).into_iter().map(|told| told.verdict).collect::<Vec<_>>();
    assert_eq!(drift(0), ["pass"]);
    let kept = site.kubectl(&["get", "configmap", "airlock-profile", "-o", "json"]);
    let changed = site.file("changed.json", &kept.replace("nobody leaves notes", "somebody leaves notes")).display().to_string();
    site.kubectl(&["replace", "-f", &changed]);
    assert_eq!(drift(7), ["fail"], "the copy was changed");
    site.kubectl(&["delete", "configmap", "airlock-profile"]);
    assert_eq!(drift(7), ["fail"], "the copy is gone");
    let unread = site.run(&["compliance-check", "--namespace", &site.name, "--probes", "none"]).expect(3);
    assert!(unread.first_error().starts_with("error[platform.profile-copy]") && unread.stdout.is_empty(), "{}", unread.said());
    site.run(&["compliance-check", "--namespace", &site.name, "--profile", "baseline", "--checks", "PSS-001"]).expect(0);
    site.install(answers).expect(0);
    assert_eq!(judged(site)["profile"]["name"], "company");
}
