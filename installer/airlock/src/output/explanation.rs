//! What an id means: a check, an error code, or a step. It needs no cluster.

use std::fmt::Write as _;

use airlock_model::{Action, CheckSpec, CodeSpec};
use airlock_platform::requirements::StepSpec;
use airlock_platform::{Reference, parameters_of, standing};

use super::style::Style;
use super::{hanging, plan};

/// A check.
pub(crate) fn check(spec: &CheckSpec<'_>, references: &[Reference], style: Style) -> String {
    let standing = standing(spec.id);
    let mut text = format!("{}\n", style.heading(&format!("{}: {}", spec.id, spec.title)));
    let _ = writeln!(text, "  severity: {}; {}", severity(spec.severity), standing.because);
    let _ = writeln!(text, "  judges:   {}", standing.reads.words());
    if !spec.promises.is_empty() {
        let _ = writeln!(text, "  promises: {}", spec.promises.join(", "));
    }
    let _ = writeln!(text, "  how:      {}", spec.explanation);
    let _ = writeln!(text, "  fix:      {}", hanging(spec.remedy, 12));
    for (number, parameter) in parameters_of(spec.id).enumerate() {
        let _ = writeln!(text, "  {:<9} {} ({}): {}", if number == 0 { "set by:" } else { "" }, parameter.name, parameter.kind.words(), parameter.what);
    }
    for (number, reference) in references.iter().enumerate() {
        let _ = writeln!(text, "  {:<9} {} {}: {}", if number == 0 { "asked by:" } else { "" }, reference.framework, reference.version, reference.id);
    }
    text
}

/// An error code.
pub(crate) fn code(spec: &CodeSpec, style: Style) -> String {
    let mut text = format!("{}\n", style.heading(&format!("{}: {}", spec.code, spec.what)));
    let _ = writeln!(text, "  exit: {}", spec.exit.code());
    let _ = writeln!(text, "  why:  {}", spec.why);
    let _ = writeln!(text, "  fix:  {}", spec.fix);
    if let Some(next) = spec.next {
        let _ = writeln!(text, "  next: {next}");
    }
    text
}

/// A step of an installation or of its removal.
pub(crate) fn step(spec: &StepSpec, style: Style) -> String {
    let mut text = format!("{}\n", style.heading(&format!("{}: {}", spec.id, spec.title)));
    let listed = |objects: Vec<String>| objects.join(", ");
    let does = match &spec.action {
        Action::Apply(objects) => format!("applies {}", listed(objects.iter().map(|object| object.reference().to_string()).collect())),
        Action::Delete(objects) => format!("removes {}", listed(objects.iter().map(ToString::to_string).collect())),
        action => plan::action(action).trim().to_owned(),
    };
    let _ = writeln!(text, "  does:   {does}");
    if !spec.after.is_empty() {
        let _ = writeln!(text, "  after:  {}", spec.after.join(", "));
    }
    for (number, right) in spec.rights.iter().enumerate() {
        let _ = writeln!(text, "  {:<7} {right}", if number == 0 { "rights:" } else { "" });
    }
    text
}

/// Everything that can be explained, a line each.
pub(crate) fn list<'a, 'c>(checks: impl Iterator<Item = &'a CheckSpec<'a>>, codes: impl Iterator<Item = &'c CodeSpec>, steps: &[StepSpec], style: Style) -> String {
    let mut text = format!("{}\n", style.heading("Checks"));
    for spec in checks {
        let _ = writeln!(text, "  {:<9} {}", spec.id, spec.title);
    }
    let _ = writeln!(text, "\n{}", style.heading("Error codes"));
    for spec in codes {
        let _ = writeln!(text, "  {:<28} exit {:<3} {}", spec.code, spec.exit.code(), spec.what);
    }
    let _ = writeln!(text, "\n{}", style.heading("Steps of an installation and of its removal"));
    for spec in steps {
        let _ = writeln!(text, "  {:<28} {}", spec.id, spec.title);
    }
    text
}

/// In one word.
pub(crate) const fn severity(severity: airlock_model::Severity) -> &'static str {
    match severity {
        airlock_model::Severity::Low => "low",
        airlock_model::Severity::Medium => "medium",
        airlock_model::Severity::High => "high",
        airlock_model::Severity::Critical => "critical",
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::{Answers, codes, explain_code};
    use airlock_platform::{checks, references, requirements, uninstall};

    use super::*;

    #[test]
    fn a_code_is_explained_without_a_cluster() {
        insta::assert_snapshot!(code(explain_code("command.unconfirmed").unwrap(), Style::default()));
    }

    #[test]
    fn every_check_can_be_explained() {
        let screens: String = checks().iter().map(|one| check(one.spec(), &references(one.spec().id, &[]), Style::default())).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!("checks", screens);
    }

    fn every_step() -> Vec<StepSpec> {
        let answers = Answers::of_domain("platform.example.com").unwrap();
        requirements::steps(&answers).unwrap().into_iter().chain(uninstall::steps(&answers).unwrap()).collect()
    }

    #[test]
    fn the_list_names_every_check_code_and_step() {
        let steps = every_step();
        let list = list(checks().iter().map(|one| one.spec()), codes(), &steps, Style::default());
        let ids = checks().iter().map(|one| one.spec().id).chain(codes().map(|spec| spec.code)).chain(steps.iter().map(|one| one.id.as_str()));
        for id in ids {
            assert!(list.lines().any(|line| line.split_whitespace().next() == Some(id)), "{id} is not listed");
        }
    }

    #[test]
    fn a_step_is_explained_with_what_it_needs() {
        insta::assert_snapshot!(step(every_step().iter().find(|step| step.id == "gate.node-pull").unwrap(), Style::default()));
    }

    #[test]
    fn every_step_says_what_it_does() {
        for one in every_step() {
            let text = step(&one, Style::default());
            let does = text.lines().find_map(|line| line.trim().strip_prefix("does:")).unwrap_or_default();
            assert!(!does.trim().is_empty(), "{text}");
        }
    }
}
