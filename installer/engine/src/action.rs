//! What each action does: observe, act, verify. One file an action; the match is closed, so that a new action does not
//! build before it can be carried out.

mod apply;
mod delete;
mod dns;
mod generate;
mod issue;
pub(crate) mod node_pull;
pub(crate) mod obtain;
mod probe;
mod push;
mod run_job;

use airlock_model::{Action, CertificateSpec, CertificateSubject, Gate, ObjectRef, PlannedStep, Ticket};

pub(crate) use apply::check;
pub use generate::follows_its_sources;
pub use obtain::{Found, Imported, find_supplied, handing, import};
pub(crate) use obtain::{ask_for_next, reissued, renewed, root, root_certificate, suggestion};
pub(crate) use probe::words;
pub use run_job::is_outdated;

use crate::{ApplyError, run::Run};

/// How a step ended that did not fail.
pub(crate) enum Settled {
    /// It is as the plan wants it.
    Done,
    /// It waits for something outside.
    Waits(Box<Ticket>),
}

/// Carries out a step.
pub(crate) async fn settle(run: &Run<'_>, step: &PlannedStep) -> Result<Settled, ApplyError> {
    match &step.action {
        Action::Apply(objects) => apply::settle(run, step, objects).await?,
        Action::Delete(objects) => delete::settle(run, step, objects).await?,
        Action::Generate(spec) => generate::settle(run, step, spec).await?,
        Action::Issue(spec) => issue::settle(run, step, spec).await?,
        Action::Push(spec) => push::settle(run, step, spec).await?,
        Action::Run(job) => run_job::settle(run, step, job).await?,
        Action::Probe(attempts) => probe::settle(run, step, attempts).await?,
        Action::Await(Gate::Dns { hosts, records, service }) => return dns::settle(run, hosts, records, service).await,
        Action::Await(gate @ Gate::NodePull { .. }) => return node_pull::settle(run, step, gate).await,
        Action::Await(Gate::Certificate(spec)) => return obtain::settle_gate(run, step, spec).await,
    }
    Ok(Settled::Done)
}

/// The objects that a step leaves in the cluster, for the inventory.
pub fn makes(action: &Action) -> Vec<ObjectRef> {
    match action {
        Action::Apply(objects) => objects.iter().map(|object| object.reference().clone()).collect(),
        Action::Run(job) => vec![job.reference().clone()],
        Action::Generate(spec) => vec![spec.object()],
        Action::Issue(spec) => {
            let published = match &spec.subject {
                CertificateSubject::Authority { publish, .. } => publish.as_ref().map(|name| ObjectRef::namespaced("v1", "ConfigMap", &spec.namespace, name)),
                CertificateSubject::Server { .. } | CertificateSubject::Supplied { .. } => None,
            };
            std::iter::once(spec.object()).chain(published).chain(account(spec)).chain(issued(spec)).collect()
        }
        // It is written when the certificate is imported, or when its records are there.
        Action::Await(Gate::Certificate(spec)) => std::iter::once(spec.object()).chain(account(spec)).chain(order(spec)).collect(),
        Action::Delete(_) | Action::Push(_) | Action::Probe(_) | Action::Await(_) => Vec::new(),
    }
}

/// The Secret with the account of an ACME authority.
fn account(spec: &CertificateSpec) -> Option<ObjectRef> {
    spec.acme().map(|acme| ObjectRef::namespaced("v1", "Secret", &acme.account.namespace, &acme.account.name))
}

/// The Secret that cert-manager makes by our `Certificate`.
fn issued(spec: &CertificateSpec) -> Option<ObjectRef> {
    spec.cert_manager().map(|certificate| ObjectRef::namespaced("v1", "Secret", &spec.namespace, &certificate.name))
}

/// The Secret with an order that people set records for.
fn order(spec: &CertificateSpec) -> Option<ObjectRef> {
    spec.acme().and_then(|acme| acme.challenge.order()).map(|at| ObjectRef::namespaced("v1", "Secret", &at.namespace, &at.name))
}

/// The objects that a step takes away.
pub(crate) fn removes(action: &Action) -> Vec<ObjectRef> {
    match action {
        Action::Delete(objects) => objects.clone(),
        Action::Await(Gate::Certificate(spec)) => order(spec).into_iter().collect(),
        Action::Apply(_) | Action::Generate(_) | Action::Issue(_) | Action::Push(_) | Action::Run(_) | Action::Probe(_) | Action::Await(_) => Vec::new(),
    }
}
