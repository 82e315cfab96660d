//! Sets of ports by protocol, with the arithmetic that policies ask for.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A transport protocol that network policies know. Ordered as it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Protocol {
    Sctp,
    Tcp,
    Udp,
}

impl Protocol {
    pub(crate) const ALL: [Self; 3] = [Self::Sctp, Self::Tcp, Self::Udp];

    /// As manifests write it; a field that is absent means TCP.
    pub(crate) fn named(name: Option<&str>) -> Result<Self, String> {
        match name.unwrap_or("TCP") {
            "SCTP" => Ok(Self::Sctp),
            "TCP" => Ok(Self::Tcp),
            "UDP" => Ok(Self::Udp),
            other => Err(format!("{other} is no protocol of network policies")),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sctp => "SCTP",
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        })
    }
}

/// Neighbouring ports, both ends included; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortRange {
    /// The lowest, from 1 on.
    pub first: u16,
    /// The highest.
    pub last: u16,
}

const EVERY: PortRange = PortRange { first: 1, last: u16::MAX };

/// Ports by protocol. Of each protocol the ranges are ascending, apart from each other, and at least one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PortSet(BTreeMap<Protocol, Vec<PortRange>>);

impl PortSet {
    /// Every port of every protocol.
    pub fn all() -> Self {
        Self(Protocol::ALL.into_iter().map(|protocol| (protocol, vec![EVERY])).collect())
    }

    /// Every port of one protocol.
    pub(crate) fn every(protocol: Protocol) -> Self {
        Self::range(protocol, EVERY.first, EVERY.last)
    }

    /// Neighbouring ports of one protocol; none when `last` is before `first`.
    pub fn range(protocol: Protocol, first: u16, last: u16) -> Self {
        let first = first.max(EVERY.first);
        if first > last { Self::default() } else { Self(BTreeMap::from([(protocol, vec![PortRange { first, last }])])) }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether everything is in it.
    pub fn is_all(&self) -> bool {
        Protocol::ALL.iter().all(|protocol| self.0.get(protocol).is_some_and(|ranges| ranges[..] == [EVERY]))
    }

    /// Whether a port is in it.
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        self.ranges(protocol).iter().any(|range| (range.first..=range.last).contains(&port))
    }

    /// The ranges of a protocol, ascending.
    pub fn ranges(&self, protocol: Protocol) -> &[PortRange] {
        self.0.get(&protocol).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        self.by_protocol(other, |mine, theirs| {
            let mut ranges: Vec<PortRange> = mine.iter().chain(theirs).copied().collect();
            ranges.sort_unstable();
            let mut joined: Vec<PortRange> = Vec::new();
            for range in ranges {
                match joined.last_mut() {
                    Some(before) if range.first <= before.last.saturating_add(1) => before.last = before.last.max(range.last),
                    _ => joined.push(range),
                }
            }
            joined
        })
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        self.by_protocol(other, |mine, theirs| {
            let shared = |a: &PortRange, b: &PortRange| PortRange { first: a.first.max(b.first), last: a.last.min(b.last) };
            mine.iter().flat_map(|a| theirs.iter().map(move |b| shared(a, b))).filter(|range| range.first <= range.last).collect()
        })
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        self.by_protocol(other, |mine, theirs| theirs.iter().fold(mine.to_vec(), |left, taken| left.into_iter().flat_map(|range| without(range, *taken)).collect()))
    }

    fn by_protocol(&self, other: &Self, combine: impl Fn(&[PortRange], &[PortRange]) -> Vec<PortRange>) -> Self {
        let combined = Protocol::ALL.into_iter().map(|protocol| (protocol, combine(self.ranges(protocol), other.ranges(protocol))));
        Self(combined.filter(|(_, ranges)| !ranges.is_empty()).collect())
    }
}

/// What of a range is left: a part before, a part behind.
fn without(range: PortRange, taken: PortRange) -> impl Iterator<Item = PortRange> {
    let before = (range.first < taken.first).then(|| PortRange { first: range.first, last: range.last.min(taken.first - 1) });
    let behind = (range.last > taken.last).then(|| PortRange { first: range.first.max(taken.last + 1), last: range.last });
    before.into_iter().chain(behind)
}

/// `TCP 80,8080-8090,UDP 53`, or `All Connections`.
impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_all() {
            return f.write_str("All Connections");
        }
        if self.is_empty() {
            return f.write_str("No Connections");
        }
        for (index, (protocol, ranges)) in self.0.iter().enumerate() {
            let ports: Vec<String> = ranges.iter().map(|range| if range.first == range.last { range.first.to_string() } else { format!("{}-{}", range.first, range.last) }).collect();
            write!(f, "{}{protocol} {}", if index == 0 { "" } else { "," }, ports.join(","))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tcp(ranges: &[(u16, u16)]) -> PortSet {
        ranges.iter().fold(PortSet::default(), |all, (first, last)| all.union(&PortSet::range(Protocol::Tcp, *first, *last)))
    }

    #[test]
    fn sets_read_as_ranges_by_protocol() {
        assert_eq!(PortSet::all().to_string(), "All Connections");
        assert_eq!(tcp(&[(8080, 8080), (80, 80), (8081, 8090)]).to_string(), "TCP 80,8080-8090");
        assert_eq!(PortSet::all().minus(&PortSet::range(Protocol::Udp, 5353, 5353)).to_string(), "SCTP 1-65535,TCP 1-65535,UDP 1-5352,5354-65535");
        assert_eq!(tcp(&[(0, 1), (65535, 65535)]).to_string(), "TCP 1,65535");
        assert_eq!(PortSet::default().to_string(), "No Connections");
    }

    #[test]
    fn every_protocol_in_full_is_all() {
        let all = Protocol::ALL.into_iter().fold(PortSet::default(), |all, protocol| all.union(&PortSet::every(protocol)));
        assert!(all.is_all() && !PortSet::every(Protocol::Tcp).is_all());
        assert!(PortSet::all().minus(&all).is_empty());
    }

    fn small() -> impl Strategy<Value = PortSet> {
        prop::collection::vec((0usize..3, 0u16..40, 0u16..40, prop::bool::ANY), 0..6).prop_map(|parts| {
            let lift = |port: u16, high: bool| if high { u16::MAX - 39 + port } else { port };
            parts.into_iter().fold(PortSet::default(), |all, (protocol, a, b, high)| all.union(&PortSet::range(Protocol::ALL[protocol], lift(a.min(b), high), lift(a.max(b), high))))
        })
    }

    proptest! {
        #[test]
        fn arithmetic_is_that_of_single_ports(a in small(), b in small()) {
            let (union, shared, left) = (a.union(&b), a.intersection(&b), a.minus(&b));
            for protocol in Protocol::ALL {
                for port in (1..42).chain(u16::MAX - 41..=u16::MAX) {
                    let (in_a, in_b) = (a.contains(protocol, port), b.contains(protocol, port));
                    prop_assert_eq!(union.contains(protocol, port), in_a || in_b);
                    prop_assert_eq!(shared.contains(protocol, port), in_a && in_b);
                    prop_assert_eq!(left.contains(protocol, port), in_a && !in_b);
                }
            }
            prop_assert_eq!(&union.minus(&b).union(&shared), &a.union(&shared).minus(&b.minus(&shared)));
        }
    }
}
