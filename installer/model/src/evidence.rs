//! Evidence of compliance runs, as words: how a run is called, what its `run.json` says, and who signs.
//!
//! A run is a folder of its own with files of fixed names; docs/evidence.md tells the layout.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{Caller, Digest, Fact, PlanRun, Untrusted, Verdict};

/// The schema of `run.json`; a newer one is not read.
pub const EVIDENCE_SCHEMA: u32 = 1;

/// When a run was made, as its name has it, in UTC.
const STAMP: &str = "%Y%m%dT%H%M%SZ";

/// The name of a run and of its folder: its number in the chain and the second when it was written, as in
/// `000042-20261127T011501Z`. Names sort as numbers do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunName {
    number: u64,
    at: Timestamp,
}

/// A text that is no name of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no name of a run, as in 000042-20261127T011501Z")]
pub struct RunNameError;

/// What `run.json` says of a run: when, by whom, of what, by which rules, and what came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceRun {
    /// [`EVIDENCE_SCHEMA`]
    pub schema: u32,
    /// Its name, which is that of its folder.
    pub run: RunName,
    /// Its number in the chain, from 1.
    pub number: u64,
    /// The run before it, which it is chained to; none: it is the first of the folder.
    pub previous: Option<RunName>,
    /// When judging began.
    pub began: Timestamp,
    /// When it was written, the second of its name.
    pub at: Timestamp,
    /// Who ran it where, `user@host`: the writer.
    pub writer: Untrusted<String>,
    /// Version of the program.
    pub version: String,
    /// What was judged.
    pub judged: EvidenceSubject,
    /// The profile that it was judged by; its text stands in `profile.yaml`.
    pub profile: EvidenceProfile,
    /// What else decided the result.
    pub arguments: EvidenceArguments,
    /// The verdict that weighs most.
    pub verdict: Verdict,
    /// Whether the gate failed.
    pub gate_failed: bool,
    /// Whose key signed it; none: nobody vouches for it.
    pub signed_by: Option<EvidenceKey>,
}

/// What was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EvidenceSubject {
    /// Files, by the paths that were given.
    Files {
        /// As they were given.
        paths: Vec<Untrusted<String>>,
    },
    /// An installation.
    Installation {
        /// The platform's namespace.
        namespace: String,
        /// The random id of the installation.
        id: String,
        /// The release that is installed.
        release: String,
        /// Address of the API server.
        server: String,
        /// UID of the namespace `kube-system`: the identity of the cluster.
        cluster_uid: Fact<String>,
        /// Whom the API server took the kubeconfig for.
        caller: Fact<Caller>,
        /// The plans that were carried out, as the journals of each namespace tell: the platform's, and those of its Airflow
        /// deployments. The last [`names::JOURNALS_KEPT`](crate::names::JOURNALS_KEPT) of a namespace are known.
        #[serde(default = "untold")]
        plan_runs: Fact<BTreeMap<String, Fact<Vec<PlanRun>>>>,
    },
}

/// Which profile a run was judged by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceProfile {
    /// Its name.
    pub name: String,
    /// Its version; empty without a profile.
    pub version: String,
    /// Its digest, checks and parameters of the flags included.
    pub digest: Digest,
}

/// Arguments that decide a result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceArguments {
    /// `--profile`; none: that of the installation, or none at all.
    pub profile: Option<String>,
    /// `--no-profile`
    pub no_profile: bool,
    /// `--checks`
    pub checks: Option<String>,
    /// `--set`
    pub set: Vec<String>,
    /// Whether what passes stands among the findings.
    pub all: bool,
    /// Exceptions, attestations, and reports on nodes, whether they counted or not.
    pub documents: Vec<EvidenceDocument>,
}

/// A document that was handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceDocument {
    /// The file, as it was named.
    pub file: String,
    /// Digest of its text.
    pub digest: Digest,
}

/// The public half of the key that signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceKey {
    /// Digest of its `SubjectPublicKeyInfo`.
    pub fingerprint: Digest,
    /// The key itself, PEM. It says who claims to have signed; whom to trust is not taken from here.
    pub public_key: String,
}

/// Who signs: as a reference `file:PATH` or `exec:PROGRAM`, or what a pod mounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignerReference {
    /// A private key in a file.
    File(PathBuf),
    /// A program that holds the key.
    Program(PathBuf),
    /// A private key in a file of a Secret that a pod mounts: the group of the pod may read it, since the file belongs to root.
    Mounted(PathBuf),
}

/// Why a text names no signer. The text is not repeated: it could be the key itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerReferenceError {
    /// No scheme, or an unknown one.
    #[error("is no reference; a key is referred to as file:PATH or exec:PROGRAM")]
    Scheme,
    /// Nothing behind the scheme.
    #[error("names nothing after `file:` or `exec:`")]
    Empty,
}

/// A run of a release that did not look.
fn untold() -> Fact<BTreeMap<String, Fact<Vec<PlanRun>>>> {
    Fact::Unverified("the release that wrote the run kept no word of them".to_owned())
}

impl RunName {
    /// The name of a run that is written at this time; what is finer than a second is left out.
    pub fn new(number: u64, at: Timestamp) -> Self {
        // Every second that a timestamp can hold is one again.
        Self { number, at: Timestamp::from_second(at.as_second()).unwrap_or(at) }
    }

    /// Its number, from 1.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// When it was written, to the second.
    pub const fn at(&self) -> Timestamp {
        self.at
    }
}

impl FromStr for RunName {
    type Err = RunNameError;
    fn from_str(text: &str) -> Result<Self, RunNameError> {
        let (number, stamp) = text.split_once('-').ok_or(RunNameError)?;
        let number = number.parse::<u64>().map_err(|_| RunNameError)?;
        let at = DateTime::strptime(STAMP, stamp).and_then(|at| at.to_zoned(TimeZone::UTC)).map_err(|_| RunNameError)?.timestamp();
        let name = Self { number, at };
        // One run has one name: no signs, no zeros too many.
        if number > 0 && name.to_string() == text { Ok(name) } else { Err(RunNameError) }
    }
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}-{}", self.number, self.at.strftime(STAMP))
    }
}

impl TryFrom<String> for RunName {
    type Error = RunNameError;
    fn try_from(text: String) -> Result<Self, RunNameError> {
        text.parse()
    }
}

impl From<RunName> for String {
    fn from(name: RunName) -> Self {
        name.to_string()
    }
}

impl FromStr for SignerReference {
    type Err = SignerReferenceError;
    fn from_str(text: &str) -> Result<Self, SignerReferenceError> {
        match text.split_once(':') {
            Some(("file" | "exec", "")) => Err(SignerReferenceError::Empty),
            Some(("file", path)) => Ok(Self::File(path.into())),
            Some(("exec", program)) => Ok(Self::Program(program.into())),
            _ => Err(SignerReferenceError::Scheme),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_one_name_and_names_sort_as_numbers_do() {
        let at = "2026-11-27T01:15:01.9Z".parse().unwrap();
        let (second, tenth) = (RunName::new(2, at), RunName::new(10, at));
        assert_eq!(second.to_string(), "000002-20261127T011501Z");
        assert_eq!(second.to_string().parse(), Ok(second.clone()));
        assert!(second < tenth && second.to_string() < tenth.to_string());
        assert_eq!("1234567-20261127T011501Z".parse::<RunName>().map(|name| name.number()), Ok(1_234_567));
        for wrong in [
            "",
            "000002",
            "2-20261127T011501Z",
            "+00002-20261127T011501Z",
            "000000-20261127T011501Z",
            "0000002-20261127T011501Z",
            "000002-20261327T011501Z",
            "000002-20261127T011501",
            "000002-20261127T011501Z/..",
        ] {
            assert_eq!(wrong.parse::<RunName>(), Err(RunNameError), "{wrong}");
        }
    }

    #[test]
    fn what_a_cluster_did_not_tell_of_itself_is_unverified_in_the_record() {
        let judged = EvidenceSubject::Installation {
            namespace: "airlock".into(),
            id: "x2an".into(),
            release: "0.1.0".into(),
            server: "https://10.0.0.1:6443".into(),
            cluster_uid: Fact::Unverified("missing right: get namespaces".into()),
            caller: Fact::Known(Caller { user: "jane".into(), groups: vec!["admins".into()] }),
            plan_runs: Fact::Known(BTreeMap::from([("airlock".into(), Fact::Unverified("missing right: list configmaps".into()))])),
        };
        let written = serde_json::to_value(&judged).unwrap();
        assert_eq!(written.pointer("/installation/clusterUid/unverified").and_then(serde_json::Value::as_str), Some("missing right: get namespaces"));
        assert_eq!(written.pointer("/installation/caller/known/user").and_then(serde_json::Value::as_str), Some("jane"));
        assert_eq!(written.pointer("/installation/planRuns/known/airlock/unverified").and_then(serde_json::Value::as_str), Some("missing right: list configmaps"));
        assert_eq!(serde_json::from_value::<EvidenceSubject>(written).unwrap(), judged);
    }

    #[test]
    fn a_run_of_a_release_that_did_not_look_for_plans_says_nothing_of_them() {
        let unread = serde_json::json!({ "unverified": "missing right" });
        let older = serde_json::json!({ "installation": { "namespace": "airlock", "id": "x2an", "release": "0.1.0", "server": "https://10.0.0.1:6443", "clusterUid": unread, "caller": unread } });
        let EvidenceSubject::Installation { plan_runs, .. } = serde_json::from_value(older).unwrap() else { panic!("an installation") };
        assert_eq!(plan_runs.missing(), Some("the release that wrote the run kept no word of them"));
    }

    #[test]
    fn what_names_no_signer_is_refused_without_being_repeated() {
        assert_eq!("file:keys/evidence.pem".parse(), Ok(SignerReference::File("keys/evidence.pem".into())));
        assert_eq!("exec:/opt/sign".parse(), Ok(SignerReference::Program("/opt/sign".into())));
        for (text, error) in [
            ("", SignerReferenceError::Scheme),
            ("evidence.pem", SignerReferenceError::Scheme),
            ("env:KEY", SignerReferenceError::Scheme),
            ("file:", SignerReferenceError::Empty),
            ("exec:", SignerReferenceError::Empty),
        ] {
            assert_eq!(text.parse::<SignerReference>(), Err(error), "{text}");
        }
    }
}
