//! Plans with a certificate that somebody else issues.

use airlock_model::{CertificateSource, SecretKeyRef};

use super::*;

fn supplied(source: CertificateSource) -> CertificateSpec {
    certificate("tls", CertificateSubject::Supplied { names: vec!["platform.test".into()], source, trust: None })
}

fn request() -> SecretSpec {
    let key = SecretKeyRef { namespace: "airlock".into(), name: "request".into(), key: "tls.key".into() };
    let mut spec = secret("request", SecretClass::Derived, Recipe::Request { key, names: vec!["platform.test".into()] });
    spec.entries.insert(0, SecretEntry { key: "tls.key".into(), recipe: Recipe::EcP256 });
    spec
}

fn from_files() -> Vec<DesiredStep> {
    let files = CertificateSource::Files { certificate: "file:tls.crt".into(), key: None, password: None };
    vec![step("certificate", &[], Action::Issue(supplied(files))), step("edge", &["certificate"], Action::Apply(vec![object("Deployment", "edge")]))]
}

fn on_request() -> Vec<DesiredStep> {
    let gate = Gate::Certificate(supplied(CertificateSource::Request { secret: "request".into() }));
    vec![step("secret", &[], Action::Generate(request())), step("gate", &["secret"], Action::Await(gate)), step("edge", &["gate"], Action::Apply(vec![object("Deployment", "edge")]))]
}

/// What is there: the edge, and perhaps a certificate that its source confirms or not, and the request.
fn there(certificate: Option<bool>) -> Installed {
    let edge = object("Deployment", "edge");
    let spec = request();
    let mut request = live_secret(&spec);
    request.keys.push("tls.key".into());
    let mut installed = Installed { objects: vec![LiveObject { object: edge.reference().clone(), manifest: edge.into_manifest(), ready: true }], secrets: vec![request], ..whole() };
    // Nearly over: whoever issued it renews it, not the plan.
    installed.secrets.extend(certificate.map(|current| LiveSecret { current, ..live_certificate("tls", false, &["*.platform.test", "platform.test"], "2026-11-25T00:00:00Z") }));
    installed
}

fn planned(desired: Vec<DesiredStep>, installed: &Installed) -> Vec<String> {
    plan(head(), desired, &Circumstances { installed, now: now(), tenant: None }).unwrap().steps.into_iter().map(|step| step.id.0).collect()
}

#[test]
fn a_certificate_from_files_is_planned_where_what_is_stored_is_another() {
    assert_eq!(planned(from_files(), &Installed::default()), ["certificate", "edge"]);
    assert_eq!(planned(from_files(), &there(None)), ["certificate"]);
    assert_eq!(planned(from_files(), &there(Some(false))), ["certificate"]);
    assert_eq!(planned(from_files(), &there(Some(true))), Vec::<String>::new(), "also when it ends soon");
}

#[test]
fn a_request_is_waited_for_until_its_answer_is_there() {
    assert_eq!(planned(on_request(), &Installed::default()), ["secret", "gate", "edge"]);
    assert_eq!(planned(on_request(), &there(None)), ["gate"]);
    assert_eq!(planned(on_request(), &there(Some(false))), ["gate"]);
    assert_eq!(planned(on_request(), &there(Some(true))), Vec::<String>::new(), "whether or not the gate has passed in a run");
}

#[test]
fn another_request_is_waited_for_although_a_certificate_is_there() {
    let mut installed = there(Some(true));
    installed.secrets.iter_mut().filter(|live| live.object.name == "request").for_each(|live| live.spec = None);
    assert_eq!(planned(on_request(), &installed), ["secret", "gate"]);
}
