//! A plan that was written to a file, so that somebody can approve it: read, held against the cluster, made ready.
//!
//! What is carried out is that plan as a whole. What is left of it follows from its own steps by the function that made it
//! (`planning`): it says whether anything is to be done, and no more than that is rehearsed, since what exists already asks for no
//! room a second time.

use airlock_cluster::Cluster;
use airlock_model::answers::{Answers, Looking};
use airlock_model::{Action, Digest, Facts, Plan, Profile, Purpose, Release, Untrusted};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::desired::DesiredStep;
use crate::{PlatformError, Prepared, certificate, images, judged_by, observe, planning, prepare};

/// A plan from a file, with the answers that it was made from. Digests were computed anew.
#[derive(Clone, Debug)]
pub struct WrittenPlan {
    plan: Plan,
    digest: Digest,
    answers: Answers,
}

/// The file, as `airlock plan -o json` writes it. What was found when it was made is found anew.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    digest: Digest,
    plan: Value,
    answers: Value,
    #[serde(default, rename = "findings")]
    _findings: IgnoredAny,
    #[serde(default, rename = "certificate")]
    _certificate: IgnoredAny,
}

impl WrittenPlan {
    /// Reads the file. What its digests do not cover, or this version does not know, is refused; so are answers that refer to
    /// what is not here.
    pub fn read(text: &[u8], look: &Looking<'_>) -> Result<Self, PlatformError> {
        let document: Document = serde_json::from_slice(text).map_err(|error| unfit(error.to_string()))?;
        unchanged("plan", &document.digest, &document.plan)?;
        if document.plan.get("schema") != Some(&Value::from(planning::PLAN_SCHEMA)) {
            return Err(unfit(format!("this version carries out plans of schema {}", planning::PLAN_SCHEMA)));
        }
        let plan: Plan = serde_json::from_value(document.plan).map_err(|error| unfit(error.to_string()))?;
        if plan.digest()? != document.digest {
            return Err(unfit("its plan says more than this version knows".to_owned()));
        }
        if plan.purpose != Purpose::Install {
            return Err(unfit("it takes an installation away; `airlock uninstall` makes its own plan".to_owned()));
        }
        unchanged("answers", &plan.answers, &document.answers)?;
        let answers = Answers::from_yaml_where(&document.answers.to_string(), look)?;
        Ok(Self { plan, digest: document.digest, answers })
    }

    /// What it would do.
    pub(crate) const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The security policy profile that its answers name; an error where the plan leaves the installed copy of one as it is.
    pub fn profile(&self) -> Result<Profile, PlatformError> {
        judged_by::of_plan(&self.plan, &self.answers)?.ok_or_else(|| PlatformError::ProfileNotInPlan { reference: self.answers.profile.reference.clone() })
    }

    /// The platform namespace that it is for.
    pub fn namespace(&self) -> &str {
        &self.plan.namespace
    }
}

fn unfit(reason: String) -> PlatformError {
    PlatformError::PlanFile { reason: Untrusted::new(reason) }
}

fn unchanged(what: &'static str, stated: &Digest, held: &Value) -> Result<(), PlatformError> {
    let found = Digest::of_canonical(held)?;
    if found == *stated { Ok(()) } else { Err(PlatformError::PlanEdited { what, stated: stated.clone(), found }) }
}

/// Makes a plan from a file ready to be carried out: it still holds, it is allowed here, and what is left of it fits. Nothing is
/// written. With nothing left, the plan is empty.
pub async fn prepare_written(cluster: &Cluster, written: WrittenPlan) -> Result<Prepared, PlatformError> {
    let answers = written.answers.clone();
    match Box::pin(look(cluster, written)).await {
        Err(error) if error.is_missing_right() => Err(prepare::missing_rights(cluster, &answers).await?.map_or(error, PlatformError::Blocked)),
        prepared => prepared,
    }
}

async fn look(cluster: &Cluster, written: WrittenPlan) -> Result<Prepared, PlatformError> {
    let WrittenPlan { plan, digest, answers } = written;
    // The result will be judged by it: one that is none must be heard of before the first write.
    let profile = match judged_by::of_plan(&plan, &answers)? {
        Some(profile) => profile,
        None => judged_by::installed(cluster, &answers).await?,
    };
    let release = airlock_render::release()?;
    if plan.release != release.version.to_string() {
        return Err(unfit(format!("it installs Airlock {}, and this is {}", plan.release, release.version)));
    }
    airlock_engine::still_holds(cluster, &plan).await?;
    let (facts, record) = futures::join!(prepare::survey(cluster, &answers), airlock_engine::record::read(cluster, &plan.namespace));
    let (facts, record) = (facts?, record?);
    judged_by::fits(&profile, &facts.version)?;
    if let Some(record) = &record {
        prepare::keep_deployments(cluster, record, &answers).await?;
    }
    let steps = steps(cluster, &plan).await?;
    let supplied = certificate::look(cluster, &steps).await?;
    let mut installed = observe::installed(cluster, &plan.namespace, record.clone(), &steps).await?;
    certificate::mark(&mut installed, supplied.as_ref());
    let left = planning::plan(head(&plan), steps, &planning::Circumstances { installed: &installed, now: Timestamp::now(), tenant: None })?;
    let findings = if left.is_empty() {
        Vec::new()
    } else {
        let resolved = resolved(&release, &answers, &facts, &plan)?;
        prepare::rehearse(cluster, &answers, prepare::namespaces(&answers), &facts, &left, resolved).await?
    };
    let plan = if left.is_empty() { left } else { plan };
    Ok(Prepared { base: answers.base()?, answers, facts, findings, plan, digest, record, certificate: supplied.and_then(|supplied| supplied.judgement), profile })
}

/// The steps of the plan, without removals of what is gone.
async fn steps(cluster: &Cluster, plan: &Plan) -> Result<Vec<DesiredStep>, PlatformError> {
    let mut steps = Vec::new();
    for step in &plan.steps {
        let action = match &step.action {
            Action::Delete(objects) => {
                let live = cluster.live_by_listing(objects).await?;
                if live.is_empty() {
                    continue;
                }
                Action::Delete(live.into_iter().map(|live| live.object).collect())
            }
            action => action.clone(),
        };
        steps.push(DesiredStep { id: step.id.clone(), title: step.title.clone(), after: step.after.clone(), action });
    }
    Ok(steps)
}

fn head(plan: &Plan) -> planning::Head {
    planning::Head {
        cluster_uid: plan.cluster_uid.clone(),
        namespace: plan.namespace.clone(),
        installation: plan.installation.clone(),
        release: plan.release.clone(),
        answers: plan.answers.clone(),
        images: plan.images.clone(),
        requests: plan.requests,
        connections: plan.connections.clone(),
        hosts: plan.hosts.clone(),
        run_rights: plan.run_rights.clone(),
    }
}

/// The images by the plan's digests. A plan that was made where one could not be resolved cannot be carried out.
fn resolved(release: &Release, answers: &Answers, facts: &Facts, plan: &Plan) -> Result<images::Resolved, PlatformError> {
    let needed = images::of(release, answers, Some(facts))?;
    let missing = needed.images.iter().filter(|(name, _)| plan.images.get(name).is_none()).map(|(_, image)| (image.reference.to_string(), Untrusted::from("the plan has no digest of it"))).collect();
    Ok(images::Resolved { lock: plan.images.clone(), missing })
}

#[cfg(test)]
mod tests {
    use airlock_model::{Amount, Coded as _, ImageLock, Object, PlannedStep, Risk, StepId, Undo, names};
    use serde_json::json;

    use super::*;

    fn file(change: impl FnOnce(&mut Plan)) -> Value {
        let answers = Answers::of_domain("platform.test").unwrap();
        let mut plan = Plan {
            schema: planning::PLAN_SCHEMA,
            purpose: Purpose::Install,
            cluster_uid: "u".into(),
            namespace: "airlock".into(),
            installation: None,
            release: "0.1.0".into(),
            answers: Digest::of_canonical(&answers).unwrap(),
            images: ImageLock::default(),
            requests: Amount::default(),
            connections: Vec::new(),
            hosts: Vec::new(),
            run_rights: Vec::new(),
            steps: Vec::new(),
        };
        change(&mut plan);
        json!({ "digest": plan.digest().unwrap(), "plan": plan, "answers": answers, "findings": [] })
    }

    fn code(file: &Value) -> &'static str {
        WrittenPlan::read(file.to_string().as_bytes(), &|_| Ok(())).map_or_else(|error| error.code().0, |_| "")
    }

    /// With a digest that is right all the same.
    fn sealed(mut file: Value) -> Value {
        file["digest"] = json!(Digest::of_canonical(&file["plan"]).unwrap());
        file
    }

    #[test]
    fn what_was_written_is_read_with_its_answers() {
        let written = WrittenPlan::read(file(|_| ()).to_string().as_bytes(), &|_| Ok(())).unwrap();
        assert_eq!((written.namespace(), written.answers.base_domain.as_str()), ("airlock", "platform.test"));
        assert_eq!(written.plan.digest().unwrap(), written.digest);
    }

    #[test]
    fn what_was_changed_afterwards_is_refused() {
        let mut other = file(|_| ());
        other["plan"]["namespace"] = json!("elsewhere");
        assert_eq!(code(&other), "platform.plan-edited");
        let mut other = file(|_| ());
        other["answers"]["baseDomain"] = json!("evil.test");
        assert_eq!(code(&other), "platform.plan-edited");
    }

    #[test]
    fn a_plan_holds_the_profile_that_it_changes_and_says_where_it_does_not() {
        let mut written = WrittenPlan::read(file(|_| ()).to_string().as_bytes(), &|_| Ok(())).unwrap();
        assert_eq!(written.profile().unwrap().metadata.name, "baseline");
        written.answers.profile.reference = "file:acme.yaml".into();
        assert_eq!(written.profile().unwrap_err().code().0, "platform.profile-not-in-plan");
        let acme = "{apiVersion: airlock/v1, kind: SecurityPolicyProfile, metadata: {name: acme, version: '1', owner: o}, checks: [PSS-001]}";
        let kept = |name: &str| Object::new(json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": "airlock" }, "data": { (names::PROFILE_KEY): acme } })).unwrap();
        let step = |name: &str| PlannedStep {
            id: StepId::from(name),
            title: "keep the security profile".into(),
            after: Vec::new(),
            action: Action::Apply(vec![kept(name)]),
            changes: Vec::new(),
            risk: Risk::None,
            rights: Vec::new(),
            undo: Undo::Nothing,
        };
        written.plan.steps.push(step("notes"));
        assert_eq!(written.profile().unwrap_err().code().0, "platform.profile-not-in-plan");
        written.plan.steps.push(step(names::PROFILE));
        assert_eq!(written.profile().unwrap().metadata.name, "acme");
    }

    #[test]
    fn what_is_no_plan_of_this_version_is_refused() {
        assert_eq!(code(&json!({})), "platform.plan-file");
        assert_eq!(code(&file(|plan| plan.schema += 1)), "platform.plan-file");
        assert_eq!(code(&file(|plan| plan.purpose = Purpose::Uninstall)), "platform.plan-file");
        let mut more = file(|_| ());
        more["plan"]["further"] = json!(true);
        assert_eq!(code(&sealed(more)), "platform.plan-file");
        let mut beside = file(|_| ());
        beside["further"] = json!(true);
        assert_eq!(code(&beside), "platform.plan-file");
        let text = file(|_| ()).to_string();
        let cut = WrittenPlan::read(&text.as_bytes()[..text.len() / 2], &|_| Ok(())).unwrap_err();
        assert_eq!(cut.code().0, "platform.plan-file");
    }
}
