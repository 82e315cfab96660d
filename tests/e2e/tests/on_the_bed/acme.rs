//! The certificate of the base domain from an ACME authority: pebble in the company, proved by signed updates of the company's DNS;
//! ordered from the workstation first, and by the renewer in the cluster from then on.

use std::path::PathBuf;

use airlock_e2e::Site;

#[test]
fn an_acme_authority_issues_at_install_and_renews_from_inside_the_cluster() {
    let site = Site::shared("ordered");
    let (root, answers) = answers(&site, "airlock");

    site.install(&answers).expect(11);
    site.set_dns();
    site.install(&answers).expect(11);
    site.bed.trust(&root, &site.registry()).unwrap_or_else(|error| panic!("{error}"));
    site.install(&answers).expect(0);
    assert_eq!(site.kubectl(&["get", "secret", "base-domain-ca", "--ignore-not-found", "-o", "name"]), "", "no authority of Airlock's own is made");
    let first = stored(&site, "base-domain-tls", r"tls\.crt");
    let account = stored(&site, "acme-account", r"account\.json");

    let audit = site.audit();
    site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]).expect(0);
    site.install(&answers).expect(0);
    assert_eq!(audit.writes(), [], "a good certificate is used, and nothing is ordered again");

    let renewed = site.run(&["tls", "renew", "--namespace", &site.name, "--force", "base-domain-tls", "-o", "json"]).expect(0).json();
    assert_eq!(renewed[0]["outcome"], "renewed", "{renewed}");
    assert_ne!(stored(&site, "base-domain-tls", r"tls\.crt"), first);
    assert_eq!(stored(&site, "acme-account", r"account\.json"), account, "the account is kept and used again");
    let states = site.run(&["tls", "status", "--namespace", &site.name, "-o", "json"]).expect(0).json();
    let state = states.as_array().into_iter().flatten().find(|state| state["name"] == "base-domain-tls").unwrap_or_else(|| panic!("{states}"));
    assert_eq!((state["served"].as_bool(), state["last"]["outcome"].as_str()), (Some(true), Some("renewed")), "{state}");
    let root = root.display().to_string();
    site.run(&["tls", "check", "--connect", &format!("{}:443", site.base()), "--host", &site.base(), "--host", &site.registry(), "--ca", &root]).expect(0);
    site.run(&["compliance-check", "--namespace", &site.name, "--yes"]).expect(0);
}

#[test]
fn an_authority_that_cannot_be_convinced_ends_the_run_with_its_words() {
    let site = Site::shared("unproved");
    let (_, answers) = answers(&site, "nobody");
    let refused = site.install(&answers);
    assert!(refused.exit != 0 && refused.first_error().starts_with("error[tls.acme-"), "{}", refused.said());
    assert!(refused.stderr.contains("nobody"), "the key that the DNS server does not know is named:\n{}", refused.stderr);
}

/// The authority that pebble issues under, and answers with a key of this name for the company's DNS.
fn answers(site: &Site, key: &str) -> (PathBuf, PathBuf) {
    let said = |program: &str, arguments: &[&str]| {
        let output = site.bed.admin(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let company = site.bed.company_ca().display().to_string();
    let root = site.file("pebble.crt", &said("curl", &["--silent", "--fail", "--cacert", &company, "https://acme.corp.test:15000/roots/0"]));
    let server = said("getent", &["ahostsv4", "acme.corp.test"]).split_whitespace().next().unwrap_or_default().to_owned();
    let tsig = site.bed.folder().join("dns/tsig").display().to_string();
    let egress = |port: u16, reason: &str| format!("{{ component: renewer, to: {server}/32, port: {port}, reason: {reason} }}");
    let answers = site.answers(&format!(
        "tls:
  source: acme
  acme:
    directory: https://acme.corp.test:14000/dir
    contact: [platform@corp.test]
    termsOfServiceAgreed: true
    ca: 'file:{company}'
    profile: default
    dns01: {{ rfc2136: {{ server: '{server}:53', keyName: {key}, secret: 'file:{tsig}' }} }}
trust: {{ ca: ['file:{}'] }}
network: {{ egress: [{}, {}] }}
",
        root.display(),
        egress(14000, "orders"),
        egress(53, "proofs")
    ));
    (root, answers)
}

fn stored(site: &Site, secret: &str, key: &str) -> String {
    site.kubectl(&["get", "secret", secret, "-o", &format!("jsonpath={{.data.{key}}}")])
}
