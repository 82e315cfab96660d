//! `airlock auditor`, in the auditor's pod: the installation is judged, the report is kept, and what got worse is told.

use airlock_model::{Exit, SignerReference};
use airlock_platform::PlatformError;
use airlock_platform::audit::{Ended, Keeping, audit};

use super::session::Session;
use crate::arguments::Auditor;
use crate::failure::Failure;
use crate::output::{audit as screen, evidence};
use crate::sink_file;

/// The Job fails where there is no report, and where the sink was not told of it; what the report says is for whoever reads it, and for the alert.
pub(super) async fn run(session: &Session<'_>, arguments: &Auditor) -> Result<Exit, Failure> {
    let sink = sink_file::mounted(arguments)?;
    let cluster = session.connect().await?;
    let signer = arguments.signer.clone().map(SignerReference::Mounted);
    let keeping = Keeping { folder: &arguments.evidence, signer: signer.as_ref(), sink, profile: arguments.profile.as_deref(), version: env!("CARGO_PKG_VERSION") };
    let Ended { audited, told } = Box::pin(audit(&cluster, session.namespace(), keeping, &session.halt())).await?;
    session.output.talk(screen::audit(&audited.audit, session.output.talk_style).trim_end());
    session.output.line(&audited)?;
    if let Some(told) = told.map_err(PlatformError::from)? {
        session.output.talk(&evidence::told(&told));
    }
    Ok(Exit::Ok)
}
