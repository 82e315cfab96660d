//! Controls of a document, laid on those of the profiles above.

use std::collections::BTreeSet;

use airlock_model::{Control, ControlCoverage, Profile};

use super::{Joined, names_in_order};
use crate::error::ComplianceError;
use crate::profile::held::{claims_more, lost, settles_more, unasked};
use crate::profile::selector::matched_of_part;
use crate::profile::siblings::Origins;
use crate::references::called;

impl Joined<'_> {
    pub(super) fn control(&mut self, controls: &[Control]) {
        let mut own: Vec<Control> = Vec::new();
        for (index, control) in controls.iter().enumerate() {
            let path = format!("controls[{index}]");
            for (key, text) in [("id", &control.id), ("title", &control.title)] {
                if text.trim().is_empty() {
                    self.faults.value(&format!("{path}.{key}"), "is empty");
                }
            }
            if control.attest.as_ref().is_some_and(|attest| attest.trim().is_empty()) {
                self.faults.value(&format!("{path}.attest"), "is empty");
            }
            if own.iter().any(|other| other.id == control.id) {
                self.faults.value(&format!("{path}.id"), format!("the control {} stands twice", control.id));
            }
            if control.coverage == ControlCoverage::Organisational && !control.checks.is_empty() {
                self.faults.value(&format!("{path}.checks"), "no check shows what is organisational; say `partial`, or take the checks out");
            }
            let mut names = BTreeSet::new();
            for (number, selector) in control.checks.iter().enumerate() {
                match matched_of_part(selector, &self.profile.custom) {
                    Ok(found) => names.extend(found),
                    Err(error) => self.faults.add(&format!("{path}.checks[{number}]"), error),
                }
            }
            let control = Control { checks: names_in_order(&self.profile.custom, &names), ..control.clone() };
            let former = self.above.controls.iter().find(|former| former.id == control.id);
            for name in former.into_iter().flat_map(|former| lost(&self.above, former, &control)) {
                let (what, instead) = (format!("that {name} stands for the control {}", control.id), "name it there as well, or give yours an id of its own");
                self.faults.add(&path, ComplianceError::Locked { what, by: self.names.clone(), instead });
            }
            if former.is_some_and(|former| claims_more(&self.above, former, &control)) {
                let (what, instead) = (format!("that the control {} is shown in part", control.id), "say `coverage: partial` there as well, or give yours an id of its own");
                self.faults.add(&path, ComplianceError::Locked { what, by: self.names.clone(), instead });
            }
            if former.is_some_and(|former| settles_more(&self.above, former, &control)) {
                let (what, instead) = (format!("that nobody's word settles the control {}", control.id), "leave `attest` out there as well, or give yours an id of its own");
                self.faults.add(&path, ComplianceError::Locked { what, by: self.names.clone(), instead });
            }
            if let Some(asked) = former.and_then(|former| unasked(&self.above, former, &control)) {
                let (what, instead) = (format!("what is to be attested of the control {} ({asked})", control.id), "say the same there, or give yours an id of its own");
                self.faults.add(&path, ComplianceError::Locked { what, by: self.names.clone(), instead });
            }
            own.push(control);
        }
        replace(&mut self.profile.controls, own);
    }

    /// Selected checks of the profile's own stand for the controls of frameworks that they name, where the profile of the framework is
    /// extended.
    pub(super) fn count(&mut self, origins: &Origins) {
        let Profile { custom, controls: listed, .. } = &mut self.profile;
        for check in custom.iter().filter(|check| self.chosen.contains(&check.id)) {
            let asking = check.frameworks.iter().filter_map(|(tag, ids)| Some((called(tag)?, ids)));
            for (framework, ids) in asking {
                let is_listed_there = |id: &String| origins.get(id).is_some_and(|files| files.contains(framework.profile));
                for control in listed.iter_mut().filter(|control| ids.contains(&control.id) && is_listed_there(&control.id)) {
                    let names: BTreeSet<String> = control.checks.iter().chain([&check.id]).cloned().collect();
                    control.checks = names_in_order(custom, &names);
                    if control.coverage == ControlCoverage::Organisational {
                        control.coverage = ControlCoverage::Partial;
                    }
                }
            }
        }
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
