//! Profiles that one document extends become one before it is laid on them. Of two that disagree the later one counts, but for what
//! either has locked: that stays as strict as it is, whichever stands first.

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{Control, ControlCoverage, CustomCheck, ExceptionPolicy, Locked, Profile, ProfileGate, ProfileKey, Requirement};
use serde_json::Value;

use super::fault::Faults;
use super::held::{claims_more, holds, is_held, keeps_keys, lost, settles_more, unasked, unnamed_key, value};
use super::join::{assign, names_in_order, severity};
use super::requirement::{both, range};
use super::unprofiled;
use crate::error::ComplianceError;
use crate::parameter;

/// Ids that a message names, at most.
const SHOWN: usize = 3;
/// Between what two profiles ask to be attested of one control.
const JOINED: &str = "; ";

/// A profile that is extended.
pub(super) struct Parent {
    pub(super) name: String,
    /// Where the document names it.
    pub(super) at: String,
    pub(super) profile: Profile,
    pub(super) origins: Origins,
}

/// The files that a control is first listed in, by its id. What takes its place further down is of the same list.
pub(super) type Origins = BTreeMap<String, BTreeSet<String>>;

/// Those of a file that lists these controls itself.
pub(super) fn origins(parents: &[Parent], own: &[Control], file: &str) -> Origins {
    let mut origins = Origins::new();
    for (id, files) in parents.iter().flat_map(|parent| &parent.origins) {
        origins.entry(id.clone()).or_default().extend(files.iter().cloned());
    }
    for control in own {
        origins.entry(control.id.clone()).or_insert_with(|| BTreeSet::from([file.to_owned()]));
    }
    origins
}

/// Joins them; where two have locked what cannot both be kept, the later one is at fault.
pub(super) fn joined(parents: &[Parent], faults: &mut Faults<'_>) -> Profile {
    let profiles = || parents.iter().map(|parent| &parent.profile);
    let mut joined = Profile {
        checks: Vec::new(),
        gate: profiles().map(|profile| profile.gate).reduce(ProfileGate::strictest).unwrap_or_default(),
        exceptions: ExceptionPolicy {
            max_days: profiles().filter_map(|profile| profile.exceptions.max_days).min(),
            locked_checks: !parents.is_empty() && profiles().all(|profile| profile.exceptions.locked_checks),
        },
        requires: requires(parents, faults),
        must_probe: profiles().flat_map(|profile| profile.must_probe.iter().cloned()).collect(),
        locked: Locked {
            checks: profiles().flat_map(|profile| profile.locked.checks.iter().cloned()).collect(),
            parameters: profiles().flat_map(|profile| profile.locked.parameters.iter().cloned()).collect(),
        },
        ..unprofiled()
    };
    joined.custom = custom(parents, faults);
    let names: BTreeSet<&String> = profiles().flat_map(|profile| profile.parameters.keys()).collect();
    for name in names {
        match parameter(parents, &joined.custom, name) {
            Ok(Some(value)) => {
                if let Err(error) = parameter::fitting(name, &value, &joined.custom) {
                    let instead = "extend one of them, or have its check get an id of its own";
                    faults.value(last_about(parents, name), format!("{name} is {value} by one profile, and a check that another one gives that id does not take it ({error}); {instead}"));
                }
                joined.parameters.insert(name.clone(), value);
            }
            Ok(None) => {}
            Err((at, error)) => faults.add(at, error),
        }
    }
    joined.parameter_reasons = reasons(parents, &joined.parameters);
    let mut chosen = BTreeSet::new();
    for profile in profiles() {
        for id in &profile.checks {
            let theirs = severity(profile, id);
            let ours = chosen.contains(id).then(|| severity(&joined, id));
            let of_holders = parents.iter().filter(|parent| is_held(&parent.profile, id)).map(|parent| severity(&parent.profile, id)).max();
            let wanted = match ours {
                _ if of_holders.is_some() => theirs.max(ours.flatten()).max(of_holders.flatten()),
                Some(ours) if !profile.severities.contains_key(id) => ours,
                _ => theirs,
            };
            assign(&mut joined, id, wanted);
        }
        chosen.extend(profile.checks.iter().cloned());
    }
    joined.keys = keys(parents, faults);
    joined.checks = chosen.into_iter().collect();
    joined.controls = controls(parents, &joined);
    for (index, later) in parents.iter().enumerate() {
        for earlier in &parents[..index] {
            of_two_lists(earlier, later, faults);
        }
    }
    joined
}

fn requires(parents: &[Parent], faults: &mut Faults<'_>) -> Requirement {
    let mut joined = Requirement::default();
    for parent in parents {
        let wanted = both(&joined, &parent.profile.requires);
        match wanted.kubernetes.as_deref().map_or(Ok(()), |text| range(text).map(drop)) {
            Ok(()) => joined = wanted,
            Err(message) => faults.value(&parent.at, format!("its `requires.kubernetes` beside that of the profiles before it: {message}")),
        }
    }
    joined
}

fn keys(parents: &[Parent], faults: &mut Faults<'_>) -> Vec<ProfileKey> {
    let mut joined: Vec<ProfileKey> = Vec::new();
    for parent in parents {
        for key in &parent.profile.keys {
            if let Some(holder) = parents.iter().find(|other| keeps_keys(&other.profile) && !other.profile.keys.contains(key)) {
                faults.add(&parent.at, unnamed_key(&key.name, holder.name.clone()));
            } else if let Some(known) = joined.iter().find(|known| known.name == key.name) {
                if known != key {
                    faults.value(&parent.at, format!("its key {} is another one than that of a profile before it; have one of them named otherwise", key.name));
                }
            } else {
                joined.push(key.clone());
            }
        }
    }
    joined
}

fn custom(parents: &[Parent], faults: &mut Faults<'_>) -> Vec<CustomCheck> {
    let mut joined: Vec<CustomCheck> = Vec::new();
    for (index, parent) in parents.iter().enumerate() {
        for custom in &parent.profile.custom {
            let is_locked = |parent: &Parent| parent.profile.locked.checks.contains(&custom.id);
            let is_kept = parents[..index].iter().any(is_locked);
            match joined.iter_mut().find(|known| known.id == custom.id) {
                None => joined.push(custom.clone()),
                Some(known) if *known == *custom => {}
                Some(_) if is_kept && is_locked(parent) => {
                    let instead = "another profile that is extended locks another check of that id";
                    faults.add(&parent.at, ComplianceError::Locked { what: format!("what {} is", custom.id), by: parent.name.clone(), instead });
                }
                Some(_) if is_kept => {}
                Some(known) => known.clone_from(custom),
            }
        }
    }
    joined.sort_by(|a, b| a.id.cmp(&b.id));
    joined
}

/// Where the last of the profiles is named that sets a parameter, or has a check that it could be of.
fn last_about<'p>(parents: &'p [Parent], name: &str) -> &'p str {
    let is_about = |parent: &&Parent| parent.profile.parameters.contains_key(name) || parent.profile.custom.iter().any(|custom| parameter::is_of(name, &custom.id));
    parents.iter().rev().find(is_about).map_or("extends", |parent| parent.at.as_str())
}

/// The value that a parameter comes to, none where the one that counts is written nowhere; or where the last of those stands that
/// lock it and cannot all be kept, and why.
fn parameter<'p>(parents: &'p [Parent], custom: &[CustomCheck], name: &str) -> Result<Option<Value>, (&'p str, ComplianceError)> {
    let set = || parents.iter().filter_map(|parent| parent.profile.parameters.get(name));
    let held: Vec<_> = parents.iter().filter(|parent| holds(&parent.profile, name)).filter_map(|parent| Some((parent, value(&parent.profile, name)?))).collect();
    let Some((parameter, (last, _))) = parameter::known(name, custom).ok().zip(held.last()) else { return Ok(set().next_back().cloned()) };
    let is_written = |parent: &Parent| parent.profile.parameters.contains_key(name);
    let as_strict_as_all = held.iter().filter(|(_, value)| held.iter().all(|(_, other)| !parameter.is_looser(value, other)));
    let joined;
    let (strictest, holder) = if let Some((holder, value)) = as_strict_as_all.min_by_key(|(holder, _)| !is_written(holder)) {
        (value.as_ref(), Some(*holder).filter(|holder| is_written(holder)))
    } else {
        let values: Vec<&Value> = held.iter().map(|(_, value)| value.as_ref()).collect();
        let Some(value) = parameter.as_strict_as_all(&values) else {
            let by = held.iter().map(|(holder, value)| format!("{} at {value}", holder.name)).collect::<Vec<_>>().join(" and by ");
            let instead = "none of these is as strict as the others, so extend fewer of them, or ask their owners for one value";
            return Err((last.at.as_str(), ComplianceError::Locked { what: format!("the parameter {name}"), by, instead }));
        };
        joined = value;
        (&joined, None)
    };
    let counts = |value: &&Value| !parameter.is_looser(value, strictest) && (parameter.is_looser(strictest, value) || holder.is_none());
    let stricter = set().rev().find(counts).or_else(|| holder.and_then(|holder| holder.profile.parameters.get(name)));
    // What counts where nothing is written is written where its name is locked, since a lock is of a value.
    let is_locked = parents.iter().any(|parent| parent.profile.locked.parameters.contains(name));
    Ok(stricter.or_else(|| (is_locked || parameter.unset().as_ref() != Some(strictest)).then_some(strictest)).cloned())
}

/// Why the parameters are what they came to: as the last profile says that has that value and says it.
fn reasons(parents: &[Parent], parameters: &BTreeMap<String, Value>) -> BTreeMap<String, String> {
    let said = |name: &String, value: &Value| {
        let mut same = parents.iter().rev().map(|parent| &parent.profile).filter(|profile| profile.parameters.get(name) == Some(value));
        same.find_map(|profile| profile.parameter_reasons.get(name)).cloned()
    };
    parameters.iter().filter_map(|(name, value)| Some((name.clone(), said(name, value)?))).collect()
}

/// Controls of two lists, such as frameworks that number theirs alike: one would take the other's place without a word.
fn of_two_lists(earlier: &Parent, later: &Parent, faults: &mut Faults<'_>) {
    let listed_apart = |id: &String| match (earlier.origins.get(id), later.origins.get(id)) {
        (Some(one), Some(other)) => one.is_disjoint(other),
        _ => false,
    };
    let is_other = |control: &&Control| earlier.profile.controls.iter().any(|known| known.id == control.id && known != *control) && listed_apart(&control.id);
    let ids: Vec<&str> = later.profile.controls.iter().filter(is_other).map(|control| control.id.as_str()).collect();
    if ids.is_empty() {
        return;
    }
    let shown = &ids[..ids.len().min(SHOWN)];
    let more = if ids.len() > SHOWN { format!(", and {} more", ids.len() - SHOWN) } else { String::new() };
    let (one, other) = (&earlier.name, &later.name);
    faults.value(&later.at, format!("{one} and {other} list different controls by the same ids ({}{more}); extend one of them, and judge by the other in a run of its own", shown.join(", ")));
}

/// One takes the place of another of the same id, unless held checks would no longer stand for it, or for more of it.
fn controls(parents: &[Parent], joined: &Profile) -> Vec<Control> {
    let mut controls: Vec<Control> = Vec::new();
    for control in parents.iter().flat_map(|parent| &parent.profile.controls) {
        let Some(known) = controls.iter_mut().find(|known| known.id == control.id) else {
            controls.push(control.clone());
            continue;
        };
        let is_in_part = claims_more(joined, known, control) || claims_more(joined, control, known);
        let attest = both_asked(joined, known, control);
        if lost(joined, known, control).is_empty() {
            known.clone_from(control);
        } else {
            let names: BTreeSet<String> = known.checks.iter().chain(lost(joined, control, known)).cloned().collect();
            known.checks = names_in_order(&joined.custom, &names);
        }
        if is_in_part {
            known.coverage = ControlCoverage::Partial;
        }
        known.attest = attest;
    }
    controls
}

/// What is to be attested of a control: as the later one says, and where anything is held what either does, unless it is one that
/// nobody's word settles.
fn both_asked(joined: &Profile, known: &Control, control: &Control) -> Option<String> {
    if settles_more(joined, known, control) || settles_more(joined, control, known) {
        return None;
    }
    match (&known.attest, &control.attest) {
        (Some(former), Some(later)) if unasked(joined, known, control).is_some() => {
            let mut texts: Vec<&str> = former.split(JOINED).collect();
            for text in later.split(JOINED) {
                if !texts.contains(&text) {
                    texts.push(text);
                }
            }
            Some(texts.join(JOINED))
        }
        (Some(former), None) if unasked(joined, known, control).is_some() => Some(former.clone()),
        (_, later) => later.clone(),
    }
}
