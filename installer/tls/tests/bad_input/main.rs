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

/// What is not judged by looking at certificates.
const ELSEWHERE: [(u32, &str); 2] =
    [(38, "the clock of the installing host is compared with the API server's, which takes a cluster"), (47, "which domains are public suffixes takes their list, which is not built in")];

#[test]
fn every_item_of_the_list_is_in_the_table() {
    let mut items: BTreeMap<u32, usize> = BTreeMap::new();
    let rows = [files::table(), chains::table(), dates::table(), names::table(), keys::table()].concat();
    for row in &rows {
        let digits: String = row.chars().take_while(char::is_ascii_digit).collect();
        *items.entry(digits.parse().unwrap()).or_default() += 1;
    }
    for (item, reason) in ELSEWHERE {
        println!("{item}: not here: {reason}");
        assert!(items.insert(item, 0).is_none(), "{item}");
    }
    println!("{} rows", rows.len());
    let missing: Vec<u32> = (1..=60).filter(|item| !items.contains_key(item)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
