//! Server-side apply: one strict request an object, never forced, in phases.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use airlock_model::{LiveObject, Object, ObjectRef, names};
use futures::{StreamExt, stream};
use http::Method;
use zeroize::Zeroizing;

use crate::call::{Call, JSON, METADATA, Reply};
use crate::read::live;
use crate::{Cluster, ClusterError, PARALLEL, Phase, Stop};

/// How long something that another controller makes (a default account, a namespace's end) is waited for.
const RACE: [Duration; 6] = [Duration::from_millis(100), Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(3), Duration::from_secs(4)];

/// What an apply did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// It did not exist before.
    pub created: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Write,
    Rehearse,
}

impl Cluster {
    /// Applies one object as field manager `airlock`. Fields that others own are an error, not overwritten.
    pub async fn apply(&self, object: &Object) -> Result<Applied, ClusterError> {
        self.write(object.reference(), wire(object)).await
    }

    /// What [`Cluster::apply`] would make of the object, admission included; nothing is stored. Dry runs consume no quota.
    pub async fn dry_run(&self, object: &Object) -> Result<LiveObject, ClusterError> {
        let reply = self.patch(object.reference(), wire(object), Mode::Rehearse).await?;
        Ok(live(object.reference().clone(), reply.json(&object.reference().to_string())?))
    }

    /// Whether the API server would make the object now; nothing is stored. Its own words are in [`ClusterError::Refused`].
    pub async fn rehearse_creation(&self, object: &Object) -> Result<(), ClusterError> {
        self.call(&self.creation(object.reference(), wire(object), "&dryRun=All").await?).await.map(drop)
    }

    /// Applies many objects in phases, some at a time; stops between writes when asked. Each result is handed on as it comes.
    ///
    /// After a failure, writes under way are waited for and no new one begins.
    pub async fn apply_all(&self, objects: &[Object], stop: &Stop, mut on_applied: impl FnMut(&ObjectRef, Applied)) -> Result<(), ClusterError> {
        for phase in Phase::ALL {
            let failed = AtomicBool::new(false);
            let failed = &failed;
            let mut failure = None;
            let of_phase = objects.iter().filter(|object| Phase::of(&object.reference().kind) == phase);
            let mut writes = stream::iter(of_phase)
                .map(|object| async move {
                    if stop.is_asked() || failed.load(Ordering::Relaxed) {
                        return (object, Err(ClusterError::Stopped));
                    }
                    (object, self.apply(object).await)
                })
                .buffer_unordered(PARALLEL);
            // A write that is under way may land even when nobody waits for its answer: all are heard out.
            while let Some((object, outcome)) = writes.next().await {
                match outcome {
                    Ok(applied) => on_applied(object.reference(), applied),
                    Err(error) => {
                        failed.store(true, Ordering::Relaxed);
                        failure.get_or_insert(error);
                    }
                }
            }
            if let Some(error) = failure {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Makes an object that must not exist yet; `false` when it does, whoever made it.
    pub async fn create(&self, object: &Object) -> Result<bool, ClusterError> {
        self.post(object.reference(), wire(object)).await
    }

    pub(crate) async fn post(&self, object: &ObjectRef, body: Zeroizing<Vec<u8>>) -> Result<bool, ClusterError> {
        match self.patiently(&self.creation(object, body, "").await?).await {
            Ok(_) => Ok(true),
            Err(ClusterError::Changed { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn creation(&self, object: &ObjectRef, body: Zeroizing<Vec<u8>>, rehearse: &str) -> Result<Call, ClusterError> {
        let resource = self.resource_of(object).await?;
        let namespace = object.namespace.as_deref();
        let path = format!("{}?fieldManager={}&fieldValidation=Strict{rehearse}", resource.collection(namespace), names::FIELD_MANAGER);
        Ok(Call { method: Method::POST, body, ..Call::get(path) }.about(object).needs(resource.right("create", namespace)))
    }

    pub(crate) async fn write(&self, object: &ObjectRef, body: Zeroizing<Vec<u8>>) -> Result<Applied, ClusterError> {
        let reply = self.patch(object, body, Mode::Write).await?;
        Ok(Applied { created: reply.status == 201 })
    }

    async fn patch(&self, object: &ObjectRef, body: Zeroizing<Vec<u8>>, mode: Mode) -> Result<Reply, ClusterError> {
        let resource = self.resource_of(object).await?;
        let namespace = object.namespace.as_deref();
        let (rehearse, accept) = if mode == Mode::Rehearse { ("&dryRun=All", JSON) } else { ("", METADATA) };
        let path = format!("{}?fieldManager={}&fieldValidation=Strict{rehearse}", resource.object(namespace, &object.name), names::FIELD_MANAGER);
        // JSON is YAML; the API server wants this type for server-side apply.
        let call = Call { method: Method::PATCH, content_type: "application/apply-patch+yaml", accept, body, ..Call::get(path) }.about(object).needs(resource.right("patch", namespace));
        if mode == Mode::Rehearse { self.call(&call).await } else { self.patiently(&call).await }
    }

    /// Repeats a write that comes before what another controller is about to make.
    async fn patiently(&self, call: &Call) -> Result<Reply, ClusterError> {
        for pause in RACE {
            match self.call(call).await {
                Err(error) if is_race(&error) => tokio::time::sleep(pause).await,
                outcome => return outcome,
            }
        }
        self.call(call).await
    }
}

fn wire(object: &Object) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(object.manifest().to_string().into_bytes())
}

/// A namespace was just made and its default account is not there yet, or a quota's sums are not.
fn is_race(error: &ClusterError) -> bool {
    let words = match error {
        ClusterError::Refused { message, .. } => message.raw(),
        _ => return false,
    };
    (words.contains("serviceaccount") && words.contains("not found")) || words.contains("status unknown for quota")
}
