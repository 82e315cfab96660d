//! What is made in this process: Secrets by their recipes, and certificates with their keys. The values themselves stand in no plan.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AcmeSource, CERT_MANAGER, Digest, IssuerReference, ObjectRef};

/// One key of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// Namespace.
    pub namespace: String,
    /// Name of the Secret.
    pub name: String,
    /// Key in `data`.
    pub key: String,
}

impl std::fmt::Display for SecretKeyRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret {}/{}, key {}", self.namespace, self.name, self.key)
    }
}

/// A Secret that is made in this process, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretSpec {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Kubernetes type: `Opaque`, `kubernetes.io/dockerconfigjson`.
    pub secret_type: String,
    /// Labels, as the renderer gives them to every object.
    pub labels: BTreeMap<String, String>,
    /// What each key holds. Later ones may refer to earlier ones.
    pub entries: Vec<SecretEntry>,
    /// What becomes of it on rotation and uninstall.
    pub class: SecretClass,
}

impl SecretSpec {
    /// Which object it makes.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::namespaced("v1", "Secret", &self.namespace, &self.name)
    }

    /// Digest of the recipes: a Secret made by another specification is made anew, unless it is a data key.
    pub fn digest(&self) -> Result<Digest, serde_json::Error> {
        Digest::of_canonical(&(&self.secret_type, &self.entries))
    }
}

/// One key of a Secret and how its value comes about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretEntry {
    /// Key in `data`.
    pub key: String,
    /// How its value comes about.
    pub recipe: Recipe,
}

/// How a secret value comes about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Recipe {
    /// 32 random bytes, base64url without padding.
    Random,
    /// A P-256 private key, PKCS#8 PEM.
    EcP256,
    /// 64 random bytes, base64url without padding: for HMAC-SHA-512 (RFC 7518 §3.2 asks for a key as long as the hash).
    LongRandom,
    /// A Fernet key: 32 random bytes, base64url with padding.
    Fernet,
    /// What a reference of the answers stands for: `env:NAME`, `file:PATH`, `secret:namespace/name#key`.
    Referred {
        /// The reference.
        reference: String,
    },
    /// A request for a certificate (RFC 2986) in PEM, for a private key that stands before it in the same Secret.
    Request {
        /// Where the private key is.
        key: SecretKeyRef,
        /// Subject alternative names that are asked for.
        names: Vec<String>,
    },
    /// Certificates of authorities that answers refer to, as one PEM text.
    Authorities {
        /// References: `file:PATH`.
        references: Vec<String>,
    },
    /// An account at an ACME authority, opened when it is made; one that is there is used again.
    AcmeAccount(Box<AcmeSource>),
    /// Text with `{name}` or `{name|filter}` for the values in `from`. Filters: `url`, `base64`, `bcrypt`, `json`, `scram`, `thumbprint`.
    Compose {
        /// The text.
        template: String,
        /// What the names stand for.
        from: BTreeMap<String, SecretKeyRef>,
    },
}

/// What becomes of a Secret on rotation and uninstall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretClass {
    /// Data cannot be read without it: kept by `uninstall`.
    DataKey,
    /// Made anew by `rotate`.
    Credential,
    /// Follows from others: made anew when they change.
    Derived,
}

/// A key and certificate in a Secret of type `kubernetes.io/tls`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateSpec {
    /// Namespace of the Secret.
    pub namespace: String,
    /// Name of the Secret.
    pub name: String,
    /// Labels, as the renderer gives them to every object.
    pub labels: BTreeMap<String, String>,
    /// What it certifies.
    pub subject: CertificateSubject,
    /// For how long.
    pub lifetime: Duration,
    /// Renewed when less than this is left.
    pub renew_before: Duration,
}

impl CertificateSpec {
    /// Which Secret holds it.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::namespaced("v1", "Secret", &self.namespace, &self.name)
    }
}

impl CertificateSpec {
    /// The ACME authority that issues it, if one does.
    pub const fn acme(&self) -> Option<&AcmeSource> {
        match &self.subject {
            CertificateSubject::Supplied { source: CertificateSource::Acme(acme), .. } => Some(acme),
            _ => None,
        }
    }

    /// The `Certificate` by which cert-manager keeps it, if it does.
    pub fn cert_manager(&self) -> Option<ObjectRef> {
        match &self.subject {
            CertificateSubject::Supplied { source: CertificateSource::CertManager { certificate, .. }, .. } => {
                Some(ObjectRef::namespaced(&format!("{CERT_MANAGER}/v1"), "Certificate", &self.namespace, certificate))
            }
            _ => None,
        }
    }
}

/// What a certificate certifies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CertificateSubject {
    /// A certificate authority of path length 0, name-constrained to `permitted` (RFC 5280 §4.2.1.10), IP addresses excluded.
    Authority {
        /// Common name, for people.
        common_name: String,
        /// DNS names it may sign below.
        permitted: Vec<String>,
        /// A `ConfigMap` that publishes its certificate under `ca.crt`.
        publish: Option<String>,
        /// Who vouches for it; none: it does so itself.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        root: Option<OfflineRoot>,
    },
    /// A server, signed by an authority of ours.
    Server {
        /// Namespace of the authority's Secret.
        authority_namespace: String,
        /// Secret of the authority.
        authority: String,
        /// Subject alternative names; wildcards allowed.
        names: Vec<String>,
    },
    /// A server, certified by somebody else: what they hand over is judged and copied.
    Supplied {
        /// Subject alternative names that it must cover; wildcards allowed.
        names: Vec<String>,
        /// Where it comes from.
        source: CertificateSource,
        /// Who is believed beside the authorities of the system where Airlock runs.
        trust: Option<CertificateTrust>,
    },
}

/// A root that stays with whoever runs the program: references to its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfflineRoot {
    /// Its certificate: `file:PATH`.
    pub certificate: String,
    /// Its private key, which may be encrypted: `file:PATH`.
    pub key: String,
    /// The password of the key: `file:PATH` or `env:NAME`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub password: Option<String>,
}

/// Where a certificate comes from that somebody else issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CertificateSource {
    /// Files of whoever runs the program.
    Files {
        /// Reference to the file with the certificate and those of its issuers.
        certificate: String,
        /// Reference to the private key; none: it lies in the same file.
        key: Option<String>,
        /// Reference to the password of what is encrypted.
        password: Option<String>,
    },
    /// A Secret of type `kubernetes.io/tls` that others keep.
    Secret {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// cert-manager, which keeps a Secret by a `Certificate` of ours.
    CertManager {
        /// Name of the `Certificate` and of that Secret, in the namespace of the certificate that is served.
        certificate: String,
        /// Who issues it.
        issuer: IssuerReference,
    },
    /// An ACME authority.
    Acme(Box<AcmeSource>),
    /// An authority that answers a request of ours.
    Request {
        /// Secret with the key (`tls.key`) and the request (`request.csr`), in the namespace of the certificate.
        secret: String,
    },
}

/// Authorities that a company's own certificates lead to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateTrust {
    /// References to their files; what cannot be read here is read from the Secret.
    pub references: Vec<String>,
    /// Where they stand in the cluster.
    pub secret: SecretKeyRef,
}
