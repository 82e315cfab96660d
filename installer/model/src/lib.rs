//! The words of Airlock: types only, no IO, no async, no kube. Every other room knows this one and this one knows none.
//!
//! [`Answers`] and a [`Release`] come in, and an [`AirflowDeployment`] for each Airflow; the survey adds [`Facts`]; from them follows a [`Plan`] of [`PlannedStep`]s;
//! joined with an [`Approval`] it is an [`ApprovedPlan`], the only thing the engine carries out, telling [`Event`]s on
//! the way. A [`Check`] says what it needs and turns a [`Snapshot`] into [`Finding`]s with a [`Verdict`].
//! A [`Secret`] can be used but not shown, and [`Untrusted`] text is escaped when it is shown.

pub mod answers;
pub mod names;
mod node_report;
pub mod prometheus;
pub mod selector;

mod acme;
mod amount;
mod approval;
mod attempt;
mod audit;
mod blocking;
mod causes;
mod check;
mod code;
mod control_plane;
mod deployment;
mod digest;
mod event;
mod evidence;
mod examination;
mod exemption;
mod exit;
mod facts;
mod host_name;
mod image;
mod issuer;
mod made;
mod object;
mod outcome;
mod plan;
mod plan_run;
mod pool_pull;
mod profile;
mod record;
mod release;
mod renewable;
mod scan;
mod scan_report;
mod secret;
mod sink_address;
mod snapshot;
mod subject;
mod untrusted;
mod way_out;

pub use acme::{AcmeSource, Challenge, DnsProgram, DnsUpdate, TsigAlgorithm};
pub use amount::{Amount, quantity, quantity_millis};
pub use answers::Answers;
pub use approval::{Approval, ApprovedBy, ApprovedPlan, PlanMismatch};
pub use attempt::bounds::{self, Written};
pub use attempt::{ApiCaller, Attempt, AttemptAction, AttemptId, Credentials, CredentialsForm, PrometheusQuestion, Target, TlsVersion, Trust, Vantage};
pub use audit::{AuditResult, AuditedRun, Worsened};
pub use blocking::blocking_line;
pub use causes::with_causes;
pub use check::{Check, CheckSpec, Evidence, Finding, Need, Reason, Remedy, Severity, Verdict, World, WorldDatabase, WorldDeployment, WorldNode, WorldServer, WorldService};
pub use code::{Code, CodeSpec, Coded, codes, explain_code};
pub use control_plane::{ControlPlane, ControlPlanePart, Provider, Transformation};
pub use deployment::{AirflowDeployment, DeploymentName, DeploymentNameError, DeploymentQuota};
pub use digest::{Digest, DigestError};
pub use event::{Event, Events, Silence, Ticket};
pub use evidence::{EVIDENCE_SCHEMA, EvidenceArguments, EvidenceDocument, EvidenceKey, EvidenceProfile, EvidenceRun, EvidenceSubject, RunName, RunNameError, SignerReference, SignerReferenceError};
pub use examination::{DatabaseExamination, DatabaseFacts, Meeting};
pub use exemption::{Attestation, Attestations, Exception, ExceptionMatch, Exceptions};
pub use exit::Exit;
pub use facts::{Admission, ApiServer, Caller, ClusterDns, Fact, Facts, Namespace, Node, Quota, QuotaLine, ServerVersion, StorageClass};
pub use host_name::{HostName, HostNameError};
pub use image::{ImageLock, ImageRef, ImageRefError, LockedImage};
pub use issuer::{CERT_MANAGER, CLUSTER_ISSUER, ISSUER, Issuer, IssuerReference};
pub use made::{CertificateSource, CertificateSpec, CertificateSubject, CertificateTrust, OfflineRoot, Recipe, SecretClass, SecretEntry, SecretKeyRef, SecretSpec};
pub use node_report::{NodeReport, NodeResult, NodeStatus};
pub use object::{Object, ObjectError, ObjectRef};
pub use outcome::{AttemptResult, Deliveries, LoadedRule, Measured, Outcome, PathStatus, Presented, RuleHealth, SetCookie};
pub use plan::{Action, Change, Connection, FieldChange, Gate, Operation, Plan, PlannedStep, Purpose, PushSpec, Right, Risk, StepId, Undo};
pub use plan_run::PlanRun;
pub use pool_pull::{PoolPull, Pulled};
pub use profile::{
    CheckRule, Control, ControlCoverage, CustomCheck, CustomTest, CustomValidation, CustomVariable, ExceptionPolicy, ExceptionRule, ExpectedVerdict, GateRule, LeftOut, Locked, ObjectMatch,
    ParameterSetting, Profile, ProfileDocument, ProfileGate, ProfileKey, ProfileMetadata, ReasonedValue, Requirement, ScoreRule,
};
pub use record::{CertificateFacts, Installed, Inventory, LiveObject, LiveSecret, Record};
pub use release::{Release, ReleaseImage};
pub use renewable::{Renewable, RenewalOutcome, RenewalResult, RenewalWindow, ServedAt};
pub use scan::{NoPortRange, PodPorts, PortRange, ScannedPod};
pub use scan_report::{ScanField, ScanReport};
pub use secret::Secret;
pub use sink_address::SinkAddress;
pub use snapshot::{
    Drifted, JudgedSecret, JudgingRun, Permission, Planned, ReadFault, SearchedLogs, SecretLeak, SharedSecret, Snapshot, SnapshotObject, Source, StoredCertificate, Templates, Unread, UnreadLog,
};
pub use subject::{Place, Subject, field_path};
pub use untrusted::Untrusted;
pub use way_out::{OpenWay, WayOut, is_listed};
