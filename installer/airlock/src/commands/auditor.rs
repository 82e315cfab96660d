//! `airlock auditor`, in the auditor's pod: the installation is judged, the report is kept, and what got worse is told.

use airlock_model::{Exit, SignerReference};
use airlock_platform::audit::{Keeping, audit};

use super::session::Session;
use crate::arguments::Auditor;
use crate::failure::Failure;
use crate::output::audit as screen;

/// The Job fails where there is no report; what the report says is for whoever reads it, and for the alert.
pub(super) async fn run(session: &Session<'_>, arguments: &Auditor) -> Result<Exit, Failure> {
    let cluster = session.connect().await?;
    let signer = arguments.signer.clone().map(SignerReference::Mounted);
    let keeping = Keeping { folder: &arguments.evidence, signer: signer.as_ref(), version: env!("CARGO_PKG_VERSION") };
    let audited = Box::pin(audit(&cluster, session.namespace(), &keeping, &session.halt())).await?;
    session.output.talk(screen::audit(&audited.audit, session.output.talk_style).trim_end());
    session.output.line(&audited)?;
    Ok(Exit::Ok)
}
