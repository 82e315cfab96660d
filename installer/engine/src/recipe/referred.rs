//! Values that answers refer to: they are read when they are needed, by whoever runs the program, and stand in no plan.

use airlock_model::Secret;
use airlock_model::answers::SecretReference;
use zeroize::Zeroizing;

use super::Value;
use crate::ApplyError;

/// The most bytes that a value may have; a Secret holds no more than that by far.
const LARGEST: usize = 256 * 1024;

/// Reads a value. A line break at its end is an editor's, not the value's.
pub(crate) fn read(reference: &str) -> Result<Value, ApplyError> {
    let unreadable = |reason: String| ApplyError::ReferenceUnreadable { reference: reference.to_owned(), reason };
    let bytes = match reference.parse::<SecretReference>() {
        Ok(SecretReference::File(path)) => std::fs::read(path).map_err(|error| unreadable(error.to_string()))?,
        Ok(SecretReference::Environment(name)) => std::env::var(name).map_err(|error| unreadable(error.to_string()))?.into_bytes(),
        Ok(SecretReference::Key(_)) => return Err(unreadable("a Secret in the cluster is read as a part of another one".to_owned())),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    let bytes = Zeroizing::new(bytes);
    let value = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let value = value.strip_suffix(b"\r").unwrap_or(value);
    match value.len() {
        0 => Err(unreadable("it is empty".to_owned())),
        1..=LARGEST => Ok(Secret::new(value.to_vec())),
        _ => Err(unreadable(format!("it has more than {LARGEST} bytes"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_a_variable_are_read_without_the_last_line_break() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("url");
        std::fs::write(&path, "https://hook\n").unwrap();
        assert_eq!(read(&format!("file:{}", path.display())).map_err(|error| error.to_string()).unwrap().expose(), b"https://hook");
        assert!(!read("env:PATH").map_err(|error| error.to_string()).unwrap().expose().is_empty());
    }

    #[test]
    fn a_password_keeps_every_printable_character() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let password: String = (' '..='~').chain(['ä', ' ']).collect();
        for end in ["", "\n", "\r\n"] {
            std::fs::write(&path, format!("{password}{end}")).unwrap();
            assert_eq!(read(&format!("file:{}", path.display())).map_err(|error| error.to_string()).unwrap().expose(), password.as_bytes());
        }
    }

    #[test]
    fn what_is_not_there_or_empty_is_named_by_its_reference() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty");
        std::fs::write(&empty, "\n").unwrap();
        for reference in [format!("file:{}", empty.display()), "file:/nowhere/at/all".to_owned(), "env:AIRLOCK_IS_NOT_SET".to_owned()] {
            let error = read(&reference).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(&reference), "{error}");
        }
    }
}
