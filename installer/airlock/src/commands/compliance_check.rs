//! `airlock compliance-check`: the installation against a profile, by attempts that are listed first; or files, without a
//! cluster.

mod permissions;

use std::path::{Path, PathBuf};

use airlock_model::{Answers, Attempt, Digest, EvidenceDocument, EvidenceSubject, Exit, NodeReport, Profile, ScanReport, Untrusted, Verdict, Written};
use airlock_platform::profiles::{DecisionKind, Decisions};
use airlock_platform::{
    Cluster, Earlier, Handed, LARGEST_NODE_REPORT, LARGEST_SCAN_REPORT, PlatformError, Report, compare, decided, evidence, judged_by, manifests, read_node_report, read_scan_report, unprofiled,
    verify, with_checks, with_setting,
};
use serde::Serialize;

use super::evidence::{Keeping, Kept};
use super::session::Session;
use crate::arguments::{ComplianceCheck, Format, NodeReportFile, Probes};
use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::output::report::{self, Circumstances, PolicyApi};
use crate::output::{comparison, connections};
use crate::{bounded_file, plan_file, profile_file};

/// Bytes of an earlier report that are read, as of one that evidence holds.
const LARGEST_REPORT: usize = 1 << 30;

pub(super) async fn run(session: &Session<'_>, arguments: &ComplianceCheck) -> Result<Exit, Failure> {
    if arguments.connections {
        session.output.text_or_json("compliance-check --connections")?;
        return list(session, arguments).await;
    }
    if arguments.permissions {
        return Box::pin(permissions::list(session, arguments)).await;
    }
    if arguments.probes == Probes::List {
        return Box::pin(list_attempts(session, arguments)).await;
    }
    let earlier = arguments.diff.as_deref().map(|file| earlier(session, file)).transpose()?;
    // What is wrong with the arguments is told before anything is written or asked for.
    decisions(arguments, &chosen(arguments, None)?)?;
    let reports = Reports::read(arguments)?;
    let keeping = match &arguments.evidence {
        Some(folder) => Some(Box::pin(Keeping::begin(session, folder, arguments)).await?),
        None => None,
    };
    let Judged { report: mut judged, circumstances, told, kept } =
        if arguments.manifests.is_empty() && arguments.plan.is_none() { Box::pin(of_cluster(session, arguments, reports)).await? } else { of_files(session, arguments, reports).await? };
    let compared = earlier.map(|earlier| compare(&earlier, &judged));
    if !shows_passes(session, arguments) {
        judged.findings.retain(|finding| finding.verdict != Verdict::Pass);
    }
    if let (Some(keeping), Some(kept)) = (keeping, kept) {
        Box::pin(keeping.keep(session, arguments, &judged, kept, shows_passes(session, arguments))).await?;
    }
    match compared {
        Some(compared) => session.output.result("compliance-check --diff", || comparison::comparison(&compared, session.output.data_style), &compared)?,
        None => show(session, &judged, &circumstances)?,
    }
    if judged.summary.gate_failed {
        session.output.insist(&report::refusal(&judged));
    }
    told.map(|()| if judged.summary.gate_failed { Exit::Compliance } else { Exit::Ok })
}

/// What is wrong with it is told before anything is judged.
fn earlier(session: &Session<'_>, file: &Path) -> Result<Earlier, Failure> {
    session.output.text_or_json("compliance-check --diff")?;
    let text = bounded_file::bytes(file, LARGEST_REPORT).map_err(|source| Failure::FileUnreadable { path: file.to_owned(), source })?;
    Earlier::read(&text).map_err(|error| PlatformError::from(error).into())
}

/// A report, and what stands beside it.
struct Judged {
    report: Report,
    circumstances: Circumstances,
    /// Whether what happened could be written down.
    told: Result<(), Failure>,
    /// What evidence holds beside the report, where it is kept.
    kept: Option<Kept>,
}

async fn of_files(session: &Session<'_>, arguments: &ComplianceCheck, reports: Reports) -> Result<Judged, Failure> {
    let plan = arguments.plan.as_deref().map(|file| Ok::<_, Failure>((file.to_owned(), plan_file::read(file, None)?))).transpose()?;
    let planned = plan.as_ref().filter(|_| takes_installed(arguments)).map(|(_, plan)| plan.profile()).transpose()?;
    let profile = chosen(arguments, planned)?;
    let (decisions, mut documents) = decisions(arguments, &profile)?;
    documents.extend(reports.documents);
    let paths: Vec<PathBuf> = arguments.plan.iter().chain(&arguments.manifests).cloned().collect();
    let passes = needs_passes(session, arguments);
    let subject = || EvidenceSubject::Files { paths: paths.iter().map(|path| Untrusted::new(path.to_string_lossy().into_owned())).collect() };
    let kept = arguments.evidence.is_some().then(|| Kept { profile: profile.clone(), subject: subject(), documents });
    let circumstances = Circumstances::of_files(&paths);
    let judging = tokio::task::spawn_blocking(move || {
        let options = manifests::JudgeOptions { profile: &profile, decisions: &decisions, scan_reports: &reports.scans, passes };
        let judged = match &plan {
            Some((file, plan)) => manifests::judge_plan(file, plan, &options),
            None => manifests::judge(&paths, &options),
        };
        judged.map_err(Failure::from)
    });
    let report = session.reading(async { judging.await.unwrap_or(Err(Failure::Interrupted)) }).await?;
    Ok(Judged { report, circumstances, told: Ok(()), kept })
}

/// The list is no proof while something that may allow more was not understood.
async fn list(session: &Session<'_>, arguments: &ComplianceCheck) -> Result<Exit, Failure> {
    let paths = arguments.manifests.clone();
    let listing = tokio::task::spawn_blocking(move || manifests::connections(&paths).map_err(Failure::from));
    let listed = session.reading(async { listing.await.unwrap_or(Err(Failure::Interrupted)) }).await?;
    session.output.result("compliance-check", || listed.to_string(), &listed)?;
    session.output.talk(&connections::unbound(&listed));
    if listed.unverified.is_empty() {
        return Ok(Exit::Ok);
    }
    session.output.insist(&connections::unverified(&listed));
    Ok(Exit::Compliance)
}

/// Which attempts the profile asks for, for programs.
#[derive(Serialize)]
struct Listed<'a> {
    attempts: Vec<Bounded<'a>>,
}

/// An attempt with what it does at most.
#[derive(Serialize)]
struct Bounded<'a> {
    #[serde(flatten)]
    attempt: &'a Attempt,
    count: Option<u32>,
    writes: Option<Written>,
}

/// What the run without the flag would try, before anybody lets it.
async fn list_attempts(session: &Session<'_>, arguments: &ComplianceCheck) -> Result<Exit, Failure> {
    session.output.text_or_json("compliance-check --probes list")?;
    let cluster = session.connect().await?;
    let (_, answers) = session.reading(verify::recorded(&cluster, session.namespace())).await?;
    let profile = of_installation(session, arguments, &cluster, &answers).await?;
    let intended = session.reading(verify::intend(&cluster, &answers, profile)).await?;
    let attempts = intended.attempts.iter().map(|attempt| Bounded { attempt, count: attempt.count(), writes: attempt.writes() }).collect();
    session.output.result("compliance-check", || report::intended(&intended.attempts), &Listed { attempts })?;
    Ok(Exit::Ok)
}

async fn of_cluster(session: &Session<'_>, arguments: &ComplianceCheck, reports: Reports) -> Result<Judged, Failure> {
    let progress = Progress::new(session.output, session.log, arguments.events.clone())?;
    let cluster = session.connect().await?;
    let (record, answers) = session.reading(verify::recorded(&cluster, session.namespace())).await?;
    let profile = of_installation(session, arguments, &cluster, &answers).await?;
    let (decisions, mut documents) = decisions(arguments, &profile)?;
    documents.extend(reports.documents);
    let kept = match arguments.evidence {
        Some(_) => Some(Kept { profile: profile.clone(), subject: session.reading(evidence::installation(&cluster, session.namespace(), &record)).await?, documents }),
        None => None,
    };
    let mut intended = session.reading(verify::intend(&cluster, &answers, profile)).await?;
    intended.decisions = decisions;
    intended.node_reports = reports.nodes;
    intended.scan_reports = reports.scans;
    if arguments.probes == Probes::None {
        intended.attempts.clear();
        progress.say("no attempt is made, as --probes none says: what attempts would show is unverified");
    } else {
        progress.say(report::intended(&intended.attempts).trim_end());
        progress.busy("making the attempts");
    }
    let judged = Box::pin(verify::judge(&cluster, &record, &intended, needs_passes(session, arguments), &session.halt(), &progress)).await;
    let told = progress.finish();
    Ok(Judged { report: judged?, circumstances: Circumstances::of_installation(&cluster, session.namespace(), &record), told, kept })
}

fn show(session: &Session<'_>, judged: &Report, circumstances: &Circumstances) -> Result<(), Failure> {
    let output = session.output;
    match output.format {
        Format::Csv => output.data(&report::csv(judged)),
        Format::Html => output.data(&report::html(judged, circumstances)?),
        Format::Junit => output.data(&report::junit(judged)?),
        Format::Markdown => output.data(&report::markdown(judged)),
        Format::Openreports => output.document(&report::policy_reports(judged, circumstances, PolicyApi::OpenReports)),
        Format::Oscal => output.document(&report::oscal(judged, circumstances)),
        Format::Policyreport => output.document(&report::policy_reports(judged, circumstances, PolicyApi::WorkingGroup)),
        Format::Sarif => output.document(&report::sarif(judged)),
        Format::Text | Format::Json => output.result("compliance-check", || report::report(judged, output.data_style, output.verbose), judged),
    }
}

/// What passes tells a comparison of what still stands.
const fn needs_passes(session: &Session<'_>, arguments: &ComplianceCheck) -> bool {
    shows_passes(session, arguments) || arguments.diff.is_some()
}

const fn shows_passes(session: &Session<'_>, arguments: &ComplianceCheck) -> bool {
    arguments.all || session.output.verbose
}

/// What people decided about findings, as of today, and the documents that say so.
fn decisions(arguments: &ComplianceCheck, profile: &Profile) -> Result<(Decisions, Vec<EvidenceDocument>), Failure> {
    let of = |files: &[PathBuf], kind| files.iter().map(|file| profile_file::handed(file, kind)).collect::<Result<Vec<_>, _>>();
    let mut handed = of(&arguments.exceptions, DecisionKind::Exceptions)?;
    handed.extend(of(&arguments.attestations, DecisionKind::Attestations)?);
    let documents = handed.iter().map(|Handed { file, text, .. }| EvidenceDocument { file: file.clone(), digest: Digest::of(text.as_bytes()) }).collect();
    Ok((decided(profile, handed, profile_file::today())?, documents))
}

/// What other programs wrote and people hand over.
struct Reports {
    nodes: Vec<NodeReport>,
    scans: Vec<ScanReport>,
    documents: Vec<EvidenceDocument>,
}

impl Reports {
    /// A file that is no such report ends it before anything is asked for.
    fn read(arguments: &ComplianceCheck) -> Result<Self, Failure> {
        let bytes = |path: &Path, largest| bounded_file::bytes(path, largest).map_err(|source| Failure::FileUnreadable { path: path.to_owned(), source });
        let mut read = Self { nodes: Vec::new(), scans: Vec::new(), documents: Vec::new() };
        for NodeReportFile { node, path } in &arguments.node_report {
            let report = read_node_report(node, &path.to_string_lossy(), &bytes(path, LARGEST_NODE_REPORT)?).map_err(profile_file::failure)?;
            read.documents.push(EvidenceDocument { file: report.file.raw().to_owned(), digest: report.digest.clone() });
            read.nodes.push(report);
        }
        for path in &arguments.scan_report {
            let (file, bytes) = (path.to_string_lossy().into_owned(), bytes(path, LARGEST_SCAN_REPORT)?);
            read.scans.extend(read_scan_report(&file, &bytes).map_err(profile_file::failure)?);
            read.documents.push(EvidenceDocument { file, digest: Digest::of(&bytes) });
        }
        Ok(read)
    }
}

/// Whether no flag names a profile, or says that there be none.
const fn takes_installed(arguments: &ComplianceCheck) -> bool {
    arguments.profile.is_none() && !arguments.no_profile
}

/// The profile by which the installation is judged, unless a flag says otherwise.
async fn of_installation(session: &Session<'_>, arguments: &ComplianceCheck, cluster: &Cluster, answers: &Answers) -> Result<Profile, Failure> {
    let installed = if takes_installed(arguments) { Some(session.reading(judged_by::installed(cluster, answers)).await?) } else { None };
    chosen(arguments, installed)
}

/// The profile that is named, else the installed one, else none; with the checks and parameters of the flags.
fn chosen(arguments: &ComplianceCheck, installed: Option<Profile>) -> Result<Profile, Failure> {
    let mut profile = match &arguments.profile {
        Some(named) => profile_file::named(named)?,
        None => installed.unwrap_or_else(unprofiled),
    };
    if let Some(checks) = &arguments.checks {
        profile = with_checks(profile, checks).map_err(profile_file::failure)?;
    }
    for text in &arguments.set {
        profile = with_setting(profile, text).map_err(profile_file::failure)?;
    }
    Ok(profile)
}
