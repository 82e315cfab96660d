//! Every code of this room stands in the table of codes, and the table has no other.

use std::collections::BTreeSet;

use airlock_model::{codes, explain_code};

#[test]
fn every_code_is_explained_and_every_explanation_used() {
    let literals = include_str!("../src/error.rs").split('"').skip(1).step_by(2);
    let used: BTreeSet<&str> = literals.filter(|literal| literal.starts_with("registry.") && !literal.contains(' ')).collect();
    assert!(used.len() > 10, "{used:?}");
    for code in &used {
        assert!(explain_code(code).is_some(), "{code} is not explained");
    }
    let explained: BTreeSet<&str> = codes().map(|spec| spec.code).filter(|code| code.starts_with("registry.")).collect();
    assert_eq!(explained, used);
}
