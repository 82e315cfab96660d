//! TLS-007: whoever asks for a name that is not ours is shown no certificate of ours, and learns no tenant's name from it.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Presented, Profile, Severity, Snapshot, Subject, Untrusted, World};

use super::hosts;
use crate::attempts::{outcome, served, served_id, unknown, unknown_id, words};
use crate::described::{Described, Resting};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "TLS-007",
        title: "an unknown host name shows no certificate of the platform",
        severity: Severity::Low,
        promises: &["P6"],
        explanation: "A handshake with the address of each host that asks for a name which can be nobody's (below .invalid, RFC 6761). It must be refused, or be shown a certificate that is for none of the platform's names, while a handshake that asks for the host itself gets as far as its certificate.",
        remedy: "The edge as Airlock configures it refuses such a handshake. Find what answers before it (a load balancer or ingress controller with a default certificate) and give it another one.",
    },
    expected: "refused, or a certificate for none of the platform's names",
    why: "who scans addresses learns which platform and which tenants are behind them",
};

/// The check.
pub(crate) struct UnknownHost;

impl Check for UnknownHost {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        hosts::needs(world, |host| [served(world, host), unknown(world, host)])
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        hosts::findings(&TEXTS, given, |host| [judge(given, host)])
    }
}

fn judge(given: &Snapshot, host: &str) -> Finding {
    let subject = Subject::of("Host", format!("{host}:{}, another name", given.world.edge_port));
    let tried = match outcome(given, &unknown_id(host)) {
        Ok(tried) => tried,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    if let Some(presented) = tried.result.presented() {
        let shown = presented.names.iter().map(Untrusted::raw).collect::<Vec<_>>().join(", ");
        let finding =
            if is_ours(&given.world, presented) { TEXTS.fail(subject, format!("shows a certificate for {shown}")) } else { TEXTS.pass(subject, format!("shows a certificate of others: {shown}")) };
        return finding.tried([tried]);
    }
    let control = match outcome(given, &served_id(host)) {
        Ok(control) => control,
        Err(reason) => return TEXTS.unverified(subject, reason).tried([tried]),
    };
    let observed = format!("{}; beside it: {}", words(&tried.result), words(&control.result));
    let finding = if control.result.presented().is_some() && matches!(tried.result, AttemptResult::TlsRefused { .. }) { TEXTS.pass(subject, observed) } else { TEXTS.unverified(subject, observed) };
    finding.tried([tried, control])
}

/// Whether a certificate names a host of the platform, or the base domain, or what lies below it.
fn is_ours(world: &World, presented: &Presented) -> bool {
    presented.names.iter().any(|name| {
        let name = name.raw().trim_start_matches("*.").to_ascii_lowercase();
        world.hosts.contains_key(&name) || name == world.base_domain || name.strip_suffix(&world.base_domain).is_some_and(|rest| rest.ends_with('.'))
    })
}
