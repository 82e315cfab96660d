//! A plan is data: what will be done, why it may be done, what undoes it. Its digest is over its canonical form (RFC 8785).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Amount, Attempt, CertificateSpec, Digest, HostName, ImageLock, ImageRef, LockedImage, Object, ObjectRef, SecretKeyRef, SecretSpec, WayOut};

/// The name of a step, stable between plans: `edge.service`, `registry.workload`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub String);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for StepId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

/// What a run may do, and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Schema of this document.
    pub schema: u32,
    /// What the plan is for.
    pub purpose: Purpose,
    /// UID of the cluster it was made for.
    pub cluster_uid: String,
    /// The platform namespace; lease, records, and journal live there.
    pub namespace: String,
    /// The installation it belongs to; none before the namespace exists.
    pub installation: Option<String>,
    /// The release it installs.
    pub release: String,
    /// Digest of the answers it was made from.
    pub answers: Digest,
    /// The images that pods will run.
    pub images: ImageLock,
    /// What is asked of the nodes: the sum of all requests.
    pub requests: Amount,
    /// The connections that will be allowed; all others are blocked.
    pub connections: Vec<Connection>,
    /// The hosts that will be served.
    pub hosts: Vec<HostName>,
    /// Rights that the run needs beside those of its steps: to look, to keep others away, to remember, and to verify.
    pub run_rights: Vec<Right>,
    /// The steps that are needed, in an order that respects `after`.
    pub steps: Vec<PlannedStep>,
}

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// Bring the cluster to the answers.
    Install,
    /// Take the installation away.
    Uninstall,
}

impl Plan {
    /// SHA-256 over the canonical form (RFC 8785). Fails only where a number cannot be written in it.
    pub fn digest(&self) -> Result<Digest, serde_json::Error> {
        Digest::of_canonical(self)
    }

    /// Nothing is to be done: such a plan ends a run without lease, probe, or write.
    pub const fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The rights of the run and of all steps, each once, sorted.
    pub fn rights(&self) -> Vec<Right> {
        let mut rights: Vec<Right> = self.steps.iter().flat_map(|step| &step.rights).chain(&self.run_rights).cloned().collect();
        rights.sort();
        rights.dedup();
        rights
    }
}

/// A step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedStep {
    /// Its name.
    pub id: StepId,
    /// One line for a screen, in the imperative: `start the edge`.
    pub title: String,
    /// Steps that must have ended before; ones that the plan does not hold are done already.
    pub after: Vec<StepId>,
    /// What is done.
    pub action: Action,
    /// What it changes, object by object. Secrets: keys, never values.
    pub changes: Vec<Change>,
    /// What could be lost or interrupted.
    pub risk: Risk,
    /// The rights it needs.
    pub rights: Vec<Right>,
    /// What takes it back.
    pub undo: Undo,
}

/// All that Airlock can do to a cluster. The engine has one implementation a variant: observe, apply, verify.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Server-side apply of these objects, up to 16 at a time in phases by kind; then wait until the workloads among them are ready.
    Apply(Vec<Object>),
    /// Delete these objects and wait until they are gone. Absent ones are no error.
    Delete(Vec<ObjectRef>),
    /// Make a Secret in this process; one that exists with all its keys is kept.
    Generate(SecretSpec),
    /// Make or renew a key and certificate in a Secret.
    Issue(CertificateSpec),
    /// Copy images from where they are published into the bundled registry.
    Push(PushSpec),
    /// Run a Job to its end. One that ended well under this name, which bears a digest of what it does, is not run again.
    Run(Box<Object>),
    /// Carry out attempts; the step fails when one that must succeed does not.
    Probe(Vec<Attempt>),
    /// Wait for something outside.
    Await(Gate),
}

/// What could be lost or interrupted by a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Risk {
    /// Only adds.
    None,
    /// Pods restart.
    Restart,
    /// Data is deleted.
    DataLoss,
}

/// What takes a step back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Undo {
    /// Delete what the step created.
    Delete,
    /// Apply the former state again; it stands in `changes`.
    Reapply,
    /// Nothing has to be taken back.
    Nothing,
    /// It cannot be taken back; the text says why.
    Impossible(String),
}

/// A right of the caller, as RBAC words it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Right {
    /// API group; empty for the core group.
    pub group: String,
    /// `deployments`, `pods/log`; or a path that is no resource: `/metrics`.
    pub resource: String,
    /// `get`, `create`, `patch`, …
    pub verb: String,
    /// None: cluster-wide.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub namespace: Option<String>,
}

impl Right {
    /// Whether it is for a path that is no resource (RBAC: `nonResourceURLs`).
    pub fn is_of_path(&self) -> bool {
        self.resource.starts_with('/')
    }

    /// By what they are for: the first for each resource and place, in their order, with the verbs of all.
    pub fn by_resource<'r>(rights: impl IntoIterator<Item = &'r Self>) -> Vec<(&'r Self, Vec<&'r str>)> {
        let mut grouped: Vec<(&Self, Vec<&str>)> = Vec::new();
        for right in rights {
            match grouped.iter_mut().find(|(first, _)| (&first.group, &first.resource, &first.namespace) == (&right.group, &right.resource, &right.namespace)) {
                Some((_, verbs)) => verbs.push(&right.verb),
                None => grouped.push((right, vec![&right.verb])),
            }
        }
        grouped
    }

    /// Many in few words, by place and there by verbs: `in namespace airlock: configmaps, secrets (create, get); events (list)`.
    pub fn told<'r>(rights: impl IntoIterator<Item = &'r Self>) -> String {
        let mut places: BTreeMap<Option<&str>, BTreeMap<Vec<&str>, BTreeSet<String>>> = BTreeMap::new();
        for (right, verbs) in Self::by_resource(rights) {
            let resource = if right.group.is_empty() { right.resource.clone() } else { format!("{}.{}", right.resource, right.group) };
            places.entry(right.namespace.as_deref()).or_default().entry(verbs).or_default().insert(resource);
        }
        let told = places.into_iter().map(|(namespace, by_verbs)| {
            let listed: Vec<String> = by_verbs.into_iter().map(|(verbs, resources)| format!("{} ({})", resources.into_iter().collect::<Vec<_>>().join(", "), verbs.join(", "))).collect();
            let place = namespace.map_or_else(|| "in the cluster".to_owned(), |namespace| format!("in namespace {namespace}"));
            format!("{place}: {}", listed.join("; "))
        });
        told.collect::<Vec<_>>().join(" · ")
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None => write!(f, " in the cluster"),
        }
    }
}

/// What happens to one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Which object.
    pub object: ObjectRef,
    /// What happens to it.
    pub operation: Operation,
    /// Digest of the parts of the live object that Airlock owns, as the plan saw them; none when it did not exist.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seen: Option<Digest>,
    /// Fields that differ; empty for creations.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fields: Vec<FieldChange>,
}

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Operation {
    /// It does not exist yet.
    Create,
    /// It differs.
    Update,
    /// It is as it should be but not ready yet; the run waits for it.
    Await,
    /// It goes away.
    Delete,
}

/// One field of an object that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// JSON pointer (RFC 6901).
    pub path: String,
    /// As it is; none when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<Value>,
    /// As it will be; none when it is removed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Value>,
}

/// A connection that the policies allow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// Who connects: a component, `outside`, `workstation`, `nodes`.
    pub source: String,
    /// Whom: a component, `cluster DNS`, `API server`.
    pub target: String,
    /// The port that the target listens on.
    pub port: u16,
    /// `TCP` or `UDP`.
    pub protocol: String,
    /// Why.
    pub purpose: String,
}

/// Images that are copied into the bundled registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PushSpec {
    /// The images.
    pub images: Vec<LockedImage>,
    /// Host of the bundled registry.
    pub registry: HostName,
    /// Path prefix of the repositories there: `airlock`.
    pub prefix: String,
    /// User name.
    pub username: String,
    /// Where the password is.
    pub password: SecretKeyRef,
    /// Secret whose `tls.crt` holds the authority that signed for the registry's host; none: the system's trust.
    pub authority: Option<SecretKeyRef>,
    /// Authorities that are believed, beside the system's, where images come from.
    pub trust: Option<SecretKeyRef>,
    /// The way there; none: directly, or as the environment says.
    pub way_out: Option<Box<WayOut>>,
}

impl PushSpec {
    /// Where an image will be in the registry.
    pub fn destination(&self, image: &LockedImage) -> ImageRef {
        ImageRef { host: self.registry.to_string(), repository: format!("{}/{}", self.prefix, image.name), tag: image.reference.tag.clone(), digest: Some(image.digest.clone()) }
    }
}

/// Something outside that a run waits for. It passes at once when it is already so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Gate {
    /// The hosts resolve, on this workstation, to the address of the edge Service.
    Dns {
        /// Hosts that must resolve.
        hosts: Vec<HostName>,
        /// The records to ask for: `platform.example.com`, `*.platform.example.com`.
        records: Vec<String>,
        /// The edge's Service.
        service: ObjectRef,
    },
    /// One node of each pool pulls an image from the new registry over TLS.
    NodePull {
        /// The image, by its name there and its digest.
        image: ImageRef,
        /// Node labels of each pool; one pod each. An empty map: any node.
        pools: BTreeMap<String, BTreeMap<String, String>>,
        /// Namespace of the pods.
        namespace: String,
        /// Pull secret in that namespace.
        pull_secret: String,
        /// Secret whose `tls.crt` nodes must trust; none: a public authority.
        authority: Option<SecretKeyRef>,
    },
    /// Somebody else has issued the certificate that was asked for, and it was imported.
    Certificate(CertificateSpec),
}

impl Gate {
    /// Stable name in records and tickets.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Dns { .. } => "dns",
            Self::NodePull { .. } => "node-pull",
            Self::Certificate(_) => "certificate",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_told_by_place_and_verbs() {
        let right =
            |verb: &str, resource: &str, group: &str, namespace: Option<&str>| Right { group: group.into(), resource: resource.into(), verb: verb.into(), namespace: namespace.map(Into::into) };
        let here = Some("airlock");
        let rights = [
            right("create", "configmaps", "", here),
            right("get", "configmaps", "", here),
            right("list", "events", "", here),
            right("create", "deployments", "apps", here),
            right("get", "deployments", "apps", here),
            right("list", "nodes", "", None),
        ];
        assert_eq!(Right::told(&rights), "in the cluster: nodes (list) · in namespace airlock: configmaps, deployments.apps (create, get); events (list)");
        // Each resource stands once, where it was named first, with verbs that came later too.
        let apart = [&rights[0], &rights[5], &rights[3], &rights[1]];
        let grouped: Vec<_> = Right::by_resource(apart).into_iter().map(|(first, verbs)| (first.resource.as_str(), verbs)).collect();
        assert_eq!(grouped, [("configmaps", vec!["create", "get"]), ("nodes", vec!["list"]), ("deployments", vec!["create"])]);
    }
}
