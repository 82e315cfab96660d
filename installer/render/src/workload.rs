//! Pods are completed here: what the Pod Security Standard `restricted` and Airlock's own rules ask of every pod is
//! written by the renderer. A template that writes one of these fields itself is a mistake and refused.

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::answers::Component;
use airlock_model::{Amount, Digest, ImageLock, Object, ObjectRef, Release, SecretSpec, names, quantity, quantity_millis};
use serde_json::{Map, Value, json};

use crate::RenderError;
use crate::component::ComponentSpec;
use crate::metadata::{self, Belonging};
use crate::sizing::ComponentSize;

/// Lists `ConfigMaps` and Secrets whose changes a pod notices by itself.
const RELOADS: &str = "airlock-platform.io/reloads";
/// Digest of the configuration that a pod mounts and does not notice by itself, so that a change restarts it.
const CONFIGURATION: &str = "airlock-platform.io/configuration";
/// Secrets are made once; the plan raises the counter where one is made anew.
const FIRST_GENERATION: &str = "1";

/// Not applied as it is: it becomes a `ConfigMap` that a program of ours makes pods from.
const POD_TEMPLATE: &str = "PodTemplate";
/// The pod in such a `ConfigMap`.
const POD_FILE: &str = "pod.yaml";

/// What pods of a component are completed from.
pub(crate) struct Completion<'a> {
    pub spec: &'a ComponentSpec,
    pub size: &'a ComponentSize,
    pub answered: Option<&'a Component>,
    pub release: &'a Release,
    pub lock: Option<&'a ImageLock>,
    pub belonging: &'a Belonging<'a>,
    /// `OpenShift` gives each namespace users of its own; numeric ones of ours would be refused there.
    pub openshift: bool,
    pub pull_secret: Option<&'a str>,
    /// Other components are behind its Services.
    pub is_before_others: bool,
}

/// Whether objects of a kind make pods.
pub(crate) fn makes_pods(kind: &str) -> bool {
    template_of(kind).is_some()
}

fn template_of(kind: &str) -> Option<&'static str> {
    match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => Some("/spec/template"),
        "CronJob" => Some("/spec/jobTemplate/spec/template"),
        POD_TEMPLATE => Some("/template"),
        _ => None,
    }
}

impl Completion<'_> {
    /// Completes a manifest: the pods that it makes, or the selector of a Service.
    pub(crate) fn complete(&self, manifest: &mut Value) -> Result<(), RenderError> {
        let kind = manifest["kind"].as_str().unwrap_or_default().to_owned();
        let labels = metadata::selector(&self.spec.name);
        match kind.as_str() {
            // It stands for a name, not for pods.
            "Service" if manifest.pointer("/spec/type").and_then(Value::as_str) == Some("ExternalName") => {}
            "Service" if self.is_before_others => self.set(object(self.spec, manifest, "/spec")?, "selector", json!(metadata::each_selector(&self.spec.folder)))?,
            "Service" => self.set(object(self.spec, manifest, "/spec")?, "selector", json!(labels))?,
            // The Secret that cert-manager makes by it is as much the installation's as what Airlock makes.
            "Certificate" => self.belonging.complete(object(self.spec, manifest, "/spec/secretTemplate")?, self.belonging.labels(self.spec)),
            "Deployment" | "StatefulSet" | "DaemonSet" | "PodDisruptionBudget" => self.set(object(self.spec, manifest, "/spec")?, "selector", json!({ "matchLabels": labels }))?,
            _ => {}
        }
        let Some(at) = template_of(&kind) else { return Ok(()) };
        self.annotations(object(self.spec, manifest, at)?)?;
        self.pod(object(self.spec, manifest, &format!("{at}/spec"))?)
    }

    fn annotations(&self, template: &mut Map<String, Value>) -> Result<(), RenderError> {
        let metadata = template.entry("metadata").or_insert_with(|| json!({}));
        let metadata = metadata.as_object_mut().ok_or_else(|| self.spec.wrong("the metadata of a pod template is no map"))?;
        self.belonging.complete(metadata, self.belonging.pod_labels(self.spec));
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        annotations[names::ANNOTATION_SECRET_GENERATION] = json!(FIRST_GENERATION);
        Ok(())
    }

    fn pod(&self, pod: &mut Map<String, Value>) -> Result<(), RenderError> {
        let user = self.spec.user.filter(|user| *user > 0).ok_or_else(|| self.spec.wrong("it has pods, so it needs a numeric `user` other than 0"))?;
        let mut security = json!({ "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } });
        if !self.openshift {
            security["runAsUser"] = json!(user);
            security["runAsGroup"] = json!(user);
            security["fsGroup"] = json!(user);
            security["fsGroupChangePolicy"] = json!("OnRootMismatch");
        }
        self.set(pod, "serviceAccountName", json!(self.spec.name))?;
        self.set(pod, "automountServiceAccountToken", json!(!self.spec.rights.is_empty()))?;
        // Otherwise every Service of the namespace would stand in each container's environment.
        self.set(pod, "enableServiceLinks", json!(false))?;
        self.set(pod, "securityContext", security)?;
        if let Some(name) = self.pull_secret {
            self.set(pod, "imagePullSecrets", json!([{ "name": name }]))?;
        }
        if let Some(answered) = self.answered {
            self.place(pod, answered)?;
        }
        for list in ["initContainers", "containers"] {
            for container in pod.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                self.container(container.as_object_mut().ok_or_else(|| self.spec.wrong("a container is no map"))?)?;
            }
        }
        Ok(())
    }

    /// Where pods may run, as the answers say.
    fn place(&self, pod: &mut Map<String, Value>, answered: &Component) -> Result<(), RenderError> {
        if !answered.node_selector.is_empty() {
            self.set(pod, "nodeSelector", json!(answered.node_selector))?;
        }
        if !answered.tolerations.is_empty() {
            let tolerations = answered.tolerations.iter().map(|toleration| self.toleration(toleration)).collect::<Result<Vec<_>, _>>()?;
            self.set(pod, "tolerations", Value::Array(tolerations))?;
        }
        if let Some(class) = &answered.priority_class {
            self.set(pod, "priorityClassName", json!(class))?;
        }
        Ok(())
    }

    /// Answers hold texts only; one field of a toleration is a number.
    fn toleration(&self, toleration: &BTreeMap<String, String>) -> Result<Value, RenderError> {
        let mut written = json!(toleration);
        if let Some(seconds) = toleration.get("tolerationSeconds") {
            let path = format!("components.{}.tolerations", self.spec.name);
            let seconds: i64 = seconds.parse().map_err(|_| RenderError::Quantity { path, text: seconds.clone() })?;
            written["tolerationSeconds"] = json!(seconds);
        }
        Ok(written)
    }

    fn container(&self, container: &mut Map<String, Value>) -> Result<(), RenderError> {
        let name = container.get("name").and_then(Value::as_str).ok_or_else(|| self.spec.wrong("a container has no name"))?.to_owned();
        let image = container.get("image").and_then(Value::as_str).ok_or_else(|| self.spec.wrong(format!("the container `{name}` has no image")))?.to_owned();
        if !self.spec.images.contains(&image) {
            return Err(self.spec.wrong(format!("the container `{name}` runs `{image}`, which stands not in `images`")));
        }
        container.insert("image".into(), json!(self.image(&image)?));
        let resources = self.size.containers.get(&name).ok_or_else(|| self.spec.wrong(format!("sizing.yaml has no row for the container `{name}`")))?;
        self.set(container, "imagePullPolicy", json!("IfNotPresent"))?;
        self.set(container, "resources", json!({ "requests": resources.requests, "limits": resources.limits }))?;
        // The last lines of a crash stand in the pod's status, where a wait reads them without the right to read logs.
        self.set(container, "terminationMessagePolicy", json!("FallbackToLogsOnError"))?;
        self.set(container, "securityContext", json!({ "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true, "capabilities": { "drop": ["ALL"] } }))
    }

    /// By digest once there is a lock, else by tag.
    fn image(&self, name: &str) -> Result<String, RenderError> {
        if let Some(lock) = self.lock {
            return lock.get(name).map(|image| image.pinned().to_string()).ok_or_else(|| RenderError::ImageNotLocked { name: name.to_owned() });
        }
        let image = self.release.images.get(name).ok_or_else(|| self.spec.wrong(format!("`{name}` stands not in images.yaml")))?;
        Ok(image.reference.to_string())
    }

    fn set(&self, at: &mut Map<String, Value>, key: &str, value: Value) -> Result<(), RenderError> {
        if at.contains_key(key) {
            return Err(self.spec.wrong(format!("a template writes `{key}`, which the renderer writes for every pod")));
        }
        at.insert(key.to_owned(), value);
        Ok(())
    }
}

fn object<'a>(spec: &ComponentSpec, manifest: &'a mut Value, at: &str) -> Result<&'a mut Map<String, Value>, RenderError> {
    manifest.pointer_mut(at).and_then(Value::as_object_mut).ok_or_else(|| spec.wrong(format!("a template lacks `{at}`")))
}

/// Digests of the configuration that pods can mount: by namespace, kind, and name.
pub(crate) type Configuration = BTreeMap<(String, &'static str, String), Digest>;

/// The digests of `ConfigMaps` and of what Secrets are made by.
pub(crate) fn configuration<'a>(manifests: impl Iterator<Item = &'a Value>, secrets: impl Iterator<Item = &'a SecretSpec>) -> Result<Configuration, RenderError> {
    let mut configuration = Configuration::new();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for manifest in manifests.filter(|manifest| manifest["kind"] == "ConfigMap") {
        let at = (text(&manifest["metadata"]["namespace"]), "configMap", text(&manifest["metadata"]["name"]));
        configuration.insert(at, Digest::of_canonical(&manifest["data"]).map_err(RenderError::Values)?);
    }
    for secret in secrets {
        configuration.insert((secret.namespace.clone(), "secret", secret.name.clone()), secret.digest().map_err(RenderError::Values)?);
    }
    Ok(configuration)
}

/// Writes the digest of the configuration that pods mount into their annotations.
pub(crate) fn configure(manifests: &mut [Value], configuration: &Configuration) -> Result<(), RenderError> {
    for manifest in manifests.iter_mut() {
        let namespace = manifest["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
        let Some(template) = manifest["kind"].as_str().and_then(template_of).and_then(|at| manifest.pointer_mut(at)) else { continue };
        let reloads = reloads(&template["metadata"]);
        let mounted: BTreeMap<String, &Digest> = references(&template["spec"])
            .into_iter()
            .filter(|(_, name)| !reloads.contains(name))
            .filter_map(|(kind, name)| configuration.get(&(namespace.clone(), kind, name.clone())).map(|digest| (format!("{kind}/{name}"), digest)))
            .collect();
        if !mounted.is_empty() {
            template["metadata"]["annotations"][CONFIGURATION] = json!(Digest::of_canonical(&mounted).map_err(RenderError::Values)?.short());
        }
    }
    Ok(())
}

/// Names that follow from contents: a Job bears a digest of what it does, since a Job that has run cannot be changed, and one
/// that does something else is another one.
pub(crate) fn name_jobs(manifests: &mut [Value]) -> Result<(), RenderError> {
    for manifest in manifests.iter_mut().filter(|manifest| manifest["kind"] == "Job") {
        let digest = Digest::of_canonical(&manifest["spec"]).map_err(RenderError::Values)?;
        let name = manifest["metadata"]["name"].as_str().unwrap_or_default();
        manifest["metadata"]["name"] = json!(format!("{name}-{}", digest.short()));
    }
    Ok(())
}

/// Templates of pods become `ConfigMaps` from which a program makes them.
pub(crate) fn publish_pod_templates(manifests: &mut [Value]) -> Result<(), RenderError> {
    for manifest in manifests.iter_mut().filter(|manifest| manifest["kind"] == POD_TEMPLATE) {
        let mut pod = json!({ "apiVersion": "v1", "kind": "Pod" });
        pod["metadata"] = manifest["template"]["metadata"].take();
        pod["spec"] = manifest["template"]["spec"].take();
        // JSON is YAML.
        let text = serde_json::to_string_pretty(&pod).map_err(RenderError::Values)?;
        *manifest = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": manifest["metadata"], "data": { POD_FILE: text } });
    }
    Ok(())
}

fn reloads(metadata: &Value) -> BTreeSet<String> {
    metadata["annotations"][RELOADS].as_str().unwrap_or_default().split(',').map(str::to_owned).collect()
}

/// The `ConfigMap`s and Secrets that the pods of a workload read once, when they start: a change of one of them reaches only
/// pods that are made afterwards.
pub fn read_once(workload: &Object) -> Vec<ObjectRef> {
    let Some((metadata, pod)) = workload.pod() else { return Vec::new() };
    let namespace = workload.reference().namespace.as_deref().unwrap_or_default();
    let reloads = reloads(metadata);
    let object = |kind: &str, name: &str| ObjectRef::namespaced("v1", if kind == "secret" { "Secret" } else { "ConfigMap" }, namespace, name);
    references(pod).iter().filter(|(_, name)| !reloads.contains(name)).map(|(kind, name)| object(kind, name)).collect()
}

/// The `ConfigMaps` and Secrets that a pod refers to, in volumes and environment.
pub(crate) fn references(pod: &Value) -> BTreeSet<(&'static str, String)> {
    let mut found = BTreeSet::new();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut volume = |volume: &Value| {
        found.extend(text(&volume["configMap"]["name"]).map(|name| ("configMap", name)));
        found.extend(text(&volume["secret"]["secretName"]).map(|name| ("secret", name)));
        found.extend(text(&volume["secret"]["name"]).map(|name| ("secret", name)));
    };
    for entry in pod["volumes"].as_array().into_iter().flatten() {
        volume(entry);
        entry["projected"]["sources"].as_array().into_iter().flatten().for_each(&mut volume);
    }
    for container in ["initContainers", "containers"].iter().flat_map(|list| pod[list].as_array().into_iter().flatten()) {
        for entry in container["env"].as_array().into_iter().flatten() {
            found.extend(text(&entry["valueFrom"]["configMapKeyRef"]["name"]).map(|name| ("configMap", name)));
            found.extend(text(&entry["valueFrom"]["secretKeyRef"]["name"]).map(|name| ("secret", name)));
        }
        for entry in container["envFrom"].as_array().into_iter().flatten() {
            found.extend(text(&entry["configMapRef"]["name"]).map(|name| ("configMap", name)));
            found.extend(text(&entry["secretRef"]["name"]).map(|name| ("secret", name)));
        }
    }
    found
}

/// What the pods of an object ask of the nodes: for one pod, and how many there are.
pub(crate) fn demand(object: &Object) -> Option<(Amount, u32)> {
    if !makes_pods(&object.reference().kind) {
        return None;
    }
    let (_, pod) = object.pod()?;
    let requests = |list: &str| pod[list].as_array().into_iter().flatten().map(request).collect::<Vec<Amount>>();
    let running: Amount = requests("containers").into_iter().sum();
    // Containers that run before count only where one asks for more than all that run later.
    let largest = requests("initContainers").into_iter().fold(running, |most, one| Amount { cpu_millis: most.cpu_millis.max(one.cpu_millis), memory_bytes: most.memory_bytes.max(one.memory_bytes) });
    let replicas = object.manifest()["spec"]["replicas"].as_u64().and_then(|replicas| u32::try_from(replicas).ok()).unwrap_or(1);
    Some((largest, replicas))
}

fn request(container: &Value) -> Amount {
    let text = |key: &str| container["resources"]["requests"][key].as_str().unwrap_or_default().to_owned();
    Amount { cpu_millis: quantity_millis(&text("cpu")).and_then(|millis| u64::try_from(millis).ok()).unwrap_or(0), memory_bytes: quantity(&text("memory")).unwrap_or(0) }
}
