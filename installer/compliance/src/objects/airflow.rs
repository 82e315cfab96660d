//! AFL-002, AFL-004: from where the containers of Airflow have their keys. `exposure` is AFL-005, how Airflow is set up.
//!
//! A setting `[section] key` is the variable `AIRFLOW__SECTION__KEY`, or one that ends in `_CMD` or `_SECRET` and says where
//! the value is (Airflow documentation, "Setting Configuration Options").

mod exposure;

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, SnapshotObject, World};
use serde_json::Value;

use super::environment::{ConfigMaps, Environment, Given, Holder, Unread};
use crate::described::{Described, Resting as _};
use crate::live::{self, PodOf};
use crate::objects::images::short_name;
use crate::pod_security::Violation;

pub(super) use exposure::Exposure;

/// Variables of Airflow's own settings.
const SETTING: &str = "AIRFLOW__";

/// Whether Airflow runs in the pod: a variable or an image says so.
pub(super) fn is_airflow(pod: &PodOf<'_>) -> bool {
    let is_image = |name: &str| name == "airflow" || name.ends_with("-airflow");
    pod.pod().is_some_and(|read| {
        read.containers().any(|container| {
            let image = container.value.get("image").and_then(Value::as_str).unwrap_or_default();
            let mut variables = container.value.get("env").and_then(Value::as_array).into_iter().flatten();
            is_image(short_name(image)) || variables.any(|variable| variable.get("name").and_then(Value::as_str).is_some_and(|name| name.starts_with(SETTING)))
        })
    })
}

/// What is wrong with the environments of one pod.
#[derive(Default)]
struct Told<'a> {
    in_pod: Vec<Violation>,
    in_maps: Vec<(&'a SnapshotObject, Violation)>,
    /// What was not read, and the variables that it may give.
    unread: BTreeMap<Unread, BTreeSet<String>>,
}

impl Told<'_> {
    fn unread(&mut self, unread: impl IntoIterator<Item = Unread>, name: &str) {
        for unread in unread {
            self.unread.entry(unread).or_default().insert(name.to_owned());
        }
    }

    fn findings(&mut self, texts: &Described, pod: &PodOf<'_>) -> Vec<Finding> {
        let unverified = |(unread, names): (&Unread, &BTreeSet<String>)| {
            let more = if names.len() > 1 { format!(" and {} more", names.len() - 1) } else { String::new() };
            let what = format!("{}: it may give {}{more}", unread.why, names.first().map_or("", String::as_str));
            texts.unverified(pod.object, what).seen(pod.object, &[Violation::new(format!("{}{}", pod.at, unread.path), None, "")])
        };
        let mut findings: Vec<Finding> = self.unread.iter().map(unverified).collect();
        // Of what it takes from a `ConfigMap`, the finding of that one tells.
        if (findings.is_empty() && self.in_maps.is_empty()) || !self.in_pod.is_empty() {
            findings.extend(texts.each_of_pod(pod, std::mem::take(&mut self.in_pod), texts.expected));
        }
        findings
    }
}

/// What is wrong with the pods of Airflow as a whole.
struct OfPods<'a> {
    findings: Vec<Finding>,
    /// What is wrong in the `ConfigMap`s that they are given, each once.
    in_maps: Vec<(&'a SnapshotObject, Vec<Violation>)>,
    /// The `ConfigMap`s that containers are given as a whole.
    taken: Vec<&'a SnapshotObject>,
}

/// Every container of every pod of Airflow; a finding that says so when there is none.
fn each_airflow<'a>(texts: &Described, given: &'a Snapshot, maps: &'a ConfigMaps<'a>, judge: fn(&Environment<'a>, &mut Told<'a>)) -> OfPods<'a> {
    let mut found = OfPods { findings: Vec::new(), in_maps: Vec::new(), taken: Vec::new() };
    let pods = match live::pods(given) {
        Ok(pods) => pods,
        Err(unseen) => return OfPods { findings: texts.unseen(live::PODS, unseen), ..found },
    };
    for pod in &pods {
        let environments: Vec<Environment<'a>> = pod.pod().map(|read| read.containers().map(|container| Environment::of(pod, &container, maps)).collect()).unwrap_or_default();
        if !is_airflow(pod) && !environments.iter().any(|environment| environment.names().any(|name| name.starts_with(SETTING))) {
            continue;
        }
        let mut told = Told::default();
        for environment in &environments {
            judge(environment, &mut told);
            found.taken.extend(environment.taken());
        }
        found.findings.extend(told.findings(texts, pod));
        for (map, violation) in told.in_maps {
            match found.in_maps.iter_mut().find(|(known, _)| std::ptr::eq(*known, map)) {
                Some((_, violations)) if violations.contains(&violation) => {}
                Some((_, violations)) => violations.push(violation),
                None => found.in_maps.push((map, vec![violation])),
            }
        }
    }
    if found.findings.is_empty() && found.in_maps.is_empty() {
        found.findings.push(texts.not_applicable(live::PODS, Reason::NoSubject, "no pod runs Airflow"));
    }
    found
}

/// A check of pods of Airflow, each by itself.
pub(super) struct OfAirflow {
    described: Described,
    judge: for<'a> fn(&Environment<'a>, &mut Told<'a>),
}

impl Check for OfAirflow {
    fn spec(&self) -> &CheckSpec<'_> {
        &self.described.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod"), live::need("v1", "ConfigMap")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let maps = ConfigMaps::of(given);
        let found = each_airflow(&self.described, given, &maps, self.judge);
        let of_maps = found.in_maps.into_iter().flat_map(|(map, violations)| self.described.each(map, violations, self.described.expected));
        found.findings.into_iter().chain(of_maps).collect()
    }
}

/// A key that stands where more may read it than Secrets, in a pod or in a `ConfigMap`.
fn written_out<'a>(name: &str, given: &Given<'a>, told: &mut Told<'a>) {
    let what = format!("{name} is written out");
    match given {
        Given::Written { path, .. } => told.in_pod.push(Violation::new(path, None, what)),
        Given::Entry { map, key, .. } => told.in_maps.push((*map, Violation::new(format!("/data/{key}"), None, what))),
        Given::Unread(unread) if unread.holder != Holder::Secret => told.unread([unread.clone()], name),
        Given::Unread(_) => {}
    }
}

const FERNET: &str = "AIRFLOW__CORE__FERNET_KEY";
/// Who has one of these reaches the database, where connections and variables are stored encrypted.
const DATABASE: [&str; 2] = ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__CORE__SQL_ALCHEMY_CONN"];

/// AFL-002
pub(super) static FERNET_KEY: OfAirflow = OfAirflow {
    described: Described {
        spec: CheckSpec {
            id: "AFL-002",
            title: "every part of Airflow that reaches its database is given the Fernet key from a Secret",
            severity: Severity::High,
            promises: &["P9", "P10"],
            explanation: "Of every container with Airflow, by its variables as they come to it from `env` and from the ConfigMaps of `envFrom`: AIRFLOW__CORE__FERNET_KEY comes from a Secret (secretKeyRef), or AIRFLOW__CORE__FERNET_KEY_CMD or _SECRET says where the key is. Written out, in the pod or in a ConfigMap, it fails; missing it fails where the container is given the address of the database (AIRFLOW__DATABASE__SQL_ALCHEMY_CONN, _CMD, or _SECRET). Values of Secrets are not read: where one that is given as a whole (envFrom), or a ConfigMap that was not read, may hold the key or the address, or a field of the pod gives the key, it is unverified.",
            remedy: "Keep the key in a Secret and refer to it by its name and entry, or mount it as a file and read it by `AIRFLOW__CORE__FERNET_KEY_CMD`. One that was written out is known: rotate it (`airflow rotate-fernet-key`).",
        },
        expected: "AIRFLOW__CORE__FERNET_KEY by secretKeyRef, or its _CMD or _SECRET",
        why: "without the key connections are stored in the clear, and with a known one anybody can read them",
    },
    judge: fernet_key,
};

fn fernet_key<'a>(environment: &Environment<'a>, told: &mut Told<'a>) {
    let forms = |name: &str| ["", "_CMD", "_SECRET"].map(|form| environment.variable(&format!("{name}{form}")));
    let [key, command, place] = forms(FERNET);
    if let Some(given) = &key.given {
        written_out(FERNET, given, told);
    }
    let key = [key, command, place];
    if key.iter().any(|variable| variable.given.is_some()) {
        return;
    }
    let unread: BTreeSet<Unread> = key.into_iter().flat_map(|variable| variable.unread).collect();
    let database = DATABASE.map(forms);
    let may_reach: BTreeSet<Unread> = database.iter().flatten().flat_map(|variable| variable.unread.iter().cloned()).collect();
    if !database.iter().flatten().any(|variable| variable.given.is_some()) {
        told.unread(may_reach, DATABASE[0]);
    } else if unread.is_empty() {
        told.in_pod.push(Violation::new(environment.path(), None, format!("it reaches the database and has no {FERNET}")));
    } else {
        told.unread(unread, FERNET);
    }
}

const SIGNING: [&str; 4] = ["AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__WEBSERVER__SECRET_KEY", "AIRFLOW__CORE__INTERNAL_API_SECRET_KEY"];

/// AFL-004
pub(super) static SIGNING_KEYS: OfAirflow = OfAirflow {
    described: Described {
        spec: CheckSpec {
            id: "AFL-004",
            title: "the keys by which Airflow signs sessions and tokens come from Secrets",
            severity: Severity::High,
            promises: &["P9", "P13"],
            explanation: "AIRFLOW__API__SECRET_KEY, AIRFLOW__API_AUTH__JWT_SECRET, AIRFLOW__WEBSERVER__SECRET_KEY, and AIRFLOW__CORE__INTERNAL_API_SECRET_KEY of every container with Airflow, as they come to it from `env` and from the ConfigMaps of `envFrom`: by secretKeyRef, or by their _CMD or _SECRET, never written out, in the pod or in a ConfigMap. Where a ConfigMap that may hold one was not read, or a field of the pod gives it, it is unverified. Whether their values can be guessed is SEC-005.",
            remedy: "Keep the key in a Secret and refer to it. One that was written out is known: make a new one, which ends every session.",
        },
        expected: "no signing key is written out",
        why: "who knows the key makes a session of any user, an administrator's too",
    },
    judge: |environment, told| {
        for name in SIGNING {
            let variable = environment.variable(name);
            match &variable.given {
                Some(Given::Written { value: "", .. } | Given::Entry { value: "", .. }) | None => {}
                Some(given) => written_out(name, given, told),
            }
            told.unread(variable.unread.into_iter().filter(|unread| unread.holder != Holder::Secret), name);
        }
    },
};
