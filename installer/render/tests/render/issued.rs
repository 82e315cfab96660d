//! What cert-manager is asked for, and what the renewer may see of it.

use std::collections::BTreeSet;

use airlock_model::{CertificateSubject, Object, ObjectRef, names};
use airlock_render::Rendered;

use crate::combinations::{self, CERT_MANAGER, Combination};
use crate::renewal::{allowed, renewals, role};

fn certificate(rendered: &Rendered) -> Option<&Object> {
    rendered.components.iter().flat_map(|component| &component.objects).find(|object| object.reference().kind == "Certificate")
}

#[test]
fn the_certificate_is_asked_for_like_this() {
    let rendered = Combination::of("cert-manager", CERT_MANAGER).render();
    insta::assert_snapshot!(serde_yaml::to_string(certificate(&rendered).unwrap().manifest()).unwrap());
}

#[test]
fn the_issuer_decides_what_the_answers_leave_open() {
    let rendered = Combination::of("cert-manager", "tls: { source: cert-manager, issuerRef: { name: v, kind: VaultIssuer, group: issuers.test } }\n").render();
    let spec = &certificate(&rendered).unwrap().manifest()["spec"];
    assert_eq!((spec.get("duration"), spec.get("renewBefore")), (None, None));
    assert_eq!(spec["issuerRef"], serde_json::json!({ "name": "v", "kind": "VaultIssuer", "group": "issuers.test" }));
}

#[test]
fn the_certificate_is_for_what_the_edge_must_serve_and_is_the_one_that_is_taken_over() {
    let rendered = Combination::of("cert-manager", &format!("{CERT_MANAGER}hosts: {{ overrides: {{ registry: images.elsewhere.test }} }}\n")).render();
    let object = certificate(&rendered).unwrap();
    let served = renewals(&rendered).into_iter().map(|renewable| renewable.certificate).find(|spec| spec.name == names::BASE_DOMAIN_CERTIFICATE).unwrap();
    let CertificateSubject::Supplied { names, .. } = &served.subject else { panic!("{served:?}") };
    assert_eq!(object.manifest()["spec"]["dnsNames"], serde_json::json!(names));
    assert!(names.contains(&"images.elsewhere.test".to_owned()), "{names:?}");
    assert_eq!(served.cert_manager().as_ref(), Some(object.reference()));
    assert_eq!(object.manifest()["spec"]["secretName"], names::BASE_DOMAIN_ISSUED);
}

#[test]
fn a_cluster_that_is_known_to_have_none_is_asked_for_nothing() {
    let with = |operators: &[&str]| {
        let mut combination = Combination::of("cert-manager", CERT_MANAGER);
        combination.facts = Some(combinations::facts(operators));
        certificate(&combination.render()).map(|object| object.reference().clone())
    };
    assert_eq!(with(&["acme.cert-manager.io"]), None);
    assert_eq!(with(&["cert-manager.io"]), Some(ObjectRef::namespaced("cert-manager.io/v1", "Certificate", "airlock", names::BASE_DOMAIN_ISSUED)));
}

#[test]
fn the_renewer_sees_what_cert_manager_issued_and_changes_none_of_it() {
    let rendered = Combination::of("cert-manager", CERT_MANAGER).render();
    let rules = role(&rendered);
    assert_eq!(allowed(&rules, "certificates", "get"), BTreeSet::from([names::BASE_DOMAIN_ISSUED.to_owned()]));
    let of_secrets = |verb: &str| allowed(&rules, "secrets", verb);
    assert!(of_secrets("get").is_superset(&BTreeSet::from([names::BASE_DOMAIN_ISSUED, names::BASE_DOMAIN_TRUST].map(str::to_owned))));
    assert!(!of_secrets("patch").contains(names::BASE_DOMAIN_ISSUED) && !of_secrets("get").contains(names::BASE_DOMAIN_CA));
    assert_eq!(allowed(&role(&Combination::of("own", "").render()), "certificates", "get"), BTreeSet::new(), "where cert-manager has no part, neither has the renewer");
}
