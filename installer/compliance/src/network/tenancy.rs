//! Which namespaces are a tenant's, and which the platform's.
//!
//! Of a running installation the Airflow deployments and the platform's namespace are known. Of files the label
//! `airlock-platform.io/tenant` tells, which Airlock's own manifests bear, or the parameters: `network.tenantSelector`
//! (a label as `KEY`, whose value names the tenant, or as `KEY=VALUE`, where each namespace is one),
//! `network.tenantNamespaces` (each is one), and `network.platformNamespaces`.

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{Profile, Snapshot, Source, names};

use crate::live::{self, Unseen};
use crate::parameter::texts;

pub(crate) const TENANT_SELECTOR: &str = "network.tenantSelector";
pub(crate) const TENANT_NAMESPACES: &str = "network.tenantNamespaces";
pub(crate) const PLATFORM_NAMESPACES: &str = "network.platformNamespaces";

/// Tenants by their namespaces, and the namespaces of the platform.
#[derive(Debug)]
pub(crate) struct Tenancy {
    tenants: BTreeMap<String, String>,
    platform: BTreeSet<String>,
}

impl Tenancy {
    /// An error says why no tenant is known: there is none, or the namespaces were not read.
    pub(crate) fn of(profile: &Profile, given: &Snapshot) -> Result<Self, Unseen> {
        let tenancy = Self::read(profile, given)?;
        if tenancy.tenants.is_empty() {
            return Err(Unseen::Nothing(format!("no namespace is a tenant's: none bears the label {}", selectors(profile).join(", "))));
        }
        Ok(tenancy)
    }

    /// The same where there may be no tenant. An error says that the namespaces were not read.
    pub(crate) fn read(profile: &Profile, given: &Snapshot) -> Result<Self, Unseen> {
        let namespaces = live::objects(given, "Namespace").map_err(Unseen::Unread)?;
        let mut tenants: BTreeMap<String, String> = given.world.deployments.iter().map(|deployment| (deployment.namespace.clone(), deployment.name.clone())).collect();
        tenants.extend(texts(profile, TENANT_NAMESPACES).into_iter().map(|namespace| (namespace.to_owned(), namespace.to_owned())));
        let selectors = selectors(profile);
        let mut platform: BTreeSet<String> = texts(profile, PLATFORM_NAMESPACES).into_iter().map(str::to_owned).collect();
        let platform_is_named = !platform.is_empty();
        for namespace in namespaces {
            let label = |key: &str| live::label(namespace, key);
            let tenant = selectors.iter().find_map(|selector| match selector.split_once('=') {
                Some((key, value)) => (label(key) == Some(value)).then(|| namespace.object.name.clone()),
                None => label(selector).map(str::to_owned),
            });
            match tenant {
                Some(tenant) => drop(tenants.insert(namespace.object.name.clone(), tenant)),
                None if !platform_is_named && label(names::LABEL_INSTALLATION).is_some() => drop(platform.insert(namespace.object.name.clone())),
                None => {}
            }
        }
        if given.source == Source::Cluster && !platform_is_named {
            platform = BTreeSet::from([given.world.platform.clone()]);
        }
        if tenants.is_empty() && given.source == Source::Cluster && given.world.namespaces.is_empty() {
            return Err(Unseen::Unread("no namespace of an installation was given".to_owned()));
        }
        Ok(Self { tenants, platform })
    }

    /// The namespaces of tenants.
    pub(crate) fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.tenants.keys().map(String::as_str)
    }

    /// The namespaces of the platform that are nobody's beside.
    pub(crate) fn platform(&self) -> impl Iterator<Item = &str> {
        self.platform.iter().map(String::as_str).filter(|namespace| self.is_platform(namespace))
    }

    /// Whose namespace it is.
    pub(crate) fn tenant_of(&self, namespace: &str) -> Option<&str> {
        self.tenants.get(namespace).map(String::as_str)
    }

    /// Whether it is the platform's, and nobody's beside.
    pub(crate) fn is_platform(&self, namespace: &str) -> bool {
        self.platform.contains(namespace) && !self.tenants.contains_key(namespace)
    }
}

/// The labels that tell tenants.
fn selectors(profile: &Profile) -> Vec<&str> {
    let asked = texts(profile, TENANT_SELECTOR);
    if asked.is_empty() { vec![names::LABEL_TENANT] } else { asked }
}
