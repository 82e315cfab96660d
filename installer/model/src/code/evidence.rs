//! Codes of evidence: what `airlock evidence verify` finds, and what keeps a run from being written.

use super::CodeSpec;
use crate::Exit;

const VERIFY: Option<&str> = Some("airlock evidence verify DIR --trust KEY.pem");

const fn found(code: &'static str, what: &'static str, why: &'static str, fix: &'static str) -> CodeSpec {
    CodeSpec { code, exit: Exit::Bundle, what, why, fix, next: VERIFY }
}

const fn usage(code: &'static str, what: &'static str, why: &'static str, fix: &'static str) -> CodeSpec {
    CodeSpec { code, exit: Exit::Usage, what, why, fix, next: None }
}

pub(super) const CODES: &[CodeSpec] = &[
    found(
        "evidence.empty",
        "there is no run in an evidence folder",
        "nothing proves nothing; its runs may have been taken away",
        "give the folder that `airlock compliance-check --evidence DIR` writes to, or bring back its runs",
    ),
    found(
        "evidence.sums-unreadable",
        "the list of digests of a run, SHA256SUMS, is missing or is none",
        "without it nothing can be said of the files of the run",
        "bring the folder of the run back from a copy; where there is none, keep it as it is and write down that it proves nothing",
    ),
    found(
        "evidence.unsigned",
        "a run has no signature",
        "whoever can write to the folder can write such a run",
        "have runs signed: `airlock compliance-check --evidence DIR --evidence-key file:KEY.pem`; to look at digests and chain alone, verify with --unsigned",
    ),
    found(
        "evidence.key-untrusted",
        "a run is signed by a key that is not trusted",
        "anybody can make a key and sign with it",
        "give the public half of the key with --trust if it is the writer's; otherwise somebody else wrote the run: bring it back from a copy",
    ),
    found(
        "evidence.signature-wrong",
        "the signature of a run was not made for its list of digests",
        "list or signature was changed after it was signed, so what the list names proves nothing",
        "bring SHA256SUMS and SHA256SUMS.sig of the run back from a copy",
    ),
    found("evidence.file-changed", "a file of a run is not as it was written", "its digest is not the one that was signed", "bring the file back from a copy; find out who wrote to the folder"),
    found("evidence.file-missing", "a file of a run is not there", "the list of digests names it", "bring the file back from a copy; find out who wrote to the folder"),
    found("evidence.file-added", "there is a file that nobody signed", "somebody who reads the folder could take it for a part of the evidence", "take it out of the folder"),
    found(
        "evidence.run-record",
        "run.json of a run cannot be understood, or contradicts its list of digests",
        "it says when, by whom, and of what the report was made",
        "verify with the version of Airlock that wrote the run, or a newer one; otherwise bring the run back from a copy",
    ),
    found(
        "evidence.misplaced",
        "the folder of a run does not have the name that it was written with",
        "runs under other names hide that one is missing, or that there are two",
        "give the folder the name that the message says; take copies out",
    ),
    found("evidence.run-missing", "a run is not there", "what it said can no longer be shown, and it may have been taken away for that", "bring the folder of the run back from a copy"),
    found(
        "evidence.chain-broken",
        "a run does not follow from the one before it",
        "the one before it was written anew, or another one was put in or taken out",
        "bring the runs back from a copy; where two programs wrote at once without a lock, keep each in a folder of its own",
    ),
    found("evidence.head-differs", "the list of a run is not the one that the head knows", "the run was written anew after the head was", "bring the run back from a copy"),
    found(
        "evidence.beyond-head",
        "there is a run that the head does not know",
        "the head was cut off, or the run was written without it",
        "give the head that the runs were written with; write every run with --evidence-head",
    ),
    usage(
        "evidence.key-open",
        "others than its owner may read the private key",
        "whoever has read it can sign in its place",
        "make a new key if somebody could have read it; then `chmod 600 KEY.pem`",
    ),
    usage(
        "evidence.key-unusable",
        "the file with the key cannot be used",
        "evidence is signed by Ed25519, and a key that needs a password would have to be asked for",
        "give a key that `openssl genpkey -algorithm ed25519 -out KEY.pem` made, in a file that you may read; for any other kind of custody, a program: exec:PROGRAM",
    ),
    usage("evidence.trust", "a file given with --trust is no public key of Ed25519", "signatures are held against it", "give what `openssl pkey -in KEY.pem -pubout` writes"),
    CodeSpec {
        code: "evidence.signer",
        exit: Exit::Bundle,
        what: "the program that signs did not give a signature that its own key verifies",
        why: "evidence whose signature is wrong proves nothing; no run was written",
        fix: "run the program by hand: PROGRAM public-key prints its public key, PROGRAM sign reads bytes and prints their signature; then run the same command again",
        next: None,
    },
    usage(
        "evidence.folder",
        "an evidence folder cannot be read or written",
        "the report could not be kept, or not be verified",
        "give a folder that you may read, and for compliance-check also write",
    ),
    CodeSpec {
        code: "evidence.head",
        exit: Exit::Bundle,
        what: "the head cannot be read, or is not that of the evidence folder",
        why: "a head of which a line is missing or changed does not show that a run was dropped",
        fix: "give the head that belongs to the folder, whole; `airlock evidence verify` with it names what is missing",
        next: VERIFY,
    },
    CodeSpec {
        code: "evidence.previous",
        exit: Exit::Bundle,
        what: "a run of the evidence folder is damaged, and the next one rests on it",
        why: "a run that was chained to it, or compared with it, could not be verified; no run was written",
        fix: "bring the run back from a copy, or begin a folder anew",
        next: VERIFY,
    },
    CodeSpec {
        code: "evidence.report",
        exit: Exit::Bundle,
        what: "the report of a run that is intact cannot be read",
        why: "what it says would be missing from what is told of the time",
        fix: "use the version of Airlock that wrote the run, or a newer one; where somebody wrote to the folder meanwhile, run the same command again",
        next: VERIFY,
    },
    usage(
        "evidence.sink",
        "the sink of evidence cannot be used as it was given",
        "a run that nobody elsewhere is told of could be dropped unnoticed",
        "put right what the message names; a token or key is the text of its file alone, an authority is PEM",
    ),
    CodeSpec {
        code: "evidence.sink-unreachable",
        exit: Exit::Bundle,
        what: "the sink of evidence was not reached, or its certificate is not believed; the run is kept in the folder",
        why: "until it is told, a run that is dropped would not be missed there",
        fix: "let the connection through (`network.egress` for component auditor, or the proxy), or name the sink's authority; the next run tells of what was missed",
        next: None,
    },
    CodeSpec {
        code: "evidence.sink-refused",
        exit: Exit::Bundle,
        what: "the sink of evidence answered, and did not take the line; the run is kept in the folder",
        why: "until it is told, a run that is dropped would not be missed there",
        fix: "give a token or key that may write there, and the right path, bucket, and region; the next run tells of what was missed",
        next: None,
    },
    CodeSpec {
        code: "evidence.sink-differs",
        exit: Exit::Bundle,
        what: "the sink of evidence already holds another line for a run of that number",
        why: "either somebody wrote the run or the object anew, or two folders are told to one place",
        fix: "compare both: `airlock evidence verify` with the head as the sink has it names what differs; give each folder a prefix of its own",
        next: VERIFY,
    },
];
