//! Answers that cannot be: each is refused with its place and a code.

use std::collections::BTreeSet;

use airlock_model::{Coded, Fact, codes, explain_code};
use airlock_render::RenderError;

use crate::combinations::{self, Combination};

/// Answers, the code of the refusal, and what its text must name.
const REFUSED: [(&str, &str, &str); 21] = [
    ("namespaces: { platform: Not_A_Name }\n", "render.namespace-name", "namespaces.platform"),
    ("namespaces: { probes: \"-a\" }\n", "render.namespace-name", "namespaces.probes"),
    ("hosts: { pattern: \"{name}_x.{base}\" }\n", "render.host", "{name}_x.{base}"),
    ("hosts: { overrides: { regsitry: images.platform.test } }\n", "render.host", "did you mean `registry`?"),
    ("hosts: { overrides: { somewhere-else: images.platform.test } }\n", "render.host", "there is no host `somewhere-else`; there is registry"),
    ("components: { registry: { replicas: 2 } }\n", "render.replicas", "components.registry.replicas"),
    ("components: { edge: { replicas: 0 } }\n", "render.replicas", "components.edge.replicas"),
    ("components: { registry: { storage: { size: lots } } }\n", "render.resources", "components.registry.storage.size"),
    ("components: { edge: { resources: { requests: { cpu: x, memory: 1Mi }, limits: { cpu: 1, memory: 1Mi } } } }\n", "render.resources", "components.edge.resources.requests.cpu"),
    ("components: { edge: { resources: { requests: { cpu: 2, memory: 1Mi }, limits: { cpu: 1, memory: 1Mi } } } }\n", "render.resources", "above the limit 1"),
    ("components: { edge: { tolerations: [{ tolerationSeconds: soon }] } }\n", "render.resources", "components.edge.tolerations"),
    ("metadata: { labels: { app.kubernetes.io/name: mine } }\n", "render.reserved-metadata", "app.kubernetes.io/name"),
    ("metadata: { annotations: { airlock-platform.io/class: mine } }\n", "render.reserved-metadata", "airlock-platform.io/class"),
    ("edge: { sourceRanges: [10.0.0.0] }\n", "render.network", "edge.sourceRanges"),
    ("network: { peers: { ingress: [10.0.0.0/33] } }\n", "render.network", "network.peers.ingress"),
    ("network: { peers: { dns: { namespace: d, selector: {}, ports: [] } } }\n", "render.network", "network.peers.dns.ports"),
    ("network: { egress: [{ component: edge, to: somewhere, port: 1, reason: r }] }\n", "render.network", "network.egress"),
    ("network: { egress: [{ component: edgy, to: 10.0.0.0/8, port: 1, reason: r }] }\n", "render.egress-component", "edgy"),
    ("patches: [{ target: Deployment/edgy, patch: {}, reason: r }]\n", "render.patch-unmatched", "there is Deployment/edge"),
    ("patches: [{ target: NetworkPolicy/edge, patch: {}, reason: r }]\n", "render.patch-refused", "NetworkPolicy"),
    ("images: { pullSecret: \"secret:elsewhere/pull\" }\n", "render.pull-secret", "secret:elsewhere/pull"),
];

#[test]
fn answers_that_cannot_be_are_refused_with_their_place() {
    for (text, code, named) in REFUSED {
        let error = Combination::of(named, text).try_render().map(|_| ()).unwrap_err();
        assert_eq!(error.code().0, code, "{text}: {error}");
        assert!(error.to_string().contains(named), "{text}: {error}");
        assert!(explain_code(code).is_some(), "{code} stands not in the table");
    }
}

/// Its own name is good, and so is that of the namespaces.
#[test]
fn a_deployment_whose_namespace_would_be_too_long_is_refused() {
    let of = |prefix: usize| {
        let mut combination = Combination::of("long", &format!("namespaces: {{ tenants: \"{}-{{tenant}}\" }}\n", "n".repeat(prefix)));
        combination.deployment = Some(airlock_model::AirflowDeployment::named(&"a".repeat(30).parse().unwrap()));
        combination.try_render().map(|_| ()).map_err(|error| error.code().0)
    };
    assert_eq!((of(32), of(33)), (Ok(()), Err("render.namespace-name")));
}

#[test]
fn unread_dns_is_refused_rather_than_blocked_later_unless_the_answers_name_it() {
    let mut combination = Combination::of("dns", "");
    let mut facts = combinations::facts(&[]);
    facts.dns = Fact::Unverified("no right to get services in kube-system".into());
    combination.facts = Some(facts.clone());
    let error = combination.try_render().map(|_| ()).unwrap_err();
    assert!(matches!(error, RenderError::PeerUnknown { .. }) && error.to_string().contains("no right to get services"), "{error}");
    let mut named = Combination::of("dns", "network: { peers: { dns: { namespace: d, selector: {}, ports: [53] } } }\n");
    named.facts = Some(facts);
    assert_eq!(named.render().connections, Combination::of("dns", "").render().connections);
}

#[test]
fn a_lock_without_an_image_that_runs_is_refused() {
    let mut combination = Combination::of("lock", "");
    let mut lock = combinations::lock();
    lock.0.remove("nginx");
    combination.lock = Some(lock);
    let error = combination.try_render().map(|_| ()).unwrap_err();
    assert!(matches!(&error, RenderError::ImageNotLocked { name } if name == "nginx"), "{error}");
}

#[test]
fn the_table_of_codes_holds_just_those_that_this_room_gives() {
    let given: BTreeSet<&str> = include_str!("../../src/error.rs").split('"').filter(|text| text.starts_with("render.")).collect();
    let told: BTreeSet<&str> = codes().map(|spec| spec.code).filter(|code| code.starts_with("render.")).collect();
    assert!(given.len() > 10);
    assert_eq!(given, told);
}
