//! PII-001: nothing is set up that tells somebody outside of people or systems.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, SnapshotObject, Source, World};
use serde_json::Value;

use crate::described::Described;
use crate::live;
use crate::parameter;
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "PII-001",
        title: "no setting sends data to a service outside",
        severity: Severity::High,
        promises: &["P8"],
        explanation: "Variables, commands, and arguments of every container of each pod and template, and the data of ConfigMaps: hosts of services for analytics, errors, support, payment, and logins that are run by somebody else (segment, sentry, scarf, google-analytics, stripe, auth0, and others in the same line of work), except those in PII-001.hosts; and settings that turn reports of usage on.",
        remedy: "Take the setting out, or turn it off by the switch that the program has. What is wanted is agreed on by name: `--set PII-001.hosts=HOST`.",
    },
    expected: "no host of such a service, and no report of usage",
    why: "names, addresses, and how the platform is used reach somebody whom nobody agreed to tell",
};

/// Domains of services, in whose names such data is collected.
const SERVICES: [&str; 30] = [
    "amplitude.com",
    "auth0.com",
    "bugsnag.com",
    "datadoghq.com",
    "datadoghq.eu",
    "fullstory.com",
    "google-analytics.com",
    "googletagmanager.com",
    "gravatar.com",
    "heap.io",
    "heapanalytics.com",
    "honeycomb.io",
    "hotjar.com",
    "hubspot.com",
    "intercom.io",
    "launchdarkly.com",
    "logrocket.com",
    "mixpanel.com",
    "newrelic.com",
    "pendo.io",
    "posthog.com",
    "rollbar.com",
    "scarf.sh",
    "segment.io",
    "sentry.io",
    "stripe.com",
    "segment.com",
    "nr-data.net",
    "stats.grafana.org",
    "telemetry.astronomer.io",
];

/// Variables that turn reports of usage on.
const SWITCHES: [&str; 5] = ["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED", "AIRFLOW__SENTRY__SENTRY_ON", "GF_ANALYTICS_REPORTING_ENABLED", "SCARF_ANALYTICS", "AIRFLOW__SEGMENT__ENABLED"];

/// The check.
pub(super) struct OutsideServices;

impl Check for OutsideServices {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod"), live::need("v1", "ConfigMap")]
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let agreed = parameter::texts(profile, "PII-001.hosts");
        let mut findings = TEXTS.each_pod(given, |pod| {
            let read = pod.pod()?;
            Some(read.containers().flat_map(|container| in_container(container.value, &container.path, &agreed)).collect())
        });
        if given.source == Source::Cluster || given.objects.contains_key("ConfigMap") {
            findings.extend(TEXTS.each_object(given, &[("v1", "ConfigMap")], |object| in_config_map(object, &agreed)));
        }
        findings
    }
}

fn in_container(container: &Value, path: &str, agreed: &[&str]) -> Vec<Violation> {
    let mut found = Vec::new();
    for (index, variable) in container.get("env").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let text = |key: &str| variable.get(key).and_then(Value::as_str).unwrap_or_default();
        let place = format!("{path}/env/{index}/value");
        if SWITCHES.contains(&text("name")) && is_on(text("value")) {
            found.push(Violation::new(place, variable.get("value"), format!("{} turns reports on", text("name"))));
        } else if let Some(host) = service(text("value"), agreed) {
            found.push(Violation::new(place, Some(&host.into()), format!("{} names {host}", text("name"))));
        }
    }
    for list in ["command", "args"] {
        for (index, word) in container.get(list).and_then(Value::as_array).into_iter().flatten().enumerate() {
            if let Some(host) = service(word.as_str().unwrap_or_default(), agreed) {
                found.push(Violation::new(format!("{path}/{list}/{index}"), Some(&host.into()), format!("{list} name {host}")));
            }
        }
    }
    found
}

fn in_config_map(object: &SnapshotObject, agreed: &[&str]) -> Vec<Violation> {
    let data = object.manifest.get("data").and_then(Value::as_object).into_iter().flatten();
    let named = data.filter_map(|(key, value)| Some((key, service(value.as_str()?, agreed)?)));
    named.map(|(key, host)| Violation::new(format!("/data/{}", key.replace('~', "~0").replace('/', "~1")), Some(&host.into()), format!("the entry {key} names {host}"))).collect()
}

fn is_on(value: &str) -> bool {
    ["true", "1", "yes", "on", "t", "y"].contains(&value.trim().to_ascii_lowercase().as_str())
}

/// The first host in a text that belongs to such a service. Lines that are comments name nothing.
fn service<'t>(text: &'t str, agreed: &[&str]) -> Option<&'t str> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut hosts = lines.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-'))).filter(|word| word.contains('.'));
    let is_of = |host: &str, domain: &str| {
        host.len() >= domain.len() && host.is_char_boundary(host.len() - domain.len()) && {
            let (before, end) = host.split_at(host.len() - domain.len());
            end.eq_ignore_ascii_case(domain) && (before.is_empty() || before.ends_with('.'))
        }
    };
    hosts.find(|host| SERVICES.iter().any(|domain| is_of(host, domain)) && !agreed.iter().any(|domain| is_of(host, domain)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_services_are_told_from_names_that_end_alike() {
        assert_eq!(service("https://abc@o1.ingest.sentry.io/2", &[]), Some("o1.ingest.sentry.io"));
        assert_eq!(service("api.SEGMENT.io", &[]), Some("api.SEGMENT.io"));
        assert_eq!(service("https://mysentry.io", &[]), None);
        assert_eq!(service("# see https://sentry.io\nx = y", &[]), None);
        assert_eq!(service("https://acme.auth0.com/", &["acme.auth0.com"]), None);
        assert_eq!(service("https://sentry.example.com", &[]), None);
    }
}
