//! A key with its certificate as it lies in a Secret of type `kubernetes.io/tls`: read, made, and written down.

use std::collections::BTreeMap;

use airlock_cluster::{Cluster, SecretData, SecretObject};
use airlock_model::{CertificateFacts, CertificateSpec, CertificateSubject, Object, Secret, SecretKeyRef, Untrusted, names};
use airlock_tls::{Authority, RootPair, certificate_facts};
use jiff::Timestamp;
use serde_json::json;

use crate::{ApplyError, action};

const TLS: &str = "kubernetes.io/tls";
pub(crate) const CERTIFICATE: &str = "tls.crt";
pub(crate) const KEY: &str = "tls.key";

/// A certificate, leaf first, with its key; both PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: Secret<String>,
    /// Of an authority: whom those believe who verify what it signs, PEM.
    pub(crate) believed: Option<String>,
}

/// The Secret of that name, which must be one of TLS.
pub(crate) async fn read(cluster: &Cluster, namespace: &str, name: &str) -> Result<Option<SecretData>, ApplyError> {
    let secret = cluster.secret(namespace, name).await.map_err(ApplyError::of)?;
    match secret {
        Some(secret) if secret.secret_type != TLS => {
            Err(ApplyError::SecretForeign { namespace: namespace.to_owned(), name: name.to_owned(), found: Untrusted::new(secret.secret_type.clone()), planned: TLS.to_owned() })
        }
        other => Ok(other),
    }
}

/// The Secret of the authority that signs it; none for an authority, which signs itself.
pub(crate) async fn signer(cluster: &Cluster, spec: &CertificateSpec) -> Result<Option<SecretData>, ApplyError> {
    let CertificateSubject::Server { authority_namespace, authority, .. } = &spec.subject else { return Ok(None) };
    let missing = || ApplyError::SecretMissing { at: SecretKeyRef { namespace: authority_namespace.clone(), name: authority.clone(), key: KEY.to_owned() } };
    read(cluster, authority_namespace, authority).await?.ok_or_else(missing).map(Some)
}

/// Makes a new key and certificate. Servers need the authority that signs them.
pub(crate) fn make(spec: &CertificateSpec, signer: Option<&SecretData>, now: Timestamp) -> Result<Pair, ApplyError> {
    match &spec.subject {
        CertificateSubject::Authority { common_name, permitted, root: None, .. } => {
            let authority = Authority::generate(common_name, permitted, spec.lifetime, now)?;
            let certificate = authority.certificate_pem().to_owned();
            Ok(Pair { believed: Some(certificate.clone()), certificate, key: authority.key_pem().clone() })
        }
        CertificateSubject::Authority { common_name, permitted, root: Some(root), .. } => {
            let RootPair { certificate_pem, key_pem } = action::root(root)?;
            let authority = Authority::from_pem(certificate_pem.as_bytes(), key_pem.expose().as_bytes())?.subordinate(common_name, permitted, spec.lifetime, now)?;
            Ok(Pair { certificate: authority.certificate_pem().to_owned(), key: authority.key_pem().clone(), believed: Some(certificate_pem) })
        }
        CertificateSubject::Server { authority_namespace, authority, names } => {
            let signer = signer.ok_or_else(|| ApplyError::SecretMissing { at: SecretKeyRef { namespace: authority_namespace.clone(), name: authority.clone(), key: KEY.to_owned() } })?;
            let issued = Authority::from_pem(bytes(signer, CERTIFICATE), bytes(signer, KEY))?.issue(names, spec.lifetime, now)?;
            Ok(Pair { certificate: issued.chain_pem, key: issued.key_pem, believed: None })
        }
        CertificateSubject::Supplied { .. } => Err(ApplyError::PlanMalformed { reason: format!("somebody else issues the certificate {}", spec.name) }),
    }
}

/// What lies in a Secret.
pub(crate) fn pair(secret: &SecretData) -> Pair {
    let believed = secret.data.contains_key(names::BELIEVED).then(|| text(secret, names::BELIEVED));
    Pair { certificate: text(secret, CERTIFICATE), key: Secret::new(text(secret, KEY)), believed }
}

/// What the certificate says; none when it cannot be read, and then it is made anew.
pub(crate) fn facts(secret: &SecretData) -> Option<CertificateFacts> {
    certificate_facts(bytes(secret, CERTIFICATE), bytes(secret, KEY)).ok()
}

/// What a pair says that was just made.
pub(crate) fn facts_of(pair: &Pair) -> Result<CertificateFacts, ApplyError> {
    certificate_facts(pair.certificate.as_bytes(), pair.key.expose().as_bytes()).map_err(|error| ApplyError::Tls(error.into()))
}

/// The Secret that holds the pair, with these annotations beside its own.
pub(crate) fn secret(spec: &CertificateSpec, pair: Pair, mut annotations: BTreeMap<String, String>) -> SecretObject {
    let class = match spec.subject {
        // Nodes and people were told to trust it.
        CertificateSubject::Authority { .. } => "data-key",
        CertificateSubject::Server { .. } | CertificateSubject::Supplied { .. } => "derived",
    };
    annotations.insert(names::ANNOTATION_CLASS.to_owned(), class.to_owned());
    SecretObject {
        namespace: spec.namespace.clone(),
        name: spec.name.clone(),
        secret_type: TLS.to_owned(),
        labels: spec.labels.clone(),
        annotations,
        data: [
            Some((CERTIFICATE.to_owned(), Secret::new(pair.certificate.into_bytes()))),
            Some((KEY.to_owned(), Secret::new(pair.key.expose().clone().into_bytes()))),
            pair.believed.map(|believed| (names::BELIEVED.to_owned(), Secret::new(believed.into_bytes()))),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

/// The generation is the plan's: what is written over a Secret beside it keeps that of the Secret, so that the next plan finds nothing to do.
pub(crate) fn keep_generation(secret: &mut SecretObject, live: Option<&SecretData>) {
    let generation = live.and_then(|live| live.labels.get(names::LABEL_SECRET_GENERATION)).cloned();
    secret.labels.extend(generation.map(|generation| (names::LABEL_SECRET_GENERATION.to_owned(), generation)));
}

/// The `ConfigMap` by which an authority is published.
pub(crate) fn published(spec: &CertificateSpec, name: &str, believed: &str) -> Result<Object, ApplyError> {
    let manifest = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": spec.namespace, "labels": spec.labels }, "data": { (names::BELIEVED): believed } });
    Object::new(manifest).map_err(|error| ApplyError::PlanMalformed { reason: error.to_string() })
}

pub(crate) fn text(secret: &SecretData, key: &str) -> String {
    String::from_utf8_lossy(bytes(secret, key)).into_owned()
}

pub(crate) fn bytes<'a>(secret: &'a SecretData, key: &str) -> &'a [u8] {
    secret.data.get(key).map_or(&[], |value| value.expose())
}
