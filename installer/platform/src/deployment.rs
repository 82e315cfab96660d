//! Airflow deployments: each a document, a namespace, a database, and a record of its own, planned and carried out like the
//! platform itself. Lease and record are in the deployment's own namespace, so that two of them never wait for each other.

mod list;
mod quota;
mod remove;

use airlock_cluster::{Cluster, SurveyScope};
use airlock_engine::{ApplyOptions, RunOutcome, Stop};
use airlock_model::answers::{Answers, Mode};
use airlock_model::prometheus::Asked;
use airlock_model::{
    AirflowDeployment, Approval, ApprovedBy, ApprovedPlan, DeploymentName, Digest, Events, Facts, Finding, HostName, ImageLock, LockedImage, Plan, Record, Secret, SecretKeyRef, Untrusted,
};
use airlock_render::{RenderInput, Rendered, TenantInput};
use jiff::Timestamp;

use crate::prepare::PlanOf;
use crate::rights::Others;
use crate::{PlatformError, desired, images, observe, planning, prepare as preparing, requirements, verify};

pub use list::{DeploymentStatus, PartStatus, behind, list, show};
pub(crate) use list::{drafted, namespaces};
pub use remove::{DeploymentRemoval, removal, remove};

/// The image of `templates/images.yaml` that a deployment's document can replace.
const AIRFLOW_IMAGE: &str = "airflow";
/// Who logs in first.
pub const ADMINISTRATOR: &str = "admin";
/// The Secret in a deployment's namespace that holds the password of the first login.
pub(crate) const ADMINISTRATOR_SECRET: &str = "airflow-administrator";
/// The Secret in a deployment's namespace that holds the password of the role that owns its database.
pub(crate) const DATABASE_PASSWORD: &str = "airflow-database-password";

/// A plan for one deployment and everything that was learned on the way to it.
pub struct PreparedDeployment {
    /// The document.
    pub deployment: AirflowDeployment,
    /// Its name.
    pub name: DeploymentName,
    /// Its namespace.
    pub namespace: String,
    /// Its host.
    pub host: HostName,
    /// Survey and rehearsal in the language of checks.
    pub findings: Vec<Finding>,
    /// The plan.
    pub plan: Plan,
    /// Its digest.
    pub digest: Digest,
    /// Its record, when it exists already.
    pub record: Option<Record>,
    caller: String,
}

impl PreparedDeployment {
    /// The findings that keep the plan from being carried out.
    pub fn blocking(&self) -> Vec<Finding> {
        self.findings.iter().filter(|finding| airlock_compliance::blocks(finding)).cloned().collect()
    }
}

/// The platform that deployments are on.
pub(crate) struct Platform {
    pub(crate) record: Record,
    pub(crate) answers: Answers,
}

impl Platform {
    /// Reads what is installed; deployments need a whole one with a database.
    pub(crate) async fn read(cluster: &Cluster, namespace: &str) -> Result<Self, PlatformError> {
        let (record, answers) = verify::recorded(cluster, namespace).await?;
        if !record.complete {
            return Err(PlatformError::PlatformIncomplete { namespace: namespace.to_owned() });
        }
        if answers.components.database.mode == Mode::Off {
            return Err(PlatformError::NoDatabase);
        }
        Ok(Self { record, answers })
    }

    /// The namespace of a deployment; one that the platform itself uses is refused.
    pub(crate) fn namespace(&self, name: &DeploymentName) -> Result<String, PlatformError> {
        let namespace = name.namespace(&self.answers);
        if preparing::namespaces(&self.answers).contains(&namespace) {
            return Err(PlatformError::DeploymentName { text: format!("`{name}` would be in the namespace {namespace}, which is the platform's; choose another name") });
        }
        Ok(namespace)
    }

    /// A deployment as this program makes it by its recorded document, as far as that is known without a survey.
    pub(crate) fn as_recorded(&self, record: &Record) -> Result<Rendered, PlatformError> {
        let deployment: AirflowDeployment = serde_json::from_value(record.answers.clone())?;
        self.render(&named(&deployment)?, &deployment, Some(&self.record.images), None)
    }

    fn render(&self, name: &DeploymentName, deployment: &AirflowDeployment, lock: Option<&ImageLock>, facts: Option<&Facts>) -> Result<Rendered, PlatformError> {
        let input = RenderInput {
            answers: &self.answers,
            base: &self.answers.base()?,
            release: &airlock_render::release()?,
            lock,
            facts,
            installation: &self.record.installation,
            profile: None,
            tenant: Some(TenantInput { name, deployment, incarnation: None, kept: true }),
        };
        Ok(airlock_render::render(&input)?)
    }

    /// The namespaces that a plan for a deployment touches: its own, and the platform's for its database.
    fn namespaces(&self, namespace: &str) -> Vec<String> {
        vec![namespace.to_owned(), self.answers.namespaces.platform.clone()]
    }
}

/// A plan before its rehearsal, and what it was made of.
struct Draft {
    name: DeploymentName,
    namespace: String,
    host: HostName,
    plan: Plan,
    facts: Facts,
    resolved: images::Resolved,
    record: Option<Record>,
}

/// Makes the plan that brings the cluster to the document. It writes nothing.
pub async fn prepare(cluster: &Cluster, platform: &str, deployment: &AirflowDeployment) -> Result<PreparedDeployment, PlatformError> {
    let platform = Platform::read(cluster, platform).await?;
    let Draft { name, namespace, host, plan, facts, resolved, record } = Box::pin(draft(cluster, &platform, deployment)).await?;
    let digest = plan.digest()?;
    let findings = if plan.is_empty() { Vec::new() } else { preparing::rehearse(cluster, &platform.answers, vec![namespace.clone()], &facts, &plan, resolved).await? };
    Ok(PreparedDeployment { deployment: deployment.clone(), name, namespace, host, findings, plan, digest, record, caller: caller(&facts) })
}

async fn draft(cluster: &Cluster, platform: &Platform, deployment: &AirflowDeployment) -> Result<Draft, PlatformError> {
    let name = named(deployment)?;
    let namespace = platform.namespace(&name)?;
    let base = platform.answers.base()?;
    let host = platform.answers.hosts.tenant_host(&name, &base)?;
    if requirements::hosts(&platform.answers)?.values().flatten().any(|other| *other == host) {
        return Err(PlatformError::DeploymentName { text: format!("`{name}` would have the host {host}, which is the platform's; choose another name") });
    }
    let release = airlock_render::release()?;
    let namespaces = platform.namespaces(&namespace);
    let scope = SurveyScope { namespaces: namespaces.clone() };
    let (facts, record) = futures::join!(cluster.survey(&scope), airlock_engine::record::read(cluster, &namespace));
    let (facts, record) = (facts?, record?);
    if record.is_none() && !platform.answers.tls.certifies(&host) {
        return Err(PlatformError::HostNotCertified { host });
    }
    let resolved = lock(platform, record.as_ref(), deployment).await?;
    let known = resolved.missing.is_empty().then_some(&resolved.lock);
    let rendered = platform.render(&name, deployment, known, Some(&facts))?;
    quota::check(&rendered, &namespace)?;
    let steps = desired::deployment_steps(&rendered);
    let mut installed = observe::installed(cluster, &namespace, record.clone(), &steps).await?;
    installed.unwanted = observe::unwanted(cluster, &installed.inventory, &steps).await?;
    let of = PlanOf {
        namespace: &namespace,
        namespaces: &namespaces,
        installation: &platform.record.installation,
        others: Others { is_watched: Asked::by(&platform.answers).is_some(), issuer: None },
        answers: Digest::of_canonical(deployment)?,
    };
    let head = preparing::head(&facts, &release, &used(&resolved.lock, &rendered), &rendered, of)?;
    let plan = planning::plan(head, steps, &planning::Circumstances { installed: &installed, now: Timestamp::now(), tenant: Some(name.as_str()) })?;
    Ok(Draft { name, namespace, host, plan, facts, resolved, record })
}

fn named(deployment: &AirflowDeployment) -> Result<DeploymentName, PlatformError> {
    deployment.name().map_err(|error| PlatformError::DeploymentName { text: error.to_string() })
}

fn caller(facts: &Facts) -> String {
    facts.caller.known().map_or_else(|| "unknown caller".to_owned(), |caller| caller.user.clone())
}

/// The images of the platform's record, with the deployment's own one in place of the release's Airflow.
async fn lock(platform: &Platform, own: Option<&Record>, deployment: &AirflowDeployment) -> Result<images::Resolved, PlatformError> {
    let mut resolved = images::Resolved { lock: platform.record.images.clone(), ..images::Resolved::default() };
    let Some(Ok(reference)) = deployment.image.as_ref().map(|image| image.parse::<airlock_model::ImageRef>()) else { return Ok(resolved) };
    let recorded = own.and_then(|record| record.images.get(AIRFLOW_IMAGE)).filter(|locked| locked.reference == reference);
    let digest = match recorded {
        Some(locked) => Ok(locked.digest.clone()),
        None => images::ask(&reference, &platform.answers).await?,
    };
    match digest {
        Ok(digest) => {
            resolved.lock.0.insert(AIRFLOW_IMAGE.to_owned(), LockedImage { name: AIRFLOW_IMAGE.to_owned(), reference, digest });
        }
        Err(reason) => {
            resolved.missing.insert(reference.to_string(), reason);
        }
    }
    Ok(resolved)
}

/// The images that its pods run, of all that are locked.
fn used(lock: &ImageLock, rendered: &Rendered) -> ImageLock {
    let is_used = |name: &String| rendered.components.iter().any(|component| component.images.contains(name));
    ImageLock(lock.0.iter().filter(|(name, _)| is_used(name)).map(|(name, image)| (name.clone(), image.clone())).collect())
}

/// Carries out a prepared plan that was agreed to; true when there was something to do. Blocking findings end it before the
/// first write.
pub async fn apply(cluster: &Cluster, prepared: &PreparedDeployment, by: ApprovedBy, options: &ApplyOptions, stop: &Stop, events: &dyn Events) -> Result<bool, PlatformError> {
    let blocking = prepared.blocking();
    if !blocking.is_empty() {
        return Err(PlatformError::Blocked(blocking));
    }
    if prepared.plan.is_empty() {
        return Ok(false);
    }
    let approved = ApprovedPlan::new(prepared.plan.clone(), Approval { plan: prepared.digest.clone(), by })?;
    let options = ApplyOptions { answers: serde_json::to_value(&prepared.deployment)?, by: prepared.caller.clone(), ..options.clone() };
    match Box::pin(airlock_engine::apply(cluster, &approved, &options, stop, events)).await? {
        RunOutcome::Done | RunOutcome::Waiting(_) => Ok(true),
    }
}

/// The first login of a deployment: the password that was made with it. Whoever calls shows it to nobody but the person who asked.
pub async fn first_login(cluster: &Cluster, platform: &str, name: &DeploymentName) -> Result<Secret<String>, PlatformError> {
    let platform = Platform::read(cluster, platform).await?;
    let at = SecretKeyRef { namespace: platform.namespace(name)?, name: ADMINISTRATOR_SECRET.into(), key: "value".into() };
    let missing = || PlatformError::NoDeployment { name: name.to_string() };
    let secret = cluster.secret(&at.namespace, &at.name).await?.ok_or_else(missing)?;
    let value = secret.data.get(&at.key).ok_or_else(missing)?;
    let text = std::str::from_utf8(value.expose()).map_err(|_| PlatformError::FactMissing { what: "the first login", why: Untrusted::from("its Secret holds no text") })?;
    Ok(Secret::new(text.to_owned()))
}
