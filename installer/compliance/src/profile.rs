//! Profiles: shipped ones, ones from a file, and which checks they select. Text becomes a profile here alone, strictly.

use std::collections::BTreeSet;

use airlock_model::{Check, Digest, Profile, ProfileGate, ProfileMetadata};

use crate::catalogue::selectable;
use crate::error::ComplianceError;
use crate::{parameter, preflight};

const API_VERSION: &str = "airlock/v1";
const KIND: &str = "SecurityPolicyProfile";

/// The profiles that ship, by name.
const SHIPPED: [(&str, &str); 1] = [("baseline", include_str!("../../../profiles/baseline.yaml"))];

/// A profile that ships with Airlock.
pub fn shipped(name: &str) -> Result<Profile, ComplianceError> {
    match SHIPPED.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => from_yaml(text),
        None => Err(ComplianceError::UnknownProfile { name: name.to_owned(), shipped: shipped_names().collect::<Vec<_>>().join(", ") }),
    }
}

/// The names of the profiles that ship.
pub fn shipped_names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// Reads one profile. Unknown keys, selectors that match nothing, and parameters out of range are errors.
pub fn from_yaml(text: &str) -> Result<Profile, ComplianceError> {
    let profile: Profile = serde_yaml::from_str(text).map_err(|error| ComplianceError::Shape { message: with_nearest(&error.to_string()) })?;
    validate(&profile)?;
    Ok(profile)
}

/// No profile: every check with its defaults.
pub fn unprofiled() -> Profile {
    Profile {
        api_version: API_VERSION.into(),
        kind: KIND.into(),
        metadata: ProfileMetadata { name: "none".into(), version: String::new(), owner: String::new() },
        checks: vec!["*".into()],
        gate: ProfileGate::default(),
        parameters: std::collections::BTreeMap::new(),
    }
}

/// The same profile with other checks: ids and groups joined by commas, as `--checks 'PSS-*,RBC-*'` has them. One that
/// matches nothing is an error.
pub fn with_checks(mut profile: Profile, selectors: &str) -> Result<Profile, ComplianceError> {
    profile.checks = selectors.split(',').map(|selector| selector.trim().to_owned()).collect();
    validate(&profile)?;
    Ok(profile)
}

/// SHA-256 over the canonical form: the same for two files that say the same.
pub fn digest(profile: &Profile) -> Result<Digest, ComplianceError> {
    Digest::of_canonical(profile).map_err(ComplianceError::Canonical)
}

/// What a profile that was not read by [`from_yaml`] may still have wrong.
pub(crate) fn validate(profile: &Profile) -> Result<(), ComplianceError> {
    if profile.api_version != API_VERSION || profile.kind != KIND {
        return Err(ComplianceError::Kind { api_version: profile.api_version.clone(), kind: profile.kind.clone() });
    }
    for (name, value) in &profile.parameters {
        if let Some(reason) = parameter::known(name)?.kind.refuses(value) {
            return Err(ComplianceError::ParameterValue { name: name.clone(), reason });
        }
    }
    selected(profile).map(drop)
}

/// The checks that a profile selects, each once, in the order of the catalogue.
pub fn selected(profile: &Profile) -> Result<Vec<&'static dyn Check>, ComplianceError> {
    let mut wanted = BTreeSet::new();
    for selector in &profile.checks {
        let matched: Vec<&str> = selectable().map(|check| check.spec().id).filter(|id| matches(selector, id)).collect();
        if matched.is_empty() {
            return Err(unknown(selector));
        }
        wanted.extend(matched);
    }
    if wanted.is_empty() { Err(ComplianceError::NoChecks { name: profile.metadata.name.clone() }) } else { Ok(selectable().filter(|check| wanted.contains(check.spec().id)).collect()) }
}

fn unknown(selector: &str) -> ComplianceError {
    if preflight::checks().any(|check| matches(selector, check.spec().id)) {
        return ComplianceError::PreflightCheck { selector: selector.to_owned() };
    }
    ComplianceError::UnknownCheck { selector: selector.to_owned(), nearest: nearest(selector, selectable().map(|check| check.spec().id)) }
}

/// An id, or the beginning of ids followed by `*`.
fn matches(selector: &str, id: &str) -> bool {
    match selector.strip_suffix('*') {
        Some(beginning) => id.starts_with(beginning),
        None => id == selector,
    }
}

pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let scored = known.map(|name| (strsim::damerau_levenshtein(&word.to_lowercase(), &name.to_lowercase()), name));
    scored.min().filter(|(distance, _)| *distance <= 3).map(|(_, name)| name.to_owned())
}

/// The reader's message, with the key that was probably meant: it lists the known ones in back-ticks.
fn with_nearest(message: &str) -> String {
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match words.split_first() {
        Some((unknown, known)) if message.contains("unknown field") => nearest(unknown, known.iter().copied()).map_or_else(|| message.to_owned(), |name| format!("{message}; did you mean `{name}`?")),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::Coded;

    use super::*;

    const SMALL: &str = "apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: { name: acme, version: \"1\", owner: secops }\nchecks: [ TLS-001, \"NET-*\" ]\n";

    #[test]
    fn every_shipped_profile_can_be_read() {
        for name in shipped_names() {
            assert_eq!(shipped(name).unwrap().metadata.name, name);
        }
    }

    #[test]
    fn without_a_profile_every_check_is_made() {
        assert_eq!(selected(&unprofiled()).unwrap().len(), selectable().count());
    }

    #[test]
    fn checks_that_are_asked_for_take_the_place_of_the_profiles() {
        let ids = |selectors: &str| with_checks(shipped("baseline").unwrap(), selectors).map(|profile| selected(&profile).unwrap().iter().map(|check| check.spec().id).collect::<Vec<_>>());
        assert_eq!(ids("REG-00*, NET-001").unwrap(), ["NET-001", "REG-001", "REG-002", "REG-003", "REG-004"]);
        assert_eq!(ids("PSS-001,XYZ-*").unwrap_err().code().0, "compliance.unknown-check");
        assert_eq!(ids("").unwrap_err().code().0, "compliance.unknown-check");
    }

    #[test]
    fn a_selector_with_a_star_selects_its_group() {
        let ids: Vec<&str> = selected(&from_yaml(SMALL).unwrap()).unwrap().iter().map(|check| check.spec().id).collect();
        assert_eq!(ids, ["NET-001", "NET-002", "NET-010", "TLS-001", "NET-021", "NET-003", "NET-004", "NET-005", "NET-006", "NET-015", "NET-016"]);
    }

    #[test]
    fn what_is_wrong_with_a_profile_is_named() {
        let cases = [
            ("", "", "compliance.profile-shape", "missing field"),
            (SMALL, "gates: {}\n", "compliance.profile-shape", "did you mean `gate`?"),
            (SMALL, "gate: { failOn: high }\n", "compliance.profile-shape", "unverifiedFails"),
            (SMALL, "gate: { failOn: grave, unverifiedFails: true }\n", "compliance.profile-shape", "line 5"),
            (SMALL, "parameters: { TLS-001.failDay: 3 }\n", "compliance.unknown-parameter", "did you mean `TLS-001.failDays`?"),
            (SMALL, "parameters: { TLS-001.failDays: soon }\n", "compliance.parameter-value", "no whole number"),
            (SMALL, "parameters: { TLS-001.failDays: -1 }\n", "compliance.parameter-value", "from 0 to 365"),
            (SMALL, "parameters: { PSS.version: v2.0 }\n", "compliance.parameter-value", "v2.0"),
            (SMALL, "---\nkind: Answers\n", "compliance.profile-shape", "more than one document"),
        ];
        for (base, more, code, words) in cases {
            let error = from_yaml(&format!("{base}{more}")).unwrap_err();
            assert_eq!((error.code().0, error.to_string().contains(words)), (code, true), "{more}: {error}");
        }
    }

    #[test]
    fn a_selector_that_matches_nothing_is_an_error_with_the_nearest_id() {
        let with = |checks: &str| from_yaml(&SMALL.replace("[ TLS-001, \"NET-*\" ]", checks)).unwrap_err();
        assert_eq!(with("[ TLS-01 ]").to_string(), "`TLS-01` matches no check; did you mean `TLS-001`?");
        assert_eq!(with("[ \"TLSX-*\" ]").code().0, "compliance.unknown-check");
        assert_eq!(with("[ CLU-001 ]").code().0, "compliance.preflight-check");
        assert_eq!(with("[]").code().0, "compliance.no-checks");
    }

    #[test]
    fn another_kind_of_document_is_refused() {
        assert_eq!(from_yaml(&SMALL.replace("SecurityPolicyProfile", "Answers")).unwrap_err().code().0, "compliance.profile-kind");
        assert_eq!(shipped("base").unwrap_err().code().0, "compliance.unknown-profile");
    }

    #[test]
    fn the_digest_follows_the_meaning_not_the_writing() {
        let plain = digest(&from_yaml(SMALL).unwrap()).unwrap();
        let written_out = format!("# a comment\n{SMALL}gate: {{ unverifiedFails: true, failOn: low }}\n");
        assert_eq!(digest(&from_yaml(&written_out).unwrap()).unwrap(), plain);
        assert_ne!(digest(&from_yaml(&SMALL.replace("\"1\"", "\"2\"")).unwrap()).unwrap(), plain);
    }
}
