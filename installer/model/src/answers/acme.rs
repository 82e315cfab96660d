//! The ACME authority that issues the certificate of the base domain (`tls.source: acme`).

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reference::SecretReference;
use super::renewal::seconds;
use super::{Answers, Flaw};
use crate::TsigAlgorithm;

/// The longest that one run of a program may take: the authority does not keep an order for ever.
const LONGEST_RUN: u64 = 3600;

/// An ACME authority (RFC 8555) and how it is shown that the base domain is ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Acme {
    /// URL of its directory, HTTPS.
    pub directory: String,
    /// Mail addresses that it may write to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contact: Vec<String>,
    /// Somebody has read its terms of service and agrees to them.
    #[serde(default)]
    pub terms_of_service_agreed: bool,
    /// The authorities that its own server is verified by: `file:PATH`; absent: those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// One of its profiles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Common name of the issuer at the top of the chain, where it offers several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_chain: Option<String>,
    /// The account at its customer service (RFC 8555 §7.3.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_account: Option<ExternalAccount>,
    /// How records are set that show control of the domain; or `http01`.
    #[serde(default)]
    pub dns01: Dns01,
    /// The edge shows control of each host at port 80 (RFC 8555 §8.3). It proves no wildcard, so that each host is named in the certificate.
    #[serde(default)]
    pub http01: bool,
}

/// The account at the authority's own customer service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExternalAccount {
    /// The key's identifier.
    pub key_id: String,
    /// Where the key for HMAC-SHA-256 is, base64url: `file:PATH` or `env:NAME`.
    pub key: String,
}

/// How the records of dns-01 are set: one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Dns01 {
    /// By dynamic updates; the renewer does the same from inside the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rfc2136: Option<DynamicUpdate>,
    /// By a program of the workstation where `airlock install` runs, for each certificate anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec: Option<Program>,
    /// By people: `airlock install` ends with a ticket that has the records, and goes on once all servers show them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub manual: bool,
}

/// A program that sets records; its contract stands in docs/certificates.md.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Program {
    /// Its absolute path, or its name on the search path.
    pub program: String,
    /// How long one run of it may take before it is ended: `2m`, at most `1h`.
    #[serde(default = "usual_limit")]
    pub run_limit: String,
}

impl Program {
    /// How long one run of it may take.
    pub fn run_limit(&self) -> Result<Duration, String> {
        let seconds = seconds(&self.run_limit)?;
        if (1..=LONGEST_RUN).contains(&seconds) { Ok(Duration::from_secs(seconds)) } else { Err(format!("`{}` is not between one minute and one hour", self.run_limit)) }
    }
}

fn usual_limit() -> String {
    "2m".to_owned()
}

/// Dynamic updates (RFC 2136), signed by TSIG (RFC 8945).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DynamicUpdate {
    /// The primary server, `host:port`.
    pub server: String,
    /// Name of the key.
    pub key_name: String,
    /// Its algorithm.
    #[serde(default)]
    pub algorithm: TsigAlgorithm,
    /// Where its secret is, base64: `file:PATH` or `env:NAME`.
    pub secret: String,
}

/// What is wrong with these answers, each with its path.
pub(super) fn flaws(acme: &Acme, answers: &Answers) -> Vec<(String, Flaw)> {
    let mut found = Vec::new();
    let mut value = |path: &str, text: String| found.push((path.to_owned(), Flaw::Value(text)));
    if !acme.directory.starts_with("https://") {
        value("tls.acme.directory", format!("`{}` is no URL that begins with https://", acme.directory));
    }
    if !acme.terms_of_service_agreed {
        value("tls.acme.termsOfServiceAgreed", "authorities open an account only for those who agree to their terms; read them and write true".to_owned());
    }
    let (update, program) = (acme.dns01.rfc2136.as_ref(), acme.dns01.exec.as_ref());
    if [update.is_some(), program.is_some(), acme.dns01.manual, acme.http01].into_iter().filter(|given| *given).count() != 1 {
        value("tls.acme.dns01", "one way of showing control is needed, no more and no less: rfc2136, exec, or manual: true here, or `http01: true` beside it".to_owned());
    }
    if let Some(program) = program {
        if program.program.is_empty() || (program.program.contains('/') && !program.program.starts_with('/')) {
            value("tls.acme.dns01.exec.program", format!("`{}` is neither an absolute path nor the name of a program", program.program));
        }
        if let Err(flaw) = program.run_limit() {
            value("tls.acme.dns01.exec.runLimit", flaw);
        }
    }
    if let Some(update) =
        update.filter(|update| update.server.rsplit_once(':').is_none_or(|(host, port)| host.is_empty() || port.parse::<u16>().is_ok_and(|port| port == 0) || port.parse::<u16>().is_err()))
    {
        value("tls.acme.dns01.rfc2136.server", format!("`{}` is no server with its port, as in ns1.example.com:53", update.server));
    }
    let asked = match (update.is_some(), acme.http01, answers.network.proxy.reached_at().is_some()) {
        (true, _, false) => Some(("the ACME authority and the DNS servers", "each")),
        (true, _, true) => Some(("the DNS servers", "each")),
        (false, true, false) => Some(("the ACME authority", "it")),
        (false, _, _) => None,
    };
    if let Some((whom, each)) = asked.filter(|_| !answers.network.egress.iter().any(|egress| egress.component == crate::names::RENEWER)) {
        value("network.egress", format!("the renewer asks {whom} from inside the cluster, and nothing lets it out: add {{ component: renewer, to: ADDRESS/32, port: PORT, reason: … }} for {each}"));
    }
    let mut reference = |path: &str, text: &str, or_variable: bool| match text.parse::<SecretReference>() {
        Ok(SecretReference::File(_)) => {}
        Ok(SecretReference::Environment(_)) if or_variable => {}
        Ok(_) => found.push((path.to_owned(), Flaw::Reference("is read where the program runs: file:PATH".to_owned()))),
        Err(error) => found.push((path.to_owned(), Flaw::Reference(error.to_string()))),
    };
    if let Some(update) = update {
        reference("tls.acme.dns01.rfc2136.secret", &update.secret, true);
    }
    if let Some(ca) = &acme.ca {
        reference("tls.acme.ca", ca, false);
    }
    if let Some(account) = &acme.external_account {
        reference("tls.acme.externalAccount.key", &account.key, true);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\ntls:\n  source: acme\n  acme:\n    directory: https://acme.test/dir\n    termsOfServiceAgreed: true\n    dns01: { rfc2136: { server: 'ns1.test:53', keyName: airlock, secret: 'file:tsig' } }\nnetwork: { egress: [{ component: renewer, to: 10.0.0.1/32, port: 14000, reason: ACME }] }\n";

    fn told(text: &str) -> String {
        Answers::from_yaml(text).map_or_else(|error| error.faults().map(ToString::to_string).collect::<Vec<_>>().join("\n"), |_| String::new())
    }

    #[test]
    fn records_are_set_in_one_way() {
        let by = |dns01: &str| {
            let text = WHOLE.replace("{ rfc2136: { server: 'ns1.test:53', keyName: airlock, secret: 'file:tsig' } }", dns01);
            // Nothing in the cluster asks anybody.
            told(text.split("network:").next().unwrap_or_default())
        };
        assert_eq!(by("{ exec: { program: dns-records } }"), "");
        assert_eq!(by("{ manual: true }"), "");
        assert_eq!(by("{ exec: { program: /usr/local/bin/dns-records, runLimit: 1h } }"), "");
        for (dns01, path) in [
            ("{}", "`tls.acme.dns01`"),
            ("{ manual: false }", "`tls.acme.dns01`"),
            ("{ manual: true, exec: { program: dns-records } }", "`tls.acme.dns01`"),
            ("{ exec: { program: a }, rfc2136: { server: 'ns1.test:53', keyName: airlock, secret: 'file:tsig' } }", "`tls.acme.dns01`"),
            ("{ exec: { program: '' } }", "tls.acme.dns01.exec.program"),
            ("{ exec: { program: bin/dns } }", "tls.acme.dns01.exec.program"),
            ("{ exec: { program: ./dns } }", "tls.acme.dns01.exec.program"),
            ("{ exec: { program: dns, runLimit: 2h } }", "tls.acme.dns01.exec.runLimit"),
            ("{ exec: { program: dns, runLimit: 0m } }", "tls.acme.dns01.exec.runLimit"),
            ("{ exec: { program: dns, runLimit: soon } }", "tls.acme.dns01.exec.runLimit"),
            ("{ exec: {} }", "program"),
            ("{ manual: true }\n    http01: true", "`tls.acme.dns01`"),
        ] {
            let told = by(dns01);
            assert!(told.contains(path), "{dns01}: {told}");
        }
    }

    #[test]
    fn port_80_needs_no_records_and_the_renewer_a_way_to_the_authority() {
        let port_80 = WHOLE.replace("dns01: { rfc2136: { server: 'ns1.test:53', keyName: airlock, secret: 'file:tsig' } }", "http01: true");
        assert_eq!(told(&port_80), "");
        let told = told(port_80.split("network:").next().unwrap_or_default());
        assert!(told.contains("`network.egress`") && !told.contains("DNS"), "{told}");
    }

    #[test]
    fn a_proxy_leads_to_the_authority_and_not_to_dns_servers() {
        let proxied = WHOLE.replace("network: {", "network: { proxy: { https: 'http://10.1.2.3:3128' },");
        assert_eq!(self::told(&proxied), "");
        let told = self::told(&proxied.replace("component: renewer", "component: monitoring"));
        assert!(told.contains("`network.egress`") && told.contains("asks the DNS servers from"), "{told}");
    }

    #[test]
    fn a_whole_authority_is_taken_and_each_flaw_is_told_by_its_key() {
        assert_eq!(told(WHOLE), "");
        for (from, to, path) in [
            ("https://acme.test", "http://acme.test", "tls.acme.directory"),
            ("termsOfServiceAgreed: true", "termsOfServiceAgreed: false", "tls.acme.termsOfServiceAgreed"),
            ("ns1.test:53", "ns1.test", "tls.acme.dns01.rfc2136.server"),
            ("ns1.test:53", "ns1.test:0", "tls.acme.dns01.rfc2136.server"),
            ("file:tsig", "secret:a/b#c", "tls.acme.dns01.rfc2136.secret"),
            ("component: renewer", "component: monitoring", "network.egress"),
            ("keyName: airlock", "keyName: airlock, algorithm: hmac-md5", "algorithm"),
            ("  source: acme\n", "  source: private-ca\n", "tls.acme"),
        ] {
            let told = told(&WHOLE.replace(from, to));
            assert!(told.contains(path), "{to}: {told}");
        }
        assert!(told("apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\ntls: { source: acme }\n").contains("tls.acme"));
    }
}
