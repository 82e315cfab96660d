//! A pod that admission made worse than its template, by a `MutatingAdmissionPolicy` of a real API server: it is judged as it is
//! stored, and the report says what of it nobody asked for.

use std::collections::BTreeSet;
use std::time::Duration;

use airlock_e2e::Site;
use serde_json::{Value, json};

/// What pods are judged by, as far as reading tells.
const CHECKS: &str = "PSS-00*,WKL-*,SEC-009";
/// The value of a variable of the sidecar.
const VALUE: &str = "not-to-be-shown";

/// Of the one pod of the deployment that is made anew while the policy stands.
pub(crate) fn what_a_policy_makes_of_a_pod_is_told(site: &Site, deployment: &str) {
    let namespace = site.tenant(deployment);
    let before = judged(site);
    assert!(before["admitted"]["compared"].as_u64() > Some(5), "pods of Deployments and StatefulSets are compared: {before}");
    assert_eq!(before["admitted"]["changed"], json!([]), "nothing changes what Airlock asked for");

    let policy = Policy::new(site, &namespace);
    until_sidecars_are_added(site, &namespace, true);
    let pod = made_anew(site, &namespace, 2);
    let judging = ["--namespace", &site.name, "--yes", "--no-profile", "--checks", CHECKS];
    let by_form = |form: &[&str]| site.run(&[&["compliance-check"], &judging[..], form].concat()).expect(7).stdout;
    let (after, seen, ticket, page) = (judged(site), by_form(&[]), by_form(&["-o", "markdown"]), by_form(&["-o", "html"]));
    drop(policy);
    until_sidecars_are_added(site, &namespace, false);

    let more: Vec<_> = failed(&after).difference(&failed(&before)).cloned().collect();
    let of = |check: &str, field: &str| (check.to_owned(), pod.clone(), format!("spec.containers[1].{field}"));
    let expected = [of("WKL-001", "securityContext.readOnlyRootFilesystem"), of("WKL-007", "livenessProbe"), of("WKL-007", "readinessProbe")];
    assert_eq!(more, expected, "exactly that pod, and exactly what the sidecar lacks: {after}");
    let [told] = &after["admitted"]["changed"].as_array().expect("changed pods")[..] else { panic!("one pod is told: {}", after["admitted"]) };
    assert_eq!((&told["subject"]["namespace"], &told["subject"]["name"]), (&json!(namespace), &json!(pod)));
    assert_eq!((&told["madeBy"]["kind"], &told["madeBy"]["name"]), (&json!("Deployment"), &json!("airflow-scheduler")));
    let [change] = &told["changes"].as_array().expect("changes")[..] else { panic!("one change is told: {told}") };
    assert_eq!((&change["change"], &change["path"], &change["what"]), (&json!("added"), &json!("spec.containers[1]"), &json!("container mesh")), "{change}");
    let evidence = format!("admission added container mesh: the template of Deployment {namespace}/airflow-scheduler has none");
    let finding = after["findings"].as_array().expect("findings").iter().find(|finding| finding["check"] == "WKL-001" && finding["subject"]["name"] == pod.as_str()).expect("the finding");
    assert!(finding["evidence"].to_string().contains(&evidence), "{finding}");
    for shown in [&seen, &ticket, &page] {
        assert!(shown.contains("What admission changed") && shown.contains("container mesh"), "{shown}");
    }
    for shown in [&after.to_string(), &seen, &ticket, &page] {
        assert!(!shown.contains(VALUE), "the value of a variable is nobody's business");
    }

    made_anew(site, &namespace, 1);
    let again = judged(site);
    assert_eq!((&again["admitted"]["changed"], failed(&again)), (&json!([]), failed(&before)), "without the policy nothing is told");
}

fn judged(site: &Site) -> Value {
    let run = site.run(&["compliance-check", "--no-profile", "--checks", CHECKS, "--namespace", &site.name, "--yes", "-o", "json"]);
    assert!([0, 7].contains(&run.exit), "{}", run.said());
    run.json()
}

/// Check, subject, and field of what fails.
fn failed(report: &Value) -> BTreeSet<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let failed = report["findings"].as_array().expect("findings").iter().filter(|finding| finding["verdict"] == "fail");
    failed.map(|finding| (text(&finding["check"]), text(&finding["subject"]["name"]), text(&finding["path"]))).collect()
}

/// The scheduler's pod goes, and the next one has so many containers; its name.
fn made_anew(site: &Site, namespace: &str, containers: usize) -> String {
    let label = "app.kubernetes.io/name=airflow-scheduler";
    let pods = || -> Vec<Value> {
        let listed = site.bed.kubectl(["-n", namespace, "get", "pods", "-l", label, "-o", "json"]).expect("kubectl");
        serde_json::from_str::<Value>(&listed).expect("JSON")["items"].as_array().cloned().unwrap_or_default()
    };
    site.bed.kubectl(["-n", namespace, "delete", "pod", "-l", label, "--wait=true", "--timeout=120s"]).expect("kubectl");
    let one = || match &pods()[..] {
        [pod] if pod["spec"]["containers"].as_array().is_some_and(|all| all.len() == containers) => Ok(pod["metadata"]["name"].as_str().unwrap_or_default().to_owned()),
        other => Err(format!("{} pods: {other:?}", other.len())),
    };
    airlock_bed::eventually("the pod is made anew", Duration::from_mins(2), one).unwrap_or_else(|error| panic!("{error}"))
}

/// The API server goes by a policy a moment after it is stored, and a moment after it is gone.
fn until_sidecars_are_added(site: &Site, namespace: &str, added: bool) {
    let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "seen", "namespace": namespace }, "spec": {
        "automountServiceAccountToken": false,
        "securityContext": { "runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": { "type": "RuntimeDefault" } },
        "containers": [{ "name": "c", "image": "a", "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } } }],
    } });
    let file = site.file("seen.json", &pod.to_string()).display().to_string();
    let seen = || match site.bed.kubectl(["create", "--dry-run=server", "-o", "json", "-f", &file]) {
        Ok(made) if made.contains("mesh") == added => Ok(()),
        Ok(_) => Err(if added { "nothing is added" } else { "it is still added" }.to_owned()),
        Err(error) => Err(error.to_string()),
    };
    airlock_bed::eventually("the API server goes by the policies that there are", Duration::from_secs(30), seen).unwrap_or_else(|error| panic!("{error}"));
}

/// A policy of the cluster that adds a sidecar to pods of a namespace, gone with its owner.
struct Policy<'a> {
    site: &'a Site,
    name: String,
}

impl<'a> Policy<'a> {
    fn new(site: &'a Site, namespace: &str) -> Self {
        let name = format!("{}-sidecar", site.name);
        let group = "admissionregistration.k8s.io/v1";
        let of = |field: &str| format!("Object.spec.containers.{field}");
        // What Pod Security asks for it has, and a limit; what it has not is a file system that it cannot write to.
        let sidecar = format!(
            "Object.spec.containers{{name: 'mesh', image: object.spec.containers[0].image, command: ['sleep', 'infinity'], env: [{env}{{name: 'MODE', value: '{VALUE}'}}], \
             resources: {resources}{{requests: {{'cpu': '1m', 'memory': '8Mi'}}, limits: {{'cpu': '50m', 'memory': '32Mi'}}}}, \
             securityContext: {security}{{allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: {security}.capabilities{{drop: ['ALL']}}}}}}",
            env = of("env"),
            resources = of("resources"),
            security = of("securityContext"),
        );
        let mutation = json!({ "patchType": "JSONPatch", "jsonPatch": { "expression": format!("[JSONPatch{{op: 'add', path: '/spec/containers/-', value: {sidecar}}}]") } });
        let rules = json!([{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"] }]);
        let policy = json!({ "apiVersion": group, "kind": "MutatingAdmissionPolicy", "metadata": { "name": name }, "spec": {
            "matchConstraints": { "resourceRules": rules }, "failurePolicy": "Fail", "reinvocationPolicy": "Never", "mutations": [mutation],
        } });
        let binding = json!({ "apiVersion": group, "kind": "MutatingAdmissionPolicyBinding", "metadata": { "name": name }, "spec": {
            "policyName": name, "matchResources": { "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } } },
        } });
        let made = Self { site, name };
        for object in [policy, binding] {
            site.bed.apply(&object.to_string()).expect("a policy");
        }
        made
    }
}

impl Drop for Policy<'_> {
    fn drop(&mut self) {
        let name = &self.name;
        let deleted = self.site.bed.kubectl(["delete", &format!("mutatingadmissionpolicybinding/{name}"), &format!("mutatingadmissionpolicy/{name}")]);
        assert!(deleted.is_ok() || std::thread::panicking(), "{deleted:?}");
    }
}
