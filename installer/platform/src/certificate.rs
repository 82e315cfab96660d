//! The certificate of the base domain where somebody else issues it: looked at before a plan is made, imported when it has come, and
//! the authority that it leads to.

use airlock_cluster::{Cluster, SecretData};
use airlock_engine::Imported;
use airlock_model::answers::Answers;
use airlock_model::{Action, CertificateSource, CertificateSpec, CertificateSubject, Gate, Installed, Object, ObjectRef};
use airlock_render::RenderInput;
use airlock_tls::{Authorities, Content, Expected, Form, Judgement, Purpose, certificates_from_pem, validate};
use jiff::Timestamp;

use crate::desired::{self, DesiredStep};
use crate::{PlatformError, verify};

/// What was found where the certificate comes from.
pub(crate) struct Looked {
    object: ObjectRef,
    /// It stands in the cluster as it is there.
    current: bool,
    /// What is to be said about it; none: it has not come yet.
    pub judgement: Option<Judgement>,
}

/// Looks at the source of the certificate. One that would not work ends it before a plan is made; one that answers a request is asked
/// for by a gate, which says what is wrong with it.
pub(crate) async fn look(cluster: &Cluster, steps: &[DesiredStep]) -> Result<Option<Looked>, PlatformError> {
    let supplied = steps.iter().find_map(|step| match &step.action {
        Action::Issue(spec) if matches!(spec.subject, CertificateSubject::Supplied { .. }) => Some((spec, false)),
        Action::Await(Gate::Certificate(spec)) => Some((spec, true)),
        _ => None,
    });
    let Some((spec, is_awaited)) = supplied else { return Ok(None) };
    let found = airlock_engine::find_supplied(cluster, spec).await?;
    if is_to_be_issued(cluster, steps, spec).await? {
        return Ok(Some(Looked { object: spec.object(), current: false, judgement: None }));
    }
    let found = if is_awaited { found } else { found.usable()? };
    Ok(Some(Looked { object: spec.object(), current: found.current, judgement: found.judgement }))
}

/// Whether cert-manager is going to issue another certificate than the one that is there: its `Certificate` is changed, or not ready.
async fn is_to_be_issued(cluster: &Cluster, steps: &[DesiredStep], spec: &CertificateSpec) -> Result<bool, PlatformError> {
    let Some(certificate) = spec.cert_manager() else { return Ok(false) };
    let desired: Option<&Object> = steps.iter().find_map(|step| match &step.action {
        Action::Apply(objects) => objects.iter().find(|object| *object.reference() == certificate),
        _ => None,
    });
    let live = cluster.get(&certificate).await?;
    Ok(desired.zip(live).is_none_or(|(desired, live)| !live.ready || !airlock_engine::difference(desired.manifest(), &live.manifest).is_empty()))
}

/// Notes whether what is stored is of today.
pub(crate) fn mark(installed: &mut Installed, looked: Option<&Looked>) {
    let Some(looked) = looked else { return };
    for live in installed.secrets.iter_mut().filter(|live| live.object == looked.object) {
        live.current = looked.current;
    }
}

/// An import and the installation that it was for.
pub struct Import {
    /// How it ended.
    pub imported: Imported,
    /// Where the certificate stands.
    pub secret: ObjectRef,
    /// Whether the installation was complete, so that its edge serves what was imported by itself.
    pub complete: bool,
}

/// Takes what an authority answered to the request of this installation.
pub async fn import(cluster: &Cluster, namespace: &str, files: &[Content], more: Vec<Content>) -> Result<Import, PlatformError> {
    let (record, answers) = verify::recorded(cluster, namespace).await?;
    let spec = requested(&answers, &record.installation)?.ok_or_else(|| PlatformError::NothingRequested { namespace: namespace.to_owned() })?;
    let imported = airlock_engine::import(cluster, &spec, files, more).await?;
    Ok(Import { imported, secret: spec.object(), complete: record.complete })
}

/// The certificate that these answers ask somebody else for.
fn requested(answers: &Answers, installation: &str) -> Result<Option<CertificateSpec>, PlatformError> {
    let (release, base) = (airlock_render::release()?, answers.base()?);
    let rendered = airlock_render::render(&RenderInput { answers, base: &base, release: &release, lock: None, facts: None, installation, profile: None, tenant: None })?;
    let steps = desired::steps(answers, &base, &rendered, None, None)?;
    let is_request = |spec: &CertificateSpec| matches!(spec.subject, CertificateSubject::Supplied { source: CertificateSource::Request { .. }, .. });
    Ok(steps.into_iter().find_map(|step| if let Action::Await(Gate::Certificate(spec)) = step.action { Some(spec).filter(is_request) } else { None }))
}

/// The authorities in the cluster that the certificate of the base domain may lead to, PEM; none: those that every system knows.
pub(crate) async fn authority(cluster: &Cluster, answers: &Answers) -> Result<Option<String>, PlatformError> {
    let Some(at) = desired::authority(answers) else { return Ok(None) };
    let secret = cluster.secret(&at.namespace, &at.name).await?;
    Ok(secret.and_then(|secret| secret.data.get(&at.key).and_then(|value| String::from_utf8(value.expose().clone()).ok())))
}

/// Whether the certificate leads to these authorities, and not to one that every system knows: a company that names its own may have
/// this one certificate from elsewhere. What cannot be read is for the checks to say.
pub(crate) fn leads_to(served: Option<&SecretData>, authority: &str) -> bool {
    let chain = served.and_then(|served| served.data.get("tls.crt")).and_then(|pem| certificates_from_pem(pem.expose()).ok());
    let (Some(chain), Ok(own), Ok(system)) = (chain, Authorities::from_pem(authority), Authorities::system()) else { return true };
    let judge = |authorities: &Authorities, purpose| {
        validate(&chain, None, &Expected { hosts: &[], authorities, at: Timestamp::now(), purpose, form: Form::AsClients, ending: true, longest: None }).error().is_none()
    };
    judge(&own, Purpose::Private) || !judge(&system, Purpose::Public)
}
