//! `NetworkPolicy` is enforced, in both directions and across nodes: each test has an attempt that must fail beside one that must pass.

use std::error::Error;
use std::time::Duration;

use airlock_bed::{Bed, BedError, Namespace, eventually};

type Outcome = Result<(), Box<dyn Error>>;

const PATIENCE: Duration = Duration::from_mins(1);

/// The enforcer follows a change within a second or so; what is awaited is the whole picture at once.
fn awaits(what: &str, attempts: &[(&Namespace, &str, Vec<&str>, bool)]) -> Result<(), BedError> {
    eventually(what, PATIENCE, || {
        for (namespace, pod, arguments, allowed) in attempts {
            let output = namespace.attempt(pod, arguments)?;
            if (output.code == Some(0)) != *allowed {
                return Err(BedError::Failed { command: format!("{pod}: {arguments:?}, expected allowed={allowed}"), status: format!("{:?}", output.code), stderr: output.stderr });
            }
        }
        Ok(())
    })
}

#[test]
fn ingress_is_allowed_by_pod_label_also_across_nodes_and_lifted_with_the_policy() -> Outcome {
    let namespace = Bed::shared()?.namespace("ingress")?;
    namespace.server("web", Some(1), 8080)?;
    for (pod, node) in [("friend", 2), ("stranger", 2), ("neighbour", 1)] {
        namespace.client(pod, Some(node))?;
    }
    let web = namespace.address("web")?;
    let connect = || vec!["connect", &web, "8080"];
    awaits("free traffic", &[(&namespace, "friend", connect(), true), (&namespace, "stranger", connect(), true), (&namespace, "neighbour", connect(), true)])?;
    namespace.apply(
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], \
         ingress: [{from: [{podSelector: {matchLabels: {app: friend}}}], ports: [{port: 8080}]}]}}",
    )?;
    awaits("the policy", &[(&namespace, "friend", connect(), true), (&namespace, "stranger", connect(), false), (&namespace, "neighbour", connect(), false)])?;
    namespace.kubectl(["delete", "networkpolicy", "web"])?;
    awaits("its end", &[(&namespace, "stranger", connect(), true), (&namespace, "neighbour", connect(), true)])?;
    Ok(())
}

#[test]
fn egress_needs_the_port_on_which_the_target_listens_not_the_services_port() -> Outcome {
    let namespace = Bed::shared()?.namespace("egress")?;
    namespace.client("inside", Some(1))?;
    let resolve = || vec!["resolve", "kubernetes.default.svc.cluster.local"];
    let policy = |port: u16| {
        format!(
            "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: dns}}, spec: {{podSelector: {{}}, policyTypes: [Egress], \
             egress: [{{to: [{{namespaceSelector: {{}}}}], ports: [{{port: {port}, protocol: UDP}}, {{port: {port}, protocol: TCP}}]}}]}}}}"
        )
    };
    awaits("free names", &[(&namespace, "inside", resolve(), true)])?;
    namespace.apply(&policy(53))?;
    awaits("port 53 shuts DNS off", &[(&namespace, "inside", resolve(), false)])?;
    namespace.apply(&policy(5353))?;
    awaits("port 5353 lets DNS through", &[(&namespace, "inside", resolve(), true)])?;
    Ok(())
}

#[test]
fn an_ip_block_allows_its_range_except_what_it_excepts() -> Outcome {
    let namespace = Bed::shared()?.namespace("block")?;
    namespace.server("open", Some(2), 8080)?;
    namespace.server("excepted", Some(2), 8080)?;
    namespace.client("inside", Some(1))?;
    let (open, excepted) = (namespace.address("open")?, namespace.address("excepted")?);
    let (range, _) = open.rsplit_once('.').ok_or("no address")?;
    namespace.apply(&format!(
        "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: block}}, spec: {{podSelector: {{matchLabels: {{app: inside}}}}, policyTypes: [Egress], \
         egress: [{{to: [{{ipBlock: {{cidr: {range}.0/24, except: [{excepted}/32]}}}}]}}]}}}}"
    ))?;
    awaits("the block", &[(&namespace, "inside", vec!["connect", &open, "8080"], true), (&namespace, "inside", vec!["connect", &excepted, "8080"], false)])?;
    namespace.kubectl(["delete", "networkpolicy", "block"])?;
    // The other way round: who comes from that range, and who is excepted.
    let inside = namespace.address("inside")?;
    namespace.client("outside", Some(1))?;
    let (range, _) = inside.rsplit_once('.').ok_or("no address")?;
    namespace.apply(&format!(
        "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: block}}, spec: {{podSelector: {{matchLabels: {{app: open}}}}, policyTypes: [Ingress], \
         ingress: [{{from: [{{ipBlock: {{cidr: {range}.0/24, except: [{inside}/32]}}}}]}}]}}}}"
    ))?;
    awaits("the block's ingress", &[(&namespace, "outside", vec!["connect", &open, "8080"], true), (&namespace, "inside", vec!["connect", &open, "8080"], false)])?;
    Ok(())
}

#[test]
fn a_namespace_selector_lets_one_namespace_in_and_no_other() -> Outcome {
    let bed = Bed::shared()?;
    let (home, partner, other) = (bed.namespace("home")?, bed.namespace("partner")?, bed.namespace("other")?);
    partner.label("team=partner")?;
    home.server("web", Some(1), 8080)?;
    partner.client("client", Some(2))?;
    other.client("client", Some(2))?;
    home.apply(
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web}, spec: {podSelector: {}, policyTypes: [Ingress], \
         ingress: [{from: [{namespaceSelector: {matchLabels: {team: partner}}}]}]}}",
    )?;
    let web = home.address("web")?;
    let connect = || vec!["connect", web.as_str(), "8080"];
    awaits("the selector", &[(&partner, "client", connect(), true), (&other, "client", connect(), false)])?;
    // The label is what counts, at every moment.
    other.label("team=partner")?;
    awaits("the new label", &[(&other, "client", connect(), true)])?;
    home.kubectl(["delete", "networkpolicy", "web"])?;
    // The other way round: one namespace may be gone to.
    other.apply(
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: way}, spec: {podSelector: {}, policyTypes: [Egress], \
         egress: [{to: [{namespaceSelector: {matchLabels: {team: home}}}]}]}}",
    )?;
    awaits("no label, no way", &[(&partner, "client", connect(), true), (&other, "client", connect(), false)])?;
    home.label("team=home")?;
    awaits("the way", &[(&other, "client", connect(), true)])?;
    Ok(())
}

#[test]
fn a_named_port_is_the_containers_port_of_that_name() -> Outcome {
    let namespace = Bed::shared()?.namespace("named")?;
    namespace.server("web", Some(1), 8080)?;
    namespace.apply(
        "{apiVersion: v1, kind: Pod, metadata: {name: second, labels: {app: second}}, spec: {nodeSelector: {kubernetes.io/hostname: node1}, terminationGracePeriodSeconds: 0, \
         containers: [{name: c, image: ghcr.io/airlock-platform/bed-client:1, command: [/client, serve, \"9090\"], ports: [{containerPort: 9090, name: metrics}]}]}}",
    )?;
    namespace.client("client", Some(2))?;
    namespace.kubectl(["wait", "--for=condition=Ready", "pod/second", "--timeout=60s"])?;
    namespace.apply(
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: named}, spec: {podSelector: {matchExpressions: [{key: app, operator: In, values: [web, second]}]}, policyTypes: [Ingress], \
         ingress: [{from: [{podSelector: {}}], ports: [{port: web}]}]}}",
    )?;
    let (web, second) = (namespace.address("web")?, namespace.address("second")?);
    let attempts = [(&namespace, "client", vec!["connect", web.as_str(), "8080"], true), (&namespace, "client", vec!["connect", second.as_str(), "9090"], false)];
    awaits("the named port", &attempts)?;
    namespace.kubectl(["delete", "networkpolicy", "named"])?;
    // The other way round it is the name at the pod that is gone to.
    namespace.apply(
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: named}, spec: {podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], \
         egress: [{to: [{podSelector: {}}], ports: [{port: web}]}]}}",
    )?;
    awaits("the named port's egress", &attempts)?;
    Ok(())
}

#[test]
fn default_deny_in_both_directions_leaves_a_pod_alone() -> Outcome {
    let namespace = Bed::shared()?.namespace("deny")?;
    namespace.server("web", Some(1), 8080)?;
    namespace.client("client", Some(2))?;
    namespace.apply("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny}, spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}")?;
    let web = namespace.address("web")?;
    awaits("silence", &[(&namespace, "client", vec!["connect", &web, "8080"], false), (&namespace, "client", vec!["resolve", "kubernetes.default.svc.cluster.local"], false)])?;
    // Its own loopback is not the network: the pod itself is well.
    awaits("the pod itself", &[(&namespace, "web", vec!["connect", "127.0.0.1", "8080"], true)])?;
    Ok(())
}
