//! The gate `dns`: do the hosts resolve, on this workstation, to the edge? If not, the records to ask for are a ticket.

use std::collections::BTreeSet;
use std::net::IpAddr;

use airlock_model::{HostName, LiveObject, ObjectRef, Ticket, Untrusted};
use futures::{StreamExt, stream};
use serde_json::Value;
use tokio::net::lookup_host;

use super::Settled;
use crate::run::{AT_ONCE, Run};
use crate::{ApplyError, identity};

/// Time to live of the proposed records: short, so that a mistake is soon mended.
const TIME_TO_LIVE: u32 = 300;

pub(super) async fn settle(run: &Run<'_>, hosts: &[HostName], records: &[String], service: &ObjectRef) -> Result<Settled, ApplyError> {
    let live = run.halt.or(run.cluster.get(service)).await?.map_err(ApplyError::of)?;
    let targets = live.as_ref().map(targets).unwrap_or_default();
    if targets.is_empty() {
        return Err(ApplyError::NoAddress { service: service.clone() });
    }
    let expected = run.halt.or(addresses(&targets)).await?;
    let mut names: BTreeSet<String> = hosts.iter().map(ToString::to_string).collect();
    for record in records {
        names.insert(match record.strip_prefix("*.") {
            // A name that nobody can have thought of is answered by the wildcard alone.
            Some(base) => format!("airlock-{}.{base}", identity::fresh()?),
            None => record.clone(),
        });
    }
    let found: Vec<(String, BTreeSet<IpAddr>)> = run.halt.or(stream::iter(names).map(|name| async move { (name.clone(), resolve(&name).await) }).buffered(AT_ONCE).collect()).await?;
    let wrong: Vec<String> = found.iter().filter_map(|(name, found)| complaint(name, found, &expected)).collect();
    if wrong.is_empty() {
        return Ok(Settled::Done);
    }
    Ok(Settled::Waits(Box::new(ticket(records, &targets, &wrong))))
}

/// Addresses or host names that a Service was given.
fn targets(service: &LiveObject) -> Vec<String> {
    let ingress = service.manifest.pointer("/status/loadBalancer/ingress").and_then(Value::as_array);
    let given = ingress.into_iter().flatten().filter_map(|entry| entry.get("ip").or_else(|| entry.get("hostname")).and_then(Value::as_str));
    let external = service.manifest.pointer("/spec/externalIPs").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    given.chain(external).map(str::to_owned).collect()
}

/// All addresses behind the targets; the name of a load balancer stands for those that it resolves to now.
async fn addresses(targets: &[String]) -> BTreeSet<IpAddr> {
    let mut addresses = BTreeSet::new();
    for target in targets {
        match target.parse() {
            Ok(address) => {
                addresses.insert(address);
            }
            Err(_) => addresses.extend(resolve(target).await),
        }
    }
    addresses
}

/// The addresses of a name as programs on this workstation see them; none when it has none.
pub(super) async fn resolve(name: &str) -> BTreeSet<IpAddr> {
    // The final dot keeps the resolver from trying its search list.
    lookup_host((format!("{name}."), 443)).await.map(|found| found.map(|address| address.ip().to_canonical()).collect()).unwrap_or_default()
}

/// What is wrong with the addresses of a name, if anything.
fn complaint(name: &str, found: &BTreeSet<IpAddr>, expected: &BTreeSet<IpAddr>) -> Option<String> {
    if found.is_empty() {
        return Some(format!("{name} has no address"));
    }
    let strangers: Vec<String> = found.difference(expected).map(ToString::to_string).collect();
    (!strangers.is_empty()).then(|| format!("{name} has the address {}", strangers.join(", ")))
}

fn ticket(records: &[String], targets: &[String], wrong: &[String]) -> Ticket {
    let base = records.first().map_or("the base domain", String::as_str).trim_start_matches("*.");
    Ticket {
        gate: "dns".to_owned(),
        what: format!("let {} resolve to {}", records.join(" and "), targets.join(", ")),
        who: format!("the DNS administrators of {base}"),
        paste: records.iter().flat_map(|record| targets.iter().map(move |target| zone_line(record, target))).collect::<Vec<_>>().join("\n"),
        checked_by: "resolving each host, and a random name for each wildcard, on the workstation where airlock runs".to_owned(),
        seen: Untrusted::new(wrong.join("; ")),
    }
}

/// One line of a zone file (RFC 1035 §5.1).
fn zone_line(record: &str, target: &str) -> String {
    match target.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => format!("{record}. {TIME_TO_LIVE} IN A {address}"),
        Ok(IpAddr::V6(address)) => format!("{record}. {TIME_TO_LIVE} IN AAAA {address}"),
        Err(_) => format!("{record}. {TIME_TO_LIVE} IN CNAME {}.", target.trim_end_matches('.')),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(addresses: &[&str]) -> BTreeSet<IpAddr> {
        addresses.iter().map(|address| address.parse().unwrap()).collect()
    }

    #[test]
    fn a_name_is_right_when_all_its_addresses_are_the_edges() {
        let edge = set(&["10.0.0.1", "10.0.0.2"]);
        assert_eq!(complaint("a.b", &set(&["10.0.0.2"]), &edge), None);
        assert_eq!(complaint("a.b", &set(&[]), &edge).unwrap(), "a.b has no address");
        assert_eq!(complaint("a.b", &set(&["10.0.0.2", "10.9.9.9"]), &edge).unwrap(), "a.b has the address 10.9.9.9");
    }

    #[test]
    fn the_ticket_holds_lines_of_a_zone_file() {
        let ticket = ticket(&["platform.example.com".into(), "*.platform.example.com".into()], &["10.0.0.1".into(), "fd00::1".into()], &["x has no address".into()]);
        assert_eq!(
            ticket.paste,
            "platform.example.com. 300 IN A 10.0.0.1\nplatform.example.com. 300 IN AAAA fd00::1\n*.platform.example.com. 300 IN A 10.0.0.1\n*.platform.example.com. 300 IN AAAA fd00::1"
        );
        assert_eq!(ticket.who, "the DNS administrators of platform.example.com");
        assert_eq!(zone_line("a.b", "lb.cloud.example"), "a.b. 300 IN CNAME lb.cloud.example.");
    }

    #[test]
    fn addresses_are_read_from_the_status_of_the_service() {
        let manifest = json!({"spec": {"externalIPs": ["10.0.0.3"]}, "status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}, {"hostname": "lb.example"}]}}});
        let live = LiveObject { object: ObjectRef::namespaced("v1", "Service", "airlock", "edge"), manifest, ready: true };
        assert_eq!(targets(&live), ["10.0.0.1", "lb.example", "10.0.0.3"]);
    }
}
