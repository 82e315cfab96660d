//! The flows that a profile declares: `FROM => TO : PORTS`, with namespaces, `*`, or blocks of addresses as ends.

use airlock_model::Profile;
use airlock_model::answers::is_label;
use ipnet::{IpNet, Ipv6Net};

use super::address::{self, AddressRange, Block};
use super::ports::{PortSet, Protocol};
use crate::parameter::{flag, texts};

pub(crate) const ALLOW: &str = "NET-004.allow";
pub(crate) const OUTSIDE: &str = "NET-004.outside";
pub(crate) const PLATFORM: &str = "NET-004.platform";

/// Declared flows.
#[derive(Debug)]
pub(crate) struct Declared {
    flows: Vec<Flow>,
    outside: bool,
    platform: bool,
}

#[derive(Debug)]
struct Flow {
    from: Place,
    to: Place,
    ports: PortSet,
}

/// An end as it is written.
#[derive(Debug)]
enum Place {
    /// `*`: any namespace.
    Any,
    Namespace(String),
    /// `10.0.0.0/8`, outside the cluster.
    Addresses(Block),
}

impl Declared {
    pub(crate) fn of(profile: &Profile) -> Result<Self, String> {
        let flows = texts(profile, ALLOW).into_iter().map(read).collect::<Result<_, _>>()?;
        let declared = Self { flows, outside: flag(profile, OUTSIDE), platform: flag(profile, PLATFORM) };
        if let (false, Some(block)) = (declared.outside, declared.blocks().next()) {
            return Err(format!("the parameter {ALLOW} names {}, and {OUTSIDE} does not say that flows with what is outside are compared", block.whole));
        }
        Ok(declared)
    }

    /// Whether flows with what is outside must be declared too.
    pub(crate) const fn has_outside(&self) -> bool {
        self.outside
    }

    /// Whether flows from the platform must be declared too.
    pub(crate) const fn has_platform(&self) -> bool {
        self.platform
    }

    /// Where the outside is cut for the comparison: at the blocks that flows name, and between the families of addresses, so that none
    /// stands for the other.
    pub(crate) fn cuts(&self) -> Vec<Block> {
        let newer = self.outside.then(|| Block { whole: IpNet::V6(Ipv6Net::default()), except: Vec::new() });
        self.blocks().cloned().chain(newer).collect()
    }

    fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.flows.iter().flat_map(|flow| [&flow.from, &flow.to]).filter_map(|place| if let Place::Addresses(block) = place { Some(block) } else { None })
    }

    /// What is declared between two namespaces.
    pub(crate) fn between(&self, from: &str, to: &str) -> PortSet {
        self.ports(|flow| flow.from.is_namespace(from) && flow.to.is_namespace(to))
    }

    /// What is declared from a namespace to a range outside that no declared block cuts.
    pub(crate) fn outward(&self, from: &str, to: AddressRange) -> PortSet {
        self.ports(|flow| flow.from.is_namespace(from) && flow.to.has(to))
    }

    /// What is declared from such a range to a namespace.
    pub(crate) fn inward(&self, from: AddressRange, to: &str) -> PortSet {
        self.ports(|flow| flow.from.has(from) && flow.to.is_namespace(to))
    }

    fn ports(&self, is_meant: impl Fn(&Flow) -> bool) -> PortSet {
        self.flows.iter().filter(|flow| is_meant(flow)).fold(PortSet::default(), |all, flow| all.union(&flow.ports))
    }
}

impl Place {
    fn is_namespace(&self, namespace: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Namespace(name) => name == namespace,
            Self::Addresses(_) => false,
        }
    }

    fn has(&self, range: AddressRange) -> bool {
        matches!(self, Self::Addresses(block) if block.contains(range.first))
    }

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "*" => Ok(Self::Any),
            "" => Err("an end is missing".into()),
            text if text.contains('/') => address::net(text).map(|whole| Self::Addresses(Block { whole, except: Vec::new() })),
            name if is_label(name) => Ok(Self::Namespace(name.to_owned())),
            other => Err(format!("{other} is neither a namespace, nor *, nor a block of addresses as in 10.0.0.0/8")),
        }
    }
}

/// Reads one flow: `a => b`, `a => b : All Connections`, or `a => b : TCP 80 443 8000-8010 UDP 53`, also with commas.
fn read(text: &str) -> Result<Flow, String> {
    let wrong = |what: &str| format!("the parameter {ALLOW} has `{text}`, in which {what}; a flow is written `shop => platform : TCP 5432`");
    let (from, rest) = text.split_once("=>").ok_or_else(|| wrong("=> is missing"))?;
    // An address of IPv6 has colons of its own.
    let (to, ports) = rest.rsplit_once(':').filter(|(_, ports)| !ports.contains('/')).map_or((rest, None), |(to, ports)| (to, Some(ports.trim())));
    let place = |text: &str| Place::read(text.trim()).map_err(|what| wrong(&what));
    let (from, to) = (place(from)?, place(to)?);
    if let (Place::Addresses(_), Place::Addresses(_)) = (&from, &to) {
        return Err(wrong("both ends are outside"));
    }
    let ports = match ports {
        None | Some("All Connections") => PortSet::all(),
        Some(ports) => read_ports(ports).ok_or_else(|| wrong("the ports cannot be read"))?,
    };
    Ok(Flow { from, to, ports })
}

/// Words that are a protocol, a port, or a range; a protocol without ports is all of its ports.
fn read_ports(text: &str) -> Option<PortSet> {
    let mut all = PortSet::default();
    let mut protocol: Option<(Protocol, bool)> = None;
    let close = |all: PortSet, protocol: Option<(Protocol, bool)>| match protocol {
        Some((protocol, false)) => all.union(&PortSet::every(protocol)),
        _ => all,
    };
    for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
        if let Ok(next) = Protocol::named(Some(word)) {
            all = close(all, protocol);
            protocol = Some((next, false));
            continue;
        }
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
        let (current, _) = protocol?;
        if first == 0 || last < first {
            return None;
        }
        protocol = Some((current, true));
        all = all.union(&PortSet::range(current, first, last));
    }
    protocol?;
    Some(close(all, protocol))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(flows: &[&str]) -> Declared {
        Declared { flows: flows.iter().map(|flow| read(flow).unwrap()).collect(), outside: true, platform: false }
    }

    #[test]
    fn flows_are_read_as_they_are_printed() {
        let ports = |text: &str| declared(&[text]).between("a", "b").to_string();
        assert_eq!(ports("a => b"), "All Connections");
        assert_eq!(ports("a=>b : All Connections"), "All Connections");
        assert_eq!(ports("* => b : TCP 80,443,8000-8010,UDP 53"), "TCP 80,443,8000-8010,UDP 53");
        assert_eq!(ports("a => b : TCP 80 443 SCTP"), "SCTP 1-65535,TCP 80,443");
        for wrong in [
            "a b",
            "=> b",
            "a => : TCP 1",
            "a => b : 80",
            "a => b : TCP 0",
            "a => b : TCP 90-80",
            "a => b : tcp 80",
            "a => b :",
            "a => 10.0.0.0/33",
            "a/b => c",
            "a => 10.0.0.1",
            "a => fd00::1",
            "a => 10.0.0.0-10.1.255.255",
            "A => b",
            "10.0.0.0/8 => ::/0",
        ] {
            assert!(read(wrong).unwrap_err().contains("NET-004.allow"), "{wrong}");
        }
    }

    #[test]
    fn a_star_is_every_namespace() {
        let declared = declared(&["* => db : TCP 5432", "a => db : TCP 80"]);
        assert_eq!(declared.between("a", "db").to_string(), "TCP 80,5432");
        assert_eq!(declared.between("b", "db").to_string(), "TCP 5432");
        assert!(declared.between("db", "a").is_empty());
    }

    #[test]
    fn a_block_is_outside_and_no_namespace() {
        let range = |text: &str| AddressRange { first: text.parse().unwrap(), last: text.parse().unwrap() };
        let declared = declared(&["a => 10.0.0.0/8 : TCP 443", "* => fd00::/8 : UDP 53", "a => fd00::/8", "192.0.2.0/24 => a : TCP 8080", "* => *"]);
        assert_eq!(declared.outward("a", range("10.1.2.3")).to_string(), "TCP 443");
        assert_eq!(declared.outward("b", range("fd00::1")).to_string(), "UDP 53");
        assert!(declared.outward("a", range("fd00::1")).is_all());
        assert!(declared.outward("b", range("10.1.2.3")).is_empty() && declared.outward("a", range("11.0.0.1")).is_empty(), "a star is no block");
        assert_eq!(declared.inward(range("192.0.2.9"), "a").to_string(), "TCP 8080");
        assert!(declared.inward(range("192.0.2.9"), "b").is_empty());
        assert_eq!(declared.cuts().len(), 5);
    }
}
