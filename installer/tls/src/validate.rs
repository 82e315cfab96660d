//! The one function that says whether certificates will do: for files before they are stored, for what is stored, and for
//! what is served.
//!
//! In this order: what can be read, which of them is the server's, dates, signatures, keys, purpose, names, the path to an
//! authority that is believed, its form. The first cause is told, what follows from it is not.

use airlock_model::Verdict;
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use serde::Serialize;
use webpki::EndEntityCert;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Version;

use crate::described::ChainCertificate;
use crate::finding::{TlsFinding, Way, Weight, serial, told};
use crate::key::PrivateKey;
use crate::rules::form::Place;
use crate::rules::{dates, form, leaf, names, strength};
use crate::walk::{End, refused, walk};
use crate::{Authorities, Host, choice, path};

/// Whose authorities clients believe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Those that browsers ship; the CA/Browser Forum's rules hold.
    Public,
    /// Those of a company.
    Private,
}

/// How heavily a breach of form weighs that clients tolerate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A warning.
    AsClients,
    /// An error.
    ToTheLetter,
}

/// What certificates are held against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Names that must be covered; none: names are not looked at.
    pub hosts: &'a [Host],
    /// Who is believed.
    pub authorities: &'a Authorities,
    /// The time that counts as now.
    pub at: Timestamp,
    /// Whose authorities these are.
    pub purpose: Purpose,
    /// How heavily form weighs.
    pub form: Form,
    /// Whether less than a week of validity may be left.
    pub ending: bool,
    /// How many authorities there may be between the server's certificate and the root (RFC 5280 §6.1 leaves it open).
    pub longest: Option<usize>,
}

/// What is to be said about certificates.
#[derive(Clone, Debug, Serialize)]
pub struct Judgement {
    /// Fail with an error, warn with a warning, else pass.
    pub verdict: Verdict,
    /// In the order of the checks.
    pub findings: Vec<TlsFinding>,
    /// The server's certificate, then each issuer in turn; without the root and without what is not needed. Empty where it is not known.
    pub chain: Vec<ChainCertificate>,
}

impl Judgement {
    /// The verdict follows from the findings.
    pub(crate) fn new(findings: Vec<TlsFinding>, chain: Vec<ChainCertificate>) -> Self {
        let verdict = match findings.iter().map(|finding| finding.severity).max() {
            Some(Weight::Error) => Verdict::Fail,
            Some(Weight::Warn) => Verdict::Warn,
            _ => Verdict::Pass,
        };
        Self { verdict, findings, chain }
    }

    /// Both together: what is said twice is said once, and the first chain that is known is kept.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for finding in other.findings {
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
        Self::new(self.findings, if self.chain.is_empty() { other.chain } else { self.chain })
    }

    /// The first error.
    pub fn error(&self) -> Option<&TlsFinding> {
        self.findings.iter().find(|finding| finding.severity == Weight::Error)
    }
}

impl From<TlsFinding> for Judgement {
    /// What can be said when this is all that there is.
    fn from(finding: TlsFinding) -> Self {
        Self::new(vec![finding], Vec::new())
    }
}

/// Says whether these certificates, in any order, will do for a server.
pub fn validate(certificates: &[CertificateDer<'_>], key: Option<&PrivateKey>, expected: &Expected<'_>) -> Judgement {
    let mut findings = Vec::new();
    let judged = parse_all(certificates).and_then(|parsed| {
        let parsed = distinct(parsed, &mut findings);
        let leaf = choice::leaf(&parsed, key, expected.hosts, &mut findings)?;
        judge(&parsed, leaf, expected, &mut findings)
    });
    concluded(judged, findings)
}

/// Says whether a chain will do as a server sent it: the first certificate is its own (RFC 8446 §4.4.2), and nothing can be mended.
pub fn validate_served(chain: &[CertificateDer<'_>], expected: &Expected<'_>) -> Judgement {
    let mut findings = Vec::new();
    let judged = parse_all(chain).and_then(|parsed| judge(&parsed, &parsed[0], expected, &mut findings));
    findings.retain(|finding| finding.severity != Weight::Fixed);
    concluded(judged, findings)
}

fn concluded(judged: Result<Vec<ChainCertificate>, TlsFinding>, mut findings: Vec<TlsFinding>) -> Judgement {
    let chain = judged.unwrap_or_else(|error| {
        findings.push(error);
        Vec::new()
    });
    Judgement::new(findings, chain)
}

/// Judges what can be read and whose server's certificate is known.
fn judge(parsed: &[X509Certificate<'_>], leaf: &X509Certificate<'_>, expected: &Expected<'_>, findings: &mut Vec<TlsFinding>) -> Result<Vec<ChainCertificate>, TlsFinding> {
    let others: Vec<X509Certificate<'_>> = parsed.iter().filter(|other| other.as_raw() != leaf.as_raw()).cloned().collect();
    let sent: Vec<CertificateDer<'_>> = others.iter().map(|other| CertificateDer::from(other.as_raw())).collect();
    let leaf_der = CertificateDer::from(leaf.as_raw());
    let entity = EndEntityCert::try_from(&leaf_der);

    let (authorities, broken) = match entity.as_ref().map_err(Clone::clone).and_then(|entity| path::find(entity, &sent, expected.authorities, expected.at, expected.longest)) {
        Ok(path) => {
            form_of(leaf, &path, expected, findings)?;
            (pick(&others, &path.intermediates), None)
        }
        Err(error) => {
            let walked = walk(leaf, &others, expected.authorities, expected.at);
            let broken = match walked.end {
                End::Broken(finding) => finding,
                End::Root(root) => refused(&error, leaf, &walked.passed.iter().copied().chain([&*root]).collect::<Vec<_>>()),
            };
            (walked.passed, Some(broken))
        }
    };
    let causes = findings.len();
    for certificate in std::iter::once(leaf).chain(authorities.iter().copied()) {
        findings.extend(dates::outside(certificate, expected.at).or_else(|| dates::ending(certificate, expected.at, expected.ending)));
        findings.extend(strength::signature(certificate));
        findings.extend(strength::key(certificate));
    }
    findings.extend(leaf::purpose(leaf));
    // A path that is broken for a reason that was just told is not told again.
    let is_told = findings[causes..].iter().any(|finding| finding.severity == Weight::Error);
    // What is none of a server's says nothing about how a server's would be.
    if !leaf::signs_others(leaf) {
        findings.extend(dates::long(leaf, expected.purpose));
        findings.extend(strength::unusual(leaf));
        findings.extend(entity.as_ref().ok().and_then(|entity| names::uncovered(leaf, entity, expected.hosts)));
    }
    findings.extend(broken.filter(|_| !is_told));
    arrangement(parsed, leaf, &authorities, findings);
    Ok(std::iter::once(leaf).chain(authorities).map(ChainCertificate::of).collect())
}

fn parse_all<'a>(certificates: &'a [CertificateDer<'_>]) -> Result<Vec<X509Certificate<'a>>, TlsFinding> {
    if certificates.is_empty() {
        return Err(TlsFinding::error("tls.no-certificate", "there is no certificate", Way::GiveFile, "give the file with the certificate; it begins with -----BEGIN CERTIFICATE-----"));
    }
    certificates.iter().enumerate().map(|(index, der)| parse(der, index + 1)).collect()
}

fn parse(der: &[u8], position: usize) -> Result<X509Certificate<'_>, TlsFinding> {
    let unreadable = |what: &str| TlsFinding::error("tls.certificate-unreadable", format!("certificate {position} is damaged: {what}"), Way::ExportAgain, "export or download it again, whole");
    match X509Certificate::from_der(der) {
        Err(_) => Err(unreadable("it is not X.509")),
        Ok((rest, _)) if !rest.is_empty() => Err(unreadable("bytes follow it")),
        Ok((_, certificate)) if certificate.version() != X509Version::V3 => {
            let why = format!("the certificate {} is X.509 version {}; clients take version 3 alone, for only that can name hosts", told(&certificate), certificate.version().0 + 1);
            Err(TlsFinding::error("tls.version-old", why, Way::Reissue, "have it issued anew, as version 3 with subject alternative names").about(&certificate))
        }
        Ok((_, certificate)) => Ok(certificate),
    }
}

fn distinct<'a>(parsed: Vec<X509Certificate<'a>>, findings: &mut Vec<TlsFinding>) -> Vec<X509Certificate<'a>> {
    let mut kept: Vec<X509Certificate<'a>> = Vec::with_capacity(parsed.len());
    for certificate in parsed {
        if kept.iter().any(|before| before.as_raw() == certificate.as_raw()) {
            findings.push(TlsFinding::fixed("tls.duplicate-left-out", format!("the certificate {} stands there twice; one was left out", told(&certificate))).about(&certificate));
        } else {
            kept.push(certificate);
        }
    }
    kept
}

fn pick<'a>(others: &'a [X509Certificate<'a>], path: &[CertificateDer<'_>]) -> Vec<&'a X509Certificate<'a>> {
    path.iter().filter_map(|der| others.iter().find(|other| other.as_raw() == der.as_ref())).collect()
}

/// The form of every certificate of a path; of each the first breach is told.
fn form_of(leaf: &X509Certificate<'_>, path: &path::Path<'_>, expected: &Expected<'_>, findings: &mut Vec<TlsFinding>) -> Result<(), TlsFinding> {
    let root = parse(path.root, 1)?;
    let intermediates = path.intermediates.iter().map(|der| parse(der, 1)).collect::<Result<Vec<_>, _>>()?;
    let mut places = std::iter::once((leaf, Place::Leaf)).chain(intermediates.iter().map(|authority| (authority, Place::Intermediate))).chain([(&root, Place::Root)]);
    let idle = |(certificate, place)| Some((certificate, form::idle_constraints(certificate, place)?));
    if let Some((certificate, rule)) = places.find_map(idle) {
        let why = format!("the certificate {} {rule}, so that they keep nobody from anything", told(certificate));
        findings.push(TlsFinding::error("tls.constraints-idle", why, Way::Reissue, "have it issued anew with name constraints that hold, or without any").about(certificate));
        return Ok(());
    }
    let weight = if expected.form == Form::ToTheLetter { Weight::Error } else { Weight::Warn };
    let mut tell = |certificate: &X509Certificate<'_>, broken: Option<&str>| {
        findings.extend(broken.map(|rule| {
            let why = format!("the certificate {} {rule}", told(certificate));
            TlsFinding::new(weight, "tls.form", why, Way::Reissue, "clients of today accept it; have it mended when the certificate is issued anew").about(certificate)
        }));
    };
    tell(leaf, form::broken(leaf, Place::Leaf, expected.purpose));
    for authority in &intermediates {
        tell(authority, form::broken(authority, Place::Intermediate, expected.purpose));
    }
    // Nobody here can have a root of browsers mended; only what bears on names is worth a word.
    let is_theirs = expected.purpose == Purpose::Public && expected.form == Form::AsClients;
    tell(&root, if is_theirs { form::constraints(&root, Purpose::Public) } else { form::broken(&root, Place::Root, expected.purpose) });
    Ok(())
}

/// What was put in order or left out.
fn arrangement(parsed: &[X509Certificate<'_>], leaf: &X509Certificate<'_>, authorities: &[&X509Certificate<'_>], findings: &mut Vec<TlsFinding>) {
    let wanted: Vec<&[u8]> = std::iter::once(leaf).chain(authorities.iter().copied()).map(X509Certificate::as_raw).collect();
    let place = |certificate: &X509Certificate<'_>| wanted.iter().position(|raw| *raw == certificate.as_raw());
    let order: Vec<usize> = parsed.iter().filter_map(place).collect();
    if !order.is_sorted() {
        findings.push(TlsFinding::fixed("tls.order-mended", "the certificates stood in another order; they were put into that of a chain: the server's, then each issuer in turn"));
    }
    for other in parsed.iter().filter(|certificate| place(certificate).is_none()) {
        let is_root = other.is_ca() && other.subject().as_raw() == other.issuer().as_raw();
        let already = findings.iter().any(|finding| finding.code.0 == "tls.unused-left-out" && finding.certificate.as_ref().is_some_and(|id| id.serial == serial(other)));
        if is_root {
            findings.push(TlsFinding::fixed("tls.root-left-out", format!("the root {} was left out; clients have their own", told(other))).about(other));
        } else if !already {
            findings.push(TlsFinding::fixed("tls.unused-left-out", format!("the certificate {} is not part of the chain; it was left out", told(other))).about(other));
        }
    }
}
