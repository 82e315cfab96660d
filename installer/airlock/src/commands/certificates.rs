//! `airlock certificates`, in a pod: when the certificates end that servers present.

use airlock_model::Exit;

use crate::arguments::Certificates;
use crate::failure::Failure;

pub(super) async fn run(arguments: &Certificates) -> Result<Exit, Failure> {
    airlock_probe::measure_certificates(arguments.listen, arguments.web_config.as_deref(), &arguments.server).await?;
    Ok(Exit::Ok)
}
