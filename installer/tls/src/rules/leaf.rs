//! Whether a certificate was issued for a TLS server (RFC 5280 §4.2.1.3, §4.2.1.12; RFC 7633).

use x509_parser::asn1_rs::{Oid, oid};
use x509_parser::certificate::X509Certificate;

use crate::finding::{TlsFinding, Way, told};

/// `id-pe-tlsfeature`, and in it `status_request` alone (RFC 7633 §4).
const TLS_FEATURE: Oid<'static> = oid!(1.3.6.1.5.5.7.1.24);
const STATUS_REQUEST: &[u8] = &[0x02, 0x01, 5];

/// Why a certificate is not one of a server that Airlock can be.
pub(crate) fn purpose(leaf: &X509Certificate<'_>) -> Option<TlsFinding> {
    let not_for_servers = |why: String| {
        Some(TlsFinding::error("tls.not-for-servers", why, Way::Reissue, "have it issued for a TLS server: extended key usage serverAuth, key usage digitalSignature, no authority").about(leaf))
    };
    let whose = told(leaf);
    if signs_others(leaf) {
        let own = if leaf.subject().as_raw() == leaf.issuer().as_raw() { ", signed with its own key" } else { "" };
        return not_for_servers(format!("the certificate {whose} is one of an authority, not of a server{own}"));
    }
    if let Some(other) = other_usage(leaf) {
        return not_for_servers(format!("the certificate {whose} is for {other}, not for TLS servers (extended key usage serverAuth)"));
    }
    if leaf.key_usage().is_ok_and(|usage| usage.is_some_and(|usage| !usage.value.digital_signature())) {
        return not_for_servers(format!("the key of the certificate {whose} may not sign (key usage digitalSignature), and TLS 1.3 has servers sign"));
    }
    let staple = leaf.iter_extensions().find(|extension| extension.oid == TLS_FEATURE)?;
    staple.value.windows(STATUS_REQUEST.len()).any(|window| window == STATUS_REQUEST).then(|| {
        let why = format!("the certificate {whose} demands a stapled OCSP response (must-staple), which Airlock's edge does not send; browsers refuse it then");
        TlsFinding::error("tls.must-staple", why, Way::Reissue, "have it issued without the TLS feature extension").about(leaf)
    })
}

/// Whether it may sign certificates of others.
pub(crate) fn signs_others(certificate: &X509Certificate<'_>) -> bool {
    certificate.is_ca() || certificate.key_usage().is_ok_and(|usage| usage.is_some_and(|usage| usage.value.key_cert_sign()))
}

/// What a certificate is for where that is stated and servers are not among it.
pub(crate) fn other_usage(certificate: &X509Certificate<'_>) -> Option<String> {
    let usage = certificate.extended_key_usage().ok().flatten()?.value;
    if usage.server_auth || usage.any {
        return None;
    }
    let stated = [(usage.client_auth, "clients"), (usage.code_signing, "signing code"), (usage.email_protection, "e-mail"), (usage.time_stamping, "time stamps"), (usage.ocsp_signing, "OCSP")];
    let named: Vec<&str> = stated.into_iter().filter(|(is_stated, _)| *is_stated).map(|(_, name)| name).collect();
    Some(if named.is_empty() { "something else".to_owned() } else { named.join(", ") })
}
