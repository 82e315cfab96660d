//! What lies where a certificate comes from: files of whoever runs the program, or a Secret that others keep.

use airlock_cluster::Cluster;
use airlock_model::answers::SecretReference;
use airlock_model::{CertificateSource, OfflineRoot, Secret};
use airlock_tls::{Content, RootPair, TlsFinding, authorities_pem, root_pair};
use zeroize::Zeroizing;

use crate::ApplyError;
use crate::certificate::{CERTIFICATE, KEY};
use crate::recipe::referred;

/// Certificates and a key, as they were found.
pub(super) struct Material {
    /// Where, for sentences.
    pub(super) name: String,
    pub(super) files: Vec<Content>,
    pub(super) key: Option<Content>,
    pub(super) password: Option<Secret<String>>,
    /// Why not all of it can be read from here.
    pub(super) absent: Option<String>,
}

impl Material {
    pub(super) async fn read(cluster: &Cluster, source: &CertificateSource) -> Result<Self, ApplyError> {
        match source {
            CertificateSource::Files { certificate, key, password } => Self::of_files(certificate, key.as_deref(), password.as_deref()),
            CertificateSource::Secret { namespace, name } => Self::of_secret(cluster, namespace, name).await,
            CertificateSource::CertManager { certificate, .. } => Err(ApplyError::PlanMalformed { reason: format!("what {certificate} asks for lies beside the certificate that is served") }),
            CertificateSource::Acme(acme) => Err(ApplyError::PlanMalformed { reason: format!("the certificate of {} is ordered, not read", acme.directory) }),
            CertificateSource::Request { secret } => Err(ApplyError::PlanMalformed { reason: format!("the answer to the request {secret} is imported, not read") }),
        }
    }

    fn of_files(certificate: &str, key: Option<&str>, password: Option<&str>) -> Result<Self, ApplyError> {
        let files = vec![file(certificate)?];
        let key = key.map(file).transpose()?;
        let (password, no_password) = match password.map(referred::read) {
            None => (None, None),
            Some(Ok(value)) => (std::str::from_utf8(value.expose()).ok().map(|text| Secret::new(text.to_owned())), None),
            Some(Err(error)) => (None, Some(error.to_string())),
        };
        let unread = files.iter().chain(&key).find_map(|file| file.bytes.as_ref().err().map(|reason| format!("{} cannot be read: {reason}", file.name)));
        Ok(Self { name: format!("the certificate of {certificate}"), files, key, password, absent: unread.or(no_password) })
    }

    pub(super) async fn of_secret(cluster: &Cluster, namespace: &str, name: &str) -> Result<Self, ApplyError> {
        let secret = cluster.secret(namespace, name).await.map_err(ApplyError::of)?;
        let content = |key: &str| {
            let bytes = match &secret {
                None => Err("there is no such Secret".to_owned()),
                Some(secret) => secret.data.get(key).map(|value| Zeroizing::new(value.expose().clone())).ok_or_else(|| "the Secret has no such key".to_owned()),
            };
            Content { name: format!("`{key}` of the Secret {namespace}/{name}"), bytes, mode: None }
        };
        let absent = secret.is_none().then(|| format!("the Secret {namespace}/{name} does not exist"));
        Ok(Self { name: format!("the certificate of the Secret {namespace}/{name}"), files: vec![content(CERTIFICATE)], key: Some(content(KEY)), password: None, absent })
    }
}

/// What a reference to something beside the program leads to. That it cannot be read is part of what is found.
pub(super) fn file(reference: &str) -> Result<Content, ApplyError> {
    match reference.parse::<SecretReference>() {
        Ok(SecretReference::File(path)) => Ok(Content::of_file(&path)),
        Ok(SecretReference::Environment(_)) => {
            let bytes = referred::read(reference).map(|value| Zeroizing::new(value.expose().clone())).map_err(|error| error.to_string());
            Ok(Content { name: reference.to_owned(), bytes, mode: None })
        }
        Ok(SecretReference::Key(_)) | Err(_) => Err(ApplyError::ReferenceUnreadable { reference: reference.to_owned(), reason: "it is neither file:PATH nor env:NAME".to_owned() }),
    }
}

/// A root that stays where the program runs.
pub(crate) fn root(root: &OfflineRoot) -> Result<RootPair, ApplyError> {
    let password = root.password.as_deref().map(referred::read).transpose()?;
    let password = password.map(|value| Secret::new(String::from_utf8_lossy(value.expose()).into_owned()));
    root_pair(&file(&root.certificate)?, &file(&root.key)?, password.as_ref()).map_err(|finding| of_root(root, finding))
}

/// Its certificate alone, PEM: the key may be away.
pub(crate) fn root_certificate(root: &OfflineRoot) -> Result<String, ApplyError> {
    airlock_tls::root_certificate(&file(&root.certificate)?, None).map_err(|finding| of_root(root, finding))
}

fn of_root(root: &OfflineRoot, finding: TlsFinding) -> ApplyError {
    ApplyError::CertificateRefused { source_of: format!("the root of {}", root.certificate), judgement: Box::new(finding.into()) }
}

/// The certificates of the authorities that answers refer to, as one PEM text.
pub(crate) fn authorities(references: &[String]) -> Result<String, ApplyError> {
    let files = references.iter().map(|reference| file(reference)).collect::<Result<Vec<_>, _>>()?;
    believed(&files)
}

/// The certificates of what `trust.ca` leads to, as one PEM text.
pub(super) fn believed(files: &[Content]) -> Result<String, ApplyError> {
    authorities_pem(files).map_err(|finding| ApplyError::CertificateRefused { source_of: "the authorities of `trust.ca`".to_owned(), judgement: Box::new(finding.into()) })
}
