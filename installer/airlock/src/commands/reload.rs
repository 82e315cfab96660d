//! `airlock reload`, in pods: tells a server when its files changed, and sees that it serves them.

use airlock_model::Exit;

use crate::arguments::Reload;
use crate::failure::Failure;
use crate::reload;

pub(super) async fn run(arguments: &Reload) -> Result<Exit, Failure> {
    reload::run(arguments).await?;
    Ok(Exit::Ok)
}
