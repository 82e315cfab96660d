//! The certificate that somebody else issues: found where it comes from, judged, and copied into the Secret that is served.
//!
//! What would not work is never written. A source that cannot be read from here leaves what is stored as it is: another person may
//! run the program on another workstation.

mod acme;
mod by_hand;
mod records;
mod request;
mod source;
mod ticket;

use std::collections::BTreeMap;
use std::time::Duration;

use airlock_cluster::{Cluster, SecretData};
use airlock_model::{
    AcmeSource, CertificateSource, CertificateSpec, CertificateSubject, CertificateTrust, Challenge, Event, ObjectRef, Operation, PlannedStep, RenewalOutcome, RenewalResult, Secret, SecretKeyRef,
    Untrusted, names,
};
use airlock_tls::acme::{Look, find_program};
use airlock_tls::{Content, Form, Host, Issued, Judgement, Request, Supplied, TlsFinding, due_at, supplied};
use jiff::Timestamp;

use super::Settled;
use crate::ApplyError;
use crate::certificate::{self, CERTIFICATE, KEY, Pair, bytes};
use crate::error::Handing;
use crate::renew::remember;
use crate::run::Run;
use crate::secret_text::secret_text;
pub(crate) use acme::{account, suggestion};
pub(crate) use request::ask_for_next;
use request::is_for_next;
use source::Material;
pub(crate) use source::{authorities, root, root_certificate};

/// How long port 80 of the hosts may take to answer, seen from the workstation.
const HTTP_WITHIN: Duration = Duration::from_mins(1);

/// What was found where a certificate comes from.
pub struct Found {
    /// Where that is, for sentences.
    pub source: String,
    /// What is to be said about it; none: it has not come yet.
    pub judgement: Option<Judgement>,
    /// The Secret holds it.
    pub current: bool,
    pair: Option<Issued>,
}

/// How an import ended.
pub struct Imported {
    /// What is to be said about what was handed in.
    pub judgement: Judgement,
    /// What happened to the Secret; none: nothing, as it would not work or is there already.
    pub operation: Option<Operation>,
    /// Only the authorities that the import was given lead there, not those of the answers.
    pub needs_trust: bool,
}

impl Found {
    /// Refuses what would not work.
    pub fn usable(self) -> Result<Self, ApplyError> {
        match &self.judgement {
            Some(judgement) if judgement.error().is_some() => Err(ApplyError::CertificateRefused { source_of: self.source, judgement: Box::new(judgement.clone()) }),
            _ => Ok(self),
        }
    }
}

/// Looks at the source of a certificate and at what is stored of it. It writes nothing.
pub async fn find_supplied(cluster: &Cluster, spec: &CertificateSpec) -> Result<Found, ApplyError> {
    let wanted = Wanted::of(cluster, spec).await?;
    let stored = certificate::read(cluster, &spec.namespace, &spec.name).await?;
    let secret = match wanted.source {
        CertificateSource::Request { secret } => secret,
        CertificateSource::Acme(acme) => {
            let found = wanted.issued(spec, acme, stored.as_ref());
            // It is run when the next one is ordered, and missed before anything else is done.
            if let Challenge::Program(program) = &acme.challenge
                && !found.current
            {
                find_program(&program.program)?;
            }
            return Ok(found);
        }
        CertificateSource::Files { .. } | CertificateSource::Secret { .. } => {
            let material = Material::read(cluster, wanted.source).await?;
            return Ok(wanted.hold(&material, stored.as_ref()));
        }
        CertificateSource::CertManager { certificate, .. } => {
            let material = Material::of_secret(cluster, &spec.namespace, certificate).await?;
            // Whoever else issued what is stored, it is no stopgap for what cert-manager is asked for.
            if material.absent.is_some() {
                return Ok(Found { source: material.name, judgement: None, current: false, pair: None });
            }
            return Ok(wanted.hold(&material, stored.as_ref()));
        }
    };
    let source = format!("the certificate in the Secret {}/{}", spec.namespace, spec.name);
    let key = cluster.secret(&spec.namespace, secret).await.map_err(ApplyError::of)?;
    let (Some(stored), Some(key)) = (stored, key) else { return Ok(Found { source, judgement: None, current: false, pair: None }) };
    // A request for the next one leaves the one that is served as it is.
    let is_for_next = certificate::facts(&stored).is_some_and(|facts| is_for_next(&key, &facts.fingerprint));
    let own = if is_for_next { content(spec, &stored, KEY) } else { key_of(spec, secret, &key) };
    let Supplied { judgement, pair } = wanted.judge(&[content(spec, &stored, CERTIFICATE)], Some(&own), None, true);
    Ok(Found { source, judgement: Some(judgement), current: pair.is_some(), pair })
}

/// Brings the Secret to its source; what stands there already is kept.
pub(super) async fn settle(run: &Run<'_>, step: &PlannedStep, spec: &CertificateSpec) -> Result<Option<Operation>, ApplyError> {
    let cluster = run.cluster;
    let found = find_supplied(cluster, spec).await?.usable()?;
    if !found.current && spec.acme().is_some() {
        run.halt.checkpoint()?;
        let (pair, remark) = ordered(cluster, spec, None, Look::AsResolved(HTTP_WITHIN)).await?;
        told(run, step, remark);
        return write(cluster, spec, Issued { chain_pem: pair.certificate, key_pem: pair.key }).await.map(Some);
    }
    match found.pair {
        Some(pair) if !found.current => {
            run.halt.checkpoint()?;
            write(cluster, spec, pair).await.map(Some)
        }
        None if !found.current => Err(ApplyError::SecretMissing { at: issued_at(spec) }),
        _ => Ok(None),
    }
}

/// The pair that cert-manager has issued since the one that is stored, judged; none: it is the same.
pub(crate) async fn reissued(cluster: &Cluster, spec: &CertificateSpec) -> Result<Option<Pair>, ApplyError> {
    let found = find_supplied(cluster, spec).await?.usable()?;
    match found.pair {
        _ if found.current => Ok(None),
        Some(pair) => Ok(Some(Pair { certificate: pair.chain_pem, key: pair.key_pem, believed: None })),
        None => Err(ApplyError::SecretMissing { at: issued_at(spec) }),
    }
}

/// Where what was issued would be, had it come.
fn issued_at(spec: &CertificateSpec) -> SecretKeyRef {
    let name = spec.cert_manager().map_or_else(|| spec.name.clone(), |certificate| certificate.name);
    SecretKeyRef { namespace: spec.namespace.clone(), name, key: CERTIFICATE.to_owned() }
}

/// What people do for the next one; none: it comes without them.
pub fn handing(spec: &CertificateSpec) -> Option<Handing> {
    let source = match &spec.subject {
        CertificateSubject::Supplied { source, .. } => source,
        CertificateSubject::Authority { .. } => return Some(Handing::Rotation { authority: spec.name.clone() }),
        CertificateSubject::Server { .. } => return None,
    };
    match source {
        CertificateSource::Request { secret } => Some(Handing::Import { request: Box::new(ObjectRef::namespaced("v1", "Secret", &spec.namespace, secret)) }),
        CertificateSource::Files { .. } | CertificateSource::Secret { .. } => Some(Handing::Source),
        CertificateSource::CertManager { .. } => None,
        CertificateSource::Acme(acme) => match &acme.challenge {
            Challenge::Update(_) | Challenge::Edge => None,
            Challenge::Program(_) => Some(Handing::Program),
            Challenge::ByHand(_) => Some(Handing::Records),
        },
    }
}

/// The next certificate of an authority that issues for the asking, judged; `before` is the chain that it takes the place of.
pub(crate) async fn renewed(cluster: &Cluster, spec: &CertificateSpec, before: Option<String>) -> Result<Pair, ApplyError> {
    // Port 80 gives the same answer for as long as the account stays, and its own names may lead nowhere inside a cluster.
    let (pair, remark) = ordered(cluster, spec, before, Look::Never).await?;
    if let Some(remark) = remark {
        tracing::warn!(certificate = %spec.name, "{remark}");
    }
    Ok(pair)
}

/// The same, and what is not as it was asked for.
async fn ordered(cluster: &Cluster, spec: &CertificateSpec, before: Option<String>, look: Look) -> Result<(Pair, Option<Untrusted<String>>), ApplyError> {
    let wanted = Wanted::of(cluster, spec).await?;
    let CertificateSource::Acme(acme) = wanted.source else { return Err(no_source(spec)) };
    let issuance = acme::issue(cluster, spec, acme, wanted.hosts.clone(), before, look).await?;
    Ok((wanted.issuance(spec, acme, &issuance.issued)?, acme::remark(acme, &issuance)))
}

fn told(run: &Run<'_>, step: &PlannedStep, remark: Option<Untrusted<String>>) {
    if let Some(what) = remark {
        run.events.send(Event::Remarked { step: step.id.clone(), what });
    }
}

/// The gate `certificate`: is what was asked for there?
pub(super) async fn settle_gate(run: &Run<'_>, step: &PlannedStep, spec: &CertificateSpec) -> Result<Settled, ApplyError> {
    let found = find_supplied(run.cluster, spec).await?;
    if found.current {
        return Ok(Settled::Done);
    }
    let CertificateSubject::Supplied { names, source, .. } = &spec.subject else { return Err(no_source(spec)) };
    match source {
        CertificateSource::Request { secret } => {
            let at = SecretKeyRef { namespace: spec.namespace.clone(), name: secret.clone(), key: names::REQUEST_KEY.to_owned() };
            let request = secret_text(run.cluster, &at).await?;
            Ok(Settled::Waits(Box::new(ticket::write(&spec.namespace, names, request.expose(), &found))))
        }
        CertificateSource::Acme(acme) => by_hand::settle(run, step, spec, acme).await,
        CertificateSource::Files { .. } | CertificateSource::Secret { .. } | CertificateSource::CertManager { .. } => Err(no_source(spec)),
    }
}

/// Judges what an authority answered to our request, and stores it if it will do. `more` are authorities beside those of the answers.
pub async fn import(cluster: &Cluster, spec: &CertificateSpec, files: &[Content], more: Vec<Content>) -> Result<Imported, ApplyError> {
    let mut wanted = Wanted::of(cluster, spec).await?;
    let CertificateSource::Request { secret } = wanted.source else { return Err(no_source(spec)) };
    let missing = || ApplyError::SecretMissing { at: SecretKeyRef { namespace: spec.namespace.clone(), name: secret.clone(), key: KEY.to_owned() } };
    let data = cluster.secret(&spec.namespace, secret).await.map_err(ApplyError::of)?.filter(|data| data.data.contains_key(KEY)).ok_or_else(missing)?;
    let key = key_of(spec, secret, &data);
    let mut found = wanted.judge(files, Some(&key), None, false);
    let needs_trust = found.pair.is_none() && !more.is_empty();
    if needs_trust {
        wanted.authorities.extend(more);
        found = wanted.judge(files, Some(&key), None, false);
    }
    let Supplied { judgement, pair } = found;
    let stored = certificate::read(cluster, &spec.namespace, &spec.name).await?;
    let Some(pair) = pair else {
        let is_former = is_of_other_key(&judgement) && stored.is_some_and(|stored| !is_of_other_key(&wanted.judge(files, Some(&content(spec, &stored, KEY)), None, true).judgement));
        return Ok(Imported { judgement: if is_former { judgement.answering_former() } else { judgement }, operation: None, needs_trust: false });
    };
    let is_stored = stored.is_some_and(|stored| holds(&stored, &pair));
    // One write of one Secret: there is nothing that a lease would keep together.
    let operation = if is_stored { None } else { Some(write(cluster, spec, pair).await?) };
    Ok(Imported { judgement, operation, needs_trust })
}

fn is_of_other_key(judgement: &Judgement) -> bool {
    judgement.error().is_some_and(|finding| finding.code.0 == "tls.key-mismatch")
}

/// What a certificate is held against.
struct Wanted<'a> {
    source: &'a CertificateSource,
    hosts: Vec<Host>,
    authorities: Vec<Content>,
}

impl<'a> Wanted<'a> {
    async fn of(cluster: &Cluster, spec: &'a CertificateSpec) -> Result<Self, ApplyError> {
        let CertificateSubject::Supplied { names, source, trust } = &spec.subject else { return Err(no_source(spec)) };
        let hosts = names.iter().map(|name| name.parse()).collect::<Result<Vec<Host>, TlsFinding>>().map_err(|finding| ApplyError::PlanMalformed { reason: finding.why.to_string() })?;
        let authorities = trusted(cluster, trust.as_ref()).await?;
        // They go into the cluster before anything that leads to them is there.
        source::believed(&authorities)?;
        Ok(Self { source, hosts, authorities })
    }

    fn judge(&self, files: &[Content], key: Option<&Content>, password: Option<&Secret<String>>, ending: bool) -> Supplied {
        supplied(&Request { files, key, password, hosts: &self.hosts, authorities: &self.authorities, at: Timestamp::now(), form: Form::AsClients, ending })
    }

    /// What an ACME authority issued before: good as long as it will do and is not due.
    fn issued(&self, spec: &CertificateSpec, acme: &AcmeSource, stored: Option<&SecretData>) -> Found {
        let source = format!("the certificate of {}", acme.directory);
        let Some(stored) = stored else { return Found { source, judgement: None, current: false, pair: None } };
        let Supplied { judgement, pair } = self.judge(&[content(spec, stored, CERTIFICATE)], Some(&content(spec, stored, KEY)), None, true);
        let is_due = certificate::facts(stored).is_none_or(|facts| due_at(&facts, spec) <= Timestamp::now());
        // One that will not do is replaced, whatever is wrong with it.
        let current = pair.is_some() && !is_due;
        Found { source, judgement: current.then_some(judgement), current, pair: None }
    }

    /// What an ACME authority has just issued, judged.
    fn issuance(&self, spec: &CertificateSpec, acme: &AcmeSource, issued: &Issued) -> Result<Pair, ApplyError> {
        let chain = Content::of_bytes("what the ACME authority issued".to_owned(), issued.chain_pem.as_bytes());
        let key = Content::of_bytes("its key".to_owned(), issued.key_pem.expose().as_bytes());
        let Supplied { judgement, pair } = self.judge(&[chain], Some(&key), None, true);
        let found = Found { source: format!("the certificate of {}", acme.directory), judgement: Some(judgement), current: false, pair }.usable()?;
        found.pair.map(|pair| Pair { certificate: pair.chain_pem, key: pair.key_pem, believed: None }).ok_or_else(|| no_source(spec))
    }

    fn hold(&self, material: &Material, stored: Option<&SecretData>) -> Found {
        let source = material.name.clone();
        let judge = |ending| self.judge(&material.files, material.key.as_ref(), material.password.as_ref(), ending);
        if let (Some(absent), Some(stored)) = (&material.absent, stored) {
            let own = |key: &str| Content::of_bytes(format!("`{key}` of the Secret that is there"), bytes(stored, key));
            let Supplied { judgement, pair } = self.judge(&[own(CERTIFICATE)], Some(&own(KEY)), None, true);
            // What was there before is no stopgap for a source that was never read.
            if pair.is_some() {
                return Found { source, judgement: Some(judgement.unseen(absent)), current: true, pair };
            }
        }
        // What is served already may come to its end; what is new may not.
        let Supplied { judgement, pair } = judge(true);
        if pair.as_ref().zip(stored).is_some_and(|(pair, stored)| holds(stored, pair)) {
            return Found { source, judgement: Some(judgement), current: true, pair };
        }
        let Supplied { judgement, pair } = judge(false);
        Found { source, judgement: Some(judgement), current: false, pair }
    }
}

/// The authorities that the answers name: from their files, or where these are not, from the cluster.
async fn trusted(cluster: &Cluster, trust: Option<&CertificateTrust>) -> Result<Vec<Content>, ApplyError> {
    let Some(trust) = trust else { return Ok(Vec::new()) };
    let files = trust.references.iter().map(|reference| source::file(reference)).collect::<Result<Vec<_>, _>>()?;
    if files.iter().all(|file| file.bytes.is_ok()) {
        return Ok(files);
    }
    let at = &trust.secret;
    let secret = cluster.secret(&at.namespace, &at.name).await.map_err(ApplyError::of)?;
    Ok(match secret.and_then(|mut secret| secret.data.remove(&at.key)) {
        Some(pem) => vec![Content::of_bytes(format!("`{}` of the Secret {}/{}", at.key, at.namespace, at.name), pem.expose())],
        None => files,
    })
}

fn content(spec: &CertificateSpec, secret: &SecretData, key: &str) -> Content {
    Content::of_bytes(format!("`{key}` of the Secret {}/{}", spec.namespace, spec.name), bytes(secret, key))
}

fn key_of(spec: &CertificateSpec, name: &str, secret: &SecretData) -> Content {
    Content::of_bytes(format!("`{KEY}` of the Secret {}/{name}", spec.namespace), bytes(secret, KEY))
}

/// Whether the Secret holds this very pair.
fn holds(secret: &SecretData, pair: &Issued) -> bool {
    bytes(secret, CERTIFICATE) == pair.chain_pem.as_bytes() && bytes(secret, KEY) == pair.key_pem.expose().as_bytes()
}

async fn write(cluster: &Cluster, spec: &CertificateSpec, pair: Issued) -> Result<Operation, ApplyError> {
    let secret = certificate::secret(spec, Pair { certificate: pair.chain_pem, key: pair.key_pem, believed: None }, BTreeMap::new());
    let applied = cluster.apply_secret(&secret).await.map_err(ApplyError::of)?;
    if applied.created {
        return Ok(Operation::Create);
    }
    // What the renewer could not do stands there as failed.
    remember(cluster, spec, &RenewalResult { at: Timestamp::now(), outcome: RenewalOutcome::Renewed, why: None }).await?;
    Ok(Operation::Update)
}

fn no_source(spec: &CertificateSpec) -> ApplyError {
    ApplyError::PlanMalformed { reason: format!("nobody hands over the certificate {}", spec.name) }
}
