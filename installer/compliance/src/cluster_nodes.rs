//! The nodes of the cluster, as far as checks try them.

use airlock_model::{Finding, Severity, Snapshot, World, WorldNode};

use crate::described::Described;

/// What all of them are called.
pub(crate) const NODES: &str = "nodes";
/// Nodes that are tried; a pod is told its attempts by its arguments, which have a length.
pub(crate) const MOST: usize = 32;

/// The nodes. An error says why there is none to try.
pub(crate) fn nodes(given: &Snapshot) -> Result<&[WorldNode], String> {
    match &given.world.nodes {
        None => Err("the nodes were not read".to_owned()),
        Some(Err(reason)) => Err(format!("the nodes could not be read: {reason}")),
        Some(Ok(nodes)) if nodes.is_empty() => Err("the cluster shows no node".to_owned()),
        Some(Ok(nodes)) => match nodes.iter().find(|node| node.addresses.is_empty()) {
            Some(node) => Err(format!("node {} shows no address of the cluster's network", node.name)),
            None => Ok(nodes),
        },
    }
}

/// Those that are tried, none where they were not read.
pub(crate) fn tried(world: &World) -> &[WorldNode] {
    let nodes = world.nodes.as_ref().and_then(|nodes| nodes.as_ref().ok()).map_or(&[][..], Vec::as_slice);
    &nodes[..nodes.len().min(MOST)]
}

/// What is to be said of nodes that were left out.
pub(crate) fn left_out(texts: &Described, nodes: &[WorldNode]) -> Option<Finding> {
    let left = nodes.len().checked_sub(MOST).filter(|left| *left > 0)?;
    Some(texts.warn(Severity::Low, NODES, format!("{left} of {} nodes were not tried: the first {MOST} were, by name", nodes.len())))
}
