//! Who signs: a key in a file, or a program that holds one.
//!
//! The program is run with one argument. `public-key`: it prints its public key as PEM. `sign`: it reads the bytes on standard
//! input and prints their Ed25519 signature (RFC 8032), 64 bytes raw or as base64. Exit code 0: done; anything else: it failed, and
//! how its standard error begins is shown. It is ended after a minute. Nothing secret is given to it; its own credentials it finds
//! itself, in the environment that it inherits. What it prints is verified by the key that it named before anything is written.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use airlock_compliance::PublicKey;
use airlock_model::{SignerReference, Untrusted};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::error::EvidenceError;
use super::key::{self, Readers};
use crate::signature::is_signed_by;

/// How long one run of a program may take.
const LIMIT: Duration = Duration::from_mins(1);
/// Bytes of its output that are read; a key or a signature has less than 200.
const LARGEST: u64 = 4096;
/// Characters of its standard error that are shown.
const WORDS: usize = 200;
/// Bytes of a signature of Ed25519.
const SIGNATURE: usize = 64;

/// Who signs.
pub(super) struct Signer {
    public: PublicKey,
    held: Held,
}

enum Held {
    File(Box<Ed25519KeyPair>),
    Program(Program),
}

struct Program {
    path: PathBuf,
    limit: Duration,
}

impl Signer {
    /// Reads the key, or asks the program for its public half.
    pub(super) async fn open(reference: &SignerReference) -> Result<Self, EvidenceError> {
        match reference {
            SignerReference::File(path) => Self::of_file(path, Readers::Owner),
            SignerReference::Mounted(path) => Self::of_file(path, Readers::Group),
            SignerReference::Program(path) => Self::of_program(Program { path: path.clone(), limit: LIMIT }).await,
        }
    }

    fn of_file(path: &Path, readers: Readers) -> Result<Self, EvidenceError> {
        let pair = key::private(path, readers)?;
        let unusable = || EvidenceError::KeyUnusable { path: path.to_owned(), reason: "it has no public half".to_owned() };
        let public = PublicKey::new(pair.public_key().as_ref().try_into().map_err(|_| unusable())?);
        Ok(Self { public, held: Held::File(Box::new(pair)) })
    }

    async fn of_program(program: Program) -> Result<Self, EvidenceError> {
        const ARGUMENT: &str = "public-key";
        let printed = program.run(ARGUMENT, &[]).await?;
        let public = std::str::from_utf8(&printed).ok().and_then(|text| PublicKey::from_pem(text).ok());
        let public = public.ok_or_else(|| program.failed(ARGUMENT, "printed no public key of Ed25519 in PEM".to_owned(), &[]))?;
        Ok(Self { public, held: Held::Program(program) })
    }

    /// The key that verifies what it signs.
    pub(super) const fn public(&self) -> PublicKey {
        self.public
    }

    /// The signature of bytes, verified.
    pub(super) async fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, EvidenceError> {
        match &self.held {
            Held::File(pair) => Ok(pair.sign(bytes).as_ref().to_vec()),
            Held::Program(program) => {
                const ARGUMENT: &str = "sign";
                let signature = raw(program.run(ARGUMENT, bytes).await?);
                if is_signed_by(self.public, bytes, &signature) { Ok(signature) } else { Err(program.failed(ARGUMENT, "printed what is not a signature by its public key".to_owned(), &[])) }
            }
        }
    }
}

/// The bytes of a signature, also where it is printed as base64.
fn raw(printed: Vec<u8>) -> Vec<u8> {
    if printed.len() == SIGNATURE {
        return printed;
    }
    let text: Vec<u8> = printed.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(text).unwrap_or(printed)
}

impl Program {
    async fn run(&self, argument: &'static str, input: &[u8]) -> Result<Vec<u8>, EvidenceError> {
        let over = |_| self.failed(argument, format!("was ended after {} s", self.limit.as_secs_f32()), &[]);
        tokio::time::timeout(self.limit, self.ended(argument, input)).await.map_err(over)?
    }

    async fn ended(&self, argument: &'static str, input: &[u8]) -> Result<Vec<u8>, EvidenceError> {
        let unrun = |error: std::io::Error| self.failed(argument, format!("cannot be run ({error})"), &[]);
        let mut child = Command::new(&self.path).arg(argument).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().map_err(unrun)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let written = async {
            if let Some(mut stdin) = stdin {
                // A program that fails may not have read them.
                let _ = stdin.write_all(input).await;
            }
        };
        let ((), printed, words) = futures::join!(written, bounded(stdout), bounded(stderr));
        let status = child.wait().await.map_err(unrun)?;
        let printed = printed.map_err(unrun)?;
        let words = words.map_err(unrun)?;
        if printed.len() as u64 > LARGEST {
            return Err(self.failed(argument, format!("printed more than {LARGEST} bytes"), &[]));
        }
        match status.code() {
            Some(0) => Ok(printed),
            Some(code) => Err(self.failed(argument, format!("ended with {code}"), &words)),
            None => Err(self.failed(argument, "was killed".to_owned(), &words)),
        }
    }

    fn failed(&self, argument: &'static str, how: String, words: &[u8]) -> EvidenceError {
        let words: String = String::from_utf8_lossy(words).trim().chars().take(WORDS).collect();
        EvidenceError::Signer { program: self.path.clone(), argument, how, words: Untrusted::new(words) }
    }
}

/// No more than is needed: the pipe is closed behind it.
async fn bounded(from: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(LARGEST + 1).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

#[cfg(test)]
pub(super) mod tests;
