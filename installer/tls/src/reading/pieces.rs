//! What a file holds, piece by piece, before it is asked whether that is what was wanted.

use zeroize::Zeroizing;

use super::blocks::{Block, Damage, bare_base64, blocks};
use super::der::{Kind, kind};
use super::text::text;
use crate::finding::{TlsFinding, Way};

/// Certificates take 1 to 2 KiB each; a chain has a handful.
pub const LARGEST_FILE: usize = 1024 * 1024;

/// What a piece is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Known by its bytes.
    Der(Kind),
    /// OpenSSL's own form with trust settings behind the certificate.
    TrustedCertificate,
    SshKey,
    SshPublicKey,
    OldEncryptedKey,
    DsaKey,
    /// Parameters of a curve or a group, which stand before keys.
    Parameters,
    WebPage,
    Damaged {
        label: String,
        damage: Damage,
    },
    /// A block of another label.
    Labelled(String),
}

/// A piece. It can hold a private key, so its bytes are wiped when dropped.
pub(super) struct Piece {
    pub(super) what: What,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

/// Takes a file apart. An error when there is nothing in it that could be taken.
pub(super) fn pieces(name: &str, bytes: &[u8], findings: &mut Vec<TlsFinding>) -> Result<Vec<Piece>, TlsFinding> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(TlsFinding::error("tls.file-empty", format!("the file {name} is empty"), Way::ExportAgain, "export or download it again"));
    }
    if bytes.len() > LARGEST_FILE {
        return Err(TlsFinding::error(
            "tls.file-too-large",
            format!("the file {name} has more than {LARGEST_FILE} bytes; a chain of certificates has a few thousand"),
            Way::GiveFile,
            "give the file that holds the server's certificate and those of its issuers, and nothing else",
        ));
    }
    if let Some(kind) = kind(bytes) {
        if kind != Kind::Pkcs7 && kind != Kind::Pkcs12 {
            findings.push(TlsFinding::fixed("tls.converted", format!("{name} is binary (DER); it was read as such")));
        }
        return Ok(vec![Piece { what: What::Der(kind), bytes: Zeroizing::new(bytes.to_vec()) }]);
    }
    let text = text(name, bytes, findings);
    let found = blocks(&text);
    if found.all.is_empty() {
        return Ok(without_blocks(name, &text, findings));
    }
    let mut repaired = |what: String| findings.push(TlsFinding::fixed("tls.text-repaired", format!("{name}: {what}")));
    if found.indented {
        repaired("its lines are indented, as when pasted from YAML; the indentation was left out".to_owned());
    }
    if found.shared_line {
        repaired("an END and a BEGIN marker share a line; they were read as two".to_owned());
    }
    if found.ignored > 0 {
        repaired(lines(found.ignored));
    }
    Ok(found.all.into_iter().map(piece).collect())
}

fn lines(count: usize) -> String {
    let what = if count == 1 { "1 line outside of the blocks was".to_owned() } else { format!("{count} lines outside of the blocks were") };
    format!("{what} left out")
}

fn piece(block: Block) -> Piece {
    let nothing = || Zeroizing::new(Vec::new());
    match block.content {
        Err(Damage::OldEncryption) => Piece { what: What::OldEncryptedKey, bytes: nothing() },
        Err(damage) => Piece { what: What::Damaged { label: block.label, damage }, bytes: nothing() },
        Ok(bytes) => Piece { what: labelled(&block.label, &bytes), bytes },
    }
}

/// The labels of RFC 7468 §4 and what older programs write.
fn labelled(label: &str, bytes: &[u8]) -> What {
    match label {
        // Windows also writes a PKCS#7 file under this label.
        "CERTIFICATE" | "X509 CERTIFICATE" | "X.509 CERTIFICATE" => What::Der(kind(bytes).filter(|kind| *kind == Kind::Pkcs7).unwrap_or(Kind::Certificate)),
        "TRUSTED CERTIFICATE" => What::TrustedCertificate,
        "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA" => What::Der(Kind::Pkcs7),
        "PKCS12" => What::Der(Kind::Pkcs12),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => What::Der(Kind::Request),
        "X509 CRL" => What::Der(Kind::RevocationList),
        "PUBLIC KEY" | "RSA PUBLIC KEY" => What::Der(Kind::PublicKey),
        "PRIVATE KEY" => What::Der(Kind::Key),
        "ENCRYPTED PRIVATE KEY" => What::Der(Kind::EncryptedKey),
        "RSA PRIVATE KEY" => What::Der(Kind::RsaKey),
        "EC PRIVATE KEY" => What::Der(Kind::EcKey),
        "DSA PRIVATE KEY" => What::DsaKey,
        "OPENSSH PRIVATE KEY" => What::SshKey,
        "SSH2 PUBLIC KEY" => What::SshPublicKey,
        "EC PARAMETERS" | "DH PARAMETERS" | "DSA PARAMETERS" => What::Parameters,
        other => What::Labelled(other.to_owned()),
    }
}

/// A text without any block can still be something that is known.
fn without_blocks(name: &str, text: &str, findings: &mut Vec<TlsFinding>) -> Vec<Piece> {
    let start = text.trim_start().get(..32).unwrap_or_else(|| text.trim_start()).to_ascii_lowercase();
    let nothing = |what| vec![Piece { what, bytes: Zeroizing::new(Vec::new()) }];
    if ["<!doctype html", "<html", "<head", "<?xml"].iter().any(|tag| start.starts_with(tag)) {
        return nothing(What::WebPage);
    }
    if ["ssh-", "ecdsa-sha2-", "sk-ssh-"].iter().any(|kind| start.starts_with(kind)) {
        return nothing(What::SshPublicKey);
    }
    let Some((bytes, kind)) = bare_base64(text).and_then(|bytes| kind(&bytes).map(|kind| (bytes, kind))) else { return Vec::new() };
    findings.push(TlsFinding::fixed("tls.text-repaired", format!("{name}: it is base64 without BEGIN and END lines; it was read as such")));
    vec![Piece { what: What::Der(kind), bytes }]
}

impl What {
    /// Whether it is a private key, in whatever form.
    pub(super) const fn is_key(&self) -> bool {
        matches!(self, Self::Der(Kind::Key | Kind::EncryptedKey | Kind::RsaKey | Kind::EcKey) | Self::SshKey | Self::OldEncryptedKey | Self::DsaKey)
    }

    /// What it is, in words.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Der(Kind::Certificate) => "a certificate".to_owned(),
            Self::Der(Kind::Pkcs7) => "a PKCS#7 file (.p7b)".to_owned(),
            Self::Der(Kind::Pkcs12) => "a PKCS#12 file (.pfx, .p12)".to_owned(),
            Self::Der(Kind::Request) => "a certificate request (CSR)".to_owned(),
            Self::Der(Kind::RevocationList) => "a certificate revocation list (CRL)".to_owned(),
            Self::Der(Kind::PublicKey) => "a public key".to_owned(),
            Self::Der(Kind::Key | Kind::RsaKey | Kind::EcKey | Kind::EncryptedKey) | Self::OldEncryptedKey | Self::DsaKey => "a private key".to_owned(),
            Self::TrustedCertificate => "a certificate in OpenSSL's own form with trust settings (TRUSTED CERTIFICATE)".to_owned(),
            Self::SshKey => "an SSH key, not a TLS key".to_owned(),
            Self::SshPublicKey => "a public SSH key".to_owned(),
            Self::Parameters => "parameters of keys".to_owned(),
            Self::WebPage => "a web page".to_owned(),
            Self::Damaged { label, damage } => format!("a damaged block `{label}`: {}", damage.told()),
            Self::Labelled(label) => format!("a block `{label}`"),
        }
    }
}
