//! The certificates of an installation while it runs: which there are, how they are, and the look of the renewer at each.

mod by_hand;
mod rotation;

pub use airlock_engine::RotationPhase;
pub use by_hand::renew_now;
pub use rotation::{Rotated, RotationRequest, RotationStep, RotationWait, rotate};

use std::time::Duration;

use airlock_cluster::Cluster;
use airlock_engine::{Due, Halt, Renewed, handing, last_result, next_by_cert_manager, rotation_phase, suggested};
use airlock_model::{
    Attempt, AttemptAction, AttemptId, AttemptResult, CertificateFacts, CertificateSource, CertificateSpec, CertificateSubject, Coded as _, Digest, ObjectRef, Renewable, RenewalResult, RenewalWindow,
    Target, TlsVersion, Trust, Vantage, names, with_causes,
};
use airlock_probe::NoPasswords;
use airlock_tls::due_at;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{PlatformError, observe, verify};

/// A look that comes this much later than planned must still be early enough.
const MARGIN: Duration = Duration::from_secs(30);

const HTTPS: u16 = 443;

/// What one look at all certificates is about.
#[derive(Clone, Debug, Default)]
pub struct Look<'a> {
    /// Secrets by name, those of Airflow deployments as `NAMESPACE/NAME`; empty: all.
    pub only: &'a [String],
    /// The next look comes after this time.
    pub every: Duration,
    /// Renew what is not due, too.
    pub force: bool,
}

/// What became of one certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewalLine {
    /// Its Secret.
    pub secret: String,
    /// How it ended.
    #[serde(flatten)]
    pub ended: RenewalEnd,
}

/// How the look at one certificate ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum RenewalEnd {
    /// It is good and served.
    NotDue {
        /// When the next one is due.
        due: Timestamp,
    },
    /// A new one is served.
    Renewed {
        /// Why it was due.
        cause: String,
        /// End of the new one.
        not_after: Timestamp,
        /// From the write of its Secret until it was served.
        served_after_millis: u64,
    },
    /// It could not be renewed; the one before stays.
    Failed {
        /// Error code.
        code: String,
        /// Why.
        why: String,
    },
}

/// Looks at each certificate and renews what is due, one after the other; a failure of one keeps none of the others. Each result
/// is told as it comes.
pub async fn renew(cluster: &Cluster, namespace: &str, look: &Look<'_>, halt: &Halt, mut told: impl FnMut(&RenewalLine)) -> Result<Vec<RenewalLine>, PlatformError> {
    let mut lines = Vec::new();
    for renewable in &chosen(renewables(cluster, namespace).await?, namespace, look.only)? {
        let now = Timestamp::now();
        let next = now.checked_add(look.every + MARGIN).unwrap_or(Timestamp::MAX);
        let ended = match airlock_engine::renew(cluster, renewable, Due { now, next, force: look.force }, halt).await {
            Ok(Renewed::NotDue(due)) => RenewalEnd::NotDue { due },
            Ok(Renewed::Done { cause, not_after, took }) => RenewalEnd::Renewed {
                cause: cause.map_or_else(|| if look.force { "it was asked for".to_owned() } else { "its end comes near".to_owned() }, |cause| cause.to_string()),
                not_after,
                served_after_millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            },
            Err(error) => {
                halt.checkpoint()?;
                RenewalEnd::Failed { code: error.code().to_string(), why: with_causes(&error) }
            }
        };
        let line = RenewalLine { secret: called(renewable, namespace), ended };
        told(&line);
        lines.push(line);
    }
    Ok(lines)
}

/// How one certificate is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateState {
    /// How it is named.
    pub name: String,
    /// Its Secret.
    pub secret: ObjectRef,
    /// What it says; none when there is none, or none that can be read.
    pub facts: Option<CertificateFacts>,
    /// Where it comes from, as `tls.source` of the answers calls it; `internal` for hops inside the cluster.
    pub source: &'static str,
    /// Who issues it: the Secret of an authority of Airlock's own, or who hands it over.
    pub signed_by: String,
    /// When it is renewed at the latest.
    pub due: Option<Timestamp>,
    /// When its authority would like it to be renewed, where that is earlier than its lifetime asks for.
    pub suggested: Option<RenewalWindow>,
    /// What people do for the next one; none: the renewer makes it, or cert-manager does.
    pub by_people: Option<String>,
    /// cert-manager makes the next one, and the renewer takes it over.
    pub by_cert_manager: bool,
    /// Where its rotation stands; none: it is no authority.
    pub rotation: Option<RotationPhase>,
    /// How the last renewal ended; none: it was never renewed.
    pub last: Option<RenewalResult>,
    /// Whether what is presented is what is stored; none: it cannot be seen from this workstation.
    pub served: Option<bool>,
}

/// How the certificates of an installation are. That of the base domain is also looked at as it is served to this workstation.
pub async fn certificates(cluster: &Cluster, namespace: &str) -> Result<Vec<CertificateState>, PlatformError> {
    let (_, answers) = verify::recorded(cluster, namespace).await?;
    let presented = presented(answers.base()?.as_str()).await;
    let mut states = Vec::new();
    for renewable in renewables(cluster, namespace).await? {
        let spec = &renewable.certificate;
        let secret = cluster.secret(&spec.namespace, &spec.name).await?;
        let facts = secret.as_ref().and_then(observe::certificate_facts);
        let fingerprint = facts.as_ref().map(|facts| facts.fingerprint.clone());
        let by_lifetime = facts.as_ref().map(|facts| due_at(facts, spec));
        let window = secret.as_ref().zip(fingerprint.as_ref()).and_then(|(secret, fingerprint)| suggested(secret, fingerprint));
        let by_cert_manager = next_by_cert_manager(cluster, spec).await?;
        let window = window.filter(|window| by_lifetime.is_some_and(|due| window.moment() < due));
        let signed_by = match &spec.subject {
            CertificateSubject::Server { authority, .. } => authority.clone(),
            CertificateSubject::Supplied { source, .. } => supplier(source),
            CertificateSubject::Authority { .. } => spec.name.clone(),
        };
        states.push(CertificateState {
            name: called(&renewable, namespace),
            secret: spec.object(),
            due: window.as_ref().map(RenewalWindow::moment).or(by_cert_manager).or(by_lifetime),
            suggested: window,
            by_people: handing(spec).map(|by| by.to_string()),
            by_cert_manager: spec.cert_manager().is_some(),
            rotation: secret.as_ref().filter(|_| matches!(spec.subject, CertificateSubject::Authority { .. })).and_then(rotation_phase),
            facts,
            source: source(spec),
            signed_by,
            last: secret.as_ref().and_then(last_result),
            served: presented.as_ref().filter(|_| spec.name == names::BASE_DOMAIN_CERTIFICATE).map(|presented| Some(presented) == fingerprint.as_ref()),
        });
    }
    Ok(states)
}

/// Those that are named, or all; a name that none bears is an error.
fn chosen(all: Vec<Renewable>, platform: &str, only: &[String]) -> Result<Vec<Renewable>, PlatformError> {
    let known: Vec<String> = all.iter().map(|renewable| called(renewable, platform)).collect();
    if let Some(unknown) = only.iter().find(|name| !known.contains(name)) {
        return Err(PlatformError::CertificateUnknown { name: unknown.clone(), known: known.join(", ") });
    }
    Ok(all.into_iter().zip(known).filter(|(_, name)| only.is_empty() || only.contains(name)).map(|(renewable, _)| renewable).collect())
}

fn source(spec: &CertificateSpec) -> &'static str {
    match &spec.subject {
        CertificateSubject::Server { authority, .. } if authority != names::BASE_DOMAIN_CA => "internal",
        CertificateSubject::Authority { .. } if spec.name != names::BASE_DOMAIN_CA => "internal",
        CertificateSubject::Server { .. } | CertificateSubject::Authority { .. } => "private-ca",
        CertificateSubject::Supplied { source, .. } => match source {
            CertificateSource::Acme(_) => "acme",
            CertificateSource::Files { .. } => "files",
            CertificateSource::Secret { .. } => "secret",
            CertificateSource::CertManager { .. } => "cert-manager",
            CertificateSource::Request { .. } => "csr",
        },
    }
}

fn supplier(source: &CertificateSource) -> String {
    match source {
        CertificateSource::Acme(acme) => acme.directory.clone(),
        CertificateSource::Files { certificate, .. } => format!("whoever issued {certificate}"),
        CertificateSource::Secret { namespace, name } => format!("whoever keeps the Secret {namespace}/{name}"),
        CertificateSource::CertManager { issuer, .. } => issuer.to_string(),
        CertificateSource::Request { .. } => "the authority that answers requests".to_owned(),
    }
}

/// The certificate that a host presents to this workstation, if it presents any.
async fn presented(host: &str) -> Option<Digest> {
    let attempt = Attempt {
        id: AttemptId::from("tls.status"),
        from: Vantage::Workstation,
        target: Target::Address { host: host.to_owned(), port: HTTPS },
        action: AttemptAction::Handshake { server_name: host.to_owned(), newest: TlsVersion::Tls13, trust: Trust::Unverified },
        control: None,
        purpose: "see whether what is stored is served".to_owned(),
    };
    match airlock_probe::carry_out(&attempt, &NoPasswords).await.result {
        AttemptResult::Handshaken(presented) => Some(presented.fingerprint),
        _ => None,
    }
}

/// The certificates that the renewer looks after: those of the platform, and of its Airflow deployments.
async fn renewables(cluster: &Cluster, namespace: &str) -> Result<Vec<Renewable>, PlatformError> {
    let lists = cluster.list("v1", "ConfigMap", Some(namespace), Some(names::LABEL_RENEWALS)).await?;
    if lists.is_empty() {
        return Err(PlatformError::NotInstalled { namespace: namespace.to_owned() });
    }
    let mut all = Vec::new();
    for list in lists {
        let text = list.manifest["data"][names::RENEWALS_KEY].as_str().unwrap_or_default();
        let of_list: Vec<Renewable> = serde_json::from_str(text).map_err(|error| PlatformError::RenewalsUnreadable { list: list.object.clone(), reason: error.to_string() })?;
        all.extend(of_list);
    }
    Ok(all)
}

/// How a certificate is named: by its Secret, with the namespace where that is not the platform's.
fn called(renewable: &Renewable, platform: &str) -> String {
    let spec = &renewable.certificate;
    if spec.namespace == platform { spec.name.clone() } else { format!("{}/{}", spec.namespace, spec.name) }
}
