//! The authority of the hops inside the cluster gives its place to another one while everybody connects.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use airlock_e2e::Site;
use serde_json::Value;

/// Logs in anew ten times, verifying the server; says what came of each.
const LOGINS: &str = "import pathlib, psycopg2, time
url = pathlib.Path('/etc/airlock/database/value').read_text().replace('+psycopg2', '')
for _ in range(10):
    try:
        psycopg2.connect(url, connect_timeout=5).close(); print('accepted')
    except psycopg2.OperationalError as error:
        print(str(error).replace(chr(10), ' '))
    time.sleep(0.2)
";

/// With one deployment on the platform. A server of one pod that reads its certificate once restarts, and meanwhile there is nobody to
/// refuse or to accept; what must not happen is that somebody is not believed.
#[expect(clippy::print_stdout, reason = "it is part of a test's output")]
pub(crate) fn it_gives_its_place_to_another_and_nobody_is_distrusted(site: &Site, name: &str) {
    let former = published(site);
    let rotate = |more: &[&str]| site.run(&[&["tls", "rotate", "internal-ca", "--namespace", &site.name, "--yes", "-o", "json"], more].concat());
    let cut_off = rotate(&["--timeout", "20s"]);
    assert!(cut_off.exit != 0 && published(site).matches("BEGIN CERTIFICATE").count() == 2, "both are believed, and it waits:\n{}", cut_off.said());
    let both = published(site);
    let is_over = AtomicBool::new(false);
    let (logins, rotated) = thread::scope(|scope| {
        let logins = scope.spawn(|| logins(site, name, &is_over));
        let hosts = [format!("https://{name}-airflow.{}/api/v2/monitor/health", site.base()), format!("https://{}/v2/", site.registry())].map(|url| Asking::start(site, &url));
        let rotated = rotate(&[]);
        is_over.store(true, Ordering::Relaxed);
        for host in hosts {
            host.stop();
        }
        (logins.join().expect("logins"), rotated)
    });
    println!("logins while the internal authority was rotated: {logins:?}");
    let rotated = rotated.expect(0).json();
    assert_eq!(rotated["phase"], "alone", "{rotated}");
    let renewed: Vec<&Value> = rotated["certificates"].as_array().into_iter().flatten().collect();
    assert!(renewed.len() > 3 && renewed.iter().all(|line| line["outcome"] == "renewed"), "every server shows what the new one signed: {rotated}");
    assert!(renewed.iter().any(|line| line["secret"] == format!("{}/airflow-api-server-tls", site.tenant(name))), "those of deployments too: {rotated}");

    assert!(logins.contains_key("accepted") && !logins.keys().any(|words| words.contains("certificate")), "{logins:?}");
    let edge = site.kubectl(&["logs", "-l", "app.kubernetes.io/name=edge", "-c", "nginx", "--since=20m", "--tail=-1"]);
    let distrusted: Vec<&str> = edge.lines().filter(|line| line.contains("certificate verify")).collect();
    assert!(distrusted.is_empty(), "{distrusted:?}");

    assert_eq!(both, format!("{former}{}", published(site)), "it went on with the one that was announced, and the former one is believed no more");
    site.install(&site.whole_answers("")).expect(0);
    let again = site.run(&["deployment", "create", name, "--example-dag", "--namespace", &site.name, "--yes", "-o", "json"]).expect(0).json();
    assert_eq!(again["outcome"], "unchanged", "{again}");
    site.run(&["compliance-check", "--namespace", &site.name, "--yes"]).expect(0);
}

/// What came of logins until it is over. The pod may restart when it has not reached the database for a while.
fn logins(site: &Site, name: &str, is_over: &AtomicBool) -> BTreeMap<String, u32> {
    let mut seen = BTreeMap::new();
    while !is_over.load(Ordering::Relaxed) {
        let run = site.bed.try_kubectl(["-n", &site.tenant(name), "exec", "deployment/airflow-scheduler", "--", "python", "-c", LOGINS]).expect("kubectl");
        for line in run.stdout.lines() {
            *seen.entry(line.to_owned()).or_default() += 1;
        }
    }
    seen
}

/// What all that verify a hop believe.
fn published(site: &Site) -> String {
    site.kubectl(&["get", "configmap", "internal-ca", "-o", r"jsonpath={.data.ca\.crt}"])
}

/// A client that asks twice a second.
struct Asking {
    child: Child,
    url: String,
    log: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl Asking {
    fn start(site: &Site, url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let file = std::fs::File::create(&log).expect("a log");
        let mut command = site.bed.admin("curl");
        command
            .args(["--silent", "--http1.1", "--rate", "2/s", "--max-time", "20", "--output", "/dev/null", "--write-out", "%{stderr}%{http_code} %{errormsg}\\n", "--cacert"])
            .arg(site.base_authority())
            .arg(format!("{url}?n=[1-100000]"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn().expect("curl");
        Self { child, url: url.to_owned(), log, _folder: folder }
    }

    /// Prints what was answered.
    #[expect(clippy::print_stdout, reason = "it is part of a test's output")]
    fn stop(mut self) {
        self.child.kill().expect("curl ends");
        self.child.wait().expect("curl has ended");
        let mut seen = BTreeMap::new();
        for line in std::fs::read_to_string(&self.log).expect("a log").lines() {
            *seen.entry(line.trim().to_owned()).or_insert(0_u32) += 1;
        }
        println!("{}: {seen:?}", self.url);
        assert!(seen.values().sum::<u32>() > 50, "it went on: {seen:?}");
    }
}
