//! What others have to do, as far as it is known before anything is installed: as tickets to hand on.

use std::net::IpAddr;

use airlock_model::{Answers, Finding, Ticket};

use super::{Guide, HostState};

/// What the base domain is called as long as nobody knows it.
const DOMAIN: &str = "DOMAIN";

/// Tickets for what nobody knows yet, for what blocks, and for records that are missing.
pub fn tickets(guide: &Guide, blocking: &[Finding], hosts: &[HostState]) -> Vec<Ticket> {
    let base = Some(guide.answers().base_domain.as_str()).filter(|base| !base.is_empty()).unwrap_or(DOMAIN);
    let open = guide.open().into_iter().filter_map(|question| {
        let unknown = question.unknown.as_ref()?;
        Some(Ticket {
            gate: question.title.to_owned(),
            what: unknown.what.to_owned(),
            who: unknown.who.to_owned(),
            paste: unknown.paste.replace(DOMAIN, base),
            checked_by: "answering the question in `airlock install`".to_owned(),
            seen: "not yet known".into(),
        })
    });
    let blocked = blocking.iter().map(|finding| Ticket {
        gate: finding.check.clone(),
        what: format!("mend what blocks the installation: {}", finding.subject),
        who: "the administrators of the cluster".to_owned(),
        paste: finding
            .fix
            .iter()
            .flat_map(|remedy| std::iter::once(remedy.text.clone()).chain(remedy.command.clone()))
            .chain([format!("seen: {}", finding.observed), format!("expected: {}", finding.expected)])
            .collect::<Vec<_>>()
            .join("\n"),
        checked_by: format!("{}, in the same command again", finding.check),
        seen: finding.verdict.to_string().into(),
    });
    open.chain(blocked).chain(records(guide.answers(), hosts)).collect()
}

/// The two records, unless every host has an address already.
fn records(answers: &Answers, hosts: &[HostState]) -> Option<Ticket> {
    let missing: Vec<&str> = hosts.iter().filter(|host| host.addresses.is_empty()).map(|host| host.host.as_str()).collect();
    if missing.is_empty() {
        return None;
    }
    let base = &answers.base_domain;
    let target = match answers.edge.address.as_ref().map(|address| (address, address.parse::<IpAddr>())) {
        Some((address, Ok(IpAddr::V6(_)))) => format!("IN AAAA {address}"),
        Some((address, _)) => format!("IN A {address}"),
        None => "IN A ADDRESS    (the run says which, once the load balancer has one)".to_owned(),
    };
    Some(Ticket {
        gate: "dns".to_owned(),
        what: format!("let {base} and *.{base} resolve to the platform's internal address"),
        who: format!("the DNS administrators of {base}"),
        paste: format!("{base}. 300 {target}\n*.{base}. 300 {target}"),
        checked_by: "resolving each host on the workstation where airlock runs".to_owned(),
        seen: format!("no address: {}", missing.join(", ")).into(),
    })
}
