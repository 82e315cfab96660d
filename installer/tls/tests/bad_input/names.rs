//! Names: items 39 to 47.

use airlock_tls::Host;
use airlock_tls::Judgement;
use airlock_tls::Way::{CorrectName, Reissue};
use airlock_tls::Weight::Error;
use rcgen::{CertificateParams, DnType};

use crate::world::{BASE, Chain, Given, Row, WILDCARD, holds};

pub(crate) fn table() -> Vec<String> {
    let chain = Chain::new();
    let leaf = |names: &[&str], tweak: &dyn Fn(&mut CertificateParams)| -> Judgement {
        let leaf = chain.ca.leaf_with(names, tweak);
        Given::new(format!("{}{}", leaf.pem(), chain.ca.pem())).key(leaf.key_pem()).ca(&chain.root).judge()
    };
    let plain = |names: &[&str]| leaf(names, &|_| {});
    let row = |item, says| Row(item, "tls.name-not-covered", Error, Reissue, says, Some("apps.example.com"));
    let rows = [
        (row("39", "covers apps.example.com, not *.apps.example.com"), plain(&[BASE])),
        (row("40", "does not cover apps.example.com itself"), plain(&[WILDCARD])),
        (Row("41", "tls.name-not-covered", Error, Reissue, "`*.example.com` covers one label only", Some("*.example.com")), plain(&["*.example.com"])),
        (Row("42", "tls.no-names", Error, Reissue, "common name `apps.example.com`", Some("CN=apps.example.com")), leaf(&[], &|params| params.distinguished_name.push(DnType::CommonName, BASE))),
        (row("44", "`apps.example.com.` ends with a dot"), plain(&["apps.example.com.", WILDCARD])),
    ];
    for (row, judgement) in &rows {
        holds(row, judgement);
    }
    let upper = plain(&["Apps.Example.COM", "*.APPS.example.com"]);
    assert_eq!(upper.error(), None, "43: upper case is accepted");
    println!("43: no error, upper case is accepted");
    let items = rows.iter().map(|(row, _)| row.0.to_owned()).chain(["43".to_owned()]);
    items.chain(given()).collect()
}

/// Items 45 to 47: names as people give them.
fn given() -> Vec<String> {
    let too_long = "abc.".repeat(64);
    let long_label = format!("{}.example.com", "a".repeat(64));
    let rows = [
        ("45 scheme", "https://apps.example.com", "scheme"),
        ("45 port", "apps.example.com:443", "port"),
        ("45 path", "apps.example.com/x", "path"),
        ("45 trailing dot", "apps.example.com.", "ends with a dot"),
        ("45 space", "apps .example.com", "` `"),
        ("45 underscore", "my_apps.example.com", "`_`"),
        ("45 wildcard inside", "a.*.example.com", "`*`"),
        ("45 one label", "localhost", "one label"),
        ("45 address", "192.0.2.1", "is an address"),
        ("45 too long", too_long.trim_end_matches('.'), "255 characters"),
        ("45 long label", &long_label, "64 characters"),
        ("46", "bücher.example", "`xn--bcher-kva.example`"),
        ("47", "co.uk", "`co.uk` is a public suffix"),
        ("47 of a company", "github.io", "`github.io` is a public suffix"),
        ("47 wildcard", "*.co.uk", "`co.uk` is a public suffix"),
    ];
    for (item, text, says) in rows {
        let finding = text.parse::<Host>().unwrap_err();
        assert_eq!((finding.code.0, finding.severity, finding.remedy), ("tls.name-invalid", Error, CorrectName), "{item}");
        assert!(finding.why.raw().contains(says), "{item}: {}", finding.why);
        assert!(!finding.fix.raw().is_empty(), "{item}");
        println!("{item}: tls.name-invalid");
    }
    assert_eq!("APPS.Example.com".parse::<Host>().unwrap().shown(), BASE, "upper case is lowered");
    assert_eq!("*.example.co.uk".parse::<Host>().unwrap().shown(), "*.example.co.uk", "below a public suffix");
    rows.iter().map(|(item, ..)| (*item).to_owned()).collect()
}
