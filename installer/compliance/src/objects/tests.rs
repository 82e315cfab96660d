//! Each check by files: what passes, what fails and at which field, and what must not be told.

use airlock_model::{Profile, Verdict};
use serde_json::Value;

use crate::manifests::{read, snapshot};
use crate::parameter::setting;
use crate::profile::{unprofiled, with_checks};
use crate::report::{Judging, Report, judge};

mod environment;
mod operation;

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
fn secrets_that_are_written_out_are_told_and_references_are_not() {
    let env = |entry: &str| deployment(&format!("image: a, env: [ {entry} ]"), "");
    let first = format!("{AT}.containers[0].env[0].value");
    fails("SEC-001", &env("{ name: DB_PASSWORD, value: hunter2 }"), &[&first]);
    fails("SEC-001", &env("{ name: DATABASE, value: \"postgresql://app:hunter2@db/app\" }"), &[&first]);
    for good in [
        "{ name: DB_PASSWORD, valueFrom: { secretKeyRef: { name: s, key: k } } }",
        "{ name: DB_PASSWORD_FILE, value: /run/secrets/db }",
        "{ name: DB_PASSWORD, value: $(OTHER) }",
        "{ name: DB_PASSWORD, value: \"\" }",
        "{ name: AIRFLOW__CORE__FERNET_KEY_CMD, value: \"cat /run/fernet\" }",
        "{ name: DATABASE, value: \"postgresql://app:$(DB_PASSWORD)@db/app\" }",
        "{ name: TOKEN_TTL, value: \"3600\" }",
        "{ name: ENABLE_TOKEN, value: \"true\" }",
    ] {
        passes("SEC-001", &env(good));
    }
    fails("SEC-001", &deployment("image: a, args: [ serve, --db-password=hunter2, --token, abc123 ]", ""), &[&format!("{AT}.containers[0].args[1]"), &format!("{AT}.containers[0].args[3]")]);
    fails("SEC-001", &deployment("image: a, command: [ psql, -c, \"ALTER ROLE app PASSWORD 'hunter2'\" ]", ""), &[&format!("{AT}.containers[0].command[2]")]);
    passes("SEC-001", &deployment("image: a, args: [ serve, --password-file=/run/p, \"--token=$(TOKEN)\", --secret-name, my-secret, --token, --verbose ]", ""));
    passes("SEC-001", &deployment("image: a, envFrom: [ { secretRef: { name: s } } ]", ""));
    let pod = deployment("image: a", "");
    let map = |data: &str| format!("{pod}{}", object("v1", "ConfigMap", "m", &format!("data:\n{data}")));
    fails("SEC-001", &map("  app.properties: |\n    host=db\n    db.password=hunter2\n"), &["data[app.properties]"]);
    fails("SEC-001", &map("  password: hunter2\n"), &["data.password"]);
    // The record of an installation says where secrets are, and names one by a field of that name.
    let record = |file: &str, value: &str| map(&format!("  {file}: |\n    {{\n      \"password\": \"{value}\",\n      \"secret\": \"files/company-tls\"\n    }}\n"));
    passes("SEC-001", &record("record.json", "file:/etc/password"));
    fails("SEC-001", &record("record.json", "hunter2"), &["data[record.json]"]);
    fails("SEC-001", &record("app.json", "file:/etc/password"), &["data[app.json]"]);
    passes(
        "SEC-001",
        &map(
            "  app.properties: |\n    # password=x\n    password=${DB_PASSWORD}\n    passwordFile=/run/p\n  ca.crt: |\n    -----BEGIN CERTIFICATE-----\n    MIIBszCCAVmgAwIBAgIUQ7d0m1kY3o8x5s9k2n4v6c8z1wEwCgYIKoZIzj0EAwIw\n    -----END CERTIFICATE-----\n",
        ),
    );
}

#[test]
fn secrets_in_files_of_a_config_map_are_told_however_they_are_written() {
    let pod = deployment("image: a", "");
    let map = |file: &str, value: &str| format!("{pod}{}", object("v1", "ConfigMap", "m", &format!("data: {{ {file}: {} }}", Value::from(value))));
    for value in [
        "DB_PASSWORD=Xk29dkQ0pls8\n",
        "DB_PASS=Xk29dkQ0pls8\n",
        "{\"db\":{\"password\":\"Xk29dkQ0pls8\"}}",
        "#!/bin/sh\nexport DB_PASSWORD=Xk29dkQ0pls8\n",
        "#!/bin/sh\nexport DATABASE_URL=postgres://app:Xk29dkQ0pls8@db/x\n",
        "urls:\n  - postgres://app:Xk29dkQ0pls8@db/x\n",
        "#!/bin/sh\ncurl -H \"Authorization: token ghp_abcdefghijklmnopqrstuvwxyz0123456789\" https://x\n",
        "#!/bin/sh\nPGPASSWORD=Xk29dkQ0pls8 psql -h db\n",
    ] {
        fails("SEC-001", &map("file", value), &["data.file"]);
    }
    for value in [
        "DB_PASSWORD=$DB_PASSWORD\n",
        "DB_PASSWORD_FILE=/run/db\n",
        "{\"db\":{\"password\":\"${DB_PASSWORD}\",\"secretName\":\"db\",\"pass\":true}}",
        "#!/bin/sh\nexport DB_PASSWORD=\"$(cat /run/db)\"\nPGPASSWORD=\"$DB_PASSWORD\" psql\n",
        "# such as postgres://user:password@host/db\nurl: postgres://db/x\n",
        "location / {\n  proxy_pass http://web:8080;\n  proxy_pass_header Server;\n}\n",
        "PWD=C:\\srv\nBYPASS=all\nSSL_PASSTHROUGH=always\n",
    ] {
        passes("SEC-001", &map("file", value));
    }
    // In one line too, the record of an installation names a Secret by a field of that name.
    passes("SEC-001", &map("record.json", "{\"secret\":\"files/company-tls\"}"));
    fails("SEC-001", &map("app.json", "{\"secret\":\"files/company-tls\"}"), &["data[app.json]"]);
}

#[test]
fn short_names_of_passwords_and_passwords_before_commands_are_told() {
    let env = |name: &str| deployment(&format!("image: a, env: [ {{ name: {name}, value: hunter2hunter2 }} ]"), "");
    for name in ["DBPASS", "DB_PASS", "MYSQL_PWD", "ADMIN_PW"] {
        fails("SEC-001", &env(name), &[&format!("{AT}.containers[0].env[0].value")]);
    }
    for name in ["PWD", "OLDPWD", "BYPASS", "COMPASS", "PASSTHROUGH", "PASSIVE"] {
        passes("SEC-001", &env(name));
    }
    let script = |text: &str| deployment(&format!("image: a, args: [ -c, {} ]", Value::from(text)), "");
    for text in ["PGPASSWORD=Xk29dkQ0pls8 psql -h db", "set -e\nexport TOKEN=Xk29dkQ0pls8; run", "mysql --password=Xk29dkQ0pls8 shop"] {
        fails("SEC-001", &script(text), &[&format!("{AT}.containers[0].args[1]")]);
    }
    for text in ["PGPASSWORD=\"$(cat /run/db)\" psql -h db", "export TOKEN=$TOKEN; run", "mysql --password=\"$PASSWORD\" shop", "PASS=0; run || FAIL=1"] {
        passes("SEC-001", &script(text));
    }
}

#[test]
fn credentials_in_files_of_secrets_are_judged_as_those_by_themselves() {
    let secret = |key: &str, value: &str| object("v1", "Secret", "s", &format!("stringData: {{ {key}: {} }}", Value::from(value)));
    for (key, value) in
        [("pass", "admin"), ("pw", "admin"), ("DB_PASS", "x"), ("MYSQL_PWD", "root"), ("file", "db:\n  password: admin\n"), ("file", "password: admin"), ("file", "export DB_PASS=admin\n")]
    {
        fails("SEC-005", &secret(key, value), &[&format!("stringData.{key}")]);
    }
    fails("SEC-005", &secret(".dockerconfigjson", "{\"auths\":{\"r\":{\"username\":\"u\",\"password\":\"admin\"}}}"), &["stringData[.dockerconfigjson]"]);
    fails("SEC-005", &secret(".dockerconfigjson", "{\"auths\":{\"r\":{\"auth\":\"dTphZG1pbg==\"}}}"), &["stringData[.dockerconfigjson]"]);
    let pem = "-----BEGIN CERTIFICATE-----\nMIIBpass\n-----END CERTIFICATE-----\n";
    for value in [
        format!("{pem}password: admin\n"),
        format!("password: admin\nca: |\n{pem}"),
        "{ password: admin }".to_owned(),
        "[{\"password\":\"admin\"}]".to_owned(),
        "{\"password\":12345678}".to_owned(),
        "{\"password\":\"xxxxxxxx\"}".to_owned(),
        "password: |\n  admin\n".to_owned(),
        "password: $ecret!\n".to_owned(),
    ] {
        fails("SEC-005", &secret("file", &value), &["stringData.file"]);
    }
    passes("SEC-005", &secret("password", pem));
    passes("SEC-005", &secret("file", "{\"tokenTimeoutSeconds\":3600,\"passwordLength\":12,\"port\":5432}"));
    let strong = "q8Zr3Vx0LkT5nWcB7uYpJ2mHdS9fGeA4";
    for (key, value) in [
        ("pass", strong.to_owned()),
        ("file", format!("# password: admin\ndb:\n  password: {strong}\n  token_ttl: 30\n  passwordFile: /run/db\n")),
        ("file", "db:\n  password: ${DB_PASSWORD}\n  host: db\n".to_owned()),
        (".dockerconfigjson", format!("{{\"auths\":{{\"r\":{{\"username\":\"u\",\"password\":\"{strong}\"}}}}}}")),
        ("PWD", "short".to_owned()),
    ] {
        passes("SEC-005", &secret(key, &value));
    }
    let report = serde_json::to_string(&report_by(&unprofiled(), &[&secret("file", "a: b\npassword: Zq8Xw3\n")])).unwrap();
    assert!(report.contains("holds a credential in line 2 that has fewer than 128 bits") && !report.contains("Zq8Xw3"), "{report}");
}

#[test]
fn every_way_to_give_an_administrators_credential_is_seen() {
    let reference = |variable: &str, secret: &str, key: &str| format!("{{ name: {variable}, valueFrom: {{ secretKeyRef: {{ name: {secret}, key: {key} }} }} }}");
    let app = |name: &str, key: &str| named(name, &format!("image: a, env: [ {} ]", reference("PASSWORD", "db", key)), "");
    let first = format!("{AT}.containers[0].env[0].valueFrom.secretKeyRef");
    // The official image makes a superuser of whoever it is told of; others make a user of few rights.
    let server = |image: &str, more: &str| named("db", &format!("image: \"{image}\", env: [ {{ name: POSTGRES_USER, value: app }}, {} ]{more}", reference("POSTGRES_PASSWORD", "db", "password")), "");
    for image in ["postgres:16", "docker.io/library/postgres@sha256:00", "registry.example.com:5000/postgis/postgis:17"] {
        fails("SEC-009", &format!("{}{}", server(image, ""), app("web", "password")), &[&first]);
    }
    for (image, more) in [("bitnami/postgresql:16", ""), ("web:1", ""), ("prometheuscommunity/postgres-exporter", ""), ("postgres:16", ", command: [ sh, -c, pg_dump ]")] {
        does_not_apply("SEC-009", &format!("{}{}", server(image, more), app("web", "password")));
    }
    let by_file = |mount: &str, volume: &str, file: &str| {
        named(
            "db",
            &format!("image: \"postgres:16\", env: [ {{ name: POSTGRES_PASSWORD_FILE, value: {file} }} ], volumeMounts: [ {{ name: v, {mount} }} ]"),
            &format!("volumes: [ {{ name: v, {volume} }} ]"),
        )
    };
    for (mount, volume, file) in [
        ("mountPath: /s", "secret: { secretName: db }", "/s/password"),
        ("mountPath: /s/", "secret: { secretName: db, items: [ { key: password, path: in/pw } ] }", "/s/in/pw"),
        ("mountPath: /s/pw, subPath: password", "secret: { secretName: db }", "/s/pw"),
        ("mountPath: /s", "projected: { sources: [ { secret: { name: db } } ] }", "/s/password"),
    ] {
        passes("SEC-009", &by_file(mount, volume, file));
        fails("SEC-009", &format!("{}{}", by_file(mount, volume, file), app("web", "password")), &[&first]);
        passes("SEC-009", &format!("{}{}", by_file(mount, volume, file), app("web", "other")));
    }
    let given = |data: &str, key: &str| format!("{}{}{}", object("v1", "Secret", "db", &format!("stringData: {{ {data} }}")), app("web", key), app("worker", key));
    fails("SEC-009", &given("username: postgres, password: x", "password"), &[&first, &first]);
    does_not_apply("SEC-009", &given("username: app, password: x", "password"));
    does_not_apply("SEC-009", &given("username: postgres, host: x", "host"));
    fails("SEC-009", &given("url: \"jdbc:postgresql://db:5432/a?user=postgres&password=x\"", "url"), &[&first, &first]);
    fails("SEC-009", &given("url: \"jdbc:sqlserver://db:1433;user=sa;password=x\"", "url"), &[&first, &first]);
    does_not_apply("SEC-009", &given("url: \"jdbc:postgresql://db:5432/a?user=app&password=x\"", "url"));
}

#[test]
fn weak_credentials_in_secrets_are_told_without_their_values() {
    let secret = |rest: &str| object("v1", "Secret", "s", rest);
    fails("SEC-005", &secret("stringData: { password: changeme123, username: bob }"), &["stringData.password"]);
    fails("SEC-005", &secret("data: { password: YWRtaW4= }"), &["data.password"]);
    fails("SEC-005", &secret("stringData: { connection: \"postgresql://postgres:postgres@db/airflow\" }"), &["stringData.connection"]);
    fails("SEC-005", &secret("data: { password: \"not base64!\" }"), &["data.password"]);
    passes("SEC-005", &secret("stringData: { password: q8Zr3Vx0LkT5nWcB7uYpJ2mHdS9fGeA4, username: admin, tls.crt: x, hint: short }"));
    passes("SEC-005", &secret("stringData: { password: \"${PASSWORD}\" }"));
    fails("SEC-005", &object("v1", "Secret", "web-password", "stringData: { value: short }"), &["stringData.value"]);
    passes("SEC-005", &object("v1", "Secret", "web", "stringData: { value: short }"));
    passes("SEC-005", &secret("type: kubernetes.io/tls"));
    fails("SEC-007", &secret("type: kubernetes.io/service-account-token"), &["type"]);
    passes("SEC-007", &secret("type: Opaque"));
    let report = serde_json::to_string(&report_by(
        &unprofiled(),
        &[&secret("stringData: { password: changeme123, token: Zq8Xw3 }"), &deployment("image: a, env: [ { name: PASSWORD, value: Zq8Xw3 } ], args: [ --token=Zq8Xw3 ]", "")],
    ))
    .unwrap();
    assert!(!report.contains("changeme123") && !report.contains("Zq8Xw3"), "{report}");
}

#[test]
fn an_administrators_credential_that_others_are_given_is_told_for_each_of_them() {
    let from = |variable: &str, secret: &str, key: &str| format!("image: postgres, env: [ {{ name: {variable}, valueFrom: {{ secretKeyRef: {{ name: {secret}, key: {key} }} }} }} ]");
    let server = named("db", &from("POSTGRES_PASSWORD", "db", "password"), "");
    let app = |name: &str, secret: &str, key: &str| named(name, &from("PASSWORD", secret, key), "");
    passes("SEC-009", &server);
    passes("SEC-009", &format!("{server}{}", app("web", "web", "password")));
    let first = format!("{AT}.containers[0].env[0].valueFrom.secretKeyRef");
    fails("SEC-009", &format!("{server}{}", app("web", "db", "password")), &[&first]);
    fails("SEC-009", &format!("{server}{}{}", app("web", "db", "password"), app("worker", "db", "password")), &[&first, &first]);
    let url = object("v1", "Secret", "meta", "stringData: { url: \"postgresql://postgres:x@db/a\" }");
    fails("SEC-009", &format!("{url}{}{}", app("web", "meta", "url"), app("worker", "meta", "url")), &[&first, &first]);
    does_not_apply("SEC-009", &format!("{}{}", app("web", "app", "password"), app("worker", "app", "password")));
    let by_volume = named("web", "image: a", "volumes: [ { name: v, secret: { secretName: db, items: [ { key: password, path: p } ] } } ]");
    fails("SEC-009", &format!("{server}{by_volume}"), &[&format!("{AT}.volumes[0].secret")]);
    let whole = |secret: &str| named("web", &format!("image: a, envFrom: [ {{ secretRef: {{ name: {secret} }} }} ]"), "");
    fails("SEC-009", &format!("{server}{}", whole("db")), &[&format!("{AT}.containers[0].envFrom[0].secretRef")]);
    passes("SEC-009", &format!("{server}{}", whole("web")));
    let projected = |name: &str, key: &str| {
        let secret = format!("{{ name: {name}, items: [ {{ key: {key}, path: p }} ] }}");
        named("web", "image: a", &format!("volumes: [ {{ name: v, projected: {{ sources: [ {{ configMap: {{ name: c }} }}, {{ secret: {secret} }} ] }} }} ]"))
    };
    fails("SEC-009", &format!("{server}{}", projected("db", "password")), &[&format!("{AT}.volumes[0].projected.sources[1].secret")]);
    passes("SEC-009", &format!("{server}{}", projected("db", "ca.crt")));
    passes("SEC-009", &format!("{server}{}", projected("web", "password")));
}

#[test]
fn an_administrators_credential_that_admission_adds_to_a_pod_is_told_of_the_pod() {
    let from = |variable: &str| format!("image: postgres, env: [ {{ name: {variable}, valueFrom: {{ secretKeyRef: {{ name: db, key: password }} }} }} ]");
    let server = named("db", &from("POSTGRES_PASSWORD"), "");
    let job = object("batch/v1", "Job", "web", "spec: { template: { spec: { containers: [ { name: web, image: a } ] } } }");
    let pod = |of: &str, kind: &str, container: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{ name: {of}-x, namespace: shop, ownerReferences: [ {{ kind: {kind}, name: {of}, controller: true }} ] }}\nspec: {{ containers: [ {{ name: {of}, {container} }} ] }}\n---\n"
        )
    };
    passes("SEC-009", &format!("{server}{job}{}{}", pod("web", "Job", "image: a"), pod("db", "Deployment", &from("POSTGRES_PASSWORD"))));
    fails("SEC-009", &format!("{server}{job}{}", pod("web", "Job", &from("PASSWORD"))), &["spec.containers[0].env[0].valueFrom.secretKeyRef"]);
    passes("SEC-009", &format!("{server}{}", pod("db", "Deployment", &from("PASSWORD"))));
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
    for line in ["expose_config = f", "expose_config =", "; expose_config = True", "expose_config = False # True"] {
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
