//! `airlock evidence`, and the run that `compliance-check --evidence` adds to a folder.

use std::path::Path;
use std::time::Duration;

use airlock_model::{EvidenceArguments, EvidenceDocument, EvidenceSubject, Exit, Profile, SignerReference, Verdict};
use airlock_platform::evidence::{EvidenceWriter, Judged, SeenFolder, Span, Verification, read, told, trusted, verified};
use airlock_platform::{PlatformError, Report};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::session::{Session, whoami};
use crate::arguments::{ComplianceCheck, EvidenceCommand, EvidenceFolder, EvidenceReport, Format};
use crate::failure::Failure;
use crate::output::period::Form;
use crate::output::{evidence, period};
use crate::sink_file;

pub(super) async fn run(session: &Session<'_>, command: &EvidenceCommand) -> Result<Exit, Failure> {
    match command {
        EvidenceCommand::Verify(arguments) => verify(session, arguments).await,
        EvidenceCommand::Report(arguments) => tell(session, arguments).await,
    }
}

async fn verify(session: &Session<'_>, arguments: &EvidenceFolder) -> Result<Exit, Failure> {
    session.output.text_or_json("evidence verify")?;
    let (_, verification) = looked_at(session, arguments).await?;
    session.output.result("evidence verify", || evidence::verification(&verification, session.output.data_style), &verification)?;
    Ok(ended(session, &verification))
}

async fn tell(session: &Session<'_>, arguments: &EvidenceReport) -> Result<Exit, Failure> {
    let form = match session.output.format {
        Format::Text | Format::Json => Form::Text,
        Format::Markdown => Form::Markdown,
        _ => return Err(session.output.no_such_format("evidence report", "text, json, markdown")),
    };
    let span = span(arguments, Timestamp::now())?;
    let (seen, verification) = looked_at(session, &arguments.folder).await?;
    let told = told(&arguments.folder.folder, &seen, &verification, span).map_err(PlatformError::from)?;
    match session.output.format {
        Format::Json => session.output.document(&told)?,
        _ => session.output.data(&period::period(&told, form))?,
    }
    Ok(ended(session, &verification))
}

/// From the beginning of the first day to the end of the last one, or to now.
fn span(arguments: &EvidenceReport, now: Timestamp) -> Result<Span, Failure> {
    let wrong = || Failure::Argument(format!("--from {} --to {}: the first day must come before the last one, and have begun", arguments.from, arguments.to));
    let begin = |day: Date| day.to_zoned(TimeZone::UTC).map(|day| day.timestamp()).map_err(|_| wrong());
    let (from, after) = (begin(arguments.from)?, begin(arguments.to.tomorrow().map_err(|_| wrong())?)?);
    let to = now.min(after - Duration::from_secs(1));
    if from < to { Ok(Span { from, to, every: arguments.every }) } else { Err(wrong()) }
}

/// A folder as it was read, and what was found out about it.
async fn looked_at(session: &Session<'_>, arguments: &EvidenceFolder) -> Result<(SeenFolder, Verification), Failure> {
    let keys = trusted(&arguments.trust).map_err(PlatformError::from)?;
    let (folder, head) = (arguments.folder.clone(), arguments.head.clone());
    let reading = tokio::task::spawn_blocking(move || read(&folder, head.as_deref()).map_err(|error| PlatformError::from(error).into()));
    let (seen, head) = session.reading(async { reading.await.unwrap_or(Err(Failure::Interrupted)) }).await?;
    let verification = verified(&seen, &keys, head.as_ref());
    Ok((seen, verification))
}

fn ended(session: &Session<'_>, verification: &Verification) -> Exit {
    if verification.verdict == Verdict::Fail {
        session.output.insist(&evidence::refusal(verification));
        return Exit::Bundle;
    }
    Exit::Ok
}

/// A folder that a run will be added to.
pub(super) struct Keeping {
    writer: EvidenceWriter,
    began: Timestamp,
}

/// What was judged, by what.
pub(super) struct Kept {
    pub(super) profile: Profile,
    pub(super) subject: EvidenceSubject,
    pub(super) documents: Vec<EvidenceDocument>,
}

impl Keeping {
    /// Looks at folder, key, and head, before anything is judged.
    pub(super) async fn begin(session: &Session<'_>, folder: &Path, arguments: &ComplianceCheck) -> Result<Self, Failure> {
        // A text that is no reference is not repeated: it could be the key itself.
        let key = arguments.evidence_key.as_deref().map(str::parse::<SignerReference>).transpose().map_err(|error| Failure::Argument(format!("--evidence-key: it {error}")))?;
        let began = Timestamp::now();
        let sink = arguments.evidence_sink.as_deref().map(sink_file::read).transpose()?;
        let opening = Box::pin(async { EvidenceWriter::open(folder, arguments.evidence_head.as_deref(), key.as_ref()).await?.telling(sink).await });
        let writer = session.reading(async { opening.await.map_err(PlatformError::from) }).await?;
        Ok(Self { writer, began })
    }

    /// Adds the run.
    pub(super) async fn keep(&self, session: &Session<'_>, arguments: &ComplianceCheck, report: &Report, kept: Kept, passes: bool) -> Result<(), Failure> {
        let judged = Judged {
            report,
            profile: &kept.profile,
            subject: kept.subject,
            arguments: EvidenceArguments {
                profile: arguments.profile.clone(),
                no_profile: arguments.no_profile,
                checks: arguments.checks.clone(),
                set: arguments.set.clone(),
                all: passes,
                documents: kept.documents,
            },
            began: self.began,
            writer: whoami(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let written = session.reading(self.writer.write(&judged)).await?;
        let told = evidence::written(&written);
        if written.signed_by.is_some() {
            session.output.talk(&told);
        } else {
            session.output.insist(&told);
        }
        if let Some(told) = session.reading(async { self.writer.tell().await.map_err(PlatformError::from) }).await? {
            session.output.talk(&evidence::told(&told));
        }
        Ok(())
    }
}
