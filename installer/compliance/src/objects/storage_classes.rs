//! ENC-003: storage classes that claims use make encrypted volumes.

use std::collections::BTreeSet;

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, ReadFault, Reason, Severity, Snapshot, SnapshotObject, Source, Subject, World};
use serde_json::Value;

use crate::described::{Described, Resting};
use crate::live;
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "ENC-003",
        title: "volumes come from storage classes that encrypt",
        severity: Severity::High,
        promises: &["P6"],
        explanation: "The StorageClass of every claim, also of those that a StatefulSet makes; without a name the one that is annotated as default. Disks of Google's and Azure's drivers are encrypted always; of the drivers of AWS EBS, Ceph RBD, and Longhorn the parameter `encrypted` must be true: false fails, and without it the account's or pool's setting decides, which is unverified as every other driver is.",
        remedy: "Use a class with `parameters.encrypted: \"true\"` (and a key of yours, where the driver takes one); what is stored already has to be copied. Where the storage below encrypts, attest it: `check: ENC-003` (docs/profiles.md).",
    },
    expected: "a driver that always encrypts, or parameters.encrypted: \"true\"",
    why: "who gets at a disk, or at a copy of it, reads what tenants keep",
};

/// Drivers whose disks are always encrypted (Google Cloud, "Default encryption at rest"; Azure, "Server-side encryption of managed disks").
const ALWAYS: [&str; 5] = ["pd.csi.storage.gke.io", "kubernetes.io/gce-pd", "disk.csi.azure.com", "kubernetes.io/azure-disk", "file.csi.azure.com"];
/// Drivers that encrypt where their parameter `encrypted` says so (their own documentation).
const ASKED: [&str; 4] = ["ebs.csi.aws.com", "kubernetes.io/aws-ebs", "rbd.csi.ceph.com", "driver.longhorn.io"];
/// Kubernetes documentation, "Change the default `StorageClass`".
const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

/// The check.
pub(super) struct StorageClasses;

impl Check for StorageClasses {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "PersistentVolumeClaim"), live::need("storage.k8s.io/v1", "StorageClass")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        const SUBJECT: &str = "storage classes of all claims";
        let claims = match live::objects(given, "PersistentVolumeClaim") {
            Ok(claims) => claims,
            Err(reason) => return vec![TEXTS.unverified(SUBJECT, reason)],
        };
        // Classes are the cluster's, and bear no namespace of the installation.
        let classes: &[SnapshotObject] = match given.objects.get("StorageClass") {
            Some(Ok(classes)) => classes,
            Some(Err(reason)) => return vec![TEXTS.unverified(SUBJECT, format!("objects of kind StorageClass could not be read: {reason}"))],
            None if given.source == Source::Cluster => return vec![TEXTS.unverified(SUBJECT, "objects of kind StorageClass were not read")],
            None => &[],
        };
        // On a cluster the claims of sets are there themselves.
        let sets = live::objects(given, "StatefulSet").unwrap_or_default();
        let templates = sets.iter().filter_map(|set| set.manifest.pointer("/spec/volumeClaimTemplates")?.as_array()).flatten();
        let wanted: BTreeSet<Option<&str>> = claims.iter().map(|claim| &claim.manifest).chain(templates).map(|claim| claim.pointer("/spec/storageClassName").and_then(Value::as_str)).collect();
        if wanted.is_empty() {
            return match given.unread.iter().find(|unread| unread.fault == ReadFault::Broken) {
                Some(broken) => vec![TEXTS.unverified(SUBJECT, format!("{} could not be read", broken.file))],
                None => vec![TEXTS.not_applicable(SUBJECT, Reason::NoSubject, "nothing claims a volume")],
            };
        }
        wanted.into_iter().map(|name| judge(classes, name)).collect()
    }
}

fn judge(classes: &[SnapshotObject], name: Option<&str>) -> Finding {
    let is_meant = |class: &&SnapshotObject| match name {
        Some(name) => class.object.name == name,
        None => class.manifest.get("metadata").and_then(|metadata| metadata.get("annotations")?.get(DEFAULT)?.as_str()) == Some("true"),
    };
    let Some(class) = classes.iter().find(is_meant) else {
        // A claim with an empty name takes a volume that somebody made by hand (Kubernetes documentation, "Persistent Volumes").
        let told = match name {
            Some("") => "volumes without a class, which nobody described",
            Some(_) => "the class was not given",
            None => "no class was given that is the default",
        };
        return TEXTS.unverified(Subject::scope(name.filter(|name| !name.is_empty()).unwrap_or("default storage class")), told);
    };
    let provisioner = class.manifest.get("provisioner").and_then(Value::as_str).unwrap_or_default();
    let encrypted = class.manifest.pointer("/parameters/encrypted");
    let seen = [Violation::new("/parameters/encrypted", encrypted, "")];
    match encrypted.and_then(Value::as_str) {
        _ if ALWAYS.contains(&provisioner) => TEXTS.pass(class, format!("{provisioner} encrypts every disk")),
        Some("true") if ASKED.contains(&provisioner) => TEXTS.pass(class, format!("{provisioner} is asked to encrypt")).seen(class, &seen),
        Some("false") if ASKED.contains(&provisioner) => TEXTS.fail(class, format!("{provisioner} is asked not to encrypt")).seen(class, &seen),
        _ => TEXTS.unverified(class, format!("nothing here says whether {} encrypts", if provisioner.is_empty() { "its driver" } else { provisioner })),
    }
}
