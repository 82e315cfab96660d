//! `component.yaml`: all that is to be said of a component and is not a manifest (DESIGN.md §9).

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{DeploymentName, SecretClass};
use serde::Deserialize;

use crate::library::Library;
use crate::{RenderError, manifest};

/// A component as its `component.yaml` declares it. Unknown keys are errors.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComponentSpec {
    /// Its name, that of its folder.
    pub name: String,
    /// Its folder below `templates/`; other than its name where a deployment's part of it runs beside the platform.
    #[serde(skip)]
    pub folder: String,
    /// What it is for, in one line.
    pub purpose: String,
    /// Rendered for each Airflow deployment although its pods run beside the platform's.
    #[serde(default)]
    pub of_deployments: bool,
    /// Needed when a deployment goes, not before.
    #[serde(default)]
    pub removal: bool,
    /// The component whose Services lead to its pods as well, to ports that only they have.
    pub behind: Option<String>,
    /// Where its pods run.
    #[serde(default)]
    pub namespace: Place,
    /// Images that its pods may run, by their names in `images.yaml`.
    #[serde(default)]
    pub images: BTreeSet<String>,
    /// Further ones, each with the condition (CEL) under which they are among those.
    #[serde(default)]
    pub further_images: BTreeMap<String, String>,
    /// The container that `components.<name>.resources` is about.
    pub main: Option<String>,
    /// Numeric user and group of its pods.
    pub user: Option<u32>,
    /// The most pods it can run in; no bound when absent.
    pub at_most: Option<u32>,
    /// Hosts of the base domain that the edge passes on to it, by the name in the host pattern.
    #[serde(default)]
    pub hosts: BTreeMap<String, HostDeclaration>,
    /// Secrets, by name.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretDeclaration>,
    /// Keys with certificates, by the name of their Secret.
    #[serde(default)]
    pub certificates: BTreeMap<String, CertificateDeclaration>,
    /// Volumes; each becomes a claim `<component>-<volume>`.
    #[serde(default)]
    pub volumes: BTreeMap<String, VolumeDeclaration>,
    /// Pods that a run starts by itself, told apart by labels.
    #[serde(default)]
    pub groups: BTreeMap<String, BTreeMap<String, String>>,
    /// The only connections that exist.
    #[serde(default)]
    pub talks_to: Vec<Talk>,
    /// Rights of its pods in the Kubernetes API; none: no token is mounted.
    #[serde(default)]
    pub rights: Vec<RightDeclaration>,
    /// CEL over `answers` and `facts`; absent: always.
    pub when: Option<String>,
}

/// One of the namespaces of the answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Place {
    #[default]
    Platform,
    Probes,
    /// The namespace of one Airflow deployment; rendered for each of them.
    Tenant,
}

/// A host of the base domain.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HostDeclaration {
    /// The port of the component's Service.
    pub port: u16,
}

/// Whose certificate the authorities in a Secret verify.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum VerifiedBy {
    /// The database server's that the customer runs.
    DatabaseServer,
}

/// A Secret with one key, or with one for each variable of a deployment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretDeclaration {
    /// A value that is made; or `referred`, or `compose`, or `variables`.
    pub generate: Option<Generate>,
    /// Path of the key in the answers that refers to the value.
    pub referred: Option<String>,
    /// Certificates of the authorities that somebody is verified by.
    pub authorities: Option<VerifiedBy>,
    /// A key for each variable that the deployment's document refers to.
    #[serde(default)]
    pub variables: bool,
    /// A text in which `{name}` and `{name|filter}` stand for the values of `from`; itself a template.
    pub compose: Option<String>,
    /// Where the Secret is; absent: where the component's pods run.
    pub namespace: Option<Place>,
    /// Secrets that `compose` speaks of, by the name it uses: this component's own ones, or `platform/NAME#KEY`, `tenant/NAME#KEY`.
    #[serde(default)]
    pub from: BTreeMap<String, String>,
    /// Key in the Secret.
    #[serde(default = "value_key")]
    pub key: String,
    /// Further keys, each a copy of another Secret's.
    #[serde(default)]
    pub further: BTreeMap<String, CopiedKey>,
    /// Type of the Secret.
    #[serde(default = "opaque", rename = "type")]
    pub secret_type: String,
    /// What becomes of it on rotation and uninstall.
    pub class: SecretClass,
}

/// A key that is copied.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CopiedKey {
    /// Of which Secret: `platform/NAME#KEY`, `tenant/NAME#KEY`.
    pub copied: String,
    /// CEL over `answers` and `facts`; absent: always.
    pub when: Option<String>,
}

fn value_key() -> String {
    "value".into()
}

fn opaque() -> String {
    "Opaque".into()
}

/// A value that is made.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Generate {
    Random,
    LongRandom,
    EcP256,
    Fernet,
}

/// A key with its certificate.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CertificateDeclaration {
    /// It signs others; or `server`.
    pub authority: Option<AuthorityDeclaration>,
    /// It proves a server.
    pub server: Option<ServerDeclaration>,
    /// It belongs to the base domain, whose certificate the answers may have from elsewhere: the authority is not made then, and the
    /// server's is taken from there.
    #[serde(default)]
    pub of_base_domain: bool,
}

/// A certificate authority.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthorityDeclaration {
    /// For people; `{base}` and `{namespace}` are filled in.
    pub common_name: String,
    /// What it may sign for.
    pub permitted: Names,
    /// A `ConfigMap` that publishes it.
    pub publish: Option<String>,
    /// For how long, in days.
    pub days: u32,
    /// Renewed when fewer days are left.
    pub renew_before_days: u32,
}

/// A server's certificate.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerDeclaration {
    /// The Secret of the authority that signs.
    pub authority: String,
    /// What it proves.
    pub names: Names,
    /// The ports of the component's Service at which it is presented; empty: nobody presents it there.
    #[serde(default)]
    pub served_at: Vec<u16>,
}

/// Names in certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Names {
    /// Every host of the platform.
    Hosts,
    /// The Service of this component.
    Service,
    /// Every Service.
    Services,
}

/// A volume.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VolumeDeclaration {
    /// What is kept there; shown in the requirements.
    pub why: String,
}

/// A connection. One side declares it; the policies of both sides follow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each names another side, as a declaration writes it")]
pub(crate) struct Talk {
    /// The other side: a component.
    pub component: Option<String>,
    /// The other side: cluster DNS.
    #[serde(default)]
    pub dns: bool,
    /// The other side: the API server.
    #[serde(default)]
    pub apiserver: bool,
    /// The other side: those who come through the edge's Service.
    #[serde(default)]
    pub outside: bool,
    /// The other side: the Prometheus that watches the platform, ours or the company's.
    #[serde(default)]
    pub prometheus: bool,
    /// The other side: the company's proxy, where there is one.
    #[serde(default)]
    pub proxy: bool,
    /// Between two groups of this component: who connects.
    pub group: Option<String>,
    /// Between two groups of this component: whom.
    pub to_group: Option<String>,
    /// Who connects.
    #[serde(default)]
    pub direction: Direction,
    /// The port that the target listens on; not for DNS and the API server, whose ports are facts.
    pub port: Option<u16>,
    /// The port that is dialled, where a Service makes it another one.
    pub dialled: Option<u16>,
    /// Which policies are written; only one of them leaves the connection blocked.
    #[serde(default)]
    pub sides: Sides,
    /// CEL over `answers` and `facts`; absent: always.
    pub when: Option<String>,
    /// Why.
    pub purpose: String,
}

/// Who connects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Direction {
    /// This component does.
    #[default]
    To,
    /// The other side does.
    From,
}

/// Whose policies let a connection through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sides {
    #[default]
    Both,
    Source,
    Target,
}

/// Rights of a component's pods in its own namespace.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RightDeclaration {
    /// API group; empty for the core group.
    pub group: String,
    /// Resources.
    pub resources: BTreeSet<String>,
    /// Names of objects; absent: all of them.
    #[serde(default)]
    pub names: BTreeSet<String>,
    /// Verbs.
    pub verbs: BTreeSet<String>,
    /// CEL over `answers` and `facts`; absent: always.
    pub when: Option<String>,
}

impl ComponentSpec {
    /// Reads all components, in the order of their names.
    pub(crate) fn all(library: &Library) -> Result<Vec<Self>, RenderError> {
        library.components().map(|(folder, text)| Self::read(folder, text)).collect()
    }

    fn read(folder: &str, text: &str) -> Result<Self, RenderError> {
        let mut spec: Self = manifest::declaration(&format!("{folder}/component.yaml"), text)?;
        folder.clone_into(&mut spec.folder);
        if spec.name != folder {
            return Err(spec.wrong(format!("its name is `{}`, its folder `{folder}`", spec.name)));
        }
        if spec.purpose.is_empty() {
            return Err(spec.wrong("`purpose` is empty"));
        }
        for (name, secret) in &spec.secrets {
            let given = [secret.generate.is_some(), secret.referred.is_some(), secret.authorities.is_some(), secret.compose.is_some(), secret.variables];
            if given.iter().filter(|given| **given).count() != 1 {
                return Err(spec.wrong(format!("the Secret `{name}` needs one of `generate`, `referred`, `authorities`, `variables`, and `compose`")));
            }
            if let Some(unknown) = secret.from.values().find(|source| !spec.secrets.contains_key(*source) && foreign_key(source).is_none()) {
                return Err(spec.wrong(format!("the Secret `{name}` is composed of `{unknown}`, which this component does not declare")));
            }
        }
        for (name, certificate) in &spec.certificates {
            if certificate.authority.is_some() == certificate.server.is_some() {
                return Err(spec.wrong(format!("the certificate `{name}` needs either `authority` or `server`")));
            }
        }
        if let Some((volume, _)) = spec.volumes.iter().find(|(_, volume)| volume.why.is_empty()) {
            return Err(spec.wrong(format!("the volume `{volume}` does not say what for")));
        }
        Ok(spec)
    }

    /// Rendered once for each Airflow deployment, not once for the platform.
    pub(crate) fn is_of_deployments(&self) -> bool {
        self.of_deployments || self.namespace == Place::Tenant
    }

    /// As it is rendered for one deployment. Beside the platform's objects those of each deployment bear its name.
    pub(crate) fn of_deployment(mut self, tenant: &DeploymentName) -> Self {
        if self.namespace != Place::Tenant {
            self.name = format!("{}-{tenant}", self.folder);
        }
        self
    }

    /// An error about this declaration.
    pub(crate) fn wrong(&self, message: impl Into<String>) -> RenderError {
        RenderError::Declaration { file: format!("{}/component.yaml", self.folder), message: message.into() }
    }
}

/// Namespace, name, and key of a Secret of another component, as `from` names it: `platform/NAME#KEY`, `tenant/NAME#KEY`.
pub(crate) fn foreign_key(source: &str) -> Option<(Place, &str, &str)> {
    let (place, rest) = source.split_once('/')?;
    let place = match place {
        "platform" => Place::Platform,
        "tenant" => Place::Tenant,
        _ => return None,
    };
    rest.split_once('#').map(|(name, key)| (place, name, key))
}
