//! What an installation will ask for, without a cluster, from the same renderer and the same steps as the plan.

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::answers::{Answers, Dns01, TlsSource};
use airlock_model::{
    Action, AirflowDeployment, Amount, CertificateSpec, CertificateSubject, Connection, DeploymentNameError, HostName, Object, ObjectRef, Renewable, Right, SecretSpec, WorldDeployment, WorldServer,
    names,
};
use airlock_render::{RenderInput, Rendered, TenantInput};
use serde::Serialize;
use serde_json::Value;

use crate::{PlatformError, desired, prepare, rights};

/// What an installation will ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Requirements {
    /// The release.
    pub release: String,
    /// Sum of all requests.
    pub requests: Amount,
    /// Requests of the largest pod.
    pub largest_pod: Amount,
    /// Number of pods.
    pub pods: u32,
    /// Volumes.
    pub volumes: Vec<Volume>,
    /// DNS records.
    pub records: Vec<String>,
    /// Names in the certificate of the base domain.
    pub certificate_names: Vec<String>,
    /// Who issues it, and what they have to do.
    pub certificate: String,
    /// The flow matrix.
    pub flows: Vec<Connection>,
    /// Rights of whoever installs.
    pub rights: Vec<Right>,
    /// Rights that whoever takes it away needs beside those.
    pub removal_rights: Vec<Right>,
    /// Images by name and tag.
    pub images: Vec<String>,
}

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// Whose.
    pub owner: String,
    /// Size as a Kubernetes quantity.
    pub size: String,
    /// Storage class; none: the default.
    pub class: Option<String>,
}

/// A step of an installation or of its removal, for whoever reads its id in a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepSpec {
    /// Its id: `gate.dns`.
    pub id: String,
    /// One line in the imperative.
    pub title: String,
    /// Ids of the steps before it.
    pub after: Vec<String>,
    /// What is done.
    pub action: Action,
    /// The rights it needs.
    pub rights: Vec<Right>,
}

/// Everything rendered without a cluster. The id of the installation does not matter for what is asked of it.
pub(crate) fn offline(answers: &Answers) -> Result<Rendered, PlatformError> {
    let release = airlock_render::release()?;
    Ok(airlock_render::render(&RenderInput { answers, base: &answers.base()?, release: &release, lock: None, facts: None, installation: "offline", profile: None, tenant: None })?)
}

/// The hosts that an installation by these answers serves, by component.
pub(crate) fn hosts(answers: &Answers) -> Result<BTreeMap<String, Vec<HostName>>, PlatformError> {
    Ok(offline(answers)?.components.into_iter().map(|component| (component.name, component.hosts)).collect())
}

const RBAC: &str = "rbac.authorization.k8s.io";

/// What stands in the cluster by these answers and these deployments, as checks are told.
#[derive(Default)]
pub(crate) struct Standing {
    /// `NAMESPACE/NAME` of the accounts of components that ask for rights in the Kubernetes API; they bear the components' names.
    pub accounts_with_rights: Vec<String>,
    /// The accounts that pods run as.
    pub accounts: Vec<ObjectRef>,
    /// The Secrets that are made.
    pub secrets: Vec<ObjectRef>,
    /// Every role and binding of RBAC among the objects.
    pub declared_rights: Vec<Object>,
    /// What making their plans anew reads.
    pub plan_reads: BTreeSet<Right>,
    /// Servers inside the cluster whose certificates the renewer looks after. The edge's is that of the hosts, which are asked from outside.
    pub servers: Vec<WorldServer>,
}

impl Standing {
    fn add(&mut self, namespace: &str, rendered: Rendered) -> Result<(), PlatformError> {
        for component in rendered.components {
            if !component.rights.is_empty() {
                self.accounts_with_rights.push(format!("{namespace}/{}", component.name));
            }
            self.accounts.extend(component.objects.iter().map(Object::reference).filter(|object| object.kind == "ServiceAccount").cloned());
            self.secrets.extend(component.secrets.iter().map(SecretSpec::object).chain(component.certificates.iter().map(CertificateSpec::object)));
            for list in component.objects.iter().filter_map(|object| object.manifest()["data"][names::RENEWALS_KEY].as_str()) {
                let renewables: Vec<Renewable> = serde_json::from_str(list)?;
                self.servers.extend(renewables.into_iter().filter(|renewable| renewable.certificate.name != names::BASE_DOMAIN_CERTIFICATE).flat_map(servers));
            }
            self.plan_reads.extend(component.objects.iter().map(|object| rights::of_look(object.reference())));
            self.declared_rights.extend(component.objects.into_iter().filter(|object| object.reference().group() == RBAC));
        }
        Ok(())
    }
}

fn servers(of: Renewable) -> impl Iterator<Item = WorldServer> {
    let secret = ObjectRef::namespaced("v1", "Secret", &of.certificate.namespace, &of.certificate.name);
    of.served.into_iter().map(move |at| WorldServer { at, secret: secret.clone(), certificate: Err("it was not read".to_owned()) })
}

/// Renders what stands there, without a cluster.
pub(crate) fn standing(answers: &Answers, namespaces: &[String], deployments: &[WorldDeployment]) -> Result<Standing, PlatformError> {
    let (release, base) = (airlock_render::release()?, answers.base()?);
    let mut standing = Standing { plan_reads: rights::of_plan(&answers.namespaces.platform, namespaces, rights::Others::of(answers)), ..Standing::default() };
    standing.add(&answers.namespaces.platform, offline(answers)?)?;
    for deployment in deployments {
        let name = deployment.name.parse().map_err(|error: DeploymentNameError| PlatformError::DeploymentName { text: error.to_string() })?;
        let tenant = Some(TenantInput { name: &name, deployment: &AirflowDeployment::named(&name), incarnation: None, kept: true });
        let rendered = airlock_render::render(&RenderInput { answers, base: &base, release: &release, lock: None, facts: None, installation: "offline", profile: None, tenant })?;
        standing.add(&deployment.namespace, rendered)?;
    }
    Ok(standing)
}

/// Every step of an installation by these answers, in order.
pub fn steps(answers: &Answers) -> Result<Vec<StepSpec>, PlatformError> {
    let steps = desired::steps(answers, &answers.base()?, &offline(answers)?, None, None)?;
    Ok(steps
        .into_iter()
        .map(|step| StepSpec { id: step.id.0, title: step.title, after: step.after.into_iter().map(|id| id.0).collect(), rights: rights::of_action(&step.action), action: step.action })
        .collect())
}

/// Computes the requirements of these answers.
pub fn requirements(answers: &Answers) -> Result<Requirements, PlatformError> {
    let base = answers.base()?;
    let release = airlock_render::release()?;
    let rendered = offline(answers)?;
    let steps = desired::steps(answers, &base, &rendered, None, None)?;
    let mut needed: Vec<Right> = steps.iter().flat_map(|step| rights::of_action(&step.action)).collect();
    needed.extend(rights::of_run(&answers.namespaces.platform, &prepare::namespaces(answers), rights::Others::of(answers)));
    needed.sort();
    needed.dedup();
    let objects = steps.iter().flat_map(|step| if let Action::Apply(objects) = &step.action { objects.as_slice() } else { &[] });
    let records = steps
        .iter()
        .find_map(|step| match &step.action {
            Action::Await(airlock_model::Gate::Dns { records, .. }) => Some(records.clone()),
            _ => None,
        })
        .unwrap_or_default();
    Ok(Requirements {
        release: release.version.to_string(),
        requests: rendered.requests,
        largest_pod: rendered.largest_pod,
        pods: rendered.pods,
        volumes: objects.flat_map(volumes).collect(),
        certificate_names: certificate_names(&rendered),
        certificate: issuer(answers).to_owned(),
        records,
        flows: rendered.connections,
        removal_rights: removal_rights(&steps, &answers.namespaces.platform, &needed),
        rights: needed,
        images: crate::images::of(&release, answers, None)?.images.values().map(|image| image.reference.to_string()).collect(),
    })
}

/// The names of the one certificate that is of hosts.
fn certificate_names(rendered: &Rendered) -> Vec<String> {
    let of_hosts = |spec: &&airlock_model::CertificateSpec| spec.name == names::BASE_DOMAIN_CERTIFICATE;
    let spec = rendered.components.iter().flat_map(|component| &component.certificates).find(of_hosts);
    match spec.map(|spec| &spec.subject) {
        Some(CertificateSubject::Server { names, .. } | CertificateSubject::Supplied { names, .. }) => names.clone(),
        _ => Vec::new(),
    }
}

/// Who issues the certificate of the base domain, in a sentence.
fn issuer(answers: &Answers) -> &'static str {
    let by = |way: fn(&Dns01) -> bool| answers.tls.acme.as_ref().is_some_and(|acme| way(&acme.dns01));
    match answers.tls.source {
        TlsSource::PrivateCa => "issued by an authority of Airlock's own; nodes and users are asked to trust it (tls.source: private-ca)",
        TlsSource::Csr => "issued by an authority of yours: the first run ends with a request for it, and `airlock tls import` takes the answer (csr)",
        TlsSource::Files => "taken from files that you give, with their key (files)",
        TlsSource::Secret => "copied from a Secret that you keep (secret)",
        TlsSource::Acme if by(|dns01| dns01.manual) => "ordered from an ACME authority when your people have set the DNS records of a ticket, for each certificate anew (acme)",
        TlsSource::Acme if by(|dns01| dns01.exec.is_some()) => {
            "ordered from an ACME authority by `airlock install`, which has to be run again before it ends; shown by records that a program of yours sets in DNS, on the workstation (acme)"
        }
        TlsSource::Acme => "ordered from an ACME authority, and again before it ends; shown by records that Airlock sets in DNS (acme)",
        TlsSource::CertManager => "issued by an issuer of the cluster's cert-manager, which also renews it; Airlock writes a Certificate and takes over what comes of it (cert-manager)",
    }
}

/// All that steps make is deleted, and the claims that a controller made of a `StatefulSet`'s template; before that, Airflow
/// deployments are looked for.
fn removal_rights(steps: &[desired::DesiredStep], platform: &str, needed: &[Right]) -> Vec<Right> {
    let made = steps.iter().flat_map(|step| match &step.action {
        Action::Run(job) => vec![job.reference().clone()],
        Action::Apply(objects) => objects.iter().map(|object| object.reference().clone()).collect(),
        Action::Generate(spec) => vec![spec.object()],
        Action::Issue(spec) => vec![spec.object(), ObjectRef::namespaced("v1", "ConfigMap", &spec.namespace, "")],
        Action::Delete(_) | Action::Push(_) | Action::Probe(_) | Action::Await(_) => Vec::new(),
    });
    let claims = ObjectRef::namespaced("v1", "PersistentVolumeClaim", platform, "");
    let mut rights = rights::of_action(&Action::Delete(made.chain([claims]).collect()));
    // Airflow deployments are found by the labels of their namespaces; a platform does not go before them.
    rights.push(Right { group: String::new(), resource: "namespaces".into(), verb: "list".into(), namespace: None });
    rights.sort();
    rights.retain(|right| !needed.contains(right));
    rights
}

fn volumes(object: &Object) -> Vec<Volume> {
    let volume = |claim: &Value| Volume {
        owner: object.reference().to_string(),
        size: claim.pointer("/spec/resources/requests/storage").and_then(Value::as_str).unwrap_or_default().to_owned(),
        class: claim.pointer("/spec/storageClassName").and_then(Value::as_str).map(str::to_owned),
    };
    match object.reference().kind.as_str() {
        "PersistentVolumeClaim" => vec![volume(object.manifest())],
        "StatefulSet" => object.manifest().pointer("/spec/volumeClaimTemplates").and_then(Value::as_array).map(|claims| claims.iter().map(volume).collect()).unwrap_or_default(),
        _ => Vec::new(),
    }
}
