//! Which images this program installs: `templates/images.yaml`, with the program's own version filled in.

use std::collections::BTreeMap;

use airlock_model::{ImageRef, Release, ReleaseImage};
use serde::Deserialize;

use crate::RenderError;
use crate::library::Library;
use crate::manifest;

const FILE: &str = "images.yaml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    reference: String,
    licence: String,
    purpose: String,
}

/// Reads which images this program installs, by name and tag.
pub fn release() -> Result<Release, RenderError> {
    from_library(&Library::shipped())
}

pub(crate) fn from_library(library: &Library) -> Result<Release, RenderError> {
    let declaration = |message: String| RenderError::Declaration { file: FILE.into(), message };
    let version: semver::Version = env!("CARGO_PKG_VERSION").parse().map_err(|error: semver::Error| declaration(error.to_string()))?;
    let text = library.text(FILE).ok_or_else(|| declaration("there is no such file".into()))?;
    let entries: BTreeMap<String, Entry> = manifest::declaration(FILE, text)?;
    let image = |(name, entry): (String, Entry)| {
        let reference: ImageRef = entry.reference.replace("{version}", &version.to_string()).parse().map_err(|source| RenderError::ImageReference { name: name.clone(), source })?;
        Ok((name, ReleaseImage { reference, licence: entry.licence, purpose: entry.purpose }))
    };
    let images = entries.into_iter().map(image).collect::<Result<_, RenderError>>()?;
    Ok(Release { version, images })
}
