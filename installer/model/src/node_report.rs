//! What another tool saw of the files of a node, which no API shows.

use serde::{Deserialize, Serialize};

use crate::{Digest, Untrusted};

/// A report that kube-bench wrote on a node. It names neither the node nor the time: whoever hands it over names the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeReport {
    /// The node.
    pub node: String,
    /// Path of the file, as it was given.
    pub file: Untrusted<String>,
    /// SHA-256 of the file.
    pub digest: Digest,
    /// The benchmarks that it was judged by: `cis-1.12`.
    pub benchmarks: Vec<Untrusted<String>>,
    /// What it says, number by number.
    pub results: Vec<NodeResult>,
}

/// What such a report says of one number of the benchmark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeResult {
    /// `4.1.1`
    pub number: String,
    /// What came out.
    pub status: NodeStatus,
    /// The benchmark counts it; else it is left to judgement.
    pub is_scored: bool,
    /// What was seen, or why nothing was.
    pub seen: Untrusted<String>,
}

/// What came out of a test on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum NodeStatus {
    /// It is as the benchmark asks.
    Pass,
    /// It is not.
    Fail,
    /// It is not and the benchmark does not count it, or it could not be tested.
    Warn,
    /// It was left out.
    Info,
}
