//! The text under a key of a Secret.

use airlock_cluster::Cluster;
use airlock_model::{Secret, SecretKeyRef};

use crate::ApplyError;

/// Reads it; that it is not there, or no text, is an error that names the place alone.
pub(crate) async fn secret_text(cluster: &Cluster, at: &SecretKeyRef) -> Result<Secret<String>, ApplyError> {
    let missing = || ApplyError::SecretMissing { at: at.clone() };
    let secret = cluster.secret(&at.namespace, &at.name).await.map_err(ApplyError::of)?.ok_or_else(missing)?;
    let value = secret.data.get(&at.key).ok_or_else(missing)?;
    Ok(Secret::new(std::str::from_utf8(value.expose()).map_err(|_| missing())?.to_owned()))
}
