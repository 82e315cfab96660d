//! Makes or renews a key and certificate in a Secret of type `kubernetes.io/tls`; a good one is kept.
//!
//! An authority's certificate is published in a `ConfigMap` as well, so that whoever verifies a hop needs no Secret.

use std::collections::BTreeMap;

use airlock_cluster::{SecretData, SecretObject};
use airlock_model::{CertificateSpec, CertificateSubject, Event, Object, ObjectRef, Operation, PlannedStep, StepId, names};
use airlock_tls::renewal;
use jiff::Timestamp;

use super::obtain;
use crate::authority::{AuthorityStanding, Held, authority_standing, is_vouched_for};
use crate::run::Run;
use crate::{ApplyError, certificate, owned};

pub(super) async fn settle(run: &Run<'_>, step: &PlannedStep, spec: &CertificateSpec) -> Result<(), ApplyError> {
    match &spec.subject {
        CertificateSubject::Supplied { .. } => {
            let operation = obtain::settle(run, step, spec).await?;
            settled(run, &step.id, spec.object(), operation);
            Ok(())
        }
        CertificateSubject::Authority { publish, .. } => settle_authority(run, step, spec, publish.as_deref()).await,
        CertificateSubject::Server { .. } => settle_server(run, step, spec).await,
    }
}

async fn settle_server(run: &Run<'_>, step: &PlannedStep, spec: &CertificateSpec) -> Result<(), ApplyError> {
    let now = Timestamp::now();
    let live = certificate::read(run.cluster, &spec.namespace, &spec.name).await?;
    let signer = certificate::signer(run.cluster, spec).await?;
    let signer_facts = signer.as_ref().and_then(certificate::facts);
    if live.as_ref().and_then(certificate::facts).is_some_and(|facts| renewal(&facts, spec, signer_facts.as_ref(), now).is_none()) {
        settled(run, &step.id, spec.object(), None);
        return Ok(());
    }
    let made = certificate::make(spec, signer.as_ref(), now)?;
    store(run, step, spec, certificate::secret(spec, made, BTreeMap::new())).await
}

/// One that others believe is not taken away from them: the next one is announced beside it.
async fn settle_authority(run: &Run<'_>, step: &PlannedStep, spec: &CertificateSpec, publish: Option<&str>) -> Result<(), ApplyError> {
    let now = Timestamp::now();
    let live = certificate::read(run.cluster, &spec.namespace, &spec.name).await?;
    let facts = live.as_ref().and_then(certificate::facts);
    let announced = |live: &SecretData| live.data.contains_key(names::NEXT_CERTIFICATE);
    let standing = live.as_ref().map_or(AuthorityStanding::Lost, |live| authority_standing(spec, facts.as_ref(), is_vouched_for(spec, live), announced(live), now));
    let believed = match (standing, &live) {
        (AuthorityStanding::Good, Some(live)) => {
            let held = Held::of(live)?;
            if live.data.contains_key(names::BELIEVED) {
                settled(run, &step.id, spec.object(), None);
            } else {
                store(run, step, spec, beside(&held, spec, live)).await?;
            }
            held.believed()
        }
        (AuthorityStanding::Due, Some(live)) => {
            let held = Held::of(live)?.announced(&certificate::make(spec, None, now)?)?;
            store(run, step, spec, beside(&held, spec, live)).await?;
            held.believed()
        }
        (AuthorityStanding::Lost, _) | (_, None) => {
            let made = certificate::make(spec, None, now)?;
            let believed = made.believed.clone().unwrap_or_default();
            store(run, step, spec, certificate::secret(spec, made, BTreeMap::new())).await?;
            believed
        }
    };
    match publish {
        Some(name) => self::publish(run, step, &certificate::published(spec, name, &believed)?).await,
        None => Ok(()),
    }
}

/// What signs stays, and so nobody has to start anew.
fn beside(held: &Held, spec: &CertificateSpec, live: &SecretData) -> SecretObject {
    let mut secret = held.secret(spec, BTreeMap::new());
    certificate::keep_generation(&mut secret, Some(live));
    secret
}

async fn store(run: &Run<'_>, step: &PlannedStep, spec: &CertificateSpec, secret: SecretObject) -> Result<(), ApplyError> {
    run.halt.checkpoint()?;
    let applied = run.cluster.apply_secret(&secret).await.map_err(ApplyError::of)?;
    settled(run, &step.id, spec.object(), Some(if applied.created { Operation::Create } else { Operation::Update }));
    Ok(())
}

async fn publish(run: &Run<'_>, step: &PlannedStep, object: &Object) -> Result<(), ApplyError> {
    let live = run.cluster.get(object.reference()).await.map_err(ApplyError::of)?;
    let operation = if live.is_some_and(|live| owned::is_as_desired(object.manifest(), &live.manifest)) {
        None
    } else {
        run.halt.checkpoint()?;
        let applied = run.cluster.apply(object).await.map_err(ApplyError::of)?;
        Some(if applied.created { Operation::Create } else { Operation::Update })
    };
    settled(run, &step.id, object.reference().clone(), operation);
    Ok(())
}

fn settled(run: &Run<'_>, step: &StepId, object: ObjectRef, operation: Option<Operation>) {
    run.events.send(Event::ObjectSettled { step: step.clone(), object, operation });
}
