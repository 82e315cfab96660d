//! Evidence: the run that was kept, and what was found out about a folder.

use std::fmt::Write as _;

use airlock_model::{Untrusted, Verdict, explain_code};
use airlock_platform::evidence::{EvidenceFinding, Told, Verification, VerifiedRun, Written};

use super::columns::columns;
use super::counted;
use super::style::{Ink, Style};

/// Where a run was written, and who vouches for it.
pub(crate) fn written(written: &Written) -> String {
    let folder = Untrusted::from(written.folder.to_string_lossy().into_owned());
    match &written.signed_by {
        Some(key) => format!("evidence: {folder}, signed by {key}"),
        None => format!("evidence: {folder}, unsigned: nobody vouches for it, and whoever can write to the folder can write it anew"),
    }
}

/// Whom the run was told to.
pub(crate) fn told(told: &Told) -> String {
    let sink = Untrusted::from(told.sink.clone());
    format!("evidence: {sink} was told of {}", counted(told.runs, "run", "runs"))
}

/// The whole screen.
pub(crate) fn verification(verification: &Verification, style: Style) -> String {
    let mut text = columns(["RUN", "FILES", "SIGNATURE", "CHAIN", "GATE", "WRITER"], verification.runs.iter().map(|run| row(run, verification.is_trust_asked())));
    for finding in &verification.findings {
        text.push_str(&one(finding, style));
    }
    let runs = counted(verification.runs.len(), "run", "runs");
    let (ink, words) = match verification.verdict {
        Verdict::Fail => (Ink::Red, counted(verification.findings.len(), "finding", "findings")),
        Verdict::Unverified => (Ink::Yellow, "intact and chained; nobody's signature was asked for, so whoever can write to the folder could have written them".to_owned()),
        _ => (Ink::Green, "intact, signed by a key that is trusted, and chained".to_owned()),
    };
    let _ = writeln!(text, "\n{}", style.paint(ink, &format!("{} {runs}: {words}", verification.verdict.mark())));
    if !verification.head {
        text.push_str("without --head nothing shows whether the last runs were dropped\n");
    }
    text
}

fn row(run: &VerifiedRun, is_trust_asked: bool) -> [String; 6] {
    let chain = match run.chained {
        Some(true) => "chained",
        Some(false) => "broken",
        None => "unknown",
    };
    let gate = match run.gate_failed {
        Some(true) => "fails",
        Some(false) => "passes",
        None => "unknown",
    };
    let writer = run.writer.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    [run.folder.to_string(), if run.intact { "intact" } else { "not intact" }.to_owned(), run.signature.word(is_trust_asked).to_owned(), chain.to_owned(), gate.to_owned(), writer]
}

fn one(finding: &EvidenceFinding, style: Style) -> String {
    let places: Vec<String> = [&finding.run, &finding.file].into_iter().flatten().map(ToString::to_string).collect();
    let place = if places.is_empty() { "the folder".to_owned() } else { places.join("/") };
    let mut text = format!("\n{} {place}: {}\n", style.paint(Ink::Red, &format!("✗ {}", finding.code)), finding.observed);
    if let Some(spec) = explain_code(finding.code.0) {
        let _ = writeln!(text, "  why: {}\n  fix: {}", spec.why, spec.fix);
    }
    text
}

/// Why it ends with 8, in one line.
pub(crate) fn refusal(verification: &Verification) -> String {
    let first = verification.findings.first().map_or_else(String::new, |finding| finding.code.to_string());
    match verification.findings.len().saturating_sub(1) {
        0 => format!("{first}: the evidence is not as it was written"),
        more => format!("{first} and {}: the evidence is not as it was written", counted(more, "more finding", "more findings")),
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::{Code, Digest, RunName};
    use airlock_platform::evidence::SignatureState;

    use super::super::tests::samples::noon;
    use super::*;

    fn run(number: u64, intact: bool, signature: SignatureState, chained: Option<bool>) -> VerifiedRun {
        let name = RunName::new(number, noon());
        VerifiedRun {
            folder: name.to_string().into(),
            run: Some(name),
            at: intact.then(noon),
            writer: intact.then(|| "jane\u{1b}[2J@bastion".into()),
            gate_failed: intact.then_some(number == 1),
            profile: None,
            verdict: None,
            judged: None,
            intact,
            signature,
            key: None,
            chained,
        }
    }

    fn of(verdict: Verdict, head: bool, runs: Vec<VerifiedRun>, findings: Vec<EvidenceFinding>) -> Verification {
        Verification { schema: 1, verdict, trusted: Vec::new(), head, runs, findings }
    }

    #[test]
    fn what_is_found_stands_below_the_runs_with_its_way_out() {
        let runs = vec![run(1, true, SignatureState::Trusted, Some(true)), run(3, false, SignatureState::Wrong, None), run(4, true, SignatureState::Trusted, Some(false))];
        let finding = |code, run: Option<u64>, file: Option<&str>, observed: &str| EvidenceFinding {
            code: Code(code),
            run: run.map(|number| RunName::new(number, noon()).to_string().into()),
            file: file.map(Into::into),
            observed: observed.into(),
        };
        let findings = vec![
            finding("evidence.signature-wrong", Some(3), Some("SHA256SUMS.sig"), "no key that is trusted made it for this list"),
            finding("evidence.run-missing", Some(4), None, "000002-20261124T120000Z, which it follows, is not there"),
            finding("evidence.file-added", None, Some("no\u{202e}tes"), "it belongs to no run"),
        ];
        let broken = of(Verdict::Fail, true, runs, findings);
        insta::assert_snapshot!(verification(&broken, Style::default()));
        assert_eq!(refusal(&broken), "evidence.signature-wrong and 2 more findings: the evidence is not as it was written");
    }

    #[test]
    fn what_nobody_vouches_for_and_what_is_not_looked_at_is_said() {
        let signed = |state| vec![run(1, true, state, Some(true))];
        insta::assert_snapshot!("verified", verification(&of(Verdict::Pass, true, signed(SignatureState::Trusted), Vec::new()), Style::default()));
        insta::assert_snapshot!("unsigned", verification(&of(Verdict::Unverified, false, signed(SignatureState::Missing), Vec::new()), Style::default()));
    }

    #[test]
    fn a_run_that_is_kept_says_who_vouches_for_it() {
        let kept = |signed_by| Written { run: RunName::new(1, noon()), folder: "evidence/000001-20261124T120000Z".into(), sums: Digest::of(b"list"), signed_by };
        assert!(written(&kept(Some(Digest::of(b"key")))).starts_with("evidence: evidence/000001-20261124T120000Z, signed by sha256:"));
        assert_eq!(written(&kept(None)), "evidence: evidence/000001-20261124T120000Z, unsigned: nobody vouches for it, and whoever can write to the folder can write it anew");
    }
}
