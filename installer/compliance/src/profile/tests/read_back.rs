//! What lints well is a profile: it is written down as one document, and comes to the same when that is read.

use super::locks::{beside, child, named};
use super::*;

/// A check of a profile's own.
fn own(id: &str, more: &str) -> String {
    format!("custom: [{{ id: {id}, title: t, severity: high, why: w, fix: f, match: {{ apiVersion: v1, kinds: [Pod] }}, validations: [{{ expression: 'true', message: m }}]{more} }}]\n")
}

fn key(name: &str, text: &str) -> String {
    format!("keys: [{{ name: {name}, publicKey: '-----BEGIN PUBLIC KEY----- {text} -----END PUBLIC KEY-----' }}]\n")
}

const ONE_KEY: &str = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
const OTHER_KEY: &str = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

fn is_refused(tried: &Result<Profile, ComplianceError>, words: &str) {
    let found = tried.as_ref().map_or_else(wrong, |_| "it is good".to_owned());
    assert!(found.contains(words), "{words}\n{found}");
}

#[test]
fn a_name_is_that_of_one_key() {
    let (ours, theirs) = (format!("checks: [PSS-001]\n{}", key("officer", ONE_KEY)), format!("checks: [PSS-001]\n{}", key("officer", OTHER_KEY)));
    is_refused(&beside(("one", &ours), ("two", &theirs)), "4:21 compliance.profile-value: `extends[1]`: its key officer is another one than that of a profile before it");
    assert_eq!(beside(("one", &ours), ("two", &ours)).unwrap().keys.len(), 1);
    assert_eq!(beside(("one", &ours), ("two", &theirs.replace("officer", "deputy"))).unwrap().keys.len(), 2);
}

#[test]
fn a_check_takes_the_place_of_another_with_the_parameters_that_are_set() {
    let sets = format!("{}parameters: {{ ACME-001.n: 5 }}\n", own("ACME-001", ", parameters: { n: 1 }"));
    let locks = format!("{sets}lockedParameters: [ACME-001.n]\n");
    for parent in [&sets, &locks] {
        let words = "`custom[0].id`: parent sets ACME-001.n to 5; give this check a parameter that can be so, or an id of its own";
        is_refused(&child(parent, &own("ACME-001", "")), &format!("{words} (`ACME-001.n` is no parameter of a check)"));
        is_refused(&child(parent, &own("ACME-001", ", parameters: { n: text }")), &format!("{words} (parameter ACME-001.n: 5 is not a text)"));
        let kept = child(parent, &own("ACME-001", ", parameters: { m: text, n: 2 }")).unwrap();
        assert_eq!((kept.parameters["ACME-001.n"].clone(), kept.custom[0].parameters.len()), (5.into(), 2));
    }
    let another = format!("{}parameters: {{ ACME-001.n: {{ value: text, reason: r }} }}\n", own("ACME-001", ", parameters: { n: a }"));
    assert_eq!(child(&sets, &another).unwrap().parameters["ACME-001.n"], "text");
    is_refused(&child(&locks, &another), "compliance.locked: the parameter ACME-001.n (5) is locked by parent");
}

#[test]
fn of_two_checks_of_an_id_the_one_that_counts_takes_what_is_set() {
    let sets = format!("{}parameters: {{ ACME-001.n: 5 }}\n", own("ACME-001", ", parameters: { n: 1 }"));
    for other in ["", ", parameters: { n: text }"] {
        let words = "4:21 compliance.profile-value: `extends[1]`: ACME-001.n is 5 by one profile, and a check that another one gives that id does not take it (";
        is_refused(&beside(("one", &sets), ("two", &own("ACME-001", other))), words);
        assert_eq!(beside(("one", &own("ACME-001", other)), ("two", &sets)).unwrap().parameters["ACME-001.n"], 5, "the later check counts, and takes it");
    }
}

/// Each of these beside each other one, with one of the children on top.
#[test]
fn what_two_profiles_and_a_child_come_to_is_read_back_as_it_was() {
    let locked = |check: &str| format!("checks: [{check}]\nrules: [{{ checks: [{check}], locked: true }}]\n");
    let of_base = |id: &str| format!("extends: [base.yaml]\n{}rules: [{{ checks: [{id}], locked: true }}]\ncontrols: [{{ id: B-1, title: t, checks: [PSS-001, {id}] }}]\n", own(id, ""));
    let parents = [
        "extends: [base.yaml]\n".to_owned(),
        "extends: [base.yaml]\nexclude: [{ checks: [TLS-002], reason: r }]\nrules: [{ checks: [TLS-002], locked: true }]\ncontrols: [{ id: B-1, title: t, checks: [PSS-001], coverage: partial }]\n"
            .to_owned(),
        of_base("ZULU-001"),
        of_base("MIKE-001"),
        format!("{}rules: [{{ checks: [ACME-001], severity: low, reason: r }}]\n", own("ACME-001", "")),
        format!("{}parameters: {{ ACME-001.n: 5 }}\n", own("ACME-001", ", parameters: { n: 1 }")),
        format!("{}parameters: {{ ACME-001.n: 5 }}\nlockedParameters: [ACME-001.n]\n", own("ACME-001", ", parameters: { n: 1 }")),
        own("ACME-001", ", parameters: { n: text }"),
        format!("{}{}", locked("PSS-001"), key("officer", ONE_KEY)),
        format!("checks: [PSS-002]\n{}exceptions: {{ maxDays: 9 }}\n", key("officer", OTHER_KEY)),
        format!("{}parameters: {{ TLS-002.failDays: 21 }}\n", locked("TLS-002")),
        "checks: [NET-010]\nrules: [{ checks: [NET-010], mustProbe: true }]\nexceptions: { lockedChecks: true }\n".to_owned(),
        "checks: [REG-003, PSS-001]\nparameters: { REG-003.registries: [a, b] }\nlockedParameters: [REG-003.registries]\nrequires: { kubernetes: '>=1.33', minChecks: 2 }\n".to_owned(),
        "checks: [REG-003]\nparameters: { REG-003.registries: [b] }\nrequires: { kubernetes: <1.33 }\ngate: { failOn: high }\n".to_owned(),
    ];
    let children = [
        "checks: [TLS-003]\n".to_owned(),
        own("ACME-001", ""),
        own("ACME-001", ", parameters: { n: 7 }").replace("severity: high", "severity: low"),
        format!("{}controls: [{{ id: B-1, title: t, checks: [ZULU-001, ACME-001, PSS-001] }}]\n", own("ZULU-001", "")),
        "gate: { score: { min: 90 } }\nparameters: { TLS-002.failDays: { value: 30, reason: r }, PSS.level: restricted }\nrequires: { kubernetes: <1.38 }\n".to_owned(),
        format!("exclude: [{{ checks: ['group:TLS', 'group:PSS'], reason: r }}]\nchecks: [NET-001, TLS-002, PSS-001]\n{}", key("deputy", OTHER_KEY)),
    ];
    let base = named("base", "checks: [PSS-001, TLS-002]\ncontrols: [{ id: B-1, title: t, checks: [PSS-001] }]\n");
    let parents: Vec<String> = parents.iter().enumerate().map(|(number, text)| named(&format!("p{number}"), text)).collect();
    let files: Vec<(String, &str)> = parents.iter().enumerate().map(|(number, text)| (format!("{number}.yaml"), text.as_str())).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).chain([("base.yaml", base.as_str())]).collect();
    let (mut good, mut refused) = (0, 0);
    for (one, two, child) in (0..parents.len()).flat_map(|one| (0..parents.len()).flat_map(move |two| (0..6).map(move |child| (one, two, child)))) {
        // Each by itself has every child, and of those beside each other each some, which is enough for all to meet.
        if one != two && child != (one + 2 * two) % children.len() {
            continue;
        }
        let text = format!("{BEGIN}extends: [{one}.yaml, {two}.yaml]\n{}", children[child]);
        let Ok(profile) = read(&text, &files) else {
            refused += 1;
            continue;
        };
        good += 1;
        let written = serde_yaml::to_string(&written(&profile)).unwrap();
        let again = read(&written, &[]).unwrap_or_else(|error| panic!("{}\n{text}{}\n{}", wrong(&error), files[one].1, files[two].1));
        assert_eq!(again, profile, "{text}{}\n{}", files[one].1, files[two].1);
    }
    assert!(good > 100 && refused > 20, "{good} are good, {refused} are refused");
}
