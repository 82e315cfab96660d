//! What each check reads, why it is as bad as it is, and which controls of which frameworks ask for it: one table for
//! `airlock explain`, the documentation, and every report.
//!
//! Ids of the CIS benchmark are those of version 1.12 as kube-bench writes them (`cfg/cis-1.12`); other tools number
//! sections 5.2 to 5.7 otherwise. Ids of the other frameworks are those of the edition that stands with them.

mod table;

use airlock_model::Source;
use serde::Serialize;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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

/// Checks before an install, which no framework asks for.
static PREFLIGHT: Standing = Standing { id: "", reads: Reads::Cluster, because: "what it finds decides whether an install can work", groups: &[] };

/// What is known of the check with an id.
pub fn standing(id: &str) -> &'static Standing {
    table::TABLE.iter().find(|standing| standing.id == id).unwrap_or(&PREFLIGHT)
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
                assert!(!reference.framework.is_empty() && !reference.version.is_empty() && !reference.id.is_empty(), "{}", row.id);
            }
        }
    }
}
