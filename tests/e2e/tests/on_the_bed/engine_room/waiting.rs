//! Waits end early, with the cause in one sentence.

use std::time::Duration;

use tokio::time::Instant;

use super::*;

/// The most that a hopeless wait may take here; without a cause it would take five minutes.
const EARLY: Duration = Duration::from_mins(2);

async fn cause(stem: &str, image: &str, requests: Value) -> Result<(String, Duration), Box<dyn Error>> {
    let place = Place::new(stem).await?;
    let plan = place.plan("abc", vec![create("workload", vec![place.deployment("w", image, &requests)?])])?;
    let began = Instant::now();
    let error = place.run(&plan).await.expect_err("it cannot become ready");
    let ApplyError::NotReady { object, cause } = error else { return Err(error.into()) };
    assert_eq!(object.name, "w");
    Ok((cause.to_string(), began.elapsed()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_that_starts_is_waited_for() -> Outcome {
    let place = Place::new("starts").await?;
    let plan = place.plan("abc", vec![create("workload", vec![place.deployment("w", PAUSE, &json!({"cpu": "10m", "memory": "16Mi"}))?])])?;
    assert_eq!(place.run(&plan).await?, RunOutcome::Done);
    let live = place.live(&place.reference("apps/v1", "Deployment", "w")).await?;
    assert_eq!(live["status"]["availableReplicas"], 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_cannot_be_pulled_ends_the_wait() -> Outcome {
    let (cause, took) = Box::pin(cause("image", "registry.k8s.io/no-such-image:1", json!({}))).await?;
    assert!(cause.contains("no-such-image"), "{cause}");
    assert!(took < EARLY, "{took:?}");
    Ok(())
}

#[cfg(feature = "long")]
#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_fits_nowhere_ends_the_wait() -> Outcome {
    let (cause, took) = Box::pin(cause("fits", PAUSE, json!({"cpu": "900"}))).await?;
    assert!(cause.to_lowercase().contains("cpu"), "{cause}");
    assert!(took < EARLY, "{took:?}");
    Ok(())
}
