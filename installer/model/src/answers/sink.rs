//! Where the heads of evidence go, and who signs runs. The runs themselves stay in a folder; what a sink could be written to with is given by
//! reference alone.

use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use url::Url;

use super::fault::AnswersError;
use super::{AnswersProblem, Flaw, SecretReference, document, validity};
use crate::SinkAddress;

/// Region of a bucket, where the answers say nothing.
const REGION: &str = "us-east-1";
const SIGNER: &str = "evidence.signer";

/// Where evidence goes and who signs it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EvidenceAnswers {
    /// Where a line of each run goes. The runs are kept in a folder of the auditor's own in any case.
    pub sink: Option<EvidenceSink>,
    /// With `sink: https`.
    pub https: Option<HttpsSink>,
    /// With `sink: syslog`.
    pub syslog: Option<SyslogSink>,
    /// With `sink: s3`.
    pub s3: Option<S3Sink>,
    /// Who signed the sink's certificate: a reference to PEM; the system's roots when absent, and those of `trust.ca` in any case.
    pub authority: Option<String>,
    /// A reference to the private key that signs them: Ed25519 in PKCS#8, PEM. Nobody signs when absent, and every report says so.
    pub signer: Option<String>,
}

/// Who is told of each run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EvidenceSink {
    /// Nobody: runs are in the folder alone, on a volume of the auditor's own.
    Folder,
    /// A bucket, an object a run.
    S3,
    /// A server that takes lines over HTTPS.
    Https,
    /// A log server, over TLS.
    Syslog,
}

/// An HTTPS address that takes a line of text a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpsSink {
    /// The address, without a token in it.
    pub url: String,
    /// A reference to the bearer token, where one is due.
    #[serde(default)]
    pub token: Option<String>,
}

/// A log server that takes RFC 5424 over TLS (RFC 5425).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SyslogSink {
    /// `name:port`, the port of RFC 5425 is 6514.
    pub server: String,
}

/// A bucket, addressed by path (`ENDPOINT/BUCKET/PREFIX…`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct S3Sink {
    /// The server, as in `https://s3.eu-central-1.amazonaws.com`.
    pub endpoint: String,
    /// The region that requests are signed for; `us-east-1` when absent, as servers without regions have it.
    #[serde(default)]
    pub region: Option<String>,
    /// The bucket.
    pub bucket: String,
    /// How the names of its objects begin, as in `airlock/production/`.
    #[serde(default)]
    pub prefix: String,
    /// Whose key it is: the name of the key, which is no secret.
    pub access_key_id: String,
    /// A reference to the key itself.
    pub secret_access_key: String,
}

impl EvidenceAnswers {
    /// Reads a document that names a sink: the words of `evidence` in the answers, without the key that signs.
    pub fn sink_from_yaml(text: &str) -> Result<Self, AnswersError> {
        let problem = |path: &str, flaw| AnswersProblem { path: path.strip_prefix("evidence.").unwrap_or(path).to_owned(), flaw };
        document::read(text, &schema_for!(Self).to_value(), ("airlock/v1", "EvidenceSink"), |read: &Self| {
            let mut flaws = read.flaws();
            if read.sink.is_none() {
                flaws.push(("evidence", Flaw::Value("`sink` is due: https, s3, or syslog".to_owned())));
            }
            if read.signer.is_some() {
                flaws.push((SIGNER, Flaw::Reference("is given on the command line, with --evidence-key; leave it out here".to_owned())));
            }
            flaws.into_iter().map(|(path, flaw)| problem(path, flaw)).collect()
        })
    }

    /// Where the line of each run goes; none: it stays in the folder, or the answers are wrong.
    pub fn address(&self) -> Option<SinkAddress> {
        match self.sink? {
            EvidenceSink::Folder => None,
            EvidenceSink::Https => Some(SinkAddress::Https { url: https(&self.https.as_ref()?.url).ok()? }),
            EvidenceSink::Syslog => server(&self.syslog.as_ref()?.server).map(|(host, port)| SinkAddress::Syslog { host, port }),
            EvidenceSink::S3 => {
                let s3 = self.s3.as_ref()?;
                Some(SinkAddress::S3 {
                    endpoint: https(&s3.endpoint).ok()?,
                    region: s3.region.clone().unwrap_or_else(|| REGION.to_owned()),
                    bucket: s3.bucket.clone(),
                    prefix: s3.prefix.clone(),
                    access_key_id: s3.access_key_id.clone(),
                })
            }
        }
    }

    /// The reference to what the sink is written to with; none: it asks for nothing.
    pub fn credential(&self) -> Option<&String> {
        match self.sink? {
            EvidenceSink::Folder | EvidenceSink::Syslog => None,
            EvidenceSink::Https => self.https.as_ref()?.token.as_ref(),
            EvidenceSink::S3 => self.s3.as_ref().map(|s3| &s3.secret_access_key),
        }
    }

    /// Every reference to a secret with the path of its key.
    pub(super) fn references(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let given = [
            ("evidence.https.token", self.https.as_ref().and_then(|https| https.token.as_ref())),
            ("evidence.s3.secretAccessKey", self.s3.as_ref().map(|s3| &s3.secret_access_key)),
            ("evidence.authority", self.authority.as_ref()),
            (SIGNER, self.signer.as_ref()),
        ];
        given.into_iter().filter_map(|(path, reference)| Some((path, reference?)))
    }

    /// Every key that is given, by its path.
    pub(super) fn given(&self) -> Vec<&'static str> {
        let of = [
            ("evidence.sink", self.sink.is_some()),
            ("evidence.https", self.https.is_some()),
            ("evidence.syslog", self.syslog.is_some()),
            ("evidence.s3", self.s3.is_some()),
            ("evidence.authority", self.authority.is_some()),
            (SIGNER, self.signer.is_some()),
        ];
        of.into_iter().filter(|(_, is_given)| *is_given).map(|(path, _)| path).collect()
    }

    /// What contradicts itself, by the path of the key.
    pub(super) fn flaws(&self) -> Vec<(&'static str, Flaw)> {
        let mut found = Vec::new();
        let kinds =
            [(EvidenceSink::Https, "evidence.https", self.https.is_some()), (EvidenceSink::Syslog, "evidence.syslog", self.syslog.is_some()), (EvidenceSink::S3, "evidence.s3", self.s3.is_some())];
        for (kind, path, is_given) in kinds {
            match (self.sink == Some(kind), is_given) {
                (true, false) => found.push(("evidence.sink", Flaw::Value("the sink itself is not described; the group of keys with its name is due".to_owned()))),
                (false, true) => found.push((path, Flaw::Value("`evidence.sink` names another one".to_owned()))),
                _ => {}
            }
        }
        if self.authority.is_some() && matches!(self.sink, None | Some(EvidenceSink::Folder)) {
            found.push(("evidence.authority", Flaw::Value("it is whom a sink elsewhere is verified by; leave it out".to_owned())));
        }
        // What stands there may hold a token, so it is not repeated.
        let addresses = [("evidence.https.url", self.https.as_ref().map(|https| &https.url)), ("evidence.s3.endpoint", self.s3.as_ref().map(|s3| &s3.endpoint))];
        for (path, text) in addresses {
            if let Some(flaw) = text.and_then(|text| https(text).err()) {
                found.push((path, Flaw::Reference(flaw.to_owned())));
            }
        }
        if let Some(syslog) = self.syslog.as_ref().filter(|syslog| server(&syslog.server).is_none()) {
            found.push(("evidence.syslog.server", Flaw::Value(format!("`{}` is not a name with a port, as in logs.example.com:6514", syslog.server))));
        }
        if let Some(s3) = &self.s3 {
            found.extend(s3.flaws().into_iter().map(|(path, text)| (path, Flaw::Value(text))));
        }
        found.extend(self.references().filter_map(|(path, text)| Some((path, Flaw::Reference(text.parse::<SecretReference>().err()?.to_string())))));
        found
    }
}

impl S3Sink {
    fn flaws(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if https(&self.endpoint).is_ok_and(|endpoint| endpoint.path() != "/") {
            found.push(("evidence.s3.endpoint", "it is the server alone; bucket and prefix have keys of their own".to_owned()));
        }
        // S3's general purpose buckets: 3 to 63 lower-case letters, digits, dots, and hyphens.
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
        if !(3..=63).contains(&self.bucket.len()) || !self.bucket.bytes().all(is_plain) {
            found.push(("evidence.s3.bucket", format!("`{}` is no name of a bucket", self.bucket)));
        }
        // Characters that no signer, proxy, or server writes otherwise.
        let is_safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'/');
        if self.prefix.len() > 512 || !self.prefix.bytes().all(is_safe) || self.prefix.starts_with('/') || self.prefix.split('/').any(|part| matches!(part, "." | "..")) {
            found.push(("evidence.s3.prefix", format!("`{}` is no beginning of a name; letters, digits, `-`, `_`, `.`, and `/` are allowed, not beginning with `/`", self.prefix)));
        }
        for (path, word) in [("evidence.s3.region", self.region.as_deref().unwrap_or(REGION)), ("evidence.s3.accessKeyId", self.access_key_id.as_str())] {
            if word.is_empty() || word.len() > 128 || !word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
                found.push((path, "letters, digits, `-`, `_`, and `.` are allowed, and one is due".to_owned()));
            }
        }
        found
    }
}

/// An address of HTTPS with nothing in it that would have to be kept secret.
fn https(text: &str) -> Result<Url, &'static str> {
    let url: Url = text.parse().map_err(|_| "is no URL, as in https://logs.example.com/airlock")?;
    if url.scheme() != "https" || url.host_str().is_none_or(str::is_empty) {
        return Err("is no address of HTTPS, as in https://logs.example.com/airlock");
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("has more than a host, a port, and a path; what a server knows you by is a reference of its own");
    }
    Ok(url)
}

fn server(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let is_host = validity::is_subdomain(host) || host.parse::<std::net::Ipv4Addr>().is_ok();
    Some((host.to_owned(), port.parse().ok().filter(|port| *port > 0 && is_host)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        EvidenceAnswers::sink_from_yaml(text).map_or_else(|error| error.faults().map(ToString::to_string).collect::<Vec<_>>().join("\n"), |_| String::new())
    }

    const S3: &str = "sink: s3\ns3: { endpoint: 'https://s3.test:9000', bucket: evidence, prefix: a/b/, accessKeyId: AKIA7, secretAccessKey: 'file:key' }\n";

    #[test]
    fn each_sink_is_read_with_what_it_is_written_to_with() {
        let https = EvidenceAnswers::sink_from_yaml("sink: https\nhttps: { url: 'https://logs.test/a', token: 'file:token' }\nauthority: file:ca.pem\n").unwrap();
        assert_eq!((https.address().unwrap().to_string(), https.credential().map(String::as_str)), ("https://logs.test/a".to_owned(), Some("file:token")));
        let syslog = EvidenceAnswers::sink_from_yaml("sink: syslog\nsyslog: { server: 'logs.test:6514' }\n").unwrap();
        assert_eq!((syslog.address().unwrap().to_string(), syslog.credential()), ("syslog logs.test:6514".to_owned(), None));
        let s3 = EvidenceAnswers::sink_from_yaml(S3).unwrap();
        assert_eq!((s3.address().unwrap().to_string(), s3.credential().map(String::as_str)), ("s3 https://s3.test:9000/evidence/a/b/".to_owned(), Some("file:key")));
        assert_eq!(EvidenceAnswers { sink: Some(EvidenceSink::Folder), ..EvidenceAnswers::default() }.address(), None);
    }

    #[test]
    fn what_is_wrong_is_told_by_its_key_and_a_secret_is_not_repeated() {
        for (text, path) in [
            ("sink: tape\n".to_owned(), "tape"),
            ("authority: file:ca.pem\n".to_owned(), "`sink` is due"),
            ("sink: https\n".to_owned(), "`sink`"),
            ("sink: https\nsyslog: { server: 'a.test:1' }\n".to_owned(), "`syslog`"),
            ("sink: https\nhttps: { url: 'http://logs.test' }\n".to_owned(), "`https.url`"),
            ("sink: https\nhttps: { url: 'https://me:hunter2@logs.test' }\n".to_owned(), "`https.url`"),
            ("sink: https\nhttps: { url: 'https://logs.test/?token=hunter2' }\n".to_owned(), "`https.url`"),
            ("sink: https\nhttps: { url: 'https://logs.test', token: hunter2 }\n".to_owned(), "`https.token`"),
            ("sink: https\nhttps: { url: 'https://logs.test', user: me }\n".to_owned(), "https.user"),
            ("sink: https\nhttps: { url: 'https://logs.test' }\nsigner: 'file:key'\n".to_owned(), "`signer`"),
            ("sink: syslog\nsyslog: { server: logs.test }\n".to_owned(), "`syslog.server`"),
            ("sink: syslog\nsyslog: { server: 'logs.test:0' }\n".to_owned(), "`syslog.server`"),
            ("sink: folder\nauthority: file:ca.pem\n".to_owned(), "`authority`"),
            (S3.replace(":9000", ":9000/bucket"), "`s3.endpoint`"),
            (S3.replace("bucket: evidence", "bucket: E"), "`s3.bucket`"),
            (S3.replace("a/b/", "/a"), "`s3.prefix`"),
            (S3.replace("a/b/", "'a/../b'"), "`s3.prefix`"),
            (S3.replace("AKIA7", "'A/7'"), "`s3.accessKeyId`"),
            (S3.replace("'file:key'", "hunter2"), "`s3.secretAccessKey`"),
        ] {
            let told = told(&text);
            assert!(told.contains(path) && !told.contains("hunter2"), "{text}: {told}");
        }
        assert_eq!(told(S3), "");
    }
}
