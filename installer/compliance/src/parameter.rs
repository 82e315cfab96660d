//! Parameters of checks that a profile may set: their names, kinds, ranges, and defaults in one table.

use airlock_model::Profile;
use serde_json::Value;

use crate::pod_security::PodSecurityVersion;

/// A parameter of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// `<check>.<name>`
    pub name: &'static str,
    /// What it may be.
    pub kind: ParameterKind,
    /// What it does, in one line.
    pub what: &'static str,
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// Whole days.
    Days {
        /// When the profile is silent.
        default: i64,
        /// The most that makes sense.
        most: i64,
    },
    /// A version of the Pod Security Standards; `latest` when the profile is silent.
    PodSecurityVersion,
}

static PARAMETERS: [Parameter; 3] = [
    Parameter { name: "PSS.version", kind: ParameterKind::PodSecurityVersion, what: "version of the Pod Security Standards that PSS-001 to PSS-017 judge by: latest, or one as in v1.37" },
    Parameter { name: "TLS-001.failDays", kind: ParameterKind::Days { default: 14, most: 365 }, what: "a certificate with fewer days left fails" },
    Parameter { name: "TLS-001.warnDays", kind: ParameterKind::Days { default: 30, most: 365 }, what: "a certificate with fewer days left is warned of" },
];

/// All parameters, sorted by name.
pub fn parameters() -> &'static [Parameter] {
    &PARAMETERS
}

impl ParameterKind {
    /// What is wrong with a value, if anything.
    pub(crate) fn refuses(self, value: &Value) -> Option<String> {
        match self {
            Self::Days { most, .. } => match value.as_i64() {
                Some(days) if (0..=most).contains(&days) => None,
                _ => Some(format!("{value} is no whole number of days from 0 to {most}")),
            },
            Self::PodSecurityVersion => match value.as_str().map(str::parse::<PodSecurityVersion>) {
                Some(Ok(_)) => None,
                Some(Err(error)) => Some(error.to_string()),
                None => Some(format!("{value} is no text")),
            },
        }
    }
}

/// A number of days from the profile, else its default. An error says that the profile holds something else.
pub(crate) fn days(profile: &Profile, name: &str) -> Result<i64, String> {
    let default = PARAMETERS.iter().find_map(|parameter| match parameter.kind {
        ParameterKind::Days { default, .. } if parameter.name == name => Some(default),
        _ => None,
    });
    let value = profile.parameters.get(name).map_or(default, Value::as_i64);
    value.ok_or_else(|| format!("the profile's parameter {name} is no number of days"))
}

/// The version of the Pod Security Standards that the profile asks for.
pub(crate) fn pod_security_version(profile: &Profile) -> Result<PodSecurityVersion, String> {
    match profile.parameters.get("PSS.version") {
        None => Ok(PodSecurityVersion::LATEST),
        Some(value) => value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| format!("the profile's parameter PSS.version is {value}, which is no version")),
    }
}
