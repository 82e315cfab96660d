//! dns-01 by a program of the customer's, for DNS that has another interface.
//!
//! The program is run with one argument, `present`, `ready`, or `cleanup`, and reads one line of JSON on standard input:
//! `{"records":[{"name":"_acme-challenge.example.com","value":"…"},…]}`. All values of an order come at once, and several can
//! have the same name: all of them must stand there together, beside whatever else is there. `cleanup` takes away these
//! values and no others; it also runs where `present` failed half-way.
//!
//! Exit code 0: done; for `ready`: all servers show all values. 75 of `ready`: not yet, it is asked again. Anything else: it
//! failed; how its standard error begins is shown. Standard output is not read. Nothing secret is given to it; its own
//! credentials it finds itself, in the environment that it inherits, without the variables that are others' secrets.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::error::AcmeError;
use super::http::first_words;
use super::solver::{ChallengeKind, Doing, Proof, Solver, records};

/// `EX_TEMPFAIL` of sysexits.h.
const NOT_YET: i32 = 75;
const WAIT: Duration = Duration::from_secs(2);

/// dns-01 by a program.
pub struct Hook {
    /// The program.
    pub program: PathBuf,
    /// How long one run of it may take; it is killed then.
    pub run_limit: Duration,
    /// How long `ready` may say "not yet".
    pub limit: Duration,
    /// Variables of the environment that it does not inherit.
    pub withheld: BTreeSet<String>,
}

/// Where a program lies that is named by its absolute path, or by its name on the search path (`PATH`).
pub fn find_program(program: &str) -> Result<PathBuf, AcmeError> {
    let path = Path::new(program);
    let looked_at: Vec<PathBuf> =
        if path.is_absolute() { vec![path.to_owned()] } else { std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).map(|folder| folder.join(path)).collect() };
    let mut why = "is not on the search path (PATH)".to_owned();
    for candidate in looked_at {
        match std::fs::metadata(&candidate) {
            Ok(found) if !found.is_file() => why = format!("is no file ({})", candidate.display()),
            Ok(found) if found.permissions().mode() & 0o111 == 0 => why = format!("is not executable ({})", candidate.display()),
            Ok(_) => return Ok(candidate),
            Err(error) if path.is_absolute() => why = format!("cannot be found ({error})"),
            Err(_) => {}
        }
    }
    Err(AcmeError::NoProgram { program: program.to_owned(), why })
}

impl Hook {
    /// None when it is done, and what the program says where that is not yet.
    async fn run(&self, argument: &'static str, proofs: &[Proof]) -> Result<Option<Vec<u8>>, AcmeError> {
        let output = match tokio::time::timeout(self.run_limit, self.output(argument, proofs)).await {
            Ok(output) => output.map_err(|error| self.failed(argument, format!("cannot be run ({error})"), b""))?,
            Err(_) => return Err(self.failed(argument, format!("was ended after {} s", self.run_limit.as_secs()), b"")),
        };
        match output.status.code() {
            Some(0) => Ok(None),
            Some(NOT_YET) if argument == "ready" => Ok(Some(output.stderr)),
            Some(code) => Err(self.failed(argument, format!("ended with {code}"), &output.stderr)),
            None => Err(self.failed(argument, "was killed".to_owned(), &output.stderr)),
        }
    }

    async fn output(&self, argument: &str, proofs: &[Proof]) -> io::Result<Output> {
        let mut command = Command::new(&self.program);
        for name in &self.withheld {
            command.env_remove(name);
        }
        let mut child = command.arg(argument).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
        let line = format!("{}\n", json!({ "records": records(proofs) }));
        if let Some(mut input) = child.stdin.take() {
            match input.write_all(line.as_bytes()).await {
                // A program that needs no values does not read them.
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
                _ => (),
            }
        }
        child.wait_with_output().await
    }

    fn failed(&self, argument: &'static str, how: String, words: &[u8]) -> AcmeError {
        AcmeError::Hook { program: self.program.display().to_string(), argument, how, words: first_words(words) }
    }
}

impl Solver for Hook {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::Dns01
    }

    fn present<'a>(&'a self, proofs: &'a [Proof]) -> Doing<'a> {
        Box::pin(async move { self.run("present", proofs).await.map(|_| ()) })
    }

    fn seen<'a>(&'a self, proofs: &'a [Proof]) -> Doing<'a> {
        Box::pin(async move {
            let begun = Instant::now();
            while let Some(words) = self.run("ready", proofs).await? {
                if begun.elapsed() + WAIT > self.limit {
                    return Err(self.failed("ready", format!("still says \"not yet\" after {} s", begun.elapsed().as_secs()), &words));
                }
                tokio::time::sleep(WAIT).await;
            }
            Ok(())
        })
    }

    fn clean_up<'a>(&'a self, proofs: &'a [Proof]) -> Doing<'a> {
        Box::pin(async move { self.run("cleanup", proofs).await.map(|_| ()) })
    }
}
