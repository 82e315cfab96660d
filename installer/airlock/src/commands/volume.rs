//! `airlock volume`, in a pod beside the program that writes to a volume: how full it is.

use airlock_model::Exit;

use crate::arguments::Volume;
use crate::failure::Failure;

pub(super) async fn run(arguments: &Volume) -> Result<Exit, Failure> {
    airlock_probe::measure_volume(arguments.listen, arguments.web_config.as_deref(), &arguments.mounted).await?;
    Ok(Exit::Ok)
}
