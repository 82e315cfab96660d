//! An authority of the platform gives its place to another one, by a person's wish: the next one is believed beside it, then signs, and
//! what is served by then is signed by it before the former one is believed no more. It can be killed at any moment and run again.

use std::collections::BTreeSet;

use airlock_cluster::Cluster;
use airlock_engine::{BELIEVED_AFTER, Halt, Rotation, RotationPhase, while_held};
use airlock_model::{CertificateSpec, CertificateSubject, ObjectRef, Renewable};
use jiff::Timestamp;
use serde::Serialize;
use tokio::time::sleep;

use super::{RenewalEnd, RenewalLine, by_hand, renewables};
use crate::PlatformError;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct RotationRequest<'a> {
    /// The authority, by its Secret.
    pub authority: &'a str,
    /// Whoever asks says that nodes and people believe the next one.
    pub trusted: bool,
    /// Who asks, for the lease.
    pub by: &'a str,
}

/// How far a rotation has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rotated {
    /// The authority, by its Secret.
    pub authority: String,
    /// Where it stands.
    pub phase: RotationPhase,
    /// What became of the certificates that it signs, once it signs.
    pub certificates: Vec<RenewalLine>,
    /// What has to happen outside before it goes on.
    pub waits: Option<RotationWait>,
}

/// Whom a rotation waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RotationWait {
    /// Nodes and people have to believe the next one, and somebody has to say that they do.
    Trust,
    /// These pods, which believe the former one alone, have to come to their end.
    Pods(Vec<ObjectRef>),
}

impl Rotated {
    /// Whether a certificate could not be renewed; the former authority is believed still.
    pub fn failed(&self) -> bool {
        self.certificates.iter().any(|line| matches!(line.ended, RenewalEnd::Failed { .. }))
    }
}

/// What happens meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationStep {
    /// Both are believed; it goes on at this time, when every pod has been told.
    Waiting(Timestamp),
    /// The next one signs from now on.
    TakenOver,
    /// The former one is believed no more.
    Dropped,
}

/// Goes on with the rotation of an authority, or begins one, and comes as far as it can.
pub async fn rotate(cluster: &Cluster, namespace: &str, request: RotationRequest<'_>, halt: &Halt, told: impl FnMut(RotationStep)) -> Result<Rotated, PlatformError> {
    let all = renewables(cluster, namespace).await?;
    let spec = authority(&all, request.authority)?;
    let signed = signed_by(&all, request.authority);
    // Those that verify in a deployment's namespace have a copy there.
    let copies: BTreeSet<String> = signed.iter().map(|spec| spec.namespace.clone()).filter(|copy| copy != namespace).collect();
    let copies: Vec<String> = copies.into_iter().collect();
    let names: Vec<String> = all.iter().filter(|renewable| signed.contains(&&renewable.certificate)).map(|renewable| super::called(renewable, namespace)).collect();
    let rotation = Rotation { cluster, spec, copies: &copies, halt };
    let work = Box::pin(Work { rotation, namespace, names: &names, request }.carry_out(told));
    while_held(cluster, namespace, request.by, halt, work).await
}

struct Work<'a> {
    rotation: Rotation<'a>,
    namespace: &'a str,
    /// The certificates that it signs.
    names: &'a [String],
    request: RotationRequest<'a>,
}

impl Work<'_> {
    async fn carry_out(self, mut told: impl FnMut(RotationStep)) -> Result<Rotated, PlatformError> {
        let Self { rotation, namespace, names, request } = self;
        let at = |phase, certificates, waits| Rotated { authority: request.authority.to_owned(), phase, certificates, waits };
        rotation.announce().await?;
        if rotation.phase().await? == RotationPhase::Announced {
            if let Some(since) = rotation.publish().await?
                && let Some(waits) = believed(&rotation, request, since, &mut told).await?
            {
                return Ok(at(RotationPhase::Announced, Vec::new(), Some(waits)));
            }
            rotation.take_over().await?;
            told(RotationStep::TakenOver);
        }
        // What the new one has not signed is due; the renewer sees it served, or puts back what was.
        let done = at(rotation.phase().await?, by_hand::renew_now(rotation.cluster, namespace, names, false, rotation.halt).await?, None);
        if done.failed() {
            return Ok(done);
        }
        rotation.drop_former().await?;
        told(RotationStep::Dropped);
        Ok(Rotated { phase: RotationPhase::Alone, ..done })
    }
}

/// Waits until all that verify in the cluster believe both; says whom it cannot wait for.
async fn believed(rotation: &Rotation<'_>, request: RotationRequest<'_>, since: Timestamp, told: &mut impl FnMut(RotationStep)) -> Result<Option<RotationWait>, PlatformError> {
    let CertificateSubject::Authority { publish: Some(_), .. } = &rotation.spec.subject else {
        // Nobody in the cluster verifies by it: nodes and people do.
        return Ok((!request.trusted).then_some(RotationWait::Trust));
    };
    let from = since.checked_add(BELIEVED_AFTER).unwrap_or(Timestamp::MAX);
    let left = from.duration_since(Timestamp::now());
    if let Ok(left) = std::time::Duration::try_from(left) {
        told(RotationStep::Waiting(from));
        rotation.halt.or(sleep(left)).await?;
    }
    let running = rotation.still_running(since).await?;
    Ok((!running.is_empty()).then_some(RotationWait::Pods(running)))
}

fn authority<'a>(all: &'a [Renewable], name: &str) -> Result<&'a CertificateSpec, PlatformError> {
    let authorities = || all.iter().map(|renewable| &renewable.certificate).filter(|spec| matches!(spec.subject, CertificateSubject::Authority { .. }));
    authorities()
        .find(|spec| spec.name == name)
        .ok_or_else(|| PlatformError::CertificateUnknown { name: name.to_owned(), known: authorities().map(|spec| spec.name.as_str()).collect::<Vec<_>>().join(", ") })
}

fn signed_by<'a>(all: &'a [Renewable], name: &str) -> Vec<&'a CertificateSpec> {
    let is_signed = |spec: &&CertificateSpec| matches!(&spec.subject, CertificateSubject::Server { authority, .. } if authority == name);
    all.iter().map(|renewable| &renewable.certificate).filter(is_signed).collect()
}
