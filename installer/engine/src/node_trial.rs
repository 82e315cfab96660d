//! Nodes are tried before anything is installed: one of each pool pulls an image, in a namespace that is made for it and goes after it.

use std::collections::BTreeMap;
use std::time::Duration;

use airlock_cluster::Cluster;
use airlock_model::{Events, ImageRef, Object, ObjectRef, PoolPull, Pulled, StepId, Untrusted, names};
use tokio::time::{Instant, sleep};

use crate::action::node_pull::Pull;
use crate::{ApplyError, Halt, identity, pod};

/// What it is told as.
const STEP: &str = "probes";
/// The controller manager makes the account that pods run as soon after the namespace.
const ACCOUNT_WITHIN: Duration = Duration::from_mins(1);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// A trial of nodes, before it is made.
#[derive(Clone, Debug)]
pub struct NodeTrial {
    namespace: Object,
    run: String,
    /// The image that is pulled.
    pub image: ImageRef,
    /// The labels of the nodes of each pool.
    pub pools: BTreeMap<String, BTreeMap<String, String>>,
}

impl NodeTrial {
    /// In a namespace with these labels and annotations, and a name of its own.
    pub fn new(labels: &BTreeMap<String, String>, annotations: &BTreeMap<String, String>, image: ImageRef, pools: BTreeMap<String, BTreeMap<String, String>>) -> Result<Self, ApplyError> {
        let run = identity::fresh()?;
        let mut labels = labels.clone();
        labels.extend([(names::LABEL_PROBE_RUN, run.as_str()), ("pod-security.kubernetes.io/enforce", "restricted")].map(|(key, value)| (key.to_owned(), value.to_owned())));
        let metadata = serde_json::json!({ "name": format!("{}{run}", names::TRIAL_NAMESPACE), "labels": labels, "annotations": annotations });
        let namespace = Object::new(serde_json::json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata })).map_err(|error| ApplyError::PlanMalformed { reason: error.to_string() })?;
        Ok(Self { namespace, run, image, pools })
    }

    /// The namespace that is made, and goes again.
    pub fn namespace(&self) -> &str {
        &self.namespace.reference().name
    }

    /// Makes it. The namespace goes in any case, and with it those that killed runs left.
    pub async fn carry_out(&self, cluster: &Cluster, halt: &Halt, events: &dyn Events) -> Result<Vec<PoolPull>, ApplyError> {
        halt.checkpoint()?;
        pod::sweep_namespaces(cluster).await;
        cluster.create(&self.namespace).await.map_err(ApplyError::of)?;
        let tried = self.pull(cluster, halt, events).await;
        pod::remove(cluster, self.namespace.reference()).await;
        tried
    }

    async fn pull(&self, cluster: &Cluster, halt: &Halt, events: &dyn Events) -> Result<Vec<PoolPull>, ApplyError> {
        halt.or(self.account(cluster)).await??;
        let step = StepId::from(STEP);
        let pull = Pull { cluster, halt, events, step: &step, run: &self.run, installation: None, image: &self.image, namespace: self.namespace(), secret: None };
        let mut pulls = Vec::new();
        for (pool, outcome) in pull.of_pools(&self.pools).await {
            let ended = match outcome {
                Ok(None) => Pulled::Yes,
                Ok(Some(seen)) => Pulled::No(Untrusted::new(seen.message)),
                Err(ApplyError::NotReady { cause, .. }) => Pulled::NotTried(cause),
                Err(error) => return Err(error),
            };
            pulls.push(PoolPull { pool, image: self.image.clone(), ended });
        }
        pulls.sort_by(|one, other| one.pool.cmp(&other.pool));
        Ok(pulls)
    }

    /// Waits for the account that pods of the namespace run as; without it the API server takes none.
    async fn account(&self, cluster: &Cluster) -> Result<(), ApplyError> {
        let account = ObjectRef::namespaced("v1", "ServiceAccount", self.namespace(), "default");
        let began = Instant::now();
        while cluster.get(&account).await.map_err(ApplyError::of)?.is_none() {
            if began.elapsed() > ACCOUNT_WITHIN {
                return Err(ApplyError::NotReady { object: account, cause: Untrusted::from("the controller manager has not made it") });
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }
}
