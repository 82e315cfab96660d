//! A sink of evidence as a person or a pod names it, with what its references lead to.

use std::path::Path;

use airlock_model::answers::{EvidenceAnswers, LARGEST};
use airlock_model::{OpenWay, Secret};
use airlock_platform::PlatformError;
use airlock_platform::evidence::{EvidenceError, Sink, SinkSettings};
use airlock_tls::Authorities;

use crate::arguments::Auditor;
use crate::failure::Failure;
use crate::{bounded_file, environment, file_content};

/// Bytes of a mounted file that are read.
const LARGEST_MOUNTED: usize = 1 << 20;

/// The sink of a document in the words of `evidence` in the answers.
pub(crate) fn read(path: &Path) -> Result<Sink, Failure> {
    let text = bounded_file::text(path, LARGEST).map_err(|source| Failure::FileUnreadable { path: path.to_owned(), source })?;
    let answers = EvidenceAnswers::sink_from_yaml(&text).map_err(|error| Failure::Answers { path: path.to_owned(), error })?;
    let Some(address) = answers.address() else { return Err(Failure::Argument(format!("{}: `sink: folder` is nobody elsewhere; possible are https, s3, and syslog", path.display()))) };
    let secret = answers.credential().map(|reference| file_content::secret("evidence-sink", reference)).transpose()?;
    let authority = answers.authority.as_ref().map(|reference| file_content::secret("evidence-sink", reference)).transpose()?;
    let authority = authority.as_ref().map(|pem| pem.expose().as_str());
    let authorities = believed(&address.to_string(), authority.as_slice(), authority.is_none())?;
    let origin = rustix::system::uname().nodename().to_string_lossy().into_owned();
    made(SinkSettings { address, secret, authorities, way: environment::way_out()?, origin })
}

/// The sink that the auditor's pod is given.
pub(crate) fn mounted(arguments: &Auditor) -> Result<Option<Sink>, Failure> {
    let Some(address) = arguments.sink.clone() else { return Ok(None) };
    let text = |path: &Path| bounded_file::text(path, LARGEST_MOUNTED).map_err(|source| Failure::FileUnreadable { path: path.to_owned(), source });
    let secret = |path: &Option<_>| path.as_deref().map(|path| text(path).map(Secret::new)).transpose();
    let pems = arguments.sink_authority.iter().chain(&arguments.trust).map(|path| text(path)).collect::<Result<Vec<_>, _>>()?;
    let pems: Vec<&str> = pems.iter().map(String::as_str).collect();
    let authorities = believed(&address.to_string(), &pems, arguments.sink_authority.is_none())?;
    let password = secret(&arguments.password_file)?;
    let way = arguments.way_out.clone().map(|way| OpenWay { way, password });
    made(SinkSettings { address, secret: secret(&arguments.sink_secret)?, authorities, way, origin: arguments.origin.clone() }).map(Some)
}

fn believed(sink: &str, pems: &[&str], and_system: bool) -> Result<Authorities, Failure> {
    let unusable = |error| EvidenceError::SinkSettings { sink: sink.to_owned(), why: format!("its authority: {}", airlock_model::with_causes(&error)) };
    Authorities::joined(pems.iter().copied(), and_system).map_err(unusable).map_err(failed)
}

fn made(settings: SinkSettings) -> Result<Sink, Failure> {
    Sink::new(settings).map_err(failed)
}

fn failed(error: EvidenceError) -> Failure {
    PlatformError::from(error).into()
}
