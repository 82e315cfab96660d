use airlock_model::Coded;
use serde_json::json;

use super::*;
use crate::profile::unprofiled;

fn setting(text: &str) -> Result<(String, Value), ComplianceError> {
    super::setting(text, &unprofiled())
}

#[test]
fn they_are_sorted_by_name() {
    assert!(parameters().is_sorted_by_key(|parameter| parameter.name));
}

#[test]
fn a_check_has_its_own_and_those_of_its_group() {
    let of = |id: &str| parameters_of(id).map(|parameter| (parameter.name, parameter.kind.words())).collect::<Vec<_>>();
    assert_eq!(of("VUL-001"), [("VUL-001.days", "days, 1 to 90; else 7".to_owned())]);
    assert_eq!(of("EVD-003")[1], ("EVD-003.ways", "a list of prompt, yes; else none".to_owned()));
    assert_eq!(of("PSS-004").len(), 2);
    assert_eq!(of("MON-001"), []);
}

#[test]
fn settings_are_read_by_the_kind_of_their_parameter() {
    assert_eq!(setting("PSS.level=baseline").unwrap(), ("PSS.level".into(), json!("baseline")));
    assert_eq!(setting("PSS.version=v1.30").unwrap().1, json!("v1.30"));
    assert_eq!(setting("TLS-002.failDays=7").unwrap().1, json!(7));
    assert_eq!(setting("REG-003.registries=a.example, b.example/team").unwrap().1, json!(["a.example", "b.example/team"]));
}

#[test]
fn a_looser_value_is_told_from_a_stricter_one() {
    for (name, than, stricter, looser) in [
        ("TLS-002.failDays", json!(14), json!(30), json!(7)),
        ("VUL-001.days", json!(7), json!(1), json!(8)),
        ("AUT-005.days", json!(1), json!(1), json!(2)),
        ("PSS.level", json!("baseline"), json!("restricted"), json!("privileged")),
        ("network.private", json!(true), json!(true), json!(false)),
        ("REG-003.registries", json!(["a", "b"]), json!(["b"]), json!(["b", "c"])),
        ("MON-002.alerts", json!(["a", "b"]), json!(["c", "b", "a"]), json!(["b", "c"])),
        ("NET-014.ports", json!(["1-1024", "8080"]), json!(["1-512", "513-9000"]), json!(["1-1023", "8080"])),
        ("PSS.version", json!("v1.36"), json!("v1.36"), json!("v1.37")),
        ("PSS.version", json!("latest"), json!("v1.37"), json!("v1.36")),
        ("PSS.version", json!("v1.37"), json!("latest"), json!("v1.38")),
        ("NET-004.allow", json!(["a => b"]), json!([]), json!(["a => b", "a => 10.0.0.0/8"])),
        ("NET-004.outside", json!(true), json!(true), json!(false)),
        ("NET-004.platform", json!(true), json!(true), json!(false)),
        ("MON-003.days", json!(90), json!(30), json!(120)),
    ] {
        let parameter = known(name, &[]).unwrap();
        assert_eq!((parameter.is_looser(&stricter, &than), parameter.is_looser(&looser, &than)), (false, true), "{name}");
    }
}

/// What a silent profile comes to, by which it is held where its checks are: the words that people read, as a value.
#[test]
fn what_counts_when_the_profile_is_silent_is_what_the_words_say() {
    for parameter in parameters() {
        let (unset, words) = (Known::BuiltIn(parameter).unset(), parameter.kind.words());
        let said = match &unset {
            None => "none".to_owned(),
            Some(Value::Array(items)) if items.is_empty() => "none".to_owned(),
            Some(value) => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
        };
        assert!(words.ends_with(&format!("; else {said}")), "{}: {words}, {unset:?}", parameter.name);
    }
    let unset = |name: &str| known(name, &[]).unwrap().unset();
    assert_eq!((unset("PII-001.hosts"), unset("REG-003.registries"), unset("MON-002.alerts")), (Some(json!([])), None, None));
}

#[test]
fn a_check_goes_by_its_own_parameters_and_by_those_of_its_group_that_it_reads() {
    for (id, name, goes) in [
        ("TLS-002", "TLS-002.warnDays", true),
        ("TLS-003", "TLS-002.warnDays", false),
        ("PSS-004", "PSS.level", true),
        ("PSS-017", "PSS.version", true),
        ("PSS-018", "PSS.version", true),
        ("PSS-019", "PSS.version", false),
        ("PSS-018", "PSS.level", true),
        ("TLS-002", "PSS.version", false),
        ("RBC-001", "RBC.allow", true),
        ("RBC-009", "RBC.allow", false),
        ("SEC-003", "RBC.allow", true),
        ("NET-016", "network.private", true),
        ("NET-011", "network.private", false),
        ("ACME-001", "ACME-001.registries", true),
    ] {
        assert_eq!(goes_by(id, name), goes, "{id} {name}");
    }
}

#[test]
fn a_setting_that_cannot_be_is_refused_with_the_reason() {
    for (text, code, words) in [
        ("PSS.levle=baseline", "compliance.unknown-parameter", "did you mean `PSS.level`?"),
        ("PSS.level=strict", "compliance.parameter-value", "privileged, baseline, restricted"),
        ("PSS.level", "compliance.parameter-value", "none of"),
        ("PSS.version=1.30", "compliance.parameter-value", "as in v1.37"),
        ("TLS-002.failDays=soon", "compliance.parameter-value", "no whole number"),
        ("VUL-001.days=0", "compliance.parameter-value", "from 1 to 90"),
        ("VUL-001.days=91", "compliance.parameter-value", "from 1 to 90"),
        ("REG-003.registries=,", "compliance.parameter-value", "at least one"),
        ("NET-014.ports=,", "compliance.parameter-value", "at least one"),
        ("EVD-003.plans=sha256:1,the one of Monday", "compliance.parameter-value", "sha256:1"),
        ("EVD-003.ways=prompt,telephone", "compliance.parameter-value", "telephone is none of prompt, yes"),
        ("NET-014.ports=1-1024,https", "compliance.parameter-value", "`https` is neither a port"),
    ] {
        let error = setting(text).unwrap_err();
        assert_eq!((error.code().0, error.to_string().contains(words)), (code, true), "{text}: {error}");
    }
}
