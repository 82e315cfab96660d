//! Checks of how an installation is run: tenants apart, variables, tasks, volumes, renewal, alerts, the audit log.

use std::collections::BTreeSet;

use airlock_model::{Check, Snapshot, Source, World};

use super::*;

/// A Deployment of Airflow with labels of its pods and variables, in a namespace.
fn airflow(name: &str, namespace: &str, labels: &str, env: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {name}, namespace: {namespace} }}\nspec: {{ template: {{ metadata: {{ labels: {{ {labels} }} }}, spec: {{ containers: [ {{ name: a, image: apache/airflow, env: [ {env} ] }} ] }} }} }}\n---\n"
    )
}

fn namespace(name: &str, labels: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata: {{ name: {name}, labels: {{ {labels} }} }}\n---\n")
}

fn verdict(check: &str, text: &str) -> Verdict {
    said(check, text).0
}

#[test]
fn two_deployments_in_a_namespace_are_told_and_each_in_its_own_is_not() {
    let (alpha, beta) = ("airlock-platform.io/tenant: alpha", "airlock-platform.io/tenant: beta");
    for (verdict_of, text) in [
        (Verdict::Pass, airflow("a", "shop", alpha, "") + &airflow("b", "shop", alpha, "")),
        (Verdict::Pass, airflow("a", "shop", alpha, "") + &airflow("b", "bank", beta, "")),
        (Verdict::Pass, airflow("a", "shop", alpha, "") + &namespace("shop", alpha)),
        (Verdict::Pass, airflow("a", "shop", "release: one", "")),
        (Verdict::Fail, airflow("a", "shop", alpha, "") + &airflow("b", "shop", beta, "")),
        (Verdict::Fail, airflow("a", "shop", "release: one", "") + &airflow("b", "shop", "release: two", "")),
        (Verdict::Fail, airflow("a", "shop", alpha, "") + &namespace("shop", beta)),
        (Verdict::Unverified, airflow("a", "shop", "", "")),
        (Verdict::NotApplicable, deployment("image: nginx", "")),
    ] {
        assert_eq!(verdict("AFL-007", &text), verdict_of, "{text}");
    }
}

#[test]
fn variables_of_tenants_outside_of_secrets_are_told() {
    let of = |env: &str| airflow("a", "shop", "", env);
    let at = |index: usize| format!("{AT}.containers[0].env[{index}]");
    fails("SEC-002", &of("{ name: AIRFLOW_VAR_TOKEN, value: abc }"), &[&at(0)]);
    fails("SEC-002", &of("{ name: A, value: b }, { name: AIRFLOW_CONN_DB, valueFrom: { configMapKeyRef: { name: a, key: b } } }"), &[&at(1)]);
    fails("SEC-002", &(of("") + &object("v1", "ConfigMap", "a", "data: { AIRFLOW_CONN_DB: 'postgres://u:p@h/d', b: c }")), &["data.AIRFLOW_CONN_DB"]);
    passes("SEC-002", &of("{ name: AIRFLOW_CONN_DB, valueFrom: { secretKeyRef: { name: a, key: b } } }, { name: AIRFLOW_VAR_X, value: '' }, { name: AIRFLOW__CORE__FERNET_KEY_CMD, value: cat }"));
    does_not_apply("SEC-002", &deployment("image: nginx", ""));
}

/// A pod of a task in a state, with more of its spec.
fn task(phase: &str, ended: &str, spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: t, namespace: shop, labels: {{ kubernetes_executor: 'True' }} }}\nspec: {{ containers: [ {{ name: base, image: apache/airflow }} ], {spec} }}\nstatus: {{ phase: {phase}, containerStatuses: [ {{ name: base, state: {{ terminated: {{ finishedAt: '{ended}' }} }} }} ] }}\n---\n"
    )
}

#[test]
fn pods_that_outlive_their_task_are_told_by_the_newest_moment_that_is_known() {
    let running = "apiVersion: v1\nkind: Pod\nmetadata: { name: s, namespace: shop }\nspec: { containers: [ { name: a, image: apache/airflow } ] }\nstatus: { phase: Running, startTime: '2026-11-24T03:00:00Z' }\n---\n";
    fails("WKL-008", &(task("Succeeded", "2026-11-24T02:00:00Z", "") + running), &["status.phase"]);
    passes("WKL-008", &(task("Succeeded", "2026-11-24T02:00:01Z", "") + running));
    passes("WKL-008", &(task("Failed", "2026-11-24T02:00:00Z", "") + running));
    let claim = "volumes: [ { name: a, persistentVolumeClaim: { claimName: a } } ]";
    fails("WKL-008", &task("Failed", "2026-11-24T02:00:00Z", claim), &["spec.volumes[0].persistentVolumeClaim"]);
    passes("WKL-008", &task("Running", "2026-11-24T02:00:00Z", claim));
    fails("WKL-008", &airflow("a", "shop", "", "{ name: AIRFLOW__KUBERNETES_EXECUTOR__DELETE_WORKER_PODS, value: 'False' }"), &[&format!("{AT}.containers[0].env[0].value")]);
    passes("WKL-008", &airflow("a", "shop", "", "{ name: AIRFLOW__KUBERNETES_EXECUTOR__DELETE_WORKER_PODS, value: 'True' }"));
    does_not_apply("WKL-008", &deployment("image: nginx", ""));
}

#[test]
fn classes_that_do_not_encrypt_are_told_and_of_others_nothing_is_claimed() {
    let claim = |class: &str| object("v1", "PersistentVolumeClaim", "c", &format!("spec: {{ {class} }}"));
    let class = |provisioner: &str, parameters: &str| {
        format!(
            "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {{ name: fast, annotations: {{ storageclass.kubernetes.io/is-default-class: 'true' }} }}\nprovisioner: {provisioner}\nparameters: {{ {parameters} }}\n---\n"
        )
    };
    for (verdict_of, text) in [
        (Verdict::Pass, claim("storageClassName: fast") + &class("ebs.csi.aws.com", "encrypted: 'true'")),
        (Verdict::Pass, claim("") + &class("pd.csi.storage.gke.io", "")),
        (Verdict::Fail, claim("") + &class("ebs.csi.aws.com", "encrypted: 'false'")),
        (Verdict::Unverified, claim("storageClassName: fast") + &class("ebs.csi.aws.com", "")),
        (Verdict::Unverified, claim("storageClassName: fast") + &class("nfs.csi.k8s.io", "encrypted: 'true'")),
        (Verdict::Unverified, claim("storageClassName: slow") + &class("pd.csi.storage.gke.io", "")),
        (Verdict::Unverified, claim("storageClassName: ''") + &class("pd.csi.storage.gke.io", "")),
        (
            Verdict::Fail,
            object("apps/v1", "StatefulSet", "s", "spec: { template: { spec: { containers: [ { name: a, image: b } ] } }, volumeClaimTemplates: [ { spec: {} } ] }")
                + &class("driver.longhorn.io", "encrypted: 'false'"),
        ),
        (Verdict::NotApplicable, class("ebs.csi.aws.com", "encrypted: 'false'")),
    ] {
        assert_eq!(verdict("ENC-003", &text), verdict_of, "{text}");
    }
}

fn rules(text: &str) -> String {
    object("v1", "ConfigMap", "rules", &format!("data: {{ a.rules: \"{text}\", other.yaml: 'no: [' }}"))
}

#[test]
fn alerts_that_no_rule_gives_and_rules_that_cannot_be_read_are_told() {
    let good = rules("groups: [ { name: a, rules: [ { alert: Down, expr: up }, { record: r, expr: up } ] } ]");
    passes("MON-002", &good);
    passes("MON-002", &object("monitoring.coreos.com/v1", "PrometheusRule", "a", "spec: { groups: [ { name: a, rules: [ { alert: Down, expr: up } ] } ] }"));
    assert_eq!(said_by(&profile("MON-002", &["MON-002.alerts=Down"]), &good).0, Verdict::Pass);
    assert_eq!(said_by(&profile("MON-002", &["MON-002.alerts=Down,Full"]), &good).0, Verdict::Fail);
    fails("MON-002", &(good.clone() + &rules("groups: [").replace("name: rules", "name: broken")), &["data[a.rules]"]);
    fails("MON-002", &(good + &rules("rules: []").replace("name: rules", "name: other")), &["data[a.rules]"]);
    does_not_apply("MON-002", &deployment("image: nginx", ""));
}

fn renewer(spec: &str, status: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{ name: renewer, namespace: airlock, labels: {{ app.kubernetes.io/name: renewer, app.kubernetes.io/part-of: airlock }} }}\nspec: {{ {spec} jobTemplate: {{ spec: {{ template: {{ spec: {{ containers: [ {{ name: a, image: b }} ] }} }} }} }} }}\nstatus: {{ {status} }}\n---\n"
    )
}

#[test]
fn a_renewal_that_sleeps_or_fails_is_told() {
    let certificate = |ready: &str| object("cert-manager.io/v1", "Certificate", "a", &format!("status: {{ conditions: [ {{ type: Ready, status: '{ready}' }} ] }}"));
    for (verdict_of, text) in [
        (Verdict::Pass, renewer("", "")),
        (Verdict::Pass, renewer("suspend: false,", "lastScheduleTime: '2026-11-24T03:00:00Z', lastSuccessfulTime: '2026-11-24T03:01:00Z'")),
        (Verdict::Pass, renewer("", "lastScheduleTime: '2026-11-24T03:00:00Z', lastSuccessfulTime: '2026-11-22T03:00:00Z'")),
        (Verdict::Fail, renewer("", "lastScheduleTime: '2026-11-24T03:00:01Z', lastSuccessfulTime: '2026-11-22T03:00:00Z'")),
        (Verdict::Fail, renewer("", "lastScheduleTime: '2026-11-24T03:00:00Z'")),
        (Verdict::Fail, renewer("suspend: true,", "")),
        (Verdict::Pass, certificate("True")),
        (Verdict::Fail, certificate("False")),
        (Verdict::Unverified, certificate("Unknown")),
        (Verdict::NotApplicable, deployment("image: nginx", "")),
    ] {
        assert_eq!(verdict("TLS-010", &text), verdict_of, "{text}");
    }
}

/// Of an installation what must be there and is not is a fault, not nothing to judge.
#[test]
fn an_installation_without_rules_or_renewer_fails() {
    let mut given = snapshot([read("a.yaml", deployment("image: nginx", "").as_bytes())]);
    given.source = Source::Cluster;
    given.world = World { base_domain: "platform.test".into(), namespaces: vec!["shop".into()], is_watched_by_others: true, ..World::default() };
    for kind in ["CronJob", "Certificate", "ConfigMap", "PrometheusRule"] {
        given.objects.insert(kind.into(), Ok(Vec::new()));
    }
    let said = |check: &dyn Check| check.evaluate(&unprofiled(), &given).iter().map(|finding| finding.verdict).collect::<Vec<_>>();
    assert_eq!(said(&super::super::renewal::Renewal), [Verdict::Fail]);
    assert_eq!(said(&super::super::alert_rules::AlertRules), [Verdict::Fail]);
}

#[test]
fn an_audit_log_that_is_off_or_short_is_told() {
    let server = |flags: &str| {
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{ name: a, namespace: kube-system }}\nspec: {{ containers: [ {{ name: a, image: b, command: [ kube-apiserver, {flags} ] }} ] }}\n")
    };
    let whole = "--audit-policy-file=/a, --audit-log-path=/b, --audit-log-maxage=30, --audit-log-maxbackup=10, --audit-log-maxsize=100";
    passes("LOG-001", &server(whole));
    passes("LOG-001", &server("--audit-policy-file=/a, --audit-webhook-config-file=/b"));
    passes("LOG-001", &server("--audit-policy-file=/a, '--audit-log-path=-'"));
    let at = |index: usize| format!("spec.containers[0].command[{index}]");
    fails("LOG-001", &server(&whole.replace("maxage=30", "maxage=29")), &[&at(3)]);
    fails("LOG-001", &server(&whole.replace("--audit-log-maxsize=100", "--v=2")), &["spec.containers[0].command"]);
    fails("LOG-001", &server("--v=2"), &["spec.containers[0].command", "spec.containers[0].command"]);
    does_not_apply("LOG-001", &deployment("image: nginx", ""));
}

/// What each reads, taken away or forbidden: nothing is claimed then.
#[test]
fn what_was_not_read_is_unverified() {
    for check in ["AFL-007", "SEC-002", "WKL-008", "ENC-003", "MON-002", "TLS-010"] {
        let check = crate::catalogue::check(check).unwrap();
        let mut good = snapshot([read("a.yaml", (airflow("a", "shop", "release: one", "") + &namespace("shop", "")).as_bytes())]);
        good.source = Source::Cluster;
        good.world = World { base_domain: "platform.test".into(), namespaces: vec!["shop".into()], is_watched_by_others: true, ..World::default() };
        let needs: Vec<String> = check.needs(&unprofiled(), &good.world).into_iter().filter_map(|need| if let airlock_model::Need::Objects { kind, .. } = need { Some(kind) } else { None }).collect();
        for kind in &needs {
            good.objects.entry(kind.clone()).or_insert_with(|| Ok(Vec::new()));
        }
        good.objects.insert("Pod".into(), Ok(Vec::new()));
        for kind in needs {
            for given in [Snapshot { objects: good.objects.clone().into_iter().filter(|(known, _)| *known != kind).collect(), ..good.clone() }, {
                let mut forbidden = good.clone();
                forbidden.objects.insert(kind.clone(), Err("403".into()));
                forbidden
            }] {
                let findings = check.evaluate(&unprofiled(), &given);
                let verdicts: BTreeSet<Verdict> = findings.iter().map(|finding| finding.verdict).collect();
                // What renews by itself is missing there, whatever can be said of Certificates.
                let beside: &[Verdict] = if (check.spec().id, kind.as_str()) == ("TLS-010", "Certificate") { &[Verdict::Fail] } else { &[] };
                assert_eq!(verdicts, beside.iter().copied().chain([Verdict::Unverified]).collect(), "{} without {kind}: {findings:#?}", check.spec().id);
            }
        }
    }
}

#[test]
fn settings_that_could_not_be_read_are_not_vouched_for_by_pods() {
    let unverified = |maps: Result<Vec<airlock_model::SnapshotObject>, String>| {
        let world = World { namespaces: vec!["shop".into()], ..World::default() };
        let given = Snapshot { world, source: Source::Cluster, objects: [("Pod".to_owned(), Ok(Vec::new())), ("ConfigMap".to_owned(), maps)].into(), ..Snapshot::default() };
        let findings = crate::catalogue::check("AFL-005").unwrap().evaluate(&unprofiled(), &given);
        findings.into_iter().filter(|finding| finding.verdict == Verdict::Unverified).map(|finding| finding.observed.raw().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(unverified(Err("403".into())), ["no pod runs in shop", "objects of kind ConfigMap could not be read: 403"]);
    assert_eq!(unverified(Ok(Vec::new())), ["no pod runs in shop"]);
}
