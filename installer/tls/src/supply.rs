//! What somebody hands over to be served: judged by the same rules as everything else, and made into the pair that is stored.

use airlock_model::Secret;
use rustls_pki_types::CertificateDer;

use crate::check::{Request, gather, no_roots};
use crate::finding::{TlsFinding, Way};
use crate::key::PrivateKey;
use crate::pem::{armoured, parse};
use crate::reading::{Bundle, Content};
use crate::validate::{Expected, Judgement, Purpose, validate};
use crate::{Authorities, Issued};

/// What came out of certificates and a key that were handed over.
pub struct Supplied {
    /// What is to be said about them.
    pub judgement: Judgement,
    /// What can be served: the chain in its order without the root, the key without encryption. None with an error.
    pub pair: Option<Issued>,
}

/// Judges what was handed over. The authorities of the request are believed, and those of this system where they do not lead there: a
/// company that names its own may have its certificates from a public one.
pub fn supplied(request: &Request<'_>) -> Supplied {
    let mut findings = Vec::new();
    match taken(request, &mut findings) {
        Ok((judgement, key)) => {
            let pair = judgement.error().is_none().then(|| pair(&judgement, &key)).flatten();
            Supplied { judgement: Judgement::new(findings, Vec::new()).and(judgement), pair }
        }
        Err(error) => {
            findings.push(error);
            Supplied { judgement: Judgement::new(findings, Vec::new()), pair: None }
        }
    }
}

impl Judgement {
    /// What is stored stays, although nobody can see from here whether its source has changed.
    #[must_use]
    pub fn unseen(self, source: &str) -> Self {
        let why = format!("{source}, so that nobody can say from here whether it has changed; what is stored stays");
        let finding = TlsFinding::warn("tls.source-absent", why, Way::GiveFile, "run it where the source of the certificate can be read");
        self.and(finding.into())
    }

    /// It was issued by a request of ours, but not by the present one.
    #[must_use]
    pub fn answering_former(self) -> Self {
        let why = "it answers an earlier request: its key is that of the certificate that is served now";
        let finding = TlsFinding::warn("tls.request-former", why, Way::Reissue, "have it issued by the present request, which `airlock install` shows");
        self.and(finding.into())
    }
}

/// The certificates of several files of authorities as one PEM text.
pub fn authorities_pem(files: &[Content]) -> Result<String, TlsFinding> {
    Ok(bundle(files)?.certificates.iter().map(|der| armoured("CERTIFICATE", der)).collect())
}

fn taken(request: &Request<'_>, findings: &mut Vec<TlsFinding>) -> Result<(Judgement, PrivateKey), TlsFinding> {
    let (certificates, key) = gather(request, findings)?;
    let key = key.ok_or_else(|| {
        TlsFinding::error("tls.key-missing", "there is no private key beside the certificate", Way::GiveKey, "name the file with the key that the certificate was issued for: `tls.key` in the answers")
    })?;
    let judgement = judged(request, certificates, &key)?;
    Ok((judgement, key))
}

fn judged(request: &Request<'_>, mut certificates: Vec<CertificateDer<'static>>, key: &PrivateKey) -> Result<Judgement, TlsFinding> {
    let judge = |certificates: &[CertificateDer<'_>], authorities: &Authorities, purpose| {
        validate(certificates, Some(key), &Expected { hosts: request.hosts, authorities, at: request.at, purpose, form: request.form, ending: request.ending, longest: None })
    };
    let by_system = |certificates: &[CertificateDer<'_>]| Authorities::system().map(|system| judge(certificates, &system, Purpose::Public)).map_err(|error| no_roots(&error));
    if request.authorities.is_empty() {
        return by_system(&certificates);
    }
    let named = Named::of(bundle(request.authorities)?.certificates);
    certificates.extend(named.between.into_iter().filter(|der| !certificates.contains(der)).collect::<Vec<_>>());
    let judgement = judge(&certificates, &named.roots, Purpose::Private);
    if judgement.error().is_none() {
        return Ok(judgement);
    }
    Ok(by_system(&certificates).ok().filter(|public| public.error().is_none()).unwrap_or(judgement))
}

/// Authorities that were named. A chain that ended at one of those between would lack what clients need that believe the root alone.
struct Named {
    roots: Authorities,
    between: Vec<CertificateDer<'static>>,
}

impl Named {
    fn of(certificates: Vec<CertificateDer<'static>>) -> Self {
        let is_root = |der: &CertificateDer<'_>| parse(der, 1).is_ok_and(|certificate| certificate.subject().as_raw() == certificate.issuer().as_raw());
        let (roots, between): (Vec<_>, Vec<_>) = certificates.into_iter().partition(is_root);
        if roots.is_empty() { Self { roots: Authorities::of(between), between: Vec::new() } } else { Self { roots: Authorities::of(roots), between } }
    }
}

fn bundle(files: &[Content]) -> Result<Bundle, TlsFinding> {
    let mut bundle = Bundle::default();
    for file in files {
        // What was repaired in a file of authorities changes nothing of what is judged.
        bundle.add(file, None, &mut Vec::new())?;
    }
    Ok(bundle)
}

fn pair(judgement: &Judgement, key: &PrivateKey) -> Option<Issued> {
    let chain_pem: String = judgement.chain.iter().map(|certificate| certificate.pem.as_str()).collect();
    let key_pem = Secret::new(armoured("PRIVATE KEY", key.pkcs8()?.as_slice()));
    (!chain_pem.is_empty()).then_some(Issued { chain_pem, key_pem })
}
