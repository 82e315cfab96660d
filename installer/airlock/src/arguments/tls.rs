//! Arguments of `tls`.

use std::path::PathBuf;

use airlock_model::HostName;
use airlock_tls::Host;
use clap::{Args, Subcommand, ValueHint};
use jiff::Timestamp;

/// Arguments of `tls`.
#[derive(Debug, Args)]
pub(crate) struct Tls {
    #[command(subcommand)]
    pub(crate) command: TlsCommand,
}

/// What to do with certificates.
#[derive(Debug, Subcommand)]
pub(crate) enum TlsCommand {
    /// Say whether certificates and their key will do for a server, and put the chain in order; nothing is written
    Check(TlsCheck),
    /// Take the certificate that an authority issued by the installation's request; one that would not work is not stored
    Import(TlsImport),
    /// Show the platform's certificates: names, end, next renewal, how the last one ended, and whether what is stored is served
    Status,
    /// Let the renewer look at the certificates now; what is due is renewed
    Renew(TlsRenew),
    /// Let another authority take the place of one of the platform's, while both are believed; run it again to go on
    Rotate(TlsRotate),
    /// Show how nodes and people's machines come to believe the certificate of the base domain; nothing is written
    Trust(TlsTrust),
    /// Make a root for the base domain that stays with you: a certificate, and a key that opens with a password alone
    Root(TlsRoot),
}

/// Arguments of `tls root`.
#[derive(Debug, Args)]
pub(crate) struct TlsRoot {
    /// The base domain; the root can vouch for nothing else
    #[arg(value_name = "DOMAIN")]
    pub(crate) domain: HostName,
    /// Folder for root.crt and root.key
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, default_value = ".")]
    pub(crate) out: PathBuf,
    /// Where the password of the key is
    #[arg(long, value_name = "env:NAME|file:PATH")]
    pub(crate) key_password: String,
    /// How long it is valid, in years
    #[arg(long, value_name = "YEARS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=30))]
    pub(crate) years: u32,
}

/// Arguments of `tls import`.
#[derive(Debug, Args)]
pub(crate) struct TlsImport {
    /// Files that came back, in any order: PEM, DER, PKCS#7; the certificate and those of its issuers
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// File with the authorities that clients believe, beside `trust.ca` of the answers and those of this system
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca: Vec<PathBuf>,
}

/// Arguments of `tls trust`.
#[derive(Debug, Args)]
pub(crate) struct TlsTrust {
    /// Print the authority alone, as a file `ca.crt` holds it
    #[arg(long)]
    pub(crate) pem: bool,
}

/// Arguments of `tls renew`.
#[derive(Debug, Args)]
pub(crate) struct TlsRenew {
    /// Certificates by their Secrets, as `tls status` names them [default: all]
    #[arg(value_name = "SECRET")]
    pub(crate) secrets: Vec<String>,
    /// Renew what is not due, too
    #[arg(long)]
    pub(crate) force: bool,
}

/// Arguments of `tls rotate`.
#[derive(Debug, Args)]
pub(crate) struct TlsRotate {
    /// The authority by its Secret, as `tls status` names it: internal-ca, base-domain-ca
    #[arg(value_name = "AUTHORITY")]
    pub(crate) authority: String,
    /// Nodes and people believe the next one: it may sign what they see
    #[arg(long)]
    pub(crate) trusted: bool,
}

/// Arguments of `tls check`.
#[derive(Debug, Args)]
pub(crate) struct TlsCheck {
    /// Files with certificates, in any order: PEM, DER, PKCS#7, PKCS#12; together they are one chain
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "connect")]
    pub(crate) files: Vec<PathBuf>,
    /// File with the private key
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "files")]
    pub(crate) key: Option<PathBuf>,
    /// Where the password of an encrypted key or PKCS#12 file is
    #[arg(long, value_name = "env:NAME|file:PATH")]
    pub(crate) key_password: Option<String>,
    /// A name that must be covered: platform.example.com, or *.platform.example.com for the hosts below it
    #[arg(long = "host", value_name = "NAME", value_parser = host)]
    pub(crate) hosts: Vec<Host>,
    /// File with the authorities that clients believe [default: those of this system]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca: Vec<PathBuf>,
    /// The time that counts as now, as in 2027-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,
    /// Look at what this server presents, too, and at what it refuses
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub(crate) connect: Option<Address>,
    /// What clients tolerate although RFC 5280 and the CA/Browser Forum forbid it is an error
    #[arg(long)]
    pub(crate) strict: bool,
    /// A certificate that ends within a week is a warning
    #[arg(long)]
    pub(crate) allow_ending: bool,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
}

fn host(text: &str) -> Result<Host, String> {
    text.parse::<Host>().map_err(|finding| finding.why.to_string())
}

fn address(text: &str) -> Result<Address, String> {
    let example = || "a server is HOST:PORT, as in platform.example.com:443 or [2001:db8::1]:443".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(example)?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if host.is_empty() || host.contains(['/', '@']) || (bare.is_none() && host.contains(':')) {
        return Err(example());
    }
    let port = port.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(example)?;
    Ok(Address { host: bare.unwrap_or(host).to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_a_host_and_a_port() {
        let of = |host: &str, port| Ok(Address { host: host.to_owned(), port });
        assert_eq!(address("platform.example.com:443"), of("platform.example.com", 443));
        assert_eq!(address("[2001:db8::1]:8443"), of("2001:db8::1", 8443));
        for wrong in ["platform.example.com", ":443", "a:0", "a:99999", "https://a:443", "2001:db8::1:443", "a:", ""] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
