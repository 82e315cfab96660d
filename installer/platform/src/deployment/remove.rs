//! The plan that takes one Airflow deployment away: its pods, then its database (kept in a dump unless asked otherwise), then
//! everything else. What was erased and what remains is written down before the namespace goes, since it goes last.

use std::collections::BTreeMap;

use airlock_cluster::{Cluster, SurveyScope};
use airlock_engine::{ApplyOptions, RunOutcome, Stop};
use airlock_model::answers::{Component, Mode};
use airlock_model::{
    Action, AirflowDeployment, Answers, Approval, ApprovedBy, ApprovedPlan, Change, DeploymentName, Digest, Events, Facts, LiveObject, Object, ObjectRef, Operation, Plan, PlannedStep, Purpose,
    Record, Risk, StepId, Undo, names,
};
use airlock_render::{RenderInput, Rendered, TenantInput};
use serde_json::{Value, json};

use super::{DATABASE_PASSWORD, Platform};
use crate::{PlatformError, desired, desired::DesiredStep, planning::PLAN_SCHEMA, prepare as preparing, rights};

/// What goes and what stays.
pub struct DeploymentRemoval {
    /// The deployment.
    pub name: DeploymentName,
    /// The plan.
    pub plan: Plan,
    /// Its digest.
    pub digest: Digest,
    /// File on the database server's volume that is kept; none when no dump was asked for.
    pub dump: Option<String>,
    /// The `ConfigMap` that tells what was erased and what remains.
    pub offboarding: ObjectRef,
    caller: String,
}

/// Digits of a namespace's UID that tell deployments of the same name apart.
const INCARNATION_DIGITS: usize = 8;

/// Makes the plan. It reads only.
pub async fn removal(cluster: &Cluster, platform_namespace: &str, name: &DeploymentName, dump: bool) -> Result<DeploymentRemoval, PlatformError> {
    let platform = Platform::read(cluster, platform_namespace).await?;
    let namespace = platform.namespace(name)?;
    let missing = || PlatformError::NoDeployment { name: name.to_string() };
    let live = cluster.get(&ObjectRef::cluster("v1", "Namespace", &namespace)).await?.ok_or_else(missing)?;
    let labels = &live.manifest["metadata"]["labels"];
    if labels[names::LABEL_INSTALLATION] != platform.record.installation.as_str() || labels[names::LABEL_TENANT] != name.as_str() {
        return Err(missing());
    }
    if let Some(server) = platform.answers.database_server().filter(|_| dump) {
        return Err(PlatformError::NoDump { name: name.to_string(), server: format!("{}:{}", server.host, server.port) });
    }
    let uid = live.manifest["metadata"]["uid"].as_str().unwrap_or_default();
    let incarnation: String = uid.chars().filter(|digit| *digit != '-').take(INCARNATION_DIGITS).collect();
    let scope = SurveyScope { namespaces: platform.namespaces(&namespace) };
    let (facts, record, inventory) = futures::join!(cluster.survey(&scope), airlock_engine::record::read(cluster, &namespace), airlock_engine::record::read_inventory(cluster, &namespace));
    let (facts, record, mut objects) = (facts?, record?, inventory?.objects);
    objects.push(live.object.clone());
    objects.sort();
    objects.dedup();
    // An earlier try may have come as far as the namespace; a deployment that was never finished may have none yet.
    let can_log_in = dump && cluster.secret(&namespace, DATABASE_PASSWORD).await?.is_some();
    let removal = Removal { platform: &platform, name, namespace: &namespace, incarnation: &incarnation, dump, can_log_in };
    let rendered = removal.rendered(record.as_ref(), &facts)?;
    // Of an earlier try: it is brought up to date, and never goes itself.
    let told = cluster.get(&removal.offboarding_object()).await?;
    objects.retain(|object| *object != removal.offboarding_object());
    let offboarding = removal.offboarding(&erased(&objects, told.as_ref()))?;
    let mut steps = removal.steps(&rendered, &objects, &offboarding);
    if let (Some(told), Some(step)) = (&told, steps.iter_mut().find(|step| step.id.0 == OFFBOARDING)) {
        for change in &mut step.changes {
            change.operation = Operation::Update;
            change.seen = Some(airlock_engine::owned_digest(offboarding.manifest(), &told.manifest)?);
        }
    }
    let plan = removal.plan(&facts, record.as_ref(), steps);
    let refused = preparing::refused_rights(cluster, &plan.rights()).await;
    if !refused.is_empty() {
        return Err(PlatformError::Blocked(refused));
    }
    let digest = plan.digest()?;
    let caller = super::caller(&facts);
    Ok(DeploymentRemoval { name: name.clone(), dump: dump.then(|| airlock_render::dump_file(name, Some(&incarnation))), offboarding: offboarding.reference().clone(), plan, digest, caller })
}

struct Removal<'a> {
    platform: &'a Platform,
    name: &'a DeploymentName,
    namespace: &'a str,
    incarnation: &'a str,
    dump: bool,
    /// Whether there is a password to make the dump with. Without one the Job that drops the database says whether there is one to keep.
    can_log_in: bool,
}

impl Removal<'_> {
    fn rendered(&self, record: Option<&Record>, facts: &Facts) -> Result<Rendered, PlatformError> {
        let release = airlock_render::release()?;
        let answers = &self.platform.answers;
        // A run that never came far enough to remember its document left nothing that depends on it.
        let deployment = match record.filter(|record| !record.answers.is_null()) {
            Some(record) => serde_json::from_value(record.answers.clone())?,
            None => AirflowDeployment::named(self.name),
        };
        let tenant = TenantInput { name: self.name, deployment: &deployment, incarnation: Some(self.incarnation), kept: self.dump };
        Ok(airlock_render::render(&RenderInput {
            answers,
            base: &answers.base()?,
            release: &release,
            lock: Some(&self.platform.record.images),
            facts: Some(facts),
            installation: &self.platform.record.installation,
            profile: None,
            tenant: Some(tenant),
        })?)
    }

    fn steps(&self, rendered: &Rendered, objects: &[ObjectRef], offboarding: &Object) -> Vec<PlannedStep> {
        let is_workload = |object: &ObjectRef| matches!(object.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob");
        let mut steps: Vec<PlannedStep> = Vec::new();
        let mut made: Vec<ObjectRef> = Vec::new();
        add_deletion(&mut steps, "remove.workloads", "stop and remove the pods", objects.iter().filter(|object| is_workload(object)).cloned().collect());
        let kept_first = if self.can_log_in { &KEEP_THEN_DROP[..] } else { &KEEP_THEN_DROP[1..] };
        for component in kept_first.iter().filter_map(|folder| rendered.components.iter().find(|component| component.folder == *folder)) {
            for step in ordered(desired::removal_steps(component)) {
                made.extend(touched(&step.action));
                add(&mut steps, &step.id.0, &step.title, step.action, Operation::Create);
            }
        }
        // What is in the deployment's own namespace goes with it: without its policies, the pods of tasks would be open until then.
        let rest = objects.iter().filter(|object| !is_workload(object) && object.kind != "Namespace" && object.namespace.as_deref() != Some(self.namespace)).cloned();
        add_deletion(&mut steps, "remove.objects", "remove what they used", rest.chain(made).collect());
        add(&mut steps, OFFBOARDING, "write down what was erased and what remains", Action::Apply(vec![offboarding.clone()]), Operation::Create);
        add_deletion(&mut steps, "remove.namespace", "remove the namespace", objects.iter().filter(|object| object.kind == "Namespace").cloned().collect());
        steps
    }

    fn plan(&self, facts: &Facts, record: Option<&Record>, steps: Vec<PlannedStep>) -> Plan {
        Plan {
            schema: PLAN_SCHEMA,
            purpose: Purpose::Uninstall,
            cluster_uid: facts.cluster_uid.known().cloned().unwrap_or_default(),
            namespace: self.namespace.to_owned(),
            installation: Some(self.platform.record.installation.clone()),
            release: self.platform.record.release.clone(),
            answers: record.map_or_else(|| Digest::of(self.name.as_str().as_bytes()), |record| record.plan.clone()),
            images: self.platform.record.images.clone(),
            requests: airlock_model::Amount::default(),
            connections: Vec::new(),
            hosts: Vec::new(),
            run_rights: rights::of_run(self.namespace, &self.platform.namespaces(self.namespace), rights::Others::default()),
            steps,
        }
    }

    fn offboarding_object(&self) -> ObjectRef {
        ObjectRef::namespaced("v1", "ConfigMap", &self.platform.answers.namespaces.platform, &format!("airlock-offboarding-{}-{}", self.name, self.incarnation))
    }

    /// What was erased and what remains, for whoever asks after a deployment that is gone.
    fn offboarding(&self, erased: &[String]) -> Result<Object, PlatformError> {
        let platform = &self.platform.record;
        let labels: BTreeMap<&str, &str> = BTreeMap::from([
            (names::LABEL_NAME, names::PRODUCT),
            (names::LABEL_COMPONENT, "offboarding"),
            (names::LABEL_PART_OF, names::PRODUCT),
            (names::LABEL_MANAGED_BY, names::PRODUCT),
            (names::LABEL_INSTALLATION, platform.installation.as_str()),
            (names::LABEL_RETAINED, "true"),
        ]);
        let dump = self.dump.then(|| airlock_render::dump_file(self.name, Some(self.incarnation)));
        let told = json!({
            "schema": names::RECORD_SCHEMA,
            "deployment": self.name,
            "namespace": self.namespace,
            "erased": {
                "database": self.name.role(),
                "role": self.name.role(),
                "objects": erased,
            },
            "remains": remains(&self.platform.answers, dump.as_deref()),
        });
        let at = self.offboarding_object();
        let manifest = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": at.name, "namespace": at.namespace, "labels": labels }, "data": { "offboarding.json": serde_json::to_string_pretty(&told)? } });
        Object::new(manifest).map_err(|error| PlatformError::FactMissing { what: "the offboarding record", why: error.to_string().into() })
    }
}

/// The step that writes down what was erased and what remains.
const OFFBOARDING: &str = "offboarding";

/// What of a deployment is elsewhere than in its namespace and its database, and stays.
fn remains(answers: &Answers, dump: Option<&str>) -> Vec<String> {
    let namespace = &answers.namespaces.platform;
    let mode = |component: &Option<Component>| component.as_ref().map(|component| component.mode);
    let measurements = match mode(&answers.components.monitoring) {
        Some(Mode::Bundled) => Some(format!("measurements and alerts with the names of its DAGs, for two weeks at most, on the volume monitoring-data of namespace {namespace}")),
        Some(Mode::Existing) => Some("measurements and alerts with the names of its DAGs, for as long as your Prometheus keeps them".to_owned()),
        Some(Mode::Off) | None => None,
    };
    let audits = (mode(&answers.components.auditor) == Some(Mode::Bundled))
        .then(|| format!("reports of audits that name it, on the volume auditor-evidence of namespace {namespace}, and what of them was kept elsewhere"));
    dump.map(|dump| format!("the dump {dump} on the volume database-data of namespace {namespace}")).into_iter().chain(measurements).chain(audits).collect()
}

/// What is erased, with what an earlier try erased already.
fn erased(objects: &[ObjectRef], told: Option<&LiveObject>) -> Vec<String> {
    let before = told.and_then(|live| live.manifest.pointer("/data/offboarding.json")).and_then(Value::as_str).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let before = before.as_ref().and_then(|document| document.pointer("/erased/objects")).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let mut erased: Vec<String> = objects.iter().map(ToString::to_string).chain(before.map(str::to_owned)).collect();
    erased.sort();
    erased.dedup();
    erased
}

/// The component that keeps a dump comes before the one that drops.
const KEEP_THEN_DROP: [&str; 2] = ["database-dump", "database-drop"];

/// What a Job mounts comes before the Job.
fn ordered(mut steps: Vec<DesiredStep>) -> Vec<DesiredStep> {
    steps.sort_by_key(|step| matches!(step.action, Action::Run(_)));
    steps
}

fn touched(action: &Action) -> Vec<ObjectRef> {
    match action {
        Action::Apply(objects) => objects.iter().map(|object| object.reference().clone()).collect(),
        Action::Run(job) => vec![job.reference().clone()],
        Action::Delete(objects) => objects.clone(),
        Action::Generate(secret) => vec![secret.object()],
        Action::Issue(_) | Action::Push(_) | Action::Probe(_) | Action::Await(_) => Vec::new(),
    }
}

fn add_deletion(steps: &mut Vec<PlannedStep>, id: &str, title: &str, mut objects: Vec<ObjectRef>) {
    objects.sort();
    objects.dedup();
    if !objects.is_empty() {
        add(steps, id, title, Action::Delete(objects), Operation::Delete);
    }
}

/// Adds a step behind all others.
fn add(steps: &mut Vec<PlannedStep>, id: &str, title: &str, action: Action, operation: Operation) {
    let changes = touched(&action).into_iter().map(|object| Change { object, operation, seen: None, fields: Vec::new() }).collect();
    let loses = operation == Operation::Delete || id.starts_with("database-drop");
    steps.push(PlannedStep {
        id: StepId(id.to_owned()),
        title: title.to_owned(),
        after: steps.last().map(|step| vec![step.id.clone()]).unwrap_or_default(),
        rights: rights::of_action(&action),
        action,
        changes,
        risk: if loses { Risk::DataLoss } else { Risk::None },
        undo: if loses { Undo::Impossible("what is erased does not come back but from the dump".to_owned()) } else { Undo::Delete },
    });
}

/// Carries out the removal that was agreed to.
pub async fn remove(cluster: &Cluster, removal: &DeploymentRemoval, by: ApprovedBy, options: &ApplyOptions, stop: &Stop, events: &dyn Events) -> Result<(), PlatformError> {
    let approved = ApprovedPlan::new(removal.plan.clone(), Approval { plan: removal.digest.clone(), by })?;
    let options = ApplyOptions { by: removal.caller.clone(), ..options.clone() };
    match Box::pin(airlock_engine::apply(cluster, &approved, &options, stop, events)).await? {
        RunOutcome::Done | RunOutcome::Waiting(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(dump: bool, can_log_in: bool) -> Vec<PlannedStep> {
        let answers = Answers::of_domain("platform.test").unwrap();
        let record = Record {
            schema: names::RECORD_SCHEMA,
            release: "0.1.0".into(),
            installation: "abc".into(),
            plan: Digest::of(b"plan"),
            purpose: Purpose::Install,
            complete: true,
            answers: serde_json::to_value(&answers).unwrap(),
            images: airlock_model::ImageLock::default(),
            gates: BTreeMap::new(),
            verdict: None,
            profile: None,
            by: String::new(),
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        let platform = Platform { record, answers };
        let name: DeploymentName = "alpha".parse().unwrap();
        let removal = Removal { platform: &platform, name: &name, namespace: "airlock-alpha", incarnation: "0ae5f75a", dump, can_log_in };
        let release = airlock_render::release().unwrap();
        let deployment = AirflowDeployment::named(&name);
        let tenant = Some(TenantInput { name: &name, deployment: &deployment, incarnation: Some("0ae5f75a"), kept: dump });
        let base = platform.answers.base().unwrap();
        let rendered =
            airlock_render::render(&RenderInput { answers: &platform.answers, base: &base, release: &release, lock: None, facts: None, installation: "abc", profile: None, tenant }).unwrap();
        let objects = [ObjectRef::namespaced("apps/v1", "Deployment", "airlock-alpha", "a"), ObjectRef::cluster("v1", "Namespace", "airlock-alpha")];
        let offboarding = removal.offboarding(&erased(&objects, None)).unwrap();
        removal.steps(&rendered, &objects, &offboarding)
    }

    fn ids(steps: &[PlannedStep]) -> Vec<&str> {
        steps.iter().map(|step| step.id.0.as_str()).collect()
    }

    /// The arguments of the Job that drops the database.
    fn asked_to_drop(steps: &[PlannedStep]) -> String {
        let jobs = steps.iter().filter(|step| step.id.0 == "database-drop-alpha.run");
        jobs.map(|step| serde_json::to_string(&step.action).unwrap()).collect()
    }

    #[test]
    fn a_database_is_kept_before_it_is_dropped_and_the_namespace_goes_last() {
        let planned = steps(true, true);
        let steps = ids(&planned);
        let at = |id: &str| steps.iter().position(|step| *step == id).unwrap_or_else(|| panic!("no step {id}: {steps:?}"));
        assert_eq!(at("remove.workloads"), 0);
        assert!(at("database-dump-alpha.run") < at("database-drop-alpha.foundation") && at("database-drop-alpha.run") < at("remove.objects"), "{steps:?}");
        assert!(at("offboarding") < at("remove.namespace") && at("remove.namespace") + 1 == steps.len(), "{steps:?}");
    }

    #[test]
    fn the_password_that_the_dump_is_made_with_goes_with_the_rest() {
        let planned = steps(true, true);
        let removed = planned.iter().find(|step| step.id.0 == "remove.objects").unwrap();
        let Action::Delete(objects) = &removed.action else { panic!("{:?}", removed.action) };
        assert!(objects.contains(&ObjectRef::namespaced("v1", "Secret", "airlock", "database-dump-alpha")), "{objects:?}");
    }

    #[test]
    fn without_a_dump_nothing_is_kept() {
        let planned = steps(false, false);
        assert!(!ids(&planned).iter().any(|step| step.contains("dump")) && !asked_to_drop(&planned).contains("--kept"), "{planned:?}");
    }

    #[test]
    fn without_a_password_no_dump_is_tried_and_what_should_have_been_kept_is_not_dropped() {
        let planned = steps(true, false);
        assert!(!ids(&planned).iter().any(|step| step.contains("dump")), "{planned:?}");
        let asked = asked_to_drop(&planned);
        assert!(asked.contains(r#""--kept","alpha-0ae5f75a.dump""#), "{asked}");
    }

    #[test]
    fn what_is_kept_elsewhere_remains_and_is_told() {
        let of = |text: &str, dump| {
            let answers = Answers::from_yaml(&format!("apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\n{text}")).unwrap();
            remains(&answers, dump).iter().map(|told| told.split(" on the volume ").last().unwrap().split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of("", None), Vec::<String>::new());
        assert_eq!(of("", Some("alpha.dump")), ["database-data"]);
        let watched = "components: { monitoring: {}, auditor: {} }\nalerts: { receiver: none }\nevidence: { sink: folder }\n";
        assert_eq!(of(watched, Some("alpha.dump")), ["database-data", "monitoring-data", "auditor-evidence"]);
        assert_eq!(of("components: { monitoring: { mode: existing } }\n", None), ["measurements"]);
    }
}
