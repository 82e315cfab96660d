//! `airlock tls check`: files as people have them, judged together.

use airlock_model::{AttemptResult, Coded as _, Secret};
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;

use crate::finding::TlsFinding;
use crate::key::PrivateKey;
use crate::reading::{Bundle, Content, key_of};
use crate::validate::{Expected, Form, Judgement, Purpose, validate};
use crate::{Authorities, ChainError, Host, Offered, Seen, judge_served};

/// What is to be checked.
pub struct Request<'a> {
    /// Files with certificates, in any order; together they are one chain.
    pub files: &'a [Content],
    /// File with the private key.
    pub key: Option<&'a Content>,
    /// Password of whatever is encrypted.
    pub password: Option<&'a Secret<String>>,
    /// Names that must be covered.
    pub hosts: &'a [Host],
    /// Files with the authorities that clients believe; none: those of this system.
    pub authorities: &'a [Content],
    /// The time that counts as now.
    pub at: Timestamp,
    /// How heavily form weighs.
    pub form: Form,
    /// Whether less than a week of validity may be left.
    pub ending: bool,
}

/// Reads and judges. Every way in which that can end is a judgement.
pub fn check(request: &Request<'_>) -> Judgement {
    let mut findings = Vec::new();
    match read(request, &mut findings) {
        Ok(judgement) => Judgement::new(findings.into_iter().chain(judgement.findings).collect(), judgement.chain),
        Err(error) => {
            findings.push(error);
            Judgement::new(findings, Vec::new())
        }
    }
}

fn read(request: &Request<'_>, findings: &mut Vec<TlsFinding>) -> Result<Judgement, TlsFinding> {
    let (certificates, key) = gather(request, findings)?;
    let (authorities, purpose) = believed(request.authorities)?;
    let expected = Expected { hosts: request.hosts, authorities: &authorities, at: request.at, purpose, form: request.form, ending: request.ending, longest: None };
    Ok(validate(&certificates, key.as_ref(), &expected))
}

/// The certificates and the key of all files.
pub(crate) fn gather(request: &Request<'_>, findings: &mut Vec<TlsFinding>) -> Result<(Vec<CertificateDer<'static>>, Option<PrivateKey>), TlsFinding> {
    let mut bundle = Bundle::default();
    for file in request.files {
        bundle.add(file, request.password, findings)?;
    }
    match request.key {
        Some(file) => Ok((bundle.certificates, Some(key_of(file, request.password, findings)?))),
        None => bundle.only_key(),
    }
}

/// The authorities of these files, or of this system.
pub(crate) fn believed(files: &[Content]) -> Result<(Authorities, Purpose), TlsFinding> {
    if files.is_empty() {
        return Authorities::system().map(|system| (system, Purpose::Public)).map_err(|error| no_roots(&error));
    }
    let mut bundle = Bundle::default();
    for file in files {
        // What was repaired in a file of authorities changes nothing of what is checked.
        bundle.add(file, None, &mut Vec::new())?;
    }
    Ok((Authorities::of(bundle.certificates), Purpose::Private))
}

pub(crate) fn no_roots(error: &ChainError) -> TlsFinding {
    TlsFinding::error(error.code().0, error.to_string(), crate::Way::TrustAuthority, "install the package ca-certificates, or name the authority that clients believe: --ca FILE")
}

/// What was seen of a server when it was asked for a name.
pub struct ServedRequest<'a> {
    /// The name.
    pub name: &'a str,
    /// The certificates that it sent, its own first; or why there are none.
    pub chain: Result<&'a [CertificateDer<'static>], &'a AttemptResult>,
    /// What it did when something outdated was offered.
    pub offered: &'a [(Offered, Seen)],
}

/// The names by which a server is asked: each host that has to be covered, else the one that is connected to.
pub fn names_to_ask(hosts: &[Host], connected: &str) -> Vec<String> {
    if hosts.is_empty() { vec![connected.to_owned()] } else { hosts.iter().map(|host| host.asked().to_str().into_owned()).collect() }
}

/// The same of files, if there are any, and of what servers presented; both must be the same certificate.
pub fn check_served(request: &Request<'_>, seen: &[ServedRequest<'_>]) -> Judgement {
    let files = if request.files.is_empty() { Judgement::new(Vec::new(), Vec::new()) } else { check(request) };
    let (authorities, purpose) = match believed(request.authorities) {
        Ok(believed) => believed,
        Err(finding) => return files.and(Judgement::new(vec![finding], Vec::new())),
    };
    let stored = files.chain.first().map(|leaf| leaf.fingerprint.clone());
    seen.iter().fold(files, |before, server| {
        let host = match Host::served(server.name) {
            Ok(host) => host,
            Err(finding) => return before.and(Judgement::new(vec![finding], Vec::new())),
        };
        let expected = Expected { hosts: &[host], authorities: &authorities, at: request.at, purpose, form: request.form, ending: request.ending, longest: None };
        before.and(judge_served(server.name, server.chain, server.offered, stored.as_ref(), &expected))
    })
}
