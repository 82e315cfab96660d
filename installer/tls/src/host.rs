//! A name that a certificate is asked to cover.

use std::str::FromStr;

use airlock_model::{HostName, HostNameError, Untrusted};
use rustls_pki_types::ServerName;

use crate::finding::{TlsFinding, Way};

/// Stands for any host below a base domain.
const PROBE_LABEL: &str = "airlock-probe";

/// A name that a certificate is asked to cover: a host, or every host one label below a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    shown: String,
    /// What a client would ask for.
    asked: ServerName<'static>,
}

impl Host {
    /// Whatever a client may ask a server for: also an address, or the one label of a Service.
    pub fn served(name: &str) -> Result<Self, TlsFinding> {
        let asked = ServerName::try_from(name.to_owned()).map_err(|_| invalid(format!("`{}` is neither a DNS name nor an address", Untrusted::from(name))))?;
        Ok(Self { shown: name.to_owned(), asked })
    }

    /// The name as it was given, in lower case.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// What a client would ask for.
    pub const fn asked(&self) -> &ServerName<'static> {
        &self.asked
    }
}

impl FromStr for Host {
    type Err = TlsFinding;

    /// `platform.example.com`, or `*.platform.example.com` for what lies one label below it.
    fn from_str(text: &str) -> Result<Self, TlsFinding> {
        let (wildcard, base) = text.strip_prefix("*.").map_or((false, text), |base| (true, base));
        let base = match base.parse::<HostName>() {
            Ok(base) => base,
            Err(error) => return Err(refused(&error)),
        };
        if base.is_public_suffix() {
            let why = format!("`{base}` is a public suffix, below which anybody may register names; no authority issues a certificate for all of it");
            return Err(TlsFinding::error("tls.name-invalid", why, Way::CorrectName, format!("give a domain of yours below it, as in example.{base}")));
        }
        let (shown, asked) = if wildcard { (format!("*.{base}"), format!("{PROBE_LABEL}.{base}")) } else { (base.to_string(), base.to_string()) };
        let asked = ServerName::try_from(asked).map_err(|_| invalid(format!("`{shown}` is longer than a host name can be")))?;
        Ok(Self { shown, asked })
    }
}

fn refused(error: &HostNameError) -> TlsFinding {
    let HostNameError::NotAscii(name) = error else { return invalid(error.to_string()) };
    let name = name.strip_prefix("*.").unwrap_or(name);
    match idna::domain_to_ascii(name) {
        Ok(punycode) => TlsFinding::error(
            "tls.name-invalid",
            format!("`{}` has letters outside ASCII; in DNS and in certificates it is `{punycode}`", Untrusted::from(name)),
            Way::CorrectName,
            format!("give {punycode}"),
        ),
        Err(_) => invalid(error.to_string()),
    }
}

fn invalid(why: String) -> TlsFinding {
    TlsFinding::error("tls.name-invalid", why, Way::CorrectName, "give the host's name alone, as in platform.example.com, or *.platform.example.com for the hosts below it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> String {
        let finding = text.parse::<Host>().unwrap_err();
        assert_eq!((finding.code.0, finding.remedy), ("tls.name-invalid", Way::CorrectName));
        finding.why.raw().to_owned()
    }

    #[test]
    fn a_host_and_what_lies_below_it_are_names() {
        let asked = |text: &str| text.parse::<Host>().unwrap().asked().to_str().into_owned();
        assert_eq!(asked("Apps.Example.COM"), "apps.example.com");
        assert_eq!(asked("*.apps.example.com"), "airlock-probe.apps.example.com");
    }

    #[test]
    fn each_wrong_form_has_a_text_of_its_own() {
        let (too_long, long_label) = ("abc.".repeat(64), format!("{}.example.com", "a".repeat(64)));
        let wrong = [
            ("", "is empty"),
            ("https://apps.example.com", "scheme"),
            ("apps.example.com:443", "port"),
            ("apps.example.com/path", "path"),
            ("apps.example.com.", "ends with a dot"),
            ("apps example.com", "` `"),
            ("my_apps.example.com", "`_`"),
            ("*.*.example.com", "wildcard"),
            ("localhost", "one label"),
            ("192.0.2.1", "address"),
            (too_long.trim_end_matches('.'), "255 characters"),
            (long_label.as_str(), "64 characters"),
            ("bücher.example", "`xn--bcher-kva.example`"),
            ("co.uk", "public suffix"),
            ("*.github.io", "public suffix"),
        ];
        let texts: Vec<String> = wrong.iter().map(|(text, _)| why(text)).collect();
        for ((text, part), said) in wrong.iter().zip(&texts) {
            assert!(said.contains(part), "{text}: {said}");
        }
        let distinct: std::collections::BTreeSet<&String> = texts.iter().collect();
        assert_eq!(distinct.len(), texts.len());
    }
}
