//! A client of OCI registries (distribution specification 1.1); this room knows no Kubernetes.
//!
//! A [`RegistryClient`] speaks to one host: it answers challenges (Basic and token), repeats what may be repeated, and
//! recomputes every digest. [`copy`] moves an image, all its platforms, from one registry to another: blob by blob as a
//! stream, hashed on the way, two at a time, what is there already left alone, manifests last, so that a copy that was
//! cut off is repeated and only sends what is missing.
//!
//! Callers install the aws-lc-rs provider of rustls first.

mod access;
mod blob;
mod challenge;
mod client;
mod copy;
mod error;
mod manifest;
mod patience;

pub use client::{RegistryClient, RegistryOptions};
pub use copy::{Copied, Progress, copy};
pub use error::RegistryError;
pub use manifest::{Descriptor, Manifest, ManifestContent};
