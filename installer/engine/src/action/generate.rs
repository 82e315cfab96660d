//! Makes a Secret in this process, once: what exists is kept, what is missing is added, what is derived follows its sources.

use std::collections::BTreeMap;

use airlock_cluster::{Cluster, SecretData, SecretObject};
use airlock_model::{Digest, Event, Operation, PlannedStep, Recipe, SecretClass, SecretKeyRef, SecretSpec, Untrusted, names};

use super::obtain;
use crate::ApplyError;
use crate::recipe::{self, Value, Values};
use crate::run::Run;

pub(super) async fn settle(run: &Run<'_>, step: &PlannedStep, spec: &SecretSpec) -> Result<(), ApplyError> {
    let object = spec.object();
    let live = run.cluster.secret(&spec.namespace, &spec.name).await.map_err(ApplyError::of)?;
    if let Some(live) = &live
        && live.secret_type != spec.secret_type
    {
        return Err(ApplyError::SecretForeign { namespace: spec.namespace.clone(), name: spec.name.clone(), found: Untrusted::new(live.secret_type.clone()), planned: spec.secret_type.clone() });
    }
    let digest = spec.digest().map_err(|error| ApplyError::PlanMalformed { reason: error.to_string() })?;
    let mut sources = sources(run.cluster, spec).await?;
    for entry in &spec.entries {
        if let Recipe::AcmeAccount(acme) = &entry.recipe {
            sources.insert(acme.account.clone(), Box::pin(obtain::account(run.cluster, acme)).await?);
        }
    }
    let operation = match compose(spec, &digest, live.as_ref(), sources)? {
        None => None,
        Some(data) => {
            let annotations = BTreeMap::from([(names::ANNOTATION_SPEC.to_owned(), digest.to_string()), (names::ANNOTATION_CLASS.to_owned(), class(spec.class).to_owned())]);
            let secret = SecretObject { namespace: spec.namespace.clone(), name: spec.name.clone(), secret_type: spec.secret_type.clone(), labels: spec.labels.clone(), annotations, data };
            run.halt.checkpoint()?;
            let applied = run.cluster.apply_secret(&secret).await.map_err(ApplyError::of)?;
            Some(if applied.created { Operation::Create } else { Operation::Update })
        }
    };
    run.events.send(Event::ObjectSettled { step: step.id.clone(), object, operation });
    Ok(())
}

/// Whether each derived value is what its sources make of it today; a hand that changed one of them makes it false.
pub async fn follows_its_sources(cluster: &Cluster, spec: &SecretSpec, live: &SecretData) -> Result<bool, ApplyError> {
    if spec.class != SecretClass::Derived {
        return Ok(true);
    }
    let digest = spec.digest().map_err(|error| ApplyError::PlanMalformed { reason: error.to_string() })?;
    match compose(spec, &digest, Some(live), sources(cluster, spec).await?) {
        Ok(changed) => Ok(changed.is_none()),
        Err(ApplyError::SecretMissing { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Values of other Secrets that this one is composed of.
async fn sources(cluster: &Cluster, spec: &SecretSpec) -> Result<BTreeMap<SecretKeyRef, Value>, ApplyError> {
    let mut found = BTreeMap::new();
    for at in recipe::sources(spec) {
        if let Some(mut secret) = cluster.secret(&at.namespace, &at.name).await.map_err(ApplyError::of)?
            && let Some(value) = secret.data.remove(&at.key)
        {
            found.insert(at, value);
        }
    }
    Ok(found)
}

const fn class(class: SecretClass) -> &'static str {
    match class {
        SecretClass::DataKey => "data-key",
        SecretClass::Credential => "credential",
        SecretClass::Derived => "derived",
    }
}

/// The values of the whole Secret, or nothing when it is right as it is.
fn compose(spec: &SecretSpec, digest: &Digest, live: Option<&SecretData>, sources: BTreeMap<SecretKeyRef, Value>) -> Result<Option<BTreeMap<String, Value>>, ApplyError> {
    let derived = spec.class == SecretClass::Derived;
    let same_recipe = live.is_some_and(|live| live.annotations.get(names::ANNOTATION_SPEC).map(String::as_str) == Some(digest.as_str()));
    let kept: BTreeMap<String, Value> = match live {
        // Server-side apply takes away what it no longer names, and a key that only an older release knew may hold data's key.
        Some(live) if !derived => live.data.clone(),
        Some(live) if same_recipe => live.data.iter().filter(|(key, _)| spec.entries.iter().any(|entry| entry.key == **key)).map(|(key, value)| (key.clone(), value.clone())).collect(),
        _ => BTreeMap::new(),
    };
    let mut known = Known { spec, own: kept, sources };
    let mut changed = live.is_none() || (derived && !same_recipe);
    for entry in &spec.entries {
        let keep = match known.own.get(&entry.key) {
            Some(value) => !derived || recipe::is_current(entry, value, &known)?,
            None => false,
        };
        if !keep {
            let value = recipe::make(entry, &known)?;
            known.own.insert(entry.key.clone(), value);
            changed = true;
        }
    }
    Ok(changed.then_some(known.own))
}

/// The values that can be referred to: earlier ones of this Secret, and those that were found or opened for it.
struct Known<'a> {
    spec: &'a SecretSpec,
    own: BTreeMap<String, Value>,
    sources: BTreeMap<SecretKeyRef, Value>,
}

impl Values for Known<'_> {
    fn value(&self, at: &SecretKeyRef) -> Result<Value, ApplyError> {
        let is_own = at.namespace == self.spec.namespace && at.name == self.spec.name;
        let own = self.own.get(&at.key).filter(|_| is_own);
        own.or_else(|| self.sources.get(at)).cloned().ok_or_else(|| ApplyError::SecretMissing { at: at.clone() })
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::{Secret, SecretEntry};

    use super::*;

    fn spec(class: SecretClass, entries: Vec<(&str, Recipe)>) -> SecretSpec {
        let entries = entries.into_iter().map(|(key, recipe)| SecretEntry { key: key.into(), recipe }).collect();
        SecretSpec { namespace: "airlock".into(), name: "own".into(), secret_type: "Opaque".into(), labels: BTreeMap::new(), entries, class }
    }

    fn composed(template: &str, source: &str) -> Recipe {
        Recipe::Compose { template: template.into(), from: BTreeMap::from([("x".into(), SecretKeyRef { namespace: "airlock".into(), name: source.into(), key: "value".into() })]) }
    }

    fn other(value: &str) -> BTreeMap<SecretKeyRef, Value> {
        BTreeMap::from([(SecretKeyRef { namespace: "airlock".into(), name: "other".into(), key: "value".into() }, Secret::new(value.as_bytes().to_vec()))])
    }

    fn live(spec: &SecretSpec, values: &[(&str, &str)]) -> SecretData {
        SecretData {
            data: values.iter().map(|(key, value)| ((*key).to_owned(), Secret::new(value.as_bytes().to_vec()))).collect(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::from([(names::ANNOTATION_SPEC.to_owned(), spec.digest().unwrap().to_string())]),
            secret_type: "Opaque".into(),
        }
    }

    /// The values as text; none when nothing is written.
    fn result(spec: &SecretSpec, live: Option<&SecretData>, sources: BTreeMap<SecretKeyRef, Value>) -> Option<BTreeMap<String, String>> {
        let composed = compose(spec, &spec.digest().unwrap(), live, sources).map_err(|error| error.to_string()).unwrap();
        composed.map(|data| data.into_iter().map(|(key, value)| (key, String::from_utf8(value.expose().clone()).unwrap())).collect())
    }

    #[test]
    fn a_secret_that_has_all_its_keys_is_not_written() {
        let spec = spec(SecretClass::Credential, vec![("value", Recipe::Random)]);
        assert_eq!(result(&spec, Some(&live(&spec, &[("value", "kept")])), BTreeMap::new()), None);
    }

    #[test]
    fn a_missing_key_is_added_and_the_others_are_kept() {
        let spec = spec(SecretClass::DataKey, vec![("old", Recipe::Random), ("new", Recipe::Fernet)]);
        let made = result(&spec, Some(&live(&spec, &[("old", "kept"), ("older", "kept too")])), BTreeMap::new()).unwrap();
        assert_eq!((made["old"].as_str(), made["older"].as_str(), made["new"].len()), ("kept", "kept too", 44));
    }

    #[test]
    fn a_credential_is_kept_when_its_recipe_changes_and_a_derived_value_is_not() {
        let before = |class| spec(class, vec![("value", composed("a{x}", "other"))]);
        let after = |class| spec(class, vec![("value", composed("b{x}", "other"))]);
        let stored = |class| live(&before(class), &[("value", "a1")]);
        assert_eq!(result(&after(SecretClass::Credential), Some(&stored(SecretClass::Credential)), other("1")), None);
        assert_eq!(result(&after(SecretClass::Derived), Some(&stored(SecretClass::Derived)), other("1")).unwrap()["value"], "b1");
    }

    #[test]
    fn a_derived_value_follows_its_source_and_loses_keys_that_it_no_longer_has() {
        let spec = spec(SecretClass::Derived, vec![("value", composed("a{x}", "other"))]);
        let stored = live(&spec, &[("value", "a1"), ("gone", "x")]);
        assert_eq!(result(&spec, Some(&stored), other("1")), None);
        assert_eq!(result(&spec, Some(&stored), other("2")).unwrap(), BTreeMap::from([("value".to_owned(), "a2".to_owned())]));
    }

    #[test]
    fn a_later_key_may_refer_to_an_earlier_one() {
        let spec = spec(SecretClass::Credential, vec![("value", Recipe::Random), ("url", composed("pw={x}", "own"))]);
        let made = result(&spec, None, BTreeMap::new()).unwrap();
        assert_eq!(made["url"], format!("pw={}", made["value"]));
    }

    #[test]
    fn a_missing_source_stops_the_step() {
        let spec = spec(SecretClass::Derived, vec![("value", composed("{x}", "other"))]);
        let outcome = compose(&spec, &spec.digest().unwrap(), None, BTreeMap::new());
        assert!(matches!(outcome.err(), Some(ApplyError::SecretMissing { .. })));
    }
}
