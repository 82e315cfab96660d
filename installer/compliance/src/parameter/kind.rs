//! What a value of a parameter may be, in words and as a rule.

use std::collections::BTreeSet;

use airlock_model::{Digest, NoPortRange, PortRange};
use serde_json::Value;

use crate::pod_security::PodSecurityVersion;

const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];

/// What a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// Whole days.
    Days {
        /// When the profile is silent.
        default: i64,
        /// The fewest that make sense.
        least: i64,
        /// The most that makes sense.
        most: i64,
    },
    /// `true` or `false`, which it is when the profile is silent.
    Flag,
    /// A level of the Pod Security Standards: `privileged`, `baseline`, or `restricted`, which is the default.
    PodSecurityLevel,
    /// A version of the Pod Security Standards; `latest` when the profile is silent.
    PodSecurityVersion,
    /// A list of texts, in `--set` joined by commas; empty when the profile is silent.
    Texts,
    /// A list of ports and ranges of them, such as `8080` and `1-1024`; written as a list of texts.
    Ports,
    /// A list of SHA-256 digests as `sha256:…`; written as a list of texts.
    Digests,
    /// A list of these words; written as a list of texts.
    Words(&'static [&'static str]),
}

impl ParameterKind {
    /// What it may be, with its unit and range, and what counts when the profile is silent.
    pub fn words(self) -> String {
        match self {
            Self::Days { default, least, most } => format!("days, {least} to {most}; else {default}"),
            Self::Flag => "true or false; else false".to_owned(),
            Self::PodSecurityLevel => format!("{}; else restricted", LEVELS.join(", ")),
            Self::PodSecurityVersion => "latest, or one as in v1.37; else latest".to_owned(),
            Self::Texts => "a list of texts; else none".to_owned(),
            Self::Ports => "a list of ports and ranges of them; else none".to_owned(),
            Self::Digests => "a list of SHA-256 digests; else none".to_owned(),
            Self::Words(words) => format!("a list of {}; else none", words.join(", ")),
        }
    }

    /// What is wrong with a value, if anything.
    pub(crate) fn refuses(self, value: &Value) -> Option<String> {
        match self {
            Self::Days { least, most, .. } => match value.as_i64() {
                Some(days) if (least..=most).contains(&days) => None,
                _ => Some(format!("{value} is no whole number of days from {least} to {most}")),
            },
            Self::Flag => (!value.is_boolean()).then(|| format!("{value} is neither true nor false")),
            Self::PodSecurityLevel => match value.as_str() {
                Some(level) if LEVELS.contains(&level) => None,
                _ => Some(format!("{value} is none of {}", LEVELS.join(", "))),
            },
            Self::PodSecurityVersion => match value.as_str().map(str::parse::<PodSecurityVersion>) {
                Some(Ok(_)) => None,
                Some(Err(error)) => Some(error.to_string()),
                None => Some(format!("{value} is no text")),
            },
            Self::Texts => match value.as_array() {
                Some(items) if !items.is_empty() && items.iter().all(|item| item.as_str().is_some_and(|item| !item.trim().is_empty())) => None,
                _ => Some(format!("{value} is no list of texts with at least one")),
            },
            Self::Ports => Self::Texts.refuses(value).or_else(|| ranges(value).find_map(Result::err).map(|error| error.to_string())),
            Self::Digests => Self::Texts.refuses(value).or_else(|| {
                let mut digests = value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::parse::<Digest>);
                digests.find_map(Result::err).map(|error| error.to_string())
            }),
            Self::Words(words) => Self::Texts.refuses(value).or_else(|| {
                let mut given = value.as_array().into_iter().flatten().filter_map(Value::as_str);
                given.find(|word| !words.contains(word)).map(|word| format!("{word} is none of {}", words.join(", ")))
            }),
        }
    }

    /// Whether it is a list, in which each entry stands for itself.
    pub(crate) const fn is_list(self) -> bool {
        matches!(self, Self::Texts | Self::Ports | Self::Digests | Self::Words(_))
    }

    /// How much a value is, of what has more and less; of lists and versions none.
    pub(super) fn amount(self, value: &Value) -> Option<i64> {
        match self {
            Self::PodSecurityLevel => LEVELS.iter().position(|level| value.as_str() == Some(level)).and_then(|at| i64::try_from(at).ok()),
            Self::Flag => value.as_bool().map(i64::from),
            Self::Days { .. } => value.as_i64(),
            Self::PodSecurityVersion | Self::Texts | Self::Ports | Self::Digests | Self::Words(_) => None,
        }
    }
}

/// The version that is meant: what `latest` stands for has a number too.
pub(super) fn version(value: &Value) -> Option<PodSecurityVersion> {
    value.as_str()?.parse().ok()
}

fn ranges(value: &Value) -> impl Iterator<Item = Result<PortRange, NoPortRange>> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::parse)
}

pub(super) fn ports(value: &Value) -> BTreeSet<u16> {
    ranges(value).filter_map(Result::ok).flat_map(PortRange::ports).collect()
}
