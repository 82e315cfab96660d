//! Certificates from an ACME authority (RFC 8555).
//!
//! [`AcmeAuthority::connect`] reads the directory of an [`AcmeServer`]; an [`AcmeAccount`] is registered there once, or read
//! back from what was stored. [`AcmeAccount::issue`] goes from an [`OrderRequest`] to an [`Issuance`], with a [`Solver`] that puts
//! proofs where the authority looks: [`Rfc2136`], [`Hook`], or [`Http01`]. Where people do that, [`AcmeAccount::begin`] gives
//! the records, [`Dns::sightings`] says whether they are there yet, and [`AcmeAccount::finish`] goes on, in a later run if need be.
//! [`AcmeAuthority::suggestion`] says when the authority would like a certificate to be renewed.

mod account;
mod caa;
mod chain;
mod dns;
mod error;
mod exchange;
mod hook;
mod http;
mod http_01;
mod jws;
mod order;
mod problem;
mod renewal_info;
mod rfc2136;
mod server;
mod sighting;
mod solver;

pub use account::{AcmeAccount, AcmeAuthority, ExternalAccount, Registration, is_account_at, thumbprint};
pub use caa::Caa;
pub use dns::Dns;
pub use error::AcmeError;
pub use hook::{Hook, find_program};
pub use http_01::{Http01, Look, Responder};
pub use order::{Issuance, OpenOrder, OrderRequest};
pub use renewal_info::Suggestion;
pub use rfc2136::{Rfc2136, TsigHash};
pub use server::AcmeServer;
pub use sighting::Sighting;
pub use solver::{ChallengeKind, Doing, Proof, ProofFile, Solver, TxtRecord};
