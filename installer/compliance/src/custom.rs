//! Checks of a profile's own: what `custom` says becomes checks as those of the catalogue are. `definition` holds it against what can
//! be meant and compiles its expressions, `judgement` evaluates them over objects, `example` tries a check on its own tests.
//!
//! An expression that cannot be evaluated is an `error`, objects that were not read are `unverified`, and nothing to judge is `not
//! applicable`: none of them passes.

mod definition;
mod example;
mod judgement;
mod selection;

use airlock_model::{Check, CheckSpec, CustomCheck, Finding, Need, Profile, Snapshot, World};

use crate::described::Texts;
use crate::error::ComplianceError;

use definition::Compiled;

/// Checks of its own that a profile has, at most.
pub(crate) const MOST: usize = 200;

/// Something that is wrong with a check.
pub(crate) struct CustomFault {
    /// Which of its keys: `validations[0].expression`.
    pub(crate) path: String,
    /// Line and column within the text there.
    pub(crate) within: Option<(u32, u32)>,
    pub(crate) error: ComplianceError,
}

/// All that is wrong with a check; with `lints` also what its tests show.
pub(crate) fn faults(check: &CustomCheck, lints: bool) -> Vec<CustomFault> {
    match definition::compile(check) {
        Ok(compiled) if lints => example::faults(&compiled),
        Ok(_) => Vec::new(),
        Err(faults) => faults,
    }
}

/// Checks of a profile's own, ready to be made.
#[derive(Debug)]
pub struct CustomChecks<'p>(Vec<Compiled<'p>>);

impl<'p> CustomChecks<'p> {
    /// All that a profile has.
    pub fn of(profile: &'p Profile) -> Result<Self, ComplianceError> {
        Self::compile(&profile.custom)
    }

    pub(crate) fn compile(checks: impl IntoIterator<Item = &'p CustomCheck>) -> Result<Self, ComplianceError> {
        let of = |check: &'p CustomCheck| {
            let nothing = || ComplianceError::Expression { message: format!("{}: it is not understood", check.id) };
            definition::compile(check).map_err(|faults| faults.into_iter().next().map_or_else(nothing, |fault| fault.error))
        };
        checks.into_iter().map(of).collect::<Result<_, _>>().map(Self)
    }

    /// They, as checks.
    pub fn checks(&self) -> Vec<OfProfile<'_>> {
        self.0.iter().map(OfProfile::of).collect()
    }
}

/// A check of a profile's own.
pub struct OfProfile<'c> {
    texts: Texts<'c>,
    compiled: &'c Compiled<'c>,
}

impl<'c> OfProfile<'c> {
    fn of(compiled: &'c Compiled<'c>) -> Self {
        let CustomCheck { id, title, severity, why, fix, .. } = compiled.check;
        let spec = CheckSpec { id, title, severity: *severity, promises: &[], explanation: &compiled.explanation, remedy: fix };
        Self { texts: Texts { spec, expected: title, why }, compiled }
    }
}

impl Check for OfProfile<'_> {
    fn spec(&self) -> &CheckSpec<'_> {
        &self.texts.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        self.compiled.matches().flat_map(selection::needs).collect()
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        judgement::findings(&self.texts, self.compiled, profile, given)
    }
}

#[cfg(test)]
mod tests;
