//! How an audit ended: its gate, what it could not judge, and what is worse than it was.

use std::fmt::Write as _;

use airlock_model::{AuditResult, Untrusted, Verdict};

use super::style::{Ink, Style};

/// One line, and one for each check that says worse.
pub(crate) fn audit(audit: &AuditResult, style: Style) -> String {
    let (mark, ink, gate) = if audit.gate_failed { ("✗", Ink::Red, "fails") } else { ("✓", Ink::Green, "passes") };
    let (failed, unverified) = (checks(audit.failed, "fails", "fail"), checks(audit.unverified, "could not be judged in the cluster", "could not be judged in the cluster"));
    let mut text = format!("{} {:.0} ({}): the gate {gate}; of {} checks {failed}, {unverified}\n", style.paint(ink, mark), audit.at, audit.run.run, audit.checks);
    if audit.signed_by.is_none() {
        text.push_str("  nobody signed the report\n");
    }
    if audit.worse.is_empty() {
        text.push_str("  nothing is worse than it was\n");
        return text;
    }
    let _ = writeln!(text, "  {} worse than in {}:", style.paint(Ink::Red, "✗"), audit.since.run);
    for worse in &audit.worse {
        let more = match (worse.before, worse.more) {
            (Verdict::Fail, 1) => ", for one thing more".to_owned(),
            (Verdict::Fail, more) => format!(", for {more} things more"),
            _ => String::new(),
        };
        let _ = writeln!(text, "    {}: {}, before {}{more}", Untrusted::from(worse.check.as_str()), worse.after, worse.before);
    }
    text
}

fn checks(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use airlock_model::{AuditedRun, Digest, RunName, Worsened};

    use super::super::tests::samples;
    use super::*;

    #[test]
    fn an_audit_says_what_is_worse_and_since_when() {
        let worse = samples::audit();
        let run = AuditedRun { run: RunName::new(8, samples::noon()), sums: Digest::of(b"8") };
        let good = AuditResult {
            signed_by: Some(run.sums.clone()),
            run: run.clone(),
            since: run,
            verdict: Verdict::Pass,
            gate_failed: false,
            failed: 0,
            unverified: 1,
            worse: Vec::<Worsened>::new(),
            ..worse.clone()
        };
        insta::assert_snapshot!(format!("{}{}", audit(&worse, Style::default()), audit(&good, Style::default())));
    }
}
