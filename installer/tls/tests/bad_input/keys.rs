//! Keys, signatures, and what a certificate was issued for: items 48 to 60.

use airlock_tls::Judgement;
use airlock_tls::Way::{Convert, ExportAgain, GiveKey, GivePassword, GuardKey, NewKey, Reissue};
use airlock_tls::Weight::{Error, Warn};
use p12_keystore::{KeyStore, KeyStoreEntry, PrivateKeyChain};
use rcgen::{CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};

use crate::world::{BASE, Chain, Given, OpenSsl, Row, WILDCARD, content, holds, server};

type Judged = (Row<'static>, Judgement);

pub(crate) fn table() -> Vec<String> {
    let chain = Chain::new();
    let rows: Vec<Judged> = [other_files(&chain), encrypted(&chain), kinds(&chain), pkcs12(&chain), signatures(&chain), purposes(&chain), replies(&chain)].into_iter().flatten().collect();
    for (row, judgement) in &rows {
        holds(row, judgement);
    }
    rows.iter().map(|(row, _)| row.0.to_owned()).collect()
}

fn with_key(chain: &Chain, key: impl AsRef<[u8]>) -> Judgement {
    Given::new(chain.pem()).key(key).ca(&chain.root).judge()
}

fn other_files(chain: &Chain) -> Vec<Judged> {
    let openssl = OpenSsl::new();
    openssl.write("leaf.key", chain.leaf.key_pem());
    openssl.run("req -new -key leaf.key -subj / -out leaf.csr");
    openssl.run("pkey -in leaf.key -pubout -out public.pem");
    let exposed = Given { key: Some(airlock_tls::Content { mode: Some(0o100_644), ..content("tls.key", chain.leaf.key_pem()) }), ..Given::new(chain.pem()).ca(&chain.root) };
    vec![
        (Row("48", "tls.key-mismatch", Error, GiveKey, "to none of the 2 certificates", Some(BASE)), with_key(chain, KeyPair::generate().unwrap().serialize_pem())),
        (Row("49 certificate", "tls.key-unreadable", Error, GiveKey, "no private key but a certificate", None), with_key(chain, chain.pem())),
        (Row("49 public key", "tls.key-unreadable", Error, GiveKey, "a public key", None), with_key(chain, openssl.read("public.pem"))),
        (Row("49 CSR", "tls.key-unreadable", Error, GiveKey, "certificate request", None), with_key(chain, openssl.read("leaf.csr"))),
        (Row("49 empty", "tls.file-empty", Error, ExportAgain, "tls.key is empty", None), with_key(chain, "")),
        (Row("52", "tls.key-unreadable", Error, GiveKey, "SSH key, not a TLS key", None), with_key(chain, "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n")),
        (Row("53", "tls.key-unreadable", Error, GiveKey, "holds 2 private keys", None), with_key(chain, format!("{}{}", chain.leaf.key_pem(), KeyPair::generate().unwrap().serialize_pem()))),
        (Row("56", "tls.key-exposed", Warn, GuardKey, "mode is 0644", None), exposed.judge()),
    ]
}

fn encrypted(chain: &Chain) -> Vec<Judged> {
    let openssl = OpenSsl::new();
    openssl.write("leaf.key", chain.leaf.key_pem());
    openssl.run("pkcs8 -topk8 -in leaf.key -passout pass:geheim -out pbes2.key");
    openssl.run("pkcs8 -topk8 -v2 des3 -v2prf hmacWithSHA1 -in leaf.key -passout pass:geheim -out des3.key");
    openssl.run("pkcs8 -topk8 -v1 PBE-SHA1-3DES -in leaf.key -passout pass:geheim -out pbes1.key");
    openssl.run("ec -in leaf.key -aes128 -passout pass:geheim -out old.key");
    let right = Given::new(chain.pem()).key(openssl.read("pbes2.key")).password("geheim").ca(&chain.root).judge();
    assert!(right.findings.is_empty(), "{:?}", right.findings);
    let older = Given::new(chain.pem()).key(openssl.read("des3.key")).password("geheim").ca(&chain.root).judge();
    assert!(older.findings.is_empty(), "{:?}", older.findings);
    let wrong = Given::new(chain.pem()).key(openssl.read("pbes2.key")).password("falsch").ca(&chain.root).judge();
    assert!(!format!("{:?}", wrong.findings).contains("falsch"));
    vec![
        (Row("50", "tls.password-missing", Error, GivePassword, "tls.key is encrypted", None), with_key(chain, openssl.read("pbes2.key"))),
        (Row("50 wrong", "tls.password-wrong", Error, GivePassword, "password for tls.key is wrong", None), wrong),
        (Row("51 PBES1", "tls.encryption-old", Error, Convert, "no longer safe", None), with_key(chain, openssl.read("pbes1.key"))),
        (Row("51 Proc-Type", "tls.encryption-old", Error, Convert, "no longer safe", None), with_key(chain, openssl.read("old.key"))),
    ]
}

fn kinds(chain: &Chain) -> Vec<Judged> {
    let openssl = OpenSsl::new();
    let made = |line: &str| {
        openssl.run(&format!("{line} -out made.key"));
        openssl.read("made.key")
    };
    let refused = |item, says, line: &str| (Row(item, "tls.key-unusable", Error, NewKey, says, None), with_key(chain, made(line)));
    openssl.run("dsaparam -out dsa.pem 2048");
    let mut rows = vec![
        refused("54 RSA-1024", "RSA key of 1024 bits", "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024"),
        refused("54 P-224", "the curve P-224", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp224r1"),
        refused("54 secp256k1", "the curve secp256k1", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1"),
        refused("54 RSA-PSS", "for PSS alone", "genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048"),
        refused("54 DSA", "a DSA key", "genpkey -paramfile dsa.pem"),
        (
            Row("54 EC explicit", "tls.key-unusable", Error, Convert, "instead of naming it", None),
            with_key(chain, made("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -pkeyopt ec_param_enc:explicit")),
        ),
    ];
    for kind in ["EC -pkeyopt ec_paramgen_curve:secp384r1", "EC -pkeyopt ec_paramgen_curve:secp521r1", "RSA -pkeyopt rsa_keygen_bits:2048"] {
        let (leaf, key) = openssl.leaf(&format!("genpkey -algorithm {kind}"), &chain.ca, "");
        let judgement = Given::new(format!("{leaf}{}", chain.ca.pem())).key(key).ca(&chain.root).judge();
        assert!(judgement.findings.is_empty(), "{kind}: {:?}", judgement.findings);
    }
    let (leaf, key) = openssl.leaf("genpkey -algorithm ED25519", &chain.ca, "");
    rows.push((Row("55", "tls.key-unusual", Warn, NewKey, "Ed25519", Some(BASE)), Given::new(format!("{leaf}{}", chain.ca.pem())).key(key).ca(&chain.root).judge()));
    rows.extend(certified(chain, &openssl));
    rows
}

/// The same keys in certificates, whose own keys are not at hand.
fn certified(chain: &Chain, openssl: &OpenSsl) -> Vec<Judged> {
    let kinds = [
        ("54 certificate RSA-1024", "its RSA key has 1024 bits", "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024"),
        ("54 certificate P-224", "elliptic curve is none of those", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp224r1"),
        ("54 certificate secp256k1", "elliptic curve is none of those", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1"),
        ("54 certificate EC explicit", "elliptic curve is none of those", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -pkeyopt ec_param_enc:explicit"),
        ("54 certificate RSA-PSS", "of the kind 1.2.840.113549.1.1.10", "genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048"),
        ("54 certificate DSA", "of the kind 1.2.840.10040.4.1", "genpkey -paramfile dsa.pem"),
    ];
    let judged = |(item, says, kind)| {
        let (leaf, _) = openssl.leaf(kind, &chain.ca, "");
        (Row(item, "tls.weak-key", Error, NewKey, says, Some(BASE)), Given::new(format!("{leaf}{}", chain.ca.pem())).ca(&chain.root).judge())
    };
    kinds.map(judged).into()
}

/// Two servers with their keys in one file, as a keystore of Java holds them.
fn keystore(chain: &Chain) -> Vec<u8> {
    let mut store = KeyStore::new();
    for (name, leaf) in [("new", &chain.leaf), ("old", &chain.ca.leaf())] {
        let certificates = [leaf.certificate.der(), chain.ca.certificate.der()].map(|der| p12_keystore::Certificate::from_der(der).unwrap());
        let key = p12_keystore::PrivateKey::from_der(&leaf.key.serialize_der()).unwrap();
        store.add_entry(name, KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new(name, key, certificates)));
    }
    store.writer("geheim").write().unwrap()
}

fn pkcs12(chain: &Chain) -> Vec<Judged> {
    let openssl = OpenSsl::new();
    openssl.write("leaf.pem", chain.leaf.pem());
    openssl.write("leaf.key", chain.leaf.key_pem());
    openssl.write("ca.pem", chain.ca.pem());
    openssl.run("pkcs12 -export -in leaf.pem -inkey leaf.key -certfile ca.pem -passout pass:geheim -out new.p12");
    openssl.run("pkcs12 -export -legacy -in leaf.pem -inkey leaf.key -certfile ca.pem -passout pass:geheim -out rc2.p12");
    openssl.run("pkcs12 -export -nokeys -in leaf.pem -certfile ca.pem -passout pass:geheim -out nokey.p12");
    let judge = |file: &str, password| Given::new(openssl.read(file)).password(password).ca(&chain.root).judge();
    for file in ["new.p12", "rc2.p12", "nokey.p12"] {
        let judgement = judge(file, "geheim");
        assert_eq!((judgement.error(), judgement.chain.len()), (None, 2), "{file}");
    }
    let as_key = |file: Vec<u8>| Given::new(chain.pem()).key(file).password("geheim").ca(&chain.root).judge();
    let two = keystore(chain);
    vec![
        (Row("57", "tls.password-wrong", Error, GivePassword, "password for tls.crt is wrong", None), judge("new.p12", "falsch")),
        (Row("57 RC2", "tls.password-wrong", Error, GivePassword, "password for tls.crt is wrong", None), judge("rc2.p12", "falsch")),
        (Row("57 no key", "tls.key-unreadable", Error, ExportAgain, "certificates but no private key", None), as_key(openssl.read("nokey.p12"))),
        (Row("57 two keys", "tls.key-unreadable", Error, ExportAgain, "holds 2 private keys", None), as_key(two.clone())),
        (Row("57 two keys beside", "tls.key-unreadable", Error, ExportAgain, "2 private keys stand beside the certificates", None), Given::new(two).password("geheim").ca(&chain.root).judge()),
    ]
}

fn signatures(chain: &Chain) -> Vec<Judged> {
    let openssl = OpenSsl::new();
    let judge = |signing: &str| {
        let (leaf, key) = openssl.leaf("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1", &chain.ca, signing);
        Given::new(format!("{leaf}{}", chain.ca.pem())).key(key).ca(&chain.root).judge()
    };
    let rsa = |hash: &str| {
        openssl.run("req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -subj /CN=Rsa -days 900 -out rsa.pem");
        openssl.write("leaf.cnf", format!("subjectAltName=critical,DNS:{BASE},DNS:{WILDCARD}\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n"));
        openssl.run("req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout leaf.key -subj / -out leaf.csr");
        openssl.run(&format!("x509 -req -in leaf.csr -CA rsa.pem -CAkey rsa.key -days 90 -extfile leaf.cnf -{hash} -out leaf.pem"));
        Given::new(openssl.read("leaf.pem")).key(openssl.read("leaf.key")).ca_pem(&openssl.text("rsa.pem")).judge()
    };
    vec![
        (Row("58 SHA-1", "tls.weak-signature", Error, Reissue, "SHA-1", Some(BASE)), judge("-sha1")),
        (Row("58 SHA-1 RSA", "tls.weak-signature", Error, Reissue, "SHA-1", Some(BASE)), rsa("sha1")),
        (Row("58 MD5", "tls.weak-signature", Error, Reissue, "MD5", Some(BASE)), rsa("md5")),
    ]
}

fn purposes(chain: &Chain) -> Vec<Judged> {
    let judge = |tweak: &dyn Fn(&mut rcgen::CertificateParams)| {
        let leaf = chain.ca.leaf_with(&[BASE, WILDCARD], tweak);
        Given::new(format!("{}{}", leaf.pem(), chain.ca.pem())).key(leaf.key_pem()).ca(&chain.root).judge()
    };
    let key = KeyPair::generate().unwrap();
    let own = server(&[BASE, WILDCARD], |_| {}).self_signed(&key).unwrap();
    let openssl = OpenSsl::new();
    openssl.write("ca.pem", chain.ca.pem());
    openssl.write("ca.key", &chain.ca.key_pem);
    openssl.run("req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout v1.key -subj /CN=apps.example.com -out v1.csr");
    openssl.run("x509 -req -in v1.csr -CA ca.pem -CAkey ca.key -days 90 -out v1.pem");
    let version_1 = Given::new(format!("{}{}", openssl.text("v1.pem"), chain.ca.pem())).key(openssl.read("v1.key")).ca(&chain.root).judge();
    openssl.run("req -x509 -newkey rsa:2048 -nodes -keyout quick.key -subj /CN=Quick -days 3650 -out quick.pem");
    let quick = Given::new(openssl.read("quick.pem")).key(openssl.read("quick.key")).ca(&chain.root).judge();
    // `TLSFeatures { status_request }` (RFC 7633 §4).
    let staple = || CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], vec![0x30, 3, 2, 1, 5]);
    let not_for = |item, says| Row(item, "tls.not-for-servers", Error, Reissue, says, Some(BASE));
    vec![
        (
            not_for("59 CA", "one of an authority"),
            judge(&|params| {
                params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            }),
        ),
        (not_for("59 keyCertSign", "one of an authority"), judge(&|params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign])),
        (not_for("59 clientAuth", "is for clients"), judge(&|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth])),
        (not_for("59 key usage", "may not sign"), judge(&|params| params.key_usages = vec![KeyUsagePurpose::KeyEncipherment])),
        (Row("59 must-staple", "tls.must-staple", Error, Reissue, "must-staple", Some(BASE)), judge(&|params| params.custom_extensions.push(staple()))),
        (Row("59 self-signed", "tls.self-signed", Error, Reissue, "its own key", Some(BASE)), Given::new(own.pem()).key(key.serialize_pem()).ca(&chain.root).judge()),
        (Row("59 self-signed by openssl", "tls.not-for-servers", Error, Reissue, "signed with its own key", Some("Quick")), quick),
        (Row("59 version 1", "tls.version-old", Error, Reissue, "version 1", Some("apps.example.com")), version_1),
    ]
}

/// Item 60: what a certificate authority of a company makes of a request.
fn replies(chain: &Chain) -> Vec<Judged> {
    let request = KeyPair::generate().unwrap();
    let dropped = chain.ca.leaf_for(KeyPair::from_pem(&request.serialize_pem()).unwrap(), &["Apps"], |_| {});
    vec![
        (Row("60 other key", "tls.key-mismatch", Error, GiveKey, "is for the key with SHA-256", Some(BASE)), with_key(chain, request.serialize_pem())),
        (
            Row("60 SANs dropped", "tls.name-not-covered", Error, Reissue, "covers Apps, not apps.example.com, *.apps.example.com", Some("Apps")),
            Given::new(format!("{}{}", dropped.pem(), chain.ca.pem())).key(request.serialize_pem()).ca(&chain.root).judge(),
        ),
    ]
}
