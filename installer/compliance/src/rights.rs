//! Who may do what: RBAC by effective permission, and the checks that rest on the answer.
//!
//! `grants` reads roles and bindings into [`Rights`], where aggregation is resolved and [`Rights::may`] answers one
//! question; `rule` says what a rule allows, `subject` who is in which group, `default_roles` and `system_roles` what the
//! roles of every cluster hold, and `bootstrap` which roles and bindings are Kubernetes' own. The checks: `powers` judges what roles grant, `administrators`, `everybody`, `tenants`,
//! `installer`, `operators`, `dangling`, and `readers` judge bindings.

mod administrators;
mod bootstrap;
mod dangling;
mod default_roles;
mod everybody;
mod grants;
mod installer;
mod operators;
mod powers;
mod readers;
mod rule;
mod scope;
mod subject;
mod system_roles;
mod tenants;
mod wildcards;

pub use grants::{May, Rights};
pub use rule::Request;
pub use subject::Holder;

pub(crate) use installer::INSTALLER;
pub(crate) use scope::PARAMETER as ALLOW;

use airlock_model::Check;

/// The checks, in their order.
pub(crate) fn checks() -> [&'static dyn Check; 12] {
    [
        &administrators::Administrators,
        &wildcards::Wildcards,
        &powers::SECRETS,
        &powers::PODS,
        &powers::ESCALATION,
        &powers::CLUSTER,
        &everybody::Everybody,
        &tenants::TenantAccounts,
        &installer::InstallerRights,
        &operators::Operators,
        &dangling::Dangling,
        &readers::SecretReaders,
    ]
}

#[cfg(test)]
mod tests;
