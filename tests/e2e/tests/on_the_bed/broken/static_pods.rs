//! A control plane in static pods, which kubelets mirror, and kube-proxy's settings in their `ConfigMap`: what kubeadm makes. The bed's own run
//! as processes of its nodes.

use std::fs;
use std::time::Duration;

use airlock_bed::eventually;
use airlock_e2e::Site;
use serde_json::{Value, json};

/// What kubeadm writes, as its pods are mirrored.
const KUBEADM: &str = include_str!("../../../../../installer/compliance/src/control_plane/kubeadm.yaml");
const NODE: u8 = 1;

/// Mirrors are judged as their files are, with the same failure where a flag is another; without them nothing is known.
pub(crate) fn that_are_mirrored_are_judged_as_their_files_are(site: &Site) {
    let nothing = judged(site, &[]);
    let folder = site.bed.folder().join(format!("node{NODE}/manifests"));
    let [kubeadm, weak] = ["--authorization-mode=Node,RBAC", "--authorization-mode=AlwaysAllow"].map(|mode| written(&KUBEADM.replace("--authorization-mode=Node,RBAC", mode)));
    let [of_mirrors, of_weak_mirrors] = [&kubeadm, &weak].map(|pods| {
        for pod in pods {
            fs::write(folder.join(format!("{}.json", pod["metadata"]["name"].as_str().expect("a name"))), pod.to_string()).expect("the folder of static pods");
        }
        mirrored(site, pods);
        judged(site, &[])
    });
    for pod in &kubeadm {
        fs::remove_file(folder.join(format!("{}.json", pod["metadata"]["name"].as_str().expect("a name")))).expect("the folder of static pods");
    }
    mirrored(site, &[]);

    let [of_files, of_weak_files] = [&kubeadm, &weak].map(|pods| {
        let file = site.file("control-plane.yaml", &pods.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n")).display().to_string();
        judged(site, &["--manifests", &file])
    });
    assert_eq!(of_mirrors, of_files);
    assert_eq!(of_weak_mirrors, of_weak_files);
    let more: Vec<&(String, String)> = of_weak_mirrors.iter().filter(|said| said.1 == "fail" && !of_mirrors.contains(said)).collect();
    assert!(!more.is_empty() && more.iter().all(|(of, _)| of.contains(" 1.2.")), "{more:?}");
    assert!(of_mirrors.iter().filter(|(_, verdict)| verdict == "pass").count() > 20, "{of_mirrors:?}");
    assert!(!nothing.is_empty() && nothing.iter().all(|(_, verdict)| verdict == "unverified"), "{nothing:?}");
    assert_eq!(judged(site, &[]), nothing, "it is as it was");
}

/// What kube-proxy's `ConfigMap` says of it; without one nothing is known.
pub(crate) fn kube_proxy_is_judged_by_its_settings(site: &Site) {
    let of_proxy = || site.told("CPL-002", &[], 7).into_iter().filter(|told| told.subject == "kube-proxy").map(|told| told.verdict).collect::<Vec<_>>();
    let before = of_proxy();
    let told = ["127.0.0.1:10249", "0.0.0.0:10249"].map(|address| {
        let settings = format!("apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmetricsBindAddress: {address}\n");
        let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "kube-proxy", "namespace": "kube-system" }, "data": { "config.conf": settings } });
        site.bed.apply(&map.to_string()).expect("a ConfigMap");
        of_proxy()
    });
    site.bed.kubectl(["-n", "kube-system", "delete", "configmap", "kube-proxy"]).expect("kubectl");
    assert_eq!((before, told), (vec!["unverified".to_owned()], [vec!["pass".to_owned()], vec!["fail".to_owned()]]));
}

/// The pods as files for a kubelet: without what the mirror adds, and with an image that is there.
fn written(mirrors: &str) -> Vec<Value> {
    let pods = mirrors.split("\n---\n").map(|document| serde_yaml::from_str::<Value>(document).expect("a pod"));
    pods.map(|pod| {
        let component = pod["metadata"]["labels"]["component"].clone();
        let mut spec = pod["spec"].clone();
        spec.as_object_mut().expect("a spec").remove("nodeName");
        for container in spec["containers"].as_array_mut().expect("containers") {
            container["image"] = "registry.k8s.io/pause:3.10".into();
        }
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": component, "namespace": "kube-system", "labels": pod["metadata"]["labels"] }, "spec": spec })
    })
    .collect()
}

/// Waits until the mirrors in kube-system are just these, with their commands.
fn mirrored(site: &Site, pods: &[Value]) {
    let command = |pod: &Value| pod["spec"]["containers"][0]["command"].to_string();
    let mut wanted: Vec<String> = pods.iter().map(command).collect();
    wanted.sort();
    let ask = || {
        let listed = site.bed.kubectl(["-n", "kube-system", "get", "pods", "-o", "json"]).map_err(|error| error.to_string())?;
        let listed: Value = serde_json::from_str(&listed).map_err(|error| error.to_string())?;
        let is_mirror = |pod: &&Value| !pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_null() && pod["metadata"]["deletionTimestamp"].is_null();
        let mut found: Vec<String> = listed["items"].as_array().into_iter().flatten().filter(is_mirror).map(command).collect();
        found.sort();
        if found == wanted { Ok(()) } else { Err(format!("{} mirrors", found.len())) }
    };
    eventually("the mirrors of static pods", Duration::from_mins(3), ask).unwrap_or_else(|error| panic!("{error}"));
}

/// What is said of each program and number of the benchmark, and the verdict.
fn judged(site: &Site, further: &[&str]) -> Vec<(String, String)> {
    let arguments = [&["compliance-check", "--no-profile", "--checks", "CPL-001,LOG-001", "--all", "-o", "json"], further].concat();
    let live = ["--namespace", site.name.as_str(), "--yes"];
    let report = site.run(&[arguments, if further.is_empty() { live.to_vec() } else { Vec::new() }].concat()).expect(7).json();
    let numbers = |finding: &Value| finding["numbers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut said: Vec<_> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["check"] != "SRC-001")
        .map(|finding| (format!("{} {}", text(&finding["check"]), numbers(finding)), text(&finding["verdict"])))
        .collect();
    said.sort();
    said
}
