//! Looking things up: zones, their authoritative servers, and what those show.

use std::net::{IpAddr, SocketAddr};

use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::error::AcmeError;
use super::exchange::{ask, question, refusal};

const RESOLVER_SETTINGS: &str = "/etc/resolv.conf";
const PORT: u16 = 53;
const LONGEST_ALIAS: usize = 8;
/// A label that no zone has.
const NOBODY: &str = "_airlock-nobody";

/// Where names are looked up.
#[derive(Clone, Debug)]
pub struct Dns {
    resolvers: Vec<SocketAddr>,
    authority_port: u16,
    resolvers_only: bool,
}

/// A server that has to show a record.
pub(super) struct Witness {
    pub(super) name: String,
    addresses: Vec<SocketAddr>,
    recursive: bool,
}

impl Dns {
    /// By these resolvers; the next one is asked where one is silent.
    pub const fn new(resolvers: Vec<SocketAddr>) -> Self {
        Self { resolvers, authority_port: PORT, resolvers_only: false }
    }

    /// By the resolvers of this machine.
    pub fn system() -> Result<Self, AcmeError> {
        let unusable = |why: String| AcmeError::Settings { what: RESOLVER_SETTINGS, why };
        let text = std::fs::read_to_string(RESOLVER_SETTINGS).map_err(|error| unusable(error.to_string()))?;
        let resolvers = nameservers(&text);
        if resolvers.is_empty() { Err(unusable("it names no server".to_owned())) } else { Ok(Self::new(resolvers)) }
    }

    /// Asks authoritative servers at another port than 53: where a relay stands before them.
    #[must_use]
    pub fn with_authority_port(self, port: u16) -> Self {
        Self { authority_port: port, ..self }
    }

    /// Goes by what the resolvers show, where no way leads to authoritative servers. They may remember for a while that a record
    /// was not there.
    #[must_use]
    pub fn with_resolvers_only(self) -> Self {
        Self { resolvers_only: true, ..self }
    }

    /// Asks the resolvers. A name that does not exist is an answer.
    pub(super) async fn look_up(&self, name: &Name, kind: RecordType) -> Result<Message, AcmeError> {
        let asked = question(name, kind, true);
        let mut failure = AcmeError::Settings { what: "the DNS resolvers", why: "none is named".to_owned() };
        for resolver in &self.resolvers {
            let why = match ask(*resolver, &asked).await {
                Ok(answer) => match refusal(answer.metadata.response_code) {
                    None => return Ok(answer),
                    Some(refusal) => refusal.to_owned(),
                },
                Err(why) => why,
            };
            failure = AcmeError::Dns { server: resolver.to_string(), question: format!("{kind} of {name}"), why };
        }
        Err(failure)
    }

    /// The name that a name stands for in the end (CNAME): a record for it belongs there.
    pub(super) async fn meant(&self, name: &Name) -> Result<Name, AcmeError> {
        let mut meant = name.clone();
        for _ in 0..LONGEST_ALIAS {
            match self.alias(&meant).await? {
                Some(target) => meant = target,
                None => return Ok(meant),
            }
        }
        Err(AcmeError::Dns { server: "the DNS".to_owned(), question: format!("CNAME of {name}"), why: format!("it is an alias of an alias, {LONGEST_ALIAS} times over") })
    }

    /// An alias of its own. One that a wildcard lends to every name gives way as soon as the name has a record (RFC 4592 §2.2.1).
    async fn alias(&self, name: &Name) -> Result<Option<Name>, AcmeError> {
        let target = self.look_up(name, RecordType::CNAME).await?.answers.iter().find_map(|record| alias_of(record, name));
        let Some(target) = target else { return Ok(None) };
        let Ok(neighbour) = name.base_name().prepend_label(NOBODY) else { return Ok(Some(target)) };
        let lent = self.look_up(&neighbour, RecordType::CNAME).await?.answers.iter().find_map(|record| alias_of(record, &neighbour));
        Ok(Some(target).filter(|target| lent.as_ref() != Some(target)))
    }

    /// Who has to show a record of this name.
    pub(super) async fn witnesses(&self, name: &Name) -> Result<Vec<Witness>, AcmeError> {
        if self.resolvers_only {
            return Ok(self.resolvers.iter().map(|resolver| Witness { name: resolver.to_string(), addresses: vec![*resolver], recursive: true }).collect());
        }
        let mut at = name.clone();
        let apex = loop {
            let answer = self.look_up(&at, RecordType::SOA).await?;
            match zone_of(&answer, name) {
                Some(apex) => break apex,
                None if at.is_root() => return Err(AcmeError::Dns { server: "the DNS".to_owned(), question: format!("SOA of {name}"), why: "no zone holds that name".to_owned() }),
                None => at = at.base_name(),
            }
        };
        let answer = self.look_up(&apex, RecordType::NS).await?;
        let mut witnesses = Vec::new();
        for record in &answer.answers {
            if let RData::NS(server) = &record.data {
                witnesses.push(Witness { name: told(&server.0), addresses: self.addresses(&server.0).await, recursive: false });
            }
        }
        if witnesses.is_empty() {
            return Err(AcmeError::Dns { server: "the DNS".to_owned(), question: format!("NS of {apex}"), why: "the zone names no servers".to_owned() });
        }
        Ok(witnesses)
    }

    /// What cannot be looked up counts as absent: a server without an address shows nothing, and is waited for.
    async fn addresses(&self, host: &Name) -> Vec<SocketAddr> {
        let mut addresses = Vec::new();
        for kind in [RecordType::A, RecordType::AAAA] {
            let Ok(answer) = self.look_up(host, kind).await else { continue };
            addresses.extend(answer.answers.iter().filter_map(|record| match &record.data {
                RData::A(address) => Some(SocketAddr::new(IpAddr::V4(address.0), self.authority_port)),
                RData::AAAA(address) => Some(SocketAddr::new(IpAddr::V6(address.0), self.authority_port)),
                _ => None,
            }));
        }
        addresses
    }
}

impl Witness {
    /// The TXT values that it shows for a name.
    pub(super) async fn texts(&self, name: &Name) -> Result<Vec<String>, String> {
        let mut failure = "its address cannot be looked up".to_owned();
        for address in &self.addresses {
            match ask(*address, &question(name, RecordType::TXT, self.recursive)).await {
                Ok(answer) => match refusal(answer.metadata.response_code) {
                    None => return Ok(texts_of(&answer)),
                    Some(refusal) => refusal.clone_into(&mut failure),
                },
                Err(why) => failure = format!("{address} does not answer ({why})"),
            }
        }
        Err(failure)
    }
}

fn alias_of(record: &Record, name: &Name) -> Option<Name> {
    match &record.data {
        RData::CNAME(target) if record.name == *name => Some(target.0.clone()),
        _ => None,
    }
}

/// The apex that an answer to an SOA question names: the record itself, or the one beside "there is nothing" (RFC 2308 §3).
pub(super) fn zone_of(answer: &Message, name: &Name) -> Option<Name> {
    let soa = |record: &&Record| record.record_type() == RecordType::SOA && record.name.zone_of(name);
    answer.answers.iter().chain(&answer.authorities).find(soa).map(|record| record.name.clone())
}

/// A name that is to be asked for.
pub(super) fn parsed(name: &str) -> Result<Name, AcmeError> {
    let unusable = |error: hickory_proto::ProtoError| AcmeError::Settings { what: "a DNS name", why: format!("`{}`: {error}", airlock_model::Untrusted::from(name)) };
    let mut parsed = Name::from_ascii(name).map_err(unusable)?;
    parsed.set_fqdn(true);
    Ok(parsed)
}

/// A name as people write it: without the dot at its end.
pub(super) fn told(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
}

fn texts_of(answer: &Message) -> Vec<String> {
    let text = |data: &RData| match data {
        RData::TXT(text) => Some(text.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect::<String>()),
        _ => None,
    };
    answer.answers.iter().filter_map(|record| text(&record.data)).collect()
}

fn nameservers(text: &str) -> Vec<SocketAddr> {
    let address = |line: &str| {
        let mut words = line.split_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next()?.parse::<IpAddr>().ok()).flatten()
    };
    text.lines().filter_map(address).map(|address| SocketAddr::new(address, PORT)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_stand_in_lines_of_their_own() {
        let text = "# nameserver 9.9.9.9\nsearch example.com\nnameserver 192.0.2.53\nnameserver 2001:db8::53 # second\noptions ndots:5\n";
        assert_eq!(nameservers(text), ["192.0.2.53:53".parse().unwrap(), "[2001:db8::53]:53".parse().unwrap()]);
    }
}
