//! By which address tasks leave, as a server of the company's sees it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use airlock_e2e::Site;
use serde_json::json;

const PORT: u16 = 18_018;
/// It says that it listens, and answers with the address from which it is asked.
const ECHO: &str = "import http.server, sys
class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write((self.client_address[0] + '\\n').encode())
server = http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), Echo)
print('listens', flush=True)
server.serve_forever()
";

/// Unverified while nothing leaves; told by the address where alpha's tasks are let out to it.
pub(crate) fn by_an_address_that_nobody_declared_is_told(site: &Site) {
    let corp = site.bed.address(254).expect("the company's address");
    let page = format!("http://{corp}:{PORT}/");
    let _echo = Echo::start(site, &corp);
    let alpha = site.tenant("alpha");
    // The bed masquerades nobody: pods are seen as they are, each node's beside the other's.
    let pod = site.bed.kubectl(["-n", &alpha, "get", "pods", "-l", "app.kubernetes.io/name=airflow-scheduler", "-o", "jsonpath={.items[0].status.podIP}"]).expect("kubectl");
    let pods = format!("{pod}/20");
    assert_eq!(verdicts(site, &page, &pods), ["unverified", "unverified"], "the policies of tasks let nothing out");

    let out = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "out", "namespace": alpha}, "spec": {
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "airflow-task"}}, "policyTypes": ["Egress"],
        "egress": [{"to": [{"ipBlock": {"cidr": format!("{corp}/32")}}], "ports": [{"protocol": "TCP", "port": PORT}]}]}});
    site.bed.apply(&out.to_string()).expect("a policy");
    site.bed.until_enforced(&alpha, "out", true).expect("it is gone by");
    let declared = verdicts(site, &page, &pods);
    let undeclared = verdicts(site, &page, &corp);
    site.bed.kubectl(["-n", &alpha, "delete", "networkpolicy", "out"]).expect("kubectl");
    site.bed.until_enforced(&alpha, "out", false).expect("it is no longer gone by");
    assert_eq!((declared, undeclared), (vec!["pass".to_owned(), "unverified".to_owned()], vec!["fail".to_owned(), "unverified".to_owned()]));
}

/// Verdicts, those of alpha first.
fn verdicts(site: &Site, page: &str, addresses: &str) -> Vec<String> {
    site.told("NET-018", &[&format!("NET-018.echo={page}"), &format!("NET-018.addresses={addresses}")], 7).into_iter().map(|told| told.verdict).collect()
}

struct Echo(Child);

impl Echo {
    fn start(site: &Site, address: &str) -> Self {
        let mut command = site.bed.corp("python3");
        let mut child = command.args(["-c", ECHO, address, &PORT.to_string()]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("python3");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("it says that it listens");
        Self(child)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
