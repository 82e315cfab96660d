//! What the renewer looks after, and that its rights are for just that.

use std::collections::BTreeSet;

use airlock_model::{CertificateSource, CertificateSubject, Challenge, Object, ObjectRef, Renewable, names};
use airlock_render::Rendered;
use serde_json::Value;

use crate::combinations::{self, Combination, MONITORED, PORT_80};

pub(crate) fn renewals(rendered: &Rendered) -> Vec<Renewable> {
    let objects = rendered.components.iter().flat_map(|component| &component.objects);
    let list = objects.into_iter().find(|object| object.reference().kind == "ConfigMap" && object.reference().name == names::RENEWALS).unwrap();
    serde_json::from_str(list.manifest()["data"][names::RENEWALS_KEY].as_str().unwrap()).unwrap()
}

pub(crate) fn role(rendered: &Rendered) -> Vec<Value> {
    let objects = rendered.components.iter().flat_map(|component| &component.objects);
    objects.into_iter().find(|object| object.reference().kind == "Role" && object.reference().name == names::RENEWER).unwrap().manifest()["rules"].as_array().unwrap().clone()
}

/// The names that the rules allow this verb on.
pub(crate) fn allowed(rules: &[Value], resource: &str, verb: &str) -> BTreeSet<String> {
    let holds = |list: &Value, word: &str| list.as_array().unwrap().iter().any(|entry| entry == word);
    let of = rules.iter().filter(|rule| holds(&rule["resources"], resource) && holds(&rule["verbs"], verb));
    of.flat_map(|rule| rule["resourceNames"].as_array().unwrap().clone()).map(|name| name.as_str().unwrap().to_owned()).collect()
}

fn is_authority(renewable: &Renewable) -> bool {
    matches!(renewable.certificate.subject, CertificateSubject::Authority { .. })
}

#[test]
fn every_certificate_of_the_platform_is_looked_after() {
    for (combination, rendered) in combinations::rendered().iter().filter(|(_, rendered)| rendered.components.iter().any(|component| component.name == names::RENEWER)) {
        let issued: BTreeSet<ObjectRef> = rendered.components.iter().flat_map(|component| &component.certificates).map(airlock_model::CertificateSpec::object).collect();
        let renewed = renewals(rendered);
        assert_eq!(renewed.iter().map(|renewable| renewable.certificate.object()).collect::<BTreeSet<_>>(), issued, "{}", combination.name);
        for renewable in renewed.iter().filter(|renewable| !is_authority(renewable)) {
            assert!(!renewable.restart.is_empty() || !renewable.nudge.is_empty(), "{}: nobody reads {}", combination.name, renewable.certificate.name);
        }
    }
}

#[test]
fn the_rights_of_the_renewer_are_for_what_it_looks_after_and_no_more() {
    let rendered = Combination::of("monitored", MONITORED[1]).render();
    let (renewals, rules) = (renewals(&rendered), role(&rendered));
    let name = |renewable: &Renewable| renewable.certificate.name.clone();
    let written: BTreeSet<String> = renewals.iter().filter(|renewable| !is_authority(renewable)).map(name).collect();
    assert_eq!(allowed(&rules, "secrets", "patch"), written, "authorities are read alone");
    assert_eq!(allowed(&rules, "secrets", "get"), renewals.iter().map(name).collect());
    for (kind, resource) in [("Deployment", "deployments"), ("StatefulSet", "statefulsets")] {
        let restarted: BTreeSet<String> = renewals.iter().flat_map(|renewable| &renewable.restart).filter(|workload| workload.kind == kind).map(|workload| workload.name.clone()).collect();
        assert_eq!(allowed(&rules, resource, "patch"), restarted, "{resource}");
    }
    for rule in &rules {
        let verbs: Vec<&str> = rule["verbs"].as_array().unwrap().iter().map(|verb| verb.as_str().unwrap()).collect();
        assert!(verbs.iter().all(|verb| ["get", "list", "patch"].contains(verb)), "{rule}");
        assert!(rule.get("resourceNames").is_some() || !rule["resources"].to_string().contains("secrets"), "{rule}");
    }
    // RBAC does not say which pods; the admission policy does.
    let objects: Vec<&str> = rendered.components.iter().flat_map(|component| &component.objects).map(|object| object.reference().kind.as_str()).collect();
    assert!(objects.contains(&"ValidatingAdmissionPolicy") && objects.contains(&"ValidatingAdmissionPolicyBinding"));
}

#[test]
fn the_answers_say_how_long_certificates_live() {
    let of = |text: &str| Combination::of("lifetimes", text).render();
    let lifetime = |rendered: &Rendered| {
        renewals(rendered)
            .iter()
            .filter(|renewable| !is_authority(renewable))
            .map(|renewable| (renewable.certificate.lifetime.as_secs(), renewable.certificate.renew_before.as_secs()))
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(lifetime(&of("")), BTreeSet::from([(90 * 86_400, 30 * 86_400)]));
    let short = of("tls: { renewal: { lifetime: 4m, every: 1m } }\n");
    assert_eq!(lifetime(&short), BTreeSet::from([(240, 80), (90 * 86_400, 30 * 86_400)]));
    let renewer = short.components.iter().flat_map(|component| &component.objects).find(|object| object.reference().kind == "CronJob").unwrap();
    assert_eq!(renewer.manifest()["spec"]["schedule"], "*/1 * * * *");
    let served: Vec<String> = renewals(&short).into_iter().flat_map(|renewable| renewable.served).map(|served| format!("{}:{} {}", served.host, served.port, served.server_name)).collect();
    assert!(served.contains(&"edge.airlock.svc:443 platform.test".to_owned()) || served.iter().any(|served| served.starts_with("edge.")), "{served:?}");
}

const BY_PROGRAM: &str = "tls:\n  source: acme\n  acme: { directory: 'https://acme.test/dir', termsOfServiceAgreed: true, dns01: { exec: { program: dns-records } } }\nalerts: { receiver: webhook, webhook: { url: 'env:HOOK_URL' } }\n";

#[test]
fn where_people_have_to_do_something_the_renewer_holds_nothing_that_orders() {
    let by_update = BY_PROGRAM.replace("exec: { program: dns-records }", "rfc2136: { server: 'ns1.test:53', keyName: airlock, secret: 'file:tsig' }");
    let (by_program, by_update) = (Combination::of("by program", BY_PROGRAM).render(), Combination::of("by update", &by_update).render());
    let orders = [names::ACME, names::ACME_ACCOUNT].map(str::to_owned);
    let held = |rendered: &Rendered| orders.iter().filter(|name| allowed(&role(rendered), "secrets", "get").contains(*name)).count();
    let by_hand = Combination::of("by hand", &BY_PROGRAM.replace("exec: { program: dns-records }", "manual: true")).render();
    let by_edge = Combination::of("by the edge", PORT_80).render();
    assert_eq!((held(&by_program), held(&by_hand), held(&by_update), held(&by_edge)), (0, 0, 2, 2));
    let made = |rendered: &Rendered| rendered.components.iter().flat_map(|component| &component.secrets).any(|secret| secret.name == names::ACME);
    assert_eq!((made(&by_program), made(&by_update)), (false, true), "a program is asked with nothing");
}

#[test]
fn port_80_is_there_for_an_acme_authority_alone_and_leads_to_pods_of_its_own() {
    let pods_behind = |rendered: &Rendered, port: &str| {
        let edge = rendered.components.iter().find(|component| component.name == "edge").unwrap();
        let service = edge.objects.iter().find(|object| object.reference().kind == "Service").unwrap().manifest();
        let selector = service["spec"]["selector"].as_object().unwrap();
        service["spec"]["ports"].as_array().unwrap().iter().find(|opened| opened["name"] == port)?;
        let is_behind = |object: &Object| {
            let template = &object.manifest()["spec"]["template"];
            let opens = template["spec"]["containers"].as_array().into_iter().flatten().flat_map(|container| container["ports"].as_array().into_iter().flatten()).any(|opened| opened["name"] == port);
            opens && selector.iter().all(|(label, value)| template["metadata"]["labels"][label] == *value)
        };
        let deployments = rendered.components.iter().flat_map(|component| &component.objects).filter(|object| object.reference().kind == "Deployment" && is_behind(object));
        Some(deployments.map(|object| object.reference().name.clone()).collect::<Vec<_>>())
    };
    let (by_program, by_edge) = (Combination::of("by program", BY_PROGRAM).render(), Combination::of("by the edge", PORT_80).render());
    assert_eq!((pods_behind(&by_program, "http"), pods_behind(&by_program, "https")), (None, Some(vec!["edge".to_owned()])));
    assert_eq!((pods_behind(&by_edge, "http"), pods_behind(&by_edge, "https")), (Some(vec!["edge-http".to_owned()]), Some(vec!["edge".to_owned()])));

    let names = |rendered: &Rendered| {
        let renewals = renewals(rendered);
        let base = renewals.iter().find(|renewable| renewable.certificate.name == names::BASE_DOMAIN_CERTIFICATE).unwrap();
        let CertificateSubject::Supplied { names, .. } = &base.certificate.subject else { panic!("{base:?}") };
        names.clone()
    };
    assert_eq!((names(&by_program), names(&by_edge)), (vec!["platform.test".into(), "*.platform.test".into()], vec!["platform.test".into(), "registry.platform.test".into()]));
}

#[test]
fn a_program_is_not_given_the_variables_that_answers_refer_to() {
    let rendered = Combination::of("by program", BY_PROGRAM).render();
    let renewals = renewals(&rendered);
    let base = renewals.iter().find(|renewable| renewable.certificate.name == names::BASE_DOMAIN_CERTIFICATE).unwrap();
    let CertificateSubject::Supplied { source: CertificateSource::Acme(acme), .. } = &base.certificate.subject else { panic!("{base:?}") };
    let Challenge::Program(program) = &acme.challenge else { panic!("{acme:?}") };
    assert_eq!(program.withheld.iter().collect::<Vec<_>>(), ["HOOK_URL"]);
    assert_eq!((program.program.as_str(), program.run_limit.as_secs()), ("dns-records", 120));
}
