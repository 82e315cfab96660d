//! Whether a stored certificate still is what was asked for.

use std::fmt;
use std::time::Duration;

use airlock_model::{CertificateFacts, CertificateSource, CertificateSpec, CertificateSubject};
use jiff::Timestamp;

/// Before the end of a certificate that people replace.
const REMINDER: Duration = Duration::from_hours(21 * 24);

/// Why a certificate is made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewalCause {
    /// Less than `renew_before` is left.
    Expiring,
    /// cert-manager has issued another one.
    Reissued,
    /// Its authority would like it to be renewed now (RFC 9773).
    Suggested,
    /// Its validity has not begun: it was made by a clock that runs ahead.
    NotYetValid,
    /// It has other names than asked for.
    OtherNames,
    /// Its authority has been replaced.
    OtherAuthority,
    /// The stored key belongs to another certificate.
    OtherKey,
    /// An authority was asked for and it is none, or the other way round.
    OtherKind,
}

impl fmt::Display for RenewalCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expiring => "its end comes near",
            Self::Reissued => "cert-manager has issued another one",
            Self::Suggested => "its authority asks for it",
            Self::NotYetValid => "it was not valid yet",
            Self::OtherNames => "other names are due",
            Self::OtherAuthority => "its authority was replaced",
            Self::OtherKey => "the key beside it was another one",
            Self::OtherKind => "it was a certificate for another purpose",
        })
    }
}

/// How long one lives that somebody else issues is theirs to say: a third of it is left for the next one. Who only replaces a file is
/// not reminded of it for months.
fn supplied_before(facts: &CertificateFacts, source: &CertificateSource) -> Duration {
    let third = Duration::try_from(facts.not_after.duration_since(facts.not_before)).unwrap_or(Duration::ZERO) / 3;
    match source {
        // cert-manager renews when a third is left, too, unless its Certificate says otherwise.
        CertificateSource::Acme(_) | CertificateSource::Request { .. } | CertificateSource::CertManager { .. } => third,
        CertificateSource::Files { .. } | CertificateSource::Secret { .. } => third.min(REMINDER),
    }
}

/// When a certificate is renewed, at the latest: so long before its end as its specification or its issuer has it, and up to a tenth of that earlier, by its fingerprint,
/// so that what was issued together is not renewed together.
pub fn due_at(facts: &CertificateFacts, spec: &CertificateSpec) -> Timestamp {
    let spread = u8::from_str_radix(&facts.fingerprint.short()[..2], 16).unwrap_or_default();
    let renew_before = match &spec.subject {
        CertificateSubject::Authority { .. } | CertificateSubject::Server { .. } => spec.renew_before,
        CertificateSubject::Supplied { source, .. } => supplied_before(facts, source),
    };
    let earlier = renew_before.mul_f64(f64::from(spread) / 2560.0);
    let before = renew_before.saturating_add(Duration::from_secs(earlier.as_secs()));
    facts.not_after.checked_sub(before).unwrap_or(Timestamp::MIN)
}

/// Says why a certificate must be made anew, or nothing when it is as specified. `authority` are the facts of the authority
/// that signs servers; the order of names does not matter.
pub fn renewal(facts: &CertificateFacts, spec: &CertificateSpec, authority: Option<&CertificateFacts>, now: Timestamp) -> Option<RenewalCause> {
    let (is_authority, wanted, present) = match &spec.subject {
        CertificateSubject::Authority { permitted, .. } => (true, permitted, &facts.permitted),
        CertificateSubject::Server { names, .. } => (false, names, &facts.names),
        // Whoever issued it issues it anew; whether it is still theirs is asked of its source.
        CertificateSubject::Supplied { .. } => return None,
    };
    if facts.authority != is_authority {
        return Some(RenewalCause::OtherKind);
    }
    if !facts.key_matches {
        return Some(RenewalCause::OtherKey);
    }
    if !same_set(wanted, present) {
        return Some(RenewalCause::OtherNames);
    }
    if authority.is_some_and(|authority| !is_authority && facts.issuer_fingerprint.as_ref() != Some(&authority.key_fingerprint)) {
        return Some(RenewalCause::OtherAuthority);
    }
    if now < facts.not_before {
        return Some(RenewalCause::NotYetValid);
    }
    let due = facts.not_after.checked_sub(spec.renew_before).unwrap_or(Timestamp::MIN);
    (now >= due).then_some(RenewalCause::Expiring)
}

fn same_set(left: &[String], right: &[String]) -> bool {
    let sorted = |names: &[String]| {
        let mut names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        names.sort();
        names.dedup();
        names
    };
    sorted(left) == sorted(right)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use airlock_model::Digest;

    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn spec() -> CertificateSpec {
        CertificateSpec {
            namespace: "airlock".to_owned(),
            name: "base-domain-tls".to_owned(),
            labels: BTreeMap::new(),
            subject: CertificateSubject::Server { authority_namespace: "airlock".into(), authority: "base-domain-ca".to_owned(), names: vec!["example.com".to_owned(), "*.example.com".to_owned()] },
            lifetime: 90 * DAY,
            renew_before: 30 * DAY,
        }
    }

    fn facts() -> CertificateFacts {
        CertificateFacts {
            fingerprint: Digest::of(b"leaf"),
            names: vec!["*.example.com".to_owned(), "example.com".to_owned()],
            permitted: Vec::new(),
            authority: false,
            issuer: "CN=Example authority".to_owned().into(),
            key_fingerprint: Digest::of(b"leaf key"),
            issuer_fingerprint: Some(Digest::of(b"authority")),
            not_before: Timestamp::from_second(0).unwrap(),
            not_after: Timestamp::from_second(0).unwrap() + 90 * DAY,
            key_matches: true,
        }
    }

    fn at(days: u32) -> Timestamp {
        Timestamp::from_second(0).unwrap() + days * DAY
    }

    #[test]
    fn a_certificate_as_specified_is_kept_until_renew_before() {
        assert_eq!(renewal(&facts(), &spec(), None, at(1)), None);
        assert_eq!(renewal(&facts(), &spec(), None, at(59)), None);
        assert_eq!(renewal(&facts(), &spec(), None, at(60)), Some(RenewalCause::Expiring));
        assert_eq!(renewal(&facts(), &spec(), None, at(200)), Some(RenewalCause::Expiring));
    }

    #[test]
    fn what_was_issued_together_is_due_apart_and_never_too_late() {
        let due: Vec<Timestamp> =
            (0..50u8).map(|number| due_at(&CertificateFacts { fingerprint: Digest::of(&[number]), ..facts() }, &spec())).inspect(|due| assert!((at(57)..=at(60)).contains(due), "{due}")).collect();
        assert!(due.iter().max().unwrap().duration_since(*due.iter().min().unwrap()).as_hours() > 24);
    }

    #[test]
    fn what_people_hand_over_is_due_by_how_it_is_had() {
        let due = |source: CertificateSource, days: u32| {
            let facts = CertificateFacts { not_after: at(days), ..facts() };
            let spec = CertificateSpec { subject: CertificateSubject::Supplied { names: Vec::new(), source, trust: None }, ..spec() };
            i64::from(days) - due_at(&facts, &spec).duration_since(at(0)).as_hours() / 24
        };
        let files = || CertificateSource::Files { certificate: "file:a".to_owned(), key: None, password: None };
        let request = || CertificateSource::Request { secret: "request".to_owned() };
        assert!((21..=24).contains(&due(files(), 365)), "a year's file: three weeks before its end");
        assert!((10..=12).contains(&due(files(), 30)), "a month's: a third of it");
        assert!((121..=135).contains(&due(request(), 365)), "who has to ask begins at two thirds");
    }

    #[test]
    fn each_difference_has_a_cause_of_its_own() {
        let changed = |change: fn(&mut CertificateFacts)| {
            let mut facts = facts();
            change(&mut facts);
            renewal(&facts, &spec(), None, at(1))
        };
        assert_eq!(changed(|f| f.key_matches = false), Some(RenewalCause::OtherKey));
        assert_eq!(changed(|f| f.names.truncate(1)), Some(RenewalCause::OtherNames));
        assert_eq!(changed(|f| f.names.push("other.org".to_owned())), Some(RenewalCause::OtherNames));
        assert_eq!(changed(|f| f.authority = true), Some(RenewalCause::OtherKind));
        assert_eq!(changed(|f| f.not_before = Timestamp::MAX), Some(RenewalCause::NotYetValid));
    }

    #[test]
    fn a_replaced_authority_renews_its_servers() {
        let authority = |key: &[u8]| CertificateFacts { authority: true, key_fingerprint: Digest::of(key), issuer_fingerprint: Some(Digest::of(b"its root")), ..facts() };
        assert_eq!(renewal(&facts(), &spec(), Some(&authority(b"authority")), at(1)), None);
        assert_eq!(renewal(&facts(), &spec(), Some(&authority(b"another")), at(1)), Some(RenewalCause::OtherAuthority));
        let alone = CertificateFacts { issuer_fingerprint: None, ..facts() };
        assert_eq!(renewal(&alone, &spec(), Some(&authority(b"authority")), at(1)), Some(RenewalCause::OtherAuthority), "unknown is never equal");
    }
}
