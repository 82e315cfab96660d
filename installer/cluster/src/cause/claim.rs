//! Why a claim has no volume.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::{Cause, Patience, event};
use crate::observe::Surroundings;

/// A provisioner that has not said a word about a claim by then is not there.
const SILENCE: Patience = Patience::seconds(90);

/// Why the claim of this name is not bound.
pub(super) fn cause(name: &str, around: &Surroundings) -> Cause {
    match around.claims.iter().find(|claim| claim.metadata.name.as_deref() == Some(name)) {
        Some(claim) => unbound(claim, around),
        None => Cause::new("claim-absent", Patience::AsLongAsItMoves, format!("the claim {name} does not exist yet")),
    }
}

/// The first claim of these names that is not bound, and why.
pub(super) fn first_unbound<'a>(names: impl Iterator<Item = &'a str>, around: &Surroundings) -> Option<Cause> {
    let mut claims = names.filter_map(|name| around.claims.iter().find(|claim| claim.metadata.name.as_deref() == Some(name)));
    claims.find(|claim| phase(claim) != Some("Bound")).map(|claim| unbound(claim, around))
}

fn phase(claim: &PersistentVolumeClaim) -> Option<&str> {
    claim.status.as_ref().and_then(|status| status.phase.as_deref())
}

fn unbound(claim: &PersistentVolumeClaim, around: &Surroundings) -> Cause {
    let name = claim.metadata.name.as_deref().unwrap_or_default();
    let uid = claim.metadata.uid.as_deref().unwrap_or_default();
    let class = claim.spec.as_ref().and_then(|spec| spec.storage_class_name.as_deref()).filter(|class| !class.is_empty());
    if phase(claim) == Some("Lost") {
        return Cause::new("claim-lost", Patience::NONE, format!("the volume of the claim {name} is gone"));
    }
    let Some(class) = class else {
        return Cause::new("claim-class", Patience::seconds(20), format!("the claim {name} names no storage class, and the cluster has no default one"));
    };
    if around.classes.as_ref().is_some_and(|classes| classes.iter().all(|known| known != class)) {
        return Cause::new("claim-class", Patience::seconds(10), format!("the claim {name} wants the storage class {class}, which does not exist"));
    }
    if let Some(words) = event::latest(&around.events, uid, |event| event::has_reason(event, &["ProvisioningFailed", "ProvisioningCleanupFailed"])) {
        return Cause::new("claim-provisioning", Patience::seconds(90), format!("the volume of the claim {name} (storage class {class}) cannot be made: {words}"));
    }
    let words = event::latest(&around.events, uid, |_| true).map(|words| format!(": {words}")).unwrap_or_default();
    // Kubernetes itself repeats that it waits for the provisioner; only the provisioner's own word says that somebody is there.
    let begun = event::about(&around.events, uid).any(|event| event::has_reason(event, &["Provisioning"]));
    let patience = if begun { Patience::AsLongAsItMoves } else { SILENCE };
    Cause::new("claim-pending", patience, format!("the claim {name} (storage class {class}) has no volume yet{words}"))
}
