//! The whole way from answers to objects.

use std::collections::BTreeSet;

use airlock_model::answers::Answers;
use airlock_model::{AirflowDeployment, Amount, CertificateSpec, Connection, DeploymentName, Facts, HostName, ImageLock, Object, Release, Right, SecretSpec};
use serde_json::{Map, Value};

use crate::component::ComponentSpec;
use crate::condition::Conditions;
use crate::connection::{self, Ends};
use crate::context::{Shared, Values};
use crate::library::Library;
use crate::metadata::Belonging;
use crate::sizing::SizingTable;
use crate::template::Templates;
use crate::workload::{Completion, Configuration};
use crate::{RenderError, context, credential, declared, manifest, patch, policy, renewal, sizing, workload};

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
    /// The profile of the company's own, as it is kept in the cluster; none: the answers name one that ships, or no cluster is looked at.
    pub profile: Option<&'a str>,
    /// The Airflow deployment to render; none: the platform is rendered.
    pub tenant: Option<TenantInput<'a>>,
}

/// The Airflow deployment that a render is about.
#[derive(Clone, Copy, Debug)]
pub struct TenantInput<'a> {
    /// Its name, checked.
    pub name: &'a DeploymentName,
    /// Its document.
    pub deployment: &'a AirflowDeployment,
    /// Tells it from earlier and later ones of the same name: the beginning of its namespace's UID; none before it exists.
    pub incarnation: Option<&'a str>,
    /// Whether its database is kept in a dump when it goes, where the server is ours.
    pub kept: bool,
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
    /// Its folder below `templates/`.
    pub folder: String,
    /// Needed when a deployment goes, not before.
    pub removal: bool,
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

/// Renders what the answers ask for: the platform, or one Airflow deployment on it. Equal input gives equal output, in every process.
pub fn render(input: &RenderInput<'_>) -> Result<Rendered, RenderError> {
    render_library(&Library::shipped(), input)
}

/// The images that an installation by these answers runs, its Airflow deployments included, by their names.
pub fn used_images(answers: &Answers, facts: Option<&Facts>) -> Result<BTreeSet<String>, RenderError> {
    let library = Library::shipped();
    let (answers, facts) = (serde_json::to_value(answers).map_err(RenderError::Values)?, serde_json::to_value(facts).map_err(RenderError::Values)?);
    let conditions = Conditions::about(&answers, &facts);
    let mut used = BTreeSet::new();
    for spec in ComponentSpec::all(&library)? {
        used.extend(conditions.installed(&spec)?.into_iter().flat_map(|spec| spec.images));
    }
    Ok(used)
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
    let conditions = Conditions::about(&answers, &facts);
    let (mut installed, mut deployments) = (Vec::new(), Vec::new());
    for spec in &known {
        if let Some(spec) = conditions.installed(spec)? {
            let of = if spec.is_of_deployments() { &mut deployments } else { &mut installed };
            of.push(spec);
        }
    }
    installed.sort_by_key(|spec| (spec.name != NAMESPACES, spec.name.clone()));
    if let Some(tenant) = input.tenant {
        deployments = deployments.into_iter().map(|spec| spec.of_deployment(tenant.name)).collect();
    }
    let shared = Shared::new(input, answers, &installed, &deployments)?;
    let ends = Ends {
        answers: input.answers,
        facts: input.facts,
        namespaces: &shared.namespaces,
        known: &known,
        installed: &installed,
        deployments: &deployments,
        prometheus: shared.prometheus.as_ref(),
        of_deployment: input.tenant.is_some(),
        installation: input.installation,
    };
    let flows = ends.flows()?;
    let mut policies = policy::policies(&flows);
    let workshop = Workshop {
        input,
        library,
        templates,
        shared,
        sizes: SizingTable::read(library)?,
        belonging: Belonging::new(&input.release.version.to_string(), input.installation, input.tenant.map(|tenant| tenant.name.as_str()), &input.answers.metadata)?,
        pull_secret: pull_secret(input.answers)?,
        before_others: installed.iter().filter_map(|spec| spec.behind.clone()).collect(),
    };
    let mut drafts = Vec::new();
    for spec in if input.tenant.is_some() { deployments } else { installed } {
        let policies = policies.remove(&spec.name).unwrap_or_default();
        drafts.push(workshop.draft(spec, policies)?);
    }
    // Patches are about the platform's objects.
    for patch in input.answers.patches.iter().filter(|_| input.tenant.is_none()) {
        patch::apply(patch, drafts.iter_mut().flat_map(|draft| draft.manifests.iter_mut()))?;
    }
    for draft in &mut drafts {
        workload::publish_pod_templates(&mut draft.manifests)?;
    }
    let configuration = workload::configuration(drafts.iter().flat_map(|draft| &draft.manifests), drafts.iter().flat_map(|draft| &draft.secrets))?;
    let mut components = drafts.into_iter().map(|draft| workshop.finish(draft, &configuration)).collect::<Result<Vec<_>, _>>()?;
    renewal::publish(&mut components, &known, &workshop.shared, |spec, manifest| workshop.belong(spec, manifest, &workshop.shared.namespaces.platform))?;
    Ok(summed(components, connection::rows(&flows)))
}

fn summed(components: Vec<RenderedComponent>, connections: Vec<Connection>) -> Rendered {
    let mut rendered = Rendered { components, connections, requests: Amount::default(), largest_pod: Amount::default(), pods: 0 };
    let demands: Vec<(Amount, u32)> = rendered.components.iter().filter(|component| !component.removal).flat_map(|component| component.objects.iter().filter_map(workload::demand)).collect();
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
    /// Components that others are behind.
    before_others: BTreeSet<String>,
}

impl Workshop<'_> {
    fn draft(&self, spec: ComponentSpec, policies: Vec<Value>) -> Result<Draft, RenderError> {
        let deployment = self.input.tenant.map(|tenant| tenant.deployment);
        let size = self.sizes.of(&spec, self.input.answers, deployment)?;
        let values = Values { shared: &self.shared, replicas: size.replicas, quota: self.sizes.quota(self.input.answers, deployment)? };
        let namespace = self.shared.namespaces.at(spec.namespace);
        let answered = sizing::answered(&spec.name, self.input.answers);
        let mut written = Vec::new();
        for file in self.library.manifests(&spec.folder) {
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
            is_before_others: self.before_others.contains(&spec.name),
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
        let certificates = credential::certificates(&spec, &self.shared, &self.input.answers.tls.renewal, &self.belonging)?;
        Ok(Draft { spec, manifests, secrets, certificates })
    }

    /// Namespace, labels, and annotations.
    fn belong(&self, spec: &ComponentSpec, manifest: &mut Value, namespace: &str) -> Result<(), RenderError> {
        let is_namespaced =
            !matches!(manifest["kind"].as_str(), Some("Namespace" | "ClusterRole" | "ClusterRoleBinding" | "PriorityClass" | "ValidatingAdmissionPolicy" | "ValidatingAdmissionPolicyBinding"));
        let fields = manifest.as_object_mut().ok_or_else(|| spec.wrong("a template gives something that is no map"))?;
        let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
        let metadata = metadata.as_object_mut().ok_or_else(|| spec.wrong("a template gives metadata that is no map"))?;
        if is_namespaced {
            metadata.entry("namespace").or_insert_with(|| Value::String(namespace.to_owned()));
        }
        self.belonging.complete(metadata, self.belonging.labels(spec));
        Ok(())
    }

    fn finish(&self, mut draft: Draft, configuration: &Configuration) -> Result<RenderedComponent, RenderError> {
        workload::configure(&mut draft.manifests, configuration)?;
        workload::name_jobs(&mut draft.manifests)?;
        let spec = draft.spec;
        let objects = draft.manifests.into_iter().map(|manifest| manifest::object(&spec.name, manifest)).collect::<Result<Vec<_>, _>>()?;
        let images: BTreeSet<String> = spec.images.clone();
        Ok(RenderedComponent {
            objects,
            secrets: draft.secrets,
            certificates: draft.certificates,
            hosts: match &self.shared.tenant {
                Some(tenant) => spec.hosts.keys().map(|_| tenant.host.clone()).collect(),
                None => spec.hosts.keys().filter_map(|name| self.shared.hosts.get(name).cloned()).collect(),
            },
            images: images.into_iter().collect(),
            rights: declared::rights(&spec, self.shared.namespaces.at(spec.namespace)),
            folder: spec.folder,
            removal: spec.removal,
            name: spec.name,
        })
    }

    fn is_openshift(&self) -> bool {
        self.input.facts.and_then(|facts| facts.operators.known()).is_some_and(|operators| operators.iter().any(|operator| operator == "route.openshift.io"))
    }
}

#[cfg(test)]
mod tests;
