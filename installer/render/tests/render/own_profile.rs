//! The company's own profile: kept in a `ConfigMap`, and mounted by the auditor, who judges by it.

use airlock_model::{HostName, names};
use airlock_render::{RenderInput, Rendered, release, render};
use serde_json::{Value, json};

use crate::combinations::{AUDITED, Combination, OWN_PROFILE, PROFILE, facts};

/// The kept profile, and the auditor's pod.
fn kept(rendered: &Rendered) -> (Option<Value>, Value) {
    let objects = || rendered.components.iter().flat_map(|component| &component.objects);
    let kept = objects().find(|object| object.reference().kind == "ConfigMap" && object.reference().name == names::PROFILE).map(|object| object.manifest().clone());
    let auditor = objects().find(|object| object.reference().kind == "CronJob" && object.reference().name == names::AUDITOR).unwrap();
    (kept, auditor.manifest().pointer("/spec/jobTemplate/spec/template/spec").unwrap().clone())
}

#[test]
fn it_is_kept_word_by_word_and_the_auditor_judges_by_what_its_pod_mounts() {
    for (world, facts) in [("offline", None), ("a cluster", Some(facts(&[])))] {
        let (kept, pod) = kept(&Combination { facts, ..Combination::of(world, OWN_PROFILE) }.render());
        let kept = kept.unwrap();
        assert_eq!((&kept["data"], &kept["metadata"]["namespace"]), (&json!({ (names::PROFILE_KEY): PROFILE }), &json!("airlock")), "{world}");
        let container = &pod["containers"][0];
        let arguments: Vec<&str> = container["args"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let at = arguments.iter().position(|word| *word == "--profile").unwrap();
        assert_eq!(arguments[at + 1], format!("/etc/airlock/profile/{}", names::PROFILE_KEY));
        assert!(container["volumeMounts"].as_array().unwrap().contains(&json!({ "name": "profile", "mountPath": "/etc/airlock/profile", "readOnly": true })), "{container}");
        assert!(pod["volumes"].as_array().unwrap().contains(&json!({ "name": "profile", "configMap": { "name": names::PROFILE, "optional": true } })), "{pod}");
    }
}

#[test]
fn one_that_ships_is_kept_nowhere_and_mounted_by_nobody() {
    let (kept, pod) = kept(&Combination::of("shipped", AUDITED[1]).render());
    assert_eq!(kept, None);
    assert!(!pod.to_string().contains("profile"), "{pod}");
}

#[test]
fn the_auditor_gets_no_right_by_it() {
    let rights = |answers: &str| {
        Combination::of("rights", answers).render().components.into_iter().map(|component| (component.name, component.rights)).filter(|(_, rights)| !rights.is_empty()).collect::<Vec<_>>()
    };
    assert!(!rights(OWN_PROFILE).is_empty());
    assert_eq!(rights(OWN_PROFILE), rights(AUDITED[1]));
}

#[test]
fn for_a_cluster_it_has_to_be_given() {
    let Combination { answers, .. } = Combination::of("not given", OWN_PROFILE);
    let (facts, release, base) = (facts(&[]), release().unwrap(), answers.base_domain.parse::<HostName>().unwrap());
    let input = RenderInput { answers: &answers, base: &base, release: &release, lock: None, facts: Some(&facts), installation: "i", profile: Some(PROFILE), tenant: None };
    assert!(render(&input).is_ok());
    let error = render(&RenderInput { profile: None, ..input }).unwrap_err().to_string();
    assert!(error.contains("profile/configmap.yaml"), "{error}");
    assert!(render(&RenderInput { profile: None, facts: None, ..input }).is_ok(), "where no cluster is looked at, something stands for it");
}
