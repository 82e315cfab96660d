//! What is read, what is refused, where, and in which words.

use proptest::prelude::*;

use super::*;
use crate::{Code, Coded, explain_code};

const MINIMAL: &str = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\n";

/// The minimal answers with more lines.
fn with(more: &str) -> String {
    format!("{MINIMAL}{more}")
}

/// Every fault of a text as `line:column code: words`.
fn faults(text: &str) -> Vec<String> {
    let error = Answers::from_yaml(text).unwrap_err();
    error
        .faults()
        .map(|fault| match fault.at() {
            Some(at) => format!("{at} {}: {fault}", fault.code()),
            None => format!("- {}: {fault}", fault.code()),
        })
        .collect()
}

#[test]
fn a_reference_that_leads_nowhere_is_named_before_what_is_not_built() {
    let text = with("trust: { ca: [ \"file:/gone.pem\", \"file:/there.pem\", \"file:/far.pem\" ] }\ndelivery: gitops\n");
    let look = |reference: &SecretReference| if *reference == SecretReference::File("/there.pem".into()) { Ok(()) } else { Err(format!("there is no {reference}")) };
    let error = Answers::from_yaml_where(&text, &look).unwrap_err();
    let said: Vec<String> = error.faults().map(|fault| format!("{}: {fault}", fault.code())).collect();
    assert_eq!(said[..2], ["answers.reference: `trust.ca[0]`: there is no file:/gone.pem", "answers.reference: `trust.ca[2]`: there is no file:/far.pem"]);
    assert!(said[2].starts_with("answers.not-built") && said.len() == 3, "{said:?}");
}

#[test]
fn minimal_answers_take_every_default() {
    let answers = Answers::from_yaml(MINIMAL).unwrap();
    assert_eq!(answers.base().unwrap().as_str(), "platform.test");
    assert_eq!(answers.namespaces, Namespaces::default());
    assert_eq!(answers.profile.reference, "baseline");
    assert!(answers.edge.internal);
}

#[test]
fn the_document_of_the_design_is_read_but_for_what_is_not_built() {
    let text = r#"
apiVersion: airlock/v1
kind: Answers
extends: null
baseDomain: platform.example.com
hosts: { pattern: "{name}.{base}", tenant: "{tenant}-airflow.{base}", overrides: {} }
edge: { exposure: loadBalancer, internal: true, address: null, sourceRanges: [] }
tls: { source: private-ca }
images: { mirror: null, pullSecret: null, map: {}, override: [] }
components:
  registry: { mode: bundled }
  database: { mode: bundled }
  monitoring: { mode: bundled }
sizing: small
namespaces: { create: true, platform: airlock, tenants: "airlock-{tenant}", probes: airlock-probes }
network: { proxy: { http: null, https: null, noProxy: [] }, peers: {}, egress: [] }
trust: { ca: [] }
secrets: { mode: generate }
metadata: { labels: {}, annotations: {} }
patches: []
delivery: direct
profile: { ref: baseline }
evidence: { sink: null, signer: null }
"#;
    assert_eq!(faults(text), ["13:15 answers.value: `components.monitoring`: nobody would hear of an alert; say in `alerts.receiver` where they go: webhook, email, or none"]);
}

#[test]
fn words_keep_their_spelling_where_text_is_due() {
    let answers = Answers::from_yaml(&with("metadata: { labels: { version: 1.10, octal: 017, \"yes\": no } }\ncomponents: { registry: { storage: { size: 20Gi } } }\n")).unwrap();
    assert_eq!(answers.metadata.labels["version"], "1.10");
    assert_eq!(answers.metadata.labels["octal"], "017");
    assert_eq!(answers.metadata.labels["yes"], "no");
}

#[test]
fn patches_keep_the_types_of_yaml() {
    let answers = Answers::from_yaml(&with("patches:\n  - { target: Deployment/edge, reason: two, patch: { spec: { replicas: 2, paused: false, x: null, y: 'true' } } }\n")).unwrap();
    assert_eq!(answers.patches[0].patch, serde_json::json!({ "spec": { "replicas": 2, "paused": false, "x": null, "y": "true" } }));
}

#[test]
fn each_wrong_text_is_named_with_its_place() {
    let large = format!("# {}", "x".repeat(LARGEST));
    let cases: &[(&str, &str)] = &[
        ("", "- answers.empty: the document is empty"),
        ("# nothing\n", "- answers.empty: the document is empty"),
        (&large, "- answers.too-large: the document has 1048578 bytes; 1048576 is the most that is read"),
        ("a: b: c\n", "1:5 answers.syntax: this is not YAML: mapping values are not allowed in this context"),
        ("- a\n", "1:1 answers.wrong-type: `the document` must be a group of keys, but here is a list"),
        ("text\n", "1:1 answers.wrong-type: `the document` must be a group of keys, but here is other text"),
        ("apiVersion: airlock/v1\nkind: Profile\n", "2:7 answers.kind: `kind` is `Profile`, but here it must be `Answers`"),
        ("apiVersion: airlock/v2\nkind: Answers\n", "1:13 answers.kind: `apiVersion` is `airlock/v2`, but here it must be `airlock/v1`"),
        ("kind: Answers\nbaseDomain: a.b\n", "1:1 answers.missing: `apiVersion` is missing"),
    ];
    for (text, expected) in cases {
        assert_eq!(faults(text).first().map(String::as_str), Some(*expected), "{}", text.chars().take(80).collect::<String>());
    }
}

#[test]
fn each_wrong_line_is_named_with_its_place() {
    for (more, expected) in [
        ("edge:\n\tinternal: true\n", "5:1 answers.tab: a tab indents this line; YAML indents with spaces alone"),
        ("---\nkind: Answers\n", "4:1 answers.documents: a second document begins here; a file holds one"),
        ("kind: Answers\n", "4:1 answers.duplicate-key: `kind` stands twice; the first one is on line 2"),
        ("sizng: small\n", "4:1 answers.unknown-key: unknown key `sizng`; did you mean `sizing`?"),
        ("edge: { adress: 10.0.0.1 }\n", "4:9 answers.unknown-key: unknown key `edge.adress`; did you mean `address`?"),
        (
            "tls: { nonsense: 1 }\n",
            "4:8 answers.unknown-key: unknown key `tls.nonsense`; possible here: source, certificate, key, password, secret, acme, issuerRef, duration, renewBefore, offlineRoot, wildcard, furtherHosts, renewal",
        ),
        ("edge: { internal: maybe }\n", "4:19 answers.wrong-type: `edge.internal` must be true or false, but here is other text"),
        ("edge: { internal: 'true' }\n", "4:19 answers.wrong-type: `edge.internal` must be true or false, but here is other text"),
        ("edge: [loadBalancer]\n", "4:7 answers.wrong-type: `edge` must be a group of keys, but here is a list"),
        ("edge: { sourceRanges: 10.0.0.0/8 }\n", "4:23 answers.wrong-type: `edge.sourceRanges` must be a list, but here is other text"),
        ("components: { edge: { replicas: two } }\n", "4:33 answers.wrong-type: `components.edge.replicas` must be a whole number in its range, but here is other text"),
        ("components: { edge: { replicas: 99999999999 } }\n", "4:33 answers.wrong-type: `components.edge.replicas` must be a whole number in its range, but here is other text"),
        ("metadata: { labels: { on: true } }\n", "4:27 answers.wrong-type: `metadata.labels.on` must be text, but here is true or false without quotes"),
        ("namespaces:\n  platform:\n", "5:3 answers.null: `namespaces.platform` has no value; give text, or leave the key out"),
        ("namespaces: { platform: ~ }\n", "4:15 answers.null: `namespaces.platform` has no value; give text, or leave the key out"),
        ("hosts:\n", "4:1 answers.null: `hosts` has no value; give a group of keys, or leave the key out"),
        ("sizing: smal\n", "4:9 answers.choice: `sizing` cannot be `smal`; did you mean `small`?"),
        ("sizing: 7\n", "4:9 answers.choice: `sizing` cannot be `7`; possible here: tiny, small, production"),
        ("sizing: [small]\n", "4:9 answers.wrong-type: `sizing` must be one word, but here is a list"),
        ("sizing:\n", "4:1 answers.null: `sizing` has no value; give one of the words of the schema, or leave the key out"),
        ("patches:\n  - target: Deployment/edge\n    patch: {}\n", "5:5 answers.missing: `patches[0].reason` is missing"),
        ("extends: &base x\n", "4:16 answers.indirection: an anchor is not read here; write the value out"),
        ("extends: !!str x\n", "4:16 answers.indirection: a tag is not read here; write the value out"),
    ] {
        assert_eq!(faults(&with(more)), [expected], "{more}");
    }
}

#[test]
fn each_value_that_cannot_be_meant_is_named_with_its_place() {
    for (more, expected) in [
        ("hosts: { pattern: registry.platform.test }\n", "4:19 answers.value: `hosts.pattern`: `registry.platform.test` does not contain {name}, so that all would have the same host"),
        ("hosts: { pattern: '{name}.example.com' }\n", "4:19 answers.value: `hosts.pattern`: `{name}.example.com` gives registry.example.com, which is not below platform.test"),
        ("hosts: { pattern: '{name}.{bass}' }\n", "4:19 answers.value: `hosts.pattern`: `{name}.{bass}` has a variable that is neither {name} nor {base}"),
        (
            "hosts: { overrides: { registry: images.example.com } }\n",
            "4:33 answers.value: `hosts.overrides.registry`: `images.example.com` is not below platform.test, and the certificate covers nothing else",
        ),
        ("edge: { address: 10.0.0 }\n", "4:18 answers.value: `edge.address`: `10.0.0` is not an IP address"),
        ("edge:\n  sourceRanges:\n    - 10.0.0.0/8\n    - 10.0.0.1/8\n", "7:7 answers.value: `edge.sourceRanges[1]`: `10.0.0.1/8` has bits set beyond its length; did you mean 10.0.0.0/8?"),
        (
            "namespaces: { platform: Air }\n",
            "4:25 answers.value: `namespaces.platform`: `Air` is no name of a namespace: up to 63 lower case letters, digits, and `-`, with a letter or digit at both ends",
        ),
        ("namespaces: { platform: kube-system }\n", "4:25 answers.value: `namespaces.platform`: `kube-system` belongs to the cluster; Airlock wants namespaces of its own"),
        ("namespaces: { probes: airlock }\n", "4:23 answers.value: `namespaces.probes`: `airlock` is the platform's namespace too; probes need one of their own"),
        ("components: { registry: { storage: { size: big } } }\n", "4:44 answers.value: `components.registry.storage.size`: `big` is not a Kubernetes quantity, as in 250m or 1Gi"),
        ("components: { registry: { storage: { size: 0 } } }\n", "4:44 answers.value: `components.registry.storage.size`: `0` is nothing; give more, or leave the key out"),
        (
            "components: { edge: { resources: { requests: { cpu: '2', memory: 1Gi }, limits: { cpu: '1', memory: 1Gi } } } }\n",
            "4:53 answers.value: `components.edge.resources.requests.cpu`: `2` is more than the limit `1`",
        ),
        ("components: { edge: { replicas: 0 } }\n", "4:33 answers.value: `components.edge.replicas`: `0` pods serve nobody; `mode: off` leaves a component out"),
        ("components: { edge: { storage: { size: 1Gi } } }\n", "4:32 answers.value: `components.edge.storage`: the edge keeps nothing, so it has no volume; leave it out"),
        ("network: { peers: { apiServer: [kubernetes:443] } }\n", "4:33 answers.value: `network.peers.apiServer[0]`: `kubernetes:443` is not an address with a port, as in 10.0.0.1:6443"),
        ("metadata: { labels: { team: a b } }\n", "4:29 answers.value: `metadata.labels.team`: `a b` is no label value: up to 63 letters, digits, `-`, `_`, `.`, with a letter or digit at both ends"),
        ("metadata: { labels: { app.kubernetes.io/name: x } }\n", "4:47 answers.value: `metadata.labels.app.kubernetes.io/name`: labels and annotations with this prefix are set by Airlock itself"),
        ("patches: [{ target: edge, reason: x, patch: {} }]\n", "4:21 answers.value: `patches[0].target`: `edge` names no object, as in Deployment/edge"),
    ] {
        assert_eq!(faults(&with(more)), [expected], "{more}");
    }
}

#[test]
fn each_wrong_base_domain_is_named() {
    for base in ["localhost", "https://a.b", "a.b:443", "*.a.b", "10.0.0.1", "a..b", "a_b.c", "co.uk", "''"] {
        let told = faults(&format!("apiVersion: airlock/v1\nkind: Answers\nbaseDomain: {}\n", if base.starts_with('*') { format!("'{base}'") } else { base.to_owned() }));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("3:13 answers.value: `baseDomain`: "), "{told:?}");
    }
}

#[test]
fn a_secret_in_the_place_of_a_reference_is_not_repeated() {
    let error = Answers::from_yaml(&with("trust: { ca: [hunter2] }\n")).unwrap_err();
    assert!(error.faults().any(|fault| fault.code() == Code("answers.reference")));
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[test]
fn everything_that_is_not_built_is_refused_by_name() {
    for (more, key) in [
        ("extends: base.yaml\n", "extends"),
        ("edge: { exposure: ingress }\n", "edge.exposure"),
        ("edge: { exposure: nodePort }\n", "edge.exposure"),
        ("images: { mirror: mirror.example.com }\n", "images.mirror"),
        ("images: { pullSecret: secret:a/b }\n", "images.pullSecret"),
        ("images: { map: { docker.io: mirror.example.com } }\n", "images.map"),
        ("images: { override: [{ name: nginx, reference: r, reason: x, approvedBy: x, expires: x }] }\n", "images.override"),
        ("components: { edge: { mode: off } }\n", "components.edge.mode"),
        ("components: { registry: { mode: existing } }\n", "components.registry.mode"),
        ("namespaces: { create: false }\n", "namespaces.create"),
        ("secrets: { mode: external }\n", "secrets.mode"),
        ("delivery: gitops\n", "delivery"),
        ("components: { auditor: { mode: existing } }\nevidence: { sink: folder }\n", "components.auditor.mode"),
    ] {
        let error = Answers::from_yaml(&with(more)).unwrap_err();
        let paths: Vec<_> = error.faults().map(|fault| if let AnswersFault::NotBuilt { path, .. } = fault { path.as_str() } else { "" }).collect();
        assert_eq!(paths, [key], "{more}");
    }
}

#[test]
fn a_profile_is_named_or_a_file_of_it_is() {
    let file = |reference: &str| Answers::from_yaml(&with(&format!("profile: {{ ref: '{reference}' }}\n"))).unwrap().profile.file().map(str::to_owned);
    assert_eq!([file("file:policies/acme.yaml"), file("baseline")], [Some("policies/acme.yaml".to_owned()), None]);
    for (wrong, said) in [("", "the name of a profile is due"), ("file:", "the path of a profile is due")] {
        let told = faults(&with(&format!("profile: {{ ref: '{wrong}' }}\n")));
        assert!(told.len() == 1 && told[0].contains("profile.ref") && told[0].contains(said), "{told:?}");
    }
}

#[test]
fn a_component_that_is_not_built_may_be_off() {
    assert!(Answers::from_yaml(&with("components: { database: { mode: off } }\n")).is_ok());
}

#[test]
fn all_faults_are_said_at_once_in_the_order_of_the_text() {
    let told = faults("apiVersion: airlock/v1\nkind: Answers\nbaseDomian: x\nsizing: huge\nedge: { internal: perhaps }\n");
    let places: Vec<_> = told.iter().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(places, ["1:1 answers.missing:", "3:1 answers.unknown-key:", "4:9 answers.choice:", "5:19 answers.wrong-type:"]);
}

#[test]
fn answers_written_as_json_are_read_back_alike() {
    let answers = Answers::from_yaml(&with("hosts: { overrides: { registry: images.platform.test } }\nmetadata: { labels: { a: '1' } }\n")).unwrap();
    assert_eq!(Answers::from_yaml(&serde_json::to_string_pretty(&answers).unwrap()).unwrap(), answers);
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_are_no_fault() {
    assert!(Answers::from_yaml(&format!("\u{feff}{}", MINIMAL.replace('\n', "\r\n"))).is_ok());
}

#[test]
fn every_code_stands_in_the_table() {
    let at = || Place { line: 1, column: 1, excerpt: None };
    let text = String::new;
    let faults = [
        AnswersFault::TooLarge { bytes: 1, largest: 0 },
        AnswersFault::Empty,
        AnswersFault::Tab { at: at() },
        AnswersFault::Documents { at: at() },
        AnswersFault::Syntax { at: at(), message: text().into() },
        AnswersFault::Indirection { what: "", at: at() },
        AnswersFault::Depth { deepest: 1, at: at() },
        AnswersFault::DuplicateKey { key: text().into(), first: 1, at: at() },
        AnswersFault::UnknownKey { key: text().into(), nearest: None, known: Vec::new(), at: at() },
        AnswersFault::WrongType { path: text(), expected: "", found: "", at: at() },
        AnswersFault::Null { path: text(), expected: "", at: at() },
        AnswersFault::Choice { path: text(), value: text().into(), nearest: None, choices: Vec::new(), at: at() },
        AnswersFault::Missing { path: text(), at: at() },
        AnswersFault::Kind { key: "kind", found: text().into(), expected: "", at: at() },
        AnswersFault::Value { path: text(), text: text().into(), at: at() },
        AnswersFault::Reference { path: text(), text: text(), at: at() },
        AnswersFault::NotBuilt { path: text(), value: text().into(), instead: text(), at: at() },
        AnswersFault::Mismatch { message: text().into() },
    ];
    for fault in faults {
        let spec = explain_code(fault.code().0);
        assert!(spec.is_some(), "{} is not explained", fault.code());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}|[ \\t\\n:{}\\[\\]&*!|>'\"#%@`,?a-z0-9~.-]{0,200}") {
        let _ = Answers::from_yaml(&text);
    }

    #[test]
    fn no_damage_to_good_answers_makes_the_parser_panic(at in 0usize..400, junk in "[ \\t\\n:{}\\[\\]&*!|>'\"#,?a-z0-9~.\\u{0}-\\u{20}é-]{0,8}") {
        let mut text = with("edge:\n  sourceRanges: [10.0.0.0/8]\ncomponents: { registry: { storage: { size: 1Gi } } }\npatches:\n  - { target: A/b, reason: r, patch: {} }\n");
        let at = (0..=at.min(text.len())).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0);
        text.insert_str(at, &junk);
        if let Err(error) = Answers::from_yaml(&text) {
            prop_assert!(error.faults().all(|fault| fault.at().is_none_or(|at| at.line >= 1 && at.column >= 1)));
            prop_assert!(!error.faults().any(|fault| matches!(fault, AnswersFault::Mismatch { .. })), "{error}");
        }
    }
}

const EGRESS: &str = "network: { egress: [{ component: monitoring, to: 192.0.2.1/32, port: 443, reason: alerts }] }\n";

#[test]
fn where_alerts_go_is_said_with_monitoring_and_not_without() {
    for good in [
        "components: { monitoring: {} }\nalerts: { receiver: none }\n".to_owned(),
        "components: { monitoring: { mode: off } }\n".to_owned(),
        "components: { monitoring: { mode: existing } }\nnetwork: { peers: { prometheus: monitoring/k8s } }\n".to_owned(),
        format!("components: {{ monitoring: {{}} }}\nalerts: {{ receiver: webhook, webhook: {{ url: 'env:URL' }} }}\n{EGRESS}"),
        format!("components: {{ monitoring: {{}} }}\nalerts: {{ receiver: email, email: {{ to: a@b.test, from: c@d.test, server: 'mail.test:25' }}, authority: 'file:ca.pem' }}\n{EGRESS}"),
    ] {
        assert!(Answers::from_yaml(&with(&good)).is_ok(), "{good}: {:?}", faults(&with(&good)));
    }
    for (more, begins) in [
        ("alerts: { receiver: none }\n", "4:21 answers.value: `alerts.receiver`: Airlock tells alerts with"),
        ("components: { monitoring: { mode: existing } }\nalerts: { receiver: none }\n", "5:21 answers.value: `alerts.receiver`: Airlock tells alerts with"),
        ("network: { peers: { prometheus: monitoring/k8s } }\n", "4:33 answers.value: `network.peers.prometheus`: it counts with"),
        ("components: { monitoring: { mode: existing } }\nnetwork: { peers: { prometheus: k8s } }\n", "5:33 answers.value: `network.peers.prometheus`: `k8s` is no namespace and name"),
        ("components: { monitoring: {} }\nalerts: { receiver: pager }\n", "5:21 answers.choice: "),
        ("components: { monitoring: {} }\nalerts: { receiver: webhook, webhook: { url: 'env:URL' } }\n", "5:21 answers.value: `alerts.receiver`: nothing lets an alert out"),
        ("components: { monitoring: {} }\nalerts: { receiver: email }\n", "5:21 answers.value: `alerts.receiver`: nothing lets an alert out"),
        ("components: { monitoring: {} }\nalerts: { receiver: none, webhook: { url: 'env:URL' } }\n", "5:36 answers.value: `alerts.webhook`: `alerts.receiver` names another"),
    ] {
        let told = faults(&with(more));
        assert!(told[0].starts_with(begins), "{more}: {told:?}");
    }
}

#[test]
fn a_receiver_that_cannot_be_is_refused_without_its_secret() {
    for (alerts, begins) in [
        ("{ receiver: webhook, webhook: { url: 'https://hook/hunter2' } }", "answers.reference: `alerts.webhook.url`"),
        ("{ receiver: email }", "answers.value: `alerts.receiver`: the receiver itself is not described"),
        ("{ receiver: email, email: { to: nobody, from: a@b.test, server: 'm.test:25' } }", "answers.value: `alerts.email.to`"),
        ("{ receiver: email, email: { to: 'a@b.test, c@d.test', from: a@b.test, server: 'm.test:25' } }", "answers.value: `alerts.email.to`"),
        ("{ receiver: email, email: { to: a@b.test, from: a@b.test, server: m.test } }", "answers.value: `alerts.email.server`"),
        ("{ receiver: email, email: { to: a@b.test, from: a@b.test, server: 'm.test:0' } }", "answers.value: `alerts.email.server`"),
        ("{ receiver: email, email: { to: a@b.test, from: a@b.test, server: 'm.test:25', username: u } }", "answers.value: `alerts.email`: `username` and `password`"),
        ("{ receiver: email, email: { to: a@b.test, from: a@b.test, server: 'm.test:25', username: u, password: hunter2 } }", "answers.reference: `alerts.email.password`"),
    ] {
        let told = faults(&with(&format!("components: {{ monitoring: {{}} }}\nalerts: {alerts}\n{EGRESS}")));
        let (place, fault) = told[0].split_once(' ').unwrap();
        assert!(place.starts_with("5:") && fault.starts_with(begins), "{alerts}: {told:?}");
        assert!(!told.concat().contains("hunter2"), "{told:?}");
    }
}
