//! Dates: items 32 to 37.

use airlock_tls::Way::{Reissue, SetClock};
use airlock_tls::Weight::{Error, Warn};
use airlock_tls::{Judgement, Purpose};
use jiff::Timestamp;
use rcgen::CertificateParams;

use crate::world::{BASE, Chain, DAY, Given, Row, WILDCARD, ahead, holds};

pub(crate) fn table() -> Vec<String> {
    let chain = Chain::new();
    let leaf = |tweak: &dyn Fn(&mut CertificateParams)| -> Judgement {
        let leaf = chain.ca.leaf_with(&[BASE, WILDCARD], tweak);
        Given::new(format!("{}{}", leaf.pem(), chain.ca.pem())).key(leaf.key_pem()).ca(&chain.root).judge()
    };
    let expired_ca = chain.root.intermediate_with("Old CA", |params| {
        params.not_before = ahead(-100);
        params.not_after = ahead(-3);
    });
    let below = expired_ca.leaf();
    let (from, to) = (ahead(-60), ahead(-33));
    let rows = [
        (
            Row("32", "tls.expired", Error, Reissue, "33 days ago", Some(BASE)),
            leaf(&|params| {
                params.not_before = from;
                params.not_after = to;
            }),
        ),
        (Row("32 by --at", "tls.expired", Error, Reissue, "expired on", Some(BASE)), Given::new(chain.pem()).key(chain.leaf.key_pem()).ca(&chain.root).at(Timestamp::now() + 91 * DAY).judge()),
        (Row("33", "tls.expired", Error, Reissue, "`CN=Old CA`", Some("Old CA")), Given::new(format!("{}{}", below.pem(), expired_ca.pem())).key(below.key_pem()).ca(&chain.root).judge()),
        (Row("34", "tls.not-yet-valid", Error, SetClock, "not valid before", Some(BASE)), leaf(&|params| params.not_before = ahead(2))),
        (
            Row("35", "tls.validity-reversed", Error, Reissue, "ends before it begins", Some(BASE)),
            leaf(&|params| {
                params.not_before = ahead(20);
                params.not_after = ahead(10);
            }),
        ),
        (
            Row("36", "tls.expires-soon", Warn, Reissue, "expires on", Some(BASE)),
            leaf(&|params| {
                params.not_before = ahead(-70);
                params.not_after = ahead(20);
            }),
        ),
        (
            Row("36 a week", "tls.expires-soon", Error, Reissue, "expires on", Some(BASE)),
            leaf(&|params| {
                params.not_before = ahead(-85);
                params.not_after = ahead(5);
            }),
        ),
        (Row("37", "tls.lifetime-long", Warn, Reissue, "Apple", Some(BASE)), leaf(&|params| params.not_after = ahead(900))),
    ];
    for (row, judgement) in &rows {
        holds(row, judgement);
    }
    allowed(&chain);
    public_authorities_are_held_to_less(&chain);
    rows.iter().map(|(row, _)| row.0.to_owned()).collect()
}

/// What ends within a week is a warning where that is allowed, and what lives for days only is judged by parts of its life.
fn allowed(chain: &Chain) {
    let ending = chain.ca.leaf_with(&[BASE, WILDCARD], |params| {
        params.not_before = ahead(-85);
        params.not_after = ahead(5);
    });
    let given = Given::new(format!("{}{}", ending.pem(), chain.ca.pem())).key(ending.key_pem()).ca(&chain.root);
    holds(&Row("36 allowed", "tls.expires-soon", Warn, Reissue, "expires on", Some(BASE)), &Given { ending: true, ..given }.judge());
    let short = chain.ca.leaf_with(&[BASE, WILDCARD], |params| {
        params.not_before = ahead(-1);
        params.not_after = ahead(5);
    });
    let judgement = Given::new(format!("{}{}", short.pem(), chain.ca.pem())).key(short.key_pem()).ca(&chain.root).judge();
    assert!(judgement.findings.is_empty(), "{:?}", judgement.findings);
}

/// 500 days are too long for authorities that browsers ship, and not for one of a company.
fn public_authorities_are_held_to_less(chain: &Chain) {
    let leaf = chain.ca.leaf_with(&[BASE, WILDCARD], |params| params.not_after = ahead(500));
    let ders = [leaf.certificate.der().clone(), chain.ca.certificate.der().clone()];
    let authorities = airlock_tls::Authorities::from_pem(&chain.root.pem()).unwrap();
    let long = |purpose| {
        let expected = airlock_tls::Expected { hosts: &[], authorities: &authorities, at: Timestamp::now(), purpose, form: airlock_tls::Form::AsClients, ending: false, longest: None };
        airlock_tls::validate(&ders, None, &expected).findings.iter().any(|finding| finding.code.0 == "tls.lifetime-long")
    };
    assert_eq!((long(Purpose::Public), long(Purpose::Private)), (true, false));
}
