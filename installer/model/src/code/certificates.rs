//! Codes of what is found in certificates, keys, and the servers that present them. What only warns, or was mended, ends no run.

use super::CodeSpec;
use crate::Exit;

const fn blocks(code: &'static str, what: &'static str, why: &'static str, fix: &'static str) -> CodeSpec {
    CodeSpec { code, exit: Exit::Blocked, what, why, fix, next: None }
}

const fn told(code: &'static str, what: &'static str, why: &'static str, fix: &'static str) -> CodeSpec {
    CodeSpec { code, exit: Exit::Ok, what, why, fix, next: None }
}

pub(super) const CODES: &[CodeSpec] = &[
    blocks("tls.file-unreadable", "a file with certificates or a key cannot be read", "nothing can be said about what cannot be read", "give the path of a file that exists and that you may read"),
    blocks("tls.file-empty", "a file with certificates or a key is empty", "nothing can be served from it", "export or download it again"),
    blocks(
        "tls.file-too-large",
        "a file is larger than any chain of certificates, or holds hundreds of them",
        "it is another file than was meant, or whole collections of certificates were put together",
        "give the file that holds the server's certificate and those of its issuers, and nothing else",
    ),
    blocks(
        "tls.other-kind",
        "a file holds something else than certificates: a request, a revocation list, a key, a web page",
        "only the certificate that the authority returned can be served",
        "give the file with the certificate; it begins with -----BEGIN CERTIFICATE-----",
    ),
    blocks(
        "tls.password-missing",
        "a key or a PKCS#12 file is encrypted, and no password was given",
        "it cannot be opened without",
        "name where the password is: --key-password env:NAME or --key-password file:PATH, or `tls.password` in the answers",
    ),
    blocks("tls.password-wrong", "the password of a key or a PKCS#12 file is wrong", "it cannot be opened with it", "give the password that the file was written with"),
    blocks(
        "tls.encryption-old",
        "a private key is encrypted in a way that is no longer safe",
        "such encryption is broken with little effort, so it is not read",
        "encrypt it as of today: openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out NEW",
    ),
    blocks(
        "tls.key-unusable",
        "a private key is of a kind that servers do not use",
        "clients refuse its certificate, or the server cannot load it",
        "make a key of the kinds P-256, P-384, P-521, or RSA from 2048 bits, and have a certificate issued for it",
    ),
    blocks(
        "tls.key-missing",
        "there is no private key beside a certificate that is to be served",
        "a server can present a certificate only with the key that it was issued for",
        "name the file with the key: `tls.key` in the answers",
    ),
    blocks(
        "tls.key-mismatch",
        "the private key belongs to none of the certificates",
        "a server can present a certificate only with the key that it was issued for",
        "give the key that the request was made with; if the certificate was issued for a new key, give that one",
    ),
    blocks("tls.version-old", "a certificate is older than X.509 version 3", "only version 3 can name the hosts of a certificate", "have it issued anew, with subject alternative names"),
    blocks("tls.validity-reversed", "a certificate ends before it begins", "it is never valid", "have it issued anew; the clock of the authority may be wrong"),
    blocks("tls.weak-signature", "a certificate is signed with MD5 or SHA-1", "such signatures can be forged, and clients refuse them", "have it issued anew with SHA-256 or better"),
    blocks(
        "tls.must-staple",
        "a certificate demands a stapled OCSP response",
        "Airlock's edge sends none, and browsers then refuse the certificate",
        "have it issued without the TLS feature extension (must-staple)",
    ),
    blocks(
        "tls.no-names",
        "a certificate names its host in the common name alone",
        "clients look at subject alternative names and at nothing else",
        "have it issued with the hosts as subject alternative names",
    ),
    blocks(
        "tls.self-signed",
        "a server's certificate is signed with its own key",
        "no authority vouches for it, so anybody could have made it",
        "have it issued by an authority that your clients trust, or let Airlock be one (`tls.source: private-ca`)",
    ),
    blocks(
        "tls.issuer-missing",
        "the certificate of the issuer is missing",
        "clients that do not have it by chance cannot follow the chain to its root",
        "add the issuer's certificate to the file; if it is the root of your own authority, name it as trusted (`--ca FILE`, `trust.ca` in the answers)",
    ),
    blocks(
        "tls.signature-invalid",
        "a signature in the chain does not verify",
        "a certificate was changed, or its issuer is another authority of the same name",
        "get both certificates again from the authority",
    ),
    blocks("tls.issuer-not-authority", "a certificate was signed with one that may not sign", "clients refuse it, whoever made it", "have the certificate issued by an authority"),
    blocks("tls.path-length", "there are more authorities in the chain than one of them allows below it", "clients refuse such a chain", "have the certificate issued by an authority that may do so"),
    blocks(
        "tls.constraints-idle",
        "a certificate in the chain has name constraints that hold for nobody",
        "they are empty, cannot be read, or stand in a server's certificate, so that whoever relies on them is not protected (RFC 5280 §4.2.1.10)",
        "have it issued anew with name constraints that hold, or without any",
    ),
    blocks(
        "tls.served-differs",
        "a server presents another certificate than the one in the files",
        "it has not read its new certificate, or another server answers",
        "have the server read its new certificate, and look whether the name leads to it",
    ),
    blocks(
        "tls.not-served",
        "a server presents no certificate over TLS 1.2 or 1.3",
        "it does not run, cannot be reached, or speaks only what is outdated",
        "look whether it runs there, and whether a firewall or a proxy stands between",
    ),
    blocks("tls.outdated-protocol", "a server agrees to TLS 1.0 or 1.1", "both can be broken (RFC 8996)", "set TLS 1.2 as the lowest version of the server"),
    blocks(
        "tls.weak-suite",
        "a server agrees to a cipher suite that does not protect",
        "whoever sits between reads or changes what is sent (RFC 9325)",
        "take such suites out of the server's list; `HIGH:!aNULL:!3DES` is one for OpenSSL",
    ),
    told(
        "tls.expires-soon",
        "a certificate ends soon",
        "it is a warning when less than 30 days or a third of its life are left; with less than 7 days or a tenth it ends with 3, unless `--allow-ending` is given",
        "have it issued anew now",
    ),
    told(
        "tls.lifetime-long",
        "a certificate is valid for longer than Apple's clients accept",
        "they refuse more than 398 days from public authorities and more than 825 from private ones",
        "have it issued for less",
    ),
    told("tls.key-unusual", "a server's key is Ed25519", "programs accept it, browsers do not", "take a P-256 key where people with browsers come"),
    told("tls.key-exposed", "everybody on this machine can read a private key", "whoever has the key can be the server", "take the rights of others away: chmod 600 FILE"),
    told("tls.key-in-certificate-file", "a private key stands beside certificates", "whoever is sent the file gets the key", "keep the key in a file of its own; it is not copied to the chain"),
    told(
        "tls.form",
        "a certificate breaks a rule of RFC 5280 or of the CA/Browser Forum that clients tolerate",
        "it is a warning, and with `--strict` it ends with 3",
        "have it mended when the certificate is issued anew",
    ),
    told(
        "tls.not-found-out",
        "whether a server refuses what is outdated could not be found out",
        "it did not answer, or did not answer in TLS",
        "run the check again from where the server can be reached without anything in between",
    ),
    told(
        "tls.source-absent",
        "where a certificate comes from cannot be read from here",
        "what is stored is kept; whether its source has changed cannot be seen",
        "run it where the source can be read",
    ),
    told(
        "tls.request-former",
        "a certificate answers an earlier request of the installation",
        "the names or the key have changed since, so there is another request",
        "have it issued by the present request, which `airlock install` shows",
    ),
    told("tls.text-repaired", "the text of a file was mended while it was read", "editors and shells change line ends, add marks, or indent", "nothing has to be done"),
    told("tls.converted", "a file was converted while it was read", "it was binary (DER), PKCS#7, or PKCS#12", "nothing has to be done"),
    told("tls.order-mended", "certificates were put into the order of a chain", "servers send their own certificate first, then each issuer in turn", "nothing has to be done"),
    told("tls.duplicate-left-out", "a certificate stood there twice", "once is enough", "nothing has to be done"),
    told("tls.root-left-out", "the root was left out of the chain", "clients have their own copy and believe no other", "nothing has to be done"),
    told("tls.unused-left-out", "something that does not belong to the chain was left out", "it would only be sent in vain", "look whether it was meant to be there"),
];
