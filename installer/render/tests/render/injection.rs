//! Texts from answers stay texts, whatever they look like.

use serde_json::{Value, json};

use crate::combinations::{Combination, SMALLEST};

/// What could end a scalar, begin a map, or be taken for a template.
const TEXTS: [&str; 12] = ["\"", "'", "a: b", "a\nkind: Secret", "{{ base }}", "{% if x %}", "# no comment", "- item", "yes", "1.10", "\u{85}\u{2028}\u{7f}\u{1b}[31m", "*anchor &alias !tag |"];

fn with(answers: &Value) -> Combination {
    let mut combination = Combination::of("injection", "");
    combination.answers = serde_json::from_value(answers.clone()).unwrap();
    combination
}

fn smallest() -> Value {
    let mut answers: Value = serde_yaml::from_str(SMALLEST).unwrap();
    answers["edge"] = json!({});
    answers
}

#[test]
fn annotations_come_out_as_they_went_in() {
    for text in TEXTS {
        let mut answers = smallest();
        answers["edge"]["annotations"] = json!({ "example.com/a": text, text: "b" });
        answers["metadata"] = json!({ "annotations": { "example.com/m": text } });
        let rendered = with(&answers).render();
        let kinds: Vec<String> = rendered.components.iter().flat_map(|component| &component.objects).map(|object| object.reference().kind.clone()).collect();
        assert!(!kinds.contains(&"Secret".to_owned()), "{text:?}");
        let edge = rendered.components.iter().find(|component| component.name == "edge").unwrap();
        let service = edge.objects.iter().find(|object| object.reference().kind == "Service").unwrap();
        let annotations = &service.manifest()["metadata"]["annotations"];
        assert_eq!(annotations["example.com/a"], text);
        assert_eq!(annotations[text], "b");
        assert_eq!(annotations["example.com/m"], text);
    }
}

#[test]
fn placement_comes_out_as_it_went_in() {
    for text in TEXTS {
        let mut answers = smallest();
        answers["components"] = json!({ "registry": { "priorityClass": text, "nodeSelector": { "a": text }, "tolerations": [{ "value": text }], "storage": { "class": text } } });
        let rendered = with(&answers).render();
        let registry = rendered.components.iter().find(|component| component.name == "registry").unwrap();
        let pod = registry.objects.iter().find_map(|object| object.pod().map(|(_, spec)| spec)).unwrap();
        assert_eq!((&pod["priorityClassName"], &pod["nodeSelector"]["a"], &pod["tolerations"][0]["value"]), (&json!(text), &json!(text), &json!(text)));
        let claim = registry.objects.iter().find(|object| object.reference().kind == "PersistentVolumeClaim").unwrap();
        assert_eq!(claim.manifest()["spec"]["storageClassName"], text);
    }
}

#[test]
fn texts_that_would_reach_nginx_are_refused_before() {
    for text in TEXTS.into_iter().chain(["a;b", "a}", "$host"]) {
        if matches!(text, "yes") {
            continue;
        }
        let mut answers = smallest();
        answers["namespaces"] = json!({ "platform": text });
        assert!(with(&answers).try_render().is_err(), "namespace {text:?}");
        let mut answers = smallest();
        answers["hosts"] = json!({ "overrides": { "registry": text } });
        let host = with(&answers).try_render();
        // Two labels of digits are a host name, if an odd one.
        assert!(host.is_err() || text == "1.10", "host {text:?}");
    }
}
