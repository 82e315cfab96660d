//! What was found in certificates: the verdict, each finding with its way out, and the chain in its order.

use std::fmt::Write as _;

use airlock_model::{Untrusted, Verdict};
use airlock_tls::{ChainCertificate, Judgement, TlsFinding, Weight};
use serde::Serialize;

use super::counted;
use super::style::{Ink, Style};

/// The version of the document.
const SCHEMA: u32 = 1;

/// A judgement as one JSON document.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    schema: u32,
    verdict: &'static str,
    findings: &'a [TlsFinding],
    chain: &'a [ChainCertificate],
}

/// A judgement for scripts.
pub(crate) fn document(judgement: &Judgement) -> Document<'_> {
    Document { schema: SCHEMA, verdict: judgement.verdict.word(), findings: &judgement.findings, chain: &judgement.chain }
}

/// A judgement for people: errors first.
pub(crate) fn text(judgement: &Judgement, style: Style) -> String {
    let mut text = format!("{} {}\n", style.verdict(judgement.verdict), style.heading(summary(judgement)));
    text.push_str(&findings(&judgement.findings, Weight::Fixed, style));
    if !judgement.chain.is_empty() {
        let _ = writeln!(text, "\n{}", style.heading(&format!("Chain, {}", counted(judgement.chain.len(), "certificate", "certificates"))));
        for (index, certificate) in judgement.chain.iter().enumerate() {
            one(&mut text, index + 1, certificate);
        }
    }
    text
}

/// What should be known of a certificate that works; nothing where there is nothing.
pub(crate) fn warnings(judgement: &Judgement, style: Style) -> String {
    let told = findings(&judgement.findings, Weight::Warn, style);
    if told.is_empty() { told } else { format!("{}{told}", style.heading("The certificate of the base domain")) }
}

/// Findings from a weight on, the heaviest first.
pub(crate) fn findings(findings: &[TlsFinding], from: Weight, style: Style) -> String {
    let mut text = String::new();
    let mut findings: Vec<&TlsFinding> = findings.iter().filter(|finding| finding.severity >= from).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in findings {
        let (mark, ink) = match finding.severity {
            Weight::Error => ("error", Ink::Red),
            Weight::Warn => ("warn ", Ink::Yellow),
            Weight::Fixed => ("fixed", Ink::Faint),
        };
        let _ = writeln!(text, "\n  {} {}\n    {}", style.paint(ink, mark), finding.code, finding.why);
        if finding.severity != Weight::Fixed {
            let _ = writeln!(text, "    fix: {}", finding.fix);
        }
    }
    text
}

const fn summary(judgement: &Judgement) -> &'static str {
    match judgement.verdict {
        Verdict::Fail => "this would not work",
        Verdict::Warn => "this works; something should be known",
        _ => "this works",
    }
}

fn one(text: &mut String, position: usize, certificate: &ChainCertificate) {
    let subject = if certificate.subject.raw().is_empty() { "(no subject)".to_owned() } else { certificate.subject.to_string() };
    let names = certificate.names.iter().map(Untrusted::to_string).collect::<Vec<_>>().join(", ");
    let _ = writeln!(text, "  {position}. {subject}");
    if !names.is_empty() {
        let _ = writeln!(text, "     names    {names}");
    }
    let _ = writeln!(text, "     issuer   {}", certificate.issuer);
    let _ = writeln!(text, "     valid    {} to {}", certificate.not_before, certificate.not_after);
    let _ = writeln!(text, "     key      {}, serial {}", certificate.key, certificate.serial);
    let _ = writeln!(text, "     SHA-256  {}", certificate.fingerprint.hex());
}

#[cfg(test)]
mod tests {
    use airlock_model::{Code, Digest};
    use airlock_tls::{CertificateId, Way};

    use super::super::tests::samples;
    use super::*;

    fn finding(code: &'static str, severity: Weight, remedy: Way, why: &str, fix: &str) -> TlsFinding {
        let certificate = Some(CertificateId { subject: "CN=Acme Issuing CA 1".into(), serial: "0a:0b".to_owned() });
        TlsFinding { code: Code(code), severity, certificate, why: why.into(), remedy, fix: fix.into() }
    }

    fn judgement() -> Judgement {
        Judgement {
            verdict: Verdict::Fail,
            findings: vec![
                finding("tls.root-left-out", Weight::Fixed, Way::Nothing, "the root `CN=\u{1b}[31mAcme` was left out", "nothing has to be done"),
                finding("tls.expires-soon", Weight::Warn, Way::Reissue, "the certificate `x` expires in 19 days", "have it issued anew now"),
                finding(
                    "tls.name-not-covered",
                    Weight::Error,
                    Way::Reissue,
                    "the certificate covers apps.example.com, not *.apps.example.com",
                    "have it issued for apps.example.com and *.apps.example.com",
                ),
            ],
            chain: vec![ChainCertificate {
                subject: "".into(),
                issuer: "CN=Acme Issuing CA 1".into(),
                serial: "0a:0b".to_owned(),
                not_before: samples::noon(),
                not_after: samples::noon(),
                names: vec!["apps.example.com".into()],
                key: "P-256".to_owned(),
                fingerprint: Digest::of(b"leaf"),
                pem: "-----BEGIN CERTIFICATE-----\n".to_owned(),
            }],
        }
    }

    #[test]
    fn errors_come_first_and_each_has_its_way_out() {
        insta::assert_snapshot!(text(&judgement(), Style::default()));
    }

    #[test]
    fn a_script_reads_the_same() {
        insta::assert_json_snapshot!(document(&judgement()));
    }
}
