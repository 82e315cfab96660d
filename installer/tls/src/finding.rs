//! One thing that is to be said about certificates: a stable code, how heavy it weighs, whose certificate it is, and the way out.

use airlock_model::{Code, Untrusted};
use serde::Serialize;
use x509_parser::certificate::X509Certificate;

use crate::facts::names;

/// How heavy a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// It was repaired while reading; nothing has to be done.
    Fixed,
    /// It works, but somebody should know.
    Warn,
    /// It would not work.
    Error,
}

/// The way out, as a word that scripts can decide by; the sentence stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Nothing has to be done.
    Nothing,
    /// Give the right file.
    GiveFile,
    /// Export or download the file again.
    ExportAgain,
    /// Convert the file by the command that is shown.
    Convert,
    /// Give the password, or the right one.
    GivePassword,
    /// Have the certificate issued anew.
    Reissue,
    /// Add the certificate of an issuer to the chain.
    AddIssuer,
    /// Name an authority as trusted.
    TrustAuthority,
    /// Give the key that belongs to the certificate.
    GiveKey,
    /// Make a key of another kind, and have a certificate issued for it.
    NewKey,
    /// Set a clock.
    SetClock,
    /// Guard the private key better.
    GuardKey,
    /// Correct the name that was given.
    CorrectName,
    /// Change how the server is set up.
    ConfigureServer,
}

/// Whose certificate a finding speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateId {
    /// Its subject; its names where the subject is empty.
    pub subject: Untrusted<String>,
    /// Its serial number in hexadecimal, octets separated by colons.
    pub serial: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TlsFinding {
    /// What it is.
    pub code: Code,
    /// How heavy it weighs.
    pub severity: Weight,
    /// Whose certificate it is; none where it is about a file, a key, a name, or a server.
    pub certificate: Option<CertificateId>,
    /// What is wrong, with names and values, and what follows from it. It can quote certificates.
    pub why: Untrusted<String>,
    /// The way out, for scripts.
    pub remedy: Way,
    /// The way out, as a sentence.
    pub fix: Untrusted<String>,
}

impl CertificateId {
    pub(crate) fn of(certificate: &X509Certificate<'_>) -> Self {
        Self { subject: subject(certificate), serial: serial(certificate) }
    }
}

impl TlsFinding {
    pub(crate) fn new(severity: Weight, code: &'static str, why: impl Into<String>, remedy: Way, fix: impl Into<String>) -> Self {
        Self { code: Code(code), severity, certificate: None, why: Untrusted::new(why.into()), remedy, fix: Untrusted::new(fix.into()) }
    }

    pub(crate) fn error(code: &'static str, why: impl Into<String>, remedy: Way, fix: impl Into<String>) -> Self {
        Self::new(Weight::Error, code, why, remedy, fix)
    }

    pub(crate) fn warn(code: &'static str, why: impl Into<String>, remedy: Way, fix: impl Into<String>) -> Self {
        Self::new(Weight::Warn, code, why, remedy, fix)
    }

    /// Something that was repaired.
    pub(crate) fn fixed(code: &'static str, why: impl Into<String>) -> Self {
        Self::new(Weight::Fixed, code, why, Way::Nothing, "nothing has to be done")
    }

    pub(crate) fn about(self, certificate: &X509Certificate<'_>) -> Self {
        Self { certificate: Some(CertificateId::of(certificate)), ..self }
    }
}

/// A server's subject is empty as a rule; its names say whose it is.
pub(crate) fn subject(certificate: &X509Certificate<'_>) -> Untrusted<String> {
    let subject = certificate.subject().to_string();
    if subject.is_empty() { covered(certificate).into() } else { subject.into() }
}

/// The names of a certificate in one line.
pub(crate) fn covered(certificate: &X509Certificate<'_>) -> String {
    let names = names(certificate);
    if names.is_empty() { "no name".to_owned() } else { names.join(", ") }
}

/// Its serial number in hexadecimal, octets separated by colons, as OpenSSL and browsers show it: without the octet that DER
/// puts before a number whose first bit is set (X.690 §8.3.2).
pub(crate) fn serial(certificate: &X509Certificate<'_>) -> String {
    let number = match certificate.raw_serial() {
        [0, number @ ..] if !number.is_empty() => number,
        number => number,
    };
    number.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(":")
}

/// Whose it is, for sentences: subject and serial number.
pub(crate) fn told(certificate: &X509Certificate<'_>) -> String {
    format!("`{}` (serial {})", subject(certificate).raw(), serial(certificate))
}
