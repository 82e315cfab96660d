//! Reads what a scanner wrote of one image into a file: CycloneDX in JSON, or SARIF 2.1.0, as Trivy and Grype write them.
//!
//! A file is bound to an image by a digest that registries know it by. The ID of an image, which Trivy writes as well, is the digest of
//! its configuration and is not read. A file that names no digest is refused, since no check could use it; what is not understood
//! inside of one that does is told as a gap, and leaves the image unverified.

mod cyclonedx;
mod sarif;

use std::collections::BTreeSet;

use airlock_model::{Digest, ScanField, ScanReport, Untrusted};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::ComplianceError;

/// With its list of contents and all references, the report on an image of 2 GiB has some 20 MiB.
pub const LARGEST_SCAN_REPORT: usize = 64 * 1024 * 1024;
/// Characters of a field, and of an id, that are kept.
const LONGEST: usize = 128;
/// The scanner that always looks for vulnerabilities.
const GRYPE: &str = "grype";

/// What tells the forms apart.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "bomFormat")]
    bom_format: Option<String>,
    /// SARIF: `2.1.0`; CycloneDX counts its documents by it.
    version: Option<Value>,
    runs: Option<IgnoredAny>,
}

/// A form that is read.
#[derive(Clone, Copy)]
enum Form {
    CycloneDx,
    Sarif,
}

impl Form {
    const fn name(self) -> &'static str {
        match self {
            Self::CycloneDx => "CycloneDX",
            Self::Sarif => "SARIF",
        }
    }

    /// What names a digest, where a file of this form does not.
    const fn with_digest(self) -> &'static str {
        match self {
            Self::CycloneDx => "Trivy and Grype write it where they scan an image in its registry by its digest, NAME@sha256:…, without a tag",
            Self::Sarif => "Trivy writes it where it scans an image in its registry; Grype writes none in SARIF, but by `--output cyclonedx-json=FILE NAME@sha256:…`",
        }
    }
}

/// What a report on one image says.
struct Told {
    by: String,
    images: BTreeSet<Digest>,
    at: Option<Timestamp>,
    faults: Faults,
    gap: Option<String>,
    fields: Vec<ScanField>,
}

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rated {
    Critical,
    Lower,
    /// Nobody says, or in words that are not known.
    Unclear,
}

/// The faults of a report.
#[derive(Default)]
struct Faults {
    listed: u64,
    critical: u64,
    unclear: u64,
    ids: BTreeSet<Untrusted<String>>,
}

impl Faults {
    fn add(&mut self, id: Option<&str>, rated: Rated) {
        self.listed += 1;
        match rated {
            Rated::Critical => {
                self.critical += 1;
                self.ids.extend(id.map(|id| short(id).into()));
            }
            Rated::Lower => {}
            Rated::Unclear => self.unclear += 1,
        }
    }

    /// Why the critical ones among them are not all that there are.
    fn gap(&self, has_looked: bool) -> Option<String> {
        match self.unclear {
            0 if has_looked => None,
            0 => Some("the report lists no vulnerability at all, as Trivy's does where `--scanners vuln` was not given".to_owned()),
            unclear => Some(format!("the report lists {unclear} of {} faults without a severity that is understood", self.listed)),
        }
    }

    fn field(&self, path: impl Into<String>) -> ScanField {
        ScanField { path: path.into(), value: format!("{} listed, {} critical", self.listed, self.critical).into() }
    }
}

fn field(path: impl Into<String>, value: &str) -> ScanField {
    ScanField { path: path.into(), value: short(value).into() }
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// What a file says of an image; of SARIF, what each of its runs does.
///
/// # Errors
/// It is of no form that is read, or too large, or names no digest of an image.
pub fn read_scan_report(file: &str, bytes: &[u8]) -> Result<Vec<ScanReport>, ComplianceError> {
    let unreadable = |reason: String| ComplianceError::ScanReport { file: file.to_owned(), reason };
    if bytes.len() > LARGEST_SCAN_REPORT {
        return Err(unreadable(format!("it has more than {LARGEST_SCAN_REPORT} bytes")));
    }
    let form = form(bytes).map_err(unreadable)?;
    let read = match form {
        Form::CycloneDx => cyclonedx::read(bytes).map(|told| vec![told]),
        Form::Sarif => sarif::read(bytes),
    };
    // What the parser says repeats what stands there; the place is enough.
    let told = read.map_err(|error| unreadable(format!("line {}, column {}: this is not as {} has it", error.line(), error.column(), form.name())))?;
    if told.is_empty() {
        return Err(unreadable("it holds no run of a scanner".to_owned()));
    }
    if told.iter().any(|told| told.images.is_empty()) {
        return Err(ComplianceError::ScanDigest { file: file.to_owned(), instead: form.with_digest() });
    }
    let digest = Digest::of(bytes);
    let report = |told: Told| ScanReport {
        file: file.into(),
        digest: digest.clone(),
        written: if told.by.is_empty() { form.name().into() } else { format!("{} by {}", form.name(), short(&told.by)).into() },
        images: told.images,
        at: told.at,
        critical: told.faults.critical,
        ids: told.faults.ids,
        gap: told.gap,
        fields: told.fields,
    };
    Ok(told.into_iter().map(report).collect())
}

fn form(bytes: &[u8]) -> Result<Form, String> {
    match serde_json::from_slice::<Head>(bytes) {
        Ok(head) if head.bom_format.as_deref() == Some("CycloneDX") => Ok(Form::CycloneDx),
        Ok(head) if head.runs.is_some() && head.version.as_ref().and_then(Value::as_str) == Some("2.1.0") => Ok(Form::Sarif),
        Err(error) if !error.is_data() => Err(format!("it is no JSON: {error}")),
        Ok(_) | Err(_) => Err("it is JSON, but neither CycloneDX nor SARIF 2.1.0".to_owned()),
    }
}

#[cfg(test)]
mod tests;
