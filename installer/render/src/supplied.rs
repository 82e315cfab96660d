//! The certificate of the base domain where somebody else issues it (`tls.source` other than an authority of Airlock's own).

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::answers::{Acme, DynamicUpdate, Program, SecretReference, TlsSource};
use airlock_model::{AcmeSource, CertificateSource, CertificateSubject, CertificateTrust, Challenge, DnsProgram, DnsUpdate, Recipe, SecretClass, SecretEntry, SecretKeyRef, SecretSpec, names};
use serde_json::Value;

use crate::context::Shared;

/// Key of the private key in the Secret with the request.
const PRIVATE_KEY: &str = "tls.key";
/// Key of the authorities, as Airlock's own have it.
const AUTHORITIES: &str = "tls.crt";

/// What the certificate certifies, and where it comes from. The answers' own check has seen that the source has its keys.
pub(crate) fn subject(shared: &Shared, names: Vec<String>) -> CertificateSubject {
    let tls = &shared.tls;
    let request = || CertificateSource::Request { secret: names::BASE_DOMAIN_REQUEST.to_owned() };
    let source = match tls.source {
        TlsSource::Files => CertificateSource::Files { certificate: tls.certificate.clone().unwrap_or_default(), key: tls.key.clone(), password: tls.password.clone() },
        TlsSource::Secret => {
            let (namespace, name) = tls.secret_name().unwrap_or_default();
            CertificateSource::Secret { namespace: namespace.to_owned(), name: name.to_owned() }
        }
        TlsSource::Acme => tls.acme.as_ref().and_then(|acme| acme_source(shared, acme)).map_or_else(request, |acme| CertificateSource::Acme(Box::new(acme))),
        TlsSource::CertManager => tls.issuer_ref.clone().map_or_else(request, |issuer| CertificateSource::CertManager { certificate: names::BASE_DOMAIN_ISSUED.to_owned(), issuer }),
        TlsSource::PrivateCa | TlsSource::Csr => request(),
    };
    let trust = (!shared.trust.is_empty()).then(|| CertificateTrust {
        references: shared.trust.clone(),
        secret: SecretKeyRef { namespace: shared.namespaces.platform.clone(), name: names::BASE_DOMAIN_TRUST.to_owned(), key: AUTHORITIES.to_owned() },
    });
    CertificateSubject::Supplied { names, source, trust }
}

fn acme_source(shared: &Shared, acme: &Acme) -> Option<AcmeSource> {
    let at = |name: &str, key: &str| SecretKeyRef { namespace: shared.namespaces.platform.clone(), name: name.to_owned(), key: key.to_owned() };
    let update = |update: &DynamicUpdate| {
        Challenge::Update(DnsUpdate { server: update.server.clone(), key_name: update.key_name.clone(), algorithm: update.algorithm, secret: at(names::ACME, names::ACME_TSIG) })
    };
    let program = |program: &Program| {
        let run_limit = program.run_limit().ok()?;
        Some(Challenge::Program(DnsProgram { program: program.program.clone(), run_limit, withheld: variables(&shared.answers) }))
    };
    let dns01 = &acme.dns01;
    let by_hand = || dns01.manual.then(|| Challenge::ByHand(at(names::ACME_ORDER, "order.json")));
    let edge = || acme.http01.then_some(Challenge::Edge);
    Some(AcmeSource {
        directory: acme.directory.clone(),
        contact: acme.contact.clone(),
        terms_of_service_agreed: acme.terms_of_service_agreed,
        roots: acme.ca.as_ref().map(|_| at(names::ACME, names::ACME_ROOTS)),
        trust: (!shared.trust.is_empty()).then(|| at(names::BASE_DOMAIN_TRUST, AUTHORITIES)),
        way_out: shared.way_out.clone(),
        profile: acme.profile.clone(),
        preferred_chain: acme.preferred_chain.clone(),
        external_account: acme.external_account.as_ref().map(|account| (account.key_id.clone(), at(names::ACME, names::ACME_EXTERNAL))),
        account: at(names::ACME_ACCOUNT, "account.json"),
        challenge: dns01.rfc2136.as_ref().map(update).or_else(|| dns01.exec.as_ref().and_then(program)).or_else(by_hand).or_else(edge)?,
    })
}

/// The variables of the environment that answers refer to, wherever they do.
fn variables(answers: &Value) -> BTreeSet<String> {
    match answers {
        Value::String(text) => match text.parse() {
            Ok(SecretReference::Environment(name)) => BTreeSet::from([name]),
            _ => BTreeSet::new(),
        },
        Value::Array(items) => items.iter().flat_map(variables).collect(),
        Value::Object(fields) => fields.values().flat_map(variables).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => BTreeSet::new(),
    }
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
    if !shared.trust.is_empty() {
        secrets.push(secret(names::BASE_DOMAIN_TRUST, vec![entry(AUTHORITIES, Recipe::Authorities { references: shared.trust.clone() })]));
    }
    if shared.tls.source == TlsSource::Csr {
        let key = SecretKeyRef { namespace: shared.namespaces.platform.clone(), name: names::BASE_DOMAIN_REQUEST.to_owned(), key: PRIVATE_KEY.to_owned() };
        let request = Recipe::Request { key, names: asked.to_owned() };
        secrets.push(secret(names::BASE_DOMAIN_REQUEST, vec![entry(PRIVATE_KEY, Recipe::EcP256), entry(names::REQUEST_KEY, request)]));
    }
    if let Some(acme) = shared.tls.acme.as_ref().filter(|_| shared.tls.source == TlsSource::Acme) {
        let referred = |reference: &String| Recipe::Referred { reference: reference.clone() };
        let mut entries: Vec<SecretEntry> = acme.dns01.rfc2136.as_ref().map(|update| entry(names::ACME_TSIG, referred(&update.secret))).into_iter().collect();
        entries.extend(acme.external_account.as_ref().map(|account| entry(names::ACME_EXTERNAL, referred(&account.key))));
        entries.extend(acme.ca.as_ref().map(|ca| entry(names::ACME_ROOTS, Recipe::Authorities { references: vec![ca.clone()] })));
        // By a program or by hand, and with an authority that every system knows, nothing is asked with.
        if !entries.is_empty() {
            secrets.push(secret(names::ACME, entries));
        }
        // The edge answers for the account before anything is ordered with it. Others open it when they order.
        if let Some(source) = acme_source(shared, acme).filter(|source| source.challenge == Challenge::Edge) {
            let key = source.account.key.clone();
            secrets.push(secret(names::ACME_ACCOUNT, vec![entry(&key, Recipe::AcmeAccount(Box::new(source)))]));
        }
    }
    secrets
}
