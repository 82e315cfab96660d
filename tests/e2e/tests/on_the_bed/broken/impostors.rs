//! Something else that answers at the address of a host: the company's DNS leads to a node, where a program of its own listens.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use airlock_bed::eventually;
use airlock_e2e::Site;

const NODE: u8 = 2;
/// For openssl, whose other ways to sign set no time at which a certificate begins.
const AUTHORITY: &str = "[ca]
default_ca = impostors
[impostors]
database = FOLDER/impostor.index
serial = FOLDER/impostor.serial
new_certs_dir = FOLDER
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
";
/// `ADDRESS STATUS LOCATION`: to everybody at port 80.
const PLAIN: &str = "import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[2]))
        self.send_header('Location', sys.argv[3])
        self.send_header('Content-Length', '0')
        self.end_headers()
http.server.HTTPServer((sys.argv[1], 80), Handler).serve_forever()";

/// With a certificate that has ended, that is for another host, that nobody known signed, and that is none of the installation's.
pub(crate) fn with_another_certificate_are_told_by_what_is_wrong(site: &Site) {
    let host = host(site);
    let at_host = |exit| told_at(site, "TLS-002", &format!("{host}:443"), exit);
    let other = format!("beta-airflow.{}", site.base());
    let right = Certificate { name: &host, ends: "350101000000Z", by_ours: true };
    let wrong = [
        ("expired", Certificate { ends: "250201000000Z", ..right }),
        ("covers beta-airflow", Certificate { name: &other, ..right }),
        ("not trusted", Certificate { by_ours: false, ..right }),
        ("the Secret holds", right),
    ];
    let before = at_host(0);
    let told = wrong.map(|(words, certificate)| {
        let _impostor = Impostor::start(site, &host, certificate, None);
        (words, at_host(7))
    });
    assert!(matches!(&before[..], [(verdict, _)] if verdict == "pass"), "{before:?}");
    for (words, told) in told {
        assert!(matches!(&told[..], [(verdict, observed)] if verdict == "fail" && observed.contains(words)), "{words}: {told:?}");
    }
    assert_eq!(at_host(0), before);
}

/// Without TLS, at port 80: with a page, and with ways to elsewhere; a way to the host's own HTTPS is none of that.
pub(crate) fn without_tls_are_told(site: &Site) {
    let host = host(site);
    let at_host = |exit| told_at(site, "TLS-004", &format!("{host}, without TLS"), exit).into_iter().map(|(verdict, _)| verdict).collect::<Vec<_>>();
    let certificate = Certificate { name: &host, ends: "350101000000Z", by_ours: true };
    let own = format!("https://{host}/");
    // That it sends no Strict-Transport-Security fails each time.
    let told = [("200", own.as_str()), ("302", "https://elsewhere.test/"), ("301", &own.replace("https", "http")), ("308", &own)].map(|plain| {
        let _impostor = Impostor::start(site, &host, certificate, Some(plain));
        at_host(7)
    });
    assert_eq!(told, [["fail"], ["fail"], ["fail"], ["pass"]]);
    assert_eq!(at_host(0), ["pass"]);
}

fn host(site: &Site) -> String {
    format!("alpha-airflow.{}", site.base())
}

fn told_at(site: &Site, check: &str, subject: &str, exit: i32) -> Vec<(String, String)> {
    site.told(check, &[], exit).into_iter().filter(|told| told.subject == subject).map(|told| (told.verdict, told.observed)).collect()
}

/// What an impostor shows.
#[derive(Clone, Copy)]
struct Certificate<'a> {
    name: &'a str,
    /// As openssl writes a time.
    ends: &'a str,
    /// By the authority of the base domain; else by itself.
    by_ours: bool,
}

impl Certificate<'_> {
    /// Certificate and key, as files.
    fn made(self, site: &Site) -> [PathBuf; 2] {
        let names = format!("subjectAltName=DNS:{}\nbasicConstraints=critical,CA:FALSE\n", self.name);
        let [signed, key, request, _] = ["impostor.crt", "impostor.key", "impostor.csr", "impostor.index"].map(|name| site.file(name, ""));
        site.file("impostor.serial", "01\n");
        let (names, settings) = (site.file("impostor.ext", &names), site.file("impostor.ca", &AUTHORITY.replace("FOLDER", &site.folder().display().to_string())));
        let openssl = |arguments: &[&str], files: &[(&str, &PathBuf)]| {
            let ended = Command::new("openssl").args(arguments).args(files.iter().flat_map(|(flag, path)| [OsStr::new(*flag), path.as_os_str()])).output().expect("openssl");
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        };
        openssl(&["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=impostor"], &[("-keyout", &key), ("-out", &request)]);
        let stored = |field: &str| site.decoded(field, &site.kubectl(&["get", "secret", "base-domain-ca", "-o", &format!("jsonpath={{.data.{}}}", field.replace('.', "\\."))]));
        let [authority, its_key] = ["tls.crt", "tls.key"].map(stored);
        let (by, itself): (_, &[&str]) = if self.by_ours { (vec![("-cert", &authority), ("-keyfile", &its_key)], &[]) } else { (vec![("-keyfile", &key)], &["-selfsign"]) };
        let arguments = [&["ca", "-batch", "-notext", "-startdate", "250101000000Z", "-enddate", self.ends], itself].concat();
        openssl(&arguments, &[vec![("-config", &settings), ("-in", &request), ("-extfile", &names), ("-out", &signed)], by].concat());
        [signed, key]
    }
}

/// Servers on a node, to which the name of the host leads.
struct Impostor<'a> {
    site: &'a Site,
    host: &'a str,
    servers: Vec<Child>,
}

impl<'a> Impostor<'a> {
    /// With status and location of what it says without TLS.
    fn start(site: &'a Site, host: &'a str, certificate: Certificate<'_>, plain: Option<(&str, &str)>) -> Self {
        let [signed, key] = certificate.made(site);
        let address = site.bed.address(10 + NODE).expect("the node's address");
        let mut encrypted = site.bed.node(NODE, "openssl");
        encrypted.args(["s_server", "-quiet", "-www", "-accept", &format!("{address}:443"), "-cert"]).arg(&signed).arg("-key").arg(&key);
        let open = plain.map(|(status, location)| {
            let mut open = site.bed.node(NODE, "python3");
            open.args(["-c", PLAIN, &address, status, location]).stderr(Stdio::null());
            open
        });
        let mut impostor = Self { site, host, servers: Vec::new() };
        for (mut command, port) in std::iter::once((encrypted, 443)).chain(open.map(|open| (open, 80))) {
            impostor.servers.push(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("a server"));
            let listens = || {
                let asked = site.bed.admin("bash").args(["-c", &format!("</dev/tcp/{address}/{port}")]).output().map_err(|error| error.to_string())?;
                if asked.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&asked.stderr).into_owned()) }
            };
            eventually("the impostor listens", Duration::from_secs(20), listens).unwrap_or_else(|error| panic!("{error}"));
        }
        site.bed.dns_set(host, "A", &address).expect("a record");
        impostor
    }
}

impl Drop for Impostor<'_> {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
        let _ = self.site.bed.dns_delete(self.host);
    }
}
