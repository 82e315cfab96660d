//! A private certificate authority that can sign for one domain and nothing else, and the server certificates that it issues.
//!
//! Its certificate carries name constraints (RFC 5280 §4.2.1.10) and path length 0: who installs it in a trust store knows
//! that it cannot vouch for anybody else. The permitted name is written without a leading dot; with one, verifiers refuse the
//! domain itself. IP addresses are excluded as a whole.

use std::time::Duration;

use airlock_model::{Code, Coded, Secret, Untrusted};
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use time::OffsetDateTime;

use crate::pem::{certificates_from_pem, parse};
use crate::{CertificateError, certificate_facts};

/// Clocks of clients lag: validity begins this long before now.
const BACKDATED: Duration = Duration::from_hours(1);
const NAME_LIMIT: usize = 253;
const LABEL_LIMIT: usize = 63;

/// A certificate authority with its key in memory.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
    key_pem: Secret<String>,
    permitted: Vec<String>,
    not_after: Timestamp,
}

/// A key and the chain that certifies it: leaf first, then its issuer.
pub struct Issued {
    /// PEM, leaf first, then the authority.
    pub chain_pem: String,
    /// PKCS#8 PEM.
    pub key_pem: Secret<String>,
}

/// Why an authority could not be made, read, or used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// Its certificate or key cannot be read.
    #[error("cannot read the certificate authority")]
    Unreadable(#[from] CertificateError),
    /// The certificate is not one of an authority.
    #[error("the certificate does not belong to a certificate authority")]
    NotAnAuthority,
    /// The key does not belong to the certificate.
    #[error("the private key does not belong to the certificate authority")]
    WrongKey,
    /// It is no longer valid.
    #[error("the certificate authority expired on {0}")]
    Expired(Timestamp),
    /// Without permitted names it could sign for anybody.
    #[error("a certificate authority without a permitted name could sign for anybody; name its domain")]
    Unconstrained,
    /// A server needs at least one name.
    #[error("a server certificate needs at least one name")]
    NoName,
    /// Not a DNS name, or a wildcard elsewhere than in the first label.
    #[error("`{0}` cannot stand in a certificate: it is not a DNS name, with `*` for the whole first label at most")]
    NotDnsName(Untrusted<String>),
    /// Outside of what the authority may sign.
    #[error("`{name}` lies outside of what the certificate authority may sign: {permitted}")]
    Outside {
        /// The name.
        name: String,
        /// What it may sign below.
        permitted: Untrusted<String>,
    },
    /// The library that writes certificates refused.
    #[error("a certificate could not be made")]
    Generation(#[from] rcgen::Error),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandom,
    /// The library that encrypts keys refused.
    #[error("the key of the certificate authority could not be encrypted")]
    NotEncrypted,
    /// A time that a certificate cannot hold.
    #[error("{0} cannot be written in a certificate")]
    Time(Timestamp),
}

impl Coded for AuthorityError {
    fn code(&self) -> Code {
        match self {
            Self::Unreadable(source) => source.code(),
            Self::NotAnAuthority => Code("tls.not-an-authority"),
            Self::WrongKey => Code("tls.wrong-key"),
            Self::Expired(_) => Code("tls.expired"),
            Self::Unconstrained | Self::NoName | Self::NotDnsName(_) => Code("tls.name-invalid"),
            Self::Outside { .. } => Code("tls.outside-authority"),
            Self::Generation(_) | Self::Time(_) | Self::NoRandom | Self::NotEncrypted => Code("tls.generation"),
        }
    }
}

impl Authority {
    /// Makes an authority with a new P-256 key that may sign for `permitted` and the names below them.
    pub fn generate(common_name: &str, permitted: &[String], lifetime: Duration, now: Timestamp) -> Result<Self, AuthorityError> {
        let not_after = later(now, lifetime)?;
        Self::signed(constrained(common_name, permitted, 0, now, not_after)?, permitted, not_after, None)
    }

    /// Makes the root of such authorities: it vouches for one below it, for the same names.
    pub fn root(common_name: &str, permitted: &[String], lifetime: Duration, now: Timestamp) -> Result<Self, AuthorityError> {
        let not_after = later(now, lifetime)?;
        Self::signed(constrained(common_name, permitted, 1, now, not_after)?, permitted, not_after, None)
    }

    /// Makes an authority that this one vouches for. It ends with this one at the latest.
    pub fn subordinate(&self, common_name: &str, permitted: &[String], lifetime: Duration, now: Timestamp) -> Result<Self, AuthorityError> {
        if now >= self.not_after {
            return Err(AuthorityError::Expired(self.not_after));
        }
        for name in permitted {
            self.may_sign(name)?;
        }
        let not_after = later(now, lifetime)?.min(self.not_after);
        let mut params = constrained(common_name, permitted, 0, now, not_after)?;
        params.use_authority_key_identifier_extension = true;
        Self::signed(params, permitted, not_after, Some(&self.issuer))
    }

    /// By itself, or by another.
    fn signed(params: CertificateParams, permitted: &[String], not_after: Timestamp, by: Option<&Issuer<'static, KeyPair>>) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate()?;
        let key_pem = Secret::new(key.serialize_pem());
        let certificate: Certificate = match by {
            Some(issuer) => params.signed_by(&key, issuer)?,
            None => params.self_signed(&key)?,
        };
        Ok(Self { certificate_pem: certificate.pem(), key_pem, permitted: permitted.to_vec(), not_after, issuer: Issuer::new(params, key) })
    }

    /// Reads an authority back. Certificate and key must belong together.
    pub fn from_pem(certificate_pem: &[u8], key_pem: &[u8]) -> Result<Self, AuthorityError> {
        let facts = certificate_facts(certificate_pem, key_pem)?;
        if !facts.authority {
            return Err(AuthorityError::NotAnAuthority);
        }
        if !facts.key_matches {
            return Err(AuthorityError::WrongKey);
        }
        let certificates = certificates_from_pem(certificate_pem)?;
        let first = certificates.first().ok_or(CertificateError::NoCertificate)?;
        parse(first, 1)?;
        let key_text = Secret::new(String::from_utf8_lossy(key_pem).into_owned());
        let key = KeyPair::from_pem(key_text.expose())?;
        let issuer = Issuer::from_ca_cert_der(first, key)?;
        let certificate_pem = String::from_utf8_lossy(certificate_pem).trim_start_matches('\u{feff}').to_owned();
        Ok(Self { issuer, certificate_pem, key_pem: key_text, permitted: facts.permitted, not_after: facts.not_after })
    }

    /// Its certificate, PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Its key, PKCS#8 PEM.
    pub const fn key_pem(&self) -> &Secret<String> {
        &self.key_pem
    }

    /// End of its validity.
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Issues a key and certificate for a server. It ends with the authority at the latest.
    pub fn issue(&self, names: &[String], lifetime: Duration, now: Timestamp) -> Result<Issued, AuthorityError> {
        if names.is_empty() {
            return Err(AuthorityError::NoName);
        }
        for name in names {
            self.may_sign(name)?;
        }
        if now >= self.not_after {
            return Err(AuthorityError::Expired(self.not_after));
        }
        // The subject stays empty: clients read the alternative names alone (RFC 9525 §2), and a common name has 64 characters only.
        let mut params = blank(now, later(now, lifetime)?.min(self.not_after))?;
        params.subject_alt_names = names.iter().map(|name| Ok(SanType::DnsName(name.as_str().try_into()?))).collect::<Result<_, rcgen::Error>>()?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let leaf = params.signed_by(&key, &self.issuer)?;
        let mut chain_pem = leaf.pem();
        if !chain_pem.ends_with('\n') {
            chain_pem.push('\n');
        }
        chain_pem.push_str(&self.certificate_pem);
        Ok(Issued { chain_pem, key_pem: Secret::new(key.serialize_pem()) })
    }

    fn may_sign(&self, name: &str) -> Result<(), AuthorityError> {
        if !is_dns_name(name) {
            return Err(AuthorityError::NotDnsName(name.to_owned().into()));
        }
        let within = |base: &String| {
            let bare = name.strip_prefix("*.").unwrap_or(name);
            bare == base || bare.strip_suffix(base.as_str()).is_some_and(|rest| rest.ends_with('.'))
        };
        if self.permitted.is_empty() || self.permitted.iter().any(within) {
            return Ok(());
        }
        Err(AuthorityError::Outside { name: name.to_owned(), permitted: self.permitted.join(", ").into() })
    }
}

/// An authority's certificate, before it is signed: for these names alone, with at most so many authorities below it.
fn constrained(common_name: &str, permitted: &[String], below: u8, now: Timestamp, not_after: Timestamp) -> Result<CertificateParams, AuthorityError> {
    if permitted.is_empty() {
        return Err(AuthorityError::Unconstrained);
    }
    for name in permitted {
        if name.starts_with('*') || !is_dns_name(name) {
            return Err(AuthorityError::NotDnsName(name.clone().into()));
        }
    }
    let mut params = blank(now, not_after)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted.iter().cloned().map(GeneralSubtree::DnsName).collect(),
        excluded_subtrees: vec![GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([0; 4], 0)), GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix([0; 16], 0))],
    });
    Ok(params)
}

/// The defaults of the library (1975 to 4096, a subject of its own) are refused by clients; everything is set.
fn blank(now: Timestamp, not_after: Timestamp) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = date(now.checked_sub(BACKDATED).map_err(|_| AuthorityError::Time(now))?)?;
    params.not_after = date(not_after)?;
    Ok(params)
}

fn later(now: Timestamp, lifetime: Duration) -> Result<Timestamp, AuthorityError> {
    now.checked_add(lifetime).map_err(|_| AuthorityError::Time(now))
}

fn date(timestamp: Timestamp) -> Result<OffsetDateTime, AuthorityError> {
    OffsetDateTime::from_unix_timestamp(timestamp.as_second()).map_err(|_| AuthorityError::Time(timestamp))
}

/// A DNS name in lower case (RFC 1034 §3.5), with `*` for the whole first label at most. One label alone is allowed: Service names have one.
fn is_dns_name(name: &str) -> bool {
    let bare = name.strip_prefix("*.").unwrap_or(name);
    let label = |label: &str| {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !label.is_empty() && label.len() <= LABEL_LIMIT && label.bytes().all(allowed) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= NAME_LIMIT && bare.parse::<std::net::IpAddr>().is_err() && bare.split('.').all(label)
}
