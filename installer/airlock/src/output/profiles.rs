//! Profiles: the list of those that ship, what is wrong with a file, what two do otherwise.

use std::fmt::Write as _;

use airlock_model::Untrusted;
use airlock_platform::profiles::{ProfileChange, ProfilePart};
use serde::Serialize;
use serde_json::Value;

use super::columns::columns;
use super::counted;
use super::style::{Ink, Style};
use crate::commands::profile::{Compared, LintWarning, Linted, Listed};
use crate::failure::Failure;

/// A document as a file of its own would hold it.
pub(crate) fn yaml(document: &impl Serialize) -> Result<String, Failure> {
    serde_yaml::to_string(document).map_err(|error| Failure::Output(std::io::Error::other(error)))
}

/// A profile as its file has it. What no value may hold can still stand in a comment; there a tab means nothing.
pub(crate) fn written(text: &str) -> String {
    text.lines().map(|line| line.split('\t').map(shown).collect::<Vec<_>>().join("\t") + "\n").collect()
}

/// A line a profile.
pub(crate) fn list(all: &[Listed]) -> String {
    let row = |listed: &Listed| [listed.metadata.name.clone(), listed.metadata.version.clone(), listed.checks.to_string(), listed.controls.to_string(), listed.metadata.description.clone()];
    columns(["NAME", "VERSION", "CHECKS", "CONTROLS", "WHAT FOR"], all.iter().map(row))
}

/// Every fault as compilers and editors write it: file, line, column, what.
pub(crate) fn linted(files: &[Linted], style: Style) -> String {
    let mut text = String::new();
    for linted in files {
        for fault in &linted.faults {
            let place = fault.line.zip(fault.column).map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
            let _ = writeln!(text, "{}{place}: {} {}", shown(&fault.file), style.paint(Ink::Red, &format!("error[{}]:", fault.code)), shown(&fault.message));
        }
        for warning in &linted.warnings {
            let LintWarning { file, line, column, message } = warning;
            let _ = writeln!(text, "{}:{line}:{column}: {} {}", shown(file), style.paint(Ink::Yellow, "warning:"), shown(message));
        }
        if let Some(profile) = &linted.profile {
            let amounts = format!("{}, {}", counted(profile.checks, "check", "checks"), counted(profile.controls, "control", "controls"));
            let _ =
                writeln!(text, "{}: {} {} {}, {amounts}, {}", shown(&linted.file), style.paint(Ink::Green, "good:"), shown(&profile.metadata.name), shown(&profile.metadata.version), profile.digest);
        }
    }
    text
}

/// What differs, a line each.
pub(crate) fn compared(compared: &Compared, style: Style) -> String {
    let called = |listed: &Listed| format!("{} {} ({})", shown(&listed.metadata.name), shown(&listed.metadata.version), counted(listed.checks, "check", "checks"));
    let mut text = format!("{}\n", style.heading(&format!("{} → {}", called(&compared.first), called(&compared.second))));
    if compared.changes.is_empty() {
        text.push_str("both judge alike\n");
    }
    for change in &compared.changes {
        let _ = writeln!(text, "{}", changed(change, style));
    }
    text
}

fn changed(change: &ProfileChange, style: Style) -> String {
    let what = match change.what {
        ProfilePart::Requirement => "requires",
        ProfilePart::Check => "check",
        ProfilePart::Custom => "check of its own",
        ProfilePart::Severity => "severity of",
        ProfilePart::MustProbe => "only by attempts",
        ProfilePart::Gate => "gate",
        ProfilePart::Parameter => "parameter",
        ProfilePart::Reason => "reason of",
        ProfilePart::LockedCheck => "locked check",
        ProfilePart::LockedParameter => "locked parameter",
        ProfilePart::Control => "control",
        ProfilePart::Key => "key",
        ProfilePart::Exceptions => "exceptions",
    };
    let name = shown(&change.name);
    if change.what == ProfilePart::Custom && !change.from.is_null() && !change.to.is_null() {
        return format!("~ {what} {name}: it is another one");
    }
    let is_set = matches!(change.what, ProfilePart::Check | ProfilePart::Custom | ProfilePart::MustProbe | ProfilePart::LockedCheck | ProfilePart::LockedParameter);
    match (&change.from, &change.to) {
        (Value::Null, _) if is_set => style.paint(Ink::Green, &format!("+ {what} {name}")),
        (_, Value::Null) if is_set => style.paint(Ink::Red, &format!("- {what} {name}")),
        (Value::Null, to) => style.paint(Ink::Green, &format!("+ {what} {name}: {}", value(to))),
        (from, Value::Null) => style.paint(Ink::Red, &format!("- {what} {name}: {}", value(from))),
        (from, to) => format!("~ {what} {name}: {} → {}", value(from), value(to)),
    }
}

/// A word without quotes, a control by its title and checks, all else as JSON.
fn value(value: &Value) -> String {
    match value {
        Value::String(text) => shown(text),
        Value::Object(control) if control.contains_key("title") => {
            let checks: Vec<&str> = control.get("checks").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
            let coverage = control.get("coverage").and_then(Value::as_str).unwrap_or_default();
            let by = if checks.is_empty() { "no check".to_owned() } else { checks.join(" ") };
            let attest = control.get("attest").and_then(Value::as_str).map_or_else(String::new, |attest| format!("; to be attested: {attest}"));
            shown(&format!("{} ({coverage}: {by}{attest})", control.get("title").and_then(Value::as_str).unwrap_or_default()))
        }
        other => shown(&other.to_string()),
    }
}

fn shown(text: &str) -> String {
    Untrusted::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_shown_as_it_is_but_for_what_would_reorder_a_line() {
        assert_eq!(written("a: 1 #\tb\r\n# \u{202e}c\n"), "a: 1 #\tb\n# \\u{202e}c\n");
    }
}
