//! Logs of containers.

use airlock_model::ObjectRef;

use crate::call::Call;
use crate::kinds::escape;
use crate::{Cluster, ClusterError};

/// What the kubelet answers, as if it were the log, when a container's log is gone.
const NO_LOG: &str = "unable to retrieve container logs";

/// Which part of which log of a pod.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogPart<'a> {
    /// Of which container; none: of the pod's only one.
    pub container: Option<&'a str>,
    /// How many lines, the newest; none: all.
    pub last_lines: Option<u32>,
    /// How many bytes of these lines; none: all.
    pub most_bytes: Option<u32>,
    /// Of the container's life before its last restart.
    pub previous: bool,
}

impl Cluster {
    /// The log of a pod's first container, whole or its last lines.
    pub async fn pod_log(&self, pod: &ObjectRef, last_lines: Option<u32>) -> Result<String, ClusterError> {
        let log = self.container_log(pod, LogPart { last_lines, ..LogPart::default() }).await?;
        log.ok_or_else(|| ClusterError::NotFound { object: pod.clone(), message: "there is no log of it".into() })
    }

    /// The log of a container; nothing where there is none: it did not start yet, or its log or its pod is gone.
    ///
    /// The kubelet answers 400 for a life of a container that it knows of no log of (kubelet, `validateContainerLogStatus`), and
    /// writes a sentence in place of the log when the file is gone.
    pub async fn container_log(&self, pod: &ObjectRef, part: LogPart<'_>) -> Result<Option<String>, ClusterError> {
        let resource = self.resource_of(pod).await?;
        let namespace = pod.namespace.as_deref();
        let mut path = format!("{}/log?previous={}", resource.object(namespace, &pod.name), part.previous);
        if let Some(lines) = part.last_lines {
            path = format!("{path}&tailLines={lines}");
        }
        if let Some(bytes) = part.most_bytes {
            path = format!("{path}&limitBytes={bytes}");
        }
        if let Some(container) = part.container {
            path = format!("{path}&container={}", escape(container));
        }
        let mut right = resource.right("get", namespace);
        "pods/log".clone_into(&mut right.resource);
        match self.call(&Call::get(path).about(pod).needs(right)).await {
            Ok(reply) => Ok(Some(String::from_utf8_lossy(&reply.body).into_owned()).filter(|log| !log.starts_with(NO_LOG))),
            Err(ClusterError::Invalid { .. } | ClusterError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
