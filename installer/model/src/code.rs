//! Stable codes of everything that can go wrong. One table feeds the failure on the screen, `airlock explain`, and the docs.

use std::fmt;

use serde::Serialize;

use crate::Exit;

mod answers;
mod certificates;
mod cluster;
mod command;
mod compliance;
mod engine;
mod evidence;
mod platform;
mod probe;
mod registry;
mod render;
mod tls;

/// A stable code: `cluster.unreachable`. It must stand in the table; a test of each room says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Code(pub &'static str);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What a code means and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CodeSpec {
    /// The code.
    pub code: &'static str,
    /// How a run ends with it.
    pub exit: Exit,
    /// What happened, in one line.
    pub what: &'static str,
    /// Why that ends the run.
    pub why: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// The next command, where it is always the same.
    pub next: Option<&'static str>,
}

/// An error with a stable code.
pub trait Coded: std::error::Error {
    /// Its code.
    fn code(&self) -> Code;
}

const TABLES: [&[CodeSpec]; 12] =
    [answers::CODES, cluster::CODES, command::CODES, compliance::CODES, engine::CODES, evidence::CODES, platform::CODES, probe::CODES, registry::CODES, render::CODES, tls::CODES, certificates::CODES];

/// Every code, in the order of the rooms.
pub fn codes() -> impl Iterator<Item = &'static CodeSpec> {
    TABLES.into_iter().flatten()
}

/// What a code means.
pub fn explain_code(code: &str) -> Option<&'static CodeSpec> {
    codes().find(|spec| spec.code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_unique_and_says_what_to_do() {
        let mut seen = BTreeSet::new();
        for spec in codes() {
            assert!(seen.insert(spec.code), "{} stands twice", spec.code);
            assert!(!spec.what.is_empty() && !spec.why.is_empty() && !spec.fix.is_empty(), "{} is incomplete", spec.code);
            // What is found in certificates can also be a warning or something that was mended.
            assert!(spec.exit != Exit::Ok || spec.code.starts_with("tls."), "{} is no error", spec.code);
        }
    }
}
