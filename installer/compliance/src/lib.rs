//! Checks, profiles, and reports: what was collected comes in as a [`Snapshot`], findings with a verdict go out.
//!
//! `profile` reads a policy and selects checks; `report` asks them what they need, and later turns their findings into
//! a [`Report`] with a gate. The checks stand in groups: `preflight` judges facts and a plan before the first
//! write, `installed` an installation by its objects and the outcomes of attempts, `objects` objects alone, `rights` roles and bindings,
//! `control_plane` what runs the cluster, `tasks` where tasks of tenants get to, `kubelets` what strangers are told,
//! `public_addresses` what the internet could reach, `provenance` which images admission refuses, `vulnerabilities` what scanners
//! reported, `measured` what monitoring sees, `open_ports` what listens; `whole_run`, `drift`, and `approved_plans` judge the run itself, what was changed since an install, and whether it was approved.
//! `pod_security` is the evaluator of the Pod Security Standards, for live pods and templates alike; `manifests` turns the text of files into objects, which the same checks
//! judge; `absent`, `attested`, and `awaited` say what cannot be judged: what is not installed, what people answer for, what is not there yet; `custom` makes checks of what a profile says in `expression`s; `admitted` says beside the findings what admission made of pods; `references` says what each check reads and which frameworks ask for it. [`evidence`] says whether reports that
//! were kept are still as they were written. Nothing here does IO or knows the time: a certificate is
//! judged by when it was seen, a scan by when the snapshot was taken. What was not given is never `Pass`.
//!
//! [`Snapshot`]: airlock_model::Snapshot

pub mod evidence;
pub mod manifests;

mod absent;
mod admitted;
mod approved_plans;
mod attempts;
mod attested;
mod awaited;
mod catalogue;
mod cluster_nodes;
mod comparison;
mod control_plane;
mod custom;
mod decisions;
mod described;
mod drift;
mod error;
mod expression;
mod installed;
mod kubelets;
mod live;
mod measured;
mod network;
mod objects;
mod open_ports;
mod parameter;
mod pod_images;
mod pod_security;
mod preflight;
mod profile;
mod promises;
mod provenance;
mod public_addresses;
mod public_key;
mod references;
mod refusal;
mod report;
mod rights;
mod tasks;
mod versions;
mod vulnerabilities;
mod whole_run;

pub use admitted::{Admitted, AdmittedChange, AdmittedPod, ChangeKind, Maker, UncomparedPods, makers, unasked_fields, unrendered_fields};
pub use attempts::database_attempts;
pub use awaited::{Awaited, awaited};
pub use catalogue::{check, checks, is_tried};
pub use comparison::{COMPARISON_SCHEMA, Comparison, Difference, Earlier, compare, worsened};
pub use control_plane::{LARGEST_NODE_REPORT, read_node_report};
pub use custom::{CustomChecks, OfProfile};
pub use decisions::{DecisionKind, Decisions, ExceptionInForce, NamedFinding, NamingError, Signature, SignedDocument, decision, decisions, literal};
pub use error::ComplianceError;
pub use installed::judge_fernet_key;
pub use network::{CONNECTIONS_SCHEMA, Connection, Connections, PortRange, PortSet, Protocol, UnverifiedObject, connections};
pub use objects::judge_secret;
pub use parameter::{Parameter, ParameterKind, parameters, parameters_of, setting};
pub use pod_security::{Control, PodSecurityLevel, PodSecurityVersion, PodSecurityVersionError, Violation, pod_security};
pub use preflight::{blocks, examined, preflight, pulled};
pub use profile::{
    LARGEST_CONTROL_LIST, ProfileChange, ProfileFault, ProfileFaults, ProfileFile, ProfilePart, ProfileWarning, ReadProfile, blank, control_list, differences, digest, fits, from_text, is_attestable,
    is_path, lint, load, matching, profile_text, selected, shipped, shipped_names, unprofiled, with_checks, with_setting, written,
};
pub use promises::{PromiseSummary, promises};
pub use public_key::{KeyError, PublicKey};
pub use references::{Framework, Reads, Reference, Standing, is_custom, references, standing};
pub use report::{CheckSummary, CheckTexts, ControlCheck, ControlSummary, ControlVerdict, Judging, REPORT_SCHEMA, Report, Score, Summary, judge, judge_decided, needs, needs_by_check};
pub use rights::{Holder, May, Request, Rights};
pub use vulnerabilities::{LARGEST_SCAN_REPORT, read_scan_report};
