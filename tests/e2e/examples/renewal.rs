//! `make soak`: certificates are renewed by schedule, and the authority of the servers inside the cluster gives its place to another,
//! while the platform is used: pages, logins to the database, pushes, and a DAG. Progress goes to stderr, the report's tables to stdout.

use std::collections::BTreeMap;
use std::io::{Write as _, stderr, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use airlock_bed::{AuditEntry, Output, eventually};
use airlock_e2e::{Airflow, Clients, Site};
use serde_json::{Value, json};

const CLIENTS: usize = 25;
/// A pair lives for four minutes then and is looked at every minute.
const MINUTES: &str = "tls: { source: private-ca, renewal: { lifetime: 4m, every: 1m } }\n";
/// All that the platform has.
const WHOLE: &str = "components: { monitoring: { mode: bundled } }\nalerts: { receiver: none }\n";
const NEXT_WITHIN: Duration = Duration::from_mins(10);
/// What a push sends, and how fast, in bytes a second: longer than a renewal takes to be served.
const BLOB: usize = 16 << 20;
const PUSHED_AT: &str = "512k";

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

/// What became of what one kind of user did, by what came of it and how often.
struct Used {
    who: &'static str,
    well: &'static str,
    seen: BTreeMap<String, usize>,
}

impl Used {
    fn count(&self) -> usize {
        self.seen.values().sum()
    }

    /// What went wrong, and how often.
    fn failed(&self) -> BTreeMap<&str, usize> {
        self.seen.iter().filter(|(words, _)| *words != self.well).map(|(words, count)| (words.as_str(), *count)).collect()
    }
}

/// Does something while the site is used by everybody.
fn while_used<T>(site: &Site, doing: impl FnOnce() -> T) -> (T, [Used; 5]) {
    let authority = site.base_authority();
    let clients = |url: &str| Clients::start(site, &authority, url, CLIENTS);
    let (pages, registry) = (clients(&format!("https://alpha-airflow.{}/api/v2/version", site.base())), clients(&format!("https://{}/v2/", site.registry())));
    let is_over = AtomicBool::new(false);
    let (done, logins, pushes, runs) = thread::scope(|scope| {
        let until_it_is_over = |once: &dyn Fn() -> Vec<String>| {
            let mut seen = BTreeMap::new();
            while !is_over.load(Ordering::Relaxed) {
                for words in once() {
                    *seen.entry(words).or_default() += 1;
                }
            }
            seen
        };
        let logins = scope.spawn(move || until_it_is_over(&|| logins(site)));
        let pushes = scope.spawn(move || until_it_is_over(&|| vec![push(site, &authority)]));
        let runs = scope.spawn(move || {
            let airflow = Airflow::new(site, "alpha");
            let token = airflow.first_login();
            until_it_is_over(&|| vec![airflow.run(&token, "airlock_example", &json!({}))])
        });
        let done = doing();
        is_over.store(true, Ordering::Relaxed);
        let ended = |thread: thread::ScopedJoinHandle<'_, BTreeMap<String, usize>>| thread.join().unwrap_or_else(|_| BTreeMap::from([("ended by a panic".to_owned(), 1)]));
        (done, ended(logins), ended(pushes), ended(runs))
    });
    let asked = |who, clients: Clients, status: &'static str| {
        let asked = clients.stop(status);
        Used { who, well: status, seen: asked.failed.into_iter().chain([(status.to_owned(), asked.well)]).collect() }
    };
    let all = [
        asked("a page of Airflow, 25 clients", pages, "200"),
        asked("the registry, 25 clients", registry, "401"),
        Used { who: "a login to the database", well: "accepted", seen: logins },
        Used { who: "a push of 16 MiB", well: "201", seen: pushes },
        Used { who: "a run of a DAG", well: "success", seen: runs },
    ];
    (done, all)
}

/// The pod may restart meanwhile; then nobody logs in.
fn logins(site: &Site) -> Vec<String> {
    let run = site.bed.try_kubectl(["-n", &site.tenant("alpha"), "exec", "deployment/airflow-scheduler", "--", "python", "-c", LOGINS]);
    run.unwrap_or_else(|error| panic!("{error}")).stdout.lines().map(str::to_owned).collect()
}

/// A layer that nobody has pushed before, at one go (OCI distribution-spec 1.1, "POST then PUT"); the status of the last answer.
fn push(site: &Site, authority: &Path) -> String {
    let login = format!("user = \"airlock:{}\"\n", site.kubectl(&["get", "secret", "registry-password", "-o", "go-template={{.data.value | base64decode}}"]));
    let login = site.file("login", &login);
    let blob = site.folder().join("blob");
    let mut bytes = vec![0; BLOB];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut random| std::io::Read::read_exact(&mut random, &mut bytes))
        .and_then(|()| std::fs::write(&blob, bytes))
        .unwrap_or_else(|error| panic!("no blob: {error}"));
    let digest = Output::from(site.bed.admin("sha256sum").arg(&blob).output().unwrap_or_else(|error| panic!("sha256sum: {error}"))).stdout;
    let digest = digest.split(' ').next().unwrap_or_default().to_owned();
    let curl = |arguments: &[&str]| {
        let mut command = site.bed.admin("curl");
        command.args(["--silent", "--max-time", "120", "--output", "/dev/null", "--cacert"]).arg(authority).arg("--config").arg(&login).args(arguments);
        Output::from(command.output().unwrap_or_else(|error| panic!("curl: {error}"))).stdout
    };
    let registry = format!("https://{}", site.registry());
    let begun = curl(&["--request", "POST", "--write-out", "%{http_code} %header{location}", &format!("{registry}/v2/soak/blobs/uploads/")]);
    let Some(place) = begun.strip_prefix("202 ") else { return begun };
    let place = if place.starts_with('/') { format!("{registry}{place}") } else { place.to_owned() };
    let end = format!("{place}{}digest=sha256:{digest}", if place.contains('?') { '&' } else { '?' });
    let upload = blob.display().to_string();
    curl(&["--upload-file", &upload, "--limit-rate", PUSHED_AT, "--header", "Content-Type: application/octet-stream", "--write-out", "%{http_code}%{errormsg}", &end])
}

/// What all that verify a hop inside the cluster believe.
fn published(site: &Site) -> String {
    site.kubectl(&["get", "configmap", "internal-ca", "-o", r"jsonpath={.data.ca\.crt}"])
}

/// Nobody is without an answer but who asks a server that is one pod and starts anew, and nobody distrusts whom he asks.
fn the_internal_authority_is_another_one(site: &Site) -> Vec<String> {
    let former = published(site);
    let rotate = |more: &[&str]| site.run(&[&["tls", "rotate", "internal-ca", "--namespace", &site.name, "--yes", "-o", "json"], more].concat());
    let cut_off = rotate(&["--timeout", "20s"]);
    let both = published(site);
    let mut wrong = Vec::new();
    let mut told = |holds: bool, words: String| {
        if !holds {
            wrong.push(words);
        }
    };
    told(cut_off.exit != 0 && both.matches("BEGIN CERTIFICATE").count() == 2, format!("it did not wait while both are believed:\n{}", cut_off.said()));
    let (rotated, used) = while_used(site, || rotate(&[]));
    told(rotated.exit == 0 && rotated.json()["phase"] == "alone", format!("it did not end well:\n{}", rotated.said()));
    let renewed: Vec<Value> = rotated.json()["certificates"].as_array().cloned().unwrap_or_default();
    told(renewed.len() > 3 && renewed.iter().all(|line| line["outcome"] == "renewed"), format!("not every server has another certificate: {renewed:?}"));
    told(both == format!("{former}{}", published(site)), "it did not go on with the one that was announced, or the former one is believed still".to_owned());
    for used in &used {
        let restarts = used.well == "401" || used.well == "201" || used.well == "accepted";
        let failed = used.failed();
        told(failed.is_empty() || (restarts && !failed.keys().any(|words| words.contains("certificate"))), format!("{}: {failed:?}", used.who));
        told(used.seen.contains_key(used.well), format!("{}: it never went well", used.who));
    }
    let edge = site.kubectl(&["logs", "-l", "app.kubernetes.io/name=edge", "-c", "nginx", "--since=30m", "--tail=-1"]);
    told(!edge.contains("certificate verify"), "the edge distrusted a server".to_owned());
    print_table(&format!("The rotation of `internal-ca`: {} s", rotated.took.as_secs()), &used);
    let audit = site.audit();
    let again = site.install(&site.whole_answers(WHOLE));
    told(again.exit == 0 && audit.writes().is_empty(), format!("the next install has something to do:\n{}", again.said()));
    wrong
}

/// Not one error.
fn the_base_domain_is_renewed_three_times(site: &Site) -> Vec<String> {
    let judged = site.install(&site.whole_answers(&format!("{MINUTES}{WHOLE}")));
    let mut wrong = Vec::new();
    if judged.exit != 0 && !(judged.exit == 7 && judged.said().contains("a third of its life")) {
        wrong.push(format!("minutes are enough, but for the last third of them:\n{}", judged.said()));
    }
    let stored = || site.kubectl(&["get", "secret", "base-domain-tls", "-o", r"jsonpath={.data.tls\.crt}"]);
    let edge = || site.kubectl(&["get", "pods", "-l", "app.kubernetes.io/name=edge", "-o", "name"]);
    let (served_by, audit) = (edge(), site.bed.audit().unwrap_or_else(|error| panic!("{error}")));
    // The one that is there was made to last; the next lives for minutes.
    let forced = site.run(&["tls", "renew", "--force", "base-domain-tls", "--namespace", &site.name]);
    if forced.exit != 0 {
        wrong.push(format!("it is not renewed by hand:\n{}", forced.said()));
    }
    let (times, used) = while_used(site, || {
        let mut before = stored();
        let mut next = || {
            let began = Instant::now();
            before = eventually("the next certificate", NEXT_WITHIN, || Some(stored()).filter(|now| *now != before).ok_or("it is the same")).map_err(|late| late.to_string())?;
            Ok(began.elapsed().as_secs())
        };
        (0..3).map(|_| next()).collect::<Result<Vec<_>, String>>()
    });
    let times = times.unwrap_or_else(|late| {
        wrong.push(late);
        Vec::new()
    });
    // The last one is proved by the renewer, too.
    let states = || site.run(&["tls", "status", "--namespace", &site.name, "-o", "json"]).json();
    let is_served = || states().as_array().into_iter().flatten().any(|state| state["secret"]["name"] == "base-domain-tls" && state["served"] == true && state["last"]["outcome"] == "renewed");
    if let Err(late) = eventually("the last one is served", Duration::from_mins(2), || is_served().then_some(()).ok_or("not yet")) {
        wrong.push(late.to_string());
    }
    if edge() != served_by {
        wrong.push("the edge has other pods than before".to_owned());
    }
    wrong.extend(what_it_may_not(site, &audit.writes_by(&format!("system:serviceaccount:{}:renewer", site.name)).unwrap_or_else(|error| panic!("{error}"))));
    print_table(&format!("Three renewals of the base domain by schedule, after {times:?} s"), &used);
    // Who asks twice a second has asked for minutes; the others did their work at least once for each renewal.
    let least = |used: &Used| if matches!(used.well, "200" | "401") { CLIENTS * 60 } else { 3 };
    wrong.extend(used.iter().filter(|used| used.count() < least(used) || !used.failed().is_empty()).map(|used| format!("{}: {} times, {:?}", used.who, used.count(), used.failed())));
    wrong
}

/// The renewer writes Secrets of certificates, pods of the edge, and the registry, which reads its own once; all else that it wrote.
fn what_it_may_not(site: &Site, writes: &[AuditEntry]) -> Vec<String> {
    let may = |write: &AuditEntry| {
        let kind = match write.resource.as_str() {
            "secrets" => write.name.ends_with("-tls"),
            "pods" => write.name.starts_with("edge-"),
            "statefulsets" => write.name == "registry",
            _ => false,
        };
        kind && write.verb == "patch" && write.namespace == site.name
    };
    if writes.is_empty() {
        return vec!["the audit log does not name the renewer".to_owned()];
    }
    writes.iter().filter(|write| !may(write)).map(|write| format!("the renewer may not: {write:?}")).collect()
}

fn print_table(title: &str, used: &[Used]) {
    let mut text = vec![format!("## {title}\n\n| what | times | not well |\n|---|---|---|")];
    for used in used {
        let failed: Vec<String> = used.failed().into_iter().map(|(words, count)| format!("{count} × {}", words.replace('|', "/"))).collect();
        let failed = if failed.is_empty() { "none".to_owned() } else { failed.join("; ") };
        text.push(format!("| {} | {} | {failed} |", used.who, used.count()));
    }
    writeln!(stdout(), "{}\n", text.join("\n")).unwrap_or_else(|error| panic!("stdout: {error}"));
}

fn main() -> std::io::Result<ExitCode> {
    let site = Site::shared("used");
    site.installed(&site.whole_answers(WHOLE));
    site.run(&["deployment", "create", "alpha", "--example-dag", "--namespace", &site.name, "--yes"]).expect(0);
    writeln!(stderr(), "soak: the platform is there with a deployment")?;
    let mut wrong = the_internal_authority_is_another_one(&site);
    writeln!(stderr(), "soak: the internal authority is another one")?;
    wrong.extend(the_base_domain_is_renewed_three_times(&site));
    site.remove();
    writeln!(stdout(), "{} failures.", wrong.len())?;
    for words in &wrong {
        writeln!(stdout(), "\n```\n{}\n```", words.replace("```", "'''"))?;
    }
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
