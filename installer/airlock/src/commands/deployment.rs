//! `airlock deployment`: Airflow deployments, each planned, agreed to, and carried out like the platform itself.

use std::path::PathBuf;

use airlock_model::{AirflowDeployment, DeploymentName, Digest, Exit, ObjectRef};
use airlock_platform::deployment::{self, ADMINISTRATOR, DeploymentStatus};
use airlock_platform::{Cluster, PlatformError};
use serde::Serialize;

use super::agreement::{self, Proposal};
use super::session::Session;
use crate::answers_file;
use crate::arguments::{DeploymentApply, DeploymentCommand, DeploymentCreate, DeploymentDelete, DeploymentShow};
use crate::failure::Failure;
use crate::output::deployments;
use crate::output::progress::Progress;

/// What became of a deployment, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Applied<'a> {
    outcome: &'static str,
    name: &'a str,
    url: String,
    namespace: &'a str,
    plan: &'a Digest,
    steps: usize,
}

/// What became of a deployment that went, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Deleted<'a> {
    outcome: &'static str,
    name: &'a str,
    plan: &'a Digest,
    dump: Option<&'a str>,
    offboarding: &'a ObjectRef,
}

pub(super) async fn run(session: &Session<'_>, command: &DeploymentCommand) -> Result<Exit, Failure> {
    match command {
        DeploymentCommand::Create(arguments) => create(session, arguments).await,
        DeploymentCommand::Apply(arguments) => apply_file(session, arguments).await,
        DeploymentCommand::List => list(session).await,
        DeploymentCommand::Show(arguments) => show(session, arguments).await,
        DeploymentCommand::Delete(arguments) => delete(session, arguments).await,
    }
}

fn name(text: &str) -> Result<DeploymentName, Failure> {
    text.parse().map_err(|error: airlock_model::DeploymentNameError| PlatformError::DeploymentName { text: error.to_string() }.into())
}

async fn create(session: &Session<'_>, arguments: &DeploymentCreate) -> Result<Exit, Failure> {
    let mut document = AirflowDeployment::named(&name(&arguments.name)?);
    document.image.clone_from(&arguments.image);
    document.example_dag = arguments.example_dag;
    if let Some(problem) = document.problems().into_iter().next() {
        return Err(Failure::Argument(match problem.flaw {
            airlock_model::answers::Flaw::Value(text) | airlock_model::answers::Flaw::Reference(text) => format!("--{}: {text}", problem.path),
        }));
    }
    if arguments.print {
        session.output.result("deployment create", || document.to_yaml(), &document)?;
        return Ok(Exit::Ok);
    }
    apply(session, session.namespace(), &document, arguments.events.clone()).await
}

async fn apply_file(session: &Session<'_>, arguments: &DeploymentApply) -> Result<Exit, Failure> {
    let document = answers_file::read_deployment(&arguments.file)?;
    apply(session, session.namespace(), &document, arguments.events.clone()).await
}

/// Brings the cluster to a document, after its plan was agreed to.
pub(super) async fn apply(session: &Session<'_>, platform: &str, document: &AirflowDeployment, events: Option<PathBuf>) -> Result<Exit, Failure> {
    session.output.text_or_json("deployment")?;
    let progress = Progress::new(session.output, session.log, events)?;
    let cluster = session.connect().await?;
    progress.busy("looking at the cluster and making the plan");
    let prepared = session.reading(Box::pin(deployment::prepare(&cluster, platform, document))).await?;
    let proposal = Proposal { plan: &prepared.plan, digest: &prepared.digest, findings: &prepared.findings, note: None, question: "Carry out this plan?", name: None, what: "the plan" };
    let Some(by) = agreement::ask(session, &proposal, &progress).await? else {
        progress.finish()?;
        session.output.talk("nothing was written");
        return Ok(Exit::Ok);
    };
    let applied = Box::pin(deployment::apply(&cluster, &prepared, by, &session.apply_options(), session.stop, &progress)).await;
    let told = progress.finish();
    let changed = applied?;
    let url = format!("https://{}", prepared.host);
    let outcome = if changed { "applied" } else { "unchanged" };
    let text = || {
        if changed {
            format!("the Airflow deployment {} is there: {url}\nfirst login: {}\n", prepared.name, deployments::first_login(prepared.name.as_str(), platform))
        } else {
            format!("nothing is to be done: the Airflow deployment {} is as its document wants it\n", prepared.name)
        }
    };
    let document = Applied { outcome, name: prepared.name.as_str(), url: url.clone(), namespace: &prepared.namespace, plan: &prepared.digest, steps: prepared.plan.steps.len() };
    session.output.result("deployment", text, &document)?;
    told.map(|()| Exit::Ok)
}

async fn list(session: &Session<'_>) -> Result<Exit, Failure> {
    session.output.text_or_json("deployment list")?;
    let cluster = session.connect().await?;
    let found: Vec<DeploymentStatus> = session.reading(deployment::list(&cluster, session.namespace())).await?;
    session.output.result("deployment list", || deployments::list(&found), &found)?;
    Ok(Exit::Ok)
}

async fn show(session: &Session<'_>, arguments: &DeploymentShow) -> Result<Exit, Failure> {
    session.output.text_or_json("deployment show")?;
    let name = name(&arguments.name)?;
    let cluster = session.connect().await?;
    if arguments.credentials {
        return credentials(session, &cluster, &name).await;
    }
    let found = session.reading(deployment::show(&cluster, session.namespace(), &name)).await?;
    session.output.result("deployment show", || deployments::show(&found, session.namespace(), session.output.data_style), &found)?;
    Ok(Exit::Ok)
}

/// The one place where a secret is shown: to the person who asks for it by name.
async fn credentials(session: &Session<'_>, cluster: &Cluster, name: &DeploymentName) -> Result<Exit, Failure> {
    let password = session.reading(deployment::first_login(cluster, session.namespace(), name)).await?;
    let document = serde_json::json!({ "username": ADMINISTRATOR, "password": password.expose() });
    session.output.result("deployment show", || format!("username: {ADMINISTRATOR}\npassword: {}\n", password.expose()), &document)?;
    Ok(Exit::Ok)
}

async fn delete(session: &Session<'_>, arguments: &DeploymentDelete) -> Result<Exit, Failure> {
    session.output.text_or_json("deployment delete")?;
    let name = name(&arguments.name)?;
    let progress = Progress::new(session.output, session.log, arguments.events.clone())?;
    let cluster = session.connect().await?;
    progress.busy("looking for what belongs to it");
    let removal = session.reading(Box::pin(deployment::removal(&cluster, session.namespace(), &name, !arguments.no_dump))).await?;
    let question = format!("Take the Airflow deployment {name} away?");
    let proposal = Proposal { plan: &removal.plan, digest: &removal.digest, findings: &[], note: None, question: &question, name: Some(cluster.name()), what: "the removal" };
    let Some(by) = agreement::ask(session, &proposal, &progress).await? else {
        progress.finish()?;
        session.output.talk("nothing was written");
        return Ok(Exit::Ok);
    };
    let removed = Box::pin(deployment::remove(&cluster, &removal, by, &session.apply_options(), session.stop, &progress)).await;
    let told = progress.finish();
    removed?;
    let document = Deleted { outcome: "deleted", name: name.as_str(), plan: &removal.digest, dump: removal.dump.as_deref(), offboarding: &removal.offboarding };
    let kept = removal.dump.as_ref().map_or_else(String::new, |dump| format!("its database is kept in {dump} on the volume of the database server\n"));
    session.output.result("deployment delete", || format!("the Airflow deployment {name} is gone\n{kept}what was erased and what remains: {}\n", removal.offboarding), &document)?;
    told.map(|()| Exit::Ok)
}
