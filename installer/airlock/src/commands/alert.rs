//! `airlock alert`, in a pod beside Alertmanager: one message to the receiver of alerts, and what became of it.

use std::path::Path;

use airlock_model::{Exit, Secret};
use airlock_probe::AlertTrial;

use crate::arguments::Alert;
use crate::failure::Failure;

pub(super) async fn run(arguments: &Alert) -> Result<Exit, Failure> {
    if let Some(path) = &arguments.url_file
        && !Secret::new(text(path)?).expose().trim_start().starts_with("https://")
    {
        return Err(Failure::Argument("the address of the webhook does not begin with https://; alerts go over verified TLS alone".into()));
    }
    let (host, port) = &arguments.alertmanager;
    let trial =
        AlertTrial { host: host.clone(), port: *port, authorities: text(&arguments.authority)?, password: Secret::new(text(&arguments.password_file)?), integration: arguments.receiver.clone() };
    airlock_probe::try_receiver(&trial).await?;
    Ok(Exit::Ok)
}

fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|source| Failure::FileUnreadable { path: path.to_owned(), source })
}
