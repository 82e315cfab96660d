//! A certificate that people have to renew and nobody does: each alert about it comes in its own time, and they end when somebody has.

use std::time::Duration;

use airlock_bed::eventually;
use airlock_e2e::{Run, Site};
use serde_json::Value;

use super::{eventually_served, requested, through_the_gates};
use crate::acme::store_in_its_place;
use crate::company::Company;
use crate::receivers::Receiver;
use crate::scenes;

/// Two of the rules wait twenty minutes for sure; then come a measurement and the wait for others of the same name.
const TOLD_WITHIN: Duration = Duration::from_mins(30);

#[test]
fn certificates_that_nobody_renews() {
    assert_eq!(scenes::play(vec![("a request that nobody answers in time", Box::new(each_alert_comes_and_ends))]), Vec::<String>::new());
}

fn each_alert_comes_and_ends() {
    let site = Site::shared("unrenewed");
    let (company, receiver) = (Company::new(), Receiver::start(&site, 9445));
    receiver.answers(200);
    let answers = site.whole_answers(&format!(
        "components: {{ monitoring: {{ mode: bundled }} }}\ntls: {{ source: csr, renewal: {{ every: 1m }} }}\ntrust: {{ ca: ['{}'] }}\n{}network: {{ egress: [{{ component: monitoring, to: {}/32, port: {}, reason: the receiver of alerts }}] }}\n",
        company.reference("root.crt"),
        receiver.alerts(),
        receiver.address,
        receiver.port
    ));
    let hosts = [site.base(), site.registry()];
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let import = |name: &str, request: &str| {
        company.sign(name, request, &hosts);
        company.concatenate(&[&format!("{name}.crt"), "issuing.crt"], "import.pem");
        site.run(&["tls", "import", &company.path("import.pem").display().to_string(), "--namespace", &site.name]).expect(0);
    };
    let first = requested(&waiting(&site, &answers));
    import("reply", &first);
    through_the_gates(&site, &answers, &company);

    company.sign_aged("aged", &first, &hosts);
    company.concatenate(&["aged.crt", "issuing.crt"], "aged.pem");
    store_in_its_place(&site, "base-domain-tls", &[("tls.crt", std::fs::read_to_string(company.path("aged.pem")).expect("a file"))]);

    no_look_has_ended_well_yet(&site);

    let awaits = |status: &str, alert: &str, label: &str, value: &str| {
        let told = || if receiver.has_told(status, alert, label, value) { Ok(()) } else { Err("not yet") };
        eventually(&format!("{alert} is told as {status}"), TOLD_WITHIN, told).unwrap_or_else(|error| panic!("{error}; told were {:#?}", receiver.messages()));
    };
    let base = site.base();
    awaits("firing", "CertificateEnds", "server", &base);
    assert!(!receiver.has_told("firing", "CertificateEndsSoon", "", ""), "that its renewal fails is told later, when it is sure");
    awaits("firing", "RenewalFailed", "cronjob", "renewer");
    awaits("firing", "CertificateEndsSoon", "server", &base);
    assert!(!receiver.has_told("firing", "CertificateEnds", "server", &format!("registry.{}.svc", site.name)), "what is far from its end is not told");

    let status = site.run(&["tls", "status", "--namespace", &site.name]).expect(0).stdout;
    assert!(status.contains("base-domain-request") && status.contains("airlock tls import"), "the file and the command are told: {status}");
    let next = site.kubectl(&["get", "secret", "base-domain-request", "-o", r#"go-template={{index .data "request.csr" | base64decode}}"#]);
    assert_ne!(next, first, "by a new key");
    import("next", &next);
    eventually_served(&site, &company, &company.serial("next"));
    for alert in ["CertificateEnds", "CertificateEndsSoon"] {
        awaits("resolved", alert, "server", &base);
    }
    awaits("resolved", "RenewalFailed", "cronjob", "renewer");
}

/// The renewer as it is, made anew: a look that ended well a while ago is good for an hour more.
fn no_look_has_ended_well_yet(site: &Site) {
    let live = site.kubectl(&["get", "cronjob", "renewer", "-o", "json"]);
    let mut renewer: Value = serde_json::from_str(&live).unwrap_or_else(|error| panic!("{error}: {live}"));
    for part in ["managedFields", "resourceVersion", "uid", "creationTimestamp"] {
        renewer["metadata"].as_object_mut().and_then(|metadata| metadata.remove(part));
    }
    renewer.as_object_mut().and_then(|renewer| renewer.remove("status"));
    site.kubectl(&["delete", "cronjob", "renewer"]);
    let file = site.file("renewer.json", &renewer.to_string()).display().to_string();
    site.kubectl(&["apply", "--server-side", "--field-manager", "airlock", "-f", &file]);
}

/// An install that waits for the answer to its request.
fn waiting(site: &Site, answers: &std::path::Path) -> Run {
    site.run(&["install", "--answers", &answers.display().to_string(), "--yes", "-o", "json"]).expect(11)
}
