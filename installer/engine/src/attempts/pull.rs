//! A node pulls an image: the kubelet is asked by a pod on it, which goes again.

use std::collections::BTreeMap;
use std::time::Instant;

use airlock_model::{Attempt, AttemptAction, AttemptResult, ImageRef, Outcome, StepId, Untrusted, with_causes};
use jiff::Timestamp;

use super::{Party, not_carried_out};
use crate::Halt;
use crate::action::node_pull::Pull;

impl Party<'_> {
    /// Attempts of one pool, one after the other.
    pub(super) async fn on_node(&self, namespace: &str, labels: &BTreeMap<String, String>, attempts: &[Attempt]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for attempt in attempts {
            outcomes.push(self.pull(namespace, labels, attempt).await);
        }
        outcomes
    }

    async fn pull(&self, namespace: &str, labels: &BTreeMap<String, String>, attempt: &Attempt) -> Outcome {
        let (AttemptAction::Pull { repository, pull_secret }, Some((host, _))) = (&attempt.action, attempt.target.address()) else {
            return not_carried_out(attempt, "a node does nothing but pull images");
        };
        let image = ImageRef { host: host.to_owned(), repository: repository.clone(), tag: None, digest: self.site.image.digest.clone() };
        let (halt, step) = (Halt::new(self.stop, None), StepId::from("attempts"));
        let (started, clock) = (Timestamp::now(), Instant::now());
        let pull = Pull {
            cluster: self.cluster,
            halt: &halt,
            events: self.events,
            step: &step,
            run: &self.run,
            installation: self.installations.get(namespace).map(String::as_str),
            image: &image,
            namespace,
            secret: Some(pull_secret),
        };
        let result = match pull.of_pool(0, labels).await {
            Ok(None) => AttemptResult::Pulled,
            Ok(Some(seen)) => AttemptResult::NotPulled { message: Untrusted::new(seen.message) },
            Err(error) => AttemptResult::NotCarriedOut(with_causes(&error).into()),
        };
        Outcome { attempt: attempt.id.clone(), result, source: None, destination: None, started, took_millis: u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX) }
    }
}
