//! What can be done to an evidence folder, and by which code it is found.

use airlock_model::{EVIDENCE_SCHEMA, EvidenceArguments, EvidenceKey, EvidenceProfile, EvidenceRun, EvidenceSubject, RunName, explain_code};

use super::*;

const OFFICER: PublicKey = PublicKey::new([1; 32]);
const STRANGER: PublicKey = PublicKey::new([2; 32]);

/// Stands for Ed25519: whose it is, and of what.
fn signature(key: &PublicKey, bytes: &[u8]) -> Vec<u8> {
    [&key.as_bytes()[..], Digest::of(bytes).as_str().as_bytes()].concat()
}

fn verifies(key: &PublicKey, bytes: &[u8], signed: &[u8]) -> bool {
    signature(key, bytes) == signed
}

fn name(number: u64) -> RunName {
    RunName::new(number, "2026-11-27T01:15:01Z".parse().unwrap())
}

fn record(number: u64, key: Option<&PublicKey>) -> EvidenceRun {
    let at = name(number).at();
    EvidenceRun {
        schema: EVIDENCE_SCHEMA,
        run: name(number),
        number,
        previous: (number > 1).then(|| name(number - 1)),
        began: at,
        at,
        writer: "jane@bastion".into(),
        version: "0.1.0".into(),
        judged: EvidenceSubject::Files { paths: vec!["pod.yaml".into()] },
        profile: EvidenceProfile { name: "baseline".into(), version: "1".into(), digest: Digest::of(b"profile") },
        arguments: EvidenceArguments::default(),
        verdict: Verdict::Pass,
        gate_failed: false,
        signed_by: key.map(|key| EvidenceKey { fingerprint: key.fingerprint(), public_key: key.to_pem() }),
    }
}

/// A run after another one, as the program writes it.
fn written(record: &EvidenceRun, report: &[u8], before: Option<&SeenRun>, key: Option<&PublicKey>) -> SeenRun {
    let bytes = serde_json::to_vec(record).unwrap();
    let files: BTreeMap<String, Digest> = [(REPORT, report), (RUN, &bytes), (PROFILE, b"profile")].map(|(name, bytes)| (name.to_owned(), Digest::of(bytes))).into();
    let previous = before.map(|before| (before.folder.parse().unwrap(), Digest::of(before.sums.as_ref().unwrap())));
    let sums = Sums { files: files.clone(), previous }.to_string().into_bytes();
    SeenRun {
        folder: record.run.to_string(),
        signature: key.map(|key| signature(key, &sums)),
        sums: Ok(sums),
        record: Some(bytes),
        files: files.into_iter().map(|(name, digest)| (name, Ok(digest))).collect(),
    }
}

fn chain(length: u64, key: Option<&PublicKey>) -> SeenFolder {
    let mut runs: Vec<SeenRun> = Vec::new();
    for number in 1..=length {
        runs.push(written(&record(number, key), b"report", runs.last(), key));
    }
    SeenFolder { runs, strays: Vec::new() }
}

fn head(folder: &SeenFolder) -> Head {
    let lines: String = folder.runs.iter().map(|run| head_line(&run.folder.parse().unwrap(), &Digest::of(run.sums.as_ref().unwrap()))).collect();
    Head::parse(&lines).unwrap()
}

fn judged(folder: &SeenFolder, trusted: &[PublicKey], head: Option<&Head>) -> Verification {
    verify(folder, &Asked { trusted, head, verifies: &verifies })
}

/// Each finding as `code RUN FILE`, the run by its number.
fn told(verification: &Verification) -> Vec<String> {
    let of = |finding: &EvidenceFinding| {
        let run = finding.run.as_ref().map_or("-", |run| run.raw().split('-').next().unwrap_or_default().trim_start_matches('0'));
        format!("{} {run} {}", finding.code, finding.file.as_ref().map_or("-", |file| file.raw()))
    };
    verification.findings.iter().map(of).collect()
}

/// One run rewritten as somebody would who has a key of his own, or none.
fn rewritten(folder: &mut SeenFolder, index: usize, key: Option<&PublicKey>) {
    let number = index as u64 + 1;
    folder.runs[index] = written(&record(number, key), b"a nicer report", index.checked_sub(1).map(|before| &folder.runs[before]), key);
}

type Manipulation = (&'static str, fn(&mut SeenFolder), &'static [&'static str]);

/// Of four runs that the officer signed and the head knows.
const MANIPULATIONS: &[Manipulation] = &[
    ("nothing", |_| {}, &[]),
    ("the order in which they were read", |folder| folder.runs.reverse(), &[]),
    ("a byte of the report", |folder| drop(folder.runs[1].files.insert(REPORT.into(), Ok(Digest::of(b"rep0rt")))), &["evidence.file-changed 2 report.json"]),
    (
        "run.json edited",
        |folder| {
            let edited = serde_json::to_vec(&EvidenceRun { gate_failed: true, ..record(2, Some(&OFFICER)) }).unwrap();
            folder.runs[1].files.insert(RUN.into(), Ok(Digest::of(&edited)));
            folder.runs[1].record = Some(edited);
        },
        &["evidence.file-changed 2 run.json"],
    ),
    ("a link in place of a file", |folder| drop(folder.runs[1].files.insert(PROFILE.into(), Err("it is a link".into()))), &["evidence.file-changed 2 profile.yaml"]),
    ("a file taken out", |folder| drop(folder.runs[1].files.remove(PROFILE)), &["evidence.file-missing 2 profile.yaml"]),
    (
        "run.json taken out",
        |folder| {
            folder.runs[1].record = None;
            folder.runs[1].files.remove(RUN);
        },
        &["evidence.file-missing 2 run.json"],
    ),
    ("a file put in", |folder| drop(folder.runs[1].files.insert("notes.txt".into(), Ok(Digest::of(b"x")))), &["evidence.file-added 2 notes.txt"]),
    ("something beside the runs", |folder| folder.strays.push("notes.txt".into()), &["evidence.file-added - notes.txt"]),
    ("a byte of the list", |folder| folder.runs[1].sums.as_mut().unwrap()[0] ^= 1, &["evidence.signature-wrong 2 SHA256SUMS.sig"]),
    ("the list taken out", |folder| folder.runs[1].sums = Err("it is not there".into()), &["evidence.sums-unreadable 2 SHA256SUMS"]),
    ("the signature taken out", |folder| folder.runs[1].signature = None, &["evidence.file-missing 2 SHA256SUMS.sig"]),
    ("a byte of the signature", |folder| folder.runs[1].signature.as_mut().unwrap()[40] ^= 1, &["evidence.signature-wrong 2 SHA256SUMS.sig"]),
    ("the signature of another run", |folder| folder.runs[1].signature = folder.runs[2].signature.clone(), &["evidence.signature-wrong 2 SHA256SUMS.sig"]),
    ("a run rewritten by a stranger's key", |folder| rewritten(folder, 1, Some(&STRANGER)), &["evidence.key-untrusted 2 SHA256SUMS.sig"]),
    ("a run rewritten without a key", |folder| rewritten(folder, 1, None), &["evidence.unsigned 2 -"]),
    ("a run rewritten by the officer", |folder| rewritten(folder, 1, Some(&OFFICER)), &["evidence.chain-broken 3 -", "evidence.head-differs 2 -"]),
    ("the first run dropped", |folder| drop(folder.runs.remove(0)), &["evidence.run-missing 2 -"]),
    ("a run in the middle dropped", |folder| drop(folder.runs.remove(1)), &["evidence.run-missing 3 -"]),
    ("two runs in the middle dropped", |folder| drop(folder.runs.drain(1..3)), &["evidence.run-missing 4 -"]),
    ("the last run dropped", |folder| drop(folder.runs.pop()), &["evidence.run-missing - -"]),
    ("every run dropped but the first", |folder| folder.runs.truncate(1), &["evidence.run-missing - -", "evidence.run-missing - -", "evidence.run-missing - -"]),
    ("a run given another number", |folder| folder.runs[1].folder = name(7).to_string(), &["evidence.misplaced 7 -"]),
    ("a run given another name", |folder| folder.runs[1].folder = "old".into(), &["evidence.misplaced old -"]),
    (
        "two runs that change places",
        |folder| {
            let (second, third) = (folder.runs[1].folder.clone(), folder.runs[2].folder.clone());
            (folder.runs[1].folder, folder.runs[2].folder) = (third, second);
        },
        &["evidence.misplaced 3 -", "evidence.misplaced 2 -"],
    ),
    ("a copy of a run", |folder| folder.runs.push(SeenRun { folder: name(9).to_string(), ..folder.runs[0].clone() }), &["evidence.misplaced 9 -"]),
    (
        "a run of the officer put in beside another one",
        |folder| {
            let at = "2026-11-27T09:00:00Z".parse().unwrap();
            let beside = EvidenceRun { run: RunName::new(2, at), at, ..record(2, Some(&OFFICER)) };
            let run = written(&beside, b"report", Some(&folder.runs[0]), Some(&OFFICER));
            folder.runs.push(run);
        },
        &["evidence.chain-broken 2 -", "evidence.chain-broken 3 -"],
    ),
    (
        "a run of the officer put behind the last one",
        |folder| {
            let run = written(&record(5, Some(&OFFICER)), b"report", Some(&folder.runs[3]), Some(&OFFICER));
            folder.runs.push(run);
        },
        &["evidence.beyond-head 5 -"],
    ),
    (
        "a run that contradicts itself",
        |folder| {
            let wrong = EvidenceRun { number: 9, ..record(4, Some(&OFFICER)) };
            folder.runs[3] = written(&wrong, b"report", Some(&folder.runs[2]), Some(&OFFICER));
        },
        &["evidence.run-record 4 run.json", "evidence.head-differs 4 -"],
    ),
    (
        "a run of a newer program",
        |folder| {
            let newer = EvidenceRun { schema: 99, ..record(4, Some(&OFFICER)) };
            folder.runs[3] = written(&newer, b"report", Some(&folder.runs[2]), Some(&OFFICER));
        },
        &["evidence.run-record 4 run.json", "evidence.head-differs 4 -"],
    ),
    ("everything dropped", |folder| folder.runs.clear(), &["evidence.run-missing - -", "evidence.run-missing - -", "evidence.run-missing - -", "evidence.run-missing - -"]),
];

#[test]
fn every_manipulation_is_found_with_its_own_code() {
    let honest = chain(4, Some(&OFFICER));
    let head = head(&honest);
    for (what, manipulate, expected) in MANIPULATIONS {
        let mut folder = honest.clone();
        manipulate(&mut folder);
        let verification = judged(&folder, &[OFFICER], Some(&head));
        assert_eq!(told(&verification), *expected, "{what}");
        assert_eq!(verification.verdict == Verdict::Pass, expected.is_empty(), "{what}");
    }
}

#[test]
fn what_only_the_head_finds_is_not_claimed_without_it() {
    let mut folder = chain(3, Some(&OFFICER));
    let head = head(&folder);
    folder.runs.pop();
    let without = judged(&folder, &[OFFICER], None);
    assert_eq!((without.verdict, without.head), (Verdict::Pass, false));
    assert_eq!(told(&judged(&folder, &[OFFICER], Some(&head))), ["evidence.run-missing - -"]);
}

#[test]
fn unsigned_runs_are_intact_at_most_and_whoever_can_write_can_write_anew() {
    let mut folder = chain(3, None);
    assert_eq!(told(&judged(&folder, &[OFFICER], None)), ["evidence.unsigned 1 -", "evidence.unsigned 2 -", "evidence.unsigned 3 -"]);
    let unasked = judged(&folder, &[], None);
    assert_eq!((unasked.verdict, told(&unasked)), (Verdict::Unverified, Vec::new()));
    assert!(unasked.runs.iter().all(|run| run.intact && run.chained == Some(true) && run.signature == SignatureState::Missing), "{unasked:?}");
    // In the middle the chain shows it; at the end only a head would.
    rewritten(&mut folder, 1, None);
    assert_eq!(told(&judged(&folder, &[], None)), ["evidence.chain-broken 3 -"]);
    let mut folder = chain(3, None);
    let head = head(&folder);
    rewritten(&mut folder, 2, None);
    assert_eq!(told(&judged(&folder, &[], None)), Vec::<String>::new());
    assert_eq!(told(&judged(&folder, &[], Some(&head))), ["evidence.head-differs 3 -"]);
}

#[test]
fn where_no_key_is_asked_for_a_signature_is_still_held_against_the_key_that_it_names() {
    let mut folder = chain(2, Some(&OFFICER));
    assert_eq!(told(&judged(&folder, &[], None)), Vec::<String>::new());
    folder.runs[1].signature = folder.runs[0].signature.clone();
    assert_eq!(told(&judged(&folder, &[], None)), ["evidence.signature-wrong 2 SHA256SUMS.sig"]);
}

#[test]
fn an_empty_folder_is_a_finding() {
    let empty = judged(&SeenFolder::default(), &[OFFICER], None);
    assert_eq!((empty.verdict, told(&empty)), (Verdict::Fail, vec!["evidence.empty - -".to_owned()]));
}

#[test]
fn every_fault_stands_in_the_table_of_codes_and_ends_with_8() {
    for fault in EvidenceFault::ALL {
        assert_eq!(explain_code(fault.code().0).map(|spec| spec.exit), Some(airlock_model::Exit::Bundle), "{}", fault.code());
    }
}
