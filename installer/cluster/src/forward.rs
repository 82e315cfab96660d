//! A question to a server that listens inside its pod alone, by way of the API server.

use airlock_model::{ObjectRef, Right, Untrusted, with_causes};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::client::UpgradeConnectionError;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::call::PATIENCE;
use crate::{Cluster, ClusterError};

/// No answer to such a question is longer.
const MOST: usize = 4 << 20;

impl Cluster {
    /// A GET over HTTP at a port of a pod (Kubernetes API, `pods/portforward`): what a server says that listens at the pod's own
    /// loopback alone. At most 4 MiB, within half a minute.
    pub async fn get_from_pod(&self, pod: &ObjectRef, port: u16, path: &str) -> Result<(StatusCode, Bytes), ClusterError> {
        let unreadable = |reason: String| ClusterError::Unreadable { what: format!("GET {path} at port {port} of {pod}"), reason };
        let namespace = pod.namespace.clone().unwrap_or_default();
        let forbidden = |error: &kube::Error| ClusterError::Forbidden {
            right: Right { group: String::new(), resource: "pods/portforward".into(), verb: "get".into(), namespace: Some(namespace.clone()) },
            message: Untrusted::new(error.to_string()),
        };
        let asked = async {
            let pods: Api<Pod> = Api::namespaced(self.client.clone(), &namespace);
            let mut forwarder = pods.portforward(&pod.name, &[port]).await.map_err(|error| match &error {
                kube::Error::UpgradeConnection(UpgradeConnectionError::ProtocolSwitch(StatusCode::FORBIDDEN)) => forbidden(&error),
                _ => unreadable(with_causes(&error)),
            })?;
            let stream = forwarder.take_stream(port).ok_or_else(|| unreadable("the port was not forwarded".into()))?;
            let answer = get(stream, path).await;
            forwarder.abort();
            answer.map_err(unreadable)
        };
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(ClusterError::Timeout { server: self.server.to_string(), what: format!("GET {path} at port {port} of {pod}"), seconds: PATIENCE.as_secs() }),
        }
    }
}

async fn get(stream: impl AsyncRead + AsyncWrite + Unpin, path: &str) -> Result<(StatusCode, Bytes), String> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| with_causes(&error))?;
    let request = Request::get(path).header(header::HOST, "localhost").body(Full::new(Bytes::new())).map_err(|error| with_causes(&error))?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|error| with_causes(&error))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MOST).collect().await.map_err(|error| error.to_string())?;
        Ok((status, body.to_bytes()))
    };
    // The connection moves the bytes; it lives as long as this function and no longer.
    tokio::pin!(connection, answer);
    tokio::select! {
        answer = &mut answer => answer,
        ended = &mut connection => match ended {
            Ok(()) => answer.await,
            Err(error) => Err(with_causes(&error)),
        },
    }
}
