//! Checks of where what tenants wrote gets to, under the policies of each place in which it runs: tasks, the DAG processor, the triggerer.
//!
//! Each way must be blocked while the same pod reaches the server that it needs, and while NET-010 shows that the cluster enforces
//! policies at all. What a tenant's code gets to is a fault whatever became of these.

pub(crate) mod leaving;
mod nodes;
pub(crate) mod outside;
mod platform;

use std::collections::BTreeSet;

use airlock_model::{AttemptId, AttemptResult, Check, Finding, Need, Outcome, Snapshot, World, WorldDeployment};

use crate::attempts::{Prober, TenantCode, outcome, words};
use crate::described::{Described, Resting};
use crate::installed::unenforced;

/// All of them.
pub(crate) fn checks() -> impl Iterator<Item = &'static dyn Check> {
    let all: [&'static dyn Check; 4] = [&platform::PlatformApart, &nodes::NodesApart, &outside::NothingOutside, &leaving::DeclaredAddresses];
    all.into_iter()
}

/// What stands beside the ways of each deployment.
fn controls(world: &World) -> Vec<Need> {
    let own = world.deployments.iter().flat_map(|of| TenantCode::PLACES.into_iter().filter_map(|place| place.own(world, of)));
    Prober::needs(world).into_iter().chain(own.map(|attempt| Need::Attempt(Box::new(attempt)))).collect()
}

/// One way out of a place, with the words for where it leads.
type Way = (TenantCode, String, AttemptId);

/// Ways from the code of a deployment.
fn judge(texts: &Described, given: &Snapshot, of: &WorldDeployment, subject: String, ways: Vec<Way>) -> Finding {
    let places: BTreeSet<TenantCode> = ways.iter().map(|(place, ..)| *place).collect();
    let (mut tried, mut missing): (Vec<(String, &Outcome)>, Option<String>) = (Vec::new(), None);
    for (place, to, id) in ways {
        match outcome(given, &id) {
            Ok(outcome) => tried.push((format!("{}, {to}", place.words()), outcome)),
            Err(reason) => missing = missing.or(Some(reason)),
        }
    }
    let evidence = || tried.iter().map(|(_, outcome)| *outcome);
    let said = |is_meant: fn(&AttemptResult) -> bool| {
        let meant = tried.iter().filter(|(_, outcome)| is_meant(&outcome.result));
        meant.map(|(way, outcome)| format!("{way}: {}", words(&outcome.result))).collect::<Vec<_>>().join("; ")
    };
    let (open, unknown) = (said(|result| *result == AttemptResult::Connected), said(|result| !is_blocked(result)));
    if !open.is_empty() {
        return texts.fail(subject, open).tried(evidence());
    }
    if let Some(reason) = missing {
        return texts.unverified(subject, reason).tried(evidence());
    }
    let controls: Result<Vec<(TenantCode, &Outcome)>, String> = places.into_iter().map(|place| Ok((place, outcome(given, &place.own_id(of))?))).collect();
    let controls = match controls {
        Ok(controls) => controls,
        Err(reason) => return texts.unverified(subject, reason).tried(evidence()),
    };
    let reached = controls.iter().map(|(place, control)| format!("{} to {}: {}", place.words(), place.partner(), words(&control.result))).collect::<Vec<_>>().join("; ");
    let finding = match unenforced(given) {
        _ if !unknown.is_empty() => texts.unverified(subject, unknown),
        _ if controls.iter().any(|(_, control)| control.result != AttemptResult::Connected) => texts.unverified(subject, reached),
        Some(why) => texts.unverified(subject, why),
        None => texts.pass(subject, format!("{} blocked; {reached}", counted(tried.len()))),
    };
    finding.tried(evidence().chain(controls.iter().map(|(_, control)| *control)))
}

const fn is_blocked(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::TimedOut | AttemptResult::Refused | AttemptResult::Unreachable(_))
}

fn counted(ways: usize) -> String {
    if ways == 1 { "1 way".to_owned() } else { format!("{ways} ways") }
}

#[cfg(test)]
mod tests;
