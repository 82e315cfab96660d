//! The release that this program installs: its version and the images by name and tag.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ImageRef;

/// A release carries names and tags; digests come from a bundle, a lock, the installed record, or are resolved in the survey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Release {
    /// Its version, that of the program.
    pub version: semver::Version,
    /// Images by name.
    pub images: BTreeMap<String, ReleaseImage>,
}

/// An image of the release, as `templates/images.yaml` has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseImage {
    /// Public reference with its tag.
    pub reference: ImageRef,
    /// SPDX licence of the program in it.
    pub licence: String,
    /// What it is for.
    pub purpose: String,
}
