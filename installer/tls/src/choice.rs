//! Which of several certificates is the server's own.

use std::cmp::Reverse;

use airlock_model::Digest;
use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;
use x509_parser::certificate::X509Certificate;

use crate::Host;
use crate::finding::{TlsFinding, Way, told};
use crate::key::PrivateKey;
use crate::rules::dates::Validity;

/// The one that belongs to the key; without a key, the one that is no authority's. Others of that kind are named.
pub(crate) fn leaf<'a>(parsed: &'a [X509Certificate<'a>], key: Option<&PrivateKey>, hosts: &[Host], findings: &mut Vec<TlsFinding>) -> Result<&'a X509Certificate<'a>, TlsFinding> {
    let mut candidates: Vec<&X509Certificate<'_>> = match key {
        Some(key) => parsed.iter().filter(|certificate| key.belongs_to(certificate)).collect(),
        None => parsed.iter().filter(|certificate| !certificate.is_ca()).collect(),
    };
    if let (Some(key), []) = (key, candidates.as_slice()) {
        return Err(mismatch(parsed, key));
    }
    // Renewed for the same key, or old and new in one file: the one that covers most, then the one that ends last.
    candidates.sort_by_key(|certificate| Reverse((covered(certificate, hosts), Validity::of(certificate).not_after)));
    let chosen = match candidates.first() {
        Some(chosen) => *chosen,
        // Authorities alone: which one is meant does not matter, none is a server's.
        None => parsed.first().ok_or_else(|| TlsFinding::error("tls.no-certificate", "there is no certificate", Way::GiveFile, "give the file with the certificate"))?,
    };
    let servers = parsed.iter().filter(|certificate| !certificate.is_ca() && certificate.as_raw() != chosen.as_raw());
    findings.extend(servers.map(|other| {
        let reason = if key.is_some_and(|key| !key.belongs_to(other)) { "belongs to another key" } else { "is the older one, or covers less" };
        TlsFinding::fixed("tls.unused-left-out", format!("there are two certificates of servers; {} {reason} and was left out", told(other))).about(other)
    }));
    Ok(chosen)
}

fn covered(certificate: &X509Certificate<'_>, hosts: &[Host]) -> usize {
    let der = CertificateDer::from(certificate.as_raw());
    EndEntityCert::try_from(&der).map_or(0, |entity| hosts.iter().filter(|host| entity.verify_is_valid_for_subject_name(host.asked()).is_ok()).count())
}

fn mismatch(parsed: &[X509Certificate<'_>], key: &PrivateKey) -> TlsFinding {
    let certificates = match parsed {
        [one] => format!("not to the certificate {}", told(one)),
        many => format!("to none of the {} certificates", many.len()),
    };
    let why = format!("the private key belongs {certificates}: its public half has SHA-256 {}", key.fingerprint().hex());
    let fix = "give the key that the request was made with; if the certificate was issued for a new key, give that one";
    let Some(leaf) = parsed.iter().find(|certificate| !certificate.is_ca()).or_else(|| parsed.first()) else { return TlsFinding::error("tls.key-mismatch", why, Way::GiveKey, fix) };
    // Who has made several requests knows by date and key which one this is the answer to.
    let theirs = format!("{why}; the certificate, valid from {}, is for the key with SHA-256 {}", Validity::of(leaf).not_before, Digest::of(leaf.public_key().raw).hex());
    TlsFinding::error("tls.key-mismatch", theirs, Way::GiveKey, fix).about(leaf)
}
