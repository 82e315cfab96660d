//! What a profile sets, as checks read it: its value, else the default.

use airlock_model::Profile;
use serde_json::Value;

use super::kind::{ParameterKind, version};
use super::{PARAMETERS, VERSION};
use crate::pod_security::{PodSecurityLevel, PodSecurityVersion};

/// A number of days from the profile, else its default. An error says that the profile holds something else.
pub(crate) fn days(profile: &Profile, name: &str) -> Result<i64, String> {
    let default = PARAMETERS.iter().find_map(|parameter| match parameter.kind {
        ParameterKind::Days { default, .. } if parameter.name == name => Some(default),
        _ => None,
    });
    let value = profile.parameters.get(name).map_or(default, Value::as_i64);
    value.ok_or_else(|| format!("the profile's parameter {name} is no number of days"))
}

/// Whether the profile sets a flag.
pub(crate) fn flag(profile: &Profile, name: &str) -> bool {
    profile.parameters.get(name).and_then(Value::as_bool) == Some(true)
}

/// A list of texts from the profile; empty when it has none.
pub(crate) fn texts<'a>(profile: &'a Profile, name: &str) -> Vec<&'a str> {
    profile.parameters.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The level that the profile asks for, none for `privileged`, which asks for nothing; and the version.
pub(crate) fn pod_security(profile: &Profile) -> Result<(Option<PodSecurityLevel>, PodSecurityVersion), String> {
    let level = match profile.parameters.get("PSS.level").map(Value::as_str) {
        None | Some(Some("restricted")) => Some(PodSecurityLevel::Restricted),
        Some(Some("baseline")) => Some(PodSecurityLevel::Baseline),
        Some(Some("privileged")) => None,
        Some(_) => return Err("the profile's parameter PSS.level is no level".to_owned()),
    };
    let version = match profile.parameters.get(VERSION) {
        None => PodSecurityVersion::LATEST,
        Some(value) => version(value).ok_or_else(|| format!("the profile's parameter PSS.version is {value}, which is no version"))?,
    };
    Ok((level, version))
}
