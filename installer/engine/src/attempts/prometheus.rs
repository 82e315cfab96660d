//! What the platform's Prometheus tells of itself: asked again until it has caught up with what has just come.

mod delivered;
mod judged;
mod measured;

use std::time::Duration;

use airlock_cluster::{Cluster, ClusterError};
use airlock_model::bounds::PROMETHEUS_ROUNDS;
use airlock_model::{AttemptResult, ObjectRef, PrometheusQuestion, with_causes};
use tokio::time::{Instant, sleep};

/// Where it listens inside its pod.
const PORT: u16 = 9090;
/// A target that has just come is found and measured by then, and a rule judged: Prometheus looks every 30 s, and judges every 15 s.
const WITHIN: Duration = Duration::from_secs(75);
const AGAIN: Duration = Duration::from_secs(3);

/// Asks until the answer is as it should be, or the time is over; the last answer counts.
pub(super) async fn ask(cluster: &Cluster, pod: &ObjectRef, question: &PrometheusQuestion) -> AttemptResult {
    let asked = Asked { cluster, pod };
    let answered = match question {
        PrometheusQuestion::Targets { deployments } => asked.until(measured::PATH, measured::read, |targets: &Vec<_>| measured::is_whole(targets, deployments)).await.map(AttemptResult::Measured),
        PrometheusQuestion::Rules => asked.until(judged::PATH, judged::read, |rules: &Vec<_>| judged::is_whole(rules)).await.map(AttemptResult::Rules),
        PrometheusQuestion::Deliveries => asked.until(&delivered::path(), delivered::read, |_| true).await.map(AttemptResult::Deliveries),
    };
    answered.unwrap_or_else(|error| AttemptResult::NotCarriedOut(with_causes(&error).into()))
}

/// Who is asked.
struct Asked<'a> {
    cluster: &'a Cluster,
    pod: &'a ObjectRef,
}

impl Asked<'_> {
    async fn until<T>(&self, path: &str, read: fn(&[u8]) -> Result<T, String>, is_whole: impl Fn(&T) -> bool) -> Result<T, ClusterError> {
        let end = Instant::now() + WITHIN;
        let mut round = 1;
        loop {
            let answer = self.once(path, read).await;
            let is_last = round == PROMETHEUS_ROUNDS || Instant::now() >= end;
            match &answer {
                Ok(found) if is_whole(found) => return answer,
                // What is not allowed now is not allowed later.
                Err(ClusterError::Forbidden { .. }) => return answer,
                _ if is_last => return answer,
                _ => sleep(AGAIN).await,
            }
            round += 1;
        }
    }

    async fn once<T>(&self, path: &str, read: fn(&[u8]) -> Result<T, String>) -> Result<T, ClusterError> {
        let (status, body) = self.cluster.get_from_pod(self.pod, PORT, path).await?;
        let read = if status.is_success() { read(&body) } else { Err(format!("Prometheus answered {status}")) };
        read.map_err(|reason| ClusterError::Unreadable { what: format!("{path} at {}", self.pod), reason })
    }
}
