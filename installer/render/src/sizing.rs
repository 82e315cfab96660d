//! How much each component asks for: `sizing.yaml` by the size that was answered, and what the answers say instead.

use std::collections::BTreeMap;

use airlock_model::answers::{Answers, Component, ResourcePair, Resources, Sizing};
use airlock_model::{AirflowDeployment, quantity, quantity_millis};
use serde::{Deserialize, Serialize};

use crate::component::ComponentSpec;
use crate::library::Library;
use crate::{RenderError, manifest};

const FILE: &str = "sizing.yaml";

/// The whole table: size, component.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SizingTable {
    tiny: BTreeMap<String, ComponentSize>,
    small: BTreeMap<String, ComponentSize>,
    production: BTreeMap<String, ComponentSize>,
    /// The most that all pods of one Airflow deployment may ask for, by size.
    #[serde(default)]
    quotas: BTreeMap<String, QuotaSize>,
}

/// The most that all pods of one Airflow deployment may ask for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuotaSize {
    /// Requests of CPU.
    pub cpu: String,
    /// Requests of memory.
    pub memory: String,
    /// Pods; a text, as quotas are written.
    pub pods: String,
}

/// What one component asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComponentSize {
    /// Pods.
    pub replicas: u32,
    /// Requests and limits by container.
    pub containers: BTreeMap<String, Resources>,
    /// Sizes by volume.
    #[serde(default)]
    pub volumes: BTreeMap<String, String>,
}

impl SizingTable {
    pub(crate) fn read(library: &Library) -> Result<Self, RenderError> {
        let text = library.text(FILE).ok_or_else(|| RenderError::Declaration { file: FILE.into(), message: "there is no such file".into() })?;
        manifest::declaration(FILE, text)
    }

    /// What a component asks for under these answers, or for this deployment. A component without pods has no row.
    pub(crate) fn of(&self, spec: &ComponentSpec, answers: &Answers, deployment: Option<&AirflowDeployment>) -> Result<ComponentSize, RenderError> {
        let row = match size(answers, deployment) {
            Sizing::Tiny => &self.tiny,
            Sizing::Small => &self.small,
            Sizing::Production => &self.production,
        };
        let mut size = row.get(&spec.folder).cloned().unwrap_or_default();
        if let Some(answered) = answered(&spec.folder, answers) {
            size.answered(spec, answered)?;
        }
        Ok(size)
    }

    /// The most that all pods of a deployment may ask for: what its document says, else its size's own.
    pub(crate) fn quota(&self, answers: &Answers, deployment: Option<&AirflowDeployment>) -> Result<QuotaSize, RenderError> {
        let Some(deployment) = deployment else { return Ok(QuotaSize::default()) };
        let name = match size(answers, Some(deployment)) {
            Sizing::Tiny => "tiny",
            Sizing::Small => "small",
            Sizing::Production => "production",
        };
        let mut quota = self.quotas.get(name).cloned().ok_or_else(|| RenderError::Declaration { file: FILE.into(), message: format!("`quotas` has no row {name}") })?;
        if let Some(asked) = &deployment.quota.cpu {
            quota.cpu = cores(asked, "quota.cpu")?;
        }
        if let Some(asked) = &deployment.quota.memory {
            quota.memory = bytes(asked, "quota.memory")?;
        }
        if let Some(asked) = deployment.quota.pods {
            quota.pods = asked.to_string();
        }
        Ok(quota)
    }
}

/// A deployment has a size of its own, or the platform's.
fn size(answers: &Answers, deployment: Option<&AirflowDeployment>) -> Sizing {
    deployment.and_then(|deployment| deployment.sizing).unwrap_or(answers.sizing)
}

/// What the answers say of a component.
pub(crate) fn answered<'a>(name: &str, answers: &'a Answers) -> Option<&'a Component> {
    let components = &answers.components;
    match name {
        "edge" => Some(&components.edge),
        "registry" => Some(&components.registry),
        "database" => Some(&components.database),
        "monitoring" => components.monitoring.as_ref(),
        "auditor" => components.auditor.as_ref(),
        _ => None,
    }
}

impl ComponentSize {
    fn answered(&mut self, spec: &ComponentSpec, answered: &Component) -> Result<(), RenderError> {
        if let Some(asked) = answered.replicas {
            let most = spec.at_most.unwrap_or(u32::MAX);
            if asked == 0 || asked > most {
                return Err(RenderError::Replicas { component: spec.name.clone(), asked, most });
            }
            self.replicas = asked;
        }
        let path = |rest: &str| format!("components.{}.{rest}", spec.name);
        if let (Some(resources), Some(main)) = (&answered.resources, &spec.main) {
            self.containers.insert(main.clone(), canonical(resources, &path("resources"))?);
        }
        if let Some(asked) = &answered.storage.size {
            for size in self.volumes.values_mut() {
                *size = bytes(asked, &path("storage.size"))?;
            }
        }
        Ok(())
    }
}

fn canonical(resources: &Resources, path: &str) -> Result<Resources, RenderError> {
    let pair = |pair: &ResourcePair, part: &str| -> Result<ResourcePair, RenderError> {
        Ok(ResourcePair { cpu: cores(&pair.cpu, &format!("{path}.{part}.cpu"))?, memory: bytes(&pair.memory, &format!("{path}.{part}.memory"))? })
    };
    let both = Resources { requests: pair(&resources.requests, "requests")?, limits: pair(&resources.limits, "limits")? };
    for (request, limit) in [(&both.requests.cpu, &both.limits.cpu), (&both.requests.memory, &both.limits.memory)] {
        if quantity_millis(request) > quantity_millis(limit) {
            return Err(RenderError::RequestAboveLimit { path: path.to_owned(), request: request.clone(), limit: limit.clone() });
        }
    }
    Ok(both)
}

/// CPU as Kubernetes writes it back: whole cores, else thousandths. Otherwise every plan would show a difference.
pub(crate) fn cores(text: &str, path: &str) -> Result<String, RenderError> {
    let millis = quantity_millis(text).filter(|millis| *millis > 0).ok_or_else(|| RenderError::Quantity { path: path.to_owned(), text: text.to_owned() })?;
    Ok(if millis % 1000 == 0 { (millis / 1000).to_string() } else { format!("{millis}m") })
}

/// Bytes as Kubernetes writes them back: with the largest binary suffix that divides them, when a binary one was used, and
/// the largest decimal one otherwise.
pub(crate) fn bytes(text: &str, path: &str) -> Result<String, RenderError> {
    let bytes = quantity(text).filter(|bytes| *bytes > 0).ok_or_else(|| RenderError::Quantity { path: path.to_owned(), text: text.to_owned() })?;
    let suffixes: &[(u64, &str)] = if text.ends_with('i') {
        &[(1 << 60, "Ei"), (1 << 50, "Pi"), (1 << 40, "Ti"), (1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")]
    } else {
        &[(1_000_000_000_000_000_000, "E"), (1_000_000_000_000_000, "P"), (1_000_000_000_000, "T"), (1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")]
    };
    Ok(suffixes.iter().find(|(unit, _)| bytes % unit == 0).map_or_else(|| bytes.to_string(), |(unit, suffix)| format!("{}{suffix}", bytes / unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_written_as_kubernetes_writes_them_back() {
        for (text, written) in [("0.5", "500m"), ("1000m", "1"), ("2", "2"), ("1500m", "1500m")] {
            assert_eq!(cores(text, "p").unwrap(), written);
        }
        for (text, written) in [("1024Mi", "1Gi"), ("1536Mi", "1536Mi"), ("1000M", "1G"), ("2048", "2048"), ("0.5Gi", "512Mi")] {
            assert_eq!(bytes(text, "p").unwrap(), written);
        }
    }

    #[test]
    fn nothing_and_nonsense_are_refused_with_their_place() {
        for text in ["0", "", "many", "-1"] {
            let error = bytes(text, "components.registry.storage.size").unwrap_err();
            assert!(error.to_string().starts_with("components.registry.storage.size:"), "{error}");
        }
    }
}
