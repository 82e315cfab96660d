//! Reasons of parameters, the score of the gate, what is to be attested of a control, and frameworks of a profile's own checks: read
//! strictly, written back, compared, and not weakened by a child or beside a sibling.

use airlock_model::{ControlCoverage, ScoreRule};

use super::locks::{beside, child, named};
use super::*;

const TLS: &str = "checks: [TLS-002]\n";
const LOCKED: &str = "checks: [TLS-002]\nrules: [{ checks: [TLS-002], locked: true }]\n";

fn refused(tried: &Result<Profile, ComplianceError>, words: &str) {
    let found = tried.as_ref().map_or_else(wrong, |_| "it is good".to_owned());
    assert!(found.contains(words), "{words}\n{found}");
}

/// It is written down as one document and comes to the same.
fn kept(profile: &Profile) {
    let text = serde_json::to_string(&written(profile)).unwrap();
    assert_eq!(&read(&text, &[]).unwrap(), profile);
}

fn own(id: &str, frameworks: &str) -> String {
    format!("custom: [{{ id: {id}, title: t, severity: high, why: w, fix: f, frameworks: {frameworks}, match: {{ apiVersion: v1, kinds: [Pod] }}, validations: [{{ expression: 'true' }}] }}]\n")
}

#[test]
fn a_looser_parameter_than_a_profile_above_sets_needs_its_reason() {
    let sets = format!("{TLS}parameters: {{ TLS-002.failDays: {{ value: 21, reason: ours }}, REG-003.registries: [a, b] }}\n");
    for (more, words) in [
        ("parameters: { TLS-002.failDays: 20 }\n", "compliance.profile-value: `parameters.TLS-002.failDays`: parent sets it to 21, and 20 is not stricter; say why, as in `{ value: 20, reason: … }`"),
        ("parameters: { REG-003.registries: [c] }\n", "say why, as in `{ value: [\"c\"], reason: … }`"),
        ("parameters: { TLS-002.failDays: { value: 20, reason: ' ' } }\n", "`parameters.TLS-002.failDays.reason`: is empty"),
        ("parameters: { TLS-002.failDays: { value: soon, reason: r } }\n", "compliance.parameter-value"),
    ] {
        refused(&child(&sets, more), words);
    }
    for (more, value, reason) in [
        ("", 21, Some("ours")),
        ("parameters: { TLS-002.failDays: 21 }\n", 21, Some("ours")),
        ("parameters: { TLS-002.failDays: 22 }\n", 22, None),
        ("parameters: { TLS-002.failDays: { value: 20, reason: theirs } }\n", 20, Some("theirs")),
    ] {
        let profile = child(&sets, more).unwrap();
        assert_eq!((&profile.parameters["TLS-002.failDays"], profile.parameter_reasons.get("TLS-002.failDays").map(String::as_str)), (&value.into(), reason), "{more}");
        kept(&profile);
    }
    let set = with_setting(child(&sets, "").unwrap(), "TLS-002.failDays=3").unwrap();
    assert_eq!(set.parameter_reasons.len(), 0, "why it was 21 is not why it is 3");
    let locked = format!("{sets}lockedParameters: [TLS-002.failDays]\n");
    refused(&child(&locked, "parameters: { TLS-002.failDays: { value: 20, reason: theirs } }\n"), "compliance.locked");
    // Of two that are extended the reason goes with the value that counts.
    let two = beside(("one", &locked), ("two", "parameters: { TLS-002.failDays: { value: 3, reason: theirs } }\nchecks: [TLS-002]\n")).unwrap();
    assert_eq!((&two.parameters["TLS-002.failDays"], two.parameter_reasons["TLS-002.failDays"].as_str()), (&21.into(), "ours"));
    let changes = differences(&child(&sets, "").unwrap(), &child(&sets, "parameters: { TLS-002.failDays: { value: 21, reason: theirs } }\n").unwrap());
    assert_eq!(changes.iter().map(|change| (change.what, change.from.as_str())).collect::<Vec<_>>(), [(ProfilePart::Reason, Some("ours"))]);
}

#[test]
fn what_is_looser_than_its_check_has_it_is_told_until_somebody_says_why() {
    let told = |parameters: &str| {
        let text = named("acme", &format!("{TLS}parameters: {{ {parameters} }}\n"));
        let (_, warnings) = lint("acme.yaml", &|path| Ok(at(path, &text))).unwrap();
        warnings.into_iter().map(|warning| format!("{} {}", warning.at, warning.message)).collect::<Vec<_>>()
    };
    assert_eq!(told("TLS-002.failDays: 13"), ["5:33 TLS-002.failDays is looser than its check has it, and nothing says why: { value: …, reason: … }"]);
    for fine in ["TLS-002.failDays: 14", "TLS-002.failDays: { value: 13, reason: r }", "RBC.allow: [Group/a]", "PSS.version: v1.30"] {
        assert_eq!(told(fine), [] as [String; 0], "{fine}");
    }
}

#[test]
fn the_score_of_the_gate_is_not_lowered_where_anything_is_locked() {
    let asks = |min| Some(ScoreRule { min });
    refused(&child(TLS, "gate: { score: { min: 101 } }\n"), "5:23 compliance.profile-shape: `gate.score.min` must be a whole number in its range");
    refused(&child(TLS, "gate: { score: { least: 9 } }\n"), "unknown key `gate.score.least`");
    let locks = format!("{LOCKED}gate: {{ score: {{ min: 95 }} }}\n");
    for min in [0, 94] {
        let words = "compliance.locked: the gate (failOn: low, unverifiedFails: true, score.min: 95) is locked by parent";
        refused(&child(&locks, &format!("gate: {{ score: {{ min: {min} }} }}\n")), words);
    }
    assert_eq!(child(&locks, "gate: { score: { min: 96 } }\n").unwrap().gate.score, asks(96));
    assert_eq!(child(&locks, "gate: { failOn: low }\n").unwrap().gate.score, asks(95), "who does not say it takes nothing away");
    assert_eq!(child(&format!("{TLS}gate: {{ score: {{ min: 95 }} }}\n"), "gate: { score: { min: 5 } }\n").unwrap().gate.score, asks(5));
    for order in [[95, 90], [90, 95]] {
        let [one, two] = order.map(|min| format!("{TLS}gate: {{ score: {{ min: {min} }} }}\n"));
        assert_eq!(beside(("one", &one), ("two", &two)).unwrap().gate.score, asks(95));
    }
    let profile = child(&locks, "").unwrap();
    kept(&profile);
    assert_eq!(with_checks(profile.clone(), "TLS-002").unwrap().gate.score, None, "a part has no score");
    let changes = differences(&child(LOCKED, "").unwrap(), &profile);
    assert_eq!(changes.iter().map(|change| (change.name.as_str(), &change.to)).collect::<Vec<_>>(), [("score.min", &95.into())]);
}

#[test]
fn what_is_to_be_attested_of_a_control_stays_where_anything_is_locked() {
    let control = |more: &str| format!("controls: [{{ id: A-1, title: t, checks: [TLS-002]{more} }}]\n");
    refused(&child(TLS, &control(", attest: ' '")), "`controls[0].attest`: is empty");
    let locks = format!("{LOCKED}{}", control(", attest: a drill is held"));
    for more in ["", ", attest: a drill is thought of"] {
        let words = "compliance.locked: what is to be attested of the control A-1 (a drill is held) is locked by parent; say the same there, or give yours an id of its own";
        refused(&child(&locks, &control(more)), words);
    }
    let unlocked = format!("{TLS}{}", control(", attest: a drill is held"));
    for (parent, more) in [(&locks, control(", attest: a drill is held")), (&locks, String::new()), (&unlocked, control(""))] {
        let profile = child(parent, &more).unwrap();
        assert_eq!(profile.controls[0].attest.is_some(), more != control(""), "{more}");
        kept(&profile);
    }
    // Of two that take the place of one control each asks what it asks.
    let base = named("base", &format!("{LOCKED}{}", control("")));
    let both = |one: &str, two: &str| {
        let [one, two] = [one, two].map(|more| named("a", &format!("extends: [base.yaml]\n{}", control(more))));
        let files = [("one.yaml", one.as_str()), ("two.yaml", two.as_str()), ("base.yaml", base.as_str())];
        read(&format!("{BEGIN}extends: [one.yaml, two.yaml]\n"), &files).unwrap().controls[0].attest.clone()
    };
    assert_eq!(both(", attest: drills", "").as_deref(), Some("drills"));
    assert_eq!(both("", ", attest: drills").as_deref(), Some("drills"));
    assert_eq!(both(", attest: drills", ", attest: papers").as_deref(), Some("drills; papers"));
    // A text within another one asks something else.
    for (one, two, asked) in [
        ("drills are held", "drills are held or excused", "drills are held; drills are held or excused"),
        ("no drills", "drills", "no drills; drills"),
        ("drills; papers", "papers", "drills; papers"),
        ("papers", "drills; papers", "papers; drills"),
    ] {
        assert_eq!(both(&format!(", attest: {one}"), &format!(", attest: {two}")).as_deref(), Some(asked));
    }
}

#[test]
fn a_check_of_its_own_stands_for_the_controls_that_it_names() {
    for (frameworks, words) in [
        ("{ iso-27002: ['5.9'] }", "`frameworks`"),
        ("{ iso-27001: ['5.99'] }", "iso-27001 has no control `5.99`; did you mean `5."),
        ("{ iso-27001: [] }", "name at least one control of iso-27001"),
        ("{ iso-27001: ['5.9'], iso-27001-2022: ['5.9'] }", "iso-27001 stands twice, with its version and without"),
        ("{ iso-27001: ['5.9', '5.9'] }", "the control 5.9 stands twice"),
    ] {
        let words = if words == "`frameworks`" { "no framework is called `iso-27002`; did you mean `iso-27001`?" } else { words };
        refused(&read(&format!("{BEGIN}{}", own("ACME-001", frameworks)), &[]), words);
    }
    let text = |more: &str| format!("{BEGIN}extends: [iso-27001{more}]\n");
    let ours = format!("{}{}", text(""), own("ACME-001", "{ iso-27001: ['5.9', '8.9'], pss: [sysctls] }"));
    let company = named("company", &own("ACME-001", "{ iso-27001: ['5.9', '8.9'], pss: [sysctls] }"));
    let before = shipped("iso-27001").unwrap();
    for profile in [read(&ours, &[]).unwrap(), read(&text(", company.yaml"), &[("company.yaml", &company)]).unwrap()] {
        assert_eq!(profile.controls.len(), before.controls.len());
        for (control, former) in profile.controls.iter().zip(&before.controls) {
            let is_asking = ["5.9", "8.9"].contains(&control.id.as_str());
            assert_eq!(control.checks.len(), former.checks.len() + usize::from(is_asking), "{}", control.id);
            assert_eq!(control.checks.iter().any(|id| id == "ACME-001"), is_asking, "{}", control.id);
            let coverage = if is_asking && former.coverage == ControlCoverage::Organisational { ControlCoverage::Partial } else { former.coverage };
            assert_eq!(control.coverage, coverage, "{}", control.id);
        }
        assert_eq!(matched("framework:iso-27001/5.9", &profile.custom).unwrap(), ["ACME-001"]);
        assert!(matched("framework:pss", &profile.custom).unwrap().contains(&"ACME-001"));
        kept(&profile);
    }
    // One that is not made shows nothing of them.
    let leaves_out = "exclude: [{ checks: [ACME-001], reason: r }]\n";
    for profile in [read(&format!("{ours}{leaves_out}"), &[]).unwrap(), read(&format!("{}{leaves_out}", text(", company.yaml")), &[("company.yaml", &company)]).unwrap()] {
        assert_eq!(profile.controls, before.controls);
        kept(&profile);
    }
    // The same id in a list of the company's own is no control of the framework.
    let list = format!("{BEGIN}{}controls: [{{ id: '5.9', title: t, checks: [PSS-001] }}]\n", own("ACME-001", "{ iso-27001: ['5.9'] }"));
    assert_eq!(read(&list, &[]).unwrap().controls[0].checks, ["PSS-001"]);
}
