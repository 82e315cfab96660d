//! What can be typed. Text only: what it means is resolved by the commands.

mod compliance;
mod evidence;
mod in_pods;
mod profile;
mod tls;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

pub(crate) use compliance::{ComplianceCheck, NodeReportFile, Probes};
pub(crate) use evidence::{Evidence, EvidenceCommand, EvidenceFolder, EvidenceReport};
pub(crate) use in_pods::{Alert, Auditor, Certificates, Database, DatabaseCommand, DatabaseLogin, DatabaseServer, Probe, Reload, Renew, Tunnel, Volume};
pub(crate) use profile::{Attest, Exception, ExceptionCommand, ExceptionRequest};
pub(crate) use profile::{ControlsCommand, ControlsImport, DocumentKind, Profile, ProfileCommand, ProfileDiff, ProfileLint, ProfileNew, ProfileShow, Schema};
pub(crate) use tls::{Tls, TlsCheck, TlsCommand, TlsImport, TlsRenew, TlsRoot, TlsRotate, TlsTrust};

/// Installs a private registry and Apache Airflow on a Kubernetes cluster under the customer's security rules.
///
/// What it will do is a plan that you see before it happens; what it did is shown by attempts.
#[derive(Debug, Parser)]
#[command(name = "airlock", version, disable_help_subcommand = true, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0 ok                          7 compliance gate failed
  1 bug                         8 bundle or signature bad
  2 usage, or answers wrong     9 another run holds the lease
  3 a finding blocks           10 changes pending (plan --exit-code)
  4 cluster unreachable        11 waiting for something outside
  5 apply failed, run again    12 plan or approval no longer matches
  6 gave up waiting           130 interrupted, run again";

/// Flags of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Kubeconfig file; else KUBECONFIG, else ~/.kube/config
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Global options")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig; else its current one
    #[arg(long, global = true, value_name = "NAME", help_heading = "Global options")]
    pub(crate) context: Option<String>,
    /// The platform's namespace [default: as in the answers, else airlock]
    #[arg(short, long, global = true, value_name = "NAME", help_heading = "Global options")]
    pub(crate) namespace: Option<String>,
    /// Form of the result: text, json; of requirements also csv, html; of evidence report also markdown; of compliance-check also csv, html, junit, markdown, openreports, oscal, policyreport, sarif
    #[arg(short, long, global = true, value_name = "FORMAT", default_value = "text", hide_possible_values = true, help_heading = "Global options")]
    pub(crate) output: Format,
    /// Say nothing but results and failures
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub(crate) quiet: bool,
    /// Say more: every object that is touched
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(crate) verbose: bool,
    /// Agree beforehand to what would be asked
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(crate) yes: bool,
    /// End the run after this time: 90s, 30m, 2h
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, help_heading = "Global options")]
    pub(crate) timeout: Option<Duration>,
}

/// Form of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// Rows for a spreadsheet (requirements, compliance-check)
    Csv,
    /// One page for a browser, and for paper (requirements, compliance-check)
    Html,
    /// XML for a build server (compliance-check)
    Junit,
    /// Text for a ticket (compliance-check, evidence report)
    Markdown,
    /// Report objects of openreports.io/v1alpha1 for a cluster's dashboard (compliance-check)
    Openreports,
    /// OSCAL assessment results for a system of governance (compliance-check)
    Oscal,
    /// Report objects of wgpolicyk8s.io/v1alpha2 for a cluster's dashboard (compliance-check)
    Policyreport,
    /// SARIF 2.1.0 for a code scanner's dashboard (compliance-check)
    Sarif,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what an installation will ask for, without a cluster
    Requirements(Requirements),
    /// Look at the cluster: facts and findings; nothing is written, unless --probes has nodes tried
    Inspect(Inspect),
    /// Make the plan and show it; nothing is written
    Plan(Plan),
    /// Bring the cluster to the answers, after the plan was agreed to
    Install(Install),
    /// Show what is installed, ready, and expiring
    Status,
    /// Take the installation away; data stays unless asked otherwise
    Uninstall(Uninstall),
    /// Airflow deployments: make, change, list, show, delete
    Deployment(Deployment),
    /// Certificates: say whether they will do, take those that were asked for, how those of the platform are, and renew them
    Tls(Tls),
    /// Judge the installation against a security policy profile, by attempts; or files, without a cluster
    ComplianceCheck(ComplianceCheck),
    /// Evidence: reports that `compliance-check --evidence` kept; verified without a cluster
    Evidence(Evidence),
    /// Security policy profiles: list, show, lint, compare, and begin them, without a cluster
    Profile(Profile),
    /// Exceptions: failures that somebody bears for a time
    Exception(Exception),
    /// Draft an attestation of what no program sees, to be signed
    Attest(Attest),
    /// Explain a check, an error code, or a step; without an id, list all
    Explain(Explain),
    /// Print the JSON Schema of the answers, or of another kind of document
    Schema(Schema),
    /// Print completions for a shell
    Completions(Completions),
    /// In pods: carry out attempts, or be their target
    #[command(hide = true)]
    Probe(Probe),
    /// In pods beside the database server: make or drop the database of an Airflow deployment
    #[command(hide = true)]
    Database(Database),
    /// In a pod beside Alertmanager: send the receiver of alerts one message
    #[command(hide = true)]
    Alert(Alert),
    /// In a pod: measure when certificates end
    #[command(hide = true)]
    Certificates(Certificates),
    /// In pods that call outside: lead the program beside it through the company's proxy
    #[command(hide = true)]
    Tunnel(Tunnel),
    /// In pods with a volume: measure how full it is
    #[command(hide = true)]
    Volume(Volume),
    /// In the renewer's pod: look at each certificate of the platform, and renew what is due
    #[command(hide = true)]
    Renew(Renew),
    /// In the auditor's pod: judge the installation, keep the report, and say what is worse than it was
    #[command(hide = true)]
    Auditor(Box<Auditor>),
    /// In pods: tell a server when its certificate changed, and see that it serves it
    #[command(hide = true)]
    Reload(Reload),
}

/// The answers of a command that cannot do without.
#[derive(Debug, Args)]
pub(crate) struct AnswersFile {
    /// File with the answers
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) answers: PathBuf,
    #[command(flatten)]
    pub(crate) on: OnCluster,
}

/// What is said about the cluster that answers name.
#[derive(Debug, Args)]
pub(crate) struct OnCluster {
    /// Take the answers although they name another cluster
    #[arg(long)]
    pub(crate) other_cluster: bool,
}

/// Arguments of `requirements`.
#[derive(Debug, Args)]
pub(crate) struct Requirements {
    /// File with the answers; without it, the defaults
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) answers: Option<PathBuf>,
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// File with the answers; with it, findings say whether its plan is allowed and fits
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) answers: Option<PathBuf>,
    /// Try what reading cannot tell: pods that pull an image on a node of each pool, in a namespace made for it; listed first, and agreed to
    #[arg(long)]
    pub(crate) probes: bool,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) answers: AnswersFile,
    /// End with 10 when there are changes
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// Arguments of `install`.
#[derive(Debug, Args)]
pub(crate) struct Install {
    /// File with the answers; without it, a terminal is asked
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) answers: Option<PathBuf>,
    /// Carry out the plan in this file, as `airlock plan -o json` or the guided run wrote it, and nothing else
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["answers", "other_cluster"])]
    pub(crate) plan: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) on: OnCluster,
    /// Write what happens to this file, a JSON document a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) events: Option<PathBuf>,
    /// End after this step
    #[arg(long, value_name = "STEP")]
    pub(crate) until: Option<String>,
}

/// Arguments of `uninstall`.
#[derive(Debug, Args)]
pub(crate) struct Uninstall {
    /// Delete volumes, keys, and namespaces too; they do not come back
    #[arg(long)]
    pub(crate) delete_data: bool,
    /// Write what happens to this file, a JSON document a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) events: Option<PathBuf>,
}

/// Arguments of `deployment`.
#[derive(Debug, Args)]
pub(crate) struct Deployment {
    #[command(subcommand)]
    pub(crate) command: DeploymentCommand,
}

/// What to do with Airflow deployments.
#[derive(Debug, Subcommand)]
pub(crate) enum DeploymentCommand {
    /// Make a deployment, or bring it to what is asked for
    Create(DeploymentCreate),
    /// Bring a deployment to its document
    Apply(DeploymentApply),
    /// List the deployments
    List,
    /// Show one deployment
    Show(DeploymentShow),
    /// Take a deployment away; a dump of its database stays unless asked otherwise
    Delete(DeploymentDelete),
}

/// Arguments of `deployment create`.
#[derive(Debug, Args)]
pub(crate) struct DeploymentCreate {
    /// Its name: part of its host, its namespace, and its database
    pub(crate) name: String,
    /// An image with Airflow and DAGs [default: Airflow of this release]
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) image: Option<String>,
    /// A DAG of two tasks that shows that everything works
    #[arg(long)]
    pub(crate) example_dag: bool,
    /// Write the document and do nothing else
    #[arg(long)]
    pub(crate) print: bool,
    /// Write what happens to this file, a JSON document a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) events: Option<PathBuf>,
}

/// Arguments of `deployment apply`.
#[derive(Debug, Args)]
pub(crate) struct DeploymentApply {
    /// File with the document
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Write what happens to this file, a JSON document a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) events: Option<PathBuf>,
}

/// Arguments of `deployment show`.
#[derive(Debug, Args)]
pub(crate) struct DeploymentShow {
    /// Its name
    pub(crate) name: String,
    /// Show the first login, password included
    #[arg(long)]
    pub(crate) credentials: bool,
}

/// Arguments of `deployment delete`.
#[derive(Debug, Args)]
pub(crate) struct DeploymentDelete {
    /// Its name
    pub(crate) name: String,
    /// Keep no dump of its database
    #[arg(long)]
    pub(crate) no_dump: bool,
    /// Write what happens to this file, a JSON document a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) events: Option<PathBuf>,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Id of a check (NET-010), an error code (cluster.unreachable), or a step (gate.dns)
    pub(crate) id: Option<String>,
    /// Explain checks of a profile's own (ACME-001) as well: its name, or the path of a file
    #[arg(long, value_name = "PROFILE", value_hint = ValueHint::FilePath)]
    pub(crate) profile: Option<String>,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

/// Reads `90s`, `30m`, `2h`, or plain seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix(|c: char| c.is_ascii_alphabetic()) {
        Some(number) => (number, &text[number.len()..]),
        None => (text, "s"),
    };
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err("a time is a number with s, m, or h, as in 30m".into()),
    };
    let number = number.parse::<u64>().map_err(|_| "a time is a number with s, m, or h, as in 30m".to_owned())?;
    match number.checked_mul(seconds).filter(|seconds| (1..=7 * 24 * 3600).contains(seconds)) {
        Some(seconds) => Ok(Duration::from_secs(seconds)),
        None => Err("a time is at least a second and at most a week".into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_grammar_of_the_command_line_has_no_contradiction() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("30m"), Ok(Duration::from_mins(30)));
        assert_eq!(duration("2h"), Ok(Duration::from_hours(2)));
        assert_eq!(duration("45"), Ok(Duration::from_secs(45)));
        for wrong in ["", "m", "1d", "-1s", "0s", "1.5h", "999999999999999999h", "é"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    /// Every command and subcommand, with its full name.
    fn walk(command: &mut clap::Command, name: &str, screens: &mut String) {
        let _ = writeln!(screens, "===== {name} --help\n{}", command.render_help());
        let below: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        for sub in below {
            if let Some(sub_command) = command.find_subcommand_mut(&sub) {
                walk(sub_command, &format!("{name} {sub}"), screens);
            }
        }
    }

    #[test]
    fn the_help_of_every_command_is_recorded() {
        let mut command = Arguments::command();
        command.build();
        let mut screens = String::new();
        walk(&mut command, "airlock", &mut screens);
        insta::assert_snapshot!("help", screens);
    }
}
