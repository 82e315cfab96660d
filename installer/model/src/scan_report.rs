//! What a scanner of vulnerabilities wrote of an image, in a file that somebody hands over.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Digest, Untrusted};

/// What a scanner found in an image. Of the faults it keeps the critical ones alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScanReport {
    /// Path of the file, as it was given.
    pub file: Untrusted<String>,
    /// SHA-256 of the file.
    pub digest: Digest,
    /// Its form, and who wrote it by its own words: `CycloneDX by trivy`.
    pub written: Untrusted<String>,
    /// What the image goes by in registries: digests of its manifest or its index, never of its configuration (its ID).
    pub images: BTreeSet<Digest>,
    /// When it was scanned; none: it does not say.
    pub at: Option<Timestamp>,
    /// How many critical faults it lists.
    pub critical: u64,
    /// The ids of these.
    pub ids: BTreeSet<Untrusted<String>>,
    /// Why it does not tell how many there are; none: it does.
    pub gap: Option<String>,
    /// The fields that decide.
    pub fields: Vec<ScanField>,
}

/// A field of such a file, and what stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScanField {
    /// `metadata.timestamp`
    pub path: String,
    /// Its value, or what it comes to.
    pub value: Untrusted<String>,
}
