//! Real servers that take heads of evidence, on the loopback: rsyslog over TLS, an S3 that verifies signatures, and an HTTPS server; and the
//! company's proxy before them.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The name that servers have certificates for.
pub(crate) const HOST: &str = "localhost";
/// A name of theirs that the proxy alone knows.
pub(crate) const OUTSIDE: &str = "logs.example.test";
/// The password of the proxy's user `airlock`.
pub(crate) const PROXY_PASSWORD: &str = "let@me:in";
/// The name of S3's key, and the key.
pub(crate) const ACCESS_KEY: &str = "AKIA7TESTS";
pub(crate) const SECRET_KEY: &str = "geheimer-schluessel-7";
/// What the HTTPS server lets write.
pub(crate) const TOKEN: &str = "letmein-letmein";
pub(crate) const BUCKET: &str = "evidence";

const WITHIN: Duration = Duration::from_secs(30);

/// A server that ends with it, by its own process alone.
pub(crate) struct Server {
    child: Child,
}

impl Server {
    fn start(mut command: Command, folder: &Path, port: u16) -> Self {
        let log = fs::File::create(folder.join(format!("{port}.log"))).unwrap();
        let child = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        until(|| listens(port), || fs::read_to_string(folder.join(format!("{port}.log"))).unwrap_or_default());
        Self { child }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether somebody listens there. A connection that is broken off is no question to rsyslog 8.2302: it may write to it when the next one has its number.
fn listens(port: u16) -> bool {
    const LISTEN: &str = "0A";
    let sockets = fs::read_to_string("/proc/net/tcp").unwrap();
    sockets.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).any(|words| words.get(1).is_some_and(|local| local.ends_with(&format!(":{port:04X}"))) && words.get(3) == Some(&LISTEN))
}

/// Waits for a condition.
pub(crate) fn until(condition: impl Fn() -> bool, otherwise: impl Fn() -> String) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < WITHIN, "it did not come about: {}", otherwise());
        sleep(Duration::from_millis(25));
    }
}

/// Below those that connections are made from.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let port = u16::try_from(12_000 + (std::process::id() * 64 + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let ended = Command::new("openssl").args(arguments.split_whitespace()).current_dir(folder).output().unwrap();
    assert!(ended.status.success(), "{arguments}: {}", String::from_utf8_lossy(&ended.stderr));
}

/// The authority `ca.pem`, another one `other.pem`, and a server's `server.pem` with `server.key`.
pub(crate) fn certificates(folder: &Path) {
    const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    for name in ["ca", "other"] {
        openssl(folder, &format!("req -x509 {KEY} -keyout {name}.key -out {name}.pem -subj /CN=tests-{name} -days 30 -addext keyUsage=critical,keyCertSign"));
    }
    openssl(folder, &format!("req {KEY} -keyout server.key -out server.csr -subj /CN={HOST}"));
    fs::write(folder.join("extensions"), format!("subjectAltName=DNS:{HOST},DNS:{OUTSIDE}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n")).unwrap();
    openssl(folder, "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 20 -out server.pem -extfile extensions");
}

/// rsyslog, which writes messages to the file `syslog` as Debian does, with times of RFC 3339. Its own first message opens the file: rsyslog 8.2302
/// closes a connection twice, and the second time what else has its number by then.
pub(crate) fn rsyslog(folder: &Path, port: u16) -> Server {
    let at = folder.display();
    let settings = format!(
        "global(processInternalMessages=\"on\" workDirectory=\"{at}\" defaultNetstreamDriver=\"ossl\" defaultNetstreamDriverCAFile=\"{at}/ca.pem\" defaultNetstreamDriverCertFile=\"{at}/server.pem\" defaultNetstreamDriverKeyFile=\"{at}/server.key\")\n\
         module(load=\"imtcp\" streamDriver.name=\"ossl\" streamDriver.mode=\"1\" streamDriver.authMode=\"anon\")\n\
         input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{port}\")\n\
         action(type=\"omfile\" file=\"{at}/syslog\" template=\"RSYSLOG_FileFormat\")\n"
    );
    fs::write(folder.join("rsyslog.conf"), settings).unwrap();
    let mut command = Command::new("/usr/sbin/rsyslogd");
    command.args(["-n", "-f"]).arg(folder.join("rsyslog.conf")).arg("-iNONE");
    Server::start(command, folder, port)
}

/// versitygw over the folder `bucket`, whose folders are buckets.
pub(crate) fn s3(folder: &Path, port: u16) -> Server {
    fs::create_dir_all(folder.join("bucket").join(BUCKET)).unwrap();
    let mut command = Command::new(versitygw());
    command.args(["--access", ACCESS_KEY, "--secret", SECRET_KEY, "--port", &format!("127.0.0.1:{port}"), "--cert"]).arg(folder.join("server.pem")).arg("--key").arg(folder.join("server.key"));
    command.arg("posix").arg(folder.join("bucket"));
    Server::start(command, folder, port)
}

/// Builds it where it is not there yet.
fn versitygw() -> PathBuf {
    let cache = || std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| std::env::home_dir().map(|home| home.join(".cache"))).expect("a home folder").join("airlock-bed");
    let bed = std::env::var_os("AIRLOCK_BED").map_or_else(cache, PathBuf::from);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/cluster/images/monitoring");
    let built = Command::new(script).arg("versitygw").env("AIRLOCK_BED", &bed).status().unwrap();
    assert!(built.success(), "versitygw is not built");
    bed.join("bin/versitygw")
}

/// Python's server: what is sent to `/heads` with the token is added to the file `heads`, and all else refused in words that repeat what came.
const HTTPS: &str = r#"
import http.server, ssl, sys
folder, port, token = sys.argv[1], int(sys.argv[2]), sys.argv[3]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/heads" or self.headers["Authorization"] != "Bearer " + token or self.headers["Content-Type"] != "text/plain; charset=utf-8":
            self.send_response(403)
            self.end_headers()
            self.wfile.write(("no: " + str(self.headers["Authorization"])).encode())
            return
        with open(folder + "/heads", "ab") as heads:
            heads.write(body)
        self.send_response(204)
        self.end_headers()
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder + "/server.pem", folder + "/server.key")
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"#;

pub(crate) fn https(folder: &Path, port: u16) -> Server {
    let mut command = Command::new("python3");
    command.args(["-c", HTTPS]).arg(folder).arg(port.to_string()).arg(TOKEN);
    Server::start(command, folder, port)
}

/// A server whose first connection ends without TLS's `close_notify`, and whose second with one while what was sent lies unread; the third is read to
/// its end and answered.
const HASTY: &str = r#"
import select, socket, ssl, sys
folder, port = sys.argv[1], int(sys.argv[2])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder + "/server.pem", folder + "/server.key")
server = socket.create_server(("127.0.0.1", port))
def connection():
    return context.wrap_socket(server.accept()[0], server_side=True, suppress_ragged_eofs=False)
def read(stream):
    return b"".join(iter(lambda: stream.recv(4096), b""))
silent = connection()
read(silent)
socket.close(silent.detach())

# One record of TLS after the other, so that what follows the handshake stays where it is.
unread = server.accept()[0]
came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(came, goes, server_side=True)
def says(what):
    try:
        what()
        return True
    except ssl.SSLWantReadError:
        return False
    finally:
        unread.sendall(goes.read())
while not says(tls.do_handshake):
    header = unread.recv(5, socket.MSG_WAITALL)
    came.write(header + unread.recv(int.from_bytes(header[3:], "big"), socket.MSG_WAITALL))
says(tls.unwrap)
select.select([unread], [], [])
unread.close()

patient = connection()
with open(folder + "/heard", "wb") as heard:
    heard.write(read(patient))
patient.unwrap().close()
"#;

pub(crate) fn hasty(folder: &Path, port: u16) -> Server {
    let mut command = Command::new("python3");
    command.args(["-c", HASTY]).arg(folder).arg(port.to_string());
    Server::start(command, folder, port)
}

/// squid, which lets `airlock` through, and knows where the name outside is. It does not run as root, so its files are of Debian's user `proxy`.
pub(crate) fn squid(folder: &Path, port: u16) -> Server {
    let here = folder.join("squid");
    fs::create_dir(&here).unwrap();
    for part in [folder, &here] {
        fs::set_permissions(part, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::write(here.join("hosts"), format!("127.0.0.1 {OUTSIDE}\n")).unwrap();
    let hashed = Command::new("openssl").args(["passwd", "-apr1", PROXY_PASSWORD]).output().unwrap();
    fs::write(here.join("accounts"), format!("airlock:{}", String::from_utf8(hashed.stdout).unwrap())).unwrap();
    let at = here.display();
    let settings = format!(
        "visible_hostname localhost\nhttp_port 127.0.0.1:{port}\nauth_param basic program /usr/lib/squid/basic_ncsa_auth {at}/accounts\nauth_param basic children 1 startup=1 idle=1\n\
         acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\ncache deny all\ncache_mem 0\naccess_log stdio:{at}/access.log\ncache_log /dev/null\ncache_store_log none\n\
         hosts_file {at}/hosts\npid_filename none\npinger_enable off\ncoredump_dir none\nshutdown_lifetime 0 seconds\n"
    );
    fs::write(here.join("squid.conf"), settings).unwrap();
    assert!(Command::new("chown").args(["-R", "proxy:"]).arg(&here).status().unwrap().success());
    let mut command = Command::new("squid");
    command.arg("-N").arg("-f").arg(here.join("squid.conf")).args(["-n", &format!("airlock{port}")]);
    // It locks memory of that name away in /dev/shm; the one of its own goes with it.
    let mut apart = Command::new("unshare");
    apart.args(["-m", "--propagation", "private", "sh", "-euc", "mount -t tmpfs tmpfs /dev/shm; exec \"$@\"", "sh"]).arg(command.get_program()).args(command.get_args());
    Server::start(apart, folder, port)
}
