//! What is wrong with a chain is said with whose certificate it is and what to look at.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::Command;
use std::time::Duration;

use airlock_tls::{
    Authorities, Authority, CertificateError, ChainError, Expected, Form, PrivateKey, Purpose, TlsFinding, certificate_facts, certificates_from_pem, served_facts, validate, verify_served,
};
use jiff::Timestamp;
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

const DAY: Duration = Duration::from_hours(24);

fn authority(now: Timestamp, lifetime: Duration) -> Authority {
    Authority::generate("Airlock base domain", &["example.com".to_owned()], lifetime, now).unwrap()
}

/// Why a chain is refused.
fn refusal(judged: Result<(), ChainError>) -> TlsFinding {
    match judged {
        Err(ChainError::Refused(finding)) => *finding,
        other => panic!("{other:?}"),
    }
}

fn said(judged: Result<(), ChainError>, code: &str, says: &str) {
    let finding = refusal(judged);
    assert!(finding.code.0 == code && finding.why.raw().contains(says), "{finding:?}");
}

fn leaf(authority: &Authority, now: Timestamp) -> Vec<CertificateDer<'static>> {
    let issued = authority.issue(&["a.example.com".to_owned()], 90 * DAY, now).unwrap();
    certificates_from_pem(issued.chain_pem.as_bytes()).unwrap()
}

fn trusted(authority: &Authority) -> Authorities {
    Authorities::from_pem(authority.certificate_pem()).unwrap()
}

#[test]
fn an_expired_server_is_named_with_its_date() {
    let now = Timestamp::now();
    let authority = authority(now, 3650 * DAY);
    let chain = leaf(&authority, now);
    let judged = verify_served(&chain, "a.example.com", &trusted(&authority), now + 91 * DAY);
    let finding = refusal(judged);
    let end = Timestamp::from_second((now + 90 * DAY).as_second()).unwrap();
    assert_eq!((finding.code.0, finding.certificate.unwrap().subject.raw()), ("tls.expired", "a.example.com"));
    assert!(finding.why.raw().contains(&format!("expired on {end}")), "{}", finding.why);
}

#[test]
fn a_clock_that_is_behind_is_told_from_when_on() {
    let now = Timestamp::now();
    let authority = authority(now - 10 * DAY, 3650 * DAY);
    let chain = leaf(&authority, now);
    let judged = verify_served(&chain, "a.example.com", &trusted(&authority), now - 2 * DAY);
    said(judged, "tls.not-yet-valid", "`a.example.com`");
}

/// A certificate as our own authority never makes one: with this end, whatever the authority's own.
fn outliving(authority: &Authority, end: OffsetDateTime) -> Vec<CertificateDer<'static>> {
    let issuer = Issuer::from_ca_cert_pem(authority.certificate_pem(), KeyPair::from_pem(authority.key_pem().expose()).unwrap()).unwrap();
    let mut params = CertificateParams::new(vec!["a.example.com".to_owned()]).unwrap();
    params.not_after = end;
    vec![params.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().der().clone()]
}

#[test]
fn an_expired_authority_vouches_for_nobody() {
    let long_ago = Timestamp::now() - 100 * DAY;
    let old = authority(long_ago, 50 * DAY);
    let chain = outliving(&old, OffsetDateTime::now_utc() + 50 * DAY);
    verify_served(&chain, "a.example.com", &trusted(&old), long_ago).unwrap();
    let judged = verify_served(&chain, "a.example.com", &trusted(&old), Timestamp::now());
    said(judged, "tls.expired", "`CN=Airlock base domain`");
}

#[test]
fn a_name_that_is_not_covered_is_shown_beside_those_that_are() {
    let now = Timestamp::now();
    let authority = authority(now, 3650 * DAY);
    let judged = verify_served(&leaf(&authority, now), "b.example.com", &trusted(&authority), now);
    said(judged, "tls.name-not-covered", "covers a.example.com, not b.example.com");
    let judged = verify_served(&leaf(&authority, now), "not a name", &trusted(&authority), now);
    said(judged, "tls.name-invalid", "`not a name`");
}

#[test]
fn the_missing_issuer_is_named() {
    let now = Timestamp::now();
    let (mine, other) = (authority(now, 3650 * DAY), authority(now, 3650 * DAY));
    let judged = verify_served(&leaf(&mine, now)[..1], "a.example.com", &Authorities::from_pem(&foreign()).unwrap(), now);
    said(judged, "tls.issuer-missing", "issuer `CN=Airlock base domain`");
    let same_name = verify_served(&leaf(&mine, now)[..1], "a.example.com", &trusted(&other), now);
    said(same_name, "tls.issuer-missing", "issuer `CN=Airlock base domain`");
}

fn foreign() -> String {
    Authority::generate("somebody else", &["example.org".to_owned()], DAY, Timestamp::now()).unwrap().certificate_pem().to_owned()
}

#[test]
fn an_empty_chain_is_no_chain() {
    let now = Timestamp::now();
    let authority = authority(now, DAY);
    said(verify_served(&[], "a.example.com", &trusted(&authority), now), "tls.no-certificate", "no certificate");
    assert!(matches!(served_facts(&[]), Err(CertificateError::NoCertificate)));
}

#[test]
fn a_stored_chain_whose_parts_do_not_belong_together_has_no_facts() {
    let now = Timestamp::now();
    let (one, two) = (authority(now, DAY), authority(now, DAY));
    let issued = one.issue(&["a.example.com".to_owned()], DAY, now).unwrap();
    let key = issued.key_pem.expose().as_bytes();
    let leaf = issued.chain_pem.split_inclusive("-----END CERTIFICATE-----\n").next().unwrap();
    let mixed = format!("{leaf}{}", two.certificate_pem());
    assert!(matches!(certificate_facts(mixed.as_bytes(), key), Err(CertificateError::NotItsIssuer { position: 2 })));
    assert_eq!(certificate_facts(leaf.as_bytes(), key).unwrap().issuer_fingerprint, None, "a leaf alone does not say who signed it");
    assert!(!certificate_facts(issued.chain_pem.as_bytes(), two.key_pem().expose().as_bytes()).unwrap().key_matches);
    assert!(matches!(certificate_facts(issued.chain_pem.as_bytes(), b""), Err(CertificateError::KeyCount(0))));
    assert!(matches!(certificate_facts(b"", key), Err(CertificateError::NoCertificate)));
}

/// Made by OpenSSL, for kinds of keys that our own authority never makes.
fn by_openssl(key: &[&str]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&[&["genpkey", "-out", "key.pem"], key].concat());
    run(&["req", "-new", "-key", "key.pem", "-subj", "/CN=weak", "-addext", "subjectAltName=DNS:a.example.com", "-addext", "extendedKeyUsage=serverAuth", "-out", "csr.pem"]);
    let authority = authority(Timestamp::now(), 3650 * DAY);
    std::fs::write(folder.path().join("ca.pem"), authority.certificate_pem()).unwrap();
    std::fs::write(folder.path().join("ca.key"), authority.key_pem().expose()).unwrap();
    run(&["x509", "-req", "-in", "csr.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-copy_extensions", "copy", "-days", "30", "-out", "leaf.pem"]);
    (std::fs::read_to_string(folder.path().join("leaf.pem")).unwrap(), authority.certificate_pem().to_owned())
}

#[test]
fn weak_keys_are_refused_though_the_path_is_right() {
    for (key, says) in [(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"][..], "1024 bits"), (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"][..], "elliptic curve")] {
        let (leaf, authority) = by_openssl(key);
        let chain = certificates_from_pem(leaf.as_bytes()).unwrap();
        let judged = verify_served(&chain, "a.example.com", &Authorities::from_pem(&authority).unwrap(), Timestamp::now());
        said(judged, "tls.weak-key", says);
    }
    let (leaf, authority) = by_openssl(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    let chain = certificates_from_pem(leaf.as_bytes()).unwrap();
    verify_served(&chain, "a.example.com", &Authorities::from_pem(&authority).unwrap(), Timestamp::now()).unwrap();
}

#[test]
fn a_certificate_without_end_has_one_that_can_be_written() {
    let never = OffsetDateTime::from_unix_timestamp(253_402_300_799).unwrap();
    let authority = authority(Timestamp::now(), DAY);
    let chain = outliving(&authority, never);
    assert_eq!(served_facts(&chain).unwrap().not_after, Timestamp::MAX, "99991231235959Z lies beyond what a timestamp holds");
    verify_served(&chain, "a.example.com", &trusted(&authority), Timestamp::now()).unwrap();
}

/// As `install` and `tls check` judge a pair: with its key, for the base domain and what lies below it. `tests/e2e/bench tls` prints it, optimised.
#[test]
fn a_chain_is_validated_within_milliseconds() {
    let now = Timestamp::now();
    let authority = authority(now, 3650 * DAY);
    let issued = authority.issue(&["a.example.com".to_owned(), "*.a.example.com".to_owned()], 90 * DAY, now).unwrap();
    let (chain, key) = (certificates_from_pem(issued.chain_pem.as_bytes()).unwrap(), PrivateKey::from_pem(issued.key_pem.expose().as_bytes()).unwrap());
    let (authorities, hosts) = (trusted(&authority), ["a.example.com", "*.a.example.com"].map(|host| host.parse().unwrap()));
    let expected = Expected { hosts: &hosts, authorities: &authorities, at: now, purpose: Purpose::Private, form: Form::AsClients, ending: false, longest: None };
    let rounds = 100;
    let began = std::time::Instant::now();
    for _ in 0..rounds {
        assert_eq!(validate(&chain, Some(&key), &expected).error(), None);
    }
    let each = began.elapsed() / rounds;
    println!("validation of a chain: {:.2} ms", each.as_secs_f64() * 1000.0);
    // Optimised it takes a fraction; this only tells a rule that is written badly.
    assert!(each < Duration::from_millis(100), "{each:?}");
}

#[test]
fn what_our_own_authority_issues_breaks_no_rule_of_form() {
    let now = Timestamp::now();
    let authority = authority(now, 3650 * DAY);
    let (chain, authorities) = (leaf(&authority, now), trusted(&authority));
    let hosts = ["a.example.com".parse().unwrap()];
    for purpose in [Purpose::Private, Purpose::Public] {
        let judgement = validate(&chain, None, &Expected { hosts: &hosts, authorities: &authorities, at: now, purpose, form: Form::ToTheLetter, ending: false, longest: Some(0) });
        let codes: Vec<&str> = judgement.findings.iter().map(|finding| finding.code.0).collect();
        assert_eq!((codes.as_slice(), judgement.chain.len()), (&["tls.root-left-out"][..], 1), "{purpose:?}: {:?}", judgement.findings);
    }
}
