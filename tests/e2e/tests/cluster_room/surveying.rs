//! What a survey finds out, and that it changes nothing.

use airlock_cluster::SurveyScope;
use airlock_model::Fact;

use crate::{Outcome, Place, connect, through_relay};

#[tokio::test]
async fn an_administrator_learns_every_fact() -> Outcome {
    let place = Place::new("survey").await?;
    place.namespace.apply("{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {pods: '5'}}}")?;
    place.namespace.client("guest", None)?;
    let facts = place.cluster.survey(&SurveyScope { namespaces: vec![place.name().to_owned(), "does-not-exist".into()] }).await?;

    assert_eq!(facts.version.known().map(|version| version.major), Some(1));
    let nodes = facts.nodes.known().ok_or("no nodes")?;
    assert_eq!(nodes.iter().map(|node| (node.name.as_str(), node.pool.as_str(), node.ready, node.schedulable)).collect::<Vec<_>>(), [("node1", "pool1", true, true), ("node2", "pool2", true, true)]);
    assert!(nodes.iter().all(|node| node.free().memory_bytes > 0 && node.runtime.starts_with("containerd://") && node.max_pods > 0));
    let clock = facts.clock_difference_millis.known().ok_or("no clock")?;
    assert!(clock.abs() < 2000, "{clock}");
    assert_eq!(facts.caller.known().map(|caller| caller.user.as_str()), Some("admin"));
    let classes = facts.storage_classes.known().ok_or("no classes")?;
    assert!(classes.iter().any(|class| class.name == "standard" && class.default && class.binding_mode == "WaitForFirstConsumer"));
    let dns = facts.dns.known().ok_or("no DNS")?;
    assert_eq!(dns.namespace, "kube-system");
    assert!(!dns.target_ports.is_empty() && !dns.selector.is_empty());
    let api = facts.api_server.known().ok_or("no API server")?;
    assert!(api.endpoints.iter().all(|endpoint| endpoint.port() == 6443) && !api.endpoints.is_empty());
    let namespaces = facts.namespaces.known().ok_or("no namespaces")?;
    assert_eq!(namespaces.keys().collect::<Vec<_>>(), [place.name()]);
    assert_eq!(namespaces[place.name()].foreign, ["Pod guest"]);
    let quotas = facts.quotas.known().ok_or("no quotas")?;
    assert_eq!(quotas[0].limits["pods"].hard, "5");
    let missing = [facts.cluster_uid.missing(), facts.ingress_classes.missing(), facts.gateway_classes.missing(), facts.operators.missing(), facts.admission.missing()];
    assert_eq!(missing, [None; 5]);
    Ok(())
}

#[tokio::test]
async fn a_caller_without_rights_learns_which_rights_are_missing_and_nothing_is_written() -> Outcome {
    let place = Place::new("survey").await?;
    let user = format!("{}-guest", place.name());
    let kubeconfig = through_relay(&place.bed, &place.bed.user(&user, &[])?)?;
    let cluster = connect(kubeconfig.path().to_owned(), None).await?;
    let audit = place.bed.audit()?;
    let facts = cluster.survey(&SurveyScope { namespaces: vec![place.name().to_owned()] }).await?;

    assert_eq!(facts.caller.known().map(|caller| caller.user.clone()), Some(user.clone()));
    assert_eq!(facts.nodes, Fact::Unverified("missing right: list nodes in the cluster".into()));
    assert_eq!(facts.namespaces.missing(), Some("missing right: get namespaces in the cluster"));
    assert_eq!(facts.storage_classes.missing(), Some("missing right: list storageclasses.storage.k8s.io in the cluster"));
    assert!(facts.version.known().is_some() && facts.dns.missing().is_some());
    let asked: Vec<_> = audit.entries()?.into_iter().filter(|entry| entry.user == user).collect();
    assert!(asked.len() > 10 && asked.iter().all(|entry| entry.agent.starts_with("airlock/") && !entry.is_write()), "{asked:#?}");
    Ok(())
}
