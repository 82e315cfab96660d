//! Every code of this room stands in the table of codes, and the table has no other.

use airlock_model::codes;

#[test]
fn every_code_is_explained_and_every_explanation_used() {
    let literals = [include_str!("../src/listener.rs"), include_str!("../src/postgres.rs"), include_str!("../src/alert.rs"), include_str!("../src/measurements.rs")]
        .into_iter()
        .flat_map(|source| source.split('"').skip(1).step_by(2));
    let used: Vec<&str> = literals.filter(|literal| literal.starts_with("probe.") && !literal.contains(' ')).collect();
    let explained: Vec<&str> = codes().map(|spec| spec.code).filter(|code| code.starts_with("probe.")).collect();
    assert!(used.contains(&"probe.listen"));
    assert_eq!(explained, used);
}
