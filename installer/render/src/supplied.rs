//! The certificate of the base domain where somebody else issues it (`tls.source` other than an authority of Airlock's own).

use std::collections::BTreeMap;

use airlock_model::answers::TlsSource;
use airlock_model::{CertificateSource, CertificateSubject, CertificateTrust, Recipe, SecretClass, SecretEntry, SecretKeyRef, SecretSpec, names};

use crate::context::Shared;

/// Key of the private key in the Secret with the request.
const PRIVATE_KEY: &str = "tls.key";
/// Key of the authorities, as Airlock's own have it.
const AUTHORITIES: &str = "tls.crt";

/// What the certificate certifies, and where it comes from. The answers' own check has seen that the source has its keys.
pub(crate) fn subject(shared: &Shared, names: Vec<String>) -> CertificateSubject {
    let tls = &shared.tls;
    let source = match tls.source {
        TlsSource::Files => CertificateSource::Files { certificate: tls.certificate.clone().unwrap_or_default(), key: tls.key.clone(), password: tls.password.clone() },
        TlsSource::Secret => {
            let (namespace, name) = tls.secret_name().unwrap_or_default();
            CertificateSource::Secret { namespace: namespace.to_owned(), name: name.to_owned() }
        }
        TlsSource::PrivateCa | TlsSource::Acme | TlsSource::Csr | TlsSource::CertManager => CertificateSource::Request { secret: names::BASE_DOMAIN_REQUEST.to_owned() },
    };
    let trust = (!shared.trust.is_empty()).then(|| CertificateTrust {
        references: shared.trust.clone(),
        secret: SecretKeyRef { namespace: shared.namespaces.platform.clone(), name: names::BASE_DOMAIN_TRUST.to_owned(), key: AUTHORITIES.to_owned() },
    });
    CertificateSubject::Supplied { names, source, trust }
}

/// The Secrets that stand beside it: the authorities that the company named, and the request to its authority.
pub(crate) fn secrets(shared: &Shared, labels: &BTreeMap<String, String>, asked: &[String]) -> Vec<SecretSpec> {
    let secret = |name: &str, entries: Vec<SecretEntry>| SecretSpec {
        namespace: shared.namespaces.platform.clone(),
        name: name.to_owned(),
        secret_type: "Opaque".to_owned(),
        labels: labels.clone(),
        entries,
        class: SecretClass::Derived,
    };
    let entry = |key: &str, recipe: Recipe| SecretEntry { key: key.to_owned(), recipe };
    let mut secrets = Vec::new();
    if shared.tls.source.is_supplied() && !shared.trust.is_empty() {
        secrets.push(secret(names::BASE_DOMAIN_TRUST, vec![entry(AUTHORITIES, Recipe::Authorities { references: shared.trust.clone() })]));
    }
    if shared.tls.source == TlsSource::Csr {
        let key = SecretKeyRef { namespace: shared.namespaces.platform.clone(), name: names::BASE_DOMAIN_REQUEST.to_owned(), key: PRIVATE_KEY.to_owned() };
        let request = Recipe::Request { key, names: asked.to_owned() };
        secrets.push(secret(names::BASE_DOMAIN_REQUEST, vec![entry(PRIVATE_KEY, Recipe::EcP256), entry(names::REQUEST_KEY, request)]));
    }
    secrets
}
