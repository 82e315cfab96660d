//! Checks of where tasks get to: what tenants wrote runs there, under the policies of tasks.
//!
//! Each way must be blocked while the same pod reaches the server of its own deployment, and while NET-010 shows that the cluster
//! enforces policies at all. What a task gets to is a fault whatever became of these.

pub(crate) mod leaving;
mod nodes;
pub(crate) mod outside;
mod platform;

use airlock_model::{AttemptId, AttemptResult, Check, Finding, Need, Outcome, Snapshot, World, WorldDeployment};

use crate::attempts::{Prober, outcome, own, own_id, words};
use crate::described::{Described, Resting};
use crate::installed::unenforced;

/// All of them.
pub(crate) fn checks() -> impl Iterator<Item = &'static dyn Check> {
    let all: [&'static dyn Check; 4] = [&platform::PlatformApart, &nodes::NodesApart, &outside::NothingOutside, &leaving::DeclaredAddresses];
    all.into_iter()
}

/// What stands beside the ways of each deployment.
fn controls(world: &World) -> Vec<Need> {
    let own = world.deployments.iter().map(|of| Need::Attempt(Box::new(own(of))));
    Prober::needs(world).into_iter().chain(own).collect()
}

/// Ways from the tasks of a deployment, each with the words for where it leads.
fn judge(texts: &Described, given: &Snapshot, of: &WorldDeployment, subject: String, ways: Vec<(String, AttemptId)>) -> Finding {
    let outcomes: Result<Vec<(String, &Outcome)>, String> = ways.into_iter().map(|(to, id)| Ok((to, outcome(given, &id)?))).collect();
    let tried = match outcomes {
        Ok(tried) => tried,
        Err(reason) => return texts.unverified(subject, reason),
    };
    let evidence = || tried.iter().map(|(_, outcome)| *outcome);
    let said = |is_meant: fn(&AttemptResult) -> bool| {
        let meant = tried.iter().filter(|(_, outcome)| is_meant(&outcome.result));
        meant.map(|(to, outcome)| format!("{to}: {}", words(&outcome.result))).collect::<Vec<_>>().join("; ")
    };
    let (open, unknown) = (said(|result| *result == AttemptResult::Connected), said(|result| !is_blocked(result)));
    if !open.is_empty() {
        return texts.fail(subject, open).tried(evidence());
    }
    let control = match outcome(given, &own_id(of)) {
        Ok(control) => control,
        Err(reason) => return texts.unverified(subject, reason).tried(evidence()),
    };
    let finding = match (&control.result, unenforced(given)) {
        _ if !unknown.is_empty() => texts.unverified(subject, unknown),
        (AttemptResult::Connected, None) => texts.pass(subject, format!("{} blocked; its own server: {}", counted(tried.len()), words(&control.result))),
        (AttemptResult::Connected, Some(why)) => texts.unverified(subject, why),
        (other, _) => texts.unverified(subject, format!("its own server: {}", words(other))),
    };
    finding.tried(evidence().chain([control]))
}

const fn is_blocked(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::TimedOut | AttemptResult::Refused | AttemptResult::Unreachable(_))
}

fn counted(ways: usize) -> String {
    if ways == 1 { "1 way".to_owned() } else { format!("{ways} ways") }
}

#[cfg(test)]
mod tests;
