//! Keys, certificate authorities, and chains; this room knows no Kubernetes.
//!
//! An [`Authority`] is made or read back and issues an [`Issued`] key with its chain; the engine stores both.
//! [`certificate_facts`] says what a stored chain holds, and [`renewal`] whether that still is what was asked for.
//! [`verify_served`] judges a chain as a server sent it against [`Authorities`] (RFC 5280 §6), stricter than a browser would.
//! What cannot be read is an error with a case of its own, never an empty answer.
//!
//! Callers install the aws-lc-rs provider of rustls first; here nothing depends on a process-wide default.

mod authority;
mod chain;
mod error;
mod facts;
mod pem;
mod renewal;
mod strength;

pub use authority::{Authority, AuthorityError, Issued};
pub use chain::{Authorities, ChainError, verify_served};
pub use error::CertificateError;
pub use facts::{Served, certificate_facts, served_facts};
pub use pem::certificates_from_pem;
pub use renewal::{RenewalCause, renewal};
