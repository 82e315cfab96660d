//! What the API server answers to a question whose content nobody wants: its status.

use crate::call::{Call, METADATA};
use crate::{Cluster, ClusterError};

/// Of what is listed the metadata alone, where it is objects (Kubernetes API concepts, "Metadata-only fetches").
const LEAST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json";

impl Cluster {
    /// The status of the answer to a GET, a refusal's included. An error says that none came.
    pub async fn status_at(&self, path: &str) -> Result<u16, ClusterError> {
        self.status(path, LEAST).await
    }

    /// The same of one object, whose metadata alone is sent: never what a Secret holds. Whether somebody may `get` it is asked before the
    /// form of the answer is looked at.
    pub async fn status_of_object_at(&self, path: &str) -> Result<u16, ClusterError> {
        self.status(path, METADATA).await
    }

    async fn status(&self, path: &str, accept: &'static str) -> Result<u16, ClusterError> {
        match self.call(&Call { accept, ..Call::get(path) }).await {
            Ok(reply) => Ok(reply.status),
            Err(error) => status_of(&error).ok_or(error),
        }
    }
}

fn status_of(error: &ClusterError) -> Option<u16> {
    match error {
        // Whoever sends no credentials has none that could not be made.
        ClusterError::Unauthorized { .. } | ClusterError::ClientCertificateExpired { .. } => Some(401),
        ClusterError::Forbidden { .. } | ClusterError::Refused { .. } => Some(403),
        ClusterError::NotFound { .. } => Some(404),
        ClusterError::Failing { status, .. } => Some(*status),
        _ => None,
    }
}
