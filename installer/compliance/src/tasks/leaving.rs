//! NET-018: what leaves comes from the declared addresses.

use std::net::IpAddr;

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World, WorldDeployment};
use ipnet::IpNet;

use crate::attempts::{Echo, TenantCode, outcome, words};
use crate::described::{Described, Resting};
use crate::live;
use crate::parameter;

/// The parameter with the servers that tell the address.
pub(crate) const ECHO: &str = "NET-018.echo";
/// The parameter with what was declared.
pub(crate) const ADDRESSES: &str = "NET-018.addresses";

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "NET-018",
        title: "what leaves comes from the declared addresses",
        severity: Severity::Medium,
        promises: &["P3"],
        explanation: "In the namespace of each Airflow deployment a pod with Airlock's own image, to which the policies of tasks apply, asks each address of NET-018.echo, a page outside that answers with nothing but the address from which it was asked. That one must be among NET-018.addresses, which are addresses or networks. Over https the page's certificate is verified against the system's authorities; over http whoever stands between may answer. Where the page is not reached nothing was seen, and the check is unverified; where no page is named nothing is tried, as in an air gap, where NET-020 says that nothing leaves.",
        remedy: "Look which gateway or NAT the nodes of that deployment leave by, and lead it by the declared one; or declare the address.",
    },
    expected: "an address among NET-018.addresses",
    why: "firewalls of others let the declared addresses in: by another one what is expected is shut out, and what leaves is not seen where it is watched",
};

/// The check.
pub(super) struct DeclaredAddresses;

impl Check for DeclaredAddresses {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, profile: &Profile, world: &World) -> Vec<Need> {
        let pages: Vec<Echo> = parameter::texts(profile, ECHO).into_iter().filter_map(Echo::read).collect();
        if pages.is_empty() {
            return Vec::new();
        }
        let of = |of| TenantCode::Task.own(world, of).into_iter().chain(pages.iter().map(move |page| page.attempt(of)));
        world.deployments.iter().flat_map(of).map(|attempt| Need::Attempt(Box::new(attempt))).collect()
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let pages = parameter::texts(profile, ECHO);
        if pages.is_empty() {
            return vec![TEXTS.not_applicable("addresses outside", Reason::NotAsked, format!("{ECHO} names no page"))];
        }
        let declared = match parameter::texts(profile, ADDRESSES).into_iter().map(network).collect::<Result<Vec<_>, _>>() {
            Ok(declared) if declared.is_empty() => return vec![TEXTS.unverified(ADDRESSES, "no address is declared")],
            Ok(declared) => declared,
            Err(written) => return vec![TEXTS.unverified(ADDRESSES, format!("`{written}` is neither an address nor a network"))],
        };
        match live::deployments(given) {
            Ok(deployments) => deployments.iter().flat_map(|of| pages.iter().map(|page| judge(given, of, page, &declared)).collect::<Vec<_>>()).collect(),
            Err(unseen) => TEXTS.unseen(live::DEPLOYMENTS, unseen),
        }
    }
}

fn network(written: &str) -> Result<IpNet, &str> {
    written.parse().or_else(|_| written.parse::<IpAddr>().map(IpNet::from)).map_err(|_| written)
}

fn judge(given: &Snapshot, of: &WorldDeployment, page: &str, declared: &[IpNet]) -> Finding {
    let subject = format!("tasks of {}, seen at {page}", of.name);
    let Some(echo) = Echo::read(page) else { return TEXTS.unverified(subject, format!("{ECHO}: `{page}` is no http or https address")) };
    let outcome = match outcome(given, &echo.id(of)) {
        Ok(outcome) => outcome,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    let observed = words(&outcome.result);
    let finding = match &outcome.result {
        AttemptResult::SeenFrom(address) if declared.iter().any(|network| network.contains(address)) => TEXTS.pass(subject, observed),
        AttemptResult::SeenFrom(_) => TEXTS.fail(subject, observed),
        _ => TEXTS.unverified(subject, observed),
    };
    finding.tried([outcome])
}
