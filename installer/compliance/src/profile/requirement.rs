//! What a profile asks of where it is used, and of itself.

use airlock_model::{Profile, Requirement, ServerVersion};
use semver::{Comparator, Op, Version, VersionReq};

use crate::error::ComplianceError;

/// Says whether a profile may be used with this version of Kubernetes.
pub fn fits(profile: &Profile, version: &ServerVersion) -> Result<(), ComplianceError> {
    let Some(wanted) = &profile.requires.kubernetes else { return Ok(()) };
    let found = Version::new(version.major.into(), version.minor.into(), 0);
    if range(wanted).map_err(|message| ComplianceError::Value { message })?.matches(&found) {
        return Ok(());
    }
    Err(ComplianceError::KubernetesVersion { name: profile.metadata.name.clone(), wanted: wanted.clone(), found: version.git.clone() })
}

/// A range of minor versions as people write it, without commas too, or what is wrong with it.
pub(super) fn range(text: &str) -> Result<VersionReq, String> {
    let mut separated = String::new();
    for word in text.split_whitespace() {
        let begins = word.starts_with(['<', '>', '=', '^', '~']) && !separated.is_empty() && !separated.ends_with(',');
        separated += if begins { ", " } else { " " };
        separated += word;
    }
    let range = VersionReq::parse(separated.trim()).map_err(|error| format!("`{text}` is no range of versions, as in `>=1.30 <1.37`: {error}"))?;
    // A version alone would be read as that one or any later one.
    let is_plain = |comparator: &Comparator| {
        let bounds = matches!(comparator.op, Op::Exact | Op::Greater | Op::GreaterEq | Op::Less | Op::LessEq);
        bounds && comparator.minor.is_some() && comparator.patch.is_none()
    };
    if range.comparators.is_empty() || !range.comparators.iter().all(is_plain) {
        return Err(format!("`{text}` is not made of bounds on minor versions, as in `>=1.30 <1.37` or `=1.34`"));
    }
    // The first version of a range is 0.0, or what one of its bounds names, or the one after that.
    let begins = |bound: &Comparator| {
        let minor = bound.minor.unwrap_or_default();
        [minor, minor.saturating_add(1)].map(|minor| Version::new(bound.major, minor, 0))
    };
    if ![Version::new(0, 0, 0)].into_iter().chain(range.comparators.iter().flat_map(begins)).any(|first| range.matches(&first)) {
        return Err(format!("no version is in `{text}`"));
    }
    Ok(range)
}

/// Between the ranges of two profiles.
const JOINED: &str = ", ";

/// What both ask.
pub(super) fn both(one: &Requirement, other: &Requirement) -> Requirement {
    let kubernetes = match (&one.kubernetes, &other.kubernetes) {
        (Some(one), Some(other)) if !one.split(JOINED).any(|part| part == other) => Some(format!("{one}{JOINED}{other}")),
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    Requirement { kubernetes, min_checks: one.min_checks.max(other.min_checks) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unprofiled;

    #[test]
    fn a_range_is_written_with_commas_and_without() {
        for text in [">=1.30 <1.37", ">= 1.30, < 1.37", ">=1.30,<1.37", " >=1.30  <1.37 "] {
            let profile = Profile { requires: Requirement { kubernetes: Some(text.into()), min_checks: None }, ..unprofiled() };
            let fit = |minor: u32| fits(&profile, &ServerVersion { major: 1, minor, git: format!("v1.{minor}.9-gke.1") }).is_ok();
            assert_eq!([29, 30, 36, 37].map(fit), [false, true, true, false], "{text}");
        }
        let one = Profile { requires: Requirement { kubernetes: Some("=1.34".into()), min_checks: None }, ..unprofiled() };
        assert_eq!([33, 34, 35].map(|minor| fits(&one, &ServerVersion { major: 1, minor, git: "v1".into() }).is_ok()), [false, true, false]);
        for text in ["", "*", "1", "1.34", "^1.34", "~1.34", "1.34.*", ">=1.30.4", "latest", ">=1.30 || <1.20", ">=1.37 <1.30", "=1.34 =1.35", ">1.36 <1.37", ">=2.0 <=1.99"] {
            assert!(range(text).is_err(), "{text}");
        }
        for text in [">1.35 <1.37", ">=1.34 <=1.34", "<1.30", "<=1.0", ">1.36", ">=1.30 <2.0", ">=1.30 =1.34"] {
            assert!(range(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_two_ask_is_asked_by_both() {
        let asks = |kubernetes: &str, min_checks| Requirement { kubernetes: Some(kubernetes.into()), min_checks };
        let joined = both(&asks(">=1.30", Some(90)), &asks("<1.37", None));
        assert_eq!(joined, asks(">=1.30, <1.37", Some(90)));
        for same in [Requirement::default(), asks(">=1.30", None), asks("<1.37", Some(3))] {
            assert_eq!(both(&joined, &same), joined);
        }
        assert!(range(joined.kubernetes.as_deref().unwrap()).is_ok());
    }
}
