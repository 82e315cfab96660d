//! The certificate of the base domain from a company's own authority: as files, from a Secret, and as the answer to a request.

mod unrenewed;

use std::path::Path;

use airlock_e2e::{Run, Site};
use serde_json::Value;

use crate::company::Company;

#[test]
fn files_of_a_companys_authority_are_served_followed_and_replaced_by_a_secret() {
    let site = Site::shared("files");
    let company = Company::new();
    company.issue("first", &[&site.base(), &format!("*.{}", site.base())]);
    company.issue("stranger", &[&site.base(), &format!("*.{}", site.base())]);
    company.encrypt("first");
    // The root first and the server's certificate last: the worst order.
    company.concatenate(&["root.crt", "issuing.crt", "first.crt"], "chain.pem");
    let answers = |certificate: &str, key: &str| {
        site.answers(&format!(
            "tls: {{ source: files, certificate: '{}', key: '{}', password: '{}' }}\ntrust: {{ ca: ['{}'] }}\n",
            company.reference(certificate),
            company.reference(key),
            company.reference("password"),
            company.reference("root.crt")
        ))
    };

    a_wrong_file_ends_before_the_first_write(&site, &answers("stranger.crt", "first.enc"));

    let whole = answers("chain.pem", "first.enc");
    through_the_gates(&site, &whole, &company);
    assert_eq!(served(&site, &company), company.serial("first"));
    the_certificate_passes_its_checks(&site);
    nothing_is_to_be_done(&site, &whole);
    assert_eq!(site.kubectl(&["get", "secret", "base-domain-ca", "--ignore-not-found", "-o", "name"]), "", "no authority of Airlock's own is made");

    company.issue("second", &[&site.base(), &format!("*.{}", site.base())]);
    company.concatenate(&["second.crt", "issuing.crt"], "chain.pem");
    company.concatenate(&["second.key"], "first.enc");
    let planned = site.run(&["plan", "--answers", &whole.display().to_string(), "--exit-code"]).expect(10).stdout;
    assert!(planned.contains("certificate.base-domain-tls") && planned.contains("1 step:"), "the file is another, and nothing else changes:\n{planned}");
    site.install(&whole).expect(0);
    assert_eq!(served(&site, &company), company.serial("second"));

    what_is_stored_stays_where_the_file_is_not(&site, &company, &whole);
    a_secret_that_others_keep_is_followed(&site, &company);
}

fn a_wrong_file_ends_before_the_first_write(site: &Site, answers: &Path) {
    let audit = site.audit();
    for command in ["plan", "install"] {
        let refused = site.run(&[command, "--answers", &answers.display().to_string(), "--yes"]).expect(3);
        assert!(refused.first_error().starts_with("error[tls.key-mismatch]") && refused.stderr.contains("fix: give the key"), "{}", refused.stderr);
    }
    let document = site.run(&["plan", "--answers", &answers.display().to_string(), "-o", "json"]).expect(3).json();
    assert_eq!((document.pointer("/error/code"), document.pointer("/error/certificate/verdict")), (Some(&"tls.key-mismatch".into()), Some(&"fail".into())), "{document}");
    let no_authority = site.answers("tls: { source: csr }\ntrust: { ca: ['file:/etc/hostname'] }\n");
    let refused = site.install(&no_authority).expect(3);
    assert!(refused.first_error().contains("the authorities of `trust.ca`"), "{}", refused.stderr);
    assert_eq!(audit.writes(), [], "nothing is written for a certificate that would not work");
}

fn what_is_stored_stays_where_the_file_is_not(site: &Site, company: &Company, answers: &Path) {
    company.hide("chain.pem");
    let planned = site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]).expect(0);
    assert!(planned.stderr.contains("tls.source-absent"), "{}", planned.stderr);
}

fn a_secret_that_others_keep_is_followed(site: &Site, company: &Company) {
    let tls = |verb: &str| {
        let (certificate, key) = (company.path("chain.pem").display().to_string(), company.path("third.key").display().to_string());
        let made = site.kubectl(&["create", "secret", "tls", "company-tls", "--cert", &certificate, "--key", &key, "--dry-run=client", "-o", "yaml"]);
        assert!(verb == "create" || verb == "replace");
        let file = site.file("company-tls.yaml", &made);
        site.kubectl(&[verb, "-f", &file.display().to_string()]);
    };
    let answers = site.answers(&format!("tls: {{ source: secret, secret: {}/company-tls }}\ntrust: {{ ca: ['{}'] }}\n", site.name, company.reference("root.crt")));
    let refused = site.install(&answers);
    // Nothing of that name is there yet; the certificate of the former source is, and stays.
    assert!(refused.expect(0).stderr.contains("tls.source-absent"));

    company.issue("third", &[&site.base(), &format!("*.{}", site.base())]);
    company.concatenate(&["third.crt", "issuing.crt"], "chain.pem");
    tls("create");
    site.install(&answers).expect(0);
    assert_eq!(served(site, company), company.serial("third"));
    the_certificate_passes_its_checks(site);
    nothing_is_to_be_done(site, &answers);

    company.issue_again("third", &[&site.base()]);
    company.concatenate(&["third.crt", "issuing.crt"], "chain.pem");
    tls("replace");
    let refused = site.install(&answers).expect(3);
    assert!(refused.first_error().starts_with("error[tls.name-not-covered]"), "{}", refused.stderr);
}

#[test]
fn a_request_is_answered_by_a_companys_authority() {
    let site = Site::shared("asked");
    let company = Company::new();
    let answers = site.answers(&format!("tls: {{ source: csr, wildcard: true }}\ntrust: {{ ca: ['{}'] }}\n", company.reference("root.crt")));
    let import = |file: &str| site.run(&["tls", "import", &company.path(file).display().to_string(), "--namespace", &site.name, "-o", "json"]);

    let waiting = site.run(&["install", "--answers", &answers.display().to_string(), "--yes", "-o", "json"]).expect(11);
    let request = requested(&waiting);
    assert!(site.kubectl(&["get", "statefulset,deployment", "registry", "--ignore-not-found", "-o", "name"]).contains("registry"), "what does not wait for it goes on");
    assert_eq!(site.kubectl(&["get", "deployment", "edge", "--ignore-not-found", "-o", "name"]), "");
    site.set_dns();
    let again = site.run(&["install", "--answers", &answers.display().to_string(), "--yes", "-o", "json"]).expect(11);
    assert_eq!(requested(&again), request, "the key and its request stay");

    let names = [site.base(), format!("*.{}", site.base())];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    wrong_answers_are_refused_and_nothing_is_written(&site, &company, &request, &names);

    company.sign("reply", &request, &names);
    company.pkcs7(&["root.crt", "issuing.crt", "reply.crt"], "reply.p7b");
    let taken = import("reply.p7b").expect(0).json();
    assert_eq!((taken["verdict"].as_str(), taken["changed"].as_bool(), taken["next"].as_str()), (Some("pass"), Some(true), Some("airlock install --answers FILE")), "{taken}");
    assert_eq!(import("reply.p7b").expect(0).json()["changed"].as_bool(), Some(false));

    through_the_gates(&site, &answers, &company);
    assert_eq!(served(&site, &company), company.serial("reply"));
    the_certificate_passes_its_checks(&site);
    nothing_is_to_be_done(&site, &answers);

    // Issued anew for the same key while the platform runs.
    company.sign("renewed", &request, &names);
    company.concatenate(&["issuing.crt", "renewed.crt"], "renewed.pem");
    assert!(import("renewed.pem").expect(0).json()["next"].is_null());
    site.install(&answers).expect(0);
    eventually_served(&site, &company, &company.serial("renewed"));

    the_renewer_asks_for_the_next_one_by_a_new_key(&site, &company, &answers, &names);
    an_answer_to_a_former_request_is_told_from_others(&site, &company);
    what_people_issued_is_kept_for_the_next_install(&site, &company);
}

/// It cannot issue the next one itself. What is served stays until the answer is there.
fn the_renewer_asks_for_the_next_one_by_a_new_key(site: &Site, company: &Company, answers: &Path, names: &[&str]) {
    let request = || site.kubectl(&["get", "secret", "base-domain-request", "-o", r#"go-template={{index .data "request.csr" | base64decode}}"#]);
    let (first, serial) = (request(), served(site, company));
    let renewed = || site.run(&["tls", "renew", "--force", "--namespace", &site.name, "base-domain-tls", "-o", "json"]);
    let due = renewed();
    assert_eq!((due.exit, due.json()[0]["code"].as_str()), (5, Some("engine.certificate-due")), "{}", due.said());
    let next = request();
    assert_ne!(next, first);
    renewed().expect(5);
    assert_eq!(request(), next, "it is asked for once");
    let states = site.run(&["tls", "status", "--namespace", &site.name, "-o", "json"]).expect(0).json();
    let asks = states.as_array().into_iter().flatten().filter_map(|state| state["byPeople"].as_str()).any(|by| by.contains(&format!("kubectl get secret -n {} base-domain-request", site.name)));
    assert!(asks, "{states}");

    nothing_is_to_be_done(site, answers);
    assert_eq!(served(site, company), serial);
    company.sign("next", &next, names);
    company.concatenate(&["next.crt", "issuing.crt"], "next.pem");
    site.run(&["tls", "import", &company.path("next.pem").display().to_string(), "--namespace", &site.name]).expect(0);
    eventually_served(site, company, &company.serial("next"));
    nothing_is_to_be_done(site, answers);
}

/// With a host by name the request is another one, and what is served goes on being served.
fn an_answer_to_a_former_request_is_told_from_others(site: &Site, company: &Company) {
    let by_name = site.answers(&format!("tls: {{ source: csr }}\ntrust: {{ ca: ['{}'] }}\n", company.reference("root.crt")));
    let waiting = site.run(&["install", "--answers", &by_name.display().to_string(), "--yes", "-o", "json"]).expect(11);
    let names = waiting.json()["tickets"][0]["paste"].as_str().unwrap_or_default().to_owned();
    assert!(names.contains(&format!("{}, {}\n", site.base(), site.registry())) && !names.contains("*."), "{names}");
    let refused = site.run(&["tls", "import", &company.path("next.pem").display().to_string(), "--namespace", &site.name, "-o", "json"]).expect(3).json();
    let codes: Vec<&str> = refused["findings"].as_array().into_iter().flatten().filter_map(|finding| finding["code"].as_str()).collect();
    assert_eq!(codes, ["tls.key-mismatch", "tls.request-former"], "{refused}");
    assert_eq!(served(site, company), company.serial("next"));
    company.sign("named", &requested(&waiting), &[&site.base(), &site.registry()]);
    company.concatenate(&["named.crt", "issuing.crt"], "named.pem");
    site.run(&["tls", "import", &company.path("named.pem").display().to_string(), "--namespace", &site.name]).expect(0);
    site.install(&by_name).expect(0);
    eventually_served(site, company, &company.serial("named"));
}

fn what_people_issued_is_kept_for_the_next_install(site: &Site, company: &Company) {
    let by_name = site.answers(&format!("tls: {{ source: csr }}\ntrust: {{ ca: ['{}'] }}\n", company.reference("root.crt")));
    let removed = site.run(&["uninstall", "--namespace", &site.name, "--yes"]).expect(0);
    assert!(removed.said().contains("base-domain-request") && removed.said().contains("base-domain-tls"), "what stays is named:\n{}", removed.said());
    let mut run = site.install(&by_name);
    if run.exit == 11 {
        assert!(!run.stdout.contains(": certificate"), "{}", run.said());
        site.set_dns();
        run = site.install(&by_name);
    }
    run.expect(0);
    assert_eq!(served(site, company), company.serial("named"));
}

fn wrong_answers_are_refused_and_nothing_is_written(site: &Site, company: &Company, request: &str, names: &[&str]) {
    company.issue("other", names);
    company.sign("dropped", request, &names[..1]);
    company.sign("alone", request, names);
    company.concatenate(&["other.crt", "issuing.crt"], "other.pem");
    company.concatenate(&["dropped.crt", "issuing.crt"], "dropped.pem");
    company.concatenate(&["issuing.crt", "root.crt"], "authorities.pem");
    site.file("asked.csr", request);
    let audit = site.audit();
    for (file, code) in [
        (company.path("other.pem"), "tls.key-mismatch"),
        (company.path("authorities.pem"), "tls.key-mismatch"),
        (company.path("dropped.pem"), "tls.name-not-covered"),
        (company.path("alone.crt"), "tls.issuer-missing"),
        (site.file("asked.csr", request), "tls.other-kind"),
        (site.file("empty.pem", ""), "tls.file-empty"),
        (company.path("gone.pem"), "tls.file-unreadable"),
    ] {
        let refused = site.run(&["tls", "import", &file.display().to_string(), "--namespace", &site.name, "-o", "json"]).expect(3).json();
        let errors: Vec<&str> = refused["findings"].as_array().into_iter().flatten().filter(|finding| finding["severity"] == "error").filter_map(|finding| finding["code"].as_str()).collect();
        assert_eq!((errors.as_slice(), refused["stored"].is_null()), (&[code][..], true), "{}: {refused}", file.display());
    }
    assert_eq!(audit.writes(), [], "a refused import writes nothing");
}

/// The request that the ticket holds.
fn requested(waiting: &Run) -> String {
    let document = waiting.json();
    let tickets = document["tickets"].as_array().unwrap_or_else(|| panic!("{document}"));
    let ticket = tickets.iter().find(|ticket| ticket["gate"] == "certificate").unwrap_or_else(|| panic!("{document}"));
    let page = ticket["paste"].as_str().unwrap_or_default();
    let (begin, end) = ("-----BEGIN CERTIFICATE REQUEST-----", "-----END CERTIFICATE REQUEST-----");
    let from = page.find(begin).unwrap_or_else(|| panic!("{page}"));
    let to = page.find(end).unwrap_or_else(|| panic!("{page}")) + end.len();
    format!("{}\n", &page[from..to])
}

/// Plays everybody else whom the run waits for.
pub(crate) fn through_the_gates(site: &Site, answers: &Path, company: &Company) {
    let mut run = site.install(answers);
    if run.exit == 11 && run.stdout.contains(": dns") {
        site.set_dns();
        run = site.install(answers);
    }
    assert!(run.stdout.contains("Example Corp") || run.stdout.contains("BEGIN CERTIFICATE-----"), "the ticket for the nodes holds the company's authority:\n{}", run.said());
    run.expect(11);
    site.bed.trust(&company.path("root.crt"), &site.registry()).unwrap_or_else(|error| panic!("{error}"));
    site.install(answers).expect(0);
}

/// The serial number of the certificate that the edge serves to who believes the company's root alone, by the base domain and by a host.
pub(crate) fn served(site: &Site, company: &Company) -> String {
    let (server, root) = (format!("{}:443", site.base()), company.path("root.crt").display().to_string());
    let looked = site.run(&["tls", "check", "--connect", &server, "--host", &site.base(), "--host", &site.registry(), "--ca", &root, "-o", "json"]).expect(0).json();
    looked.pointer("/chain/0/serial").and_then(Value::as_str).unwrap_or_else(|| panic!("{looked}")).replace(':', "").to_uppercase()
}

/// The kubelet takes up to a minute and a half to bring the file.
fn eventually_served(site: &Site, company: &Company, serial: &str) {
    let present = || Some(served(site, company)).filter(|now| now == serial).ok_or("the former certificate");
    airlock_bed::eventually("the edge serves it", std::time::Duration::from_mins(3), present).unwrap_or_else(|error| panic!("{error}"));
}

fn the_certificate_passes_its_checks(site: &Site) {
    let report = site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "--all", "-o", "json"]).expect(0).json();
    let findings = report["findings"].as_array().unwrap_or_else(|| panic!("{report}"));
    for check in ["TLS-002", "TLS-003", "REG-001"] {
        let verdicts: Vec<&str> = findings.iter().filter(|finding| finding["check"] == check).filter_map(|finding| finding["verdict"].as_str()).collect();
        assert!(!verdicts.is_empty() && verdicts.iter().all(|verdict| *verdict == "pass"), "{check}: {verdicts:?}");
    }
}

pub(crate) fn nothing_is_to_be_done(site: &Site, answers: &Path) {
    let audit = site.audit();
    site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]).expect(0);
    site.install(answers).expect(0);
    assert_eq!(audit.writes(), [], "a second install writes nothing");
}
