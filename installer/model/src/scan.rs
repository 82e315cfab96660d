//! Scans of TCP ports: which are asked, of which pods, and what they said.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// TCP ports from one to another, both among them; written `8080`, or `1-65535`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PortRange {
    first: NonZeroU16,
    last: NonZeroU16,
}

/// A text that is no range of ports.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a port from 1 to 65535 nor two of them as in 1-65535")]
pub struct NoPortRange(String);

impl PortRange {
    /// Each port of it, ascending.
    pub const fn ports(self) -> RangeInclusive<u16> {
        self.first.get()..=self.last.get()
    }
}

impl FromStr for PortRange {
    type Err = NoPortRange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (first.parse(), last.parse()) {
            (Ok(first), Ok(last)) if first <= last => Ok(Self { first, last }),
            _ => Err(NoPortRange(text.to_owned())),
        }
    }
}

impl TryFrom<String> for PortRange {
    type Error = NoPortRange;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PortRange> for String {
    fn from(range: PortRange) -> Self {
        range.to_string()
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

/// Where a pod is found, and the TCP ports that its containers declare.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodPorts {
    /// Its address.
    pub address: IpAddr,
    /// Its declared ports, ascending.
    pub declared: Vec<u16>,
}

/// What the ports of a pod said to a scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScannedPod {
    /// Its name.
    pub pod: String,
    /// TCP ports that its containers declared, ascending.
    pub declared: Vec<u16>,
    /// Ports that took a connection, ascending.
    pub open: Vec<u16>,
    /// How many ports said neither yes nor no, each asked several times.
    pub silent: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_they_are_written_and_nothing_else_is() {
        for (text, ports) in [("8080", 8080..=8080), ("1-65535", 1..=65535), ("80-81", 80..=81)] {
            let range: PortRange = text.parse().unwrap();
            assert_eq!((range.ports(), range.to_string().as_str()), (ports, text));
        }
        for text in ["", "0", "65536", "81-80", "0-9", "1-", "-1", "1-2-3", "http", " 80"] {
            assert_eq!(text.parse::<PortRange>(), Err(NoPortRange(text.to_owned())));
        }
    }
}
