//! What RFC 5280 and the CA/Browser Forum demand of the form of certificates although clients tolerate that it is missing.
//!
//! Nothing here lets anybody pretend to be somebody else, so it is a warning unless the letter of the rules is asked for. Only name
//! constraints that constrain nobody are an error in any case (`idle_constraints`): somebody relies on them.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, GeneralSubtree, NameConstraints, ParsedExtension, X509Extension};
use x509_parser::oid_registry::{
    OID_PKIX_AUTHORITY_INFO_ACCESS, OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER, OID_X509_EXT_NAME_CONSTRAINTS, OID_X509_EXT_POLICY_CONSTRAINTS, OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
};

use super::strength;
use crate::Purpose;
use crate::facts::names;

/// RFC 5280 §4.1.2.2.
const LONGEST_SERIAL: usize = 20;

/// Where a certificate stands in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Leaf,
    Intermediate,
    Root,
}

/// The first rule of form that a certificate breaks: how its sentence goes on.
pub(crate) fn broken(certificate: &X509Certificate<'_>, place: Place, purpose: Purpose) -> Option<&'static str> {
    let by_rfc = everywhere(certificate, place).or_else(|| match place {
        Place::Leaf => leaf(certificate),
        Place::Intermediate | Place::Root => authority(certificate, place).or_else(|| constraints(certificate, purpose)),
    });
    by_rfc.or_else(|| if purpose == Purpose::Public { public(certificate, place) } else { None })
}

fn everywhere(certificate: &X509Certificate<'_>, place: Place) -> Option<&'static str> {
    let serial = certificate.raw_serial();
    // A leading zero octet only says that the number is positive.
    let significant = serial.strip_prefix(&[0]).unwrap_or(serial);
    if significant.iter().all(|octet| *octet == 0) {
        return Some("has the serial number 0 (RFC 5280 §4.1.2.2)");
    }
    if serial.len() > LONGEST_SERIAL {
        return Some("has a serial number of more than 20 octets (RFC 5280 §4.1.2.2)");
    }
    let extension = |oid| certificate.iter_extensions().find(|extension| extension.oid == oid);
    let critical = |oid| extension(oid).is_some_and(|extension| extension.critical);
    if critical(OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER) {
        return Some("marks the authority key identifier as critical (RFC 5280 §4.2.1.1)");
    }
    if critical(OID_X509_EXT_SUBJECT_KEY_IDENTIFIER) {
        return Some("marks the subject key identifier as critical (RFC 5280 §4.2.1.2)");
    }
    if extension(OID_X509_EXT_POLICY_CONSTRAINTS).is_some_and(|constraints| !constraints.critical) {
        return Some("does not mark its policy constraints as critical (RFC 5280 §4.2.1.11)");
    }
    // Above a root nobody looks for an issuer.
    let is_self_signed = certificate.subject().as_raw() == certificate.issuer().as_raw() && certificate.verify_signature(None).is_ok();
    if place != Place::Root && !is_self_signed && authority_key(certificate).is_none() {
        return Some("does not name the key of its issuer (authority key identifier, RFC 5280 §4.2.1.1)");
    }
    access(extension(OID_PKIX_AUTHORITY_INFO_ACCESS))
}

fn authority_key<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a [u8]> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(identifier) => identifier.key_identifier.as_ref().map(|key| key.0),
        _ => None,
    })
}

fn subject_key<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a [u8]> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(key) => Some(key.0),
        _ => None,
    })
}

fn access(extension: Option<&X509Extension<'_>>) -> Option<&'static str> {
    match extension?.parsed_extension() {
        ParsedExtension::AuthorityInfoAccess(access) if !access.accessdescs.is_empty() => None,
        _ => Some("says in a way that cannot be read where its issuer is published (authority information access, RFC 5280 §4.2.2.1)"),
    }
}

fn leaf(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    if let Ok(Some(alternative)) = certificate.subject_alternative_name() {
        if !alternative.critical && certificate.subject().iter().next().is_none() {
            return Some("has no subject, and its alternative names are not marked as critical (RFC 5280 §4.1.2.6)");
        }
        let odd = |name: &GeneralName<'_>| matches!(name, GeneralName::DNSName(name) if name.contains('_'));
        if alternative.value.general_names.iter().any(odd) {
            return Some("has a DNS name with an underscore (RFC 5280 §4.2.1.6, RFC 1034 §3.5)");
        }
    }
    None
}

fn authority(certificate: &X509Certificate<'_>, place: Place) -> Option<&'static str> {
    if certificate.subject().iter().next().is_none() {
        return Some("is one of an authority and has no subject (RFC 5280 §4.1.2.6)");
    }
    match certificate.basic_constraints() {
        Ok(Some(constraints)) if constraints.value.ca && constraints.critical => {}
        Ok(Some(constraints)) if constraints.value.ca => return Some("does not mark its basic constraints as critical (RFC 5280 §4.2.1.9)"),
        _ => return Some("is used as one of an authority and does not say that it is (basic constraints, RFC 5280 §4.2.1.9)"),
    }
    if certificate.key_usage().is_ok_and(|usage| usage.is_some_and(|usage| !usage.value.key_cert_sign())) {
        return Some("is one of an authority whose key may not sign certificates (key usage keyCertSign, RFC 5280 §4.2.1.3)");
    }
    if subject_key(certificate).is_none() {
        return Some("is one of an authority and does not name its own key (subject key identifier, RFC 5280 §4.2.1.2)");
    }
    // webpki refuses what it does not know everywhere else; of a root it takes name and key alone.
    let unknown = |extension: &X509Extension<'_>| extension.critical && extension.parsed_extension().unsupported();
    if place == Place::Root && certificate.iter_extensions().any(unknown) {
        return Some("has a critical extension that is not known here (RFC 5280 §4.2)");
    }
    None
}

/// Name constraints that hold for nobody although somebody thinks so: how the certificate's sentence goes on.
pub(crate) fn idle_constraints(certificate: &X509Certificate<'_>, place: Place) -> Option<&'static str> {
    let extension = name_constraints(certificate)?;
    if place == Place::Leaf {
        return Some("constrains names although it is no authority's (RFC 5280 §4.2.1.10)");
    }
    let ParsedExtension::NameConstraints(constraints) = extension.parsed_extension() else { return Some("has name constraints that cannot be read (RFC 5280 §4.2.1.10)") };
    subtrees(constraints).next().is_none().then_some("has name constraints that constrain nothing (RFC 5280 §4.2.1.10)")
}

/// What readers tolerate of the name constraints of an authority.
pub(crate) fn constraints(certificate: &X509Certificate<'_>, purpose: Purpose) -> Option<&'static str> {
    let extension = name_constraints(certificate)?;
    // Of public authorities either is allowed (Baseline Requirements §7.1.2.10.8).
    if !extension.critical && purpose == Purpose::Private {
        return Some("does not mark its name constraints as critical (RFC 5280 §4.2.1.10)");
    }
    let ParsedExtension::NameConstraints(constraints) = extension.parsed_extension() else { return None };
    let dotted = subtrees(constraints).any(|subtree| matches!(subtree.base, GeneralName::DNSName(name) if name.starts_with('.')));
    dotted.then_some("constrains a DNS name with a leading dot, which readers understand differently (RFC 5280 §4.2.1.10)")
}

fn name_constraints<'a, 'b>(certificate: &'a X509Certificate<'b>) -> Option<&'a X509Extension<'b>> {
    certificate.iter_extensions().find(|extension| extension.oid == OID_X509_EXT_NAME_CONSTRAINTS)
}

fn subtrees<'a, 'b>(constraints: &'a NameConstraints<'b>) -> impl Iterator<Item = &'a GeneralSubtree<'b>> {
    constraints.permitted_subtrees.iter().chain(&constraints.excluded_subtrees).flatten()
}

/// CA/Browser Forum, Baseline Requirements §7.1.2 and §6.1.5: of authorities that browsers trust.
fn public(certificate: &X509Certificate<'_>, place: Place) -> Option<&'static str> {
    match place {
        Place::Leaf => public_leaf(certificate),
        Place::Intermediate => None,
        Place::Root => public_root(certificate),
    }
}

fn public_leaf(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    match certificate.extended_key_usage() {
        Ok(Some(usage)) if usage.critical => return Some("marks its extended key usage as critical (Baseline Requirements §7.1.2.7.6)"),
        Ok(Some(usage)) if usage.value.any => return Some("may be used for anything (anyExtendedKeyUsage, Baseline Requirements §7.1.2.7.10)"),
        Ok(Some(_)) => {}
        _ => return Some("does not say that it is for servers (extended key usage, Baseline Requirements §7.1.2.7.6)"),
    }
    let subject_is_empty = certificate.subject().iter().next().is_none();
    if certificate.subject_alternative_name().is_ok_and(|names| names.is_some_and(|names| names.critical)) && !subject_is_empty {
        return Some("marks its alternative names as critical although it has a subject (Baseline Requirements §7.1.2.7.12)");
    }
    let names = names(certificate);
    let stray = certificate.subject().iter_common_name().any(|common| !common.as_str().is_ok_and(|common| names.iter().any(|name| name == common)));
    stray.then_some("has a common name that is none of its alternative names, letter by letter (Baseline Requirements §7.1.4.3)")
}

fn public_root(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    if certificate.extended_key_usage().is_ok_and(|usage| usage.is_some()) {
        return Some("is a root and states an extended key usage (Baseline Requirements §7.1.2.1.2)");
    }
    let identifier = certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(identifier) => Some(identifier),
        _ => None,
    });
    if let Some(identifier) = identifier {
        let same_key = identifier.key_identifier.as_ref().map(|key| key.0) == subject_key(certificate);
        if !same_key || identifier.authority_cert_issuer.is_some() || identifier.authority_cert_serial.is_some() {
            return Some("is a root whose authority key identifier is not just its own key (Baseline Requirements §7.1.2.1.3)");
        }
    }
    strength::key(certificate).is_some().then_some("is a root with a key that is too weak or of an odd length (Baseline Requirements §6.1.5)")
}
