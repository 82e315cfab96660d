//! Runs a Job to its end: one that ended well is left as the proof that it did, one that failed is run again. Earlier Jobs of
//! the same kind of work, told by their labels, are removed.

use std::time::Duration;

use airlock_model::{Event, Finding, Object, ObjectRef, Operation, PlannedStep, Untrusted, Verdict, names};
use serde_json::Value;

use crate::ApplyError;
use crate::run::Run;

pub(super) async fn settle(run: &Run<'_>, step: &PlannedStep, job: &Object) -> Result<(), ApplyError> {
    let reference = job.reference();
    let live = run.halt.or(run.cluster.get(reference)).await?.map_err(ApplyError::of)?;
    let operation = match &live {
        Some(live) if live.ready && !is_outdated(job, &live.manifest) => None,
        Some(live) if !live.ready && !has_failed(&live.manifest) => Some(Operation::Await),
        found => {
            let mut former = former(run, job).await?;
            former.extend(found.as_ref().map(|_| reference.clone()));
            remove(run, step, &former).await?;
            run.halt.checkpoint()?;
            run.cluster.create(job).await.map_err(ApplyError::of)?;
            Some(Operation::Create)
        }
    };
    if operation.is_some() {
        let ended = Box::pin(wait(run, step, job)).await;
        if tells_findings(job) && matches!(ended, Ok(()) | Err(ApplyError::NotReady { .. })) {
            Box::pin(findings(run, job)).await?;
        }
        ended?;
    }
    run.events.send(Event::ObjectSettled { step: step.id.clone(), object: reference.clone(), operation: operation.filter(|operation| *operation == Operation::Create) });
    Ok(())
}

/// Other Jobs that did the same for the same, by their labels.
async fn former(run: &Run<'_>, job: &Object) -> Result<Vec<ObjectRef>, ApplyError> {
    let labels = job.manifest().pointer("/metadata/labels").and_then(Value::as_object);
    let same: Vec<String> = [names::LABEL_INSTALLATION, names::LABEL_TENANT, names::LABEL_NAME]
        .into_iter()
        .map(|label| match labels.and_then(|labels| labels.get(label)).and_then(Value::as_str) {
            Some(value) => format!("{label}={value}"),
            None => format!("!{label}"),
        })
        .collect();
    let reference = job.reference();
    let found = run.cluster.list(&reference.api_version, &reference.kind, reference.namespace.as_deref(), Some(&same.join(","))).await.map_err(ApplyError::of)?;
    Ok(found.into_iter().map(|live| live.object).filter(|object| object != reference).collect())
}

async fn remove(run: &Run<'_>, step: &PlannedStep, jobs: &[ObjectRef]) -> Result<(), ApplyError> {
    if jobs.is_empty() {
        return Ok(());
    }
    for job in jobs {
        run.halt.checkpoint()?;
        run.cluster.delete(job).await.map_err(ApplyError::of)?;
    }
    let told = |object: &ObjectRef, cause: &str| run.events.send(Event::Waiting { step: step.id.clone(), object: object.clone(), cause: Untrusted::new(cause.to_owned()) });
    run.halt.while_leased(run.cluster.wait_gone(jobs, &run.waiting(), told)).await?.map_err(ApplyError::of)
}

/// A Job says of itself how long it may take; while it runs it shows no other progress.
async fn wait(run: &Run<'_>, step: &PlannedStep, job: &Object) -> Result<(), ApplyError> {
    let mut options = run.waiting();
    if let Some(seconds) = job.manifest().pointer("/spec/activeDeadlineSeconds").and_then(Value::as_u64) {
        options.stalled_after = options.stalled_after.max(Duration::from_secs(seconds));
    }
    let told = |object: &ObjectRef, cause: &str| run.events.send(Event::Waiting { step: step.id.clone(), object: object.clone(), cause: Untrusted::new(cause.to_owned()) });
    run.halt.while_leased(run.cluster.wait_ready(std::slice::from_ref(job.reference()), &options, told)).await?.map_err(ApplyError::of)
}

/// Whether what a Job says are findings.
fn tells_findings(job: &Object) -> bool {
    job.pod().is_some_and(|(metadata, _)| metadata["annotations"][names::ANNOTATION_TELLS] == "findings")
}

/// What the pods of a Job found: told where it does not pass, and the end of the run where it fails. One that said nothing has
/// a reason of its own, which the Job's end tells.
async fn findings(run: &Run<'_>, job: &Object) -> Result<(), ApplyError> {
    let reference = job.reference();
    let of_job = format!("batch.kubernetes.io/job-name={}", reference.name);
    let pods = run.cluster.list("v1", "Pod", reference.namespace.as_deref(), Some(&of_job)).await.map_err(ApplyError::of)?;
    let mut found = Vec::new();
    for pod in pods {
        found.extend(said(&run.cluster.pod_log(&pod.object, None).await.map_err(ApplyError::of)?));
    }
    let (failed, others): (Vec<Finding>, Vec<Finding>) = found.into_iter().partition(|finding| matches!(finding.verdict, Verdict::Fail | Verdict::Error));
    if !failed.is_empty() {
        return Err(ApplyError::Examined(failed));
    }
    for finding in others.into_iter().filter(|finding| finding.verdict > Verdict::Excepted) {
        run.events.send(Event::Found(Box::new(finding)));
    }
    Ok(())
}

/// The findings in a log: one JSON array, on a line of its own.
fn said(log: &str) -> Vec<Finding> {
    log.lines().map(str::trim).filter(|line| line.starts_with('[')).find_map(|line| serde_json::from_str(line).ok()).unwrap_or_default()
}

/// Whether a Job that ended well asks to be run again: a Secret that its pods read was made anew since.
pub fn is_outdated(job: &Object, live: &Value) -> bool {
    let annotation = |manifest: &Value, key: &str| manifest.pointer("/spec/template/metadata/annotations")?.get(key)?.as_str().map(str::to_owned);
    let generation = |manifest: &Value| annotation(manifest, names::ANNOTATION_SECRET_GENERATION).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    annotation(job.manifest(), names::ANNOTATION_AGAIN).is_some() && generation(job.manifest()) > generation(live)
}

/// The Job controller gave up (Kubernetes: condition `Failed` of a Job).
fn has_failed(job: &Value) -> bool {
    let conditions = job.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|condition| condition["type"] == "Failed" && condition["status"] == "True")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_job_that_asks_for_it_is_run_again_for_a_newer_secret() {
        let job = |annotations: Value| {
            let spec = json!({"template": {"metadata": {"annotations": annotations}}});
            Object::new(json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "airlock"}, "spec": spec})).unwrap()
        };
        let of = |generation: &str| json!({"airlock-platform.io/secret-generation": generation, "airlock-platform.io/again": "secrets"});
        assert!(is_outdated(&job(of("10")), job(of("9")).manifest()));
        assert!(!is_outdated(&job(of("9")), job(of("9")).manifest()));
        assert!(!is_outdated(&job(json!({"airlock-platform.io/secret-generation": "10"})), job(of("9")).manifest()));
    }

    #[test]
    fn findings_are_read_among_other_lines_of_a_log() {
        let finding = Finding {
            check: "DBS-010".into(),
            numbers: Vec::new(),
            verdict: Verdict::Fail,
            reason: None,
            severity: airlock_model::Severity::High,
            subject: "db:5432".to_owned().into(),
            path: None,
            observed: Untrusted::from("x"),
            expected: String::new(),
            why: String::new(),
            fix: Vec::new(),
            evidence: Vec::new(),
            took_millis: 0,
        };
        let line = serde_json::to_string(&[&finding]).unwrap();
        assert_eq!(said(&format!("build abc\n[not json\n{line}\n")), [finding]);
        assert!(said("exec format error").is_empty());
    }

    #[test]
    fn a_job_has_failed_when_its_controller_says_so() {
        assert!(has_failed(&json!({"status": {"conditions": [{"type": "FailureTarget", "status": "True"}, {"type": "Failed", "status": "True"}]}})));
        assert!(!has_failed(&json!({"status": {"conditions": [{"type": "Complete", "status": "True"}]}})));
        assert!(!has_failed(&json!({"status": {"failed": 1}})), "a pod of it failed; another one is tried");
    }
}
