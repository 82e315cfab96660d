//! SRC-001: every document of every file was read and judged; what was not is told with file, line, and column.

use airlock_model::{Check, CheckSpec, Evidence, Finding, Need, Profile, ReadFault, Severity, Snapshot, Subject, Unread, World};

use crate::described::Described;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "SRC-001",
        title: "every document of the files was read and judged",
        severity: Severity::High,
        promises: &["P2"],
        explanation: "Every file that `--manifests` names, as YAML of several documents, JSON, or lists. Text that is no YAML, a key that stands twice, values more than 100 levels deep, anchors and aliases that add more than 100,000 values (100 bytes of text count as one), a file of more than 32 MiB, a template that was not rendered (other than one that a ConfigMap, an annotation, or a resource of somebody's own keeps for another program), and a document that is no object are errors; a file without an object and a kind that Kubernetes does not have are unverified; a kind of somebody's own that makes no pods is a warning. This check is made whatever else was selected.",
        remedy: "Mend the place that is named, or give the rendered output instead: `helm template CHART | airlock compliance-check --manifests -`, and likewise `kustomize build`.",
    },
    expected: "an object of a kind that checks know",
    why: "what is not read is not judged, and may hold anything",
};

/// The check.
pub(crate) struct ManifestsRead;

impl Check for ManifestsRead {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        Vec::new()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let objects: usize = given.objects.values().flatten().map(Vec::len).sum();
        if given.unread.is_empty() && objects == 0 {
            return vec![TEXTS.unverified(Subject::scope("all files"), "no file with an object was given")];
        }
        let mut findings: Vec<Finding> = given.unread.iter().map(told).collect();
        if findings.is_empty() {
            findings.push(TEXTS.pass(Subject::scope("all files"), format!("{objects} objects read")));
        }
        findings
    }
}

fn told(unread: &Unread) -> Finding {
    let subject = Subject { file: Some(unread.file.clone()), document: unread.document, line: Some(unread.line), ..Subject::of("File", unread.file.raw()) };
    let observed = format!("line {}, column {}: {}", unread.line, unread.column, unread.message.raw());
    let mut finding = match unread.fault {
        ReadFault::Broken => TEXTS.error(subject, observed),
        ReadFault::Empty | ReadFault::UnknownKind => TEXTS.unverified(subject, observed),
        ReadFault::CustomKind => TEXTS.warn(Severity::Low, subject, observed),
    };
    finding.evidence.push(Evidence::Line { file: unread.file.clone(), line: unread.line, column: unread.column });
    finding
}

#[cfg(test)]
mod tests {
    use airlock_model::Verdict;

    use super::*;
    use crate::manifests::{read, snapshot};
    use crate::profile::unprofiled;

    fn verdicts(text: &str) -> Vec<Verdict> {
        ManifestsRead.evaluate(&unprofiled(), &snapshot([read("a.yaml", text.as_bytes())])).iter().map(|finding| finding.verdict).collect()
    }

    #[test]
    fn what_was_not_read_is_never_a_pass() {
        assert_eq!(verdicts("a: [\n"), [Verdict::Error]);
        assert_eq!(verdicts("# nothing\n"), [Verdict::Unverified]);
        assert_eq!(verdicts("apiVersion: apps/v1\nkind: Deploymnet\nmetadata: { name: a }\n"), [Verdict::Unverified]);
        assert_eq!(verdicts("apiVersion: acme.io/v1\nkind: Thing\nmetadata: { name: a }\n"), [Verdict::Warn]);
        assert_eq!(verdicts("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n"), [Verdict::Pass]);
        assert_eq!(ManifestsRead.evaluate(&unprofiled(), &snapshot([]))[0].verdict, Verdict::Unverified);
    }

    #[test]
    fn the_place_stands_in_the_finding() {
        let found = ManifestsRead.evaluate(&unprofiled(), &snapshot([read("b/a.yaml", b"a: 1\na: 2\n")]));
        assert_eq!(found[0].subject.file.as_ref().map(airlock_model::Untrusted::raw), Some("b/a.yaml"));
        assert_eq!((found[0].subject.document, found[0].subject.line), (Some(0), Some(2)));
        assert!(found[0].observed.raw().starts_with("line 2, column 1: "), "{:?}", found[0].observed);
        assert!(matches!(&found[0].evidence[..], [Evidence::Line { line: 2, column: 1, .. }]));
    }
}
