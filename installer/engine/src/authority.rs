//! An authority as its Secret holds it, while another one may be about to take its place.
//!
//! Whoever verifies must believe the new one before anybody shows what it signed, and the old one for as long as somebody shows what
//! that signed. So it goes in three steps, each of which is one write of the Secret: the next one is *announced*, with a key that
//! signs nothing yet, and both are believed; it *takes over* and signs, and both are believed; the former one is *dropped*. Which
//! step comes next follows from the keys of the Secret, so that whoever was killed is run again.

use std::collections::BTreeMap;

use airlock_cluster::{SecretData, SecretObject};
use airlock_model::{CertificateFacts, CertificateSpec, CertificateSubject, Secret, names};
use airlock_tls::{CertificateError, RenewalCause, each_certificate, renewal};
use jiff::Timestamp;
use serde::Serialize;

use crate::certificate::{self, CERTIFICATE, Pair};
use crate::{ApplyError, action};

/// Where the rotation of an authority stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RotationPhase {
    /// There is one authority, and no other is believed.
    Alone,
    /// The next one is believed beside it and signs nothing yet.
    Announced,
    /// The new one signs, and the former one is still believed.
    TakenOver,
}

/// How an authority stands against what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorityStanding {
    /// It stays, or the one that takes its place is announced.
    Good,
    /// It signs as ever, and another one should take its place while both are believed.
    Due,
    /// It cannot sign any more, or not for these names: another one takes its place at once.
    Lost,
}

/// Says how an authority stands. `vouched` is what [`is_vouched_for`] says of it.
pub fn authority_standing(spec: &CertificateSpec, facts: Option<&CertificateFacts>, vouched: bool, announced: bool, now: Timestamp) -> AuthorityStanding {
    let Some(facts) = facts else { return AuthorityStanding::Lost };
    match renewal(facts, spec, None, now) {
        // Afterwards nobody believes it any more: there is nothing left to go on with.
        Some(RenewalCause::Expiring) if now < facts.not_after && announced && vouched => AuthorityStanding::Good,
        Some(RenewalCause::Expiring) if now < facts.not_after => AuthorityStanding::Due,
        Some(_) => AuthorityStanding::Lost,
        None if vouched => AuthorityStanding::Good,
        None => AuthorityStanding::Due,
    }
}

/// Whether who vouches for an authority, or for the one that is announced, is who should: itself, or this very root. A root that
/// cannot be read from here is not another one.
pub fn is_vouched_for(spec: &CertificateSpec, secret: &SecretData) -> bool {
    let CertificateSubject::Authority { root, .. } = &spec.subject else { return true };
    // What cannot be read is lost, and who vouches for it is no matter.
    let Ok(held) = Held::of(secret) else { return true };
    if held.phase() == RotationPhase::TakenOver {
        return true;
    }
    let itself = held.next.as_ref().map_or(&held.certificate, |next| &next.certificate);
    let Some(voucher) = held.believed.last() else { return true };
    match root.as_ref().map(action::root_certificate) {
        None => voucher == itself,
        Some(Ok(root)) => *voucher == root,
        Some(Err(_)) => voucher != itself,
    }
}

/// Where the rotation of an authority stands, as its Secret says; none where what it holds cannot be read.
pub fn rotation_phase(secret: &SecretData) -> Option<RotationPhase> {
    Held::of(secret).ok().map(|held| held.phase())
}

/// A certificate of an authority, and its key.
#[derive(Clone)]
struct Signer {
    certificate: String,
    key: Secret<String>,
}

/// What the Secret of an authority holds.
#[derive(Clone)]
pub(crate) struct Held {
    certificate: String,
    key: Secret<String>,
    /// Who vouches for it first; each PEM.
    believed: Vec<String>,
    next: Option<Signer>,
}

impl Held {
    pub(crate) fn of(secret: &SecretData) -> Result<Self, CertificateError> {
        let certificate = first(&certificate::text(secret, CERTIFICATE))?;
        let believed = match secret.data.get(names::BELIEVED) {
            Some(believed) => each_certificate(believed.expose())?,
            None => vec![certificate.clone()],
        };
        let next = match secret.data.get(names::NEXT_CERTIFICATE) {
            Some(next) => Some(Signer { certificate: first(&String::from_utf8_lossy(next.expose()))?, key: Secret::new(certificate::text(secret, names::NEXT_KEY)) }),
            None => None,
        };
        Ok(Self { certificate, key: Secret::new(certificate::text(secret, certificate::KEY)), believed, next })
    }

    pub(crate) fn phase(&self) -> RotationPhase {
        match (&self.next, self.believed.len()) {
            (Some(_), _) => RotationPhase::Announced,
            (None, 0 | 1) => RotationPhase::Alone,
            (None, _) => RotationPhase::TakenOver,
        }
    }

    /// Whom those believe who verify, PEM.
    pub(crate) fn believed(&self) -> String {
        self.believed.concat()
    }

    /// Whether there is anybody to be told: below the same root there is not.
    pub(crate) fn is_believed_anew(&self) -> bool {
        self.believed.len() > 1
    }

    /// The next one is made known; one that was announced before it and never signed is forgotten.
    pub(crate) fn announced(self, next: &Pair) -> Result<Self, CertificateError> {
        let certificate = first(&next.certificate)?;
        let voucher = next.believed.as_deref().map(first).transpose()?.unwrap_or_else(|| certificate.clone());
        let mut believed = self.believed;
        believed.truncate(1);
        if !believed.contains(&voucher) {
            believed.push(voucher);
        }
        Ok(Self { believed, next: Some(Signer { certificate, key: next.key.clone() }), ..self })
    }

    /// The next one signs.
    pub(crate) fn taken_over(self) -> Self {
        let Some(Signer { certificate, key }) = self.next else { return self };
        let mut believed = self.believed;
        believed.reverse();
        Self { certificate, key, believed, next: None }
    }

    /// Nobody shows any more what the former one signed.
    pub(crate) fn without_former(mut self) -> Self {
        self.believed.truncate(1);
        self
    }

    pub(crate) fn secret(&self, spec: &CertificateSpec, annotations: BTreeMap<String, String>) -> SecretObject {
        let pair = Pair { certificate: self.certificate.clone(), key: self.key.clone(), believed: Some(self.believed()) };
        let mut secret = certificate::secret(spec, pair, annotations);
        if let Some(next) = &self.next {
            secret.data.insert(names::NEXT_CERTIFICATE.to_owned(), Secret::new(next.certificate.clone().into_bytes()));
            secret.data.insert(names::NEXT_KEY.to_owned(), Secret::new(next.key.expose().clone().into_bytes()));
        }
        secret
    }
}

fn first(pem: &str) -> Result<String, CertificateError> {
    each_certificate(pem.as_bytes())?.into_iter().next().ok_or(CertificateError::NoCertificate)
}

impl From<CertificateError> for ApplyError {
    fn from(error: CertificateError) -> Self {
        Self::Tls(error.into())
    }
}

#[cfg(test)]
mod tests;
