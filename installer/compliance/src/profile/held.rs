//! What a profile keeps from those that extend it: checks that are locked or that an attempt alone decides, what they go by, and
//! the controls that they stand for.

use std::borrow::Cow;

use airlock_model::{Control, ControlCoverage, CustomCheck, Profile};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::ComplianceError;
use crate::parameter;

/// What a child may do instead of weakening.
pub(super) const AS_STRICT: &str = "it can be made stricter, not weaker";
/// The same where of two values neither is stricter.
const AS_IT_IS: &str = "of no other value it is known that it is as strict, so give the same one or none";

/// Whether a child may not weaken a check: it is locked, or only an attempt decides it.
pub(crate) fn is_held(profile: &Profile, id: &str) -> bool {
    profile.locked.checks.contains(id) || profile.must_probe.contains(id)
}

/// Whether a child may not weaken the gate.
pub(super) fn holds_anything(above: &Profile) -> bool {
    !above.locked.is_empty() || !above.must_probe.is_empty()
}

/// What is held, by its keys, as a profile has it: `failOn: medium, unverifiedFails: true`.
pub(super) fn by_keys(held: &impl Serialize) -> String {
    let Ok(Value::Object(keys)) = serde_json::to_value(held) else { return String::new() };
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    flat(keys).iter().map(|(key, value)| format!("{key}: {}", word(value))).collect::<Vec<_>>().join(", ")
}

/// Keys with those below them, as in `score.min`.
pub(super) fn flat(keys: Map<String, Value>) -> Map<String, Value> {
    let below = |(key, value)| match value {
        Value::Object(members) => flat(members).into_iter().map(|(member, value)| (format!("{key}.{member}"), value)).collect(),
        value => vec![(key, value)],
    };
    keys.into_iter().flat_map(below).collect()
}

/// Whether nobody signs but those whom the profile names: whoever could add a key could answer for what is held.
pub(super) fn keeps_keys(above: &Profile) -> bool {
    holds_anything(above) && !above.keys.is_empty()
}

/// Why a key cannot be added.
pub(super) fn unnamed_key(key: &str, by: String) -> ComplianceError {
    ComplianceError::Locked { what: format!("who signs exceptions and attestations (not {key})"), by, instead: "what it holds is answered for by the keys that it names, so have the key named there" }
}

/// Whether a child may only make a parameter stricter: it is locked, or a check is held that goes by it.
pub(super) fn holds(above: &Profile, name: &str) -> bool {
    above.locked.parameters.contains(name) || above.locked.checks.iter().chain(&above.must_probe).any(|id| parameter::goes_by(id, name))
}

/// The value of a parameter by which a profile judges: the one that is set, else what counts in its silence.
pub(super) fn value<'p>(profile: &'p Profile, name: &str) -> Option<Cow<'p, Value>> {
    let unset = || parameter::known(name, &profile.custom).ok().and_then(parameter::Known::unset);
    profile.parameters.get(name).map(Cow::Borrowed).or_else(|| unset().map(Cow::Owned))
}

/// Why a parameter, also one of these checks, cannot have a value in a profile that was joined of those with these names.
pub(super) fn settable(above: &Profile, custom: &[CustomCheck], names: &str, name: &str, wanted: &Value) -> Result<(), ComplianceError> {
    let parameter = parameter::fitting(name, wanted, custom)?;
    let held = if holds(above, name) { value(above, name) } else { None };
    match held {
        Some(held) if parameter.is_looser(wanted, &held) => {
            let instead = if parameter.is_exact() { AS_IT_IS } else { AS_STRICT };
            Err(ComplianceError::Locked { what: format!("the parameter {name} ({held})"), by: names.to_owned(), instead })
        }
        _ => Ok(()),
    }
}

/// What a control names of held checks, and one in its place would not. A check as a whole does not stand for one of its numbers, of
/// which it may say nothing.
pub(super) fn lost<'c>(above: &Profile, former: &'c Control, instead: &Control) -> Vec<&'c String> {
    let is_lost = |name: &&String| is_held(above, check_of(name)) && !instead.checks.contains(name);
    former.checks.iter().filter(is_lost).collect()
}

/// Whether held checks would show all of a control where they showed a part of it.
pub(super) fn claims_more(above: &Profile, former: &Control, instead: &Control) -> bool {
    is_shown_in_part(above, former) && instead.coverage == ControlCoverage::Full
}

/// Whether somebody's word would settle a control that held checks show in part, and that nobody's word settled.
pub(super) fn settles_more(above: &Profile, former: &Control, instead: &Control) -> bool {
    is_shown_in_part(above, former) && former.attest.is_none() && instead.attest.is_some()
}

fn is_shown_in_part(above: &Profile, control: &Control) -> bool {
    control.coverage == ControlCoverage::Partial && control.checks.iter().any(|name| is_held(above, check_of(name)))
}

/// What somebody had to answer for of a control, where the profile holds anything, and would not have to of one in its place. Of
/// another text nobody knows that it asks as much.
pub(super) fn unasked<'c>(above: &Profile, former: &'c Control, instead: &Control) -> Option<&'c str> {
    former.attest.as_deref().filter(|_| holds_anything(above) && former.attest != instead.attest)
}

/// The check of which a control, or an exception, may name a number.
pub(crate) fn check_of(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}
