//! Makes or renews a key and certificate in a Secret of type `kubernetes.io/tls`; a good one is kept.
//!
//! An authority's certificate is published in a `ConfigMap` as well, so that whoever verifies a hop needs no Secret.

use std::collections::BTreeMap;

use airlock_model::{CertificateSpec, CertificateSubject, Event, Object, ObjectRef, Operation, PlannedStep, StepId, names};
use airlock_tls::renewal;
use jiff::Timestamp;
use serde_json::json;

use super::obtain;
use crate::certificate::{self, Pair};
use crate::run::Run;
use crate::{ApplyError, owned};

/// Key of a published authority, as most programs look for it.
const PUBLISHED: &str = "ca.crt";

pub(super) async fn settle(run: &Run<'_>, step: &PlannedStep, spec: &CertificateSpec) -> Result<(), ApplyError> {
    if let CertificateSubject::Supplied { .. } = &spec.subject {
        let operation = obtain::settle(run, step, spec).await?;
        settled(run, &step.id, spec.object(), operation);
        return Ok(());
    }
    let now = Timestamp::now();
    let live = certificate::read(run.cluster, &spec.namespace, &spec.name).await?;
    let signer = certificate::signer(run.cluster, spec).await?;
    let facts = live.as_ref().and_then(certificate::facts);
    let signer_facts = signer.as_ref().and_then(certificate::facts);
    let pair = match (&facts, &live) {
        (Some(facts), Some(live)) if renewal(facts, spec, signer_facts.as_ref(), now).is_none() && certificate::is_vouched_for(spec, live.data.contains_key(names::ROOT)) => {
            settled(run, &step.id, spec.object(), None);
            certificate::pair(live)
        }
        _ => {
            let made = certificate::make(spec, signer.as_ref(), now)?;
            store(run, step, spec, made.clone()).await?;
            made
        }
    };
    match &spec.subject {
        CertificateSubject::Authority { publish: Some(name), .. } => self::publish(run, step, spec, name, pair.root.as_ref().unwrap_or(&pair.certificate)).await,
        CertificateSubject::Authority { publish: None, .. } | CertificateSubject::Server { .. } | CertificateSubject::Supplied { .. } => Ok(()),
    }
}

async fn store(run: &Run<'_>, step: &PlannedStep, spec: &CertificateSpec, made: Pair) -> Result<(), ApplyError> {
    let secret = certificate::secret(spec, made, BTreeMap::new());
    run.halt.checkpoint()?;
    let applied = run.cluster.apply_secret(&secret).await.map_err(ApplyError::of)?;
    settled(run, &step.id, spec.object(), Some(if applied.created { Operation::Create } else { Operation::Update }));
    Ok(())
}

async fn publish(run: &Run<'_>, step: &PlannedStep, spec: &CertificateSpec, name: &str, certificate: &str) -> Result<(), ApplyError> {
    let manifest = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": spec.namespace, "labels": spec.labels }, "data": { PUBLISHED: certificate } });
    let object = Object::new(manifest).map_err(|error| ApplyError::PlanMalformed { reason: error.to_string() })?;
    let live = run.cluster.get(object.reference()).await.map_err(ApplyError::of)?;
    let operation = if live.is_some_and(|live| owned::is_as_desired(object.manifest(), &live.manifest)) {
        None
    } else {
        run.halt.checkpoint()?;
        let applied = run.cluster.apply(&object).await.map_err(ApplyError::of)?;
        Some(if applied.created { Operation::Create } else { Operation::Update })
    };
    settled(run, &step.id, object.reference().clone(), operation);
    Ok(())
}

fn settled(run: &Run<'_>, step: &StepId, object: ObjectRef, operation: Option<Operation>) {
    run.events.send(Event::ObjectSettled { step: step.clone(), object, operation });
}
