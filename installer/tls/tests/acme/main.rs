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

/// Which test stands for which item.
const ITEMS: [(u32, &str); 17] = [
    (61, "faults::item_61_what_is_no_directory"),
    (62, "faults::item_62_nobody_answers"),
    (63, "faults::item_63_an_authority_with_a_root_of_its_own"),
    (64, "accounts::item_64_terms_and_contact"),
    (65, "accounts::item_65_external_accounts"),
    (66, "refusals::item_66_a_wildcard_over_http_is_refused_before_anybody_is_asked"),
    (67, "proving::item_67_what_is_missing_where"),
    (68, "refusals::item_68_servfail"),
    (69, "refusals::item_69_caa"),
    (70, "http_01::item_70_what_is_served_instead"),
    (71, "refusals::item_71_a_name_that_is_not_certified"),
    (72, "faults::item_72_limits"),
    (73, "issuance::item_73_bad_nonces_are_invisible"),
    (74, "faults::item_74_pages_instead_of_problems"),
    (75, "accounts::item_75_orders_and_accounts_that_are_gone"),
    (76, "accounts::item_76_an_account_of_another_authority"),
    (77, "later::item_77_no_suggestion_is_no_fault"),
];

#[test]
fn every_item_of_the_list_has_a_test() {
    let sources = [
        include_str!("accounts.rs"),
        include_str!("faults.rs"),
        include_str!("http_01.rs"),
        include_str!("issuance.rs"),
        include_str!("later.rs"),
        include_str!("proving.rs"),
        include_str!("refusals.rs"),
    ]
    .concat();
    for (index, (item, test)) in ITEMS.iter().enumerate() {
        assert_eq!(usize::try_from(*item).unwrap(), 61 + index);
        let name = test.split("::").nth(1).unwrap();
        assert!(sources.contains(&format!("fn {name}(")), "{test}");
    }
}
