//! Pods that Airlock starts itself.

use airlock_cluster::{ClusterError, PodTimes};
use serde_json::json;

use super::{Outcome, Place, client_pod};

#[tokio::test]
async fn a_pod_runs_to_its_end_gives_its_log_and_is_removed() -> Outcome {
    let place = Place::new("pod").await?;
    let pod = place.object("v1", "Pod", "once", &json!({"spec": client_pod(&["resolve", "kubernetes.default.svc.cluster.local"])}))?;
    for _ in 0..2 {
        let log = place.cluster.run_pod(&pod, &PodTimes::default()).await?;
        assert!(log.trim().parse::<std::net::IpAddr>().is_ok(), "{log}");
    }
    Ok(())
}

#[tokio::test]
async fn a_pod_that_fails_tells_its_exit_code_and_last_lines() -> Outcome {
    let place = Place::new("pod").await?;
    let pod = place.object("v1", "Pod", "once", &json!({"spec": client_pod(&["connect", "127.0.0.1", "1"])}))?;
    let failed = place.cluster.run_pod(&pod, &PodTimes::default()).await;
    let Err(ClusterError::PodFailed { exit_code, log, .. }) = failed else { return Err(format!("{failed:?}").into()) };
    assert_eq!(exit_code, 1);
    assert!(log.raw().contains("connection refused"), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_started_pod_has_an_address_and_replaces_a_leftover_of_its_name() -> Outcome {
    let place = Place::new("pod").await?;
    let pod = place.object("v1", "Pod", "listener", &json!({"spec": client_pod(&["serve", "8443", "here"])}))?;
    let first = place.cluster.start_pod(&pod, &PodTimes::default()).await?;
    assert_eq!(place.cluster.pod_address(place.name(), "listener").await?, Some(first.address));
    let again = place.cluster.start_pod(&pod, &PodTimes::default()).await?;
    assert!(again.node.starts_with("node"), "{again:?}");
    assert!(place.cluster.delete(pod.reference()).await?);
    Ok(())
}

#[tokio::test]
async fn a_pod_whose_image_is_missing_is_not_waited_for_to_the_end() -> Outcome {
    let place = Place::new("pod").await?;
    let mut spec = client_pod(&["sleep"]);
    spec["containers"][0]["image"] = "ghcr.io/airlock-platform/bed-client:none".into();
    let pod = place.object("v1", "Pod", "never", &json!({"spec": spec}))?;
    let begin = std::time::Instant::now();
    let failed = place.cluster.run_pod(&pod, &PodTimes::default()).await;
    let Err(ClusterError::NotReady { cause, .. }) = failed else { return Err(format!("{failed:?}").into()) };
    assert!(cause.raw().contains("bed-client:none") && cause.raw().contains("not found"), "{cause}");
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
    Ok(())
}
