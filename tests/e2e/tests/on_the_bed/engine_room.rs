//! The room `engine` against a real cluster: through the bed's relay on the loopback, in namespaces of its own.

use std::collections::BTreeMap;
use std::error::Error;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use airlock_bed::{AuditEntry, Bed};
use airlock_cluster::{Cluster, ClusterOptions, WaitOptions};
use airlock_engine::{ApplyError, ApplyOptions, RunOutcome, Stop, StopSignal, apply};
use airlock_model::{Action, Amount, Approval, ApprovedBy, ApprovedPlan, Change, Digest, Event, Events, ImageLock, Object, ObjectRef, Operation, Plan, PlannedStep, Purpose, Risk, Undo, names};
use serde_json::{Value, json};
use tokio::sync::Notify;

mod admission;
mod applying;
mod attempting;
mod ending;
mod gates;
mod leases;
mod making;
mod node_trials;
mod removing;
mod waiting;

type Outcome = Result<(), Box<dyn Error>>;

/// A small image that nodes of the bed have and that runs until it is ended.
const PAUSE: &str = "registry.k8s.io/pause:3.10";

/// The platform namespace of one test, made by its plans, removed with the value.
struct Place {
    bed: Bed,
    cluster: Cluster,
    name: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.bed.kubectl(["delete", "namespace", &self.name, "--ignore-not-found", "--wait=false"]));
    }
}

impl Place {
    async fn new(stem: &str) -> Result<Self, Box<dyn Error>> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // Every test of this binary wants the same provider; who comes second finds it installed.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let bed = Bed::shared()?;
        let cluster = Cluster::connect(&ClusterOptions { kubeconfig: Some(bed.host_kubeconfig()), context: None }).await?;
        Ok(Self { bed, cluster, name: format!("engine-{stem}-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed)) })
    }

    fn namespace(&self, installation: &str) -> Result<Object, Box<dyn Error>> {
        let labels = json!({ (names::LABEL_INSTALLATION): installation, "pod-security.kubernetes.io/enforce": "restricted" });
        Ok(Object::new(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name, "labels": labels}}))?)
    }

    fn object(&self, api_version: &str, kind: &str, name: &str, rest: &Value) -> Result<Object, Box<dyn Error>> {
        let mut manifest = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": self.name}});
        for (key, value) in rest.as_object().into_iter().flatten() {
            manifest[key] = value.clone();
        }
        Ok(Object::new(manifest)?)
    }

    fn config(&self, name: &str, value: &str) -> Result<Object, Box<dyn Error>> {
        self.object("v1", "ConfigMap", name, &json!({"data": {"key": value}}))
    }

    /// A Deployment of one restricted pod.
    fn deployment(&self, name: &str, image: &str, requests: &Value) -> Result<Object, Box<dyn Error>> {
        let pod = json!({
            "automountServiceAccountToken": false, "terminationGracePeriodSeconds": 0,
            "securityContext": {"runAsNonRoot": true, "runAsUser": 65535, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "main", "image": image, "resources": {"requests": requests},
                "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}}}],
        });
        let labels = json!({"app": name});
        self.object("apps/v1", "Deployment", name, &json!({"spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}}))
    }

    fn reference(&self, api_version: &str, kind: &str, name: &str) -> ObjectRef {
        ObjectRef::namespaced(api_version, kind, &self.name, name)
    }

    /// A plan whose first step makes the namespace; the further ones come after it.
    fn plan(&self, installation: &str, steps: Vec<PlannedStep>) -> Result<ApprovedPlan, Box<dyn Error>> {
        let mut all = vec![create("namespaces", vec![self.namespace(installation)?])];
        all.extend(steps.into_iter().map(|step| PlannedStep { after: [vec!["namespaces".into()], step.after].concat(), ..step }));
        self.bare_plan(Purpose::Install, Some(installation), all)
    }

    fn bare_plan(&self, purpose: Purpose, installation: Option<&str>, steps: Vec<PlannedStep>) -> Result<ApprovedPlan, Box<dyn Error>> {
        let plan = Plan {
            schema: 1,
            purpose,
            cluster_uid: String::new(),
            namespace: self.name.clone(),
            installation: installation.map(str::to_owned),
            release: "0.1.0".into(),
            answers: Digest::of(b""),
            images: ImageLock::default(),
            requests: Amount::default(),
            connections: Vec::new(),
            run_rights: Vec::new(),
            hosts: Vec::new(),
            steps,
        };
        approved(plan)
    }

    async fn run(&self, plan: &ApprovedPlan) -> Result<RunOutcome, ApplyError> {
        apply(&self.cluster, plan, &options(), &Stop::never(), &Seen::default()).await
    }

    async fn live(&self, object: &ObjectRef) -> Result<Value, Box<dyn Error>> {
        Ok(self.cluster.get(object).await?.ok_or_else(|| format!("{object} does not exist"))?.manifest)
    }

    /// Takes the lease away that a run left which was dropped, as if it had expired.
    async fn expire_lease(&self) -> Outcome {
        self.lose(&self.reference("coordination.k8s.io/v1", "Lease", names::LEASE)).await
    }

    /// Takes an object away; an engine that comes before the garbage collector would still meet it.
    async fn lose(&self, object: &ObjectRef) -> Outcome {
        self.cluster.delete(object).await?;
        Ok(self.cluster.wait_gone(std::slice::from_ref(object), &WaitOptions::default(), |_, _| ()).await?)
    }

    /// Requests in this namespace that asked for a change and were made by the engine.
    fn writes(&self, entries: Vec<AuditEntry>) -> Vec<AuditEntry> {
        entries.into_iter().filter(|entry| entry.is_write() && entry.user == "admin" && (entry.namespace == self.name || entry.name == self.name)).collect()
    }
}

fn approved(plan: Plan) -> Result<ApprovedPlan, Box<dyn Error>> {
    let digest = plan.digest()?;
    Ok(ApprovedPlan::new(plan, Approval { plan: digest, by: ApprovedBy::YesFlag })?)
}

fn options() -> ApplyOptions {
    ApplyOptions { by: "test@bed".into(), answers: json!({"baseDomain": "platform.test"}), ..ApplyOptions::default() }
}

fn step(id: &str, action: Action, changes: Vec<Change>) -> PlannedStep {
    PlannedStep { id: id.into(), title: id.to_owned(), after: Vec::new(), action, changes, risk: Risk::None, rights: Vec::new(), undo: Undo::Nothing }
}

fn creation(object: &Object) -> Change {
    Change { object: object.reference().clone(), operation: Operation::Create, seen: None, fields: Vec::new() }
}

/// A step that creates objects.
fn create(id: &str, objects: Vec<Object>) -> PlannedStep {
    let changes = objects.iter().map(creation).collect();
    step(id, Action::Apply(objects), changes)
}

/// A step that updates an object which the plan saw as `seen`.
fn update(id: &str, object: Object, seen: &Value) -> Result<PlannedStep, Box<dyn Error>> {
    let seen = Some(airlock_engine::owned_digest(object.manifest(), seen)?);
    let change = Change { object: object.reference().clone(), operation: Operation::Update, seen, fields: Vec::new() };
    Ok(step(id, Action::Apply(vec![object]), vec![change]))
}

/// Whether an event is the one that was waited for.
type When = fn(&Event) -> bool;

/// Keeps what it is told, and raises the stop when it has heard enough.
#[derive(Default)]
struct Seen {
    events: Mutex<Vec<Event>>,
    told: Notify,
    stop: Option<(StopSignal, When)>,
}

impl Seen {
    fn stopping(signal: StopSignal, when: When) -> Self {
        Self { stop: Some((signal, when)), ..Self::default() }
    }

    /// Waits until something was done to the object of that name.
    async fn until_settled(&self, name: &str) {
        loop {
            let told = self.told.notified();
            if self.settled().contains_key(name) {
                return;
            }
            told.await;
        }
    }

    fn all(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was done to each object, by its name.
    fn settled(&self) -> BTreeMap<String, Option<Operation>> {
        let settled = |event| if let Event::ObjectSettled { object, operation, .. } = event { Some((object.name, operation)) } else { None };
        self.all().into_iter().filter_map(settled).collect()
    }

    /// The causes of waiting, as they were told.
    fn causes(&self) -> Vec<String> {
        self.all().into_iter().filter_map(|event| if let Event::Waiting { cause, .. } = event { Some(cause.to_string()) } else { None }).collect()
    }
}

impl Events for Seen {
    fn send(&self, event: Event) {
        if let Some((signal, when)) = &self.stop
            && when(&event)
        {
            signal.raise();
        }
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        self.told.notify_one();
    }
}
