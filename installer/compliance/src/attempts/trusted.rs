//! Whether those who must trust an authority do: nodes that pull, and pods of Airflow deployments.

use std::collections::BTreeMap;

use airlock_model::{Attempt, AttemptAction, AttemptId, SecretKeyRef, Target, TlsVersion, Trust, Vantage, World, WorldDeployment, names};

use super::{CROSSED, REPOSITORY, TenantCode};

/// What stands for all pools where nodes cannot be listed.
pub(crate) const ANY: &str = "any";

/// The pools that take pods, by name, with the labels of their nodes; why they are not known is the error.
pub(crate) fn pools(world: &World) -> Result<BTreeMap<&str, BTreeMap<String, String>>, &str> {
    match &world.nodes {
        Some(Ok(nodes)) => Ok(nodes.iter().filter_map(|node| node.pool.as_ref()).map(|(pool, labels)| (pool.as_str(), labels.clone())).collect()),
        Some(Err(reason)) => Err(reason),
        None => Err("nodes were not looked at"),
    }
}

pub(crate) fn pulled_id(pool: &str) -> AttemptId {
    AttemptId(format!("registry.node.{pool}"))
}

/// A pull from the bundled registry by a node of each pool, or of [`ANY`].
pub(crate) fn pulls(world: &World) -> Vec<Attempt> {
    let Some(registry) = &world.registry else { return Vec::new() };
    let pull = |(pool, labels): (&str, BTreeMap<String, String>)| Attempt {
        id: pulled_id(pool),
        from: Vantage::Node { pool: pool.to_owned(), labels, namespace: world.platform.clone() },
        target: Target::Address { host: registry.clone(), port: world.edge_port },
        action: AttemptAction::Pull { repository: REPOSITORY.to_owned(), pull_secret: names::REGISTRY_PULL.to_owned() },
        control: None,
        purpose: "a pull of Airlock's own image from the registry, to succeed".to_owned(),
    };
    pools(world).unwrap_or_else(|_| [(ANY, BTreeMap::new())].into()).into_iter().map(pull).collect()
}

pub(crate) fn trusted_id(of: &WorldDeployment) -> AttemptId {
    AttemptId(format!("task.{}.trusted", of.name))
}

/// A handshake from a task's place with the server of its own deployment, verified against what tasks have mounted.
pub(crate) fn trusted(of: &WorldDeployment) -> Attempt {
    let (service, port) = CROSSED;
    let host = format!("{service}.{}.svc", of.namespace);
    let mounted = SecretKeyRef { namespace: of.namespace.clone(), name: names::INTERNAL_CA.to_owned(), key: names::BELIEVED_COPY.to_owned() };
    Attempt {
        id: trusted_id(of),
        from: TenantCode::Task.of(of),
        target: Target::Address { host: host.clone(), port },
        action: AttemptAction::Handshake { server_name: host, newest: TlsVersion::Tls13, trust: Trust::Mounted(mounted) },
        control: None,
        purpose: "a handshake from a task's place with its own server, by the authority that is mounted there".to_owned(),
    }
}
