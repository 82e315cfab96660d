//! What passes on an installation that is right is seen to fail on one that somebody has weakened, and nothing else with it.

use std::collections::BTreeSet;

use airlock_e2e::Site;
use serde_json::Value;

/// Outdated versions of TLS at the edge, a registry without login, and another certificate in the Secret than the one that is served.
pub(crate) fn what_is_served_otherwise_fails_by_name(site: &Site) {
    let [edge, registry, certificate] = ["configmap/edge-config", "secret/registry-config", "secret/base-domain-tls"].map(|object| read(site, object));

    let configuration = edge["data"]["nginx.conf"].as_str().expect("the configuration");
    let outdated = configuration.replace("ssl_protocols TLSv1.2 TLSv1.3;", "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;").replace("ssl_ciphers ", "ssl_ciphers ALL:@SECLEVEL=0:");
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
    let judged = site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "--all", "-o", "json"]);

    replace(site, &certificate);
    replace(site, &registry);
    restart(site, "statefulset/registry");
    replace(site, &edge);
    restart(site, "deployment/edge");

    let report = judged.expect(7).json();
    let worse = |check: &&Value| check["verdict"] != "pass" && check["verdict"] != "not-applicable";
    let failed: BTreeSet<&str> = report["checks"].as_array().expect("checks").iter().filter(worse).filter_map(|check| check["id"].as_str()).collect();
    assert_eq!(failed, ["REG-001", "TLS-001", "TLS-002", "TLS-003"].into(), "exactly these are told: {report}");
    let open = |verdict: &str| report["findings"].as_array().expect("findings").iter().filter(|finding| finding["check"] == "REG-001" && finding["verdict"] == verdict).count();
    assert_eq!((open("fail"), open("unverified")), (5, 0), "without credentials, with wrong ones, the list, a repository, a push: {report}");
    site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes"]).expect(0);
}

/// An object as it can be written again whatever became of it meanwhile.
fn read(site: &Site, object: &str) -> Value {
    let mut found: Value = serde_json::from_str(&site.kubectl(&["get", object, "-o", "json"])).expect("JSON");
    found["metadata"].as_object_mut().expect("metadata").remove("resourceVersion");
    found
}

fn with(object: &Value, field: &str, key: &str, text: &str) -> Value {
    let mut changed = object.clone();
    changed[field][key] = text.into();
    changed
}

fn replace(site: &Site, object: &Value) {
    let file = site.file("replaced.json", &object.to_string()).display().to_string();
    site.kubectl(&["replace", "-f", &file]);
}

/// All of its pods end before there is one that has read what changed. The API server keeps no book of what is scaled.
fn restart(site: &Site, workload: &str) {
    site.kubectl(&["scale", workload, "--replicas=0"]);
    let name = workload.split_once('/').map(|(_, name)| name).expect("kind/name");
    site.kubectl(&["wait", "--for=delete", "pod", "-l", &format!("app.kubernetes.io/name={name}"), "--timeout=120s"]);
    site.kubectl(&["scale", workload, "--replicas=1"]);
    site.kubectl(&["rollout", "status", workload, "--timeout=120s"]);
}
