//! Exceptions and attestations: what people decided about findings. Only what somebody signed whom the profile names counts,
//! until its last day; all else is told by EXC-001 and changes nothing.

mod naming;
mod reading;

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{Attestation, Check, CheckSpec, Evidence, Exception, Finding, Need, Profile, Reason, Severity, Snapshot, Subject, Verdict, World};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::attested;
use crate::described::Described;
use crate::profile::matches_glob;
use crate::report::{ControlCheck, ControlSummary, ControlVerdict};

pub use naming::{NamedFinding, NamingError, literal};
pub use reading::{DecisionKind, Signature, SignedDocument, decisions};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "EXC-001",
        title: "exceptions and attestations are signed, in force, and needed",
        severity: Severity::High,
        promises: &["P2"],
        explanation: "Every document that `--exceptions` and `--attestations` name. One without a signature, or whose signature no key of the profile has made for this very text, is ignored and fails; so does an exception or attestation whose last day is over, one that reaches further than the profile allows, and one for a check that is locked, or that only an attempt decides, where the profile does not allow that. What matches no finding, or changes nothing, is a warning. An exception covers failures alone, never what could not be looked at; an attestation covers what could not be looked at, never a failure, nor what a locked check could have looked at, here or in another run, unless the profile allows that, nor ever what only an attempt decides.",
        remedy: "Have the document signed again by who may (docs/profiles.md has the line), mend or renew what has ended, and take out what nothing needs.",
    },
    expected: "a signature of a key that the profile names, a last day ahead, and something to cover",
    why: "what nobody answers for excuses nothing",
};

/// What a report says of the documents themselves; it is asked for by giving one, and by no profile.
pub(crate) struct Decided;

pub(crate) const CHECK: &dyn Check = &Decided;

impl Check for Decided {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        Vec::new()
    }

    fn evaluate(&self, _: &Profile, _: &Snapshot) -> Vec<Finding> {
        vec![TEXTS.not_applicable(Subject::scope("all documents"), Reason::NotAsked, "no exceptions and no attestations were given")]
    }
}

/// What people decided, and what is wrong with how they did.
#[derive(Debug, Default)]
pub struct Decisions {
    exceptions: Vec<Counted<Exception>>,
    attestations: Vec<Counted<Attestation>>,
    faults: Vec<Finding>,
    /// Whether any document was given.
    asked: bool,
}

/// An exception that counted when a report was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExceptionInForce {
    /// Its id.
    pub id: String,
    /// The checks that it counts for, of some with a number: `CPL-001/1.2.7`.
    pub checks: Vec<String>,
    /// Who approved it.
    pub approved_by: String,
    /// Where it was talked about.
    pub ticket: String,
    /// Its last day, in UTC.
    pub expires: String,
    /// Whether it covered a failure.
    pub used: bool,
}

/// A decision and whether it counts.
#[derive(Debug)]
struct Counted<T> {
    decision: T,
    /// Ids of the checks that it is about, of some with a number (`CPL-001/1.2.7`); none where an attestation is for a control.
    about: BTreeSet<String>,
    expires: Date,
    is_over: bool,
    signer: String,
    file: String,
}

/// Which decisions have covered something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Used {
    exceptions: BTreeSet<usize>,
    attestations: BTreeSet<usize>,
    /// What attestations do not count for, and why.
    refused: BTreeMap<usize, BTreeSet<String>>,
}

impl Used {
    pub(crate) fn extend(&mut self, other: Self) {
        self.exceptions.extend(other.exceptions);
        self.attestations.extend(other.attestations);
        for (index, refused) in other.refused {
            self.refused.entry(index).or_default().extend(refused);
        }
    }

    fn refuse(&mut self, index: usize, what: String) {
        self.refused.entry(index).or_default().insert(what);
    }
}

impl Decisions {
    /// Turns a finding into what was decided about it. What stood there stays to be read.
    pub(crate) fn decide(&self, finding: &mut Finding, given: &Snapshot, profile: &Profile, used: &mut Used) {
        if finding.verdict == Verdict::Fail {
            self.except(finding, given, used);
        } else if finding.verdict == Verdict::Unverified || finding.reason.is_some_and(Reason::is_unseen) {
            self.attest(finding, profile, used);
        }
    }

    fn except(&self, finding: &mut Finding, given: &Snapshot, used: &mut Used) {
        for (index, exception) in self.exceptions.iter().enumerate() {
            if !is_about(&exception.about, finding) || !matches(&exception.decision, finding, given) {
                continue;
            }
            used.exceptions.insert(index);
            if exception.is_over {
                finding.evidence.push(Evidence::Fact(format!("the exception {} ended on {}", exception.decision.id, exception.expires)));
                continue;
            }
            finding.verdict = Verdict::Excepted;
            finding.evidence.push(Evidence::Fact(exception.words()));
            return;
        }
    }

    fn attest(&self, finding: &mut Finding, profile: &Profile, used: &mut Used) {
        // What a provider runs nobody else can look at: of that people answer, whatever is locked.
        let refusal = Refusal::of(profile, &finding.check).filter(|refusal| *refusal == Refusal::Attempt || finding.reason != Some(Reason::Managed));
        for (index, attestation) in self.attestations.iter().enumerate() {
            if !attestation.about.contains(&finding.check) {
                continue;
            }
            if let Some(refusal) = refusal {
                finding.evidence.push(Evidence::Fact(format!("the attestation of {} does not count: {}", attestation.decision.attested_by, refusal.words())));
                used.refuse(index, format!("{}: {}", finding.check, refusal.words()));
                continue;
            }
            used.attestations.insert(index);
            if attestation.is_over {
                finding.evidence.push(Evidence::Fact(format!("the attestation of {} ended on {}", attestation.decision.attested_by, attestation.expires)));
                continue;
            }
            (finding.verdict, finding.reason) = (Verdict::Attested, None);
            finding.evidence.push(Evidence::Fact(attestation.words()));
            return;
        }
    }

    /// Controls that no check looked at, or could not, or that ask for somebody's word beside the checks, and somebody answers for.
    pub(crate) fn attest_controls(&self, controls: &mut [ControlSummary], profile: &Profile, used: &mut Used) {
        for control in controls {
            let is_unshown = |check: &&ControlCheck| matches!(check.verdict, None | Some(Verdict::Unverified | Verdict::Error)) || check.reason == Some(Reason::OtherSource);
            let kept = control.checks.iter().filter(is_unshown).find_map(|check| Some((check.name(), Refusal::of(profile, &check.id)?)));
            let of_control = self.attestations.iter().enumerate().filter(|(_, attestation)| attestation.decision.check == control.id);
            for (index, attestation) in of_control {
                if !is_open(control) {
                    break;
                }
                match &kept {
                    Some((check, refusal)) => used.refuse(index, format!("{}, as {check} does not show it: {}", control.id, refusal.words())),
                    None if attestation.is_over => {}
                    None => {
                        used.attestations.insert(index);
                        control.verdict = ControlVerdict::Attested;
                    }
                }
            }
        }
    }

    /// The exceptions that count today, those among them that nothing needs too.
    pub(crate) fn in_force(&self, used: &Used) -> Vec<ExceptionInForce> {
        let counts = self.exceptions.iter().enumerate().filter(|(_, exception)| !exception.is_over);
        let told = |(index, Counted { decision: Exception { id, approved_by, ticket, .. }, about, expires, .. }): (usize, &Counted<Exception>)| ExceptionInForce {
            id: id.clone(),
            checks: about.iter().cloned().collect(),
            approved_by: approved_by.clone(),
            ticket: ticket.clone(),
            expires: expires.to_string(),
            used: used.exceptions.contains(&index),
        };
        counts.map(told).collect()
    }

    /// What EXC-001 says; nothing, when no document was given.
    pub(crate) fn findings(&self, used: &Used) -> Vec<Finding> {
        if !self.asked {
            return Vec::new();
        }
        let mut findings = self.faults.clone();
        let exceptions = self.exceptions.iter().enumerate().map(|(index, exception)| {
            let Exception { id, approved_by, ticket, .. } = &exception.decision;
            exception.finding(&format!("the exception {id}"), &format!("approved by {approved_by} ({ticket})"), used.exceptions.contains(&index))
        });
        findings.extend(exceptions);
        for (index, attestation) in self.attestations.iter().enumerate() {
            let (called, is_used) = (format!("the attestation for {}", attestation.decision.check), used.attestations.contains(&index));
            let refused = used.refused.get(&index).filter(|_| !attestation.is_over).map(|what| what.iter().map(String::as_str).collect::<Vec<_>>().join("; "));
            if is_used || refused.is_none() {
                findings.push(attestation.finding(&called, &format!("attested by {}", attestation.decision.attested_by), is_used));
            }
            findings.extend(refused.map(|what| TEXTS.fail(attestation.subject(&called), format!("it does not count for {what}"))));
        }
        if findings.is_empty() {
            findings.push(TEXTS.pass(Subject::scope("all documents"), "they decide nothing"));
        }
        findings
    }
}

/// Whether somebody's word settles a control: nothing speaks against it, and what the checks show is not all of it.
fn is_open(control: &ControlSummary) -> bool {
    let is_warned = || control.checks.iter().any(|check| check.verdict == Some(Verdict::Warn));
    match control.verdict {
        ControlVerdict::NotCovered | ControlVerdict::Unverified => true,
        ControlVerdict::Partly => control.attest.is_some() && !is_warned(),
        _ => false,
    }
}

impl<T> Counted<T> {
    fn subject(&self, called: &str) -> Subject {
        Subject { file: Some(self.file.as_str().into()), ..Subject::scope(called) }
    }

    fn finding(&self, called: &str, by: &str, is_used: bool) -> Finding {
        let subject = self.subject(called);
        if self.is_over {
            return TEXTS.fail(subject, format!("its last day was {}", self.expires));
        }
        if is_used { TEXTS.pass(subject, format!("it counts until {}, {by}, signed by {}", self.expires, self.signer)) } else { TEXTS.warn(Severity::Low, subject, "nothing that was judged needs it") }
    }
}

impl Counted<Exception> {
    fn words(&self) -> String {
        let Exception { id, reason, approved_by, ticket, compensating, .. } = &self.decision;
        format!("it fails, and the exception {id} covers it until {}: {reason} (approved by {approved_by}, {ticket}; meanwhile: {compensating}; signed by {})", self.expires, self.signer)
    }
}

impl Counted<Attestation> {
    fn words(&self) -> String {
        let Attestation { statement, evidence, attested_by, .. } = &self.decision;
        format!("{attested_by} attests until {}: {statement} (evidence {evidence}; signed by {})", self.expires, self.signer)
    }
}

/// Why the profile keeps people from answering for what a check could not look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Attempt,
    Lock,
}

impl Refusal {
    /// A check that nothing but an attestation answers is kept from nobody by its lock. One that these files, or this cluster, do not
    /// show is: another run shows it.
    fn of(profile: &Profile, check: &str) -> Option<Self> {
        if profile.must_probe.contains(check) {
            return Some(Self::Attempt);
        }
        (profile.locked.checks.contains(check) && !profile.exceptions.locked_checks && !attested::answers(check)).then_some(Self::Lock)
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Attempt => "only an attempt decides the check",
            Self::Lock => "the profile locks the check",
        }
    }
}

/// Whether a check is meant as a whole, or each number of it that a finding speaks of.
fn is_about(about: &BTreeSet<String>, finding: &Finding) -> bool {
    let numbers = &finding.numbers;
    about.contains(&finding.check) || !numbers.is_empty() && numbers.iter().all(|number| about.contains(&format!("{}/{number}", finding.check)))
}

/// What was decided about a finding, and by whom: it stands behind all else that the finding rests on.
pub fn decision(verdict: Verdict, evidence: &[Evidence]) -> Option<&Evidence> {
    evidence.iter().rev().find(|evidence| matches!(evidence, Evidence::Fact(_))).filter(|_| matches!(verdict, Verdict::Excepted | Verdict::Attested))
}

/// Whether an exception is about a finding.
fn matches(exception: &Exception, finding: &Finding, given: &Snapshot) -> bool {
    let is = |glob: &Option<String>, text: Option<&str>| glob.as_deref().is_none_or(|glob| text.is_some_and(|text| matches_glob(glob, text)));
    let (matching, subject) = (&exception.matching, &finding.subject);
    is(&matching.kind, Some(subject.kind.raw()))
        && is(&matching.namespace, subject.namespace.as_ref().map(airlock_model::Untrusted::raw))
        && is(&matching.name, Some(subject.name.raw()))
        && is(&matching.path, finding.path.as_ref().map(airlock_model::Untrusted::raw))
        && (matching.labels.is_empty() || has_labels(&matching.labels, subject, given))
}

/// Whether a finding's subject is an object that was read, with all of these labels.
fn has_labels(wanted: &BTreeMap<String, String>, subject: &Subject, given: &Snapshot) -> bool {
    let object = given.objects.values().flatten().flatten().find(|object| object.object.kind == *subject.kind.raw() && Subject::from(*object) == *subject);
    object.is_some_and(|object| {
        let labels = &object.manifest["metadata"]["labels"];
        wanted.iter().all(|(key, glob)| labels[key.as_str()].as_str().is_some_and(|value| matches_glob(glob, value)))
    })
}

#[cfg(test)]
mod tests;
