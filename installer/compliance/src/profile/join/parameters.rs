//! Parameters of a document, laid on those of the profiles above.

use airlock_model::{ParameterSetting, Profile, ProfileDocument};

use super::Joined;
use crate::parameter;
use crate::profile::held::settable;

impl Joined<'_> {
    pub(super) fn set(&mut self, document: &ProfileDocument) {
        for (index, custom) in document.custom.iter().enumerate() {
            let left = self.above.parameters.iter().filter(|(name, _)| parameter::is_of(name, &custom.id) && !document.parameters.contains_key(*name));
            for (name, value) in left {
                if let Err(error) = parameter::fitting(name, value, &self.profile.custom) {
                    let instead = "give this check a parameter that can be so, or an id of its own";
                    self.faults.value(&format!("custom[{index}].id"), format!("{} sets {name} to {value}; {instead} ({error})", self.names));
                }
            }
        }
        for (name, setting) in &document.parameters {
            let (path, value) = (format!("parameters.{name}"), setting.value());
            if setting.reason().is_some_and(|reason| reason.trim().is_empty()) {
                self.faults.value(&format!("{path}.reason"), "is empty");
            }
            match settable(&self.above, &self.profile.custom, &self.names, name, value) {
                Ok(()) => self.assign_parameter(name, setting),
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
    /// Of another value than a profile above sets, unless it is stricter, the reason is due.
    fn assign_parameter(&mut self, name: &str, setting: &ParameterSetting) {
        let value = setting.value();
        let former = self.above.parameters.get(name).filter(|former| *former != value);
        let is_looser = |former| parameter::known(name, &self.profile.custom).is_ok_and(|known| known.is_looser(value, former));
        match (setting.reason(), former) {
            (Some(reason), _) => drop(self.profile.parameter_reasons.insert(name.to_owned(), reason.to_owned())),
            (None, Some(former)) if is_looser(former) => {
                let instead = format!("say why, as in `{{ value: {value}, reason: … }}`");
                self.faults.value(&format!("parameters.{name}"), format!("{} sets it to {former}, and {value} is not stricter; {instead}", self.names));
            }
            // Why it had another value says nothing of this one.
            (None, Some(_)) => drop(self.profile.parameter_reasons.remove(name)),
            (None, None) => {}
        }
        self.profile.parameters.insert(name.to_owned(), value.clone());
    }
}

/// Parameters that a document makes looser than their checks have them, and does not say why. What is allowed is a list, and says what
/// it is.
pub(in crate::profile) fn unreasoned<'d>(document: &'d ProfileDocument, profile: &Profile) -> impl Iterator<Item = &'d str> {
    let is_unreasoned = |(name, setting): &(&String, &ParameterSetting)| {
        let unset = parameter::known(name, &profile.custom).ok().and_then(|known| Some((known, known.unset()?)));
        setting.reason().is_none() && !setting.value().is_array() && unset.is_some_and(|(known, unset)| !known.is_exact() && known.is_looser(setting.value(), &unset))
    };
    document.parameters.iter().filter(is_unreasoned).map(|(name, _)| name.as_str()).collect::<Vec<_>>().into_iter()
}
