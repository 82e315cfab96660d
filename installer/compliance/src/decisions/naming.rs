//! A finding as people name it: in words of their own, or as a report prints it. What it comes to is the check and the match of an
//! exception.

use airlock_model::ExceptionMatch;

/// What stands before a failure on a screen.
const MARK: &str = "✗ fail ";
/// Kinds of what is no object of Kubernetes: all behind them is a name.
const NO_OBJECTS: [&str; 5] = ["File", "Host", "Node", "Scope", "Server"];

/// The check that is meant, and which of its findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFinding {
    /// A selector of checks, as it was written; nothing says yet that there are such.
    pub check: String,
    /// What the finding is about; nothing: whatever the check says.
    pub matching: ExceptionMatch,
}

/// Why a text names no finding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NamingError {
    /// Nothing stands behind the check.
    #[error("`{0}:` does not say what the finding is about; write {0}:KIND/NAMESPACE/NAME, or {0} alone for all that it says")]
    NoSubject(String),
    /// An object without its kind, or with more parts than it has.
    #[error("`{0}` is neither KIND/NAME nor KIND/NAMESPACE/NAME, as in Pod/shop/cart, nor named as a report does; what is no object is Scope/NAME or Host/NAME")]
    Subject(String),
}

impl NamedFinding {
    /// Reads `CHECK`, or `CHECK:SUBJECT` where the subject is `KIND/NAME`, `KIND/NAMESPACE/NAME`, or what a report prints. The check and a printed
    /// subject may be parted as they are on a screen.
    pub fn read(text: &str) -> Result<Self, NamingError> {
        let text = text.trim();
        let text = text.strip_prefix(MARK).unwrap_or(text).trim_start();
        let Some(end) = text.find(|c: char| c == ':' || c.is_whitespace()) else { return Ok(Self { check: text.to_owned(), matching: ExceptionMatch::default() }) };
        let (check, rest) = text.split_at(end);
        let subject = rest.trim_start().trim_start_matches(':').trim();
        if subject.is_empty() {
            return Err(NamingError::NoSubject(check.to_owned()));
        }
        let matching = printed_object(subject).or_else(|| by_kind(subject)).or_else(|| in_words(subject)).ok_or_else(|| NamingError::Subject(subject.to_owned()))?;
        Ok(Self { check: check.to_owned(), matching })
    }
}

/// `Pod shop/cart`, `ClusterRole admins`, `Pod shop/cart (shop.yaml#2)`: of an object no name has a space.
fn printed_object(subject: &str) -> Option<ExceptionMatch> {
    let (kind, called) = subject.split_once(' ').filter(|(kind, _)| is_kind(kind))?;
    let called = called.split_once(" (").filter(|(_, place)| is_place(place)).map_or(called, |(called, _)| called);
    if called.contains(char::is_whitespace) {
        return None;
    }
    let (namespace, name) = called.split_once('/').map_or((None, called), |(namespace, name)| (Some(namespace), name));
    Some(ExceptionMatch { kind: Some(kind.to_owned()), namespace: namespace.map(literal), name: Some(literal(name)), ..ExceptionMatch::default() })
}

/// `KIND/NAMESPACE/NAME`, `KIND/NAME`, where `*` and `?` mean what they mean in an exception.
fn by_kind(subject: &str) -> Option<ExceptionMatch> {
    let (kind, called) = subject.split_once('/').filter(|(kind, _)| is_kind(kind))?;
    let (namespace, name) = match called.split_once('/') {
        Some((namespace, name)) if !NO_OBJECTS.contains(&kind) => (Some(namespace), name),
        _ => (None, called),
    };
    let is_whole = !name.is_empty() && namespace.is_none_or(|namespace| !namespace.is_empty() && !name.contains('/'));
    is_whole.then(|| ExceptionMatch { kind: Some(kind.to_owned()), namespace: namespace.map(str::to_owned), name: Some(name.to_owned()), ..ExceptionMatch::default() })
}

/// `connections into a pod`, `platform.test:443`: reports print no kind of what is no object, and no object has such a name.
fn in_words(subject: &str) -> Option<ExceptionMatch> {
    let is_object = is_kind(subject.split('/').next()?) || subject.contains('/') && !subject.contains(|c: char| c == ':' || c.is_whitespace());
    (!is_object).then(|| ExceptionMatch { name: Some(literal(subject)), ..ExceptionMatch::default() })
}

fn is_kind(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// `shop.yaml#2)`
fn is_place(text: &str) -> bool {
    let document = text.strip_suffix(')').and_then(|text| text.rsplit_once('#'));
    document.is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A pattern that a printed name matches, and as little beside it as can be said: patterns have no way to write a star, nor what a
/// report printed as an escape.
pub fn literal(printed: &str) -> String {
    let mut pattern = String::new();
    let mut rest = printed;
    while let Some(c) = rest.chars().next() {
        let escape = rest.strip_prefix("\\u{").and_then(|rest| rest.split_once('}')).filter(|(code, _)| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        (rest, pattern) = match escape {
            Some((_, behind)) => (behind, pattern + "?"),
            None => (&rest[c.len_utf8()..], pattern + if c == '*' { "?" } else { &rest[..c.len_utf8()] }),
        };
    }
    pattern
}

#[cfg(test)]
mod tests {
    use airlock_model::{Finding, ObjectRef, Place, Severity, Snapshot, Subject};

    use super::*;
    use crate::decisions::{TEXTS, matches};

    fn named(text: &str) -> Result<ExceptionMatch, NamingError> {
        NamedFinding::read(text).map(|named| named.matching)
    }

    /// Of what reports print, each beside others that its draft must not cover.
    fn subjects() -> Vec<Subject> {
        let place = Place { file: "a b/(c).yaml".into(), document: 2, line: Some(9) };
        let pod = |name: &str| ObjectRef::namespaced("v1", "Pod", "shop", name);
        vec![
            Subject::from(&pod("cart")),
            Subject::from(&pod("cart-2")),
            Subject::from(&ObjectRef::namespaced("v1", "Pod", "shop-2", "cart")),
            Subject::from(&ObjectRef::namespaced("apps/v1", "Deployment", "shop", "cart")),
            Subject::object(&pod("in-a-file"), Some(&place)),
            Subject::from(&pod("\u{202e}exe")),
            Subject::from(&ObjectRef::cluster("rbac.authorization.k8s.io/v1", "ClusterRole", "system:a")),
            Subject::from(&ObjectRef::cluster("rbac.authorization.k8s.io/v1", "ClusterRole", "system:b")),
            Subject::scope("connections into a pod"),
            Subject::scope("connections out of a pod"),
            Subject::scope("pod airlock-alpha/airlock-scheduler-1"),
            Subject::scope("pod airlock-alpha/airlock-scheduler-2"),
            Subject::scope("Pod airlock-alpha/airlock-scheduler-1, container scheduler"),
            Subject::scope("Pod airlock-alpha/airlock-scheduler-1, container worker"),
            Subject::scope("image registry.test/a/b:1"),
            Subject::scope("image registry.test/a/b:2"),
            Subject::of("Host", "platform.test:443"),
            Subject::of("Host", "*.platform.test:443, TLS 1.0"),
            Subject::of("Node", "node1"),
            Subject::of("Node", "node2"),
        ]
    }

    #[test]
    fn a_finding_as_a_report_prints_it_gives_a_match_of_that_finding_alone() {
        let findings: Vec<Finding> = subjects().into_iter().map(|subject| TEXTS.warn(Severity::Low, subject, "o")).collect();
        for (at, finding) in findings.iter().enumerate() {
            let subject = &finding.subject;
            let mut forms = vec![format!("NET-010:{subject}"), format!("NET-010  {subject}"), format!("✗ fail       NET-010  {subject}")];
            // A kind and a slash before what is no object; what a report printed as an escape nobody types.
            forms.extend(subject.api_version.is_none().then(|| format!("NET-010:{}/{subject}", subject.kind)));
            for form in forms {
                let NamedFinding { check, matching } = NamedFinding::read(&form).unwrap();
                let exception = crate::decisions::tests::about(matching);
                let matched: Vec<usize> = findings.iter().enumerate().filter(|(_, finding)| matches(&exception, finding, &Snapshot::default())).map(|(at, _)| at).collect();
                assert_eq!((check.as_str(), matched), ("NET-010", vec![at]), "{form}: {exception:?}");
            }
        }
    }

    #[test]
    fn what_people_write_names_a_kind_and_may_hold_patterns() {
        let parts = |text: &str| named(text).map(|matching| (matching.kind.unwrap_or_default(), matching.namespace.unwrap_or_default(), matching.name.unwrap_or_default()));
        let three = |kind: &str, namespace: &str, name: &str| Ok((kind.to_owned(), namespace.to_owned(), name.to_owned()));
        assert_eq!(parts("PSS-003:DaemonSet/logs/vector*"), three("DaemonSet", "logs", "vector*"));
        assert_eq!(parts("RBC-002:ClusterRole/system:admins"), three("ClusterRole", "", "system:admins"));
        assert_eq!(parts("NET-014:Scope/pod a/b"), three("Scope", "", "pod a/b"));
        assert_eq!(parts("CPL-001/1.2.7:Pod/kube-system/kube-apiserver"), three("Pod", "kube-system", "kube-apiserver"));
        assert_eq!(NamedFinding::read("PSS-003"), Ok(NamedFinding { check: "PSS-003".into(), matching: ExceptionMatch::default() }));
        assert_eq!(literal("*.a\\u{202e}b\\u{}?"), "?.a?b\\u{}?");
    }

    #[test]
    fn what_would_cover_everything_or_nothing_is_refused() {
        for text in ["PSS-003:", "PSS-003: ", "PSS-003 :"] {
            assert_eq!(named(text), Err(NamingError::NoSubject("PSS-003".into())), "{text}");
        }
        for subject in ["shop/cart", "Pod/", "Pod//cart", "Pod/shop/", "Pod/shop/cart/more", "Pod", "/"] {
            assert_eq!(named(&format!("PSS-003:{subject}")), Err(NamingError::Subject(subject.into())), "{subject}");
        }
    }
}
