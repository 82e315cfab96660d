//! Chains that do not hold: items 20, and 26 to 31.

use airlock_tls::Judgement;
use airlock_tls::Way::{AddIssuer, ExportAgain, Reissue, TrustAuthority};
use airlock_tls::Weight::Error;
use rcgen::{BasicConstraints, GeneralSubtree, IsCa, KeyPair, NameConstraints};

use crate::world::{Ca, Chain, Given, Leaf, Row, ahead, holds, published_at};

const URL: &str = "http://pki.acme.example/issuing1.crt";

fn judge(leaf: &Leaf, others: &str, root: &Ca) -> Judgement {
    Given::new(format!("{}{others}", leaf.pem())).key(leaf.key_pem()).ca(root).judge()
}

pub(crate) fn table() -> Vec<String> {
    let chain = Chain::new();
    let published = chain.ca.leaf_with(&[crate::world::BASE, crate::world::WILDCARD], |params| params.custom_extensions.push(published_at(URL)));
    let foreign = Ca::root("Somebody Else");
    let not_ca = chain.root.intermediate_with("No Authority", |params| params.is_ca = IsCa::ExplicitNoCa);
    let short = chain.root.intermediate_with("Short CA", |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let below = short.intermediate("Below");
    let limited = chain.root.intermediate_with("Limited CA", |params| {
        params.name_constraints = Some(NameConstraints { permitted_subtrees: vec![GeneralSubtree::DnsName("other.org".to_owned())], excluded_subtrees: Vec::new() });
    });
    let renewed = Ca::root("Acme Root");
    let rows = [
        (Row("20", "tls.issuer-missing", Error, AddIssuer, "certificate of its issuer `CN=Acme Issuing CA 1` is missing", Some("apps.example.com")), judge(&chain.leaf, "", &chain.root)),
        (Row("20 published", "tls.issuer-missing", Error, AddIssuer, URL, None), judge(&published, "", &chain.root)),
        (Row("26", "tls.unknown-issuer", Error, TrustAuthority, "ends at `CN=Acme Root`", Some("Acme Issuing CA 1")), judge(&chain.leaf, &chain.ca.pem(), &foreign)),
        (
            Row("26 root sent", "tls.unknown-issuer", Error, TrustAuthority, "ends at `CN=Acme Root`", Some("Acme Root")),
            judge(&chain.leaf, &format!("{}{}", chain.ca.pem(), chain.root.pem()), &foreign),
        ),
        (Row("27 intermediate", "tls.signature-invalid", Error, ExportAgain, "does not verify", Some("Acme Issuing CA 1")), flipped(&chain, true)),
        (Row("27 leaf", "tls.signature-invalid", Error, ExportAgain, "by `CN=Acme Issuing CA 1`", None), flipped(&chain, false)),
        (Row("27 root with a new key", "tls.unknown-issuer", Error, TrustAuthority, "ends at `CN=Acme Root`", None), judge(&chain.leaf, &chain.ca.pem(), &renewed)),
        (Row("28", "tls.issuer-not-authority", Error, Reissue, "`CN=No Authority`", Some("No Authority")), judge(&not_ca.leaf(), &not_ca.pem(), &chain.root)),
        (Row("29", "tls.path-length", Error, Reissue, "`CN=Short CA`", Some("Short CA")), judge(&below.leaf(), &format!("{}{}", below.pem(), short.pem()), &chain.root)),
        (Row("30", "tls.outside-authority", Error, Reissue, "`CN=Limited CA`", None), judge(&limited.leaf(), &limited.pem(), &chain.root)),
        (Row("30 limit", "tls.outside-authority", Error, Reissue, "it may sign for other.org", None), judge(&limited.leaf(), &limited.pem(), &chain.root)),
    ];
    let mut items: Vec<String> = Vec::new();
    for (row, judgement) in &rows {
        holds(row, judgement);
        items.push(row.0.to_owned());
    }
    another_path_is_found();
    items.push("31".to_owned());
    items
}

/// A byte in the signature of the intermediate or of the leaf is changed.
fn flipped(chain: &Chain, intermediate: bool) -> Judgement {
    let change = |der: &[u8], wanted: bool| {
        let mut der = der.to_vec();
        if wanted && let Some(last) = der.last_mut() {
            *last ^= 1;
        }
        der
    };
    let leaf = change(chain.leaf.certificate.der(), !intermediate);
    Given::new(leaf).and_file("ca.crt", change(chain.ca.certificate.der(), intermediate)).key(chain.leaf.key_pem()).ca(&chain.root).judge()
}

/// Item 31: the same authority, certified by a root that has expired and by one that has not.
fn another_path_is_found() {
    let old = Ca::root_with("Old Root", |params| params.not_after = ahead(-10));
    let new = Ca::root("New Root");
    let key = || KeyPair::from_pem(&old_key()).unwrap();
    let by_old = old.certify("Cross CA", key(), |params| params.not_after = ahead(-10));
    let by_new = new.certify("Cross CA", key(), |_| {});
    let leaf = by_new.leaf();
    let judgement = Given::new(format!("{}{}{}", leaf.pem(), by_old.pem(), by_new.pem())).key(leaf.key_pem()).ca_pem(&format!("{}{}", old.pem(), new.pem())).judge();
    assert_eq!(judgement.error(), None);
    assert_eq!(judgement.chain[1].issuer.raw(), "CN=New Root");
    println!("31: no error, the other path is taken");
}

fn old_key() -> String {
    static KEY: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate().unwrap().serialize_pem()).clone()
}
