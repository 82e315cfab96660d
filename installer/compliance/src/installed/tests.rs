//! Every check of the group: a good installation passes all of them; one thing is changed and exactly one check says so;
//! one thing is taken away and what rested on it is unverified.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use airlock_model::answers::Receiver;
use airlock_model::{AttemptId, AttemptResult, Check, Digest, Finding, Need, Outcome, Presented, Profile, SecretLeak, SharedSecret, Snapshot, SnapshotObject, TlsVersion, UnreadLog, Verdict, names};
use serde_json::{Value, json};

use crate::{Judging, Report, checks, judge, needs, with_checks};

mod good;

use good::{answered, baseline, fernet, good, judged, left, live, locked, logged, logged_in, message, outcome, presented, reached, redirected, secured, stored, told, unadmitted, world};

fn report(given: &Snapshot) -> Report {
    judge(&baseline(), given, Judging { passes: true, workers: 1 }).unwrap()
}

/// Whether a check waits for a component that is not installed yet, so that it never passes.
fn is_absent(id: &str) -> bool {
    crate::absent::CHECKS.iter().any(|check| check.spec().id == id)
}

/// The checks that say something else than pass, with what weighs most.
fn complaints(given: &Snapshot) -> BTreeMap<String, Verdict> {
    report(given).checks.into_iter().filter(|check| check.verdict != Verdict::Pass && !is_absent(&check.id)).map(|check| (check.id, check.verdict)).collect()
}

#[test]
fn a_good_installation_passes_every_check() {
    let report = report(&good());
    let odd: Vec<&Finding> = report.findings.iter().filter(|finding| finding.verdict != Verdict::Pass && !is_absent(&finding.check)).collect();
    assert!(odd.is_empty(), "{odd:#?}");
    assert!(!report.summary.gate_failed);
    assert_eq!(report.summary.verdict, Verdict::Pass);
}

/// What is changed, and what exactly is then said by which checks.
type Case = (fn(&mut Snapshot), &'static [(&'static str, Verdict)]);

/// What an attempt decides rests on one, so that a profile may ask that nothing else does.
#[test]
fn every_check_that_makes_attempts_passes_by_them_alone() {
    let tried = checks().iter().filter(|check| crate::is_tried(**check)).map(|check| check.spec().id.to_owned()).filter(|id| baseline().checks.contains(id));
    let profile = Profile { must_probe: tried.collect(), ..baseline() };
    assert!(profile.must_probe.len() > 8, "{:?}", profile.must_probe);
    let report = judge(&profile, &good(), Judging { passes: true, workers: 1 }).unwrap();
    let complained: Vec<_> = report.findings.iter().filter(|finding| finding.verdict != Verdict::Pass && !is_absent(&finding.check)).map(|finding| (&finding.check, &finding.why)).collect();
    assert!(complained.is_empty(), "{complained:?}");
}

fn objects<'a>(given: &'a mut Snapshot, kind: &str) -> &'a mut Vec<SnapshotObject> {
    given.objects.get_mut(kind).unwrap().as_mut().unwrap()
}

fn spec(given: &mut Snapshot) -> &mut Value {
    &mut objects(given, "Pod")[0].manifest["spec"]
}

fn container(given: &mut Snapshot) -> &mut Value {
    &mut spec(given)["containers"][0]
}

fn result<'a>(given: &'a mut Snapshot, id: &str) -> &'a mut AttemptResult {
    &mut given.outcomes.get_mut(&AttemptId::from(id)).unwrap().result
}

fn served(given: &mut Snapshot) -> &mut Presented {
    match result(given, "tls.served.registry.platform.test") {
        AttemptResult::Handshaken(presented) => presented,
        other => panic!("{other:?}"),
    }
}

/// What a node did that stands for all.
fn any_node(given: &mut Snapshot, result: AttemptResult) {
    let id = AttemptId::from("registry.node.any");
    let outcome = Outcome { attempt: id.clone(), result, ..given.outcomes[&AttemptId::from("registry.node.default")].clone() };
    given.outcomes.insert(id, outcome);
}

/// The database server is one that the customer runs.
fn theirs(given: &mut Snapshot) {
    given.world.database.as_mut().unwrap().existing = true;
}

use Verdict::{Fail, Unverified, Warn};

#[rustfmt::skip]
const CASES: &[Case] = &[
    // Pod Security
    (|s| container(s)["securityContext"]["privileged"] = json!(true), &[("PSS-001", Fail)]),
    (|s| spec(s)["hostPID"] = json!(true), &[("PSS-002", Fail)]),
    (|s| spec(s)["volumes"][0] = json!({ "name": "etc", "hostPath": { "path": "/etc" } }), &[("PSS-003", Fail), ("PSS-015", Fail)]),
    (|s| container(s)["ports"] = json!([{ "containerPort": 8443, "hostPort": 8443 }]), &[("PSS-004", Fail)]),
    (|s| container(s)["securityContext"]["capabilities"]["add"] = json!(["SYS_ADMIN"]), &[("PSS-005", Fail), ("PSS-006", Fail)]),
    (|s| container(s)["securityContext"]["capabilities"]["drop"] = json!(["NET_RAW"]), &[("PSS-006", Fail)]),
    (|s| container(s)["securityContext"]["allowPrivilegeEscalation"] = json!(null), &[("PSS-007", Fail)]),
    (|s| spec(s)["securityContext"]["runAsNonRoot"] = json!(null), &[("PSS-008", Fail)]),
    (|s| spec(s)["securityContext"]["runAsUser"] = json!(0), &[("PSS-009", Fail)]),
    (|s| spec(s)["securityContext"]["seccompProfile"]["type"] = json!("Unconfined"), &[("PSS-010", Fail)]),
    (|s| spec(s)["securityContext"]["appArmorProfile"] = json!({ "type": "Unconfined" }), &[("PSS-011", Fail)]),
    (|s| container(s)["securityContext"]["seLinuxOptions"] = json!({ "type": "spc_t" }), &[("PSS-012", Fail)]),
    (|s| spec(s)["securityContext"]["sysctls"] = json!([{ "name": "kernel.msgmax", "value": "1" }]), &[("PSS-013", Fail)]),
    (|s| container(s)["securityContext"]["procMount"] = json!("Unmasked"), &[("PSS-014", Fail)]),
    (|s| spec(s)["volumes"][0] = json!({ "name": "share", "nfs": { "server": "a", "path": "/" } }), &[("PSS-015", Fail)]),
    (|s| spec(s)["securityContext"]["windowsOptions"] = json!({ "hostProcess": true }), &[("PSS-016", Fail)]),
    (|s| container(s)["livenessProbe"] = json!({ "httpGet": { "host": "10.0.0.1", "port": 80 } }), &[("PSS-017", Fail)]),
    (|s| objects(s, "Namespace")[1].manifest["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = json!("baseline"), &[("PSS-018", Fail)]),
    (|s| objects(s, "Namespace")[0].manifest["metadata"]["labels"] = json!({}), &[("PSS-018", Fail)]),
    (|s| objects(s, "Namespace")[0].manifest["metadata"]["labels"]["pod-security.kubernetes.io/enforce-version"] = json!("v1.24"), &[("PSS-018", Warn)]),
    (|s| drop(objects(s, "Namespace").pop()), &[("PSS-018", Unverified)]),
    (|s| *result(s, "admission.restricted.airlock") = AttemptResult::Admitted, &[("PSS-019", Fail)]),
    (|s| { *result(s, "admission.conforming.airlock") = unadmitted("exceeded quota"); *result(s, "admission.baseline.airlock") = AttemptResult::Admitted; }, &[("PSS-019", Fail)]),
    (|s| *result(s, "admission.conforming.airlock-probes") = unadmitted("exceeded quota"), &[("PSS-019", Unverified)]),
    (|s| *result(s, "admission.baseline.airlock") = unadmitted("exceeded quota"), &[("PSS-019", Unverified)]),
    (|s| *result(s, "admission.baseline.airlock") = AttemptResult::NotCarriedOut("no right".to_owned().into()), &[("PSS-019", Unverified)]),
    // workloads
    (|s| container(s)["securityContext"]["readOnlyRootFilesystem"] = json!(false), &[("WKL-001", Fail)]),
    (|s| container(s)["resources"]["limits"]["memory"] = json!(null), &[("WKL-002", Fail)]),
    (|s| container(s)["resources"] = json!({}), &[("WKL-002", Fail)]),
    (|s| spec(s)["automountServiceAccountToken"] = json!(null), &[("WKL-004", Fail)]),
    (|s| spec(s)["automountServiceAccountToken"] = json!(true), &[("WKL-004", Fail)]),
    (|s| { spec(s)["automountServiceAccountToken"] = json!(true); s.world.accounts_with_rights.push("airlock/edge".into()); }, &[]),
    (|s| { spec(s)["automountServiceAccountToken"] = json!(true); s.world.accounts_with_rights.push("other/edge".into()); }, &[("WKL-004", Fail)]),
    (|s| { spec(s)["automountServiceAccountToken"] = json!(null); objects(s, "ServiceAccount")[0].manifest["automountServiceAccountToken"] = json!(false); }, &[]),
    (|s| spec(s)["volumes"][0] = json!({ "name": "t", "projected": { "sources": [ { "serviceAccountToken": { "path": "token" } } ] } }), &[("WKL-004", Fail)]),
    (|s| spec(s)["serviceAccountName"] = json!("default"), &[("WKL-005", Fail)]),
    (|s| objects(s, "ServiceAccount").clear(), &[("WKL-005", Fail)]),
    (|s| spec(s)["ephemeralContainers"] = json!([{ "name": "shell", "image": format!("docker.io/library/nginx@{}", Digest::of(b"nginx")), "securityContext": { "privileged": true, "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } } }]), &[("PSS-001", Fail), ("REG-004", Unverified)]),
    (|s| { objects(s, "Pod").clear(); objects(s, "Job")[0].manifest["spec"] = json!({}); }, &[("PSS-001", Unverified), ("PSS-002", Unverified), ("PSS-003", Unverified), ("PSS-004", Unverified), ("PSS-005", Unverified), ("PSS-006", Unverified), ("PSS-007", Unverified), ("PSS-008", Unverified), ("PSS-009", Unverified), ("PSS-010", Unverified), ("PSS-011", Unverified), ("PSS-012", Unverified), ("PSS-013", Unverified), ("PSS-014", Unverified), ("PSS-015", Unverified), ("PSS-016", Unverified), ("PSS-017", Unverified), ("REG-004", Unverified), ("SEC-001", Unverified), ("WKL-001", Unverified), ("WKL-002", Unverified), ("WKL-004", Unverified), ("WKL-005", Unverified)]),
    // network policies
    (|s| drop(objects(s, "NetworkPolicy").remove(0)), &[("NET-001", Fail), ("NET-002", Fail)]),
    (|s| objects(s, "NetworkPolicy").clear(), &[("NET-001", Fail), ("NET-002", Fail)]),
    (|s| objects(s, "NetworkPolicy")[0].manifest["spec"]["policyTypes"] = json!(["Ingress"]), &[("NET-002", Fail)]),
    (|s| objects(s, "NetworkPolicy")[0].manifest["spec"]["podSelector"] = json!({ "matchLabels": { "a": "b" } }), &[("NET-001", Fail), ("NET-002", Fail)]),
    (|s| objects(s, "NetworkPolicy")[1].manifest["spec"]["ingress"] = json!([{}]), &[("NET-001", Fail)]),
    (|s| objects(s, "NetworkPolicy")[2].manifest["spec"] = json!({ "podSelector": {} }), &[("NET-002", Fail)]),
    // enforcement, with policies off: what should be blocked connects
    (|s| *result(s, "policy.blocked") = AttemptResult::Connected, &[("NET-010", Fail), ("NET-011", Unverified)]),
    (|s| *result(s, "policy.confined") = AttemptResult::Connected, &[("NET-010", Fail), ("NET-011", Unverified)]),
    (|s| *result(s, "policy.blocked") = AttemptResult::Unreachable("no route".to_owned().into()), &[]),
    (|s| *result(s, "policy.allowed") = AttemptResult::TimedOut, &[("NET-010", Unverified), ("NET-011", Unverified)]),
    (|s| { *result(s, "policy.allowed") = AttemptResult::NotCarriedOut("no pod".to_owned().into()); *result(s, "policy.blocked") = AttemptResult::Connected; }, &[("NET-010", Unverified), ("NET-011", Unverified)]),
    (|s| *result(s, "policy.blocked") = AttemptResult::NotCarriedOut("no pod".to_owned().into()), &[("NET-010", Unverified), ("NET-011", Unverified)]),
    (|s| *result(s, "policy.blocked") = AttemptResult::NoSuchName, &[("NET-010", Unverified), ("NET-011", Unverified)]),
    // certificates
    (|s| served(s).not_after = left(-1), &[("TLS-002", Fail)]),
    (|s| served(s).not_after = left(24 * 13), &[("TLS-002", Fail)]),
    (|s| served(s).not_after = left(24 * 29), &[("TLS-002", Warn)]),
    (|s| served(s).not_after = left(24 * 30), &[]),
    // Of six days: two are a third of them.
    (|s| (served(s).not_before, served(s).not_after) = (left(-24 * 4), left(24 * 2 + 1)), &[]),
    (|s| (served(s).not_before, served(s).not_after) = (left(-24 * 4), left(24 * 2 - 1)), &[("TLS-002", Fail)]),
    (|s| served(s).names.clear(), &[("TLS-002", Fail)]),
    (|s| served(s).names = vec!["platform.test".to_owned().into()], &[("TLS-002", Fail)]),
    (|s| served(s).fingerprint = Digest::of(b"other"), &[("TLS-002", Fail), ("TLS-006", Fail)]),
    (|s| s.world.certificate = None, &[("TLS-002", Unverified), ("TLS-006", Unverified)]),
    (|s| { let presented = Some(presented()); *result(s, "tls.served.registry.platform.test") = AttemptResult::Untrusted { reason: "unknown issuer".to_owned().into(), presented }; }, &[("TLS-002", Fail), ("TLS-006", Fail)]),
    (|s| *result(s, "tls.served.registry.platform.test") = AttemptResult::TimedOut, &[("TLS-002", Unverified), ("TLS-003", Unverified), ("TLS-004", Unverified), ("TLS-006", Unverified), ("TLS-007", Unverified)]),
    (|s| *result(s, "tls.served.registry.platform.test") = AttemptResult::NoSuchName, &[("TLS-002", Unverified), ("TLS-003", Unverified), ("TLS-004", Unverified), ("TLS-006", Unverified), ("TLS-007", Unverified)]),
    (|s| *result(s, "tls.1.1.registry.platform.test") = AttemptResult::Handshaken(Presented { version: TlsVersion::Tls11, ..presented() }), &[("TLS-003", Fail)]),
    (|s| *result(s, "tls.1.0.registry.platform.test") = AttemptResult::Handshaken(Presented { version: TlsVersion::Tls10, ..presented() }), &[("TLS-003", Fail)]),
    (|s| *result(s, "tls.1.0.registry.platform.test") = AttemptResult::TlsRefused { alert: None }, &[]),
    (|s| *result(s, "tls.weak.registry.platform.test") = AttemptResult::Agreed("TLS 1.2 with RC4".to_owned().into()), &[("TLS-003", Fail)]),
    (|s| *result(s, "tls.weak.registry.airlock.svc:5000") = AttemptResult::Agreed("TLS 1.2 with RC4".to_owned().into()), &[("TLS-003", Fail)]),
    (|s| *result(s, "tls.1.1.database.airlock.svc:5432") = AttemptResult::Handshaken(Presented { version: TlsVersion::Tls11, ..presented() }), &[("TLS-003", Fail)]),
    (|s| *result(s, "tls.weak.database.airlock.svc:5432") = AttemptResult::NotCarriedOut("it answers N".to_owned().into()), &[("TLS-003", Unverified)]),
    (|s| *result(s, "tls.current.database.airlock.svc:5432") = AttemptResult::Connected, &[("TLS-002", Unverified), ("TLS-003", Unverified)]),
    (|s| *result(s, "tls.current.registry.airlock.svc:5000") = AttemptResult::Untrusted { reason: "unknown issuer".to_owned().into(), presented: Some(presented()) }, &[("TLS-002", Fail)]),
    (|s| *result(s, "tls.current.registry.airlock.svc:5000") = AttemptResult::Handshaken(Presented { fingerprint: Digest::of(b"another"), ..presented() }), &[("TLS-002", Fail)]),
    (|s| *result(s, "tls.current.database.airlock.svc:5432") = AttemptResult::Handshaken(Presented { names: vec!["registry.airlock.svc".to_owned().into()], ..presented() }), &[("TLS-002", Fail)]),
    (|s| s.world.servers[0].certificate = Err("secrets is forbidden".to_owned()), &[("TLS-002", Unverified)]),
    (|s| s.world.internal_authority = None, &[("TLS-002", Unverified)]),
    (|s| *result(s, "tls.1.0.registry.platform.test") = AttemptResult::Refused, &[("TLS-003", Unverified)]),
    (|s| *result(s, "tls.1.0.registry.platform.test") = AttemptResult::TimedOut, &[("TLS-003", Unverified)]),
    (|s| { s.world.hosts.clear(); }, &[("TLS-002", Unverified), ("TLS-003", Unverified), ("TLS-004", Unverified), ("TLS-007", Unverified)]),
    (|s| *result(s, "http.plain.registry.platform.test") = answered(200), &[("TLS-004", Fail)]),
    (|s| *result(s, "http.plain.registry.platform.test") = redirected("https://elsewhere.test/"), &[("TLS-004", Fail)]),
    (|s| *result(s, "http.plain.registry.platform.test") = redirected("https://registry.platform.test/"), &[]),
    (|s| *result(s, "http.plain.registry.platform.test") = AttemptResult::TimedOut, &[]),
    (|s| *result(s, "http.plain.registry.platform.test") = AttemptResult::NoSuchName, &[("TLS-004", Unverified)]),
    (|s| *result(s, "http.visited.registry.platform.test") = answered(200), &[("TLS-004", Fail)]),
    (|s| *result(s, "http.visited.registry.platform.test") = secured("max-age=86400"), &[("TLS-004", Fail)]),
    (|s| *result(s, "http.visited.registry.platform.test") = AttemptResult::TimedOut, &[("TLS-004", Unverified)]),
    (|s| *result(s, "tls.unknown.registry.platform.test") = AttemptResult::Handshaken(presented()), &[("TLS-007", Fail)]),
    (|s| *result(s, "tls.unknown.registry.platform.test") = AttemptResult::Handshaken(Presented { names: vec!["ingress.local".to_owned().into()], ..presented() }), &[]),
    (|s| *result(s, "tls.unknown.registry.platform.test") = AttemptResult::Refused, &[("TLS-007", Unverified)]),
    // registry
    (|s| *result(s, "registry.anonymous") = answered(200), &[("REG-001", Fail)]),
    (|s| *result(s, "registry.anonymous-pull") = answered(200), &[("REG-001", Fail)]),
    (|s| *result(s, "registry.anonymous-pull") = answered(404), &[("REG-001", Unverified)]),
    (|s| *result(s, "registry.anonymous-catalog") = answered(200), &[("REG-001", Fail)]),
    (|s| *result(s, "registry.wrong-password") = answered(200), &[("REG-001", Fail)]),
    (|s| *result(s, "registry.anonymous-push") = answered(202), &[("REG-001", Fail)]),
    (|s| *result(s, "registry.anonymous-push") = answered(403), &[]),
    (|s| *result(s, "registry.anonymous-push") = answered(502), &[("REG-001", Unverified)]),
    (|s| *result(s, "registry.login") = answered(401), &[("REG-001", Unverified)]),
    (|s| { *result(s, "registry.login") = answered(503); *result(s, "registry.anonymous") = answered(200); }, &[("REG-001", Fail)]),
    (|s| s.world.registry = None, &[("REG-001", Verdict::NotApplicable), ("TLS-006", Verdict::NotApplicable)]),
    (|s| *result(s, "registry.unsecured.registry.platform.test.443") = answered(401), &[("TLS-006", Fail)]),
    (|s| *result(s, "registry.unsecured.registry.platform.test.80") = answered(200), &[("TLS-006", Fail)]),
    (|s| *result(s, "registry.unsecured.registry.platform.test.80") = redirected("https://elsewhere.test/v2/"), &[("TLS-006", Fail)]),
    (|s| *result(s, "registry.unsecured.registry.platform.test.80") = redirected("https://registry.platform.test/v2/"), &[]),
    (|s| *result(s, "registry.unsecured.registry.platform.test.443") = AttemptResult::TimedOut, &[]),
    (|s| *result(s, "registry.unsecured.registry.platform.test.443") = answered(502), &[("TLS-006", Unverified)]),
    (|s| *result(s, "registry.unsecured.registry.platform.test.443") = AttemptResult::NotCarriedOut("the answer did not come".to_owned().into()), &[("TLS-006", Unverified)]),
    // Airflow deployments
    (|s| *result(s, "airflow.anonymous.alpha") = answered(200), &[("AUT-001", Fail)]),
    (|s| *result(s, "airflow.wrong-password.beta") = answered(201), &[("AUT-001", Fail)]),
    (|s| *result(s, "airflow.anonymous.alpha") = answered(404), &[("AUT-001", Unverified)]),
    (|s| *result(s, "airflow.login.alpha") = answered(401), &[("AUT-001", Unverified)]),
    (|s| { *result(s, "airflow.login.alpha") = answered(503); *result(s, "airflow.anonymous.alpha") = answered(200); }, &[("AUT-001", Fail)]),
    (|s| *result(s, "airflow.page.alpha") = answered(200), &[("AUT-005", Unverified)]),
    (|s| *result(s, "airflow.page.alpha") = AttemptResult::LoggedIn(vec![]), &[("AUT-005", Unverified)]),
    (|s| *result(s, "airflow.page.alpha") = logged_in(|cookie| cookie.secure = false), &[("AUT-005", Fail)]),
    (|s| *result(s, "airflow.page.alpha") = logged_in(|cookie| cookie.http_only = false), &[("AUT-005", Fail)]),
    (|s| *result(s, "airflow.page.alpha") = logged_in(|cookie| cookie.same_site = None), &[("AUT-005", Fail)]),
    (|s| *result(s, "airflow.page.alpha") = logged_in(|cookie| cookie.same_site = Some("Strict".to_owned().into())), &[]),
    (|s| *result(s, "airflow.page.alpha") = logged_in(|cookie| cookie.same_site = Some("None".to_owned().into())), &[("AUT-005", Fail)]),
    (|s| *result(s, "airflow.page.alpha") = logged_in(|cookie| cookie.domain = Some("platform.test".to_owned().into())), &[("AUT-005", Fail)]),
    (|s| *result(s, "airflow.page.alpha") = logged_in(|cookie| cookie.lasts_seconds = Some(30 * 86400)), &[("AUT-005", Fail)]),
    (|s| *result(s, "airflow.page.alpha") = logged_in(|cookie| { cookie.lasts_seconds = Some(30 * 86400); cookie.token_seconds = Some(86400); }), &[]),
    (|s| *result(s, "airflow.page.alpha") = logged_in(|cookie| { cookie.lasts_seconds = None; cookie.token_seconds = Some(86401); }), &[("AUT-005", Fail)]),
    (|s| *result(s, "airflow.page.alpha") = logged_in(|cookie| cookie.lasts_seconds = None), &[("AUT-005", Unverified)]),
    (|s| *result(s, "airflow.sign-up-page.alpha") = answered(200), &[("AUT-006", Fail)]),
    (|s| *result(s, "airflow.sign-up-page.alpha") = answered(500), &[("AUT-006", Fail)]),
    (|s| { *result(s, "airflow.sign-up-page.alpha") = answered(500); *result(s, "airflow.login-page.alpha") = answered(500); }, &[("AUT-006", Unverified)]),
    (|s| *result(s, "airflow.sign-up-page.alpha") = answered(502), &[("AUT-006", Unverified)]),
    (|s| *result(s, "airflow.sign-up-page.beta") = answered(403), &[]),
    (|s| *result(s, "airflow.sign-up-page.beta") = redirected("https://beta-airflow.platform.test/"), &[("AUT-006", Unverified)]),
    (|s| *result(s, "airflow.login-page.beta") = answered(502), &[("AUT-006", Unverified)]),
    (|s| *result(s, "registry.node.default") = AttemptResult::NotPulled { message: "x509: certificate signed by unknown authority".to_owned().into() }, &[("TLS-009", Fail)]),
    (|s| *result(s, "registry.node.default") = AttemptResult::NotCarriedOut("no node takes the pod".to_owned().into()), &[("TLS-009", Unverified)]),
    (|s| s.world.nodes = Some(Err("nodes is forbidden".to_owned())), &[("TLS-009", Unverified)]),
    (|s| { s.world.nodes = Some(Err("nodes is forbidden".to_owned())); any_node(s, AttemptResult::Pulled); }, &[("TLS-009", Warn)]),
    (|s| { s.world.nodes = None; any_node(s, AttemptResult::NotPulled { message: "x509: unknown authority".to_owned().into() }); }, &[("TLS-009", Fail)]),
    (|s| s.world.nodes = Some(Ok(vec![])), &[("TLS-009", Unverified)]),
    (|s| *result(s, "task.beta.trusted") = AttemptResult::Untrusted { reason: "unknown issuer".to_owned().into(), presented: None }, &[("TLS-009", Fail)]),
    (|s| *result(s, "task.beta.trusted") = AttemptResult::TimedOut, &[("TLS-009", Unverified)]),
    (|s| *result(s, "airflow.crossing.alpha.beta") = AttemptResult::Connected, &[("NET-011", Fail)]),
    (|s| { *result(s, "airflow.crossing.alpha.alpha") = AttemptResult::TimedOut; *result(s, "airflow.crossing.alpha.beta") = AttemptResult::Connected; }, &[("NET-011", Fail)]),
    (|s| *result(s, "airflow.crossing.beta.beta") = AttemptResult::TimedOut, &[("NET-011", Unverified)]),
    (|s| *result(s, "airflow.crossing.beta.alpha") = AttemptResult::NoSuchName, &[("NET-011", Unverified)]),
    (|s| *result(s, "task.alpha.pods.beta") = reached(&[8794]), &[("NET-011", Fail)]),
    (|s| { *result(s, "task.alpha.own") = AttemptResult::TimedOut; *result(s, "task.alpha.pods.beta") = reached(&[8794]); }, &[("NET-011", Fail)]),
    (|s| *result(s, "task.alpha.own") = AttemptResult::TimedOut, &[("NET-011", Unverified)]),
    (|s| *result(s, "task.alpha.pods.beta") = AttemptResult::Scanned(vec![]), &[("NET-011", Unverified)]),
    (|s| *result(s, "task.alpha.pods.beta") = AttemptResult::NotCarriedOut("no pod runs in airlock-beta".to_owned().into()), &[("NET-011", Unverified)]),
    (|s| drop(s.world.deployments.pop()), &[("NET-011", Verdict::NotApplicable)]),
    (|s| s.world.deployments.clear(), &[("AUT-001", Verdict::NotApplicable), ("AUT-005", Verdict::NotApplicable), ("AUT-006", Verdict::NotApplicable), ("AFL-001", Verdict::NotApplicable), ("AFL-003", Verdict::NotApplicable), ("DBS-001", Verdict::NotApplicable), ("DBS-002", Verdict::NotApplicable), ("DBS-003", Verdict::NotApplicable), ("DBS-004", Verdict::NotApplicable), ("DBS-005", Verdict::NotApplicable), ("DBS-006", Verdict::NotApplicable), ("DBS-009", Verdict::NotApplicable), ("NET-011", Verdict::NotApplicable), ("RBC-009", Verdict::NotApplicable)]),
    (|s| *result(s, "account.alpha.airlock-beta.secrets") = answered(200), &[("RBC-009", Fail)]),
    (|s| { *result(s, "account.beta.airlock-beta.pods") = answered(401); *result(s, "account.beta.airlock.pods") = answered(200); }, &[("RBC-009", Fail)]),
    (|s| *result(s, "account.beta.airlock-beta.pods") = answered(403), &[("RBC-009", Unverified)]),
    (|s| *result(s, "account.alpha.airlock.configmaps") = AttemptResult::TimedOut, &[("RBC-009", Unverified)]),
    (|s| *result(s, "database.other.alpha.beta") = told("1"), &[("DBS-002", Fail)]),
    (|s| *result(s, "database.server.beta") = told("1"), &[("DBS-002", Fail)]),
    (|s| { *result(s, "database.own.beta") = locked("28P01"); *result(s, "database.other.beta.alpha") = told("1"); }, &[("DBS-002", Fail), ("DBS-005", Unverified), ("DBS-006", Unverified)]),
    (|s| *result(s, "database.own.beta") = locked("28P01"), &[("DBS-002", Unverified), ("DBS-005", Unverified), ("DBS-006", Unverified)]),
    (|s| *result(s, "database.other.alpha.beta") = AttemptResult::Unreachable("timed out".to_owned().into()), &[("DBS-002", Unverified)]),
    // The wrong password is no answer to whether the right one would open it.
    (|s| *result(s, "database.other.alpha.beta") = locked("28P01"), &[("DBS-002", Unverified)]),
    (|s| *result(s, "database.owned.beta") = told("airlock_beta, spare/airlock_beta"), &[("DBS-001", Fail)]),
    (|s| *result(s, "database.owned.beta") = told("none/airlock_beta"), &[("DBS-001", Fail)]),
    (|s| *result(s, "database.owned.beta") = told("airlock_beta/airlock_alpha, airlock_beta"), &[("DBS-001", Fail)]),
    (|s| *result(s, "database.owned.beta") = AttemptResult::Told(None), &[("DBS-001", Unverified)]),
    (|s| *result(s, "database.owned.beta") = locked("28P01"), &[("DBS-001", Unverified)]),
    // Who made it may act as it on a server of the customer's; whom it may log in as there is not guessed.
    (|s| { theirs(s); *result(s, "database.owned.beta") = told("airlock_beta/airlock_beta, dba"); }, &[]),
    (|s| { theirs(s); *result(s, "database.administrator-empty.alpha") = told("1"); }, &[]),
    (|s| *result(s, "database.public.alpha") = told("TEMPORARY ON DATABASE airlock_beta"), &[("DBS-003", Fail)]),
    (|s| *result(s, "database.public.alpha") = told("CREATE ON SCHEMA public"), &[("DBS-003", Fail)]),
    (|s| { theirs(s); *result(s, "database.public.alpha") = told("CREATE ON SCHEMA public"); }, &[("DBS-003", Warn)]),
    (|s| { theirs(s); *result(s, "database.public.alpha") = told("CONNECT ON DATABASE airlock_alpha\nCREATE ON SCHEMA public"); }, &[("DBS-003", Fail)]),
    (|s| *result(s, "database.public.alpha") = AttemptResult::Told(None), &[("DBS-003", Unverified)]),
    (|s| *result(s, "database.public.alpha") = locked("28P01"), &[("DBS-003", Unverified)]),
    (|s| *result(s, "database.powers.alpha") = told("CREATEDB"), &[("DBS-004", Fail)]),
    (|s| *result(s, "database.powers.alpha") = told("member of airlock_beta"), &[("DBS-004", Fail)]),
    (|s| *result(s, "database.powers.alpha") = AttemptResult::Told(None), &[("DBS-004", Unverified)]),
    (|s| *result(s, "database.powers.alpha") = AttemptResult::Unreachable("timed out".to_owned().into()), &[("DBS-004", Unverified)]),
    (|s| *result(s, "database.empty.alpha") = AttemptResult::Told(None), &[("DBS-005", Fail)]),
    (|s| *result(s, "database.named.beta") = AttemptResult::Told(None), &[("DBS-005", Fail)]),
    (|s| *result(s, "database.administrator-named.beta") = AttemptResult::Told(None), &[("DBS-005", Fail)]),
    (|s| *result(s, "database.empty.alpha") = locked("53300"), &[("DBS-005", Unverified)]),
    (|s| *result(s, "database.empty.alpha") = AttemptResult::Unreachable("timed out".to_owned().into()), &[("DBS-005", Unverified)]),
    (|s| *result(s, "database.verifiers.alpha") = told("md5"), &[("DBS-005", Fail)]),
    (|s| { theirs(s); *result(s, "database.verifiers.alpha") = told("md5"); }, &[("DBS-005", Warn)]),
    (|s| *result(s, "database.verifiers.alpha") = AttemptResult::Told(None), &[("DBS-005", Unverified)]),
    (|s| *result(s, "database.plain.alpha") = AttemptResult::Told(None), &[("DBS-006", Fail)]),
    (|s| *result(s, "database.plain.alpha") = locked("28P01"), &[("DBS-006", Fail)]),
    (|s| { theirs(s); *result(s, "database.plain.alpha") = locked("28P01"); }, &[("DBS-006", Warn)]),
    (|s| { theirs(s); *result(s, "database.plain.alpha") = AttemptResult::Told(None); }, &[("DBS-006", Fail)]),
    (|s| *result(s, "database.plain.alpha") = locked("53300"), &[("DBS-006", Unverified)]),
    (|s| *result(s, "database.plain.alpha") = AttemptResult::Unreachable("timed out".to_owned().into()), &[("DBS-006", Unverified)]),
    (|s| *result(s, "database.sensitive.alpha") = told("9 2 0\ncard public.orders.note 3"), &[("DBS-009", Fail)]),
    (|s| *result(s, "database.sensitive.alpha") = told("9 2 0\ncard public.ab_user.username 1"), &[("DBS-009", Fail)]),
    (|s| *result(s, "database.sensitive.alpha") = told("9 2 0\npayment public.orders.iban"), &[("DBS-009", Fail)]),
    (|s| *result(s, "database.sensitive.alpha") = told("9 2 1\nperson public.orders.email"), &[("DBS-009", Fail)]),
    (|s| *result(s, "database.sensitive.alpha") = told("9 2 1"), &[("DBS-009", Unverified)]),
    (|s| *result(s, "database.sensitive.alpha") = told("9 2"), &[("DBS-009", Unverified)]),
    (|s| *result(s, "database.sensitive.alpha") = AttemptResult::Told(None), &[("DBS-009", Unverified)]),
    (|s| *result(s, "database.sensitive.alpha") = locked("0A000"), &[("DBS-009", Unverified)]),
    (|s| *result(s, "database.stored.beta") = told("2/1"), &[("AFL-003", Fail)]),
    (|s| *result(s, "database.stored.beta") = told("many"), &[("AFL-003", Unverified)]),
    (|s| *result(s, "database.stored.beta") = locked("42P01"), &[("AFL-003", Unverified)]),
    (|s| *result(s, "database.stored.alpha") = told("0/0"), &[]),
    (|s| { *result(s, "database.stored.alpha") = told("0/0"); *result(s, "database.stored.beta") = told("0/0"); }, &[("AFL-003", Verdict::NotApplicable)]),
    // the Kubernetes API
    (|s| *result(s, "api.stranger-versions") = answered(200), &[("AUT-007", Fail)]),
    (|s| { *result(s, "api.own") = answered(503); *result(s, "api.stranger-secrets") = answered(200); }, &[("AUT-007", Fail)]),
    (|s| *result(s, "api.stranger-groups") = answered(401), &[]),
    (|s| *result(s, "api.stranger-groups") = answered(404), &[("AUT-007", Unverified)]),
    (|s| *result(s, "api.own") = answered(401), &[("AUT-007", Unverified)]),
    (|s| *result(s, "api.own") = AttemptResult::NotCarriedOut("no answer".to_owned().into()), &[("AUT-007", Unverified)]),
    // running images
    (|s| container(s)["image"] = json!("docker.io/library/nginx:1.30"), &[("REG-004", Fail)]),
    (|s| container(s)["image"] = json!(format!("docker.io/library/nginx@{}", Digest::of(b"other"))), &[("REG-004", Fail)]),
    (|s| objects(s, "Pod")[0].manifest["status"]["containerStatuses"][0]["imageID"] = json!(format!("docker.io/library/nginx@{}", Digest::of(b"other"))), &[("REG-004", Fail)]),
    (|s| objects(s, "Pod")[0].manifest["status"]["containerStatuses"][0]["imageID"] = json!(Digest::of(b"configuration").to_string()), &[("REG-004", Unverified)]),
    (|s| objects(s, "Pod")[0].manifest["status"] = json!({}), &[("REG-004", Unverified)]),
    (|s| objects(s, "Pod")[0].manifest["status"] = json!({ "phase": "Pending" }), &[]),
    (|s| { objects(s, "Pod")[0].manifest["status"] = json!({ "phase": "Pending" }); container(s)["image"] = json!("docker.io/library/nginx:1.30"); }, &[("REG-004", Fail)]),
    (|s| s.planned = None, &[("REG-004", Unverified)]),
    // alerts
    (|s| s.world.receiver = Some(Receiver::None), &[("MON-003", Warn)]),
    (|s| s.world.receiver = None, &[("MON-003", Verdict::NotApplicable)]),
    (|s| (s.world.receiver, s.world.is_watched_by_others) = (None, true), &[("MON-003", Warn)]),
    (|s| objects(s, "Job")[0] = message("2026-11-24T02:00:00Z", "Failed"), &[("MON-003", Fail)]),
    (|s| objects(s, "Job").push(message("2026-11-24T02:30:00Z", "Failed")), &[("MON-003", Fail)]),
    (|s| objects(s, "Job").push(message("2026-11-24T01:30:00Z", "Failed")), &[]),
    (|s| objects(s, "Job")[0] = message("2026-11-24T02:00:00Z", "Suspended"), &[("MON-003", Unverified)]),
    (|s| objects(s, "Job").clear(), &[("MON-003", Unverified)]),
    // secrets
    (|s| s.leaks = Some(Ok(vec![SecretLeak { secret: "Secret airlock/a, key b".into(), place: "ConfigMap airlock/c, key d".into() }])), &[("SEC-001", Fail)]),
    (|s| s.leaks = Some(Err("403".into())), &[("SEC-001", Unverified)]),
    (|s| s.leaks = None, &[("SEC-001", Unverified)]),
    (|s| logged(s).leaks.push(SecretLeak { secret: "Secret airlock/a, key b".into(), place: "Pod airlock/c, container d, its log".into() }), &[("SEC-008", Fail)]),
    (|s| logged(s).unread.push(UnreadLog { place: "Pod airlock/c, container d, its log".into(), why: "403".into() }), &[("SEC-008", Unverified)]),
    (|s| logged(s).logs = 0, &[("SEC-008", Unverified)]),
    (|s| logged(s).values = 0, &[("SEC-008", Unverified)]),
    (|s| s.logged = Some(Err("403".into())), &[("SEC-008", Unverified)]),
    (|s| s.shared = Some(Ok(vec![SharedSecret { secrets: vec!["Secret airlock-alpha/a, key b".into(), "Secret airlock-beta/a, key b".into()] }])), &[("SEC-004", Fail)]),
    (|s| s.shared = Some(Err("403".into())), &[("AFL-001", Unverified), ("SEC-004", Unverified)]),
    (|s| s.shared = None, &[("AFL-001", Unverified), ("SEC-004", Unverified)]),
    (|s| s.shared = Some(Ok(vec![SharedSecret { secrets: vec!["Secret airlock-alpha/airflow-fernet-key, key value".into(), "Secret airlock-beta/a, key b".into()] }])), &[("AFL-001", Fail), ("SEC-004", Fail)]),
    (|s| s.fernet_keys = Some(Ok(vec![fernet("airlock-alpha", &[]), fernet("airlock-beta", &[("value", "it has not 32 bytes")])])), &[("AFL-001", Fail)]),
    (|s| s.fernet_keys = Some(Ok(vec![fernet("airlock-alpha", &[])])), &[("AFL-001", Fail)]),
    (|s| s.fernet_keys = Some(Err("403".into())), &[("AFL-001", Unverified)]),
    (|s| s.stored_certificate = Some(Ok(stored(&["the key belongs to another certificate"], &["ends soon"]))), &[("TLS-001", Fail)]),
    (|s| s.stored_certificate = Some(Ok(stored(&[], &["ends soon"]))), &[("TLS-001", Warn)]),
    (|s| s.stored_certificate = Some(Err("403".into())), &[("TLS-001", Unverified)]),
    (|s| s.strength = Some(Ok(vec![judged(&[]), judged(&[("value", "has fewer than 128 bits")])])), &[("SEC-005", Fail)]),
    (|s| s.strength = Some(Ok(Vec::new())), &[("SEC-005", Verdict::NotApplicable)]),
    (|s| s.strength = Some(Err("403".into())), &[("SEC-005", Unverified)]),
    (|s| s.strength = None, &[("SEC-005", Unverified)]),
    (|s| container(s)["env"][0] = json!({ "name": "DB_PASSWORD", "value": "hunter2" }), &[("SEC-001", Fail)]),
    (|s| container(s)["env"][0] = json!({ "name": "DB_PASSWORD", "value": "" }), &[]),
    (|s| { container(s)["env"][0] = json!({ "name": "SSL_KEY", "value": "/etc/tls/tls.key" }); container(s)["volumeMounts"] = json!([{ "name": "tls", "mountPath": "/etc/tls" }]); }, &[]),
    (|s| { container(s)["env"][0] = json!({ "name": "SSL_KEY", "value": "tlskey" }); container(s)["volumeMounts"] = json!([{ "name": "tls", "mountPath": "/etc/tls" }]); }, &[("SEC-001", Fail)]),
];

#[test]
fn one_thing_changed_is_told_by_exactly_the_checks_that_look_at_it() {
    for (number, (change, expected)) in CASES.iter().enumerate() {
        let mut given = good();
        change(&mut given);
        let expected: BTreeMap<String, Verdict> = expected.iter().map(|(id, verdict)| ((*id).to_owned(), *verdict)).collect();
        assert_eq!(complaints(&given), expected, "case {number}");
    }
}

#[test]
fn every_check_was_seen_to_pass_to_fail_and_to_be_unverified() {
    let mut seen: BTreeSet<(&str, &str)> = CASES.iter().flat_map(|(_, expected)| expected.iter().map(|(id, verdict)| (*id, verdict.word()))).collect();
    let empty = report(&Snapshot::default());
    seen.extend(empty.checks.iter().filter(|check| !is_absent(&check.id)).map(|check| (super::checks().find(|known| known.spec().id == check.id).unwrap().spec().id, check.verdict.word())));
    for check in super::checks() {
        for word in ["fail", "unverified"] {
            assert!(seen.contains(&(check.spec().id, word)), "{} was never seen to be {word}", check.spec().id);
        }
    }
}

#[test]
fn no_check_says_pass_of_nothing() {
    for check in checks() {
        let findings = check.evaluate(&baseline(), &Snapshot::default());
        assert!(!findings.is_empty(), "{} said nothing", check.spec().id);
        assert!(findings.iter().all(|finding| finding.verdict != Verdict::Pass), "{}: {findings:#?}", check.spec().id);
    }
}

#[test]
fn every_need_of_a_check_is_one_without_which_it_does_not_pass() {
    for check in super::checks() {
        let id = check.spec().id;
        let needs = check.needs(&baseline(), &world());
        assert!(!needs.is_empty(), "{id} needs nothing");
        for need in needs {
            let mut given = good();
            match &need {
                Need::Objects { kind, .. } => drop(given.objects.remove(kind)),
                Need::SecretLeaks => given.leaks = None,
                Need::LoggedSecrets => given.logged = None,
                Need::SharedSecrets => given.shared = None,
                Need::SecretStrength => given.strength = None,
                Need::FernetKeys => given.fernet_keys = None,
                Need::StoredCertificate => given.stored_certificate = None,
                Need::Facts => given.facts = None,
                Need::ControlPlane(_) => given.control_plane = None,
                Need::Nodes => given.world.nodes = None,
                Need::Services => given.world.services = None,
                Need::Run => given.run = None,
                Need::Drift => given.drift = None,
                Need::PlanRuns => given.plan_runs = None,
                Need::Attempt(attempt) => drop(given.outcomes.remove(&attempt.id)),
            }
            assert_eq!(complaints(&given).get(id), Some(&Unverified), "{id} without {need:?}");
            if let Need::Objects { kind, .. } = &need {
                given.objects.insert(kind.clone(), Err("pods is forbidden: 403".into()));
                assert_eq!(complaints(&given).get(id), Some(&Unverified), "{id} when {kind} is forbidden");
            }
        }
    }
}

/// From every case, good or bad: taking an outcome away, or failing to carry it out, makes nothing pass that did not.
#[test]
fn taking_an_outcome_away_never_turns_a_finding_into_pass() {
    let next = AtomicUsize::new(0);
    let in_turn = || {
        while let Some((change, _)) = CASES.get(next.fetch_add(1, Ordering::Relaxed)) {
            without_an_outcome_nothing_more_passes(*change);
        }
    };
    std::thread::scope(|scope| (0..std::thread::available_parallelism().unwrap().get()).for_each(|_| drop(scope.spawn(in_turn))));
}

fn without_an_outcome_nothing_more_passes(change: fn(&mut Snapshot)) {
    let mut before = good();
    change(&mut before);
    // Of those that pass there is nothing to turn.
    let complaining = complaints(&before).into_keys().collect::<Vec<_>>().join(",");
    if complaining.is_empty() {
        return;
    }
    let profile = with_checks(baseline(), &complaining).unwrap();
    let good_ones = |given: &Snapshot| -> BTreeSet<(String, String)> {
        let findings = judge(&profile, given, Judging { passes: true, workers: 1 }).unwrap().findings;
        findings.into_iter().filter(|finding| finding.verdict == Verdict::Pass).map(|finding| (finding.check, finding.subject.to_string())).collect()
    };
    let passed = good_ones(&before);
    for id in before.outcomes.keys() {
        let mut after = before.clone();
        after.outcomes.remove(id);
        assert!(good_ones(&after).is_subset(&passed), "{complaining} without {id}");
        after.outcomes.extend([outcome(&id.0, AttemptResult::NotCarriedOut("deadline".to_owned().into()))]);
        assert!(good_ones(&after).is_subset(&passed), "{complaining} when {id} is not carried out");
    }
}

#[test]
fn the_outcomes_of_a_good_installation_are_those_that_were_asked_for() {
    let asked: BTreeSet<AttemptId> = needs(&baseline(), &world()).unwrap().into_iter().filter_map(|need| if let Need::Attempt(attempt) = need { Some(attempt.id) } else { None }).collect();
    assert_eq!(asked, good().outcomes.into_keys().collect());
}

#[test]
fn every_attempt_that_must_be_refused_has_a_control_that_is_made_too() {
    let attempts: Vec<_> = needs(&baseline(), &world()).unwrap().into_iter().filter_map(|need| if let Need::Attempt(attempt) = need { Some(attempt) } else { None }).collect();
    for attempt in &attempts {
        let is_control = matches!(
            attempt.id.0.as_str(),
            "api.own" | "policy.allowed" | "registry.login" | "airflow.crossing.alpha.alpha" | "airflow.crossing.beta.beta" | "account.alpha.airlock-alpha.pods" | "account.beta.airlock-beta.pods"
        ) || [
            "admission.conforming.",
            "tls.served.",
            "tls.current.",
            "http.visited.",
            "airflow.login.",
            "airflow.page.",
            "airflow.login-page.",
            "registry.node.",
            "task.alpha.trusted",
            "task.beta.trusted",
            "task.alpha.own",
            "task.beta.own",
            "database.own.",
            "database.owned.",
            "database.public.",
            "database.powers.",
            "database.verifiers.",
            "database.stored.",
            "database.sensitive.",
        ]
        .iter()
        .any(|stem| attempt.id.0.starts_with(stem));
        assert_eq!(attempt.control.is_none(), is_control, "{}", attempt.id);
        assert!(attempt.control.iter().all(|control| attempts.iter().any(|other| other.id == *control)), "{}", attempt.id);
    }
}

#[test]
fn pods_of_a_run_are_not_judged_and_others_beside_them_are() {
    let mut given = good();
    let probe = |label: &str| live("v1", "Pod", Some("airlock-probes"), "probe", &json!({ "labels": { label: "abc" }, "spec": { "containers": [ { "name": "probe" } ] } }));
    objects(&mut given, "Pod").push(probe(names::LABEL_PROBE_RUN));
    assert_eq!(complaints(&given), BTreeMap::new());
    objects(&mut given, "Pod").push(probe("app"));
    assert_eq!(complaints(&given).get("PSS-006"), Some(&Fail));
}

#[test]
fn an_attempt_beside_what_it_looks_at_needs_no_account_of_its_own() {
    let beside = |spec: &dyn Fn(&mut Value)| {
        let mut given = good();
        let mut pod = objects(&mut given, "Pod")[0].clone();
        pod.manifest["metadata"]["labels"][names::LABEL_PROBE_RUN] = json!("abc");
        pod.manifest["spec"]["serviceAccountName"] = json!("default");
        spec(&mut pod.manifest["spec"]);
        objects(&mut given, "Pod").push(pod);
        complaints(&given)
    };
    assert_eq!(beside(&|_| ()), BTreeMap::new());
    let fails = |found: BTreeMap<String, Verdict>| assert_eq!(found.get("WKL-005"), Some(&Fail));
    fails(beside(&|spec| spec["automountServiceAccountToken"] = json!(true)));
    fails(beside(&|spec| spec["volumes"] = json!([{ "name": "token", "projected": { "sources": [{ "serviceAccountToken": { "path": "token" } }] } }])));
    assert_eq!(beside(&|spec| spec["hostNetwork"] = json!(true)).get("PSS-002"), Some(&Fail));
}

#[test]
fn objects_of_other_namespaces_are_not_judged() {
    let mut given = good();
    objects(&mut given, "Pod").push(live("v1", "Pod", Some("shop"), "cart", &json!({ "spec": { "hostNetwork": true, "containers": [ { "name": "cart" } ] } })));
    assert_eq!(complaints(&given), BTreeMap::new());
}

#[test]
fn no_finding_shows_the_value_of_a_variable() {
    let mut given = good();
    container(&mut given)["env"][0] = json!({ "name": "DB_PASSWORD", "value": "hunter2" });
    assert!(!serde_json::to_string(&report(&given)).unwrap().contains("hunter2"));
}

#[test]
fn a_failed_finding_says_why_and_what_to_do() {
    for (change, _) in CASES {
        let mut given = good();
        change(&mut given);
        for finding in report(&given).findings.iter().filter(|finding| matches!(finding.verdict, Fail | Warn | Unverified)) {
            assert!(!finding.why.is_empty() && !finding.expected.is_empty() && !finding.observed.raw().is_empty() && !finding.fix.is_empty(), "{finding:#?}");
        }
    }
}
