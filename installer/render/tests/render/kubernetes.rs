//! Objects as Kubernetes reads them: typed, labelled, without anything that the API server would write differently.

use airlock_model::{Object, names};
use k8s_openapi::api::{
    admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding},
    apps::v1::{Deployment, StatefulSet},
    batch::v1::{CronJob, Job},
    core::v1::{ConfigMap, LimitRange, Namespace, PersistentVolumeClaim, ResourceQuota, Service, ServiceAccount},
    networking::v1::NetworkPolicy,
    policy::v1::PodDisruptionBudget,
    rbac::v1::{Role, RoleBinding},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::combinations;

fn each_object(assertion: impl Fn(&str, &Object, &combinations::Combination)) {
    for (combination, rendered) in combinations::rendered() {
        for component in &rendered.components {
            for object in &component.objects {
                assertion(&format!("{}: {}", combination.name, object.reference()), object, combination);
            }
        }
    }
}

/// Reads as the typed API does and writes again; a field that it does not know is lost on the way.
fn read_back<T: DeserializeOwned + Serialize>(place: &str, manifest: &Value) -> Value {
    let typed: T = serde_json::from_value(manifest.clone()).unwrap_or_else(|error| panic!("{place}: {error}"));
    serde_json::to_value(typed).unwrap()
}

#[test]
fn every_object_is_one_that_kubernetes_knows_field_by_field() {
    each_object(|place, object, _| {
        let manifest = object.manifest();
        let read = match object.reference().kind.as_str() {
            "ConfigMap" => read_back::<ConfigMap>(place, manifest),
            "Deployment" => read_back::<Deployment>(place, manifest),
            "CronJob" => read_back::<CronJob>(place, manifest),
            "Job" => read_back::<Job>(place, manifest),
            "LimitRange" => read_back::<LimitRange>(place, manifest),
            "Namespace" => read_back::<Namespace>(place, manifest),
            "NetworkPolicy" => read_back::<NetworkPolicy>(place, manifest),
            "PersistentVolumeClaim" => read_back::<PersistentVolumeClaim>(place, manifest),
            "PodDisruptionBudget" => read_back::<PodDisruptionBudget>(place, manifest),
            "ResourceQuota" => read_back::<ResourceQuota>(place, manifest),
            "Role" => read_back::<Role>(place, manifest),
            "RoleBinding" => read_back::<RoleBinding>(place, manifest),
            "Service" => read_back::<Service>(place, manifest),
            "ServiceAccount" => read_back::<ServiceAccount>(place, manifest),
            "StatefulSet" => read_back::<StatefulSet>(place, manifest),
            "ValidatingAdmissionPolicy" => read_back::<ValidatingAdmissionPolicy>(place, manifest),
            "ValidatingAdmissionPolicyBinding" => read_back::<ValidatingAdmissionPolicyBinding>(place, manifest),
            // The bed's API server looks at these, by their operator's own definitions.
            "ServiceMonitor" | "PodMonitor" | "PrometheusRule" | "Certificate" => return,
            other => panic!("{place}: nobody has looked at kind {other} here"),
        };
        assert_eq!(&read, manifest, "{place}");
    });
}

#[test]
fn nothing_is_written_that_the_api_server_would_drop() {
    fn look(place: &str, path: &str, value: &Value) {
        match value {
            Value::Null => panic!("{place}: {path} is null"),
            Value::Array(items) => {
                // Those of a policy are named so that nobody fills them unseen; the engine reads an absent one as empty.
                let may_be_empty = place.contains("NetworkPolicy ") && matches!(path, "/spec/ingress" | "/spec/egress");
                assert!(!items.is_empty() || may_be_empty, "{place}: {path} is an empty list");
                items.iter().enumerate().for_each(|(at, item)| look(place, &format!("{path}/{at}"), item));
            }
            Value::Object(fields) => {
                // These two mean "all" when they are empty.
                let may_be_empty = path.ends_with("/podSelector") || path.ends_with("/namespaceSelector");
                assert!(!fields.is_empty() || may_be_empty, "{place}: {path} is an empty map");
                fields.iter().for_each(|(key, value)| look(place, &format!("{path}/{key}"), value));
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    each_object(|place, object, _| look(place, "", object.manifest()));
}

#[test]
fn every_object_says_what_it_belongs_to() {
    let version = airlock_render::release().unwrap().version.to_string();
    each_object(|place, object, combination| {
        let metadata = &object.manifest()["metadata"];
        let label = |key: &str| metadata["labels"][key].as_str().unwrap_or_else(|| panic!("{place}: no label {key}")).to_owned();
        for key in [names::LABEL_PART_OF, names::LABEL_MANAGED_BY] {
            assert_eq!(label(key), names::PRODUCT, "{place}");
        }
        for key in [names::LABEL_VERSION, names::LABEL_RELEASE] {
            assert_eq!(label(key), version, "{place}");
        }
        assert_eq!(label(names::LABEL_INSTALLATION), "0123456789abcdef", "{place}");
        assert!(!label(names::LABEL_NAME).is_empty() && !label(names::LABEL_COMPONENT).is_empty(), "{place}");
        for (key, value) in &combination.answers.metadata.labels {
            assert_eq!(&label(key), value, "{place}");
            assert!(object.pod().is_none_or(|(pod, _)| pod["labels"][key] == value.as_str()), "{place}");
        }
        for (key, value) in &combination.answers.metadata.annotations {
            assert_eq!(metadata["annotations"][key], value.as_str(), "{place}");
        }
        assert_eq!(object.reference().namespace.is_none(), matches!(object.reference().kind.as_str(), "Namespace" | "ValidatingAdmissionPolicy" | "ValidatingAdmissionPolicyBinding"), "{place}");
    });
}

#[test]
fn selectors_find_the_pods_that_they_are_for() {
    each_object(|place, object, _| {
        let selector = &object.manifest()["spec"]["selector"]["matchLabels"];
        if let (Some((metadata, _)), Some(selector)) = (object.pod(), selector.as_object()) {
            assert!(selector.iter().all(|(key, value)| &metadata["labels"][key] == value), "{place}");
            assert!(!selector.contains_key(names::LABEL_VERSION), "{place}: a selector can never change");
        }
    });
}

#[test]
fn namespaces_made_by_others_are_not_written() {
    each_object(|place, object, combination| {
        assert!(combination.answers.namespaces.create || object.reference().kind != "Namespace", "{place}");
        let namespaces = &combination.answers.namespaces;
        let tenant = combination.deployment.as_ref().map(|deployment| deployment.name().unwrap().namespace(&combination.answers));
        let is_known = |namespace: &String| *namespace == namespaces.platform || *namespace == namespaces.probes || Some(namespace) == tenant.as_ref();
        assert!(object.reference().namespace.as_ref().is_none_or(is_known), "{place}");
    });
}

#[test]
fn no_object_is_rendered_twice() {
    for (combination, rendered) in combinations::rendered() {
        let mut references: Vec<_> = rendered.components.iter().flat_map(|component| &component.objects).map(|object| object.reference().clone()).collect();
        references.extend(rendered.components.iter().flat_map(|component| component.secrets.iter().map(airlock_model::SecretSpec::object)));
        references.extend(rendered.components.iter().flat_map(|component| component.certificates.iter().map(airlock_model::CertificateSpec::object)));
        let all = references.len();
        references.sort();
        references.dedup();
        assert_eq!(references.len(), all, "{}", combination.name);
    }
}
