//! `airlock tunnel`, in a pod beside a program that calls outside: it is led through the company's proxy.

use airlock_model::Exit;

use crate::arguments::Tunnel;
use crate::failure::Failure;
use crate::output::Output;

pub(super) async fn run(arguments: &Tunnel, output: &Output) -> Result<Exit, Failure> {
    let Tunnel { listen, to, way_out, password_file } = arguments;
    let tunnel = airlock_probe::Tunnel { listen: *listen, to: to.clone(), way: way_out.clone(), password_file: password_file.clone() };
    tunnel.serve(|line| output.insist(line)).await?;
    Ok(Exit::Ok)
}
