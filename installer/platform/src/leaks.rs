//! Whether a secret value stands where it must not: in a `ConfigMap`, as a literal in a container's environment, or in the
//! Secrets of several namespaces, or what containers have written; and whether one can be guessed.
//!
//! Values are looked for in this process, where they are wiped afterwards, and leave it only as names.

mod logs;

use std::collections::{BTreeMap, BTreeSet};

use airlock_cluster::Cluster;
use airlock_model::{JudgedSecret, LiveObject, SearchedLogs, Secret, SecretKeyRef, SecretLeak, SharedSecret, names, with_causes};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use zeroize::Zeroizing;

/// Shorter values occur by chance.
const SHORTEST: usize = 8;
/// Keys of Secrets that hold what everybody may see.
const PUBLIC_KEYS: [&str; 4] = ["tls.crt", "ca.crt", "next.crt", "username"];

/// Secrets whose values the documents of deployments refer to: two of them may be given the same on purpose.
const GIVEN: [&str; 1] = ["airflow-variables"];
/// What everybody may see, wherever it stands.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE";

struct Known {
    namespace: String,
    name: String,
    secret: String,
    value: Secret<String>,
}

/// What became of secret values, by names alone.
#[derive(Default)]
pub(crate) struct Looked {
    /// Values outside of Secrets.
    pub(crate) leaks: Vec<SecretLeak>,
    /// Values in logs and events, where these were asked for.
    pub(crate) logged: Option<Result<SearchedLogs, String>>,
    /// Values in Secrets of several namespaces.
    pub(crate) shared: Vec<SharedSecret>,
    /// Every Secret, by what of it can be guessed.
    pub(crate) strength: Vec<JudgedSecret>,
    /// Secrets with a Fernet key, by what is wrong with it.
    pub(crate) fernet_keys: Vec<JudgedSecret>,
}

/// Looks for every secret value of the namespaces in their `ConfigMap`s and pods, and in the Secrets of the others; with `logs`,
/// also in what was written by containers and about them, whosever value it is.
pub(crate) async fn find(cluster: &Cluster, namespaces: &[String], logs: bool) -> Result<Looked, String> {
    let mut looked = Looked::default();
    let (mut all, mut pods) = (Vec::new(), Vec::new());
    for namespace in namespaces {
        let known = known(cluster, namespace, &mut looked).await?;
        let sought = Sought::new(&known);
        for object in cluster.list("v1", "ConfigMap", Some(namespace), None).await.map_err(|error| with_causes(&error))? {
            looked.leaks.extend(in_configmap(&sought, &object));
        }
        for object in cluster.list("v1", "Pod", Some(namespace), None).await.map_err(|error| with_causes(&error))? {
            looked.leaks.extend(in_environment(&sought, &object));
            pods.push(object);
        }
        all.extend(known);
    }
    if logs {
        looked.logged = Some(logs::search(cluster, namespaces, &pods, &all).await);
    }
    looked.shared = shared(&all);
    Ok(looked)
}

/// The values that stand in more than one namespace.
fn shared(known: &[Known]) -> Vec<SharedSecret> {
    let mut by_value: BTreeMap<&str, Vec<&Known>> = BTreeMap::new();
    for known in known.iter().filter(|known| !GIVEN.contains(&known.name.as_str()) && !known.value.expose().starts_with(CERTIFICATE)) {
        by_value.entry(known.value.expose()).or_default().push(known);
    }
    let is_shared = |holders: &&Vec<&Known>| holders.iter().any(|known| known.namespace != holders[0].namespace);
    let mut shared: Vec<SharedSecret> = by_value.values().filter(is_shared).map(|holders| SharedSecret { secrets: holders.iter().map(|known| known.secret.clone()).collect() }).collect();
    // The order of the values would tell something about them.
    shared.sort_by(|one, other| one.secrets.cmp(&other.secrets));
    shared
}

async fn known(cluster: &Cluster, namespace: &str, looked: &mut Looked) -> Result<Vec<Known>, String> {
    let mut known = Vec::new();
    for (object, secret) in cluster.secrets(namespace).await.map_err(|error| with_causes(&error))? {
        let name = &object.name;
        looked.strength.push(airlock_compliance::judge_secret(&object, secret.data.iter().map(|(key, value)| (key.as_str(), value.expose().as_slice()))));
        if name == names::FERNET_KEY {
            looked.fernet_keys.push(airlock_compliance::judge_fernet_key(&object, secret.data.get(names::FERNET_KEY_ENTRY).map(|value| value.expose().as_slice())));
        }
        for (key, value) in &secret.data {
            let Ok(text) = std::str::from_utf8(value.expose()) else { continue };
            if !PUBLIC_KEYS.contains(&key.as_str()) && text.trim().len() >= SHORTEST {
                let secret = SecretKeyRef { namespace: namespace.to_owned(), name: name.clone(), key: key.clone() }.to_string();
                known.push(Known { namespace: namespace.to_owned(), name: name.clone(), secret, value: Secret::new(text.trim().to_owned()) });
            }
        }
    }
    Ok(known)
}

/// Values to look for, by how they begin: a text is read once, however many there are.
struct Sought<'a> {
    /// The first bytes of each, in their order.
    heads: Zeroizing<Vec<[u8; SHORTEST]>>,
    known: Vec<&'a Known>,
}

impl<'a> Sought<'a> {
    fn new(known: &'a [Known]) -> Self {
        let mut known: Vec<(&[u8; SHORTEST], &Known)> = known.iter().filter_map(|known| Some((known.value.expose().as_bytes().first_chunk()?, known))).collect();
        known.sort_by_key(|(head, _)| *head);
        Self { heads: Zeroizing::new(known.iter().map(|(head, _)| **head).collect()), known: known.into_iter().map(|(_, known)| known).collect() }
    }

    /// Those that stand in a text, each once.
    fn standing_in(&self, text: &str) -> BTreeSet<&'a str> {
        let bytes = text.as_bytes();
        let mut found = BTreeSet::new();
        for (at, head) in bytes.windows(SHORTEST).enumerate() {
            let first = self.heads.partition_point(|known| known.as_slice() < head);
            let begin_so = self.known[first..].iter().zip(&self.heads[first..]).take_while(|(_, known)| known.as_slice() == head);
            found.extend(begin_so.filter(|(known, _)| bytes[at..].starts_with(known.value.expose().as_bytes())).map(|(known, _)| known.secret.as_str()));
        }
        found
    }
}

fn in_configmap(sought: &Sought<'_>, object: &LiveObject) -> Vec<SecretLeak> {
    let entries = |field: &str| object.manifest.get(field).and_then(Value::as_object).into_iter().flatten();
    let written = entries("data").filter_map(|(key, value)| Some((key, Zeroizing::new(value.as_str()?.to_owned()))));
    // What is no text may still hold one.
    let encoded = entries("binaryData").filter_map(|(key, value)| {
        let bytes = Zeroizing::new(BASE64_STANDARD.decode(value.as_str()?).ok()?);
        Some((key, Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())))
    });
    let mut leaks = Vec::new();
    for (key, text) in written.chain(encoded) {
        leaks.extend(sought.standing_in(&text).into_iter().map(|secret| SecretLeak { secret: secret.to_owned(), place: format!("{}, key {key}", object.object) }));
    }
    leaks
}

fn in_environment(sought: &Sought<'_>, object: &LiveObject) -> Vec<SecretLeak> {
    let mut leaks = Vec::new();
    for containers in ["initContainers", "containers", "ephemeralContainers"] {
        for container in object.manifest.pointer(&format!("/spec/{containers}")).and_then(Value::as_array).into_iter().flatten() {
            let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
            for variable in container.get("env").and_then(Value::as_array).into_iter().flatten() {
                let text = |key: &str| variable.get(key).and_then(Value::as_str).unwrap_or_default();
                leaks.extend(
                    sought
                        .standing_in(text("value"))
                        .into_iter()
                        .map(|secret| SecretLeak { secret: secret.to_owned(), place: format!("{}, container {name}, variable {}", object.object, text("name")) }),
                );
            }
        }
    }
    leaks
}

#[cfg(test)]
mod tests {
    use airlock_model::ObjectRef;
    use serde_json::json;

    use super::*;

    fn known() -> Vec<Known> {
        vec![value("a", "b", "correct-horse")]
    }

    fn value(namespace: &str, name: &str, text: &str) -> Known {
        Known { namespace: namespace.into(), name: name.into(), secret: format!("Secret {namespace}/{name}, key c"), value: Secret::new(text.into()) }
    }

    #[test]
    fn every_value_that_stands_in_a_text_is_found_once_wherever_it_begins() {
        let known: Vec<Known> = [("a", "password-one"), ("b", "password-two"), ("c", "password"), ("d", "8 bytes."), ("e", "not there at all")].map(|(name, text)| value("n", name, text)).into();
        let sought = Sought::new(&known);
        let names = |text: &str| sought.standing_in(text).into_iter().map(|secret| secret.split_once("n/").unwrap().1[..1].to_owned()).collect::<String>();
        assert_eq!(names("password-two"), "bc");
        assert_eq!(names("é password-one 8 bytes. password-one"), "acd");
        assert_eq!(names("passwor 8 bytes"), "");
        assert_eq!(names("short"), "");
    }

    #[test]
    fn a_value_in_two_namespaces_is_shared_but_for_certificates_and_what_was_given() {
        let twice = |name: &str, text: &str| shared(&[value("a", name, text), value("a", "other", "battery-staple"), value("b", name, text)]);
        assert_eq!(twice("b", "correct-horse"), [SharedSecret { secrets: vec!["Secret a/b, key c".into(), "Secret b/b, key c".into()] }]);
        assert_eq!(twice("airflow-variables", "correct-horse"), []);
        assert_eq!(twice("ca", "-----BEGIN CERTIFICATE-----\nMII"), []);
        assert_eq!(shared(&[value("a", "b", "correct-horse"), value("a", "c", "correct-horse")]), [], "within one namespace it is one purpose's");
    }

    fn live(kind: &str, manifest: Value) -> LiveObject {
        LiveObject { object: ObjectRef::namespaced("v1", kind, "a", "x"), manifest, ready: true }
    }

    #[test]
    fn a_value_inside_a_longer_text_is_found_and_named_without_itself() {
        let found = in_configmap(&Sought::new(&known()), &live("ConfigMap", json!({"data": {"url": "postgres://u:correct-horse@h", "other": "text"}})));
        assert_eq!(found, [SecretLeak { secret: "Secret a/b, key c".into(), place: "ConfigMap a/x, key url".into() }]);
    }

    #[test]
    fn a_literal_variable_is_found_and_a_reference_is_not() {
        let manifest = json!({"spec": {"containers": [{"name": "m", "env": [{"name": "P", "value": "correct-horse"}, {"name": "Q", "valueFrom": {"secretKeyRef": {"name": "b", "key": "c"}}}]}]}});
        let found = in_environment(&Sought::new(&known()), &live("Pod", manifest));
        assert_eq!(found, [SecretLeak { secret: "Secret a/b, key c".into(), place: "Pod a/x, container m, variable P".into() }]);
    }

    #[test]
    fn bytes_that_hold_a_value_are_found_and_what_is_no_base64_is_left() {
        let data = json!({"binaryData": {"dump": BASE64_STANDARD.encode(b"\x00\xffcorrect-horse\x00"), "odd": "!", "other": BASE64_STANDARD.encode(b"\xff")}});
        let found = in_configmap(&Sought::new(&known()), &live("ConfigMap", data));
        assert_eq!(found, [SecretLeak { secret: "Secret a/b, key c".into(), place: "ConfigMap a/x, key dump".into() }]);
    }

    #[test]
    fn every_kind_of_container_is_looked_at() {
        for kind in ["initContainers", "containers", "ephemeralContainers"] {
            let mut manifest = json!({"spec": {}});
            manifest["spec"][kind] = json!([{"name": "m", "env": [{"name": "P", "value": "correct-horse"}]}]);
            assert_eq!(in_environment(&Sought::new(&known()), &live("Pod", manifest)).len(), 1, "{kind}");
        }
    }
}
