use airlock_model::{Coded, Severity};

use super::*;
use crate::catalogue::check;

mod format;
mod locks;
mod read_back;

const BEGIN: &str = "apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: { name: acme, version: \"1\", owner: secops }\n";
const SMALL: &str = "apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: { name: acme, version: \"1\", owner: secops }\nchecks: [ TLS-002, \"NET-*\" ]\n";

/// A profile that locks what its children must keep.
const GROUP: &str = "apiVersion: airlock/v1
kind: SecurityPolicyProfile
metadata: { name: group, version: '7', owner: group security }
checks: [ PSS-001, WKL-007, NET-010, TLS-002 ]
rules:
  - { checks: [PSS-001, NET-010], locked: true }
  - { checks: [NET-010], mustProbe: true }
  - { checks: [WKL-007], severity: medium, reason: we page for it }
gate: { failOn: medium }
parameters: { TLS-002.failDays: 21, REG-003.registries: [a.example, b.example] }
lockedParameters: [TLS-002.failDays, REG-003.registries]
controls:
  - { id: G-1, title: no root on nodes, checks: ['PSS-00?'] }
";

/// A file to which one path alone leads.
fn at(path: &str, text: &str) -> ProfileFile {
    ProfileFile { text: text.to_owned(), identity: path.to_owned() }
}

/// Reads a profile beside which these files lie.
fn read(text: &str, files: &[(&str, &str)]) -> Result<Profile, ComplianceError> {
    let file = |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| at(path, text)).ok_or_else(|| "there is no such file".to_owned());
    from_text("acme.yaml", text, &file)
}

fn ids(profile: &Profile) -> Vec<&'static str> {
    selected(profile).unwrap().iter().map(|check| check.spec().id).collect()
}

/// What is wrong, a line each: place, code, words.
fn wrong(error: &ComplianceError) -> String {
    match error {
        ComplianceError::Faults(faults) => {
            let line = |fault: &ProfileFault| format!("{} {}: {}", fault.at.as_ref().map(ToString::to_string).unwrap_or_default(), fault.error.code(), fault.error);
            faults.faults().map(line).collect::<Vec<_>>().join("\n")
        }
        error => format!("{}: {error}", error.code()),
    }
}

#[test]
fn every_shipped_profile_can_be_read() {
    for name in shipped_names() {
        assert_eq!(shipped(name).unwrap().metadata.name, name);
    }
}

/// A framework's profile lists all of its controls, and says which checks stand for each.
#[test]
fn the_profile_of_a_framework_lists_every_control_that_checks_stand_for() {
    let frameworks = [
        ("cis-1.12", "cis-1.12", 131),
        ("nsa", "nsa-1.2", 34),
        ("pci-dss-4", "pci-dss-4.0.1", 280),
        ("soc2", "soc2-2017", 61),
        ("nist-800-53", "nist-800-53-5", 305),
        ("nist-800-190", "nist-800-190-2017", 24),
        ("iso-27001", "iso-27001-2022", 93),
        ("hipaa", "hipaa-2013", 65),
        ("pss", "pss-1.37", 19),
    ];
    assert_eq!(frameworks.len(), crate::references::FRAMEWORKS.len(), "each framework that checks refer to has a profile");
    for (name, tag, listed) in frameworks {
        let profile = shipped(name).unwrap();
        let framework = crate::references::FRAMEWORKS.iter().find(|framework| framework.tag == tag).unwrap();
        for check in selectable() {
            for reference in crate::references::standing(check.spec().id).references().filter(|reference| framework.is_meant_by(*reference)) {
                let control = profile.controls.iter().find(|control| control.id == reference.id).unwrap_or_else(|| panic!("{name} lacks {}", reference.id));
                assert!(control.checks.iter().any(|name| name.split('/').next() == Some(check.spec().id)), "{name} {}: {}", reference.id, check.spec().id);
                // Nobody's benchmark is shown in whole by looking at one installation; what pods must be is.
                assert_eq!(control.coverage == airlock_model::ControlCoverage::Full, name == "pss", "{name} {}", reference.id);
            }
        }
        let each: std::collections::BTreeSet<&str> = profile.controls.iter().map(|control| control.id.as_str()).collect();
        assert_eq!((profile.controls.len(), each.len()), (listed, listed), "{name}");
    }
}

/// Where its ids are numbers; the guidance of the NSA and Pod Security admission have names, and the rule of HIPAA letters and numerals.
#[test]
fn the_controls_of_a_framework_stand_in_its_order() {
    let place = |id: &str| {
        let digits = id.find(|letter: char| letter.is_ascii_digit()).unwrap();
        // Families of NIST stand in the order of their letters, the criteria of SOC 2 in that of their list.
        let (part, family) = match ["", "CC", "A", "C", "PI", "P"].iter().position(|part| *part == &id[..digits]) {
            Some(part) => (part, ""),
            None => (usize::MAX, id[..digits].strip_suffix('-').unwrap()),
        };
        let numbers = id[digits..].trim_end_matches(')').split(['.', '(']).map(|number| number.parse().unwrap()).collect::<Vec<u32>>();
        (part, family.to_owned(), numbers)
    };
    for name in ["cis-1.12", "pci-dss-4", "soc2", "nist-800-53", "nist-800-190", "iso-27001"] {
        let controls = shipped(name).unwrap().controls;
        for pair in controls.windows(2) {
            assert!(place(&pair[0].id) < place(&pair[1].id), "{name}: {} before {}", pair[0].id, pair[1].id);
        }
    }
}

#[test]
fn the_fourteen_promises_are_a_control_each() {
    let profile = shipped("astronomer-2018").unwrap();
    let listed: Vec<(&str, &str)> = profile.controls.iter().map(|control| (control.id.as_str(), control.title.as_str())).collect();
    assert_eq!(listed, crate::promises::PROMISES);
    for control in &profile.controls {
        let stands = selectable().filter(|check| check.spec().promises.contains(&control.id.as_str())).count();
        assert_eq!(control.checks.len(), stands, "{}", control.id);
    }
}

#[test]
fn without_a_profile_every_check_is_made() {
    assert_eq!(selected(&unprofiled()).unwrap().len(), selectable().count());
}

#[test]
fn checks_that_are_asked_for_take_the_place_of_the_profiles() {
    let asked = |selectors: &str| with_checks(shipped("baseline").unwrap(), selectors).map(|profile| ids(&profile));
    assert_eq!(asked("REG-00*, NET-001").unwrap(), ["NET-001", "REG-001", "REG-004", "REG-003", "REG-006", "REG-002", "REG-005"]);
    assert_eq!(asked("PSS-001,XYZ-*").unwrap_err().code().0, "compliance.unknown-check");
    assert_eq!(asked("").unwrap_err().code().0, "compliance.unknown-check");
}

/// Each of these stands behind [`BEGIN`], which has three lines.
#[test]
fn what_is_wrong_with_a_profile_is_named_with_its_place() {
    let cases = [
        ("checks: [TLS-002]\ngates: {}\n", "5:1 compliance.profile-shape: unknown key `gates`; did you mean `gate`?"),
        ("checks: [TLS-002]\ngate: { failOn: grave }\n", "5:17 compliance.profile-shape: `gate.failOn` cannot be `grave`; possible here: low, medium, high, critical"),
        ("checks: TLS-002\n", "4:9 compliance.profile-shape: `checks` must be a list, but here is other text"),
        ("checks: [TLS-002]\nchecks: [TLS-002]\n", "5:1 compliance.profile-shape: `checks` stands twice; the first one is on line 4"),
        ("checks: [TLS-002\n", "4:9 compliance.profile-shape: this is not YAML: unclosed bracket"),
        ("checks: &all [TLS-002]\n", "4:14 compliance.profile-shape: an anchor is not read here; write the value out"),
        ("checks:\n\t- TLS-002\n", "5:1 compliance.profile-shape: a tab indents this line"),
        ("---\nkind: Answers\n", "4:1 compliance.profile-shape: a second document begins here"),
        ("", "1:1 compliance.no-checks: the profile acme selects no check"),
        ("checks: []\n", "4:9 compliance.no-checks: the profile acme selects no check"),
        ("checks: [TLS-01]\n", "4:10 compliance.unknown-check: `TLS-01` matches no check; did you mean `TLS-001`?"),
        ("checks: [CLU-001, TLS-002]\n", "4:10 compliance.preflight-check: `CLU-001` is judged before an install"),
        ("checks: ['framework:pci-dss-4']\n", "4:10 compliance.unknown-check: `framework:pci-dss-4` matches no check; did you mean `framework:pci-dss"),
        ("checks: [TLS-002]\nparameters: { TLS-002.failDay: 3 }\n", "5:32 compliance.unknown-parameter: `TLS-002.failDay` is no parameter of a check; did you mean `TLS-002.failDays`?"),
        ("checks: [TLS-002]\nparameters: { TLS-002.failDays: soon }\n", "5:33 compliance.parameter-value: parameter TLS-002.failDays: \"soon\" is no whole number of days from 0 to 365"),
        ("checks: [TLS-002]\nparameters: { TLS-002.failDays: -1 }\n", "from 0 to 365"),
        ("checks: [TLS-002]\nparameters: { PSS.version: v2.0 }\n", "5:28 compliance.parameter-value"),
        ("checks: [TLS-002]\nlockedParameters: [TLS-002.failDays]\n", "5:20 compliance.profile-value: `lockedParameters[0]`: TLS-002.failDays is not set"),
        ("checks: [TLS-002]\nexclude: [{ checks: [TLS-003], reason: r }]\n", "5:22 compliance.idle-selector: `TLS-003` matches no check that the profile selects"),
        ("checks: ['TLS-*']\nexclude: [{ checks: [TLS-003], reason: ' ' }]\n", "5:40 compliance.profile-value: `exclude[0].reason`: say why"),
        ("checks: [TLS-002]\nrules: [{ checks: [TLS-002] }]\n", "5:9 compliance.profile-value: `rules[0]`: a rule sets severity, locked, or mustProbe"),
        ("checks: [TLS-002]\nrules: [{ checks: [TLS-002], severity: low }]\n", "say under `reason` why"),
        ("checks: [TLS-002]\nrules: [{ checks: [], locked: true }]\n", "5:19 compliance.profile-value: `rules[0].checks`: name at least one check"),
        ("checks: [WKL-001]\nrules: [{ checks: [WKL-001], mustProbe: true }]\n", "5:9 compliance.no-attempt: WKL-001 makes no attempt"),
        ("checks: [TLS-002]\ncontrols: [{ id: A, title: t }, { id: A, title: u }]\n", "5:39 compliance.profile-value: `controls[1].id`: the control A stands twice"),
        (
            "checks: [TLS-002]\ncontrols: [{ id: A, title: '', checks: [NTE-001] }]\n",
            "5:28 compliance.profile-value: `controls[0].title`: is empty\n5:41 compliance.unknown-check: `NTE-001` matches no check; did you mean `NET-001`?",
        ),
        ("checks: [TLS-002]\ncontrols: [{ id: A, title: t, coverage: organisational, checks: [TLS-002] }]\n", "no check shows what is organisational"),
        ("checks: [TLS-002]\nrequires: { minChecks: 2 }\n", "5:24 compliance.profile-value: `requires.minChecks`: the profile comes to 1 of at least 2 checks"),
        ("checks: [TLS-002]\nrequires: { kubernetes: '1.33.4' }\n", "5:25 compliance.profile-value: `requires.kubernetes`: `1.33.4` is not made of bounds on minor versions"),
        ("checks: [TLS-002]\nrequires: { kubernetes: '>=1.37 <1.30' }\n", "5:25 compliance.profile-value: `requires.kubernetes`: no version is in `>=1.37 <1.30`"),
        ("checks: [TLS-002]\nrequires: { kubernetes: newest }\n", "`newest` is no range of versions, as in `>=1.30 <1.37`"),
        ("extends: [basline]\n", "4:11 compliance.unknown-profile: no profile `basline` ships with Airlock; there is: baseline, "),
        ("extends: [./gone.yaml]\n", "4:11 compliance.profile-unreadable: the profile ./gone.yaml cannot be read: there is no such file"),
    ];
    for (more, words) in cases {
        let found = wrong(&read(&format!("{BEGIN}{more}"), &[]).unwrap_err());
        assert!(found.contains(words), "{more}\n{found}");
    }
    for (text, words) in [
        (String::new(), " compliance.profile-shape: the document is empty"),
        (BEGIN.replace("SecurityPolicyProfile", "Answers"), "2:7 compliance.profile-kind: `kind` is `Answers`, but here it must be `SecurityPolicyProfile`"),
        (BEGIN.replace(", owner: secops", ""), "3:11 compliance.profile-shape: `metadata.owner` is missing"),
        (format!("{}checks: [TLS-002]\n", BEGIN.replace("\"1\"", "''")), "3:34 compliance.profile-value: `metadata.version`: is empty"),
    ] {
        let found = wrong(&read(&text, &[]).unwrap_err());
        assert!(found.contains(words), "{text}\n{found}");
    }
}

#[test]
fn all_faults_are_said_at_once_and_the_first_names_its_file() {
    let error = read(&format!("{BEGIN}checks: [TLS-01, PSS-001, XYZ-1]\nparameters: {{ a: 1 }}\n"), &[]).unwrap_err();
    assert_eq!(error.to_string(), "acme.yaml:4:10: `TLS-01` matches no check; did you mean `TLS-001`? (and 2 more faults)");
    assert_eq!(error.code().0, "compliance.unknown-check");
}

#[test]
fn a_profile_builds_on_others_and_leaves_checks_out() {
    let text = format!(
        "{BEGIN}extends: [group.yaml, baseline]\nchecks: ['group:DBS']\nexclude: [{{ checks: [WKL-007], reason: r }}]\nrules: [{{ checks: [TLS-002], severity: low, reason: r }}]\nparameters: {{ TLS-002.failDays: 30 }}\n"
    );
    let profile = read(&text, &[("group.yaml", GROUP)]).unwrap();
    assert!(["DBS-002", "PSS-001", "NET-010", "SEC-001"].iter().all(|id| profile.checks.iter().any(|check| check == id)), "{:?}", profile.checks);
    assert!(!profile.checks.iter().any(|check| check == "WKL-007"));
    // What was overridden for a check that is left out is gone with it.
    assert_eq!(profile.severities, [("TLS-002".to_owned(), Severity::Low)].into());
    assert_eq!(profile.parameters["TLS-002.failDays"], 30);
    // Of two gates that are extended, what either refuses is refused.
    assert_eq!(profile.gate, ProfileGate { fail_on: Severity::Low, unverified_fails: true, score: None });
    assert_eq!(profile.controls[0].checks.len(), 9, "{:?}", profile.controls);
    assert_eq!((profile.metadata.name.as_str(), profile.must_probe.len(), profile.locked.checks.len()), ("acme", 1, 2));
}

/// Frameworks number theirs alike, and each promises to list all of its own.
#[test]
fn controls_of_two_lists_do_not_take_each_others_place() {
    let found = wrong(&read(&format!("{BEGIN}extends: [baseline, cis-1.12, pci-dss-4]\n"), &[]).unwrap_err());
    let words = "cis-1.12 and pci-dss-4 list different controls by the same ids (1.1.1, 1.1.2, 1.2.1, and 27 more); extend one of them, and judge by the other in a run of its own";
    assert_eq!(found, format!("4:31 compliance.profile-value: `extends[2]`: {words}"));
    let apart = read(&format!("{BEGIN}extends: [baseline, cis-1.12, nist-800-53]\n"), &[]).unwrap();
    assert_eq!(apart.controls.len(), 131 + 305);
    // Of one list each may be extended by several ways, and one of them may have changed it.
    let list = |title: &str| format!("{BEGIN}checks: [PSS-001]\ncontrols: [{{ id: A-1, title: {title}, checks: [PSS-001] }}, {{ id: A-2, title: two }}]\n");
    let (same, changed) = (format!("{BEGIN}extends: [list.yaml]\n"), format!("{BEGIN}extends: [list.yaml]\ncontrols: [{{ id: A-1, title: ours }}]\n"));
    let titles = |extended: &str| {
        let files = [("list.yaml", list("one")), ("same.yaml", same.clone()), ("changed.yaml", changed.clone()), ("again.yaml", list("one")), ("other.yaml", list("else"))];
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        read(&format!("{BEGIN}extends: [{extended}]\n"), &files).map(|profile| profile.controls.into_iter().map(|control| control.title).collect::<Vec<_>>())
    };
    for (extended, first) in [("list.yaml, same.yaml", "one"), ("same.yaml, changed.yaml", "ours"), ("changed.yaml, list.yaml", "one"), ("list.yaml, again.yaml", "one")] {
        assert_eq!(titles(extended).unwrap(), [first, "two"], "{extended}");
    }
    assert!(wrong(&titles("same.yaml, other.yaml").unwrap_err()).contains("acme and acme list different controls by the same ids (A-1); extend"));
}

#[test]
fn what_profiles_require_holds_for_those_that_extend_them() {
    let group = format!("{BEGIN}checks: [PSS-001, PSS-002]\nrequires: {{ kubernetes: '>=1.33', minChecks: 2 }}\n");
    let child = |more: &str| read(&format!("{BEGIN}extends: [group.yaml]\n{more}"), &[("group.yaml", &group)]);
    let profile = child("requires: { kubernetes: <1.38, minChecks: 1 }\n").unwrap();
    assert_eq!(profile.requires, airlock_model::Requirement { kubernetes: Some(">=1.33, <1.38".into()), min_checks: Some(2) });
    let version = |minor: u32| airlock_model::ServerVersion { major: 1, minor, git: format!("v1.{minor}.0") };
    assert!(fits(&profile, &version(37)).is_ok());
    for minor in [32, 38] {
        let error = fits(&profile, &version(minor)).unwrap_err();
        assert_eq!((error.code().0, error.to_string()), ("compliance.kubernetes-version", format!("the profile acme is for Kubernetes >=1.33, <1.38, and the cluster is v1.{minor}.0")));
    }
    let partly = with_checks(profile.clone(), "PSS-001").unwrap();
    assert_eq!(ids(&from_text("written.yaml", &serde_json::to_string(&written(&partly)).unwrap(), &|_| Err(String::new())).unwrap()), ["PSS-001"], "it can be kept and read");
    let found = wrong(&child("exclude: [{ checks: [PSS-002], reason: r }]\n").unwrap_err());
    assert!(found.contains("5:10 compliance.profile-value: `exclude`: the profile comes to 1 of at least 2 checks"), "{found}");
    // What no cluster is.
    let found = wrong(&child("requires: { kubernetes: <1.33 }\n").unwrap_err());
    assert_eq!(found, "5:25 compliance.profile-value: `requires.kubernetes`: no version is in `>=1.33, <1.33`");
    let older = format!("{BEGIN}checks: [PSS-001]\nrequires: {{ kubernetes: <1.33 }}\n");
    let found = wrong(&read(&format!("{BEGIN}extends: [group.yaml, older.yaml]\n"), &[("group.yaml", &group), ("older.yaml", &older)]).unwrap_err());
    assert_eq!(found, "4:23 compliance.profile-value: `extends[1]`: its `requires.kubernetes` beside that of the profiles before it: no version is in `>=1.33, <1.33`");
}

#[test]
fn profiles_that_extend_each_other_in_a_circle_or_too_deep_are_refused() {
    let extending = |name: &str| format!("{BEGIN}extends: [{name}]\n");
    let error = read(&extending("b.yaml"), &[("b.yaml", &extending("acme.yaml")), ("acme.yaml", SMALL)]).unwrap_err();
    assert_eq!((error.code().0, error.to_string().as_str()), ("compliance.profile-cycle", "b.yaml:4:11: a profile extends itself: acme.yaml → b.yaml → acme.yaml"));
    let files: Vec<(String, String)> = (0..20).map(|number| (format!("{number}.yaml"), extending(&format!("{}.yaml", number + 1)))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let error = wrong(&read(&extending("0.yaml"), &files).unwrap_err());
    assert!(error.starts_with("4:11 compliance.profile-depth: profiles extend each other more than 8 deep: acme.yaml → 0.yaml") && error.ends_with("→ 7.yaml"), "{error}");
    // Five that each extend the next one eight times are thousands.
    let wide = |name: &str| format!("{BEGIN}extends: [{}]\n", [name; 8].join(", "));
    let files: Vec<(String, String)> = (0..5).map(|number| (format!("{number}.yaml"), if number == 4 { SMALL.to_owned() } else { wide(&format!("{}.yaml", number + 1)) })).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let error = wrong(&read(&wide("0.yaml"), &files).unwrap_err());
    assert!(error.ends_with(" compliance.profile-depth: more than 64 profiles are joined"), "{error}");
}

/// By a link, or by its own folder; and of two files with the same text neither is the other.
#[test]
fn a_file_that_extends_itself_by_another_path_is_known_again() {
    let file = |path: &str| Ok(ProfileFile { text: format!("{BEGIN}extends: [./../l/x.yaml]\n"), identity: path.replace("l/../", "") });
    let error = load("./l/x.yaml", &file).unwrap_err();
    assert_eq!(wrong(&error), "4:11 compliance.profile-cycle: a profile extends itself: ./l/x.yaml → ./l/../l/x.yaml");
    let file = |path: &str| Ok(at(path, &if path == "x.yaml" { SMALL.to_owned() } else { format!("{BEGIN}extends: [../x.yaml]\n") }));
    let file = |path: &str| file(&path.replace("b/../", "").replace("a/../", ""));
    assert_eq!(ids(&load("a/b/x.yaml", &file).unwrap()), ids(&read(SMALL, &[]).unwrap()));
}

#[test]
fn a_path_is_looked_for_beside_the_file_that_names_it() {
    let files = [("policies/acme.yaml", "./group/base.yaml"), ("policies/group/base.yaml", "../root.yaml"), ("policies/group/../root.yaml", "")];
    let text = |path: &str| {
        let (_, next) = files.iter().find(|(name, _)| *name == path).ok_or_else(|| format!("nothing at {path}"))?;
        Ok(at(path, &if next.is_empty() { SMALL.to_owned() } else { format!("{BEGIN}extends: [{next}]\n") }))
    };
    assert_eq!(ids(&load("policies/acme.yaml", &text).unwrap()), ids(&read(SMALL, &[]).unwrap()));
}

/// What stands in a file that is extended is told with that file's name.
#[test]
fn a_fault_of_a_file_that_is_extended_names_that_file() {
    let error = read(&format!("{BEGIN}extends: [b.yaml]\n"), &[("b.yaml", &format!("{BEGIN}checks: [XYZ]\n"))]).unwrap_err();
    assert!(error.to_string().starts_with("b.yaml:4:10: `XYZ` matches no check"), "{error}");
}

#[test]
fn checks_that_make_attempts_are_known() {
    let tried: Vec<&str> = selectable().filter(|check| crate::catalogue::is_tried(*check)).map(|check| check.spec().id).collect();
    assert!(tried.contains(&"NET-010") && tried.contains(&"DBS-002") && !tried.contains(&"PSS-001"), "{tried:?}");
    assert!(!crate::catalogue::is_tried(check("WKL-001").unwrap()));
}

#[test]
fn the_digest_follows_the_meaning_not_the_writing() {
    let digest_of = |text: &str| digest(&read(text, &[]).unwrap()).unwrap();
    let plain = digest_of(SMALL);
    let written_out = format!("# a comment\n{}gate: {{ unverifiedFails: true, failOn: low }}\n", SMALL.replace("[ TLS-002, \"NET-*\" ]", "[ 'group:NET', 'NET-010', TLS-002 ]"));
    assert_eq!(digest_of(&written_out), plain);
    assert_ne!(digest_of(&SMALL.replace("\"1\"", "\"2\"")), plain);
    assert_ne!(digest_of(&format!("{SMALL}rules: [{{ checks: [TLS-002], locked: true }}]\n")), plain);
}

#[test]
fn a_profile_that_is_written_out_comes_to_the_same() {
    let text = format!("{BEGIN}extends: [group.yaml, baseline]\nrules: [{{ checks: [TLS-002], severity: low, reason: r }}]\n");
    let profile = read(&text, &[("group.yaml", GROUP)]).unwrap();
    // A run of some checks, by hand, is kept with the locks of all.
    let some = |profile: &Profile, checks: &str| with_checks(profile.clone(), checks).unwrap();
    let partly = [some(&profile, "PSS-00?,RBC-001"), some(&profile, "NET-010"), some(&shipped("restricted").unwrap(), "group:TLS")];
    assert_eq!((partly[0].locked.checks.len(), partly[0].must_probe.len(), partly[0].severities.len()), (2, 1, 0));
    for profile in partly.into_iter().chain([profile, shipped("baseline").unwrap(), shipped("restricted").unwrap()]) {
        let text = serde_yaml::to_string(&written(&profile)).unwrap();
        assert_eq!(read(&text, &[]).unwrap(), profile, "{text}");
    }
}

#[test]
fn a_new_profile_can_be_used_as_it_is_and_with_all_that_its_comments_show() {
    let text = blank("acme", "baseline").unwrap();
    let profile = read(&text, &[]).unwrap();
    assert_eq!((profile.metadata.name.as_str(), &profile.checks), ("acme", &shipped("baseline").unwrap().checks));
    // What is commented out takes the place of the empty lists above it.
    let shown = text.replace(": []\n#  ", ":\n#  ").replace(": {}\n#  ", ":\n#  ").replace("\n#  ", "\n  ");
    let profile = read(&shown, &[]).unwrap();
    assert_eq!((profile.controls.len(), profile.locked.parameters.len(), profile.must_probe.len()), (2, 1, 2));
    for (name, words) in [("Acme", "cannot name a profile"), ("../acme", "cannot name a profile"), ("", "cannot name"), ("baseline", "that ships")] {
        assert!(blank(name, "baseline").unwrap_err().to_string().contains(words), "{name}");
    }
}

#[test]
fn two_profiles_are_compared_by_what_they_come_to() {
    let (first, second) = (read(GROUP, &[]).unwrap(), read(&format!("{BEGIN}extends: [group.yaml]\nchecks: [TLS-003]\nexclude: [{{ checks: [WKL-007], reason: r }}]\nrules: [{{ checks: [TLS-002], severity: high, reason: r }}]\ngate: {{ failOn: low }}\nparameters: {{ TLS-002.failDays: 30 }}\n"), &[("group.yaml", GROUP)]).unwrap());
    let told: Vec<String> = differences(&first, &second).iter().map(|change| format!("{:?} {} {} {}", change.what, change.name, change.from, change.to)).collect();
    assert_eq!(told, ["Check TLS-003 null true", "Check WKL-007 true null", "Severity TLS-002 \"critical\" \"high\"", "Gate failOn \"medium\" \"low\"", "Parameter TLS-002.failDays 21 30"]);
    assert_eq!(differences(&first, &first), []);
}
