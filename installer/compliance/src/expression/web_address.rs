//! URLs (functions as in "Kubernetes URL library", Kubernetes 1.25, which is Go's `url.ParseRequestURI`). The crates at hand follow the
//! rules of browsers instead, which drop a port that is usual and mend what is wrong.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use cel::common::types::{CelBool, CelList, CelMap, CelMapKey, CelString, Type};
use cel::common::value::{StaticVal, Val};
use cel::{DeclarationError, Env, ExecutionError, add_member_overload, add_overload};

use super::library::refused;

static TYPE: Type = Type::new_unspecified_type("kubernetes.URL");

/// A URL: with a scheme, or a path from the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WebAddress {
    scheme: String,
    /// With brackets and port.
    host: String,
    path: String,
    query: String,
}

impl Val for WebAddress {
    fn get_type(&self) -> &Type {
        &TYPE
    }

    fn cel_type() -> &'static Type {
        &TYPE
    }

    fn equals(&self, other: &dyn Val) -> bool {
        other.downcast_ref::<Self>() == Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for WebAddress {}

impl WebAddress {
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.chars().any(|letter| letter.is_ascii_control()) {
            return None;
        }
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
            _ => (String::new(), text),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        if !rest.starts_with('/') {
            // `mailto:a@b` has neither host nor path.
            return (!scheme.is_empty()).then(|| Self { scheme, host: String::new(), path: String::new(), query: query.to_owned() });
        }
        let (host, path) = match rest.strip_prefix("//").filter(|_| !scheme.is_empty()) {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", rest),
        };
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        (is_host(host) && is_escaped(path)).then(|| Self { scheme, host: host.to_owned(), path: path.to_owned(), query: query.to_owned() })
    }

    /// The host without brackets, and its port.
    fn parts(&self) -> (&str, &str) {
        let (name, port) = apart(&self.host);
        (name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name), port)
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic()) && text.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"+-.".contains(&letter))
}

/// A name with its brackets, and a port.
fn apart(host: &str) -> (&str, &str) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (host, ""),
    }
}

fn is_host(host: &str) -> bool {
    let (name, port) = apart(host);
    let is_bracketed = name.starts_with('[') && name.ends_with(']') && name.len() > 2;
    port.bytes().all(|letter| letter.is_ascii_digit()) && (is_bracketed || !name.contains([':', '[', ']'])) && !name.contains([' ', '"', '<', '>', '\\', '^', '`', '{', '|', '}']) && is_escaped(name)
}

/// Every `%` has two digits.
fn is_escaped(text: &str) -> bool {
    text.split('%').skip(1).all(|after| after.len() >= 2 && after.bytes().take(2).all(|digit| digit.is_ascii_hexdigit()))
}

/// What a query says, decoded; none where it is no encoding.
fn decoded(text: &str) -> Option<String> {
    if !is_escaped(text) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(letter) = rest.next() {
        match letter {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            other => bytes.push(other),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_type(TYPE.to_owned())?;
    add_overload!(env, fn url: (CelString<'_>) -> Result<WebAddress>)?;
    add_overload!(env, fn is_url: (CelString<'_>) -> CelBool, name = "isURL")?;
    add_member_overload!(env, fn get_scheme: (WebAddress) -> CelString<'_>)?;
    add_member_overload!(env, fn get_host: (WebAddress) -> CelString<'_>)?;
    add_member_overload!(env, fn get_hostname: (WebAddress) -> CelString<'_>)?;
    add_member_overload!(env, fn get_port: (WebAddress) -> CelString<'_>)?;
    add_member_overload!(env, fn get_escaped_path: (WebAddress) -> CelString<'_>)?;
    add_member_overload!(env, fn get_query: (WebAddress) -> CelMap<'_>)?;
    Ok(())
}

fn url(text: &CelString<'_>) -> Result<WebAddress, ExecutionError> {
    WebAddress::parse(text.inner()).ok_or_else(|| refused("url", "the text is no URL"))
}

fn is_url(text: &CelString<'_>) -> CelBool {
    WebAddress::parse(text.inner()).is_some().into()
}

fn get_scheme(url: &WebAddress) -> CelString<'static> {
    url.scheme.clone().into()
}

fn get_host(url: &WebAddress) -> CelString<'static> {
    url.host.clone().into()
}

fn get_hostname(url: &WebAddress) -> CelString<'static> {
    url.parts().0.to_owned().into()
}

fn get_port(url: &WebAddress) -> CelString<'static> {
    url.parts().1.to_owned().into()
}

fn get_escaped_path(url: &WebAddress) -> CelString<'static> {
    let mut escaped = String::with_capacity(url.path.len());
    for byte in url.path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@!*'()[]%".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped.into()
}

/// What cannot be decoded is left out, as in Go.
fn get_query(url: &WebAddress) -> CelMap<'static> {
    let mut found: BTreeMap<String, Vec<Box<dyn Val>>> = BTreeMap::new();
    for part in url.query.split('&').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        if let Some((key, value)) = decoded(key).zip(decoded(value)) {
            found.entry(key).or_default().push(Box::new(CelString::from(value)));
        }
    }
    let entries: HashMap<CelMapKey<'static>, Box<dyn Val>> = found.into_iter().map(|(key, values)| (CelMapKey::from(key), Box::new(CelList::from(values)) as Box<dyn Val>)).collect();
    CelMap::from(entries)
}
