//! Makes or renews a key and certificate in a Secret of type `kubernetes.io/tls`; a good one is kept.
//!
//! An authority's certificate is published in a `ConfigMap` as well, so that whoever verifies a hop needs no Secret.

use std::collections::BTreeMap;

use airlock_cluster::{SecretData, SecretObject};
use airlock_model::{CertificateFacts, CertificateSpec, CertificateSubject, Event, Object, ObjectRef, Operation, PlannedStep, Secret, SecretKeyRef, StepId, Untrusted, names};
use airlock_tls::{Authority, certificate_facts, renewal};
use jiff::Timestamp;
use serde_json::json;

use super::obtain;
use crate::run::Run;
use crate::{ApplyError, owned};

const TLS: &str = "kubernetes.io/tls";
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
/// Key of a published authority, as most programs look for it.
const PUBLISHED: &str = "ca.crt";

/// What goes into the Secret.
struct Made {
    certificate: String,
    key: Secret<String>,
}

pub(super) async fn settle(run: &Run<'_>, step: &PlannedStep, spec: &CertificateSpec) -> Result<(), ApplyError> {
    let now = Timestamp::now();
    let live = read(run, &spec.namespace, &spec.name).await?;
    let facts = live.as_ref().and_then(facts);
    match &spec.subject {
        CertificateSubject::Authority { common_name, permitted, publish } => {
            let certificate = match (&facts, &live) {
                (Some(facts), Some(live)) if renewal(facts, spec, None, now).is_none() => {
                    settled(run, &step.id, spec.object(), None);
                    text(live, CERTIFICATE)
                }
                _ => {
                    let authority = Authority::generate(common_name, permitted, spec.lifetime, now)?;
                    let certificate = authority.certificate_pem().to_owned();
                    store(run, step, spec, Made { certificate: certificate.clone(), key: authority.key_pem().clone() }).await?;
                    certificate
                }
            };
            match publish {
                Some(name) => self::publish(run, step, spec, name, &certificate).await,
                None => Ok(()),
            }
        }
        CertificateSubject::Server { authority_namespace, authority, names } => {
            let missing = || ApplyError::SecretMissing { at: SecretKeyRef { namespace: authority_namespace.clone(), name: authority.clone(), key: KEY.to_owned() } };
            let secret = read(run, authority_namespace, authority).await?.ok_or_else(missing)?;
            let signer = Authority::from_pem(bytes(&secret, CERTIFICATE), bytes(&secret, KEY))?;
            let signer_facts = self::facts(&secret);
            if facts.as_ref().is_some_and(|facts| renewal(facts, spec, signer_facts.as_ref(), now).is_none()) {
                settled(run, &step.id, spec.object(), None);
                return Ok(());
            }
            let issued = signer.issue(names, spec.lifetime, now)?;
            store(run, step, spec, Made { certificate: issued.chain_pem, key: issued.key_pem }).await
        }
        CertificateSubject::Supplied { .. } => {
            let operation = obtain::settle(run.cluster, &run.halt, spec).await?;
            settled(run, &step.id, spec.object(), operation);
            Ok(())
        }
    }
}

async fn read(run: &Run<'_>, namespace: &str, name: &str) -> Result<Option<SecretData>, ApplyError> {
    let secret = run.cluster.secret(namespace, name).await.map_err(ApplyError::of)?;
    match secret {
        Some(secret) if secret.secret_type != TLS => {
            Err(ApplyError::SecretForeign { namespace: namespace.to_owned(), name: name.to_owned(), found: Untrusted::new(secret.secret_type.clone()), planned: TLS.to_owned() })
        }
        other => Ok(other),
    }
}

fn bytes<'a>(secret: &'a SecretData, key: &str) -> &'a [u8] {
    secret.data.get(key).map_or(&[], |value| value.expose())
}

fn text(secret: &SecretData, key: &str) -> String {
    String::from_utf8_lossy(bytes(secret, key)).into_owned()
}

/// What the certificate says; none when it cannot be read, and then it is made anew.
fn facts(secret: &SecretData) -> Option<CertificateFacts> {
    certificate_facts(bytes(secret, CERTIFICATE), bytes(secret, KEY)).ok()
}

async fn store(run: &Run<'_>, step: &PlannedStep, spec: &CertificateSpec, made: Made) -> Result<(), ApplyError> {
    let class = match spec.subject {
        // Nodes and people were told to trust it.
        CertificateSubject::Authority { .. } => "data-key",
        CertificateSubject::Server { .. } | CertificateSubject::Supplied { .. } => "derived",
    };
    let secret = SecretObject {
        namespace: spec.namespace.clone(),
        name: spec.name.clone(),
        secret_type: TLS.to_owned(),
        labels: spec.labels.clone(),
        annotations: BTreeMap::from([(names::ANNOTATION_CLASS.to_owned(), class.to_owned())]),
        data: BTreeMap::from([(CERTIFICATE.to_owned(), Secret::new(made.certificate.into_bytes())), (KEY.to_owned(), Secret::new(made.key.expose().clone().into_bytes()))]),
    };
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
