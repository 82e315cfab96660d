//! Files with certificates, and passwords that stand elsewhere than on the command line.

use std::io;
use std::path::PathBuf;

use airlock_model::Secret;
use airlock_model::answers::SecretReference;
use airlock_tls::Content;
use zeroize::Zeroizing;

use crate::environment;
use crate::failure::Failure;

/// Reads what a reference leads to. One line end behind it is left out, as shells and editors write one. A text that is no
/// reference is not repeated: it could be the password itself.
pub(crate) fn password(reference: &str) -> Result<Secret<String>, Failure> {
    secret("key-password", reference)
}

/// The same for what another flag names, or leads to.
pub(crate) fn secret(flag: &'static str, reference: &str) -> Result<Secret<String>, Failure> {
    let wrong = |what: String| Failure::Argument(format!("--{flag}: {what}"));
    let text = match reference.parse::<SecretReference>().map_err(|error| wrong(format!("it {error}")))? {
        SecretReference::File(path) => {
            let unreadable = |source| Failure::FileUnreadable { path: path.clone(), source };
            let bytes = Content::of_file(&path).bytes.map_err(|reason| unreadable(io::Error::other(reason)))?;
            let text = std::str::from_utf8(&bytes).map_err(|_| unreadable(io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8")))?;
            Zeroizing::new(text.to_owned())
        }
        SecretReference::Environment(name) => Zeroizing::new(environment::text(&name).ok_or_else(|| wrong(format!("env:{name} is not set here")))?),
        SecretReference::Key(_) => return Err(wrong("a Secret in the cluster is not read here; possible are env:NAME and file:PATH".to_owned())),
    };
    let bare = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(Secret::new(bare.to_owned()))
}

/// Reads several files.
pub(crate) fn contents(paths: &[PathBuf]) -> Vec<Content> {
    paths.iter().map(|path| Content::of_file(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_end_behind_a_password_is_not_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        for (written, meant) in [("geheim\n", "geheim"), ("geheim\r\n", "geheim"), (" geheim ", " geheim "), ("a\n\n", "a\n")] {
            std::fs::write(&file, written).unwrap();
            assert_eq!(password(&format!("file:{}", file.display())).ok().unwrap().expose(), meant);
        }
        for wrong in ["env:AIRLOCK_IS_NOT_SET", "hunter2", "secret:a/b#c"] {
            let Err(Failure::Argument(text)) = password(wrong) else { panic!("{wrong}") };
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}
