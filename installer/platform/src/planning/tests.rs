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
    certificate("ca", CertificateSubject::Authority { common_name: "ca".into(), permitted: vec!["platform.test".into()], publish: None, root: None })
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
        trust: None,
        way_out: None,
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
        issuer: "CN=Example authority".to_owned().into(),
        key_fingerprint: Digest::of(if is_authority { b"ca key" } else { b"a key" }),
        issuer_fingerprint: Some(Digest::of(b"ca key")),
        not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
        not_after: not_after.parse().unwrap(),
        key_matches: true,
    };
    LiveSecret {
        object: ObjectRef::namespaced("v1", "Secret", "airlock", name),
        keys: ["tls.crt", "tls.key"].into_iter().chain(is_authority.then_some("ca.crt")).map(str::to_owned).collect(),
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
            profile: None,
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
    plan(head(), desired(), &Circumstances { installed, now: now(), tenant: None }).unwrap().steps.into_iter().map(|step| step.id.0).collect()
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
    let digest = || plan(head(), desired(), &Circumstances { installed: &Installed::default(), now: now(), tenant: None }).unwrap().digest().unwrap();
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
    let published = certificate("ca", CertificateSubject::Authority { common_name, permitted, publish: Some("ca".into()), root: None });
    steps[0] = step("authority", &[], Action::Issue(published));
    let plan = plan(head(), steps, &Circumstances { installed: &whole(), now: now(), tenant: None }).unwrap();
    let changes: Vec<(String, String, Operation)> = plan.steps.iter().flat_map(|step| &step.changes).map(|change| (change.object.kind.clone(), change.object.name.clone(), change.operation)).collect();
    assert_eq!(changes, [("ConfigMap".to_owned(), "ca".to_owned(), Operation::Create)]);
}

#[test]
fn an_authority_near_its_end_or_by_another_root_is_joined_by_the_next_one_and_signs_on() {
    let with = |change: &dyn Fn(&mut LiveSecret)| {
        let mut installed = whole();
        installed.secrets.iter_mut().filter(|secret| secret.object.name == "ca").for_each(change);
        installed
    };
    let ends = |authority: &mut LiveSecret, at: &str| authority.certificate.as_mut().unwrap().not_after = at.parse().unwrap();
    for installed in [with(&|authority| ends(authority, "2026-12-01T00:00:00Z")), with(&|authority| authority.current = false)] {
        let plan = plan(head(), desired(), &Circumstances { installed: &installed, now: now(), tenant: None }).unwrap();
        let [step] = plan.steps.as_slice() else { panic!("{:?}", plan.steps) };
        let keys: Vec<&str> = step.changes[0].fields.iter().map(|field| field.path.as_str()).collect();
        assert_eq!((step.id.0.as_str(), keys), ("authority", vec!["/data/ca.crt", "/data/next.crt", "/data/next.key"]));
    }
    let announced = with(&|authority| {
        ends(authority, "2026-12-01T00:00:00Z");
        authority.keys.extend(["next.crt".to_owned(), "next.key".to_owned()]);
    });
    assert!(steps_for(&announced).is_empty(), "the rest is for `airlock tls rotate`");
    assert_eq!(steps_for(&with(&|authority| ends(authority, NOW))), ["authority", "certificate"], "one that has ended is replaced");
    assert_eq!(steps_for(&with(&|authority| authority.keys.retain(|key| key != "ca.crt"))), ["authority"]);
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
    let plan = plan(head(), desired(), &Circumstances { installed: &installed, now: now(), tenant: None }).unwrap();
    let changes: Vec<(String, Operation)> = plan.steps.iter().flat_map(|step| &step.changes).map(|change| (change.object.kind.clone(), change.operation)).collect();
    assert_eq!(changes, [("StatefulSet".to_owned(), Operation::Await)]);
}

#[test]
fn only_the_object_that_differs_is_in_the_step() {
    let mut installed = whole();
    installed.objects.iter_mut().filter(|live| live.object.kind == "ConfigMap").for_each(|live| live.manifest["spec"]["a"] = json!(2));
    let plan = plan(head(), desired(), &Circumstances { installed: &installed, now: now(), tenant: None }).unwrap();
    let [step] = plan.steps.as_slice() else { panic!("{:?}", plan.steps) };
    assert!(matches!(&step.action, Action::Apply(objects) if objects.len() == 1));
    assert_eq!(step.changes[0].fields, [FieldChange { path: "/spec/a".into(), before: Some(json!(2)), after: Some(json!(1)) }]);
    assert!(step.changes[0].seen.is_some());
}

#[test]
fn a_plan_holds_names_of_secrets_and_no_value() {
    let plan = plan(head(), desired(), &Circumstances { installed: &without(whole(), "password"), now: now(), tenant: None }).unwrap();
    let fields: Vec<&FieldChange> = plan.steps.iter().flat_map(|step| &step.changes).flat_map(|change| &change.fields).collect();
    assert!(fields.iter().all(|field| field.before.is_none() && field.after == Some(json!("(secret)"))), "{fields:?}");
}

fn left_over(kind: &str, labels: &Value, annotations: &Value) -> LiveObject {
    let mut all = json!({ "airlock-platform.io/installation": "abc" });
    all.as_object_mut().unwrap().extend(labels.as_object().unwrap().clone());
    let manifest = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "old", "namespace": "airlock", "labels": all, "annotations": annotations}});
    LiveObject { object: ObjectRef::namespaced("v1", kind, "airlock", "old"), manifest, ready: true }
}

#[test]
fn what_is_no_longer_wanted_goes_at_the_end_with_its_risk_and_rights() {
    let mut installed = without(whole(), "password");
    installed.unwanted = vec![left_over("StatefulSet", &json!({}), &json!({})), left_over("ConfigMap", &json!({}), &json!({})), left_over("Secret", &json!({}), &json!({}))];
    let plan = plan(head(), desired(), &Circumstances { installed: &installed, now: now(), tenant: None }).unwrap();
    let ids: Vec<&str> = plan.steps.iter().map(|step| step.id.0.as_str()).collect();
    assert_eq!(ids, ["password", "auth", "remove.workloads", "remove.objects"]);
    assert_eq!(plan.steps[2].after, ["password".into(), "auth".into()]);
    assert_eq!(plan.steps[3].changes.iter().map(|change| (change.object.kind.as_str(), change.operation)).collect::<Vec<_>>(), [("ConfigMap", Operation::Delete), ("Secret", Operation::Delete)]);
    assert_eq!((plan.steps[2].risk, plan.steps[3].risk), (Risk::Restart, Risk::Restart));
    assert!(plan.rights().iter().any(|right| right.to_string() == "delete secrets in namespace airlock"));
}

#[test]
fn what_holds_data_or_belongs_to_others_is_never_taken_away() {
    let mut installed = whole();
    installed.unwanted = vec![
        left_over("PersistentVolumeClaim", &json!({}), &json!({})),
        left_over("Secret", &json!({"airlock-platform.io/retained": "true"}), &json!({})),
        left_over("Secret", &json!({}), &json!({"airlock-platform.io/class": "data-key"})),
        left_over("Namespace", &json!({}), &json!({})),
        left_over("Deployment", &json!({"airlock-platform.io/tenant": "team"}), &json!({})),
        left_over("ConfigMap", &json!({"airlock-platform.io/installation": "xyz"}), &json!({})),
    ];
    assert_eq!(steps_for(&installed), Vec::<String>::new());
}

const GENERATION: &str = "/spec/template/metadata/annotations/airlock-platform.io~1secret-generation";

/// A workload whose pods read these Secrets; they notice changes of those after the bar by themselves.
fn consumer(name: &str, secrets: &str) -> Object {
    let (once, reloads) = secrets.split_once('|').unwrap_or((secrets, ""));
    let names = once.split(',').chain(reloads.split(',')).filter(|name| !name.is_empty());
    let volumes: Vec<Value> = names.map(|name| json!({"name": name, "secret": {"secretName": name}})).collect();
    let annotations = json!({"airlock-platform.io/secret-generation": "1", "airlock-platform.io/reloads": reloads});
    let template = json!({"metadata": {"annotations": annotations}, "spec": {"containers": [], "volumes": volumes}});
    Object::new(json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name, "namespace": "airlock"}, "spec": {"template": template}})).unwrap()
}

fn consumers() -> Vec<DesiredStep> {
    let mut steps = desired();
    steps.push(step("consumers", &["certificate", "auth"], Action::Apply(vec![consumer("server", "tls"), consumer("other", "password"), consumer("edge", "|tls,ca")])));
    steps
}

/// Plays the engine: what the plan makes is there, up to and without a step.
fn carried_out(mut installed: Installed, plan: &Plan, until: &str) -> Installed {
    for step in plan.steps.iter().take_while(|step| step.id.0 != until) {
        let (object, labels) = match &step.action {
            Action::Generate(spec) => (spec.object(), spec.labels.clone()),
            Action::Issue(spec) => (spec.object(), spec.labels.clone()),
            Action::Apply(objects) => {
                installed.objects.retain(|live| !objects.iter().any(|object| *object.reference() == live.object));
                installed.objects.extend(objects.iter().map(|object| LiveObject { object: object.reference().clone(), manifest: object.manifest().clone(), ready: true }));
                continue;
            }
            _ => continue,
        };
        let made = whole().secrets.into_iter().find(|live| live.object == object).unwrap();
        installed.secrets.retain(|live| live.object != object);
        installed.secrets.push(LiveSecret { labels, ..made });
    }
    installed
}

fn planned_for(installed: &Installed) -> Plan {
    plan(head(), consumers(), &Circumstances { installed, now: now(), tenant: None }).unwrap()
}

/// Names and generations of the workloads that a plan restarts.
fn restarted(plan: &Plan) -> Vec<(String, String)> {
    let objects = plan.steps.iter().filter(|step| step.id.0 == "consumers").flat_map(|step| if let Action::Apply(objects) = &step.action { objects.clone() } else { Vec::new() });
    objects.map(|object| (object.reference().name.clone(), object.manifest().pointer(GENERATION).and_then(Value::as_str).unwrap_or_default().to_owned())).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(name, generation)| ((*name).to_owned(), (*generation).to_owned())).collect()
}

fn all_running() -> Installed {
    let installed = carried_out(whole(), &planned_for(&whole()), "");
    assert!(planned_for(&installed).is_empty());
    installed
}

#[test]
fn a_secret_that_is_made_anew_restarts_those_who_read_it_once_and_nobody_else() {
    let installed = without(all_running(), "ca");
    let first = planned_for(&installed);
    assert_eq!(restarted(&first), pairs(&[("server", "2")]));
    let changed = &first.steps.iter().find(|step| step.id.0 == "consumers").unwrap().changes[0];
    assert_eq!(changed.fields[0].path, GENERATION);
    assert!(planned_for(&carried_out(installed, &first, "")).is_empty());
}

#[test]
fn a_secret_that_was_lost_again_is_newer_than_ever() {
    let once = without(all_running(), "tls");
    let twice = without(carried_out(once.clone(), &planned_for(&once), ""), "tls");
    assert_eq!(restarted(&planned_for(&twice)), pairs(&[("server", "3")]));
}

#[test]
fn a_run_that_was_killed_before_the_restart_is_caught_up_with() {
    let lost = without(all_running(), "tls");
    let killed = carried_out(lost.clone(), &planned_for(&lost), "consumers");
    let next = planned_for(&killed);
    assert_eq!(next.steps.iter().map(|step| step.id.0.as_str()).collect::<Vec<_>>(), ["consumers"]);
    assert_eq!(restarted(&next), pairs(&[("server", "2")]));
}

#[test]
fn what_is_made_on_an_empty_cluster_is_of_the_first_generation() {
    let plan = planned_for(&Installed::default());
    assert_eq!(restarted(&plan), pairs(&[("server", "1"), ("other", "1"), ("edge", "1")]));
    let labels = plan.steps.iter().filter_map(|step| if let Action::Generate(spec) = &step.action { spec.labels.get("airlock-platform.io/secret-generation") } else { None });
    assert_eq!(labels.collect::<Vec<_>>(), ["1", "1"]);
}

#[test]
fn whoever_reads_the_publication_of_an_authority_restarts_with_it() {
    let template = json!({"metadata": {"annotations": {"airlock-platform.io/secret-generation": "1"}}, "spec": {"volumes": [{"name": "ca", "configMap": {"name": "bundle"}}]}});
    let reader = Object::new(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "reader", "namespace": "airlock"}, "spec": {"template": template}})).unwrap();
    let CertificateSpec { subject: CertificateSubject::Authority { common_name, permitted, .. }, .. } = authority() else { panic!("an authority") };
    let published = certificate("ca", CertificateSubject::Authority { common_name, permitted, publish: Some("bundle".into()), root: None });
    let steps = vec![step("authority", &[], Action::Issue(published)), step("consumers", &["authority"], Action::Apply(vec![reader]))];
    let mut installed = all_running();
    installed.secrets.retain(|live| live.object.name != "ca");
    let plan = plan(head(), steps, &Circumstances { installed: &installed, now: now(), tenant: None }).unwrap();
    assert_eq!(restarted(&plan), pairs(&[("reader", "2")]));
}

mod supplied;
