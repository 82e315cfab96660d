//! Codes of the command line itself.

use super::CodeSpec;
use crate::Exit;

const fn usage(code: &'static str, what: &'static str, why: &'static str, fix: &'static str, next: Option<&'static str>) -> CodeSpec {
    CodeSpec { code, exit: Exit::Usage, what, why, fix, next }
}

pub(super) const CODES: &[CodeSpec] = &[
    usage(
        "command.answers-unreadable",
        "the file with the answers cannot be read",
        "everything follows from the answers",
        "give the path of a file that you may read, in UTF-8",
        Some("airlock requirements --answers FILE"),
    ),
    usage("command.file-unreadable", "a file that the command was given cannot be read", "the command cannot do without it", "give the path of a file that you may read, in UTF-8", None),
    usage(
        "command.unconfirmed",
        "nobody is there to confirm",
        "without a terminal no one can be asked, and nothing is written that no one agreed to",
        "look at what `airlock plan` shows, then run again with --yes",
        None,
    ),
    usage(
        "command.namespace",
        "--namespace and the answers name different namespaces",
        "one of them is a mistake, and a write to the wrong namespace is hard to take back",
        "leave --namespace out, or change namespaces.platform in the answers",
        None,
    ),
    usage("command.format", "the command cannot write that format", "a document in another format would surprise whoever reads it", "take one of the formats that the message lists", None),
    usage(
        "command.unknown-id",
        "there is no check, error code, or step of that id",
        "nothing can be explained that does not exist",
        "look at the id again; `airlock explain` lists all",
        Some("airlock explain"),
    ),
    CodeSpec {
        code: "command.nothing-to-trust",
        exit: Exit::Blocked,
        what: "there is no authority that nodes and machines have to be told of",
        why: "the certificate of the base domain leads to a public authority; an empty file in its place would break whoever is given it",
        fix: "leave out the step that needs the file: nodes and machines trust that authority already",
        next: Some("airlock tls status"),
    },
    usage("command.argument", "an argument is not what the command understands", "a guess could do something else than was meant", "look at the help of the command", None),
    usage(
        "command.no-answers",
        "there are no answers, and nobody to ask for them",
        "everything follows from the answers; without a terminal, with --yes, or with --output json they are not asked for",
        "write a file with `apiVersion: airlock/v1`, `kind: Answers`, and `baseDomain`, or start the command on a terminal without --yes",
        Some("airlock install --answers FILE"),
    ),
    usage(
        "command.file-unwritable",
        "a file cannot be written in the current folder",
        "what a command writes for you is kept there: answers, plan, and tickets of the guided run, a new profile, which takes no file's place",
        "change to a folder that you may write to, or give another name where a file has that one already, then run the command again",
        None,
    ),
    usage(
        "command.terminal",
        "a question cannot be asked on this terminal",
        "answers are read from the terminal and from nowhere else",
        "set TERM=dumb to be asked by plain lines, or give the answers as a file",
        Some("airlock install --answers FILE"),
    ),
    CodeSpec {
        code: "command.left",
        exit: Exit::Interrupted,
        what: "the guided run was left",
        why: "somebody left it before the plan was agreed to; nothing was written to the cluster",
        fix: "run the same command again in the same folder; the answers that were kept are suggested",
        next: None,
    },
    CodeSpec {
        code: "command.events",
        exit: Exit::Usage,
        what: "the file for events cannot be written",
        why: "whoever follows the run by that file would see nothing",
        fix: "give the path of a file that you may write, in a folder that exists",
        next: None,
    },
    CodeSpec {
        code: "command.output",
        exit: Exit::Bug,
        what: "the result could not be written to standard output",
        why: "whoever reads it has gone, or the disk is full",
        fix: "look at what reads the output, then run again; what was done in the cluster is kept",
        next: None,
    },
    CodeSpec {
        code: "command.interrupted",
        exit: Exit::Interrupted,
        what: "the run was interrupted",
        why: "somebody asked it to stop",
        fix: "run the same command again; it goes on where it stopped",
        next: None,
    },
    CodeSpec {
        code: "command.time-over",
        exit: Exit::GaveUpWaiting,
        what: "the time given by --timeout is over, and the run did not end by itself",
        why: "something that was waited for did not come in that time",
        fix: "run the same command again, with more time; it goes on where it stopped",
        next: None,
    },
    CodeSpec {
        code: "command.runtime",
        exit: Exit::Bug,
        what: "the program could not be started",
        why: "the system gave it no threads or no signals",
        fix: "look at the limits of the system for this user",
        next: None,
    },
    CodeSpec {
        code: "command.attempts",
        exit: Exit::Usage,
        what: "the attempts that a pod was given cannot be read",
        why: "pod and workstation run different versions of Airlock",
        fix: "use the image and the program of the same release",
        next: None,
    },
];
