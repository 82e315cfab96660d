//! SEC-009: the password of a database's or store's administrator is known to the server alone.

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{Check, CheckSpec, Finding, Need, ObjectRef, Profile, Reason, Severity, Snapshot, World};
use serde_json::Value;

use super::images::short_name;
use super::literals::{is_named_like_a_secret, is_reference};
use crate::described::{Described, Resting};
use crate::live::{self, PodOf};
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "SEC-009",
        title: "an administrator's credential is given to one workload alone",
        severity: Severity::High,
        promises: &["P9", "P12"],
        explanation: "References of pods and templates to entries of Secrets, by variable, envFrom, and volume, also a projected one. An entry is an administrator's when a server is given it as such (POSTGRES_PASSWORD, whoever POSTGRES_USER is where the image is that of PostgreSQL's project or made from it, since it makes that user a superuser, MYSQL_ROOT_PASSWORD, MONGO_INITDB_ROOT_PASSWORD, MINIO_ROOT_PASSWORD, and the like, also by `_FILE` from a mounted Secret), when it is named so (root-password, postgres-password, superuser…), when its value in a file is a URL of the user postgres, root, or sa, or when it is a password and the Secret in the file names one of these as its user. Who is given a Secret as a whole is given each entry that a file shows or that another asks for. One that more than one workload is given fails for each beside the server; pods and ReplicaSets that a workload owns count as that workload, also with what admission added to them.",
        remedy: "Make a role of its own for each workload, with rights on its own database alone, and give it that role's password. Only a Job that makes such roles needs the administrator's.",
    },
    expected: "a credential of its own, of a role with few rights",
    why: "who takes over the weakest of the workloads has the data of all of them",
};

/// Variables by which images of servers are given the password of their administrator.
const OF_SERVERS: [&str; 13] = [
    "POSTGRES_PASSWORD",
    "POSTGRESQL_POSTGRES_PASSWORD",
    "POSTGRES_POSTGRES_PASSWORD",
    "MYSQL_ROOT_PASSWORD",
    "MARIADB_ROOT_PASSWORD",
    "MONGO_INITDB_ROOT_PASSWORD",
    "MONGODB_ROOT_PASSWORD",
    "MINIO_ROOT_PASSWORD",
    "MINIO_SECRET_KEY",
    "MSSQL_SA_PASSWORD",
    "SA_PASSWORD",
    "COUCHDB_PASSWORD",
    "ELASTIC_PASSWORD",
];
const USERS: [&str; 8] = ["postgres", "root", "sa", "admin", "administrator", "superuser", "system", "elastic"];

/// The check.
pub(super) struct AdminCredentials;

impl Check for AdminCredentials {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let pods = match live::pods(given) {
            Ok(pods) => pods,
            Err(unseen) => return TEXTS.unseen(live::PODS, unseen),
        };
        let uses: Vec<Use<'_>> = pods.iter().flat_map(|pod| of_pod(pod, &pods)).collect();
        let named: BTreeSet<Entry> = uses.iter().filter_map(Use::named).collect();
        let of_servers: BTreeSet<Entry> = uses.iter().filter(|one| one.by_server).filter_map(Use::named).collect();
        let mut by_entry: BTreeMap<Entry, Vec<&Use<'_>>> = BTreeMap::new();
        for one in &uses {
            for entry in one.entries(given, &named).into_iter().filter(|entry| of_servers.contains(entry) || is_named_so(entry) || is_url_of_admin(given, entry) || is_password_of_admin(given, entry))
            {
                by_entry.entry(entry).or_default().push(one);
            }
        }
        let findings: Vec<Finding> = by_entry.iter().flat_map(|(entry, uses)| judge(entry, uses)).collect();
        if findings.is_empty() { vec![TEXTS.not_applicable(live::PODS, Reason::NoSubject, "no pod refers to an administrator's credential")] } else { findings }
    }
}

/// An entry of a Secret: namespace, name, key.
type Entry = (String, String, String);

/// A workload that is given entries of a Secret.
struct Use<'a> {
    pod: &'a PodOf<'a>,
    /// What made the pod, as far as it is given; else the pod itself.
    workload: &'a ObjectRef,
    /// JSON pointer of the reference from the pod's root.
    path: String,
    secret: &'a str,
    /// None: all of them.
    key: Option<&'a str>,
    by_server: bool,
}

impl Use<'_> {
    fn entry(&self, key: &str) -> Entry {
        (live::namespace(self.pod.object).to_owned(), self.secret.to_owned(), key.to_owned())
    }

    /// The entry that is asked for by its key.
    fn named(&self) -> Option<Entry> {
        self.key.map(|key| self.entry(key))
    }

    /// Of a Secret that is given as a whole, the keys are those that a file shows, and those that somebody asks for: they
    /// are there, also where no value of it was read.
    fn entries(&self, given: &Snapshot, named: &BTreeSet<Entry>) -> BTreeSet<Entry> {
        if let Some(entry) = self.named() {
            return [entry].into();
        }
        let first = self.entry("");
        let shown = secret(given, &first.0, self.secret).flat_map(|values| values.as_object().into_iter().flatten()).map(|(key, _)| self.entry(key)).collect::<BTreeSet<_>>();
        let asked_for = named.range(first.clone()..).take_while(|entry| (&entry.0, &entry.1) == (&first.0, &first.1));
        shown.into_iter().chain(asked_for.cloned()).collect()
    }
}

/// `data` and `stringData` of a Secret that was given.
fn secret<'a>(given: &'a Snapshot, namespace: &'a str, name: &'a str) -> impl Iterator<Item = &'a Value> {
    let found = live::objects(given, "Secret").unwrap_or_default().into_iter().filter(move |secret| secret.object.name == name && live::namespace(secret) == namespace);
    found.flat_map(|secret| ["data", "stringData"].into_iter().filter_map(|list| secret.manifest.get(list)))
}

/// What a pod is given, and of one whose workload is given, what that did not ask for: admission may have added it.
fn of_pod<'a>(pod: &'a PodOf<'a>, pods: &'a [PodOf<'a>]) -> Vec<Use<'a>> {
    let mut found = uses(pod);
    let mut above = pod;
    // A chain has at most as many links as there are owners.
    for _ in 0..pods.len() {
        let Some(owner) = owner_of(above, pods) else { break };
        let asked = uses(owner);
        found.retain(|one| !asked.iter().any(|asked| (asked.secret, asked.key) == (one.secret, one.key)));
        above = owner;
    }
    for one in &mut found {
        one.workload = &above.object.object;
    }
    found
}

fn owner_of<'a>(pod: &PodOf<'_>, pods: &'a [PodOf<'a>]) -> Option<&'a PodOf<'a>> {
    let owners = pod.object.manifest.pointer("/metadata/ownerReferences").and_then(Value::as_array)?;
    let is_owner = |other: &&PodOf<'_>| {
        let of = &other.object.object;
        live::namespace(other.object) == live::namespace(pod.object) && owners.iter().any(|owner| owner["kind"] == of.kind.as_str() && owner["name"] == of.name.as_str())
    };
    pods.iter().find(is_owner)
}

fn uses<'a>(pod: &'a PodOf<'a>) -> Vec<Use<'a>> {
    let mut found = Vec::new();
    let Some(read) = pod.pod() else { return found };
    for container in read.containers() {
        for (index, variable) in list(container.value.get("env")) {
            if let Some(reference) = variable.pointer("/valueFrom/secretKeyRef") {
                let by_server = is_of_server(container.value, text(variable, "name"));
                found.push(Use {
                    pod,
                    workload: &pod.object.object,
                    path: format!("{}/env/{index}/valueFrom/secretKeyRef", container.path),
                    secret: text(reference, "name"),
                    key: Some(text(reference, "key")),
                    by_server,
                });
            }
        }
        for (index, variable) in list(container.value.get("env")) {
            let name = text(variable, "name").strip_suffix("_FILE").filter(|name| is_of_server(container.value, name));
            let Some((secret, key)) = name.and_then(|_| file_of(read.spec, container.value, text(variable, "value"))) else { continue };
            found.push(Use { pod, workload: &pod.object.object, path: format!("{}/env/{index}/value", container.path), secret, key: Some(key), by_server: true });
        }
        for (index, source) in list(container.value.get("envFrom")) {
            if let Some(reference) = source.get("secretRef") {
                found.push(Use { pod, workload: &pod.object.object, path: format!("{}/envFrom/{index}/secretRef", container.path), secret: text(reference, "name"), key: None, by_server: false });
            }
        }
    }
    for (path, name, source) in mounted(read.spec) {
        let keys: Vec<&str> = list(source.get("items")).map(|(_, item)| text(item, "key")).collect();
        if keys.is_empty() {
            found.push(Use { pod, workload: &pod.object.object, path, secret: name, key: None, by_server: false });
        } else {
            found.extend(keys.into_iter().map(|key| Use { pod, workload: &pod.object.object, path: path.clone(), secret: name, key: Some(key), by_server: false }));
        }
    }
    found
}

/// The Secrets of volumes and of the sources of projected ones: where each stands, its name, and itself.
fn mounted(spec: &Value) -> Vec<(String, &str, &Value)> {
    let mut found = Vec::new();
    for (index, volume) in list(spec.get("volumes")) {
        if let Some(secret) = volume.get("secret") {
            found.push((format!("/spec/volumes/{index}/secret"), text(secret, "secretName"), secret));
        }
        for (number, source) in list(volume.pointer("/projected/sources")) {
            if let Some(secret) = source.get("secret") {
                // Here alone the Secret is called `name` (Kubernetes API, `SecretProjection`).
                found.push((format!("/spec/volumes/{index}/projected/sources/{number}/secret"), text(secret, "name"), secret));
            }
        }
    }
    found
}

fn list(value: Option<&Value>) -> impl Iterator<Item = (usize, &Value)> {
    value.and_then(Value::as_array).into_iter().flatten().enumerate()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The Secret and the key of a file that a container sees by a volume.
fn file_of<'a>(spec: &'a Value, container: &'a Value, file: &'a str) -> Option<(&'a str, &'a str)> {
    let mounts = list(container.get("volumeMounts")).map(|(_, mount)| mount);
    mounts.into_iter().find_map(|mount| {
        let below = file.strip_prefix(text(mount, "mountPath").trim_end_matches('/'))?;
        let path = match below.strip_prefix('/') {
            Some(path) => path,
            None if below.is_empty() => text(mount, "subPath"),
            None => return None,
        };
        let (index, _) = list(spec.get("volumes")).find(|(_, volume)| text(volume, "name") == text(mount, "name"))?;
        let of_volume = format!("/spec/volumes/{index}/");
        mounted(spec).into_iter().filter(|(at, _, _)| at.starts_with(&of_volume)).find_map(|(_, secret, source)| {
            let mut items = list(source.get("items")).map(|(_, item)| item).peekable();
            if items.peek().is_none() { Some((secret, path)) } else { items.find(|item| text(item, "path") == path).map(|item| (secret, text(item, "key"))) }
        })
    })
}

/// A server is given the password of its administrator by this variable.
fn is_of_server(container: &Value, name: &str) -> bool {
    OF_SERVERS.contains(&name) && (name != "POSTGRES_PASSWORD" || is_postgres(container))
}

/// The user is `postgres` unless the container is told of another. The image of PostgreSQL's project, and those that are
/// made from it, make a superuser of that one too.
///
/// Source: <https://hub.docker.com/_/postgres>, `POSTGRES_USER`.
fn is_postgres(container: &Value) -> bool {
    const IMAGES: [&str; 6] = ["postgres", "postgis", "pgvector", "timescaledb", "timescaledb-ha", "timescaledb-postgis"];
    let variable = |name: &str| list(container.get("env")).map(|(_, variable)| variable).find(|variable| variable["name"] == name);
    let user = variable("POSTGRES_USER").and_then(|variable| variable.get("value")?.as_str());
    if user.is_none_or(|user| USERS.contains(&user) || is_reference(user)) {
        return true;
    }
    let image = text(container, "image");
    // Who runs another program of the image is a client of a server.
    let is_server = list(container.get("command")).next().is_none()
        || list(container.get("command")).any(|(_, word)| word.as_str().is_some_and(|word| word == "postgres" || word.ends_with("docker-entrypoint.sh")));
    IMAGES.contains(&short_name(image)) && is_server && !image.contains("bitnami")
}

fn is_named_so((_, secret, key): &Entry) -> bool {
    const KEYS: [&str; 8] = ["root-password", "postgres-password", "mysql-root-password", "mariadb-root-password", "mongodb-root-password", "sa-password", "superuser-password", "admin-connection"];
    KEYS.contains(&key.to_lowercase().replace(['_', '.'], "-").as_str()) || ["superuser", "super-user"].iter().any(|word| secret.contains(word))
}

/// What a file shows of an entry: `stringData` as it stands, `data` decoded.
fn shown(given: &Snapshot, (namespace, name, key): &Entry) -> Vec<String> {
    let found = secret(given, namespace, name).filter_map(|values| values.get(key)?.as_str());
    let decoded = |value: &str| base64::Engine::decode(&base64::engine::general_purpose::STANDARD, value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    found.flat_map(|value| [Some(value.to_owned()), decoded(value)]).flatten().collect()
}

fn is_url_of_admin(given: &Snapshot, entry: &Entry) -> bool {
    shown(given, entry).iter().any(|value| {
        let Some((_, rest)) = value.split_once("://") else { return false };
        // Drivers of Java take both behind the address: `?user=sa&password=…`, `;user=sa;password=…`.
        let parameters = || rest.split(['?', '&', ';']).filter_map(|part| part.split_once('='));
        let is_behind = parameters().any(|(name, user)| name == "user" && USERS.contains(&user.trim())) && parameters().any(|(name, _)| name == "password");
        is_behind || rest.split_once([':', '@']).is_some_and(|(user, _)| USERS.contains(&user))
    })
}

/// A password beside the name of a database's administrator.
fn is_password_of_admin(given: &Snapshot, (namespace, name, key): &Entry) -> bool {
    const OF_USER: [&str; 4] = ["username", "user", "POSTGRES_USER", "PGUSER"];
    const ADMINISTRATORS: [&str; 3] = ["postgres", "root", "sa"];
    let names_one = |of_user: &str| shown(given, &(namespace.clone(), name.clone(), of_user.to_owned())).iter().any(|user| ADMINISTRATORS.contains(&user.trim()));
    is_named_like_a_secret(key) && OF_USER.into_iter().any(names_one)
}

fn judge((namespace, name, key): &Entry, uses: &[&Use<'_>]) -> Vec<Finding> {
    let workload = |one: &Use<'_>| one.workload.clone();
    let all: BTreeSet<_> = uses.iter().map(|one| workload(one)).collect();
    let what = format!("the entry {key} of the Secret {namespace}/{name}");
    if all.len() < 2 {
        return uses.first().map(|one| TEXTS.pass(one.pod.object, format!("{what} is given to it alone"))).into_iter().collect();
    }
    let servers: BTreeSet<_> = uses.iter().filter(|one| one.by_server).map(|one| workload(one)).collect();
    let beside = uses.iter().filter(|one| !servers.contains(&workload(one)));
    let mut seen = BTreeSet::new();
    let first_of_each = beside.filter(|one| seen.insert(&one.pod.object.object)).map(|one| {
        let others = all.iter().filter(|other| **other != workload(one)).map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let place = Violation::new(format!("{}{}", one.pod.at, one.path), Some(&name.as_str().into()), "");
        TEXTS.fail(one.pod.object, format!("{what} is an administrator's, and also given to {others}")).seen(one.pod.object, &[place])
    });
    first_of_each.collect()
}
