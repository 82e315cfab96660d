//! Files as people have them: items 1 to 19, and 22 to 25.

use airlock_tls::Way::{Convert, ExportAgain, GiveFile, GivePassword, GuardKey, Nothing};
use airlock_tls::Weight::{Error, Fixed, Warn};
use airlock_tls::{Content, Judgement, LARGEST_FILE};

use crate::world::{BASE, Chain, Given, OpenSsl, Row, WILDCARD, content, holds};

/// Judges rows of (row, judgement) and returns the items.
fn hold_all(rows: Vec<(Row<'_>, Judgement)>) -> Vec<String> {
    rows.into_iter()
        .map(|(row, judgement)| {
            holds(&row, &judgement);
            row.0.to_owned()
        })
        .collect()
}

pub(crate) fn table() -> Vec<String> {
    let chain = Chain::new();
    [unreadable(&chain), mended(&chain), others(&chain), converted(&chain), limits(&chain), arranged(&chain)].concat()
}

fn unreadable(chain: &Chain) -> Vec<String> {
    let with = |bytes: Result<&[u8], &str>| {
        let mut given = Given::new("");
        given.files = vec![Content { bytes: bytes.map(|bytes| bytes.to_vec().into()).map_err(ToOwned::to_owned), ..content("tls.crt", "") }];
        given.ca(&chain.root).judge()
    };
    let pem = chain.pem();
    let cut = &pem[..pem.len() - 60];
    let broken = pem.replacen("MII", "!!!", 1);
    hold_all(vec![
        (Row("1", "tls.file-empty", Error, ExportAgain, "the file tls.crt is empty", None), chain.judge("")),
        (Row("1 spaces", "tls.file-empty", Error, ExportAgain, "empty", None), chain.judge("\n  \n")),
        (Row("2 missing", "tls.file-unreadable", Error, GiveFile, "tls.crt cannot be read: No such file", None), with(Err("No such file or directory (os error 2)"))),
        (Row("2 directory", "tls.file-unreadable", Error, GiveFile, "Is a directory", None), with(Err("Is a directory (os error 21)"))),
        (Row("2 no permission", "tls.file-unreadable", Error, GiveFile, "Permission denied", None), with(Err("Permission denied (os error 13)"))),
        (Row("8", "tls.certificate-unreadable", Error, ExportAgain, "certificate 2 is damaged: the END line is missing", None), chain.judge(cut)),
        (Row("9", "tls.certificate-unreadable", Error, ExportAgain, "certificate 1 is damaged", None), chain.judge(broken)),
        (Row("9 first line lost", "tls.certificate-unreadable", Error, ExportAgain, "the BEGIN line is missing", None), chain.judge(pem.replacen("-----BEGIN CERTIFICATE-----", "", 1))),
        (
            Row("9 base64 of something else", "tls.certificate-unreadable", Error, ExportAgain, "certificate 1 is damaged: it is not X.509", None),
            chain.judge("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"),
        ),
        (Row("9 text", "tls.no-certificate", Error, GiveFile, "no certificate in tls.crt", None), chain.judge("hello")),
    ])
}

fn mended(chain: &Chain) -> Vec<String> {
    let pem = chain.pem();
    let wide: Vec<u8> = format!("\u{feff}{pem}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide_big: Vec<u8> = format!("\u{feff}{pem}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    let row = |item, says| Row(item, "tls.text-repaired", Fixed, Nothing, says, None);
    let rows = vec![
        (row("3", "byte order mark"), chain.judge(format!("\u{feff}{pem}"))),
        (row("4", "UTF-16"), chain.judge(wide)),
        (row("4 big endian", "UTF-16"), chain.judge(wide_big)),
        (row("5", "Windows"), chain.judge(pem.replace('\n', "\r\n"))),
        (row("5 lone CR", "carriage return"), chain.judge(pem.replace('\n', "\r"))),
        (row("6", "indented"), chain.judge(format!("    {}", pem.replace('\n', "\n    ")))),
        (row("7", "4 lines outside"), chain.judge(format!("Bag Attributes\n    localKeyID: 01\nsubject=\nissuer=CN = x\n{pem}"))),
        (row("10", "share a line"), chain.judge(pem.replace("-----END CERTIFICATE-----\n-----BEGIN", "-----END CERTIFICATE----------BEGIN"))),
        (row("10 base64 alone", "without BEGIN and END"), chain.judge_leaf_of(&pem)),
    ];
    for (row, judgement) in &rows {
        if row.0 != "10 base64 alone" {
            assert_eq!(judgement.chain.len(), 2, "{}", row.0);
        }
    }
    hold_all(rows)
}

impl Chain {
    /// The first certificate's base64 alone, with the intermediate as another file.
    fn judge_leaf_of(&self, pem: &str) -> Judgement {
        let bare: String = pem.lines().skip(1).take_while(|line| !line.starts_with("-----")).collect();
        Given::new(bare).and_file("ca.crt", self.ca.pem()).key(self.leaf.key_pem()).ca(&self.root).judge()
    }
}

fn others(chain: &Chain) -> Vec<String> {
    let openssl = OpenSsl::new();
    openssl.write("leaf.pem", chain.leaf.pem());
    openssl.write("leaf.key", chain.leaf.key_pem());
    openssl.run("req -new -key leaf.key -subj / -out leaf.csr");
    openssl.run("x509 -in leaf.pem -trustout -out trusted.pem");
    openssl.run("pkey -in leaf.key -pubout -out public.pem");
    openssl.write("root.pem", chain.root.pem());
    openssl.write("root.key", &chain.root.key_pem);
    openssl.write("index.txt", "");
    openssl.write("ca.cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=30\n");
    openssl.run("ca -gencrl -config ca.cnf -cert root.pem -keyfile root.key -out list.crl");
    let with_key = Given::new(format!("{}{}", chain.pem(), chain.leaf.key_pem())).ca(&chain.root).judge();
    let printed = serde_json::to_string(&with_key).unwrap();
    assert!(!printed.contains("PRIVATE") && with_key.chain.len() == 2, "{printed}");
    hold_all(vec![
        (Row("14", "tls.other-kind", Error, GiveFile, "certificate request", None), chain.judge(openssl.read("leaf.csr"))),
        (Row("15", "tls.other-kind", Error, Convert, "TRUSTED CERTIFICATE", None), chain.judge(openssl.read("trusted.pem"))),
        (Row("16 CRL", "tls.other-kind", Error, GiveFile, "revocation list", None), chain.judge(openssl.read("list.crl"))),
        (Row("16 public key", "tls.other-kind", Error, GiveFile, "a public key", None), chain.judge(openssl.read("public.pem"))),
        (Row("16 SSH", "tls.other-kind", Error, GiveFile, "a public SSH key", None), chain.judge("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@here\n")),
        (Row("17", "tls.key-in-certificate-file", Warn, GuardKey, "private key beside certificates", None), with_key),
        (Row("17 alone", "tls.other-kind", Error, GiveFile, "a private key, not a certificate", None), chain.judge(chain.leaf.key_pem())),
        (Row("18", "tls.other-kind", Error, ExportAgain, "a web page", None), chain.judge("<!DOCTYPE html>\n<html><body>Log in</body></html>\n")),
    ])
}

fn converted(chain: &Chain) -> Vec<String> {
    let openssl = OpenSsl::new();
    openssl.write("leaf.pem", chain.leaf.pem());
    openssl.write("leaf.key", chain.leaf.key_pem());
    openssl.write("ca.pem", chain.ca.pem());
    openssl.run("crl2pkcs7 -nocrl -certfile leaf.pem -certfile ca.pem -out chain.p7b");
    openssl.run("crl2pkcs7 -nocrl -certfile leaf.pem -certfile ca.pem -outform DER -out chain.der.p7b");
    openssl.run("pkcs12 -export -in leaf.pem -inkey leaf.key -certfile ca.pem -passout pass:geheim -out chain.p12");
    let der = Given::new(chain.leaf.certificate.der()).and_file("ca.crt", chain.ca.certificate.der()).key(chain.leaf.key_pem()).ca(&chain.root).judge();
    let p7b = chain.judge(openssl.read("chain.p7b"));
    let p12 = Given::new(openssl.read("chain.p12")).password("geheim").ca(&chain.root).judge();
    for judgement in [&der, &p7b, &p12] {
        let names: Vec<&str> = judgement.chain[0].names.iter().map(airlock_model::Untrusted::raw).collect();
        assert_eq!((judgement.chain.len(), names), (2, vec![BASE, WILDCARD]));
    }
    let row = |item, says| Row(item, "tls.converted", Fixed, Nothing, says, None);
    hold_all(vec![
        (row("11", "binary (DER)"), der),
        (row("12", "PKCS#7; 2 certificates"), p7b),
        (row("12 DER", "PKCS#7; 2 certificates"), chain.judge(openssl.read("chain.der.p7b"))),
        (row("13", "PKCS#12; 2 certificates and 1 key"), p12),
        (Row("13 without a password", "tls.password-missing", Error, GivePassword, "PKCS#12 file tls.crt is encrypted", None), chain.judge(openssl.read("chain.p12"))),
    ])
}

fn limits(chain: &Chain) -> Vec<String> {
    let many = chain.leaf.pem().repeat(510);
    hold_all(vec![
        (Row("19 bytes", "tls.file-too-large", Error, GiveFile, "more than 1048576 bytes", None), chain.judge("x".repeat(LARGEST_FILE + 1))),
        (Row("19 certificates", "tls.file-too-large", Error, GiveFile, "more than 500 certificates", None), chain.judge(many)),
    ])
}

fn arranged(chain: &Chain) -> Vec<String> {
    let (leaf, ca, root) = (chain.leaf.pem(), chain.ca.pem(), chain.root.pem());
    let stranger = Chain::new();
    let older = chain.ca.leaf_with(&[BASE, WILDCARD], |params| params.not_after = crate::world::ahead(60));
    let rows = vec![
        (Row("21", "tls.order-mended", Fixed, Nothing, "another order", None), chain.judge(format!("{ca}{leaf}"))),
        (Row("22", "tls.root-left-out", Fixed, Nothing, "Acme Root", Some("Acme Root")), chain.judge(format!("{leaf}{ca}{root}"))),
        (Row("23", "tls.duplicate-left-out", Fixed, Nothing, "stands there twice", None), chain.judge(format!("{leaf}{ca}{ca}"))),
        (Row("24", "tls.unused-left-out", Fixed, Nothing, "not part of the chain", Some("Acme Issuing CA 1")), chain.judge(format!("{leaf}{ca}{}", stranger.ca.pem()))),
        (Row("25", "tls.unused-left-out", Fixed, Nothing, "belongs to another key", Some(BASE)), chain.judge(format!("{}{leaf}{ca}", older.pem()))),
    ];
    for (row, judgement) in &rows {
        let fingerprint = airlock_model::Digest::of(chain.leaf.certificate.der());
        assert_eq!((judgement.chain.len(), &judgement.chain[0].fingerprint), (2, &fingerprint), "{}", row.0);
    }
    hold_all(rows)
}
