//! Which security profile the installation is judged by, as an answer of a guided run. One out of a file stands in answers that the
//! run goes on with, and stays as it is; it is read when the plan is made.

use airlock_model::Answers;
use airlock_model::answers::ProfileRef;

use super::question::Choice;
use crate::judged_by;

/// What nothing speaks against.
pub(super) const BASELINE: &str = "baseline";
/// Those whose gate an installation is held to. The others list a framework for a report, and hold less than the baseline.
const GATES: [&str; 3] = [BASELINE, "restricted", "airgap"];

/// The check that fails where the way in names no networks.
pub(super) const NETWORKS: &str = "NET-016";

pub(super) fn choices() -> Vec<Choice> {
    let described = |name: &str| airlock_compliance::shipped(name).ok().map(|profile| Choice::new(name, format!("{name}: {}", profile.metadata.description)));
    GATES.into_iter().filter_map(described).collect()
}

pub(super) fn get(answers: &Answers) -> String {
    answers.profile.reference.clone()
}

pub(super) fn put(answers: &mut Answers, name: &str) -> Result<(), String> {
    let asked = ProfileRef { reference: name.to_owned() };
    if asked.file().is_none() {
        airlock_compliance::shipped(name).map_err(|error| error.to_string())?;
    }
    answers.profile = asked;
    Ok(())
}

/// The profile of these answers, where it fails as long as every network may connect.
pub(super) fn asking_for_networks(answers: &Answers) -> Option<String> {
    let profile = judged_by::named(answers).ok()?;
    profile.checks.iter().any(|check| check == NETWORKS).then_some(profile.metadata.name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_that_is_offered_asks_what_the_baseline_asks_and_is_described() {
        let checks = |name: &str| airlock_compliance::shipped(name).unwrap().checks.into_iter().collect::<BTreeSet<_>>();
        let offered = choices();
        assert_eq!(offered.iter().map(|choice| choice.value.as_str()).collect::<Vec<_>>(), GATES);
        for choice in offered {
            assert!(checks(BASELINE).is_subset(&checks(&choice.value)), "{}", choice.value);
            assert!(choice.label.len() > choice.value.len() + 2, "{}", choice.label);
        }
    }

    #[test]
    fn a_name_that_no_profile_has_is_refused() {
        let mut answers = Answers::of_domain("platform.test").unwrap();
        assert!(put(&mut answers, "nonsense").is_err());
        put(&mut answers, "cis-1.12").unwrap();
        assert_eq!(get(&answers), "cis-1.12");
    }

    #[test]
    fn a_file_stays_as_it_is_wherever_it_is_and_what_it_asks_for_is_known_where_it_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("acme.yaml");
        let mut answers = Answers::of_domain("platform.test").unwrap();
        put(&mut answers, &format!("file:{}", file.display())).unwrap();
        assert_eq!((get(&answers), asking_for_networks(&answers)), (format!("file:{}", file.display()), None));
        std::fs::write(&file, "apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: { name: acme, version: '1', owner: o }\nextends: [restricted]\n").unwrap();
        assert_eq!(asking_for_networks(&answers).as_deref(), Some("acme"));
    }
}
