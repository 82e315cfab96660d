//! Image references as the distribution specification writes them, and the lock that gives each a digest.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// A reference with a host, a repository, and a tag, a digest, or both: `docker.io/library/registry:3.1.2@sha256:…`.
///
/// A reference without a host is refused: what it means depends on who reads it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageRef {
    /// Host with an optional port: `quay.io`, `registry.example.com:5000`.
    pub host: String,
    /// Path below the host: `prometheus/prometheus`.
    pub repository: String,
    /// Tag, when one was given.
    pub tag: Option<String>,
    /// Digest, when one was given.
    pub digest: Option<Digest>,
}

/// Why a text is not an image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageRefError {
    /// `nginx:1.2`
    #[error("`{0}` names no registry host; write it out, as in docker.io/library/nginx:1.30")]
    NoHost(String),
    /// A port that is none.
    #[error("`{0}` has a port outside 1 to 65535")]
    Port(String),
    /// Upper case, empty parts, odd characters.
    #[error("`{0}` has a repository that the distribution specification does not allow (lower case letters, digits, `.`, `_`, `-`, separated by `/`)")]
    Repository(String),
    /// An odd tag.
    #[error("`{0}` has a tag that the distribution specification does not allow")]
    Tag(String),
    /// A bad digest.
    #[error("`{0}` has a digest that is not sha256:<64 hexadecimal digits>")]
    Digest(String),
    /// Neither tag nor digest.
    #[error("`{0}` has neither tag nor digest")]
    NoVersion(String),
}

impl ImageRef {
    /// The same image by digest alone, as pods name it.
    #[must_use]
    pub fn at(&self, digest: &Digest) -> Self {
        Self { tag: None, digest: Some(digest.clone()), ..self.clone() }
    }

    /// Host and repository without version.
    pub fn name(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }
}

fn is_repository(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 255
        && text.split('/').all(|part| {
            let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
            part.bytes().next().is_some_and(inner) && part.bytes().last().is_some_and(inner) && part.bytes().all(|b| inner(b) || matches!(b, b'.' | b'_' | b'-'))
        })
}

fn is_tag(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    first && text.len() <= 128 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

impl FromStr for ImageRef {
    type Err = ImageRefError;
    fn from_str(text: &str) -> Result<Self, ImageRefError> {
        let whole = || text.to_owned();
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse().map_err(|_| ImageRefError::Digest(whole()))?)),
            None => (text, None),
        };
        let (host, path) = rest.split_once('/').ok_or_else(|| ImageRefError::NoHost(whole()))?;
        if !(host.contains('.') || host.contains(':') || host == "localhost") {
            return Err(ImageRefError::NoHost(whole()));
        }
        if let Some((_, port)) = host.rsplit_once(':') {
            port.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(|| ImageRefError::Port(whole()))?;
        }
        let (repository, tag) = match path.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (path, None),
        };
        if !is_repository(repository) {
            return Err(ImageRefError::Repository(whole()));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(ImageRefError::Tag(whole()));
        }
        if tag.is_none() && digest.is_none() {
            return Err(ImageRefError::NoVersion(whole()));
        }
        Ok(Self { host: host.to_owned(), repository: repository.to_owned(), tag: tag.map(str::to_owned), digest })
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for ImageRef {
    type Error = ImageRefError;
    fn try_from(text: String) -> Result<Self, ImageRefError> {
        text.parse()
    }
}

impl From<ImageRef> for String {
    fn from(image: ImageRef) -> Self {
        image.to_string()
    }
}

/// An image of the release with the digest that this installation runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockedImage {
    /// Its name in `templates/images.yaml`: `nginx`.
    pub name: String,
    /// Where it is published, with its tag.
    pub reference: ImageRef,
    /// The digest of its manifest or index.
    pub digest: Digest,
}

impl LockedImage {
    /// The reference that a pod bears: public name and digest.
    pub fn pinned(&self) -> ImageRef {
        self.reference.at(&self.digest)
    }
}

/// Every image of an installation by its name. No pod may run anything else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImageLock(pub BTreeMap<String, LockedImage>);

impl ImageLock {
    /// The image with that name.
    pub fn get(&self, name: &str) -> Option<&LockedImage> {
        self.0.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_every_part() {
        let text = format!("registry.example.com:5000/a/b-c:v1.2@{}", Digest::of(b""));
        let image: ImageRef = text.parse().unwrap();
        assert_eq!((image.host.as_str(), image.repository.as_str(), image.tag.as_deref()), ("registry.example.com:5000", "a/b-c", Some("v1.2")));
        assert_eq!(image.to_string(), text);
    }

    #[test]
    fn each_wrong_part_is_named() {
        let refused = |text: &str| text.parse::<ImageRef>().unwrap_err();
        assert!(matches!(refused("nginx:1"), ImageRefError::NoHost(_)));
        assert!(matches!(refused("library/nginx:1"), ImageRefError::NoHost(_)));
        assert!(matches!(refused("a.b:99999/c:1"), ImageRefError::Port(_)));
        assert!(matches!(refused("a.b/C:1"), ImageRefError::Repository(_)));
        assert!(matches!(refused("a.b/c:-1"), ImageRefError::Tag(_)));
        assert!(matches!(refused("a.b/c@sha256:12"), ImageRefError::Digest(_)));
        assert!(matches!(refused("a.b/c"), ImageRefError::NoVersion(_)));
    }
}
