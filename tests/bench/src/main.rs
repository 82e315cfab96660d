//! Airlock's side of `make bench`: the way of objects through the program, without questions, waits, or a plan around it.
//!
//! `airlock-bench KUBECONFIG NAMESPACE FILE` brings a namespace to the state of a file of YAML documents and prints how many
//! it wrote. It does with them what a run does with the objects of a step (`apply`); `compare` beside `src` calls it.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Parser;

mod apply;

#[derive(Parser)]
struct Arguments {
    /// Whose credentials.
    kubeconfig: PathBuf,
    /// Where the objects go.
    namespace: String,
    /// YAML documents without a namespace.
    file: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    rustls::crypto::aws_lc_rs::default_provider().install_default().map_err(|_| anyhow::anyhow!("a TLS provider is installed already"))?;
    let Arguments { kubeconfig, namespace, file } = Arguments::parse();
    let written = apply::apply(kubeconfig, &namespace, &file).await?;
    writeln!(std::io::stdout(), "{written}")?;
    Ok(())
}
