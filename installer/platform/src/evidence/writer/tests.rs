//! Runs that are written, killed, and written at once; each folder is then held against its key and its head.

use std::os::unix::fs::PermissionsExt;

use airlock_compliance::evidence::Verification;
use airlock_compliance::{Decisions, PublicKey, digest, from_text, shipped};
use airlock_model::{Coded, ProfileMetadata, Verdict};
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::evidence::signer::tests::{KEY, PUBLIC, installed};
use crate::evidence::{read, verified};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: shop }\nspec: { containers: [{ name: a, image: b, securityContext: { privileged: true } }] }\n";

/// A place with a key, a folder for evidence, and a head beside it.
struct Place {
    root: TempDir,
    profile: Profile,
    report: Report,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("pod.yaml"), POD).unwrap();
        fs::write(root.path().join("key.pem"), KEY).unwrap();
        fs::set_permissions(root.path().join("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
        let profile = shipped("baseline").unwrap();
        let report = crate::manifests::judge(&[root.path().join("pod.yaml")], &crate::manifests::JudgeOptions::new(&profile, &Decisions::default())).unwrap();
        Self { root, profile, report }
    }

    fn folder(&self) -> PathBuf {
        self.root.path().join("evidence")
    }

    fn head(&self) -> PathBuf {
        self.root.path().join("head")
    }

    async fn open(&self, with_head: bool) -> Result<EvidenceWriter, EvidenceError> {
        let signer = SignerReference::File(self.root.path().join("key.pem"));
        EvidenceWriter::open(&self.folder(), with_head.then(|| self.head()).as_deref(), Some(&signer)).await
    }

    fn judged(&self) -> Judged<'_> {
        Judged {
            report: &self.report,
            profile: &self.profile,
            subject: EvidenceSubject::Files { paths: vec!["pod.yaml".into()] },
            arguments: EvidenceArguments::default(),
            began: Timestamp::now(),
            writer: "jane@bastion".into(),
            version: "0.1.0".into(),
        }
    }

    async fn write(&self) -> Written {
        self.open(true).await.unwrap().write(&self.judged()).await.unwrap()
    }

    fn verification(&self) -> Verification {
        let (seen, head) = read(&self.folder(), Some(&self.head())).unwrap();
        verified(&seen, &[PublicKey::from_pem(PUBLIC).unwrap()], head.as_ref())
    }

    /// Names in the evidence folder.
    fn entries(&self) -> Vec<String> {
        names(&self.folder()).unwrap()
    }

    /// Gives a run the hidden name that it has until it is finished.
    fn hide(&self, written: &Written) -> PathBuf {
        let hidden = self.folder().join(format!("{UNFINISHED}{}", written.run));
        fs::rename(&written.folder, &hidden).unwrap();
        hidden
    }
}

fn numbers(verification: &Verification) -> Vec<u64> {
    verification.runs.iter().filter_map(|run| run.run.as_ref().map(RunName::number)).collect()
}

#[tokio::test]
async fn runs_follow_each_other_and_the_head_knows_them() {
    let place = Place::new();
    let written = [place.write().await, place.write().await, place.write().await];
    let verification = place.verification();
    assert_eq!((verification.verdict, &verification.findings), (Verdict::Pass, &Vec::new()));
    assert_eq!(numbers(&verification), [1, 2, 3]);
    let head: String = written.iter().map(|written| head_line(&written.run, &written.sums)).collect();
    assert_eq!(fs::read_to_string(place.head()).unwrap(), head);
    let names: Vec<String> = [vec![".lock".to_owned()], written.iter().map(|written| written.run.to_string()).collect()].concat();
    assert_eq!(place.entries(), names);
}

#[tokio::test]
async fn two_runs_on_the_same_input_differ_in_times_and_chain_alone() {
    let place = Place::new();
    let (first, second) = (place.write().await, place.write().await);
    let read = |written: &Written, name: &str| fs::read(written.folder.join(name)).unwrap();
    for name in [REPORT, PROFILE] {
        assert_eq!(read(&first, name), read(&second, name), "{name}");
    }
    let record = |written: &Written| {
        let mut record: Value = serde_json::from_slice(&read(written, RUN)).unwrap();
        for key in ["run", "number", "previous", "began", "at"] {
            assert!(record.as_object_mut().unwrap().remove(key).is_some(), "{key}");
        }
        record
    };
    assert_eq!(record(&first), record(&second));
    // The profile comes to the digest that the report was judged by.
    let text = String::from_utf8(read(&first, PROFILE)).unwrap();
    let again = from_text("profile.yaml", &text, &|_: &str| Err("it extends nothing".to_owned())).unwrap();
    assert_eq!(digest(&again).unwrap(), place.report.digest);
    assert_eq!(record(&first)["profile"]["digest"], place.report.digest.as_str());
    let ProfileMetadata { name, .. } = again.metadata;
    assert_eq!(name, "baseline");
}

#[tokio::test]
async fn a_killed_run_is_finished_where_the_head_knows_it() {
    let place = Place::new();
    place.write().await;
    let killed = place.write().await;
    place.hide(&killed);
    assert_eq!(place.verification().findings.len(), 1, "the head misses it");
    assert_eq!(place.write().await.run.number(), 3);
    let verification = place.verification();
    assert_eq!((numbers(&verification), verification.verdict), (vec![1, 2, 3], Verdict::Pass));
    // The line in the head was not whole yet.
    let killed = place.write().await;
    place.hide(&killed);
    let text = fs::read_to_string(place.head()).unwrap();
    fs::write(place.head(), &text[..text.len() - 30]).unwrap();
    assert_eq!(place.write().await.run.number(), 5);
    let verification = place.verification();
    assert_eq!((numbers(&verification), verification.verdict), (vec![1, 2, 3, 4, 5], Verdict::Pass));
}

#[tokio::test]
async fn a_killed_run_that_nobody_was_told_of_leaves_nothing() {
    for files in [&[][..], &[REPORT], &[REPORT, RUN, PROFILE], &[REPORT, RUN, PROFILE, SUMS, SIGNATURE]] {
        let place = Place::new();
        place.write().await;
        let told = fs::read_to_string(place.head()).unwrap();
        let hidden = place.hide(&place.write().await);
        fs::write(place.head(), &told).unwrap();
        for name in [REPORT, RUN, PROFILE, SUMS, SIGNATURE].iter().filter(|name| !files.contains(name)) {
            fs::remove_file(hidden.join(name)).unwrap();
        }
        assert_eq!(place.write().await.run.number(), 2, "{files:?}");
        let verification = place.verification();
        assert_eq!((numbers(&verification), verification.verdict), (vec![1, 2], Verdict::Pass), "{files:?}");
        assert!(place.entries().iter().all(|name| !name.starts_with(UNFINISHED)), "{files:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_at_once_wait_for_each_other() {
    let place = Place::new();
    let writers = futures::future::join_all((0..6).map(|_| place.open(true))).await;
    let written = futures::future::join_all(writers.iter().map(|writer| async { writer.as_ref().unwrap().write(&place.judged()).await.unwrap().run.number() })).await;
    assert_eq!(written.into_iter().collect::<std::collections::BTreeSet<_>>(), (1..=6).collect());
    assert_eq!(place.verification().verdict, Verdict::Pass);
}

#[tokio::test]
async fn a_head_of_another_folder_and_a_last_run_that_is_gone_are_told_before_anything_is_judged() {
    let place = Place::new();
    place.write().await;
    let last = place.write().await;
    let kept = place.root.path().join("kept");
    fs::rename(&last.folder, &kept).unwrap();
    let error = place.open(true).await.err().unwrap();
    assert_eq!(error.code().0, "evidence.head");
    assert!(error.to_string().ends_with("which is not in the folder; no run was written"), "{error}");
    fs::rename(&kept, &last.folder).unwrap();
    assert!(place.open(true).await.is_ok());
    for wrong in ["rubbish\n", "0000", &head_line(&last.run, &Digest::of(b"another"))] {
        fs::write(place.head(), wrong).unwrap();
        assert_eq!(place.open(true).await.err().unwrap().code().0, "evidence.head", "{wrong}");
    }
    // Without a head nobody asks for one.
    assert!(place.open(false).await.is_ok());
}

#[tokio::test]
async fn a_damaged_last_run_is_not_chained_to() {
    let place = Place::new();
    let last = place.write().await;
    let good = fs::read(last.folder.join(SUMS)).unwrap();
    for damaged in [&b""[..], b"\xff\n", &good[..good.len() - 1]] {
        fs::write(last.folder.join(SUMS), damaged).unwrap();
        assert_eq!(place.open(false).await.err().unwrap().code().0, "evidence.previous");
    }
    fs::write(last.folder.join(SUMS), &good).unwrap();
    assert!(place.open(false).await.is_ok());
}

#[tokio::test]
async fn a_signer_that_fails_leaves_no_run() {
    let place = Place::new();
    let program = place.root.path().join("sign");
    installed(&program, &format!("[ \"$1\" = public-key ] && echo '{PUBLIC}' || exit 3"));
    let writer = EvidenceWriter::open(&place.folder(), Some(&place.head()), Some(&SignerReference::Program(program))).await.unwrap();
    let error = writer.write(&place.judged()).await.unwrap_err();
    assert_eq!(error.code().0, "evidence.signer", "{error}");
    assert_eq!(place.entries(), [".lock"]);
    assert!(!place.head().exists());
    assert_eq!(place.write().await.run.number(), 1);
}
