//! AFL-005: whether Airflow is set up so that strangers see or do what they should not, by the variables of its containers and by its
//! files in `ConfigMap`s.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, SnapshotObject, World};

use super::{OfPods, SETTING, Told, each_airflow};
use crate::described::Described;
use crate::live;
use crate::objects::environment::{ConfigMaps, Environment, Given, entries};
use crate::pod_security::Violation;

/// The files of Airflow that hold settings.
const FILES: [&str; 2] = ["airflow.cfg", "webserver_config.py"];

/// The roles that Airflow makes, but for `Public`, which holds nothing (FAB provider, "Access Control").
const ROLES: &[&str] = &["admin", "op", "user", "viewer"];

/// Settings that let strangers in or show them what is inside: variable, section and key of `airflow.cfg`, and the values that do.
const OPEN: [(&str, &str, &[&str]); 8] = [
    ("AIRFLOW__API__EXPOSE_CONFIG", "api.expose_config", &["true", "1"]),
    ("AIRFLOW__WEBSERVER__EXPOSE_CONFIG", "webserver.expose_config", &["true", "1"]),
    ("AIRFLOW__CORE__LOAD_EXAMPLES", "core.load_examples", &["true", "1"]),
    ("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "core.simple_auth_manager_all_admins", &["true", "1"]),
    ("AIRFLOW__API__AUTH_BACKENDS", "api.auth_backends", &["airflow.api.auth.backend.default"]),
    ("AIRFLOW__FAB__AUTH_BACKENDS", "fab.auth_backends", &["airflow.providers.fab.auth_manager.api.auth.backend.default"]),
    ("AIRFLOW__FAB__AUTH_ROLE_PUBLIC", "fab.auth_role_public", ROLES),
    ("AIRFLOW__WEBSERVER__AUTH_ROLE_PUBLIC", "webserver.auth_role_public", ROLES),
];

static EXPOSURE: Described = Described {
    spec: CheckSpec {
        id: "AFL-005",
        title: "Airflow shows nothing to strangers",
        severity: Severity::High,
        promises: &["P13"],
        explanation: "Variables of every container with Airflow as they come to it from `env` and from the ConfigMaps of `envFrom` (with its prefix; what stands later, and `env`, counts), and airflow.cfg, webserver_config.py, and variables of Airflow (AIRFLOW__SECTION__KEY) in ConfigMaps that no container takes as a whole: its configuration is not shown (expose_config), examples are not loaded (load_examples), not everybody is an administrator (simple_auth_manager_all_admins), the API asks who calls (auth_backends without the default that lets all in), and the public has no role (AUTH_ROLE_PUBLIC). Where a Secret, or a ConfigMap that was not read, may give one of them, it is unverified. What is not set is not judged: AUT-001 tries what a stranger is answered.",
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
            let mut found = in_maps.iter().find(|(known, _)| std::ptr::eq(*known, map)).map(|(_, found)| found.clone()).unwrap_or_default();
            // How a container takes an entry is what counts; what nobody is seen to take may be taken as it is.
            if !taken.iter().any(|known| std::ptr::eq(*known, map)) {
                found.extend(open_entries(map).filter(|violation| !found.contains(violation)).collect::<Vec<_>>());
            }
            found.extend(open_files(map));
            if is_configured || !found.is_empty() {
                findings.extend(EXPOSURE.each(map, found, EXPOSURE.expected));
            }
        }
        findings
    }
}

fn is_open(value: &str, values: &[&str]) -> bool {
    value.split(',').any(|part| values.contains(&part.trim().trim_matches(['"', '\'']).to_ascii_lowercase().as_str()))
}

fn open_variables<'a>(environment: &Environment<'a>, told: &mut Told<'a>) {
    for (name, _, values) in OPEN {
        let variable = environment.variable(name);
        match variable.given {
            Some(Given::Written { value, path }) if is_open(value, values) => told.in_pod.push(Violation::new(path, Some(&value.into()), format!("{name} is {value}"))),
            Some(Given::Entry { map, key, value }) if is_open(value, values) => told.in_maps.push((map, open_entry(name, key, value))),
            Some(Given::Unread(unread)) => told.unread(variable.unread.into_iter().chain([unread]), name),
            _ => told.unread(variable.unread, name),
        }
    }
}

fn open_entry(name: &str, key: &str, value: &str) -> Violation {
    Violation::new(format!("/data/{key}"), Some(&value.into()), format!("{name} is {value}"))
}

/// Variables of Airflow as they stand in a `ConfigMap`.
fn open_entries(map: &SnapshotObject) -> impl Iterator<Item = Violation> {
    entries(map).filter(|(name, value)| OPEN.iter().any(|(known, _, values)| known == name && is_open(value, values))).map(|(name, value)| open_entry(name, name, value))
}

/// What is open in the files of Airflow that a `ConfigMap` holds.
fn open_files(map: &SnapshotObject) -> Vec<Violation> {
    let text = |file: &str| entries(map).find(|(key, _)| *key == file).map(|(_, text)| text).unwrap_or_default();
    let (mut found, mut section) = (Vec::new(), String::new());
    for line in text(FILES[0]).lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with(['#', ';'])) {
            let setting = format!("{section}.{}", key.trim());
            if OPEN.iter().any(|(_, known, values)| *known == setting && is_open(value, values)) {
                found.push(Violation::new("/data/airflow.cfg", None, format!("{setting} is {}", value.trim())));
            }
        }
    }
    let public = text(FILES[1])
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("AUTH_ROLE_PUBLIC") && line.split_once('=').is_some_and(|(_, role)| !["None", "\"\"", "''", "\"Public\"", "'Public'"].contains(&role.trim())));
    found.extend(public.map(|line| Violation::new("/data/webserver_config.py", None, format!("the public has a role: {line}"))));
    found
}
