//! Codes of `platform`.

use super::CodeSpec;
use crate::Exit;

pub(super) const CODES: &[CodeSpec] = &[
    CodeSpec {
        code: "platform.base-domain",
        exit: Exit::Usage,
        what: "the base domain of the answers is no host name",
        why: "every host, record, and certificate is made from it",
        fix: "give `baseDomain` a name alone, as in platform.example.com",
        next: None,
    },
    CodeSpec {
        code: "platform.host-pattern",
        exit: Exit::Usage,
        what: "a host pattern of the answers gives no host name",
        why: "every host needs a DNS record and a place in the certificate",
        fix: "mend `hosts.pattern` or `hosts.overrides` in the answers",
        next: None,
    },
    CodeSpec {
        code: "platform.plan-mismatch",
        exit: Exit::PlanMismatch,
        what: "the approval is for another plan",
        why: "only the plan that was agreed to is carried out",
        fix: "make the plan anew and have it approved",
        next: Some("airlock plan --answers FILE"),
    },
    CodeSpec {
        code: "platform.blocked",
        exit: Exit::Blocked,
        what: "findings block the run",
        why: "what can be known to fail is not begun; nothing was written",
        fix: "mend what each finding names; each says how",
        next: Some("airlock plan --answers FILE"),
    },
    CodeSpec {
        code: "platform.canonical",
        exit: Exit::Bug,
        what: "a document of Airlock's own has no canonical JSON form",
        why: "its digest cannot be taken",
        fix: "report it with the log file of this run",
        next: None,
    },
    CodeSpec {
        code: "platform.image-not-locked",
        exit: Exit::Blocked,
        what: "an image of the release has no digest",
        why: "pods run images by digest only",
        fix: "make the image's registry reachable, then run again",
        next: Some("airlock inspect --answers FILE"),
    },
    CodeSpec {
        code: "platform.fact-missing",
        exit: Exit::Blocked,
        what: "a fact that the plan needs could not be read",
        why: "a plan is not made from guesses",
        fix: "grant the right that the message names, or give the value in the answers",
        next: Some("airlock inspect --answers FILE"),
    },
    CodeSpec {
        code: "platform.not-installed",
        exit: Exit::Blocked,
        what: "there is no installation in that namespace",
        why: "there is nothing to look at or take away",
        fix: "name the platform namespace with `--namespace`, or install first",
        next: Some("airlock install --answers FILE"),
    },
];
