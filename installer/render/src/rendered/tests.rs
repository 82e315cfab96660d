//! Small libraries of templates: what a mistake in one leads to, and what a declaration leads to.

use std::collections::BTreeSet;

use airlock_model::{Coded, explain_code};
use serde_json::json;

use super::*;

const ANSWERS: &str = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\n";
const COMPONENT: &str = "name: a\npurpose: p\nimages: [one]\nmain: main\nuser: 7\n";
const DEPLOYMENT: &str =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\nspec:\n  replicas: {{ replicas | number }}\n  template:\n    spec:\n      containers:\n        - { name: main, image: one }\n";

fn library(component: &str, template: &str) -> Library {
    let size = "{ a: { replicas: 2, containers: { main: { requests: { cpu: 100m, memory: 1Mi }, limits: { cpu: 1, memory: 2Mi } } }, volumes: { data: 1Gi } } }";
    Library::of(&[
        ("images.yaml", "one: { reference: \"registry.example/one:{version}\", licence: MIT, purpose: p }\n"),
        ("sizing.yaml", &format!("tiny: {size}\nsmall: {size}\nproduction: {size}\n")),
        ("a/component.yaml", component),
        ("a/object.yaml", template),
    ])
}

fn rendered(library: &Library) -> Result<Rendered, RenderError> {
    let answers: Answers = serde_yaml::from_str(ANSWERS).unwrap();
    let release = crate::release::from_library(library)?;
    let base = "platform.test".parse().unwrap();
    render_library(library, &RenderInput { answers: &answers, base: &base, release: &release, lock: None, facts: None, installation: "i", profile: None, tenant: None })
}

fn refused(library: &Library) -> String {
    let error = rendered(library).map(|_| ()).unwrap_err();
    assert!(explain_code(error.code().0).is_some(), "{error}");
    error.to_string()
}

#[test]
fn an_undefined_variable_is_an_error_with_file_and_line() {
    let error = refused(&library(COMPONENT, &DEPLOYMENT.replace("replicas |", "replcias |")));
    assert!(error.contains("a/object.yaml:5:") && error.contains("replcias"), "{error}");
}

#[test]
fn what_is_no_object_is_refused_with_its_file() {
    assert!(refused(&library(COMPONENT, "kind: [\n")).contains("a/object.yaml"));
    assert!(refused(&library(COMPONENT, "apiVersion: v1\nkind: ConfigMap\n")).contains('a'));
}

#[test]
fn a_template_may_not_write_what_the_renderer_writes() {
    for (written, key) in [
        ("serviceAccountName: default", "serviceAccountName"),
        ("automountServiceAccountToken: true", "automountServiceAccountToken"),
        ("securityContext: {}", "securityContext"),
        ("enableServiceLinks: true", "enableServiceLinks"),
    ] {
        let error = refused(&library(COMPONENT, &DEPLOYMENT.replace("    spec:\n      containers", &format!("    spec:\n      {written}\n      containers"))));
        assert!(error.contains(key), "{error}");
    }
    for key in ["securityContext", "resources", "imagePullPolicy"] {
        let error = refused(&library(COMPONENT, &DEPLOYMENT.replace("image: one", &format!("image: one, {key}: {{}}"))));
        assert!(error.contains(key), "{error}");
    }
}

#[test]
fn a_pod_runs_only_images_that_its_component_declares() {
    for image in ["registry.example/one:1", "two"] {
        let error = refused(&library(COMPONENT, &DEPLOYMENT.replace("image: one", &format!("image: \"{image}\""))));
        assert!(error.contains(image), "{error}");
    }
    assert!(refused(&library(&COMPONENT.replace("[one]", "[two]"), &DEPLOYMENT.replace("image: one", "image: two"))).contains("images.yaml"));
}

#[test]
fn a_pod_needs_a_user_and_a_row_of_sizes() {
    assert!(refused(&library(&COMPONENT.replace("user: 7", "user: 0"), DEPLOYMENT)).contains("user"));
    assert!(refused(&library(&COMPONENT.replace("user: 7\n", ""), DEPLOYMENT)).contains("user"));
    assert!(refused(&library(COMPONENT, &DEPLOYMENT.replace("name: main", "name: other"))).contains("sizing.yaml"));
}

#[test]
fn a_declaration_is_strict() {
    for (line, named) in [
        ("colour: red\n", "colour"),
        ("talks_to: [{ component: nobody, port: 1, purpose: p }]\n", "nobody"),
        ("talks_to: [{ dns: true, component: a, port: 1, purpose: p }]\n", "one other side"),
        ("talks_to: [{ component: a, purpose: p }]\n", "port"),
        ("talks_to: [{ to_group: g, port: 1, purpose: p }]\n", "`g`"),
        ("secrets: { s: { class: credential } }\n", "`s`"),
        ("secrets: { s: { compose: \"{x}\", from: { x: other }, class: derived } }\n", "other"),
        ("certificates: { c: {} }\n", "`c`"),
        ("volumes: { data: { why: \"\" } }\n", "data"),
        ("when: answers.sizing\n", "when"),
        ("user: 8\n", "user"),
    ] {
        let error = refused(&library(&format!("{COMPONENT}{line}"), DEPLOYMENT));
        assert!(error.contains("a/component.yaml") && error.contains(named), "{line}: {error}");
    }
    let error = refused(&library(&COMPONENT.replace("name: a", "name: b"), DEPLOYMENT));
    assert!(error.contains("its folder"), "{error}");
}

#[test]
fn pods_get_a_token_only_with_rights_which_then_are_the_whole_role() {
    let component = format!("{COMPONENT}rights: [{{ group: \"\", resources: [configmaps], names: [c], verbs: [get, patch] }}]\n");
    let rendered = rendered(&library(&component, DEPLOYMENT)).unwrap();
    let component = &rendered.components[0];
    let named = |kind: &str| component.objects.iter().find(|object| object.reference().kind == kind).unwrap().manifest().clone();
    assert_eq!(named("Deployment")["spec"]["template"]["spec"]["automountServiceAccountToken"], true);
    assert_eq!(named("ServiceAccount")["automountServiceAccountToken"], false);
    assert_eq!(named("Role")["rules"], json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "patch"], "resourceNames": ["c"] }]));
    assert_eq!(named("RoleBinding")["subjects"], json!([{ "kind": "ServiceAccount", "name": "a", "namespace": "airlock" }]));
    let rights: Vec<String> = component.rights.iter().map(ToString::to_string).collect();
    assert_eq!(rights, ["get configmaps in namespace airlock", "patch configmaps in namespace airlock"]);
}

#[test]
fn sums_count_every_pod_and_the_largest_container_that_runs_before() {
    let template = DEPLOYMENT.replace("      containers:", "      initContainers:\n        - { name: main, image: one }\n      containers:\n        - { name: main, image: one }");
    let rendered = rendered(&library(COMPONENT, &template)).unwrap();
    assert_eq!((rendered.pods, rendered.largest_pod.cpu_millis, rendered.requests.cpu_millis), (2, 200, 400));
    assert_eq!(rendered.requests.memory_bytes, 4 << 20);
}

#[test]
fn both_sides_get_a_policy_and_one_row_tells_it() {
    let both = library(&format!("{COMPONENT}talks_to: [{{ component: b, port: 9, purpose: p }}, {{ apiserver: true, purpose: q }}]\n"), DEPLOYMENT).with("b/component.yaml", "name: b\npurpose: p\n");
    let rendered = rendered(&both).unwrap();
    let policy = |name: &str| {
        rendered.components.iter().flat_map(|component| &component.objects).find(|object| object.reference().kind == "NetworkPolicy" && object.reference().name == name).unwrap().manifest()["spec"]
            .clone()
    };
    let peer = |name: &str| json!([{ "podSelector": { "matchLabels": { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "airlock" } } }]);
    let port = |port: u16| json!([{ "port": port, "protocol": "TCP" }]);
    assert_eq!(policy("a")["egress"], json!([{ "to": peer("b"), "ports": port(9) }, { "to": [{ "ipBlock": { "cidr": "192.0.2.1/32" } }], "ports": port(6443) }]));
    assert_eq!(policy("b")["ingress"], json!([{ "from": peer("a"), "ports": port(9) }]));
    let rows: Vec<_> = rendered.connections.iter().map(|row| (row.target.as_str(), row.port)).collect();
    assert_eq!(rows, [("API server", 443), ("b", 9)]);
}

#[test]
fn a_connection_with_a_component_that_is_not_installed_does_not_exist() {
    let alone = library(&format!("{COMPONENT}talks_to: [{{ component: b, port: 9, purpose: p }}]\n"), DEPLOYMENT).with("b/component.yaml", "name: b\npurpose: p\nwhen: \"false\"\n");
    let rendered = rendered(&alone).unwrap();
    assert_eq!(rendered.connections, []);
    assert_eq!(rendered.components.len(), 1);
}

#[test]
fn a_pod_restarts_when_configuration_that_it_mounts_changes() {
    let annotation = |data: &str| {
        let template = DEPLOYMENT.replace("      containers:", "      volumes: [{ name: c, configMap: { name: c } }]\n      containers:");
        let config = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: c }}\ndata: {{ a: {data} }}\n");
        let rendered = rendered(&library(COMPONENT, &template).with("a/config.yaml", &config)).unwrap();
        let deployment = rendered.components[0].objects.iter().find_map(|object| object.pod().map(|(metadata, _)| metadata["annotations"].clone())).unwrap();
        deployment["airlock-platform.io/configuration"].as_str().unwrap().to_owned()
    };
    assert_eq!(annotation("x"), annotation("x"));
    assert_ne!(annotation("x"), annotation("y"));
}

#[test]
fn what_a_pod_notices_by_itself_it_does_not_read_once() {
    let volumes = "volumes: [{ name: c, configMap: { name: c } }, { name: s, secret: { secretName: s } }, { name: r, secret: { secretName: r } }]";
    let template = DEPLOYMENT.replace("  template:\n    spec:\n", &format!("  template:\n    metadata: {{ annotations: {{ airlock-platform.io/reloads: \"x,r\" }} }}\n    spec:\n      {volumes}\n"));
    let rendered = rendered(&library(COMPONENT, &template)).unwrap();
    let deployment = rendered.components[0].objects.iter().find(|object| object.reference().kind == "Deployment").unwrap();
    let read: Vec<String> = crate::read_once(deployment).iter().map(ToString::to_string).collect();
    assert_eq!(read, ["ConfigMap airlock/c", "Secret airlock/s"]);
}

/// Tera takes an undefined name in `{% if %}` for false; so every path in the shipped templates is looked up here.
#[test]
fn every_name_in_a_shipped_template_exists() {
    let library = Library::shipped();
    let alerts = "{ webhook: { url: u }, email: { to: t, from: f, server: s }, authority: a }";
    let tls = "{ source: cert-manager, issuerRef: { name: i, kind: Issuer } }";
    let answers: Answers = serde_yaml::from_str(&format!(
        "{ANSWERS}alerts: {alerts}\ncomponents: {{ monitoring: {{ mode: existing }}, auditor: {{}} }}\nevidence: {{ signer: s, https: {{ url: u }}, s3: {{ endpoint: e, bucket: b, accessKeyId: a, secretAccessKey: s }} }}\ntls: {tls}\nnetwork: {{ proxy: {{ https: 'http://p.test' }} }}\n"
    ))
    .unwrap();
    let base: HostName = "platform.test".parse().unwrap();
    let known = ComponentSpec::all(&library).unwrap();
    let release = crate::release::from_library(&library).unwrap();
    let name = "alpha".parse().unwrap();
    // Everything that is left out of a document at its default stands in what templates are given.
    let deployment = airlock_model::AirflowDeployment::named(&name);
    let tenant = Some(crate::TenantInput { name: &name, deployment: &deployment, incarnation: None, kept: true });
    let input = RenderInput { answers: &answers, base: &base, release: &release, lock: None, facts: None, installation: "i", profile: None, tenant };
    let shared = Shared::new(&input, serde_json::to_value(&answers).unwrap(), &known, &known).unwrap();
    let values = serde_json::to_value(Values { shared: &shared, replicas: 1, quota: crate::sizing::QuotaSize::default() }).unwrap();
    let mut looked_up = 0;
    for (path, text) in library.files().filter(|(path, _)| path.contains('/') && !path.ends_with("component.yaml")) {
        let inside: Vec<&str> =
            text.split("{%").skip(1).filter_map(|rest| rest.split_once("%}")).chain(text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}"))).map(|(inside, _)| inside).collect();
        // What a file includes knows what it has set before.
        let (folder, _) = path.split_once('/').unwrap();
        let of_folder = library.files().filter(|(other, _)| other.starts_with(folder)).flat_map(|(_, text)| text.split("{%").skip(1)).filter_map(|rest| Some(rest.split_once("%}")?.0.trim()));
        let bindings = of_folder.filter_map(|inside| inside.strip_prefix("for ").or_else(|| inside.strip_prefix("set ")));
        let bound: BTreeSet<&str> = bindings.flat_map(|rest| rest.split_whitespace().take_while(|word| !["in", "="].contains(word))).map(|word| word.trim_end_matches(',')).collect();
        for name in inside.iter().flat_map(|inside| names(inside)) {
            let first = name.split('.').next().unwrap_or_default();
            if !bound.contains(first) {
                assert!(values.pointer(&format!("/{}", name.replace('.', "/"))).is_some(), "{path}: {name}");
                looked_up += 1;
            }
        }
    }
    assert!(looked_up > 15, "{looked_up}");
}

/// The dotted names of an expression, without texts, filters, and the words of the language.
fn names(expression: &str) -> Vec<String> {
    const WORDS: [&str; 27] = [
        "if", "else", "elif", "endif", "for", "in", "endfor", "set", "endset", "include", "and", "or", "not", "quote", "json", "number", "word", "replace", "from", "to", "data", "split", "pat",
        "first", "last", "true", "false",
    ];
    let outside = |text: &str, quote: char| text.split(quote).step_by(2).collect::<Vec<_>>().join(" ");
    let outside_texts = outside(&outside(expression, '\''), '"');
    let is_name = |word: &&str| word.bytes().next().is_some_and(|first| first.is_ascii_alphabetic()) && !WORDS.contains(word);
    outside_texts.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))).map(|word| word.trim_matches('.')).filter(is_name).map(str::to_owned).collect()
}
