//! By which profile an installation is judged: one that ships, or the company's own out of a file.
//!
//! A file is on one person's machine, so a plan holds what it comes to, with all that it extends, as a `ConfigMap`. Whoever judges
//! what is installed reads that copy: a colleague's `compliance-check`, and the auditor, into whose pod it is mounted. The file is
//! read where a plan is made of answers, and nowhere else. No other profile ever takes the place of one that cannot be read.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use airlock_cluster::Cluster;
use airlock_compliance::{ProfileFile, digest, from_text, is_path, load, shipped, written};
use airlock_model::answers::LARGEST;
use airlock_model::{Action, Answers, Change, Fact, LiveObject, ObjectRef, Operation, Plan, Profile, Record, ServerVersion, Untrusted, names, with_causes};
use serde_json::Value;

use crate::PlatformError;
use crate::named_file::open_named;
use crate::prepare::known;

/// The text of a profile's file, or why it cannot be read. No more than the parser will take, whatever the file is.
pub fn read(path: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    open_named(Path::new(path)).and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut bytes)).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not text in UTF-8".to_owned())
}

/// A profile's file, and which one it is whatever links and `..` lead to it.
pub fn file(path: &str) -> Result<ProfileFile, String> {
    let text = read(path)?;
    // A pipe has no other name than the one by which it was given.
    let identity = fs::canonicalize(path).map_or_else(|_| path.to_owned(), |path| path.to_string_lossy().into_owned());
    Ok(ProfileFile { text, identity })
}

/// The profile that answers name, as it is here and now: one that ships, or a file with all that it extends.
pub fn named(answers: &Answers) -> Result<Profile, PlatformError> {
    match answers.profile.file() {
        None => Ok(shipped(&answers.profile.reference)?),
        Some(path) if is_path(path) => Ok(load(path, &file)?),
        // Without a folder it would be taken for a name.
        Some(path) => Ok(load(&format!("./{path}"), &file)?),
    }
}

/// The profile that an installation is judged by: one that ships, or the copy in the cluster.
pub async fn installed(cluster: &Cluster, answers: &Answers) -> Result<Profile, PlatformError> {
    if answers.profile.file().is_none() {
        return named(answers);
    }
    let at = place(answers);
    live_copy(cluster.get(&at).await?, &at)
}

fn live_copy(live: Option<LiveObject>, at: &ObjectRef) -> Result<Profile, PlatformError> {
    held(&live.ok_or_else(|| unreadable(at, "it is not there"))?.manifest, at)
}

/// The same as the auditor's pod mounts it.
pub(crate) fn mounted(copy: Option<&Path>, answers: &Answers) -> Result<Profile, PlatformError> {
    if answers.profile.file().is_none() {
        return named(answers);
    }
    let copy = copy.ok_or_else(|| unreadable(&place(answers), "this pod does not mount it"))?.to_string_lossy();
    let text = read(&copy).map_err(|reason| unreadable(&copy, reason))?;
    copied(&text).map_err(|reason| unreadable(&copy, reason))
}

/// The same as a plan will have it when it was carried out; none: it leaves the installed copy as it is.
pub(crate) fn of_plan(plan: &Plan, answers: &Answers) -> Result<Option<Profile>, PlatformError> {
    if answers.profile.file().is_none() {
        return named(answers).map(Some);
    }
    let at = place(answers);
    let mut objects = plan.steps.iter().flat_map(|step| if let Action::Apply(objects) = &step.action { objects.as_slice() } else { &[] });
    objects.find(|object| *object.reference() == at).map(|object| held(object.manifest(), &at)).transpose()
}

/// The text of the copy that a plan has to hold; none: the profile ships.
pub(crate) fn copy(answers: &Answers, profile: &Profile) -> Result<Option<String>, PlatformError> {
    if answers.profile.file().is_none() {
        return Ok(None);
    }
    let unkept = |reason: String| PlatformError::ProfileUnkept { name: profile.metadata.name.clone(), reason };
    let text = serde_yaml::to_string(&written(profile)).map_err(|error| unkept(error.to_string()))?;
    if text.len() > LARGEST {
        return Err(unkept(format!("with all that it extends it has {} bytes, and {LARGEST} are possible", text.len())));
    }
    // Who judges by the copy must judge as by the file.
    if copied(&text).map_err(unkept)? == *profile { Ok(Some(text)) } else { Err(unkept("its copy would come to something else, which is a bug in Airlock".to_owned())) }
}

/// Whether the last verification of an install went by this profile. The file of these answers may say something else by now.
pub(crate) fn was_verified(record: &Record, answers: &Answers, profile: &Profile) -> bool {
    let reference = record.answers.pointer("/profile/ref").and_then(Value::as_str);
    reference == Some(answers.profile.reference.as_str()) && record.profile.is_some() && record.profile == digest(profile).ok()
}

/// The profile that an installation is judged by, held against the last verification.
pub(crate) struct Compared {
    /// One that ships, or the copy in the cluster.
    pub(crate) profile: Result<Profile, PlatformError>,
    /// How the copy is another than what the last verified install went by; none: it is not, or the profile ships.
    pub(crate) change: Option<Change>,
}

/// Reads it once for both; an error says why they are not known.
pub(crate) async fn compared(cluster: &Cluster, record: &Record, answers: &Answers) -> Result<Compared, String> {
    if answers.profile.file().is_none() {
        return Ok(Compared { profile: named(answers), change: None });
    }
    let Some(verified) = record.profile.as_ref().filter(|_| record.verdict.is_some()) else {
        return Err("the last run was not verified, so that nothing says what its profile was".to_owned());
    };
    let at = place(answers);
    let live = cluster.get(&at).await.map_err(|error| with_causes(&error))?;
    let operation = if live.is_some() { Operation::Update } else { Operation::Create };
    let profile = live_copy(live, &at);
    let is_same = profile.as_ref().is_ok_and(|copy| digest(copy).is_ok_and(|digest| digest == *verified));
    Ok(Compared { profile, change: (!is_same).then(|| Change { object: at, operation, seen: None, fields: Vec::new() }) })
}

/// Refuses a profile that was written for other versions of Kubernetes than this one.
pub(crate) fn fits(profile: &Profile, version: &Fact<ServerVersion>) -> Result<(), PlatformError> {
    match &profile.requires.kubernetes {
        Some(_) => Ok(airlock_compliance::fits(profile, &known("the cluster's version", version)?)?),
        None => Ok(()),
    }
}

/// The same for the cluster that is judged, which is asked where a profile names versions.
pub(crate) async fn fits_here(cluster: &Cluster, profile: &Profile) -> Result<(), PlatformError> {
    if profile.requires.kubernetes.is_some() { fits(profile, &cluster.surveyed_version().await?) } else { Ok(()) }
}

/// Where the copy stands.
fn place(answers: &Answers) -> ObjectRef {
    ObjectRef::namespaced("v1", "ConfigMap", &answers.namespaces.platform, names::PROFILE)
}

fn held(manifest: &Value, at: &ObjectRef) -> Result<Profile, PlatformError> {
    let text = manifest["data"][names::PROFILE_KEY].as_str().ok_or_else(|| unreadable(at, format!("it has no key {}", names::PROFILE_KEY)))?;
    copied(text).map_err(|reason| unreadable(at, reason))
}

/// What extends a file is no copy.
fn copied(text: &str) -> Result<Profile, String> {
    from_text(names::PROFILE_KEY, text, &|_| Err("a copy has in it all that it extends".to_owned())).map_err(|error| with_causes(&error))
}

fn unreadable(copy: &impl ToString, reason: impl Into<String>) -> PlatformError {
    PlatformError::ProfileCopy { copy: copy.to_string(), reason: Untrusted::new(reason.into()) }
}

#[cfg(test)]
mod tests;
