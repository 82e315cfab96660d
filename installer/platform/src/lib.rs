//! What Airlock installs and in which order, as plans; the only room that knows all others. It neither prints nor prompts.
//!
//! [`prepare()`] turns answers and a cluster into a [`Prepared`] plan: survey, image lock, render, observe, plan, rehearse,
//! without a write; [`prepare_written()`] makes one ready that was approved as a file; [`guide`] holds the questions that lead to answers. [`install()`] carries it out and judges the result; [`verify`] judges at any time, [`manifests`] judges files without a cluster. [`deployment`] does
//! the same for each Airflow deployment; [`database`] is what its Jobs do beside the database server. [`renewal`] keeps certificates from ending; [`trust`] says who has to believe them, and how.
//! [`judged_by`] says by which profile an installation is judged: one that ships, or the company's own, of which a copy is installed.
//! [`evidence`] keeps reports so that nobody can change or drop one unseen; [`audit`] judges by schedule, from inside the cluster.
//! `desired` says what should be, `planning` (pure) what is missing.

pub mod audit;
pub mod database;
pub mod deployment;
pub mod evidence;
pub mod guide;
pub mod judged_by;
pub mod manifests;
pub mod renewal;
pub mod requirements;
pub mod status;
pub mod trust;
pub mod uninstall;
pub mod verify;

mod certificate;
mod decided;
mod desired;
mod error;
mod generation;
mod images;
mod install;
mod leaks;
mod named_file;
mod node_trial;
mod observe;
mod planning;
mod prepare;
mod reload;
mod remove;
mod requests;
mod rights;
mod signature;
mod written;

pub use certificate::{Import, import};
pub use decided::{Handed, decided};
pub use error::PlatformError;
pub use install::{Installed, install};
pub use named_file::open_named;
pub use node_trial::{node_trial, try_nodes, untried_nodes};
pub use prepare::{Prepared, inspect, prepare};
pub use written::{WrittenPlan, prepare_written};

pub use airlock_cluster::{Cluster, ClusterError, ClusterOptions, KnownContext, contexts};
pub use airlock_compliance::{
    Admitted, AdmittedChange, AdmittedPod, CONNECTIONS_SCHEMA, ChangeKind, CheckSummary, Comparison, ComplianceError, Connections, ControlCheck, ControlSummary, ControlVerdict, CustomChecks,
    Difference, Earlier, LARGEST_NODE_REPORT, LARGEST_SCAN_REPORT, PromiseSummary, Reads, Reference, Report, Standing, UncomparedPods, UnverifiedObject, blocks, checks, compare, parameters_of,
    read_node_report, read_scan_report, references, setting, shipped, standing, unprofiled, with_checks, with_setting,
};
pub use airlock_engine::{ApplyError, ApplyOptions, Halt, Imported, NodeTrial, Stop, StopSignal, Urgency, difference};

/// Security policy profiles as documents: reading, joining, comparing.
pub mod profiles {
    pub use airlock_compliance::{DecisionKind, Decisions, NamedFinding, NamingError, decision, literal};
    pub use airlock_compliance::{
        LARGEST_CONTROL_LIST, ProfileChange, ProfileFault, ProfilePart, ProfileWarning, blank, control_list, differences, digest, from_text, is_attestable, is_path, lint, load, matching,
        profile_text, shipped_names, written,
    };
}
