//! Something else that answers at the address of a host: the company's DNS leads there.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use airlock_bed::eventually;
use airlock_e2e::Site;

/// With a certificate that has ended, that is for another host, that nobody known signed, and that is none of the installation's.
pub(crate) fn that_answer_for_a_host_are_told_by_what_is_wrong(site: &Site) {
    let host = format!("alpha-airflow.{}", site.base());
    let subject = format!("{host}:443");
    let at_host = |exit| site.told("TLS-002", &[], exit).into_iter().filter(|told| told.subject == subject).map(|told| (told.verdict, told.observed)).collect::<Vec<_>>();
    let authority = authority(site);
    let (other, names) = (format!("beta-airflow.{}", site.base()), |host: &str| vec!["-addext".to_owned(), format!("subjectAltName=DNS:{host}")]);
    let by_ours = ["-CA", &authority.0.display().to_string(), "-CAkey", &authority.1.display().to_string()].map(str::to_owned).to_vec();
    let ended = ["-not_before", "20250101000000Z", "-not_after", "20250201000000Z"].map(str::to_owned).to_vec();
    let wrong: [(&str, Vec<String>); 4] = [
        ("expired", [names(&host), by_ours.clone(), ended].concat()),
        ("names", [names(&other), by_ours.clone()].concat()),
        ("not trusted", names(&host)),
        ("the Secret holds", [names(&host), by_ours].concat()),
    ];
    let before = at_host(0);
    let told = wrong.map(|(words, certificate)| {
        let _impostor = Impostor::start(site, &host, &certificate);
        (words, at_host(7))
    });
    assert!(matches!(&before[..], [(verdict, _)] if verdict == "pass"), "{before:?}");
    for (words, told) in told {
        assert!(matches!(&told[..], [(verdict, observed)] if verdict == "fail" && observed.contains(words)), "{words}: {told:?}");
    }
    assert_eq!(at_host(0), before);
}

/// Certificate and key of the authority of the base domain, as files.
fn authority(site: &Site) -> (PathBuf, PathBuf) {
    let read = |key: &str| site.decoded(key, &site.kubectl(&["get", "secret", "base-domain-ca", "-o", &format!("jsonpath={{.data.{}}}", key.replace('.', "\\."))]));
    (read("tls.crt"), read("tls.key"))
}

/// A server of the company, to which the name of the host leads.
struct Impostor<'a> {
    site: &'a Site,
    host: &'a str,
    server: Child,
}

impl<'a> Impostor<'a> {
    fn start(site: &'a Site, host: &'a str, further: &[String]) -> Self {
        let (key, certificate) = (site.file("impostor.key", ""), site.file("impostor.crt", ""));
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=impostor", "-addext", "basicConstraints=critical,CA:FALSE"]);
        let made = command.args(further).arg("-keyout").arg(&key).arg("-out").arg(&certificate).output().expect("openssl");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let address = site.bed.address(254).expect("the company's address");
        let mut command = site.bed.corp("openssl");
        command.args(["s_server", "-quiet", "-www", "-accept", &format!("{address}:443"), "-cert"]).arg(&certificate).arg("-key").arg(&key);
        let server = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("openssl");
        site.bed.dns_set(host, "A", &address).expect("a record");
        let listens = || {
            let asked = site.bed.corp("bash").args(["-c", &format!("</dev/tcp/{address}/443")]).output().map_err(|error| error.to_string())?;
            if asked.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&asked.stderr).into_owned()) }
        };
        eventually("the impostor listens", Duration::from_secs(20), listens).unwrap_or_else(|error| panic!("{error}"));
        Self { site, host, server }
    }
}

impl Drop for Impostor<'_> {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = self.site.bed.dns_delete(self.host);
    }
}
