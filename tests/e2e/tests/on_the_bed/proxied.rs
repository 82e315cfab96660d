//! A company whose only way out is a proxy that opens TLS and asks for a password: ACME, registries, and alerts go through it, from the
//! workstation and from pods, and nothing of the inside does.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use airlock_bed::Output;
use airlock_e2e::{Run, Site};

use crate::acme::{Authority, stored};
use crate::mails::Mails;
use crate::receivers::Receiver;

/// Where pebble is for who comes from outside; the proxy alone knows the name.
const DIRECTORY: &str = "https://acme.outside.test:14000/dir";

#[test]
fn what_leaves_goes_through_the_companys_proxy_and_nothing_of_the_inside_does() {
    let site = Site::shared("proxied");
    let company = Company::of(&site);
    the_authority_is_reached_through_the_proxy_alone(&company);

    let receiver = Receiver::start(&site, 9444);
    receiver.answers(200);
    let hook = receiver.alerts();
    let audit = site.audit();
    let guessed = site.install(&company.answers("guessed", &company.believed, &hook)).expect(3);
    assert!(guessed.first_error().starts_with("error[registry.proxy-refused]"), "{}", guessed.stderr);
    let unknown = site.install(&company.answers(&company.password, &company.believed[..1], &hook)).expect(3);
    assert!(unknown.said().contains("IMG-001") && unknown.said().contains("UnknownIssuer"), "whoever opens TLS is believed by `trust.ca` alone:\n{}", unknown.said());
    assert_eq!(audit.writes(), []);

    company.forget();
    let answers = company.answers(&company.password, &company.believed, &hook);
    let plan = site.run(&["plan", "--answers", &answers.display().to_string(), "-o", "json"]).expect(0);
    for host in ["ghcr.io", "registry-1.docker.io", "quay.io"] {
        assert!(company.saw(&format!("https://{host}/v2/")), "digests are asked for through the proxy: {host}\n{}", company.log());
    }
    let runs = through_the_gates(&site, &answers, &company);
    assert!(company.saw("https://acme.outside.test:14000/") && company.saw("https://ghcr.io/v2/airlock-platform/airlock/blobs/"), "{}", company.log());
    assert!(receiver.has_told("firing", "AirlockReceiverTest", "", ""), "the alert arrived");
    assert!(company.saw(&format!("https://{}", receiver.host)), "through the proxy:\n{}", company.log());

    let first = stored(&site, "base-domain-tls", r"tls\.crt");
    company.forget();
    let renewed = site.run(&["tls", "renew", "--force", "--namespace", &site.name, "base-domain-tls", "-o", "json"]).expect(0);
    assert_ne!(stored(&site, "base-domain-tls", r"tls\.crt"), first, "{}", renewed.said());
    assert!(company.saw("https://acme.outside.test:14000/"), "the renewer orders through it as well:\n{}", company.log());
    let policy = site.kubectl(&["get", "networkpolicy", "renewer", "monitoring", "-o", "jsonpath={.items[*].spec.egress}"]);
    assert!(policy.contains("3128") && !policy.contains("14000") && !policy.contains("9444"), "the proxy is let through, and who is behind it is not: {policy}");

    mails_take_the_same_way(&site, &company);
    company.saw_nothing_of_the_inside();
    the_password_stands_nowhere(&site, &company, &[plan].into_iter().chain(runs).chain([renewed]).collect::<Vec<_>>());
}

/// Positive control: the same question, without the proxy, with a password that is wrong, and with the right one.
fn the_authority_is_reached_through_the_proxy_alone(company: &Company<'_>) {
    let asked = |password: Option<&str>| {
        let proxy = password.map(|password| format!("proxy = http://proxy.corp.test:3128\nproxy-user = \"airlock:{password}\"\n")).unwrap_or_default();
        let config = company.site.file("curl", &format!("{proxy}cacert = {}\nsilent\noutput = /dev/null\nwrite-out = \"%{{http_connect}} %{{http_code}}\"\n", company.authority.display()));
        let output = Output::from(company.site.bed.admin("curl").arg("--config").arg(&config).arg(DIRECTORY).output().expect("curl"));
        (output.code, output.stdout)
    };
    assert_eq!(asked(None), (Some(6), "000 000".into()), "nobody else knows the name");
    assert_eq!(asked(Some("guessed")).1, "407 000");
    assert_eq!(asked(Some(&company.password)), (Some(0), "200 200".into()));
}

/// Plays everybody else whom the run waits for.
fn through_the_gates(site: &Site, answers: &Path, company: &Company<'_>) -> Vec<Run> {
    let waits_for_dns = site.install(answers).expect(11);
    site.set_dns();
    let waits_for_nodes = site.install(answers).expect(11);
    site.bed.trust(&company.pebble.root, &site.registry()).unwrap_or_else(|error| panic!("{error}"));
    let done = site.install(answers).expect(0);
    site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]).expect(0);
    vec![waits_for_dns, waits_for_nodes, done]
}

/// Alertmanager knows no proxy for mails; the tunnel beside it does.
fn mails_take_the_same_way(site: &Site, company: &Company<'_>) {
    let mails = Mails::start(site, 587);
    company.forget();
    let answers = |password: &str| company.answers(&company.password, &company.believed, &mails.alerts(password));
    let refused = site.install(&answers("wrong"));
    assert!(refused.exit != 0 && refused.said().contains("the receiver did not take the message (email: "), "{}", refused.said());
    site.install(&answers(Mails::PASSWORD)).expect(0);
    assert!(mails.has("AirlockReceiverTest"));
    assert!(company.saw(&format!("{}:{}", mails.host, mails.port)), "{}", company.log());
}

/// It is in no plan and no text of a run, no log, no object but a Secret, and on no command line of the machine, pods' own ones among them.
fn the_password_stands_nowhere(site: &Site, company: &Company<'_>, runs: &[Run]) {
    let password = &company.password;
    for run in runs {
        assert!(!run.said().contains(password.as_str()), "{}", run.first_line());
    }
    let found = Command::new("grep")
        .args(["--recursive", "--files-with-matches", "--fixed-strings", "--file"])
        .arg(company.site.file("pattern", password))
        .arg(site.folder().join("airlock"))
        .output()
        .expect("grep");
    assert_eq!(String::from_utf8_lossy(&found.stdout), "", "logs of runs");
    let objects = site.kubectl(&["get", "pods,configmaps,jobs,cronjobs,deployments,statefulsets", "-o", "json"]);
    assert!(objects.contains("proxy-password") && !objects.contains(password.as_str()));
    let secret = site.kubectl(&["get", "secret", "proxy-password", "-o", r#"go-template={{index .data "value" | base64decode}}"#]);
    assert_eq!(&secret, password, "positive control: there it is");
    let processes = fs::read_dir("/proc").expect("processes").flatten().filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    assert!(!processes.into_iter().any(|line| String::from_utf8_lossy(&line).contains(password.as_str())));
    let pod = site.kubectl(&["exec", "monitoring-0", "-c", "tunnel", "--", "/usr/local/bin/airlock", "--version"]);
    assert!(pod.starts_with("airlock"), "the tunnel runs: {pod}");
}

/// squid in the company, and what is believed there.
struct Company<'a> {
    site: &'a Site,
    pebble: Authority,
    /// Of the proxy.
    authority: PathBuf,
    password: String,
    /// Whom pods and workstation have to believe: the root of the certificate to come, and the proxy.
    believed: Vec<PathBuf>,
    log: PathBuf,
    /// How long the log was when all this began, and since when it counts.
    began: usize,
    since: Cell<usize>,
}

impl<'a> Company<'a> {
    fn of(site: &'a Site) -> Self {
        let pebble = Authority::of(site);
        let folder = site.bed.folder();
        let authority = folder.join("corp/proxy-ca.crt");
        let password = fs::read_to_string(folder.join("corp/proxy-password")).expect("the proxy's password").trim().to_owned();
        let believed = vec![pebble.root.clone(), authority.clone()];
        let log = folder.join("proxy/access.log");
        let began = fs::read(&log).map_or(0, |log| log.len());
        Self { site, pebble, authority, password, believed, log, began, since: Cell::new(began) }
    }

    /// Answers by which everything leaves through the proxy. Pods reach DNS servers and the proxy, and nobody else.
    fn answers(&self, password: &str, believed: &[PathBuf], alerts: &str) -> PathBuf {
        let believed: Vec<String> = believed.iter().map(|path| format!("file:{}", path.display())).collect();
        let (site, server) = (self.site, &self.pebble.server);
        site.answers(&format!(
            "tls:
  source: acme
  acme:
    directory: {DIRECTORY}
    termsOfServiceAgreed: true
    dns01: {{ rfc2136: {{ server: '{server}:53', keyName: airlock, secret: 'file:{}' }} }}
trust: {{ ca: {} }}
components: {{ monitoring: {{ mode: bundled }} }}
{alerts}network:
  proxy: {{ https: 'http://proxy.corp.test:3128', username: airlock, password: 'file:{}', networks: [{server}/32] }}
  egress: [{{ component: renewer, to: {server}/32, port: 53, reason: proofs }}]
",
            site.bed.folder().join("dns/tsig").display(),
            serde_json::json!(believed),
            site.file("proxy-password", password).display(),
        ))
    }

    fn all(&self) -> String {
        fs::read_to_string(&self.log).expect("the proxy's log")
    }

    fn log(&self) -> String {
        self.all()[self.since.get()..].to_owned()
    }

    /// What was asked for, each as the proxy notes it: `host:port`, or a URL where it opened TLS. Who hangs up asked for nothing.
    fn asked(&self, since: usize) -> Vec<String> {
        let all = self.all();
        all[since..].lines().filter_map(|line| line.split_whitespace().nth(6)).filter(|asked| !asked.starts_with("error:")).map(str::to_owned).collect()
    }

    /// The hosts that it was asked for are all outside: no Service, no host of the platform, no address.
    fn saw_nothing_of_the_inside(&self) {
        let base = self.site.base();
        let is_inside =
            |host: &str| host.parse::<IpAddr>().is_ok() || !host.contains('.') || [".svc", ".cluster.local", &format!(".{base}")].iter().any(|domain| host.ends_with(domain)) || host == base;
        let hosts: BTreeSet<String> = self.asked(self.began).iter().map(|asked| host(asked).to_owned()).collect();
        assert!(hosts.len() >= 5 && !hosts.iter().any(|host| is_inside(host)), "{hosts:?}");
    }

    fn saw(&self, beginning: &str) -> bool {
        self.asked(self.since.get()).iter().any(|url| url.starts_with(beginning))
    }

    /// What is noted from now on counts.
    fn forget(&self) {
        self.since.set(self.all().len());
    }
}

/// The host of `host:port` or of a URL.
fn host(asked: &str) -> &str {
    let rest = asked.split_once("://").map_or(asked, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}
