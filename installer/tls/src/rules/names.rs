//! Whether a certificate covers the names it is asked for (RFC 9525 §6; common names do not count).

use webpki::EndEntityCert;
use x509_parser::certificate::X509Certificate;

use crate::Host;
use crate::facts::names;
use crate::finding::{TlsFinding, Way, covered, told};

/// Which names are not covered, and what is the matter with those that almost are.
pub(crate) fn uncovered(leaf: &X509Certificate<'_>, entity: &EndEntityCert<'_>, hosts: &[Host]) -> Option<TlsFinding> {
    let missing: Vec<&Host> = hosts.iter().filter(|host| entity.verify_is_valid_for_subject_name(host.asked()).is_err()).collect();
    if missing.is_empty() {
        return None;
    }
    let present = names(leaf);
    let listed = missing.iter().map(|host| host.shown()).collect::<Vec<_>>().join(", ");
    let fix = format!("have it issued for {}", hosts.iter().map(Host::shown).collect::<Vec<_>>().join(" and "));
    if present.is_empty() {
        let common = leaf.subject().iter_common_name().find_map(|name| name.as_str().ok()).map_or_else(String::new, |name| format!(" but the common name `{name}`, which clients ignore"));
        let why = format!("the certificate {} has no subject alternative name{common}; it does not cover {listed}", told(leaf));
        return Some(TlsFinding::error("tls.no-names", why, Way::Reissue, format!("{fix}, as subject alternative names")).about(leaf));
    }
    let mut why = format!("the certificate covers {}, not {listed}", covered(leaf));
    for reason in missing.iter().filter_map(|host| almost(host, &present)) {
        if !why.contains(&reason) {
            why.push_str("; ");
            why.push_str(&reason);
        }
    }
    Some(TlsFinding::error("tls.name-not-covered", why, Way::Reissue, fix).about(leaf))
}

fn almost(host: &Host, present: &[String]) -> Option<String> {
    let shown = host.shown();
    let dotted = present.iter().find(|name| name.strip_suffix('.').is_some_and(|bare| bare.eq_ignore_ascii_case(shown)));
    if let Some(dotted) = dotted {
        return Some(format!("`{dotted}` ends with a dot, and no client takes that"));
    }
    let below = |name: &str| name.strip_prefix("*.").map(str::to_ascii_lowercase);
    if let Some(wildcard) = present.iter().find(|name| below(name).as_deref() == Some(shown)) {
        return Some(format!("`{wildcard}` does not cover {shown} itself"));
    }
    let bare = shown.strip_prefix("*.").unwrap_or(shown);
    let too_deep = present.iter().find(|name| below(name).is_some_and(|base| bare.strip_suffix(base.as_str()).is_some_and(|rest| rest.ends_with('.'))));
    too_deep.map(|wildcard| format!("`{wildcard}` covers one label only"))
}
