//! Every code of this room stands in the table of codes, and the table has no other.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use airlock_model::{codes, explain_code};

const SOURCES: [&str; 3] = [include_str!("../src/authority.rs"), include_str!("../src/chain.rs"), include_str!("../src/error.rs")];

#[test]
fn every_code_is_explained_and_every_explanation_used() {
    let literals = SOURCES.iter().flat_map(|source| source.split('"').skip(1).step_by(2));
    let used: BTreeSet<&str> = literals.filter(|literal| literal.starts_with("tls.") && !literal.contains(' ')).collect();
    assert!(used.len() > 10, "{used:?}");
    for code in &used {
        assert!(explain_code(code).is_some(), "{code} is not explained");
    }
    let explained: BTreeSet<&str> = codes().map(|spec| spec.code).filter(|code| code.starts_with("tls.")).collect();
    assert_eq!(explained, used);
}
