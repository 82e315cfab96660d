//! Codes of `answers`.

use super::CodeSpec;
use crate::Exit;

const SCHEMA: Option<&str> = Some("airlock schema");

/// A fault of the text of answers: all of them end a run before anything is looked at.
const fn fault(code: &'static str, what: &'static str, why: &'static str, fix: &'static str) -> CodeSpec {
    CodeSpec { code, exit: Exit::Usage, what, why, fix, next: None }
}

/// A fault that the grammar explains.
const fn grammar(code: &'static str, what: &'static str, why: &'static str, fix: &'static str) -> CodeSpec {
    CodeSpec { next: SCHEMA, ..fault(code, what, why, fix) }
}

pub(super) const CODES: &[CodeSpec] = &[
    fault("answers.too-large", "the answers are larger than 1 MiB", "no answers are; it is probably another file", "give the path of the answers"),
    fault("answers.empty", "the answers are empty", "at least the base domain has to be known", "write apiVersion, kind, and baseDomain"),
    fault("answers.tab", "a tab indents a line of the answers", "YAML indents with spaces alone (YAML 1.2 §6.1)", "replace the tab by spaces"),
    fault("answers.documents", "the answers hold a second document", "a run follows from one document, so that nobody wonders which one counted", "move the second document into a file of its own"),
    fault("answers.syntax", "the answers are not YAML 1.2", "what cannot be read cannot be followed", "mend the line; quotes around the value often help"),
    fault("answers.indirection", "the answers use an anchor, an alias, a merge key, or a tag", "answers are read by people who approve them: each value stands where it counts", "write the value out"),
    fault("answers.depth", "the answers are nested deeper than any answer", "such text is a mistake or an attack on the parser", "look for a bracket that is never closed"),
    fault("answers.duplicate-key", "a key stands twice in the same group", "only one of them could count, and nobody could tell which", "remove one of them"),
    grammar("answers.unknown-key", "a key is not part of the grammar", "an answer that is ignored would be a lie", "write the key as the message suggests, or remove it"),
    grammar("answers.wrong-type", "a value has the wrong type", "a value that must be guessed may be guessed wrong", "write what the message names; words like true and null are text only in quotes"),
    grammar("answers.null", "a key has no value", "an empty value may mean the default or a mistake", "give a value, or leave the key out for the default"),
    grammar("answers.choice", "a value is not one of the possible words", "only these words have a meaning", "take one of the words that the message lists"),
    grammar("answers.missing", "a key without a default is missing", "it cannot be guessed", "add the key"),
    fault(
        "answers.kind",
        "the document is of another kind or version",
        "this program reads `apiVersion: airlock/v1` and `kind: Answers`",
        "give the file with the answers, or a program of the version that wrote it",
    ),
    fault("answers.value", "a value breaks a rule of Kubernetes, DNS, or IP", "the cluster would refuse it halfway, or certificates would not fit", "change the value as the message says"),
    fault(
        "answers.reference",
        "a secret is not given by reference, or its reference leads nowhere",
        "answers are kept, mailed, and approved; a secret in them would be known to all, and one that is nowhere cannot be used",
        "write env:NAME, file:PATH, or secret:namespace/name#key; the variable or file must be there where airlock runs",
    ),
    fault(
        "answers.not-built",
        "an answer asks for something that this release cannot do",
        "to ignore it would install something else than was asked for",
        "change the answer as the message says, or wait for a release that has it",
    ),
    CodeSpec {
        code: "answers.mismatch",
        exit: Exit::Bug,
        what: "the answers fit the schema but not the program",
        why: "both are made from the same types, so this is a bug",
        fix: "report it with the answers, after removing what is confidential",
        next: None,
    },
];
