//! Copies images from where they are published into the bundled registry, through the edge. What is there is not sent again.

use std::time::Duration;

use airlock_model::{Event, ObjectRef, PlannedStep, PushSpec, Untrusted, names};
use airlock_registry::{Progress, RegistryClient, RegistryError, RegistryOptions, copy};
use tokio::time::{Instant, sleep};

use crate::ApplyError;
use crate::outside;
use crate::run::Run;
use crate::secret_text::secret_text;

/// For a changed password to reach the registry, and for a load balancer to find a pod that has just become ready: it asks the pod by
/// itself first, and many do so every ten seconds.
const ACCEPTED_WITHIN: Duration = Duration::from_mins(2);
/// Between two logins.
const PAUSE: Duration = Duration::from_secs(2);

pub(super) async fn settle(run: &Run<'_>, step: &PlannedStep, spec: &PushSpec) -> Result<(), ApplyError> {
    let password = secret_text(run.cluster, &spec.password).await?;
    let authorities_pem = match &spec.authority {
        Some(at) => Some(secret_text(run.cluster, at).await?.expose().clone()),
        None => None,
    };
    // A company that names its own authority may have this certificate from a public one; Airlock's own signs alone.
    let and_system = spec.authority.as_ref().is_some_and(|at| at.name == names::BASE_DOMAIN_TRUST);
    let way_out = match &spec.way_out {
        Some(way) => Some(outside::opened(run.cluster, way).await?),
        None => None,
    };
    let further = match &spec.trust {
        Some(at) => Some(secret_text(run.cluster, at).await?.expose().clone()),
        None => None,
    };
    let options = RegistryOptions { authorities_pem, and_system, credentials: Some((spec.username.clone(), password)), plain_http: false, way_out: way_out.clone() };
    let to = RegistryClient::new(spec.registry.as_str(), options)?;
    // A wrong password or an untrusted certificate is heard of before anything moves.
    run.halt.or(accepted(run, step, &to)).await??;
    for image in &spec.images {
        let source = image.pinned();
        let from = RegistryClient::new(&source.host, RegistryOptions { authorities_pem: further.clone(), and_system: true, way_out: way_out.clone(), ..RegistryOptions::default() })?;
        let what = Untrusted::new(image.name.clone());
        let mut progress = |progress: Progress| run.events.send(Event::Progress { step: step.id.clone(), what: what.clone(), done: progress.done, total: progress.total });
        // A copy that was dropped goes on blob by blob in the next run, so a stop need not wait for it.
        run.halt.or(copy(&from, &source, &to, &spec.destination(image), &mut progress)).await??;
    }
    Ok(())
}

/// Waits until the registry is reached and accepts the login: a kubelet takes up to a minute or two to bring a changed Secret into a
/// running pod (Kubernetes: mounted Secrets are updated eventually).
async fn accepted(run: &Run<'_>, step: &PlannedStep, registry: &RegistryClient) -> Result<(), RegistryError> {
    let end = Instant::now() + ACCEPTED_WITHIN;
    let mut told = None;
    loop {
        let error = match registry.check().await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let comes_later = error.is_passing() || matches!(error, RegistryError::Unauthorized { .. });
        if !comes_later || Instant::now() >= end {
            return Err(error);
        }
        let cause = error.to_string();
        if told.as_ref() != Some(&cause) {
            let object = ObjectRef::cluster("", "Registry", registry.host());
            run.events.send(Event::Waiting { step: step.id.clone(), object, cause: Untrusted::new(cause.clone()) });
            told = Some(cause);
        }
        sleep(PAUSE).await;
    }
}
