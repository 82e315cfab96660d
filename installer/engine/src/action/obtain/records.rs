//! The DNS records that people set for an order, ready to be handed to them, with what each server shows now.

use airlock_model::{AcmeSource, Ticket, Untrusted};
use airlock_tls::acme::{Sighting, TxtRecord};

use super::by_hand::Before;

/// Short, so that a value that was taken away is soon forgotten.
const TIME_TO_LIVE: u32 = 60;
/// Before a name that is proved (RFC 8555 §8.4).
const PROOF: &str = "_acme-challenge.";

pub(super) fn ticket(acme: &AcmeSource, records: &[TxtRecord], sightings: &[Sighting], before: Option<&Before>) -> Ticket {
    let zone = records.first().map_or("the base domain", |record| record.name.strip_prefix(PROOF).unwrap_or(&record.name));
    Ticket {
        gate: "certificate".to_owned(),
        what: format!("set the DNS records by which {} sees that the domain is yours", acme.directory),
        who: format!("the DNS administrators of {zone}"),
        paste: page(records, before),
        checked_by: "asking every authoritative server of the zone for each value; then run the same command again".to_owned(),
        seen: Untrusted::new(sightings.iter().map(seen).collect::<Vec<_>>().join("; ")),
    }
}

/// Lines of a zone file (RFC 1035 §5.1); what is said about them are its comments.
fn page(records: &[TxtRecord], before: Option<&Before>) -> String {
    let mut lines = vec!["; all of them at once, beside what is there; they can go when the certificate is issued: that run says so".to_owned()];
    lines.extend(records.iter().map(zone_line));
    if let Some(before) = before {
        lines.push(format!("; they are new: the order before {}; its records can go:", before.why));
        lines.extend(before.records.iter().map(|record| format!("; {}", zone_line(record))));
    }
    lines.join("\n")
}

pub(super) fn zone_line(record: &TxtRecord) -> String {
    format!("{}. {TIME_TO_LIVE} IN TXT \"{}\"", record.name, record.value)
}

fn seen(sighting: &Sighting) -> String {
    if sighting.is_complete() { format!("{} shows all of {}", sighting.server, sighting.name) } else { sighting.to_string() }
}

#[cfg(test)]
mod tests {
    use airlock_model::{Challenge, SecretKeyRef};

    use super::*;

    fn record(value: &str) -> TxtRecord {
        TxtRecord { name: "_acme-challenge.platform.test".to_owned(), value: value.to_owned() }
    }

    fn sighting(server: &str, seen: &[&str], missing: &[&str]) -> Sighting {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Sighting { server: server.to_owned().into(), name: record("").name, seen: owned(seen).into_iter().map(Untrusted::new).collect(), missing: owned(missing), silent: None }
    }

    #[test]
    fn the_ticket_has_the_records_what_each_server_shows_and_what_can_go() {
        let at = |key: &str| SecretKeyRef { namespace: "airlock".into(), name: "acme".into(), key: key.into() };
        let acme = AcmeSource {
            directory: "https://acme.test/dir".into(),
            contact: Vec::new(),
            terms_of_service_agreed: true,
            roots: None,
            trust: None,
            way_out: None,
            profile: None,
            preferred_chain: None,
            external_account: None,
            account: at("account.json"),
            challenge: Challenge::ByHand(at("order.json")),
        };
        let before = Before { why: "has failed or run out".into(), records: vec![record("old")] };
        let sightings = [sighting("ns1.test", &["one", "two"], &[]), sighting("ns2.test", &["old"], &["one", "two"]), sighting("ns3.test", &[], &["one", "two"])];
        let ticket = ticket(&acme, &[record("one"), record("two")], &sightings, Some(&before));
        insta::assert_snapshot!(format!("{}\n{}\n{}\n{}\n{}", ticket.what, ticket.who, ticket.paste, ticket.checked_by, ticket.seen));
    }
}
