//! Ending a back-off: what failed before is tried again now, not in five minutes.

use airlock_model::ObjectRef;

use crate::cause;
use crate::{Cluster, ClusterError};

impl Cluster {
    /// Deletes pods of these workloads that are in a back-off (image pull, crash loop), so that their controller makes new ones
    /// that try at once; says which. For a run that goes on after somebody removed the cause. Without the right to delete pods nothing is done.
    pub async fn end_back_off(&self, workloads: &[ObjectRef]) -> Result<Vec<ObjectRef>, ClusterError> {
        let mut ended = Vec::new();
        for live in self.live_by_listing(workloads).await?.iter().filter(|live| !live.ready) {
            let Some(namespace) = live.object.namespace.as_deref() else { continue };
            for pod in cause::backed_off(live, &self.surroundings(namespace).await) {
                let pod = ObjectRef::namespaced("v1", "Pod", namespace, &pod);
                match self.delete(&pod).await {
                    Ok(true) => ended.push(pod),
                    Ok(false) => {}
                    Err(ClusterError::Forbidden { .. }) => return Ok(ended),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(ended)
    }
}
