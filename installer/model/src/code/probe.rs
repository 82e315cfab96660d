//! Codes of `probe`.

use super::CodeSpec;
use crate::Exit;

pub(super) const CODES: &[CodeSpec] = &[CodeSpec {
    code: "probe.listen",
    exit: Exit::ApplyFailed,
    what: "the listener of a probe pod could not listen",
    why: "without it no connection between pods can be tried",
    fix: "run again; if it happens again, look at the pod's security context and at the port that is named",
    next: None,
}];
