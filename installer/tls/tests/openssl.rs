//! OpenSSL, a reader that we did not write, agrees about what we issue.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use airlock_tls::{Authorities, Authority, AuthorityError, ChainError, Issued, certificate_facts, certificates_from_pem, verify_served};
use jiff::Timestamp;
use tempfile::TempDir;

const DAY: Duration = Duration::from_hours(24);

struct Issuance {
    folder: TempDir,
    authority: Authority,
    issued: Issued,
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn issuance() -> Issuance {
    let now = Timestamp::now();
    let authority = Authority::generate("Airlock base domain", &names(&["platform.example.com"]), 3650 * DAY, now).unwrap();
    let issued = authority.issue(&names(&["platform.example.com", "*.platform.example.com"]), 90 * DAY, now).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), authority.certificate_pem()).unwrap();
    std::fs::write(folder.path().join("leaf.pem"), &issued.chain_pem).unwrap();
    std::fs::write(folder.path().join("leaf.key"), issued.key_pem.expose()).unwrap();
    Issuance { folder, authority, issued }
}

impl Issuance {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn verify(&self, file: &Path, wanted: &[&str]) -> Output {
        let mut command = Command::new("openssl");
        command.args(["verify", "-x509_strict", "-purpose", "sslserver", "-no-CApath", "-no-CAstore", "-CAfile"]).arg(self.path("ca.pem")).args(wanted).arg(file);
        command.output().unwrap()
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_base_and_one_label_below_it_are_believed() {
    let issuance = issuance();
    for name in ["platform.example.com", "registry.platform.example.com"] {
        let output = issuance.verify(&issuance.path("leaf.pem"), &["-verify_hostname", name]);
        assert!(output.status.success(), "{name}: {}", said(&output));
    }
}

#[test]
fn other_names_and_addresses_are_not() {
    let issuance = issuance();
    for wanted in [["-verify_hostname", "other.org"], ["-verify_hostname", "a.b.platform.example.com"], ["-verify_ip", "192.0.2.1"]] {
        let output = issuance.verify(&issuance.path("leaf.pem"), &wanted);
        assert!(!output.status.success() && said(&output).contains("mismatch"), "{wanted:?}: {}", said(&output));
    }
}

/// Signs with the authority's key behind its back, as somebody would who has stolen it.
fn forged(issuance: &Issuance, san: &str) -> Output {
    std::fs::write(issuance.path("ca.key"), issuance.authority.key_pem().expose()).unwrap();
    std::fs::write(
        issuance.path("san.cnf"),
        format!("subjectAltName=critical,{san}\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\nbasicConstraints=CA:FALSE\n"),
    )
    .unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(issuance.folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    };
    run(&["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "forged.key", "-subj", "/", "-out", "forged.csr"]);
    run(&["x509", "-req", "-in", "forged.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "30", "-extfile", "san.cnf", "-out", "forged.pem"]);
    issuance.verify(&issuance.path("forged.pem"), &[])
}

#[test]
fn even_the_authority_s_own_key_cannot_vouch_for_others() {
    let issuance = issuance();
    let allowed = forged(&issuance, "DNS:x.platform.example.com");
    assert!(allowed.status.success(), "the control: {}", said(&allowed));
    for (san, why) in [
        ("DNS:other.org", "permitted subtree violation"),
        ("DNS:xplatform.example.com", "permitted subtree violation"),
        ("IP:192.0.2.1", "excluded subtree violation"),
        ("IP:2001:db8::1", "excluded subtree violation"),
    ] {
        let output = forged(&issuance, san);
        assert!(!output.status.success() && said(&output).contains(why), "{san}: {}", said(&output));
        let chain = certificates_from_pem(&std::fs::read(issuance.path("forged.pem")).unwrap()).unwrap();
        let authorities = Authorities::from_pem(issuance.authority.certificate_pem()).unwrap();
        let name = san.split_once(':').unwrap().1;
        let judged = verify_served(&chain, name, &authorities, Timestamp::now());
        assert!(matches!(&judged, Err(ChainError::Refused(finding)) if finding.code.0 == "tls.outside-authority"), "{san}: {judged:?}");
    }
}

#[test]
fn openssl_reads_what_the_facts_say() {
    let issuance = issuance();
    let facts = certificate_facts(issuance.issued.chain_pem.as_bytes(), issuance.issued.key_pem.expose().as_bytes()).unwrap();
    let output = Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-subject", "-startdate", "-enddate", "-ext", "subjectAltName,extendedKeyUsage,authorityKeyIdentifier", "-in"])
        .arg(issuance.path("leaf.pem"))
        .output()
        .unwrap();
    let text = said(&output);
    let fingerprint = text.lines().next().unwrap().split_once('=').unwrap().1.replace(':', "").to_ascii_lowercase();
    assert_eq!(fingerprint, facts.fingerprint.hex());
    assert_eq!(facts.names, ["platform.example.com", "*.platform.example.com"]);
    assert!(text.contains("DNS:platform.example.com, DNS:*.platform.example.com") && text.contains("TLS Web Server Authentication") && text.contains("X509v3 Authority Key Identifier"), "{text}");
    let end = facts.not_after.strftime("notAfter=%b %e %H:%M:%S %Y GMT").to_string();
    assert!(text.contains(&end), "{end} in {text}");
    assert!(facts.key_matches && !facts.authority);
    assert!(facts.not_after.duration_since(facts.not_before) > jiff::SignedDuration::from_hours(90 * 24), "validity begins before now");
}

#[test]
fn an_authority_read_back_signs_for_the_same_chain() {
    let Issuance { authority, issued, .. } = issuance();
    let again = Authority::from_pem(authority.certificate_pem().as_bytes(), authority.key_pem().expose().as_bytes()).unwrap();
    let second = again.issue(&names(&["x.platform.example.com"]), DAY, Timestamp::now()).unwrap();
    let authorities = Authorities::from_pem(authority.certificate_pem()).unwrap();
    let chain = certificates_from_pem(second.chain_pem.as_bytes()).unwrap();
    verify_served(&chain, "x.platform.example.com", &authorities, Timestamp::now()).unwrap();
    let of_authority = certificate_facts(authority.certificate_pem().as_bytes(), authority.key_pem().expose().as_bytes()).unwrap();
    let of_leaf = certificate_facts(issued.chain_pem.as_bytes(), issued.key_pem.expose().as_bytes()).unwrap();
    assert_eq!(Some(of_authority.key_fingerprint), of_leaf.issuer_fingerprint);
    assert_eq!((of_authority.authority, of_authority.permitted), (true, names(&["platform.example.com"])));
}

#[test]
fn a_leaf_ends_with_its_authority() {
    let now = Timestamp::now();
    let authority = Authority::generate("short", &names(&["example.com"]), 10 * DAY, now).unwrap();
    let issued = authority.issue(&names(&["example.com"]), 90 * DAY, now).unwrap();
    let facts = certificate_facts(issued.chain_pem.as_bytes(), issued.key_pem.expose().as_bytes()).unwrap();
    assert_eq!(facts.not_after.as_second(), (now + 10 * DAY).as_second());
    assert!(matches!(authority.issue(&names(&["example.com"]), DAY, now + 11 * DAY), Err(AuthorityError::Expired(_))));
}

#[test]
fn names_of_services_inside_a_cluster_can_be_signed() {
    let now = Timestamp::now();
    let permitted = names(&["registry", "svc", "cluster.local"]);
    let authority = Authority::generate("Airlock internal", &permitted, 3650 * DAY, now).unwrap();
    let wanted = ["registry", "registry.airlock.svc", "registry.airlock.svc.cluster.local"];
    let issued = authority.issue(&names(&wanted), 90 * DAY, now).unwrap();
    let chain = certificates_from_pem(issued.chain_pem.as_bytes()).unwrap();
    let authorities = Authorities::from_pem(authority.certificate_pem()).unwrap();
    for name in wanted {
        verify_served(&chain, name, &authorities, now).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), authority.certificate_pem()).unwrap();
    std::fs::write(folder.path().join("leaf.pem"), &issued.chain_pem).unwrap();
    let issuance = Issuance { folder, authority, issued };
    for name in wanted {
        let output = issuance.verify(&issuance.path("leaf.pem"), &["-verify_hostname", name]);
        assert!(output.status.success(), "{name}: {}", said(&output));
    }
}

#[test]
fn what_an_authority_may_not_sign_is_refused_before_it_is_signed() {
    let now = Timestamp::now();
    let authority = Authority::generate("a", &names(&["example.com"]), 10 * DAY, now).unwrap();
    let refused = |wanted: &[&str]| authority.issue(&names(wanted), DAY, now).err().unwrap();
    assert!(matches!(refused(&["badexample.com"]), AuthorityError::Outside { .. }));
    assert!(matches!(refused(&["example.com", "example.org"]), AuthorityError::Outside { .. }));
    for name in ["192.0.2.1", "a.*.example.com", "*a.example.com", "A.example.com", "a..example.com", "-a.example.com", ""] {
        assert!(matches!(refused(&[name]), AuthorityError::NotDnsName(_)), "{name}");
    }
    assert!(matches!(refused(&[]), AuthorityError::NoName));
    assert!(matches!(Authority::generate("a", &[], DAY, now), Err(AuthorityError::Unconstrained)));
    assert!(matches!(Authority::generate("a", &names(&["*.example.com"]), DAY, now), Err(AuthorityError::NotDnsName(_))));
}

#[test]
fn an_authority_with_another_s_key_or_none_is_not_read() {
    let Issuance { authority, issued, .. } = issuance();
    let other = issuance().authority;
    let read = |certificate: &str, key: &str| Authority::from_pem(certificate.as_bytes(), key.as_bytes()).err().unwrap();
    assert!(matches!(read(authority.certificate_pem(), other.key_pem().expose()), AuthorityError::WrongKey));
    assert!(matches!(read(&issued.chain_pem, issued.key_pem.expose()), AuthorityError::NotAnAuthority));
    assert!(matches!(read(authority.certificate_pem(), ""), AuthorityError::Unreadable(_)));
    assert!(matches!(read("", authority.key_pem().expose()), AuthorityError::Unreadable(_)));
}
