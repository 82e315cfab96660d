//! The whole way from answers to objects.

use std::collections::BTreeSet;

use airlock_model::answers::Answers;
use airlock_model::{Amount, CertificateSpec, Connection, Facts, HostName, ImageLock, Object, Release, Right, SecretSpec};
use serde_json::{Map, Value};

use crate::component::ComponentSpec;
use crate::connection::{self, Ends};
use crate::context::{Shared, Values};
use crate::library::Library;
use crate::metadata::Belonging;
use crate::sizing::SizingTable;
use crate::template::Templates;
use crate::workload::Completion;
use crate::{RenderError, condition, context, credential, declared, manifest, patch, policy, sizing, workload};

/// What a render depends on; nothing else does.
#[derive(Clone, Copy, Debug)]
pub struct RenderInput<'a> {
    /// The answers.
    pub answers: &'a Answers,
    /// Their base domain.
    pub base: &'a HostName,
    /// What this program installs.
    pub release: &'a Release,
    /// Digests of the images; without it pods bear name and tag.
    pub lock: Option<&'a ImageLock>,
    /// What the survey found; without it, what most clusters have stands in for DNS and API server.
    pub facts: Option<&'a Facts>,
    /// The id of the installation.
    pub installation: &'a str,
}

/// Everything that is to be in the cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// By component: the namespaces first, the others by name.
    pub components: Vec<RenderedComponent>,
    /// The connections that the policies let through, sorted. Equal with and without facts.
    pub connections: Vec<Connection>,
    /// The sum of the requests of all pods.
    pub requests: Amount,
    /// The most that one pod requests, of CPU and of memory.
    pub largest_pod: Amount,
    /// How many pods run.
    pub pods: u32,
}

/// What one component consists of.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderedComponent {
    /// Its name.
    pub name: String,
    /// Its objects: accounts, claims, and policies first, then those of its templates.
    pub objects: Vec<Object>,
    /// Secrets that are generated.
    pub secrets: Vec<SecretSpec>,
    /// Keys and certificates that are issued.
    pub certificates: Vec<CertificateSpec>,
    /// Hosts that the edge passes on to it.
    pub hosts: Vec<HostName>,
    /// Images that its pods run, by name.
    pub images: Vec<String>,
    /// Rights that its pods have in the Kubernetes API.
    pub rights: Vec<Right>,
}

/// The component whose objects all others live in.
const NAMESPACES: &str = "namespaces";

/// Renders what the answers ask for. Equal input gives equal output, in every process.
pub fn render(input: &RenderInput<'_>) -> Result<Rendered, RenderError> {
    render_library(&Library::shipped(), input)
}

/// A component on its way: its manifests can still be patched.
struct Draft {
    spec: ComponentSpec,
    manifests: Vec<Value>,
    secrets: Vec<SecretSpec>,
    certificates: Vec<CertificateSpec>,
}

pub(crate) fn render_library(library: &Library, input: &RenderInput<'_>) -> Result<Rendered, RenderError> {
    let templates = Templates::read(library)?;
    let answers = serde_json::to_value(input.answers).map_err(RenderError::Values)?;
    let facts = serde_json::to_value(input.facts).map_err(RenderError::Values)?;
    let known = ComponentSpec::all(library)?;
    context::check_overrides(input.answers, &known)?;
    let mut installed = Vec::new();
    for spec in &known {
        if condition::holds(spec, &answers, &facts)? {
            installed.push(spec.clone());
        }
    }
    installed.sort_by_key(|spec| (spec.name != NAMESPACES, spec.name.clone()));
    let shared = Shared::new(input.answers, answers, input.base, &installed)?;
    let flows = Ends { answers: input.answers, facts: input.facts, namespaces: &shared.namespaces, known: &known, installed: &installed }.flows()?;
    let mut policies = policy::policies(&flows);
    let workshop = Workshop {
        input,
        library,
        templates,
        shared,
        sizes: SizingTable::read(library)?,
        belonging: Belonging::new(&input.release.version.to_string(), input.installation, &input.answers.metadata)?,
        pull_secret: pull_secret(input.answers)?,
    };
    let mut drafts = Vec::new();
    for spec in installed {
        let policies = policies.remove(&spec.name).unwrap_or_default();
        drafts.push(workshop.draft(spec, policies)?);
    }
    for patch in &input.answers.patches {
        patch::apply(patch, drafts.iter_mut().flat_map(|draft| draft.manifests.iter_mut()))?;
    }
    let components = drafts.into_iter().map(|draft| workshop.finish(draft)).collect::<Result<Vec<_>, _>>()?;
    Ok(summed(components, connection::rows(&flows)))
}

fn summed(components: Vec<RenderedComponent>, connections: Vec<Connection>) -> Rendered {
    let mut rendered = Rendered { components, connections, requests: Amount::default(), largest_pod: Amount::default(), pods: 0 };
    let demands: Vec<(Amount, u32)> = rendered.components.iter().flat_map(|component| component.objects.iter().filter_map(workload::demand)).collect();
    for (pod, replicas) in demands {
        rendered.requests += pod * u64::from(replicas);
        rendered.largest_pod.cpu_millis = rendered.largest_pod.cpu_millis.max(pod.cpu_millis);
        rendered.largest_pod.memory_bytes = rendered.largest_pod.memory_bytes.max(pod.memory_bytes);
        rendered.pods += replicas;
    }
    rendered
}

/// The name of the pull secret, which must be in the namespace of the pods.
fn pull_secret(answers: &Answers) -> Result<Option<String>, RenderError> {
    let Some(text) = &answers.images.pull_secret else { return Ok(None) };
    let namespace = &answers.namespaces.platform;
    let name = text.strip_prefix("secret:").and_then(|rest| rest.split_once('/')).filter(|(of, name)| of == namespace && !name.is_empty()).map(|(_, name)| name.to_owned());
    name.map(Some).ok_or_else(|| RenderError::PullSecret { text: text.clone(), namespace: namespace.clone() })
}

/// What all components are made with.
struct Workshop<'a> {
    input: &'a RenderInput<'a>,
    library: &'a Library,
    templates: Templates,
    shared: Shared,
    sizes: SizingTable,
    belonging: Belonging<'a>,
    pull_secret: Option<String>,
}

impl Workshop<'_> {
    fn draft(&self, spec: ComponentSpec, policies: Vec<Value>) -> Result<Draft, RenderError> {
        let size = self.sizes.of(&spec, self.input.answers)?;
        let values = Values { shared: &self.shared, replicas: size.replicas };
        let namespace = self.shared.namespaces.at(spec.namespace);
        let answered = sizing::answered(&spec.name, self.input.answers);
        let mut written = Vec::new();
        for file in self.library.manifests(&spec.name) {
            written.extend(manifest::documents(file, &self.templates.file(file, &values)?)?);
        }
        let completion = Completion {
            spec: &spec,
            size: &size,
            answered,
            release: self.input.release,
            lock: self.input.lock,
            belonging: &self.belonging,
            openshift: self.is_openshift(),
            pull_secret: self.pull_secret.as_deref(),
        };
        for manifest in &mut written {
            completion.complete(manifest)?;
        }
        let mut manifests = Vec::new();
        if written.iter().any(|manifest| manifest["kind"].as_str().is_some_and(workload::makes_pods)) {
            manifests.push(declared::account(&spec));
            manifests.extend(declared::role(&spec, namespace));
        }
        manifests.extend(declared::claims(&spec, &size, answered.and_then(|answered| answered.storage.class.as_deref())));
        manifests.extend(policies);
        manifests.extend(written);
        for manifest in &mut manifests {
            self.belong(&spec, manifest, namespace)?;
        }
        let secrets = credential::secrets(&spec, &values, &self.templates, &self.belonging)?;
        let certificates = credential::certificates(&spec, &self.shared, &self.belonging)?;
        Ok(Draft { spec, manifests, secrets, certificates })
    }

    /// Namespace, labels, and annotations.
    fn belong(&self, spec: &ComponentSpec, manifest: &mut Value, namespace: &str) -> Result<(), RenderError> {
        let is_namespaced = !matches!(manifest["kind"].as_str(), Some("Namespace" | "ClusterRole" | "ClusterRoleBinding" | "PriorityClass"));
        let fields = manifest.as_object_mut().ok_or_else(|| spec.wrong("a template gives something that is no map"))?;
        let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
        let metadata = metadata.as_object_mut().ok_or_else(|| spec.wrong("a template gives metadata that is no map"))?;
        if is_namespaced {
            metadata.entry("namespace").or_insert_with(|| Value::String(namespace.to_owned()));
        }
        self.belonging.complete(metadata, self.belonging.labels(&spec.name));
        Ok(())
    }

    fn finish(&self, mut draft: Draft) -> Result<RenderedComponent, RenderError> {
        workload::configure(&mut draft.manifests, &draft.secrets)?;
        let spec = draft.spec;
        let objects = draft.manifests.into_iter().map(|manifest| manifest::object(&spec.name, manifest)).collect::<Result<Vec<_>, _>>()?;
        let images: BTreeSet<String> = spec.images.clone();
        Ok(RenderedComponent {
            objects,
            secrets: draft.secrets,
            certificates: draft.certificates,
            hosts: spec.hosts.keys().filter_map(|name| self.shared.hosts.get(name).cloned()).collect(),
            images: images.into_iter().collect(),
            rights: declared::rights(&spec, self.shared.namespaces.at(spec.namespace)),
            name: spec.name,
        })
    }

    fn is_openshift(&self) -> bool {
        self.input.facts.and_then(|facts| facts.operators.known()).is_some_and(|operators| operators.iter().any(|operator| operator == "route.openshift.io"))
    }
}

#[cfg(test)]
mod tests;
