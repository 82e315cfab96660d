//! What a profile locks is not weakened: by a child, by a sibling, by a flag.

use super::*;

/// A profile of that name.
pub(super) fn named(name: &str, more: &str) -> String {
    format!("apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: {{ name: {name}, version: '1', owner: o }}\n{more}")
}

/// What two come to that one document extends, in the order in which it names them.
pub(super) fn beside(first: (&str, &str), second: (&str, &str)) -> Result<Profile, ComplianceError> {
    let texts = [first, second].map(|(name, more)| (format!("{name}.yaml"), named(name, more)));
    let files: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    read(&format!("{BEGIN}extends: [{}, {}]\n", files[0].0, files[1].0), &files)
}

/// The same of two that extend `base`.
fn both_of(base: &str, first: (&str, &str), second: (&str, &str)) -> Result<Profile, ComplianceError> {
    let texts = [first, second].map(|(name, more)| (format!("{name}.yaml"), named(name, &format!("extends: [base.yaml]\n{more}"))));
    let base = named("base", base);
    let files: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).chain([("base.yaml", base.as_str())]).collect();
    read(&format!("{BEGIN}extends: [{}, {}]\n", files[0].0, files[1].0), &files)
}

/// A child of a profile.
pub(super) fn child(parent: &str, more: &str) -> Result<Profile, ComplianceError> {
    read(&format!("{BEGIN}extends: [parent.yaml]\n{more}"), &[("parent.yaml", &named("parent", parent))])
}

/// It is refused for a lock, with these words.
fn is_locked(tried: &Result<Profile, ComplianceError>, words: &str) {
    let found = wrong(tried.as_ref().unwrap_err());
    assert!(found.contains("compliance.locked: ") && found.contains(words), "{words}\n{found}");
}

#[test]
fn what_is_locked_is_not_weakened_by_a_child_nor_by_its_child_nor_by_a_flag() {
    for (more, words) in [
        ("exclude: [{ checks: [PSS-001], reason: r }]\n", "the check PSS-001 is locked by group; it can be made stricter, not weaker"),
        ("exclude: [{ checks: ['group:PSS'], reason: r }]\n", "the check PSS-001 is locked by group"),
        ("rules: [{ checks: [PSS-001], severity: high, reason: r }]\n", "the severity of PSS-001 is locked by group"),
        ("gate: { failOn: high }\n", "the gate (failOn: medium, unverifiedFails: true) is locked by group; it can be made stricter"),
        ("gate: { unverifiedFails: false }\n", "the gate (failOn: medium, unverifiedFails: true) is locked by group"),
        ("parameters: { TLS-002.failDays: 14 }\n", "the parameter TLS-002.failDays (21) is locked by group; it can be made stricter, not weaker"),
        ("parameters: { REG-003.registries: [c.example] }\n", "the parameter REG-003.registries ([\"a.example\",\"b.example\"]) is locked by group; it can be made stricter"),
    ] {
        let child = format!("{BEGIN}extends: [./group.yaml]\n{more}");
        let error = read(&child, &[("./group.yaml", GROUP)]).unwrap_err();
        assert_eq!(error.code().0, "compliance.locked", "{more}: {error}");
        assert!(error.to_string().contains(words), "{more}: {error}");
        let middle = format!("{BEGIN}extends: [group.yaml]\n");
        let grandchild = format!("{BEGIN}extends: [middle.yaml]\n{more}");
        assert_eq!(read(&grandchild, &[("middle.yaml", &middle), ("group.yaml", GROUP)]).unwrap_err().code().0, "compliance.locked", "{more}");
    }
    let stricter = format!(
        "{BEGIN}extends: [group.yaml]\ngate: {{ failOn: low }}\nparameters: {{ TLS-002.failDays: 60, REG-003.registries: [b.example] }}\nrules: [{{ checks: [NET-010], severity: critical, reason: r }}]\nexclude: [{{ checks: [WKL-007], reason: r }}]\n"
    );
    let stricter = read(&stricter, &[("group.yaml", GROUP)]).unwrap();
    assert_eq!(with_setting(stricter.clone(), "TLS-002.failDays=59").unwrap_err().code().0, "compliance.locked");
    assert_eq!(with_setting(stricter, "TLS-002.failDays=61").unwrap().parameters["TLS-002.failDays"], 61);
}

#[test]
fn a_flag_that_is_locked_can_be_raised_alone() {
    for name in ["NET-004.outside", "NET-004.platform", "network.private"] {
        let sets = |value: bool| format!("parameters: {{ {name}: {value} }}\n");
        let locks = |value: bool| format!("checks: [NET-004]\n{}lockedParameters: [{name}]\n", sets(value));
        is_locked(&child(&locks(true), &sets(false)), &format!("the parameter {name} (true) is locked by parent; it can be made stricter, not weaker"));
        assert_eq!(child(&locks(true), "").unwrap().parameters[name], true, "{name}");
        assert_eq!(child(&locks(false), &sets(true)).unwrap().parameters[name], true, "{name}");
        assert_eq!(with_setting(child(&locks(true), "").unwrap(), &format!("{name}=false")).unwrap_err().code().0, "compliance.locked", "{name}");
    }
}

/// Also where nothing is locked by name.
#[test]
fn what_only_an_attempt_decides_and_what_a_locked_check_goes_by_is_not_weakened() {
    let tried = format!("{BEGIN}checks: [NET-010, TLS-002]\nrules: [{{ checks: [NET-010], mustProbe: true }}]\ngate: {{ failOn: medium }}\nexceptions: {{ maxDays: 9 }}\n");
    let held = format!("{BEGIN}checks: [TLS-002]\nrules: [{{ checks: [TLS-002], locked: true }}]\nparameters: {{ TLS-002.failDays: 21 }}\n");
    for (group, more, words) in [
        (&tried, "exclude: [{ checks: [NET-010], reason: r }]\n", "the check NET-010 is locked by acme"),
        (&tried, "rules: [{ checks: [NET-010], severity: low, reason: r }]\n", "the severity of NET-010 is locked by acme"),
        (&tried, "gate: { unverifiedFails: false }\n", "the gate (failOn: medium, unverifiedFails: true) is locked by acme"),
        (&tried, "exceptions: { maxDays: 10 }\n", "how far exceptions may go (maxDays: 9, lockedChecks: false) is locked by acme"),
        (&held, "parameters: { TLS-002.failDays: 20 }\n", "the parameter TLS-002.failDays (21) is locked by acme"),
    ] {
        let error = read(&format!("{BEGIN}extends: [group.yaml]\n{more}"), &[("group.yaml", group)]).unwrap_err();
        assert!(error.code().0 == "compliance.locked" && error.to_string().contains(words), "{more}: {error}");
    }
    let free = read(&format!("{BEGIN}extends: [group.yaml]\nexclude: [{{ checks: [TLS-002], reason: r }}]\n"), &[("group.yaml", &tried)]).unwrap();
    assert_eq!(ids(&free), ["NET-010"]);
    assert_eq!(with_setting(shipped("restricted").unwrap(), "PSS.version=v1.0").unwrap_err().code().0, "compliance.locked");
}

/// Who is extended beside the one that locks is no child of it; the stricter of both counts, whichever stands first.
#[test]
fn of_two_that_are_extended_what_is_locked_stays_as_strict() {
    let loose = "apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: { name: loose, version: '1', owner: o }\nchecks: [PSS-001, TLS-002]\nrules: [{ checks: [PSS-001, TLS-002], severity: low, reason: r }]\ngate: { failOn: critical, unverifiedFails: false }\nparameters: { TLS-002.failDays: 1 }\n";
    for order in ["loose.yaml, group.yaml", "group.yaml, loose.yaml"] {
        let profile = read(&format!("{BEGIN}extends: [{order}]\n"), &[("group.yaml", GROUP), ("loose.yaml", loose)]).unwrap();
        assert_eq!(profile.gate, ProfileGate { fail_on: Severity::Medium, unverified_fails: true, score: None }, "{order}");
        assert_eq!(profile.parameters["TLS-002.failDays"], 21, "{order}");
        assert_eq!(profile.severities.get("PSS-001"), None, "{order}");
        assert_eq!(profile.severities.get("TLS-002"), Some(&Severity::Low), "{order}");
    }
}

/// Whichever stands first: nobody is told that both are kept.
#[test]
fn two_that_lock_values_of_which_neither_is_as_strict_are_not_extended_together() {
    let sets = |value: &str| format!("checks: [TLS-002]\nparameters: {{ {value} }}\n");
    let locks = |value: &str| format!("{}lockedParameters: [{}]\n", sets(value), value.split(':').next().unwrap());
    for (ours, theirs) in [("PSS.version: v1.36", "PSS.version: v1.35"), ("REG-003.registries: [a, b]", "REG-003.registries: [c]")] {
        for (one, two) in [(ours, theirs), (theirs, ours)] {
            let name = one.split(':').next().unwrap();
            let said = format!("4:21 compliance.locked: the parameter {name} is locked by one at ");
            is_locked(&beside(("one", &locks(one)), ("two", &locks(two))), &said);
            // Where one of them alone locks it, that value counts.
            let counts = child(&sets(one), "").unwrap().parameters;
            assert_eq!(beside(("one", &locks(one)), ("two", &sets(two))).unwrap().parameters, counts, "{one} {two}");
            assert_eq!(beside(("two", &sets(two)), ("one", &locks(one))).unwrap().parameters, counts, "{one} {two}");
        }
    }
    let words = "the parameter PSS.version is locked by one at \"v1.36\" and by two at \"v1.35\"; none of these is as strict as the others, so extend fewer of them, or ask their owners for one value";
    is_locked(&beside(("one", &locks("PSS.version: v1.36")), ("two", &locks("PSS.version: v1.35"))), words);
    for (one, two, strictest) in [
        ("REG-003.registries: [a, b]", "REG-003.registries: [b]", serde_json::json!(["b"])),
        ("REG-003.registries: [a, b]", "REG-003.registries: [b, c]", serde_json::json!(["b"])),
        ("TLS-002.failDays: 20", "TLS-002.failDays: 30", serde_json::json!(30)),
        ("PSS.version: v1.36", "PSS.version: v1.36", serde_json::json!("v1.36")),
    ] {
        for (one, two) in [(one, two), (two, one)] {
            let name = one.split(':').next().unwrap();
            assert_eq!(beside(("one", &locks(one)), ("two", &locks(two))).unwrap().parameters[name], strictest, "{one} {two}");
        }
    }
    assert!(beside(("one", &locks("PSS.version: latest")), ("two", &locks("PSS.version: v1.37"))).is_ok(), "they mean the same");
}

/// A check that is locked is judged as it was where it was locked: also by what its profile left at its default, and by what its group
/// goes by.
#[test]
fn what_a_locked_check_goes_by_without_saying_it_is_kept() {
    let locks = |check: &str| format!("checks: [{check}]\nrules: [{{ checks: [{check}], locked: true }}]\n");
    for (check, looser, as_strict) in [
        ("TLS-002", "TLS-002.failDays: 13", "TLS-002.failDays: 15"),
        ("TLS-002", "TLS-002.warnDays: 29", "TLS-002.warnDays: 30"),
        ("PSS-004", "PSS.level: baseline", "PSS.level: restricted"),
        ("PSS-004", "PSS.version: v1.30", "PSS.version: v1.37"),
        ("RBC-001", "RBC.allow: [Group/admins]", "RBC-010.installer: [User/alice]"),
        ("NET-004", "NET-004.allow: ['a => b']", "NET-004.outside: true"),
        ("NET-004", "", "NET-004.platform: true"),
        ("RBC-009", "", "RBC.allow: [Group/admins]"),
        ("REG-003", "", "REG-003.registries: [registry.example]"),
        ("NET-011", "", "network.tenantNamespaces: [shop]"),
    ] {
        let with = |value: &str| format!("parameters: {{ {value} }}\n");
        child(&locks(check), &with(as_strict)).unwrap();
        if !looser.is_empty() {
            is_locked(&child(&locks(check), &with(looser)), &format!("the parameter {}", looser.split(':').next().unwrap()));
            child(&format!("checks: [{check}]\n"), &with(looser)).unwrap();
            // Nor does who is extended beside it loosen it.
            let free = format!("checks: [{check}]\n{}", with(looser));
            for profile in [beside(("one", &locks(check)), ("two", &free)), beside(("two", &free), ("one", &locks(check)))] {
                assert!(profile.unwrap().parameters.is_empty(), "{looser}");
            }
        }
    }
    let stricter = "checks: [TLS-002]\nparameters: { TLS-002.failDays: 20 }\n";
    assert_eq!(beside(("one", &locks("TLS-002")), ("two", stricter)).unwrap().parameters["TLS-002.failDays"], 20);
    assert_eq!(with_setting(child(&locks("PSS-004"), "").unwrap(), "PSS.level=privileged").unwrap_err().code().0, "compliance.locked");
}

#[test]
fn a_version_that_means_the_same_is_no_other_one() {
    let restricted = || shipped("restricted").unwrap();
    assert_eq!(with_setting(restricted(), "PSS.version=v1.37").unwrap().parameters["PSS.version"], "v1.37");
    let refused = with_setting(restricted(), "PSS.version=v1.36").unwrap_err().to_string();
    assert_eq!(refused, "the parameter PSS.version (\"latest\") is locked by the profile restricted; of no other value it is known that it is as strict, so give the same one or none");
    // To be warned earlier is stricter.
    assert!(with_setting(restricted(), "TLS-002.warnDays=31").is_ok() && with_setting(restricted(), "TLS-002.warnDays=29").is_err());
}

/// Nobody knows which way a parameter of a check of a profile's own is stricter.
#[test]
fn a_check_of_a_profiles_own_that_is_locked_keeps_its_parameters() {
    let own = "custom:\n  - { id: ACME-001, title: t, severity: high, why: w, fix: f, match: { apiVersion: v1, kinds: [Pod] }, parameters: { registries: [a.example] }, validations: [{ expression: 'params.registries.size() == 1', message: m }] }\n";
    let locks = format!("{own}rules: [{{ checks: [ACME-001], locked: true }}]\n");
    let other = "parameters: { ACME-001.registries: [b.example] }\n";
    assert_eq!(child(own, other).unwrap().parameters.len(), 1);
    is_locked(&child(&locks, other), "the parameter ACME-001.registries ([\"a.example\"]) is locked by parent; of no other value");
    child(&locks, "parameters: { ACME-001.registries: [a.example] }\n").unwrap();
    assert_eq!(with_setting(child(own, "").unwrap(), "ACME-001.registries=b.example").unwrap().parameters.len(), 1);
    assert_eq!(with_setting(child(&locks, "").unwrap(), "ACME-001.registries=b.example").unwrap_err().code().0, "compliance.locked");
    let sets = format!("{own}{other}");
    for profile in [beside(("one", &locks), ("two", &sets)), beside(("two", &sets), ("one", &locks))] {
        assert!(profile.unwrap().parameters.is_empty());
    }
    is_locked(&beside(("one", &locks), ("two", &format!("{sets}rules: [{{ checks: [ACME-001], locked: true }}]\n"))), "is locked by one at [\"a.example\"] and by two at [\"b.example\"]");
    // Of a run that does not make it, it is known all the same.
    let partly = with_checks(child(&locks, "checks: [TLS-002]\n").unwrap(), "TLS-002").unwrap();
    let again = read(&serde_yaml::to_string(&written(&partly)).unwrap(), &[]).unwrap();
    assert_eq!((again.checks.as_slice(), &again), (["TLS-002".to_owned()].as_slice(), &partly));
}

#[test]
fn a_control_is_not_taken_from_the_locked_checks_that_stand_for_it() {
    let with = |checks: &str| format!("controls: [{{ id: G-1, title: other, checks: [{checks}] }}]\n");
    let of_group = |more: &str| read(&format!("{BEGIN}extends: [group.yaml]\n{more}"), &[("group.yaml", GROUP)]);
    is_locked(&of_group(&with("PSS-002")), "that PSS-001 stands for the control G-1 is locked by group; name it there as well, or give yours an id of its own");
    is_locked(&of_group("controls: [{ id: G-1, title: ours, coverage: organisational }]\n"), "that PSS-001 stands for the control G-1");
    assert_eq!(of_group(&with("PSS-001, TLS-002")).unwrap().controls[0].checks, ["PSS-001", "TLS-002"]);
    of_group("controls: [{ id: G-2, title: t, checks: [PSS-002] }]\n").unwrap();
    // Beside it, another one of that id gives what it has locked.
    let (locks, free) = ("checks: [PSS-001]\nrules: [{ checks: [PSS-001], locked: true }]\n", "checks: [PSS-002, TLS-002]\n");
    let (locks, free) = (format!("{locks}{}", with("PSS-001")), format!("{free}{}", with("PSS-002, TLS-002")));
    let base = format!("checks: [PSS-001]\n{}", with("NET-010"));
    for (first, second) in [(&locks, &free), (&free, &locks)] {
        assert_eq!(both_of(&base, ("one", first), ("two", second)).unwrap().controls[0].checks, ["PSS-001"]);
    }
    let also = format!("{free}rules: [{{ checks: [TLS-002], locked: true }}]\n");
    assert_eq!(both_of(&base, ("one", &locks), ("two", &also)).unwrap().controls[0].checks, ["PSS-001", "TLS-002"]);
}

/// Else what the owner says is shown in part would be proved.
#[test]
fn of_a_control_that_locked_checks_stand_for_no_more_is_claimed() {
    for (check, rule) in [("PSS-003", "locked: true"), ("NET-010", "mustProbe: true")] {
        let list = |coverage: &str| format!("controls: [{{ id: G-1, title: t, checks: [{check}]{coverage} }}]\n");
        let (full, partial) = (list(""), list(", coverage: partial"));
        let free = format!("checks: [{check}]\n");
        let held = format!("{free}rules: [{{ checks: [{check}], {rule} }}]\n");
        let words = "that the control G-1 is shown in part is locked by parent; say `coverage: partial` there as well, or give yours an id of its own";
        is_locked(&child(&format!("{held}{partial}"), &full), words);
        is_locked(&child(&format!("{held}{full}"), "controls: [{ id: G-1, title: t, coverage: organisational }]\n"), "stands for the control G-1");
        for (theirs, ours) in [(&full, &partial), (&partial, &partial), (&full, &full)] {
            assert_eq!(child(&format!("{held}{theirs}"), ours).unwrap().controls, child(&free, ours).unwrap().controls);
        }
        let base = format!("{held}{full}");
        for (first, second) in [(&full, &partial), (&partial, &full)] {
            let both = both_of(&base, ("one", first), ("two", second)).unwrap();
            assert_eq!(both.controls[0].coverage, airlock_model::ControlCoverage::Partial);
        }
        assert_eq!(child(&format!("{free}{partial}"), &full).unwrap().controls[0].coverage, airlock_model::ControlCoverage::Full);
    }
}

/// Else a child would have somebody of its own answer for what the owner knows to be open.
#[test]
fn of_a_control_that_locked_checks_show_in_part_nobodys_word_becomes_enough() {
    for (check, rule) in [("PSS-003", "locked: true"), ("NET-010", "mustProbe: true")] {
        let list = |more: &str| format!("controls: [{{ id: G-1, title: t, checks: [{check}]{more} }}]\n");
        let (open, settled) = (list(", coverage: partial"), list(", coverage: partial, attest: a drill is held"));
        let free = format!("checks: [{check}]\n");
        let held = format!("{free}rules: [{{ checks: [{check}], {rule} }}]\n");
        let words = "that nobody's word settles the control G-1 is locked by parent; leave `attest` out there as well, or give yours an id of its own";
        is_locked(&child(&format!("{held}{open}"), &settled), words);
        // What is shown in full gets one more condition.
        let asks = list(", attest: a drill is held");
        for (theirs, ours) in [(&open, &open), (&settled, &settled), (&list(""), &settled), (&list(""), &asks)] {
            assert_eq!(child(&format!("{held}{theirs}"), ours).unwrap().controls, child(&free, ours).unwrap().controls);
        }
        assert!(child(&format!("{free}{open}"), &settled).unwrap().controls[0].attest.is_some());
        let base = format!("{held}{}", list(""));
        for (first, second) in [(&open, &settled), (&settled, &open), (&open, &asks), (&asks, &open)] {
            let both = both_of(&base, ("one", first), ("two", second)).unwrap();
            assert_eq!((both.controls[0].coverage, both.controls[0].attest.as_deref()), (airlock_model::ControlCoverage::Partial, None), "{first}{second}");
        }
    }
}

/// Of another number it may speak, and of this one not.
#[test]
fn a_locked_check_as_a_whole_does_not_stand_for_one_of_its_numbers() {
    let list = |checks: &str| format!("controls: [{{ id: G-1, title: t, checks: [{checks}] }}]\n");
    let held = format!("checks: [CPL-001]\nrules: [{{ checks: [CPL-001], locked: true }}]\n{}", list("CPL-001/1.2.5"));
    is_locked(&child(&held, &list("CPL-001")), "that CPL-001/1.2.5 stands for the control G-1 is locked by parent");
    assert_eq!(child(&held, &list("CPL-001, CPL-001/1.2.5")).unwrap().controls[0].checks, ["CPL-001", "CPL-001/1.2.5"]);
}

#[test]
fn of_lists_that_two_lock_all_that_is_looked_at_stays() {
    let locks = |alert: &str| format!("checks: [MON-002]\nparameters: {{ MON-002.alerts: [{alert}] }}\nlockedParameters: [MON-002.alerts]\n");
    assert_eq!(beside(("one", &locks("A")), ("two", &locks("B, A"))).unwrap().parameters["MON-002.alerts"], serde_json::json!(["B", "A"]));
    assert_eq!(beside(("one", &locks("A")), ("two", &locks("B"))).unwrap().parameters["MON-002.alerts"], serde_json::json!(["A", "B"]));
}

/// Also where what counts is written nowhere, or is nothing: what two come to is written and read back as one.
#[test]
fn what_two_locks_come_to_is_a_profile() {
    let level = "checks: [PSS-004]\nparameters: { PSS.level: baseline }\nlockedParameters: [PSS.level]\n";
    let holders = |name: &str| format!("checks: [RBC-001]\nparameters: {{ RBC.allow: [Group/{name}] }}\nlockedParameters: [RBC.allow]\n");
    let registries = |names: &str| format!("checks: [REG-003]\nparameters: {{ REG-003.registries: [{names}] }}\nlockedParameters: [REG-003.registries]\n");
    for (one, two, name, value) in [
        ("checks: [PSS-004]\nrules: [{ checks: [PSS-004], locked: true }]\n", level, "PSS.level", serde_json::json!("restricted")),
        (&holders("a"), &holders("b"), "RBC.allow", serde_json::json!([])),
        (&registries("a, b, c"), &registries("a, b, d"), "REG-003.registries", serde_json::json!(["a", "b"])),
    ] {
        for (first, second) in [(one, two), (two, one)] {
            let profile = beside(("one", first), ("two", second)).unwrap();
            assert_eq!(profile.parameters[name], value);
            let text = serde_yaml::to_string(&written(&profile)).unwrap();
            assert_eq!(from_text("written.yaml", &text, &|_| Err(String::new())).unwrap(), profile, "{text}");
        }
    }
    let free = "checks: [REG-003]\nparameters: { REG-003.registries: [a] }\n";
    let texts = [("one.yaml", named("one", &registries("a, b, c"))), ("two.yaml", named("two", &registries("a, b, d"))), ("three.yaml", named("three", free))];
    let files: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let three = read(&format!("{BEGIN}extends: [one.yaml, two.yaml, three.yaml]\n"), &files).unwrap();
    assert_eq!(three.parameters["REG-003.registries"], serde_json::json!(["a"]), "one that is stricter counts");
}

/// Whoever could name one more could answer for what is held.
#[test]
fn nobody_signs_for_what_is_held_but_whom_the_profile_names() {
    let key = |name: &str, text: &str| format!("keys: [{{ name: {name}, publicKey: '-----BEGIN PUBLIC KEY----- {text} -----END PUBLIC KEY-----' }}]\n");
    let ours = key("officer", "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=");
    let theirs = key("me", "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    let (plain, locks) = ("checks: [PSS-001]\n", "checks: [PSS-001]\nrules: [{ checks: [PSS-001], locked: true }]\n");
    is_locked(&child(&format!("{locks}{ours}"), &theirs), "who signs exceptions and attestations (not me) is locked by parent");
    for (parent, more) in [(format!("{locks}{ours}"), ours.as_str()), (format!("{plain}{ours}"), &theirs), (locks.to_owned(), &theirs)] {
        assert!(child(&parent, more).unwrap().keys.len() <= 2, "{parent}{more}");
    }
    let (held, other) = (format!("{locks}{ours}"), format!("{plain}{theirs}"));
    for (first, second) in [(&held, &other), (&other, &held)] {
        is_locked(&beside(("one", first), ("two", second)), "who signs exceptions and attestations (not me) is locked by ");
    }
    assert_eq!(beside(("one", &format!("{plain}{ours}")), ("two", &other)).unwrap().keys.len(), 2);
}

/// Also where the one that locks it leaves it out.
#[test]
fn the_severity_of_a_locked_check_is_kept_beside_another_that_lowers_it() {
    let lowers = "checks: [PSS-001]\nrules: [{ checks: [PSS-001], severity: low, reason: r }]\n";
    let locks = "checks: [PSS-001, PSS-002]\nexclude: [{ checks: [PSS-001], reason: r }]\nrules: [{ checks: [PSS-001], locked: true }]\n";
    let free = "checks: [PSS-002]\n";
    for (first, second) in [(lowers, locks), (locks, lowers)] {
        assert_eq!(beside(("one", first), ("two", second)).unwrap().severities.get("PSS-001"), None);
    }
    assert_eq!(beside(("one", lowers), ("two", free)).unwrap().severities.get("PSS-001"), Some(&Severity::Low));
}

/// What is left out and locked by its id stays so for whoever selects it; all else that is about nothing is a slip.
#[test]
fn a_rule_about_a_check_that_is_left_out_can_only_lock_it_or_leave_it_to_attempts() {
    let text = |rule: &str| format!("{BEGIN}checks: ['group:TLS']\nexclude: [{{ checks: [TLS-003], reason: r }}]\nrules: [{{ checks: [TLS-003], {rule} }}]\n");
    assert!(read(&text("locked: true"), &[]).unwrap().locked.checks.contains("TLS-003"));
    assert!(read(&text("mustProbe: true"), &[]).unwrap().must_probe.contains("TLS-003"));
    for text in [text("severity: low, reason: r"), text("locked: true").replace("rules: [{ checks: [TLS-003]", "rules: [{ checks: [NET-010]")] {
        assert!(wrong(&read(&text, &[]).unwrap_err()).contains("compliance.idle-selector"), "{text}");
    }
}
