//! One run: an approved plan is carried out step by step, and what was done is recorded.
//!
//! namespace → lease → (heartbeat beside) record "begun" → steps in their order → record "done" → lease back. Only the
//! objects are the truth: whatever this leaves behind when it is killed, the next run looks at them and goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use airlock_cluster::{Cluster, HeldLease, Stop, Urgency, WaitOptions};
use airlock_model::{Action, ApprovedPlan, Coded as _, Event, Events, LiveObject, Object, ObjectRef, Operation, Plan, PlannedStep, StepId, Ticket, Untrusted};
use jiff::Timestamp;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::action::{self, Settled};
use crate::decision::installation;
use crate::lease::Occupancy;
use crate::memory::Memory;
use crate::order::Order;
use crate::{ApplyError, ApplyOptions, Halt, RunOutcome, identity, lease};

/// Requests that are under way at once. More gains nothing (measured: 16 is as fast as 64).
pub(crate) const AT_ONCE: usize = 16;
/// The UID of this namespace is the identity of a cluster.
const CLUSTER_IDENTITY: &str = "kube-system";

/// A run that has just made the namespace takes its lease within this time, on a slow cluster too.
const RIVAL_APPEARS_WITHIN: Duration = Duration::from_secs(20);
/// How often it is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What every action of a run needs.
pub(crate) struct Run<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a ApplyOptions,
    pub(crate) events: &'a dyn Events,
    pub(crate) halt: Halt,
    pub(crate) id: String,
    deadline: Option<Instant>,
    /// The platform namespace is going away, and with it lease and records.
    leaving: AtomicBool,
}

/// Carries out an approved plan. It can be ended at any moment and called again with the same plan or a new one.
///
/// A first request to stop ends it between two writes, a second one at once; then the lease passes on by expiry.
pub async fn apply(cluster: &Cluster, approved: &ApprovedPlan, options: &ApplyOptions, stop: &Stop, events: &dyn Events) -> Result<RunOutcome, ApplyError> {
    let plan = approved.plan();
    if plan.is_empty() {
        return Ok(RunOutcome::Done);
    }
    let deadline = options.deadline.map(|deadline| Instant::now() + deadline);
    let id = identity::fresh()?;
    let run = Run { cluster, plan, options, events, halt: Halt::new(stop, deadline), id: id.clone(), deadline, leaving: AtomicBool::new(false) };
    events.send(Event::RunStarted { run: id.clone(), plan: approved.approval().plan.clone(), steps: plan.steps.len() });
    let outcome = tokio::select! {
        biased;
        () = stop.asked(Urgency::Now) => Err(ApplyError::Interrupted),
        outcome = run.carry_out(approved) => outcome,
    };
    events.send(Event::RunFinished { run: id, at: Timestamp::now() });
    outcome
}

/// A plan means nothing on another cluster. Where the identity may not be read, the objects themselves decide.
async fn check_cluster(cluster: &Cluster, plan: &Plan) -> Result<(), ApplyError> {
    let found = match cluster.get(&ObjectRef::cluster("v1", "Namespace", CLUSTER_IDENTITY)).await {
        Ok(live) => live.and_then(|live| live.manifest.pointer("/metadata/uid").and_then(serde_json::Value::as_str).map(str::to_owned)),
        Err(airlock_cluster::ClusterError::Forbidden { .. }) => None,
        Err(error) => return Err(ApplyError::of(error)),
    };
    match found {
        Some(found) if !plan.cluster_uid.is_empty() && found != plan.cluster_uid => Err(ApplyError::OtherCluster { planned: plan.cluster_uid.clone(), found }),
        _ => Ok(()),
    }
}

/// Whether a plan is for this cluster, and all that it touches as it saw it or as it makes it. Nothing is written.
pub async fn still_holds(cluster: &Cluster, plan: &Plan) -> Result<(), ApplyError> {
    check_cluster(cluster, plan).await?;
    action::check(cluster, plan).await
}

impl Run<'_> {
    /// How long the cluster is waited for.
    pub(crate) fn waiting(&self) -> WaitOptions {
        WaitOptions { stalled_after: self.options.stalled_after, deadline: self.deadline, stop: self.halt.stop().clone() }
    }

    /// The platform namespace.
    pub(crate) fn namespace(&self) -> &str {
        &self.plan.namespace
    }

    async fn carry_out(&self, approved: &ApprovedPlan) -> Result<RunOutcome, ApplyError> {
        self.halt.or(check_cluster(self.cluster, self.plan)).await??;
        self.check_installation().await?;
        if let Err(mismatch) = self.halt.or(action::check(self.cluster, self.plan)).await? {
            // What another run is just writing differs from what both plans saw; its name says more than the difference.
            self.check_installation().await?;
            return Err(match lease::occupancy(self.cluster, self.namespace()).await {
                Occupancy::Held(held) => held,
                Occupancy::Free | Occupancy::Never => mismatch,
            });
        }
        if self.is_half_removed().await? {
            return self.finish_removal().await;
        }
        self.make_namespace().await?;
        let mut lease = lease::take(self.cluster, self.namespace(), &self.holder(), &self.halt, self.events).await?;
        // Boxed: it holds the state of every action.
        let outcome = Box::pin(self.under_lease(approved, &mut lease)).await;
        // Somebody else's lease and one that went with its namespace are left alone by the cluster room.
        lease::release(self.cluster, lease).await;
        outcome
    }

    /// The steps with the heartbeat beside them. When it ends, the steps hear of it before their next write.
    async fn under_lease(&self, approved: &ApprovedPlan, lease: &mut HeldLease) -> Result<RunOutcome, ApplyError> {
        let heartbeat = async {
            let reason = lease::keep(self.cluster, lease).await;
            if self.leaving.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            reason
        };
        Box::pin(lease::beside(heartbeat, &self.halt, self.recorded(approved))).await
    }

    async fn recorded(&self, approved: &ApprovedPlan) -> Result<RunOutcome, ApplyError> {
        self.check_installation().await?;
        let mut memory = Memory::begin(self, approved).await?;
        let outcome = self.steps(&mut memory).await;
        let written = memory.end(self, &outcome).await;
        let outcome = outcome?;
        written?;
        Ok(outcome)
    }

    async fn steps(&self, memory: &mut Memory) -> Result<RunOutcome, ApplyError> {
        let mut order = Order::new(&self.plan.steps);
        let mut tickets: Vec<Ticket> = Vec::new();
        let mut number = 0;
        while let Some(step) = order.next() {
            self.halt.checkpoint()?;
            number += 1;
            match self.step(step, number, memory).await? {
                Settled::Done => order.finished(&step.id),
                Settled::Waits(ticket) => tickets.push(*ticket),
            }
            if self.options.until.as_ref() == Some(&step.id) {
                break;
            }
        }
        if tickets.is_empty() && self.options.until.is_none() && !order.left().is_empty() {
            let left: Vec<&str> = order.left().iter().map(|step| step.id.0.as_str()).collect();
            return Err(ApplyError::PlanMalformed { reason: format!("these steps wait for each other: {}", left.join(", ")) });
        }
        Ok(if tickets.is_empty() { RunOutcome::Done } else { RunOutcome::Waiting(tickets) })
    }

    async fn step(&self, step: &PlannedStep, number: usize, memory: &mut Memory) -> Result<Settled, ApplyError> {
        let began = Instant::now();
        self.begins(step, number);
        if self.removes_platform(&step.action) {
            self.leaving.store(true, Ordering::Relaxed);
        }
        memory.started(&step.id);
        let settled = action::settle(self, step).await;
        match &settled {
            Ok(Settled::Done) => self.ended(step, began),
            Ok(Settled::Waits(ticket)) => self.events.send(Event::TicketOpened { step: step.id.clone(), ticket: ticket.as_ref().clone() }),
            Err(error) => self.events.send(Event::StepFailed { step: step.id.clone(), code: error.code().to_string() }),
        }
        memory.ended(self, step, &settled).await?;
        settled
    }

    /// Whether the platform namespace, where lease and records are, goes away with that action.
    fn removes_platform(&self, action: &Action) -> bool {
        action::removes(action).iter().any(|object| object.kind == "Namespace" && object.name == self.plan.namespace)
    }

    /// Whether the platform namespace goes away in this run.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// Whether a removal was killed when the platform namespace had begun to go: nothing can be made in it any more, no lease
    /// and no record, and nothing can come back.
    async fn is_half_removed(&self) -> Result<bool, ApplyError> {
        let removes = self.plan.steps.iter().any(|step| self.removes_platform(&step.action));
        Ok(removes && self.platform().await?.is_some_and(|live| live.manifest.pointer("/metadata/deletionTimestamp").is_some()))
    }

    /// Removes what is left. Another run that does the same does no harm.
    async fn finish_removal(&self) -> Result<RunOutcome, ApplyError> {
        self.leaving.store(true, Ordering::Relaxed);
        let mut order = Order::new(&self.plan.steps);
        let mut number = 0;
        while let Some(step) = order.next() {
            self.halt.checkpoint()?;
            number += 1;
            self.begins(step, number);
            let began = Instant::now();
            action::settle(self, step).await?;
            self.ended(step, began);
            order.finished(&step.id);
        }
        Ok(RunOutcome::Done)
    }

    fn begins(&self, step: &PlannedStep, number: usize) {
        self.events.send(Event::StepStarted { step: step.id.clone(), title: step.title.clone(), number, of: self.plan.steps.len() });
    }

    fn ended(&self, step: &PlannedStep, began: Instant) {
        self.events.send(Event::StepFinished { step: step.id.clone(), took_millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX) });
    }

    /// Makes the platform namespace, in which the lease will be, if the plan holds it and it does not exist.
    ///
    /// It is created, not applied: of two runs that begin at once, one makes it and the other reads whose it is. Only the
    /// label of the installation is set here, which never changes; all else is applied by the step under the lease.
    async fn make_namespace(&self) -> Result<(), ApplyError> {
        let Some((step, planned)) = self.planned_namespace() else { return Ok(()) };
        let reference = planned.reference().clone();
        if self.platform().await?.is_some() {
            // It may have been made by another run since it was looked for.
            return self.check_installation().await;
        }
        let id = installation(planned.manifest()).unwrap_or_default();
        let labels = if id.is_empty() { json!({}) } else { json!({ (airlock_model::names::LABEL_INSTALLATION): id }) };
        let manifest = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": reference.name, "labels": labels } });
        let object = Object::new(manifest).map_err(|error| ApplyError::PlanMalformed { reason: error.to_string() })?;
        self.halt.checkpoint()?;
        if !self.cluster.create(&object).await.map_err(ApplyError::of)? {
            return self.check_installation().await;
        }
        self.events.send(Event::ObjectSettled { step: step.clone(), object: reference, operation: Some(Operation::Create) });
        Ok(())
    }

    fn planned_namespace(&self) -> Option<(&StepId, &Object)> {
        self.plan.steps.iter().find_map(|step| match &step.action {
            Action::Apply(objects) => objects.iter().find(|object| object.reference().kind == "Namespace" && object.reference().name == self.plan.namespace).map(|object| (&step.id, object)),
            _ => None,
        })
    }

    /// Is the platform namespace, if it exists, that of the plan's installation? Asked before the first write and again
    /// under the lease.
    async fn check_installation(&self) -> Result<(), ApplyError> {
        let Some(planned) = &self.plan.installation else { return Ok(()) };
        let found = self.platform().await?.as_ref().and_then(|live| installation(&live.manifest).map(str::to_owned));
        let Some(found) = found.filter(|found| found != planned) else { return Ok(()) };
        // Of two runs that begin at once, the one that did not make the namespace names the one that did, which is about
        // to take its lease.
        let began = Instant::now();
        while began.elapsed() < RIVAL_APPEARS_WITHIN {
            match lease::occupancy(self.cluster, self.namespace()).await {
                Occupancy::Held(held) if !self.is_me(&held) => return Err(held),
                Occupancy::Never => self.halt.or(sleep(LOOK_EVERY)).await?,
                Occupancy::Held(_) | Occupancy::Free => break,
            }
        }
        Err(ApplyError::OtherInstallation { namespace: self.plan.namespace.clone(), planned: planned.clone(), found: Untrusted::new(found) })
    }

    fn is_me(&self, held: &ApplyError) -> bool {
        matches!(held, ApplyError::LeaseHeld { holder, .. } if holder.raw() == self.holder())
    }

    /// How this run is named in the lease.
    fn holder(&self) -> String {
        format!("{} run {}", self.options.by, self.id)
    }

    async fn platform(&self) -> Result<Option<LiveObject>, ApplyError> {
        self.halt.or(self.cluster.get(&ObjectRef::cluster("v1", "Namespace", self.namespace()))).await?.map_err(ApplyError::of)
    }
}
