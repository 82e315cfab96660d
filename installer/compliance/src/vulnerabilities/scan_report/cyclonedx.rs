//! A bill of materials with vulnerabilities (CycloneDX 1.4 to 1.7, in JSON), as `trivy image --format cyclonedx --scanners vuln` and
//! `grype --output cyclonedx-json` write it.
//!
//! The digest stands in `metadata.component`, a container: with Trivy in its `purl` and in properties (aquasecurity/trivy,
//! `pkg/sbom/io/encode.go`), with Grype in its `version` where the image was named without a tag (anchore/syft,
//! `syft/source/stereoscopesource/image_source.go`). Several sources rate a fault; Trivy writes them all and not which it went by
//! (`pkg/sbom/cyclonedx/marshal.go`), so that the worst counts. A rating without a severity is a score of another kind, as EPSS.
//! Without `--scanners vuln` Trivy writes an empty list, as it does where it looked and found nothing.

use std::collections::BTreeSet;

use airlock_model::{Digest, ScanField};
use serde::Deserialize;

use super::{Faults, GRYPE, Rated, Told, field};
use crate::pod_images;

/// What Trivy calls the references of the image in registries.
const REPO_DIGEST: &str = "aquasecurity:trivy:RepoDigest";
/// Severities below critical (CycloneDX 1.7, `severity`).
const LOWER: [&str; 6] = ["high", "medium", "low", "info", "none", "unknown"];

#[derive(Deserialize)]
struct Bom {
    metadata: Option<Metadata>,
    vulnerabilities: Option<Vec<Vulnerability>>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    timestamp: Option<String>,
    tools: Option<Tools>,
    component: Option<Component>,
}

/// A list up to CycloneDX 1.4, and since 1.5 an object with components.
#[derive(Deserialize)]
#[serde(untagged)]
enum Tools {
    List(Vec<Tool>),
    Object { components: Option<Vec<Tool>> },
}

#[derive(Deserialize)]
struct Tool {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Component {
    r#type: Option<String>,
    version: Option<String>,
    purl: Option<String>,
    properties: Option<Vec<Property>>,
}

#[derive(Deserialize)]
struct Property {
    name: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
struct Vulnerability {
    id: Option<String>,
    ratings: Option<Vec<Rating>>,
}

#[derive(Deserialize)]
struct Rating {
    severity: Option<String>,
}

pub(super) fn read(bytes: &[u8]) -> serde_json::Result<Told> {
    let Bom { metadata, vulnerabilities } = serde_json::from_slice(bytes)?;
    let Metadata { timestamp, tools, component } = metadata.unwrap_or_default();
    let tools: Vec<String> = tools.map(Tools::names).unwrap_or_default();
    let (images, mut fields) = component.as_ref().map(Component::digests).unwrap_or_default();
    fields.extend(timestamp.as_deref().map(|timestamp| field("metadata.timestamp", timestamp)));
    let mut faults = Faults::default();
    for Vulnerability { id, ratings } in vulnerabilities.iter().flatten() {
        faults.add(id.as_deref(), rated(ratings.as_deref().unwrap_or_default()));
    }
    fields.push(faults.field("vulnerabilities"));
    let has_looked = vulnerabilities.is_some() && (faults.listed > 0 || tools.iter().any(|name| name == GRYPE));
    Ok(Told { by: tools.join(", "), images, at: timestamp.and_then(|timestamp| timestamp.parse().ok()), gap: faults.gap(has_looked), faults, fields })
}

impl Tools {
    fn names(self) -> Vec<String> {
        let (Self::List(tools) | Self::Object { components: Some(tools) }) = self else { return Vec::new() };
        tools.into_iter().filter_map(|tool| tool.name).collect()
    }
}

impl Component {
    /// The digests of an image, and the fields that name them.
    fn digests(&self) -> (BTreeSet<Digest>, Vec<ScanField>) {
        if self.r#type.as_deref() != Some("container") {
            return (BTreeSet::new(), Vec::new());
        }
        let (mut images, mut fields) = (BTreeSet::new(), Vec::new());
        let mut found = |path: &str, text: &str, digests: Vec<Digest>| {
            if !digests.is_empty() {
                fields.push(field(format!("metadata.component.{path}"), text));
                images.extend(digests);
            }
        };
        if let Some(purl) = &self.purl {
            found("purl", purl, of_purl(purl).into_iter().collect());
        }
        if let Some(version) = &self.version {
            found("version", version, version.parse().into_iter().collect());
        }
        for property in self.properties.iter().flatten().filter(|property| property.name.as_deref() == Some(REPO_DIGEST)) {
            let references = property.value.as_deref().unwrap_or_default();
            // Versions of Trivy join several by commas.
            found(&format!("properties[{REPO_DIGEST}]"), references, references.split(',').filter_map(pod_images::digest).collect());
        }
        (images, fields)
    }
}

/// `pkg:oci/nginx@sha256:…?arch=amd64`, or the same with its colon escaped (package-url/purl-spec, `oci`).
fn of_purl(purl: &str) -> Option<Digest> {
    let (_, digest) = purl.strip_prefix("pkg:oci/")?.split(['?', '#']).next()?.rsplit_once('@')?;
    digest.replacen("%3A", ":", 1).replacen("%3a", ":", 1).parse().ok()
}

fn rated(ratings: &[Rating]) -> Rated {
    let severities: Vec<&str> = ratings.iter().filter_map(|rating| rating.severity.as_deref()).collect();
    if severities.contains(&"critical") {
        Rated::Critical
    } else if !severities.is_empty() && severities.iter().all(|severity| LOWER.contains(severity)) {
        Rated::Lower
    } else {
        Rated::Unclear
    }
}
