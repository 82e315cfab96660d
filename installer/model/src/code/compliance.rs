//! Codes of `compliance`.

use super::CodeSpec;
use crate::Exit;

pub(super) const CODES: &[CodeSpec] = &[
    CodeSpec {
        code: "compliance.profile-shape",
        exit: Exit::Usage,
        what: "the profile cannot be read",
        why: "a key that is not understood could be a rule that is not kept",
        fix: "mend the line that the message names; `profiles/baseline.yaml` shows every key",
        next: None,
    },
    CodeSpec {
        code: "compliance.profile-kind",
        exit: Exit::Usage,
        what: "the document is no security policy profile",
        why: "nothing can be judged by it",
        fix: "give a document with `apiVersion: airlock/v1` and `kind: SecurityPolicyProfile`",
        next: None,
    },
    CodeSpec {
        code: "compliance.unknown-profile",
        exit: Exit::Usage,
        what: "no profile of that name ships with Airlock",
        why: "nothing can be judged by it",
        fix: "give one of the names in the message, or the path of a file",
        next: Some("airlock compliance-check --profile baseline"),
    },
    CodeSpec {
        code: "compliance.no-checks",
        exit: Exit::Usage,
        what: "the profile selects no check",
        why: "a report without a check would look like a good one",
        fix: "list ids of checks, or groups as in `NET-*`, under `checks`",
        next: None,
    },
    CodeSpec {
        code: "compliance.unknown-check",
        exit: Exit::Usage,
        what: "a selector of the profile matches no check",
        why: "what the profile asks for would silently not be checked",
        fix: "correct the id; `airlock explain ID` says what a check is",
        next: None,
    },
    CodeSpec {
        code: "compliance.preflight-check",
        exit: Exit::Usage,
        what: "a selector of the profile names a check that is made before an install",
        why: "there is no plan beside a running installation that it could judge",
        fix: "take it out of the profile; `airlock inspect` and `airlock install` make these checks always",
        next: Some("airlock inspect"),
    },
    CodeSpec {
        code: "compliance.unknown-parameter",
        exit: Exit::Usage,
        what: "the profile sets a parameter that no check has",
        why: "what the profile asks for would silently not be checked",
        fix: "correct the name; parameters are written `<check>.<name>`",
        next: None,
    },
    CodeSpec {
        code: "compliance.parameter-value",
        exit: Exit::Usage,
        what: "the profile gives a parameter a value that it cannot have",
        why: "the check could not be made as the profile asks",
        fix: "correct the value; the message says what it may be",
        next: None,
    },
    CodeSpec {
        code: "compliance.attempt-conflict",
        exit: Exit::Bug,
        what: "two checks ask for different attempts under one name",
        why: "one would be judged by the outcome of the other",
        fix: "this is a bug in Airlock; report it with the name in the message",
        next: None,
    },
    CodeSpec {
        code: "compliance.canonical",
        exit: Exit::Bug,
        what: "the profile cannot be written in canonical form",
        why: "a report could not say by which profile it was made",
        fix: "this is a bug in Airlock; report it with the profile",
        next: None,
    },
];
