//! Profiles: shipped ones, ones from files, what they come to, and which checks they select. Text becomes a profile here
//! alone, strictly: `selector` says what a word matches, `load` follows `extends`, `siblings` makes one of what is extended, `join`
//! lays the document on it, and `held` says what is kept.

mod control_list;
mod difference;
mod fault;
mod held;
mod join;
mod load;
mod requirement;
mod selector;
mod siblings;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{Check, CustomCheck, Digest, ExceptionPolicy, Locked, Profile, ProfileGate, ProfileMetadata, Requirement};

use crate::catalogue::selectable;
use crate::error::ComplianceError;
use crate::parameter;
use crate::references::is_custom;

pub use control_list::{LARGEST_CONTROL_LIST, control_list};
pub use difference::{ProfileChange, ProfilePart, differences};
pub(crate) use fault::Faults;
pub use fault::{ProfileFault, ProfileFaults};
pub(crate) use held::{check_of, is_held};
pub use load::{ProfileFile, ProfileWarning, ReadProfile, from_text, is_path, lint, load, profile_text};
pub use requirement::fits;
pub(crate) use selector::{matched, matched_of_part, matches_glob};
pub use written::written;

/// The file that a new profile begins as, with NAME, OWNER, and BASE to be put in.
const BLANK: &str = include_str!("profile/blank.yaml");

const API_VERSION: &str = "airlock/v1";
const KIND: &str = "SecurityPolicyProfile";

/// The profiles that ship, by name.
const SHIPPED: [(&str, &str); 13] = [
    ("baseline", include_str!("../../../profiles/baseline.yaml")),
    ("restricted", include_str!("../../../profiles/restricted.yaml")),
    ("cis-1.12", include_str!("../../../profiles/cis-1.12.yaml")),
    ("nsa", include_str!("../../../profiles/nsa.yaml")),
    ("pci-dss-4", include_str!("../../../profiles/pci-dss-4.yaml")),
    ("soc2", include_str!("../../../profiles/soc2.yaml")),
    ("nist-800-53", include_str!("../../../profiles/nist-800-53.yaml")),
    ("nist-800-190", include_str!("../../../profiles/nist-800-190.yaml")),
    ("iso-27001", include_str!("../../../profiles/iso-27001.yaml")),
    ("hipaa", include_str!("../../../profiles/hipaa.yaml")),
    ("pss", include_str!("../../../profiles/pss.yaml")),
    ("airgap", include_str!("../../../profiles/airgap.yaml")),
    ("astronomer-2018", include_str!("../../../profiles/astronomer-2018.yaml")),
];

/// A profile that ships with Airlock.
pub fn shipped(name: &str) -> Result<Profile, ComplianceError> {
    load(name, &|_| Err("a name of a profile that ships is due here".to_owned())).map_err(|error| match error {
        ComplianceError::UnknownProfile { name, shipped, nearest, .. } => ComplianceError::UnknownProfile { name, shipped, by_path: false, nearest },
        other => other,
    })
}

/// The names of the profiles that ship.
pub fn shipped_names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// Says whether a selector can be one of a profile: that of the catalogue, or an id as a profile gives it to a check of its own.
pub fn matching(selector: &str) -> Result<(), ComplianceError> {
    if is_custom(selector) { Ok(()) } else { matched_of_part(selector, &[]).map(drop) }
}

/// Whether it is the id of one of the checks, so that somebody can attest it; else it can be that of a control alone. What may mean
/// several checks, or none, is no id.
pub fn is_attestable(id: &str, custom: &[CustomCheck]) -> Result<bool, ComplianceError> {
    let no_id = || ComplianceError::Decision { message: format!("`{id}` is no id; an attestation is for one check or for one control, by its id") };
    let is_pattern = id.trim().is_empty() || id.contains(['*', '?']);
    match matched(id, custom) {
        Ok(found) if found == [id] => Ok(true),
        Err(ComplianceError::PreflightCheck { .. }) => Err(ComplianceError::Decision { message: format!("`{id}` is judged before an install, and nobody attests it") }),
        Err(_) if !is_pattern => Ok(false),
        Ok(_) | Err(_) => Err(no_id()),
    }
}

/// The text of a new profile: commented, and good as it is. Its name is in small letters, digits, dots, and hyphens, so that it
/// can be a file's.
pub fn blank(name: &str, base: &str) -> Result<String, ComplianceError> {
    let is_fit =
        name.len() <= 63 && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
    if !is_fit {
        return Err(ComplianceError::Value { message: format!("`{name}` cannot name a profile; up to 63 small letters, digits, dots, and hyphens can, as in acme-production") });
    }
    if shipped_text(name).is_some() {
        return Err(ComplianceError::Value { message: format!("`{name}` is the name of a profile that ships; give yours another one") });
    }
    let quoted = serde_json::to_string(base).map_err(ComplianceError::Canonical)?;
    Ok(BLANK.replace("NAME", name).replace("OWNER", "nobody yet").replace("[BASE]", &format!("[{quoted}]")))
}

pub(crate) fn shipped_text(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// No profile: every check with its defaults.
pub fn unprofiled() -> Profile {
    Profile {
        api_version: API_VERSION.into(),
        kind: KIND.into(),
        metadata: ProfileMetadata { name: "none".into(), version: String::new(), owner: String::new(), description: String::new() },
        checks: vec!["*".into()],
        requires: Requirement::default(),
        custom: Vec::new(),
        gate: ProfileGate::default(),
        parameters: BTreeMap::new(),
        parameter_reasons: BTreeMap::new(),
        severities: BTreeMap::new(),
        must_probe: BTreeSet::new(),
        locked: Locked::default(),
        controls: Vec::new(),
        keys: Vec::new(),
        exceptions: ExceptionPolicy::default(),
    }
}

/// The same profile with other checks: selectors joined by commas, as `--checks 'PSS-*,RBC-*'` has them. One that
/// matches nothing is an error. It is a partial look, so that it may come to fewer checks than the profile requires and has no score;
/// what is locked stays locked, also where it is not looked at.
pub fn with_checks(mut profile: Profile, selectors: &str) -> Result<Profile, ComplianceError> {
    let mut chosen = BTreeSet::new();
    for selector in selectors.split(',') {
        chosen.extend(matched(selector.trim(), &profile.custom)?.into_iter().map(str::to_owned));
    }
    profile.requires.min_checks = None;
    profile.gate.score = None;
    profile.checks = join::in_order(&profile.custom, |id| chosen.contains(id));
    profile.severities.retain(|id, _| chosen.contains(id));
    validate(&profile)?;
    Ok(profile)
}

/// The same profile with another parameter, as `--set NAME=VALUE` has it. One that is locked can be made stricter alone.
pub fn with_setting(mut profile: Profile, text: &str) -> Result<Profile, ComplianceError> {
    let (name, value) = parameter::setting(text, &profile)?;
    held::settable(&profile, &profile.custom, &format!("the profile {}", profile.metadata.name), &name, &value)?;
    // Why the profile has another value says nothing of this one.
    profile.parameter_reasons.remove(&name);
    profile.parameters.insert(name, value);
    Ok(profile)
}

/// SHA-256 over the canonical form: the same for two files that come to the same.
pub fn digest(profile: &Profile) -> Result<Digest, ComplianceError> {
    Digest::of_canonical(profile).map_err(ComplianceError::Canonical)
}

/// What a profile that was made by a program may still have wrong.
pub(crate) fn validate(profile: &Profile) -> Result<(), ComplianceError> {
    for (name, value) in &profile.parameters {
        parameter::fitting(name, value, &profile.custom)?;
    }
    wanted(profile).map(drop)
}

/// The ids that a profile selects.
fn wanted(profile: &Profile) -> Result<BTreeSet<&str>, ComplianceError> {
    let mut wanted = BTreeSet::new();
    for selector in &profile.checks {
        wanted.extend(matched(selector, &profile.custom)?);
    }
    if wanted.is_empty() { Err(ComplianceError::NoChecks { name: profile.metadata.name.clone() }) } else { Ok(wanted) }
}

/// The checks of the catalogue that a profile selects, each once, in its order.
pub fn selected(profile: &Profile) -> Result<Vec<&'static dyn Check>, ComplianceError> {
    let wanted = wanted(profile)?;
    Ok(selectable().filter(|check| wanted.contains(check.spec().id)).collect())
}

/// The checks of its own that a profile selects.
pub(crate) fn selected_custom(profile: &Profile) -> Result<Vec<&CustomCheck>, ComplianceError> {
    let wanted = wanted(profile)?;
    Ok(profile.custom.iter().filter(|check| wanted.contains(check.id.as_str())).collect())
}

/// The most similar of the known words, if one is similar enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let scored = known.map(|name| (strsim::damerau_levenshtein(&word.to_lowercase(), &name.to_lowercase()), name));
    scored.min().filter(|(distance, _)| *distance <= 3).map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests;
