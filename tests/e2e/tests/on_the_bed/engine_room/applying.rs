//! Objects are written once, only as the plan saw them, and never against their owners.

use airlock_engine::record;
use airlock_model::{Coded as _, Plan};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_as_planned_is_not_written_again() -> Outcome {
    let place = Place::new("twice").await?;
    let plan = place.plan("abc", vec![create("config", vec![place.config("one", "1")?, place.config("two", "2")?])])?;
    let (first, second) = (Seen::default(), Seen::default());
    assert_eq!(apply(&place.cluster, &plan, &options(), &Stop::never(), &first).await?, RunOutcome::Done);
    assert_eq!(first.settled()["one"], Some(Operation::Create));

    let audit = place.bed.audit()?;
    assert_eq!(apply(&place.cluster, &plan, &options(), &Stop::never(), &second).await?, RunOutcome::Done);
    assert_eq!(second.settled(), BTreeMap::from([(place.name.clone(), None), ("one".into(), None), ("two".into(), None)]));
    let written = place.writes(audit.entries()?);
    assert!(written.iter().all(|entry| entry.resource == "leases" || entry.name.starts_with("airlock-")), "only lease and records are written: {written:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_plan_asks_and_writes_nothing() -> Outcome {
    let place = Place::new("empty").await?;
    let plan = place.bare_plan(Purpose::Install, Some("abc"), Vec::new())?;
    let audit = place.bed.audit()?;
    assert_eq!(place.run(&plan).await?, RunOutcome::Done);
    assert_eq!(place.writes(audit.entries()?), []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_was_changed_since_the_plan_ends_the_run_before_its_first_write() -> Outcome {
    let place = Place::new("changed").await?;
    place.run(&place.plan("abc", vec![create("config", vec![place.config("one", "old")?])])?).await?;
    let seen = place.live(&place.reference("v1", "ConfigMap", "one")).await?;
    let late = place.bare_plan(Purpose::Install, Some("abc"), vec![create("before", vec![place.config("zero", "0")?]), update("config", place.config("one", "new")?, &seen)?])?;
    place.bed.kubectl(["-n", &place.name, "patch", "configmap", "one", "--patch", r#"{"data":{"key":"mine"}}"#])?;

    let audit = place.bed.audit()?;
    let error = place.run(&late).await.expect_err("it was changed");
    assert_eq!(error.code().0, "engine.plan-mismatch", "{error}");
    assert!(error.to_string().contains(&format!("ConfigMap {}/one was changed since the plan was made", place.name)), "{error}");
    assert_eq!(place.writes(audit.entries()?), []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_written_when_the_object_is_as_the_plan_saw_it_although_others_added_to_it() -> Outcome {
    let place = Place::new("update").await?;
    place.run(&place.plan("abc", vec![create("config", vec![place.config("one", "old")?])])?).await?;
    let seen = place.live(&place.reference("v1", "ConfigMap", "one")).await?;
    place.bed.kubectl(["-n", &place.name, "label", "configmap", "one", "team=theirs"])?;
    let plan = place.bare_plan(Purpose::Install, Some("abc"), vec![update("config", place.config("one", "new")?, &seen)?])?;
    assert_eq!(place.run(&plan).await?, RunOutcome::Done);
    let live = place.live(&place.reference("v1", "ConfigMap", "one")).await?;
    assert_eq!((&live["data"]["key"], &live["metadata"]["labels"]["team"]), (&json!("new"), &json!("theirs")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_of_another_manager_is_shown_and_not_taken() -> Outcome {
    let place = Place::new("conflict").await?;
    place.run(&place.plan("abc", vec![create("config", vec![place.config("other", "1")?])])?).await?;
    let theirs = place.config("one", "theirs")?.manifest().to_string();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("theirs.json");
    std::fs::write(&file, theirs)?;
    place.bed.kubectl(["apply", "--server-side", "--field-manager=gitops", "-f", &file.display().to_string()])?;
    let seen = place.live(&place.reference("v1", "ConfigMap", "one")).await?;

    let plan = place.bare_plan(Purpose::Install, Some("abc"), vec![update("config", place.config("one", "ours")?, &seen)?])?;
    let error = place.run(&plan).await.expect_err("it belongs to another");
    let ApplyError::Conflict { object, fields } = &error else { panic!("{error}") };
    assert_eq!(object.name, "one");
    assert!(fields.iter().any(|(path, manager)| path.contains("key") && manager.to_string().contains("gitops")), "{fields:?}");
    assert_eq!(place.live(&place.reference("v1", "ConfigMap", "one")).await?["data"]["key"], "theirs");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_for_another_cluster_or_installation_is_refused() -> Outcome {
    let place = Place::new("foreign").await?;
    let ours = place.plan("abc", vec![create("config", vec![place.config("one", "1")?])])?;
    place.run(&ours).await?;
    let elsewhere = approved(Plan { cluster_uid: "another".into(), ..ours.plan().clone() })?;
    assert_eq!(place.run(&elsewhere).await.expect_err("another cluster").code().0, "engine.other-cluster");
    let theirs = place.bare_plan(Purpose::Install, Some("xyz"), vec![create("config", vec![place.config("two", "2")?])])?;
    assert_eq!(place.run(&theirs).await.expect_err("another installation").code().0, "engine.other-installation");
    assert!(place.cluster.get(&place.reference("v1", "ConfigMap", "two")).await?.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_leaves_record_inventory_and_journal() -> Outcome {
    let place = Place::new("record").await?;
    let plan = place.plan("abc", vec![create("config", vec![place.config("one", "1")?])])?;
    place.run(&plan).await?;
    let found = record::read(&place.cluster, &place.name).await?.ok_or("no record")?;
    assert!(found.complete);
    assert_eq!((found.installation.as_str(), &found.plan, &found.answers), ("abc", &plan.approval().plan, &json!({"baseDomain": "platform.test"})));
    let inventory = record::read_inventory(&place.cluster, &place.name).await?;
    assert_eq!(inventory.objects, [place.reference("v1", "ConfigMap", "one"), ObjectRef::cluster("v1", "Namespace", &place.name)]);
    let journals = place.cluster.list("v1", "ConfigMap", Some(&place.name), Some("app.kubernetes.io/component=journal")).await?;
    let text = journals.first().and_then(|live| live.manifest.pointer("/data/journal.json")).and_then(Value::as_str).ok_or("no journal")?;
    let journal: Value = serde_json::from_str(text)?;
    assert_eq!((&journal["outcome"], &journal["steps"][1]["step"], &journal["steps"][1]["outcome"]), (&json!("done"), &json!("config"), &json!("done")));
    let told = record::read_plan_runs(&place.cluster, &place.name).await?;
    assert_eq!(
        serde_json::to_value(&told)?,
        json!([{
            "run": journal["run"], "plan": journal["plan"], "release": journal["release"], "approved": "yes-flag", "by": journal["by"], "started": journal["started"], "ended": journal["ended"], "outcome": "done"
        }])
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_a_newer_program_is_refused() -> Outcome {
    let place = Place::new("newer").await?;
    let plan = place.plan("abc", vec![create("config", vec![place.config("one", "1")?])])?;
    place.run(&plan).await?;
    place.bed.kubectl(["-n", &place.name, "patch", "configmap", "airlock-record", "--patch", r#"{"data":{"record.json":"{\"schema\":99}"}}"#])?;
    let error = record::read(&place.cluster, &place.name).await.expect_err("it is newer");
    assert_eq!(error.code().0, "engine.record-newer");
    assert_eq!(place.run(&plan).await.expect_err("it is newer").code().0, "engine.record-newer");
    Ok(())
}

/// Forty each of five kinds, as the benchmark has them.
fn two_hundred(place: &Place) -> Result<Vec<Object>, Box<dyn Error>> {
    let mut objects = Vec::new();
    for number in 0..40 {
        let name = format!("object-{number}");
        let labels = json!({"app": name});
        objects.push(place.config(&name, "value")?);
        objects.push(place.object("v1", "Secret", &name, &json!({"type": "Opaque", "stringData": {"key": "no secret"}}))?);
        objects.push(place.object("v1", "Service", &name, &json!({"spec": {"selector": labels, "ports": [{"port": 80, "protocol": "TCP"}]}}))?);
        let deployment = place.deployment(&name, PAUSE, &json!({"cpu": "10m"}))?;
        let mut manifest = deployment.into_manifest();
        manifest["spec"]["replicas"] = json!(0);
        objects.push(Object::new(manifest)?);
        objects.push(place.object("networking.k8s.io/v1", "NetworkPolicy", &name, &json!({"spec": {"podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress"]}}))?);
    }
    Ok(objects)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_objects_cost_one_request_each_and_a_few_lists() -> Outcome {
    let place = Place::new("many").await?;
    let plan = place.plan("abc", vec![create("objects", two_hundred(&place)?)])?;
    let audit = place.bed.audit()?;
    place.run(&plan).await?;
    // How often the lease is renewed is a matter of time, not of objects.
    let entries: Vec<AuditEntry> = audit.entries()?.into_iter().filter(|entry| entry.user == "admin" && entry.namespace == place.name && entry.resource != "leases").collect();
    let written = entries.iter().filter(|entry| entry.is_write() && entry.name.starts_with("object-")).count();
    assert_eq!(written, 200);
    let others: Vec<String> = entries.iter().filter(|entry| !entry.name.starts_with("object-")).map(|entry| format!("{} {}", entry.verb, entry.uri)).collect();
    assert!(entries.len() < 240, "{} requests for 200 objects: {others:#?}", entries.len());
    Ok(())
}
