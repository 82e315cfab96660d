//! Host names of the base domain, lower case, without scheme, port, or trailing dot (RFC 1123 §2.1, RFC 1035 §2.3.4).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A fully qualified host name; who holds one needs no further check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

/// Why a text is not a host name that a certificate and a DNS record can be made for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostNameError {
    /// Nothing was given.
    #[error("the host name is empty")]
    Empty,
    /// `https://…`
    #[error("`{0}` has a scheme; give the name alone, as in platform.example.com")]
    Scheme(String),
    /// `…:443`
    #[error("`{0}` has a port; give the name alone, as in platform.example.com")]
    Port(String),
    /// `…/path`
    #[error("`{0}` has a path; give the name alone, as in platform.example.com")]
    Path(String),
    /// `platform.example.com.`
    #[error("`{0}` ends with a dot; leave it out")]
    TrailingDot(String),
    /// `*.example.com`
    #[error("`{0}` is a wildcard; give the domain below which the hosts will be, as in platform.example.com")]
    Wildcard(String),
    /// `10.0.0.1`
    #[error("`{0}` is an address; a certificate and DNS records need a name")]
    Address(String),
    /// `localhost`
    #[error("`{0}` has one label only; a base domain has at least two, as in example.com")]
    OneLabel(String),
    /// More than 253 octets.
    #[error("the host name has {0} characters; DNS allows 253")]
    TooLong(usize),
    /// A label is empty or longer than 63 octets.
    #[error("the label `{label}` of `{name}` has {length} characters; DNS allows 1 to 63")]
    LabelLength {
        /// The label.
        label: String,
        /// Its length.
        length: usize,
        /// The whole name.
        name: String,
    },
    /// A character that host names do not have.
    #[error("`{name}` has `{character}`, which a host name cannot have; letters, digits, and hyphens inside a label are allowed")]
    Character {
        /// The character, escaped.
        character: String,
        /// The whole name.
        name: String,
    },
    /// A letter outside ASCII.
    #[error("`{0}` has letters outside ASCII; give its punycode form (xn--…)")]
    NotAscii(String),
}

impl HostName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether anybody may register names below it (`co.uk`, `github.io`; publicsuffix.org, as of this build): authorities refuse a wildcard
    /// there (CA/Browser Forum BR §3.2.2.6), and browsers keep no cookies for it. What the list does not know, such as `corp.internal`, is none.
    pub fn is_public_suffix(&self) -> bool {
        psl::suffix(self.0.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix.as_bytes().len() == self.0.len())
    }

    /// Whether the name is `base` itself or lies below it.
    pub fn is_within(&self, base: &Self) -> bool {
        self == base || self.0.strip_suffix(&base.0).is_some_and(|rest| rest.ends_with('.'))
    }
}

impl FromStr for HostName {
    type Err = HostNameError;
    fn from_str(text: &str) -> Result<Self, HostNameError> {
        let name = || text.to_owned();
        if text.is_empty() {
            return Err(HostNameError::Empty);
        }
        if text.contains("://") {
            return Err(HostNameError::Scheme(name()));
        }
        if text.contains('/') {
            return Err(HostNameError::Path(name()));
        }
        if text.parse::<std::net::IpAddr>().is_ok() {
            return Err(HostNameError::Address(name()));
        }
        if text.contains(':') {
            return Err(HostNameError::Port(name()));
        }
        if text.starts_with("*.") {
            return Err(HostNameError::Wildcard(name()));
        }
        if text.ends_with('.') {
            return Err(HostNameError::TrailingDot(name()));
        }
        if !text.is_ascii() {
            return Err(HostNameError::NotAscii(name()));
        }
        if text.len() > 253 {
            return Err(HostNameError::TooLong(text.len()));
        }
        let lower = text.to_ascii_lowercase();
        for label in lower.split('.') {
            if label.is_empty() || label.len() > 63 {
                return Err(HostNameError::LabelLength { label: label.to_owned(), length: label.len(), name: name() });
            }
            let odd = label.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '-'));
            let odd = odd.or_else(|| (label.starts_with('-') || label.ends_with('-')).then_some('-'));
            if let Some(c) = odd {
                return Err(HostNameError::Character { character: c.escape_default().to_string(), name: name() });
            }
        }
        if !lower.contains('.') {
            return Err(HostNameError::OneLabel(name()));
        }
        Ok(Self(lower))
    }
}

impl TryFrom<String> for HostName {
    type Error = HostNameError;
    fn try_from(text: String) -> Result<Self, HostNameError> {
        text.parse()
    }
}

impl From<HostName> for String {
    fn from(name: HostName) -> Self {
        name.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowers_the_case_and_keeps_the_rest() {
        assert_eq!("Platform.Example.COM".parse::<HostName>().unwrap().as_str(), "platform.example.com");
    }

    #[test]
    fn each_wrong_form_has_a_text_of_its_own() {
        let refused = |text: &str| text.parse::<HostName>().unwrap_err();
        assert!(matches!(refused(""), HostNameError::Empty));
        assert!(matches!(refused("https://a.b"), HostNameError::Scheme(_)));
        assert!(matches!(refused("a.b:443"), HostNameError::Port(_)));
        assert!(matches!(refused("a.b/c"), HostNameError::Path(_)));
        assert!(matches!(refused("a.b."), HostNameError::TrailingDot(_)));
        assert!(matches!(refused("*.a.b"), HostNameError::Wildcard(_)));
        assert!(matches!(refused("10.0.0.1"), HostNameError::Address(_)));
        assert!(matches!(refused("localhost"), HostNameError::OneLabel(_)));
        assert!(matches!(refused("a..b"), HostNameError::LabelLength { .. }));
        assert!(matches!(refused("a_b.c"), HostNameError::Character { .. }));
        assert!(matches!(refused("-a.c"), HostNameError::Character { .. }));
        assert!(matches!(refused("bücher.example"), HostNameError::NotAscii(_)));
        assert!(matches!(refused(&format!("{}.c", "a".repeat(64))), HostNameError::LabelLength { .. }));
        assert!(matches!(refused("abc.".repeat(64).trim_end_matches('.')), HostNameError::TooLong(255)));
    }

    #[test]
    fn a_suffix_is_not_a_subdomain() {
        let base: HostName = "example.com".parse().unwrap();
        assert!("a.example.com".parse::<HostName>().unwrap().is_within(&base));
        assert!(!"badexample.com".parse::<HostName>().unwrap().is_within(&base));
    }

    #[test]
    fn a_public_suffix_is_told_from_what_is_registered_below_it() {
        let is_suffix = |name: &str| name.parse::<HostName>().unwrap().is_public_suffix();
        // `*.ck` is on the list, and `!www.ck` takes one name out of it.
        for name in ["co.uk", "CO.UK", "github.io", "eu-central-1.compute.amazonaws.com", "any.ck"] {
            assert!(is_suffix(name), "{name}");
        }
        for name in ["example.co.uk", "acme.github.io", "www.ck", "platform.test", "corp.internal", "svc.cluster.local"] {
            assert!(!is_suffix(name), "{name}");
        }
    }
}
