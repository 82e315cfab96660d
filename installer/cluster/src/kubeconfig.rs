//! A kubeconfig becomes a client configuration: which cluster, which user, which way.

use std::path::{Path, PathBuf};

use airlock_model::Untrusted;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use kube::Config;
use kube::config::{AuthInfo, Cluster as ClusterEntry, ExecAuthCluster, Kubeconfig};
use x509_parser::pem::Pem;

use crate::{ClusterError, proxy};

/// Which cluster is meant.
#[derive(Clone, Debug, Default)]
pub struct ClusterOptions {
    /// The file; none: `KUBECONFIG`, then `~/.kube/config`, then the pod's own service account.
    pub kubeconfig: Option<PathBuf>,
    /// The context; none: the current one.
    pub context: Option<String>,
}

/// A context that a kubeconfig has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownContext {
    /// Its name.
    pub name: String,
    /// The cluster that it leads to, by the kubeconfig's name for it.
    pub cluster: String,
}

/// The contexts of the kubeconfig, in its order; none in a pod. Nothing is sent.
pub fn contexts(options: &ClusterOptions) -> Result<Vec<KnownContext>, ClusterError> {
    let found = read(options)?.map(|kubeconfig| kubeconfig.contexts).unwrap_or_default();
    Ok(found.into_iter().filter_map(|named| Some(KnownContext { cluster: named.context?.cluster, name: named.name })).collect())
}

/// What the client certificate says, so that a refusal can be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientCertificate {
    pub(crate) subject: Untrusted<String>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
}

/// A client configuration and what is known about its credentials.
pub(crate) struct Connection {
    pub(crate) config: Config,
    pub(crate) certificate: Option<ClientCertificate>,
    pub(crate) named: Named,
}

/// What the kubeconfig calls the cluster; a pod's own service account calls it nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) context: Option<String>,
    pub(crate) cluster: Option<String>,
}

fn unusable(reason: impl Into<String>) -> ClusterError {
    ClusterError::KubeconfigUnusable { reason: reason.into() }
}

/// Parsers quote the place of an error, and that place may hold a token: only the first line is kept.
fn first_line(error: &impl ToString) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Reads the kubeconfig and picks the context.
pub(crate) fn load(options: &ClusterOptions) -> Result<Connection, ClusterError> {
    match read(options)? {
        Some(kubeconfig) => connection(&kubeconfig, options.context.as_deref(), &proxy::Environment::of_process()),
        None => Config::incluster().map(|config| Connection { config, certificate: None, named: Named::default() }).map_err(|error| unusable(first_line(&error))),
    }
}

/// The kubeconfig; none when there is no file but a service account.
fn read(options: &ClusterOptions) -> Result<Option<Kubeconfig>, ClusterError> {
    if let Some(path) = &options.kubeconfig {
        return read_file(path).map(Some);
    }
    if let Some(listed) = std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty()) {
        let paths: Vec<PathBuf> = std::env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty()).collect();
        let present: Vec<&PathBuf> = paths.iter().filter(|path| path.exists()).collect();
        if present.is_empty() {
            let looked_at = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
            return Err(ClusterError::KubeconfigMissing { looked_at: format!("{looked_at} (from KUBECONFIG)") });
        }
        let mut merged = Kubeconfig::default();
        for path in present {
            merged = merged.merge(read_file(path)?).map_err(|error| unusable(first_line(&error)))?;
        }
        return Ok(Some(merged));
    }
    let default = std::env::home_dir().map(|home| home.join(".kube").join("config"));
    match default {
        Some(path) if path.exists() => read_file(&path).map(Some),
        _ if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() => Ok(None),
        _ => Err(ClusterError::KubeconfigMissing { looked_at: "--kubeconfig, KUBECONFIG, and ~/.kube/config".to_owned() }),
    }
}

fn read_file(path: &Path) -> Result<Kubeconfig, ClusterError> {
    if !path.exists() {
        return Err(ClusterError::KubeconfigMissing { looked_at: path.display().to_string() });
    }
    Kubeconfig::read_from(path).map_err(|error| unusable(format!("{}: {}", path.display(), first_line(&error))))
}

/// Picks the context. The proxy is decided here, since kube holds `NO_PROXY` against the proxy instead of the server.
fn connection(kubeconfig: &Kubeconfig, context: Option<&str>, environment: &proxy::Environment) -> Result<Connection, ClusterError> {
    let known = || kubeconfig.contexts.iter().map(|context| context.name.clone()).collect::<Vec<_>>();
    let Some(name) = context.or(kubeconfig.current_context.as_deref().filter(|name| !name.is_empty())) else { return Err(ClusterError::NoCurrentContext { known: known() }) };
    let context = kubeconfig
        .contexts
        .iter()
        .find(|entry| entry.name == name)
        .and_then(|entry| entry.context.as_ref())
        .ok_or_else(|| ClusterError::ContextUnknown { context: name.to_owned(), known: known() })?;
    let cluster = kubeconfig
        .clusters
        .iter()
        .find(|entry| entry.name == context.cluster)
        .and_then(|entry| entry.cluster.as_ref())
        .ok_or_else(|| unusable(format!("context `{name}` names the cluster `{}`, which is not in it", context.cluster)))?;
    let user = match &context.user {
        Some(user) => kubeconfig
            .auth_infos
            .iter()
            .find(|entry| &entry.name == user)
            .and_then(|entry| entry.auth_info.clone())
            .ok_or_else(|| unusable(format!("context `{name}` names the user `{user}`, which is not in it")))?,
        None => AuthInfo::default(),
    };
    let server = cluster.server.as_deref().ok_or_else(|| unusable(format!("cluster `{}` has no server", context.cluster)))?;
    let url: http::Uri = server.parse().map_err(|_| unusable(format!("the server `{server}` is not an address")))?;
    if url.scheme().is_none() || url.host().is_none() {
        return Err(unusable(format!("the server `{server}` is not an address of the form https://host:port")));
    }
    let certificate = client_certificate(&user)?;
    let mut config = Config::new(url);
    config.proxy_url = environment.proxy_for(cluster.proxy_url.as_deref(), &config.cluster_url)?;
    config.root_cert = authorities(cluster)?;
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or(false);
    config.tls_server_name.clone_from(&cluster.tls_server_name);
    config.auth_info = with_cluster(user, cluster)?;
    if let Some(namespace) = &context.namespace {
        config.default_namespace.clone_from(namespace);
    }
    Ok(Connection { config, certificate, named: Named { context: Some(name.to_owned()), cluster: Some(context.cluster.clone()) } })
}

/// A credential plugin may ask to be told which cluster it is for.
fn with_cluster(mut user: AuthInfo, cluster: &ClusterEntry) -> Result<AuthInfo, ClusterError> {
    if let Some(exec) = user.exec.as_mut().filter(|exec| exec.provide_cluster_info) {
        exec.cluster = Some(ExecAuthCluster::try_from(cluster).map_err(|error| unusable(first_line(&error)))?);
    }
    Ok(user)
}

/// Inline data wins over a file, as in every client.
fn inline_or_file(what: &str, data: Option<&str>, file: Option<&str>) -> Result<Option<Vec<u8>>, ClusterError> {
    match (data.filter(|data| !data.is_empty()), file.filter(|file| !file.is_empty())) {
        (Some(data), _) => BASE64_STANDARD.decode(data).map(Some).map_err(|_| unusable(format!("{what} is not base64"))),
        (None, Some(file)) => std::fs::read(file).map(Some).map_err(|error| unusable(format!("{what}: {file}: {error}"))),
        (None, None) => Ok(None),
    }
}

fn certificates(what: &str, pem: &[u8]) -> Result<Vec<Vec<u8>>, ClusterError> {
    Pem::iter_from_buffer(pem)
        .filter(|block| !matches!(block, Ok(block) if block.label != "CERTIFICATE"))
        .map(|block| block.map(|block| block.contents).map_err(|error| unusable(format!("{what} is not PEM: {error}"))))
        .collect()
}

fn authorities(cluster: &ClusterEntry) -> Result<Option<Vec<Vec<u8>>>, ClusterError> {
    const WHAT: &str = "the certificate authority of the API server";
    let Some(pem) = inline_or_file(WHAT, cluster.certificate_authority_data.as_deref(), cluster.certificate_authority.as_deref())? else { return Ok(None) };
    let found = certificates(WHAT, &pem)?;
    if found.is_empty() { Err(unusable(format!("{WHAT} holds no certificate"))) } else { Ok(Some(found)) }
}

fn client_certificate(user: &AuthInfo) -> Result<Option<ClientCertificate>, ClusterError> {
    const WHAT: &str = "the client certificate";
    let Some(pem) = inline_or_file(WHAT, user.client_certificate_data.as_deref(), user.client_certificate.as_deref())? else { return Ok(None) };
    let chain = certificates(WHAT, &pem)?;
    let leaf = chain.first().ok_or_else(|| unusable(format!("{WHAT} holds no certificate")))?;
    let (_, parsed) = x509_parser::parse_x509_certificate(leaf).map_err(|error| unusable(format!("{WHAT} cannot be read: {error}")))?;
    let time = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).map_err(|error| unusable(format!("{WHAT}: {error}")));
    Ok(Some(ClientCertificate { subject: parsed.subject().to_string().into(), not_before: time(parsed.validity().not_before)?, not_after: time(parsed.validity().not_after)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(text: &str) -> Result<Connection, ClusterError> {
        connection(&Kubeconfig::from_yaml(text).unwrap(), None, &proxy::Environment::default())
    }

    fn with(cluster: &str, user: &str) -> String {
        format!("{{current-context: a, contexts: [{{name: a, context: {{cluster: c, user: u, namespace: n}}}}], clusters: [{{name: c, cluster: {cluster}}}], users: [{{name: u, user: {user}}}]}}")
    }

    #[test]
    fn a_kubeconfig_with_a_token_gives_server_and_namespace() {
        let found = pick(&with("{server: 'https://api.test:6443', tls-server-name: other.test}", "{token: t}")).unwrap();
        assert_eq!((found.config.cluster_url.host(), found.config.default_namespace.as_str(), found.certificate), (Some("api.test"), "n", None));
        assert_eq!(found.config.tls_server_name.as_deref(), Some("other.test"));
    }

    #[test]
    fn what_is_broken_is_named() {
        for (text, words) in [
            (with("{server: 'https://api.test'}", "{}").replace("user: u,", "user: x,"), "names the user `x`, which is not in it"),
            (with("{server: 'https://api.test'}", "{}").replace("cluster: c,", "cluster: x,"), "names the cluster `x`, which is not in it"),
            (with("{}", "{}"), "has no server"),
            (with("{server: api.test}", "{}"), "not an address of the form https://host:port"),
            (with("{server: 'https://api.test', certificate-authority-data: '!'}", "{}"), "certificate authority of the API server is not base64"),
            (with("{server: 'https://api.test', certificate-authority-data: YWJj}", "{}"), "certificate authority of the API server"),
            (with("{server: 'https://api.test', certificate-authority: /nowhere/ca.crt}", "{}"), "/nowhere/ca.crt"),
            (with("{server: 'https://api.test'}", "{client-certificate-data: YWJj}"), "client certificate"),
        ] {
            let error = pick(&text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.starts_with("cannot use the kubeconfig: ") && error.contains(words), "{error}");
        }
    }

    #[test]
    fn an_empty_current_context_is_none() {
        assert!(matches!(pick("{current-context: '', contexts: [{name: prod, context: {cluster: c}}]}"), Err(ClusterError::NoCurrentContext { known }) if known == ["prod"]));
    }

    #[test]
    fn a_kubeconfig_that_is_no_yaml_does_not_show_its_secrets() {
        let path = std::env::temp_dir().join(format!("airlock-kubeconfig-{}", std::process::id()));
        std::fs::write(&path, "users:\n- name: a\n  user:\n    token: hunter2\n   broken: [\n").unwrap();
        let error = read_file(&path).err().map(|error| error.to_string()).unwrap_or_default();
        std::fs::remove_file(&path).unwrap();
        assert!(error.contains(&path.display().to_string()) && !error.contains("hunter2"), "{error}");
    }
}
