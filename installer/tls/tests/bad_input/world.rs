//! Authorities, certificates, and files for tests: by rcgen where it can, else by the `openssl` of this machine.

use std::process::Command;
use std::time::Duration;

use airlock_model::Secret;
use airlock_tls::{Content, Form, Host, Judgement, Request, TlsFinding, Way, Weight, check};
use jiff::Timestamp;
use rcgen::{BasicConstraints, Certificate, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;
use time::OffsetDateTime;
use zeroize::Zeroizing;

pub(crate) const BASE: &str = "apps.example.com";
pub(crate) const WILDCARD: &str = "*.apps.example.com";
pub(crate) const DAY: Duration = Duration::from_hours(24);

pub(crate) fn ahead(days: i64) -> OffsetDateTime {
    OffsetDateTime::now_utc() + time::Duration::days(days)
}

/// An authority that signs.
pub(crate) struct Ca {
    pub(crate) certificate: Certificate,
    pub(crate) issuer: Issuer<'static, KeyPair>,
    pub(crate) key_pem: String,
}

/// A server's certificate and its key.
pub(crate) struct Leaf {
    pub(crate) certificate: Certificate,
    pub(crate) key: KeyPair,
}

fn params(common_name: &str, days: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    if !common_name.is_empty() {
        params.distinguished_name.push(DnType::CommonName, common_name);
    }
    params.not_before = OffsetDateTime::now_utc() - time::Duration::hours(1);
    params.not_after = ahead(days);
    params.use_authority_key_identifier_extension = true;
    params
}

fn authority(common_name: &str) -> CertificateParams {
    let mut params = params(common_name, 3650);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

impl Ca {
    pub(crate) fn root(common_name: &str) -> Self {
        Self::root_with(common_name, |_| {})
    }

    pub(crate) fn root_with(common_name: &str, tweak: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority(common_name);
        tweak(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, key_pem: key.serialize_pem(), issuer: Issuer::new(params, key) }
    }

    pub(crate) fn intermediate(&self, common_name: &str) -> Self {
        self.intermediate_with(common_name, |_| {})
    }

    pub(crate) fn intermediate_with(&self, common_name: &str, tweak: impl FnOnce(&mut CertificateParams)) -> Self {
        self.certify(common_name, KeyPair::generate().unwrap(), tweak)
    }

    /// The same name and key as another authority has, signed by this one.
    pub(crate) fn certify(&self, common_name: &str, key: KeyPair, tweak: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority(common_name);
        tweak(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Self { certificate, key_pem: key.serialize_pem(), issuer: Issuer::new(params, key) }
    }

    pub(crate) fn leaf(&self) -> Leaf {
        self.leaf_with(&[BASE, WILDCARD], |_| {})
    }

    pub(crate) fn leaf_with(&self, names: &[&str], tweak: impl FnOnce(&mut CertificateParams)) -> Leaf {
        self.leaf_for(KeyPair::generate().unwrap(), names, tweak)
    }

    pub(crate) fn leaf_for(&self, key: KeyPair, names: &[&str], tweak: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let params = server(names, tweak);
        Leaf { certificate: params.signed_by(&key, &self.issuer).unwrap(), key }
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }
}

/// What a server's certificate says as a rule.
pub(crate) fn server(names: &[&str], tweak: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = params("", 90);
    params.subject_alt_names = names.iter().map(|name| rcgen::SanType::DnsName((*name).try_into().unwrap())).collect();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    tweak(&mut params);
    params
}

impl Leaf {
    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    pub(crate) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }
}

/// A root, an intermediate, and a server.
pub(crate) struct Chain {
    pub(crate) root: Ca,
    pub(crate) ca: Ca,
    pub(crate) leaf: Leaf,
}

impl Chain {
    pub(crate) fn new() -> Self {
        let root = Ca::root("Acme Root");
        let ca = root.intermediate("Acme Issuing CA 1");
        let leaf = ca.leaf();
        Self { root, ca, leaf }
    }

    pub(crate) fn pem(&self) -> String {
        format!("{}{}", self.leaf.pem(), self.ca.pem())
    }

    /// Judges a file against the chain's own root, with its own key.
    pub(crate) fn judge(&self, file: impl AsRef<[u8]>) -> Judgement {
        Given::new(file).key(self.leaf.key_pem()).ca(&self.root).judge()
    }
}

pub(crate) fn content(name: &str, bytes: impl AsRef<[u8]>) -> Content {
    Content { name: name.to_owned(), bytes: Ok(Zeroizing::new(bytes.as_ref().to_vec())), mode: Some(0o100_600) }
}

/// What is given to the check.
pub(crate) struct Given {
    pub(crate) files: Vec<Content>,
    pub(crate) key: Option<Content>,
    pub(crate) password: Option<Secret<String>>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) authorities: Vec<Content>,
    pub(crate) at: Timestamp,
    pub(crate) form: Form,
    pub(crate) ending: bool,
}

impl Given {
    pub(crate) fn new(file: impl AsRef<[u8]>) -> Self {
        let hosts = [BASE, WILDCARD].map(|name| name.parse().unwrap()).into();
        Self { files: vec![content("tls.crt", file)], key: None, password: None, hosts, authorities: Vec::new(), at: Timestamp::now(), form: Form::AsClients, ending: false }
    }

    pub(crate) fn and_file(mut self, name: &str, file: impl AsRef<[u8]>) -> Self {
        self.files.push(content(name, file));
        self
    }

    pub(crate) fn key(self, key: impl AsRef<[u8]>) -> Self {
        Self { key: Some(content("tls.key", key)), ..self }
    }

    pub(crate) fn password(self, password: &str) -> Self {
        Self { password: Some(Secret::new(password.to_owned())), ..self }
    }

    pub(crate) fn ca(self, root: &Ca) -> Self {
        self.ca_pem(&root.pem())
    }

    pub(crate) fn ca_pem(mut self, pem: &str) -> Self {
        self.authorities.push(content("ca.crt", pem));
        self
    }

    pub(crate) fn at(self, at: Timestamp) -> Self {
        Self { at, ..self }
    }

    pub(crate) fn judge(&self) -> Judgement {
        check(&Request {
            files: &self.files,
            key: self.key.as_ref(),
            password: self.password.as_ref(),
            hosts: &self.hosts,
            authorities: &self.authorities,
            at: self.at,
            form: self.form,
            ending: self.ending,
        })
    }
}

/// A row of the table of bad inputs: what is found, how heavy it weighs, the way out, a part of the sentence, and whose
/// certificate it is about.
pub(crate) struct Row<'a>(pub(crate) &'a str, pub(crate) &'static str, pub(crate) Weight, pub(crate) Way, pub(crate) &'a str, pub(crate) Option<&'a str>);

/// Holds a judgement against its row: an error is the only one, and what only warns or was mended comes without any.
pub(crate) fn holds(row: &Row<'_>, judgement: &Judgement) {
    let Row(item, code, weight, way, says, whose) = row;
    let errors: Vec<&TlsFinding> = judgement.findings.iter().filter(|finding| finding.severity == Weight::Error).collect();
    let wanted = usize::from(*weight == Weight::Error);
    assert_eq!(errors.len(), wanted, "{item}: {:#?}", judgement.findings);
    let matching = |finding: &&TlsFinding| finding.code.0 == *code && finding.severity == *weight && finding.remedy == *way && finding.why.raw().contains(says);
    let found = judgement.findings.iter().find(matching).unwrap_or_else(|| panic!("{item}: no {code} that says `{says}`, remedy {way:?}: {:#?}", judgement.findings));
    let named = found.certificate.as_ref().map(|id| id.subject.raw().to_owned());
    assert!(whose.is_none_or(|whose| named.as_ref().is_some_and(|named| named.contains(whose))), "{item}: speaks of {named:?}, not of {whose:?}");
    assert!(!found.fix.raw().is_empty(), "{item}");
    // Whoever reads it is no programmer of this program.
    assert!(!["Error(", "Some(", "Err(", "{ "].iter().any(|debug| found.why.raw().contains(debug)), "{item}: {}", found.why);
    println!("{item}: {code} ({weight:?}, {way:?})");
}

/// A folder in which `openssl` works.
pub(crate) struct OpenSsl {
    pub(crate) folder: TempDir,
}

impl OpenSsl {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.folder.path().join(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// Runs one command; its words are separated by spaces.
    pub(crate) fn run(&self, line: &str) {
        let output = Command::new("openssl").args(line.split_whitespace()).current_dir(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A server's certificate for a key that openssl makes, signed by an authority of the world.
    pub(crate) fn leaf(&self, genpkey: &str, ca: &Ca, signing: &str) -> (String, String) {
        self.write("ca.pem", ca.pem());
        self.write("ca.key", &ca.key_pem);
        self.write(
            "leaf.cnf",
            format!("subjectAltName=critical,DNS:{BASE},DNS:{WILDCARD}\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"),
        );
        self.run(&format!("{genpkey} -out leaf.key"));
        self.run("req -new -key leaf.key -subj / -out leaf.csr");
        self.run(&format!("x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -days 90 -extfile leaf.cnf {signing} -out leaf.pem"));
        (self.text("leaf.pem"), self.text("leaf.key"))
    }
}

/// Where the issuer's certificate is published (RFC 5280 §4.2.2.1).
pub(crate) fn published_at(url: &str) -> CustomExtension {
    let sized = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
    let method = [0x06, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2];
    let access = sized(0x30, &[&method[..], &sized(0x86, url.as_bytes())].concat());
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], sized(0x30, &access))
}
