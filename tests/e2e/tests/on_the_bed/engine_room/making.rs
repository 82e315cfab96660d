//! Secrets and certificates are made in the process, once, and kept.

use airlock_model::{CertificateSpec, CertificateSubject, Recipe, SecretClass, SecretEntry, SecretKeyRef, SecretSpec};
use airlock_tls::certificate_facts;
use std::time::Duration;

use super::*;

const DAY: Duration = Duration::from_hours(24);

fn secret(place: &Place, name: &str, class: SecretClass, recipe: Recipe) -> SecretSpec {
    SecretSpec {
        namespace: place.name.clone(),
        name: name.into(),
        secret_type: "Opaque".into(),
        labels: BTreeMap::from([(names::LABEL_PART_OF.to_owned(), names::PRODUCT.to_owned())]),
        entries: vec![SecretEntry { key: "value".into(), recipe }],
        class,
    }
}

fn generate(id: &str, spec: SecretSpec, after: &[&str]) -> PlannedStep {
    let change = Change { object: spec.object(), operation: Operation::Create, seen: None, fields: Vec::new() };
    PlannedStep { after: after.iter().map(|id| (*id).into()).collect(), ..step(id, Action::Generate(spec), vec![change]) }
}

fn password_and_hash(place: &Place) -> Vec<PlannedStep> {
    let password = SecretKeyRef { namespace: place.name.clone(), name: "password".into(), key: "value".into() };
    let hash = Recipe::Compose { template: "airlock:{password|bcrypt}\n".into(), from: BTreeMap::from([("password".into(), password)]) };
    vec![generate("password", secret(place, "password", SecretClass::Credential, Recipe::Random), &[]), generate("hash", secret(place, "hash", SecretClass::Derived, hash), &["password"])]
}

async fn value(place: &Place, name: &str, key: &str) -> Result<String, Box<dyn Error>> {
    let secret = place.cluster.secret(&place.name, name).await?.ok_or("no such Secret")?;
    Ok(String::from_utf8(secret.data.get(key).ok_or("no such key")?.expose().clone())?)
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_kept_and_what_is_derived_follows_a_new_source() -> Outcome {
    let place = Place::new("secrets").await?;
    let plan = place.plan("abc", password_and_hash(&place))?;
    place.run(&plan).await?;
    let (password, hash) = (value(&place, "password", "value").await?, value(&place, "hash", "value").await?);
    assert_eq!(password.len(), 43);
    assert!(hash.starts_with("airlock:$2") && hash.ends_with('\n') && !hash.contains(&password));

    place.run(&plan).await?;
    assert!(value(&place, "password", "value").await? == password && value(&place, "hash", "value").await? == hash, "a second run keeps both");

    place.lose(&place.reference("v1", "Secret", "password")).await?;
    place.run(&plan).await?;
    assert!(value(&place, "password", "value").await? != password && value(&place, "hash", "value").await? != hash, "both are made anew");
    let stored = place.live(&place.reference("v1", "Secret", "hash")).await?;
    assert_eq!((&stored["metadata"]["annotations"][names::ANNOTATION_CLASS], &stored["metadata"]["labels"][names::LABEL_PART_OF]), (&json!("derived"), &json!("airlock")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_value_stands_in_records_or_events() -> Outcome {
    let place = Place::new("leak").await?;
    let seen = Seen::default();
    apply(&place.cluster, &place.plan("abc", password_and_hash(&place))?, &options(), &Stop::never(), &seen).await?;
    let password = value(&place, "password", "value").await?;
    let maps = place.cluster.list("v1", "ConfigMap", Some(&place.name), None).await?;
    assert!(maps.iter().any(|map| map.object.name.starts_with(names::JOURNAL_PREFIX)));
    assert!(maps.iter().all(|map| !map.manifest.to_string().contains(&password)), "a value stands in a ConfigMap");
    assert!(!serde_json::to_string(&seen.all())?.contains(&password), "a value stands in an event");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_kept_while_they_are_good_and_follow_their_authority() -> Outcome {
    let place = Place::new("tls").await?;
    let spec = |name: &str, subject| CertificateSpec { namespace: place.name.clone(), name: name.into(), labels: BTreeMap::new(), subject, lifetime: DAY * 90, renew_before: DAY * 30 };
    let issue = |id: &str, spec: CertificateSpec, after: Vec<airlock_model::StepId>| {
        let change = Change { object: spec.object(), operation: Operation::Create, seen: None, fields: Vec::new() };
        PlannedStep { after, ..step(id, Action::Issue(spec), vec![change]) }
    };
    let authority = CertificateSubject::Authority { common_name: "Test".into(), permitted: vec!["svc".into()], publish: Some("ca".into()), root: None };
    let server = CertificateSubject::Server { authority_namespace: place.name.clone(), authority: "ca".into(), names: vec!["registry.airlock.svc".into()] };
    let plan = place.plan("abc", vec![issue("authority", spec("ca", authority), Vec::new()), issue("server", spec("server", server), vec!["authority".into()])])?;
    place.run(&plan).await?;

    let leaf = value(&place, "server", "tls.crt").await?;
    let facts = certificate_facts(leaf.as_bytes(), value(&place, "server", "tls.key").await?.as_bytes())?;
    assert!(facts.key_matches && facts.names == ["registry.airlock.svc"]);
    assert_eq!(place.live(&place.reference("v1", "ConfigMap", "ca")).await?["data"]["ca.crt"], value(&place, "ca", "tls.crt").await?);
    assert_eq!(place.live(&place.reference("v1", "Secret", "server")).await?["type"], "kubernetes.io/tls");

    place.run(&plan).await?;
    assert_eq!(value(&place, "server", "tls.crt").await?, leaf, "a good certificate is kept");

    place.lose(&place.reference("v1", "Secret", "ca")).await?;
    place.run(&plan).await?;
    assert_ne!(value(&place, "server", "tls.crt").await?, leaf, "a new authority signs anew");
    assert_eq!(place.live(&place.reference("v1", "ConfigMap", "ca")).await?["data"]["ca.crt"], value(&place, "ca", "tls.crt").await?);
    let inventory = airlock_engine::record::read_inventory(&place.cluster, &place.name).await?;
    assert!(inventory.objects.contains(&place.reference("v1", "ConfigMap", "ca")) && inventory.objects.contains(&place.reference("v1", "Secret", "server")));
    Ok(())
}
