//! The test bed as tests see it: a real cluster with a company around it, driven through the script `bed` beside this crate.
//!
//! A [`Bed`] is a folder; [`Bed::up`] makes it run with the [`Options`] asked for, and costs nothing when it already does.
//! Commands run where they would run in a company: on the administrator's workstation ([`Bed::admin`]), among the company's
//! servers ([`Bed::corp`]), on a node ([`Bed::node`]). [`AuditLog`] says what was done to the API server and by whom;
//! [`Namespace`] is a place in the cluster that goes away with its owner; [`eventually`] awaits a condition.

mod audit;
mod bed;
mod error;
mod namespace;
mod options;
mod patience;
mod policy;

pub use audit::{AuditEntry, AuditLog};
pub use bed::{Bed, Output};
pub use error::BedError;
pub use namespace::Namespace;
pub use options::Options;
pub use patience::eventually;
