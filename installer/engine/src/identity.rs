//! Random names of runs and pods. They are no secrets; they only have to differ.

use crate::ApplyError;

/// Eight letters and digits that are allowed in names of objects (RFC 1123) and hard to misread.
pub(crate) fn fresh() -> Result<String, ApplyError> {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(|error| ApplyError::Random { reason: error.to_string() })?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_differ_and_are_labels() {
        let names: BTreeSet<String> = (0..1000).map(|_| fresh().unwrap()).collect();
        assert_eq!(names.len(), 1000);
        assert!(names.iter().all(|name| name.len() == 8 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())));
    }
}
