//! The flows that a profile declares: `FROM => TO : PORTS`, with namespaces or `*` as ends.

use airlock_model::Profile;

use super::ports::{PortSet, Protocol};
use crate::parameter::texts;

pub(crate) const ALLOW: &str = "NET-004.allow";

/// Declared flows.
#[derive(Debug)]
pub(crate) struct Declared(Vec<Flow>);

#[derive(Debug)]
struct Flow {
    from: String,
    to: String,
    ports: PortSet,
}

impl Declared {
    pub(crate) fn of(profile: &Profile) -> Result<Self, String> {
        texts(profile, ALLOW).into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// What is declared between two namespaces.
    pub(crate) fn between(&self, from: &str, to: &str) -> PortSet {
        let is = |written: &str, namespace: &str| written == "*" || written == namespace;
        self.0.iter().filter(|flow| is(&flow.from, from) && is(&flow.to, to)).fold(PortSet::default(), |all, flow| all.union(&flow.ports))
    }
}

/// Reads one flow: `a => b`, `a => b : All Connections`, or `a => b : TCP 80 443 8000-8010 UDP 53`, also with commas.
fn read(text: &str) -> Result<Flow, String> {
    let wrong = |what: &str| format!("the parameter {ALLOW} has `{text}`, in which {what}; a flow is written `shop => platform : TCP 5432`");
    let (from, rest) = text.split_once("=>").ok_or_else(|| wrong("=> is missing"))?;
    let (to, ports) = rest.split_once(':').map_or((rest, None), |(to, ports)| (to, Some(ports.trim())));
    let (from, to) = (from.trim().to_owned(), to.trim().to_owned());
    if from.is_empty() || to.is_empty() {
        return Err(wrong("an end is missing"));
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

    #[test]
    fn flows_are_read_as_they_are_printed() {
        let ports = |text: &str| read(text).map(|flow| format!("{} {} {}", flow.from, flow.to, flow.ports));
        assert_eq!(ports("a => b").unwrap(), "a b All Connections");
        assert_eq!(ports("a=>b : All Connections").unwrap(), "a b All Connections");
        assert_eq!(ports("* => b : TCP 80,443,8000-8010,UDP 53").unwrap(), "* b TCP 80,443,8000-8010,UDP 53");
        assert_eq!(ports("a => b : TCP 80 443 SCTP").unwrap(), "a b SCTP 1-65535,TCP 80,443");
        for wrong in ["a b", "=> b", "a => : TCP 1", "a => b : 80", "a => b : TCP 0", "a => b : TCP 90-80", "a => b : tcp 80", "a => b :"] {
            assert!(read(wrong).unwrap_err().contains("NET-004.allow"), "{wrong}");
        }
    }

    #[test]
    fn a_star_is_every_namespace() {
        let declared = Declared(vec![read("* => db : TCP 5432").unwrap(), read("a => db : TCP 80").unwrap()]);
        assert_eq!(declared.between("a", "db").to_string(), "TCP 80,5432");
        assert_eq!(declared.between("b", "db").to_string(), "TCP 5432");
        assert!(declared.between("db", "a").is_empty());
    }
}
