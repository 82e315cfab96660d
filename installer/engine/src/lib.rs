//! Executes approved plans and decides nothing: what to do stands in the plan, and only objects that are as the plan saw
//! them are written.
//!
//! [`apply()`] takes an [`ApprovedPlan`](airlock_model::ApprovedPlan): `run` tells the story (namespace, lease, steps,
//! record), `order` says which step is next, `action` has one file for each action (observe, act, verify), `decision`
//! whether an object may be written. `lease` keeps other runs away, `halt` ends a run early, `memory` writes journal,
//! inventory, and [`record`], on which nothing depends: a run that was killed is simply run again.
//! [`renew()`] renews one certificate while its server goes on, and [`Rotation`] lets one authority take the place of another. [`attempts`] carries out attempts on the workstation and in pods, also for compliance checks. [`owned_digest`] is how
//! plan and engine agree on what an object looked like.

pub mod attempts;
pub mod record;

mod action;
mod authority;
mod certificate;
mod decision;
mod difference;
mod error;
mod halt;
mod identity;
mod lease;
mod memory;
mod node_trial;
mod options;
mod order;
mod outside;
mod owned;
mod pod;
mod recipe;
mod renew;
mod rotation;
mod run;
mod secret_text;
mod surplus;

pub use action::{Found, Imported, find_supplied, follows_its_sources, handing, import, is_outdated, makes};
pub use airlock_cluster::{Stop, StopSignal, Urgency};
pub use authority::{AuthorityStanding, RotationPhase, authority_standing, is_vouched_for, rotation_phase};
pub use difference::difference;
pub use error::{ApplyError, Handing};
pub use halt::Halt;
pub use lease::while_held;
pub use node_trial::NodeTrial;
pub use options::{ApplyOptions, RunOutcome};
pub use outside::registries;
pub use owned::{is_as_desired, owned_digest};
pub use recipe::TemplateError;
pub use renew::{Due, Renewed, last_result, next_by_cert_manager, renew, suggested};
pub use rotation::{BELIEVED_AFTER, Rotation};
pub use run::{apply, still_holds};
