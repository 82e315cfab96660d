//! The request to the company's authority for the certificate after the one that is served.

use std::collections::BTreeMap;

use airlock_cluster::{Cluster, SecretData, SecretObject};
use airlock_model::{CertificateSource, CertificateSpec, CertificateSubject, Digest, Secret, SecretKeyRef, names};

use crate::certificate::KEY;
use crate::{ApplyError, recipe};

/// Makes a new key and the request for the certificate that takes the place of this one, once. What is served stays.
pub(crate) async fn ask_for_next(cluster: &Cluster, spec: &CertificateSpec, replaced: &Digest) -> Result<(), ApplyError> {
    let CertificateSubject::Supplied { names, source: CertificateSource::Request { secret }, .. } = &spec.subject else { return Ok(()) };
    let missing = || ApplyError::SecretMissing { at: SecretKeyRef { namespace: spec.namespace.clone(), name: secret.clone(), key: KEY.to_owned() } };
    let SecretData { labels, mut annotations, secret_type, .. } = match cluster.secret(&spec.namespace, secret).await.map_err(ApplyError::of)?.ok_or_else(missing)? {
        asked if is_for_next(&asked, replaced) => return Ok(()),
        before => before,
    };
    let key = recipe::key()?;
    let request = airlock_tls::signing_request(key.expose(), names)?;
    annotations.insert(names::ANNOTATION_NEXT_OF.to_owned(), replaced.to_string());
    let data = BTreeMap::from([(KEY.to_owned(), Secret::new(key.expose().clone().into_bytes())), (names::REQUEST_KEY.to_owned(), Secret::new(request.into_bytes()))]);
    let asked = SecretObject { namespace: spec.namespace.clone(), name: secret.clone(), secret_type, labels, annotations, data };
    cluster.apply_secret(&asked).await.map_err(ApplyError::of).map(|_| ())
}

/// Whether it asks for what takes the place of this certificate.
pub(super) fn is_for_next(request: &SecretData, replaced: &Digest) -> bool {
    request.annotations.get(names::ANNOTATION_NEXT_OF).map(String::as_str) == Some(replaced.as_str())
}
