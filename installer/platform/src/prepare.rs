//! From answers and a cluster to a plan with its findings: survey, lock, render, observe, plan, rehearse. It writes nothing.

use airlock_cluster::{Cluster, SurveyScope};
use airlock_model::answers::Answers;
use airlock_model::prometheus::Asked;
use airlock_model::{Action, Amount, Digest, Facts, Finding, HostName, IssuerReference, Object, Operation, Plan, Planned, Profile, Record, Release, Right, Snapshot, Verdict, with_causes};
use airlock_render::{RenderInput, Rendered};
use airlock_tls::Judgement;
use futures::{StreamExt, stream};
use jiff::Timestamp;

use crate::requirements::requirements;
use crate::rights::Others;
use crate::{PlatformError, certificate, desired, images, judged_by, observe, planning, requests, rights};

/// Objects that are rehearsed at the same time.
const AT_ONCE: usize = 16;

/// The check that judges the rights of the caller.
const RIGHTS_CHECK: &str = "RGT-001";

/// A plan and everything that was learned on the way to it.
pub struct Prepared {
    /// The answers it was made from.
    pub answers: Answers,
    /// The base domain.
    pub base: HostName,
    /// What the survey found.
    pub facts: Facts,
    /// Survey and rehearsal in the language of checks.
    pub findings: Vec<Finding>,
    /// The plan.
    pub plan: Plan,
    /// Its digest.
    pub digest: Digest,
    /// The record of the installation, when there is one.
    pub record: Option<Record>,
    /// What is to be said of the certificate of the base domain, where somebody else issues it.
    pub certificate: Option<Judgement>,
    /// What the result will be judged by.
    pub profile: Profile,
}

impl Prepared {
    /// The findings that keep the plan from being carried out.
    pub fn blocking(&self) -> Vec<Finding> {
        self.findings.iter().filter(|finding| airlock_compliance::blocks(finding)).cloned().collect()
    }

    /// The installation is as it should be, but nobody has shown it since, or not by this profile as it is now.
    pub fn needs_verification(&self) -> bool {
        // What weighs more than a warning is no proof.
        self.record.as_ref().is_none_or(|record| !record.complete || !judged_by::was_verified(record, &self.answers, &self.profile) || record.verdict.is_none_or(|verdict| verdict > Verdict::Warn))
    }

    /// Who runs it, as the API server knows the caller.
    pub(crate) fn caller(&self) -> String {
        self.facts.caller.known().map_or_else(|| "unknown caller".to_owned(), |caller| caller.user.clone())
    }
}

/// The namespaces that the answers name.
pub(crate) fn namespaces(answers: &Answers) -> Vec<String> {
    vec![answers.namespaces.platform.clone(), answers.namespaces.probes.clone()]
}

/// The head of a plan for what was rendered.
pub(crate) fn head(facts: &Facts, release: &Release, images: &airlock_model::ImageLock, rendered: &Rendered, of: PlanOf<'_>) -> Result<planning::Head, PlatformError> {
    Ok(planning::Head {
        cluster_uid: known("the cluster's identity", &facts.cluster_uid)?,
        namespace: of.namespace.to_owned(),
        installation: Some(of.installation.to_owned()),
        release: release.version.to_string(),
        answers: of.answers,
        images: images.clone(),
        requests: rendered.requests,
        connections: rendered.connections.clone(),
        hosts: rendered.components.iter().flat_map(|component| component.hosts.iter().cloned()).collect(),
        run_rights: rights::of_run(of.namespace, of.namespaces, of.others),
    })
}

/// What a plan is about.
pub(crate) struct PlanOf<'a> {
    /// Where lease and records are.
    pub namespace: &'a str,
    /// All namespaces that it uses.
    pub namespaces: &'a [String],
    /// The installation.
    pub installation: &'a str,
    /// Who beside Airlock has a part in it.
    pub others: Others<'a>,
    /// Digest of the document that it brings the cluster to.
    pub answers: Digest,
}

/// Surveys the cluster for these answers.
pub(crate) async fn survey(cluster: &Cluster, answers: &Answers) -> Result<Facts, PlatformError> {
    Ok(cluster.survey(&SurveyScope { namespaces: namespaces(answers) }).await?)
}

/// What a cluster is like, and whether the caller might install there by these answers; no plan is made, so none is judged.
pub async fn inspect(cluster: &Cluster, answers: &Answers) -> Result<(Facts, Vec<Finding>), PlatformError> {
    let facts = survey(cluster, answers).await?;
    let rights = cluster.may(&requirements(answers)?.rights).await;
    let planned = Planned { rights, prometheus: Asked::by(answers), issuer: IssuerReference::by(answers).cloned(), ..Planned::default() };
    let world = airlock_model::World { platform: answers.namespaces.platform.clone(), namespaces: namespaces(answers), ..Default::default() };
    let unplanned = Snapshot { world, facts: Some(facts.clone()), ..Snapshot::default() };
    let mut findings = airlock_compliance::preflight(&unplanned);
    let of_rights = airlock_compliance::preflight(&Snapshot { planned: Some(planned), ..unplanned });
    let at = findings.iter().position(|finding| finding.check == RIGHTS_CHECK).unwrap_or(findings.len());
    findings.retain(|finding| finding.check != RIGHTS_CHECK);
    findings.splice(at..at, of_rights.into_iter().filter(|finding| finding.check == RIGHTS_CHECK));
    Ok((facts, findings))
}

/// Makes the plan for these answers on this cluster. Where the caller may not even look, all missing rights are found at once.
pub async fn prepare(cluster: &Cluster, answers: &Answers) -> Result<Prepared, PlatformError> {
    match Box::pin(look_and_plan(cluster, answers)).await {
        Err(error) if error.is_missing_right() => Err(missing_rights(cluster, answers).await?.map_or(error, PlatformError::Blocked)),
        prepared => prepared,
    }
}

/// The findings on rights for a whole installation; none when every right is there.
pub(crate) async fn missing_rights(cluster: &Cluster, answers: &Answers) -> Result<Option<Vec<Finding>>, PlatformError> {
    let found = refused_rights(cluster, &requirements(answers)?.rights).await;
    Ok((!found.is_empty()).then_some(found))
}

/// The findings on those of the rights that the caller does not have.
pub(crate) async fn refused_rights(cluster: &Cluster, rights: &[Right]) -> Vec<Finding> {
    let planned = Planned { rights: cluster.may(rights).await, ..Planned::default() };
    let found = airlock_compliance::preflight(&Snapshot { planned: Some(planned), ..Snapshot::default() });
    found.into_iter().filter(|finding| finding.check == RIGHTS_CHECK && airlock_compliance::blocks(finding)).collect()
}

/// A plan before its rehearsal, and what it was made of.
struct Draft {
    base: HostName,
    facts: Facts,
    record: Option<Record>,
    resolved: images::Resolved,
    supplied: Option<certificate::Looked>,
    plan: Plan,
}

/// The plan for the answers of an installation as such, neither rehearsed nor shown. Files that they name may be on another machine, so the
/// profile is the installed one.
pub(crate) async fn drafted(cluster: &Cluster, answers: &Answers, profile: &Profile) -> Result<Plan, PlatformError> {
    Ok(Box::pin(draft(cluster, answers, profile)).await?.plan)
}

async fn look_and_plan(cluster: &Cluster, answers: &Answers) -> Result<Prepared, PlatformError> {
    // The result will be judged by it: one that is none must be heard of before the first write.
    let profile = judged_by::named(answers)?;
    let Draft { base, facts, record, resolved, supplied, plan } = Box::pin(draft(cluster, answers, &profile)).await?;
    let digest = plan.digest()?;
    let findings = if plan.is_empty() { Vec::new() } else { rehearse(cluster, answers, namespaces(answers), &facts, &plan, resolved).await? };
    Ok(Prepared { answers: answers.clone(), base, facts, findings, plan, digest, record, certificate: supplied.and_then(|supplied| supplied.judgement), profile })
}

async fn draft(cluster: &Cluster, answers: &Answers, profile: &Profile) -> Result<Draft, PlatformError> {
    let copy = judged_by::copy(answers, profile)?;
    let base = answers.base()?;
    let namespace = answers.namespaces.platform.clone();
    let release = airlock_render::release()?;
    let (facts, record) = futures::join!(survey(cluster, answers), airlock_engine::record::read(cluster, &namespace));
    let (facts, record) = (facts?, record?);
    same_cluster(answers, &facts)?;
    judged_by::fits(profile, &facts.version)?;
    if let Some(record) = &record {
        keep_deployments(cluster, record, answers).await?;
    }
    let resolved = images::resolve(&images::of(&release, answers, Some(&facts))?, record.as_ref(), answers).await?;
    let installation = installation(&facts, record.as_ref(), &namespace)?;
    let input = RenderInput {
        answers,
        base: &base,
        release: &release,
        lock: resolved.missing.is_empty().then_some(&resolved.lock),
        facts: Some(&facts),
        installation: &installation,
        profile: copy.as_deref(),
        tenant: None,
    };
    let rendered = airlock_render::render(&input)?;
    let lock = resolved.missing.is_empty().then_some(&resolved.lock);
    let steps = desired::steps(answers, &base, &rendered, lock, Some(&facts))?;
    let supplied = certificate::look(cluster, &steps).await?;
    let mut installed = observe::installed(cluster, &namespace, record.clone(), &steps).await?;
    certificate::mark(&mut installed, supplied.as_ref());
    installed.unwanted = observe::unwanted(cluster, &installed.inventory, &steps).await?;
    let of = PlanOf { namespace: &namespace, namespaces: &namespaces(answers), installation: &installation, others: Others::of(answers), answers: Digest::of_canonical(answers)? };
    let head = head(&facts, &release, &resolved.lock, &rendered, of)?;
    let plan = planning::plan(head, steps, &planning::Circumstances { installed: &installed, now: Timestamp::now(), tenant: None })?;
    Ok(Draft { base, facts, record, resolved, supplied, plan })
}

/// Answers that name a cluster are for no other one.
pub(crate) fn same_cluster(answers: &Answers, facts: &Facts) -> Result<(), PlatformError> {
    let Some(meant) = &answers.cluster else { return Ok(()) };
    let found = known("the cluster's identity", &facts.cluster_uid)?;
    if meant.uid == found { Ok(()) } else { Err(PlatformError::OtherCluster { expected: meant.uid.as_str().into(), found }) }
}

/// Answers that would take the database, the namespaces, or the hosts of Airflow deployments away from under them are refused.
pub(crate) async fn keep_deployments(cluster: &Cluster, record: &Record, answers: &Answers) -> Result<(), PlatformError> {
    if record.answers.is_null() {
        return Ok(());
    }
    let former: Answers = serde_json::from_value(record.answers.clone())?;
    let server = |answers: &Answers| answers.components.database.server.as_ref().map(|server| (server.host.clone(), server.port));
    let stands = former.components.database.mode == answers.components.database.mode
        && server(&former) == server(answers)
        && former.namespaces.tenants == answers.namespaces.tenants
        && former.hosts.tenant == answers.hosts.tenant
        && former.base_domain == answers.base_domain;
    if stands {
        return Ok(());
    }
    let found = crate::deployment::namespaces(cluster, &record.installation).await?;
    if found.is_empty() { Ok(()) } else { Err(PlatformError::DeploymentsLeft { names: found.into_iter().map(|(name, _)| name).collect() }) }
}

/// What a survey found, or an error that it did not.
pub(crate) fn known<T: Clone>(what: &'static str, fact: &airlock_model::Fact<T>) -> Result<T, PlatformError> {
    fact.known().cloned().ok_or_else(|| PlatformError::FactMissing { what, why: fact.missing().unwrap_or_default().into() })
}

/// The id of the installation: from its namespace or record, else one that follows from cluster and namespace, so that
/// the same answers give the same plan, digest included, also before anything exists.
fn installation(facts: &Facts, record: Option<&Record>, namespace: &str) -> Result<String, PlatformError> {
    let labelled = facts.namespaces.known().and_then(|namespaces| namespaces.get(namespace)).and_then(|namespace| namespace.installation.clone());
    if let Some(id) = labelled.or_else(|| record.map(|record| record.installation.clone())) {
        return Ok(id);
    }
    let cluster = known("the cluster's identity", &facts.cluster_uid)?;
    Ok(Digest::of(format!("{cluster}/{namespace}").as_bytes()).short().to_owned())
}

/// Is this plan allowed here, and does it fit? Rights, server-side dry run, capacity.
pub(crate) async fn rehearse(cluster: &Cluster, answers: &Answers, namespaces: Vec<String>, facts: &Facts, plan: &Plan, resolved: images::Resolved) -> Result<Vec<Finding>, PlatformError> {
    let objects: Vec<Object> = plan
        .steps
        .iter()
        .flat_map(|step| match &step.action {
            Action::Apply(objects) => objects.clone(),
            // One that is run again goes before it comes; beside the former it would be refused.
            Action::Run(job) if step.changes.iter().all(|change| change.operation != Operation::Update) => vec![job.as_ref().clone()],
            _ => Vec::new(),
        })
        .collect();
    let needed = plan.rights();
    let (rights, refused) = futures::join!(cluster.may(&needed), dry_run(cluster, facts, &objects));
    let created: Vec<&Object> =
        objects.iter().filter(|object| plan.steps.iter().flat_map(|step| &step.changes).any(|change| change.object == *object.reference() && change.operation == Operation::Create)).collect();
    let pods: Vec<requests::PodRequests> = created.iter().filter_map(|object| requests::of_object(object)).collect();
    let planned = Planned {
        requests: pods.iter().map(|pod| pod.each * u64::from(pod.count)).sum(),
        largest_pod: pods.iter().map(|pod| pod.each).fold(Amount::default(), |a, b| Amount { cpu_millis: a.cpu_millis.max(b.cpu_millis), memory_bytes: a.memory_bytes.max(b.memory_bytes) }),
        pods: pods.iter().map(|pod| pod.count).sum(),
        storage_classes: created.iter().flat_map(|object| requests::storage_classes(object)).collect(),
        namespaces: namespaces.clone(),
        rights,
        refused,
        images: resolved.lock,
        missing_images: resolved.missing,
        objects,
        prometheus: Asked::by(answers),
        // An Airflow deployment has no part in the certificate of the base domain.
        issuer: IssuerReference::by(answers).filter(|_| plan.namespace == answers.namespaces.platform).cloned(),
    };
    let world = airlock_model::World { platform: plan.namespace.clone(), namespaces, ..Default::default() };
    Ok(airlock_compliance::preflight(&Snapshot { world, facts: Some(facts.clone()), planned: Some(planned), ..Default::default() }))
}

/// Server-side dry run of each object whose namespace exists already; the others cannot be asked about yet, nor can bindings to Roles
/// that come with them, for which the caller's rights count.
async fn dry_run(cluster: &Cluster, facts: &Facts, objects: &[Object]) -> Vec<(airlock_model::ObjectRef, airlock_model::Untrusted<String>)> {
    let exists = |object: &&Object| match &object.reference().namespace {
        Some(namespace) => facts.namespaces.known().is_some_and(|namespaces| namespaces.contains_key(namespace)),
        None => true,
    };
    stream::iter(objects.iter().filter(exists).filter(|object| !object.binds_one_of(objects)))
        .map(|object| async move { cluster.dry_run(object).await.err().map(|error| (object.reference().clone(), with_causes(&error).into())) })
        .buffered(AT_ONCE)
        .filter_map(|refused| async move { refused })
        .collect()
        .await
}
