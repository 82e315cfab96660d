//! Everything that the smallest answers give, as a person would read it.

use std::fmt::Write as _;

use airlock_render::RenderedComponent;
use serde::Serialize;

use crate::combinations::{self, Combination};

fn add(text: &mut String, title: &str, value: &impl Serialize) {
    let _ = write!(text, "--- # {title}\n{}", serde_yaml::to_string(value).unwrap());
}

fn component(text: &mut String, component: &RenderedComponent) {
    let _ = writeln!(text, "##### {}: images {:?}, hosts {:?}, rights {:?}", component.name, component.images, component.hosts, component.rights);
    component.objects.iter().for_each(|object| add(text, &object.reference().to_string(), object.manifest()));
    component.secrets.iter().for_each(|secret| add(text, "secret", secret));
    component.certificates.iter().for_each(|certificate| add(text, "certificate", certificate));
}

#[test]
fn the_smallest_answers_give_this() {
    let rendered = Combination::of("smallest", "").render();
    let mut text = String::new();
    rendered.components.iter().for_each(|each| component(&mut text, each));
    text.push_str("##### connections\n");
    for row in &rendered.connections {
        let _ = writeln!(text, "{} -> {} {}/{}: {}", row.source, row.target, row.port, row.protocol, row.purpose);
    }
    let _ = writeln!(text, "##### {} in {} pods, the largest {}", rendered.requests, rendered.pods, rendered.largest_pod);
    insta::assert_snapshot!(text);
}

#[test]
fn the_edge_is_configured_like_this() {
    let rendered = Combination::of("smallest", "").render();
    let edge = rendered.components.iter().find(|component| component.name == "edge").unwrap();
    let config = edge.objects.iter().find(|object| object.reference().kind == "ConfigMap").unwrap();
    insta::assert_snapshot!(config.manifest()["data"]["nginx.conf"].as_str().unwrap());
}

#[test]
fn a_tiny_platform_with_its_auditor_and_two_airflow_deployments_fits_into_a_small_cluster() {
    let tiny = |name: Option<&str>| {
        let mut combination = Combination::of("tiny", &format!("sizing: tiny\n{}", combinations::AUDITED[0]));
        combination.deployment = name.map(|name| airlock_model::AirflowDeployment::named(&name.parse().unwrap()));
        combination.render().requests
    };
    let mut all = tiny(None);
    all += tiny(Some("alpha"));
    all += tiny(Some("beta"));
    assert!(all.cpu_millis <= 1_500 && all.memory_bytes <= 7 << 30, "{all:?}");
}
