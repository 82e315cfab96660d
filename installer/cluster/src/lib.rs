//! The Kubernetes API as Airlock uses it. This room knows clusters, not what is installed on them.
//!
//! [`Cluster::connect`] turns a kubeconfig into a [`Cluster`]; every request goes through one place (`call`) that bounds,
//! repeats, and words it. Out come [`Facts`](airlock_model::Facts) (`survey`, which writes nothing), live objects
//! (`read`), and rights (`rights`); in go objects by server-side apply (`apply`, in phases), Secrets (`secret`), pods
//! (`pod`), and the Lease that only one run holds (`lease`). `wait` watches until things are ready or the reason is
//! known why they never will be: `readiness` and `cause` are pure and judge objects alone. A [`ClusterError`] names the
//! case; text in it that came from the cluster is [`Untrusted`](airlock_model::Untrusted).

mod account;
mod answered;
mod apply;
mod back_off;
mod call;
mod cause;
mod connect;
mod control_plane;
mod credentials;
mod delete;
mod error;
mod forward;
mod kinds;
mod kubeconfig;
mod lease;
mod log;
mod merge;
mod observe;
mod phase;
mod pod;
mod proxy;
mod read;
mod readiness;
mod rights;
mod secret;
mod stop;
mod survey;
mod wait;

pub use apply::Applied;
pub use connect::Cluster;
pub use error::ClusterError;
pub use kubeconfig::{ClusterOptions, KnownContext, contexts};
pub use lease::HeldLease;
pub use log::LogPart;
pub use phase::Phase;
pub use pod::{PodTimes, StartedPod};
pub use readiness::is_ready;
pub use secret::{SecretData, SecretObject};
pub use stop::{Stop, StopSignal, Urgency};
pub use survey::{SurveyScope, usable_pool};
pub use wait::WaitOptions;

/// How many requests are under way at once. More gains nothing (measured: 16 is as fast as 64).
pub(crate) const PARALLEL: usize = 16;
