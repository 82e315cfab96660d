//! `airlock reload` beside the real nginx of the platform's image: files are swapped as the kubelet swaps them.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use airlock_tls::{Authority, Issued, certificate_facts};
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const HOST: &str = "registry.platform.test";
const WITHIN: Duration = Duration::from_secs(40);
const DAY: Duration = Duration::from_hours(24);
const YEAR: Duration = Duration::from_hours(365 * 24);

/// The layers of the image that the bed built.
fn image() -> PathBuf {
    let cache = || std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| std::env::home_dir().map(|home| home.join(".cache"))).expect("a home folder").join("airlock-bed");
    let layout = std::env::var_os("AIRLOCK_BED").map_or_else(cache, PathBuf::from).join("images/oci/nginx");
    assert!(layout.join("index.json").is_file(), "{} is missing: run `tests/cluster/images/build nginx`", layout.display());
    layout
}

fn blob(layout: &Path, digest: &Value) -> PathBuf {
    layout.join("blobs").join(digest.as_str().expect("a digest").replace(':', "/"))
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// A root folder with nginx in it, and its certificate as a mounted Secret.
struct Server {
    root: tempfile::TempDir,
    /// A name of its own, so that no other nginx of this machine is meant.
    process: String,
    port: u16,
    nginx: Option<Child>,
}

impl Server {
    fn unpacked() -> Self {
        let layout = image();
        let root = tempfile::tempdir().unwrap();
        let manifest = json(&blob(&layout, &json(&layout.join("index.json"))["manifests"][0]["digest"]));
        for layer in manifest["layers"].as_array().unwrap() {
            let unpacked = Command::new("tar").arg("-xzf").arg(blob(&layout, &layer["digest"])).arg("-C").arg(root.path()).status().unwrap();
            assert!(unpacked.success());
        }
        Command::new("chmod").args(["-R", "a+rwX"]).arg(root.path()).status().unwrap();
        let process = format!("nginx{}", std::process::id());
        fs::copy(root.path().join("usr/sbin/nginx"), root.path().join("usr/sbin").join(&process)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        fs::create_dir_all(root.path().join("tls")).unwrap();
        let configuration = format!(
            "pid /tmp/nginx.pid; error_log /tmp/error.log; events {{}}\nhttp {{ access_log off; client_body_temp_path /tmp/a; proxy_temp_path /tmp/b; fastcgi_temp_path /tmp/c; uwsgi_temp_path /tmp/d; scgi_temp_path /tmp/e;\n server {{ listen 127.0.0.1:{port} ssl; server_name {HOST}; ssl_certificate /tls/tls.crt; ssl_certificate_key /tls/tls.key; }} }}\n"
        );
        fs::write(root.path().join("nginx.conf"), configuration).unwrap();
        Self { root, process, port, nginx: None }
    }

    fn tls(&self, name: &str) -> PathBuf {
        self.root.path().join("tls").join(name)
    }

    /// Puts a pair in place as the kubelet does: a new folder, then one rename.
    fn mount(&self, version: &str, chain: &str, key: &str) {
        fs::create_dir(self.tls(version)).unwrap();
        fs::write(self.tls(version).join("tls.crt"), chain).unwrap();
        fs::write(self.tls(version).join("tls.key"), key).unwrap();
        symlink(version, self.tls("..data_tmp")).unwrap();
        fs::rename(self.tls("..data_tmp"), self.tls("..data")).unwrap();
        for name in ["tls.crt", "tls.key"].into_iter().filter(|name| fs::symlink_metadata(self.tls(name)).is_err()) {
            symlink(Path::new("..data").join(name), self.tls(name)).unwrap();
        }
    }

    fn start(&mut self) {
        let nginx = Command::new("chroot")
            .args(["--userspec=101:101"])
            .arg(self.root.path())
            .args([&format!("/usr/sbin/{}", self.process), "-e", "/tmp/error.log", "-c", "/nginx.conf", "-g", "daemon off;"])
            .stdin(Stdio::null())
            .spawn();
        self.nginx = Some(nginx.unwrap());
    }

    /// The fingerprint of the certificate that it presents, as `openssl` sees it.
    fn served(&self) -> String {
        let connect = format!("openssl s_client -connect 127.0.0.1:{} -servername {HOST} </dev/null 2>/dev/null | openssl x509 -outform DER", self.port);
        let leaf = Command::new("sh").args(["-c", &connect]).output().unwrap();
        assert!(leaf.status.success(), "{leaf:?}");
        airlock_model::Digest::of(&leaf.stdout).to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(nginx) = &mut self.nginx {
            let _ = kill_process(Pid::from_child(nginx), Signal::TERM);
            let _ = nginx.wait();
        }
    }
}

/// `airlock reload` and the lines of its log.
struct Watcher {
    run: Child,
    lines: Receiver<Value>,
}

impl Watcher {
    fn start(server: &Server) -> Self {
        let mut run = Command::new(env!("CARGO_BIN_EXE_airlock"))
            .arg("reload")
            .arg("--watch")
            .arg(server.tls(""))
            .arg("--certificate")
            .arg(server.tls("tls.crt"))
            .arg("--key")
            .arg(server.tls("tls.key"))
            .args(["--process", &server.process, "--verify", &format!("127.0.0.1:{}", server.port), "--server-name", HOST])
            .env_clear()
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let stdout = run.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    break;
                }
            }
        });
        Self { run, lines }
    }

    /// The lines up to the first of that kind.
    fn until(&self, event: &str) -> Vec<Value> {
        let mut seen = Vec::new();
        loop {
            let line = self.lines.recv_timeout(WITHIN).unwrap_or_else(|_| panic!("no line `{event}` came after {seen:?}"));
            let found = line["event"] == event;
            seen.push(line);
            if found {
                return seen;
            }
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.run.kill();
        let _ = self.run.wait();
    }
}

fn events(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter_map(|line| line["event"].as_str()).collect()
}

fn fingerprint(issued: &Issued) -> String {
    certificate_facts(issued.chain_pem.as_bytes(), issued.key_pem.expose().as_bytes()).unwrap().fingerprint.to_string()
}

#[test]
fn a_new_certificate_is_served_and_a_wrong_one_never_reaches_the_server() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let authority = Authority::generate("test", &["platform.test".into()], YEAR, Timestamp::now()).unwrap();
    let issue = || authority.issue(&[HOST.into()], YEAR, Timestamp::now()).unwrap();
    let (first, second, third) = (issue(), issue(), issue());

    let mut server = Server::unpacked();
    server.mount("..1", &first.chain_pem, first.key_pem.expose());
    let watcher = Watcher::start(&server);
    let before = watcher.until("failed");
    assert_eq!(events(&before), ["watching", "changed", "failed"], "{before:?}");
    assert!(before[2]["reason"].as_str().is_some_and(|reason| reason.contains(&server.process)), "{before:?}");

    server.start();
    let loaded = watcher.until("served");
    assert_eq!(loaded.last().unwrap()["certificate"], fingerprint(&first));

    server.mount("..2", &second.chain_pem, second.key_pem.expose());
    let renewed = watcher.until("served");
    assert_eq!(events(&renewed), ["changed", "signalled", "served"], "{renewed:?}");
    assert_eq!(renewed.last().unwrap()["certificate"], fingerprint(&second));

    server.mount("..3", &third.chain_pem, second.key_pem.expose());
    let refused = watcher.until("failed");
    assert_eq!(events(&refused), ["failed"], "no signal was sent: {refused:?}");
    assert!(refused[0]["reason"].as_str().is_some_and(|reason| reason.starts_with("the key does not belong")), "{refused:?}");

    // Each with its own key: the server would take them, and its clients would not.
    let now = Timestamp::now();
    let expired = authority.issue(&[HOST.into()], DAY, now - 2 * DAY).unwrap();
    let of_another_name = authority.issue(&["elsewhere.platform.test".into()], YEAR, now).unwrap();
    let not_yet = authority.issue(&[HOST.into()], YEAR, now + 2 * DAY).unwrap();
    let unfit = [("..4", &expired, "tls.expired"), ("..5", &of_another_name, "tls.name-not-covered"), ("..6", &not_yet, "tls.not-yet-valid")];
    for (version, pair, code) in unfit {
        server.mount(version, &pair.chain_pem, pair.key_pem.expose());
        let refused = watcher.until("failed");
        assert_eq!(events(&refused), ["failed"], "no signal was sent: {refused:?}");
        assert!(refused[0]["reason"].as_str().is_some_and(|reason| reason.contains(code) && reason.contains("tls.crt")), "{refused:?}");
        assert_eq!(server.served(), fingerprint(&second), "the old one stays");
    }

    server.mount("..7", &third.chain_pem, third.key_pem.expose());
    assert_eq!(watcher.until("served").last().unwrap()["certificate"], fingerprint(&third));
    assert_eq!(server.served(), fingerprint(&third));

    kill_process(Pid::from_child(&watcher.run), Signal::TERM).unwrap();
    watcher.until("ended");
}
