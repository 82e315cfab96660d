//! AFL-002, AFL-004, AFL-005: how Airflow is set up, by the variables of its pods and by `airflow.cfg` in a `ConfigMap`.
//!
//! A setting `[section] key` is the variable `AIRFLOW__SECTION__KEY`, or one that ends in `_CMD` or `_SECRET` and says where
//! the value is (Airflow documentation, "Setting Configuration Options").

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, SnapshotObject, World};
use serde_json::Value;

use crate::described::Described;
use crate::live::{self, PodOf};
use crate::pod_security::Violation;

/// Whether Airflow runs in the pod: a variable or an image says so.
pub(super) fn is_airflow(pod: &PodOf<'_>) -> bool {
    let is_image = |image: &str| image.split(['@', ':']).next().unwrap_or_default().rsplit('/').next().is_some_and(|name| name == "airflow" || name.ends_with("-airflow"));
    pod.pod().is_some_and(|read| {
        read.containers().any(|container| {
            let image = container.value.get("image").and_then(Value::as_str).unwrap_or_default();
            is_image(image) || variables(container.value).any(|(_, name, _)| name.starts_with("AIRFLOW__"))
        })
    })
}

/// Index, name, and the variable of each.
fn variables(container: &Value) -> impl Iterator<Item = (usize, &str, &Value)> {
    container.get("env").and_then(Value::as_array).into_iter().flatten().enumerate().filter_map(|(index, variable)| Some((index, variable.get("name")?.as_str()?, variable)))
}

/// What is wrong with each pod of Airflow; a finding that says so when there is none.
fn each_airflow(texts: &Described, given: &Snapshot, judge: impl Fn(&PodOf<'_>) -> Vec<Violation>) -> Vec<Finding> {
    match live::pods(given) {
        Err(unseen) => texts.unseen(live::PODS, unseen),
        Ok(pods) => {
            let findings: Vec<Finding> = pods.iter().filter(|pod| is_airflow(pod)).flat_map(|pod| texts.each_of_pod(pod, judge(pod), texts.expected)).collect();
            if findings.is_empty() { vec![texts.not_applicable(live::PODS, Reason::NoSubject, "no pod runs Airflow")] } else { findings }
        }
    }
}

/// Every container of a pod, by what a function finds in it.
fn each_container(pod: &PodOf<'_>, find: impl Fn(&Value, &str) -> Vec<Violation>) -> Vec<Violation> {
    pod.pod().map(|read| read.containers().flat_map(|container| find(container.value, &container.path)).collect()).unwrap_or_default()
}

/// A check of pods of Airflow, each by itself.
pub(super) struct OfAirflow {
    described: Described,
    judge: fn(&PodOf<'_>) -> Vec<Violation>,
}

impl Check for OfAirflow {
    fn spec(&self) -> &CheckSpec<'_> {
        &self.described.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        each_airflow(&self.described, given, self.judge)
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
            explanation: "Of every container with Airflow: the variable AIRFLOW__CORE__FERNET_KEY comes from a Secret (secretKeyRef), or AIRFLOW__CORE__FERNET_KEY_CMD or _SECRET says where the key is. Written out it fails; missing it fails where the container is given the address of the database (AIRFLOW__DATABASE__SQL_ALCHEMY_CONN, _CMD, or _SECRET), unless a Secret is given to it as a whole (envFrom), which may hold it.",
            remedy: "Keep the key in a Secret and refer to it, or mount it as a file and read it by `AIRFLOW__CORE__FERNET_KEY_CMD`. One that was written out is known: rotate it (`airflow rotate-fernet-key`).",
        },
        expected: "AIRFLOW__CORE__FERNET_KEY by secretKeyRef, or its _CMD or _SECRET",
        why: "without the key connections are stored in the clear, and with a known one anybody can read them",
    },
    judge: |pod| {
        each_container(pod, |container, path| {
            let has = |name: &str| variables(container).any(|(_, known, _)| known == name || known == format!("{name}_CMD") || known == format!("{name}_SECRET"));
            let written_out = variables(container).filter(|(_, name, variable)| *name == FERNET && variable.get("value").and_then(Value::as_str).is_some_and(|value| !value.starts_with("$(")));
            let mut found: Vec<Violation> = written_out.map(|(index, ..)| Violation::new(format!("{path}/env/{index}/value"), None, format!("{FERNET} is written out"))).collect();
            let is_given_a_secret = container.get("envFrom").and_then(Value::as_array).into_iter().flatten().any(|source| source.get("secretRef").is_some());
            if DATABASE.iter().any(|name| has(name)) && !has(FERNET) && !is_given_a_secret {
                found.push(Violation::new(format!("{path}/env"), None, format!("it reaches the database and has no {FERNET}")));
            }
            found
        })
    },
};

const SIGNING: [&str; 4] = ["AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__WEBSERVER__SECRET_KEY", "AIRFLOW__CORE__INTERNAL_API_SECRET_KEY"];

/// AFL-004
pub(super) static SIGNING_KEYS: OfAirflow = OfAirflow {
    described: Described {
        spec: CheckSpec {
            id: "AFL-004",
            title: "the keys by which Airflow signs sessions and tokens come from Secrets",
            severity: Severity::High,
            promises: &["P9", "P13"],
            explanation: "AIRFLOW__API__SECRET_KEY, AIRFLOW__API_AUTH__JWT_SECRET, and AIRFLOW__WEBSERVER__SECRET_KEY of every container with Airflow: by secretKeyRef, or by their _CMD or _SECRET, never written out. Whether their values can be guessed is SEC-005.",
            remedy: "Keep the key in a Secret and refer to it. One that was written out is known: make a new one, which ends every session.",
        },
        expected: "no signing key is written out",
        why: "who knows the key makes a session of any user, an administrator's too",
    },
    judge: |pod| {
        each_container(pod, |container, path| {
            let is_text = |variable: &Value| variable.get("value").and_then(Value::as_str).is_some_and(|value| !value.is_empty() && !value.starts_with("$("));
            let odd = variables(container).filter(|(_, name, variable)| SIGNING.contains(name) && is_text(variable));
            odd.map(|(index, name, _)| Violation::new(format!("{path}/env/{index}/value"), None, format!("{name} is written out"))).collect()
        })
    },
};

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
        explanation: "Variables of every container with Airflow, and airflow.cfg, webserver_config.py, and variables of Airflow (AIRFLOW__SECTION__KEY, which containers are given by envFrom) in ConfigMaps: its configuration is not shown (expose_config), examples are not loaded (load_examples), not everybody is an administrator (simple_auth_manager_all_admins), the API asks who calls (auth_backends without the default that lets all in), and the public has no role (AUTH_ROLE_PUBLIC). What is not set is not judged: AUT-001 tries what a stranger is answered.",
        remedy: "Set it to False, or take it out.",
    },
    expected: "none of the settings that let strangers in",
    why: "who reaches the host sees or runs what tenants keep there",
};

/// AFL-005
pub(super) struct Exposure;

impl Check for Exposure {
    fn spec(&self) -> &CheckSpec<'_> {
        &EXPOSURE.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod"), live::need("v1", "ConfigMap")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let mut findings = each_airflow(&EXPOSURE, given, |pod| each_container(pod, open_variables));
        let maps = match live::objects(given, "ConfigMap") {
            Ok(maps) => maps,
            Err(reason) => {
                findings.push(EXPOSURE.unverified("all objects of kind ConfigMap", reason));
                Vec::new()
            }
        };
        let configured = maps.into_iter().filter(|map| entries(map).any(|(key, _)| ["airflow.cfg", "webserver_config.py"].contains(&key) || key.starts_with("AIRFLOW__")));
        findings.extend(configured.flat_map(|map| EXPOSURE.each(map, open_settings(map), EXPOSURE.expected)));
        findings
    }
}

fn is_open(value: &str, values: &[&str]) -> bool {
    value.split(',').any(|part| values.contains(&part.trim().trim_matches(['"', '\'']).to_ascii_lowercase().as_str()))
}

fn open_variables(container: &Value, path: &str) -> Vec<Violation> {
    let odd = variables(container).filter_map(|(index, name, variable)| {
        let value = variable.get("value")?.as_str()?;
        let is_odd = OPEN.iter().any(|(known, _, values)| *known == name && is_open(value, values));
        is_odd.then(|| Violation::new(format!("{path}/env/{index}/value"), Some(&value.into()), format!("{name} is {value}")))
    });
    odd.collect()
}

/// What a `ConfigMap` holds.
fn entries(map: &SnapshotObject) -> impl Iterator<Item = (&str, &Value)> {
    map.manifest.get("data").and_then(Value::as_object).into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn open_settings(map: &SnapshotObject) -> Vec<Violation> {
    let text = |file: &str| entries(map).find(|(key, _)| *key == file).and_then(|(_, value)| value.as_str()).unwrap_or_default();
    let is_odd = |name: &str, value: &str| OPEN.iter().any(|(known, _, values)| *known == name && is_open(value, values));
    let odd = entries(map).filter_map(|(name, value)| Some((name, value, value.as_str()?))).filter(|(name, _, text)| is_odd(name, text));
    let mut found: Vec<Violation> = odd.map(|(name, value, text)| Violation::new(format!("/data/{name}"), Some(value), format!("{name} is {text}"))).collect();
    let mut section = String::new();
    for line in text("airflow.cfg").lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with(['#', ';'])) {
            let setting = format!("{section}.{}", key.trim());
            if OPEN.iter().any(|(_, known, values)| *known == setting && is_open(value, values)) {
                found.push(Violation::new("/data/airflow.cfg", None, format!("{setting} is {}", value.trim())));
            }
        }
    }
    let public = text("webserver_config.py")
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("AUTH_ROLE_PUBLIC") && line.split_once('=').is_some_and(|(_, role)| !["None", "\"\"", "''", "\"Public\"", "'Public'"].contains(&role.trim())));
    found.extend(public.map(|line| Violation::new("/data/webserver_config.py", None, format!("the public has a role: {line}"))));
    found
}
