//! An API server that answers at an address which is routed in public, and one whose host nobody finds.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use airlock_e2e::{Run, Site};

use crate::walls::verdicts;

/// For documentation (RFC 5737): it is routed nowhere, and no private network's.
const PUBLIC: &str = "203.0.113.7";
/// Leads to the API server: straight, or whatever a proxy is asked for (`CONNECT`). It says at which port.
const LEAD: &str = "import socket, sys, threading
def pour(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        other.close()
def lead(comer):
    head = b''
    while sys.argv[3] == 'proxy' and not head.endswith(b'\\r\\n\\r\\n'):
        one = comer.recv(1)
        if not one:
            return
        head += one
    there = socket.create_connection((sys.argv[2], 6443))
    if head:
        comer.sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\n')
    threading.Thread(target=pour, args=(comer, there), daemon=True).start()
    pour(there, comer)
server = socket.create_server((sys.argv[1], 0))
print(server.getsockname()[1], flush=True)
while True:
    threading.Thread(target=lead, args=(server.accept()[0],), daemon=True).start()
";

/// The workstation has that address for as long; what is asked there comes to the bed's API server, which shows its own certificate.
pub(crate) fn is_told_by_its_address(site: &Site) {
    let text = std::fs::read_to_string(site.bed.kubeconfig()).expect("the kubeconfig");
    let server = text.split_once("server: \"").and_then(|(_, rest)| rest.split_once('"')).expect("the server's address").0;
    let api = server.trim_start_matches("https://").trim_end_matches(":6443");
    let led = |name: &str, by: &str| {
        let led = text.replace(&format!("server: \"{server}\""), &format!("{by}, tls-server-name: kubernetes.default.svc"));
        assert_ne!(led, text);
        site.file(name, &led).display().to_string()
    };
    let address = Address::of(site);
    let way = Way::start(site, PUBLIC, api, "straight");
    let public = led("public.kubeconfig", &format!("server: \"https://{PUBLIC}:{}\"", way.port));
    let told = judged(site, &public, "network.private=true");
    let warned = judged(site, &public, "network.private=false");
    drop((way, address));
    let of = |verdict: &str| [("NET-017".to_owned(), verdict.to_owned()), ("NET-019".to_owned(), "pass".to_owned())].into();
    assert_eq!(verdicts(&told.expect(7).json()), of("fail"));
    assert_eq!(verdicts(&warned.expect(0).json()), of("warn"));

    // The control: through a proxy the API server is reached by a name of which nobody here knows the address.
    let proxy = Way::start(site, "127.0.0.1", api, "proxy");
    let unknown = led("unknown.kubeconfig", &format!("server: \"https://nobody.invalid:6443\", proxy-url: \"http://127.0.0.1:{}\"", proxy.port));
    assert_eq!(verdicts(&judged(site, &unknown, "network.private=true").expect(7).json()), of("unverified"));
    drop(proxy);
    assert_eq!(verdicts(&judged(site, &site.bed.kubeconfig().display().to_string(), "network.private=true").expect(0).json()), of("pass"));
}

fn judged(site: &Site, kubeconfig: &str, parameter: &str) -> Run {
    site.run(&["compliance-check", "--kubeconfig", kubeconfig, "--no-profile", "--checks", "NET-017,NET-019", "--set", parameter, "--namespace", &site.name, "--yes", "--all", "-o", "json"])
}

/// The address on the workstation's loopback; it goes with the value.
struct Address<'a>(&'a Site);

impl<'a> Address<'a> {
    fn of(site: &'a Site) -> Self {
        let added = site.bed.admin("ip").args(["address", "replace", &format!("{PUBLIC}/32"), "dev", "lo"]).status().expect("ip");
        assert!(added.success(), "{added}");
        Self(site)
    }
}

impl Drop for Address<'_> {
    fn drop(&mut self) {
        drop(self.0.bed.admin("ip").args(["address", "delete", &format!("{PUBLIC}/32"), "dev", "lo"]).status());
    }
}

struct Way {
    child: Child,
    port: u16,
}

impl Way {
    fn start(site: &Site, at: &str, api: &str, how: &str) -> Self {
        let mut child = site.bed.admin("python3").args(["-c", LEAD, at, api, how]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("python3");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("its port");
        Self { child, port: line.trim().parse().expect("a port") }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
