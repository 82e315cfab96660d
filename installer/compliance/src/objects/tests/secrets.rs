//! SEC-001, SEC-005, SEC-009: secrets that are written out, weak, or given to more than the one that needs them.

use super::*;

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
        "[\"postgres://app:hunter2@db/x\"]".to_owned(),
        "{\"passwords\":[\"hunter2\"]}".to_owned(),
        "${HOME}\npassword: hunter2\n".to_owned(),
        "<a>\n<url>postgres://app:hunter2@db/x</url>\n</a>".to_owned(),
    ] {
        fails("SEC-005", &secret("file", &value), &["stringData.file"]);
    }
    passes("SEC-005", &secret("password", pem));
    fails("SEC-005", &secret("password", &format!("hunter2\n{pem}")), &["stringData.password"]);
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
