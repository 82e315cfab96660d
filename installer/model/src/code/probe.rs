//! Codes of `probe`.

use super::CodeSpec;
use crate::Exit;

pub(super) const CODES: &[CodeSpec] = &[
    CodeSpec {
        code: "probe.listen",
        exit: Exit::ApplyFailed,
        what: "the listener of a probe pod could not listen",
        why: "without it no connection between pods can be tried",
        fix: "run again; if it happens again, look at the pod's security context and at the port that is named",
        next: None,
    },
    CodeSpec {
        code: "probe.postgres-authorities",
        exit: Exit::ApplyFailed,
        what: "the authorities to verify the database server against cannot be read",
        why: "no password is sent to a server that cannot be verified",
        fix: "look at the file that is named; it holds certificates in PEM",
        next: None,
    },
    CodeSpec {
        code: "probe.postgres-connect",
        exit: Exit::ApplyFailed,
        what: "the database server cannot be reached over verified TLS",
        why: "nothing is sent over a connection that is not verified",
        fix: "see that the server runs, that its certificate bears the name that is dialled, and that policies let the connection through",
        next: Some("airlock status"),
    },
    CodeSpec {
        code: "probe.postgres-refused",
        exit: Exit::ApplyFailed,
        what: "the database server refused a login or a statement",
        why: "its words and code say why (PostgreSQL, appendix A)",
        fix: "mend what it names; a refused password is a Secret that does not belong to this server's volume",
        next: None,
    },
];
