//! Every bad input of the list in the notes (E 1 to 60): what is found, whose certificate it is about, the way out, and that
//! there is exactly one error, or none where it only warns or was mended. Each row names the item that it stands for.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on has failed; the table is printed")]

mod chains;
mod dates;
mod files;
mod keys;
mod mutations;
mod names;
mod supplied;
mod world;

use std::collections::BTreeMap;

/// The clock of the installing host is compared with the API server's, which takes a cluster: the check CLU-002 judges it.
const CLOCK: (u32, &str, &str) = (38, "\"CLU-002\", Verdict::Fail", include_str!("../../../compliance/src/preflight/tests.rs"));

#[test]
fn every_item_of_the_list_is_in_the_table() {
    let mut items: BTreeMap<u32, usize> = BTreeMap::new();
    let rows = [files::table(), chains::table(), dates::table(), names::table(), keys::table()].concat();
    for row in &rows {
        let digits: String = row.chars().take_while(char::is_ascii_digit).collect();
        *items.entry(digits.parse().unwrap()).or_default() += 1;
    }
    let (item, check, tests) = CLOCK;
    assert!(tests.contains(check), "{item}");
    assert!(items.insert(item, 1).is_none(), "{item}");
    println!("{} rows", rows.len());
    let missing: Vec<u32> = (1..=60).filter(|item| !items.contains_key(item)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
