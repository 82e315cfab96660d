//! Images that nobody vouched for, shown to the admission of a real cluster. A `ValidatingAdmissionPolicy` stands for whatever verifies
//! signatures: the API server asks it at the same place, and refuses in the same way.

use std::time::Duration;

use airlock_e2e::Site;
use serde_json::json;

pub(super) const UNSIGNED: &str = "registry.example.com/unsigned:1";

/// Admitted without a policy, refused with one, and nothing vouched for with one that refuses the control as well.
pub(crate) fn images_that_nobody_vouched_for(site: &Site) {
    let namespace = site.tenant("beta");
    let verdicts = |code: i32| -> Vec<(String, String)> { site.told("REG-006", &[&format!("REG-006.images={UNSIGNED}")], code).into_iter().map(|told| (told.subject, told.verdict)).collect() };
    let only = |verdict: &str, told: &[(String, String)]| told.len() > 2 && told.iter().all(|(_, found)| found == verdict);

    let open = verdicts(7);
    assert!(only("fail", &open), "{open:?}");

    // Of the namespaces of this site; others on the bed make no pods with this image.
    let refusing = Policy::new(site, "unsigned", &format!("object.spec.containers.all(container, container.image != '{UNSIGNED}')"), None);
    refusing.until_refused(&namespace, UNSIGNED);
    let closed = verdicts(0);
    assert!(only("pass", &closed), "{closed:?}");
    drop(refusing);

    let everything = Policy::new(site, "everything", "!object.metadata.name.startsWith('airlock-admission-')", Some(&namespace));
    everything.until_refused(&namespace, UNSIGNED);
    let blind = verdicts(7);
    drop(everything);
    let found = |name: String| blind.iter().find(|(subject, _)| *subject == name).map(|(_, verdict)| verdict.as_str());
    assert_eq!(found(format!("{namespace}: {UNSIGNED}")), Some("unverified"), "{blind:?}");
    assert_eq!(found(format!("{}: {UNSIGNED}", site.tenant("alpha"))), Some("fail"), "{blind:?}");
}

/// A policy of the cluster, gone with its owner.
pub(super) struct Policy<'a> {
    site: &'a Site,
    name: String,
}

impl<'a> Policy<'a> {
    pub(super) fn new(site: &'a Site, name: &str, expression: &str, namespace: Option<&str>) -> Self {
        let name = format!("{}-{name}", site.name);
        let group = "admissionregistration.k8s.io/v1";
        let rules = json!([{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"] }]);
        let selector = namespace.map_or_else(|| json!({}), |namespace| json!({ "matchLabels": { "kubernetes.io/metadata.name": namespace } }));
        let policy = json!({ "apiVersion": group, "kind": "ValidatingAdmissionPolicy", "metadata": { "name": name }, "spec": {
            "matchConstraints": { "resourceRules": rules }, "failurePolicy": "Fail", "validations": [{ "expression": expression, "message": "nobody vouched for this image" }],
        } });
        let binding = json!({ "apiVersion": group, "kind": "ValidatingAdmissionPolicyBinding", "metadata": { "name": name }, "spec": {
            "policyName": name, "validationActions": ["Deny"], "matchResources": { "namespaceSelector": selector },
        } });
        for object in [policy, binding] {
            site.bed.apply(&object.to_string()).expect("a policy");
        }
        Self { site, name }
    }

    /// The API server goes by a policy a moment after it is stored.
    pub(super) fn until_refused(&self, namespace: &str, image: &str) {
        let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "airlock-admission-seen", "namespace": namespace }, "spec": {
            "automountServiceAccountToken": false,
            "securityContext": { "runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{ "name": "c", "image": image, "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } } }],
        } });
        let file = self.site.file("seen.json", &pod.to_string()).display().to_string();
        let refused = || match self.site.bed.kubectl(["create", "--dry-run=server", "-f", &file]) {
            Ok(_) => Err("it is admitted".to_owned()),
            Err(error) if error.to_string().contains("nobody vouched") => Ok(()),
            Err(error) => Err(error.to_string()),
        };
        airlock_bed::eventually("the API server goes by the policy", Duration::from_secs(30), refused).unwrap_or_else(|error| panic!("{error}"));
    }
}

impl Drop for Policy<'_> {
    fn drop(&mut self) {
        let name = &self.name;
        let deleted = self.site.bed.kubectl(["delete", &format!("validatingadmissionpolicybinding/{name}"), &format!("validatingadmissionpolicy/{name}")]);
        assert!(deleted.is_ok() || std::thread::panicking(), "{deleted:?}");
    }
}
