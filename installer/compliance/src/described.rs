//! A check's texts, and findings made from them, so that every finding of a check speaks the same words.

use airlock_model::{CheckSpec, Evidence, Finding, Outcome, Reason, Remedy, Severity, Snapshot, SnapshotObject, Source, Subject, Verdict, field_path};

use crate::catalogue;
use crate::live::{self, PodOf, Unseen};
use crate::pod_security::Violation;

/// What a check of the catalogue is and what its findings say.
pub(crate) type Described = Texts<'static>;

/// What a check is and what its findings say.
pub(crate) struct Texts<'a> {
    pub(crate) spec: CheckSpec<'a>,
    /// What should be seen.
    pub(crate) expected: &'a str,
    /// What follows when it is not so.
    pub(crate) why: &'a str,
}

impl Texts<'_> {
    fn finding(&self, subject: impl Into<Subject>, verdict: Verdict, observed: impl Into<String>) -> Finding {
        Finding {
            check: self.spec.id.to_owned(),
            numbers: Vec::new(),
            verdict,
            reason: None,
            severity: self.spec.severity,
            subject: subject.into(),
            path: None,
            observed: observed.into().into(),
            expected: self.expected.to_owned(),
            why: String::new(),
            fix: Vec::new(),
            evidence: Vec::new(),
            took_millis: 0,
        }
    }

    /// It was seen, and it is as it should be.
    pub(crate) fn pass(&self, subject: impl Into<Subject>, observed: impl Into<String>) -> Finding {
        self.finding(subject, Verdict::Pass, observed)
    }

    /// It was seen, and it is not as it should be.
    pub(crate) fn fail(&self, subject: impl Into<Subject>, observed: impl Into<String>) -> Finding {
        Finding { why: self.why.to_owned(), fix: vec![remedy(self.spec.remedy)], ..self.finding(subject, Verdict::Fail, observed) }
    }

    /// It was seen, and somebody should look at it; as bad as `severity`.
    pub(crate) fn warn(&self, severity: Severity, subject: impl Into<Subject>, observed: impl Into<String>) -> Finding {
        Finding { why: self.why.to_owned(), fix: vec![remedy(self.spec.remedy)], severity, ..self.finding(subject, Verdict::Warn, observed) }
    }

    /// It was not seen; `reason` says why.
    pub(crate) fn unverified(&self, subject: impl Into<Subject>, reason: impl Into<String>) -> Finding {
        Finding { why: "what was not seen is not claimed: this may be well or not".to_owned(), fix: vec![remedy(&self.again())], ..self.finding(subject, Verdict::Unverified, reason) }
    }

    fn again(&self) -> String {
        // What is looked at before an install cannot be chosen.
        let by_itself = if catalogue::selectable().any(|check| check.spec().id == self.spec.id) {
            format!(" `--checks {}` makes it by itself; `airlock compliance-check --permissions` lists the roles for rights that are missing.", self.spec.id)
        } else {
            String::new()
        };
        format!("Mend what kept it from being looked at (see `seen`) and run the check again. It is no proof of a fault.{by_itself}")
    }

    /// It could not be looked at, and the fault is in what was given.
    pub(crate) fn error(&self, subject: impl Into<Subject>, observed: impl Into<String>) -> Finding {
        Finding { verdict: Verdict::Error, ..self.fail(subject, observed) }
    }

    /// There is nothing to look at.
    pub(crate) fn not_applicable(&self, subject: impl Into<Subject>, reason: Reason, observed: impl Into<String>) -> Finding {
        Finding { reason: Some(reason), ..self.finding(subject, Verdict::NotApplicable, observed) }
    }

    /// Why there is nothing to judge.
    pub(crate) fn unseen(&self, subject: impl Into<Subject>, unseen: Unseen) -> Vec<Finding> {
        vec![match unseen {
            Unseen::Unread(reason) => self.unverified(subject, reason),
            Unseen::Nothing(what) => self.not_applicable(subject, Reason::NoSubject, what),
        }]
    }

    /// A finding a violation, with its field and value; one that passes when there is none.
    pub(crate) fn each(&self, object: &SnapshotObject, found: Vec<Violation>, pass: &str) -> Vec<Finding> {
        if found.is_empty() {
            return vec![self.pass(object, pass)];
        }
        found.into_iter().map(|violation| self.fail(object, violation.detail.as_str()).seen(object, &[violation])).collect()
    }

    /// The same of a pod, whose violations say where they are in the pod.
    pub(crate) fn each_of_pod(&self, pod: &PodOf<'_>, mut found: Vec<Violation>, pass: &str) -> Vec<Finding> {
        for violation in &mut found {
            violation.path.insert_str(0, pod.at);
        }
        self.each(pod.object, found, pass)
    }

    /// What is wrong with every pod; none from `judge` means that the pod could not be read.
    pub(crate) fn each_pod(&self, given: &Snapshot, judge: impl Fn(&PodOf<'_>) -> Option<Vec<Violation>>) -> Vec<Finding> {
        let pods = match live::pods(given) {
            Ok(pods) => pods,
            Err(unseen) => return self.unseen(live::PODS, unseen),
        };
        let of_pod = |pod: &PodOf<'_>| match judge(pod) {
            None => vec![self.unverified(pod.object, "its containers were not given")],
            Some(found) => self.each_of_pod(pod, found, self.expected),
        };
        pods.iter().flat_map(of_pod).collect()
    }

    /// What is wrong with every object of the first kind, and of the others, which not all files hold.
    pub(crate) fn each_object(&self, given: &Snapshot, kinds: &[(&str, &str)], judge: impl Fn(&SnapshotObject) -> Vec<Violation>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (index, (_, kind)) in kinds.iter().enumerate() {
            if index > 0 && given.source == Source::Files && !given.objects.contains_key(*kind) {
                continue;
            }
            match live::objects(given, kind) {
                Ok(objects) => findings.extend(objects.into_iter().flat_map(|object| self.each(object, judge(object), self.expected))),
                Err(reason) => findings.push(self.unverified(format!("all objects of kind {kind}"), reason)),
            }
        }
        if findings.is_empty() {
            let named = kinds.iter().map(|(_, kind)| *kind).collect::<Vec<_>>().join(" and no ");
            return self.unseen(live::ALL, Unseen::Nothing(format!("there is no {named}")));
        }
        findings
    }
}

pub(crate) fn remedy(text: &str) -> Remedy {
    Remedy { text: text.to_owned(), command: None }
}

/// Findings with what they rest on.
pub(crate) trait Resting: Sized {
    /// Adds the outcomes of attempts and the time they took.
    fn tried<'a>(self, outcomes: impl IntoIterator<Item = &'a Outcome>) -> Self;
    /// Adds fields of an object, the path of the first, and for a live object the command that shows it.
    fn seen(self, object: &SnapshotObject, violations: &[Violation]) -> Self;
    /// Adds a fact of the survey.
    fn known(self, fact: impl Into<String>) -> Self;
    /// Says of which numbers of the benchmark it speaks.
    fn about<'n>(self, numbers: impl IntoIterator<Item = &'n str>) -> Self;
}

impl Resting for Finding {
    fn tried<'a>(mut self, outcomes: impl IntoIterator<Item = &'a Outcome>) -> Self {
        for outcome in outcomes {
            self.took_millis += outcome.took_millis;
            self.evidence.push(Evidence::Attempted(Box::new(outcome.clone())));
        }
        self
    }

    fn seen(mut self, object: &SnapshotObject, violations: &[Violation]) -> Self {
        if self.path.is_none() {
            self.path = violations.first().map(|violation| field_path(&violation.path).into());
        }
        for violation in violations {
            self.evidence.push(Evidence::Field { object: object.object.clone(), path: violation.path.clone(), value: violation.value.clone() });
        }
        if object.place.is_none()
            && let Some(first) = self.fix.first_mut()
        {
            first.command = Some(show(object));
        }
        self
    }

    fn known(mut self, fact: impl Into<String>) -> Self {
        self.evidence.push(Evidence::Fact(fact.into()));
        self
    }

    fn about<'n>(mut self, numbers: impl IntoIterator<Item = &'n str>) -> Self {
        self.numbers.extend(numbers.into_iter().map(str::to_owned));
        self
    }
}

fn show(object: &SnapshotObject) -> String {
    let (kind, name) = (object.object.kind.to_lowercase(), &object.object.name);
    match &object.object.namespace {
        Some(namespace) => format!("kubectl get {kind} --namespace {namespace} {name} --output yaml"),
        None => format!("kubectl get {kind} {name} --output yaml"),
    }
}
