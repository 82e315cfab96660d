//! How hard a password is to guess.

/// What installers and their examples ship with, and what people type first; in lower case, without digits behind it.
const KNOWN: [&str; 34] = [
    "admin",
    "administrator",
    "airflow",
    "astronomer",
    "azerty",
    "changeit",
    "changeme",
    "default",
    "demo",
    "dev",
    "example",
    "grafana",
    "guest",
    "hunter",
    "letmein",
    "master",
    "minio",
    "minioadmin",
    "mysql",
    "pass",
    "passw0rd",
    "password",
    "postgres",
    "prom-operator",
    "qwerty",
    "rabbitmq",
    "redis",
    "root",
    "sa",
    "secret",
    "temporary_key",
    "test",
    "user",
    "welcome",
];
/// NIST SP 800-90 and ENISA count what cannot be tried out as 128 bits and more.
const BITS: f64 = 128.0;

/// Why a password can be guessed, if it can.
pub(super) fn weakness(password: &str, user: &str) -> Option<&'static str> {
    let plain = password.to_lowercase();
    let stem = plain.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation());
    if stem.is_empty() || KNOWN.contains(&stem) || KNOWN.contains(&plain.as_str()) {
        return Some("is a default or a common word");
    }
    if !user.is_empty() && plain == user.to_lowercase() {
        return Some("is the user's name");
    }
    (bits(password) < BITS).then_some("has fewer than 128 bits")
}

/// The bits of as many letters drawn from the alphabets that occur. Few different letters count by what they are.
fn bits(password: &str) -> f64 {
    let length = count(password.chars().count());
    let different = count(password.chars().collect::<std::collections::BTreeSet<_>>().len());
    let is_hexadecimal = password.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c)) || password.chars().all(|c| c.is_ascii_digit() || ('A'..='F').contains(&c));
    let has = |is: fn(&char) -> bool, size: f64| if password.chars().any(|c| is(&c)) { size } else { 0.0 };
    let alphabet = if is_hexadecimal {
        16.0
    } else {
        has(char::is_ascii_lowercase, 26.0) + has(char::is_ascii_uppercase, 26.0) + has(char::is_ascii_digit, 10.0) + has(char::is_ascii_punctuation, 32.0) + has(|c| !c.is_ascii_graphic(), 100.0)
    };
    // Of a random text of that length at least a third of the letters differ, until the alphabet is used up.
    let is_repeating = different < (length / 3.0).min(alphabet / 2.0);
    let size: f64 = if is_repeating { different } else { alphabet };
    length * size.max(1.0).log2()
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_guessed_is_told_from_what_cannot() {
        for (password, user) in [
            ("admin", ""),
            ("Password123!", ""),
            ("postgres", ""),
            ("12345678", ""),
            ("bob", "Bob"),
            ("correct horse", ""),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ""),
            ("Tr0ub4dor&3", ""),
            ("0123456789abcdef", ""),
        ] {
            assert!(weakness(password, user).is_some(), "{password}");
        }
        for password in ["q8Zr3Vx0LkT5nWcB7uYpJ2mHdS9fGeA4", "9f86d081884c7d659a2feaa0c55ad015", "b6Xk2QyT0n8wJrM4vLzC1A", "cmFuZG9tMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODk="] {
            assert_eq!(weakness(password, "airflow"), None, "{password}");
        }
    }
}
