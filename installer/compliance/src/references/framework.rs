//! The frameworks that checks refer to, and the controls that each has: those of the profile that ships for it, which lists all.

use std::sync::LazyLock;

use airlock_model::ProfileDocument;

use super::{Reference, table};
use crate::profile::shipped_text;

/// A framework by the name that selectors know it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framework {
    /// `cis-1.12`; without its version it means the same.
    pub tag: &'static str,
    /// As [`Reference::framework`] has it.
    pub name: &'static str,
    /// As [`Reference::version`] has it.
    pub version: &'static str,
    /// The profile that ships and lists all of its controls.
    pub(crate) profile: &'static str,
}

impl Framework {
    pub(crate) fn is_called(&self, tag: &str) -> bool {
        tag == self.tag || tag == self.bare()
    }

    /// The tag without its version.
    pub(crate) fn bare(&self) -> &'static str {
        self.tag.strip_suffix(self.version).and_then(|name| name.strip_suffix('-')).unwrap_or(self.tag)
    }

    pub(crate) fn is_meant_by(&self, reference: Reference) -> bool {
        reference.framework == self.name && reference.version == self.version
    }

    /// The ids of all of its controls.
    pub(crate) fn controls(&self) -> &'static [String] {
        CONTROLS.iter().find(|(tag, _)| *tag == self.tag).map_or(&[], |(_, controls)| controls.as_slice())
    }

    /// One of its controls.
    pub(crate) fn reference(&self, id: &str) -> Option<Reference> {
        self.controls().iter().find(|known| *known == id).map(|known| Reference { framework: self.name, version: self.version, id: known })
    }
}

/// The framework of a tag, with its version or without.
pub(crate) fn called(tag: &str) -> Option<&'static Framework> {
    FRAMEWORKS.iter().find(|framework| framework.is_called(tag))
}

/// The frameworks that checks refer to.
pub(crate) static FRAMEWORKS: [Framework; 9] = [
    Framework { tag: "cis-1.12", name: table::CIS, version: "1.12", profile: "cis-1.12" },
    Framework { tag: "hipaa-2013", name: table::HIPAA, version: "2013", profile: "hipaa" },
    Framework { tag: "iso-27001-2022", name: table::ISO, version: "2022", profile: "iso-27001" },
    Framework { tag: "nist-800-190-2017", name: table::NIST190, version: "2017", profile: "nist-800-190" },
    Framework { tag: "nist-800-53-5", name: table::NIST, version: "5", profile: "nist-800-53" },
    Framework { tag: "nsa-1.2", name: table::NSA, version: "1.2", profile: "nsa" },
    Framework { tag: "pci-dss-4.0.1", name: table::PCI, version: "4.0.1", profile: "pci-dss-4" },
    Framework { tag: "pss-1.37", name: table::PSS, version: "1.37", profile: "pss" },
    Framework { tag: "soc2-2017", name: table::SOC2, version: "2017", profile: "soc2" },
];

/// The ids of each framework's controls, by its tag; read once, where a profile asks for them.
static CONTROLS: LazyLock<Vec<(&'static str, Vec<String>)>> = LazyLock::new(|| {
    let listed = |framework: &Framework| {
        let document = shipped_text(framework.profile).and_then(|text| ProfileDocument::from_yaml(text).ok());
        document.into_iter().flat_map(|(document, _)| document.controls).map(|control| control.id).collect()
    };
    FRAMEWORKS.iter().map(|framework| (framework.tag, listed(framework))).collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::references::table;

    #[test]
    fn every_framework_has_the_controls_that_checks_refer_to_and_all_others() {
        for framework in &FRAMEWORKS {
            assert!(framework.controls().len() >= 19, "{}", framework.tag);
            for reference in table::TABLE.iter().flat_map(super::super::Standing::references).filter(|reference| framework.is_meant_by(*reference)) {
                assert_eq!(framework.reference(reference.id), Some(reference), "{}", framework.tag);
            }
            assert_eq!((called(framework.tag), called(framework.bare())), (Some(framework), Some(framework)));
        }
        assert_eq!((called("cis-1.13"), called("iso-27001").unwrap().reference("5.99")), (None, None));
    }
}
