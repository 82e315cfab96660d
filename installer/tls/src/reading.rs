//! From files as people have them to certificates and a key: PEM in any state, DER, PKCS#7, PKCS#12, in any order.
//!
//! `text` mends what editors and shells do, `blocks` finds PEM markers, `der` knows what bytes are, `pieces` puts these
//! together. A piece that is not understood is named; it never makes another certificate take its place.

mod blocks;
mod content;
pub(crate) mod der;
mod keys;
mod pieces;
mod pkcs12;
mod text;

use airlock_model::Secret;
use rustls_pki_types::CertificateDer;

use crate::finding::{TlsFinding, Way};
use crate::key::PrivateKey;
use der::Kind;
use pieces::{Piece, What, pieces};
use pkcs12::counted;

pub use content::Content;
pub(crate) use keys::key_of;
pub use pieces::LARGEST_FILE;

/// A chain has a handful, and what a whole system trusts is some 150.
const MOST_CERTIFICATES: usize = 500;
const BEGINS: &str = "the server's certificate begins with -----BEGIN CERTIFICATE-----";

/// A password, if one was given.
pub(crate) type Password<'a> = Option<&'a Secret<String>>;

/// What several files hold together.
#[derive(Default)]
pub(crate) struct Bundle {
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    pub(crate) keys: Vec<PrivateKey>,
}

impl Bundle {
    /// The key that lay beside the certificates. Several cannot be told from each other: the one that fits last year's certificate would fit, too.
    pub(crate) fn only_key(mut self) -> Result<(Vec<CertificateDer<'static>>, Option<PrivateKey>), TlsFinding> {
        let key = self.keys.pop();
        let others = self.keys.iter().filter(|other| key.as_ref().is_some_and(|key| key.fingerprint() != other.fingerprint())).count();
        if others == 0 {
            return Ok((self.certificates, key));
        }
        Err(TlsFinding::error(
            "tls.key-unreadable",
            format!("{} private keys stand beside the certificates, and which one is meant cannot be known", others + 1),
            Way::ExportAgain,
            "export the one certificate that is meant, with its key, or name the file with its key",
        ))
    }

    /// Adds what a file holds. The first thing that cannot be read ends it.
    pub(crate) fn add(&mut self, file: &Content, password: Password<'_>, findings: &mut Vec<TlsFinding>) -> Result<(), TlsFinding> {
        let before = self.certificates.len();
        let found = pieces(&file.name, file.bytes()?, findings)?;
        let mut others = Vec::new();
        for piece in &found {
            self.take(&file.name, piece, password, findings, &mut others)?;
            if self.certificates.len() > MOST_CERTIFICATES {
                return Err(TlsFinding::error(
                    "tls.file-too-large",
                    format!("there are more than {MOST_CERTIFICATES} certificates in {}; a chain has a handful", file.name),
                    Way::GiveFile,
                    "give the file that holds the server's certificate and those of its issuers, and nothing else",
                ));
            }
        }
        if self.certificates.len() == before {
            return Err(none(&file.name, found.iter().map(|piece| &piece.what).find(|what| **what != What::Parameters)));
        }
        if !others.is_empty() {
            let named = others.iter().map(|what| what.told()).collect::<Vec<_>>().join(", ");
            findings.push(TlsFinding::fixed("tls.unused-left-out", format!("{} also holds {named}; only the certificates were taken", file.name)));
        }
        Ok(())
    }

    fn take<'a>(&mut self, name: &str, piece: &'a Piece, password: Password<'_>, findings: &mut Vec<TlsFinding>, others: &mut Vec<&'a What>) -> Result<(), TlsFinding> {
        let add = |all: &mut Vec<CertificateDer<'static>>, ders: Vec<Vec<u8>>| all.extend(ders.into_iter().map(CertificateDer::from));
        match &piece.what {
            What::Der(Kind::Certificate) => add(&mut self.certificates, vec![piece.bytes.to_vec()]),
            What::Der(Kind::Pkcs7) => {
                let ders = der::pkcs7(&piece.bytes).ok_or_else(|| damaged(name, "its PKCS#7 structure cannot be understood"))?;
                findings.push(TlsFinding::fixed("tls.converted", format!("{name} is PKCS#7; {} were taken out of it", counted(ders.len(), "certificate"))));
                add(&mut self.certificates, ders);
            }
            What::Der(Kind::Pkcs12) => {
                let opened = pkcs12::open(name, &piece.bytes, password, findings)?;
                add(&mut self.certificates, opened.certificates);
                self.keys.extend(opened.keys);
            }
            What::Damaged { label, damage } if label.ends_with("CERTIFICATE") || label.is_empty() => {
                return Err(damaged(name, &format!("certificate {} is damaged: {}", self.certificates.len() + 1, damage.told())));
            }
            What::TrustedCertificate => return Err(trusted(name)),
            what if what.is_key() => {
                findings.push(TlsFinding::warn(
                    "tls.key-in-certificate-file",
                    format!("{name} holds a private key beside certificates; whoever is sent this file gets the key"),
                    Way::GuardKey,
                    "keep the key in a file of its own that only you can read; it is not copied to the chain",
                ));
                // A key that stands beside is a help, not something that was asked for.
                self.keys.extend(keys::from_piece(name, piece, password).ok());
            }
            What::Parameters => {}
            other => others.push(other),
        }
        Ok(())
    }
}

fn damaged(name: &str, what: &str) -> TlsFinding {
    TlsFinding::error("tls.certificate-unreadable", format!("{name}: {what}"), Way::ExportAgain, "export or download it again, whole")
}

fn trusted(name: &str) -> TlsFinding {
    TlsFinding::error("tls.other-kind", format!("{name} is {}", What::TrustedCertificate.told()), Way::Convert, format!("write it as a plain certificate: openssl x509 -in {name} -out NEW"))
}

/// Nothing that was wanted, and what there was instead.
fn none(name: &str, instead: Option<&What>) -> TlsFinding {
    let error = |why: String, way, fix: &str| TlsFinding::error("tls.other-kind", why, way, fix);
    match instead {
        None => TlsFinding::error("tls.no-certificate", format!("there is no certificate in {name}"), Way::GiveFile, format!("give the file with the certificate; {BEGINS}")),
        Some(what @ What::Der(Kind::Request)) => {
            error(format!("{name} is {}, not a certificate", what.told()), Way::GiveFile, "send it to your certificate authority and give the certificate that it returns")
        }
        Some(what @ What::WebPage) => error(
            format!("{name} is {}, not a certificate; a login page or an error was saved in its place", what.told()),
            Way::ExportAgain,
            "download the certificate again and look at what the browser shows",
        ),
        Some(what @ What::Damaged { .. }) => damaged(name, &what.told()),
        Some(what) => error(format!("{name} is {}, not a certificate", what.told()), Way::GiveFile, &format!("give the file with the certificate; {BEGINS}")),
    }
}
