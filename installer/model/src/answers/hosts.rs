//! How hosts are named: no template holds a literal host.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DeploymentName, HostName, HostNameError};

/// Patterns of host names. `{name}` is the component, `{base}` the base domain, `{tenant}` an Airflow deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Hosts {
    /// Hosts of the platform.
    pub pattern: String,
    /// Hosts of Airflow deployments.
    pub tenant: String,
    /// Whole hosts by component.
    pub overrides: BTreeMap<String, String>,
}

impl Default for Hosts {
    fn default() -> Self {
        Self { pattern: "{name}.{base}".into(), tenant: "{tenant}-airflow.{base}".into(), overrides: BTreeMap::new() }
    }
}

/// A pattern that gives no host name.
#[derive(Debug, thiserror::Error)]
#[error("the pattern `{pattern}` gives no host name")]
pub struct HostPatternError {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with the outcome.
    #[source]
    pub source: HostNameError,
}

impl Hosts {
    /// The host of a platform component.
    pub fn host(&self, name: &str, base: &HostName) -> Result<HostName, HostPatternError> {
        let pattern = self.overrides.get(name).unwrap_or(&self.pattern);
        let text = pattern.replace("{name}", name).replace("{base}", base.as_str());
        text.parse().map_err(|source| HostPatternError { pattern: pattern.clone(), source })
    }

    /// The host of an Airflow deployment.
    pub fn tenant_host(&self, name: &DeploymentName, base: &HostName) -> Result<HostName, HostPatternError> {
        let text = self.tenant.replace("{tenant}", name.as_str()).replace("{base}", base.as_str());
        text.parse().map_err(|source| HostPatternError { pattern: self.tenant.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_wins_over_the_pattern() {
        let base: HostName = "platform.test".parse().unwrap();
        let mut hosts = Hosts::default();
        assert_eq!(hosts.host("registry", &base).unwrap().as_str(), "registry.platform.test");
        hosts.overrides.insert("registry".into(), "images.example.com".into());
        assert_eq!(hosts.host("registry", &base).unwrap().as_str(), "images.example.com");
    }
}
