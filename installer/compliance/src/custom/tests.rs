use airlock_model::{Check as _, Coded as _, Profile, SnapshotObject, Source, Verdict, World};
use serde_json::{Value, json};

use crate::error::ComplianceError;
use crate::profile::{ProfileFault, ProfileFile, differences, from_text, lint, with_checks, with_setting, written};
use crate::report::{Judging, Report, judge, needs};
use crate::{CustomChecks, manifests};

use super::*;

const ALL: Judging = Judging { passes: true, workers: 1 };

const BEGIN: &str = "apiVersion: airlock/v1
kind: SecurityPolicyProfile
metadata: { name: acme, version: '1', owner: secops }
checks: [WKL-003]
custom:
";

/// A check with one thing wrong with it, or none. It begins on line 6 of the file.
fn one(more: &str) -> String {
    let with = |key: &str, text: &str| if more.contains(&format!("{key}:")) { String::new() } else { format!("    {key}: {text}\n") };
    let id = if more.starts_with("id:") { String::new() } else { "ACME-001".to_owned() };
    let begin = if id.is_empty() { format!("  - {}\n", more.lines().next().unwrap()) } else { format!("  - id: {id}\n") };
    let lines = more.lines().skip(usize::from(id.is_empty()));
    let rest = lines.fold(String::new(), |text, line| text + "    " + line + "\n");
    format!(
        "{BEGIN}{begin}{rest}{}{}{}{}{}{}",
        with("title", "every Deployment has a team"),
        with("severity", "medium"),
        with("why", "nobody is called"),
        with("fix", "set the label"),
        with("match", "{ apiVersion: apps/v1, kinds: [Deployment] }"),
        with("validations", "[{ expression: \"has(object.metadata.labels)\" }]")
    )
}

fn read(text: &str) -> Result<Profile, ComplianceError> {
    from_text("acme.yaml", text, &|_| Err("there is no such file".to_owned()))
}

/// A file to which one path alone leads.
fn file(path: &str, text: &str) -> ProfileFile {
    ProfileFile { text: text.to_owned(), identity: path.to_owned() }
}

fn linted(text: &str) -> Result<(Profile, Vec<crate::profile::ProfileWarning>), ComplianceError> {
    lint("./acme.yaml", &|path| Ok(file(path, text)))
}

/// What is wrong, a line each: place, code, words.
fn wrong(error: &ComplianceError) -> String {
    let ComplianceError::Faults(faults) = error else { return error.to_string() };
    let line = |fault: &ProfileFault| format!("{} {}: {}", fault.at.as_ref().map(ToString::to_string).unwrap_or_default(), fault.error.code(), fault.error);
    faults.faults().map(line).collect::<Vec<_>>().join("\n")
}

fn deployment(name: &str, rest: &Value) -> Value {
    let mut object = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name, "namespace": "shop" } });
    object["metadata"].as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    object
}

fn files(objects: &[Value]) -> Snapshot {
    let text = objects.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n");
    manifests::snapshot([manifests::read("a.yaml", text.as_bytes())])
}

/// The same, as a cluster gives it.
fn live(objects: &[Value]) -> Snapshot {
    let mut given = Snapshot { source: Source::Cluster, world: World { namespaces: vec!["shop".into()], ..World::default() }, ..files(objects) };
    for objects in given.objects.values_mut() {
        objects.as_mut().unwrap().iter_mut().for_each(|object: &mut SnapshotObject| object.place = None);
    }
    given
}

/// What the profile's own checks say, a line each.
fn said(profile: &Profile, given: &Snapshot) -> Vec<(Verdict, String, String)> {
    let profile = with_checks(profile.clone(), "ACME-*").unwrap();
    let report = judge(&profile, given, ALL).unwrap();
    let own = report.findings.into_iter().filter(|finding| finding.check.starts_with("ACME"));
    own.map(|finding| (finding.verdict, finding.subject.at(None).to_string(), finding.observed.raw().to_owned())).collect()
}

#[test]
fn what_is_wrong_with_a_check_is_named_with_its_place() {
    let many = (0..65).map(|number| format!("{{ name: v{number}, expression: '1' }}")).collect::<Vec<_>>().join(", ");
    for (more, words) in [
        ("id: NET-010", "6:9 compliance.profile-value: NET-010: a check that ships has this id; give yours one as in ACME-001"),
        ("id: ACM-001", "no id for a check of your own: it is four to sixteen capitals and digits, a hyphen, and three digits, as in ACME-001"),
        ("id: acme-001", "no id for a check of your own"),
        ("titel: a", "7:5 compliance.profile-shape: unknown key `custom[0].titel`; did you mean `title`?"),
        ("match: { apiVersion: apps/v1, kind: [Deployment] }", "unknown key `custom[0].match.kind`; did you mean `kinds`?"),
        ("severity: grave", "7:15 compliance.profile-shape: `custom[0].severity` cannot be `grave`"),
        ("title: ' '", "7:12 compliance.profile-value: ACME-001: `title` is empty"),
        ("match: { apiVersion: apps/v1, kinds: [] }", "ACME-001: name at least one kind"),
        ("match: { apiVersion: v1, kinds: [Secret] }", "7:38 compliance.profile-value: ACME-001: Secrets are not shown to expressions"),
        ("match: { apiVersion: v1, kinds: [pods] }", "`pods` is no kind, as in Deployment"),
        ("match: { apiVersion: a/b/c, kinds: [Pod] }", "`a/b/c` is no apiVersion"),
        ("inputs: { object: { apiVersion: v1, kinds: [Service] } }", "`object` cannot be a name here"),
        ("inputs: { in: { apiVersion: v1, kinds: [Service] } }", "`in` cannot be a name here"),
        ("parameters: { most: 1.5 }", "a parameter is a text, a list of texts, a whole number, true, or false"),
        ("variables: [{ name: a, expression: '1' }, { name: a, expression: '2' }]", "the variable a stands twice"),
        ("variables: [{ name: a, expression: variables.b }, { name: b, expression: '2' }]", "7:40 compliance.expression: ACME-001: `variables.b` is not known here"),
        (&format!("variables: [{many}]"), "65 variables; at most 64 are read"),
        ("validations: []", "ACME-001: say what must hold"),
        ("validations: [{ expression: 'object.spec ==' }]", "7:48 compliance.expression: ACME-001: it is no CEL: Syntax error"),
        ("validations:\n  - expression: |\n      has(object.spec) &&\n      objct.spec.replicas > 1", "10:11 compliance.expression: ACME-001: `objct` is not known here; did you mean `object`?"),
        ("validations: [{ expression: '1 + 1 - 1' }]", "the expression comes to a number, not to true or false"),
        ("validations: [{ expression: 'object.metadata.name.size()' }]", "the expression comes to a number, not to true or false"),
        ("validations: [{ expression: 'true', messageExpression: '[1]' }]", "the expression comes to a list, not to a text"),
        ("validations: [{ expression: 'others.size() > 0' }]", "`others` is not known here"),
        (&format!("validations: [{{ expression: \"{}\" }}]", "object.a == 1 && ".repeat(300)), "at most 4096 are read"),
        (&format!("validations: [{{ expression: \"{}object{}\" }}]", "(".repeat(100), ")".repeat(100)), "it is nested too deep"),
    ] {
        let said = wrong(&read(&one(more)).unwrap_err());
        assert!(said.contains(words), "{more}:\n{said}");
    }
    let twice = format!("{}{}", one(""), one("").strip_prefix(BEGIN).unwrap());
    assert!(wrong(&read(&twice).unwrap_err()).contains("the check ACME-001 stands twice"));
    let neither = one("match: x").replace("    match: x\n", "");
    assert!(wrong(&read(&neither).unwrap_err()).contains("name what is judged: `match`, or at least one of `inputs`"));
}

#[test]
fn tests_of_a_check_are_tried_when_it_is_linted_and_one_without_is_warned_of() {
    let object = "{ apiVersion: apps/v1, kind: Deployment, metadata: { name: web, labels: { a: b } } }";
    let bare = "{ apiVersion: apps/v1, kind: Deployment, metadata: { name: web } }";
    let good = one(&format!("tests: [{{ objects: [{object}], expect: pass }}, {{ objects: [{bare}], expect: fail }}, {{ objects: [], expect: not-applicable }}]"));
    let (_, warnings) = linted(&good).unwrap();
    assert_eq!(warnings, []);
    let (_, warnings) = linted(&one("")).unwrap();
    assert_eq!(warnings.iter().map(|warning| (warning.at.to_string(), warning.message.as_str())).collect::<Vec<_>>(), [("6:9".to_owned(), "ACME-001 has no tests: nothing shows that it can fail")]);
    for (more, words) in [
        (
            format!("tests: [{{ objects: [{bare}], expect: pass }}]"),
            "7:102 compliance.custom-test: ACME-001: the test expects `pass`, and the check says `fail`: Deployment web (test#0): `has(object.metadata.labels)` does not hold",
        ),
        (format!("tests: [{{ objects: [{object}], expect: fail }}]"), "compliance.custom-test: ACME-001: the test expects `fail`, and the check says `pass`"),
        ("tests: [{ objects: [], expect: pass }]".to_owned(), "the check says `not applicable`: all objects: there is none of Deployment"),
        ("tests: [{ objects: [{ a: b }], expect: pass }]".to_owned(), "7:25 compliance.custom-test: ACME-001: this is no object of Kubernetes"),
        ("tests: [{ objects: [], expect: passed }]".to_owned(), "compliance.profile-shape: `custom[0].tests[0].expect` cannot be `passed`; did you mean `pass`?"),
        ("parameters: { most: 1 }\ntests: [{ objects: [], parameters: { most: many }, expect: not-applicable }]".to_owned(), "parameter ACME-001.most: \"many\" is not a whole number"),
        ("parameters: { most: 1 }\ntests: [{ objects: [], parameters: { more: 1 }, expect: not-applicable }]".to_owned(), "`ACME-001.more` is no parameter of a check; did you mean `ACME-001.most`?"),
    ] {
        let said = wrong(&linted(&one(&more)).unwrap_err());
        assert!(said.contains(words), "{more}:\n{said}");
    }
    assert!(read(&one(&format!("tests: [{{ objects: [{object}], expect: fail }}]"))).is_ok(), "a check is made whatever its tests say");
}

#[test]
fn a_verdict_is_never_better_than_what_was_shown() {
    let profile = read(&one("validations: [{ expression: \"object.metadata.labels.team != ''\", message: no team }]")).unwrap();
    let object = |labels: Value| deployment("web", &json!({ "labels": labels }));
    let web = "Deployment shop/web".to_owned();
    assert_eq!(said(&profile, &files(&[object(json!({ "team": "blue" }))])), [(Verdict::Pass, web.clone(), "every Deployment has a team".into())]);
    assert_eq!(said(&profile, &files(&[object(json!({ "team": "" }))])), [(Verdict::Fail, web.clone(), "no team".into())]);
    let error = "`object.metadata.labels.team != ''` cannot be evaluated: there is no `team`; where it may be missing write has() or `.?team`".to_owned();
    assert_eq!(said(&profile, &files(&[object(json!({}))])), [(Verdict::Error, web, error)]);
    assert_eq!(
        said(&profile, &files(&[json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a" } })])),
        [(Verdict::NotApplicable, "all objects".into(), "there is none of Deployment".into())]
    );
    // Of a cluster what was not read may be there.
    let mut unread = live(&[]);
    assert_eq!(said(&profile, &unread), [(Verdict::Unverified, "all objects".into(), "objects of kind Deployment of apps/v1 were not read".into())]);
    unread.objects.insert("Deployment".into(), Err("403 Forbidden".into()));
    assert_eq!(said(&profile, &unread)[0].2, "objects of kind Deployment could not be read: 403 Forbidden");
    assert!(judge(&with_checks(profile, "ACME-001").unwrap(), &unread, ALL).unwrap().summary.gate_failed);
}

#[test]
fn an_expression_that_never_ends_is_an_error_and_the_others_are_judged() {
    let endless = "[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, [1,2,3,4,5,6,7,8,9].all(c, [1,2,3,4,5,6,7,8,9].all(d, [1,2,3,4,5,6,7,8,9].all(e, [1,2,3,4,5,6,7,8,9].all(f, [1,2,3,4,5,6,7,8,9].all(g, a + b + c + d + e + f + g > 0)))))))";
    let profile = read(&one(&format!("validations: [{{ expression: '{endless}' }}]"))).unwrap();
    let objects: Vec<Value> = (0..6).map(|number| deployment(&format!("web-{number}"), &json!({}))).collect();
    let custom = CustomChecks::of(&profile).unwrap();
    let check = &custom.checks()[0];
    let judged =
        |object, check_in_all| crate::expression::with_room(|| judgement::judged(&check.texts, check.compiled, &profile, &files(&objects), judgement::Steps { object, check: check_in_all })).unwrap();
    for finding in judged(10_000, 25_000) {
        assert!(finding.verdict == Verdict::Error && finding.observed.raw().ends_with("it takes too many steps"), "{finding:?}");
    }
    // What is judged with what the others have left is judged within the same bounds.
    let cheap = read(&one("")).unwrap();
    let custom = CustomChecks::of(&cheap).unwrap();
    let check = &custom.checks()[0];
    let verdicts: Vec<Verdict> =
        judgement::judged(&check.texts, check.compiled, &cheap, &files(&objects), judgement::Steps { object: 10, check: 10 }).into_iter().map(|finding| finding.verdict).collect();
    assert_eq!((verdicts.len(), verdicts.first(), verdicts.last()), (6, Some(&Verdict::Fail), Some(&Verdict::Error)));
    assert_eq!(said(&profile, &files(&objects[..1]))[0].0, Verdict::Error, "the bounds that are kept everywhere");
}

/// The same bytes get the same verdict from files and from a cluster.
#[test]
fn an_object_is_judged_alike_wherever_it_comes_from() {
    let more = "inputs: { services: { apiVersion: v1, kinds: [Service], namespaces: ['sh*'] } }
variables: [{ name: own, expression: 'services.filter(s, s.metadata.name == object.metadata.name)' }]
validations:
  - { expression: 'variables.own.size() == 1', messageExpression: \"'Services: %d, of labels %s'.format([variables.own.size(), object.metadata.?labels.orValue({}).map(k, k).join(' ')])\" }
  - { expression: 'object.spec.replicas + 1 > 2', message: one replica }";
    let profile = read(&one(more)).unwrap();
    let service = |name: &str, namespace: &str| json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": name, "namespace": namespace } });
    let mut web = deployment("web", &json!({ "labels": { "b": "1", "a": "2", "c": "3" } }));
    web["spec"] = json!({ "replicas": 1 });
    let objects = [web, deployment("bare", &json!({})), service("web", "shop"), service("bare", "other"), service("web", "other")];
    let of_files = said(&profile, &files(&objects));
    assert_eq!(of_files, said(&profile, &live(&objects)));
    let words: Vec<(Verdict, &str)> = of_files.iter().map(|(verdict, _, observed)| (*verdict, observed.as_str())).collect();
    assert_eq!(
        words,
        [
            (Verdict::Fail, "Services: 0, of labels "),
            (Verdict::Fail, "one replica"),
            (Verdict::Error, "`object.spec.replicas + 1 > 2` cannot be evaluated: there is no `spec`; where it may be missing write has() or `.?spec`"),
        ]
    );
    let text = |given: &Snapshot| serde_json::to_string(&judge(&profile, given, ALL).unwrap()).unwrap();
    assert_eq!(text(&files(&objects)), text(&files(&objects)), "two runs are equal byte for byte");
}

#[test]
fn inputs_are_judged_together_where_there_is_nothing_to_match() {
    let more = "match: x
inputs: { spaces: { apiVersion: v1, kinds: [Namespace] }, quotas: { apiVersion: v1, kinds: [ResourceQuota] } }
validations: [{ expression: 'spaces.all(s, quotas.exists(q, q.metadata.namespace == s.metadata.name))', message: a namespace has no quota }]";
    let profile = read(&one(more).replace("    match: x\n", "")).unwrap();
    let space = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop" } });
    let quota = json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "q", "namespace": "shop" } });
    let named = "all objects of Namespace, ResourceQuota";
    for (objects, verdict) in [(vec![space.clone(), quota.clone()], Verdict::Pass), (vec![space], Verdict::Fail), (vec![], Verdict::NotApplicable)] {
        let mut given = files(&objects);
        given.unread.clear();
        let said = said(&profile, &given);
        assert_eq!((said[0].0, said[0].1.contains("Namespace")), (verdict, true), "{said:?}");
        assert!(verdict == Verdict::NotApplicable || said[0].1 == named.replace("Namespace, ResourceQuota", "ResourceQuota, Namespace"), "{said:?}");
    }
}

#[test]
fn a_parameter_is_set_by_the_profile_and_by_hand_and_keeps_its_kind() {
    let more = "parameters: { registries: [registry.example] }
validations: [{ expression: 'params.registries.exists(r, r == object.metadata.name)' }]";
    let text = one(more);
    let given = files(&[deployment("mirror.example", &json!({}))]);
    assert_eq!(said(&read(&text).unwrap(), &given)[0].0, Verdict::Fail);
    let set = format!("{text}parameters: {{ ACME-001.registries: [mirror.example] }}\nlockedParameters: [ACME-001.registries]\n");
    let set = read(&set).unwrap();
    assert_eq!(said(&set, &given)[0].0, Verdict::Pass);
    let by_hand = with_setting(read(&text).unwrap(), "ACME-001.registries=a.example, mirror.example").unwrap();
    assert_eq!(said(&by_hand, &given)[0].0, Verdict::Pass);
    assert_eq!(with_setting(set, "ACME-001.registries=a.example").unwrap_err().code().0, "compliance.locked");
    for (parameters, words) in [
        ("{ ACME-001.registry: [a] }", "`ACME-001.registry` is no parameter of a check; did you mean `ACME-001.registries`?"),
        ("{ ACME-001.registries: a }", "parameter ACME-001.registries: \"a\" is not a list of texts"),
    ] {
        assert!(wrong(&read(&format!("{text}parameters: {parameters}\n")).unwrap_err()).contains(words), "{parameters}");
    }
}

#[test]
fn a_profile_that_extends_another_keeps_its_checks_and_weakens_none_that_is_locked() {
    let parent = format!("{}rules: [{{ checks: [ACME-001], locked: true }}]\ncontrols: [{{ id: A-1, title: teams, checks: ['ACME-*'] }}]\n", one(""));
    let child = |text: &str| {
        from_text("child.yaml", &format!("apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: {{ name: child, version: '1', owner: o }}\nextends: [./acme.yaml]\n{text}"), &|path| {
            Ok(file(path, &parent))
        })
    };
    let kept = child("").unwrap();
    assert_eq!((kept.custom.len(), kept.checks.as_slice(), kept.controls[0].checks.as_slice()), (1, ["WKL-003".to_owned(), "ACME-001".to_owned()].as_slice(), ["ACME-001".to_owned()].as_slice()));
    let own = |more: &str| one(more).strip_prefix(BEGIN).map(|check| format!("custom:\n{check}")).unwrap();
    assert_eq!(child(&own("")).unwrap().custom, kept.custom, "the same check may be said again");
    for (text, words) in [
        (own("validations: [{ expression: 'true' }]"), "the check ACME-001 is locked by acme"),
        ("exclude: [{ checks: [ACME-001], reason: no }]\n".to_owned(), "the check ACME-001 is locked by acme"),
        ("rules: [{ checks: [ACME-001], severity: low, reason: no }]\n".to_owned(), "the severity of ACME-001 is locked by acme"),
        ("rules: [{ checks: [ACME-001], mustProbe: true }]\n".to_owned(), "ACME-001 makes no attempt"),
        ("rules: [{ checks: [ACME-002], locked: true }]\n".to_owned(), "`ACME-002` matches no check; did you mean `ACME-001`?"),
    ] {
        let said = wrong(&child(&text).unwrap_err());
        assert!(said.contains(words), "{text}: {said}");
    }
    let free = parent.replace("locked: true", "severity: high, reason: r");
    let child = from_text(
        "child.yaml",
        &format!("apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: {{ name: child, version: '1', owner: o }}\nextends: [./acme.yaml]\n{}", own("title: another one")),
        &|path| Ok(file(path, &free)),
    )
    .unwrap();
    assert_eq!((child.custom[0].title.as_str(), child.custom.len()), ("another one", 1));
    let changed: Vec<String> = differences(&kept, &child).into_iter().map(|change| format!("{:?} {}", change.what, change.name)).collect();
    assert!(changed.contains(&"Custom ACME-001".to_owned()), "{changed:?}");
    // What it comes to is a document that comes to the same.
    let again = read(&serde_yaml::to_string(&written(&kept)).unwrap()).unwrap();
    assert_eq!((again.custom, again.checks, again.locked), (kept.custom, kept.checks, kept.locked));
}

#[test]
fn a_check_says_what_it_needs_and_what_it_is() {
    let profile = read(&one("inputs: { services: { apiVersion: v1, kinds: [Service] }, routes: { apiVersion: route.example/v1, kinds: [Service] } }")).unwrap();
    let asked: Vec<String> = needs(&with_checks(profile.clone(), "ACME-001").unwrap(), &World::default())
        .unwrap()
        .iter()
        .filter_map(|need| if let Need::Objects { api_version, kind } = need { Some(format!("{api_version} {kind}")) } else { None })
        .collect();
    assert_eq!(asked, ["apps/v1 Deployment", "route.example/v1 Service", "v1 Service"]);
    let custom = CustomChecks::of(&profile).unwrap();
    let checks = custom.checks();
    assert_eq!(
        checks[0].spec().explanation,
        "Each Deployment of apps/v1 as `object`. All Service of route.example/v1 as `routes`. All Service of v1 as `services`. It must hold that `has(object.metadata.labels)`."
    );
    let report: Report = judge(&profile, &files(&[deployment("web", &json!({}))]), ALL).unwrap();
    let summary = report.checks.iter().find(|check| check.id == "ACME-001").unwrap();
    assert_eq!((summary.remedy(), summary.explanation()), (Some("set the label"), Some(checks[0].spec().explanation)));
    let known = report.checks.iter().find(|check| check.id == "WKL-003").unwrap();
    assert!(known.texts.is_none() && known.remedy().is_some());
}
