//! Each check by files: what passes, what fails and at which field, and what must not be told.

use airlock_model::{Profile, Verdict};
use serde_json::Value;

use crate::manifests::{read, snapshot};
use crate::parameter::setting;
use crate::profile::{unprofiled, with_checks};
use crate::report::{Judging, Report, judge};

mod environment;
mod operation;
mod secrets;

fn report_by(profile: &Profile, texts: &[&str]) -> Report {
    let files = texts.iter().enumerate().map(|(number, text)| read(&format!("{number}.yaml"), text.as_bytes()));
    judge(profile, &snapshot(files), Judging { passes: true, workers: 1 }).unwrap()
}

fn profile(check: &str, set: &[&str]) -> Profile {
    let mut profile = with_checks(unprofiled(), check).unwrap();
    profile.parameters.extend(set.iter().map(|text| setting(text, &unprofiled()).unwrap()));
    profile
}

/// What one check says of a file: its verdict as a whole, and the path of each finding that is not a pass.
fn said_by(profile: &Profile, text: &str) -> (Verdict, Vec<String>) {
    let report = report_by(profile, &[text]);
    let check = &report.checks[0];
    let paths = report.findings.iter().filter(|finding| finding.check == check.id && !matches!(finding.verdict, Verdict::Pass | Verdict::NotApplicable));
    (check.verdict, paths.map(|finding| finding.path.as_ref().map(|path| path.raw().to_owned()).unwrap_or_default()).collect())
}

fn said(check: &str, text: &str) -> (Verdict, Vec<String>) {
    said_by(&profile(check, &[]), text)
}

fn fails(check: &str, text: &str, paths: &[&str]) {
    assert_eq!(said(check, text), (Verdict::Fail, paths.iter().map(|path| (*path).to_owned()).collect()), "{check}\n{text}");
}

fn passes(check: &str, text: &str) {
    assert_eq!(said(check, text), (Verdict::Pass, Vec::new()), "{check}\n{text}");
}

fn does_not_apply(check: &str, text: &str) {
    assert_eq!(said(check, text), (Verdict::NotApplicable, Vec::new()), "{check}\n{text}");
}

/// A Deployment in a namespace of its own with one container and more of the pod's spec.
fn deployment(container: &str, spec: &str) -> String {
    named("web", container, spec)
}

fn named(name: &str, container: &str, spec: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {name}, namespace: shop }}\nspec: {{ template: {{ spec: {{ containers: [ {{ name: {name}, {container} }} ], {spec} }} }} }}\n---\n"
    )
}

fn object(api: &str, kind: &str, name: &str, rest: &str) -> String {
    format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{ name: {name}, namespace: shop }}\n{rest}\n---\n")
}

const AT: &str = "spec.template.spec";

#[test]
fn sensitive_folders_of_the_node_are_told_and_others_are_not() {
    fails("WKL-003", &deployment("image: a", "volumes: [ { name: a, emptyDir: {} }, { name: b, hostPath: { path: /var/run/docker.sock } } ]"), &[&format!("{AT}.volumes[1].hostPath.path")]);
    passes("WKL-003", &deployment("image: a", "volumes: [ { name: a, hostPath: { path: /mnt/disks/1 } } ]"));
    does_not_apply("WKL-003", &object("v1", "ConfigMap", "a", ""));
}

#[test]
fn shared_namespaces_are_told_and_the_control_plane_is_at_home_in_one() {
    fails("WKL-006", &deployment("image: a", "").replace("namespace: shop", "namespace: default"), &["metadata.namespace"]);
    fails("WKL-006", &deployment("image: a", "").replace(", namespace: shop", ""), &["metadata.namespace"]);
    passes("WKL-006", &deployment("image: a", ""));
    passes("WKL-006", "apiVersion: v1\nkind: Pod\nmetadata: { name: kube-apiserver, namespace: kube-system, labels: { tier: control-plane } }\nspec: { containers: [ { name: a, image: b } ] }\n");
}

#[test]
fn servers_without_probes_are_told_and_jobs_are_not() {
    fails("WKL-007", &deployment("image: a, livenessProbe: { tcpSocket: { port: 1 } }", ""), &[&format!("{AT}.containers[0].readinessProbe")]);
    passes("WKL-007", &deployment("image: a", "").replace("apps/v1", "batch/v1").replace("kind: Deployment", "kind: Job"));
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: b }\nspec: { containers: [ { name: a, image: b, livenessProbe: {}, readinessProbe: {} } ] }\n";
    fails("WKL-007", pod, &["metadata.ownerReferences"]);
}

#[test]
fn ways_to_log_in_are_told() {
    fails(
        "WKL-009",
        &deployment("image: a, ports: [ { containerPort: 22 } ], command: [ sh, -c, \"/usr/sbin/sshd -D\" ]", ""),
        &[&format!("{AT}.containers[0].command[2]"), &format!("{AT}.containers[0].ports[0].containerPort")],
    );
    passes("WKL-009", &deployment("image: a, ports: [ { containerPort: 2222 } ], command: [ sh, -c, \"exec server --no-sudoers\" ], tty: true", ""));
}

#[test]
fn images_are_held_to_the_registries_that_were_agreed_on() {
    let agreed = profile("REG-003", &["REG-003.registries=registry.example.com/team,docker.io/library"]);
    let of = |image: &str| said_by(&agreed, &deployment(&format!("image: \"{image}\""), ""));
    assert_eq!(of("registry.example.com/team/a:1").0, Verdict::Pass);
    assert_eq!(of("nginx").0, Verdict::Pass);
    assert_eq!(of("registry.example.com/teams/a:1"), (Verdict::Fail, vec![format!("{AT}.containers[0].image")]));
    assert_eq!(of("registry.example.com.evil.test/team/a").0, Verdict::Fail);
    does_not_apply("REG-003", &deployment("image: a", ""));
}

#[test]
fn images_without_a_digest_are_told() {
    fails("REG-004", &deployment("image: \"nginx:1.30\"", "initContainers: [ { name: i, image: \"\" } ]"), &[&format!("{AT}.containers[0].image"), &format!("{AT}.initContainers[0].image")]);
    passes("REG-004", &deployment(&format!("image: \"nginx:1.30@sha256:{}\"", "0".repeat(64)), ""));
}

#[test]
fn snippets_in_an_ingress_are_told() {
    let ingress = |key: &str| format!("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{ name: a, namespace: b, annotations: {{ {key}: \"x\" }} }}\nspec: {{}}\n");
    fails("NET-021", &ingress("nginx.ingress.kubernetes.io/configuration-snippet"), &["metadata.annotations[nginx.ingress.kubernetes.io/configuration-snippet]"]);
    for key in [
        "nginx.org/server-snippets",
        "haproxy.org/backend-config-snippet",
        "haproxy-ingress.github.io/config-backend",
        "haproxy-ingress.github.io/config-backend-early",
        "haproxy-ingress.github.io/config-tcp-service",
        "ingress.kubernetes.io/config-backend",
    ] {
        fails("NET-021", &ingress(key), &[&format!("metadata.annotations[{key}]")]);
    }
    passes("NET-021", &ingress("nginx.ingress.kubernetes.io/rewrite-target"));
    passes("NET-021", &ingress("haproxy-ingress.github.io/balance-algorithm"));
    passes("NET-021", &ingress("example.com/config-backend"));
    does_not_apply("NET-021", &deployment("image: a", ""));
}

#[test]
fn hosts_without_tls_are_told_and_wildcards_cover_one_label() {
    let ingress = |spec: &str| object("networking.k8s.io/v1", "Ingress", "a", &format!("spec: {{ {spec} }}"));
    passes("TLS-005", &ingress("tls: [ { hosts: [ \"*.example.com\" ], secretName: s } ], rules: [ { host: a.example.com } ]"));
    fails("TLS-005", &ingress("tls: [ { hosts: [ \"*.example.com\" ], secretName: s } ], rules: [ { host: a.example.com }, { host: a.b.example.com } ]"), &["spec.rules[1].host"]);
    fails("TLS-005", &ingress("defaultBackend: { service: { name: a } }"), &["spec.defaultBackend"]);
    let gateway = |listeners: &str| object("gateway.networking.k8s.io/v1", "Gateway", "a", &format!("spec: {{ listeners: [ {listeners} ] }}")) + &ingress("");
    fails("TLS-005", &gateway("{ protocol: HTTP, hostname: a.example.com }"), &["spec.listeners[0].protocol"]);
    passes("TLS-005", &gateway("{ protocol: HTTP, hostname: a.example.com }, { protocol: HTTPS, hostname: a.example.com, tls: { certificateRefs: [ { name: s } ] } }"));
    fails("TLS-005", &(object("route.openshift.io/v1", "Route", "a", "spec: { host: a.example.com }") + &ingress("")), &["spec.tls"]);
}

#[test]
fn the_keys_of_airflow_come_from_secrets() {
    let env = |entries: &str| deployment(&format!("image: \"apache/airflow:3.1.0\", env: [ {entries} ]"), "");
    let connection = "{ name: AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD, value: \"cat /run/db\" }";
    let key = "{ name: AIRFLOW__CORE__FERNET_KEY, valueFrom: { secretKeyRef: { name: f, key: k } } }";
    passes("AFL-002", &env(&format!("{connection}, {key}")));
    passes("AFL-002", &env(&format!("{connection}, {{ name: AIRFLOW__CORE__FERNET_KEY_CMD, value: \"cat /run/f\" }}")));
    passes("AFL-002", &env("{ name: AIRFLOW__CORE__EXECUTOR, value: KubernetesExecutor }"));
    fails("AFL-002", &env(connection), &[&format!("{AT}.containers[0].env")]);
    fails("AFL-002", &env(&format!("{connection}, {{ name: AIRFLOW__CORE__FERNET_KEY, value: abc }}")), &[&format!("{AT}.containers[0].env[1].value")]);
    does_not_apply("AFL-002", &deployment("image: nginx", ""));
    fails("AFL-004", &env("{ name: AIRFLOW__API__SECRET_KEY, value: temporary_key }"), &[&format!("{AT}.containers[0].env[0].value")]);
    passes("AFL-004", &env("{ name: AIRFLOW__API__SECRET_KEY, valueFrom: { secretKeyRef: { name: f, key: k } } }"));
}

#[test]
fn settings_by_which_airflow_lets_strangers_in_are_told() {
    let env = |name: &str, value: &str| deployment(&format!("image: \"registry.example.com/team/my-airflow@sha256:00\", env: [ {{ name: {name}, value: \"{value}\" }} ]"), "");
    let first = format!("{AT}.containers[0].env[0].value");
    fails("AFL-005", &env("AIRFLOW__API__EXPOSE_CONFIG", "True"), &[&first]);
    passes("AFL-005", &env("AIRFLOW__API__EXPOSE_CONFIG", "non-sensitive-only"));
    passes("AFL-005", &env("AIRFLOW__CORE__LOAD_EXAMPLES", "False"));
    fails("AFL-005", &env("AIRFLOW__API__AUTH_BACKENDS", "airflow.api.auth.backend.session, airflow.api.auth.backend.default"), &[&first]);
    let config = |file: &str, text: &str| format!("{}{}", env("AIRFLOW__CORE__LOAD_EXAMPLES", "False"), object("v1", "ConfigMap", "c", &format!("data:\n  {file}: |\n    {text}")));
    fails("AFL-005", &config("airflow.cfg", "[core]\n    load_examples = True"), &["data[airflow.cfg]"]);
    passes("AFL-005", &config("airflow.cfg", "[other]\n    load_examples = True\n    # load_examples = True"));
    fails("AFL-005", &config("webserver_config.py", "AUTH_ROLE_PUBLIC = 'Admin'"), &["data[webserver_config.py]"]);
    // Containers are given these by envFrom, as Airlock's own are.
    let given = |name: &str, value: &str| object("v1", "ConfigMap", "c", &format!("data: {{ {name}: \"{value}\" }}")) + &env("AIRFLOW__CORE__LOAD_EXAMPLES", "False");
    fails("AFL-005", &given("AIRFLOW__API__EXPOSE_CONFIG", "True"), &["data.AIRFLOW__API__EXPOSE_CONFIG"]);
    fails("AFL-005", &given("AIRFLOW__FAB__AUTH_ROLE_PUBLIC", "Admin"), &["data.AIRFLOW__FAB__AUTH_ROLE_PUBLIC"]);
    passes("AFL-005", &given("AIRFLOW__FAB__AUTH_ROLE_PUBLIC", "Public"));
    passes("AFL-005", &given("EXPOSE_CONFIG", "True"));
    // As Airflow reads them, whatever they look like.
    for value in ["t", "TRUE", "1", "True # for now"] {
        fails("AFL-005", &env("AIRFLOW__API__EXPOSE_CONFIG", value), &[&first]);
    }
    for line in ["expose_config: True", "Expose_Config = t", "expose_config = True # for now"] {
        fails("AFL-005", &config("airflow.cfg", &format!("[API]\n    {line}")), &["data[airflow.cfg]"]);
    }
    fails("AFL-005", &config("airflow.cfg", "[api]\n    auth_backends = airflow.api.auth.backend.session,\n      airflow.api.auth.backend.default"), &["data[airflow.cfg]"]);
    for line in ["expose_config = f", "; expose_config = True", "expose_config = False # True"] {
        passes("AFL-005", &config("airflow.cfg", &format!("[api]\n    {line}")));
    }
    for role in ["'Readers'", "\"Viewer\" # for now"] {
        fails("AFL-005", &config("webserver_config.py", &format!("AUTH_ROLE_PUBLIC = {role}")), &["data[webserver_config.py]"]);
    }
    for role in ["None  # nobody", "'Public'", "''"] {
        passes("AFL-005", &config("webserver_config.py", &format!("AUTH_ROLE_PUBLIC: str = {role}")));
    }
    let unknown = |check: &str, text: &str, path: &str| assert_eq!(said(check, text), (Verdict::Unverified, vec![path.to_owned()]), "{text}");
    unknown("AFL-005", &env("AIRFLOW__API__EXPOSE_CONFIG", "perhaps"), &first);
    unknown("AFL-005", &env("AIRFLOW__API__AUTH_BACKENDS", "${BACKENDS}"), &first);
    unknown("AFL-005", &env("AIRFLOW__API__AUTH_BACKENDS", "$BACKENDS"), &first);
    unknown("AFL-005", &config("airflow.cfg", "[api]\n    expose_config ="), "data[airflow.cfg]");
    fails("AFL-005", &config("airflow.cfg", "[api]\n    expose_config =\n      True"), &["data[airflow.cfg]"]);
    unknown("AFL-005", &config("airflow.cfg", "[api]\n    expose_config = {{ .Values.shown }}"), "data[airflow.cfg]");
    unknown("AFL-005", &config("webserver_config.py", "AUTH_ROLE_PUBLIC = os.environ['ROLE']"), "data[webserver_config.py]");
    // A registry with a port hides nothing.
    fails("AFL-005", &env("AIRFLOW__API__EXPOSE_CONFIG", "True").replace("registry.example.com/", "registry.example.com:5000/"), &[&first]);
    fails("SEC-001", &deployment("image: \"registry.example.com:5000/apache/airflow:3.1.0\", env: [ { name: AIRFLOW__API__SECRET_KEY, value: Xk29dkQ0pls8 } ]", ""), &[&first]);
}

#[test]
fn the_namespace_of_an_airflow_deployment_has_an_owner_and_limits() {
    let airflow = deployment("image: \"apache/airflow:3.1.0\"", "");
    let namespace = |labels: &str| format!("apiVersion: v1\nkind: Namespace\nmetadata: {{ name: shop, labels: {{ {labels} }} }}\n---\n");
    let limits = object("v1", "ResourceQuota", "q", "spec: { hard: { pods: 10 } }") + &object("v1", "LimitRange", "l", "spec: { limits: [ { type: Container } ] }");
    passes("AFL-006", &format!("{airflow}{limits}{}", namespace("airlock-platform.io/tenant: shop")));
    fails("AFL-006", &airflow, &[""]);
    fails("AFL-006", &format!("{airflow}{limits}{}", namespace("a: b")), &[""]);
    does_not_apply("AFL-006", &deployment("image: nginx", ""));
}

#[test]
fn services_outside_are_told_unless_they_were_agreed_on() {
    let env = |value: &str| deployment(&format!("image: a, env: [ {{ name: X, value: \"{value}\" }} ]"), "");
    fails("PII-001", &env("https://key@o1.ingest.sentry.io/2"), &[&format!("{AT}.containers[0].env[0].value")]);
    passes("PII-001", &env("https://sentry.example.com/2"));
    assert_eq!(said_by(&profile("PII-001", &["PII-001.hosts=sentry.io"]), &env("https://key@o1.ingest.sentry.io/2")).0, Verdict::Pass);
    fails("PII-001", &(env("a") + &object("v1", "ConfigMap", "c", "data: { js: \"load('https://cdn.segment.com/a.js')\" }")), &["data.js"]);
}

#[test]
fn pods_of_every_kind_are_judged_and_what_was_not_given_is_no_pass() {
    let of = |api: &str, kind: &str, spec: &str| format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{ name: a, namespace: b }}\n{spec}\n");
    let pod = "spec: { hostPID: true, containers: [ { name: a, image: b } ] }";
    let cases = [
        ("v1", "Pod", pod.to_owned(), "spec.hostPID"),
        ("apps/v1", "Deployment", format!("spec: {{ template: {{ {pod} }} }}"), "spec.template.spec.hostPID"),
        ("apps/v1", "ReplicaSet", format!("spec: {{ template: {{ {pod} }} }}"), "spec.template.spec.hostPID"),
        ("apps/v1", "StatefulSet", format!("spec: {{ template: {{ {pod} }} }}"), "spec.template.spec.hostPID"),
        ("apps/v1", "DaemonSet", format!("spec: {{ template: {{ {pod} }} }}"), "spec.template.spec.hostPID"),
        ("batch/v1", "Job", format!("spec: {{ template: {{ {pod} }} }}"), "spec.template.spec.hostPID"),
        ("batch/v1", "CronJob", format!("spec: {{ jobTemplate: {{ spec: {{ template: {{ {pod} }} }} }} }}"), "spec.jobTemplate.spec.template.spec.hostPID"),
        ("v1", "ReplicationController", format!("spec: {{ template: {{ {pod} }} }}"), "spec.template.spec.hostPID"),
        ("v1", "PodTemplate", format!("template: {{ {pod} }}"), "template.spec.hostPID"),
    ];
    for (api, kind, spec, path) in cases {
        fails("PSS-002", &of(api, kind, &spec), &[path]);
        assert_eq!(said("PSS-002", &of(api, kind, "spec: {}")).0, Verdict::Unverified, "{kind}");
    }
    // The API server refuses these; what they would be cannot be told.
    for spec in ["containers: [ a ]", "containers: { a: b }", "initContainers: { a: b }, containers: [ { name: a } ]"] {
        assert_eq!(said("PSS-001", &of("v1", "Pod", &format!("spec: {{ {spec} }}"))).0, Verdict::Unverified, "{spec}");
    }
}

#[test]
fn files_are_judged_as_the_api_server_would_complete_them() {
    passes("PSS-015", &deployment("image: a", "volumes: [ { name: a } ]"));
    passes("WKL-002", &deployment("image: a, resources: { limits: { cpu: 1, memory: 1Gi } }", ""));
    fails("WKL-002", &deployment("image: a, resources: { requests: { cpu: 1, memory: 1Gi } }", ""), &[&format!("{AT}.containers[0].resources.limits")]);
    let limits = format!("{AT}.containers[0].resources.limits");
    let requests = format!("{AT}.containers[0].resources.requests");
    for none in ["cpu: \"0\", memory: \"0\"", "cpu: 0, memory: 0Gi", "cpu: lots, memory: foo", "cpu: 1, memory: -1Gi"] {
        fails("WKL-002", &deployment(&format!("image: a, resources: {{ requests: {{ cpu: 1, memory: 1Gi }}, limits: {{ {none} }} }}"), ""), &[&limits]);
    }
    fails("WKL-002", &deployment("image: a, resources: { requests: { cpu: 0 }, limits: { cpu: 1, memory: 1Gi } }", ""), &[&requests]);
    passes("WKL-002", &deployment("image: a, resources: { limits: { cpu: 500m, memory: 1.5Gi } }", ""));
    // What the pod as a whole has, each container has.
    passes("WKL-002", &deployment("image: a", "resources: { limits: { cpu: 1, memory: 1Gi } }, initContainers: [ { name: i, image: a } ]"));
    passes("WKL-002", &deployment("image: a, resources: { limits: { memory: 1Gi } }", "resources: { limits: { cpu: 1 } }"));
    fails("WKL-002", &deployment("image: a", "resources: { limits: { cpu: 1, memory: 0 }, requests: { cpu: 1, memory: 1Gi } }"), &[&limits]);
    fails("PSS-004", &deployment("image: a, ports: [ { containerPort: 80 } ]", "hostNetwork: true"), &[&format!("{AT}.containers[0].ports[0].containerPort")]);
    passes("WKL-005", &deployment("image: a", "serviceAccount: web"));
}

#[test]
fn every_finding_of_a_file_names_the_file_and_the_document() {
    let text = format!("{}{}", object("v1", "ConfigMap", "m", ""), deployment("image: a", "hostPID: true"));
    let report = serde_json::to_value(report_by(&profile("PSS-002", &[]), &[&text])).unwrap();
    let subject = &report["findings"][0]["subject"];
    assert_eq!((subject["file"].as_str(), subject["document"].as_u64(), subject["kind"].as_str()), (Some("0.yaml"), Some(1), Some("Deployment")));
    assert_eq!(subject["line"], 6, "where the document begins");
    assert_eq!(report["findings"][0]["fix"][0]["command"], Value::Null, "there is no live object to show");
}
