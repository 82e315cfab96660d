//! A connection to one API server.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::header::USER_AGENT;
use kube::config::AuthInfo;
use kube::{Client, Config};
use tokio::sync::Semaphore;

use crate::credentials::{self, Plugin};
use crate::kinds::Known;
use crate::kubeconfig::{self, ClientCertificate, ClusterOptions, Named};
use crate::{ClusterError, PARALLEL};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection to one API server. Clones share it.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) client: Client,
    /// The same way without credentials.
    stranger: Arc<Config>,
    pub(crate) server: Arc<str>,
    pub(crate) certificate: Option<Arc<ClientCertificate>>,
    pub(crate) named: Arc<Named>,
    pub(crate) plugin: Option<Arc<Plugin>>,
    pub(crate) known: Known,
    /// Requests under way; a survey asks for dozens of things at once.
    pub(crate) slots: Arc<Semaphore>,
}

impl Cluster {
    /// Reads the kubeconfig and prepares the connection. Nothing is sent yet.
    pub async fn connect(options: &ClusterOptions) -> Result<Self, ClusterError> {
        let kubeconfig::Connection { mut config, certificate, named } = kubeconfig::load(options)?;
        // Audit logs name the program that asked.
        config.headers.push((USER_AGENT, HeaderValue::from_static(concat!("airlock/", env!("CARGO_PKG_VERSION")))));
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        // Our own retry knows what may be repeated and when to give up; the client's would go on for minutes.
        config.default_retry = false;
        let plugin = config.auth_info.exec.as_ref().map(Plugin::of);
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let mut stranger = config.clone();
        stranger.auth_info = AuthInfo::default();
        // Credential plugins run here and block, so that they do not hold up other tasks.
        let client = tokio::task::spawn_blocking({
            let runtime = tokio::runtime::Handle::current();
            move || {
                let _inside = runtime.enter();
                Client::try_from(config)
            }
        })
        .await
        .map_err(|error| ClusterError::KubeconfigUnusable { reason: error.to_string() })?
        .map_err(|error| ClusterError::KubeconfigUnusable { reason: credentials::explain(&error, plugin.as_ref()) })?;
        Ok(Self {
            client,
            stranger: Arc::new(stranger),
            server: server.into(),
            certificate: certificate.map(Arc::new),
            named: Arc::new(named),
            plugin: plugin.map(Arc::new),
            known: Known::default(),
            slots: Arc::new(Semaphore::new(PARALLEL)),
        })
    }

    /// The same API server by the same way, asked by somebody who has no credentials at all.
    pub fn as_stranger(&self) -> Result<Self, ClusterError> {
        let client = Client::try_from((*self.stranger).clone()).map_err(|error| ClusterError::KubeconfigUnusable { reason: error.to_string() })?;
        Ok(Self { client, certificate: None, plugin: None, ..self.clone() })
    }

    /// The same API server by the same way, asked by whoever bears this token.
    pub(crate) fn bearing(&self, token: String) -> Result<Self, ClusterError> {
        let mut config = (*self.stranger).clone();
        config.auth_info.token = Some(token.into());
        let client = Client::try_from(config).map_err(|error| ClusterError::KubeconfigUnusable { reason: error.to_string() })?;
        Ok(Self { client, certificate: None, plugin: None, ..self.clone() })
    }

    /// The address that the kubeconfig names.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// What people call the cluster: its name in the kubeconfig, else its address.
    pub fn name(&self) -> &str {
        self.named.cluster.as_deref().unwrap_or(&self.server)
    }

    /// The context of the kubeconfig by which it was reached; none in a pod.
    pub fn context(&self) -> Option<&str> {
        self.named.context.as_deref()
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("server", &self.server).finish_non_exhaustive()
    }
}
