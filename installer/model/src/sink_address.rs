//! Where the line of each run of evidence goes, beside the folder that holds the runs. Nothing secret stands in it.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

/// A sink of heads, as plans and pods have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum SinkAddress {
    /// A server that takes a line of text by POST.
    Https {
        /// The address.
        url: Url,
    },
    /// A log server, RFC 5425.
    Syslog {
        /// Its name, as its certificate bears it.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// A bucket, addressed by path.
    S3 {
        /// The server.
        endpoint: Url,
        /// The region that requests are signed for.
        region: String,
        /// The bucket.
        bucket: String,
        /// How the names of its objects begin.
        prefix: String,
        /// The name of the key that signs requests.
        access_key_id: String,
    },
}

impl fmt::Display for SinkAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Https { url } => write!(f, "{url}"),
            Self::Syslog { host, port } => write!(f, "syslog {host}:{port}"),
            Self::S3 { endpoint, bucket, prefix, .. } => write!(f, "s3 {endpoint}{bucket}/{prefix}"),
        }
    }
}
