use std::collections::{BTreeMap, BTreeSet};

use airlock_model::SecretClass;

use super::*;

struct Table(BTreeMap<SecretKeyRef, Vec<u8>>);

impl Values for Table {
    fn value(&self, at: &SecretKeyRef) -> Result<Value, ApplyError> {
        self.0.get(at).map(|value| Secret::new(value.clone())).ok_or_else(|| ApplyError::SecretMissing { at: at.clone() })
    }
}

fn entry(recipe: Recipe) -> SecretEntry {
    SecretEntry { key: "value".into(), recipe }
}

fn made(recipe: Recipe) -> Vec<u8> {
    make(&entry(recipe), &Table(BTreeMap::new())).map_err(|error| error.to_string()).unwrap().expose().clone()
}

#[test]
fn random_values_are_distinct_and_use_their_whole_alphabet() {
    let values: Vec<Vec<u8>> = (0..1000).map(|_| made(Recipe::Random)).collect();
    assert_eq!(values.iter().collect::<BTreeSet<_>>().len(), values.len());
    assert!(values.iter().all(|value| URL_SAFE_NO_PAD.decode(value).unwrap().len() == RANDOM_BYTES));
    // 32,000 bytes: each of the 256 values is expected 125 times with a standard deviation of 11.2.
    let mut counts = [0_u32; 256];
    for byte in values.iter().flat_map(|value| URL_SAFE_NO_PAD.decode(value).unwrap()) {
        counts[usize::from(byte)] += 1;
    }
    assert!(counts.iter().all(|count| (50..200).contains(count)), "{counts:?}");
}

#[test]
fn a_fernet_key_is_32_bytes_in_url_safe_base64_with_padding() {
    let key = made(Recipe::Fernet);
    assert_eq!(key.len(), 44);
    assert_eq!(URL_SAFE.decode(&key).unwrap().len(), 32);
}

#[test]
fn an_ec_key_is_pkcs8_pem() {
    let key = String::from_utf8(made(Recipe::EcP256)).unwrap();
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----"));
}

#[test]
fn a_composed_value_follows_its_sources() {
    let at = SecretKeyRef { namespace: "a".into(), name: "password".into(), key: "value".into() };
    let entry = entry(Recipe::Compose { template: "user={p|url}".into(), from: BTreeMap::from([("p".into(), at.clone())]) });
    let before = Table(BTreeMap::from([(at.clone(), b"x/y".to_vec())]));
    let after = Table(BTreeMap::from([(at.clone(), b"z".to_vec())]));
    let value = make(&entry, &before).map_err(|error| error.to_string()).unwrap();
    assert_eq!(value.expose(), b"user=x%2Fy");
    assert!(is_current(&entry, &value, &before).map_err(|error| error.to_string()).unwrap());
    assert!(!is_current(&entry, &value, &after).map_err(|error| error.to_string()).unwrap());
}

#[test]
fn a_missing_source_is_named() {
    let at = SecretKeyRef { namespace: "a".into(), name: "password".into(), key: "value".into() };
    let entry = entry(Recipe::Compose { template: "{p}".into(), from: BTreeMap::from([("p".into(), at)]) });
    let Err(error) = make(&entry, &Table(BTreeMap::new())) else { panic!("it was made of nothing") };
    assert_eq!(error.to_string(), "the Secret a/password has no key value, of which another value is made");
}

#[test]
fn sources_are_the_places_in_other_secrets() {
    let at = |name: &str| SecretKeyRef { namespace: "a".into(), name: name.into(), key: "value".into() };
    let spec = SecretSpec {
        namespace: "a".into(),
        name: "own".into(),
        secret_type: "Opaque".into(),
        labels: BTreeMap::new(),
        entries: vec![entry(Recipe::Random), entry(Recipe::Compose { template: String::new(), from: BTreeMap::from([("x".into(), at("own")), ("y".into(), at("other"))]) })],
        class: SecretClass::Derived,
    };
    assert_eq!(sources(&spec), [at("other")]);
}
