//! Whether the peers that rules name together are everybody: every pod, and every address.
//!
//! What blocks except makes no difference: who takes some addresses out of all of them names all the others. It is told beside.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::address::{AddressRange, Block, PRIVATE_NETWORKS, cover, outside};
use super::policy::{Peer, Rule};
use super::reach::is_range;

/// Whether rules name every pod of the cluster, and every address.
pub(crate) fn is_everybody(rules: &[&Rule]) -> bool {
    has_every_pod(rules) && has_every_address(rules)
}

/// Whether one of them names every pod of every namespace.
pub(crate) fn has_every_pod(rules: &[&Rule]) -> bool {
    any_peer(rules, |peer| matches!(peer, Peer::Pods(selection) if selection.is_everything()))
}

/// Whether they name every address of a family.
pub(crate) fn has_every_address(rules: &[&Rule]) -> bool {
    let networks = networks(rules);
    let families = [IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())];
    any_peer(rules, |peer| matches!(peer, Peer::Outside(_))) || families.iter().any(|family| cover(&networks, family))
}

/// Whether they name every private address of the older family.
pub(crate) fn has_private_addresses(rules: &[&Rule]) -> bool {
    let networks = networks(rules);
    PRIVATE_NETWORKS.iter().filter(|private| matches!(private, IpNet::V4(_))).all(|private| cover(&networks, private))
}

/// Whether there is such a peer, or a rule without peers, which is for everybody.
pub(crate) fn any_peer(rules: &[&Rule], is: impl Fn(&Peer) -> bool) -> bool {
    rules.iter().any(|rule| rule.peers.as_ref().is_none_or(|peers| peers.iter().any(&is)))
}

/// What their blocks except and none of them names all the same.
pub(crate) fn excepted(rules: &[&Rule]) -> Vec<IpNet> {
    let is_left_out = |range: &AddressRange| blocks(rules).any(|block| block.whole.contains(&range.first)) && !any_peer(rules, |peer| is_range(peer, *range));
    let ranges = outside(blocks(rules)).into_iter().filter(is_left_out);
    IpNet::aggregate(&ranges.flat_map(AddressRange::networks).collect())
}

fn networks(rules: &[&Rule]) -> Vec<IpNet> {
    blocks(rules).map(|block| block.whole).collect()
}

fn blocks<'a>(rules: &[&'a Rule]) -> impl Iterator<Item = &'a Block> {
    let peers = rules.iter().filter_map(|rule| rule.peers.as_ref()).flatten();
    peers.filter_map(|peer| if let Peer::Addresses(block) = peer { Some(block) } else { None })
}
