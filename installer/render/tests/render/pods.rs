//! What must hold for every pod, whatever the answers.

use std::collections::BTreeSet;

use airlock_model::{CertificateSubject, Object, names, quantity_millis};
use airlock_render::{Rendered, RenderedComponent};
use serde_json::Value;

use crate::combinations::{self, Combination};

/// A pod template with where it comes from.
struct Pod<'a> {
    place: String,
    component: &'a RenderedComponent,
    object: &'a Object,
    metadata: &'a Value,
    spec: &'a Value,
}

impl<'a> Pod<'a> {
    fn containers(&self) -> Vec<&'a Value> {
        ["initContainers", "containers"].iter().flat_map(|list| self.spec[list].as_array().into_iter().flatten()).collect()
    }
}

fn pods<'a>(combination: &Combination, rendered: &'a Rendered) -> Vec<Pod<'a>> {
    let of = |component: &'a RenderedComponent, object: &'a Object| {
        object.pod().map(|(metadata, spec)| Pod { place: format!("{}: {}", combination.name, object.reference()), component, object, metadata, spec })
    };
    rendered.components.iter().flat_map(|component| component.objects.iter().filter_map(move |object| of(component, object))).collect()
}

/// Runs an assertion on each pod of each combination.
fn each_pod(assertion: impl Fn(&Combination, &Rendered, &Pod<'_>)) {
    let mut seen = 0;
    for (combination, rendered) in combinations::rendered() {
        for pod in pods(combination, rendered) {
            assertion(combination, rendered, &pod);
            seen += 1;
        }
    }
    assert!(seen > 500, "only {seen} pods were looked at");
}

fn is_openshift(combination: &Combination) -> bool {
    combination.facts.as_ref().is_some_and(|facts| facts.operators.known().is_some_and(|operators| operators.iter().any(|operator| operator == "route.openshift.io")))
}

#[test]
fn every_pod_meets_the_restricted_standard() {
    each_pod(|_, _, pod| {
        for key in ["hostNetwork", "hostPID", "hostIPC", "hostAliases", "securityContext.sysctls"] {
            assert!(pod.spec.pointer(&format!("/{}", key.replace('.', "/"))).is_none(), "{}: {key}", pod.place);
        }
        assert_eq!(pod.spec["securityContext"]["runAsNonRoot"], true, "{}", pod.place);
        assert_eq!(pod.spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{}", pod.place);
        for volume in pod.spec["volumes"].as_array().into_iter().flatten() {
            let allowed = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];
            let kinds: Vec<&String> = volume.as_object().unwrap().keys().filter(|key| *key != "name").collect();
            assert!(kinds.len() == 1 && allowed.contains(&kinds[0].as_str()), "{}: {volume}", pod.place);
        }
        for container in pod.containers() {
            let context = &container["securityContext"];
            assert_eq!(context["allowPrivilegeEscalation"], false, "{}", pod.place);
            assert_eq!(context["capabilities"], serde_json::json!({ "drop": ["ALL"] }), "{}", pod.place);
            assert_eq!(context["runAsNonRoot"], true, "{}", pod.place);
            assert!(context.get("privileged").is_none() && context.get("procMount").is_none(), "{}", pod.place);
            assert!(container["ports"].as_array().into_iter().flatten().all(|port| port.get("hostPort").is_none() && port["containerPort"].as_u64() > Some(1023)), "{}", pod.place);
        }
    });
}

#[test]
fn every_pod_runs_as_a_numbered_user_but_on_openshift() {
    each_pod(|combination, _, pod| {
        let context = &pod.spec["securityContext"];
        for key in ["runAsUser", "runAsGroup", "fsGroup"] {
            if is_openshift(combination) {
                assert!(context.get(key).is_none(), "{}: {key}", pod.place);
            } else {
                assert!(context[key].as_u64() > Some(0), "{}: {key}", pod.place);
            }
        }
        assert!(pod.containers().iter().all(|container| container["securityContext"].get("runAsUser").is_none()), "{}", pod.place);
    });
}

#[test]
fn every_container_has_a_read_only_root_requests_limits_probes_and_a_command() {
    each_pod(|_, _, pod| {
        for container in pod.containers() {
            let place = format!("{} {}", pod.place, container["name"]);
            assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true, "{place}");
            for resource in ["cpu", "memory"] {
                let amount = |kind: &str| container["resources"][kind][resource].as_str().and_then(quantity_millis).unwrap_or_else(|| panic!("{place}: {kind} {resource}"));
                assert!(amount("requests") > 0 && amount("requests") <= amount("limits"), "{place}: {resource}");
            }
            // What ends by itself is not asked whether it lives.
            let serves = !matches!(pod.object.reference().kind.as_str(), "Job" | "CronJob") && pod.spec["containers"].as_array().unwrap().contains(container);
            for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
                assert_eq!(container[probe].is_object(), serves, "{place}: {probe}");
            }
            for words in ["command", "args"] {
                assert!(container[words].as_array().is_some_and(|words| !words.is_empty()), "{place}: {words}");
            }
            assert_eq!(container["imagePullPolicy"], "IfNotPresent", "{place}");
        }
    });
}

#[test]
fn every_probe_that_names_a_port_finds_it() {
    each_pod(|_, _, pod| {
        for container in pod.containers() {
            let ports: Vec<&str> = container["ports"].as_array().into_iter().flatten().filter_map(|port| port["name"].as_str()).collect();
            for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
                if let Some(port) = container[probe]["httpGet"]["port"].as_str() {
                    assert!(ports.contains(&port), "{}: {probe} {port}", pod.place);
                }
            }
        }
    });
}

#[test]
fn no_pod_has_a_token_without_rights_or_the_account_of_another() {
    each_pod(|_, rendered, pod| {
        assert_eq!(pod.spec["automountServiceAccountToken"], !pod.component.rights.is_empty(), "{}", pod.place);
        assert_eq!(pod.spec["enableServiceLinks"], false, "{}", pod.place);
        assert_eq!(pod.spec["serviceAccountName"], pod.component.name, "{}", pod.place);
        let account = rendered.components.iter().flat_map(|component| &component.objects).find(|object| {
            let reference = object.reference();
            reference.kind == "ServiceAccount" && reference.name == pod.component.name && reference.namespace == pod.object.reference().namespace
        });
        assert_eq!(account.expect("an account").manifest()["automountServiceAccountToken"], false, "{}", pod.place);
    });
}

#[test]
fn every_image_is_one_of_the_release_and_bears_its_digest_once_there_is_a_lock() {
    let release = airlock_render::release().unwrap();
    each_pod(|combination, _, pod| {
        for container in pod.containers() {
            let image = container["image"].as_str().unwrap();
            let known: Vec<String> = match &combination.lock {
                Some(lock) => pod.component.images.iter().map(|name| lock.get(name).unwrap().pinned().to_string()).collect(),
                None => pod.component.images.iter().map(|name| release.images[name].reference.to_string()).collect(),
            };
            assert!(known.iter().any(|known| known == image), "{}: {image}", pod.place);
            assert_eq!(image.contains("@sha256:"), combination.lock.is_some(), "{}: {image}", pod.place);
        }
    });
}

#[test]
fn every_secret_config_map_and_claim_that_a_pod_names_is_rendered_or_declared() {
    each_pod(|combination, rendered, pod| {
        let namespace = pod.object.reference().namespace.as_deref().unwrap();
        // The Jobs of a deployment that run beside the platform use what is the platform's.
        let around = combination.deployment.as_ref().map(|_| combination.platform());
        let components = || rendered.components.iter().chain(around.iter().flat_map(|around| &around.components));
        let objects = |kind: &str| {
            components()
                .flat_map(|component| &component.objects)
                .map(Object::reference)
                .filter(|object| object.kind == kind && object.namespace.as_deref() == Some(namespace))
                .map(|object| object.name.clone())
                .collect::<BTreeSet<_>>()
        };
        let mut config_maps = objects("ConfigMap");
        let mut secrets = BTreeSet::new();
        for component in components() {
            secrets.extend(component.secrets.iter().filter(|secret| secret.namespace == namespace).map(|secret| secret.name.clone()));
            for certificate in component.certificates.iter().filter(|certificate| certificate.namespace == namespace) {
                secrets.insert(certificate.name.clone());
                if let CertificateSubject::Authority { publish: Some(publish), .. } = &certificate.subject {
                    config_maps.insert(publish.clone());
                }
            }
        }
        let mut volumes = BTreeSet::new();
        for volume in pod.spec["volumes"].as_array().into_iter().flatten() {
            volumes.insert(volume["name"].as_str().unwrap().to_owned());
            let known = |at: &str, known: &BTreeSet<String>| volume.pointer(at).and_then(Value::as_str).is_none_or(|name| known.contains(name));
            assert!(known("/secret/secretName", &secrets), "{}: {volume}", pod.place);
            assert!(known("/configMap/name", &config_maps), "{}: {volume}", pod.place);
            assert!(known("/persistentVolumeClaim/claimName", &objects("PersistentVolumeClaim")), "{}: {volume}", pod.place);
        }
        for container in pod.containers() {
            let mounted: Vec<&str> = container["volumeMounts"].as_array().into_iter().flatten().filter_map(|mount| mount["name"].as_str()).collect();
            assert!(mounted.iter().all(|name| volumes.contains(*name)), "{}: {mounted:?}", pod.place);
            assert!(container["volumeMounts"].as_array().into_iter().flatten().all(|mount| mount.get("mountPropagation").is_none()), "{}", pod.place);
        }
    });
}

#[test]
fn no_secret_reaches_a_pod_by_its_environment_or_arguments() {
    each_pod(|_, _, pod| {
        for container in pod.containers() {
            assert!(container["envFrom"].as_array().into_iter().flatten().all(|entry| entry.get("secretRef").is_none()), "{}", pod.place);
            for entry in container["env"].as_array().into_iter().flatten() {
                assert!(entry.pointer("/valueFrom/secretKeyRef").is_none(), "{}: {entry}", pod.place);
            }
        }
    });
}

#[test]
fn only_the_jobs_that_make_and_drop_databases_are_given_the_administrators_password() {
    const VERIFIER: &str = "database-superuser-verifier";
    let mut given: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for (_, rendered) in combinations::rendered() {
        for component in &rendered.components {
            // What a program makes pods of stands as text in a ConfigMap, so the whole of each object is looked through.
            for object in &component.objects {
                let text = object.manifest().to_string();
                let without_verifier = text.replace(VERIFIER, "");
                let names = [(VERIFIER, &text), ("database-superuser", &without_verifier), ("database-administrator", &without_verifier)];
                given.extend(names.into_iter().filter(|(name, text)| text.contains(*name)).map(|(name, _)| (name, object.reference().kind.as_str(), component.folder.as_str())));
            }
        }
    }
    let expected = [
        ("database-administrator", "Job", "database-drop"),
        ("database-administrator", "Job", "database-role"),
        ("database-administrator", "Job", "database-server"),
        ("database-superuser", "Job", "database-drop"),
        ("database-superuser", "Job", "database-role"),
        (VERIFIER, "StatefulSet", "database"),
    ];
    assert_eq!(given, BTreeSet::from(expected));
    let rendered = Combination::of("smallest", "").render();
    let server = rendered.components.iter().flat_map(|component| &component.objects).find(|object| object.reference().kind == "StatefulSet" && object.reference().name == "database").unwrap();
    let (_, pod) = server.pod().unwrap();
    let mounting = |list: &str| pod[list].as_array().into_iter().flatten().filter(|container| container["volumeMounts"].to_string().contains("superuser-verifier")).count();
    assert_eq!((mounting("initContainers"), mounting("containers")), (1, 0), "the server itself is not given it");
}

#[test]
fn every_pod_restarts_with_its_configuration_unless_it_reloads_it() {
    each_pod(|_, _, pod| {
        let annotations = &pod.metadata["annotations"];
        assert_eq!(annotations[names::ANNOTATION_SECRET_GENERATION], "1", "{}", pod.place);
        let reloads = annotations.get("airlock-platform.io/reloads").is_some();
        // What a Job of a deployment mounts of the platform is made once; that of a schedule begins anew each time.
        let runs_once = matches!(pod.object.reference().kind.as_str(), "Job" | "CronJob");
        assert!(reloads || runs_once || annotations.get("airlock-platform.io/configuration").is_some(), "{}", pod.place);
    });
    let config = |text: &str| {
        let rendered = Combination::of("host", text).render();
        let registry = rendered.components.iter().find(|component| component.name == "registry").unwrap();
        registry.objects.iter().find_map(|object| object.pod().map(|(metadata, _)| metadata["annotations"]["airlock-platform.io/configuration"].clone())).unwrap()
    };
    assert_eq!(config(""), config("metadata: { labels: { a: b } }\n"));
}

#[test]
fn answers_place_pods_and_size_them() {
    let rendered = Combination::of(
        "placed",
        "components:\n  edge:\n    replicas: 3\n    nodeSelector: { pool: platform }\n    priorityClass: important\n    tolerations: [{ key: a, operator: Exists, tolerationSeconds: \"60\" }]\n    resources: { requests: { cpu: 0.5, memory: 64Mi }, limits: { cpu: 1000m, memory: 1024Mi } }\n",
    )
    .render();
    let edge = rendered.components.iter().find(|component| component.name == "edge").unwrap();
    let deployment = edge.objects.iter().find(|object| object.reference().kind == "Deployment").unwrap();
    let (_, pod) = deployment.pod().unwrap();
    assert_eq!(deployment.manifest()["spec"]["replicas"], 3);
    assert_eq!(pod["nodeSelector"], serde_json::json!({ "pool": "platform" }));
    assert_eq!(pod["priorityClassName"], "important");
    assert_eq!(pod["tolerations"], serde_json::json!([{ "key": "a", "operator": "Exists", "tolerationSeconds": 60 }]));
    assert_eq!(pod["containers"][0]["resources"], serde_json::json!({ "requests": { "cpu": "500m", "memory": "64Mi" }, "limits": { "cpu": "1", "memory": "1Gi" } }));
    assert!(edge.objects.iter().any(|object| object.reference().kind == "PodDisruptionBudget"));
}
