//! What the auditor's pod is given to tell a sink of each audit: just that, and to no other pod.

use airlock_render::Rendered;
use serde_json::{Value, json};

use crate::combinations::{AUDITED, Combination};

/// The auditor's container, its pod's volumes, and what its policy lets out.
fn auditor(answers: &str) -> (Vec<String>, Value, String, Rendered) {
    let rendered = Combination::of("told", answers).render();
    let component = rendered.components.iter().find(|component| component.name == "auditor").unwrap();
    let of_kind = |kind: &str| component.objects.iter().find(|object| object.reference().kind == kind).unwrap().manifest();
    let pod = of_kind("CronJob").pointer("/spec/jobTemplate/spec/template/spec").unwrap();
    let arguments = pod["containers"][0]["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect();
    let (volumes, egress) = (pod["volumes"].clone(), of_kind("NetworkPolicy")["spec"]["egress"].to_string());
    (arguments, volumes, egress, rendered)
}

fn after<'a>(arguments: &'a [String], flag: &str) -> Option<&'a str> {
    arguments.iter().position(|word| word == flag).map(|place| arguments[place + 1].as_str())
}

fn secrets(volumes: &Value) -> Vec<&str> {
    volumes.as_array().unwrap().iter().filter_map(|volume| volume["secret"]["secretName"].as_str()).collect()
}

#[test]
fn a_folder_alone_needs_no_way_out() {
    let (arguments, volumes, egress, _) = auditor(AUDITED[1]);
    assert_eq!((after(&arguments, "--sink"), secrets(&volumes)), (None, Vec::new()));
    assert!(!egress.contains("198.51.100") && !egress.contains(r#""port":53"#), "{egress}");
}

#[test]
fn a_log_server_is_reached_by_its_network_and_verified_by_its_authority() {
    let (arguments, volumes, egress, rendered) = auditor(AUDITED[2]);
    assert_eq!(after(&arguments, "--sink"), Some(r#"{"syslog":{"host":"logs.test","port":6514}}"#));
    assert_eq!((after(&arguments, "--sink-authority"), after(&arguments, "--sink-secret"), after(&arguments, "--origin")), (Some("/etc/airlock/sink-authority/value"), None, Some("platform.test")));
    assert_eq!(secrets(&volumes), ["auditor-authority"]);
    assert!(egress.contains(r#"{"to":[{"ipBlock":{"cidr":"198.51.100.9/32"}}],"ports":[{"port":6514,"protocol":"TCP"}]}"#), "{egress}");
    let listed = rendered.connections.iter().find(|connection| connection.source.ends_with("auditor") && connection.port == 6514).unwrap();
    assert_eq!(listed.purpose, "heads of evidence");
}

#[test]
fn the_key_of_a_bucket_is_mounted_and_stands_in_no_argument() {
    let (arguments, volumes, _, rendered) = auditor(AUDITED[3]);
    let sink: Value = serde_json::from_str(after(&arguments, "--sink").unwrap()).unwrap();
    assert_eq!(sink, json!({ "s3": { "endpoint": "https://s3.test/", "region": "us-east-1", "bucket": "evidence", "prefix": "", "accessKeyId": "AKIA7" } }));
    assert_eq!((after(&arguments, "--sink-secret"), secrets(&volumes)), (Some("/etc/airlock/sink/value"), vec!["auditor-s3"]));
    let text = serde_json::to_string(&rendered.components.iter().flat_map(|component| &component.objects).map(airlock_model::Object::manifest).collect::<Vec<_>>()).unwrap();
    assert_eq!(text.matches(r#""secretName":"auditor-s3""#).count(), 1, "one pod mounts it");
}

#[test]
fn the_proxy_is_on_the_way_where_there_is_one() {
    let (arguments, volumes, egress, _) = auditor(AUDITED[4]);
    let way: airlock_model::WayOut = serde_json::from_str(after(&arguments, "--way-out").unwrap()).unwrap();
    assert_eq!(way.proxy_for("https", "logs.test").map(ToString::to_string).as_deref(), Some("http://proxy.test:3128/"));
    assert_eq!((after(&arguments, "--password-file"), after(&arguments, "--trust")), (Some("/etc/airlock/proxy/value"), Some("/etc/airlock/trust/tls.crt")));
    assert_eq!(secrets(&volumes), ["auditor-https", "base-domain-trust", "proxy-password"]);
    assert!(egress.contains("198.51.100.3/32"), "{egress}");
}
