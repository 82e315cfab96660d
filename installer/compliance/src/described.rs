//! A check's texts, and findings made from them, so that every finding of a check speaks the same words.

use airlock_model::{CheckSpec, Evidence, Finding, LiveObject, Outcome, Reason, Remedy, Severity, Verdict};

use crate::pod_security::Violation;

/// What a check is and what its findings say.
pub(crate) struct Described {
    pub(crate) spec: CheckSpec,
    /// What should be seen.
    pub(crate) expected: &'static str,
    /// What follows when it is not so.
    pub(crate) why: &'static str,
}

impl Described {
    fn finding(&self, subject: impl Into<String>, verdict: Verdict, observed: impl Into<String>) -> Finding {
        Finding {
            check: self.spec.id.to_owned(),
            subject: subject.into().into(),
            verdict,
            severity: self.spec.severity,
            observed: observed.into().into(),
            expected: self.expected.to_owned(),
            why: String::new(),
            fix: Vec::new(),
            evidence: Vec::new(),
            took_millis: 0,
        }
    }

    /// It was seen, and it is as it should be.
    pub(crate) fn pass(&self, subject: impl Into<String>, observed: impl Into<String>) -> Finding {
        self.finding(subject, Verdict::Pass, observed)
    }

    /// It was seen, and it is not as it should be.
    pub(crate) fn fail(&self, subject: impl Into<String>, observed: impl Into<String>) -> Finding {
        Finding { why: self.why.to_owned(), fix: vec![remedy(self.spec.remedy)], ..self.finding(subject, Verdict::Fail, observed) }
    }

    /// It was seen, and somebody should look at it; as bad as `severity`.
    pub(crate) fn warn(&self, severity: Severity, subject: impl Into<String>, observed: impl Into<String>) -> Finding {
        Finding { why: self.why.to_owned(), fix: vec![remedy(self.spec.remedy)], severity, ..self.finding(subject, Verdict::Warn, observed) }
    }

    /// It was not seen; `reason` says why.
    pub(crate) fn unverified(&self, subject: impl Into<String>, reason: impl Into<String>) -> Finding {
        Finding {
            why: "what was not seen is not claimed: this may be well or not".to_owned(),
            fix: vec![remedy("Mend what kept it from being looked at (see `seen`) and run the check again. It is no proof of a fault.")],
            ..self.finding(subject, Verdict::Unverified, reason)
        }
    }

    /// There is nothing to look at.
    pub(crate) fn not_applicable(&self, subject: impl Into<String>, reason: Reason, observed: impl Into<String>) -> Finding {
        self.finding(subject, Verdict::NotApplicable(reason), observed)
    }
}

fn remedy(text: &str) -> Remedy {
    Remedy { text: text.to_owned(), command: None }
}

/// Findings with what they rest on.
pub(crate) trait Resting: Sized {
    /// Adds the outcomes of attempts and the time they took.
    fn tried<'a>(self, outcomes: impl IntoIterator<Item = &'a Outcome>) -> Self;
    /// Adds fields of a live object, and the command that shows the object.
    fn seen(self, live: &LiveObject, violations: &[Violation]) -> Self;
    /// Adds a fact of the survey.
    fn known(self, fact: impl Into<String>) -> Self;
}

impl Resting for Finding {
    fn tried<'a>(mut self, outcomes: impl IntoIterator<Item = &'a Outcome>) -> Self {
        for outcome in outcomes {
            self.took_millis += outcome.took_millis;
            self.evidence.push(Evidence::Attempted(Box::new(outcome.clone())));
        }
        self
    }

    fn seen(mut self, live: &LiveObject, violations: &[Violation]) -> Self {
        for violation in violations {
            self.evidence.push(Evidence::Field { object: live.object.clone(), path: violation.path.clone(), value: violation.value.clone() });
        }
        if let Some(first) = self.fix.first_mut() {
            first.command = Some(show(live));
        }
        self
    }

    fn known(mut self, fact: impl Into<String>) -> Self {
        self.evidence.push(Evidence::Fact(fact.into()));
        self
    }
}

fn show(live: &LiveObject) -> String {
    let (kind, name) = (live.object.kind.to_lowercase(), &live.object.name);
    match &live.object.namespace {
        Some(namespace) => format!("kubectl get {kind} --namespace {namespace} {name} --output yaml"),
        None => format!("kubectl get {kind} {name} --output yaml"),
    }
}
