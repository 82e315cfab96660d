//! The installation against a profile: what checks need is collected, attempts are made, checks judge.

mod drift;
pub(crate) mod inside;
pub mod permissions;
mod run;
pub(crate) mod stored;
mod surroundings;
mod templates;

use std::collections::{BTreeMap, BTreeSet};

use airlock_cluster::{Cluster, ClusterError};
use airlock_compliance::{Decisions, Judging, Report};
use airlock_engine::Halt;
use airlock_engine::attempts::{self, ProbeSite};
use airlock_model::answers::{Answers, DatabaseServer, Mode};
use airlock_model::prometheus::Asked;
use airlock_model::{
    Attempt, AttemptId, ControlPlane, ControlPlanePart, Credentials, CredentialsForm, DeploymentName, Drifted, Events, Fact, ImageLock, JudgingRun, Need, NodeReport, Outcome, PlanRun, Profile,
    Record, ScanReport, SecretKeyRef, Snapshot, SnapshotObject, StoredCertificate, World, WorldDatabase, WorldDeployment, names,
};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;

use crate::deployment::{ADMINISTRATOR, ADMINISTRATOR_SECRET, DATABASE_PASSWORD};
use crate::desired::{REGISTRY, REGISTRY_USER};
use crate::requirements::{hosts, standing};
use crate::{PlatformError, certificate, evidence, judged_by, leaks, observe, prepare};

/// Name and port of the bundled database server's Service.
const DATABASE: &str = "database";
const DATABASE_PORT: u16 = 5432;
/// The Secret with the authority that signed for a server of the customer's.
const DATABASE_AUTHORITY: &str = "database-authority";
/// The Secret with the certificate of the bundled server.
const DATABASE_CERTIFICATE: &str = "database-tls";
/// Why nothing is compared with what a server of the customer's presents.
const THEIRS: &str = "its certificate is the customer's";

/// What a compliance check will do, before it does it.
pub struct Intended {
    /// The profile.
    pub profile: Profile,
    /// What there is to check.
    pub world: World,
    /// The attempts, each once.
    pub attempts: Vec<Attempt>,
    /// What people decided about findings.
    pub decisions: Decisions,
    /// Reports on nodes that were handed over.
    pub node_reports: Vec<NodeReport>,
    /// Scans of images that were handed over.
    pub scan_reports: Vec<ScanReport>,
    needs: Vec<Need>,
}

/// The record of the installation, or an error that says that there is none.
pub async fn recorded(cluster: &Cluster, namespace: &str) -> Result<(Record, Answers), PlatformError> {
    let record = airlock_engine::record::read(cluster, namespace).await?.ok_or_else(|| PlatformError::NotInstalled { namespace: namespace.to_owned() })?;
    let answers: Answers = serde_json::from_value(record.answers.clone())?;
    Ok((record, answers))
}

/// Finds out what there is to check, and which attempts the profile asks for.
pub async fn intend(cluster: &Cluster, answers: &Answers, profile: Profile) -> Result<Intended, PlatformError> {
    judged_by::fits_here(cluster, &profile).await?;
    let world = Box::pin(world(cluster, answers)).await?;
    let needs = airlock_compliance::needs(&profile, &world)?;
    Ok(Intended { profile, world, attempts: attempts_in(&needs), decisions: Decisions::default(), node_reports: Vec::new(), scan_reports: Vec::new(), needs })
}

/// The attempts that a profile will ask for, before there is an installation; `server` is the API server's address.
pub(crate) fn foreseen(answers: &Answers, profile: &Profile, server: &str) -> Result<Vec<Attempt>, PlatformError> {
    let world = World { api_server: surroundings::api_server(server), ..world_of(answers, Vec::new())? };
    Ok(attempts_in(&airlock_compliance::needs(profile, &world)?))
}

/// Each attempt once.
fn attempts_in(needs: &[Need]) -> Vec<Attempt> {
    let attempts = needs.iter().filter_map(|need| if let Need::Attempt(attempt) = need { Some((attempt.id.clone(), attempt.as_ref().clone())) } else { None });
    attempts.collect::<BTreeMap<AttemptId, Attempt>>().into_values().collect()
}

/// Carries out what was intended and judges. What has to end before gives no report, and leaves no pod. With `passes`, what
/// passes stands in the report.
pub async fn judge(cluster: &Cluster, record: &Record, intended: &Intended, passes: bool, halt: &Halt, events: &dyn Events) -> Result<Report, PlatformError> {
    let site = site(record)?;
    // Before the attempts: their pods come and go, and are no part of what is judged.
    let reading = async { futures::join!(objects(cluster, intended), secret_values(cluster, intended), stored_certificate(cluster, intended), control_plane(cluster, intended)) };
    let (objects, values, stored_certificates, control_plane) = halt.or(Box::pin(reading)).await?;
    let templates = halt.or(templates::templates(cluster, &objects)).await?;
    let resting = async { futures::join!(judging_run(cluster, intended), drift(cluster, record, intended), plan_runs(cluster, record, intended)) };
    let (run, drift, plan_runs) = halt.or(Box::pin(resting)).await?;
    let outcomes = if intended.attempts.is_empty() { Vec::new() } else { attempts::carry_out(cluster, &intended.attempts, &site, halt, events).await? };
    let (leaks, logged, shared, strength, fernet_keys) = match values {
        None => (None, None, None, None, None),
        Some(Ok(looked)) => (Some(Ok(looked.leaks)), looked.logged, Some(Ok(looked.shared)), Some(Ok(looked.strength)), Some(Ok(looked.fernet_keys))),
        Some(Err(reason)) => (Some(Err(reason.clone())), Some(Err(reason.clone())), Some(Err(reason.clone())), Some(Err(reason.clone())), Some(Err(reason))),
    };
    let outcomes: BTreeMap<AttemptId, Outcome> = outcomes.into_iter().map(|outcome| (outcome.attempt.clone(), outcome)).collect();
    let answers: Answers = serde_json::from_value(record.answers.clone())?;
    let facts = if intended.needs.contains(&Need::Facts) { Some(halt.or(Box::pin(prepare::survey(cluster, &answers))).await??) } else { None };
    let planned = Some(airlock_model::Planned { images: images(cluster, record, &intended.world).await?, ..Default::default() });
    let snapshot = Snapshot {
        world: intended.world.clone(),
        at: Some(Timestamp::now()),
        facts,
        objects,
        templates,
        outcomes,
        leaks,
        logged,
        shared,
        strength,
        fernet_keys,
        stored_certificates,
        control_plane,
        run,
        drift,
        plan_runs,
        node_reports: intended.node_reports.clone(),
        scan_reports: intended.scan_reports.clone(),
        planned,
        ..Snapshot::default()
    };
    let report = airlock_compliance::judge_decided(&intended.profile, &snapshot, &intended.decisions, Judging { passes, workers: 1 })?;
    Ok(held_against(report, record))
}

/// With the installed profile, where it was judged by another.
fn held_against(report: Report, record: &Record) -> Report {
    let installed = record.profile.clone().filter(|installed| *installed != report.digest);
    Report { installed, ..report }
}

/// How attempts in pods are carried out.
pub(crate) fn site(record: &Record) -> Result<ProbeSite, PlatformError> {
    let image = record.images.get(names::OWN_IMAGE).ok_or_else(|| PlatformError::ImageNotLocked { name: names::OWN_IMAGE.into() })?;
    Ok(ProbeSite { image: image.pinned(), deadline: std::time::Duration::from_mins(2) })
}

/// The images of the platform and of its deployments, one of which may run its own.
async fn images(cluster: &Cluster, record: &Record, world: &World) -> Result<ImageLock, PlatformError> {
    let mut images = record.images.clone();
    for deployment in &world.deployments {
        let own = airlock_engine::record::read(cluster, &deployment.namespace).await?;
        images.0.extend(own.into_iter().flat_map(|record| record.images.0).map(|(name, image)| (format!("{}/{name}", deployment.name), image)));
    }
    Ok(images)
}

/// The Airflow deployments, by what stands for each in the platform's own namespace: to look there needs no right in the cluster.
pub(crate) async fn deployments(cluster: &Cluster, answers: &Answers) -> Result<Vec<WorldDeployment>, PlatformError> {
    let base = answers.base()?;
    let accounts = cluster.list("v1", "ServiceAccount", Some(&answers.namespaces.platform), Some(names::LABEL_TENANT)).await?;
    let named = accounts.iter().filter_map(|account| account.manifest["metadata"]["labels"][names::LABEL_TENANT].as_str()?.parse::<DeploymentName>().ok());
    let of = |name: DeploymentName| {
        let host = answers.hosts.tenant_host(&name, &base)?.to_string();
        Ok(deployment(&name, name.namespace(answers), host))
    };
    named.collect::<BTreeSet<_>>().into_iter().map(of).collect()
}

/// An Airflow deployment as attempts and checks speak of it.
pub(crate) fn deployment(name: &DeploymentName, namespace: String, host: String) -> WorldDeployment {
    let password = |secret: &str| Some(SecretKeyRef { namespace: namespace.clone(), name: secret.into(), key: "value".into() });
    let login = Credentials { username: ADMINISTRATOR.into(), password: password(ADMINISTRATOR_SECRET), form: CredentialsForm::Json };
    let role = Credentials { username: name.role(), password: password(DATABASE_PASSWORD), form: CredentialsForm::Basic };
    WorldDeployment { name: name.to_string(), namespace, host, login, role }
}

async fn world(cluster: &Cluster, answers: &Answers) -> Result<World, PlatformError> {
    let platform = &answers.namespaces.platform;
    let (served, authority, internal) =
        futures::join!(cluster.secret(platform, names::BASE_DOMAIN_CERTIFICATE), certificate::authority(cluster, answers), cluster.secret(platform, names::INTERNAL_CA));
    let served = served?;
    let certificate = served.as_ref().and_then(observe::certificate_facts).map(|facts| facts.fingerprint);
    let authority = authority?.filter(|authority| certificate::leads_to(served.as_ref(), authority));
    let internal_authority = internal?.and_then(|secret| text(&secret, names::BELIEVED));
    let database = match (answers.database_server(), answers.components.database.mode) {
        (Some(theirs), _) => Box::pin(their_database(cluster, answers, theirs)).await?,
        (None, Mode::Bundled) => match internal_authority.clone() {
            Some(authority) => Some(WorldDatabase { authority: Some(authority), certificate: stored::leaf(cluster, platform, DATABASE_CERTIFICATE).await, ..bundled_database(platform) }),
            None => None,
        },
        (None, _) => None,
    };
    let (deployments, nodes, services) = futures::join!(deployments(cluster, answers), surroundings::nodes(cluster), surroundings::services(cluster, platform));
    let mut known = world_of(answers, deployments?)?;
    let leaves = known.servers.iter_mut().map(|server| async {
        server.certificate = stored::leaf(cluster, server.secret.namespace.as_deref().unwrap_or_default(), &server.secret.name).await;
    });
    stream::iter(leaves).buffer_unordered(observe::AT_ONCE).collect::<()>().await;
    Ok(World { authority, certificate, internal_authority, database, nodes: Some(nodes), services: Some(services), api_server: surroundings::api_server(cluster.server()), ..known })
}

/// The server that Airlock installs, as it is known without a cluster.
fn bundled_database(platform: &str) -> WorldDatabase {
    WorldDatabase { host: format!("{DATABASE}.{platform}.svc"), port: DATABASE_PORT, authority: None, certificate: Err("it was not read".to_owned()), existing: false }
}

/// The customer's database server; none where the authority that the answers name is not in the cluster.
async fn their_database(cluster: &Cluster, answers: &Answers, server: &DatabaseServer) -> Result<Option<WorldDatabase>, PlatformError> {
    let authority = match answers.database_authorities() {
        [] => None,
        _ => match cluster.secret(&answers.namespaces.platform, DATABASE_AUTHORITY).await?.and_then(|secret| text(&secret, "ca.crt")) {
            Some(authority) => Some(authority),
            None => return Ok(None),
        },
    };
    Ok(Some(WorldDatabase { host: server.host.clone(), port: server.port, authority, certificate: Err(THEIRS.to_owned()), existing: true }))
}

fn text(secret: &airlock_cluster::SecretData, key: &str) -> Option<String> {
    secret.data.get(key).and_then(|value| String::from_utf8(value.expose().clone()).ok())
}

/// What the answers tell, and which deployments there are.
fn world_of(answers: &Answers, deployments: Vec<WorldDeployment>) -> Result<World, PlatformError> {
    let platform = answers.namespaces.platform.clone();
    let base = answers.base()?;
    let hosts = hosts(answers)?;
    let namespaces: Vec<String> = prepare::namespaces(answers).into_iter().chain(deployments.iter().map(|deployment| deployment.namespace.clone())).collect();
    let standing = standing(answers, &namespaces, &deployments)?;
    let registry = hosts.get(REGISTRY).and_then(|hosts| hosts.first()).map(ToString::to_string);
    Ok(World {
        base_domain: base.to_string(),
        platform: platform.clone(),
        probes: answers.namespaces.probes.clone(),
        namespaces,
        hosts: std::iter::once(&base).chain(hosts.values().flatten()).map(ToString::to_string).chain(deployments.iter().map(|deployment| deployment.host.clone())).map(|host| (host, None)).collect(),
        edge_port: 443,
        authority: None,
        certificate: None,
        registry,
        registry_credentials: Some(Credentials {
            username: REGISTRY_USER.into(),
            password: Some(SecretKeyRef { namespace: platform, name: "registry-password".into(), key: "value".into() }),
            form: CredentialsForm::Basic,
        }),
        accounts_with_rights: standing.accounts_with_rights,
        accounts: standing.accounts,
        secrets: standing.secrets,
        declared_rights: standing.declared_rights,
        plan_reads: standing.plan_reads,
        servers: standing.servers,
        internal_authority: None,
        receiver: answers.components.monitoring.as_ref().filter(|monitoring| monitoring.mode == Mode::Bundled).and(answers.alerts.receiver),
        is_watched_by_others: Asked::by(answers).is_some(),
        database: None,
        deployments,
        nodes: None,
        services: None,
        api_server: None,
    })
}

/// Live objects of every kind that a check asked for, in the installation's namespaces.
async fn objects(cluster: &Cluster, intended: &Intended) -> BTreeMap<String, Result<Vec<SnapshotObject>, String>> {
    let mut found: BTreeMap<String, Result<Vec<SnapshotObject>, String>> = BTreeMap::new();
    let mut asked = BTreeSet::new();
    for need in &intended.needs {
        let Need::Objects { api_version, kind } = need else { continue };
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        if !asked.insert((group, kind)) {
            continue;
        }
        let mut listed = of_kind(cluster, intended, api_version, kind).await;
        // Two groups of others may have a kind of one name: what of either was not read was not read.
        let key = airlock_compliance::manifests::key(group, kind);
        if let Some(other) = found.remove(&key) {
            listed = listed.and_then(|listed| other.map(|other| other.into_iter().chain(listed).collect()));
        }
        found.insert(key, listed);
    }
    found
}

async fn of_kind(cluster: &Cluster, intended: &Intended, api_version: &str, kind: &str) -> Result<Vec<SnapshotObject>, String> {
    let mut all = Vec::new();
    let namespaces = &intended.world.namespaces;
    if kind == "Namespace" {
        for name in namespaces {
            all.extend(cluster.get(&airlock_model::ObjectRef::cluster("v1", "Namespace", name)).await.map_err(|error| airlock_model::with_causes(&error))?.map(SnapshotObject::from));
        }
        return Ok(all);
    }
    for namespace in namespaces {
        let listed = match cluster.list(api_version, kind, Some(namespace), None).await {
            Err(ClusterError::KindUnknown { .. }) if may_be_absent(intended, api_version) => match cluster.version_with(api_version, kind).await {
                Ok(None) => return Ok(all),
                Ok(Some(version)) => cluster.list(&version, kind, Some(namespace), None).await,
                Err(error) => Err(error),
            },
            listed => listed,
        };
        let listed = listed.map_err(|error| airlock_model::with_causes(&error))?;
        // A kind of the cluster is listed as a whole, whichever namespace is named.
        let is_of_cluster = listed.iter().any(|live| live.object.namespace.is_none());
        all.extend(listed.into_iter().map(SnapshotObject::from));
        if is_of_cluster {
            break;
        }
    }
    Ok(all)
}

/// Groups that a cluster may not know: of policies, of ways in, and of certificates.
const PLUGINS: [&str; 8] =
    ["cilium.io/", "projectcalico.org/", "crd.projectcalico.org/", "crd.antrea.io/", "policy.networking.k8s.io/", "gateway.networking.k8s.io/", "route.openshift.io/", "cert-manager.io/"];
/// The group of reports of a scanner that runs in the cluster.
const SCANNER: &str = "aquasecurity.github.io/";

/// Where such an API is not installed there are no objects of its kinds; nor are there reports of a scanner, which is
/// missed unless files are handed over in their place.
fn may_be_absent(intended: &Intended, api_version: &str) -> bool {
    PLUGINS.iter().any(|group| api_version.starts_with(group)) || (!intended.scan_reports.is_empty() && api_version.starts_with(SCANNER))
}

/// Each value is read once, whatever is asked about it.
async fn secret_values(cluster: &Cluster, intended: &Intended) -> Option<Result<leaks::Looked, String>> {
    if !intended.needs.iter().any(|need| matches!(need, Need::SecretLeaks | Need::LoggedSecrets | Need::SharedSecrets | Need::SecretStrength | Need::FernetKeys)) {
        return None;
    }
    Some(leaks::find(cluster, &intended.world.namespaces, intended.needs.contains(&Need::LoggedSecrets)).await)
}

async fn control_plane(cluster: &Cluster, intended: &Intended) -> Option<ControlPlane> {
    let parts: Vec<ControlPlanePart> = intended.needs.iter().filter_map(|need| if let Need::ControlPlane(part) = need { Some(*part) } else { None }).collect();
    if parts.is_empty() { None } else { Some(cluster.control_plane(&parts).await) }
}

async fn judging_run(cluster: &Cluster, intended: &Intended) -> Option<JudgingRun> {
    if intended.needs.contains(&Need::Run) { Some(run::run(cluster, &intended.profile, &intended.world).await) } else { None }
}

async fn drift(cluster: &Cluster, record: &Record, intended: &Intended) -> Option<Result<Vec<Drifted>, String>> {
    if intended.needs.contains(&Need::Drift) { Some(drift::drift(cluster, record, &intended.world).await) } else { None }
}

async fn plan_runs(cluster: &Cluster, record: &Record, intended: &Intended) -> Option<Fact<BTreeMap<String, Fact<Vec<PlanRun>>>>> {
    if intended.needs.contains(&Need::PlanRuns) { Some(evidence::plan_runs::of_installation(cluster, &intended.world.platform, record).await) } else { None }
}

async fn stored_certificate(cluster: &Cluster, intended: &Intended) -> Option<Result<Vec<StoredCertificate>, String>> {
    if intended.needs.contains(&Need::StoredCertificate) { Some(stored::certificate(cluster, &intended.world).await.map(|stored| vec![stored])) } else { None }
}
