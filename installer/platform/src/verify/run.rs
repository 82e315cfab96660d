//! What a run that judges rests on: program, cluster, caller, and rights.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;

use airlock_cluster::Cluster;
use airlock_model::{Digest, Fact, JudgingRun, Profile, World, with_causes};
use sha2::{Digest as _, Sha256};

use super::permissions;

/// Bytes of the program that are read at once.
const READ_AT_ONCE: usize = 1 << 20;

/// All of it; what could not be known says why.
pub(super) async fn run(cluster: &Cluster, profile: &Profile, world: &World) -> JudgingRun {
    let (program, identity, rights) = futures::join!(program(), cluster.surveyed_identity(), Box::pin(permissions::of_run(cluster, profile, world)));
    let (cluster_uid, caller) = identity.unwrap_or_else(|error| (Fact::Unverified(with_causes(&error)), Fact::Unverified(with_causes(&error))));
    JudgingRun { program, cluster_uid, caller, rights: rights.map_or_else(|error| Fact::Unverified(with_causes(&error)), Fact::Known) }
}

/// The file that was started, whatever has become of its name since.
async fn program() -> Fact<Digest> {
    let reading = tokio::task::spawn_blocking(|| {
        let file = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
        let mut file = File::open::<PathBuf>(file)?;
        let (mut hash, mut buffer) = (Sha256::new(), vec![0; READ_AT_ONCE]);
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok::<_, io::Error>(Digest::from_hash(&hash.finalize())),
                read => hash.update(&buffer[..read]),
            }
        }
    });
    match reading.await {
        Ok(Ok(digest)) => Fact::Known(digest),
        Ok(Err(error)) => Fact::Unverified(format!("the file of the program could not be read: {error}")),
        Err(error) => Fact::Unverified(error.to_string()),
    }
}
