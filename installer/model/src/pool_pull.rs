//! What became of a trial to pull an image on a node of each pool. Only checks judge it.

use serde::{Deserialize, Serialize};

use crate::{ImageRef, Untrusted};

/// The trial of one pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolPull {
    /// The pool.
    pub pool: String,
    /// The image.
    pub image: ImageRef,
    /// What became of it.
    pub ended: Pulled,
}

/// What became of a pull.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Pulled {
    /// A container of the image was tried.
    Yes,
    /// The node could not pull it, in the kubelet's words.
    No(Untrusted<String>),
    /// No node got so far, and why.
    NotTried(Untrusted<String>),
}
