//! An approved plan is carried out, and what came out is shown by attempts.

use airlock_cluster::Cluster;
use airlock_compliance::Report;
use airlock_engine::{ApplyOptions, Halt, RunOutcome, Stop};
use airlock_model::{Approval, ApprovedBy, ApprovedPlan, Events, Ticket};
use tokio::time::Instant;

use crate::{PlatformError, Prepared, reload, verify};

/// How an installation ended that did not fail.
pub enum Installed {
    /// Nothing was to be done: no lease, no probe, no write.
    Unchanged,
    /// Everything that did not depend on these tickets is done; the same command goes on.
    Waiting(Vec<Ticket>),
    /// The plan was carried out as far as was asked (`--until`).
    Partly,
    /// The plan was carried out and the result was judged.
    Verified(Box<Report>),
}

/// Carries out a prepared plan that was agreed to, then verifies against the profile of the answers: as it was when the plan was made, or as it
/// is installed where a written plan leaves that as it is.
///
/// Blocking findings end it before the first write. The wish to stop and the deadline hold for the verification as well: it
/// then ends without a verdict, and the next run verifies.
pub async fn install(cluster: &Cluster, prepared: &Prepared, by: ApprovedBy, options: &ApplyOptions, stop: &Stop, events: &dyn Events) -> Result<Installed, PlatformError> {
    if prepared.plan.is_empty() && !prepared.needs_verification() {
        return Ok(Installed::Unchanged);
    }
    let blocking = prepared.blocking();
    if !blocking.is_empty() {
        return Err(PlatformError::Blocked(blocking));
    }
    let halt = Halt::new(stop, options.deadline.map(|deadline| Instant::now() + deadline));
    if !prepared.plan.is_empty() {
        let approval = Approval { plan: prepared.digest.clone(), by };
        let approved = ApprovedPlan::new(prepared.plan.clone(), approval)?;
        let options = ApplyOptions { answers: serde_json::to_value(&prepared.answers)?, by: prepared.caller(), ..options.clone() };
        match Box::pin(airlock_engine::apply(cluster, &approved, &options, stop, events)).await? {
            RunOutcome::Done => {}
            RunOutcome::Waiting(tickets) => return Ok(Installed::Waiting(tickets)),
        }
    }
    if options.until.is_some() {
        return Ok(Installed::Partly);
    }
    let (record, answers) = halt.or(verify::recorded(cluster, &prepared.plan.namespace)).await??;
    let intended = halt.or(verify::intend(cluster, &answers, prepared.profile.clone())).await??;
    // Also after an empty plan: what was imported since the last run takes its time to get there.
    reload::wait(cluster, &intended.world, &verify::site(&record)?, &halt, events).await?;
    let mut report = Box::pin(verify::judge(cluster, &record, &intended, true, &halt, events)).await?;
    halt.checkpoint()?;
    airlock_engine::record::write_verdict(cluster, &prepared.plan.namespace, report.summary.verdict, &report.digest, serde_json::to_value(&prepared.answers)?).await?;
    // From now on this is the installed one.
    report.installed = None;
    Ok(Installed::Verified(Box::new(report)))
}
