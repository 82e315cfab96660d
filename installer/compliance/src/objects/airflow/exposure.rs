//! AFL-005: whether Airflow is set up so that strangers see or do what they should not, by the variables of its containers and by its
//! files in `ConfigMap`s.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, SnapshotObject, World};

use super::{OfPods, SETTING, Told, each_airflow};
use crate::described::{Described, Resting as _};
use crate::live;
use crate::objects::environment::{ConfigMaps, Environment, Given, Holder, Unread, entries};
use crate::pod_security::Violation;

/// The files of Airflow that hold settings.
const FILES: [&str; 2] = ["airflow.cfg", "webserver_config.py"];

/// What a setting is about.
#[derive(Clone, Copy)]
enum Kind {
    /// It is on, as `AirflowConfigParser.getboolean` reads it, or off.
    Switch,
    /// A list that holds what lets everybody in.
    Backends(&'static str),
    /// The role of who has not logged in.
    Role,
}

/// What a value of a setting comes to.
#[derive(PartialEq, Eq)]
enum Meaning {
    Open,
    Closed,
    /// It says where the value is, or nothing that Airflow reads.
    Unknown,
}

/// Settings that let strangers in or show them what is inside: variable, section and key of `airflow.cfg`.
const OPEN: [(&str, &str, Kind); 8] = [
    ("AIRFLOW__API__EXPOSE_CONFIG", "api.expose_config", Kind::Switch),
    ("AIRFLOW__WEBSERVER__EXPOSE_CONFIG", "webserver.expose_config", Kind::Switch),
    ("AIRFLOW__CORE__LOAD_EXAMPLES", "core.load_examples", Kind::Switch),
    ("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "core.simple_auth_manager_all_admins", Kind::Switch),
    ("AIRFLOW__API__AUTH_BACKENDS", "api.auth_backends", Kind::Backends("airflow.api.auth.backend.default")),
    ("AIRFLOW__FAB__AUTH_BACKENDS", "fab.auth_backends", Kind::Backends("airflow.providers.fab.auth_manager.api.auth.backend.default")),
    ("AIRFLOW__FAB__AUTH_ROLE_PUBLIC", "fab.auth_role_public", Kind::Role),
    ("AIRFLOW__WEBSERVER__AUTH_ROLE_PUBLIC", "webserver.auth_role_public", Kind::Role),
];

static EXPOSURE: Described = Described {
    spec: CheckSpec {
        id: "AFL-005",
        title: "Airflow shows nothing to strangers",
        severity: Severity::High,
        promises: &["P13"],
        explanation: "Variables of every container with Airflow as they come to it from `env` and from the ConfigMaps of `envFrom` (with its prefix; what stands later, and `env`, counts), and airflow.cfg, webserver_config.py, and variables of Airflow (AIRFLOW__SECTION__KEY) in ConfigMaps that no container takes as a whole: its configuration is not shown (expose_config), examples are not loaded (load_examples), not everybody is an administrator (simple_auth_manager_all_admins), the API asks who calls (auth_backends without the default that lets all in), and the public has no role (AUTH_ROLE_PUBLIC, but for the role Public, which holds nothing). Where a Secret, or a ConfigMap that was not read, may give one of them, or its value is none that Airflow reads, it is unverified. What is not set is not judged: AUT-001 tries what a stranger is answered.",
        remedy: "Set it to False, or take it out.",
    },
    expected: "none of the settings that let strangers in",
    why: "who reaches the host sees or runs what tenants keep there",
};

/// AFL-005
pub(crate) struct Exposure;

impl Check for Exposure {
    fn spec(&self) -> &CheckSpec<'_> {
        &EXPOSURE.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod"), live::need("v1", "ConfigMap")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let maps = ConfigMaps::of(given);
        let OfPods { mut findings, in_maps, taken } = each_airflow(&EXPOSURE, given, &maps, open_variables);
        let all = match maps.all() {
            Ok(all) => all,
            Err(reason) => {
                findings.push(EXPOSURE.unverified("all objects of kind ConfigMap", reason));
                return findings;
            }
        };
        for map in all.iter().copied() {
            let is_configured = entries(map).any(|(key, _)| FILES.contains(&key) || key.starts_with(SETTING));
            let mut open = in_maps.iter().find(|(known, _)| std::ptr::eq(*known, map)).map(|(_, found)| found.clone()).unwrap_or_default();
            // How a container takes an entry is what counts; what nobody is seen to take may be taken as it is.
            let is_taken = taken.iter().any(|known| std::ptr::eq(*known, map));
            let (more, unknown) = told(in_entries(map).filter(|_| !is_taken).chain(in_files(map)));
            let more: Vec<Violation> = more.into_iter().filter(|violation| !open.contains(violation)).collect();
            open.extend(more);
            if !open.is_empty() || (is_configured && unknown.is_empty()) {
                findings.extend(EXPOSURE.each(map, open, EXPOSURE.expected));
            }
            findings.extend(unknown.into_iter().map(|violation| EXPOSURE.unverified(map, violation.detail.as_str()).seen(map, &[violation])));
        }
        findings
    }
}

impl Kind {
    fn meaning(self, value: &str) -> Meaning {
        // Airflow expands variables, and configparser what stands in `%(…)s`.
        let is_later = ["$", "{{", "%("].iter().any(|sign| value.contains(sign));
        let word = |text: &str| text.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
        match self {
            Self::Switch => match word(value.split('#').next().unwrap_or_default()).as_str() {
                "true" | "t" | "1" => Meaning::Open,
                // Who is logged in sees what is not secret.
                "false" | "f" | "0" | "non-sensitive-only" => Meaning::Closed,
                _ => Meaning::Unknown,
            },
            Self::Backends(open) if value.split([',', '\n']).any(|part| word(part) == open) => Meaning::Open,
            Self::Role if ["", "none", "public"].contains(&word(value).as_str()) => Meaning::Closed,
            _ if is_later => Meaning::Unknown,
            Self::Backends(_) => Meaning::Closed,
            Self::Role => Meaning::Open,
        }
    }
}

fn open_variables<'a>(environment: &Environment<'a>, told: &mut Told<'a>) {
    for (name, _, kind) in OPEN {
        let variable = environment.variable(name);
        let unknown = |path: String, holder: Holder, value: &str| Unread { path, holder, why: format!("what {value} comes to is not known") };
        match variable.given {
            Some(Given::Written { value, path }) => match kind.meaning(value) {
                Meaning::Open => told.in_pod.push(Violation::new(path, Some(&value.into()), format!("{name} is {value}"))),
                Meaning::Closed => told.unread(variable.unread, name),
                Meaning::Unknown => told.unread(variable.unread.into_iter().chain([unknown(path, Holder::Pod, value)]), name),
            },
            Some(Given::Entry { map, key, value }) => match kind.meaning(value) {
                Meaning::Open => told.in_maps.push((map, entry(name, key, value))),
                Meaning::Closed => told.unread(variable.unread, name),
                Meaning::Unknown => told.unread(variable.unread.into_iter().chain([unknown(environment.path(), Holder::ConfigMap, value)]), name),
            },
            Some(Given::Unread(unread)) => told.unread(variable.unread.into_iter().chain([unread]), name),
            None => told.unread(variable.unread, name),
        }
    }
}

fn entry(name: &str, key: &str, value: &str) -> Violation {
    Violation::new(format!("/data/{key}"), Some(&value.into()), format!("{name} is {value}"))
}

/// What is open, and of what it is not known.
fn told(settings: impl Iterator<Item = (Meaning, Violation)>) -> (Vec<Violation>, Vec<Violation>) {
    let (open, unknown): (Vec<_>, Vec<_>) = settings.filter(|(meaning, _)| *meaning != Meaning::Closed).partition(|(meaning, _)| *meaning == Meaning::Open);
    let unknown = unknown.into_iter().map(|(_, violation)| Violation { detail: format!("{}, and what that comes to is not known", violation.detail), ..violation });
    (open.into_iter().map(|(_, violation)| violation).collect(), unknown.collect())
}

/// Variables of Airflow as they stand in a `ConfigMap`.
fn in_entries(map: &SnapshotObject) -> impl Iterator<Item = (Meaning, Violation)> {
    entries(map).filter_map(|(name, value)| OPEN.iter().find(|(known, _, _)| *known == name).map(|(_, _, kind)| (kind.meaning(value), entry(name, name, value))))
}

/// The settings in the files of Airflow that a `ConfigMap` holds.
fn in_files(map: &SnapshotObject) -> Vec<(Meaning, Violation)> {
    let text = |file: &str| entries(map).find(|(key, _)| *key == file).map(|(_, text)| text).unwrap_or_default();
    let (mut settings, mut section) = (Vec::new(), String::new());
    // A value goes on in lines that stand further in (Python documentation, "Supported INI File Structure").
    for line in text(FILES[0]).lines().filter(|line| !line.trim_start().starts_with(['#', ';'])) {
        let goes_on = line.starts_with(char::is_whitespace);
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_ascii_lowercase();
        } else if let Some((key, value)) = line.split_once(['=', ':']) {
            let setting = format!("{section}.{}", key.trim().to_ascii_lowercase());
            settings.push((OPEN.iter().find(|(_, known, _)| *known == setting).map(|(_, known, kind)| (*kind, *known)), value.trim().to_owned()));
        } else if let Some((_, value)) = settings.last_mut().filter(|_| goes_on) {
            *value = format!("{value}\n{line}");
        }
    }
    let known = settings.into_iter().filter_map(|(known, value)| known.map(|(kind, name)| (kind, name, value)));
    let mut found: Vec<_> = known.map(|(kind, name, value)| (kind.meaning(&value), Violation::new("/data/airflow.cfg", None, format!("{name} is {}", value.trim())))).collect();
    let assigned = |line: &str| {
        let (name, value) = line.trim().split_once('=')?;
        (name.split(':').next()?.trim() == "AUTH_ROLE_PUBLIC").then(|| value.split('#').next().unwrap_or_default().trim().to_owned())
    };
    let public = text(FILES[1]).lines().filter_map(assigned).map(|value| {
        let is_text = value.starts_with(['"', '\'']);
        let meaning = if is_text || value == "None" { Kind::Role.meaning(&value) } else { Meaning::Unknown };
        (meaning, Violation::new("/data/webserver_config.py", None, format!("AUTH_ROLE_PUBLIC, the role of the public, is {value}")))
    });
    found.extend(public);
    found
}
