//! From an order to a certificate (RFC 8555 §7.4): begun in one run, finished in the same or in a later one.

use std::time::{Duration, Instant};

use airlock_model::{Secret, Untrusted};
use instant_acme::{AuthorizationStatus, CertificateIdentifier, ChallengeStatus, Identifier, NewOrder, Order, OrderStatus};
use jiff::Timestamp;
use rcgen::{CertificateParams, CertificateSigningRequest, DistinguishedName, KeyPair, SanType};
use serde::{Deserialize, Serialize};

use super::account::AcmeAccount;
use super::caa::Caa;
use super::chain;
use super::dns::Dns;
use super::error::AcmeError;
use super::problem::{Step, detail_of, kind_of, persist};
use super::solver::{ChallengeKind, Proof, ProofFile, Solver, TxtRecord, records};
use crate::{Host, Issued, certificates_from_pem};

const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What is to be certified.
pub struct OrderRequest {
    names: Vec<Host>,
    kind: ChallengeKind,
    /// One of the authority's profiles; none: its own choice.
    pub profile: Option<String>,
    /// PEM of the certificate that this one takes the place of (RFC 9773 §5); an authority that does not know it is not told.
    pub replaces: Option<String>,
    /// Common name of the issuer at the top of the chain, where the authority offers several.
    pub preferred_chain: Option<String>,
    /// How long the authority may take to verify, and again to issue.
    pub limit: Duration,
}

impl OrderRequest {
    /// A request for these names. What no authority would issue is refused here, before anybody is asked.
    pub fn new(names: Vec<Host>, kind: ChallengeKind) -> Result<Self, AcmeError> {
        if names.is_empty() {
            return Err(AcmeError::NoName);
        }
        match names.iter().find(|name| name.shown().starts_with("*.")) {
            Some(name) if kind == ChallengeKind::Http01 => Err(AcmeError::WildcardOverHttp { name: name.shown().to_owned() }),
            _ => Ok(Self { names, kind, profile: None, replaces: None, preferred_chain: None, limit: Duration::from_mins(5) }),
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(Host::shown)
    }

    pub(super) const fn kind(&self) -> ChallengeKind {
        self.kind
    }
}

/// An order that waits for its proofs. It can be kept and finished by a later run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenOrder {
    directory: String,
    url: String,
    names: Vec<String>,
    kind: ChallengeKind,
    /// What the authority will look for. Empty where it verified all names lately.
    pub proofs: Vec<Proof>,
}

impl OpenOrder {
    /// Whether it was begun for what is asked for now, at this directory.
    pub fn answers(&self, request: &OrderRequest, directory: &str) -> bool {
        self.directory == directory && self.kind == request.kind && self.names.iter().map(String::as_str).eq(request.names())
    }

    /// The TXT records that the authority will look for.
    pub fn records(&self) -> Vec<TxtRecord> {
        records(&self.proofs)
    }
}

/// A certificate, and what should be said about how it came.
pub struct Issuance {
    /// Key and chain.
    pub issued: Issued,
    /// Common name of the issuer at the top of the chain.
    pub top_issuer: Untrusted<String>,
    /// The top issuers that the authority offers, where the preferred one is not among them; or why one could not be looked at.
    pub preferred_missing: Option<Vec<Untrusted<String>>>,
    /// What CAA says, name by name; empty where it was not looked at.
    pub caa: Vec<(String, Caa)>,
    /// Why proofs were left where they are.
    pub left_behind: Option<AcmeError>,
}

impl AcmeAccount {
    /// From the request to the certificate in one go. With `dns`, CAA is looked at before anything is ordered. Proofs are taken away
    /// at the end, whatever the end; only where the future itself is dropped they stay.
    pub async fn issue(&self, request: &OrderRequest, solver: &dyn Solver, dns: Option<&Dns>) -> Result<Issuance, AcmeError> {
        if solver.kind() != request.kind {
            return Err(AcmeError::Settings { what: "the way of proving control", why: format!("the order is to be proved by {}, the provider does {}", request.kind.name(), solver.kind().name()) });
        }
        let caa = match dns {
            Some(dns) => self.caa(request, dns).await?,
            None => Vec::new(),
        };
        let open = self.begin(request).await?;
        let finished = self.proved(&open, request, solver).await;
        let left_behind = if open.proofs.is_empty() { None } else { solver.clean_up(&open.proofs).await.err() };
        Ok(Issuance { caa, left_behind, ..finished? })
    }

    async fn proved(&self, open: &OpenOrder, request: &OrderRequest, solver: &dyn Solver) -> Result<Issuance, AcmeError> {
        if !open.proofs.is_empty() {
            solver.present(&open.proofs).await?;
            solver.seen(&open.proofs).await?;
        }
        self.finish(open, request).await
    }

    /// Orders, and says what the authority will look for.
    pub async fn begin(&self, request: &OrderRequest) -> Result<OpenOrder, AcmeError> {
        let offered = &self.directory.meta.profiles;
        if let Some(asked) = request.profile.as_ref().filter(|asked| !offered.contains_key(&Untrusted::new((*asked).clone()))) {
            return Err(AcmeError::Profile { asked: asked.clone(), offered: offered.keys().cloned().collect() });
        }
        let identifiers: Vec<Identifier> = request.names().map(|name| Identifier::Dns(name.to_owned())).collect();
        let mut order = self.placed(request, &identifiers).await?;
        let proofs = persist!(&self.http, Step::Anything, proofs(&mut order, request.kind))??;
        Ok(OpenOrder { directory: self.directory().to_owned(), url: order.url().to_owned(), names: request.names().map(str::to_owned).collect(), kind: request.kind, proofs })
    }

    async fn placed(&self, request: &OrderRequest, identifiers: &[Identifier]) -> Result<Order, AcmeError> {
        let plain = || {
            let order = NewOrder::new(identifiers);
            if let Some(profile) = &request.profile { order.profile(profile) } else { order }
        };
        let replaced = request.replaces.as_ref().filter(|_| self.directory.renewal_info.is_some()).and_then(|pem| certificates_from_pem(pem.as_bytes()).ok());
        if let Some(id) = replaced.as_ref().and_then(|chain| chain.first()).and_then(|leaf| CertificateIdentifier::try_from(leaf).ok()) {
            let order = plain().replaces(id);
            match persist!(&self.http, Step::Ordering, self.inner.new_order(&order)) {
                // It is a hint. An authority that cannot follow it, or followed it before, issues all the same.
                Err(AcmeError::Refused { .. } | AcmeError::Garbled(_)) => (),
                done => return done,
            }
        }
        let order = plain();
        persist!(&self.http, Step::Ordering, self.inner.new_order(&order))
    }

    /// Whether an order that was begun earlier can still be gone on with: [`AcmeError::OrderGone`] where it cannot.
    pub async fn still_open(&self, open: &OpenOrder) -> Result<(), AcmeError> {
        self.reopened(open).await.map(|_| ())
    }

    /// Finishes an order whose proofs are in place: the authority verifies them, and issues for a key that is made here.
    pub async fn finish(&self, open: &OpenOrder, request: &OrderRequest) -> Result<Issuance, AcmeError> {
        let mut order = self.reopened(open).await?;
        if order.state().status == OrderStatus::Pending {
            self.verified(&mut order, open, request.limit).await?;
        }
        let key = KeyPair::generate()?;
        let chain = self.certified(&mut order, &signing_request(&open.names, &key)?, request.limit).await?;
        let chosen = chain::chosen(self, chain, request.preferred_chain.as_deref()).await?;
        let issued = Issued { chain_pem: chosen.pem, key_pem: Secret::new(key.serialize_pem()) };
        Ok(Issuance { issued, top_issuer: chosen.top_issuer, preferred_missing: chosen.preferred_missing, caa: Vec::new(), left_behind: None })
    }

    /// The order as the authority has it now: pending, or ready to be finished.
    async fn reopened(&self, open: &OpenOrder) -> Result<Order, AcmeError> {
        if open.directory != self.directory() {
            return Err(AcmeError::OtherDirectory { stored: open.directory.clone().into(), asked: self.directory().to_owned() });
        }
        let gone = |why| AcmeError::OrderGone { url: open.url.clone().into(), why };
        let mut order = persist!(&self.http, Step::Anything, self.inner.order(open.url.clone())).map_err(|error| match error {
            AcmeError::Refused { .. } => gone("is not known to the authority any more"),
            AcmeError::Answer { status, .. } if status.starts_with("404") => gone("is not known to the authority any more"),
            other => other,
        })?;
        match order.state().status {
            OrderStatus::Invalid => Err(gone("has failed or run out")),
            OrderStatus::Processing | OrderStatus::Valid => Err(gone("was finished for a key that is not there any more")),
            OrderStatus::Ready | OrderStatus::Pending => Ok(order),
        }
    }

    /// Has the authority verify all names.
    async fn verified(&self, order: &mut Order, open: &OpenOrder, limit: Duration) -> Result<(), AcmeError> {
        let mut is_known = true;
        if let Err(error) = persist!(&self.http, Step::Anything, tell_ready(order, open.kind, &mut is_known)) {
            persist!(&self.http, Step::Anything, refreshed(order))?;
            // Where it has failed already, its authorisations say why better than a refusal to look at the next one.
            if order.state().status == OrderStatus::Pending {
                return Err(error);
            }
        }
        self.moved_on(order, OrderStatus::Pending, limit).await
    }

    /// Hands in the request and fetches what was issued for it.
    async fn certified(&self, order: &mut Order, request: &CertificateSigningRequest, limit: Duration) -> Result<String, AcmeError> {
        if let Err(error) = persist!(&self.http, Step::Anything, order.finalize_csr(request.der())) {
            persist!(&self.http, Step::Anything, refreshed(order))?;
            if !matches!(order.state().status, OrderStatus::Processing | OrderStatus::Valid) {
                return Err(error);
            }
        }
        if order.state().status == OrderStatus::Processing {
            self.moved_on(order, OrderStatus::Processing, limit).await?;
        }
        let chain = persist!(&self.http, Step::Anything, order.certificate())?;
        chain.ok_or_else(|| AcmeError::Slow { url: order.url().to_owned().into(), waited: limit })
    }

    /// Waits until an order is no longer in a state, at the pace that the authority asks for.
    async fn moved_on(&self, order: &mut Order, from: OrderStatus, limit: Duration) -> Result<(), AcmeError> {
        let begun = Instant::now();
        let mut wait = FIRST_WAIT;
        loop {
            if begun.elapsed() + wait > limit {
                return Err(AcmeError::Slow { url: order.url().to_owned().into(), waited: begun.elapsed() });
            }
            tokio::time::sleep(wait).await;
            persist!(&self.http, Step::Anything, refreshed(order))?;
            let status = order.state().status;
            if status == OrderStatus::Invalid {
                return Err(self.reason(order).await);
            }
            if status != from {
                return Ok(());
            }
            let asked = self.http.heard().again_at.and_then(|at| Duration::try_from(at.duration_since(Timestamp::now())).ok());
            wait = asked.unwrap_or((wait * 2).min(LONGEST_WAIT)).max(FIRST_WAIT);
        }
    }

    /// Why an order failed: the order itself often does not say, its authorisations do.
    async fn reason(&self, order: &mut Order) -> AcmeError {
        match persist!(&self.http, Step::Anything, failed(order)) {
            Ok(Some(error)) | Err(error) => return error,
            Ok(None) => (),
        }
        match &order.state().error {
            Some(problem) => AcmeError::Refused { kind: kind_of(problem).to_owned().into(), detail: detail_of(problem) },
            None => AcmeError::OrderGone { url: order.url().to_owned().into(), why: "has failed, and the authority does not say why" },
        }
    }
}

async fn refreshed(order: &mut Order) -> Result<(), instant_acme::Error> {
    order.refresh().await.map(|_| ())
}

/// What the authority will look for. What it has verified lately it does not look at again.
async fn proofs(order: &mut Order, kind: ChallengeKind) -> Result<Result<Vec<Proof>, AcmeError>, instant_acme::Error> {
    let mut proofs = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let name = authorization.identifier().to_string();
        let host = name.trim_start_matches("*.").to_owned();
        let offered: Vec<Untrusted<String>> = authorization.challenges.iter().map(|challenge| told_type(&challenge.r#type).into()).collect();
        let Some(challenge) = authorization.challenge(kind.of_library()) else {
            return Ok(Err(AcmeError::NotOffered { name: name.into(), kind: kind.name(), offered }));
        };
        let content = challenge.key_authorization();
        proofs.push(match kind {
            ChallengeKind::Dns01 => Proof::Record(TxtRecord { name: format!("_acme-challenge.{host}"), value: content.dns_value() }),
            ChallengeKind::Http01 => Proof::File(ProofFile { host, token: challenge.token.clone(), content: content.as_str().to_owned() }),
        });
    }
    Ok(Ok(proofs))
}

/// Tells the authority to look, once a challenge. At a second attempt the answer to the first may have been lost on its way, so
/// it is not `is_known` where the challenges stand.
async fn tell_ready(order: &mut Order, kind: ChallengeKind, is_known: &mut bool) -> Result<(), instant_acme::Error> {
    let is_fresh = std::mem::replace(is_known, false);
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if !is_fresh {
            authorization.refresh().await?;
        }
        if authorization.status != AuthorizationStatus::Pending {
            continue;
        }
        if let Some(mut challenge) = authorization.challenge(kind.of_library())
            && challenge.status == ChallengeStatus::Pending
        {
            challenge.set_ready().await?;
        }
    }
    Ok(())
}

/// The first name that could not be verified.
async fn failed(order: &mut Order) -> Result<Option<AcmeError>, instant_acme::Error> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        authorization.refresh().await?;
        if let Some(problem) = authorization.challenges.iter().find_map(|challenge| challenge.error.as_ref()) {
            return Ok(Some(AcmeError::NotValidated { name: authorization.identifier().to_string().into(), kind: kind_of(problem).to_owned().into(), detail: detail_of(problem) }));
        }
    }
    Ok(None)
}

fn told_type(kind: &instant_acme::ChallengeType) -> String {
    match kind {
        instant_acme::ChallengeType::Http01 => "http-01".to_owned(),
        instant_acme::ChallengeType::Dns01 => "dns-01".to_owned(),
        instant_acme::ChallengeType::TlsAlpn01 => "tls-alpn-01".to_owned(),
        instant_acme::ChallengeType::Unknown(other) => other.clone(),
        other => format!("{other:?}"),
    }
}

/// The subject stays empty: authorities take the names from the alternative names, and a common name has 64 characters only.
fn signing_request(names: &[String], key: &KeyPair) -> Result<CertificateSigningRequest, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.subject_alt_names = names.iter().map(|name| Ok(SanType::DnsName(name.as_str().try_into()?))).collect::<Result<_, rcgen::Error>>()?;
    params.serialize_request(key)
}
