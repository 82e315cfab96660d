//! Every code of this room stands in the table of codes, and the table has no other.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::path::Path;

use airlock_model::{codes, explain_code};

/// Every source of this room in one text.
fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_code_is_explained_and_every_explanation_used() {
    let mut text = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    let is_code = |word: &str| word.strip_prefix("tls.").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
    // Quotes inside of sentences shift what is inside and outside, so every part is looked at; only codes look like codes.
    let used: BTreeSet<&str> = text.split('"').filter(|word| is_code(word)).collect();
    assert!(used.len() > 40, "{used:?}");
    for code in &used {
        assert!(explain_code(code).is_some(), "{code} is not explained");
    }
    let explained: BTreeSet<&str> = codes().map(|spec| spec.code).filter(|code| code.starts_with("tls.")).collect();
    // Files called like this are made in tests only.
    let used: BTreeSet<&str> = used.into_iter().filter(|code| !["tls.crt", "tls.key"].contains(code)).collect();
    assert_eq!(explained, used);
}
