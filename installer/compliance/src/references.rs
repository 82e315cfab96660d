//! What each check reads, why it is as bad as it is, and which controls of which frameworks ask for it: one table for
//! `airlock explain`, the documentation, and every report.
//!
//! Ids of the CIS benchmark are those of version 1.12 as kube-bench writes them (`cfg/cis-1.12`); other tools number
//! sections 5.2 to 5.7 otherwise. Ids of the other frameworks are those of the edition that stands with them.

mod framework;
mod table;

use airlock_model::{CustomCheck, Source};
use schemars::JsonSchema;
use serde::Serialize;

pub use framework::Framework;
pub(crate) use framework::{FRAMEWORKS, called};

/// What a check can be judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// Objects, from a cluster or from files: the same verdict on the same object.
    Objects,
    /// A running cluster alone: attempts, states, or what the survey found.
    Cluster,
    /// Files alone: values of Secrets are not read from a cluster.
    Files,
}

impl Reads {
    /// Whether a source shows what the check judges.
    pub fn read(self, source: Source) -> bool {
        match self {
            Self::Objects => true,
            Self::Cluster => source == Source::Cluster,
            Self::Files => source == Source::Files,
        }
    }

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Objects => "cluster and files",
            Self::Cluster => "cluster",
            Self::Files => "files",
        }
    }
}

/// A control of a framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// `CIS Kubernetes Benchmark`
    pub framework: &'static str,
    /// Version or edition, since numbers change between them.
    pub version: &'static str,
    /// Of the control.
    pub id: &'static str,
}

/// What is known of a check beyond its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Of the check.
    pub id: &'static str,
    /// What it can be judged by.
    pub reads: Reads,
    /// Why it is as bad as it is.
    pub because: &'static str,
    groups: &'static [&'static [Reference]],
}

impl Standing {
    /// The controls that ask for it.
    pub fn references(&self) -> impl Iterator<Item = Reference> {
        self.groups.iter().copied().flatten().copied()
    }
}

/// The controls that ask for a check, also one of the profile's own: of that those that it names and that there are.
pub fn references(id: &str, custom: &[CustomCheck]) -> Vec<Reference> {
    let own = custom.iter().filter(|check| check.id == id).flat_map(|check| &check.frameworks);
    let named = own.filter_map(|(tag, ids)| Some((called(tag)?, ids))).flat_map(|(framework, ids)| ids.iter().filter_map(|id| framework.reference(id)));
    standing(id).references().chain(named).collect()
}

/// Checks before an install, which no framework asks for.
static PREFLIGHT: Standing = Standing { id: "", reads: Reads::Cluster, because: "what it finds decides whether an install can work", groups: &[] };

/// Checks of a profile's own, of which it says itself who asks for them.
static CUSTOM: Standing = Standing { id: "", reads: Reads::Objects, because: "the profile says so", groups: &[] };

/// What is known of the check with an id.
pub fn standing(id: &str) -> &'static Standing {
    let other = if is_custom(id) { &CUSTOM } else { &PREFLIGHT };
    table::TABLE.iter().find(|standing| standing.id == id).unwrap_or(other)
}

/// Whether an id is one that a profile gives to a check of its own: four to sixteen capitals and digits, a hyphen, three digits.
/// Those of the catalogue have three letters, so that no later one can take it.
pub fn is_custom(id: &str) -> bool {
    let Some((group, number)) = id.split_once('-') else { return false };
    let is_group = (4..=16).contains(&group.len()) && group.starts_with(|first: char| first.is_ascii_uppercase()) && group.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    is_group && number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::selectable;

    #[test]
    fn every_check_that_a_profile_selects_says_what_it_reads_and_why_it_is_so_bad() {
        for check in selectable() {
            let standing = standing(check.spec().id);
            assert_eq!(standing.id, check.spec().id, "{} has no row", check.spec().id);
            assert!(!standing.because.is_empty() && !standing.because.ends_with('.'), "{}", standing.id);
        }
    }

    #[test]
    fn no_row_stands_twice_and_every_reference_is_whole() {
        for (index, row) in table::TABLE.iter().enumerate() {
            assert!(table::TABLE[..index].iter().all(|other| other.id != row.id), "{} stands twice", row.id);
            for reference in row.references() {
                assert!(!reference.id.is_empty(), "{}", row.id);
                assert_eq!(FRAMEWORKS.iter().filter(|framework| framework.is_meant_by(reference)).count(), 1, "{}: {reference:?} has no tag", row.id);
            }
        }
    }
}
