//! Where passwords come from when an attempt runs; attempts themselves carry references only.

use std::path::{Path, PathBuf};

use airlock_model::{Secret, SecretKeyRef, names};

/// Hands out the password that an attempt refers to.
pub trait Passwords: Send + Sync {
    /// The password, or nothing if it is not at hand; the attempt then is not carried out.
    fn password(&self, reference: &SecretKeyRef) -> Option<Secret<String>>;
}

/// Where a Secret of the pod's namespace is mounted for its attempts.
pub(crate) fn mounted_at(reference: &SecretKeyRef) -> PathBuf {
    Path::new(names::PROBE_SECRETS).join(&reference.name).join(&reference.key)
}

/// In a pod: what was mounted for its attempts, a folder for each Secret of the pod's namespace.
#[derive(Clone, Copy, Debug, Default)]
pub struct MountedPasswords;

impl Passwords for MountedPasswords {
    fn password(&self, reference: &SecretKeyRef) -> Option<Secret<String>> {
        std::fs::read_to_string(mounted_at(reference)).ok().map(Secret::new)
    }
}

/// No password is at hand.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPasswords;

impl Passwords for NoPasswords {
    fn password(&self, _: &SecretKeyRef) -> Option<Secret<String>> {
        None
    }
}
