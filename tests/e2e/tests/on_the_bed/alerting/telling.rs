//! The auditor tells the company's log server of each audit, and says so where it cannot.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use airlock_bed::eventually;
use airlock_e2e::Site;
use serde_json::{Value, json};

use crate::auditing::{audit, ended};
use crate::receivers::certificate;

/// The last part of the company's address on the bridge.
const CORP: u8 = 254;
pub(crate) const PORT: u16 = 6514;

/// rsyslog in the company, with a certificate by its authority. Its own first message opens its log: rsyslog 8.2302 closes a connection twice, and the
/// second time what else has its number by then.
pub(crate) struct LogServer<'a> {
    site: &'a Site,
    host: String,
    address: String,
    settings: PathBuf,
    log: PathBuf,
    server: Option<Child>,
}

impl<'a> LogServer<'a> {
    pub(crate) fn new(site: &'a Site) -> Self {
        let (host, address) = (format!("logs-{}.platform.test", site.name), site.bed.address(CORP).expect("the company's address"));
        site.bed.dns_set(&host, "A", &address).expect("a name for the log server");
        let (key, certificate) = certificate(site, &host);
        let log = site.file("syslog", "");
        let settings = site.file(
            "rsyslog.conf",
            &format!(
                "global(processInternalMessages=\"on\" workDirectory=\"{}\" defaultNetstreamDriver=\"ossl\" defaultNetstreamDriverCAFile=\"{}\" defaultNetstreamDriverCertFile=\"{}\" defaultNetstreamDriverKeyFile=\"{}\")\n\
                 module(load=\"imtcp\" streamDriver.name=\"ossl\" streamDriver.mode=\"1\" streamDriver.authMode=\"anon\")\n\
                 input(type=\"imtcp\" address=\"{address}\" port=\"{PORT}\")\n\
                 action(type=\"omfile\" file=\"{}\" template=\"RSYSLOG_FileFormat\")\n",
                site.folder().display(),
                site.bed.company_ca().display(),
                certificate.display(),
                key.display(),
                log.display()
            ),
        );
        Self { site, host, address, settings, log, server: None }
    }

    pub(crate) fn start(&mut self) {
        let mut command = self.site.bed.corp("/usr/sbin/rsyslogd");
        command.args(["-n", "-f"]).arg(&self.settings).arg("-iNONE");
        self.server = Some(command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("rsyslogd"));
        let listens = || self.site.bed.corp("bash").args(["-c", &format!(": </dev/tcp/{}/{PORT}", self.address)]).output().expect("bash").status.success();
        eventually("rsyslog listens", Duration::from_secs(20), || if listens() { Ok(()) } else { Err("not yet") }).unwrap_or_else(|error| panic!("{error}"));
    }

    /// `evidence` and the way there, as answers say them.
    pub(crate) fn sink(&self) -> (String, String) {
        let authority = self.site.bed.company_ca();
        (
            format!("sink: syslog, syslog: {{ server: '{}:{PORT}' }}, authority: 'file:{}'", self.host, authority.display()),
            format!("{{ component: auditor, to: {}/32, port: {PORT}, reason: heads of evidence }}", self.address),
        )
    }

    fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().and_then(|()| server.wait()).expect("rsyslogd ends");
        }
    }

    /// What it was told, from the digest on.
    fn told(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.log).expect("the log");
        let host = format!(" {} airlock ", self.site.base());
        text.lines().filter(|line| line.contains(&host)).filter_map(|line| Some(line.rsplit_once("  ")?.0.rsplit_once(' ')?.1.to_owned() + "  " + line.rsplit_once("  ")?.1)).collect()
    }
}

impl Drop for LogServer<'_> {
    fn drop(&mut self) {
        self.stop();
        let _ = self.site.bed.dns_delete(&self.host);
    }
}

/// Of each audit while it listens, and of those that it missed when it does again; `told` are the runs so far.
pub(crate) fn a_log_server_hears_of_each_audit_and_of_those_that_it_missed(site: &Site, answers: &Path, logs: &mut LogServer<'_>, told: &[Value]) {
    let mut lines: Vec<String> = told.iter().map(line).collect();
    heard(logs, &lines);

    logs.stop();
    let second = audit(site, "unheard", "Failed");
    assert!(second.contains("error[evidence.sink-unreachable]") && second.contains("Connection refused"), "{second}");
    lines.push(kept(site));
    assert!(!told.iter().any(|run| lines.last() == Some(&line(run))), "what it found is written down all the same");

    logs.start();
    let policy: Value = serde_json::from_str(&site.kubectl(&["get", "networkpolicy", "auditor", "-o", "json"])).expect("a policy");
    let rule = policy["spec"]["egress"].as_array().and_then(|rules| rules.iter().position(|rule| rule["ports"][0]["port"] == PORT)).expect("a rule for the log server");
    site.kubectl(&["patch", "networkpolicy", "auditor", "--type=json", "-p", &format!(r#"[{{"op":"remove","path":"/spec/egress/{rule}"}}]"#)]);
    begin_when_confined(site, &logs.address, "shut-in");
    let third = ended(site, "shut-in", "Failed");
    assert!(third.contains("error[evidence.sink-unreachable]") && third.contains("was not told of 2 runs"), "{third}");
    lines.push(kept(site));
    heard(logs, &lines[..told.len()]);

    // What somebody else owns by now is not taken by force.
    site.kubectl(&["delete", "networkpolicy", "auditor"]);
    site.install(answers).expect(0);
    site.bed.until_lets_out(&site.name, "auditor", PORT).expect("the way out is open again");
    let fourth = audit(site, "heard", "Complete");
    assert!(!fourth.contains("error["), "{fourth}");
    lines.push(kept(site));
    heard(logs, &lines);
}

/// An audit whose pod begins when its policy holds. A pod is new to the nodes' enforcer for seconds, in which it may go anywhere, and an audit
/// is done by then.
fn begin_when_confined(site: &Site, address: &str, name: &str) {
    let job = site.kubectl(&["create", "job", &format!("audit-{name}"), "--from=cronjob/auditor", "--dry-run=client", "-o", "json"]);
    let mut job: Value = serde_json::from_str(&job).expect("a Job");
    let image = site.kubectl(&["get", "statefulset", "database", "-o", r#"jsonpath={.spec.template.spec.containers[?(@.name=="postgres")].image}"#]);
    let pod = &mut job["spec"]["template"]["spec"];
    let until_shut = format!("while timeout 2 bash -c ': </dev/tcp/{address}/{PORT}'; do sleep 1; done");
    pod["initContainers"] = json!([{
        "name": "confined", "image": image, "command": ["bash", "-c", until_shut],
        "securityContext": pod["containers"][0]["securityContext"], "resources": pod["containers"][0]["resources"],
    }]);
    site.bed.apply(&job.to_string()).expect("a Job");
}

/// The line of the last audit, as it was written down.
fn kept(site: &Site) -> String {
    let text = site.kubectl(&["get", "persistentvolumeclaim", "auditor-evidence", "-o", r"jsonpath={.metadata.annotations.airlock-platform\.io/audit}"]);
    let audit: Value = serde_json::from_str(&text).expect("an audit");
    line(&audit["run"])
}

fn line(run: &Value) -> String {
    let sums = run["sums"].as_str().and_then(|sums| sums.strip_prefix("sha256:")).expect("a digest");
    format!("{sums}  {}/SHA256SUMS", run["run"].as_str().expect("a run"))
}

/// rsyslog writes what it has read a moment later.
#[track_caller]
fn heard(logs: &LogServer<'_>, lines: &[String]) {
    let outcome = eventually("the log has the lines", Duration::from_secs(20), || if logs.told() == lines { Ok(()) } else { Err("not yet") });
    outcome.unwrap_or_else(|error| panic!("{error}: {lines:#?}\n{}", std::fs::read_to_string(&logs.log).unwrap_or_default()));
}
