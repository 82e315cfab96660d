//! Whether CAA lets an authority issue for a name (RFC 8659, RFC 8657): looked at before anything is ordered.

use airlock_model::Untrusted;
use hickory_proto::rr::rdata::CAA;
use hickory_proto::rr::{RData, RecordType};
use serde::Serialize;

use super::account::AcmeAccount;
use super::dns::{Dns, parsed, told};
use super::error::AcmeError;
use super::order::OrderRequest;
use super::solver::ChallengeKind;

/// What CAA says about a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Caa {
    /// No record restricts who may issue.
    Open,
    /// A record names this authority.
    Allows {
        /// Where in the tree it stands.
        at: String,
        /// The record.
        record: Untrusted<String>,
    },
    /// It could not be found out; the authority will.
    Unverified {
        /// Why.
        why: Untrusted<String>,
    },
}

/// Who asks, and how.
struct Asker<'a> {
    identities: &'a [Untrusted<String>],
    account: &'a str,
    kind: ChallengeKind,
}

/// A verdict over the records at one place.
#[derive(Debug, PartialEq, Eq)]
enum Ruling {
    Open,
    Allows(String),
    Forbids(String),
    /// Some authorities are named, and it is not known what this one is called.
    Nameless(String),
}

impl AcmeAccount {
    /// Looks at CAA for every name of a request. A record that forbids is an error; what cannot be looked up is said and stops nothing.
    pub async fn caa(&self, request: &OrderRequest, dns: &Dns) -> Result<Vec<(String, Caa)>, AcmeError> {
        let asker = Asker { identities: &self.directory.meta.caa_identities, account: self.inner.id(), kind: request.kind() };
        let mut said = Vec::new();
        for name in request.names() {
            said.push((name.to_owned(), looked_at(dns, name, &asker).await?));
        }
        Ok(said)
    }
}

async fn looked_at(dns: &Dns, name: &str, asker: &Asker<'_>) -> Result<Caa, AcmeError> {
    let mut at = parsed(name.trim_start_matches("*."))?;
    // The climb ends below the root (RFC 8659 §3).
    while !at.is_root() {
        let answer = match dns.look_up(&at, RecordType::CAA).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Caa::Unverified { why: error.to_string().into() }),
        };
        let records: Vec<&CAA> = answer.answers.iter().filter_map(|record| if let RData::CAA(caa) = &record.data { Some(caa) } else { None }).collect();
        if !records.is_empty() {
            return match ruling(&records, name.starts_with("*."), asker) {
                Ruling::Open => Ok(Caa::Open),
                Ruling::Allows(record) => Ok(Caa::Allows { at: told(&at), record: record.into() }),
                Ruling::Nameless(record) => Ok(Caa::Unverified { why: format!("{} has {record}, and the authority does not say what it goes by", told(&at)).into() }),
                Ruling::Forbids(record) => Err(AcmeError::Caa { name: name.to_owned(), found_at: told(&at), record: record.into(), identities: asker.identities.to_vec() }),
            };
        }
        at = at.base_name();
    }
    Ok(Caa::Open)
}

fn ruling(records: &[&CAA], wildcard: bool, asker: &Asker<'_>) -> Ruling {
    let known = |tag: &str| ["issue", "issuewild", "iodef", "contactemail", "contactphone", "issuemail", "issuevmc"].contains(&tag.to_ascii_lowercase().as_str());
    if let Some(unknown) = records.iter().find(|record| record.issuer_critical && !known(&record.tag)) {
        return Ruling::Forbids(shown(unknown));
    }
    let tagged = |tag: &str| records.iter().filter(|record| record.tag.eq_ignore_ascii_case(tag)).copied().collect::<Vec<_>>();
    let (plain, wild) = (tagged("issue"), tagged("issuewild"));
    let relevant = if wildcard && !wild.is_empty() { wild } else { plain };
    if let Some(allowing) = relevant.iter().find(|record| allows(record, asker)) {
        return Ruling::Allows(shown(allowing));
    }
    let all = relevant.iter().map(|record| shown(record)).collect::<Vec<_>>().join(" and ");
    let names_somebody = relevant.iter().any(|record| !issuer(record).0.is_empty());
    match (relevant.is_empty(), names_somebody && asker.identities.is_empty()) {
        (true, _) => Ruling::Open,
        (false, true) => Ruling::Nameless(all),
        (false, false) => Ruling::Forbids(all),
    }
}

fn allows(record: &CAA, asker: &Asker<'_>) -> bool {
    let (domain, parameters) = issuer(record);
    let value = |wanted: &str| parameters.iter().find_map(|(name, value)| name.eq_ignore_ascii_case(wanted).then_some(value.as_str()));
    let is_ours = asker.identities.iter().any(|identity| identity.raw().eq_ignore_ascii_case(&domain));
    let account = value("accounturi").is_none_or(|uri| uri == asker.account);
    let method = value("validationmethods").is_none_or(|methods| methods.split(',').any(|method| method.trim() == asker.kind.name()));
    is_ours && account && method
}

/// Domain and parameters of a value: `ca.example.net; accounturi=…` (RFC 8659 §4.2).
fn issuer(record: &CAA) -> (String, Vec<(String, String)>) {
    let text = String::from_utf8_lossy(&record.value).into_owned();
    let mut parts = text.split(';').map(str::trim);
    let domain = parts.next().unwrap_or_default().trim_end_matches('.').to_owned();
    let parameter = |part: &str| part.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    (domain, parts.filter_map(parameter).collect())
}

fn shown(record: &CAA) -> String {
    format!("CAA {} {} \"{}\"", record.flags(), record.tag, String::from_utf8_lossy(&record.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(critical: bool, tag: &str, value: &str) -> CAA {
        let mut caa = CAA::new_issue(critical, None, Vec::new());
        tag.clone_into(&mut caa.tag);
        caa.value = value.as_bytes().to_vec();
        caa
    }

    fn rule(records: &[(bool, &str, &str)], wildcard: bool) -> Ruling {
        let records: Vec<CAA> = records.iter().map(|(critical, tag, value)| record(*critical, tag, value)).collect();
        let identities = ["ca.example".into()];
        ruling(&records.iter().collect::<Vec<_>>(), wildcard, &Asker { identities: &identities, account: "https://ca/acct/1", kind: ChallengeKind::Dns01 })
    }

    #[test]
    fn records_rule_as_rfc_8659_and_8657_say() {
        let allows = |records: &[(bool, &str, &str)], wildcard| matches!(rule(records, wildcard), Ruling::Allows(_));
        assert!(allows(&[(false, "issue", "other.example"), (false, "issue", "CA.example.")], false));
        assert!(allows(&[(false, "issue", "ca.example; accounturi=https://ca/acct/1; validationmethods=http-01,dns-01")], false));
        assert!(allows(&[(false, "issue", ";"), (false, "issuewild", "ca.example")], true), "issuewild alone counts for a wildcard");
        assert!(allows(&[(false, "issue", "ca.example"), (false, "issuewild", ";")], false), "and for nothing else");
        let forbids = |records: &[(bool, &str, &str)], wildcard| matches!(rule(records, wildcard), Ruling::Forbids(_));
        assert!(forbids(&[(false, "issue", ";")], false) && forbids(&[(false, "issue", ";")], true));
        assert!(forbids(&[(false, "issue", "other.example")], false));
        assert!(forbids(&[(false, "issue", "ca.example; accounturi=https://ca/acct/2")], false));
        assert!(forbids(&[(false, "issue", "ca.example; validationmethods=http-01")], false));
        assert!(forbids(&[(false, "issue", "ca.example"), (true, "future", "x")], false), "a critical tag that is not understood");
        assert_eq!(rule(&[(false, "iodef", "mailto:a@b.example")], false), Ruling::Open);
        assert_eq!(rule(&[(false, "issuewild", ";")], false), Ruling::Open);
        assert_eq!(rule(&[(false, "issue", "other.example")], false), Ruling::Forbids("CAA 0 issue \"other.example\"".to_owned()));
    }

    #[test]
    fn who_does_not_say_what_it_goes_by_is_not_judged_unless_nobody_may() {
        let asker = Asker { identities: &[], account: "", kind: ChallengeKind::Dns01 };
        assert!(matches!(ruling(&[&record(false, "issue", "ca.example")], false, &asker), Ruling::Nameless(_)));
        assert!(matches!(ruling(&[&record(false, "issue", ";")], false, &asker), Ruling::Forbids(_)));
    }
}
