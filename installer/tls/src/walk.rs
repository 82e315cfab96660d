//! Why there is no path: from the leaf upwards, issuer by issuer, until something does not hold. webpki says what failed but
//! not whose certificate it was, and a person needs both.

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS;

use crate::Authorities;
use crate::finding::{TlsFinding, Way, covered, told};
use crate::rules::dates::Validity;
use crate::rules::leaf::other_usage;

/// What was met on the way up.
pub(crate) struct Walk<'a> {
    /// From the leaf's issuer upwards, as far as it goes; the root is left out.
    pub(crate) passed: Vec<&'a X509Certificate<'a>>,
    /// Where it ended.
    pub(crate) end: End<'a>,
}

/// Where a walk ended.
pub(crate) enum End<'a> {
    /// At an authority that is believed.
    Root(Box<X509Certificate<'a>>),
    /// At something that does not hold.
    Broken(TlsFinding),
}

enum Issuer<'a> {
    Sent(&'a X509Certificate<'a>),
    Believed(Box<X509Certificate<'a>>),
}

impl Issuer<'_> {
    fn certificate(&self) -> &X509Certificate<'_> {
        match self {
            Self::Sent(certificate) => certificate,
            Self::Believed(certificate) => certificate,
        }
    }
}

/// Walks upwards from the leaf through what was sent and what is believed.
pub(crate) fn walk<'a>(leaf: &'a X509Certificate<'a>, sent: &'a [X509Certificate<'a>], authorities: &'a Authorities, at: Timestamp) -> Walk<'a> {
    let mut passed: Vec<&'a X509Certificate<'a>> = Vec::new();
    let mut top = leaf;
    loop {
        let believed = authorities.named(top.issuer().as_raw()).into_iter().map(|root| Issuer::Believed(Box::new(root)));
        let candidates: Vec<Issuer<'a>> = believed.chain(sent.iter().filter(|other| is_issuer_of(other, top)).map(Issuer::Sent)).collect();
        let issuer = match choose(top, candidates, at) {
            Ok(issuer) => issuer,
            Err(None) => return Walk { end: End::Broken(missing(top, passed.is_empty())), passed },
            Err(Some(finding)) => return Walk { end: End::Broken(finding), passed },
        };
        match issuer {
            Issuer::Believed(root) => return Walk { passed, end: End::Root(root) },
            Issuer::Sent(issuer) => {
                // A circle: everything that was sent has been passed.
                if passed.iter().any(|before| before.as_raw() == issuer.as_raw()) {
                    return Walk { end: End::Broken(missing(issuer, false)), passed };
                }
                passed.push(issuer);
                if let Some(finding) = may_not_sign(issuer, passed.len() - 1) {
                    return Walk { end: End::Broken(finding), passed };
                }
                top = issuer;
            }
        }
    }
}

fn is_issuer_of(other: &X509Certificate<'_>, top: &X509Certificate<'_>) -> bool {
    other.subject().as_raw() == top.issuer().as_raw() && other.as_raw() != top.as_raw()
}

/// Of those with the right name the one whose key signed: one that is valid before one that is not. An error without a
/// finding: there is none.
fn choose<'a>(top: &X509Certificate<'_>, candidates: Vec<Issuer<'a>>, at: Timestamp) -> Result<Issuer<'a>, Option<TlsFinding>> {
    let wanted = key_of_issuer(top);
    let is_root = top.subject().as_raw() == top.issuer().as_raw() && signed(top, top);
    let (signers, others): (Vec<Issuer<'a>>, Vec<Issuer<'a>>) = candidates.into_iter().partition(|issuer| signed(top, issuer.certificate()));
    let invalid = |issuer: &Issuer<'a>| !Validity::of(issuer.certificate()).contains(at);
    if let Some(signer) = signers.into_iter().min_by_key(invalid) {
        return match signer {
            // A root that is not valid is not believed, and nothing else says so.
            Issuer::Believed(root) if !Validity::of(&root).contains(at) => Err(crate::rules::dates::outside(&root, at)),
            signer => Ok(signer),
        };
    }
    // Another authority of the same name, or the same one with an older key, is not the one that is meant.
    let meant = others.into_iter().filter(|_| !is_root).find(|issuer| match (&wanted, own_key(issuer.certificate())) {
        (Some(wanted), Some(own)) => *wanted == own,
        _ => true,
    });
    Err(meant.map(|issuer| {
        let why = format!("the signature of {} by {} does not verify", told(top), told(issuer.certificate()));
        TlsFinding::error("tls.signature-invalid", why, Way::ExportAgain, "get both certificates again from the authority; one was changed, or the authority has another key by now").about(top)
    }))
}

/// Algorithms that are not known here are left to webpki, which refuses them.
fn signed(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    matches!(certificate.verify_signature(Some(issuer.public_key())), Ok(()) | Err(X509Error::SignatureUnsupportedAlgorithm))
}

/// Whether it may sign what it signed; `below` counts the authorities between it and the leaf.
fn may_not_sign(issuer: &X509Certificate<'_>, below: usize) -> Option<TlsFinding> {
    let whose = told(issuer);
    let error = |code, why: String| Some(TlsFinding::error(code, why, Way::Reissue, "have the certificate issued by an authority that may do so").about(issuer));
    let may_sign = issuer.key_usage().is_ok_and(|usage| usage.is_none_or(|usage| usage.value.key_cert_sign()));
    if !issuer.is_ca() || !may_sign {
        return error("tls.issuer-not-authority", format!("{whose} signed a certificate and may not: it is not one of an authority"));
    }
    let longest = issuer.basic_constraints().ok().flatten().and_then(|constraints| constraints.value.path_len_constraint);
    if let Some(longest) = longest.filter(|longest| below > usize::try_from(*longest).unwrap_or(usize::MAX)) {
        return error("tls.path-length", format!("below the authority {whose} there may be {longest} others (path length); here there are {below}"));
    }
    if let Some(other) = other_usage(issuer) {
        return error("tls.not-for-servers", format!("the authority {whose} may sign for {other}, not for TLS servers"));
    }
    None
}

/// The certificate of an issuer that is neither believed nor there.
fn missing(top: &X509Certificate<'_>, is_leaf: bool) -> TlsFinding {
    let (whose, issuer) = (told(top), top.issuer().to_string());
    let self_issued = top.subject().as_raw() == top.issuer().as_raw();
    if is_leaf && self_issued {
        let why = format!("the certificate {whose} is signed with its own key; no authority vouches for it");
        return TlsFinding::error("tls.self-signed", why, Way::Reissue, "have it issued by an authority that your clients trust, or let Airlock be one (tls.source: private-ca)").about(top);
    }
    let trust = "if it is the root of your own authority, name it as trusted (--ca FILE, `trust.ca` in the answers)";
    if is_leaf {
        let published = publication(top).map_or_else(String::new, |url| format!(" (published at {url})"));
        let why = format!("the chain stops at {whose}: the certificate of its issuer `{issuer}` is missing{published}");
        return TlsFinding::error("tls.issuer-missing", why, Way::AddIssuer, format!("add that certificate to the file; {trust}")).about(top);
    }
    let published = publication(top).filter(|_| !self_issued).map_or_else(String::new, |url| format!(" (published at {url})"));
    let why = format!("the chain ends at `{issuer}`, which is not among the authorities that are trusted{published}");
    TlsFinding::error("tls.unknown-issuer", why, Way::TrustAuthority, format!("{trust}; if a further intermediate is missing, add its certificate to the file")).about(top)
}

/// What webpki refuses although every step of the walk holds. `authorities` go from the leaf's issuer up to the root.
pub(crate) fn refused(error: &webpki::Error, leaf: &X509Certificate<'_>, authorities: &[&X509Certificate<'_>]) -> TlsFinding {
    if matches!(error, webpki::Error::NameConstraintViolation) {
        let constrained = authorities.iter().find(|authority| authority.name_constraints().is_ok_and(|constraints| constraints.is_some()));
        let (whose, limits) = constrained.map_or_else(|| ("of the chain".to_owned(), String::new()), |authority| (told(authority), limits(authority)));
        let why = format!("the authority {whose} may not sign for the names {}{limits}", covered(leaf));
        return TlsFinding::error("tls.outside-authority", why, Way::Reissue, "have the certificate issued by an authority that may sign for these names").about(leaf);
    }
    let why = format!("the chain of {} breaks a rule of X.509: {error}", told(leaf));
    TlsFinding::error("tls.chain-broken", why, Way::Reissue, "show this sentence to whoever issues your certificates").about(leaf)
}

fn limits(authority: &X509Certificate<'_>) -> String {
    let Ok(Some(constraints)) = authority.name_constraints() else { return String::new() };
    let listed = |subtrees: &Option<Vec<x509_parser::extensions::GeneralSubtree<'_>>>| subtrees.iter().flatten().map(|subtree| told_name(&subtree.base)).collect::<Vec<_>>().join(", ");
    let (permitted, excluded) = (listed(&constraints.value.permitted_subtrees), listed(&constraints.value.excluded_subtrees));
    match (permitted.is_empty(), excluded.is_empty()) {
        (false, _) => format!("; it may sign for {permitted}"),
        (true, false) => format!("; it may not sign for {excluded}"),
        (true, true) => String::new(),
    }
}

fn told_name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => (*name).to_owned(),
        other => other.to_string(),
    }
}

/// Where the issuer's certificate is published.
fn publication(certificate: &X509Certificate<'_>) -> Option<String> {
    certificate.iter_extensions().find_map(|extension| {
        let ParsedExtension::AuthorityInfoAccess(access) = extension.parsed_extension() else { return None };
        access.accessdescs.iter().find_map(|entry| match entry.access_location {
            GeneralName::URI(url) if entry.access_method == OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS => Some(url.to_owned()),
            _ => None,
        })
    })
}

fn key_of_issuer(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(identifier) => identifier.key_identifier.as_ref().map(|key| key.0.to_vec()),
        _ => None,
    })
}

fn own_key(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(key) => Some(key.0.to_vec()),
        _ => None,
    })
}
