use std::time::Duration;

use airlock_model::{Amount, CertificateFacts, HostName, ImageLock, Recipe, Record, SecretEntry, SecretKeyRef};
use serde_json::json;

use super::*;

const NOW: &str = "2026-11-24T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn head() -> Head {
    Head {
        cluster_uid: "uid".into(),
        namespace: "airlock".into(),
        installation: Some("abc".into()),
        release: "0.1.0".into(),
        answers: Digest::of(b"answers"),
        images: ImageLock::default(),
        requests: Amount::default(),
        connections: Vec::new(),
        hosts: Vec::new(),
        run_rights: Vec::new(),
    }
}

fn object(kind: &str, name: &str) -> Object {
    Object::new(json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "airlock"}, "spec": {"a": 1}})).unwrap()
}

fn secret(name: &str, class: SecretClass, recipe: Recipe) -> SecretSpec {
    SecretSpec { namespace: "airlock".into(), name: name.into(), secret_type: "Opaque".into(), labels: BTreeMap::new(), entries: vec![SecretEntry { key: "value".into(), recipe }], class }
}

fn composed_of(source: &str) -> Recipe {
    let source = SecretKeyRef { namespace: "airlock".into(), name: source.into(), key: "value".into() };
    Recipe::Compose { template: "{a}".into(), from: BTreeMap::from([("a".to_owned(), source)]) }
}

fn certificate(name: &str, subject: CertificateSubject) -> CertificateSpec {
    let days = |days: u64| Duration::from_secs(days * 86_400);
    CertificateSpec { namespace: "airlock".into(), name: name.into(), labels: BTreeMap::new(), subject, lifetime: days(90), renew_before: days(30) }
}

fn authority() -> CertificateSpec {
    certificate("ca", CertificateSubject::Authority { common_name: "ca".into(), permitted: vec!["platform.test".into()], publish: None })
}

fn server() -> CertificateSpec {
    certificate("tls", CertificateSubject::Server { authority_namespace: "airlock".into(), authority: "ca".into(), names: vec!["a.platform.test".into()] })
}

fn dns() -> Gate {
    let host: HostName = "registry.platform.test".parse().unwrap();
    Gate::Dns { hosts: vec![host], records: vec!["*.platform.test".into()], service: ObjectRef::namespaced("v1", "Service", "airlock", "edge") }
}

fn pull() -> Gate {
    Gate::NodePull { image: "a.platform.test/airlock/airlock:1".parse().unwrap(), pools: BTreeMap::new(), namespace: "airlock".into(), pull_secret: "p".into(), authority: None }
}

fn push() -> Action {
    Action::Push(airlock_model::PushSpec {
        images: Vec::new(),
        registry: "registry.platform.test".parse().unwrap(),
        prefix: "airlock".into(),
        username: "airlock".into(),
        password: SecretKeyRef { namespace: "airlock".into(), name: "password".into(), key: "value".into() },
        authority: None,
    })
}

fn step(id: &str, after: &[&str], action: Action) -> DesiredStep {
    DesiredStep { id: id.into(), title: id.to_owned(), after: after.iter().map(|id| StepId::from(*id)).collect(), action }
}

fn desired() -> Vec<DesiredStep> {
    vec![
        step("authority", &[], Action::Issue(authority())),
        step("password", &[], Action::Generate(secret("password", SecretClass::Credential, Recipe::Random))),
        step("auth", &["password"], Action::Generate(secret("auth", SecretClass::Derived, composed_of("password")))),
        step("service", &[], Action::Apply(vec![object("Service", "edge")])),
        step("dns", &["service"], Action::Await(dns())),
        step("certificate", &["authority"], Action::Issue(server())),
        step("registry", &["certificate"], Action::Apply(vec![object("ConfigMap", "config"), object("StatefulSet", "registry")])),
        step("push", &["registry", "dns"], push()),
        step("pull", &["push"], Action::Await(pull())),
    ]
}

fn live_certificate(name: &str, is_authority: bool, names: &[&str], not_after: &str) -> LiveSecret {
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
    let facts = CertificateFacts {
        fingerprint: Digest::of(name.as_bytes()),
        names: if is_authority { Vec::new() } else { own(names) },
        permitted: if is_authority { own(names) } else { Vec::new() },
        authority: is_authority,
        issuer_fingerprint: Some(Digest::of(b"ca key")),
        not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
        not_after: not_after.parse().unwrap(),
        key_matches: true,
    };
    LiveSecret {
        object: ObjectRef::namespaced("v1", "Secret", "airlock", name),
        keys: vec!["tls.crt".into(), "tls.key".into()],
        spec: None,
        current: true,
        labels: BTreeMap::new(),
        certificate: Some(facts),
    }
}

fn live_secret(spec: &SecretSpec) -> LiveSecret {
    LiveSecret { object: spec.object(), keys: vec!["value".into()], spec: Some(spec.digest().unwrap()), current: true, labels: BTreeMap::new(), certificate: None }
}

/// Everything as desired.
fn whole() -> Installed {
    let live = |object: Object| LiveObject { object: object.reference().clone(), manifest: object.into_manifest(), ready: true };
    let gates = [dns(), pull()].map(|gate| (gate.name().to_owned(), Digest::of_canonical(&gate).unwrap()));
    Installed {
        record: Some(Record {
            schema: 1,
            release: "0.1.0".into(),
            installation: "abc".into(),
            plan: Digest::of(b"plan"),
            purpose: Purpose::Install,
            complete: true,
            answers: json!({}),
            images: ImageLock::default(),
            gates: BTreeMap::from(gates),
            verdict: None,
            by: "admin".into(),
            at: now(),
        }),
        objects: vec![live(object("Service", "edge")), live(object("ConfigMap", "config")), live(object("StatefulSet", "registry"))],
        secrets: vec![
            live_certificate("ca", true, &["platform.test"], "2036-01-01T00:00:00Z"),
            live_certificate("tls", false, &["a.platform.test"], "2027-02-01T00:00:00Z"),
            live_secret(&secret("password", SecretClass::Credential, Recipe::Random)),
            live_secret(&secret("auth", SecretClass::Derived, composed_of("password"))),
        ],
        ..Installed::default()
    }
}

fn steps_for(installed: &Installed) -> Vec<String> {
    plan(head(), desired(), &Circumstances { installed, now: now() }).unwrap().steps.into_iter().map(|step| step.id.0).collect()
}

fn without(mut installed: Installed, secret: &str) -> Installed {
    installed.secrets.retain(|live| live.object.name != secret);
    installed
}

#[test]
fn an_empty_cluster_needs_every_step_in_order() {
    let all: Vec<String> = desired().into_iter().map(|step| step.id.0).collect();
    assert_eq!(steps_for(&Installed::default()), all);
}

#[test]
fn what_is_as_desired_leaves_no_step() {
    assert_eq!(steps_for(&whole()), Vec::<String>::new());
}

#[test]
fn the_same_world_gives_the_same_digest() {
    let digest = || plan(head(), desired(), &Circumstances { installed: &Installed::default(), now: now() }).unwrap().digest().unwrap();
    assert_eq!(digest(), digest());
}

#[test]
fn a_gate_that_has_not_passed_is_asked_with_what_it_stands_for() {
    let mut installed = whole();
    installed.record.as_mut().unwrap().gates.remove("node-pull");
    assert_eq!(steps_for(&installed), ["push", "pull"]);
}

#[test]
fn a_new_address_asks_for_dns_again() {
    let mut installed = whole();
    installed.objects.retain(|live| live.object.kind != "Service");
    assert_eq!(steps_for(&installed), ["service", "dns", "push", "pull"]);
}

#[test]
fn what_is_derived_from_a_lost_secret_is_made_anew_with_it() {
    assert_eq!(steps_for(&without(whole(), "password")), ["password", "auth"]);
}

#[test]
fn what_no_longer_follows_its_source_is_made_anew() {
    let mut installed = whole();
    installed.secrets.iter_mut().filter(|secret| secret.object.name == "auth").for_each(|secret| secret.current = false);
    assert_eq!(steps_for(&installed), ["auth"]);
}

#[test]
fn a_lost_authority_takes_its_certificates_along() {
    assert_eq!(steps_for(&without(whole(), "ca")), ["authority", "certificate"]);
}

#[test]
fn an_authority_that_stands_is_published_again_when_its_publication_is_gone() {
    let mut steps = desired();
    let CertificateSpec { subject: CertificateSubject::Authority { common_name, permitted, .. }, .. } = authority() else { panic!("an authority") };
    let published = certificate("ca", CertificateSubject::Authority { common_name, permitted, publish: Some("ca".into()) });
    steps[0] = step("authority", &[], Action::Issue(published));
    let plan = plan(head(), steps, &Circumstances { installed: &whole(), now: now() }).unwrap();
    let changes: Vec<(String, String, Operation)> = plan.steps.iter().flat_map(|step| &step.changes).map(|change| (change.object.kind.clone(), change.object.name.clone(), change.operation)).collect();
    assert_eq!(changes, [("ConfigMap".to_owned(), "ca".to_owned(), Operation::Create)]);
}

#[test]
fn a_certificate_with_less_than_its_share_of_life_is_renewed() {
    let mut installed = without(whole(), "tls");
    installed.secrets.push(live_certificate("tls", false, &["a.platform.test"], "2026-12-01T00:00:00Z"));
    assert_eq!(steps_for(&installed), ["certificate"]);
}

#[test]
fn a_workload_that_is_not_ready_is_waited_for_and_not_written() {
    let mut installed = whole();
    installed.objects.iter_mut().filter(|live| live.object.kind == "StatefulSet").for_each(|live| live.ready = false);
    let plan = plan(head(), desired(), &Circumstances { installed: &installed, now: now() }).unwrap();
    let changes: Vec<(String, Operation)> = plan.steps.iter().flat_map(|step| &step.changes).map(|change| (change.object.kind.clone(), change.operation)).collect();
    assert_eq!(changes, [("StatefulSet".to_owned(), Operation::Await)]);
}

#[test]
fn only_the_object_that_differs_is_in_the_step() {
    let mut installed = whole();
    installed.objects.iter_mut().filter(|live| live.object.kind == "ConfigMap").for_each(|live| live.manifest["spec"]["a"] = json!(2));
    let plan = plan(head(), desired(), &Circumstances { installed: &installed, now: now() }).unwrap();
    let [step] = plan.steps.as_slice() else { panic!("{:?}", plan.steps) };
    assert!(matches!(&step.action, Action::Apply(objects) if objects.len() == 1));
    assert_eq!(step.changes[0].fields, [FieldChange { path: "/spec/a".into(), before: Some(json!(2)), after: Some(json!(1)) }]);
    assert!(step.changes[0].seen.is_some());
}

#[test]
fn a_plan_holds_names_of_secrets_and_no_value() {
    let plan = plan(head(), desired(), &Circumstances { installed: &without(whole(), "password"), now: now() }).unwrap();
    let fields: Vec<&FieldChange> = plan.steps.iter().flat_map(|step| &step.changes).flat_map(|change| &change.fields).collect();
    assert!(fields.iter().all(|field| field.before.is_none() && field.after == Some(json!("(secret)"))), "{fields:?}");
}
