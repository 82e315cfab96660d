//! The issuer of cert-manager that issues the certificate of the base domain (cert-manager.io/v1), as answers name it and as a cluster
//! has it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Untrusted;
use crate::answers::{Answers, TlsSource};

/// The API group of cert-manager.
pub const CERT_MANAGER: &str = "cert-manager.io";

/// An issuer of the whole cluster.
pub const CLUSTER_ISSUER: &str = "ClusterIssuer";
/// An issuer of one namespace.
pub const ISSUER: &str = "Issuer";

/// An issuer, as answers and Certificates refer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssuerReference {
    /// Its name.
    pub name: String,
    /// `ClusterIssuer`, or `Issuer` for one in the platform's namespace; another kind where the group is another one.
    pub kind: String,
    /// The API group of the kind.
    #[serde(default = "cert_manager")]
    pub group: String,
}

fn cert_manager() -> String {
    CERT_MANAGER.to_owned()
}

impl IssuerReference {
    /// The issuer that these answers name, where they name one.
    pub fn by(answers: &Answers) -> Option<&Self> {
        answers.tls.issuer_ref.as_ref().filter(|_| answers.tls.source == TlsSource::CertManager)
    }

    /// Whether its kind is one of cert-manager's own, which a survey reads.
    pub fn is_of_cert_manager(&self) -> bool {
        self.group == CERT_MANAGER
    }
}

impl fmt::Display for IssuerReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_of_cert_manager() { write!(f, "{} {}", self.kind, self.name) } else { write!(f, "{}.{} {}", self.kind, self.group, self.name) }
    }
}

/// An issuer that a cluster has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Issuer {
    /// Its namespace; none for one of the whole cluster.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Why it is not ready, in its own words; none: it is.
    pub not_ready: Option<Untrusted<String>>,
}
