//! `airlock install`: plan, agree, carry out, verify. Run again, it goes on where it stopped.

use airlock_model::{Answers, ApprovedBy, Digest, Exit, StepId, Ticket, with_causes};
use airlock_platform::{ApplyOptions, Cluster, Installed, PlatformError, Prepared, Report, WrittenPlan, deployment, install, prepare, prepare_written};
use serde::Serialize;

use super::agreement::{self, Proposal};
use super::guided;
use super::session::Session;
use crate::arguments::Install;
use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::output::{report, tickets};
use crate::{answers_file, plan_file};

/// The result for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    outcome: &'static str,
    plan: &'a Digest,
    steps: usize,
    #[serde(skip_serializing_if = "<[Ticket]>::is_empty")]
    tickets: &'a [Ticket],
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<&'a Report>,
    /// Airflow deployments that the platform would make otherwise now.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    deployments_behind: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// What an install is asked for.
enum Asked {
    Answers(Box<Answers>),
    Plan(Box<WrittenPlan>),
}

impl Asked {
    const fn looking(&self) -> &'static str {
        match self {
            Self::Answers(_) => "looking at the cluster and making the plan",
            Self::Plan(_) => "looking whether the cluster is as the plan saw it",
        }
    }

    async fn prepared(self, cluster: &Cluster) -> Result<Prepared, PlatformError> {
        match self {
            Self::Answers(answers) => prepare(cluster, &answers).await,
            Self::Plan(written) => Box::pin(prepare_written(cluster, *written)).await,
        }
    }
}

pub(super) async fn run(session: &Session<'_>, arguments: &Install) -> Result<Exit, Failure> {
    session.output.text_or_json("install")?;
    let namespace = session.global.namespace.as_deref();
    let asked = match (&arguments.plan, &arguments.answers) {
        (Some(path), _) => Asked::Plan(Box::new(plan_file::read(path, namespace)?)),
        (None, Some(path)) => Asked::Answers(Box::new(answers_file::read_on(path, namespace, &arguments.on)?)),
        (None, None) => return Box::pin(guided::run(session, arguments)).await,
    };
    let progress = Progress::new(session.output, session.log, arguments.events.clone())?;
    let cluster = session.connect().await?;
    progress.busy(asked.looking());
    let prepared = session.reading(Box::pin(asked.prepared(&cluster))).await?;
    let until = until(arguments.until.as_deref(), &prepared)?;
    session.warn_of_certificate(&prepared);
    let proposal = Proposal { plan: &prepared.plan, digest: &prepared.digest, findings: &prepared.findings, note: None, question: "Carry out this plan?", name: None, what: "the plan" };
    let Some(by) = agreement::ask(session, &proposal, &progress).await? else {
        progress.finish()?;
        session.output.talk("nothing was written");
        return Ok(Exit::Ok);
    };
    carry_out(session, &cluster, &prepared, Agreed { by, until }, progress).await
}

/// That somebody agreed, and how far.
pub(super) struct Agreed {
    /// How.
    pub(super) by: ApprovedBy,
    /// The step to stop after.
    pub(super) until: Option<StepId>,
}

/// Carries out what was agreed to and shows what came of it.
pub(super) async fn carry_out(session: &Session<'_>, cluster: &Cluster, prepared: &Prepared, agreed: Agreed, progress: Progress) -> Result<Exit, Failure> {
    let options = ApplyOptions { until: agreed.until, ..session.apply_options() };
    let installed = Box::pin(install(cluster, prepared, agreed.by, &options, session.stop, &progress)).await;
    let behind = match &installed {
        Ok(Installed::Verified(_)) => Box::pin(deployment::behind(cluster, &prepared.plan.namespace)).await,
        _ => Ok(Vec::new()),
    };
    let told = progress.finish();
    let exit = show(session, prepared, &installed?, behind)?;
    told.map(|()| exit)
}

/// The step to stop after; one that the plan does not hold is a mistake, unless nothing is to be done.
pub(super) fn until(asked: Option<&str>, prepared: &Prepared) -> Result<Option<StepId>, Failure> {
    let Some(asked) = asked else { return Ok(None) };
    let steps = &prepared.plan.steps;
    if steps.is_empty() || steps.iter().any(|step| step.id.0 == asked) {
        return Ok(Some(StepId::from(asked)));
    }
    let known = steps.iter().map(|step| step.id.0.as_str()).collect::<Vec<_>>().join(", ");
    Err(Failure::Argument(format!("the plan has no step `{asked}`; it has {known}")))
}

fn show(session: &Session<'_>, prepared: &Prepared, installed: &Installed, behind: Result<Vec<String>, PlatformError>) -> Result<Exit, Failure> {
    let output = session.output;
    let document = |outcome| Document { outcome, plan: &prepared.digest, steps: prepared.plan.steps.len(), tickets: &[], report: None, deployments_behind: &[], next: None };
    match installed {
        Installed::Unchanged => {
            output.result("install", || "nothing is to be done: the cluster is as the answers want it\n".into(), &document("unchanged"))?;
            Ok(Exit::Ok)
        }
        Installed::Waiting(waiting) => {
            let next = session.invocation.again_agreed();
            let text = || tickets::tickets(waiting, output.data_style);
            output.result("install", text, &Document { tickets: waiting, next: Some(next.clone()), ..document("waiting") })?;
            output.talk(&format!("everything that does not depend on {} is done; afterwards go on with\n  {next}", if waiting.len() == 1 { "this ticket" } else { "these tickets" }));
            Ok(Exit::WaitingOutside)
        }
        Installed::Partly => {
            let next = session.invocation.again();
            output.result("install", || "the plan was carried out as far as was asked\n".into(), &Document { next: Some(next), ..document("partly") })?;
            Ok(Exit::Ok)
        }
        Installed::Verified(judged) => {
            let text = || report::report(judged, output.data_style, output.verbose);
            let (behind, unseen) = behind.map_or_else(|error| (Vec::new(), Some(error)), |behind| (behind, None));
            output.result("install", text, &Document { report: Some(judged), deployments_behind: &behind, ..document("verified") })?;
            if let Some(error) = unseen {
                output.insist(&format!("whether Airflow deployments are as the platform would make them now could not be found out: {}", with_causes(&error)));
            }
            if let Some(first) = behind.first() {
                let them = behind.join(", ");
                output.insist(&format!("the platform would make these Airflow deployments otherwise now: {them}\n  airlock deployment apply FILE brings one to it by its document; airlock deployment show {first} -o json has the one that was applied last"));
            }
            if judged.summary.gate_failed {
                output.insist(&format!("{}; the installation stands; mend what is named above, then run the same command again", report::refusal(judged)));
                return Ok(Exit::Compliance);
            }
            let hosts: Vec<String> = prepared.plan.hosts.iter().map(|host| format!("  https://{host}")).collect();
            output.talk(&format!("Airlock {} is installed\n{}", prepared.plan.release, hosts.join("\n")));
            Ok(Exit::Ok)
        }
    }
}
