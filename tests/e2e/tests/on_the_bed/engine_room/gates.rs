//! What waits for other people is a ticket; what does not depend on it is done.

use airlock_model::{Gate, ImageRef, Ticket};

use super::*;

fn node_pull(place: &Place, image: &str) -> Result<PlannedStep, Box<dyn Error>> {
    let image: ImageRef = image.parse()?;
    let pools = BTreeMap::from([("pool1".to_owned(), BTreeMap::from([("pool".to_owned(), "pool1".to_owned())]))]);
    let gate = Gate::NodePull { image, pools, namespace: place.name.clone(), pull_secret: "registry-pull".into(), authority: None };
    Ok(step("gate.node-pull", Action::Await(gate), Vec::new()))
}

/// A gate, a step behind it, and one beside it.
async fn run(place: &Place, image: &str) -> Result<RunOutcome, Box<dyn Error>> {
    let behind = PlannedStep { after: vec!["gate.node-pull".into()], ..create("behind", vec![place.config("behind", "1")?]) };
    let plan = place.plan("abc", vec![node_pull(place, image)?, behind, create("beside", vec![place.config("beside", "1")?])])?;
    Ok(place.run(&plan).await?)
}

async fn ticket(place: &Place, image: &str) -> Result<Ticket, Box<dyn Error>> {
    let RunOutcome::Waiting(mut tickets) = run(place, image).await? else { return Err("the gate passed".into()) };
    assert_eq!(tickets.len(), 1);
    assert!(place.cluster.get(&place.reference("v1", "ConfigMap", "beside")).await?.is_some(), "what does not depend on the gate is done");
    assert!(place.cluster.get(&place.reference("v1", "ConfigMap", "behind")).await?.is_none(), "what depends on it is not");
    let record = airlock_engine::record::read(&place.cluster, &place.name).await?.ok_or("no record")?;
    assert!(!record.complete && record.gates.is_empty());
    let pods = place.cluster.list("v1", "Pod", Some(&place.name), None).await?;
    assert!(pods.iter().all(|pod| pod.manifest.pointer("/metadata/deletionTimestamp").is_some()), "the pods are removed");
    Ok(tickets.remove(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_can_pull_opens_the_gate() -> Outcome {
    let place = Place::new("pulls").await?;
    assert_eq!(run(&place, "ghcr.io/airlock-platform/bed-client:1").await?, RunOutcome::Done);
    let record = airlock_engine::record::read(&place.cluster, &place.name).await?.ok_or("no record")?;
    assert!(record.complete && record.gates.contains_key("node-pull"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_nodes_cannot_resolve_is_a_ticket() -> Outcome {
    let place = Place::new("name").await?;
    let ticket = ticket(&place, "registry.nowhere.test/airlock/airlock:1").await?;
    assert_eq!(ticket.what, "let the nodes of pool pool1 resolve registry.nowhere.test");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nodes_do_not_trust_is_a_ticket() -> Outcome {
    let place = Place::new("trust").await?;
    // The API server serves TLS by the cluster's own authority, which no node's container runtime knows.
    let kubeconfig = std::fs::read_to_string(place.bed.kubeconfig())?;
    let host = kubeconfig.split_once("\"https://").and_then(|(_, rest)| rest.split('"').next()).ok_or("no server")?;
    let ticket = ticket(&place, &format!("{host}/airlock/airlock:1")).await?;
    assert!(ticket.what.contains(&format!("trust the certificate of {host}")), "{ticket:?}");
    assert!(ticket.seen.to_string().contains("x509"), "{ticket:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_do_not_resolve_are_a_ticket_with_the_records_to_set() -> Outcome {
    let place = Place::new("dns").await?;
    let labels = json!({"app": "none"});
    let service = place.object("v1", "Service", "edge", &json!({"spec": {"type": "LoadBalancer", "selector": labels, "ports": [{"port": 443, "protocol": "TCP"}]}}))?;
    let gate = Gate::Dns { hosts: vec!["registry.nowhere.test".parse()?], records: vec!["nowhere.test".into(), "*.nowhere.test".into()], service: service.reference().clone() };
    let wait = PlannedStep { after: vec!["edge.service".into()], ..step("gate.dns", Action::Await(gate), Vec::new()) };
    let plan = place.plan("abc", vec![create("edge.service", vec![service.clone()]), wait])?;
    let RunOutcome::Waiting(tickets) = place.run(&plan).await? else { return Err("the gate passed".into()) };
    let live = place.live(service.reference()).await?;
    let address = live.pointer("/status/loadBalancer/ingress/0/ip").and_then(Value::as_str).ok_or("no address")?;
    assert_eq!(tickets[0].paste, format!("nowhere.test. 300 IN A {address}\n*.nowhere.test. 300 IN A {address}"));
    assert!(tickets[0].seen.to_string().contains("registry.nowhere.test has no address"), "{:?}", tickets[0].seen);
    Ok(())
}
