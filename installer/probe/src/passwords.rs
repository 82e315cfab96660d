//! Where passwords come from when an attempt runs; attempts themselves carry references only.

use airlock_model::{Secret, SecretKeyRef};

/// Hands out the password that an attempt refers to.
pub trait Passwords: Send + Sync {
    /// The password, or nothing if it is not at hand; the attempt then is not carried out.
    fn password(&self, reference: &SecretKeyRef) -> Option<Secret<String>>;
}

/// No password is at hand.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPasswords;

impl Passwords for NoPasswords {
    fn password(&self, _: &SecretKeyRef) -> Option<Secret<String>> {
        None
    }
}
