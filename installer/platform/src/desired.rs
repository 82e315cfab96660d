//! Everything that should be, as steps in their order, before anybody looks at what is: the whole of an installation.
//!
//! ```text
//! namespaces → database-server.run, where the customer runs one → all that follows
//! namespaces → policies, authorities, secrets → registry ┐
//!            → edge.service → gate.dns ──────────────────┼→ edge → registry.push → gate.node-pull
//! ```
//! An ACME authority that looks at port 80 does so before the edge starts: edge-http, gate.dns → certificate.base-domain-tls → edge.
//! What does not wait for people comes first, so that a run that ends at a gate has done all it can.

use std::collections::BTreeMap;

use airlock_model::{
    Action, CertificateSource, CertificateSpec, CertificateSubject, Challenge, Gate, LockedImage, Object, ObjectRef, PushSpec, Recipe, SecretClass, SecretKeyRef, SecretSpec, StepId, WayOut,
    answers::Answers, names,
};
use airlock_model::{Facts, HostName, ImageLock, Node};
use airlock_render::{Rendered, RenderedComponent};
use serde_json::Value;

use crate::PlatformError;

/// A step of the whole installation, whether or not it is needed now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DesiredStep {
    /// Its name.
    pub id: StepId,
    /// One line in the imperative.
    pub title: String,
    /// Steps that come before.
    pub after: Vec<StepId>,
    /// What is done.
    pub action: Action,
}

/// The name of the component whose objects are the namespaces.
const NAMESPACES: &str = "namespaces";
/// The component that all others come before.
const EDGE: &str = "edge";
/// Its port 80, where there is one: before there is a certificate.
const EDGE_HTTP: &str = "edge-http";
/// The bundled registry.
pub(crate) const REGISTRY: &str = "registry";
/// Prometheus and Alertmanager.
const MONITORING: &str = "monitoring";
/// The component that examines a database server of the customer's: nothing is installed before that.
const EXAMINATION: &str = "database-server";
/// The component that asks cert-manager for the certificate of the base domain.
const CERT_MANAGER: &str = "cert-manager";
/// The component that is the company's own profile.
const PROFILE: &str = "profile";
/// The component that tries the receiver of alerts, when there is somebody to hand a message over.
const RECEIVER: &str = "monitoring-receiver";
/// Path prefix of the platform's own images in the bundled registry.
const PREFIX: &str = "airlock";
/// The generated user of the bundled registry.
pub(crate) const REGISTRY_USER: &str = "airlock";

/// Components of an Airflow deployment that come before its parts, in their order.
const BEFORE_THE_PARTS: [&str; 4] = ["airflow", "airflow-task", "database-role", "airflow-setup"];
/// The step that starts the parts of an Airflow deployment.
const PARTS: &str = "airflow-parts";

struct Steps(Vec<DesiredStep>);

impl Steps {
    fn add(&mut self, id: &str, title: String, after: &[&str], action: Action) -> StepId {
        let id = StepId(id.to_owned());
        self.0.push(DesiredStep { id: id.clone(), title, after: after.iter().map(|id| StepId((*id).to_owned())).collect(), action });
        id
    }

    /// Ids of the steps added so far whose name ends so.
    fn ending(&self, suffix: &str) -> Vec<String> {
        self.0.iter().filter(|step| step.id.0.ends_with(suffix)).map(|step| step.id.0.clone()).collect()
    }

    /// Ids of the steps added so far whose name begins so.
    fn beginning(&self, prefix: &str) -> Vec<String> {
        self.0.iter().filter(|step| step.id.0.starts_with(prefix)).map(|step| step.id.0.clone()).collect()
    }
}

fn strings(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}

/// The steps of a whole installation. Without facts (offline) any node stands for every pool.
pub(crate) fn steps(answers: &Answers, base: &HostName, rendered: &Rendered, lock: Option<&ImageLock>, facts: Option<&Facts>) -> Result<Vec<DesiredStep>, PlatformError> {
    let mut steps = Steps(Vec::new());
    for component in &rendered.components {
        namespaces(&mut steps, component);
    }
    if let Some(examination) = component(rendered, EXAMINATION) {
        foundations(&mut steps, examination);
        workloads(&mut steps, examination, &[]);
    }
    let before = steps.0.len();
    for component in rendered.components.iter().filter(|component| component.name != EXAMINATION) {
        foundations(&mut steps, component);
    }
    edge_service(&mut steps, base, rendered);
    for component in rendered.components.iter().filter(|component| ![EDGE, NAMESPACES, EXAMINATION].contains(&component.name.as_str())) {
        workloads(&mut steps, component, if component.name == RECEIVER { &[MONITORING] } else { &[] });
    }
    if let Some(edge) = component(rendered, EDGE) {
        let others: Vec<String> = rendered.components.iter().map(|component| component.name.clone()).filter(|name| name != EDGE && name != NAMESPACES).collect();
        workloads(&mut steps, edge, &strings(&others));
    }
    if let Some(registry) = component(rendered, REGISTRY).filter(|component| !component.hosts.is_empty()) {
        fill_registry(&mut steps, answers, registry, lock, facts)?;
    }
    let examined = StepId(format!("{EXAMINATION}.run"));
    if steps.0[..before].iter().any(|step| step.id == examined) {
        steps.0[before..].iter_mut().for_each(|step| step.after.push(examined.clone()));
    }
    Ok(steps.0)
}

fn component<'a>(rendered: &'a Rendered, name: &str) -> Option<&'a RenderedComponent> {
    rendered.components.iter().find(|component| component.name == name)
}

fn namespaces(steps: &mut Steps, component: &RenderedComponent) {
    let objects: Vec<Object> = component.objects.iter().filter(|object| object.reference().kind == "Namespace").cloned().collect();
    if !objects.is_empty() {
        steps.add(NAMESPACES, "make the namespaces".into(), &[], Action::Apply(objects));
    }
}

/// Authorities, policies, and secrets: what workloads mount or are shielded by.
fn foundations(steps: &mut Steps, component: &RenderedComponent) {
    let policies: Vec<Object> = component.objects.iter().filter(|object| is_foundation(object.reference())).cloned().collect();
    if !policies.is_empty() {
        steps.add(&format!("{}.foundation", component.name), format!("set the policies and accounts of {}", component.name), &[NAMESPACES], Action::Apply(policies));
    }
    let is_authority = |spec: &&CertificateSpec| matches!(spec.subject, CertificateSubject::Authority { .. });
    for spec in component.certificates.iter().filter(is_authority) {
        steps.add(&format!("authority.{}", spec.name), format!("make the certificate authority {}", spec.name), &[NAMESPACES], Action::Issue(retained_certificate(spec)));
    }
    for spec in sources_first(&component.secrets) {
        steps.add(&format!("secret.{}", spec.name), format!("make the Secret {}", spec.name), &strings(&after_secret(spec)), Action::Generate(retained_secret(spec)));
    }
}

fn is_foundation(object: &ObjectRef) -> bool {
    matches!(object.kind.as_str(), "NetworkPolicy" | "ServiceAccount" | "Role" | "RoleBinding" | "ResourceQuota" | "LimitRange" | "ValidatingAdmissionPolicy" | "ValidatingAdmissionPolicyBinding")
}

/// The Secrets in an order in which each stands behind those that it is composed of.
fn sources_first(secrets: &[SecretSpec]) -> Vec<&SecretSpec> {
    let mut waiting: Vec<&SecretSpec> = secrets.iter().collect();
    let mut ordered: Vec<&SecretSpec> = Vec::new();
    while !waiting.is_empty() {
        let is_free = |spec: &&SecretSpec| !waiting.iter().any(|other| other.name != spec.name && after_secret(spec).contains(&format!("secret.{}", other.name)));
        let (free, rest): (Vec<&SecretSpec>, Vec<&SecretSpec>) = waiting.iter().copied().partition(is_free);
        // A circle can be read in no order; the engine names the value that is missing.
        let (free, rest) = if free.is_empty() { (rest, free) } else { (free, rest) };
        ordered.extend(free);
        waiting = rest;
    }
    ordered
}

/// A composed Secret comes after those that it is composed of.
fn after_secret(spec: &SecretSpec) -> Vec<String> {
    let sources = spec.entries.iter().flat_map(|entry| match &entry.recipe {
        Recipe::Compose { from, .. } => from.values().map(|source| source.name.clone()).collect(),
        Recipe::AcmeAccount(_) => [names::ACME, names::BASE_DOMAIN_TRUST, names::PROXY_PASSWORD].map(str::to_owned).into(),
        Recipe::Random | Recipe::LongRandom | Recipe::EcP256 | Recipe::Fernet | Recipe::Referred { .. } | Recipe::Request { .. } | Recipe::Authorities { .. } => Vec::new(),
    });
    let mut after: Vec<String> = sources.filter(|name| *name != spec.name).map(|name| format!("secret.{name}")).collect();
    after.push(NAMESPACES.to_owned());
    after
}

fn edge_service(steps: &mut Steps, base: &HostName, rendered: &Rendered) {
    let Some(edge) = component(rendered, EDGE) else { return };
    let services: Vec<Object> = edge.objects.iter().filter(|object| object.reference().kind == "Service").cloned().collect();
    let Some(service) = services.first().map(|object| object.reference().clone()) else { return };
    steps.add("edge.service", "ask for the address of the edge".into(), &[NAMESPACES], Action::Apply(services));
    let hosts: Vec<HostName> = rendered.components.iter().flat_map(|component| component.hosts.iter().cloned()).collect();
    // With the usual patterns two records serve every host, also those of later Airflow deployments.
    let mut records = vec![base.to_string(), format!("*.{base}")];
    let one_label_below = |host: &HostName| host.as_str().strip_suffix(base.as_str()).is_some_and(|rest| rest.trim_end_matches('.').split('.').filter(|label| !label.is_empty()).count() == 1);
    records.extend(hosts.iter().filter(|host| *host != base && !one_label_below(host)).map(ToString::to_string));
    steps.add("gate.dns", "wait until the hosts resolve to the edge".into(), &["edge.service"], Action::Await(Gate::Dns { hosts, records, service }));
}

/// Server certificates, then the objects that run and serve.
fn workloads(steps: &mut Steps, component: &RenderedComponent, after: &[&str]) {
    let authorities = steps.beginning("authority.");
    let mut before: Vec<String> = after.iter().map(|id| (*id).to_owned()).collect();
    for spec in &component.certificates {
        before.extend(certificate(steps, spec, &authorities).map(|id| id.0));
    }
    let is_edge_service = |object: &Object| component.name == EDGE && object.reference().kind == "Service";
    let objects: Vec<Object> =
        component.objects.iter().filter(|object| object.reference().kind != "Namespace" && !is_foundation(object.reference()) && !is_edge_service(object)).map(retained_volumes).collect();
    let (jobs, objects): (Vec<Object>, Vec<Object>) = objects.into_iter().partition(|object| object.reference().kind == "Job");
    before.extend(authorities);
    before.extend(steps.beginning("secret."));
    before.extend(steps.beginning(&format!("{}.foundation", component.name)));
    before.push(NAMESPACES.to_owned());
    if !objects.is_empty() {
        let title = match component.name.as_str() {
            CERT_MANAGER => "ask cert-manager for the certificate of the base domain".to_owned(),
            PROFILE => "keep the security profile that the installation is judged by".to_owned(),
            name => format!("start {name}"),
        };
        let id = steps.add(&component.name, title, &strings(&before), Action::Apply(objects));
        before.push(id.0);
    }
    for job in jobs {
        steps.add(&format!("{}.run", component.name), format!("run {}", component.name), &strings(&before), Action::Run(Box::new(job)));
    }
}

/// A server's certificate: issued here, copied from where it was handed over, or waited for.
fn certificate(steps: &mut Steps, spec: &CertificateSpec, authorities: &[String]) -> Option<StepId> {
    let trusted = || vec![NAMESPACES.to_owned(), format!("secret.{}", names::BASE_DOMAIN_TRUST)];
    Some(match &spec.subject {
        CertificateSubject::Authority { .. } => return None,
        CertificateSubject::Server { .. } => steps.add(&format!("certificate.{}", spec.name), format!("issue the certificate {}", spec.name), &strings(authorities), Action::Issue(spec.clone())),
        CertificateSubject::Supplied { source: CertificateSource::Request { secret }, .. } => {
            let after = [trusted(), vec![format!("secret.{secret}")]].concat();
            steps.add("gate.certificate", "wait for the certificate that was asked for".into(), &strings(&after), Action::Await(Gate::Certificate(retained_certificate(spec))))
        }
        CertificateSubject::Supplied { source: CertificateSource::Acme(acme), .. } => {
            let mut after = [trusted(), vec![format!("secret.{}", names::ACME), format!("secret.{}", names::PROXY_PASSWORD)]].concat();
            if acme.challenge == Challenge::Edge {
                after.extend([EDGE_HTTP.to_owned(), "gate.dns".to_owned()]);
            }
            if acme.challenge.order().is_some() {
                let gate = Action::Await(Gate::Certificate(retained_certificate(spec)));
                return Some(steps.add("gate.certificate", "order the certificate once its DNS records are there".into(), &strings(&after), gate));
            }
            let title = format!("order the certificate {} from the ACME authority", spec.name);
            steps.add(&format!("certificate.{}", spec.name), title, &strings(&after), Action::Issue(retained_certificate(spec)))
        }
        CertificateSubject::Supplied { source: CertificateSource::CertManager { .. }, .. } => {
            let after = [trusted(), vec![CERT_MANAGER.to_owned()]].concat();
            let title = format!("take over what cert-manager issued as the certificate {}", spec.name);
            steps.add(&format!("certificate.{}", spec.name), title, &strings(&after), Action::Issue(spec.clone()))
        }
        CertificateSubject::Supplied { .. } => steps.add(&format!("certificate.{}", spec.name), format!("take over the certificate {}", spec.name), &strings(&trusted()), Action::Issue(spec.clone())),
    })
}

/// The steps that keep and drop the database of a deployment that goes: those of one component of its removal.
pub(crate) fn removal_steps(component: &RenderedComponent) -> Vec<DesiredStep> {
    let mut steps = Steps(Vec::new());
    foundations(&mut steps, component);
    workloads(&mut steps, component, &[]);
    steps.0
}

/// The steps that make one Airflow deployment, or bring it to its document.
///
/// ```text
/// namespace → policies, accounts, secrets → database-role.run → airflow-setup.run → api-server, scheduler, …
/// ```
pub(crate) fn deployment_steps(rendered: &Rendered) -> Vec<DesiredStep> {
    let mut steps = Steps(Vec::new());
    let components = || rendered.components.iter().filter(|component| !component.removal);
    for component in components() {
        namespaces(&mut steps, component);
    }
    for component in components() {
        foundations(&mut steps, component);
    }
    // What the parts mount, then the database, then its tables, then all parts at once: each takes its time to start.
    let (mut first, mut parts): (Vec<&RenderedComponent>, Vec<&RenderedComponent>) = components().partition(|component| BEFORE_THE_PARTS.contains(&component.folder.as_str()));
    first.sort_by_key(|component| BEFORE_THE_PARTS.iter().position(|folder| *folder == component.folder));
    for component in first {
        let earlier: Vec<String> = steps.0.iter().filter(|step| BEFORE_THE_PARTS.iter().any(|folder| step.id.0.starts_with(folder))).map(|step| step.id.0.clone()).collect();
        workloads(&mut steps, component, &strings(&earlier));
    }
    if let Some(first) = parts.pop() {
        let mut together = RenderedComponent { name: PARTS.to_owned(), ..first.clone() };
        together.objects.extend(parts.iter().flat_map(|part| part.objects.iter().cloned()));
        together.certificates.extend(parts.iter().flat_map(|part| part.certificates.iter().cloned()));
        let earlier = steps.ending(".run");
        workloads(&mut steps, &together, &strings(&earlier));
    }
    steps.0
}

fn fill_registry(steps: &mut Steps, answers: &Answers, registry: &RenderedComponent, lock: Option<&ImageLock>, facts: Option<&Facts>) -> Result<(), PlatformError> {
    let host = registry.hosts[0].clone();
    let namespace = &answers.namespaces.platform;
    let image = match lock {
        Some(lock) => lock.get(names::OWN_IMAGE).cloned().ok_or_else(|| PlatformError::ImageNotLocked { name: names::OWN_IMAGE.into() })?,
        None => own_image_without_digest()?,
    };
    let authority = authority(answers);
    let [trust, password] = [names::BASE_DOMAIN_TRUST, names::PROXY_PASSWORD].map(|name| format!("secret.{name}"));
    let push = PushSpec {
        images: vec![image.clone()],
        registry: host,
        prefix: PREFIX.into(),
        username: REGISTRY_USER.into(),
        password: SecretKeyRef { namespace: namespace.clone(), name: "registry-password".into(), key: "value".into() },
        authority: authority.clone(),
        trust: (!answers.trust.ca.is_empty()).then(|| believed(answers)),
        way_out: WayOut::of(answers).map(Box::new),
    };
    let at = push.destination(&image);
    steps.add("registry.push", "fill the registry".into(), &[REGISTRY, EDGE, "gate.dns", &trust, &password], Action::Push(push));
    let gate = Gate::NodePull { image: at, pools: pools(facts), namespace: namespace.clone(), pull_secret: names::REGISTRY_PULL.into(), authority };
    steps.add("gate.node-pull", "let a node of each pool pull from the registry".into(), &["registry.push"], Action::Await(gate));
    Ok(())
}

/// Where the authority of the base domain's certificate stands in the cluster; none: it is one that every system knows.
pub(crate) fn authority(answers: &Answers) -> Option<SecretKeyRef> {
    match answers.tls.source.is_supplied() {
        false => Some(SecretKeyRef { namespace: answers.namespaces.platform.clone(), name: names::BASE_DOMAIN_CA.into(), key: names::BELIEVED.into() }),
        true if answers.trust.ca.is_empty() => None,
        true => Some(believed(answers)),
    }
}

/// Where the authorities of `trust.ca` stand in the cluster.
fn believed(answers: &Answers) -> SecretKeyRef {
    SecretKeyRef { namespace: answers.namespaces.platform.clone(), name: names::BASE_DOMAIN_TRUST.into(), key: "tls.crt".into() }
}

fn own_image_without_digest() -> Result<LockedImage, PlatformError> {
    let release = airlock_render::release()?;
    let image = release.images.get(names::OWN_IMAGE).ok_or_else(|| PlatformError::ImageNotLocked { name: names::OWN_IMAGE.into() })?;
    Ok(LockedImage { name: names::OWN_IMAGE.into(), reference: image.reference.clone(), digest: airlock_model::Digest::of(b"offline") })
}

/// Node labels of each pool that has a node on which a pod would start: ready, neither cordoned nor tainted. In a pool without
/// one the gate would wait for a pod that nobody starts. Without knowledge of nodes any node stands for all.
pub(crate) fn pools(facts: Option<&Facts>) -> BTreeMap<String, BTreeMap<String, String>> {
    let Some(nodes) = facts.and_then(|facts| facts.nodes.known()) else { return BTreeMap::from([("any".to_owned(), BTreeMap::new())]) };
    nodes.iter().filter_map(Node::usable_pool).collect()
}

fn retained_label() -> (String, String) {
    (names::LABEL_RETAINED.to_owned(), "true".to_owned())
}

/// What uninstall keeps bears its label from the beginning, so that keeping needs no write to a Secret. A request has cost people time, and authorities limit how many
/// accounts are opened.
fn retained_secret(spec: &SecretSpec) -> SecretSpec {
    let mut spec = spec.clone();
    if spec.class == SecretClass::DataKey || [names::BASE_DOMAIN_REQUEST, names::ACME_ACCOUNT].contains(&spec.name.as_str()) {
        spec.labels.extend([retained_label()]);
    }
    spec
}

/// Authorities are kept: nodes and people have been told to trust them. So is what somebody issued by a request.
fn retained_certificate(spec: &CertificateSpec) -> CertificateSpec {
    let mut spec = spec.clone();
    spec.labels.extend([retained_label()]);
    spec
}

fn retained_volumes(object: &Object) -> Object {
    let mut manifest = object.manifest().clone();
    let mut label = |metadata: &mut Value| {
        if let Some(labels) = metadata.as_object_mut().map(|metadata| metadata.entry("labels").or_insert_with(|| Value::Object(serde_json::Map::new())))
            && let Some(labels) = labels.as_object_mut()
        {
            labels.insert(names::LABEL_RETAINED.into(), Value::String("true".into()));
        }
    };
    match object.reference().kind.as_str() {
        "PersistentVolumeClaim" => manifest.get_mut("metadata").map(&mut label),
        "StatefulSet" => {
            manifest.pointer_mut("/spec/volumeClaimTemplates").and_then(Value::as_array_mut).map(|claims| claims.iter_mut().filter_map(|claim| claim.get_mut("metadata")).for_each(&mut label))
        }
        _ => None,
    };
    // The manifest was an object's before and has lost nothing.
    Object::new(manifest).unwrap_or_else(|_| object.clone())
}

#[cfg(test)]
mod tests;
