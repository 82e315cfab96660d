//! What passes on an installation that is right is seen to fail on one that somebody has weakened, and nothing else with it.

use std::collections::BTreeSet;
use std::process::Command;

use airlock_e2e::Site;
use serde_json::Value;

use super::inside;
use crate::walls::{but, verdicts, verdicts_of_baseline};

/// Outdated versions of TLS at the edge, which shows its certificate to whoever asks and tells browsers nothing, a registry without login,
/// and another certificate in Secrets than the ones that are served, at the edge and inside.
pub(crate) fn what_is_served_otherwise_fails_by_name(site: &Site) {
    let [edge, registry, certificate] = ["configmap/edge-config", "secret/registry-config", "secret/base-domain-tls"].map(|object| read(site, object));

    let configuration = edge["data"]["nginx.conf"].as_str().expect("the configuration");
    let outdated = configuration.replace("ssl_protocols TLSv1.2 TLSv1.3;", "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;").replace("ssl_ciphers ", "ssl_ciphers ALL:@SECLEVEL=0:");
    let known = outdated.replace("ssl_reject_handshake on;", "");
    let outdated = known.replace("add_header Strict-Transport-Security", "add_header X-Was-Strict-Transport-Security");
    assert!(outdated != known && known.matches("ssl_reject_handshake").count() == 0, "{outdated}");
    assert_ne!(outdated, configuration);
    replace(site, &with(&edge, "data", "nginx.conf", &outdated));
    restart(site, "deployment/edge");

    let whole = site.kubectl(&["get", "secret", "registry-config", "-o", r#"go-template={{index .data "config.yml" | base64decode}}"#]);
    let (before, login) = whole.split_once("\nauth:\n").expect("the section of the login");
    let rest = login.lines().skip_while(|line| line.starts_with(' ')).collect::<Vec<_>>().join("\n");
    replace(site, &with(&registry, "stringData", "config.yml", &format!("{before}\n{rest}\n")));
    restart(site, "statefulset/registry");

    // Its key is another's: the edge judges the pair, and goes on with what it has.
    let mut other = certificate.clone();
    other["data"]["tls.crt"] = read(site, "secret/registry-tls")["data"]["tls.crt"].clone();
    replace(site, &other);
    // Its server reads it when it starts; and a key that two deployments share is told, too.
    let [of_alpha, of_beta] = ["alpha", "beta"].map(|name| pair(site, name));
    store_pair(site, "beta", &of_alpha);
    let judged = site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "--all", "-o", "json"]);
    an_exception_covers_it_once_it_is_signed(site);

    store_pair(site, "beta", &of_beta);
    replace(site, &certificate);
    replace(site, &registry);
    restart(site, "statefulset/registry");
    replace(site, &edge);
    restart(site, "deployment/edge");

    let report = judged.expect(7).json();
    let failing = ["REG-001", "SEC-004", "TLS-001", "TLS-002", "TLS-003", "TLS-004", "TLS-006", "TLS-007"];
    assert_eq!(verdicts(&report), but(&verdicts_of_baseline(), "fail", &failing), "exactly these are told: {report}");
    let open = |verdict: &str| report["findings"].as_array().expect("findings").iter().filter(|finding| finding["check"] == "REG-001" && finding["verdict"] == verdict).count();
    assert_eq!((open("fail"), open("unverified")), (5, 0), "without credentials, with wrong ones, the list, a repository, a push: {report}");
    let of_servers = report["findings"].as_array().expect("findings").iter().filter(|finding| finding["check"] == "TLS-002" && finding["subject"]["kind"] == "Server");
    let told: BTreeSet<(String, &str)> = of_servers.filter_map(|finding| Some((finding["subject"]["name"].as_str()?.to_owned(), finding["verdict"].as_str()?))).collect();
    let server = |name: &str, namespace: &str, port: u16, verdict| (format!("{name}.{namespace}.svc:{port}"), verdict);
    let of_airflow = |name: &str, verdict| server("airflow-api-server", &site.tenant(name), 8080, verdict);
    let expected = [server("registry", &site.name, 5000, "pass"), server("database", &site.name, 5432, "pass"), of_airflow("alpha", "pass"), of_airflow("beta", "fail")];
    assert_eq!(told, expected.into(), "{report}");
    site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes"]).expect(0);
    inside::a_server_without_tls_is_told_by_its_name(site);
}

/// The pair of the API server of a deployment, as it is stored.
pub(super) fn pair(site: &Site, deployment: &str) -> Value {
    let read = site.bed.kubectl(["-n", &site.tenant(deployment), "get", "secret", "airflow-api-server-tls", "-o", "jsonpath={.data}"]).expect("kubectl");
    serde_json::from_str(&read).expect("JSON")
}

pub(super) fn store_pair(site: &Site, deployment: &str, pair: &Value) {
    let patch = serde_json::json!({ "data": pair }).to_string();
    site.bed.kubectl(["-n", &site.tenant(deployment), "patch", "secret", "airflow-api-server-tls", "--type=merge", "-p", &patch]).expect("kubectl");
}

/// Whoever may accept a risk has a key that the profile names; what she has not signed changes nothing.
fn an_exception_covers_it_once_it_is_signed(site: &Site) {
    let path = |name: &str| site.folder().join(name).display().to_string();
    let (key, exceptions, signature) = (path("officer.pem"), path("exceptions.yaml"), path("exceptions.yaml.sig"));
    let openssl = |arguments: &[&str]| {
        let ended = Command::new("openssl").args(arguments).output().expect("openssl");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8_lossy(&ended.stdout).into_owned()
    };
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", &key]);
    let public = openssl(&["pkey", "-in", &key, "-pubout"]).replace('\n', "\n      ");
    let profile = format!(
        "apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: {{ name: company, version: '1', owner: security }}\nextends: [baseline]\nkeys:\n  - name: officer\n    publicKey: |\n      {public}\n"
    );
    let profile = site.file("company.yaml", &profile).display().to_string();
    let draft = site.run(&["exception", "request", "REG-001", "--expires", "2099-01-31"]).expect(0).stdout;
    let (checks, filled) = ("  - REG-001\n", draft.replace(": ''", ": known"));
    site.file("exceptions.yaml", &filled.replace(checks, &format!("{checks}  - SEC-004\n  - TLS-001\n  - TLS-002\n  - TLS-003\n  - TLS-004\n  - TLS-006\n  - TLS-007\n")));
    let judged = |exit: i32| -> Vec<Value> {
        let report = site.run(&["compliance-check", "--profile", &profile, "--exceptions", &exceptions, "--namespace", &site.name, "--yes", "--all", "-o", "json"]).expect(exit).json();
        let verdict = |id: &str| report["checks"].as_array().expect("checks").iter().find(|check| check["id"] == id).expect("the check")["verdict"].clone();
        ["EXC-001", "REG-001", "SEC-004", "TLS-001", "TLS-002", "TLS-003", "TLS-004", "TLS-006", "TLS-007"].map(verdict).into()
    };
    assert_eq!(judged(7), ["fail"; 9]);
    openssl(&["pkeyutl", "-sign", "-rawin", "-inkey", &key, "-in", &exceptions, "-out", &signature]);
    assert_eq!(judged(0), ["pass", "excepted", "excepted", "excepted", "excepted", "excepted", "excepted", "excepted", "excepted"]);
}

/// An object as it can be written again whatever became of it meanwhile.
pub(super) fn read(site: &Site, object: &str) -> Value {
    let mut found: Value = serde_json::from_str(&site.kubectl(&["get", object, "-o", "json"])).expect("JSON");
    found["metadata"].as_object_mut().expect("metadata").remove("resourceVersion");
    found
}

pub(super) fn with(object: &Value, field: &str, key: &str, text: &str) -> Value {
    let mut changed = object.clone();
    changed[field][key] = text.into();
    changed
}

pub(super) fn replace(site: &Site, object: &Value) {
    let file = site.file("replaced.json", &object.to_string()).display().to_string();
    site.kubectl(&["replace", "-f", &file]);
}

/// All of its pods end before there is one that has read what changed. The API server keeps no book of what is scaled.
pub(super) fn restart_in(site: &Site, namespace: &str, workload: &str) {
    stop(site, namespace, workload);
    start(site, namespace, workload);
}

/// All of its pods end, and none begins.
pub(super) fn stop(site: &Site, namespace: &str, workload: &str) {
    let kubectl = |arguments: &[&str]| site.bed.kubectl([&["-n", namespace], arguments].concat()).expect("kubectl");
    kubectl(&["scale", workload, "--replicas=0"]);
    let name = workload.split_once('/').map(|(_, name)| name).expect("kind/name");
    kubectl(&["wait", "--for=delete", "pod", "-l", &format!("app.kubernetes.io/name={name}"), "--timeout=120s"]);
}

/// One pod of it runs.
pub(super) fn start(site: &Site, namespace: &str, workload: &str) {
    let kubectl = |arguments: &[&str]| site.bed.kubectl([&["-n", namespace], arguments].concat()).expect("kubectl");
    kubectl(&["scale", workload, "--replicas=1"]);
    kubectl(&["rollout", "status", workload, "--timeout=240s"]);
}

pub(super) fn restart(site: &Site, workload: &str) {
    restart_in(site, &site.name, workload);
}
