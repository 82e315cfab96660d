//! Keys, certificate authorities, and chains; this room knows no Kubernetes.
//!
//! An [`Authority`] is made or read back and issues an [`Issued`] key with its chain; the engine stores both.
//! [`certificate_facts`] says what a stored chain holds, and [`renewal`] whether that still is what was asked for.
//! [`check`] reads files as people have them and hands what they hold to [`validate`], which says what is wrong and puts the
//! chain in order; [`validate_served`] and [`verify_served`] hold what a server sent against the same rules, stricter than a
//! browser would, and [`judge_mounted`] is asked beside a server before it is told of a new pair. [`supplied`] makes of what somebody hands over the pair that is stored, and [`signing_request`] asks for it. What cannot be read is an error with a case of its own, never an empty answer.
//!
//! [`acme`] has authorities of others issue.
//!
//! Callers install the aws-lc-rs provider of rustls first; here nothing depends on a process-wide default.

pub mod acme;
mod authorities;
mod authority;
mod chain;
mod check;
mod choice;
mod described;
mod error;
mod facts;
mod finding;
mod host;
mod key;
mod mounted;
mod offline_root;
mod path;
mod pem;
mod reading;
mod renewal;
mod rules;
mod served;
mod signing_request;
mod strength;
mod supply;
mod trust;
mod validate;
mod walk;

pub use authorities::{Authorities, system_certificates};
pub use authority::{Authority, AuthorityError, Issued};
pub use chain::{ChainError, verify_served};
pub use check::{Request, ServedRequest, check, check_served, names_to_ask};
pub use described::ChainCertificate;
pub use error::CertificateError;
pub use facts::{Served, certificate_facts, served_facts};
pub use finding::{CertificateId, TlsFinding, Way, Weight};
pub use host::Host;
pub use key::PrivateKey;
pub use mounted::judge_mounted;
pub use offline_root::{RootPair, encrypted_key, root_certificate, root_pair};
pub use pem::{certificates_from_pem, each_certificate};
pub use reading::{Content, LARGEST_FILE};
pub use renewal::{RenewalCause, due_at, renewal};
pub use served::{Offered, Seen, judge_served};
pub use signing_request::{requests_for, signing_request};
pub use supply::{Supplied, authorities_pem, supplied};
pub use trust::{MACHINES, MachineTrust, NodeKind};
pub use validate::{Expected, Form, Judgement, Purpose, validate, validate_served};
