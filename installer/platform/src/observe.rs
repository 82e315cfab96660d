//! What exists of that which should be: live objects, the shape of live Secrets, record and inventory. It reads only.

use std::collections::BTreeSet;

use airlock_cluster::{Cluster, SecretData};
use airlock_model::{Action, CertificateFacts, CertificateSpec, CertificateSubject, Gate, Installed, Inventory, LiveObject, LiveSecret, ObjectRef, Record, SecretSpec, names};
use futures::{TryStreamExt, stream};

use crate::PlatformError;
use crate::desired::DesiredStep;

/// Secrets that are read at the same time.
pub(crate) const AT_ONCE: usize = 16;

/// Reads all that the desired steps touch.
pub(crate) async fn installed(cluster: &Cluster, namespace: &str, record: Option<Record>, desired: &[DesiredStep]) -> Result<Installed, PlatformError> {
    let objects: Vec<ObjectRef> = desired
        .iter()
        .flat_map(|step| match &step.action {
            Action::Apply(objects) => objects.iter().map(|object| object.reference().clone()).collect(),
            Action::Run(job) => vec![job.reference().clone()],
            Action::Issue(CertificateSpec { namespace, subject: CertificateSubject::Authority { publish: Some(name), .. }, .. }) => vec![ObjectRef::namespaced("v1", "ConfigMap", namespace, name)],
            _ => Vec::new(),
        })
        .collect();
    let secrets: Vec<(ObjectRef, Made<'_>)> = desired
        .iter()
        .filter_map(|step| match &step.action {
            Action::Generate(spec) => Some((spec.object(), Made::Generated(spec))),
            Action::Issue(spec) | Action::Await(Gate::Certificate(spec)) => Some((spec.object(), Made::Certified(spec))),
            _ => None,
        })
        .collect();
    let inventory = airlock_engine::record::read_inventory(cluster, namespace);
    let objects = cluster.live_by_listing(&objects);
    let secrets = stream::iter(secrets.into_iter().map(Ok::<_, PlatformError>)).map_ok(|(object, made)| live_secret(cluster, object, made)).try_buffered(AT_ONCE).try_collect::<Vec<_>>();
    let (inventory, objects, secrets) = futures::join!(inventory, objects, secrets);
    Ok(Installed { record, inventory: inventory?, objects: objects?, secrets: secrets?.into_iter().flatten().collect(), unwanted: Vec::new() })
}

/// What was applied once, still exists, and is made by none of these steps, which must be those of the whole installation.
pub(crate) async fn unwanted(cluster: &Cluster, inventory: &Inventory, desired: &[DesiredStep]) -> Result<Vec<LiveObject>, PlatformError> {
    let wanted: BTreeSet<ObjectRef> = desired.iter().flat_map(|step| airlock_engine::makes(&step.action)).collect();
    let unwanted: Vec<ObjectRef> = inventory.objects.iter().filter(|object| !wanted.contains(object)).cloned().collect();
    Ok(cluster.live_by_listing(&unwanted).await?)
}

/// How a Secret comes about.
#[derive(Clone, Copy)]
enum Made<'a> {
    Generated(&'a SecretSpec),
    Certified(&'a CertificateSpec),
}

async fn live_secret(cluster: &Cluster, object: ObjectRef, made: Made<'_>) -> Result<Option<LiveSecret>, PlatformError> {
    let namespace = object.namespace.clone().unwrap_or_default();
    let Some(secret) = cluster.secret(&namespace, &object.name).await? else { return Ok(None) };
    let spec = secret.annotations.get(names::ANNOTATION_SPEC).and_then(|text| text.parse().ok());
    let (certificate, current) = match made {
        Made::Generated(spec) => (None, airlock_engine::follows_its_sources(cluster, spec, &secret).await?),
        Made::Certified(spec) => (certificate_facts(&secret), airlock_engine::is_vouched_for(spec, &secret)),
    };
    Ok(Some(LiveSecret { object, keys: secret.data.keys().cloned().collect(), spec, current, labels: secret.labels, certificate }))
}

/// What the certificate in a TLS Secret says; none when it cannot be read, so that the plan makes it anew.
pub(crate) fn certificate_facts(secret: &SecretData) -> Option<CertificateFacts> {
    let value = |key: &str| secret.data.get(key).map(|value| value.expose().as_slice());
    airlock_tls::certificate_facts(value("tls.crt")?, value("tls.key")?).ok()
}
