//! The installation against a profile: what checks need is collected, attempts are made, checks judge.

use std::collections::BTreeMap;

use airlock_cluster::Cluster;
use airlock_compliance::Report;
use airlock_engine::Halt;
use airlock_engine::attempts::{self, ProbeSite};
use airlock_model::answers::{Answers, Mode};
use airlock_model::{Attempt, AttemptId, Credentials, Events, LiveObject, Need, Outcome, Profile, Record, SecretKeyRef, SecretLeak, Snapshot, World, names};

use crate::desired::{REGISTRY, REGISTRY_USER};
use crate::requirements::{accounts_with_rights, hosts};
use crate::{PlatformError, leaks, observe, prepare};

/// What a compliance check will do, before it does it.
pub struct Intended {
    /// The profile.
    pub profile: Profile,
    /// What there is to check.
    pub world: World,
    /// The attempts, each once.
    pub attempts: Vec<Attempt>,
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
    let world = world(cluster, answers).await?;
    let needs = airlock_compliance::needs(&profile, &world)?;
    let mut attempts: BTreeMap<AttemptId, Attempt> = BTreeMap::new();
    for need in &needs {
        if let Need::Attempt(attempt) = need {
            attempts.insert(attempt.id.clone(), attempt.as_ref().clone());
        }
    }
    Ok(Intended { profile, world, attempts: attempts.into_values().collect(), needs })
}

/// Carries out what was intended and judges. What has to end before gives no report, and leaves no pod.
pub async fn judge(cluster: &Cluster, record: &Record, intended: &Intended, halt: &Halt, events: &dyn Events) -> Result<Report, PlatformError> {
    let site = site(record, &intended.world)?;
    let outcomes = async { if intended.attempts.is_empty() { Ok(Vec::new()) } else { attempts::carry_out(cluster, &intended.attempts, &site, halt, events).await } };
    let read = halt.or(async { futures::join!(objects(cluster, intended), secret_leaks(cluster, intended)) });
    let (outcomes, read) = futures::join!(outcomes, read);
    let (objects, leaks) = read?;
    let outcomes: BTreeMap<AttemptId, Outcome> = outcomes?.into_iter().map(|outcome| (outcome.attempt.clone(), outcome)).collect();
    let answers: Answers = serde_json::from_value(record.answers.clone())?;
    let facts = if intended.needs.contains(&Need::Facts) { Some(halt.or(Box::pin(prepare::survey(cluster, &answers))).await??) } else { None };
    let planned = Some(airlock_model::Planned { images: record.images.clone(), ..Default::default() });
    let snapshot = Snapshot { world: intended.world.clone(), facts, objects, outcomes, leaks, planned };
    Ok(airlock_compliance::judge(&intended.profile, &snapshot)?)
}

/// How attempts in pods are carried out.
pub(crate) fn site(record: &Record, world: &World) -> Result<ProbeSite, PlatformError> {
    let image = record.images.get(names::OWN_IMAGE).ok_or_else(|| PlatformError::ImageNotLocked { name: names::OWN_IMAGE.into() })?;
    Ok(ProbeSite { namespace: world.probes.clone(), image: image.pinned(), pull_secret: None, deadline: std::time::Duration::from_mins(2) })
}

async fn world(cluster: &Cluster, answers: &Answers) -> Result<World, PlatformError> {
    let platform = answers.namespaces.platform.clone();
    let base = answers.base()?;
    let hosts = hosts(answers)?;
    let registry = hosts.get(REGISTRY).and_then(|hosts| hosts.first()).map(ToString::to_string);
    let (served, authority) = futures::join!(cluster.secret(&platform, names::BASE_DOMAIN_CERTIFICATE), cluster.secret(&platform, names::BASE_DOMAIN_CA));
    let certificate = served?.as_ref().and_then(observe::certificate_facts).map(|facts| facts.fingerprint);
    let authority = authority?.and_then(|secret| secret.data.get("tls.crt").and_then(|value| String::from_utf8(value.expose().clone()).ok()));
    Ok(World {
        base_domain: base.to_string(),
        platform: platform.clone(),
        probes: answers.namespaces.probes.clone(),
        namespaces: prepare::namespaces(answers),
        hosts: std::iter::once(&base).chain(hosts.values().flatten()).map(|host| (host.to_string(), None)).collect(),
        edge_port: 443,
        authority,
        certificate,
        registry,
        accounts_with_rights: accounts_with_rights(answers)?,
        receiver: answers.components.monitoring.as_ref().filter(|monitoring| monitoring.mode == Mode::Bundled).and(answers.alerts.receiver),
        registry_credentials: Some(Credentials { username: REGISTRY_USER.into(), password: Some(SecretKeyRef { namespace: platform, name: "registry-password".into(), key: "value".into() }) }),
    })
}

/// Live objects of every kind that a check asked for, in the installation's namespaces.
async fn objects(cluster: &Cluster, intended: &Intended) -> BTreeMap<String, Result<Vec<LiveObject>, String>> {
    let mut found = BTreeMap::new();
    for need in &intended.needs {
        let Need::Objects { api_version, kind } = need else { continue };
        if found.contains_key(kind) {
            continue;
        }
        found.insert(kind.clone(), of_kind(cluster, &intended.world, api_version, kind).await);
    }
    found
}

async fn of_kind(cluster: &Cluster, world: &World, api_version: &str, kind: &str) -> Result<Vec<LiveObject>, String> {
    let mut all = Vec::new();
    if kind == "Namespace" {
        for name in &world.namespaces {
            all.extend(cluster.get(&airlock_model::ObjectRef::cluster("v1", "Namespace", name)).await.map_err(|error| crate::images::chain(&error))?);
        }
        return Ok(all);
    }
    for namespace in &world.namespaces {
        all.extend(cluster.list(api_version, kind, Some(namespace), None).await.map_err(|error| crate::images::chain(&error))?);
    }
    Ok(all)
}

async fn secret_leaks(cluster: &Cluster, intended: &Intended) -> Option<Result<Vec<SecretLeak>, String>> {
    if !intended.needs.contains(&Need::SecretLeaks) {
        return None;
    }
    Some(leaks::find(cluster, &intended.world.namespaces).await)
}
