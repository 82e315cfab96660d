//! AFL-001: every Airflow deployment has a Fernet key of its own, and a good one.

use airlock_model::{Check, CheckSpec, Finding, JudgedSecret, Need, ObjectRef, Profile, SecretKeyRef, Severity, SharedSecret, Snapshot, Subject, World, WorldDeployment, names};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use zeroize::Zeroizing;

use crate::described::Described;
use crate::live;

/// Length of a key in bytes, half of it for signing and half for encrypting (Fernet specification, "Key format").
const LENGTH: usize = 32;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "AFL-001",
        title: "every deployment has a Fernet key of its own, and a good one",
        severity: Severity::Critical,
        promises: &["P6", "P9", "P10"],
        explanation: "The Secret airflow-fernet-key in the namespace of each Airflow deployment: it is there, holds one key or several with commas between them, each 32 bytes in the URL-safe alphabet of base64, none of them all of one byte, and stands in no other namespace. Keys stay in the memory of the program that makes the check.",
        remedy: "Put the key back from your backup: what the deployment has stored can be read by it alone. Where nothing is stored yet, delete the Secret and run `airlock deployment apply`. A key that another deployment has too is replaced as Airflow's documentation has it: the new key before the old one, `airflow rotate-fernet-key`, then the old one out.",
    },
    expected: "a Secret airflow-fernet-key with a key of 32 bytes that is in no other namespace",
    why: "Airflow does not start, or whoever takes over one deployment reads what another one has stored",
};

/// The check.
pub(crate) struct FernetKeys;

impl Check for FernetKeys {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![Need::FernetKeys, Need::SharedSecrets]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let deployments = match live::deployments(given) {
            Ok(deployments) => deployments,
            Err(unseen) => return TEXTS.unseen(live::DEPLOYMENTS, unseen),
        };
        let unseen = |reason: String| vec![TEXTS.unverified(live::DEPLOYMENTS, reason)];
        match (&given.fernet_keys, &given.shared) {
            (None, _) | (_, None) => unseen("keys were not looked at".to_owned()),
            (Some(Err(reason)), _) | (_, Some(Err(reason))) => unseen(format!("keys could not be looked at: {reason}")),
            (Some(Ok(keys)), Some(Ok(shared))) => deployments.iter().map(|deployment| judge(deployment, keys, shared)).collect(),
        }
    }
}

fn judge(deployment: &WorldDeployment, keys: &[JudgedSecret], shared: &[SharedSecret]) -> Finding {
    let secret = ObjectRef::namespaced("v1", "Secret", &deployment.namespace, names::FERNET_KEY);
    let subject = Subject::object(&secret, None);
    let Some(judged) = keys.iter().find(|judged| judged.secret == secret) else {
        return TEXTS.fail(subject, "there is no such Secret");
    };
    if let Some(fault) = judged.weak.values().next() {
        return TEXTS.fail(subject, fault);
    }
    let own = SecretKeyRef { namespace: deployment.namespace.clone(), name: names::FERNET_KEY.into(), key: names::FERNET_KEY_ENTRY.into() }.to_string();
    match shared.iter().find(|shared| shared.secrets.contains(&own)) {
        Some(shared) => TEXTS.fail(subject, format!("the same key in {}", shared.secrets.join("; "))),
        None => TEXTS.pass(subject, TEXTS.expected),
    }
}

/// Judges the Fernet key of an Airflow deployment; none: the Secret has no such entry.
pub fn judge_fernet_key(secret: &ObjectRef, value: Option<&[u8]>) -> JudgedSecret {
    let fault = match value.map(|value| std::str::from_utf8(value).map(str::trim)) {
        None => Some("there is no key"),
        Some(Err(_)) => Some("it is no text"),
        Some(Ok(keys)) => keys.split(',').find_map(|key| fault(key.trim())),
    };
    JudgedSecret { secret: secret.clone(), weak: fault.map(|fault| (names::FERNET_KEY_ENTRY.to_owned(), fault.to_owned())).into_iter().collect() }
}

fn fault(key: &str) -> Option<&'static str> {
    let Ok(bytes) = URL_SAFE.decode(key).map(Zeroizing::new) else { return Some("it is not in the URL-safe alphabet of base64") };
    if bytes.len() != LENGTH {
        return Some("it has not 32 bytes");
    }
    bytes.iter().all(|byte| *byte == bytes[0]).then_some("all of its bytes are the same")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes_that_nobody_chose() {
        let good = "qZ8hN2cVx0bTn5yF4rK7mD1sJ6wP9uE3aG0iL_oB-Xc=";
        let of = |value: Option<&str>| judge_fernet_key(&ObjectRef::namespaced("v1", "Secret", "a", names::FERNET_KEY), value.map(str::as_bytes)).weak.into_values().next();
        for value in [good.to_owned(), format!("{good}\n"), format!("{good},{good}"), format!("{good}, {good}")] {
            assert_eq!(of(Some(&value)), None);
        }
        for (value, fault) in [
            (None, "there is no key"),
            (Some(""), "it has not 32 bytes"),
            (Some("c2hvcnQ="), "it has not 32 bytes"),
            (Some("qZ8hN2cVx0bTn5yF4rK7mD1sJ6wP9uE3aG0iL/oB+Xc="), "it is not in the URL-safe alphabet of base64"),
            (Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), "all of its bytes are the same"),
        ] {
            assert_eq!(of(value).as_deref(), Some(fault), "{value:?}");
        }
        assert_eq!(of(Some(&format!("{good},c2hvcnQ="))).as_deref(), Some("it has not 32 bytes"), "each of several is looked at");
    }
}
