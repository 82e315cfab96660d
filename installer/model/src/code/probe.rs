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
    CodeSpec {
        code: "probe.alertmanager",
        exit: Exit::ApplyFailed,
        what: "Alertmanager does not answer, or not as it should",
        why: "alerts go through it, and without it nobody is told",
        fix: "see that its pod runs and that policies let the connection through",
        next: Some("airlock status"),
    },
    CodeSpec {
        code: "probe.receiver-refused",
        exit: Exit::ApplyFailed,
        what: "the receiver of alerts did not take a message",
        why: "an alert that does not arrive is none: no platform is called monitored before a message has been delivered",
        fix: "mend `alerts` in the answers, `network.egress` for component monitoring, or the receiver; Alertmanager's words are in its log",
        next: Some("kubectl --namespace airlock logs statefulset/monitoring --container alertmanager"),
    },
    CodeSpec {
        code: "probe.receiver-silent",
        exit: Exit::ApplyFailed,
        what: "nothing became of a message to the receiver of alerts within two minutes",
        why: "an alert that does not arrive is none: no platform is called monitored before a message has been delivered",
        fix: "see what Alertmanager waits for; its words are in its log",
        next: Some("kubectl --namespace airlock logs statefulset/monitoring --container alertmanager"),
    },
    CodeSpec {
        code: "probe.web-config",
        exit: Exit::ApplyFailed,
        what: "a container that measures cannot listen as its file says",
        why: "what is measured is told over TLS and by password, or not at all",
        fix: "look at the file that is named, and at the certificate and key that it names; Airlock makes all three",
        next: Some("airlock status"),
    },
];
