//! What webhooks, policies, and a `LimitRange` do to a pod, and what is told of it.

use airlock_model::{Profile, Verdict};

use super::*;
use crate::profile::{unprofiled, with_checks};
use crate::report::{Judging, judge};

/// A pod of a Deployment after a change.
fn after(change: impl Fn(&mut Value)) -> Vec<String> {
    let template = template();
    let mut pod = asked_for(Maker::ReplicaSet, &template);
    change(&mut pod);
    told(Maker::ReplicaSet, &template, pod)
}

fn push(list: &mut Value, item: Value) {
    match list.as_array_mut() {
        Some(list) => list.push(item),
        None => *list = json!([item]),
    }
}

#[test]
fn each_kind_of_change_is_told() {
    type Case = (&'static str, fn(&mut Value), &'static [&'static str]);
    let cases: [Case; 18] = [
        ("nothing", |_| {}, &[]),
        (
            "a sidecar",
            |pod| push(&mut pod["spec"]["containers"], json!({ "name": "mesh", "image": "mesh.test/proxy:2", "env": [{ "name": "TOKEN", "value": "hunter2" }] })),
            &["+ container mesh: mesh.test/proxy:2 | spec.containers[1]"],
        ),
        ("a sidecar before the others", |pod| pod["spec"]["containers"].as_array_mut().unwrap().insert(0, json!({ "name": "mesh", "image": "m" })), &["+ container mesh: m | spec.containers[0]"]),
        ("an init container", |pod| push(&mut pod["spec"]["initContainers"], json!({ "name": "init", "image": "i" })), &["+ init container init: i | spec.initContainers[0]"]),
        (
            "a security context that allows more",
            |pod| pod["spec"]["containers"][0]["securityContext"] = json!({ "allowPrivilegeEscalation": true, "privileged": true }),
            &[
                "~ securityContext.allowPrivilegeEscalation of container edge: false → true | spec.containers[0].securityContext.allowPrivilegeEscalation",
                "+ securityContext.privileged of container edge: true | spec.containers[0].securityContext.privileged",
                "- securityContext.runAsNonRoot of container edge: true | spec.containers[0].securityContext.runAsNonRoot",
            ],
        ),
        ("the pod's own", |pod| pod["spec"]["securityContext"] = json!({ "fsGroup": 7 }), &["+ securityContext.fsGroup: 7 | spec.securityContext.fsGroup"]),
        (
            "a variable, by its name alone",
            |pod| push(&mut pod["spec"]["containers"][0]["env"], json!({ "name": "HTTP_PROXY", "value": "http://u:hunter2@proxy" })),
            &["+ variable HTTP_PROXY of container edge | spec.containers[0].env[1]"],
        ),
        ("another value of one", |pod| pod["spec"]["containers"][0]["env"][0]["value"] = json!("hunter2"), &["~ variable MODE of container edge | spec.containers[0].env[0].value"]),
        ("arguments", |pod| pod["spec"]["containers"][0]["args"] = json!(["--password=hunter2"]), &["~ args of container edge | spec.containers[0].args"]),
        (
            "variables of a Secret",
            |pod| pod["spec"]["containers"][0]["envFrom"] = json!([{ "secretRef": { "name": "keys" } }]),
            &["+ variables of Secret keys of container edge | spec.containers[0].envFrom[0]"],
        ),
        (
            "a volume, and where it is mounted",
            |pod| {
                push(&mut pod["spec"]["volumes"], json!({ "name": "etc", "hostPath": { "path": "/etc", "type": "" } }));
                push(&mut pod["spec"]["containers"][0]["volumeMounts"], json!({ "name": "etc", "mountPath": "/etc", "readOnly": true }));
            },
            &[
                "+ mount /etc of container edge: {\"name\":\"etc\",\"mountPath\":\"/etc\",\"readOnly\":true} | spec.containers[0].volumeMounts[1]",
                "+ volume etc: {\"hostPath\":{\"path\":\"/etc\"}} | spec.volumes[1]",
            ],
        ),
        (
            "a volume of another kind",
            |pod| pod["spec"]["volumes"][0] = json!({ "name": "tmp", "hostPath": { "path": "/tmp" } }),
            &["- emptyDir of volume tmp | spec.volumes[0].emptyDir", "+ hostPath of volume tmp: {\"path\":\"/tmp\"} | spec.volumes[0].hostPath"],
        ),
        (
            "what a LimitRange gives",
            |pod| {
                pod["metadata"]["annotations"] = json!({ "kubernetes.io/limit-ranger": "LimitRanger plugin set: cpu limit for container edge" });
                pod["spec"]["containers"][0]["resources"] = json!({ "limits": { "memory": "1Gi", "cpu": "2" }, "requests": { "memory": "1Gi", "cpu": "100m" } });
            },
            &["+ resources.limits.cpu of container edge: 2 | spec.containers[0].resources.limits.cpu", "+ resources.requests.cpu of container edge: 100m | spec.containers[0].resources.requests.cpu"],
        ),
        (
            "the image by way of a mirror",
            |pod| pod["spec"]["containers"][0]["image"] = json!("mirror.test/library/nginx:1"),
            &["~ image of container edge: docker.io/library/nginx:1 → mirror.test/library/nginx:1 | spec.containers[0].image"],
        ),
        ("a label", |pod| pod["metadata"]["labels"]["team"] = json!("a"), &["+ label team: a | metadata.labels.team"]),
        ("an annotation, by its name alone", |pod| pod["metadata"]["annotations"] = json!({ "mesh.test/token": "hunter2" }), &["+ annotation mesh.test/token | metadata.annotations[mesh.test/token]"]),
        ("a field that nobody knows yet", |pod| pod["spec"]["brandNew"] = json!({ "secret": "hunter2" }), &["+ brandNew | spec.brandNew"]),
        (
            "what looks like the account's token",
            |pod| push(&mut pod["spec"]["volumes"], json!({ "name": "kube-api-access-x", "projected": { "sources": [{ "secret": { "name": "keys" } }] } })),
            &["+ volume kube-api-access-x: {\"projected\":{}} | spec.volumes[1]"],
        ),
    ];
    for (case, change, expected) in cases {
        let told = after(change);
        assert_eq!(told, expected, "{case}");
        assert!(!told.join("").contains("hunter2"), "{case}");
    }
}

#[test]
fn a_container_that_is_gone_is_told_by_its_place_in_the_template() {
    assert_eq!(after(|pod| pod["spec"]["containers"] = json!([])), ["- container edge: docker.io/library/nginx:1 | spec.containers[0]"]);
}

#[test]
fn what_may_have_been_written_since_is_told_as_that() {
    let template = template();
    let mut pod = asked_for(Maker::ReplicaSet, &template);
    pod["metadata"]["labels"]["team"] = json!("a");
    pod["spec"]["containers"][0]["image"] = json!("b");
    pod["spec"]["containers"][0]["securityContext"]["privileged"] = json!(true);
    push(&mut pod["spec"]["containers"], json!({ "name": "mesh", "image": "m" }));
    let found = admitted(&given(holder(Maker::ReplicaSet, &template), pod)).unwrap();
    let since: Vec<(&str, bool)> = found.changed[0].changes.iter().map(|change| (change.what.raw(), change.or_since)).collect();
    assert_eq!(since, [("label team", true), ("image of container edge", true), ("securityContext.privileged of container edge", false), ("container mesh", false)]);
    assert_eq!((found.changed[0].subject.to_string(), found.changed[0].made_by.to_string()), ("Pod shop/edge-6d5f-x".into(), "Deployment shop/edge".into()));
}

fn profile(checks: &str) -> Profile {
    with_checks(unprofiled(), checks).unwrap()
}

#[test]
fn a_pod_is_judged_as_it_is_stored_and_the_finding_says_what_admission_made_of_it() {
    let template = template();
    let judged = |pod: Value| judge(&profile("PSS-001"), &given(holder(Maker::ReplicaSet, &template), pod), Judging { passes: false, workers: 1 }).unwrap();
    let mut pod = asked_for(Maker::ReplicaSet, &template);
    assert!(judged(pod.clone()).findings.is_empty(), "the template is well");
    pod["spec"]["containers"][0]["securityContext"]["privileged"] = json!(true);
    pod["metadata"]["labels"]["team"] = json!("a");
    push(&mut pod["spec"]["containers"], json!({ "name": "mesh", "image": "m", "securityContext": { "privileged": true } }));
    let report = judged(pod);
    let said: Vec<(Verdict, Vec<String>)> = report
        .findings
        .iter()
        .map(|finding| (finding.verdict, finding.evidence.iter().filter_map(|evidence| if let Evidence::Fact(fact) = evidence { Some(fact.clone()) } else { None }).collect()))
        .collect();
    let of = |words: &str| (Verdict::Fail, vec![format!("admission added {words}: the template of Deployment shop/edge has none")]);
    assert_eq!(said, [of("securityContext.privileged of container edge"), of("container mesh")], "each what concerns its field");
    let found = report.admitted.unwrap();
    assert_eq!(found.changed[0].changes.len(), 3, "and the report all of it");
    let mut decided = report.findings;
    decided[0].evidence = vec![Evidence::Fact("the exception of somebody".into())];
    found.explain(&mut decided);
    assert!(matches!(&decided[0].evidence[..], [Evidence::Fact(_), Evidence::Fact(last)] if last == "the exception of somebody"), "what was decided stays the last");
}

#[test]
fn a_report_without_templates_has_no_such_key() {
    let template = template();
    let mut given = given(holder(Maker::Job, &template), asked_for(Maker::Job, &template));
    let keys = |given: &Snapshot| serde_json::to_value(judge(&profile("PSS-001"), given, Judging { passes: false, workers: 1 }).unwrap()).unwrap();
    assert_eq!(keys(&given)["admitted"], json!({ "compared": 1, "changed": [], "uncompared": [] }));
    given.templates = None;
    assert_eq!(keys(&given).get("admitted"), None);
}
