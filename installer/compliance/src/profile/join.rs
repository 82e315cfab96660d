//! A document and the profiles that it extends become one profile. What those have locked is not weakened. `parameters` and
//! `controls` say it of these parts.

mod controls;
mod parameters;

use std::collections::BTreeSet;

use airlock_model::{CustomCheck, ExceptionPolicy, Profile, ProfileDocument, ProfileGate, Severity};

use super::fault::Faults;
use super::held::{AS_STRICT, by_keys, holds_anything, is_held, keeps_keys, unnamed_key};
use super::requirement::{both, range};
use super::selector::matched;
use super::siblings::{self, Origins, Parent};
use crate::catalogue::{check, is_tried, numbers, selectable};
use crate::custom;
use crate::error::ComplianceError;
use crate::public_key::PublicKey;

pub(super) use parameters::unreasoned;

/// Joins; everything that is wrong with the document is said at once. With `lints` the tests of its own checks are tried.
pub(super) fn join(document: &ProfileDocument, parents: &[Parent], origins: &Origins, faults: Faults<'_>, lints: bool) -> Result<Profile, ComplianceError> {
    let mut joined = Joined::of(parents, faults);
    joined.define(&document.custom, lints);
    joined.select(document);
    joined.rule(document);
    joined.gate(document);
    joined.set(document);
    joined.control(&document.controls);
    joined.count(origins);
    joined.sign(document);
    joined.require(document);
    joined.end(document)
}

struct Joined<'a> {
    profile: Profile,
    /// Ids of the selected checks.
    chosen: BTreeSet<String>,
    /// Ids of checks that the document leaves out.
    left_out: BTreeSet<String>,
    /// What the profiles above have locked.
    above: Profile,
    names: String,
    faults: Faults<'a>,
}

impl<'a> Joined<'a> {
    fn of(parents: &[Parent], mut faults: Faults<'a>) -> Self {
        let names = parents.iter().map(|parent| parent.name.clone()).collect::<Vec<_>>().join(", ");
        let mut profile = siblings::joined(parents, &mut faults);
        let chosen = std::mem::take(&mut profile.checks).into_iter().collect();
        Self { above: profile.clone(), profile, chosen, left_out: BTreeSet::new(), names, faults }
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
            // How bad the profiles above say that it is may be how bad it is now.
            if let Some(wanted) = self.profile.severities.get(&custom.id).copied() {
                assign(&mut self.profile, &custom.id, Some(wanted));
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
        let mut left_out = BTreeSet::new();
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
                    left_out.insert(id);
                }
            }
        }
        self.left_out = left_out;
    }

    /// The selected checks that selectors match; each of them has to match one, or be the id of one that the document leaves out: so a
    /// run of some checks is written down with the locks of all.
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
                    let is_meant = |id: &str| self.chosen.contains(id) || id == selector && self.left_out.contains(id);
                    let meant: Vec<String> = ids.into_iter().filter(|id| is_meant(id)).map(str::to_owned).collect();
                    if meant.is_empty() {
                        self.faults.add(&at, ComplianceError::Idle { selector: selector.clone() });
                    }
                    hit.extend(meant);
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
                    if !self.chosen.contains(&id) {
                        self.faults.add(&path, ComplianceError::Idle { selector: id.clone() });
                    } else if is_held(&self.above, &id) && Some(wanted) < severity(&self.above, &id) {
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
        let gate = ProfileGate { fail_on: rule.fail_on.unwrap_or(above.fail_on), unverified_fails: rule.unverified_fails.unwrap_or(above.unverified_fails), score: rule.score.or(above.score) };
        if holds_anything(&self.above) && gate.strictest(above) != gate {
            self.faults.add("gate", self.locked(format!("the gate ({})", by_keys(&above))));
        }
        self.profile.gate = gate;
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
                None if keeps_keys(&self.above) => self.faults.add(&path, unnamed_key(&key.name, self.names.clone())),
                None => self.profile.keys.push(key.clone()),
            }
        }
        let Some(rule) = document.exceptions else { return };
        let above = self.above.exceptions;
        let policy = ExceptionPolicy { max_days: rule.max_days.or(above.max_days), locked_checks: rule.locked_checks.unwrap_or(above.locked_checks) };
        let reaches_further = above.max_days.is_some_and(|days| policy.max_days.is_none_or(|wanted| wanted > days));
        if holds_anything(&self.above) && (reaches_further || policy.locked_checks && !above.locked_checks) {
            self.faults.add("exceptions", self.locked(format!("how far exceptions may go ({})", by_keys(&above))));
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

    fn end(mut self, document: &ProfileDocument) -> Result<Profile, ComplianceError> {
        for (key, text) in [("name", &document.metadata.name), ("version", &document.metadata.version), ("owner", &document.metadata.owner)] {
            if text.trim().is_empty() {
                self.faults.value(&format!("metadata.{key}"), "is empty");
            }
        }
        if self.chosen.is_empty() && self.faults.is_empty() {
            self.faults.add("checks", ComplianceError::NoChecks { name: document.metadata.name.clone() });
        }
        self.faults.end()?;
        Ok(Profile { metadata: document.metadata.clone(), checks: in_order(&self.profile.custom, |id| self.chosen.contains(id)), ..self.profile })
    }
}

/// Ids in the order of the catalogue, then of the profile's own: what two files say alike is written alike.
pub(super) fn in_order(custom: &[CustomCheck], is_meant: impl Fn(&str) -> bool) -> Vec<String> {
    let known = selectable().map(|check| check.spec().id).chain(custom.iter().map(|check| check.id.as_str()));
    known.filter(|id| is_meant(id)).map(str::to_owned).collect()
}

/// The same with the numbers that are meant of a check.
pub(super) fn names_in_order(custom: &[CustomCheck], names: &BTreeSet<String>) -> Vec<String> {
    let of_check = |id: String| {
        let numbered: Vec<String> = numbers(&id).iter().map(|number| format!("{id}/{number}")).collect();
        [id].into_iter().chain(numbered).filter(|name| names.contains(name)).collect::<Vec<_>>()
    };
    in_order(custom, |id| names.iter().any(|name| name.split('/').next() == Some(id))).into_iter().flat_map(of_check).collect()
}

/// How bad a check is where the profile does not say otherwise.
pub(super) fn own_severity(id: &str, custom: &[CustomCheck]) -> Option<Severity> {
    check(id).map(|check| check.spec().severity).or_else(|| custom.iter().find(|check| check.id == id).map(|check| check.severity))
}

/// How bad a check is: as the profile says, else as the check does.
pub(super) fn severity(profile: &Profile, id: &str) -> Option<Severity> {
    profile.severities.get(id).copied().or_else(|| own_severity(id, &profile.custom))
}

/// Only what differs from the check is kept.
pub(super) fn assign(profile: &mut Profile, id: &str, wanted: Option<Severity>) {
    match wanted {
        Some(wanted) if own_severity(id, &profile.custom).is_some_and(|own| own != wanted) => drop(profile.severities.insert(id.to_owned(), wanted)),
        _ => drop(profile.severities.remove(id)),
    }
}
