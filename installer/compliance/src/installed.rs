//! Checks of an installation as it runs. Profiles select among these.

mod account_confined;
mod admission_refuses;
pub(crate) mod alerts_delivered;
mod api_strangers;
mod database;
mod database_credentials;
mod database_passwords;
mod database_plain_text;
mod deployment_isolation;
mod deployment_login;
mod deployments;
mod fernet_keys;
mod foreign_pages;
mod hosts;
mod inner_plain_text;
mod logged_secrets;
mod namespace_labels;
mod outdated_tls;
mod own_database;
mod plain_http;
mod pod_security;
mod policy_enforced;
mod public_rights;
mod registry_access;
mod registry_tls;
mod role_powers;
mod running_images;
mod secret_leaks;
pub(crate) mod sensitive_data;
mod served_certificate;
pub(crate) mod sessions;
mod shared_secrets;
mod sign_up;
mod stored_certificate;
mod stored_values;
mod trusted_authorities;
mod unknown_host;
mod workload;

use airlock_model::Check;

pub use fernet_keys::judge_fernet_key;
pub(crate) use policy_enforced::unenforced;

use crate::network;
use crate::objects::Strength;

/// All of them, in the order of the groups.
pub(crate) fn checks() -> impl Iterator<Item = &'static dyn Check> {
    let others: [&'static dyn Check; 40] = [
        &namespace_labels::NamespaceLabels,
        &admission_refuses::AdmissionRefuses,
        &network::INGRESS,
        &network::EGRESS,
        &policy_enforced::PolicyEnforced,
        &deployment_isolation::DeploymentIsolation,
        &account_confined::AccountConfined,
        &own_database::OwnDatabase,
        &database_credentials::DatabaseCredentials,
        &public_rights::PublicRights,
        &role_powers::RolePowers,
        &database_passwords::DatabasePasswords,
        &database_plain_text::DatabasePlainText,
        &sensitive_data::SensitiveData,
        &deployment_login::DeploymentLogin,
        &sessions::Sessions,
        &sign_up::SignUp,
        &foreign_pages::ForeignPages,
        &api_strangers::ApiStrangers,
        &fernet_keys::FernetKeys,
        &stored_values::StoredValues,
        &stored_certificate::StoredCertificate,
        &served_certificate::ServedCertificate,
        &inner_plain_text::InnerPlainText,
        &outdated_tls::OutdatedTls,
        &plain_http::PlainHttp,
        &unknown_host::UnknownHost,
        &registry_access::RegistryAccess,
        &registry_tls::RegistryTls,
        &trusted_authorities::TrustedAuthorities,
        &running_images::RunningImages,
        &secret_leaks::SecretLeaks,
        &logged_secrets::LoggedSecrets,
        &shared_secrets::SharedSecrets,
        &Strength,
        &workload::READ_ONLY_ROOT,
        &workload::RESOURCES,
        &workload::TokenNotMounted,
        &workload::DedicatedAccount,
        &alerts_delivered::AlertsDelivered,
    ];
    pod_security::CHECKS.iter().map(|check| check as &'static dyn Check).chain(others)
}

#[cfg(test)]
mod tests;
