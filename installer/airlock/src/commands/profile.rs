//! `airlock profile`: the profiles that ship, and files of them, without a cluster.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use airlock_model::{Coded as _, Control, Digest, Exit, Profile, ProfileDocument, ProfileMetadata};
use airlock_platform::profiles::{self, ProfileChange, ProfileWarning};
use airlock_platform::{ComplianceError, shipped};
use serde::Serialize;

use super::session::Session;
use crate::arguments::{ControlsCommand, ControlsImport, Format, ProfileCommand, ProfileDiff, ProfileLint, ProfileNew, ProfileShow};
use crate::bounded_file;
use crate::failure::Failure;
use crate::output::profiles as screens;
use crate::profile_file::{self, failure, named};

pub(super) fn run(session: &Session<'_>, command: &ProfileCommand) -> Result<Exit, Failure> {
    session.output.text_or_json("profile")?;
    match command {
        ProfileCommand::List => list(session),
        ProfileCommand::Show(arguments) => show(session, arguments),
        ProfileCommand::Lint(arguments) => lint(session, arguments),
        ProfileCommand::Diff(arguments) => diff(session, arguments),
        ProfileCommand::New(arguments) => new(session, arguments),
        ProfileCommand::Controls(arguments) => match &arguments.command {
            ControlsCommand::Import(arguments) => import(session, arguments),
        },
    }
}

/// A profile in a line.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listed {
    #[serde(flatten)]
    pub(crate) metadata: ProfileMetadata,
    pub(crate) digest: Digest,
    pub(crate) checks: usize,
    pub(crate) controls: usize,
}

fn listed(profile: &Profile) -> Result<Listed, ComplianceError> {
    Ok(Listed { metadata: profile.metadata.clone(), digest: profiles::digest(profile)?, checks: profile.checks.len(), controls: profile.controls.len() })
}

fn list(session: &Session<'_>) -> Result<Exit, Failure> {
    let all = profiles::shipped_names().map(|name| listed(&shipped(name)?)).collect::<Result<Vec<_>, _>>().map_err(failure)?;
    session.output.result("profile list", || screens::list(&all), &all)?;
    Ok(Exit::Ok)
}

/// A profile with all that it extends, as a document that comes to the same.
#[derive(Serialize)]
struct Effective {
    digest: Digest,
    profile: ProfileDocument,
}

fn show(session: &Session<'_>, arguments: &ProfileShow) -> Result<Exit, Failure> {
    if arguments.effective {
        let profile = named(&arguments.profile)?;
        let effective = Effective { digest: profiles::digest(&profile).map_err(failure)?, profile: profiles::written(&profile) };
        let text = screens::yaml(&effective.profile)?;
        session.output.result("profile show", || format!("# {}\n{text}", effective.digest), &effective)?;
        return Ok(Exit::Ok);
    }
    // One that is wrong is told with its line, not shown.
    named(&arguments.profile)?;
    let written = profiles::profile_text(&arguments.profile, &profile_file::file).map_err(failure)?;
    match session.output.format {
        Format::Json => session.output.document(&ProfileDocument::from_yaml(&written).map_err(|error| Failure::Answers { path: arguments.profile.clone().into(), error })?.0)?,
        _ => session.output.data(&screens::written(&written))?,
    }
    Ok(Exit::Ok)
}

/// What was found in one file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Linted {
    pub(crate) file: String,
    /// None: it cannot be used.
    pub(crate) profile: Option<Listed>,
    pub(crate) faults: Vec<LintFault>,
    pub(crate) warnings: Vec<LintWarning>,
}

/// One thing to be thought of.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LintWarning {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) message: String,
}

/// One thing that is wrong.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LintFault {
    /// Where: the file itself, or one that it extends.
    pub(crate) file: String,
    pub(crate) line: Option<u32>,
    pub(crate) column: Option<u32>,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

fn lint(session: &Session<'_>, arguments: &ProfileLint) -> Result<Exit, Failure> {
    let linted: Vec<Linted> = arguments.files.iter().map(|file| linted(file)).collect();
    session.output.result("profile lint", || screens::linted(&linted, session.output.data_style), &linted)?;
    Ok(if linted.iter().all(|file| file.faults.is_empty()) { Exit::Ok } else { Exit::Usage })
}

fn linted(file: &str) -> Linted {
    // A file is meant where there is one, also by the name of a profile that ships.
    let is_shipped = || profiles::shipped_names().any(|name| name == file) && !Path::new(file).exists();
    let path = if profiles::is_path(file) || is_shipped() { file.to_owned() } else { format!("./{file}") };
    match profiles::lint(&path, &profile_file::file).and_then(|(profile, warnings)| Ok((listed(&profile)?, warnings))) {
        Ok((profile, warnings)) => {
            let warning = |warning: ProfileWarning| LintWarning { file: warning.file, line: warning.at.line, column: warning.at.column, message: warning.message };
            Linted { file: file.to_owned(), profile: Some(profile), faults: Vec::new(), warnings: warnings.into_iter().map(warning).collect() }
        }
        Err(ComplianceError::Faults(faults)) => {
            let fault = |fault: &profiles::ProfileFault| LintFault {
                file: faults.file().to_owned(),
                line: fault.at.as_ref().map(|at| at.line),
                column: fault.at.as_ref().map(|at| at.column),
                code: fault.error.code().0,
                message: fault.error.to_string(),
            };
            Linted { file: file.to_owned(), profile: None, faults: faults.faults().map(fault).collect(), warnings: Vec::new() }
        }
        Err(error) => {
            let fault = LintFault { file: file.to_owned(), line: None, column: None, code: error.code().0, message: error.to_string() };
            Linted { file: file.to_owned(), profile: None, faults: vec![fault], warnings: Vec::new() }
        }
    }
}

/// Two profiles and what differs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Compared {
    pub(crate) first: Listed,
    pub(crate) second: Listed,
    pub(crate) changes: Vec<ProfileChange>,
}

fn diff(session: &Session<'_>, arguments: &ProfileDiff) -> Result<Exit, Failure> {
    let (first, second) = (named(&arguments.first)?, named(&arguments.second)?);
    let compared = Compared { changes: profiles::differences(&first, &second), first: listed(&first).map_err(failure)?, second: listed(&second).map_err(failure)? };
    session.output.result("profile diff", || screens::compared(&compared, session.output.data_style), &compared)?;
    Ok(Exit::Ok)
}

/// What was written.
#[derive(Serialize)]
struct Written<'a> {
    file: &'a str,
}

/// A file that is there already is never written over.
fn new(session: &Session<'_>, arguments: &ProfileNew) -> Result<Exit, Failure> {
    let blank = profiles::blank(&arguments.name, &arguments.extends).map_err(failure)?;
    let file = format!("{}.yaml", arguments.name);
    // What it builds on must be there.
    profiles::from_text(&file, &blank, &profile_file::file).map_err(failure)?;
    let written = OpenOptions::new().write(true).create_new(true).open(&file).and_then(|mut opened| opened.write_all(blank.as_bytes()));
    written.map_err(|source| Failure::FileUnwritable { path: Path::new(&file).to_owned(), source })?;
    session.output.result("profile new", || format!("{file}\n"), &Written { file: &file })?;
    session.output.talk(&format!("say in it who owns it, then judge by it:\n  airlock compliance-check --profile ./{file}"));
    Ok(Exit::Ok)
}

/// The part of a profile that a list of controls becomes.
#[derive(Serialize)]
struct Controls {
    controls: Vec<Control>,
}

fn import(session: &Session<'_>, arguments: &ControlsImport) -> Result<Exit, Failure> {
    let bytes = bounded_file::bytes(&arguments.file, profiles::LARGEST_CONTROL_LIST).map_err(|source| Failure::FileUnreadable { path: arguments.file.clone(), source })?;
    let controls = Controls { controls: profiles::control_list(&bytes).map_err(failure)? };
    let text = screens::yaml(&controls)?;
    session.output.result("profile controls import", || text, &controls)?;
    Ok(Exit::Ok)
}
