//! The one validator against x509-limbo (C2SP): cases that other verifiers got wrong. It is asked by the letter, as limbo asks.
//! Where it answers otherwise, or is not asked, the case stands in `limbo.txt` with the reason.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use airlock_model::Verdict;
use airlock_tls::{Authorities, Expected, Form, Host, Purpose, certificates_from_pem, validate_served};
use jiff::Timestamp;
use serde::Deserialize;

const REASONS: &str = include_str!("limbo.txt");

#[derive(Deserialize)]
struct Limbo {
    testcases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    validation_kind: String,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    validation_time: Option<Timestamp>,
    expected_result: String,
    expected_peer_name: Option<PeerName>,
    max_chain_depth: Option<usize>,
    crls: Vec<String>,
}

#[derive(Deserialize)]
struct PeerName {
    value: String,
}

fn cases() -> Vec<Case> {
    let shared = std::env::var_os("AIRLOCK_SHARED").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let file = shared.join("data/x509-limbo.json");
    let text = std::fs::read(&file).unwrap_or_else(|e| panic!("{} (set AIRLOCK_SHARED to the folder that holds data/x509-limbo.json): {e}", file.display()));
    serde_json::from_slice::<Limbo>(&text).unwrap().testcases
}

impl Case {
    /// Airlock judges servers and reads no revocation lists.
    fn is_asked(&self) -> bool {
        self.validation_kind == "SERVER" && self.crls.is_empty()
    }

    fn fails_by_limbo(&self) -> bool {
        self.expected_result != "SUCCESS"
    }

    /// Pass, warn, or fail, and why.
    fn verdict(&self, form: Form) -> (Verdict, String) {
        let pem = [std::slice::from_ref(&self.peer_certificate), &self.untrusted_intermediates].concat().join("\n");
        let hosts: Vec<Host> = match &self.expected_peer_name {
            Some(name) => match Host::served(&name.value) {
                Ok(host) => vec![host],
                Err(finding) => return (Verdict::Fail, finding.why.to_string()),
            },
            None => Vec::new(),
        };
        // A certificate that cannot be read fails the case, whoever sent it.
        let (Ok(chain), Ok(authorities)) = (certificates_from_pem(pem.as_bytes()), Authorities::from_pem(&self.trusted_certs.join("\n"))) else {
            return (Verdict::Fail, "it cannot be read".to_owned());
        };
        let at = self.validation_time.unwrap_or_else(Timestamp::now);
        // `webpki` are limbo's cases of the web's rules, the CA/Browser Forum's; all others rest on RFC 5280.
        let purpose = if self.id.starts_with("webpki::") { Purpose::Public } else { Purpose::Private };
        let judgement = validate_served(&chain, &Expected { hosts: &hosts, authorities: &authorities, at, purpose, form, ending: true, longest: self.max_chain_depth });
        (judgement.verdict, judgement.error().map_or_else(String::new, |finding| format!("{}: {}", finding.code, finding.why)))
    }
}

/// How the reason of a case begins that fails by the letter and is only warned of where clients tolerate it.
const TOLERATED: &str = "a warning as clients are: ";

/// The ids of the file with their reasons.
fn reasons() -> BTreeMap<&'static str, &'static str> {
    let lines = REASONS.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.split_once("  ").unwrap_or_else(|| panic!("no reason: {line}"))).collect()
}

#[test]
fn every_case_is_answered_as_limbo_does_or_has_a_reason() {
    let (cases, reasons) = (cases(), reasons());
    let mut without_reason = Vec::new();
    let mut without_need: Vec<&str> = reasons.iter().filter(|(_, reason)| !reason.starts_with(TOLERATED)).map(|(id, _)| *id).collect();
    for case in &cases {
        let (verdict, why) = if case.is_asked() { case.verdict(Form::ToTheLetter) } else { (Verdict::Unverified, "not asked".to_owned()) };
        if case.is_asked() && (verdict == Verdict::Fail) == case.fails_by_limbo() {
            continue;
        }
        without_need.retain(|id| *id != case.id);
        if !reasons.contains_key(case.id.as_str()) {
            without_reason.push(format!("{} is {} by limbo; here {verdict:?} {why}", case.id, case.expected_result));
        }
    }
    println!("x509-limbo: {} of {} cases answered otherwise or not asked, each with its reason", reasons.len(), cases.len());
    assert!(without_reason.is_empty(), "no reason in tests/limbo.txt:\n{}", without_reason.join("\n"));
    assert!(without_need.is_empty(), "answered as limbo does, so no reason is needed: {without_need:?}");
    assert!(reasons.values().all(|reason| reason.len() > 20), "a reason is a sentence");
    assert!(reasons.len() * 100 <= cases.len() * 15, "{} of {}", reasons.len(), cases.len());
}

/// Lengths of paths, constraints of names, and what once was a vulnerability: whatever should fail fails, also where clients are more
/// tolerant than the letter. Where it is only warned of then, the case stands in the file with the reason, and it is really warned of.
#[test]
fn what_would_let_somebody_in_fails() {
    let guarded = |id: &str| id.starts_with("pathlen::") || id.contains("::nc::") || id.starts_with("cve::");
    let (cases, reasons) = (cases(), reasons());
    let failing: Vec<&Case> = cases.iter().filter(|case| case.is_asked() && case.fails_by_limbo() && guarded(&case.id)).collect();
    assert!(failing.len() > 20, "{}", failing.len());
    let others = |form| failing.iter().map(|case| (case.id.as_str(), case.verdict(form).0)).filter(|(_, verdict)| *verdict != Verdict::Fail).collect::<Vec<_>>();
    assert_eq!(others(Form::ToTheLetter), []);
    let tolerated: Vec<(&str, Verdict)> = reasons.iter().filter(|(_, reason)| reason.starts_with(TOLERATED)).map(|(id, _)| (*id, Verdict::Warn)).collect();
    let mut warned = others(Form::AsClients);
    warned.sort_unstable_by_key(|(id, _)| *id);
    assert_eq!(warned, tolerated);
}
