//! A key with its certificate as it lies in a Secret of type `kubernetes.io/tls`: read, made, and written down.

use std::collections::BTreeMap;

use airlock_cluster::{Cluster, SecretData, SecretObject};
use airlock_model::{CertificateFacts, CertificateSpec, CertificateSubject, Secret, SecretKeyRef, Untrusted, names};
use airlock_tls::{Authority, RootPair, certificate_facts};
use jiff::Timestamp;

use crate::{ApplyError, action};

const TLS: &str = "kubernetes.io/tls";
pub(crate) const CERTIFICATE: &str = "tls.crt";
pub(crate) const KEY: &str = "tls.key";

/// A certificate, leaf first, with its key; both PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: Secret<String>,
    /// The root that vouches for an authority which is none itself.
    pub(crate) root: Option<String>,
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
            Ok(Pair { certificate: authority.certificate_pem().to_owned(), key: authority.key_pem().clone(), root: None })
        }
        CertificateSubject::Authority { common_name, permitted, root: Some(root), .. } => {
            let RootPair { certificate_pem, key_pem } = action::root(root)?;
            let authority = Authority::from_pem(certificate_pem.as_bytes(), key_pem.expose().as_bytes())?.subordinate(common_name, permitted, spec.lifetime, now)?;
            Ok(Pair { certificate: authority.certificate_pem().to_owned(), key: authority.key_pem().clone(), root: Some(certificate_pem) })
        }
        CertificateSubject::Server { authority_namespace, authority, names } => {
            let signer = signer.ok_or_else(|| ApplyError::SecretMissing { at: SecretKeyRef { namespace: authority_namespace.clone(), name: authority.clone(), key: KEY.to_owned() } })?;
            let issued = Authority::from_pem(bytes(signer, CERTIFICATE), bytes(signer, KEY))?.issue(names, spec.lifetime, now)?;
            Ok(Pair { certificate: issued.chain_pem, key: issued.key_pem, root: None })
        }
        CertificateSubject::Supplied { .. } => Err(ApplyError::PlanMalformed { reason: format!("somebody else issues the certificate {}", spec.name) }),
    }
}

/// Whether who vouches for an authority is who should: itself, or a root that stays elsewhere.
pub fn is_vouched_for(spec: &CertificateSpec, has_root: bool) -> bool {
    match &spec.subject {
        CertificateSubject::Authority { root, .. } => root.is_some() == has_root,
        CertificateSubject::Server { .. } | CertificateSubject::Supplied { .. } => true,
    }
}

/// What lies in a Secret.
pub(crate) fn pair(secret: &SecretData) -> Pair {
    let root = secret.data.get(names::ROOT).map(|root| String::from_utf8_lossy(root.expose()).into_owned());
    Pair { certificate: text(secret, CERTIFICATE), key: Secret::new(text(secret, KEY)), root }
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
            pair.root.map(|root| (names::ROOT.to_owned(), Secret::new(root.into_bytes()))),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

pub(crate) fn text(secret: &SecretData, key: &str) -> String {
    String::from_utf8_lossy(bytes(secret, key)).into_owned()
}

pub(crate) fn bytes<'a>(secret: &'a SecretData, key: &str) -> &'a [u8] {
    secret.data.get(key).map_or(&[], |value| value.expose())
}
