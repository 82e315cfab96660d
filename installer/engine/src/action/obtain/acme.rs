//! The certificate that an ACME authority issues. Account, keys, and roots lie in Secrets, so that workstation and renewer do the same.

use std::collections::BTreeMap;
use std::time::Duration;

use airlock_cluster::{Cluster, SecretObject};
use airlock_model::{AcmeSource, CertificateSpec, Challenge, Secret, SecretKeyRef, TsigAlgorithm, Untrusted, names};
use airlock_tls::Host;
use airlock_tls::acme::{
    AcmeAccount, AcmeAuthority, AcmeError, AcmeServer, ChallengeKind, Dns, Doing, ExternalAccount, Hook, Http01, Issuance, Look, OrderRequest, ProofFile, Registration, Responder, Rfc2136, Solver,
    Suggestion, TsigHash, find_program,
};

use crate::secret_text::secret_text;
use crate::{ApplyError, outside};

/// How long all servers of the zone may take to show the records.
const SEEN_WITHIN: Duration = Duration::from_mins(5);

/// Who is asked, as whom, and for what.
pub(super) struct Asking {
    pub(super) account: AcmeAccount,
    pub(super) request: OrderRequest,
    pub(super) dns: Dns,
}

/// A certificate for these names is going to be ordered. `replaces` is the chain that it takes the place of (RFC 9773 §5).
pub(super) async fn asking(cluster: &Cluster, spec: &CertificateSpec, acme: &AcmeSource, hosts: Vec<Host>, replaces: Option<String>) -> Result<Asking, ApplyError> {
    let kind = if acme.challenge == Challenge::Edge { ChallengeKind::Http01 } else { ChallengeKind::Dns01 };
    let mut request = OrderRequest::new(hosts, kind)?;
    request.profile.clone_from(&acme.profile);
    request.preferred_chain.clone_from(&acme.preferred_chain);
    request.replaces = replaces;
    let account = kept(cluster, spec, acme).await?;
    Ok(Asking { account, request, dns: Dns::system()? })
}

async fn server(cluster: &Cluster, acme: &AcmeSource) -> Result<AcmeServer, ApplyError> {
    let directory = acme.directory.parse().map_err(|error| ApplyError::PlanMalformed { reason: format!("the URL of the ACME directory: {error}") })?;
    let pem = async |at: &Option<SecretKeyRef>| match at {
        Some(at) => secret_text(cluster, at).await.map(|pem| Some(pem.expose().clone())),
        None => Ok(None),
    };
    let way_out = match &acme.way_out {
        Some(way) => Some(outside::opened(cluster, way).await?),
        None => None,
    };
    Ok(AcmeServer { roots: pem(&acme.roots).await?, further_roots: pem(&acme.trust).await?, way_out, ..AcmeServer::new(directory) })
}

/// When the authority would like the certificate of this chain to be renewed.
pub(crate) async fn suggestion(cluster: &Cluster, acme: &AcmeSource, chain_pem: &str) -> Result<Suggestion, ApplyError> {
    Ok(AcmeAuthority::connect(&server(cluster, acme).await?).await?.suggestion(chain_pem).await)
}

/// Orders the certificate, where nobody is waited for.
pub(super) async fn issue(cluster: &Cluster, spec: &CertificateSpec, acme: &AcmeSource, hosts: Vec<Host>, replaces: Option<String>, look: Look) -> Result<Issuance, ApplyError> {
    let Asking { account, request, dns } = asking(cluster, spec, acme, hosts, replaces).await?;
    let solver: Box<dyn Solver> = match &acme.challenge {
        Challenge::Update(update) => {
            let secret = secret_text(cluster, &update.secret).await?;
            Box::new(Rfc2136::new(&update.server, &update.key_name, hash(update.algorithm), &secret, dns.clone(), SEEN_WITHIN)?)
        }
        Challenge::Program(program) => Box::new(Hook { program: find_program(&program.program)?, run_limit: program.run_limit, limit: SEEN_WITHIN, withheld: program.withheld.clone() }),
        Challenge::Edge => Box::new(Http01::new(AnyOrder, look)),
        Challenge::ByHand(_) => return Err(ApplyError::PlanMalformed { reason: format!("the records for {} are set by people, whom a gate waits for", spec.name) }),
    };
    Ok(account.issue(&request, solver.as_ref(), Some(&dns)).await?)
}

/// The edge answers for the account, whatever is ordered with it: nothing is brought there, and nothing taken away.
struct AnyOrder;

impl Responder for AnyOrder {
    fn serve<'a>(&'a self, _: &'a [ProofFile]) -> Doing<'a> {
        Box::pin(async { Ok(()) })
    }

    fn withdraw<'a>(&'a self, _: &'a [ProofFile]) -> Doing<'a> {
        Box::pin(async { Ok(()) })
    }
}

/// What is not as it was asked for although the certificate will do: the chain that was preferred is none of those that are offered.
pub(super) fn remark(acme: &AcmeSource, issuance: &Issuance) -> Option<Untrusted<String>> {
    let (preferred, offered) = (acme.preferred_chain.as_ref()?, issuance.preferred_missing.as_ref()?);
    let offered = offered.iter().map(|issuer| format!("`{}`", issuer.raw())).collect::<Vec<_>>().join(", ");
    let taken = issuance.top_issuer.raw();
    Some(format!("the authority does not offer the chain of `{preferred}` (`tls.acme.preferredChain`) but those of {offered}; that of `{taken}` was taken").into())
}

/// The account that was opened here once, or a new one, as it is kept.
pub(crate) async fn account(cluster: &Cluster, acme: &AcmeSource) -> Result<Secret<Vec<u8>>, ApplyError> {
    let (Opened::Before(account) | Opened::Now(account)) = opened(cluster, acme).await?;
    Ok(stored(&account))
}

/// The same, to order with. A new one is kept before anything is ordered with it.
async fn kept(cluster: &Cluster, spec: &CertificateSpec, acme: &AcmeSource) -> Result<AcmeAccount, ApplyError> {
    let account = match opened(cluster, acme).await? {
        Opened::Before(account) => return Ok(account),
        Opened::Now(account) => account,
    };
    let at = &acme.account;
    let secret = SecretObject {
        namespace: at.namespace.clone(),
        name: at.name.clone(),
        secret_type: "Opaque".to_owned(),
        labels: spec.labels.clone(),
        annotations: BTreeMap::from([(names::ANNOTATION_CLASS.to_owned(), "credential".to_owned())]),
        data: BTreeMap::from([(at.key.clone(), stored(&account))]),
    };
    cluster.apply_secret(&secret).await.map_err(ApplyError::of)?;
    Ok(account)
}

/// An account, and when it was opened.
enum Opened {
    Before(AcmeAccount),
    Now(AcmeAccount),
}

fn stored(account: &AcmeAccount) -> Secret<Vec<u8>> {
    Secret::new(account.stored().expose().clone().into_bytes())
}

async fn opened(cluster: &Cluster, acme: &AcmeSource) -> Result<Opened, ApplyError> {
    let (at, server) = (&acme.account, server(cluster, acme).await?);
    let authority = AcmeAuthority::connect(&server).await?;
    let stored = cluster.secret(&at.namespace, &at.name).await.map_err(ApplyError::of)?.and_then(|mut secret| secret.data.remove(&at.key));
    if let Some(stored) = stored {
        let stored = Secret::new(String::from_utf8_lossy(stored.expose()).into_owned());
        match authority.account(&stored).await {
            // Other answers name another authority; an account there is a new one.
            Err(AcmeError::OtherDirectory { .. }) => {}
            known => return Ok(Opened::Before(known?)),
        }
    }
    let external = match &acme.external_account {
        Some((id, key)) => Some(ExternalAccount { id: id.clone(), key: secret_text(cluster, key).await? }),
        None => None,
    };
    let registration = Registration { contact: acme.contact.clone(), terms_agreed: acme.terms_of_service_agreed, external };
    Ok(Opened::Now(AcmeAuthority::connect(&server).await?.register(&registration).await?))
}

const fn hash(algorithm: TsigAlgorithm) -> TsigHash {
    match algorithm {
        TsigAlgorithm::HmacSha256 => TsigHash::Sha256,
        TsigAlgorithm::HmacSha384 => TsigHash::Sha384,
        TsigAlgorithm::HmacSha512 => TsigHash::Sha512,
    }
}

#[cfg(test)]
mod tests {
    use airlock_tls::Issued;

    use super::*;

    #[test]
    fn a_chain_that_was_preferred_and_is_not_offered_is_told() {
        let key = |name: &str| SecretKeyRef { namespace: "airlock".into(), name: name.into(), key: "key".into() };
        let source = |preferred: Option<&str>| AcmeSource {
            directory: "https://acme.test/dir".into(),
            contact: Vec::new(),
            terms_of_service_agreed: true,
            roots: None,
            trust: None,
            way_out: None,
            profile: None,
            preferred_chain: preferred.map(str::to_owned),
            external_account: None,
            account: key("account"),
            challenge: Challenge::ByHand(key("order")),
        };
        let issuance = |missing: Option<&[&str]>| Issuance {
            issued: Issued { chain_pem: String::new(), key_pem: Secret::new(String::new()) },
            top_issuer: "Root A".to_owned().into(),
            preferred_missing: missing.map(|offered| offered.iter().map(|issuer| Untrusted::from(*issuer)).collect()),
            caa: Vec::new(),
            left_behind: None,
        };
        let told = remark(&source(Some("Old Root")), &issuance(Some(&["Root A", "Root B"]))).map(|told| told.raw().to_owned());
        let expected = "the authority does not offer the chain of `Old Root` (`tls.acme.preferredChain`) but those of `Root A`, `Root B`; that of `Root A` was taken";
        assert_eq!(told.as_deref(), Some(expected));
        assert_eq!(remark(&source(Some("Root A")), &issuance(None)), None);
        assert_eq!(remark(&source(None), &issuance(None)), None);
    }
}
