//! What a profile calls checks by: an id, a glob over ids, a group, a control of a framework, a promise.

use airlock_model::{Check, CustomCheck};

use super::nearest;
use crate::catalogue::{numbers, selectable};
use crate::error::ComplianceError;
use crate::preflight;
use crate::promises::PROMISES;
use crate::references::{FRAMEWORKS, Framework, called, references};

/// The framework whose numbers findings name.
const BENCHMARK: &str = "cis-1.12";

/// A selector, taken apart.
enum Selector<'a> {
    /// `PSS-001`, `NET-0?0`, `PSS-*`
    Glob(&'a str),
    /// `group:NET`
    Group(&'a str),
    /// `framework:cis-1.12`, `framework:cis/5.2.*`
    Framework(&'static Framework, Option<&'a str>),
    /// `promise:P3`
    Promise(&'a str),
}

/// The ids of the checks that a selector matches, those of the catalogue in its order, then those of the profile's own; none at all
/// is an error.
pub(crate) fn matched<'c>(selector: &str, custom: &'c [CustomCheck]) -> Result<Vec<&'c str>, ComplianceError> {
    let parsed = parse(selector)?;
    let known = selectable().filter(|check| parsed.matches(*check)).map(|check| check.spec().id);
    let matched: Vec<&str> = known.chain(custom.iter().map(|check| check.id.as_str()).filter(|id| parsed.names(id) || parsed.asks_for(id, custom))).collect();
    if !matched.is_empty() {
        return Ok(matched);
    }
    if preflight::checks().any(|check| parsed.matches(check)) {
        return Err(ComplianceError::PreflightCheck { selector: selector.to_owned() });
    }
    Err(unknown(selector, parsed.nearest(custom)))
}

/// The same for a control, or an exception. Of a check that judges numbers of the CIS benchmark one by one it may mean some, as `CPL-001/1.2.5` or
/// `CPL-001/2.*`, and by a number of that framework it means that number alone.
pub(crate) fn matched_of_part(selector: &str, custom: &[CustomCheck]) -> Result<Vec<String>, ComplianceError> {
    let meant = |id: &str, glob: &str| -> Vec<String> { numbers(id).iter().filter(|number| matches_glob(glob, number)).map(|number| format!("{id}/{number}")).collect() };
    match (parse(selector)?, selector.split_once('/')) {
        (Selector::Framework(framework, Some(glob)), _) if framework.tag == BENCHMARK => {
            let of_check = |id: &str| Some(meant(id, glob)).filter(|numbers| !numbers.is_empty()).unwrap_or_else(|| vec![id.to_owned()]);
            Ok(matched(selector, custom)?.into_iter().flat_map(of_check).collect())
        }
        (Selector::Glob(_), Some((id, glob))) => match meant(id, glob) {
            found if found.is_empty() => Err(unknown_number(selector, id, glob)),
            found => Ok(found),
        },
        _ => Ok(matched(selector, custom)?.into_iter().map(str::to_owned).collect()),
    }
}

fn parse(selector: &str) -> Result<Selector<'_>, ComplianceError> {
    let Some((prefix, rest)) = selector.split_once(':') else { return Ok(Selector::Glob(selector)) };
    match prefix {
        "group" => Ok(Selector::Group(rest)),
        "promise" => Ok(Selector::Promise(rest)),
        "framework" => {
            let (tag, id) = rest.split_once('/').map_or((rest, None), |(tag, id)| (tag, Some(id)));
            match called(tag) {
                Some(framework) => Ok(Selector::Framework(framework, id)),
                None => Err(unknown(selector, nearest(tag, FRAMEWORKS.iter().flat_map(|framework| [framework.tag, framework.bare()])).map(|tag| format!("framework:{tag}")))),
            }
        }
        _ => Err(unknown(selector, nearest(prefix, ["group", "framework", "promise"].into_iter()).map(|prefix| format!("{prefix}:{rest}")))),
    }
}

impl Selector<'_> {
    fn matches(&self, check: &dyn Check) -> bool {
        let spec = check.spec();
        match self {
            Self::Glob(_) | Self::Group(_) => self.names(spec.id),
            Self::Promise(promise) => spec.promises.contains(promise),
            Self::Framework(..) => self.asks_for(spec.id, &[]),
        }
    }

    /// Whether it means a framework, or a control of one, that asks for a check.
    fn asks_for(&self, id: &str, custom: &[CustomCheck]) -> bool {
        let Self::Framework(framework, asked) = self else { return false };
        references(id, custom).into_iter().any(|reference| framework.is_meant_by(reference) && asked.is_none_or(|glob| matches_glob(glob, reference.id)))
    }

    /// Whether it means an id without knowing what the check is.
    fn names(&self, id: &str) -> bool {
        match self {
            Self::Glob(glob) => matches_glob(glob, id),
            Self::Group(group) => group_of(id) == *group,
            Self::Framework(..) | Self::Promise(_) => false,
        }
    }

    /// What was probably meant, as a selector.
    fn nearest(&self, custom: &[CustomCheck]) -> Option<String> {
        let ids = || selectable().map(|check| check.spec().id).chain(custom.iter().map(|check| check.id.as_str()));
        match self {
            Self::Glob(glob) => nearest(glob, ids()),
            Self::Group(group) => nearest(group, ids().map(group_of)).map(|group| format!("group:{group}")),
            Self::Promise(promise) => nearest(promise, PROMISES.iter().map(|(id, _)| *id)).map(|promise| format!("promise:{promise}")),
            Self::Framework(framework, id) => {
                let asked: Vec<&str> = ids().flat_map(|id| references(id, custom)).filter(|reference| framework.is_meant_by(*reference)).map(|reference| reference.id).collect();
                nearest((*id)?, asked.into_iter()).map(|id| format!("framework:{}/{id}", framework.tag))
            }
        }
    }
}

fn unknown(selector: &str, nearest: Option<String>) -> ComplianceError {
    ComplianceError::UnknownCheck { selector: selector.to_owned(), nearest }
}

/// With what exists, where the check does.
fn unknown_number(selector: &str, id: &str, glob: &str) -> ComplianceError {
    let known = numbers(id);
    let meant = nearest(glob, known.iter().map(String::as_str)).map(|number| format!("{id}/{number}"));
    if known.is_empty() { unknown(selector, meant) } else { ComplianceError::UnknownNumber { selector: selector.to_owned(), nearest: meant, check: id.to_owned(), known: known.join(", ") } }
}

fn group_of(id: &str) -> &str {
    id.split('-').next().unwrap_or(id)
}

/// `*` is any number of letters, `?` is one; all else is itself.
pub(crate) fn matches_glob(glob: &str, text: &str) -> bool {
    // Most are ids: a profile that was joined holds nothing else.
    if !glob.contains(['*', '?']) {
        return glob == text;
    }
    // For each letter of the text, where in the glob one may stand.
    let glob: Vec<char> = glob.chars().collect();
    let mut reached = vec![false; glob.len() + 1];
    reached[0] = true;
    let skip_stars = |reached: &mut Vec<bool>| {
        for (at, letter) in glob.iter().enumerate() {
            if *letter == '*' && reached[at] {
                reached[at + 1] = true;
            }
        }
    };
    skip_stars(&mut reached);
    for letter in text.chars() {
        let mut next = vec![false; glob.len() + 1];
        for (at, expected) in glob.iter().enumerate().filter(|(at, _)| reached[*at]) {
            match expected {
                '*' => next[at] = true,
                '?' => next[at + 1] = true,
                expected => next[at + 1] |= *expected == letter,
            }
        }
        skip_stars(&mut next);
        reached = next;
    }
    reached[glob.len()]
}

#[cfg(test)]
mod tests {
    use airlock_model::Coded;

    use super::*;

    #[test]
    fn checks_are_selected_by_id_glob_group_framework_and_promise() {
        let ids = |selector: &'static str| matched(selector, &[]).unwrap();
        assert_eq!(ids("NET-010"), ["NET-010"]);
        assert_eq!(ids("REG-00?"), ["REG-001", "REG-004", "REG-003", "REG-006", "REG-002", "REG-005"]);
        assert_eq!(ids("*-021"), ["NET-021"]);
        assert_eq!(ids("group:REG"), ids("REG-*"));
        assert_eq!(ids("framework:cis-1.12/5.3.1"), ["NET-010"]);
        assert_eq!(ids("framework:cis/5.1.?"), ids("framework:cis-1.12/5.1.?"));
        assert!(ids("framework:pci-dss").contains(&"DBS-002") && !ids("framework:pci-dss").contains(&"WKL-007"));
        assert_eq!(ids("framework:nsa/Resource policies"), ["WKL-002", "AFL-006"]);
        assert!(ids("promise:P4").contains(&"MON-003"));
        assert_eq!(ids("*").len(), selectable().count());
    }

    #[test]
    fn a_control_may_stand_on_a_number_of_a_check_alone() {
        let names = |selector: &str| matched_of_part(selector, &[]).unwrap();
        assert_eq!(names("CPL-001/1.2.5"), ["CPL-001/1.2.5"]);
        assert_eq!(names("CPL-001/2.*").len(), 7);
        assert_eq!(names("framework:cis/4.2.4"), ["AUT-008/4.2.4"]);
        assert_eq!(names("framework:cis-1.12/5.1.7"), ["RBC-001"], "it is judged as a whole");
        assert_eq!(names("framework:pci-dss/10.2.1"), matched("framework:pci-dss/10.2.1", &[]).unwrap());
        assert_eq!(names("CPL-001"), ["CPL-001"]);
        for (selector, words) in [
            ("CPL-001/1.2.55", "did you mean `CPL-001/1.2."),
            ("AUT-008/1.2.5", "; AUT-008 judges 4.2.1, 4.2.2, "),
            ("CPL-002/1.2.5", "matches no check"),
            ("PSS-001/5.2.2", "matches no check"),
            ("CPL-01/1.2.5", "matches no check"),
        ] {
            let error = matched_of_part(selector, &[]).unwrap_err();
            assert_eq!((error.code().0, error.to_string().contains(words)), ("compliance.unknown-check", true), "{selector}: {error}");
        }
        assert!(matched("CPL-001/1.2.5", &[]).is_err(), "a profile makes a check as a whole");
    }

    #[test]
    fn what_matches_nothing_is_named_with_what_was_probably_meant() {
        for (selector, code, words) in [
            ("TLS-01", "compliance.unknown-check", "did you mean `TLS-001`?"),
            ("TLS-011", "compliance.unknown-check", "`TLS-011` matches no check so far; that authorities of admission webhooks are in date is not looked at, since what it reads is not collected yet"),
            ("TLSX-*", "compliance.unknown-check", "`TLSX-*` matches no check"),
            ("group:NTE", "compliance.unknown-check", "did you mean `group:NET`?"),
            ("framework:cis-1.13", "compliance.unknown-check", "did you mean `framework:cis-1.12`?"),
            ("framework:cis/5.2.99", "compliance.unknown-check", "did you mean `framework:cis-1.12/5.2."),
            ("framwork:cis", "compliance.unknown-check", "did you mean `framework:cis`?"),
            ("promise:P15", "compliance.unknown-check", "did you mean `promise:P"),
            ("", "compliance.unknown-check", "`` matches no check"),
            ("CLU-001", "compliance.preflight-check", "before an install"),
        ] {
            let error = matched(selector, &[]).unwrap_err();
            assert_eq!((error.code().0, error.to_string().contains(words)), (code, true), "{selector}: {error}");
        }
    }

    #[test]
    fn a_glob_of_many_stars_takes_no_time() {
        assert!(!matches_glob(&"*a".repeat(200), &"b".repeat(2000)));
        assert!(matches_glob("*1?", "PSS-010"));
        assert!(!matches_glob("PSS", "PSS-010"));
    }
}
