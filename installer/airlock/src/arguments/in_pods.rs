//! Arguments of the hidden commands, which Airlock's own image runs in pods. None of them holds a secret: files do.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use airlock_model::{DeploymentName, SinkAddress, WayOut};
use airlock_probe::{CertificateServer, MountedVolume};
use clap::{Args, Subcommand};

use super::duration;

/// Arguments of `database`.
#[derive(Debug, Args)]
pub(crate) struct Database {
    #[command(subcommand)]
    pub(crate) command: DatabaseCommand,
}

/// What to do beside the database server.
#[derive(Debug, Subcommand)]
pub(crate) enum DatabaseCommand {
    /// Say whether a server is fit for Airflow deployments
    Examine(DatabaseExamine),
    /// Make a role and its database
    Grant(DatabaseGrant),
    /// Drop a role and its database
    Drop(DatabaseDrop),
    /// Try what the role of an Airflow deployment may
    Attempts(DatabaseAttempts),
}

/// The server, and the password of whoever logs in.
#[derive(Debug, Args)]
pub(crate) struct DatabaseServer {
    /// Name of the server, as its certificate bears it
    #[arg(long, value_name = "HOST")]
    pub(crate) host: String,
    /// Its port
    #[arg(long, value_name = "PORT", default_value_t = 5432)]
    pub(crate) port: u16,
    /// File with the password of the role that logs in
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: PathBuf,
    /// Authorities that the server's certificate is verified against, PEM; else those of the system
    #[arg(long, value_name = "FILE")]
    pub(crate) authority: Option<PathBuf>,
}

/// The server, and the administrator who logs in.
#[derive(Debug, Args)]
pub(crate) struct DatabaseLogin {
    #[command(flatten)]
    pub(crate) server: DatabaseServer,
    /// Role that may make roles and databases
    #[arg(long, value_name = "ROLE", allow_hyphen_values = true)]
    pub(crate) administrator: String,
}

/// Arguments of `database examine`.
#[derive(Debug, Args)]
pub(crate) struct DatabaseExamine {
    #[command(flatten)]
    pub(crate) login: DatabaseLogin,
    /// The connections that one Airflow deployment may take
    #[arg(long, value_name = "NUMBER")]
    pub(crate) connections: u32,
}

/// The server, and whose database it is.
#[derive(Debug, Args)]
pub(crate) struct DatabaseRole {
    #[command(flatten)]
    pub(crate) login: DatabaseLogin,
    /// The installation whose role it is, where others use the server too
    #[arg(long, value_name = "ID")]
    pub(crate) mark: Option<String>,
    /// The role, which bears the same name as its database
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: String,
}

/// Arguments of `database grant`.
#[derive(Debug, Args)]
pub(crate) struct DatabaseGrant {
    #[command(flatten)]
    pub(crate) of: DatabaseRole,
    /// File with the verifier of the role's password
    #[arg(long, value_name = "FILE")]
    pub(crate) verifier_file: PathBuf,
    /// The most connections that the role may have at a time
    #[arg(long, value_name = "NUMBER")]
    pub(crate) connections: u32,
}

/// Arguments of `database drop`.
#[derive(Debug, Args)]
pub(crate) struct DatabaseDrop {
    #[command(flatten)]
    pub(crate) of: DatabaseRole,
    /// Drop the database only if it bears the mark of being kept in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) kept: Option<String>,
}

/// Arguments of `database attempts`.
#[derive(Debug, Args)]
pub(crate) struct DatabaseAttempts {
    /// The Airflow deployment
    #[arg(long, value_name = "NAME")]
    pub(crate) deployment: DeploymentName,
    #[command(flatten)]
    pub(crate) server: DatabaseServer,
    /// The installation whose roles are looked for, where others use the server too
    #[arg(long, value_name = "ID")]
    pub(crate) mark: Option<String>,
    /// File for what came out
    #[arg(long, value_name = "FILE")]
    pub(crate) outcomes: PathBuf,
}

/// Arguments of `tunnel`.
#[derive(Debug, Args)]
pub(crate) struct Tunnel {
    /// Address on the loopback to listen on
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: SocketAddr,
    /// The one server behind it; else whoever comes asks for one by CONNECT
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    pub(crate) to: Option<(String, u16)>,
    /// The way out, as plans have it
    #[arg(long, value_name = "JSON", value_parser = way_out)]
    pub(crate) way_out: WayOut,
    /// File with the password of the proxy
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

/// Arguments of `probe`.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Probe {
    /// Attempts as a JSON array; outcomes are printed as one
    #[arg(long, value_name = "JSON")]
    pub(crate) attempts: Option<String>,
    /// Accept connections on this port until terminated
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) listen: Option<u16>,
}

/// Arguments of `alert`.
#[derive(Debug, Args)]
pub(crate) struct Alert {
    /// Alertmanager, by the name in its certificate
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    pub(crate) alertmanager: (String, u16),
    /// Authorities that its certificate is verified against, PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) authority: PathBuf,
    /// File with the password of its user `airlock`
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: PathBuf,
    /// How it tells the receiver, as its measurements call it
    #[arg(long, value_name = "NAME")]
    pub(crate) receiver: String,
    /// File with the address of a webhook, which must be one of HTTPS
    #[arg(long, value_name = "FILE")]
    pub(crate) url_file: Option<PathBuf>,
}

/// Arguments of `certificates`.
#[derive(Debug, Args)]
pub(crate) struct Certificates {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// How to listen where others could reach it, as Prometheus' exporters read it; without it in plain HTTP
    #[arg(long, value_name = "FILE")]
    pub(crate) web_config: Option<PathBuf>,
    /// A server that presents a certificate, the name that it is asked for, and the file with the one that it should present
    #[arg(long, required = true, value_name = "NAME=HOST:PORT[=FILE]", value_parser = certificate_server)]
    pub(crate) server: Vec<CertificateServer>,
}

/// Arguments of `volume`.
#[derive(Debug, Args)]
pub(crate) struct Volume {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// How to listen where others could reach it, as Prometheus' exporters read it; without it in plain HTTP
    #[arg(long, value_name = "FILE")]
    pub(crate) web_config: Option<PathBuf>,
    /// The claim, and where its volume is mounted
    #[arg(long = "volume", value_name = "CLAIM=DIR", value_parser = mounted_volume)]
    pub(crate) mounted: MountedVolume,
}

/// Arguments of `renew`.
#[derive(Debug, Args)]
pub(crate) struct Renew {
    /// Certificates by their Secrets; else all
    #[arg(value_name = "SECRET")]
    pub(crate) secrets: Vec<String>,
    /// From this look to the next: 60s, 30m, 12h
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) every: Duration,
    /// Renew what is not due, too
    #[arg(long)]
    pub(crate) force: bool,
}

/// Arguments of `auditor`.
#[derive(Debug, Args)]
pub(crate) struct Auditor {
    /// The evidence folder; each audit adds a folder of its own
    #[arg(long, value_name = "DIR")]
    pub(crate) evidence: PathBuf,
    /// Mounted file with the profile to judge by, where the answers name one out of a file
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
    /// File of a mounted Secret with the private key that signs; else nobody does
    #[arg(long, value_name = "FILE")]
    pub(crate) signer: Option<PathBuf>,
    /// Where else each run is told to, as plans have it
    #[arg(long, value_name = "JSON", value_parser = sink)]
    pub(crate) sink: Option<SinkAddress>,
    /// File of a mounted Secret with what the sink is written to with
    #[arg(long, value_name = "FILE", requires = "sink")]
    pub(crate) sink_secret: Option<PathBuf>,
    /// Authorities that the sink's certificate is verified against, PEM; else those of the system
    #[arg(long, value_name = "FILE", requires = "sink")]
    pub(crate) sink_authority: Option<PathBuf>,
    /// Further authorities that are believed, PEM
    #[arg(long, value_name = "FILE", requires = "sink")]
    pub(crate) trust: Option<PathBuf>,
    /// Whose runs a log server is told that these are
    #[arg(long, value_name = "HOST", default_value = "")]
    pub(crate) origin: String,
    /// The way out, as plans have it
    #[arg(long, value_name = "JSON", value_parser = way_out, requires = "sink")]
    pub(crate) way_out: Option<WayOut>,
    /// File with the password of the proxy
    #[arg(long, value_name = "FILE", requires = "way_out")]
    pub(crate) password_file: Option<PathBuf>,
}

/// Arguments of `reload`.
#[derive(Debug, Args)]
pub(crate) struct Reload {
    /// Folder whose change makes a reload due
    #[arg(long, required = true, value_name = "DIR")]
    pub(crate) watch: Vec<PathBuf>,
    /// Certificate chain, PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: PathBuf,
    /// Its key, PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// Name of the server's process
    #[arg(long, value_name = "NAME")]
    pub(crate) process: String,
    /// Where the server listens
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) verify: SocketAddr,
    /// A host that it serves
    #[arg(long, value_name = "HOST")]
    pub(crate) server_name: String,
}

/// Reads `name:port`.
fn host_and_port(text: &str) -> Result<(String, u16), String> {
    let parts = text.rsplit_once(':').and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
    parts.ok_or_else(|| "a name with a port is due, as in monitoring.airlock.svc:9093".to_owned())
}

fn sink(text: &str) -> Result<SinkAddress, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn way_out(text: &str) -> Result<WayOut, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// Reads `claim=folder`; the claim becomes a label.
fn mounted_volume(text: &str) -> Result<MountedVolume, String> {
    let is_name = |claim: &str| !claim.is_empty() && claim.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    let (claim, path) = text.split_once('=').filter(|(claim, path)| is_name(claim) && !path.is_empty()).ok_or_else(|| "the name of a claim, `=`, and a folder are due".to_owned())?;
    Ok(MountedVolume { claim: claim.to_owned(), path: path.into() })
}

/// Reads `name=host:port` or `name=host:port=file`.
fn certificate_server(text: &str) -> Result<CertificateServer, String> {
    let (server_name, at) = text.split_once('=').ok_or_else(|| "a name, `=`, and where to connect to are due".to_owned())?;
    let (at, stored) = at.split_once('=').map_or((at, None), |(at, file)| (at, Some(PathBuf::from(file))));
    let (host, port) = host_and_port(at)?;
    Ok(CertificateServer { host, port, server_name: server_name.to_owned(), stored })
}
