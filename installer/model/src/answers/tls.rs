//! Where the certificate of the base domain comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reference::SecretReference;
use super::renewal::Renewal;
use super::validity::{is_label, is_subdomain};
use super::{Acme, Answers, Flaw, acme, issuer};
use crate::{HostName, IssuerReference, OfflineRoot};

/// Who issues the certificate of the base domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Tls {
    /// The source.
    pub source: TlsSource,
    /// `files`: the file with the certificate and those of its issuers, in any order and form: `file:PATH`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// `files`: where the private key is, `file:PATH` or `env:NAME`; absent: in the file with the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `files`: where the password of an encrypted key or PKCS#12 file is: `file:PATH` or `env:NAME`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// `secret`: an existing Secret of type `kubernetes.io/tls`: `namespace/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// `acme`: the authority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acme: Option<Acme>,
    /// `cert-manager`: the issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_ref: Option<IssuerReference>,
    /// `cert-manager`: how long the certificate is asked to live, `90d`; absent: as long as the issuer has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// `cert-manager`: how long before its end it is renewed, `30d`; absent: when a third of its life is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renew_before: Option<String>,
    /// `private-ca`: a root that stays with you. The cluster holds an authority that it vouches for, for the base domain alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offline_root: Option<OfflineRoot>,
    /// `csr`: ask for a wildcard instead of each host by name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub wildcard: bool,
    /// Where the certificate names each host: further ones, those of Airflow deployments to come among them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub further_hosts: Vec<String>,
    /// How long the certificates that Airlock issues live, and how they are renewed.
    pub renewal: Renewal,
}

/// Who issues the certificate of the base domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TlsSource {
    /// An authority of Airlock's own, constrained to the base domain.
    #[default]
    PrivateCa,
    /// An ACME server.
    Acme,
    /// The customer's authority answers a request.
    Csr,
    /// Files.
    Files,
    /// A Secret that others keep.
    Secret,
    /// cert-manager, which keeps it by a `Certificate` that Airlock writes.
    CertManager,
}

impl TlsSource {
    /// Whether somebody else than Airlock issues it and hands it over.
    pub const fn is_supplied(self) -> bool {
        matches!(self, Self::Acme | Self::Csr | Self::Files | Self::Secret | Self::CertManager)
    }
}

impl Tls {
    /// Whether the certificate names each host: a wildcard is not wanted, or cannot be proved.
    pub fn names_each_host(&self) -> bool {
        (self.source == TlsSource::Csr && !self.wildcard) || self.http01()
    }

    /// Whether the certificate will be for the host of an Airflow deployment.
    pub fn certifies(&self, host: &HostName) -> bool {
        !self.names_each_host() || self.further_hosts.iter().any(|further| further.parse::<HostName>().is_ok_and(|further| further == *host))
    }

    /// Whether the edge shows an ACME authority at port 80 that the hosts are ours.
    pub fn http01(&self) -> bool {
        self.source == TlsSource::Acme && self.acme.as_ref().is_some_and(|acme| acme.http01)
    }

    /// Namespace and name of the Secret that is copied.
    pub fn secret_name(&self) -> Option<(&str, &str)> {
        self.secret.as_deref()?.split_once('/').filter(|(namespace, name)| is_label(namespace) && is_subdomain(name))
    }
}

/// What is wrong with these answers about certificates, each with its path.
pub(super) fn flaws(answers: &Answers) -> Vec<(String, Flaw)> {
    let tls = &answers.tls;
    let mut found = Vec::new();
    let keys = [
        ("certificate", tls.certificate.is_some(), TlsSource::Files, "files"),
        ("key", tls.key.is_some(), TlsSource::Files, "files"),
        ("password", tls.password.is_some(), TlsSource::Files, "files"),
        ("secret", tls.secret.is_some(), TlsSource::Secret, "secret"),
        ("offlineRoot", tls.offline_root.is_some(), TlsSource::PrivateCa, "private-ca"),
        ("wildcard", tls.wildcard, TlsSource::Csr, "csr"),
        ("acme", tls.acme.is_some(), TlsSource::Acme, "acme"),
        ("issuerRef", tls.issuer_ref.is_some(), TlsSource::CertManager, "cert-manager"),
        ("duration", tls.duration.is_some(), TlsSource::CertManager, "cert-manager"),
        ("renewBefore", tls.renew_before.is_some(), TlsSource::CertManager, "cert-manager"),
    ];
    for (key, given, source, word) in keys {
        if given && tls.source != source {
            found.push((format!("tls.{key}"), Flaw::Value(format!("it counts with `source: {word}` alone; change the source or leave it out"))));
        }
    }
    if !tls.further_hosts.is_empty() && !tls.names_each_host() {
        let where_it_counts = "it counts where the certificate names each host: with `source: csr` without `wildcard`, and with `acme.http01`; leave it out";
        found.push(("tls.furtherHosts".to_owned(), Flaw::Value(where_it_counts.to_owned())));
    }
    for (index, host) in tls.further_hosts.iter().enumerate() {
        found.extend(host.parse::<HostName>().err().map(|error| (format!("tls.furtherHosts[{index}]"), Flaw::Value(error.to_string()))));
    }
    let missing = |key: &str, form: &str| ("tls.source".to_owned(), Flaw::Value(format!("it needs `tls.{key}`, as in {form}")));
    match tls.source {
        TlsSource::Files if tls.certificate.is_none() => found.push(missing("certificate", "file:/etc/airlock/tls.crt")),
        TlsSource::Acme if tls.acme.is_none() => found.push(missing("acme", "acme: { directory: https://acme.example.com/directory, … }")),
        TlsSource::CertManager if tls.issuer_ref.is_none() => found.push(missing("issuerRef", "issuerRef: { name: company-ca, kind: ClusterIssuer }")),
        TlsSource::CertManager => found.extend(issuer::flaws(tls)),
        TlsSource::Secret if tls.secret.is_none() => found.push(missing("secret", "certificates/platform-tls")),
        _ => {}
    }
    if let Some(acme) = tls.acme.as_ref().filter(|_| tls.source == TlsSource::Acme) {
        found.extend(acme::flaws(acme, answers));
    }
    if tls.secret.is_some() && tls.secret_name().is_none() {
        found.push(("tls.secret".to_owned(), Flaw::Value("it is not of the form namespace/name".to_owned())));
    }
    let references = [("tls.certificate", &tls.certificate, false), ("tls.key", &tls.key, true), ("tls.password", &tls.password, true)];
    for (path, text, or_variable) in references {
        found.extend(text.as_deref().and_then(|text| Some((path.to_owned(), Flaw::Reference(readable(text, or_variable)?)))));
    }
    if let Some(root) = &tls.offline_root {
        let references = [("certificate", Some(&root.certificate), false), ("key", Some(&root.key), false), ("password", root.password.as_ref(), true)];
        found.extend(references.into_iter().filter_map(|(key, text, or_variable)| Some((format!("tls.offlineRoot.{key}"), Flaw::Reference(readable(text?, or_variable)?)))));
    }
    for (index, text) in answers.trust.ca.iter().enumerate() {
        found.extend(readable(text, false).map(|flaw| (format!("trust.ca[{index}]"), Flaw::Reference(flaw))));
    }
    found
}

/// Why a text is no reference to something that is read where the program runs.
pub(super) fn readable(text: &str, or_variable: bool) -> Option<String> {
    match text.parse::<SecretReference>() {
        Err(error) => Some(error.to_string()),
        Ok(SecretReference::File(_)) => None,
        Ok(SecretReference::Environment(_)) if or_variable => None,
        Ok(_) if or_variable => Some("is read where the program runs; possible are file:PATH and env:NAME".to_owned()),
        Ok(_) => Some("is a file; possible is file:PATH".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::AnswersFault;

    const MINIMAL: &str = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\n";

    #[test]
    fn each_source_has_its_keys_and_no_others() {
        for (text, told) in [
            ("tls: { source: files, certificate: 'file:a.pem', key: 'env:KEY', password: 'file:p' }\ntrust: { ca: ['file:ca.pem'] }\n", &[][..]),
            ("tls: { source: files, certificate: 'file:a.pfx' }\n", &[]),
            ("tls: { source: secret, secret: certificates/platform-tls }\n", &[]),
            ("tls: { source: csr, wildcard: true }\n", &[]),
            ("tls: { source: csr, wildcard: false }\n", &[]),
            ("tls: { offlineRoot: { certificate: 'file:root.crt', key: 'file:root.key', password: 'env:ROOT' } }\n", &[]),
            (
                "tls: { source: csr, offlineRoot: { certificate: 'file:root.crt', key: 'file:root.key' } }\n",
                &["tls.offlineRoot: it counts with `source: private-ca` alone; change the source or leave it out"],
            ),
            ("tls: { source: csr, furtherHosts: [alpha.airflow.platform.test] }\n", &[]),
            (
                "tls: { source: csr, wildcard: true, furtherHosts: [alpha.platform.test] }\n",
                &["tls.furtherHosts: it counts where the certificate names each host: with `source: csr` without `wildcard`, and with `acme.http01`; leave it out"],
            ),
            ("tls: { source: files }\n", &["tls.source: it needs `tls.certificate`, as in file:/etc/airlock/tls.crt"]),
            ("tls: { source: secret }\n", &["tls.source: it needs `tls.secret`, as in certificates/platform-tls"]),
            ("tls: { wildcard: true }\n", &["tls.wildcard: it counts with `source: csr` alone; change the source or leave it out"]),
            ("tls: { source: csr, key: 'file:k' }\n", &["tls.key: it counts with `source: files` alone; change the source or leave it out"]),
            ("tls: { source: files, certificate: 'file:a', secret: a/b }\n", &["tls.secret: it counts with `source: secret` alone; change the source or leave it out"]),
            ("tls: { source: cert-manager, issuerRef: { name: company-ca, kind: ClusterIssuer } }\n", &[]),
            ("tls: { source: cert-manager }\n", &["tls.source: it needs `tls.issuerRef`, as in issuerRef: { name: company-ca, kind: ClusterIssuer }"]),
            ("tls: { duration: 90d }\n", &["tls.duration: it counts with `source: cert-manager` alone; change the source or leave it out"]),
            (
                "tls: { source: csr, issuerRef: { name: a, kind: Issuer }, renewBefore: 1d }\n",
                &[
                    "tls.issuerRef: it counts with `source: cert-manager` alone; change the source or leave it out",
                    "tls.renewBefore: it counts with `source: cert-manager` alone; change the source or leave it out",
                ],
            ),
            ("tls: { source: secret, secret: platform-tls }\n", &["tls.secret: it is not of the form namespace/name"]),
            ("tls: { source: secret, secret: 'a/b#c' }\n", &["tls.secret: it is not of the form namespace/name"]),
            ("tls: { source: files, certificate: 'env:A' }\n", &["tls.certificate: is a file; possible is file:PATH"]),
            ("tls: { source: files, certificate: 'file:a', key: 'secret:a/b#c' }\n", &["tls.key: is read where the program runs; possible are file:PATH and env:NAME"]),
        ] {
            let found: Vec<String> = match Answers::from_yaml(&format!("{MINIMAL}{text}")) {
                Ok(_) => Vec::new(),
                Err(error) => error
                    .faults()
                    .map(|fault| match fault {
                        AnswersFault::Value { path, text, .. } => format!("{path}: {}", text.raw()),
                        AnswersFault::Reference { path, text, .. } => format!("{path}: {text}"),
                        other => other.to_string(),
                    })
                    .collect(),
            };
            assert_eq!(found, told, "{text}");
        }
    }

    #[test]
    fn a_key_in_the_place_of_its_reference_is_not_repeated() {
        let error = Answers::from_yaml(&format!("{MINIMAL}tls: {{ source: files, certificate: 'file:a', password: hunter2 }}\n")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
