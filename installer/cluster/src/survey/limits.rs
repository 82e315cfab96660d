//! Quotas and limit ranges of namespaces.

use std::collections::BTreeMap;

use airlock_model::{Quota, QuotaLine};
use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::core::v1::{LimitRange, ResourceQuota};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::read::Selection;
use crate::{Cluster, ClusterError, PARALLEL};

impl Cluster {
    pub(super) async fn limits(&self, namespaces: &[String]) -> Result<Vec<Quota>, ClusterError> {
        let read = stream::iter(namespaces).map(|namespace| self.limits_of(namespace));
        let found: Vec<Vec<Quota>> = read.buffered(PARALLEL).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn limits_of(&self, namespace: &str) -> Result<Vec<Quota>, ClusterError> {
        let (quotas, ranges) = (self.resource("v1", "ResourceQuota").await?, self.resource("v1", "LimitRange").await?);
        let there = Selection { namespace: Some(namespace), ..Selection::default() };
        // Both are awaited, so that of two missing rights it is always the same that is told.
        let (quotas, ranges) = tokio::join!(self.list_as::<ResourceQuota>(&quotas, there), self.list_as::<LimitRange>(&ranges, there));
        let (quotas, ranges) = (quotas?, ranges?);
        Ok(quotas.into_iter().map(|quota| of_quota(namespace, quota)).chain(ranges.into_iter().map(|range| of_range(namespace, range))).collect())
    }
}

fn of_quota(namespace: &str, quota: ResourceQuota) -> Quota {
    let status = quota.status.unwrap_or_default();
    let used = status.used.unwrap_or_default();
    let hard = status.hard.or_else(|| quota.spec.and_then(|spec| spec.hard)).unwrap_or_default();
    let limits = hard.into_iter().map(|(resource, Quantity(hard))| {
        // What the controller has not counted yet counts as unknown, not as nothing.
        let used = used.get(&resource).map(|quantity| quantity.0.clone());
        (resource, QuotaLine { hard, used })
    });
    Quota { kind: "ResourceQuota".to_owned(), namespace: namespace.to_owned(), name: quota.metadata.name.unwrap_or_default(), limits: limits.collect() }
}

/// Lines are named `Container.max.memory`: what is limited, how, and which resource.
fn of_range(namespace: &str, range: LimitRange) -> Quota {
    let mut limits = BTreeMap::new();
    for item in range.spec.into_iter().flat_map(|spec| spec.limits) {
        let parts = [("max", item.max), ("min", item.min), ("default", item.default), ("defaultRequest", item.default_request), ("maxLimitRequestRatio", item.max_limit_request_ratio)];
        for (part, quantities) in parts {
            for (resource, Quantity(hard)) in quantities.unwrap_or_default() {
                limits.insert(format!("{}.{part}.{resource}", item.type_), QuotaLine { hard, used: None });
            }
        }
    }
    Quota { kind: "LimitRange".to_owned(), namespace: namespace.to_owned(), name: range.metadata.name.unwrap_or_default(), limits }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_quota_has_what_is_allowed_and_what_is_used() {
        let quota = serde_json::from_value(json!({"metadata": {"name": "q"}, "spec": {"hard": {"pods": "5"}}, "status": {"hard": {"pods": "5", "requests.cpu": "2"}, "used": {"pods": "3"}}})).unwrap();
        let quota = of_quota("n", quota);
        assert_eq!(quota.limits["pods"], QuotaLine { hard: "5".into(), used: Some("3".into()) });
        assert_eq!(quota.limits["requests.cpu"].used, None);
    }

    #[test]
    fn a_limit_range_names_each_line_by_what_it_limits() {
        let range = serde_json::from_value(json!({"metadata": {"name": "r"}, "spec": {"limits": [{"type": "Container", "max": {"memory": "1Gi"}, "defaultRequest": {"cpu": "10m"}}]}})).unwrap();
        let range = of_range("n", range);
        assert_eq!(range.limits.keys().map(String::as_str).collect::<Vec<_>>(), ["Container.defaultRequest.cpu", "Container.max.memory"]);
    }
}
