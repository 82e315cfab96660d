//! dns-01 by people: the order is kept in a Secret, a ticket has its records, and whichever run finds them at all servers goes on.

use std::collections::BTreeMap;

use airlock_cluster::SecretObject;
use airlock_model::{AcmeSource, CertificateSpec, Event, ObjectRef, PlannedStep, Secret, SecretKeyRef, names};
use airlock_tls::Issued;
use airlock_tls::acme::{AcmeError, OpenOrder, TxtRecord};
use serde::{Deserialize, Serialize};

use super::acme::{self, Asking};
use super::{Settled, Wanted, records};
use crate::ApplyError;
use crate::certificate::{self, CERTIFICATE};
use crate::run::Run;

/// What is kept while people set records. None of it is secret.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    order: OpenOrder,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Before>,
}

/// An order that could not be gone on with.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Before {
    pub(super) why: String,
    pub(super) records: Vec<TxtRecord>,
}

/// Goes on with the order as far as it goes today.
pub(super) async fn settle(run: &Run<'_>, step: &PlannedStep, spec: &CertificateSpec, acme: &AcmeSource) -> Result<Settled, ApplyError> {
    let Some(at) = acme.challenge.order() else { return Err(super::no_source(spec)) };
    let wanted = Wanted::of(run.cluster, spec).await?;
    let former = certificate::read(run.cluster, &spec.namespace, &spec.name).await?.map(|live| certificate::text(&live, CERTIFICATE));
    run.halt.checkpoint()?;
    let asking = acme::asking(run.cluster, spec, acme, wanted.hosts.clone(), former).await?;
    let Kept { order, before } = kept(run, spec, at, &asking).await?;
    let placed = asking.dns.places(&order.records()).await?;
    let sightings = run.halt.or(asking.dns.sightings(&placed)).await??;
    if sightings.iter().any(|sighting| !sighting.is_complete()) {
        return Ok(Settled::Waits(Box::new(records::ticket(acme, &placed, &sightings, before.as_ref()))));
    }
    run.halt.checkpoint()?;
    let issuance = asking.account.finish(&order, &asking.request).await?;
    let pair = wanted.issuance(spec, acme, &issuance.issued)?;
    super::told(run, step, acme::remark(acme, &issuance));
    let operation = super::write(run.cluster, spec, Issued { chain_pem: pair.certificate, key_pem: pair.key }).await?;
    run.events.send(Event::ObjectSettled { step: step.id.clone(), object: spec.object(), operation: Some(operation) });
    run.cluster.delete(&ObjectRef::namespaced("v1", "Secret", &at.namespace, &at.name)).await.map_err(ApplyError::of)?;
    let old = before.map(|before| before.records).unwrap_or_default();
    run.events.send(Event::NoLongerNeeded { step: step.id.clone(), what: placed.iter().chain(&old).map(|record| records::zone_line(record).into()).collect() });
    Ok(Settled::Done)
}

/// The order that was begun in an earlier run, where it can still be gone on with; else a new one, which is kept at once.
async fn kept(run: &Run<'_>, spec: &CertificateSpec, at: &SecretKeyRef, asking: &Asking) -> Result<Kept, ApplyError> {
    let stored = run.cluster.secret(&at.namespace, &at.name).await.map_err(ApplyError::of)?.and_then(|mut secret| secret.data.remove(&at.key));
    // What cannot be read was not written by this release; there is no going on with it.
    let before = match stored.and_then(|value| serde_json::from_slice::<Kept>(value.expose()).ok()) {
        None => None,
        Some(kept) => match useless(&kept.order, asking).await? {
            None => return Ok(kept),
            Some(why) => Some(Before { why, records: kept.order.records() }),
        },
    };
    asking.account.caa(&asking.request, &asking.dns).await?;
    run.halt.checkpoint()?;
    let kept = Kept { order: asking.account.begin(&asking.request).await?, before };
    let text = serde_json::to_vec(&kept).map_err(|error| ApplyError::PlanMalformed { reason: error.to_string() })?;
    let mut labels = spec.labels.clone();
    // Unlike the certificate, it is worth nothing after an uninstall.
    labels.remove(names::LABEL_RETAINED);
    let secret = SecretObject {
        namespace: at.namespace.clone(),
        name: at.name.clone(),
        secret_type: "Opaque".to_owned(),
        labels,
        annotations: BTreeMap::from([(names::ANNOTATION_CLASS.to_owned(), "derived".to_owned())]),
        data: BTreeMap::from([(at.key.clone(), Secret::new(text))]),
    };
    run.cluster.apply_secret(&secret).await.map_err(ApplyError::of)?;
    Ok(kept)
}

/// Why an order of an earlier run cannot be gone on with, if it cannot.
async fn useless(order: &OpenOrder, asking: &Asking) -> Result<Option<String>, ApplyError> {
    if !order.answers(&asking.request, asking.account.directory()) {
        return Ok(Some("was for other names, or at another authority".to_owned()));
    }
    match asking.account.still_open(order).await {
        Ok(()) => Ok(None),
        Err(AcmeError::OrderGone { why, .. }) => Ok(Some(why.to_owned())),
        Err(other) => Err(other.into()),
    }
}
