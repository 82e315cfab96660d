//! A document and the profiles that it extends become one profile. What those have locked is not weakened.

use std::collections::BTreeSet;

use airlock_model::{Control, ControlCoverage, CustomCheck, ExceptionPolicy, Profile, ProfileDocument, ProfileGate, Requirement, Severity};

use super::fault::Faults;
use super::requirement::{both, range};
use super::selector::{matched, matched_of_control};
use super::unprofiled;
use crate::catalogue::{check, is_tried, numbers, selectable};
use crate::custom;
use crate::error::ComplianceError;
use crate::parameter;
use crate::public_key::PublicKey;

/// A profile that is extended.
pub(super) struct Parent {
    pub(super) name: String,
    pub(super) profile: Profile,
}

/// What a child may do instead of weakening.
const AS_STRICT: &str = "it can be made stricter, not weaker";

/// Joins; everything that is wrong with the document is said at once. With `lints` the tests of its own checks are tried.
pub(super) fn join(document: ProfileDocument, parents: Vec<Parent>, faults: Faults<'_>, lints: bool) -> Result<Profile, ComplianceError> {
    let mut joined = Joined::of(parents, faults);
    joined.define(&document.custom, lints);
    joined.select(&document);
    joined.rule(&document);
    joined.gate(&document);
    joined.set(&document);
    joined.control(&document.controls);
    joined.sign(&document);
    joined.require(&document);
    joined.end(document)
}

struct Joined<'a> {
    profile: Profile,
    /// Ids of the selected checks.
    chosen: BTreeSet<String>,
    /// What the profiles above have locked.
    above: Profile,
    names: String,
    faults: Faults<'a>,
}

impl<'a> Joined<'a> {
    /// The profiles above, joined: of two that disagree, what was locked stays as strict as it is, and else the later one counts.
    fn of(parents: Vec<Parent>, mut faults: Faults<'a>) -> Self {
        let names = parents.iter().map(|parent| parent.name.clone()).collect::<Vec<_>>().join(", ");
        let mut profile = Profile { checks: Vec::new(), ..unprofiled() };
        let gates = parents.iter().map(|parent| parent.profile.gate).reduce(ProfileGate::strictest);
        profile.gate = gates.unwrap_or_default();
        profile.exceptions = ExceptionPolicy {
            max_days: parents.iter().filter_map(|parent| parent.profile.exceptions.max_days).min(),
            locked_checks: !parents.is_empty() && parents.iter().all(|parent| parent.profile.exceptions.locked_checks),
        };
        profile.requires = parents.iter().fold(Requirement::default(), |joined, parent| both(&joined, &parent.profile.requires));
        let mut chosen = BTreeSet::new();
        for Parent { profile: mut parent, name } in parents {
            for custom in &parent.custom {
                let is_locked = |profile: &Profile| profile.locked.checks.contains(&custom.id);
                match profile.custom.iter().position(|known| known.id == custom.id) {
                    None => profile.custom.push(custom.clone()),
                    Some(at) if profile.custom[at] == *custom => {}
                    Some(_) if is_locked(&profile) && is_locked(&parent) => {
                        let instead = "another profile that is extended locks another check of that id";
                        faults.add("extends", ComplianceError::Locked { what: format!("what {} is", custom.id), by: name.clone(), instead });
                    }
                    Some(_) if is_locked(&profile) => {}
                    Some(at) => profile.custom[at] = custom.clone(),
                }
            }
            for (name, value) in std::mem::take(&mut parent.parameters) {
                let keeps =
                    holds(&profile, &name) && parameter::known(&name, &parent.custom).ok().zip(profile.parameters.get(&name)).is_some_and(|(parameter, locked)| parameter.is_looser(&value, locked));
                if !keeps {
                    profile.parameters.insert(name, value);
                }
            }
            for id in &parent.checks {
                let theirs = severity(&parent, id);
                let ours = chosen.contains(id).then(|| severity(&profile, id));
                let is_locked = is_held(&profile, id) || is_held(&parent, id);
                let severity = match ours {
                    Some(ours) if is_locked => theirs.max(ours),
                    Some(ours) if !parent.severities.contains_key(id) => ours,
                    _ => theirs,
                };
                assign(&mut profile, id, severity);
            }
            chosen.extend(parent.checks);
            profile.must_probe.extend(parent.must_probe);
            profile.locked.checks.extend(parent.locked.checks);
            profile.locked.parameters.extend(parent.locked.parameters);
            replace(&mut profile.controls, parent.controls);
            profile.keys.extend(parent.keys.into_iter().filter(|key| !profile.keys.contains(key)).collect::<Vec<_>>());
        }
        Self { above: profile.clone(), profile, chosen, names, faults }
    }

    fn locked(&self, what: String) -> ComplianceError {
        ComplianceError::Locked { what, by: self.names.clone(), instead: AS_STRICT }
    }

    /// Checks of the document's own. What is wrong with one does not keep selectors from meaning it.
    fn define(&mut self, own: &[CustomCheck], lints: bool) {
        for (index, custom) in own.iter().enumerate() {
            let path = format!("custom[{index}]");
            if own[..index].iter().any(|other| other.id == custom.id) {
                self.faults.value(&format!("{path}.id"), format!("the check {} stands twice", custom.id));
            }
            if self.above.locked.checks.contains(&custom.id) && self.above.custom.iter().any(|above| above.id == custom.id && above != custom) {
                let error = ComplianceError::Locked { what: format!("the check {}", custom.id), by: self.names.clone(), instead: "give yours an id of its own" };
                self.faults.add(&format!("{path}.id"), error);
            }
            for fault in custom::faults(custom, lints) {
                match fault.within {
                    Some(place) => self.faults.within(&format!("{path}.{}", fault.path), place, fault.error),
                    None => self.faults.add(&format!("{path}.{}", fault.path), fault.error),
                }
            }
            match self.profile.custom.iter_mut().find(|known| known.id == custom.id) {
                Some(known) => *known = custom.clone(),
                None => self.profile.custom.push(custom.clone()),
            }
            self.chosen.insert(custom.id.clone());
        }
        self.profile.custom.sort_by(|a, b| a.id.cmp(&b.id));
        if self.profile.custom.len() > custom::MOST {
            self.faults.value("custom", format!("with those of the profiles above there are {}; at most {} are made", self.profile.custom.len(), custom::MOST));
        }
    }

    fn select(&mut self, document: &ProfileDocument) {
        for (index, selector) in document.checks.iter().enumerate() {
            match matched(selector, &self.profile.custom) {
                Ok(ids) => self.chosen.extend(ids.into_iter().map(str::to_owned)),
                Err(error) => self.faults.add(&format!("checks[{index}]"), error),
            }
        }
        for (index, left) in document.exclude.iter().enumerate() {
            if left.reason.trim().is_empty() {
                self.faults.value(&format!("exclude[{index}].reason"), "say why these checks are left out");
            }
            for id in self.hit(&format!("exclude[{index}]"), &left.checks) {
                if is_held(&self.above, &id) {
                    self.faults.add(&format!("exclude[{index}]"), self.locked(format!("the check {id}")));
                } else {
                    self.chosen.remove(&id);
                    self.profile.severities.remove(&id);
                    self.profile.must_probe.remove(&id);
                }
            }
        }
    }

    /// The selected checks that selectors match; each of them has to match one.
    fn hit(&mut self, path: &str, selectors: &[String]) -> BTreeSet<String> {
        let mut hit = BTreeSet::new();
        if selectors.is_empty() {
            self.faults.value(&format!("{path}.checks"), "name at least one check");
        }
        for (index, selector) in selectors.iter().enumerate() {
            let at = format!("{path}.checks[{index}]");
            match matched(selector, &self.profile.custom) {
                Err(error) => self.faults.add(&at, error),
                Ok(ids) => {
                    let before = hit.len();
                    hit.extend(ids.iter().filter(|id| self.chosen.contains(**id)).map(|id| (*id).to_owned()));
                    if hit.len() == before && !ids.iter().any(|id| self.chosen.contains(*id)) {
                        self.faults.add(&at, ComplianceError::Idle { selector: selector.clone() });
                    }
                }
            }
        }
        hit
    }

    fn rule(&mut self, document: &ProfileDocument) {
        for (index, rule) in document.rules.iter().enumerate() {
            let path = format!("rules[{index}]");
            if rule.severity.is_none() && !rule.locked && !rule.must_probe {
                self.faults.value(&path, "a rule sets severity, locked, or mustProbe");
            }
            if rule.severity.is_some() && rule.reason.trim().is_empty() {
                self.faults.value(&path, "say under `reason` why the severity is another one");
            }
            for id in self.hit(&path, &rule.checks) {
                if let Some(wanted) = rule.severity {
                    if is_held(&self.above, &id) && Some(wanted) < severity(&self.above, &id) {
                        self.faults.add(&path, self.locked(format!("the severity of {id}")));
                    } else {
                        assign(&mut self.profile, &id, Some(wanted));
                    }
                }
                if rule.must_probe && !check(&id).is_some_and(is_tried) {
                    self.faults.add(&path, ComplianceError::NoAttempt { check: id.clone() });
                } else if rule.must_probe {
                    self.profile.must_probe.insert(id.clone());
                }
                if rule.locked {
                    self.profile.locked.checks.insert(id);
                }
            }
        }
    }

    fn gate(&mut self, document: &ProfileDocument) {
        let Some(rule) = document.gate else { return };
        let above = self.above.gate;
        let gate = ProfileGate { fail_on: rule.fail_on.unwrap_or(above.fail_on), unverified_fails: rule.unverified_fails.unwrap_or(above.unverified_fails) };
        if holds_anything(&self.above) && gate.strictest(above) != gate {
            self.faults.add("gate", self.locked("the gate".to_owned()));
        }
        self.profile.gate = gate;
    }

    fn set(&mut self, document: &ProfileDocument) {
        for (name, value) in &document.parameters {
            let path = format!("parameters.{name}");
            match settable(&self.above, &self.profile.custom, &self.names, name, value) {
                Ok(()) => drop(self.profile.parameters.insert(name.clone(), value.clone())),
                Err(error) => self.faults.add(&path, error),
            }
        }
        for (index, name) in document.locked_parameters.iter().enumerate() {
            let path = format!("lockedParameters[{index}]");
            if let Err(error) = parameter::known(name, &self.profile.custom) {
                self.faults.add(&path, error);
            } else if self.profile.parameters.contains_key(name) {
                self.profile.locked.parameters.insert(name.clone());
            } else {
                self.faults.value(&path, format!("{name} is not set; set it under `parameters` as well"));
            }
        }
    }

    fn control(&mut self, controls: &[Control]) {
        let mut own: Vec<Control> = Vec::new();
        for (index, control) in controls.iter().enumerate() {
            let path = format!("controls[{index}]");
            for (key, text) in [("id", &control.id), ("title", &control.title)] {
                if text.trim().is_empty() {
                    self.faults.value(&format!("{path}.{key}"), "is empty");
                }
            }
            if own.iter().any(|other| other.id == control.id) {
                self.faults.value(&format!("{path}.id"), format!("the control {} stands twice", control.id));
            }
            if control.coverage == ControlCoverage::Organisational && !control.checks.is_empty() {
                self.faults.value(&format!("{path}.checks"), "no check shows what is organisational; say `partial`, or take the checks out");
            }
            let mut names = BTreeSet::new();
            for (number, selector) in control.checks.iter().enumerate() {
                match matched_of_control(selector, &self.profile.custom) {
                    Ok(found) => names.extend(found),
                    Err(error) => self.faults.add(&format!("{path}.checks[{number}]"), error),
                }
            }
            own.push(Control { checks: names_in_order(&self.profile.custom, &names), ..control.clone() });
        }
        replace(&mut self.profile.controls, own);
    }

    fn sign(&mut self, document: &ProfileDocument) {
        for (index, key) in document.keys.iter().enumerate() {
            let path = format!("keys[{index}]");
            if key.name.trim().is_empty() {
                self.faults.value(&format!("{path}.name"), "is empty");
            }
            if let Err(error) = PublicKey::from_pem(&key.public_key) {
                self.faults.value(&format!("{path}.publicKey"), error.to_string());
            }
            match self.profile.keys.iter().find(|known| known.name == key.name) {
                Some(known) if known != key => self.faults.value(&format!("{path}.name"), format!("the key {} is another one already", key.name)),
                Some(_) => {}
                None => self.profile.keys.push(key.clone()),
            }
        }
        let Some(rule) = document.exceptions else { return };
        let above = self.above.exceptions;
        let policy = ExceptionPolicy { max_days: rule.max_days.or(above.max_days), locked_checks: rule.locked_checks.unwrap_or(above.locked_checks) };
        let reaches_further = above.max_days.is_some_and(|days| policy.max_days.is_none_or(|wanted| wanted > days));
        if holds_anything(&self.above) && (reaches_further || policy.locked_checks && !above.locked_checks) {
            self.faults.add("exceptions", self.locked("how far exceptions may go".to_owned()));
        }
        self.profile.exceptions = policy;
    }

    fn require(&mut self, document: &ProfileDocument) {
        if let Some(own) = &document.requires {
            let joined = both(&self.above.requires, own);
            let wrong = |kubernetes: &Option<String>| kubernetes.as_deref().and_then(|text| range(text).err());
            if let Some(message) = wrong(&own.kubernetes).or_else(|| wrong(&joined.kubernetes)) {
                self.faults.value("requires.kubernetes", message);
            }
            self.profile.requires = joined;
        }
        let (made, least) = (self.chosen.len(), self.profile.requires.min_checks.unwrap_or_default());
        // With other faults selectors may have matched less.
        if self.faults.is_empty() && u32::try_from(made).is_ok_and(|made| made < least) {
            let own = document.requires.as_ref().is_some_and(|own| own.min_checks == Some(least));
            self.faults.value(if own { "requires.minChecks" } else { "exclude" }, format!("the profile comes to {made} of at least {least} checks"));
        }
    }

    fn end(mut self, document: ProfileDocument) -> Result<Profile, ComplianceError> {
        for (key, text) in [("name", &document.metadata.name), ("version", &document.metadata.version), ("owner", &document.metadata.owner)] {
            if text.trim().is_empty() {
                self.faults.value(&format!("metadata.{key}"), "is empty");
            }
        }
        if self.chosen.is_empty() && self.faults.is_empty() {
            self.faults.add("checks", ComplianceError::NoChecks { name: document.metadata.name.clone() });
        }
        self.faults.end()?;
        Ok(Profile { metadata: document.metadata, checks: in_order(&self.profile.custom, |id| self.chosen.contains(id)), ..self.profile })
    }
}

/// Ids in the order of the catalogue, then of the profile's own: what two files say alike is written alike.
fn in_order(custom: &[CustomCheck], is_meant: impl Fn(&str) -> bool) -> Vec<String> {
    let known = selectable().map(|check| check.spec().id).chain(custom.iter().map(|check| check.id.as_str()));
    known.filter(|id| is_meant(id)).map(str::to_owned).collect()
}

/// The same with the numbers that are meant of a check.
fn names_in_order(custom: &[CustomCheck], names: &BTreeSet<String>) -> Vec<String> {
    let of_check = |id: String| {
        let numbered: Vec<String> = numbers(&id).iter().map(|number| format!("{id}/{number}")).collect();
        [id].into_iter().chain(numbered).filter(|name| names.contains(name)).collect::<Vec<_>>()
    };
    in_order(custom, |id| names.iter().any(|name| name.split('/').next() == Some(id))).into_iter().flat_map(of_check).collect()
}

/// Whether a child may not weaken a check: it is locked, or only an attempt decides it.
fn is_held(above: &Profile, id: &str) -> bool {
    above.locked.checks.contains(id) || above.must_probe.contains(id)
}

/// Whether a child may only make a parameter stricter that is set above: it is locked, or its check is.
fn holds(above: &Profile, name: &str) -> bool {
    above.locked.parameters.contains(name) || name.split_once('.').is_some_and(|(check, _)| is_held(above, check))
}

fn holds_anything(above: &Profile) -> bool {
    !above.locked.is_empty() || !above.must_probe.is_empty()
}

/// Why a parameter, also one of these checks, cannot have a value in a profile that was joined of those with these names.
pub(super) fn settable(above: &Profile, custom: &[CustomCheck], names: &str, name: &str, value: &serde_json::Value) -> Result<(), ComplianceError> {
    let parameter = parameter::known(name, custom)?;
    if let Some(reason) = parameter.refuses(value) {
        return Err(ComplianceError::ParameterValue { name: name.to_owned(), reason });
    }
    match above.parameters.get(name) {
        Some(locked) if holds(above, name) && parameter.is_looser(value, locked) => Err(ComplianceError::Locked { what: format!("the parameter {name}"), by: names.to_owned(), instead: AS_STRICT }),
        _ => Ok(()),
    }
}

/// How bad a check is where the profile does not say otherwise.
pub(super) fn own_severity(id: &str, custom: &[CustomCheck]) -> Option<Severity> {
    check(id).map(|check| check.spec().severity).or_else(|| custom.iter().find(|check| check.id == id).map(|check| check.severity))
}

/// How bad a check is: as the profile says, else as the check does.
fn severity(profile: &Profile, id: &str) -> Option<Severity> {
    profile.severities.get(id).copied().or_else(|| own_severity(id, &profile.custom))
}

/// Only what differs from the check is kept.
fn assign(profile: &mut Profile, id: &str, wanted: Option<Severity>) {
    match wanted {
        Some(wanted) if own_severity(id, &profile.custom).is_some_and(|own| own != wanted) => drop(profile.severities.insert(id.to_owned(), wanted)),
        _ => drop(profile.severities.remove(id)),
    }
}

/// A control takes the place of one with its id.
fn replace(controls: &mut Vec<Control>, own: Vec<Control>) {
    for control in own {
        match controls.iter_mut().find(|other| other.id == control.id) {
            Some(other) => *other = control,
            None => controls.push(control),
        }
    }
}
