//! `airlock tls root`: a root for the base domain, its key encrypted, that stays with whoever makes it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use airlock_model::{Exit, with_causes};
use airlock_tls::{Authority, AuthorityError, certificate_facts, encrypted_key};
use jiff::Timestamp;
use serde::Serialize;

use crate::arguments::TlsRoot;
use crate::commands::session::Session;
use crate::failure::Failure;
use crate::file_content;

const CERTIFICATE: &str = "root.crt";
const KEY: &str = "root.key";
/// A short password would make the encryption a matter of days.
const SHORTEST_PASSWORD: usize = 12;
const YEAR: Duration = Duration::from_hours(24 * 365);

/// What was written, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    certificate: String,
    key: String,
    sha256: String,
    not_after: Timestamp,
}

/// Files that are there already are never written over: somebody was told to believe what is in them.
pub(super) fn make(session: &Session<'_>, arguments: &TlsRoot) -> Result<Exit, Failure> {
    session.output.text_or_json("tls root")?;
    let password = file_content::password(&arguments.key_password)?;
    if password.expose().chars().count() < SHORTEST_PASSWORD {
        return Err(Failure::Argument(format!("--key-password: it has fewer than {SHORTEST_PASSWORD} characters, and whoever finds the file could guess it")));
    }
    let refused = |error: AuthorityError| Failure::Argument(with_causes(&error));
    let domain = arguments.domain.to_string();
    let root = Authority::root(&format!("Airlock root, hosts of {domain}").chars().take(64).collect::<String>(), &[domain], YEAR * arguments.years, Timestamp::now()).map_err(refused)?;
    let key = encrypted_key(&root, &password).map_err(refused)?;
    let facts = certificate_facts(root.certificate_pem().as_bytes(), root.key_pem().expose().as_bytes()).map_err(|error| refused(error.into()))?;
    let sha256 = facts.fingerprint.hex().to_owned();

    let folder = &arguments.out;
    fs::create_dir_all(folder).map_err(|source| Failure::FileUnwritable { path: folder.clone(), source })?;
    let (certificate_file, key_file) = (folder.join(CERTIFICATE), folder.join(KEY));
    write(&key_file, &key, 0o600)?;
    write(&certificate_file, root.certificate_pem(), 0o644)?;

    let written = Written { certificate: certificate_file.display().to_string(), key: key_file.display().to_string(), sha256, not_after: root.not_after() };
    let text = || format!("{}\n{}\nSHA-256 {}\nuntil {:.0}\n", written.certificate, written.key, written.sha256, written.not_after);
    session.output.result("tls root", text, &written)?;
    session.output.talk(&format!(
        "keep the key where the cluster cannot reach it, and its password elsewhere; name both in the answers:\n  tls: {{ source: private-ca, offlineRoot: {{ certificate: 'file:{}', key: 'file:{}', password: '{}' }} }}",
        written.certificate, written.key, arguments.key_password
    ));
    Ok(Exit::Ok)
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    opened.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all())).map_err(|source| Failure::FileUnwritable { path: path.to_owned(), source })
}
