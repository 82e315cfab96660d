//! Namespaces with more in them than anybody looks at, and an API server that is far away and pages slowly: a check says what it said before.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use airlock_bed::Bed;
use airlock_cluster::{Cluster, ClusterOptions, SecretObject};
use airlock_e2e::{Run, Site};
use airlock_model::{Digest, Object, Secret};
use serde_json::{Value, json};

const CONFIG_MAPS: usize = 18_000;
const SECRETS: usize = 2_000;
/// How many requests go on at once.
const LANES: usize = 16;

pub(crate) fn twenty_thousand_objects_change_no_verdict(bed: &Bed) {
    let site = Site::on(bed.clone(), "crowded");
    site.installed(&site.answers(""));
    let before = checked(&site, "with what was installed", &[]);
    tokio::runtime::Runtime::new().expect("a runtime").block_on(crowd(bed, &site.name));
    assert_eq!(checked(&site, "with 20,000 objects beside it", &[]), before);

    let server = |text: &str| text.lines().find_map(|line| line.split_once("server: \"")?.1.split('"').next().map(str::to_owned)).expect("a server in the kubeconfig");
    let read = |path: &std::path::Path| std::fs::read_to_string(path).expect("kubeconfig");
    let (ours, distant) = (read(&site.kubeconfig), read(&bed.distant(200).expect("a long way")));
    let far = site.file("far.kubeconfig", &ours.replace(&server(&ours), &server(&distant))).display().to_string();
    assert_eq!(checked(&site, "with them, and 200 ms to the API server", &["--kubeconfig", &far]), before);
}

/// The verdict of each check.
#[expect(clippy::print_stderr, reason = "it is part of a test's output")]
fn checked(site: &Site, how: &str, more: &[&str]) -> BTreeMap<String, String> {
    let began = Instant::now();
    let report: Run = site.run(&[&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "-o", "json"], more].concat()).expect(0);
    eprintln!("  a check {how}: {:.1?}", began.elapsed());
    let report = report.json();
    let checks = report["checks"].as_array().expect("checks");
    checks.iter().map(|check| (check["id"].to_string(), check["verdict"].to_string())).collect()
}

/// Fills a namespace. Every value differs, and is as good as one that is made.
async fn crowd(bed: &Bed, namespace: &str) {
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let cluster = Arc::new(Cluster::connect(&ClusterOptions { kubeconfig: Some(bed.host_kubeconfig()), context: None }).await.expect("a cluster"));
    let mut lanes = tokio::task::JoinSet::new();
    for lane in 0..LANES {
        let (cluster, namespace) = (Arc::clone(&cluster), namespace.to_owned());
        lanes.spawn(async move {
            for number in (lane..CONFIG_MAPS).step_by(LANES) {
                let text = format!("line {number}\n").repeat(20);
                let made: Value = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": format!("crowd-{number}"), "namespace": namespace }, "data": { "text": text } });
                assert!(cluster.create(&Object::new(made).expect("an object")).await.expect("it is made"));
            }
            for number in (lane..SECRETS).step_by(LANES) {
                let value = Digest::of(format!("{number} of {namespace}").as_bytes()).to_string();
                let data = BTreeMap::from([("value".to_owned(), Secret::new(value.into_bytes()))]);
                let secret =
                    SecretObject { namespace: namespace.clone(), name: format!("crowd-{number}"), secret_type: "Opaque".to_owned(), labels: BTreeMap::new(), annotations: BTreeMap::new(), data };
                cluster.apply_secret(&secret).await.expect("it is made");
            }
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane.expect("a lane");
    }
}
