//! What becomes of things that are handed over: the pair that is stored, or nothing.

use airlock_tls::{Request, Supplied, certificate_facts, supplied};

use super::world::{BASE, Chain, Given, OpenSsl, content};

impl Given {
    fn supply(&self) -> Supplied {
        supplied(&Request {
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

fn codes(supplied: &Supplied) -> Vec<&'static str> {
    supplied.judgement.findings.iter().filter(|finding| finding.severity == airlock_tls::Weight::Error).map(|finding| finding.code.0).collect()
}

/// The chain and the key as they are stored: a whole pair that any server reads.
fn pair(supplied: Supplied) -> (String, String) {
    let told = format!("{:#?}", supplied.judgement.findings);
    let pair = supplied.pair.unwrap_or_else(|| panic!("{told}"));
    let facts = certificate_facts(pair.chain_pem.as_bytes(), pair.key_pem.expose().as_bytes()).unwrap();
    assert!(facts.key_matches && facts.names.iter().any(|name| name == BASE), "{facts:?}");
    let key = pair.key_pem.expose().clone();
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----\n"), "keys are stored as PKCS#8 without encryption");
    (pair.chain_pem, key)
}

#[test]
fn a_chain_is_stored_in_its_order_without_the_root() {
    let chain = Chain::new();
    let shuffled = format!("{}{}{}", chain.root.pem(), chain.ca.pem(), chain.leaf.pem());
    let (stored, _) = pair(Given::new(shuffled).key(chain.leaf.key_pem()).ca(&chain.root).supply());
    let same = |text: &str| text.replace(['\r', '\n'], "");
    assert_eq!(same(&stored), same(&chain.pem()));
}

#[test]
fn an_issuer_that_stands_among_the_authorities_is_sent_along() {
    let chain = Chain::new();
    let named = format!("{}{}", chain.ca.pem(), chain.root.pem());
    let (stored, _) = pair(Given::new(chain.leaf.pem()).key(chain.leaf.key_pem()).ca_pem(&named).supply());
    assert_eq!(stored.matches("BEGIN CERTIFICATE").count(), 2, "who believes the root alone needs it");
}

#[test]
fn a_key_of_any_form_is_stored_as_pkcs8() {
    let (ssl, chain) = (OpenSsl::new(), Chain::new());
    let makes = [
        ("P-256", "ecparam -name prime256v1 -genkey -noout", "BEGIN EC PRIVATE KEY"),
        ("P-521", "ecparam -name secp521r1 -genkey -noout", "BEGIN EC PRIVATE KEY"),
        ("RSA", "genrsa -traditional 2048", "BEGIN RSA PRIVATE KEY"),
        ("RSA, PKCS#8", "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", "BEGIN PRIVATE KEY"),
        ("Ed25519", "genpkey -algorithm ED25519", "BEGIN PRIVATE KEY"),
    ];
    for (what, make, form) in makes {
        // `genrsa` takes its size last.
        let line = make.strip_suffix(" 2048").map_or_else(|| format!("{make} -out leaf.key"), |make| format!("{make} -out leaf.key 2048"));
        ssl.run(&line);
        assert!(ssl.text("leaf.key").contains(form), "{what}");
        let key = ssl.text("leaf.key");
        ssl.write("kept.key", &key);
        let (leaf, _) = ssl.leaf("pkey -in kept.key", &chain.ca, "");
        let (_, stored) = pair(Given::new(format!("{leaf}{}", chain.ca.pem())).key(&key).ca(&chain.root).supply());
        ssl.write("stored.key", &stored);
        ssl.run("pkey -in stored.key -check -noout");
        ssl.run("pkey -in stored.key -pubout -out stored.pub");
        ssl.run("pkey -in kept.key -pubout -out kept.pub");
        assert_eq!(ssl.text("stored.pub"), ssl.text("kept.pub"), "{what}");
    }
}

#[test]
fn an_encrypted_key_and_a_pkcs12_file_are_stored_opened() {
    let (ssl, chain) = (OpenSsl::new(), Chain::new());
    let (leaf, key) = ssl.leaf("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256", &chain.ca, "");
    ssl.run("pkcs8 -topk8 -v2 aes-256-cbc -in leaf.key -out leaf.enc -passout pass:geheim");
    let whole = format!("{leaf}{}", chain.ca.pem());
    let (_, stored) = pair(Given::new(&whole).key(ssl.text("leaf.enc")).password("geheim").ca(&chain.root).supply());
    assert_eq!(stored, key);
    ssl.write("chain.pem", &whole);
    ssl.run("pkcs12 -export -in chain.pem -inkey leaf.key -out all.pfx -passout pass:geheim");
    let (_, stored) = pair(Given::new(ssl.read("all.pfx")).password("geheim").ca(&chain.root).supply());
    assert_eq!(stored, key);
    let refused = Given::new(ssl.read("all.pfx")).password("falsch").ca(&chain.root).supply();
    assert_eq!((codes(&refused), refused.pair.is_none()), (vec!["tls.password-wrong"], true));
}

/// Where the test below keeps what the one inside reads.
const FOLDER: &str = "AIRLOCK_SUPPLIED_FOLDER";

/// The authorities of a system are those of its environment, which a test has for itself in a process of its own alone.
#[test]
fn a_public_certificate_is_taken_beside_an_authority_of_the_company() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return by_the_systems_authorities(folder.as_ref());
    }
    let (ssl, chain, company) = (OpenSsl::new(), Chain::new(), Chain::new());
    ssl.write("chain.pem", chain.pem());
    ssl.write("tls.key", chain.leaf.key_pem());
    ssl.write("company.pem", company.root.pem());
    for (system, taken) in [(&chain, true), (&company, false)] {
        ssl.write("system.pem", system.root.pem());
        let mut inside = std::process::Command::new(std::env::current_exe().unwrap());
        inside.args(["supplied::a_public_certificate_is_taken_beside_an_authority_of_the_company", "--exact"]).env("SSL_CERT_FILE", ssl.folder.path().join("system.pem")).env_remove("SSL_CERT_DIR");
        let output = inside.env(FOLDER, ssl.folder.path()).output().unwrap();
        assert_eq!(output.status.success(), taken, "{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// In a process whose system knows these authorities alone.
fn by_the_systems_authorities(folder: &std::path::Path) {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    pair(Given::new(read("chain.pem")).key(read("tls.key")).ca_pem(&read("company.pem")).supply());
}

#[test]
fn what_would_not_work_gives_no_pair() {
    let (chain, other) = (Chain::new(), Chain::new());
    let narrow = chain.ca.leaf_with(&[BASE], |_| {});
    let narrow_pem = format!("{}{}", narrow.pem(), chain.ca.pem());
    for (given, code) in [
        (Given::new(chain.pem()).ca(&chain.root), "tls.key-missing"),
        (Given::new(chain.pem()).key(other.leaf.key_pem()).ca(&chain.root), "tls.key-mismatch"),
        (Given::new(&narrow_pem).key(narrow.key_pem()).ca(&chain.root), "tls.name-not-covered"),
        (Given::new(chain.leaf.pem()).key(chain.leaf.key_pem()).ca(&chain.root), "tls.issuer-missing"),
        (Given::new("").key(chain.leaf.key_pem()).ca(&chain.root), "tls.file-empty"),
    ] {
        let refused = given.supply();
        assert_eq!((codes(&refused), refused.pair.is_none()), (vec![code], true), "{:#?}", refused.judgement.findings);
    }
}

#[test]
fn authorities_become_one_text_in_pem_whatever_they_were() {
    let chain = Chain::new();
    let files = [content("root.der", chain.root.certificate.der()), content("ca.pem", format!("\u{feff}{}", chain.ca.pem()))];
    let pem = airlock_tls::authorities_pem(&files).unwrap();
    assert_eq!(airlock_tls::certificates_from_pem(pem.as_bytes()).unwrap().len(), 2);
    assert_eq!(airlock_tls::authorities_pem(&[content("page.html", "<html></html>")]).unwrap_err().code.0, "tls.other-kind");
}
