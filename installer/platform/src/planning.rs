//! The plan: a pure function of what should be and what is. What is already so leaves no step behind; what is no longer
//! wanted goes at the end.

use std::collections::{BTreeMap, BTreeSet};

use airlock_engine::{AuthorityStanding, authority_standing, difference, owned_digest};
use airlock_model::{
    Action, CertificateSource, CertificateSpec, CertificateSubject, Change, Digest, FieldChange, Gate, Installed, LiveObject, LiveSecret, Object, ObjectRef, Operation, Plan, PlannedStep, Purpose,
    Recipe, Risk, SecretClass, SecretSpec, StepId, Undo, names,
};
use jiff::Timestamp;
use serde_json::Value;

use crate::desired::DesiredStep;
use crate::generation::Generations;
use crate::{PlatformError, remove, rights};

/// Schema of the plan document.
pub(crate) const PLAN_SCHEMA: u32 = 1;

/// Keys of a certificate's Secret that another pair has.
const REPLACED: [&str; 2] = ["tls.crt", "tls.key"];

/// Everything that a plan follows from beside its steps.
pub(crate) struct Circumstances<'a> {
    /// What exists.
    pub installed: &'a Installed,
    /// When the plan is made; certificates that are due by then are renewed.
    pub now: Timestamp,
    /// The Airflow deployment that the plan is for; none: the platform.
    pub tenant: Option<&'a str>,
}

/// The head of the plan: all but its steps.
pub(crate) struct Head {
    /// UID of the cluster.
    pub cluster_uid: String,
    /// Platform namespace.
    pub namespace: String,
    /// The installation; none before it exists.
    pub installation: Option<String>,
    /// Release.
    pub release: String,
    /// Digest of the answers.
    pub answers: Digest,
    /// Images.
    pub images: airlock_model::ImageLock,
    /// Sum of requests.
    pub requests: airlock_model::Amount,
    /// Allowed connections.
    pub connections: Vec<airlock_model::Connection>,
    /// Served hosts.
    pub hosts: Vec<airlock_model::HostName>,
    /// Rights of the run beside those of its steps.
    pub run_rights: Vec<airlock_model::Right>,
}

/// Makes the plan: of the desired steps those that are needed, reduced to what changes.
pub(crate) fn plan(head: Head, desired: Vec<DesiredStep>, circumstances: &Circumstances<'_>) -> Result<Plan, PlatformError> {
    let generations = Generations::new(circumstances.installed, &desired);
    let mut planner = Planner { circumstances, planned: BTreeMap::new(), unproved: BTreeSet::new(), replaced: BTreeSet::new(), generations };
    for step in &desired {
        if let Action::Await(gate) = &step.action
            && !planner.has_passed(gate)?
        {
            planner.unproved.extend(step.after.iter().cloned());
        }
    }
    let mut steps = Vec::new();
    for step in desired {
        if let Some(step) = planner.reduce(step)? {
            planner.planned.insert(step.id.clone(), step.changes.iter().map(|change| (change.object.clone(), change.operation)).collect());
            steps.push(step);
        }
    }
    let before: Vec<StepId> = steps.iter().map(|step| step.id.clone()).collect();
    steps.extend(remove::steps(&unwanted(circumstances, head.installation.as_deref()), false, &before));
    let Head { cluster_uid, namespace, installation, release, answers, images, requests, connections, hosts, run_rights } = head;
    Ok(Plan { schema: PLAN_SCHEMA, purpose: Purpose::Install, cluster_uid, namespace, installation, release, answers, images, requests, connections, hosts, run_rights, steps })
}

/// What goes because nothing asks for it any more: our own, without data, and not of another Airflow deployment, which has a
/// record of its own. Namespaces stay: others may live there by now.
fn unwanted(circumstances: &Circumstances<'_>, installation: Option<&str>) -> Vec<ObjectRef> {
    let goes = |live: &&LiveObject| {
        let text = |group: &str, key: &str| live.manifest.get("metadata")?.get(group)?.get(key)?.as_str();
        let is_ours = installation.is_some() && text("labels", names::LABEL_INSTALLATION) == installation;
        let holds_data = live.object.kind == "PersistentVolumeClaim" || text("labels", names::LABEL_RETAINED).is_some() || text("annotations", names::ANNOTATION_CLASS) == Some("data-key");
        is_ours && !holds_data && text("labels", names::LABEL_TENANT) == circumstances.tenant && live.object.kind != "Namespace"
    };
    circumstances.installed.unwanted.iter().filter(goes).map(|live| live.object.clone()).collect()
}

struct Planner<'a> {
    circumstances: &'a Circumstances<'a>,
    /// Steps that the plan holds so far, with what they do to which object.
    planned: BTreeMap<StepId, BTreeMap<ObjectRef, Operation>>,
    /// Steps that a gate stands behind which has not passed yet: nothing shows that they were done.
    unproved: BTreeSet<StepId>,
    /// Secrets of certificates that the plan makes or that get another key.
    replaced: BTreeSet<ObjectRef>,
    /// Of Secrets, after the steps so far.
    generations: Generations,
}

impl Planner<'_> {
    fn reduce(&mut self, step: DesiredStep) -> Result<Option<PlannedStep>, PlatformError> {
        let (action, changes) = match step.action {
            Action::Apply(objects) => {
                let (objects, changes) = self.apply(objects)?;
                (Action::Apply(objects), changes)
            }
            Action::Generate(mut spec) => {
                let changes = self.generate(&spec)?;
                self.count(spec.object(), &changes, &mut spec.labels);
                (Action::Generate(spec), changes)
            }
            Action::Run(job) => {
                let job = self.generations.mark_again(*job);
                let changes = self.run(&job).into_iter().collect();
                (Action::Run(Box::new(job)), changes)
            }
            Action::Issue(mut spec) => {
                let changes = self.issue(&spec);
                let signs_anew = |change: &&Change| change.operation == Operation::Create || change.fields.iter().any(|field| field.path.ends_with("tls.key"));
                let replaced: Vec<Change> = changes.iter().filter(signs_anew).cloned().collect();
                self.count(spec.object(), &replaced, &mut spec.labels);
                self.replaced.extend(replaced.into_iter().map(|change| change.object));
                (Action::Issue(spec), changes)
            }
            Action::Push(spec) => return Ok((self.unproved.contains(&step.id) || self.is_new(&step.after)).then(|| planned(step.id, step.title, step.after, Action::Push(spec), Vec::new()))),
            Action::Await(gate) => {
                let closed = self.is_closed(&gate, &step.after)?;
                return Ok(closed.then(|| planned(step.id, step.title, step.after, Action::Await(gate), Vec::new())));
            }
            action @ (Action::Delete(_) | Action::Probe(_)) => return Ok(Some(planned(step.id, step.title, step.after, action, Vec::new()))),
        };
        Ok((!changes.is_empty()).then(|| planned(step.id, step.title, step.after, action, changes)))
    }

    /// A Secret that is made bears a new generation.
    fn count(&mut self, secret: ObjectRef, changes: &[Change], labels: &mut BTreeMap<String, String>) {
        if changes.iter().any(|change| change.object == secret) {
            labels.insert(names::LABEL_SECRET_GENERATION.to_owned(), self.generations.raise(secret));
        }
    }

    fn apply(&self, objects: Vec<Object>) -> Result<(Vec<Object>, Vec<Change>), PlatformError> {
        let objects: Vec<Object> = objects.into_iter().map(|object| self.marked(object)).collect();
        let mut changes = Vec::new();
        for object in &objects {
            changes.extend(change(object, self.live(object.reference()))?);
        }
        let touched: BTreeSet<&ObjectRef> = changes.iter().map(|change| &change.object).collect();
        Ok((objects.iter().filter(|object| touched.contains(object.reference())).cloned().collect(), changes))
    }

    /// A Job is done when one of its name, which bears a digest of what it does, has ended well, and with Secrets that are still the same
    /// where that matters to it.
    fn run(&self, job: &Object) -> Option<Change> {
        match self.live(job.reference()) {
            Some(live) if airlock_engine::is_outdated(job, &live.manifest) => Some(Change { object: job.reference().clone(), operation: Operation::Update, seen: None, fields: Vec::new() }),
            Some(live) if live.ready => None,
            Some(_) => Some(Change { object: job.reference().clone(), operation: Operation::Await, seen: None, fields: Vec::new() }),
            None => Some(creation(job.reference().clone())),
        }
    }

    fn marked(&self, object: Object) -> Object {
        let live = self.live(object.reference());
        self.generations.mark(object, live)
    }

    fn live(&self, object: &ObjectRef) -> Option<&LiveObject> {
        self.circumstances.installed.objects.iter().find(|live| live.object == *object)
    }

    fn secret(&self, object: &ObjectRef) -> Option<&LiveSecret> {
        self.circumstances.installed.secrets.iter().find(|live| live.object == *object)
    }

    /// Whether the plan already makes or remakes that Secret.
    fn is_remade(&self, object: &ObjectRef) -> bool {
        self.planned.values().any(|changes| changes.contains_key(object))
    }

    fn generate(&self, spec: &SecretSpec) -> Result<Vec<Change>, PlatformError> {
        let object = spec.object();
        let Some(live) = self.secret(&object) else { return Ok(vec![creation(object)]) };
        let missing: Vec<&str> = spec.entries.iter().map(|entry| entry.key.as_str()).filter(|key| !live.keys.iter().any(|live| live == key)).collect();
        let sources_change = spec.entries.iter().any(|entry| match &entry.recipe {
            Recipe::Compose { from, .. } => from.values().any(|source| self.is_remade(&ObjectRef::namespaced("v1", "Secret", &source.namespace, &source.name))),
            Recipe::Random | Recipe::LongRandom | Recipe::EcP256 | Recipe::Fernet | Recipe::Referred { .. } | Recipe::Request { .. } | Recipe::Authorities { .. } | Recipe::AcmeAccount(_) => false,
        });
        let remade = spec.class == SecretClass::Derived && (sources_change || !live.current || live.spec != Some(spec.digest()?));
        let keys: Vec<&str> = if remade { spec.entries.iter().map(|entry| entry.key.as_str()).collect() } else { missing };
        Ok(if keys.is_empty() { Vec::new() } else { vec![rewritten(object, &keys)] })
    }

    fn issue(&self, spec: &CertificateSpec) -> Vec<Change> {
        let object = spec.object();
        let Some(live) = self.secret(&object) else { return vec![creation(object)] };
        if let CertificateSubject::Authority { .. } = &spec.subject {
            return self.authority(spec, live);
        }
        if self.stands(spec, live) { Vec::new() } else { vec![rewritten(object, &REPLACED)] }
    }

    /// One that others believe stays, and the one that takes its place is announced beside it.
    fn authority(&self, spec: &CertificateSpec, live: &LiveSecret) -> Vec<Change> {
        let announced = live.keys.iter().any(|key| key == names::NEXT_CERTIFICATE);
        match authority_standing(spec, live.certificate.as_ref(), live.current, announced, self.circumstances.now) {
            AuthorityStanding::Lost => vec![rewritten(spec.object(), &REPLACED)],
            AuthorityStanding::Due => vec![rewritten(spec.object(), &[names::BELIEVED, names::NEXT_CERTIFICATE, names::NEXT_KEY])],
            AuthorityStanding::Good if live.keys.iter().any(|key| key == names::BELIEVED) => self.publication(spec, live).into_iter().collect(),
            AuthorityStanding::Good => vec![rewritten(spec.object(), &[names::BELIEVED])],
        }
    }

    /// What has to happen to the `ConfigMap` that publishes an authority, when the authority itself stands.
    fn publication(&self, spec: &CertificateSpec, authority: &LiveSecret) -> Option<Change> {
        let CertificateSubject::Authority { publish: Some(name), .. } = &spec.subject else { return None };
        let object = ObjectRef::namespaced("v1", "ConfigMap", &spec.namespace, name);
        let Some(live) = self.live(&object) else { return Some(creation(object)) };
        let published = live.manifest.pointer("/data/ca.crt").and_then(Value::as_str).and_then(|pem| airlock_tls::certificates_from_pem(pem.as_bytes()).ok());
        let first = published.as_deref().and_then(|chain| chain.first()).map(|certificate| Digest::of(certificate));
        // The next one is published with it.
        let announced = authority.keys.iter().any(|key| key == names::NEXT_CERTIFICATE);
        let stands = first.is_some() && first == authority.certificate.as_ref().map(|facts| facts.fingerprint.clone()) && (!announced || published.is_some_and(|chain| chain.len() > 1));
        (!stands).then(|| Change { object, operation: Operation::Update, seen: None, fields: vec![FieldChange { path: "/data/ca.crt".into(), before: None, after: None }] })
    }

    /// Whether the certificate is as specified, signed by an authority that stays, and not due.
    fn stands(&self, spec: &CertificateSpec, live: &LiveSecret) -> bool {
        let Some(facts) = &live.certificate else { return false };
        let CertificateSubject::Server { authority_namespace, authority, .. } = &spec.subject else { return live.current };
        let authority = ObjectRef::namespaced("v1", "Secret", authority_namespace, authority);
        if self.replaced.contains(&authority) {
            return false;
        }
        let signer = self.secret(&authority).and_then(|live| live.certificate.as_ref());
        airlock_tls::renewal(facts, spec, signer, self.circumstances.now).is_none()
    }

    fn has_passed(&self, gate: &Gate) -> Result<bool, PlatformError> {
        if let Gate::Certificate(spec) = gate {
            return Ok(self.secret(&spec.object()).is_some_and(|live| live.current) && !self.asks_anew(spec));
        }
        let digest = Digest::of_canonical(gate)?;
        Ok(self.circumstances.installed.record.as_ref().and_then(|record| record.gates.get(gate.name())) == Some(&digest))
    }

    /// Whether this plan makes another request, which the certificate that is there does not answer.
    fn asks_anew(&self, spec: &CertificateSpec) -> bool {
        let CertificateSubject::Supplied { source: CertificateSource::Request { secret }, .. } = &spec.subject else { return false };
        self.is_remade(&ObjectRef::namespaced("v1", "Secret", &spec.namespace, secret))
    }

    /// A gate that has passed is asked again when what it stands behind is made anew. A certificate that answers the request is there
    /// or not, whatever else is made.
    fn is_closed(&self, gate: &Gate, after: &[StepId]) -> Result<bool, PlatformError> {
        Ok(!self.has_passed(gate)? || (self.is_new(after) && !matches!(gate, Gate::Certificate(_))))
    }

    /// Whether a step before is planned that makes something new.
    fn is_new(&self, after: &[StepId]) -> bool {
        after.iter().filter_map(|id| self.planned.get(id)).any(|changes| changes.is_empty() || changes.values().any(|operation| *operation == Operation::Create))
    }
}

/// What has to happen to one object; nothing when it is right and ready.
fn change(object: &Object, live: Option<&LiveObject>) -> Result<Option<Change>, PlatformError> {
    let Some(live) = live else { return Ok(Some(creation(object.reference().clone()))) };
    let fields = difference(object.manifest(), &live.manifest);
    let operation = match (fields.is_empty(), live.ready) {
        (true, true) => return Ok(None),
        (true, false) => Operation::Await,
        (false, _) => Operation::Update,
    };
    let seen = Some(owned_digest(object.manifest(), &live.manifest)?);
    Ok(Some(Change { object: object.reference().clone(), operation, seen, fields }))
}

const fn creation(object: ObjectRef) -> Change {
    Change { object, operation: Operation::Create, seen: None, fields: Vec::new() }
}

/// Keys of a Secret that are written; a plan holds no values.
fn rewritten(object: ObjectRef, keys: &[&str]) -> Change {
    let fields = keys.iter().map(|key| FieldChange { path: format!("/data/{}", key.replace('/', "~1")), before: None, after: Some(Value::String("(secret)".into())) }).collect();
    Change { object, operation: Operation::Update, seen: None, fields }
}

fn planned(id: StepId, title: String, after: Vec<StepId>, action: Action, changes: Vec<Change>) -> PlannedStep {
    let updates_workload = changes.iter().any(|change| change.operation == Operation::Update && matches!(change.object.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet"));
    let risk = if updates_workload { Risk::Restart } else { Risk::None };
    let undo = match &action {
        Action::Apply(_) | Action::Generate(_) | Action::Issue(_) => {
            if changes.iter().all(|change| change.operation == Operation::Create) {
                Undo::Delete
            } else {
                Undo::Reapply
            }
        }
        Action::Delete(_) => Undo::Impossible("what is deleted is made anew by `airlock install`; data in deleted volumes is gone".into()),
        Action::Run(_) => Undo::Impossible("what the Job did stays; it can be run again".into()),
        Action::Push(_) | Action::Probe(_) | Action::Await(_) => Undo::Nothing,
    };
    let rights = rights::of_action(&action);
    PlannedStep { id, title, after, action, changes, risk, rights, undo }
}

#[cfg(test)]
mod tests;
