//! Carries out one attempt where it stands: on the workstation, or in a pod with Airlock's own image.
//!
//! An [`airlock_model::Attempt`] goes in, an [`airlock_model::Outcome`] comes out; nothing here says whether that is good.
//! What a refusal, silence, and an unreachable network look like is kept apart, and what could not be tried says so.
//! `dial` opens the connection; `handshake` speaks TLS 1.2 and 1.3, `old_tls` asks for 1.0 and 1.1, which no library of
//! ours speaks, and `weak_suites` for what 1.2 should no longer be spoken with; `look` puts the three together. `request` asks
//! one question over HTTP, `login` logs in by the form of a page, `own_address` asks outside which address we have, `account` asks one of the Kubernetes API, `postgres` logs in to a database server, `stranger` tries
//! to without a password or without TLS, `examine` finds out what kind of one it is, `alert` sees a
//! message to the receiver of alerts delivered, `expiry` measures when certificates end and `volume` how full a volume is, both behind the
//! door for Prometheus in `measurements`. `tunnel` leads a program beside it through the company's proxy, and `outlet` goes the same way to one server. [`Listener`] is the other end of a connection between pods.
//! `settle` repeats attempts between new pods until their answer is steady.

mod account;
mod alert;
mod carry_out;
mod dial;
mod examine;
mod expiry;
mod handshake;
mod listener;
mod login;
mod look;
mod measurements;
mod old_tls;
mod outlet;
mod own_address;
mod passwords;
mod postgres;
mod request;
mod resolve;
mod scan;
mod settle;
mod ssl_request;
mod stranger;
mod tunnel;
mod volume;
mod weak_suites;

pub use alert::{AlertError, AlertTrial, try_receiver};
pub use carry_out::{carry_out, carry_out_all};
pub use examine::examine;
pub use expiry::{CertificateServer, measure_certificates};
pub use listener::{ListenError, Listener, listen};
pub use look::{Looked, look};
pub use measurements::MeasureError;
pub use outlet::{Outlet, OutletError, Reply};
pub use passwords::{MountedPasswords, NoPasswords, Passwords};
pub use postgres::{Postgres, PostgresError, PostgresLogin};
pub use settle::carry_out_settled;
pub use tunnel::Tunnel;
pub use volume::{MountedVolume, measure_volume};
