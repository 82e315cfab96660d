//! Addresses outside the cluster: blocks that policies name, and the ranges that those cut the outside into.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, IpSubnets, Ipv4Net, Ipv4Subnets, Ipv6Net, Ipv6Subnets};

/// Private networks (RFC 1918, RFC 4193), from which clusters give their pods and nodes addresses.
pub(crate) const PRIVATE_NETWORKS: [IpNet; 4] = [
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8)),
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12)),
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 0, 0), 16)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7)),
];

/// An `ipBlock`: a block of addresses without some smaller ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) whole: IpNet,
    pub(crate) except: Vec<IpNet>,
}

impl Block {
    /// An error says what the API server would refuse.
    pub(crate) fn read(whole: &str, except: &[String]) -> Result<Self, String> {
        let whole = net(whole)?;
        let except = except.iter().map(|text| net(text)).collect::<Result<Vec<_>, _>>()?;
        match except.iter().find(|inner| !whole.contains(*inner)) {
            Some(stray) => Err(format!("{stray} is no part of {whole}")),
            None => Ok(Self { whole, except }),
        }
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.whole.contains(&address) && !self.except.iter().any(|inner| inner.contains(&address))
    }

    /// Whether it holds private addresses, which pods may have.
    pub(crate) fn is_of_pods(&self) -> bool {
        let shared = |private: &IpNet| if self.whole.contains(private) { Some(*private) } else { private.contains(&self.whole).then_some(self.whole) };
        PRIVATE_NETWORKS.iter().filter_map(shared).any(|shared| !cover(&self.except, &shared))
    }
}

/// Whether networks together hold all of another one.
pub(crate) fn cover(networks: &[IpNet], whole: &IpNet) -> bool {
    IpNet::aggregate(&networks.to_vec()).iter().any(|network| network.contains(whole))
}

/// `10.0.0.0/8`; bits behind the prefix are ignored, as in Kubernetes.
pub(crate) fn net(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>().map(|net| net.trunc()).map_err(|_| format!("{text} is no block of addresses"))
}

/// Neighbouring addresses of one family, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AddressRange {
    pub(crate) first: IpAddr,
    pub(crate) last: IpAddr,
}

impl AddressRange {
    pub(crate) const fn is_ipv4(&self) -> bool {
        self.first.is_ipv4()
    }

    /// The fewest networks that are it together.
    pub(crate) fn networks(self) -> Vec<IpNet> {
        match (self.first, self.last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => IpSubnets::V4(Ipv4Subnets::new(first, last, 0)).collect(),
            (IpAddr::V6(first), IpAddr::V6(last)) => IpSubnets::V6(Ipv6Subnets::new(first, last, 0)).collect(),
            _ => Vec::new(),
        }
    }

    /// Both in one, when they are neighbours.
    pub(crate) fn joined(self, next: Self) -> Option<Self> {
        let is_next = self.is_ipv4() == next.is_ipv4() && number(self.last).checked_add(1) == Some(number(next.first));
        is_next.then_some(Self { first: self.first, last: next.last })
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

const fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits() as u128,
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The outside, cut at every edge of a block: each range lies in a block as a whole or not at all.
///
/// IPv6 is listed where a block names it; without one `0.0.0.0-255.255.255.255` stands for all of the outside.
pub(crate) fn outside<'a>(blocks: impl Iterator<Item = &'a Block>) -> Vec<AddressRange> {
    let nets: Vec<IpNet> = blocks.flat_map(|block| std::iter::once(block.whole).chain(block.except.iter().copied())).collect();
    let mut ranges = cut(nets.iter().filter(|net| matches!(net, IpNet::V4(_))), u128::from(u32::MAX), |bits| IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits).unwrap_or(u32::MAX))));
    if nets.iter().any(|net| matches!(net, IpNet::V6(_))) {
        ranges.extend(cut(nets.iter().filter(|net| matches!(net, IpNet::V6(_))), u128::MAX, |bits| IpAddr::V6(Ipv6Addr::from_bits(bits))));
    }
    ranges
}

fn cut<'a>(nets: impl Iterator<Item = &'a IpNet>, end: u128, address: impl Fn(u128) -> IpAddr) -> Vec<AddressRange> {
    let mut starts: Vec<u128> = nets.flat_map(|net| [Some(number(net.network())), number(net.broadcast()).checked_add(1)]).flatten().filter(|start| *start <= end).chain([0]).collect();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).map(|start| start - 1).chain([end]);
    starts.iter().zip(ends).map(|(first, last)| AddressRange { first: address(*first), last: address(last) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(blocks: &[(&str, &[&str])]) -> Vec<String> {
        let blocks: Vec<Block> = blocks.iter().map(|(whole, except)| Block::read(whole, &except.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).unwrap()).collect();
        outside(blocks.iter()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn blocks_cut_the_outside_at_their_edges() {
        assert_eq!(ranges(&[]), ["0.0.0.0-255.255.255.255"]);
        assert_eq!(ranges(&[("0.0.0.0/0", &[])]), ["0.0.0.0-255.255.255.255"]);
        assert_eq!(ranges(&[("10.0.0.0/8", &[])]), ["0.0.0.0-9.255.255.255", "10.0.0.0-10.255.255.255", "11.0.0.0-255.255.255.255"]);
        assert_eq!(ranges(&[("0.0.0.0/0", &["169.254.169.254/32"])]), ["0.0.0.0-169.254.169.253", "169.254.169.254-169.254.169.254", "169.254.169.255-255.255.255.255"]);
        assert_eq!(ranges(&[("255.255.255.255/32", &[])]), ["0.0.0.0-255.255.255.254", "255.255.255.255-255.255.255.255"]);
        assert_eq!(ranges(&[("10.1.2.3/8", &[])]), ranges(&[("10.0.0.0/8", &[])]));
    }

    #[test]
    fn the_newer_family_is_listed_where_it_is_named() {
        assert_eq!(
            ranges(&[("fd00::/8", &[])]),
            ["0.0.0.0-255.255.255.255", "::-fcff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fd00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]
        );
        let block = Block::read("::/0", &["fd00::/8".into()]).unwrap();
        assert!(block.contains("2001:db8::1".parse().unwrap()) && !block.contains("fd00::1".parse().unwrap()) && !block.contains("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn pods_may_be_in_blocks_that_hold_private_addresses() {
        let is_of_pods = |whole: &str, except: &[&str]| Block::read(whole, &except.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).unwrap().is_of_pods();
        for whole in ["0.0.0.0/0", "10.0.0.0/8", "10.1.2.0/24", "172.16.0.0/12", "192.0.0.0/8", "::/0", "fd00::/8"] {
            assert!(is_of_pods(whole, &[]), "{whole}");
        }
        for whole in ["192.0.2.0/24", "172.32.0.0/11", "2001:db8::/32"] {
            assert!(!is_of_pods(whole, &[]), "{whole}");
        }
        assert!(!is_of_pods("0.0.0.0/0", &["10.0.0.0/9", "10.128.0.0/9", "172.16.0.0/12", "192.168.0.0/16"]));
        assert!(is_of_pods("0.0.0.0/0", &["10.0.0.0/8", "172.16.0.0/12"]) && is_of_pods("10.0.0.0/8", &["10.0.0.0/9"]) && !is_of_pods("10.1.0.0/16", &["10.1.0.0/16"]));
    }

    #[test]
    fn networks_cover_another_one_together() {
        let cover = |networks: &[&str], whole: &str| cover(&networks.iter().map(|text| net(text).unwrap()).collect::<Vec<_>>(), &net(whole).unwrap());
        assert!(cover(&["0.0.0.0/1", "128.0.0.0/1"], "0.0.0.0/0") && cover(&["10.0.0.0/8", "0.0.0.0/1", "192.0.0.0/2", "128.0.0.0/2"], "0.0.0.0/0") && cover(&["::/0"], "fd00::/8"));
        assert!(!cover(&["0.0.0.0/1"], "0.0.0.0/0") && !cover(&["0.0.0.0/0"], "::/0") && !cover(&["0.0.0.0/1", "8000::/1"], "0.0.0.0/0") && !cover(&[], "10.0.0.0/8"));
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for (whole, except) in [("10.0.0.0", None), ("10.0.0.0/33", None), ("10.0.0.0/8", Some("11.0.0.0/16")), ("10.0.0.0/8", Some("fd00::/16")), ("", None)] {
            assert!(Block::read(whole, &except.map(str::to_owned).into_iter().collect::<Vec<_>>()).is_err(), "{whole}");
        }
    }

    #[test]
    fn neighbours_are_joined_within_a_family() {
        let range = |first: &str, last: &str| AddressRange { first: first.parse().unwrap(), last: last.parse().unwrap() };
        assert_eq!(range("0.0.0.0", "9.255.255.255").joined(range("10.0.0.0", "255.255.255.255")), Some(range("0.0.0.0", "255.255.255.255")));
        assert_eq!(range("0.0.0.0", "9.255.255.255").joined(range("10.0.0.1", "255.255.255.255")), None);
        assert_eq!(range("0.0.0.0", "255.255.255.255").joined(range("::", "::1")), None);
    }
}
