//! The rules of alerts against what is asked: a rule about a job that nobody scrapes could never alert, and nobody would notice.

use std::collections::BTreeSet;

use airlock_model::names;
use airlock_render::Rendered;
use serde_json::Value;

use crate::combinations::{self, Combination, EXISTING, MONITORED, PROXIED};

/// Words of `PromQL` that look like names of series and are none.
const FUNCTIONS: [&str; 2] = ["max_over_time", "predict_linear"];

fn text(rendered: &Rendered, config_map: &str, key: &str) -> String {
    let objects = rendered.components.iter().flat_map(|component| &component.objects);
    let found = objects.into_iter().find(|object| object.reference().kind == "ConfigMap" && object.reference().name == config_map).unwrap();
    found.manifest()["data"][key].as_str().unwrap().to_owned()
}

fn rendered() -> Rendered {
    Combination::of("monitored", MONITORED[1]).render()
}

fn jobs(rendered: &Rendered) -> BTreeSet<String> {
    let config: Value = serde_yaml::from_str(&text(rendered, names::PROMETHEUS_CONFIG, "prometheus.yml")).unwrap();
    config["scrape_configs"].as_array().unwrap().iter().map(|job| job["job_name"].as_str().unwrap().to_owned()).collect()
}

/// Each rule with the file that it stands in.
fn rules(rendered: &Rendered) -> Vec<(String, Value)> {
    let files = ["platform.rules", "monitoring.rules", "delivery.rules", "database.rules", "volumes.rules", "certificates.rules", "audits.rules", "airflow.rules"];
    let of_file = |file: &str| {
        let parsed: Value = serde_yaml::from_str(&text(rendered, names::PROMETHEUS_CONFIG, file)).unwrap();
        parsed["groups"].as_array().unwrap().iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).map(|rule| (file.to_owned(), rule)).collect::<Vec<_>>()
    };
    files.into_iter().flat_map(of_file).collect()
}

/// The series that an expression names, each with what stands in its braces.
fn series(expression: &str) -> Vec<(String, String)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(|c: char| is_word(c) || c == '"' || c == '{') {
        rest = &rest[start..];
        if rest.starts_with(['"', '{']) {
            let end = rest[1..].find(if rest.starts_with('"') { '"' } else { '}' }).unwrap();
            rest = &rest[end + 2..];
            continue;
        }
        let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        let is_series = word == "up" || (word.contains('_') && !FUNCTIONS.contains(&word));
        if is_series {
            let labels = after.strip_prefix('{').and_then(|after| after.split_once('}')).map(|(labels, _)| labels.to_owned());
            found.push((word.to_owned(), labels.unwrap_or_default()));
        }
    }
    found
}

/// The jobs that the braces of a series name.
fn named(labels: &str) -> Vec<String> {
    let matcher = labels.split(", ").find_map(|label| label.strip_prefix("job=~\"").or_else(|| label.strip_prefix("job=\"")));
    matcher.and_then(|rest| rest.strip_suffix('"')).map(|jobs| jobs.trim_matches(['(', ')']).split('|').map(str::to_owned).collect()).unwrap_or_default()
}

#[test]
fn every_series_of_every_rule_comes_from_a_job_that_is_scraped() {
    let rendered = rendered();
    let jobs = jobs(&rendered);
    let mut seen = BTreeSet::new();
    for (file, rule) in rules(&rendered) {
        let found = series(rule["expr"].as_str().unwrap());
        assert!(!found.is_empty(), "{file}: {rule}");
        for (name, labels) in found {
            let named = named(&labels);
            assert!(!named.is_empty(), "{file}: {name} names no job");
            assert!(named.iter().all(|job| jobs.contains(job)), "{file}: {name} is of {named:?}, and scraped are {jobs:?}");
            seen.extend(named);
        }
    }
    assert_eq!(seen, jobs, "nothing is scraped that no rule asks for");
}

#[test]
fn kube_state_metrics_watches_just_what_rules_ask_for() {
    let rendered = rendered();
    let component = rendered.components.iter().find(|component| component.name == "kube-state-metrics").unwrap();
    let (_, pod) = component.objects.iter().find_map(|object| object.pod()).unwrap();
    let arguments: Vec<&str> = pod["containers"][0]["args"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let watched: BTreeSet<&str> = arguments.iter().find_map(|argument| argument.strip_prefix("--resources=")).unwrap().split(',').collect();
    let asked: BTreeSet<String> =
        rules(&rendered).iter().flat_map(|(_, rule)| series(rule["expr"].as_str().unwrap())).filter_map(|(name, _)| Some(format!("{}s", name.strip_prefix("kube_")?.split('_').next()?))).collect();
    assert_eq!(watched, asked.iter().map(String::as_str).collect());
    let granted: BTreeSet<&str> = component.rights.iter().map(|right| right.resource.as_str()).collect();
    assert_eq!(granted, watched, "rights are those of what is watched");
    assert!(component.rights.iter().all(|right| right.namespace.is_some() && ["list", "watch"].contains(&right.verb.as_str())), "{:?}", component.rights);
    assert!(arguments.contains(&"--namespaces=airlock"), "{arguments:?}");
}

#[test]
fn every_alert_says_how_bad_it_is_what_it_means_and_what_to_do() {
    let mut names = BTreeSet::new();
    for (file, rule) in rules(&rendered()) {
        let name = rule["alert"].as_str().unwrap().to_owned();
        assert!(["critical", "warning"].contains(&rule["labels"]["severity"].as_str().unwrap()), "{file}: {name}");
        for key in ["summary", "action"] {
            assert!(rule["annotations"][key].as_str().is_some_and(|text| text.ends_with('.') || text.ends_with(").")), "{file}: {name}: {key}");
        }
        assert!(rule["for"].is_string(), "{file}: {name}");
        assert!(names.insert(name.clone()), "{name} stands twice");
    }
    // Platform components, certificates, volumes, the database; tasks, DAGs, the scheduler, and the whole of a deployment.
    for name in ["ComponentDown", "CertificateEnds", "VolumeFull", "DatabaseDown", "AirflowTaskFailed", "AirflowDagFailed", "AirflowSchedulerSilent", "AirflowUnhealthy"] {
        assert!(names.contains(name), "{name} is missing: {names:?}");
    }
}

#[test]
fn what_is_asked_over_the_network_is_verified_and_asks_for_a_password() {
    for text_of in MONITORED {
        let rendered = Combination::of("monitored", text_of).render();
        let config: Value = serde_yaml::from_str(&text(&rendered, names::PROMETHEUS_CONFIG, "prometheus.yml")).unwrap();
        let scraped = config["scrape_configs"].as_array().unwrap().iter().chain(config["alerting"]["alertmanagers"].as_array().unwrap());
        for asked in scraped {
            // Each deployment is asked by its own name; what it tells, a policy alone keeps from others.
            if asked["job_name"] == "airflow" {
                assert_eq!((&asked["scheme"], &asked["tls_config"]["ca_file"]), (&"https".into(), &"/etc/airlock/internal-ca/ca.crt".into()));
                assert!(asked["tls_config"].get("server_name").is_none() && asked["tls_config"].get("insecure_skip_verify").is_none());
                continue;
            }
            for group in asked["static_configs"].as_array().unwrap() {
                let target = group["targets"][0].as_str().unwrap();
                // Who listens inside the pod alone has nobody else there.
                if ["127.0.0.1:9090", "127.0.0.1:9102"].contains(&target) {
                    continue;
                }
                assert!(asked["scheme"] == "https" && group.pointer("/labels/__scheme__").is_none(), "{target}");
                let (host, _) = target.rsplit_once(':').unwrap();
                let name = asked["tls_config"]["server_name"].as_str().unwrap_or(host);
                assert!(asked["basic_auth"]["password_file"].is_string() && name.ends_with(".airlock.svc"), "{target}");
                assert!(asked["tls_config"].get("insecure_skip_verify").is_none(), "{target}");
            }
        }
    }
}

#[test]
fn what_the_answers_refer_to_is_a_secret_without_a_value() {
    let secret = |text: &str, name: &str| {
        let rendered = Combination::of("monitored", text).render();
        let monitoring = rendered.components.iter().find(|component| component.name == "monitoring").unwrap().clone();
        monitoring.secrets.into_iter().find(|secret| secret.name == name).map(|secret| serde_json::to_value(&secret.entries[0].recipe).unwrap())
    };
    assert_eq!(secret(MONITORED[1], "alerts-webhook"), Some(serde_json::json!({ "referred": { "reference": "file:/url" } })));
    let from = serde_json::json!({ "value": { "namespace": "trust", "name": "company", "key": "ca.crt" } });
    assert_eq!(secret(MONITORED[1], "alerts-authority"), Some(serde_json::json!({ "compose": { "template": "{value}", "from": from } })));
    assert_eq!(secret(MONITORED[1], "alerts-email"), None);
    assert_eq!(secret(MONITORED[2], "alerts-email"), Some(serde_json::json!({ "referred": { "reference": "env:P" } })));
    assert_eq!(secret(MONITORED[0], "alerts-webhook"), None);
}

/// The containers of Alertmanager's pod by name, and its configuration.
fn alertmanager(answers: &str) -> (serde_json::Map<String, Value>, Value) {
    let rendered = Combination::of("proxied", answers).render();
    let pod = of_kind(&rendered, "StatefulSet").into_iter().find(|object| object.pointer("/metadata/name") == Some(&"monitoring".into())).unwrap().pointer("/spec/template/spec/containers").unwrap();
    let containers = pod.as_array().unwrap().iter().map(|container| (container["name"].as_str().unwrap().to_owned(), container.clone())).collect();
    (containers, serde_yaml::from_str(&text(&rendered, "alertmanager-config", "alertmanager.yml")).unwrap())
}

#[test]
fn alerts_go_through_the_proxy_by_a_tunnel_that_alone_has_the_password() {
    let (containers, config) = alertmanager(PROXIED[0]);
    let http = &config["receivers"][0]["webhook_configs"][0]["http_config"];
    assert_eq!((&http["proxy_url"], http["tls_config"].get("ca_file")), (&"http://127.0.0.1:9128".into(), None));
    let environment = serde_json::json!([{ "name": "SSL_CERT_DIR", "value": "/etc/airlock/trust" }, { "name": "SSL_CERT_FILE", "value": "/etc/airlock/authority/value" }]);
    assert_eq!(containers["alertmanager"]["env"], environment, "the receiver's authority, and whoever opens TLS");
    let tunnel = containers["tunnel"]["args"].as_array().unwrap();
    let way: airlock_model::WayOut = serde_json::from_str(tunnel[4].as_str().unwrap()).unwrap();
    assert_eq!((way.proxy_for("https", "hook.test").map(ToString::to_string).as_deref(), way.proxy_for("https", "a.corp.test")), (Some("http://proxy.test:3128/"), None));
    assert!(tunnel.iter().any(|word| word == "/etc/airlock/proxy/value") && !tunnel.iter().any(|word| word == "--to"));
    let mounts = |name: &str| containers[name]["volumeMounts"].to_string();
    assert!(mounts("tunnel").contains("/etc/airlock/proxy") && !mounts("alertmanager").contains("/etc/airlock/proxy") && !mounts("prometheus").contains("/etc/airlock/proxy"));
}

#[test]
fn mails_go_to_the_tunnel_and_are_held_against_the_name_of_the_server() {
    let (containers, config) = alertmanager(PROXIED[1]);
    let mail = &config["receivers"][0]["email_configs"][0];
    assert_eq!(
        (&mail["smarthost"], &mail["tls_config"]["server_name"], &mail["force_implicit_tls"], &mail["require_tls"]),
        (&"127.0.0.1:9128".into(), &"mail.example.com".into(), &true.into(), &true.into())
    );
    let tunnel = containers["tunnel"]["args"].to_string();
    assert!(tunnel.contains(r#""--to","mail.example.com:465""#) && !tunnel.contains("--password-file"), "{tunnel}");
    assert!(!alertmanager(MONITORED[2]).0.contains_key("tunnel"), "without a proxy there is none");
}

#[test]
fn pods_that_leave_reach_the_proxy_and_nobody_behind_it() {
    let rendered = Combination::of("proxied", PROXIED[0]).render();
    let egress = |name: &str| {
        let policy = of_kind(&rendered, "NetworkPolicy").into_iter().find(|policy| policy.pointer("/metadata/name") == Some(&name.into())).unwrap();
        policy.pointer("/spec/egress").unwrap().to_string()
    };
    for name in ["renewer", "monitoring"] {
        assert!(egress(name).contains(r#"{"to":[{"ipBlock":{"cidr":"198.51.100.3/32"}}],"ports":[{"port":3128,"protocol":"TCP"}]}"#), "{}", egress(name));
    }
    assert!(!egress("edge").contains("198.51.100.3"));
}

fn of_kind<'r>(rendered: &'r Rendered, kind: &str) -> Vec<&'r Value> {
    let objects = rendered.components.iter().flat_map(|component| &component.objects).filter(|object| object.reference().kind == kind);
    objects.map(airlock_model::Object::manifest).collect()
}

#[test]
fn the_company_s_prometheus_is_told_the_same_rules_of_jobs_that_bear_the_namespace() {
    let mut combination = Combination::of("existing", EXISTING);
    combination.facts = Some(combinations::facts(&["monitoring.coreos.com"]));
    let (existing, bundled) = (combination.render(), rendered());
    let monitors = of_kind(&existing, "ServiceMonitor");
    let jobs: BTreeSet<&str> = monitors.iter().map(|monitor| monitor.pointer("/spec/endpoints/0/relabelings/0/replacement").unwrap().as_str().unwrap()).collect();
    assert_eq!(jobs, ["airlock/certificates", "airlock/database", "airlock/kube-state-metrics", "airlock/volumes"].into());
    let told: Vec<Value> = of_kind(&existing, "PrometheusRule").iter().flat_map(|object| object.pointer("/spec/groups/0/rules").unwrap().as_array().unwrap().clone()).collect();
    for rule in &told {
        let expression = rule["expr"].as_str().unwrap();
        for (name, labels) in series(expression) {
            let matcher = labels.split(", ").find(|label| label.starts_with("job=")).unwrap_or_else(|| panic!("{name}"));
            assert!(matcher.contains("\"airlock/"), "{name}: {matcher} could be anybody's");
            assert_eq!(labels.matches("airlock/").count(), 1, "{name}: {labels}: no other label is one of ours");
            let named = named(&labels.replace("airlock/", ""));
            assert!(named.iter().any(|job| job == "airflow" || jobs.contains(format!("airlock/{job}").as_str())), "{name} is of {named:?}");
        }
    }
    let without_namespace = |rule: &Value| rule.to_string().replace("\"airlock/", "\"");
    let ours: BTreeSet<String> = rules(&bundled).iter().filter(|(file, _)| file != "delivery.rules").map(|(_, rule)| rule.to_string()).collect();
    assert_eq!(told.iter().map(without_namespace).collect::<BTreeSet<_>>(), ours, "one source");
    assert!(of_kind(&existing, "StatefulSet").iter().all(|workload| workload["metadata"]["name"] != "monitoring"));
}

#[test]
fn what_the_company_s_prometheus_selects_by_is_borne_and_each_target_is_verified_by_name() {
    for deployment in [None, Some("name: alpha\n")] {
        let mut combination = Combination::of("existing", EXISTING);
        combination.facts = Some(combinations::facts(&["monitoring.coreos.com"]));
        combination.deployment = deployment.map(|text| airlock_model::AirflowDeployment::from_yaml(&format!("apiVersion: airlock/v1\nkind: AirflowDeployment\n{text}")).unwrap());
        let existing = combination.render();
        let monitors = of_kind(&existing, "ServiceMonitor");
        assert!(!monitors.is_empty());
        for monitor in monitors.into_iter().chain(of_kind(&existing, "PrometheusRule")) {
            assert_eq!((&monitor["metadata"]["labels"]["release"], &monitor["metadata"]["namespace"]), (&"stack".into(), &"airlock".into()), "{monitor}");
            let Some(endpoint) = monitor.pointer("/spec/endpoints/0") else { continue };
            let of_tenant = monitor.pointer("/spec/namespaceSelector/matchNames/0").and_then(Value::as_str);
            let component = monitor["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"].as_str().unwrap();
            assert_eq!(endpoint["tlsConfig"]["serverName"], format!("{component}.{}.svc", of_tenant.unwrap_or("airlock")));
            assert_eq!((&endpoint["scheme"], &endpoint["tlsConfig"]["ca"]["configMap"]["name"]), (&"https".into(), &"internal-ca".into()));
            assert!(endpoint["basicAuth"]["password"]["name"] == "measurements-password" || of_tenant.is_some(), "{monitor}");
        }
        for namespace in of_kind(&existing, "Namespace").into_iter().filter(|namespace| namespace["metadata"]["name"] == "airlock") {
            assert_eq!(namespace["metadata"]["labels"]["watched-by"], "stack");
        }
    }
}
