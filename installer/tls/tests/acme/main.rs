//! Certificates from a real ACME authority (pebble), proved in a real DNS (Knot) that takes signed updates; every test has both
//! to itself, on ports of the loopback. Items 61 to 77 of the list of bad inputs in the notes (E) stand in `item_…` tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::format_push_string, clippy::format_collect, reason = "a test that cannot go on has failed; times are printed")]

mod accounts;
mod authority;
mod dns_server;
mod faults;
mod front;
mod http_01;
mod issuance;
mod later;
mod proving;
mod refusals;

use airlock_model::{Exit, explain_code};

/// Item, the test that stands for it, and the codes that it ends with; none: nobody notices anything.
type Item = (u32, &'static str, &'static [(&'static str, Exit)]);

const ITEMS: [Item; 17] = [
    (61, "faults::item_61_what_is_no_directory", &[("tls.acme-not-a-directory", Exit::Usage), ("tls.acme-settings", Exit::Blocked)]),
    (62, "faults::item_62_nobody_answers", &[("tls.acme-unreachable", Exit::Blocked)]),
    (63, "faults::item_63_an_authority_with_a_root_of_its_own", &[("tls.acme-untrusted", Exit::Blocked)]),
    (64, "accounts::item_64_terms_and_contact", &[("tls.acme-terms", Exit::Usage), ("tls.acme-refused", Exit::Blocked)]),
    (
        65,
        "accounts::item_65_external_accounts",
        &[("tls.acme-external-account-missing", Exit::Usage), ("tls.acme-external-account-key", Exit::Usage), ("tls.acme-external-account-refused", Exit::Blocked)],
    ),
    (66, "refusals::item_66_a_wildcard_over_http_is_refused_before_anybody_is_asked", &[("tls.acme-wildcard-over-http", Exit::Usage)]),
    (67, "proving::item_67_what_is_missing_where", &[("tls.acme-not-seen", Exit::Blocked)]),
    (68, "refusals::item_68_servfail", &[("tls.acme-not-validated", Exit::Blocked), ("tls.acme-dns", Exit::Blocked)]),
    (69, "refusals::item_69_caa", &[("tls.acme-caa", Exit::Blocked)]),
    (70, "http_01::item_70_what_is_served_instead", &[("tls.acme-not-served", Exit::Blocked), ("tls.acme-not-validated", Exit::Blocked)]),
    (71, "refusals::item_71_a_name_that_is_not_certified", &[("tls.acme-name-rejected", Exit::Blocked)]),
    (72, "faults::item_72_limits", &[("tls.acme-rate-limited", Exit::Blocked), ("tls.acme-answer", Exit::Blocked)]),
    (73, "issuance::item_73_bad_nonces_are_invisible", &[]),
    (74, "faults::item_74_pages_instead_of_problems", &[("tls.acme-answer", Exit::Blocked)]),
    (75, "accounts::item_75_orders_and_accounts_that_are_gone", &[("tls.acme-order-gone", Exit::Blocked), ("tls.acme-account-gone", Exit::Blocked)]),
    (76, "accounts::item_76_an_account_of_another_authority", &[("tls.acme-other-directory", Exit::Blocked), ("tls.acme-account-unreadable", Exit::Blocked)]),
    (77, "later::item_77_no_suggestion_is_no_fault", &[]),
];

const SOURCES: [(&str, &str); 7] = [
    ("accounts", include_str!("accounts.rs")),
    ("faults", include_str!("faults.rs")),
    ("http_01", include_str!("http_01.rs")),
    ("issuance", include_str!("issuance.rs")),
    ("later", include_str!("later.rs")),
    ("proving", include_str!("proving.rs")),
    ("refusals", include_str!("refusals.rs")),
];

/// The text of a test.
fn body(path: &str) -> &'static str {
    let (file, name) = path.split_once("::").unwrap();
    let (_, source) = SOURCES.iter().find(|(source, _)| *source == file).unwrap();
    let (_, rest) = source.split_once(&format!("fn {name}(")).unwrap_or_else(|| panic!("there is no {path}"));
    rest.split_once("\n}\n").unwrap().0
}

#[test]
fn every_item_of_the_list_has_a_test_with_its_codes_exits_and_fixes() {
    for (index, (item, test, codes)) in ITEMS.iter().enumerate() {
        assert_eq!(usize::try_from(*item).unwrap(), 61 + index);
        let body = body(test);
        for (code, exit) in *codes {
            assert!(body.contains(&format!("\"{code}\"")), "{item}: {test} does not ask for {code}");
            let spec = explain_code(code).unwrap();
            assert!(spec.exit == *exit && !spec.fix.is_empty(), "{item}: {spec:?}");
            println!("{item}: {code} ({exit:?})");
        }
    }
}
