//! Heads of evidence that are told to somebody elsewhere, against real servers: what arrives, what does not, and what is found by it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::run;
use crate::run::Ended;
use crate::sink_servers::{ACCESS_KEY, BUCKET, HOST, OUTSIDE, SECRET_KEY, TOKEN, certificates, free_port, hasty, https, rsyslog, s3, squid, until};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: shop }\nspec: { containers: [{ name: a, image: b, securityContext: { privileged: true } }] }\n";
const KEEP: &str = "compliance-check --manifests pod.yaml --checks PSS-001 --evidence evidence --evidence-key file:evidence.pem --evidence-sink sink.yaml";

/// A folder with a pod to judge, the writer's key, certificates, and what sinks are written to with.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let at = place.path();
        fs::write(at.join("pod.yaml"), POD).unwrap();
        fs::write(at.join("token"), format!("{TOKEN}\n")).unwrap();
        fs::write(at.join("s3.key"), SECRET_KEY).unwrap();
        certificates(at);
        for line in ["genpkey -algorithm ed25519 -out evidence.pem", "pkey -in evidence.pem -pubout -out evidence.pub"] {
            assert!(Command::new("openssl").args(line.split(' ')).current_dir(at).status().unwrap().success());
        }
        fs::set_permissions(at.join("evidence.pem"), fs::Permissions::from_mode(0o600)).unwrap();
        Self(place)
    }

    fn at(&self) -> &Path {
        self.0.path()
    }

    fn sink(&self, text: &str) {
        fs::write(self.at().join("sink.yaml"), text).unwrap();
    }

    fn run(&self, line: &str) -> Ended {
        let ended = run::airlock(self.at(), line, &[]);
        for secret in [TOKEN, SECRET_KEY] {
            assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret), "{}{}", ended.stdout, ended.stderr);
        }
        ended
    }

    /// A run that arrives: the gate's exit code, and the report on standard output.
    fn keeps(&self, told: &str) {
        let ended = self.run(KEEP);
        assert_eq!((ended.exit, ended.stdout.is_empty()), (7, false), "{}", ended.stderr);
        assert!(ended.stderr.contains(&format!("was told of {told}\n")), "{}", ended.stderr);
    }

    /// A run that is kept and does not arrive.
    fn misses(&self, code: &str, words: &str) {
        let before = self.runs().len();
        let ended = self.run(KEEP);
        assert_eq!((ended.exit, ended.stdout.as_str()), (8, ""), "{}", ended.stderr);
        assert!(ended.stderr.contains(&format!("error[{code}]")) && ended.stderr.contains(words) && ended.stderr.contains("the next run tells of"), "{}", ended.stderr);
        assert_eq!(self.runs().len(), before + 1);
    }

    fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.at().join("evidence")) else { return Vec::new() };
        let mut runs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
        runs.sort();
        runs
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.at().join(file)).unwrap_or_default()
    }

    /// The folder is as the head says; and without its last run it is not.
    fn proves(&self, head: &str) {
        let verify = |trust: &str| self.run(&format!("evidence verify evidence --trust evidence.pub {trust}"));
        let with_head = format!("--head {head}");
        let ended = verify(&with_head);
        assert_eq!(ended.exit, 0, "{}{}{}", ended.stdout, ended.stderr, self.text(head));
        let (last, aside) = (self.runs().pop().unwrap(), self.at().join("aside"));
        fs::rename(&last, &aside).unwrap();
        assert_eq!(verify("").exit, 0, "nobody misses it without a head");
        let missed = verify(&with_head);
        assert_eq!((missed.exit, missed.stdout.contains("run-missing")), (8, true), "{}{}", missed.stdout, missed.stderr);
        // Nobody adds a run behind one that is gone.
        let ended = self.run(KEEP);
        assert_eq!((ended.exit, ended.stderr.contains("error[evidence.head]")), (8, true), "{}", ended.stderr);
        fs::rename(&aside, &last).unwrap();
    }

    /// The lines of runs 1 to the last, as the folder has them.
    fn lines(&self) -> String {
        let sum = |run: &PathBuf| {
            let name = format!("{}/SHA256SUMS", run.file_name().unwrap().to_str().unwrap());
            let sum = Command::new("sha256sum").arg(&name).current_dir(self.at().join("evidence")).output().unwrap();
            String::from_utf8(sum.stdout).unwrap()
        };
        self.runs().iter().map(sum).collect()
    }
}

#[test]
fn an_https_server_is_told_a_line_a_run_and_what_it_missed_when_it_is_back() {
    let place = Place::new();
    let port = free_port();
    let sink =
        |token: &str, authority: &str, path: &str| place.sink(&format!("sink: https\nhttps: {{ url: 'https://{HOST}:{port}{path}', token: 'file:{token}' }}\nauthority: file:{authority}.pem\n"));
    sink("token", "ca", "/heads");
    place.misses("evidence.sink-unreachable", "Connection refused");
    let server = https(place.at(), port);
    place.keeps("2 runs");
    assert_eq!(place.text("heads"), place.lines());
    place.keeps("1 run");

    sink("token", "other", "/heads");
    place.misses("evidence.sink-unreachable", "its certificate is not believed");
    fs::write(place.at().join("guessed"), "guessed").unwrap();
    sink("guessed", "ca", "/heads");
    place.misses("evidence.sink-refused", "it answered 403");
    sink("token", "ca", "/heads");
    place.keeps("3 runs");
    assert_eq!(place.text("heads"), place.lines());
    // What is refused in words that repeat the token is told without them.
    sink("token", "ca", "/elsewhere");
    place.misses("evidence.sink-refused", "it answered 403;");
    drop(server);
    fs::write(place.at().join("heads"), place.lines()).unwrap();
    sink("token", "ca", "/heads");
    let _server = https(place.at(), port);
    place.keeps("2 runs");
    // It was told of one of them before, in the same words.
    assert!(place.text("heads").lines().count() == place.runs().len() + 1);
    place.proves("heads");
}

#[test]
fn a_log_server_is_told_over_tls_and_its_log_is_a_head() {
    let place = Place::new();
    let port = free_port();
    let sink = |authority: &str| place.sink(&format!("sink: syslog\nsyslog: {{ server: '{HOST}:{port}' }}\nauthority: file:{authority}.pem\n"));
    let logged = |count: usize| {
        until(|| place.text("syslog").lines().filter(|line| line.contains("SHA256SUMS")).count() == count, || place.text("syslog"));
        let lines: Vec<String> = place.text("syslog").lines().filter(|line| line.contains("/SHA256SUMS")).map(|line| format!("{line}\n")).collect();
        fs::write(place.at().join("grepped"), lines.concat()).unwrap();
    };
    sink("ca");
    let server = rsyslog(place.at(), port);
    place.keeps("1 run");
    place.keeps("1 run");
    logged(2);
    drop(server);
    place.misses("evidence.sink-unreachable", "Connection refused");
    place.misses("evidence.sink-unreachable", "Connection refused");
    let server = rsyslog(place.at(), port);
    sink("other");
    place.misses("evidence.sink-unreachable", "its certificate is not believed");
    // rsyslog 8.2302 may still write to a connection that was broken off, whose number the next one has by then.
    drop(server);
    let _server = rsyslog(place.at(), port);
    sink("ca");
    place.keeps("4 runs");
    logged(6);
    for (line, kept) in place.text("grepped").lines().zip(place.lines().lines()) {
        assert!(line.ends_with(kept) && line.contains(" airlock "), "{line}");
    }
    place.proves("grepped");

    // The memory is lost: it is told again, and the log is a head all the same.
    for entry in fs::read_dir(place.at().join("evidence")).unwrap().map(|entry| entry.unwrap()).filter(|entry| entry.file_name().to_string_lossy().starts_with(".sent-")) {
        fs::remove_file(entry.path()).unwrap();
    }
    place.keeps("7 runs");
    logged(13);
    place.proves("grepped");
}

#[test]
fn a_log_server_that_did_not_read_to_the_end_is_told_again() {
    let place = Place::new();
    let port = free_port();
    place.sink(&format!("sink: syslog\nsyslog: {{ server: '{HOST}:{port}' }}\nauthority: file:ca.pem\n"));
    let _server = hasty(place.at(), port);
    place.misses("evidence.sink-unreachable", "without TLS's close_notify, so nobody knows what it has read");
    place.misses("evidence.sink-unreachable", "the connection broke: ");
    place.keeps("3 runs");
    until(|| place.text("heard").matches("/SHA256SUMS").count() == 3, || place.text("heard"));
}

#[test]
fn what_is_outside_is_reached_through_the_proxy_of_the_environment() {
    let place = Place::new();
    let (port, door) = (free_port(), free_port());
    let (_server, _proxy) = (rsyslog(place.at(), port), squid(place.at(), door));
    place.sink(&format!("sink: syslog\nsyslog: {{ server: '{OUTSIDE}:{port}' }}\nauthority: file:ca.pem\n"));
    place.misses("evidence.sink-unreachable", OUTSIDE);
    let through = |password: &str, further: &[(&str, &str)]| {
        let proxy = format!("http://airlock:{password}@127.0.0.1:{door}");
        let ended = run::airlock(place.at(), KEEP, &[&[("HTTPS_PROXY", proxy.as_str())], further].concat());
        assert!(!ended.stderr.contains("let@me") && !ended.stderr.contains("guessed"), "{}", ended.stderr);
        ended
    };
    let refused = through("guessed", &[]);
    assert_eq!((refused.exit, refused.stderr.contains("refuses the login")), (8, true), "{}", refused.stderr);
    let taken = through("let%40me%3Ain", &[]);
    assert_eq!((taken.exit, taken.stderr.contains("was told of 3 runs")), (7, true), "{}", taken.stderr);
    until(|| place.text("syslog").matches("/SHA256SUMS").count() == 3, || place.text("syslog"));
    // Plain HTTP to the proxy, as `host:port` means; nothing goes past one that is not spoken to.
    let nameless = run::airlock(place.at(), KEEP, &[("HTTPS_PROXY", &format!("127.0.0.1:{door}"))]);
    assert_eq!((nameless.exit, nameless.stderr.contains("refuses the login")), (8, true), "{}", nameless.stderr);
    let unspoken = run::airlock(place.at(), KEEP, &[("https_proxy", &format!("socks5://airlock:let@me@127.0.0.1:{door}"))]);
    assert_eq!((unspoken.exit, unspoken.stderr.contains("the variable https_proxy is not `http://HOST:PORT`"), unspoken.stderr.contains("let@me")), (2, true, false), "{}", unspoken.stderr);
    // What is reached without it is not asked of it.
    let around = through("let%40me%3Ain", &[("NO_PROXY", "a.test, .example.test")]);
    assert_eq!((around.exit, around.stderr.contains("error[evidence.sink-unreachable]")), (8, true), "{}", around.stderr);
}

#[test]
fn a_bucket_holds_an_object_a_run_and_nobody_writes_one_anew() {
    let place = Place::new();
    let port = free_port();
    let sink = |key: &str, authority: &str, bucket: &str| {
        place.sink(&format!(
            "sink: s3\ns3: {{ endpoint: 'https://{HOST}:{port}', bucket: {bucket}, prefix: airlock/, accessKeyId: {ACCESS_KEY}, secretAccessKey: 'file:{key}' }}\nauthority: file:{authority}.pem\n"
        ));
    };
    let object = |number: usize| format!("bucket/{BUCKET}/airlock/{number:06}");
    let heads = || {
        let all: String = (1..=place.runs().len()).map(|number| place.text(&object(number))).collect();
        fs::write(place.at().join("heads"), all).unwrap();
    };
    let server = s3(place.at(), port);
    sink("s3.key", "ca", BUCKET);
    place.keeps("1 run");
    sink("s3.key", "other", BUCKET);
    place.misses("evidence.sink-unreachable", "its certificate is not believed");
    fs::write(place.at().join("guessed"), "guessed").unwrap();
    sink("guessed", "ca", BUCKET);
    place.misses("evidence.sink-refused", "it answered 403: SignatureDoesNotMatch");
    sink("s3.key", "ca", "elsewhere");
    place.misses("evidence.sink-refused", "it answered 404: NoSuchBucket");
    drop(server);
    sink("s3.key", "ca", BUCKET);
    place.misses("evidence.sink-unreachable", "Connection refused");
    let _server = s3(place.at(), port);
    place.keeps("5 runs");
    heads();
    assert_eq!(place.text("heads"), place.lines());
    place.proves("heads");

    // Told again of what is there it says nothing, and of what differs it does.
    for entry in fs::read_dir(place.at().join("evidence")).unwrap().map(|entry| entry.unwrap()).filter(|entry| entry.file_name().to_string_lossy().starts_with(".sent-")) {
        fs::remove_file(entry.path()).unwrap();
    }
    place.keeps("7 runs");
    // Another folder, or the same one written anew, meets what is there.
    fs::rename(place.at().join("evidence"), place.at().join("before")).unwrap();
    let first = place.text(&object(1));
    place.misses("evidence.sink-differs", &format!("its object airlock/000001 is there already and says otherwise: {}", first.trim()));
    assert_eq!(place.text(&object(1)), first);
    fs::remove_dir_all(place.at().join("evidence")).unwrap();
    fs::rename(place.at().join("before"), place.at().join("evidence")).unwrap();
    let (sum, name) = place.text(&object(2)).split_once("  ").map(|(sum, name)| (sum.to_owned(), name.to_owned())).unwrap();
    fs::write(place.at().join(object(2)), format!("{}  {name}", "0".repeat(sum.len()))).unwrap();
    heads();
    let ended = place.run("evidence verify evidence --trust evidence.pub --head heads");
    assert_eq!((ended.exit, ended.stdout.contains("head-differs")), (8, true), "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn a_sink_that_cannot_be_used_is_told_before_anything_is_judged() {
    let place = Place::new();
    for (text, exit, words) in [
        ("sink: https\nhttps: { url: 'https://logs.test', tokn: a }\n", 2, "https.tokn"),
        ("sink: https\nhttps: { url: 'https://logs.test', token: letmein-letmein }\n", 2, "`https.token`"),
        ("sink: https\nhttps: { url: 'https://logs.test', token: 'file:absent' }\n", 2, "absent"),
        ("sink: https\nhttps: { url: 'https://logs.test', token: 'secret:a/b#c' }\n", 2, "file:PATH"),
        ("sink: syslog\nsyslog: { server: 'logs.test:6514' }\nauthority: file:pod.yaml\n", 2, "evidence.sink"),
        ("sink: folder\n", 2, "nobody elsewhere"),
    ] {
        place.sink(text);
        let ended = place.run(KEEP);
        assert_eq!((ended.exit, ended.stderr.contains(words), place.runs().len()), (exit, true, 0), "{text}: {}", ended.stderr);
    }
}
