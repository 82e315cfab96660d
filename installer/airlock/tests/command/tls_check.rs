//! `airlock tls check`, run as a person and as a script run it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use airlock_tls::{Authority, Issued};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

use crate::run;
use crate::run::Ended;

const DAY: Duration = Duration::from_hours(24);
const BASE: &str = "platform.example.com";

/// A folder with `ca.crt`, `tls.crt`, and `tls.key`.
struct World {
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let now = Timestamp::now();
        let authority = Authority::generate("Example Root", &[BASE.to_owned()], 3650 * DAY, now).unwrap();
        let Issued { chain_pem, key_pem } = authority.issue(&[BASE.to_owned(), format!("*.{BASE}")], 90 * DAY, now).unwrap();
        let world = Self { folder: tempfile::tempdir().unwrap() };
        world.write("ca.crt", authority.certificate_pem());
        world.write("tls.crt", &chain_pem);
        world.write("tls.key", key_pem.expose());
        let _ = Process::new("chmod").args(["600", "tls.key"]).current_dir(world.folder.path()).status().unwrap();
        world
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn run(&self, line: &str) -> Ended {
        run::airlock(self.folder.path(), &format!("tls check {line}"), &[("KEY_PASSWORD", "geheim")])
    }

    fn openssl(&self, line: &str) {
        let output = Process::new("openssl").args(line.split_whitespace()).current_dir(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A server that presents `tls.crt`.
    fn serve(&self, options: &[&str]) -> (Server, u16) {
        let mut command = Process::new("openssl");
        command.env("OPENSSL_CONF", "/dev/null").args(["s_server", "-accept", "127.0.0.1:0", "-www", "-cert", "tls.crt", "-key", "tls.key", "-cert_chain", "ca.crt"]);
        let mut child = command.args(options).current_dir(self.folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "openssl s_server ended");
            if let Some((_, port)) = line.strip_prefix("ACCEPT").and_then(|rest| rest.rsplit_once(':')) {
                break port.trim().parse().unwrap();
            }
        };
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        (Server(child), port)
    }
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Ended {
    fn document(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", self.stdout, self.stderr))
    }

    /// Verdict and codes.
    fn told(&self) -> (String, Vec<String>) {
        let document = self.document();
        let codes = document["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect();
        (document["verdict"].as_str().unwrap().to_owned(), codes)
    }
}

const GOOD: &str = "tls.crt --key tls.key --ca ca.crt --host platform.example.com --host *.platform.example.com -o json";

#[test]
fn a_good_chain_passes_and_comes_back_in_order_without_its_root() {
    let ended = World::new().run(GOOD);
    assert_eq!((ended.exit, ended.told()), (0, ("pass".to_owned(), vec!["tls.root-left-out".to_owned()])), "{}", ended.stdout);
    let document = ended.document();
    assert_eq!((document["schema"].as_u64(), document["chain"].as_array().map(Vec::len)), (Some(1), Some(1)));
    let leaf = &document["chain"][0];
    assert_eq!((leaf["names"][0].as_str(), leaf["key"].as_str(), leaf["issuer"].as_str()), (Some(BASE), Some("P-256"), Some("CN=Example Root")));
    assert!(leaf["pem"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----\n") && leaf["notAfter"].is_string() && leaf["fingerprint"].is_string() && leaf["serial"].is_string());
    assert!(!ended.stdout.contains("PRIVATE"), "no key is shown");
}

#[test]
fn a_finding_that_blocks_ends_with_3_and_says_whose_certificate_and_the_way_out() {
    let world = World::new();
    let ended = world.run(&format!("{GOOD} --at 2099-01-01T00:00:00Z"));
    assert_eq!(ended.exit, 3);
    let (verdict, codes) = ended.told();
    assert_eq!((verdict.as_str(), codes.contains(&"tls.expired".to_owned())), ("fail", true));
    let ended = world.run("tls.crt --ca ca.crt --host other.example.org -o json");
    assert_eq!(ended.exit, 3);
    let finding = ended.document()["findings"][0].clone();
    assert_eq!((finding["code"].as_str(), finding["severity"].as_str(), finding["remedy"].as_str()), (Some("tls.name-not-covered"), Some("error"), Some("reissue")));
    assert_eq!(finding["certificate"]["subject"].as_str(), Some("platform.example.com, *.platform.example.com"));
    assert!(finding["why"].is_string() && finding["fix"].is_string() && finding["certificate"]["serial"].is_string());
    let text = world.run("tls.crt --ca ca.crt --host other.example.org");
    assert_eq!(text.exit, 3);
    assert!(text.stdout.contains("error tls.name-not-covered") && text.stdout.contains("fix: have it issued for other.example.org"), "{}", text.stdout);
}

#[test]
fn what_cannot_be_read_is_a_finding_and_wrong_usage_is_not() {
    let world = World::new();
    for (line, reason) in [("gone.crt -o json", "No such file or directory"), (". -o json", "Is a directory")] {
        let ended = world.run(line);
        assert_eq!((ended.exit, ended.told().1), (3, vec!["tls.file-unreadable".to_owned()]), "{line}");
        assert!(ended.document()["findings"][0]["why"].as_str().unwrap().contains(reason), "{}", ended.stdout);
    }
    for (line, says) in [
        ("", "FILE"),
        ("tls.crt --host https://platform.example.com", "scheme"),
        ("tls.crt --at yesterday", "--at"),
        ("--connect nowhere", "HOST:PORT"),
        ("tls.crt --key-password hunter2", "not a reference"),
        ("tls.crt --key-password env:IS_NOT_SET", "env:IS_NOT_SET is not set here"),
        ("tls.crt -o csv", "text, json"),
    ] {
        let ended = world.run(line);
        assert!(ended.exit == 2 && ended.stderr.contains(says) && ended.stdout.is_empty(), "{line}: {} {}", ended.exit, ended.stderr);
        assert!(!ended.stderr.contains("error[command.argument]: --key-password: hunter2"), "{}", ended.stderr);
    }
}

#[test]
fn an_encrypted_key_is_opened_by_a_password_that_stands_elsewhere() {
    let world = World::new();
    world.openssl("pkcs8 -topk8 -in tls.key -passout pass:geheim -out secret.key");
    world.write("right", "geheim\n");
    world.write("wrong", "falsch\n");
    let with = |password: &str| world.run(&format!("tls.crt --key secret.key --ca ca.crt {password} -o json"));
    assert_eq!((with("--key-password env:KEY_PASSWORD").exit, with("--key-password file:right").exit), (0, 0));
    assert_eq!(with("").told().1.last().unwrap(), "tls.password-missing");
    let wrong = with("--key-password file:wrong");
    assert_eq!(wrong.told().1.last().unwrap(), "tls.password-wrong");
    assert!(!wrong.stdout.contains("falsch"));
}

#[test]
fn a_server_is_held_against_the_files() {
    let world = World::new();
    let (_server, port) = world.serve(&["-min_protocol", "TLSv1.2"]);
    let ended = world.run(&format!("{GOOD} --connect 127.0.0.1:{port}"));
    assert_eq!((ended.exit, ended.told().0), (0, "pass".to_owned()), "{}", ended.stdout);
    let alone = world.run(&format!("--connect 127.0.0.1:{port} --host registry.platform.example.com --ca ca.crt -o json"));
    assert_eq!((alone.exit, alone.document()["chain"][0]["names"][0].as_str()), (0, Some(BASE)), "{}", alone.stdout);

    let another = World::new();
    let ended = another.run(&format!("{GOOD} --connect 127.0.0.1:{port}"));
    let (_, codes) = ended.told();
    assert!(ended.exit == 3 && codes.contains(&"tls.served-differs".to_owned()), "{codes:?}");
}

#[test]
fn a_server_that_speaks_what_is_outdated_does_not_pass() {
    let world = World::new();
    let (_server, port) = world.serve(&["-cipher", "ALL:NULL:@SECLEVEL=0", "-min_protocol", "TLSv1"]);
    let ended = world.run(&format!("--connect 127.0.0.1:{port} --host {BASE} --ca ca.crt -o json"));
    assert_eq!((ended.exit, ended.told()), (3, ("fail".to_owned(), ["tls.outdated-protocol", "tls.outdated-protocol", "tls.weak-suite"].map(str::to_owned).into())), "{}", ended.stdout);
    let gone = world.run("--connect 127.0.0.1:1 --ca ca.crt -o json");
    assert_eq!((gone.exit, gone.told().1), (3, vec!["tls.not-served".to_owned()]));
}
