//! Waits: until things are ready, or the reason is known why they never will be.

use std::time::{Duration, Instant};

use airlock_cluster::{ClusterError, Stop, WaitOptions};
use airlock_model::{Object, ObjectRef};
use serde_json::{Value, json};

use super::{Outcome, Place, client_pod};

fn deployment(place: &Place, spec: Value) -> Result<Object, Box<dyn std::error::Error>> {
    let mut spec = spec;
    if let Some(spec) = spec.as_object_mut() {
        spec.remove("restartPolicy");
    }
    place.object("apps/v1", "Deployment", "web", &json!({"spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": spec}}}))
}

/// A wait that has no cause to end, and does not move, ends after five minutes.
const UNMOVED: Duration = Duration::from_mins(4);

/// Waits and gives the error's cause with the time it took.
async fn given_up(place: &Place, objects: &[ObjectRef]) -> Result<(String, Duration), Box<dyn std::error::Error>> {
    let begin = Instant::now();
    match place.cluster.wait_ready(objects, &WaitOptions::default(), |_, _| {}).await {
        Err(ClusterError::NotReady { cause, .. }) => Ok((cause.raw().to_owned(), begin.elapsed())),
        other => Err(format!("{other:?}").into()),
    }
}

/// Waits until a cause contains these words, then asks to stop.
async fn told(place: &Place, object: &ObjectRef, words: &str) -> Outcome {
    let (signal, stop) = Stop::pair();
    let options = WaitOptions { stop, stalled_after: Duration::from_secs(90), deadline: None };
    let mut seen = Vec::new();
    let outcome = place
        .cluster
        .wait_ready(std::slice::from_ref(object), &options, |_, cause| {
            seen.push(cause.to_owned());
            if cause.contains(words) {
                signal.raise();
            }
        })
        .await;
    if matches!(outcome, Err(ClusterError::Stopped)) { Ok(()) } else { Err(format!("{outcome:?}; told: {seen:#?}").into()) }
}

#[tokio::test]
async fn a_deployment_a_claim_and_a_load_balancer_become_ready() -> Outcome {
    let place = Place::new("wait").await?;
    let mut spec = client_pod(&["serve", "8443", "here"]);
    spec["containers"][0]["readinessProbe"] = json!({"tcpSocket": {"port": 8443}});
    let objects = [
        deployment(&place, spec)?,
        place.object("v1", "PersistentVolumeClaim", "data", &json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}))?,
        place.object("v1", "Service", "web", &json!({"spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 443, "targetPort": 8443, "protocol": "TCP"}]}}))?,
    ];
    place.cluster.apply_all(&objects, &Stop::never(), |_, _| {}).await?;
    let refs: Vec<ObjectRef> = objects.iter().map(|object| object.reference().clone()).collect();
    place.cluster.wait_ready(&refs, &WaitOptions::default(), |_, _| {}).await?;
    Ok(())
}

#[tokio::test]
async fn a_missing_image_ends_the_wait_with_the_registrys_words() -> Outcome {
    let place = Place::new("wait").await?;
    let mut spec = client_pod(&["sleep"]);
    spec["containers"][0]["image"] = "ghcr.io/airlock-platform/bed-client:none".into();
    let object = deployment(&place, spec)?;
    place.cluster.apply(&object).await?;
    let (cause, took) = given_up(&place, &[object.reference().clone()]).await?;
    assert!(cause.contains("image ghcr.io/airlock-platform/bed-client:none of Pod web-") && cause.contains("not found"), "{cause}");
    assert!(took < UNMOVED, "{took:?}");
    Ok(())
}

#[tokio::test]
async fn a_crash_is_told_with_its_exit_code_and_last_lines() -> Outcome {
    let place = Place::new("wait").await?;
    let mut spec = client_pod(&["connect", "127.0.0.1", "1"]);
    // Without a probe it counts as ready for as long as it runs.
    spec["containers"][0]["readinessProbe"] = json!({"tcpSocket": {"port": 8443}});
    let object = deployment(&place, spec)?;
    place.cluster.apply(&object).await?;
    told(&place, object.reference(), "connection refused").await
}

#[tokio::test]
async fn a_pod_that_is_too_large_repeats_the_scheduler() -> Outcome {
    let place = Place::new("wait").await?;
    let mut spec = client_pod(&["sleep"]);
    spec["containers"][0]["resources"] = json!({"requests": {"memory": "900Gi"}});
    let object = deployment(&place, spec)?;
    place.cluster.apply(&object).await?;
    told(&place, object.reference(), "Insufficient memory").await
}

#[tokio::test]
async fn a_storage_class_that_does_not_exist_ends_the_wait() -> Outcome {
    let place = Place::new("wait").await?;
    let claim = place.object("v1", "PersistentVolumeClaim", "data", &json!({"spec": {"storageClassName": "none", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}))?;
    place.cluster.apply(&claim).await?;
    let (cause, _) = given_up(&place, &[claim.reference().clone()]).await?;
    assert_eq!(cause, "the claim data wants the storage class none, which does not exist");
    Ok(())
}

#[tokio::test]
async fn a_quota_that_is_used_up_ends_the_wait() -> Outcome {
    let place = Place::new("wait").await?;
    place.namespace.apply("{apiVersion: v1, kind: ResourceQuota, metadata: {name: none}, spec: {hard: {pods: '0'}}}")?;
    let object = deployment(&place, client_pod(&["sleep"]))?;
    place.cluster.apply(&object).await?;
    let (cause, _) = given_up(&place, &[object.reference().clone()]).await?;
    assert!(cause.starts_with("its pods are refused") && cause.contains("exceeded quota: none"), "{cause}");
    Ok(())
}

#[cfg(feature = "long")]
#[tokio::test]
async fn a_probe_that_fails_for_good_ends_the_wait() -> Outcome {
    let place = Place::new("wait").await?;
    let mut spec = client_pod(&["sleep"]);
    spec["containers"][0]["readinessProbe"] = json!({"tcpSocket": {"port": 1}, "periodSeconds": 1});
    let object = deployment(&place, spec)?;
    place.cluster.apply(&object).await?;
    let (cause, took) = given_up(&place, &[object.reference().clone()]).await?;
    assert!(cause.contains("runs but is not ready: Readiness probe failed"), "{cause}");
    assert!(took < UNMOVED, "{took:?}");
    Ok(())
}

#[tokio::test]
async fn a_program_that_its_startup_probe_ends_again_and_again_ends_the_wait() -> Outcome {
    let place = Place::new("wait").await?;
    let mut spec = client_pod(&["sleep"]);
    spec["containers"][0]["startupProbe"] = json!({"tcpSocket": {"port": 1}, "periodSeconds": 1, "failureThreshold": 2});
    let object = deployment(&place, spec)?;
    place.cluster.apply(&object).await?;
    let (cause, took) = given_up(&place, &[object.reference().clone()]).await?;
    assert!(cause.contains("restarted") && cause.contains("Startup probe failed"), "{cause}");
    assert!(took < UNMOVED, "{took:?}");
    Ok(())
}

#[cfg(feature = "long")]
#[tokio::test]
async fn a_claim_and_a_load_balancer_that_nobody_answers_for_end_the_wait() -> Outcome {
    let place = Place::new("wait").await?;
    let claim =
        place.object("v1", "PersistentVolumeClaim", "data", &json!({"spec": {"storageClassName": "never", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}))?;
    // The bed's provider leaves Services of a class that it does not know alone.
    let service = place.object("v1", "Service", "web", &json!({"spec": {"type": "LoadBalancer", "loadBalancerClass": "airlock.test/nobody", "ports": [{"port": 443, "protocol": "TCP"}]}}))?;
    place.cluster.apply_all(&[claim.clone(), service.clone()], &Stop::never(), |_, _| {}).await?;
    let (claim, service) = ([claim.reference().clone()], [service.reference().clone()]);
    let ((of_claim, claim_took), (of_service, service_took)) = tokio::try_join!(given_up(&place, &claim), given_up(&place, &service))?;
    assert!(of_claim.starts_with("the claim data (storage class never) has no volume yet"), "{of_claim}");
    assert_eq!(of_service, "the load balancer has no address; no provider of load balancers has said anything about it");
    assert!(claim_took < UNMOVED && service_took < UNMOVED, "{claim_took:?}, {service_took:?}");
    Ok(())
}

#[tokio::test]
async fn a_wait_without_movement_ends_after_the_time_given() -> Outcome {
    let place = Place::new("wait").await?;
    let claim =
        place.object("v1", "PersistentVolumeClaim", "data", &json!({"spec": {"storageClassName": "never", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}))?;
    place.cluster.apply(&claim).await?;
    let options = WaitOptions { stalled_after: Duration::from_secs(4), ..WaitOptions::default() };
    let begin = Instant::now();
    let outcome = place.cluster.wait_ready(&[claim.reference().clone()], &options, |_, _| {}).await;
    assert!(matches!(&outcome, Err(ClusterError::NotReady { cause, .. }) if cause.raw().contains("has no volume yet")), "{outcome:?}");
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
    Ok(())
}

#[cfg(feature = "long")]
#[tokio::test]
async fn what_waits_in_a_back_off_tries_again_at_once_when_the_cause_is_gone() -> Outcome {
    let place = Place::new("wait").await?;
    let mut spec = client_pod(&["serve", "8443", "here"]);
    spec["containers"][0]["volumeMounts"] = json!([{"name": "settings", "mountPath": "/settings"}]);
    spec["containers"][0]["args"] = json!(["read", "/settings/key"]);
    // Without a probe it counts as ready for as long as it runs.
    spec["containers"][0]["readinessProbe"] = json!({"tcpSocket": {"port": 8443}});
    spec["volumes"] = json!([{"name": "settings", "configMap": {"name": "settings", "optional": true}}]);
    let object = deployment(&place, spec)?;
    place.cluster.apply(&object).await?;
    let (cause, _) = given_up(&place, &[object.reference().clone()]).await?;
    assert!(cause.contains("no such file"), "{cause}");
    let ended = place.cluster.end_back_off(&[object.reference().clone()]).await?;
    assert!(ended.len() == 1 && ended[0].name.starts_with("web-"), "{ended:?}");
    assert!(!place.cluster.end_back_off(&[object.reference().clone()]).await?.contains(&ended[0]));
    Ok(())
}
