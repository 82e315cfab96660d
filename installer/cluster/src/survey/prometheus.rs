//! What a Prometheus Operator runs: `Prometheus` objects (monitoring.coreos.com/v1) with what they select.

use airlock_model::prometheus::{Prometheus, Selection};
use airlock_model::selector::WrittenSelector;
use serde::Deserialize;

use super::absent_is_empty;
use crate::read::Selection as Of;
use crate::{Cluster, ClusterError};

#[derive(Deserialize)]
struct Live {
    metadata: Metadata,
    spec: Spec,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    namespace: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_field_names, reason = "the operator calls them so")]
struct Spec {
    service_monitor_selector: Option<WrittenSelector>,
    service_monitor_namespace_selector: Option<WrittenSelector>,
    pod_monitor_selector: Option<WrittenSelector>,
    pod_monitor_namespace_selector: Option<WrittenSelector>,
    rule_selector: Option<WrittenSelector>,
    rule_namespace_selector: Option<WrittenSelector>,
}

impl Cluster {
    pub(super) async fn prometheuses(&self) -> Result<Vec<Prometheus>, ClusterError> {
        let listed = match self.resource("monitoring.coreos.com/v1", "Prometheus").await {
            Ok(resource) => self.list_as(&resource, Of::default()).await,
            Err(error) => Err(error),
        };
        let found: Vec<Live> = absent_is_empty(listed)?;
        let mut found = found.into_iter().map(prometheus).collect::<Result<Vec<_>, _>>()?;
        found.sort_by_key(Prometheus::id);
        Ok(found)
    }
}

fn prometheus(live: Live) -> Result<Prometheus, ClusterError> {
    let Live { metadata: Metadata { name, namespace }, spec } = live;
    let read = |objects: Option<WrittenSelector>, namespaces: Option<WrittenSelector>| {
        let read = |written: Option<WrittenSelector>| written.map(WrittenSelector::read).transpose();
        let unreadable = |reason| ClusterError::Unreadable { what: format!("Prometheus {namespace}/{name}"), reason };
        Ok::<_, ClusterError>(Selection { objects: read(objects).map_err(unreadable)?, namespaces: read(namespaces).map_err(unreadable)? })
    };
    let service_monitors = read(spec.service_monitor_selector, spec.service_monitor_namespace_selector)?;
    let pod_monitors = read(spec.pod_monitor_selector, spec.pod_monitor_namespace_selector)?;
    let rules = read(spec.rule_selector, spec.rule_namespace_selector)?;
    Ok(Prometheus { namespace, name, service_monitors, pod_monitors, rules })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_and_empty_selectors_are_told_apart() {
        let live = json!({ "metadata": { "name": "k8s", "namespace": "monitoring" }, "spec": { "serviceMonitorSelector": {}, "ruleSelector": null, "ruleNamespaceSelector": { "matchLabels": { "a": "b" } } } });
        let read = prometheus(serde_json::from_value(live).unwrap()).unwrap();
        assert_eq!(read.id(), "monitoring/k8s");
        assert!(read.service_monitors.objects.is_some_and(|selector| selector.is_empty()) && read.service_monitors.namespaces.is_none());
        assert!(read.rules.objects.is_none() && read.rules.namespaces.is_some_and(|selector| !selector.is_empty()));
        assert_eq!(read.pod_monitors, Selection::default());
    }
}
