//! What one profile does otherwise than another one, whatever their files look like.

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{Profile, Severity};
use serde::Serialize;
use serde_json::Value;

use super::held::flat;
use super::join::own_severity;

/// One thing that two profiles do otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileChange {
    /// What kind of thing.
    pub what: ProfilePart,
    /// Which one: the id of a check or control, the name of a parameter, a key of the gate.
    pub name: String,
    /// In the first one; null: it has none.
    pub from: Value,
    /// In the second one; null: it has none.
    pub to: Value,
}

/// A part of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ProfilePart {
    /// Where it may be used.
    Requirement,
    /// A check that is made.
    Check,
    /// What a check of a profile's own is.
    Custom,
    /// How bad a check is.
    Severity,
    /// A check that only an attempt may decide.
    MustProbe,
    /// A key of the gate.
    Gate,
    /// The value of a parameter.
    Parameter,
    /// Why a parameter is what it is.
    Reason,
    /// A check that cannot be weakened.
    LockedCheck,
    /// A parameter that cannot be loosened.
    LockedParameter,
    /// A control of the list.
    Control,
    /// A key that signs exceptions and attestations.
    Key,
    /// How far exceptions may go.
    Exceptions,
}

const ALL: [ProfilePart; 13] = [
    ProfilePart::Requirement,
    ProfilePart::Check,
    ProfilePart::Custom,
    ProfilePart::Severity,
    ProfilePart::MustProbe,
    ProfilePart::Gate,
    ProfilePart::Parameter,
    ProfilePart::Reason,
    ProfilePart::LockedCheck,
    ProfilePart::LockedParameter,
    ProfilePart::Control,
    ProfilePart::Key,
    ProfilePart::Exceptions,
];

/// The differences, by part and name; none: both judge alike and say why, whoever owns them.
pub fn differences(first: &Profile, second: &Profile) -> Vec<ProfileChange> {
    // A severity is told of checks that both make; else the check itself is what differs.
    let shared: BTreeSet<&String> = first.checks.iter().filter(|id| second.checks.contains(id)).collect();
    let mut changes = Vec::new();
    for part in ALL {
        let (from, to) = (members(part, first, &shared), members(part, second, &shared));
        let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
        for name in names {
            let (from, to) = (from.get(name).cloned().unwrap_or_default(), to.get(name).cloned().unwrap_or_default());
            if from != to {
                changes.push(ProfileChange { what: part, name: name.clone(), from, to });
            }
        }
    }
    changes
}

/// What a profile has of a part, by name.
fn members(part: ProfilePart, profile: &Profile, shared: &BTreeSet<&String>) -> BTreeMap<String, Value> {
    match part {
        ProfilePart::Requirement => keys(&profile.requires),
        ProfilePart::Check => set(&profile.checks),
        ProfilePart::Custom => profile.custom.iter().map(|custom| (custom.id.clone(), word(custom))).collect(),
        ProfilePart::Severity => shared.iter().map(|id| ((*id).clone(), severity(profile, id).map_or(Value::Null, |severity| word(&severity)))).collect(),
        ProfilePart::MustProbe => set(&profile.must_probe),
        ProfilePart::Gate => keys(&profile.gate),
        ProfilePart::Key => profile.keys.iter().map(|key| (key.name.clone(), word(&key.public_key))).collect(),
        ProfilePart::Exceptions => keys(&profile.exceptions),
        ProfilePart::Parameter => profile.parameters.clone(),
        ProfilePart::Reason => profile.parameter_reasons.iter().map(|(name, reason)| (name.clone(), word(reason))).collect(),
        ProfilePart::LockedCheck => set(&profile.locked.checks),
        ProfilePart::LockedParameter => set(&profile.locked.parameters),
        ProfilePart::Control => profile.controls.iter().map(|control| (control.id.clone(), word(control))).collect(),
    }
}

fn keys(value: &impl Serialize) -> BTreeMap<String, Value> {
    match word(value) {
        Value::Object(members) => flat(members).into_iter().collect(),
        _ => BTreeMap::new(),
    }
}

fn set<'a>(ids: impl IntoIterator<Item = &'a String>) -> BTreeMap<String, Value> {
    ids.into_iter().map(|id| (id.clone(), Value::Bool(true))).collect()
}

fn severity(profile: &Profile, id: &str) -> Option<Severity> {
    profile.severities.get(id).copied().or_else(|| own_severity(id, &profile.custom))
}

fn word(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
