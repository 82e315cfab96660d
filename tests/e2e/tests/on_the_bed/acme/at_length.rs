//! Records that others set: a program of the workstation, again when people run it, and people, whom a ticket asks. Runs that wait for each
//! other, minutes of them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use airlock_e2e::{Run, Site};
use serde_json::{Value, json};

use super::{Authority, nothing_is_to_be_done, nudging_the_edge, read, said, state, store_in_its_place, stored, through_the_gates};
use crate::company::Company;

#[test]
fn a_program_of_the_workstation_sets_the_records_and_people_order_the_next_certificate() {
    let site = Site::shared("programmed");
    let company = Company::new();
    let authority = Authority::of(&site);
    let answers = |program: &str| authority.answers(&site, &format!("{{ exec: {{ program: '{program}', runLimit: 1m }} }}"), &[&company.reference("root.crt")], "");

    let audit = site.audit();
    let refused = site.install(&answers("/usr/local/bin/no-such-program")).expect(3);
    assert!(refused.first_error().starts_with("error[tls.acme-no-program]") && refused.stderr.contains("/usr/local/bin/no-such-program"), "{}", refused.stderr);
    assert_eq!(audit.writes(), [], "it is missed before anything is written");

    let failing = authority.program(&site, "failing", "kdig @$server +short TXT $(echo \"$records\" | cut -d' ' -f1 | head -1) >\"$0.seen\"; echo 'the zone is locked for the weekend' >&2; exit 4");
    let refused = site.install(&answers(&failing)).expect(3);
    assert!(refused.first_error().starts_with("error[tls.acme-hook]"), "{}", refused.stderr);
    assert!(refused.stderr.contains("present` ended with 4: the zone is locked for the weekend"), "its words are shown:\n{}", refused.stderr);
    assert!(read(&format!("{failing}.seen")).lines().count() > 1, "the values of domain and wildcard stood there");
    assert_eq!((read(&format!("{failing}.calls")).as_str(), proofs(&site)), ("present\ncleanup\n", Vec::new()), "what was set is taken away");
    assert_eq!(site.kubectl(&["get", "secret", "base-domain-tls", "--ignore-not-found", "-o", "name"]), "");

    let program = authority.program(&site, "setting", "");
    let calls = || read(&format!("{program}.calls"));
    let answers = answers(&program);
    let planned = site.run(&["plan", "--answers", &answers.display().to_string()]).expect(0).stdout;
    assert!(planned.contains(&format!("runs `{program}` on this workstation")) && planned.contains("the renewer cannot"), "{planned}");
    through_the_gates(&site, &answers, &authority);
    assert_eq!((calls().as_str(), proofs(&site)), ("present\nready\ncleanup\n", Vec::new()));
    nothing_is_to_be_done(&site, &answers);
    assert_eq!(calls(), "present\nready\ncleanup\n", "a good certificate is used, and no program runs");

    let state = state(&site);
    assert!(state["byPeople"].as_str().is_some_and(|by| by.contains("airlock install")), "{state}");
    people_order_the_next_one(&site, &company, &answers);
    // pebble may remember that the names were verified, and then asks for no records.
    let once = "present\nready\ncleanup\n";
    assert!([once.to_owned(), once.repeat(2)].contains(&calls()) && proofs(&site).is_empty(), "{}", calls());
}

/// A certificate that is due: the renewer cannot order the next one and says so, the same run as ever does.
fn people_order_the_next_one(site: &Site, company: &Company, answers: &Path) {
    company.issue_aged("aged", &[&site.base(), &format!("*.{}", site.base())]);
    company.concatenate(&["aged.crt", "issuing.crt"], "aged.pem");
    let file = |name: &str| read(&company.path(name).display().to_string());
    store_in_its_place(site, "base-domain-tls", &[("tls.crt", file("aged.pem")), ("tls.key", file("aged.key"))]);
    let aged = stored(site, "base-domain-tls", r"tls\.crt");

    let renewed = site.run(&["tls", "renew", "--namespace", &site.name, "base-domain-tls", "-o", "json"]);
    assert_eq!((renewed.exit, renewed.json()[0]["code"].as_str()), (5, Some("engine.certificate-due")), "{}", renewed.said());
    let status = site.run(&["tls", "status", "--namespace", &site.name]).expect(0).stdout;
    assert!(status.contains("! renewal failed base-domain-tls") && status.contains("due, and the renewer cannot make it: run `airlock install"), "{status}");
    let planned = site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]).expect(10).stdout;
    assert!(planned.contains("certificate.base-domain-tls") && planned.contains("1 step:"), "{planned}");

    nudging_the_edge(site, || site.install(answers)).expect(0);
    let state = state(site);
    assert_eq!((state["served"].as_bool(), state["last"]["outcome"].as_str()), (Some(true), Some("renewed")), "{state}");
    assert_ne!(stored(site, "base-domain-tls", r"tls\.crt"), aged);
    nothing_is_to_be_done(site, answers);
}

#[test]
fn people_set_the_records_of_a_ticket_and_the_same_run_goes_on() {
    let site = Site::shared("set-by-hand");
    let authority = Authority::with_root(&site, 1);
    let as_customer = |key: &Path| {
        let account = format!("{{ manual: true }}\n    externalAccount: {{ keyId: customer-7, key: 'file:{}' }}\n    preferredChain: {}", key.display(), authority.common_name(&site));
        authority.answers(&site, &account, &[], "")
    };
    let refused = site.install(&as_customer(&site.file("another-key", "YW5vdGhlciBjdXN0b21lcidzIGtleSBvZiAzMiBieXQ")));
    assert!(refused.exit == 3 && refused.first_error().starts_with("error[tls.acme-external-account-refused]"), "{}", refused.said());
    let answers = as_customer(&site.bed.folder().join("acme/external-key"));
    let install = || site.run(&["install", "--answers", &answers.display().to_string(), "--yes", "-o", "json"]);

    let first = Asked::of(&install());
    assert_eq!(first.values.len(), 2, "the domain and its wildcard share a name: {}", first.paste);
    assert!(first.seen.contains(&format!("we see no TXT _acme-challenge.{} at ns.platform.test", site.base())), "{}", first.seen);
    assert_eq!(site.kubectl(&["get", "secret", "base-domain-tls", "--ignore-not-found", "-o", "name"]), "");

    site.set_dns();
    site.bed.dns_set(&format!("_acme-challenge.{}", site.base()), "TXT", "another").unwrap_or_else(|error| panic!("{error}"));
    let again = Asked::of(&install());
    assert_eq!(again.values, first.values, "the order is kept");
    let told = format!("we see `another` for TXT _acme-challenge.{} at ns.platform.test, expected `{}` and `{}`", site.base(), first.values[0], first.values[1]);
    assert!(again.seen.contains(&told), "{}", again.seen);

    // As the authority forgets an order that nobody went on with.
    let kept = stored(&site, "acme-order", r"order\.json");
    store_in_its_place(&site, "acme-order", &[("order.json", decoded(&site, &kept).replace("/my-order/", "/my-order/gone-"))]);
    let anew = Asked::of(&install());
    assert!(anew.values.iter().all(|value| !first.values.contains(value)), "{}", anew.paste);
    assert!(anew.paste.contains("is not known to the authority any more; its records can go") && anew.paste.contains(&first.values[0]), "{}", anew.paste);

    let program = authority.program(&site, "administrator", "");
    anew.set_by(&site, &program, "present");
    let issued = site.install(&answers).expect(11);
    assert!(issued.stderr.contains("can be taken away now") && issued.stderr.contains(&anew.values[0]) && issued.stderr.contains(&first.values[1]), "{}", issued.stderr);
    anew.set_by(&site, &program, "cleanup");
    assert!(issued.stdout.contains("ticket 1 of 1: node-pull"), "nothing waits for the certificate any more: {}", issued.stdout);
    assert_eq!(site.kubectl(&["get", "secret", "acme-order", "--ignore-not-found", "-o", "name"]), "");

    // Its chain leads to the root that was preferred, and nobody was told of any other.
    site.bed.trust(&authority.root, &site.registry()).unwrap_or_else(|error| panic!("{error}"));
    site.install(&answers).expect(0);
    site.run(&["tls", "check", "--connect", &format!("{}:443", site.base()), "--host", &site.base(), "--ca", &authority.root.display().to_string()]).expect(0);
    nothing_is_to_be_done(&site, &answers);
    assert!(state(&site)["byPeople"].as_str().is_some_and(|by| by.contains("DNS records")));
}

/// What the ticket for the certificate asks for.
struct Asked {
    paste: String,
    seen: String,
    values: Vec<String>,
}

impl Asked {
    fn of(run: &Run) -> Self {
        assert_eq!(run.exit, 11, "{}", run.said());
        let document = run.json();
        let ticket = document["tickets"].as_array().into_iter().flatten().find(|ticket| ticket["gate"] == "certificate").unwrap_or_else(|| panic!("{document}"));
        let text = |key: &str| ticket[key].as_str().unwrap_or_default().to_owned();
        let lines: Vec<String> = text("paste").lines().filter(|line| !line.starts_with(';')).map(str::to_owned).collect();
        let values = lines.iter().filter_map(|line| Some(line.split_once(" IN TXT ")?.1.trim_matches('"').to_owned())).collect();
        Self { paste: text("paste"), seen: text("seen"), values }
    }

    /// Plays the DNS administrator, with a program that does what they do.
    fn set_by(&self, site: &Site, program: &str, what: &str) {
        let records: Vec<Value> = self.values.iter().map(|value| json!({ "name": format!("_acme-challenge.{}", site.base()), "value": value })).collect();
        let input = site.file("records.json", &json!({ "records": records }).to_string()).display().to_string();
        said(site, "sh", &["-c", "exec \"$0\" \"$1\" <\"$2\"", program, what, &input]);
    }
}

fn decoded(site: &Site, encoded: &str) -> String {
    said(site, "sh", &["-c", "printf %s \"$0\" | base64 -d", encoded])
}

/// The values of the proof that the company's DNS shows.
fn proofs(site: &Site) -> Vec<String> {
    let server = format!("@{}", site.bed.address(254).unwrap_or_else(|error| panic!("{error}")));
    let shown = said(site, "kdig", &[&server, "+short", "TXT", &format!("_acme-challenge.{}", site.base())]);
    shown.lines().map(|line| line.trim_matches('"').to_owned()).collect()
}
impl Authority {
    /// As its root is called.
    fn common_name(&self, site: &Site) -> String {
        let subject = said(site, "openssl", &["x509", "-in", &self.root.display().to_string(), "-noout", "-subject", "-nameopt", "multiline"]);
        subject.lines().find_map(|line| line.split_once("commonName")).map_or_else(|| panic!("{subject}"), |(_, rest)| rest.trim_start_matches([' ', '=']).to_owned())
    }

    /// A program by the contract of docs/certificates.md that signs updates of the company's DNS; after it has set records, it does this, too.
    fn program(&self, site: &Site, name: &str, afterwards: &str) -> String {
        let (server, tsig) = (&self.server, site.bed.folder().join("dns/tsig").display().to_string());
        let text = format!(
            r#"#!/bin/sh
set -eu
server={server}
echo "$1" >>"$0.calls"
records=$(grep -o '"name":"[^"]*","value":"[^"]*"' | sed 's/"name":"\([^"]*\)","value":"\([^"]*\)"/\1 \2/')
change() {{
  {{ printf 'server %s 53\nzone platform.test.\nkey hmac-sha256:airlock %s\n' "$server" "$(cat {tsig})"; echo "$records" | sed "s/^\([^ ]*\) \(.*\)/update $1/"; echo send; }} | knsupdate
}}
case $1 in
  present) change 'add \1. 60 TXT "\2"'; {afterwards}
    ;;
  ready) echo "$records" | while read -r name value; do kdig "@$server" +short TXT "$name" | grep -qF -e "$value" || exit 75; done ;;
  cleanup) change 'delete \1. TXT "\2"' ;;
esac
"#
        );
        let path = site.file(name, &text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap_or_else(|error| panic!("{error}"));
        path.display().to_string()
    }
}
