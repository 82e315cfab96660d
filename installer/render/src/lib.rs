//! Component templates become Kubernetes objects: a pure function, without a cluster and without a secret value.
//!
//! [`release`] reads which images this program installs; [`render`] takes answers, release, image lock, and facts.
//! For each component whose `when` holds ([`condition`]) it renders the texts ([`template`], strict), reads them as
//! objects ([`manifest`]), completes their pods ([`workload`]), and adds what is declared and not written: accounts and
//! volumes ([`declared`]), Secrets and certificates by name ([`credential`], [`supplied`]), and `NetworkPolicies` for both sides of every
//! declared connection ([`connection`], [`policy`]). What is renewed stands in one list ([`renewal`]). Labels ([`metadata`]) and patches ([`patch`]) come last.
//!
//! A template writes only what is particular to its component. What must hold for every pod is written by the renderer,
//! so that it cannot be forgotten.

mod component;
mod condition;
mod connection;
mod context;
mod credential;
mod database;
mod declared;
mod error;
mod library;
mod manifest;
mod metadata;
mod patch;
mod policy;
mod release;
mod rendered;
mod renewal;
mod sizing;
mod supplied;
mod template;
mod workload;

pub use context::dump_file;
pub use error::RenderError;
pub use release::release;
pub use rendered::{RenderInput, Rendered, RenderedComponent, TenantInput, render, used_images};
pub use workload::read_once;
