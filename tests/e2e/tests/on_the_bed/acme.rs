//! The certificate of the base domain from an ACME authority, pebble in the company: proved by signed updates of the company's DNS, from
//! the workstation first and by the renewer in the cluster from then on; or by the edge, at port 80; or by programs and by people (`at_length`).

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use airlock_e2e::{Run, Site};
use serde_json::{Value, json};

use crate::guided::World;
use crate::receivers::certificate;

#[cfg(feature = "long")]
mod at_length;

/// Each look of a kubelet costs it more than the wait.
const NUDGED_EVERY: Duration = Duration::from_secs(2);

#[cfg_attr(feature = "long", test)]
fn an_acme_authority_issues_at_install_and_renews_from_inside_the_cluster() {
    let world = World::new("ordered");
    let site = &world.site;
    let authority = Authority::of(site);
    let front = Front::start(site, &authority);
    // As a person at a terminal tells it; the file that she leaves is what the runs below go by.
    let (server, tsig) = (&authority.server, site.bed.folder().join("dns/tsig").display().to_string());
    let answers = world.kept_answers(
        "ACME",
        &[
            ("Which ACME authority?", &format!("https://{}:{FRONT}/dir", front.host)),
            ("To whom may it write?", "platform@corp.test"),
            ("Do you agree to its terms of service?", "yes"),
            ("How is it shown that the domain is yours?", &format!("update={server}:53 key=airlock secret=file:{tsig}")),
            ("Where does the renewer reach it", &format!("{server}/32:{FRONT} {server}/32:53")),
            ("Which authorities have to be believed?", &format!("file:{} ca=file:{}", authority.root.display(), site.bed.company_ca().display())),
        ],
    );

    through_the_gates(site, &answers, &authority);
    assert_eq!(site.kubectl(&["get", "secret", "base-domain-ca", "--ignore-not-found", "-o", "name"]), "", "no authority of Airlock's own is made");
    let first = stored(site, "base-domain-tls", r"tls\.crt");
    let account = stored(site, "acme-account", r"account\.json");

    nothing_is_to_be_done(site, &answers);

    // Nothing but what the authority says makes it due: the next one, about which it says nothing special, is not.
    asks_for_renewal(site, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    let look = || site.run(&["tls", "renew", "--namespace", &site.name, "base-domain-tls", "-o", "json"]).expect(0).json();
    let renewed = look();
    assert_eq!((renewed[0]["outcome"].as_str(), renewed[0]["cause"].as_str()), (Some("renewed"), Some("its authority asks for it")), "{renewed}");
    assert_ne!(stored(site, "base-domain-tls", r"tls\.crt"), first);
    let again = look();
    assert_eq!(again[0]["outcome"], "not-due", "{again}");
    let window: Value =
        serde_json::from_str(&site.kubectl(&["get", "secret", "base-domain-tls", "-o", r"jsonpath={.metadata.annotations.airlock-platform\.io/suggested-renewal}"])).expect("what the authority said");
    assert!(window["start"].as_str() > Some("2026-01-02") && window["askAgain"].is_string(), "{window}");
    assert_eq!(stored(site, "acme-account", r"account\.json"), account, "the account is kept and used again");
    let state = state(site);
    assert_eq!((state["served"].as_bool(), state["last"]["outcome"].as_str()), (Some(true), Some("renewed")), "{state}");
    what_is_served_stays_on_the_authoritys_bad_days(site, &front);
    let root = authority.root.display().to_string();
    site.run(&["tls", "check", "--connect", &format!("{}:443", site.base()), "--host", &site.base(), "--host", &site.registry(), "--ca", &root]).expect(0);
    site.run(&["compliance-check", "--namespace", &site.name, "--yes"]).expect(0);
}

/// It is down twice and sends a chain that leads nowhere once; on the day after, the next certificate is there.
fn what_is_served_stays_on_the_authoritys_bad_days(site: &Site, front: &Front<'_>) {
    let before = stored(site, "base-domain-tls", r"tls\.crt");
    let renew = || site.run(&["tls", "renew", "--force", "--namespace", &site.name, "base-domain-tls", "-o", "json"]);
    for (day, words) in [("down", "503"), ("down", "503"), ("astray", "issuer")] {
        front.has(day);
        let failed = renew().expect(5).json();
        let (code, why) = (failed[0]["code"].as_str().unwrap_or_default(), failed[0]["why"].as_str().unwrap_or_default());
        assert!(code.starts_with("tls.") && why.contains(words), "{day}: {failed}");
        assert_eq!(stored(site, "base-domain-tls", r"tls\.crt"), before, "{day}: the old pair stays");
        let state = state(site);
        assert_eq!((&state["served"], &state["last"]["outcome"]), (&true.into(), &"failed".into()), "{day}: {state}");
    }
    front.has("good");
    assert_eq!(renew().expect(0).json()[0]["outcome"], "renewed");
    assert_ne!(stored(site, "base-domain-tls", r"tls\.crt"), before);
}

#[test]
fn an_authority_that_cannot_be_convinced_ends_the_run_with_its_words() {
    let site = Site::shared("unproved");
    let answers = Authority::of(&site).answers_by_update(&site, "nobody");
    let refused = site.install(&answers);
    assert!(refused.exit != 0 && refused.first_error().starts_with("error[tls.acme-"), "{}", refused.said());
    assert!(refused.stderr.contains("nobody"), "the key that the DNS server does not know is named:\n{}", refused.stderr);
}

#[cfg_attr(feature = "long", test)]
fn the_edge_starts_with_port_80_and_shows_the_authority_that_its_hosts_are_ours() {
    let site = Site::shared("port-80");
    let authority = Authority::of(&site);
    let further = format!("network: {{ egress: [{{ component: renewer, to: {}/32, port: 14000, reason: orders }}] }}\ncomponents: {{ database: {{ mode: bundled }} }}\n", authority.server);
    let answers = site.whole_answers(&authority.written(&site, "{}\n    http01: true", &[], &further));
    let flows = site.run(&["requirements", "--answers", &answers.display().to_string()]).expect(0).stdout;
    assert!(flows.lines().any(|line| line.contains("edge-http") && line.contains("80")), "{flows}");

    site.install(&answers).expect(11);
    let edge = site.edge_address();
    let asked = |scheme: &str, host: &str, path: &str| {
        let port = if scheme == "https" { 443 } else { 80 };
        let resolve = format!("{host}:{port}:{edge}");
        let curl = ["--silent", "--insecure", "--output", "/dev/null", "--write-out", "%{http_code} %{redirect_url}", "--resolve", &resolve, &format!("{scheme}://{host}{path}")];
        let output = site.bed.admin("curl").args(curl).output().expect("curl");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let (registry, elsewhere) = (site.registry(), "elsewhere.test");
    assert_eq!(asked("http", &registry, "/v2/?n=1"), (Some(0), format!("308 https://{registry}/v2/?n=1")));
    assert_eq!(asked("http", elsewhere, "/"), (Some(0), "404".into()), "a name that is not ours is sent nowhere");
    let (refused, _) = asked("https", &registry, "/v2/");
    assert_eq!(refused, Some(7), "nothing listens where no certificate is");
    let account = stored(&site, "acme-account", r"account\.json");

    site.set_dns();
    site.install(&answers).expect(11);
    site.bed.trust(&authority.root, &site.registry()).unwrap_or_else(|error| panic!("{error}"));
    site.install(&answers).expect(0);
    nothing_is_to_be_done(&site, &answers);
    let names = || state(&site)["facts"]["names"].clone();
    assert_eq!(names(), json!([site.base(), registry]), "no wildcard");

    let create = || site.run(&["deployment", "create", "alpha", "--namespace", &site.name]);
    let refused = create().expect(3);
    assert!(refused.first_error().starts_with("error[platform.host-not-certified]") && refused.stderr.contains("tls.furtherHosts"), "{}", refused.stderr);
    let deployment = format!("alpha-airflow.{}", site.base());
    let answers = site.whole_answers(&authority.written(&site, &format!("{{}}\n    http01: true\n  furtherHosts: [{deployment}]"), &[], &further));
    nudging_the_edge(&site, || site.install(&answers)).expect(0);
    assert_eq!(names(), json!([site.base(), registry, deployment]));
    assert!(create().first_error().starts_with("error[command.unconfirmed]"), "it would be made now");

    asks_for_renewal(&site, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    let first = stored(&site, "base-domain-tls", r"tls\.crt");
    site.kubectl(&["create", "job", "renew-now", "--from=cronjob/renewer"]);
    site.kubectl(&["wait", "--for=condition=complete", "job/renew-now", "--timeout=180s"]);
    assert_ne!(stored(&site, "base-domain-tls", r"tls\.crt"), first, "the renewer orders by the same way");
    assert_eq!(stored(&site, "acme-account", r"account\.json"), account, "the account is kept and used again");
    let state = state(&site);
    assert_eq!((state["served"].as_bool(), state["last"]["outcome"].as_str()), (Some(true), Some("renewed")), "{state}");
    site.run(&["compliance-check", "--namespace", &site.name, "--yes"]).expect(0);
}

/// Other values in a Secret, as if Airlock itself had written them.
pub(crate) fn store_in_its_place(site: &Site, secret: &str, values: &[(&str, String)]) {
    let live = site.kubectl(&["get", "secret", secret, "-o", "json"]);
    let mut object: Value = serde_json::from_str(&live).unwrap_or_else(|error| panic!("{error}: {live}"));
    for part in ["managedFields", "resourceVersion", "uid", "creationTimestamp"] {
        object["metadata"].as_object_mut().and_then(|metadata| metadata.remove(part));
    }
    for (key, value) in values {
        let plain = site.file("value", value).display().to_string();
        object["data"][*key] = said(site, "base64", &["-w0", &plain]).into();
    }
    let file = site.file("stored.json", &object.to_string()).display().to_string();
    site.kubectl(&["apply", "--server-side", "--field-manager", "airlock", "-f", &file]);
}

/// The kubelet looks at the files of a pod that changes at once, else after up to a minute and a half.
fn nudging_the_edge(site: &Site, run: impl FnOnce() -> Run) -> Run {
    let (ended, is_over) = mpsc::channel::<()>();
    std::thread::scope(|threads| {
        threads.spawn(move || {
            for number in 0.. {
                site.kubectl(&["annotate", "pods", "--overwrite", "-l", "app.kubernetes.io/name=edge", &format!("test/nudge=n{number}")]);
                if is_over.recv_timeout(NUDGED_EVERY) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
        });
        let run = run();
        drop(ended);
        run
    })
}

/// Plays everybody else whom the run waits for.
fn through_the_gates(site: &Site, answers: &Path, authority: &Authority) {
    site.install(answers).expect(11);
    site.set_dns();
    site.install(answers).expect(11);
    site.bed.trust(&authority.root, &site.registry()).unwrap_or_else(|error| panic!("{error}"));
    site.install(answers).expect(0);
}

fn nothing_is_to_be_done(site: &Site, answers: &Path) {
    let audit = site.audit();
    site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]).expect(0);
    site.install(answers).expect(0);
    assert_eq!(audit.writes(), [], "a good certificate is used, and nothing is ordered again");
}

/// How the certificate of the base domain is.
fn state(site: &Site) -> Value {
    let states = site.run(&["tls", "status", "--namespace", &site.name, "-o", "json"]).expect(0).json();
    states.as_array().into_iter().flatten().find(|state| state["name"] == "base-domain-tls").unwrap_or_else(|| panic!("{states}")).clone()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What a program of the workstation says.
fn said(site: &Site, program: &str, arguments: &[&str]) -> String {
    let output = site.bed.admin(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// pebble in the company, and the company's DNS on the same server.
pub(crate) struct Authority {
    pub(crate) root: PathBuf,
    pub(crate) server: String,
}

impl Authority {
    pub(crate) fn of(site: &Site) -> Self {
        Self::with_root(site, 0)
    }

    /// Its chains lead to root 0 by default, and to root 1 for those who prefer it.
    fn with_root(site: &Site, number: u8) -> Self {
        let company = site.bed.company_ca().display().to_string();
        let root = site.file("pebble.crt", &said(site, "curl", &["--silent", "--fail", "--cacert", &company, &format!("https://acme.corp.test:15000/roots/{number}")]));
        let server = said(site, "getent", &["ahostsv4", "acme.corp.test"]).split_whitespace().next().unwrap_or_default().to_owned();
        Self { root, server }
    }

    /// Answers with this way of setting records, further authorities to believe, and further lines.
    fn answers(&self, site: &Site, dns01: &str, trusted: &[&str], further: &str) -> PathBuf {
        site.answers(&self.written(site, dns01, trusted, further))
    }

    fn written(&self, site: &Site, dns01: &str, trusted: &[&str], further: &str) -> String {
        let own = format!("file:{}", self.root.display());
        let roots = serde_json::json!([&[own.as_str()], trusted].concat());
        format!(
            "tls:
  source: acme
  acme:
    directory: https://acme.corp.test:14000/dir
    contact: [platform@corp.test]
    termsOfServiceAgreed: true
    ca: 'file:{}'
    profile: default
    dns01: {dns01}
trust: {{ ca: {roots} }}
{further}",
            site.bed.company_ca().display()
        )
    }

    /// Answers by which the renewer orders, too, with a key of this name for the company's DNS.
    fn answers_by_update(&self, site: &Site, key: &str) -> PathBuf {
        let (server, tsig) = (&self.server, site.bed.folder().join("dns/tsig").display().to_string());
        let egress = |port: u16, reason: &str| format!("{{ component: renewer, to: {server}/32, port: {port}, reason: {reason} }}");
        let dns01 = format!("{{ rfc2136: {{ server: '{server}:53', keyName: {key}, secret: 'file:{tsig}' }} }}");
        let further = format!("network: {{ egress: [{}, {}] }}\n", egress(14000, "orders"), egress(53, "proofs"));
        self.answers(site, &dns01, &[], &further)
    }
}

/// The port of the authority that has bad days.
const FRONT: u16 = 14055;

/// pebble by another name, behind a program that keeps it from answering, or answers otherwise.
struct Front<'a> {
    site: &'a Site,
    host: String,
    day: PathBuf,
    server: Child,
}

impl<'a> Front<'a> {
    fn start(site: &'a Site, authority: &Authority) -> Self {
        let host = format!("acme-{}.platform.test", site.name);
        site.bed.dns_set(&host, "A", &authority.server).expect("a name for the authority");
        let (key, certificate) = certificate(site, &host);
        let day = site.file("day", "good");
        let mut command = site.bed.corp("python3");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/authority.py")).args([&authority.server, &FRONT.to_string()]);
        command.args([&certificate, &key, &site.bed.company_ca()]).arg("acme.corp.test:14000").arg(&day);
        let server = command.stdin(Stdio::null()).spawn().expect("python3");
        Self { site, host, day, server }
    }

    fn has(&self, day: &str) {
        std::fs::write(&self.day, day).expect("the day");
    }
}

impl Drop for Front<'_> {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = self.site.bed.dns_delete(&self.host);
    }
}

/// pebble would like the certificate that is stored to be renewed in this window (RFC 9773).
fn asks_for_renewal(site: &Site, start: &str, end: &str) {
    let chain = site.kubectl(&["get", "secret", "base-domain-tls", "-o", r#"go-template={{index .data "tls.crt" | base64decode}}"#]);
    let answer = json!({ "suggestedWindow": { "start": start, "end": end }, "explanationURL": "https://acme.corp.test/incident" }).to_string();
    let asked = site.file("suggestion.json", &json!({ "certificate": chain, "ariResponse": answer }).to_string()).display().to_string();
    let company = site.bed.company_ca().display().to_string();
    said(site, "curl", &["--silent", "--fail", "--cacert", &company, "--data-binary", &format!("@{asked}"), "https://acme.corp.test:15000/set-renewal-info/"]);
}

pub(crate) fn stored(site: &Site, secret: &str, key: &str) -> String {
    site.kubectl(&["get", "secret", secret, "-o", &format!("jsonpath={{.data.{key}}}")])
}
