//! Checks before the first write: facts of the survey and what a plan asks of the cluster.
//!
//! No profile selects among them: they say whether the install can work at all, not what somebody's policy asks for.
//! A plan that was not made asks for nothing, so there is nothing to judge; a fact that was not read is unverified.

mod admission;
mod capacity;
mod cluster;
mod database_server;
mod images;
mod issuer;
mod limit_range;
mod namespace;
mod peers;
mod pod_amount;
mod prometheus;
mod quota;
mod rights;
mod storage;

pub(crate) use cluster::SUPPORTED;

use airlock_model::{Check, CheckSpec, DatabaseExamination, Fact, Facts, Finding, Need, Planned, PoolPull, Profile, Reason, Severity, Snapshot, Verdict, World};

use crate::described::Described;
use crate::profile::unprofiled;
use crate::report;

/// A check of this group: its texts and its judgement.
pub(crate) struct Preflight {
    described: Described,
    judge: fn(&Described, &Snapshot) -> Vec<Finding>,
}

impl Check for Preflight {
    fn spec(&self) -> &CheckSpec<'_> {
        &self.described.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![Need::Facts]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        (self.judge)(&self.described, given)
    }
}

/// All of them, in the order in which a reader wants to know.
static CHECKS: [&Preflight; 18] = [
    &cluster::VERSION,
    &cluster::CLOCK,
    &cluster::NODES,
    &cluster::ARCHITECTURE,
    &namespace::FOREIGN,
    &rights::RIGHTS,
    &capacity::SUM,
    &capacity::LARGEST,
    &capacity::SLOTS,
    &quota::QUOTA,
    &limit_range::LIMITS,
    &storage::CLASS,
    &images::RESOLVED,
    &admission::ADMITTED,
    &peers::DNS,
    &peers::API_SERVER,
    &prometheus::JOINED,
    &issuer::FOUND,
];

/// Those of a database server that the customer runs, each standing on the one before.
static OF_DATABASE_SERVER: [&Preflight; 9] = [
    &database_server::REACHED,
    &database_server::TLS,
    &database_server::CERTIFICATE,
    &database_server::LOGIN,
    &database_server::VERSION,
    &database_server::RIGHTS,
    &database_server::CONNECTIONS,
    &database_server::CLOCK,
    &database_server::PASSWORDS,
];

/// Those of what was tried on nodes.
static OF_NODES: [&Preflight; 1] = [&images::PULLED];

pub(crate) fn checks() -> impl Iterator<Item = &'static dyn Check> {
    CHECKS.iter().chain(&OF_DATABASE_SERVER).chain(&OF_NODES).map(|check| *check as &'static dyn Check)
}

/// Judges facts and plan, in the order of the catalogue.
pub fn preflight(given: &Snapshot) -> Vec<Finding> {
    judge(&CHECKS, given)
}

/// Judges a database server that the customer runs.
pub fn examined(server: &DatabaseExamination) -> Vec<Finding> {
    judge(&OF_DATABASE_SERVER, &Snapshot { database: Some(server.clone()), ..Snapshot::default() })
}

/// Judges trials to pull an image.
pub fn pulled(pulls: Vec<PoolPull>) -> Vec<Finding> {
    judge(&OF_NODES, &Snapshot { pulls, ..Snapshot::default() })
}

fn judge(checks: &[&'static Preflight], given: &Snapshot) -> Vec<Finding> {
    // These checks have no parameters, so that no profile could make them silent.
    let profile = unprofiled();
    checks.iter().flat_map(|check| report::evaluate(*check, &profile, given)).collect()
}

/// Whether an install must not begin because of this finding.
pub fn blocks(finding: &Finding) -> bool {
    matches!(finding.verdict, Verdict::Fail | Verdict::Error) && finding.severity >= Severity::High
}

/// What is judged, or the findings that say why it cannot be.
type Judged<T> = Result<T, Vec<Finding>>;

fn facts<'a>(check: &Described, given: &'a Snapshot) -> Judged<&'a Facts> {
    given.facts.as_ref().ok_or_else(|| vec![check.unverified("cluster", "the cluster was not looked at")])
}

fn known<'a, T>(check: &Described, subject: &str, fact: &'a Fact<T>) -> Judged<&'a T> {
    match fact {
        Fact::Known(value) => Ok(value),
        Fact::Unverified(why) => Err(vec![check.unverified(subject, why.clone())]),
    }
}

fn planned<'a>(check: &Described, given: &'a Snapshot) -> Judged<&'a Planned> {
    given.planned.as_ref().ok_or_else(|| vec![check.not_applicable("plan", Reason::NoSubject, "no plan was made")])
}

/// Both ways out of a judgement are findings.
fn either(judged: Judged<Vec<Finding>>) -> Vec<Finding> {
    judged.unwrap_or_else(|instead| instead)
}

#[cfg(test)]
pub(crate) mod tests;
