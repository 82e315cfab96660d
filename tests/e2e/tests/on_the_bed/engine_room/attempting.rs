//! Attempts in pods with Airlock's own image: what a policy allows connects, what it blocks does not, and no pod is left.

use std::time::Duration;

use airlock_engine::Halt;
use airlock_engine::attempts::{ProbeSite, carry_out};
use airlock_model::{Attempt, AttemptAction, AttemptId, AttemptResult, Credentials, CredentialsForm, SecretKeyRef, Target, Trust, Vantage};

use super::*;

const OWN_IMAGE: &str = concat!("ghcr.io/airlock-platform/airlock:", env!("CARGO_PKG_VERSION"));
const LABEL: &str = "airlock-platform.io/probe";

fn labels(part: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(LABEL.to_owned(), part.to_owned())])
}

fn at_listener(place: &Place, id: &str, from: &str) -> Attempt {
    Attempt {
        id: id.into(),
        from: Vantage::Pod { namespace: place.name.clone(), labels: labels(from), account: None },
        target: Target::Listener { namespace: place.name.clone(), labels: labels("listener"), port: 8443 },
        action: AttemptAction::Connect,
        control: None,
        purpose: "a test".into(),
    }
}

fn policies(place: &Place) -> Result<Vec<Object>, Box<dyn Error>> {
    let policy = |name: &str, spec: Value| place.object("networking.k8s.io/v1", "NetworkPolicy", name, &json!({"spec": spec}));
    let pods = |part: &str| json!({"matchLabels": {(LABEL): part}});
    let ports = json!([{"port": 8443, "protocol": "TCP"}]);
    Ok(vec![
        policy("default-deny", json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}))?,
        policy("allowed", json!({"podSelector": pods("allowed"), "policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": pods("listener")}], "ports": ports}]}))?,
        policy("blocked", json!({"podSelector": pods("blocked"), "policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": pods("listener")}], "ports": ports}]}))?,
        policy("listener", json!({"podSelector": pods("listener"), "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": pods("allowed")}], "ports": ports}]}))?,
    ])
}

fn site(place: &Place, image: &str) -> Result<ProbeSite, Box<dyn Error>> {
    airlock_e2e::publish_own_image(&place.bed);
    Ok(ProbeSite { image: image.parse()?, deadline: Duration::from_mins(5) })
}

fn unhurried() -> Halt {
    Halt::new(&Stop::never(), None)
}

async fn pods_left(place: &Place) -> Result<Vec<String>, Box<dyn Error>> {
    let pods = place.cluster.list("v1", "Pod", Some(&place.name), None).await?;
    Ok(pods.into_iter().filter(|pod| pod.manifest.pointer("/metadata/deletionTimestamp").is_none()).map(|pod| pod.object.name).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allowed_connection_opens_and_a_blocked_one_beside_it_does_not() -> Outcome {
    let place = Place::new("policy").await?;
    place.run(&place.plan("abc", vec![create("policies", policies(&place)?)])?).await?;
    let to_be_blocked = |id: &str| Attempt { control: Some("allowed".into()), ..at_listener(&place, id, id) };
    let attempts = [at_listener(&place, "allowed", "allowed"), to_be_blocked("blocked"), to_be_blocked("stranger")];
    let outcomes = carry_out(&place.cluster, &attempts, &site(&place, OWN_IMAGE)?, &unhurried(), &Seen::default()).await?;
    let results: BTreeMap<&AttemptId, &AttemptResult> = outcomes.iter().map(|outcome| (&outcome.attempt, &outcome.result)).collect();
    assert_eq!(results[&AttemptId::from("allowed")], &AttemptResult::Connected, "{outcomes:?}");
    for id in ["blocked", "stranger"] {
        assert!(matches!(results[&AttemptId::from(id)], AttemptResult::TimedOut | AttemptResult::Refused), "{outcomes:?}");
    }
    assert_eq!(pods_left(&place).await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_image_nothing_is_carried_out_and_that_is_no_refusal() -> Outcome {
    let place = Place::new("noimage").await?;
    place.run(&place.plan("abc", vec![create("policies", policies(&place)?)])?).await?;
    let outcomes = carry_out(&place.cluster, &[at_listener(&place, "allowed", "allowed")], &site(&place, "ghcr.io/airlock-platform/no-such-image:1")?, &unhurried(), &Seen::default()).await?;
    let AttemptResult::NotCarriedOut(reason) = &outcomes[0].result else { panic!("{outcomes:?}") };
    assert!(reason.to_string().contains("no-such-image"), "{reason}");
    assert_eq!(pods_left(&place).await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_another_namespace_is_not_given_to_a_pod() -> Outcome {
    let place = Place::new("password").await?;
    place.run(&place.plan("abc", vec![create("config", vec![place.config("one", "1")?])])?).await?;
    let password = SecretKeyRef { namespace: "kube-system".into(), name: "password".into(), key: "value".into() };
    let request = AttemptAction::Request {
        method: "GET".into(),
        path: "/v2/".into(),
        server_name: "registry.platform.test".into(),
        trust: Trust::System,
        credentials: Some(Credentials { username: "airlock".into(), password: Some(password), form: CredentialsForm::Basic }),
    };
    let attempt = Attempt { target: Target::Address { host: "registry.platform.test".into(), port: 443 }, action: request, ..at_listener(&place, "login", "allowed") };
    let audit = place.bed.audit()?;
    let outcomes = carry_out(&place.cluster, &[attempt], &site(&place, OWN_IMAGE)?, &unhurried(), &Seen::default()).await?;
    assert!(matches!(&outcomes[0].result, AttemptResult::NotCarriedOut(_)), "{outcomes:?}");
    assert_eq!(place.writes(audit.entries()?), [], "no pod is made for it");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_has_to_end_while_pods_make_attempts_leaves_none_and_has_no_outcome() -> Outcome {
    let place = Place::new("ended").await?;
    place.run(&place.plan("abc", vec![create("policies", policies(&place)?)])?).await?;
    let attempts = [at_listener(&place, "allowed", "allowed")];
    let is_attempt = |event: &Event| matches!(event, Event::Waiting { step, .. } if step.0 == "attempts");
    let (signal, stop) = Stop::pair();
    let interrupted = carry_out(&place.cluster, &attempts, &site(&place, OWN_IMAGE)?, &Halt::new(&stop, None), &Seen::stopping(signal, is_attempt)).await;
    assert!(matches!(interrupted, Err(ApplyError::Interrupted)), "{interrupted:?}");
    assert_eq!(pods_left(&place).await?, Vec::<String>::new());

    let deadline = Some(tokio::time::Instant::now() + Duration::from_secs(1));
    let over = carry_out(&place.cluster, &attempts, &site(&place, OWN_IMAGE)?, &Halt::new(&Stop::never(), deadline), &Seen::default()).await;
    assert!(matches!(over, Err(ApplyError::Deadline)), "{over:?}");
    assert_eq!(pods_left(&place).await?, Vec::<String>::new());
    Ok(())
}
