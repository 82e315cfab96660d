use std::fmt::Write as _;

use super::*;

fn file(text: &str) -> FileObjects {
    read("a/b.yaml", text.as_bytes())
}

fn names(found: &FileObjects) -> Vec<String> {
    found.objects.iter().map(|object| format!("{} {}", object.object, object.place.as_ref().unwrap().document)).collect()
}

/// Line, column, and what is said of the only fault.
fn fault(text: &str) -> (u32, u32, ReadFault, String) {
    let found = file(text);
    assert_eq!(found.unread.len(), 1, "{text}: {found:#?}");
    let fault = &found.unread[0];
    assert_eq!(fault.file.raw(), "a/b.yaml");
    (fault.line, fault.column, fault.fault, fault.message.raw().to_owned())
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: shop }\n";

#[test]
fn documents_are_counted_from_zero_with_the_empty_ones() {
    let found = file(&format!("---\n---\n{POD}---\n# nothing\n---\n{}", POD.replace("name: a", "name: b")));
    assert_eq!(names(&found), ["Pod shop/a 1", "Pod shop/b 3"]);
    let lines: Vec<Option<u32>> = found.objects.iter().map(|object| object.place.as_ref().unwrap().line).collect();
    assert_eq!(lines, [Some(3), Some(9)]);
    assert_eq!(found.unread, []);
}

#[test]
fn json_and_lists_in_lists_are_read_like_yaml() {
    let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}"#;
    assert_eq!(names(&file(pod)), ["Pod a 0"]);
    let inner = format!(r#"{{"apiVersion":"v1","kind":"List","items":[{pod}]}}"#);
    assert_eq!(names(&file(&format!(r#"{{"apiVersion":"v1","kind":"List","items":[{inner},{pod}]}}"#))), ["Pod a 0", "Pod a 0"]);
    let typed = file("apiVersion: apps/v1\nkind: DeploymentList\nitems:\n  - metadata: { name: d }\n");
    assert_eq!((names(&typed), typed.objects[0].object.api_version.as_str()), (vec!["Deployment d 0".to_owned()], "apps/v1"));
    let deep = (0..10).fold(pod.to_owned(), |inner, _| format!(r#"{{"apiVersion":"v1","kind":"List","items":[{inner}]}}"#));
    assert!(fault(&deep).3.contains("lists stand in lists"));
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let found = file(&format!("\u{feff}{}", POD.replace('\n', "\r\n")));
    assert_eq!(names(&found), ["Pod shop/a 0"]);
    assert_eq!(found.objects[0].manifest, file(POD).objects[0].manifest);
}

#[test]
fn what_cannot_be_read_is_told_with_line_and_column_and_what_stands_before_it_is_kept() {
    let found = file(&format!("{POD}---\na: [\n"));
    assert_eq!(names(&found), ["Pod shop/a 0"]);
    assert_eq!((found.unread[0].document, found.unread[0].fault), (Some(1), ReadFault::Broken));
    assert!(found.unread[0].line >= 5, "{found:#?}");
    let (line, column, _, message) = fault("apiVersion: v1\nkind: Pod\nkind: Pod\n");
    assert_eq!((line, column), (3, 1));
    assert!(message.contains("`kind` stands twice"), "{message}");
    assert_eq!(fault("apiVersion: v1\nkind: Pod\nmetadata: {}\n").3, "the Pod has no metadata.name");
    assert!(fault("just words\n").3.contains("no fields"));
    assert!(fault("? [a]\n: b\n").3.contains("a key is a word"));
    let (line, column, _, message) = fault("- 1\n");
    assert_eq!((line, column), (1, 1), "{message}");
    assert!(fault("apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: no }\n").3.contains("quotation marks"));
    let found = read("c.yaml", b"a: \"\xff\"\n");
    assert_eq!((found.unread[0].line, found.unread[0].column), (1, 5));
}

#[test]
fn an_empty_file_is_no_pass() {
    for text in ["", "\n\n", "# words\n", "---\n---\n", "null\n"] {
        assert_eq!(fault(text), (1, 1, ReadFault::Empty, "the file holds no object".to_owned()), "{text:?}");
    }
}

#[test]
fn text_cannot_grow_on_the_way_in() {
    let deep = format!("apiVersion: v1\nkind: Pod\nspec: {}{}\n", "[".repeat(400), "]".repeat(400));
    assert!(fault(&deep).3.contains("more than 100 levels deep"), "{}", fault(&deep).3);
    let fifty = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: a }}\nx: {}{}\n", "[".repeat(50), "]".repeat(50));
    assert_eq!(names(&file(&fifty)), ["ConfigMap a 0"]);
    let mut laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{},", level - 1).repeat(10);
        writeln!(laughs, "a{level}: &a{level} [{below}]").unwrap();
    }
    let (line, _, _, message) = fault(&laughs);
    assert!(message.contains("aliases add more than") && line > 4, "{line} {message}");
    let own = fault("a: &a [ *a ]\n").3;
    assert!(own.contains("anchor"), "{own}");
    let large = vec![b'#'; LARGEST_FILE + 1];
    assert!(read("c.yaml", &large).unread[0].message.raw().contains("the most that are read"));
}

/// Small enough to be harmless where nothing counts: 20 MB of text, and 100,000 numbers.
#[test]
fn copies_of_long_texts_and_of_anchors_in_anchors_count_too() {
    let with = |rest: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: a }}\n{rest}");
    let text = |times: usize| with(&format!("x: &a {}\ny: [{}]\n", "t".repeat(10_000), "*a,".repeat(times)));
    let key = |times: usize| with(&format!("x: &a {{ {}: 1 }}\ny: [{}]\n", "k".repeat(1_000), "*a,".repeat(times)));
    let nested = |levels: usize| {
        let anchors = (0..levels).map(|level| format!("&a{level} [")).collect::<Vec<_>>();
        with(&format!("x: {}{}{}\n", anchors.concat(), "0,".repeat(2_000), "]".repeat(levels)))
    };
    for refused in [text(2_000), key(20_000), nested(60)] {
        let (_, _, told, message) = fault(&refused);
        assert!(told == ReadFault::Broken && message.contains("anchors and aliases add more than 100000 values"), "{message}");
    }
    for good in [text(500), key(5_000), nested(20)] {
        assert_eq!(names(&file(&good)), ["ConfigMap a 0"]);
    }
}

#[test]
fn anchors_and_merge_keys_mean_what_they_say() {
    let found = file("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a, labels: &l { x: z } }\nbase: &b { p: 1, q: 2 }\nover: { <<: *b, q: 3 }\nmore: { <<: [ *b, { r: 4 } ] }\nlabels: *l\n");
    let manifest = &found.objects[0].manifest;
    assert_eq!(manifest["over"], serde_json::json!({ "q": 3, "p": 1 }));
    assert_eq!(manifest["more"], serde_json::json!({ "p": 1, "q": 2, "r": 4 }));
    assert_eq!(manifest["labels"], serde_json::json!({ "x": "z" }));
}

#[test]
fn templates_that_were_not_rendered_are_told_and_templates_for_other_programs_are_not() {
    for text in [
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: \"{{ .Release.Name }}-a\"\n",
        "{{- if .Values.x }}\napiVersion: v1\n{{- end }}\n",
    ] {
        let found = file(text);
        assert_eq!(found.objects, [], "{text}");
        assert!(found.unread.iter().all(|unread| unread.message.raw().contains("helm template")), "{found:#?}");
        assert!(!found.unread.is_empty(), "{text}");
    }
    assert_eq!(names(&file("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { alert: \"{{ $labels.pod }} is down\" }\n")), ["ConfigMap a 0"]);
}

/// Of documents that are YAML although a template was not rendered, in quotation marks.
#[test]
fn a_template_in_a_field_of_kubernetes_was_not_rendered_whatever_it_says() {
    let pod = |container: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {{ name: a }}\nspec:\n  containers: [ {{ name: a, {container} }} ]\n");
    let of = |api: &str, kind: &str, name: &str, rest: &str| format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{ name: '{name}' }}\n{rest}\n");
    for text in [
        of("v1", "ConfigMap", r#"{{ template "fullname" . }}-web"#, ""),
        of("acme.io/v1", "Thing", "{{ $name }}", ""),
        of("v1", "'{{ $kind }}'", "a", ""),
        pod("image: '{{ $image }}'"),
        pod("image: 'registry/{{ $name }}:1'"),
        pod("image: b, args: [ '{{ .Values.level }}' ]"),
        pod("image: b, env: [ { name: A, value: 'http://{{ .Release.Name }}-web' } ]"),
        of("v1", "ConfigMap", "a", "data: { password: '{{ .Values.password }}' }"),
        of("v1", "Secret", "a", "data: { password: '{{ $password | b64enc }}' }"),
        of("v1", "Secret", "a", "stringData: { url: 'postgres://{{ include \"db\" . }}/a' }"),
        of("networking.k8s.io/v1", "Ingress", "a", "spec: { tls: [ { secretName: '{{ $host }}-tls' } ] }"),
        of("v1", "Service", "a", "spec: { selector: { '{{ $key }}': a } }"),
        of("v1", "Service", "a", "spec: { selector: { app: '{{ include ''a'' . }}' } }"),
        of("monitoring.coreos.com/v1", "PrometheusRule", "a", "spec: { groups: [ { name: '{{ .Values.group }}' } ] }"),
    ] {
        let (line, _, told, message) = fault(&text);
        assert_eq!(file(&text).objects, [], "{text}");
        assert!(told == ReadFault::Broken && message.contains("helm template"), "{text}: {message}");
        assert!(text.lines().nth(line as usize - 1).unwrap().contains("{{"), "{text}: line {line}");
    }
    let list =
        format!("apiVersion: v1\nkind: List\nitems:\n  - {{ apiVersion: v1, kind: Service, metadata: {{ name: b }} }}\n  - {}\n", pod("image: '{{ $image }}'").trim_end().replace('\n', "\n    "));
    assert_eq!((names(&file(&list)), fault(&list).0), (vec!["Service b 0".to_owned()], 9));
}

#[test]
fn templates_that_are_kept_for_other_programs_are_content() {
    let of = |api: &str, kind: &str, rest: &str| format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{ name: a }}\n{rest}\n");
    let config = |lines: &str| of("v1", "ConfigMap", &format!("data:\n  a.tmpl: |\n    {}", lines.replace('\n', "\n    ")));
    for text in [
        config("{{ define \"title\" }}\n{{- range .Alerts }}{{ .Labels.alertname }}{{ end }}\n{{- end }}"),
        // Istio's injector gives its templates the values of its own chart.
        config("spec:\n  image: {{ .Values.global.hub }}/proxyv2"),
        of("v1", "Secret", "stringData:\n  alertmanager.yaml: |\n    receivers:\n      - slack_configs: [ { title: '{{ template \"title\" . }}' } ]"),
        of("v1", "ConfigMap", "data: { legend: '{{pod}}' }"),
        of("v1", "Service", "").replace("name: a", "name: a, annotations: { note: '{{ $x }}' }"),
        of("v1", "ConfigMap", "").replace("name: a", r#"name: a, annotations: { kubectl.kubernetes.io/last-applied-configuration: '{"data":{"a":"a\n{{ .Values.global.hub }}"}}' }"#),
        of(
            "v1",
            "Pod",
            "spec: { containers: [ { name: a, image: b, args: [ ps, '--format={{.ID}}', '{{.status.phase}}' ], env: [ { name: DAY, value: '{{ ds }}' }, { name: LOG, value: 'dag_id={{ ti.dag_id }}/run_id={{ ti.run_id }}' } ] } ] }",
        ),
        of("monitoring.coreos.com/v1", "PrometheusRule", "spec: { groups: [ { name: a, rules: [ { alert: A, annotations: { summary: '{{ $labels.pod }}' } } ] } ] }"),
        of("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig", "spec: { receivers: [ { slackConfigs: [ { title: '{{ template \"title\" . }}' } ] } ] }"),
        of("argoproj.io/v1alpha1", "ApplicationSet", "spec: { template: { metadata: { name: '{{.path.basename}}' } } }"),
        of("apiextensions.k8s.io/v1", "CustomResourceDefinition", "spec: { description: 'such as {{ .name }}', example: '{{ .name }}' }"),
    ] {
        let found = file(&text);
        assert_eq!(found.objects.len(), 1, "{text}");
        assert!(found.unread.iter().all(|unread| unread.fault == ReadFault::CustomKind), "{text}: {found:#?}");
    }
}

#[test]
fn kinds_that_no_check_knows_are_told() {
    let of = |api: &str, kind: &str, rest: &str| fault(&format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{ name: a }}\n{rest}"));
    assert_eq!(of("apps/v1", "Deploymnet", "").2, ReadFault::UnknownKind);
    assert_eq!(of("extensions/v1beta1", "Deployment", "").2, ReadFault::UnknownKind);
    assert_eq!(of("acme.io/v1", "Thing", "").2, ReadFault::CustomKind);
    assert_eq!(of("argoproj.io/v1alpha1", "Rollout", "spec: { template: { spec: { containers: [ { name: a, image: b } ] } } }\n").2, ReadFault::UnknownKind);
    assert!(fault("apiVersion: v2\nname: chart\n").3.contains("lacks apiVersion and kind"));
    assert!(read("c/Chart.yaml", b"apiVersion: v2\nname: chart\n").unread[0].message.raw().contains("helm template"));
    assert!(fault("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n").3.contains("kustomize build"));
    let crd = file("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: a }\n");
    assert_eq!((crd.objects.len(), crd.unread.len()), (1, 0));
}

#[test]
fn a_kind_of_somebody_else_with_a_name_of_kubernetes_is_kept_apart() {
    let given = snapshot([file("apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: { name: a }\n---\napiVersion: v1\nkind: Service\nmetadata: { name: b }\n")]);
    let keys: Vec<&str> = given.objects.keys().map(String::as_str).collect();
    assert_eq!(keys, ["Service", "Service.serving.knative.dev"]);
}

#[test]
fn namespaces_are_those_that_something_runs_in() {
    let given = snapshot([file(POD), file("apiVersion: v1\nkind: Namespace\nmetadata: { name: m }\n"), file("apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: d }\nspec: {}\n")]);
    assert_eq!(given.world.namespaces, ["default", "m", "shop"]);
}
