//! Secrets and certificates as a component declares them, become specifications that the engine makes values for.
//! No value passes through here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use airlock_model::answers::{Renewal, SecretReference, Tls};
use airlock_model::{CertificateSpec, CertificateSubject, HostName, Recipe, SecretEntry, SecretKeyRef, SecretSpec};

use crate::RenderError;
use crate::component::{CertificateDeclaration, ComponentSpec, Generate, Names, SecretDeclaration, VerifiedBy, foreign_key};
use crate::context::{CLUSTER_DOMAIN, Shared, Values, service_name};
use crate::metadata::Belonging;
use crate::supplied;
use crate::template::Templates;

/// Domains that Services are named below: `registry.airlock.svc`, and the same with the usual cluster domain.
const SERVICE_DOMAINS: [&str; 2] = ["svc", CLUSTER_DOMAIN];
/// The longest common name (RFC 5280, appendix A.1, `ub-common-name`).
const COMMON_NAME: usize = 64;

/// The Secrets of a component.
pub(crate) fn secrets(spec: &ComponentSpec, values: &Values<'_>, templates: &Templates, belonging: &Belonging<'_>) -> Result<Vec<SecretSpec>, RenderError> {
    let secret = |(name, declared): (&String, &SecretDeclaration)| -> Result<SecretSpec, RenderError> {
        Ok(SecretSpec {
            namespace: place(spec, declared, values).to_owned(),
            name: full_name(name, declared, values),
            secret_type: declared.secret_type.clone(),
            labels: belonging.labels(spec),
            entries: entries(spec, declared, values, templates)?,
            class: declared.class,
        })
    };
    // What nobody refers to is no Secret.
    let is_given = |(_, declared): &(&String, &SecretDeclaration)| {
        declared.referred.as_deref().is_none_or(|path| reference(values, path).is_some())
            && declared.authorities.is_none_or(|whose| !authorities(values, whose).is_empty())
            && !(declared.variables && variables(values).next().is_none())
    };
    let mut secrets = spec.secrets.iter().filter(is_given).map(secret).collect::<Result<Vec<_>, _>>()?;
    if let Some(server) = spec.certificates.values().filter(|declared| declared.of_base_domain).find_map(|declared| declared.server.as_ref()) {
        secrets.extend(supplied::secrets(values.shared, &belonging.labels(spec), &names(server.names, spec, values.shared)));
    }
    Ok(secrets)
}

/// The namespace of a Secret.
fn place<'a>(spec: &ComponentSpec, declared: &SecretDeclaration, values: &'a Values<'_>) -> &'a str {
    values.shared.namespaces.at(declared.namespace.unwrap_or(spec.namespace))
}

/// A deployment's Secret beside those of the platform bears the deployment's name.
fn full_name(name: &str, declared: &SecretDeclaration, values: &Values<'_>) -> String {
    match (&values.shared.tenant, declared.namespace) {
        (Some(tenant), Some(_)) => format!("{name}-{}", tenant.name),
        _ => name.to_owned(),
    }
}

fn entries(spec: &ComponentSpec, declared: &SecretDeclaration, values: &Values<'_>, templates: &Templates) -> Result<Vec<SecretEntry>, RenderError> {
    if declared.variables {
        return Ok(variables(values).map(|(name, text)| SecretEntry { key: name.clone(), recipe: referring(text) }).collect());
    }
    let mut entries = vec![SecretEntry { key: declared.key.clone(), recipe: recipe(spec, declared, values, templates)? }];
    for (key, further) in &declared.further {
        let (place, name, of) = foreign_key(&further.copied).ok_or_else(|| spec.wrong(format!("the key `{key}` is copied of `{}`, which is no place/NAME#KEY", further.copied)))?;
        let at = SecretKeyRef { namespace: values.shared.namespaces.at(place).to_owned(), name: name.to_owned(), key: of.to_owned() };
        entries.push(SecretEntry { key: key.clone(), recipe: copy(at) });
    }
    Ok(entries)
}

/// The variables of the deployment, each with its reference.
fn variables<'a>(values: &Values<'a>) -> impl Iterator<Item = (&'a String, &'a String)> {
    values.shared.tenant.iter().flat_map(|tenant| &tenant.variables)
}

fn recipe(spec: &ComponentSpec, declared: &SecretDeclaration, values: &Values<'_>, templates: &Templates) -> Result<Recipe, RenderError> {
    let Some(text) = &declared.compose else {
        return match declared.generate {
            Some(Generate::Random) => Ok(Recipe::Random),
            Some(Generate::LongRandom) => Ok(Recipe::LongRandom),
            Some(Generate::EcP256) => Ok(Recipe::EcP256),
            Some(Generate::Fernet) => Ok(Recipe::Fernet),
            None => referred(spec, declared, values),
        };
    };
    let template = templates.text(&format!("{}/component.yaml", spec.folder), text, values)?;
    let reference = |(word, name): (&String, &String)| {
        if let Some((place, name, key)) = foreign_key(name) {
            return Ok((word.clone(), SecretKeyRef { namespace: values.shared.namespaces.at(place).to_owned(), name: name.to_owned(), key: key.to_owned() }));
        }
        let source = spec.secrets.get(name).ok_or_else(|| spec.wrong(format!("a Secret is composed of `{name}`, which this component does not declare")))?;
        Ok((word.clone(), SecretKeyRef { namespace: place(spec, source, values).to_owned(), name: full_name(name, source, values), key: source.key.clone() }))
    };
    Ok(Recipe::Compose { template, from: declared.from.iter().map(reference).collect::<Result<_, RenderError>>()? })
}

/// A value that the answers refer to.
fn referred(spec: &ComponentSpec, declared: &SecretDeclaration, values: &Values<'_>) -> Result<Recipe, RenderError> {
    if let Some(whose) = declared.authorities {
        return Ok(Recipe::Authorities { references: authorities(values, whose).to_vec() });
    }
    let path = declared.referred.as_deref().unwrap_or_default();
    reference(values, path).map(referring).ok_or_else(|| spec.wrong(format!("the answers have no reference at `{path}`")))
}

/// What a reference stands for. A value that is in the cluster is a part that another Secret is composed of.
fn referring(text: &str) -> Recipe {
    match text.parse() {
        Ok(SecretReference::Key(at)) => copy(at),
        // The document's own check has refused what is no reference.
        _ => Recipe::Referred { reference: text.to_owned() },
    }
}

/// The same value as elsewhere.
fn copy(at: SecretKeyRef) -> Recipe {
    Recipe::Compose { template: "{value}".to_owned(), from: BTreeMap::from([("value".to_owned(), at)]) }
}

/// References to authorities; none where those of the system verify.
fn authorities<'a>(values: &'a Values<'_>, whose: VerifiedBy) -> &'a [String] {
    match whose {
        VerifiedBy::DatabaseServer => values.shared.database.as_ref().map_or(&[], |database| &database.authorities),
    }
}

/// The reference at a path of the answers.
fn reference<'a>(values: &Values<'a>, path: &str) -> Option<&'a str> {
    values.shared.answers.pointer(&format!("/{}", path.replace('.', "/"))).and_then(serde_json::Value::as_str)
}

/// The certificates of a component. Servers' live as long as the answers say, and are renewed at two thirds of it.
pub(crate) fn certificates(spec: &ComponentSpec, shared: &Shared, renewal: &Renewal, belonging: &Belonging<'_>) -> Result<Vec<CertificateSpec>, RenderError> {
    let namespace = shared.namespaces.at(spec.namespace);
    let certificate = |(name, declared): (&String, &CertificateDeclaration)| {
        let (subject, lifetime, renew_before) = match (&declared.authority, &declared.server) {
            (Some(authority), None) => {
                let subject = CertificateSubject::Authority {
                    common_name: authority.common_name.replace("{base}", shared.base.as_str()).replace("{namespace}", namespace).chars().take(COMMON_NAME).collect(),
                    permitted: permitted(authority.permitted, spec, shared),
                    publish: authority.publish.clone(),
                    root: shared.tls.offline_root.clone().filter(|_| declared.of_base_domain),
                };
                (subject, days(authority.days), days(authority.renew_before_days))
            }
            // How long it lives is for whoever issues it to say.
            (None, Some(server)) if declared.of_base_domain && shared.tls.source.is_supplied() => (supplied::subject(shared, names(server.names, spec, shared)), Duration::ZERO, Duration::ZERO),
            (None, Some(server)) => {
                let subject = CertificateSubject::Server { authority_namespace: shared.namespaces.platform.clone(), authority: server.authority.clone(), names: names(server.names, spec, shared) };
                let lifetime = if server.names == Names::Hosts { renewal.lifetime() } else { renewal.internal_lifetime() }.map_err(|text| spec.wrong(text))?;
                (subject, lifetime, lifetime / 3)
            }
            _ => return Err(spec.wrong(format!("the certificate `{name}` needs either `authority` or `server`"))),
        };
        Ok(CertificateSpec { namespace: namespace.to_owned(), name: name.clone(), labels: belonging.labels(spec), subject, lifetime, renew_before })
    };
    // Who has the certificate from elsewhere needs no authority for it.
    let is_made = |(_, declared): &(&String, &CertificateDeclaration)| !(declared.of_base_domain && declared.authority.is_some() && shared.tls.source.is_supplied());
    spec.certificates.iter().filter(is_made).map(certificate).collect()
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 60 * 60)
}

/// What a server's certificate is for.
fn names(names: Names, spec: &ComponentSpec, shared: &Shared) -> Vec<String> {
    match names {
        Names::Hosts => host_names(&shared.base, &shared.hosts, &shared.tls),
        // Both spellings that a resolver's search list leads to; one label alone could not be constrained.
        Names::Service | Names::Services => {
            let service = service_name(&spec.name, shared.namespaces.at(spec.namespace));
            vec![service.clone(), format!("{service}.{CLUSTER_DOMAIN}")]
        }
    }
}

/// What the certificate of the base domain is for.
pub(crate) fn host_names(base: &HostName, hosts: &BTreeMap<String, HostName>, tls: &Tls) -> Vec<String> {
    let mut names = vec![base.to_string()];
    let wildcard = !tls.names_each_host();
    names.extend(wildcard.then(|| format!("*.{base}")));
    names.extend(hosts.values().filter(|host| *host != base && !(wildcard && under_wildcard(host, base))).map(ToString::to_string));
    // The answers' own check has seen that they are host names.
    names.extend(tls.further_hosts.iter().filter_map(|host| host.parse().ok()).map(|host: HostName| host.to_string()));
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// Below what an authority may sign.
fn permitted(names: Names, spec: &ComponentSpec, shared: &Shared) -> Vec<String> {
    match names {
        Names::Hosts => {
            let outside = shared.hosts.values().filter(|host| !host.is_within(&shared.base)).map(ToString::to_string);
            std::iter::once(shared.base.to_string()).chain(outside).collect()
        }
        Names::Services => SERVICE_DOMAINS.map(str::to_owned).into(),
        Names::Service => self::names(names, spec, shared),
    }
}

/// A wildcard stands for one label (RFC 6125 §6.4.3).
fn under_wildcard(host: &HostName, base: &HostName) -> bool {
    host == base || host.as_str().strip_suffix(base.as_str()).and_then(|rest| rest.strip_suffix('.')).is_some_and(|label| !label.contains('.'))
}
