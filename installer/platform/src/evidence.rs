//! Evidence folders on a disk: [`EvidenceWriter`] adds a run, [`read()`] takes a folder up for `compliance` to judge.
//!
//! A [`Sink`] elsewhere is told a line of each run, behind all of it (`telling`).
//!
//! A folder belongs to one writer at a time, who holds `.lock`. A run is written under a hidden name, told to the head, and then
//! gets its own name, so that one that was killed is taken up or removed by the next. Signatures are Ed25519 over the bytes of
//! `SHA256SUMS`; verification of what was read is pure and stands in `airlock_compliance::evidence`.

mod disk;
mod error;
mod key;
pub(crate) mod plan_runs;
mod reading;
mod signer;
mod sink;
mod telling;
mod writer;

use airlock_cluster::{Cluster, ClusterError};
use airlock_compliance::PublicKey;
use airlock_compliance::evidence::{Asked, verify};
use airlock_model::{EvidenceSubject, Record};

use crate::signature::is_signed_by;

pub use airlock_compliance::ExceptionInForce;
pub use airlock_compliance::evidence::{Borne, CarriedOut, EvidenceFinding, Gap, Head, KeptException, Period, SeenFolder, SignatureState, Span, Unaccounted, VerdictChange, Verification, VerifiedRun};
pub use error::EvidenceError;
pub use key::trusted;
pub use reading::{read, told};
pub use sink::{Sink, SinkFault, SinkSettings};
pub use telling::Told;
pub use writer::{EvidenceWriter, Judged, Written};

/// Holds a folder against keys and, where there is one, its head.
pub fn verified(seen: &SeenFolder, trusted: &[PublicKey], head: Option<&Head>) -> Verification {
    verify(seen, &Asked { trusted, head, verifies: &|key, bytes, signature| is_signed_by(*key, bytes, signature) })
}

/// What is judged, where it is an installation: which one, on which cluster, as whom, and which plans made it what it is.
pub async fn installation(cluster: &Cluster, namespace: &str, record: &Record) -> Result<EvidenceSubject, ClusterError> {
    let (cluster_uid, caller) = cluster.surveyed_identity().await?;
    Ok(EvidenceSubject::Installation {
        namespace: namespace.to_owned(),
        id: record.installation.clone(),
        release: record.release.clone(),
        server: cluster.server().to_owned(),
        cluster_uid,
        caller,
        plan_runs: Box::pin(plan_runs::of_installation(cluster, namespace, record)).await,
    })
}
