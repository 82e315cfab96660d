//! RBC-009: the token of an Airflow deployment reads nothing of another one, nor of the platform.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World, WorldDeployment};

use super::deployments;
use crate::attempts::Listing;
use crate::described::Described;
use crate::refusal::{Reading, is_success, refused_beside};

/// What would give another deployment away.
const RESOURCES: [&str; 3] = ["secrets", "configmaps", "pods"];

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "RBC-009",
        title: "the ServiceAccount of an Airflow deployment reads nothing of other namespaces",
        severity: Severity::Critical,
        promises: &["P12"],
        explanation: "In the namespace of each Airflow deployment a pod with Airlock's own image is given the token of the only ServiceAccount there that has rights, the scheduler's, and asks the Kubernetes API for Secrets, ConfigMaps, and pods of each other deployment and of the platform. Each must be answered 403 (or 401) while the pods of its own namespace are shown to it. No answer's content is read.",
        remedy: "A Role or ClusterRole in the other namespace, or in the cluster, is bound to the account or to a group that it is in: `kubectl get rolebindings,clusterrolebindings -A -o wide` shows which; RBC-001 to RBC-008 name the roles that grant too much.",
    },
    expected: "403, while the pods of its own namespace are shown",
    why: "code in a DAG of one deployment acts as this account, and would read what opens another",
};

static READING: Reading = Reading::of_requests("its own pods", is_success);

/// The check.
pub(crate) struct AccountConfined;

impl Check for AccountConfined {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        let of = |deployment| std::iter::once(Listing::own(deployment)).chain(foreign(world, deployment)).map(move |listing| listing.attempt(deployment));
        deployments::needs(world, of)
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        deployments::findings(&TEXTS, given, |deployment| {
            let control = Listing::own(deployment).id(deployment);
            foreign(&given.world, deployment).map(move |listing| {
                let subject = format!("{} at the {} of {}", deployment.name, listing.resource, listing.namespace);
                refused_beside(&TEXTS, given, (&listing.id(deployment), &control), &READING, subject)
            })
        })
    }
}

/// What lies outside of a deployment's namespace.
fn foreign<'a>(world: &'a World, of: &'a WorldDeployment) -> impl Iterator<Item = Listing<'a>> {
    let others = world.deployments.iter().map(|other| other.namespace.as_str()).filter(|namespace| *namespace != of.namespace);
    others.chain(std::iter::once(world.platform.as_str())).flat_map(|namespace| RESOURCES.map(|resource| Listing { namespace, resource }))
}
