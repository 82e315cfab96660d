//! Why no certificate came from an ACME authority.

use std::time::Duration;

use airlock_model::{Code, Coded, Untrusted};
use jiff::Timestamp;

use super::sighting::Sighting;

const LOOKUP: &str = "; its resolver could not look the name up: a zone that fails to load (SERVFAIL), or a broken DNSSEC signature";

/// Why no certificate came from an ACME authority. Text of others is marked as such; keys and secrets are never part of it.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// No name was asked for.
    #[error("a certificate needs at least one name")]
    NoName,
    /// RFC 8555 §7.1.3 leaves wildcards to the authority; all of them ask for dns-01.
    #[error("`{name}` is a wildcard, and no authority lets http-01 prove one: use dns-01, or ask for the hosts one by one")]
    WildcardOverHttp {
        /// The name.
        name: String,
    },
    /// The client itself could not be set up.
    #[error("{what} cannot be used: {why}")]
    Settings {
        /// Which setting.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Nothing answered.
    #[error("{url} cannot be reached{}: {why}", through(.proxy.as_ref()))]
    Unreachable {
        /// The address.
        url: String,
        /// The proxy between, without its password.
        proxy: Option<String>,
        /// The causes, the last one innermost.
        why: String,
    },
    /// The proxy on the way wants another login.
    #[error("the proxy {proxy} on the way to {url} refuses the login: user name or password is wrong, or missing")]
    ProxyRefused {
        /// The address.
        url: String,
        /// The proxy.
        proxy: String,
    },
    /// The server's own certificate is not believed.
    #[error("{url} shows a certificate that is not believed: {why}; if the authority has a root of its own, give it in tls.acme.ca")]
    Untrusted {
        /// The address.
        url: String,
        /// What is wrong with its certificate.
        why: String,
    },
    /// Something answered that is not an ACME directory.
    #[error("{url} is not an ACME directory: {why}")]
    NotADirectory {
        /// The address.
        url: String,
        /// What came instead.
        why: Untrusted<String>,
    },
    /// An answer that ACME does not know: a page of a proxy, an empty error.
    #[error("{url} answered {status}{}: {words}", again(.again_at.as_ref()))]
    Answer {
        /// The address.
        url: String,
        /// The status line's number and words.
        status: String,
        /// How the answer begins.
        words: Untrusted<String>,
        /// When to ask again, where it said so.
        again_at: Option<Timestamp>,
    },
    /// An answer that cannot be read.
    #[error("an answer of the authority cannot be understood: {0}")]
    Garbled(Untrusted<String>),
    /// The terms of service are not agreed to.
    #[error("the authority's terms of service are not agreed to{}", .terms.as_ref().map(|url| format!("; read {url}")).unwrap_or_default())]
    TermsNotAgreed {
        /// Where they stand.
        terms: Option<Untrusted<String>>,
    },
    /// The authority takes nobody without an external account (RFC 8555 §7.3.4).
    #[error("the authority opens accounts only for customers that it knows: it asks for an external account, and none was given")]
    ExternalAccountMissing,
    /// The external account's key is not base64url.
    #[error("the key of the external account `{id}` is not base64url: {why}")]
    ExternalAccountKey {
        /// The key's identifier.
        id: String,
        /// What is wrong, without the key.
        why: String,
    },
    /// The external account was refused.
    #[error("the authority refused the external account `{id}`: {detail}")]
    ExternalAccountRefused {
        /// The key's identifier.
        id: String,
        /// Its own words.
        detail: Untrusted<String>,
    },
    /// The account belongs to another authority.
    #[error("the stored account belongs to {stored}, but the certificate is to come from {asked}")]
    OtherDirectory {
        /// Where the account was opened.
        stored: Untrusted<String>,
        /// Where it is to be used.
        asked: String,
    },
    /// The stored account cannot be read.
    #[error("the stored ACME account cannot be read: {0}")]
    AccountUnreadable(String),
    /// The authority does not know the account any more.
    #[error("the authority does not take the stored account: {detail}")]
    AccountGone {
        /// Its own words.
        detail: Untrusted<String>,
    },
    /// The profile is not one of the authority's.
    #[error("the authority has no profile `{asked}`; it has {}", listed(.offered))]
    Profile {
        /// The profile asked for.
        asked: String,
        /// Its profiles.
        offered: Vec<Untrusted<String>>,
    },
    /// A CAA record (RFC 8659) forbids it.
    #[error("CAA forbids this authority to issue for `{name}`: at {found_at} we see {record}; this authority goes by {}", listed(.identities))]
    Caa {
        /// The name.
        name: String,
        /// Where in the tree the record stands.
        found_at: String,
        /// The record that decides.
        record: Untrusted<String>,
        /// What the authority calls itself.
        identities: Vec<Untrusted<String>>,
    },
    /// The authority does not offer this way of proving control.
    #[error("the authority does not offer {kind} for `{name}`; it offers {}", listed(.offered))]
    NotOffered {
        /// The name.
        name: Untrusted<String>,
        /// What was to be used.
        kind: &'static str,
        /// What it offers.
        offered: Vec<Untrusted<String>>,
    },
    /// The DNS could not be asked.
    #[error("{server} does not answer for {question}: {why}")]
    Dns {
        /// Who was asked.
        server: String,
        /// For what.
        question: String,
        /// Why there is no answer.
        why: String,
    },
    /// The DNS server refused the change.
    #[error("{server} refused to change the zone {zone}: {why}")]
    UpdateRefused {
        /// The server.
        server: String,
        /// The zone.
        zone: String,
        /// Why, in words.
        why: String,
    },
    /// Not all authoritative servers show the record.
    #[error("after {} s not every authoritative server shows what the authority will look for: {}", .waited.as_secs(), told(.sightings))]
    NotSeen {
        /// How long it was waited for.
        waited: Duration,
        /// Where it is missing.
        sightings: Vec<Sighting>,
    },
    /// The program that changes the DNS is not there.
    #[error("the program `{program}`, which sets the DNS records, {why}")]
    NoProgram {
        /// As it was named.
        program: String,
        /// What is there instead.
        why: String,
    },
    /// The program that changes the DNS failed.
    #[error("`{program} {argument}` {how}: {words}")]
    Hook {
        /// The program.
        program: String,
        /// What it was to do.
        argument: &'static str,
        /// How it ended.
        how: String,
        /// How its standard error begins.
        words: Untrusted<String>,
    },
    /// The file for http-01 is not served as the authority will ask for it.
    #[error("{url} does not serve what the authority will look for: {why}")]
    NotServed {
        /// The address.
        url: String,
        /// What is there instead.
        why: Untrusted<String>,
    },
    /// The authority looked and did not find the proof.
    #[error("the authority could not verify `{name}`: {detail} ({kind}){}", hint(.kind, .detail))]
    NotValidated {
        /// The name.
        name: Untrusted<String>,
        /// The last part of the problem's type (RFC 8555 §6.7).
        kind: Untrusted<String>,
        /// Its own words.
        detail: Untrusted<String>,
    },
    /// The authority issues no certificate for a name.
    #[error("the authority issues no certificate for {}: {detail}", if .names.is_empty() { "one of the names".to_owned() } else { listed(.names) })]
    NameRejected {
        /// The names; none where it does not say which.
        names: Vec<Untrusted<String>>,
        /// Its own words.
        detail: Untrusted<String>,
    },
    /// Too many requests.
    #[error("the authority's limit is reached: {detail}{}", again(.again_at.as_ref()))]
    RateLimited {
        /// Its own words.
        detail: Untrusted<String>,
        /// When to ask again, where it said so.
        again_at: Option<Timestamp>,
    },
    /// Any other refusal.
    #[error("the authority refused: {detail} ({kind})")]
    Refused {
        /// The last part of the problem's type (RFC 8555 §6.7).
        kind: Untrusted<String>,
        /// Its own words.
        detail: Untrusted<String>,
    },
    /// An order that was begun earlier cannot be gone on with.
    #[error("the order {url} cannot be gone on with, it {why}; begin a new one")]
    OrderGone {
        /// The order.
        url: Untrusted<String>,
        /// What became of it.
        why: &'static str,
    },
    /// The authority takes longer than we wait.
    #[error("the authority has not finished the order {url} within {} s", .waited.as_secs())]
    Slow {
        /// The order.
        url: Untrusted<String>,
        /// How long it was waited for.
        waited: Duration,
    },
    /// What the authority issued cannot be read.
    #[error("the authority's certificates cannot be read")]
    Unreadable(#[from] crate::CertificateError),
    /// The library that makes keys and requests refused.
    #[error("a key or request could not be made")]
    Generation(#[from] rcgen::Error),
}

impl Coded for AcmeError {
    fn code(&self) -> Code {
        match self {
            Self::NoName => Code("tls.name-invalid"),
            Self::WildcardOverHttp { .. } => Code("tls.acme-wildcard-over-http"),
            Self::Settings { .. } => Code("tls.acme-settings"),
            Self::Unreachable { .. } => Code("tls.acme-unreachable"),
            Self::ProxyRefused { .. } => Code("tls.acme-proxy-refused"),
            Self::Untrusted { .. } => Code("tls.acme-untrusted"),
            Self::NotADirectory { .. } => Code("tls.acme-not-a-directory"),
            Self::Answer { .. } | Self::Garbled(_) => Code("tls.acme-answer"),
            Self::TermsNotAgreed { .. } => Code("tls.acme-terms"),
            Self::ExternalAccountMissing => Code("tls.acme-external-account-missing"),
            Self::ExternalAccountKey { .. } => Code("tls.acme-external-account-key"),
            Self::ExternalAccountRefused { .. } => Code("tls.acme-external-account-refused"),
            Self::OtherDirectory { .. } => Code("tls.acme-other-directory"),
            Self::AccountUnreadable(_) => Code("tls.acme-account-unreadable"),
            Self::AccountGone { .. } => Code("tls.acme-account-gone"),
            Self::Profile { .. } => Code("tls.acme-profile"),
            Self::Caa { .. } => Code("tls.acme-caa"),
            Self::NotOffered { .. } => Code("tls.acme-not-offered"),
            Self::Dns { .. } => Code("tls.acme-dns"),
            Self::UpdateRefused { .. } => Code("tls.acme-update-refused"),
            Self::NotSeen { .. } => Code("tls.acme-not-seen"),
            Self::NoProgram { .. } => Code("tls.acme-no-program"),
            Self::Hook { .. } => Code("tls.acme-hook"),
            Self::NotServed { .. } => Code("tls.acme-not-served"),
            Self::NotValidated { .. } => Code("tls.acme-not-validated"),
            Self::NameRejected { .. } => Code("tls.acme-name-rejected"),
            Self::RateLimited { .. } => Code("tls.acme-rate-limited"),
            Self::Refused { .. } => Code("tls.acme-refused"),
            Self::OrderGone { .. } => Code("tls.acme-order-gone"),
            Self::Slow { .. } => Code("tls.acme-slow"),
            Self::Unreadable(source) => source.code(),
            Self::Generation(_) => Code("tls.generation"),
        }
    }
}

fn through(proxy: Option<&String>) -> String {
    proxy.map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default()
}

fn again(at: Option<&Timestamp>) -> String {
    at.map(|at| format!("; ask again after {}", at.strftime("%Y-%m-%d %H:%M:%S UTC"))).unwrap_or_default()
}

fn listed(words: &[Untrusted<String>]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ") }
}

fn told(sightings: &[Sighting]) -> String {
    sightings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What an error type of RFC 8555 §6.7 most often comes from.
fn hint(kind: &Untrusted<String>, detail: &Untrusted<String>) -> &'static str {
    let is_lookup = ["SERVFAIL", "DNS lookup"].iter().any(|words| detail.raw().contains(words));
    match kind.raw() {
        "connection" => "; it looks from the Internet: port 80 must be open there, and an AAAA record must lead to the same server",
        "dns" => LOOKUP,
        _ if is_lookup => LOOKUP,
        "unauthorized" => "; what it found there was not this order's proof: an older value that is still cached, or another server's answer",
        _ => "",
    }
}
