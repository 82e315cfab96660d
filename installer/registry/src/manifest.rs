//! Manifests and indexes (OCI image specification 1.1 and their Docker ancestors, schema 2), kept as the bytes that the digest names.

use airlock_model::Digest;
use bytes::Bytes;
use serde::Deserialize;

/// Largest manifest that is read; the specification lets registries refuse larger ones.
pub(crate) const LARGEST: usize = 4 * 1024 * 1024;

const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// What is asked for; a registry that is not told about indexes converts or refuses them.
pub(crate) const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// A manifest or index as it was served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Media type.
    pub media_type: String,
    /// The bytes that [`Manifest::digest`] is over.
    pub bytes: Bytes,
    /// Recomputed from the bytes.
    pub digest: Digest,
}

/// What a manifest refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManifestContent {
    /// One manifest for each platform.
    Index(Vec<Descriptor>),
    /// Configuration and layers of one platform, or an artifact.
    Image(Vec<Descriptor>),
}

/// A reference to content by digest.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Media type.
    pub media_type: String,
    /// Digest.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

impl Descriptor {
    /// Layers that their licence forbids to distribute stay where they are.
    pub(crate) fn is_distributable(&self) -> bool {
        !(self.media_type.contains("nondistributable") || self.media_type.contains("foreign"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: u32,
    media_type: Option<String>,
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
}

impl Manifest {
    /// Takes bytes as served under a media type.
    pub fn new(media_type: impl Into<String>, bytes: Bytes) -> Self {
        Self { media_type: media_type.into(), digest: Digest::of(&bytes), bytes }
    }

    /// Reads what it refers to. A document that names another type than it was served as is refused: it would mean different
    /// things to different readers.
    pub fn content(&self) -> Result<ManifestContent, String> {
        let document: Document = serde_json::from_slice(&self.bytes).map_err(|e| format!("it is no manifest: {e}"))?;
        if document.schema_version != 2 {
            return Err(format!("it has schema version {}; images from before 2017 have to be pushed anew", document.schema_version));
        }
        if let Some(inner) = document.media_type.filter(|inner| *inner != self.media_type) {
            return Err(format!("it was served as {} and calls itself {inner}", self.media_type));
        }
        match self.media_type.as_str() {
            OCI_INDEX | DOCKER_LIST => match (document.manifests, document.layers) {
                (Some(manifests), None) => Ok(ManifestContent::Index(manifests)),
                _ => Err("an index has manifests and no layers".to_owned()),
            },
            OCI_MANIFEST | DOCKER_MANIFEST => match (document.config, document.layers, document.manifests) {
                (Some(config), Some(layers), None) => Ok(ManifestContent::Image(std::iter::once(config).chain(layers).collect())),
                _ => Err("an image manifest has a configuration and layers and no manifests".to_owned()),
            },
            other => Err(format!("its media type {other} is not known")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(media_type: &str, text: &str) -> Manifest {
        Manifest::new(media_type, Bytes::copy_from_slice(text.as_bytes()))
    }

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn reads_an_index_and_an_image() {
        let one = format!(r#"{{"mediaType":"{OCI_MANIFEST}","digest":"{DIGEST}","size":7,"platform":{{"architecture":"amd64"}}}}"#);
        let index = manifest(OCI_INDEX, &format!(r#"{{"schemaVersion":2,"manifests":[{one}]}}"#)).content().unwrap();
        assert!(matches!(index, ManifestContent::Index(manifests) if manifests[0].size == 7));
        let image = manifest(DOCKER_MANIFEST, &format!(r#"{{"schemaVersion":2,"mediaType":"{DOCKER_MANIFEST}","config":{one},"layers":[{one},{one}]}}"#)).content().unwrap();
        assert!(matches!(image, ManifestContent::Image(blobs) if blobs.len() == 3));
    }

    #[test]
    fn a_document_that_two_readers_understand_differently_is_refused() {
        let both = format!(r#"{{"schemaVersion":2,"manifests":[],"config":{{"mediaType":"a","digest":"{DIGEST}","size":1}},"layers":[]}}"#);
        assert!(manifest(OCI_INDEX, &both).content().is_err());
        assert!(manifest(OCI_MANIFEST, &both).content().is_err());
        let renamed = format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[]}}"#);
        assert!(manifest(DOCKER_LIST, &renamed).content().unwrap_err().contains("calls itself"));
    }

    #[test]
    fn old_and_odd_documents_say_what_they_are() {
        assert!(manifest(DOCKER_MANIFEST, r#"{"schemaVersion":1}"#).content().unwrap_err().contains("schema version 1"));
        assert!(manifest("text/html", r#"{"schemaVersion":2}"#).content().unwrap_err().contains("text/html"));
        assert!(manifest(OCI_INDEX, "<html>").content().is_err());
        let sha512 = r#"{"schemaVersion":2,"manifests":[{"mediaType":"a","digest":"sha512:00","size":1}]}"#;
        assert!(manifest(OCI_INDEX, sha512).content().unwrap_err().contains("sha256"));
    }
}
