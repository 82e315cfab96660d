//! The path from a server's certificate to an authority that is believed: webpki finds it and checks signatures, dates,
//! purposes, and constraints on the way (RFC 5280 §6).

use std::time::Duration;

use jiff::Timestamp;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

use crate::Authorities;

/// A path that holds, as DER.
pub(crate) struct Path<'a> {
    /// From the leaf's issuer upwards, without the root.
    pub(crate) intermediates: Vec<CertificateDer<'a>>,
    pub(crate) root: &'a CertificateDer<'static>,
}

/// Finds a path; `others` may stand in any order and hold what is not needed. `longest` counts the authorities between
/// leaf and root, those that only signed themselves anew left out.
pub(crate) fn find<'a>(leaf: &EndEntityCert<'_>, others: &'a [CertificateDer<'a>], authorities: &'a Authorities, at: Timestamp, longest: Option<usize>) -> Result<Path<'a>, webpki::Error> {
    let (anchors, roots): (Vec<_>, Vec<_>) = authorities.anchors(at).into_iter().unzip();
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms.all;
    let short_enough = |path: &VerifiedPath<'_>| match longest {
        Some(longest) if path.intermediate_certificates().filter(|authority| authority.subject() != authority.issuer()).count() > longest => Err(webpki::Error::MaximumPathDepthExceeded),
        _ => Ok(()),
    };
    let path = leaf.verify_for_usage(algorithms, &anchors, others, unix(at), KeyUsage::server_auth(), None, Some(&short_enough))?;
    let root = anchors.iter().zip(&roots).find(|(anchor, _)| *anchor == path.anchor()).map(|(_, root)| *root).ok_or(webpki::Error::UnknownIssuer)?;
    let intermediates = path.intermediate_certificates().map(|certificate| CertificateDer::from(certificate.der().to_vec())).collect();
    Ok(Path { intermediates, root })
}

fn unix(at: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(at.as_second().try_into().unwrap_or(0)))
}
