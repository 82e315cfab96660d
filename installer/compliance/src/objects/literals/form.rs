//! Values whose form gives them away, and values that only stand for others.

use airlock_model::answers::SecretReference;

/// Beginnings of tokens, as those who give them out document them, with the least length of a real one.
const TOKENS: [(&str, usize); 16] = [
    ("AKIA", 20),
    ("ASIA", 20),
    ("AIza", 39),
    ("dop_v1_", 40),
    ("ghp_", 36),
    ("gho_", 36),
    ("ghs_", 36),
    ("github_pat_", 40),
    ("glpat-", 20),
    ("hvs.", 24),
    ("npm_", 36),
    ("pypi-", 40),
    ("sk_live_", 24),
    ("xoxb-", 24),
    ("xoxp-", 24),
    ("SG.", 40),
];
/// Random text has more different letters than words have.
const RANDOM_BITS: f64 = 4.3;
/// The least length at which that can be told.
const RANDOM_LENGTH: usize = 32;

/// What a value is by its form alone, when that is a secret.
pub(crate) fn is_secret(value: &str) -> Option<&'static str> {
    known(value).or_else(|| is_random(value.trim()).then_some("what looks like a random secret"))
}

/// The same by known forms alone: in files with many lines, certificates and checksums look random too.
pub(super) fn known(value: &str) -> Option<&'static str> {
    if is_private_key(value) {
        return Some("a private key");
    }
    let mut words = value.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '='));
    words.find_map(|word| {
        if has_password(word) {
            Some("a URL with a password")
        } else if TOKENS
            .iter()
            .any(|(beginning, least)| word.starts_with(beginning) && word.len() >= *least && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')))
        {
            Some("a token")
        } else {
            None
        }
    })
}

pub(super) fn is_private_key(value: &str) -> bool {
    value.contains("-----BEGIN ") && value.contains("PRIVATE KEY-----")
}

/// `scheme://user:password@host`; a password that is a reference or a placeholder is none.
fn has_password(word: &str) -> bool {
    let Some((_, rest)) = word.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    user.split_once(':').is_some_and(|(_, password)| is_typed_in(password) && !is_reference(password))
}

/// Base64 of random bytes: long, letters of both cases and digits, and no order. Digests are written in hexadecimal or say
/// of which kind they are.
fn is_random(word: &str) -> bool {
    let word = word.trim_end_matches('=');
    let is_base64 = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_'));
    let has = |is: fn(&char) -> bool| word.chars().filter(is).count() >= 4;
    let is_mixed = has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase) && has(char::is_ascii_digit);
    let is_words = word.split(['-', '_', '/', '+']).filter(|part| !part.is_empty()).any(|part| part.len() > 3 && part.bytes().all(|byte| byte.is_ascii_lowercase()));
    word.len() >= RANDOM_LENGTH && is_base64 && is_mixed && !is_words && !is_digest(word) && entropy(word) >= RANDOM_BITS
}

fn is_digest(word: &str) -> bool {
    ["sha1-", "sha256-", "sha384-", "sha512-"].iter().any(|kind| word.starts_with(kind))
}

/// Bits a letter, by how often each occurs (Shannon).
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let length = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / length).map(|share| -share * share.log2()).sum()
}

/// It stands for a value that is put in later, `$(NAME)`, `${NAME}`, `$NAME`, `<password>`, or says where one is, as the record of an
/// installation has it: `env:NAME`, `file:PATH`, `secret:namespace/name#key`.
pub(crate) fn is_reference(value: &str) -> bool {
    let value = value.trim();
    let is_elsewhere = value.parse::<SecretReference>().is_ok();
    let is_placeholder = value.starts_with('<') && value.ends_with('>') && !value.contains(['=', '\n']);
    is_elsewhere || is_placeholder || value.strip_prefix('$').is_some_and(is_name_of_a_variable)
}

/// Behind a `$`: what follows a name belongs to a path, an address, or another reference; else the `$` begins a password.
fn is_name_of_a_variable(rest: &str) -> bool {
    let behind = match rest.chars().next() {
        None => return true,
        Some('(') => rest.rsplit_once(')').map_or("", |(_, behind)| behind),
        Some('{') => rest.rsplit_once('}').map_or("", |(_, behind)| behind),
        Some('@' | '*' | '#' | '$' | '?') => &rest[1..],
        Some(_) => rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_'),
    };
    behind.len() < rest.len() && (behind.is_empty() || behind.starts_with(['/', ':', '@', '$', '.', '-', '"', '\'', ' ', '\n']))
}

/// Somebody wrote a value: not nothing, not a switch, not what was made unreadable, and not where a file lies.
pub(crate) fn is_typed_in(value: &str) -> bool {
    let value = value.trim();
    let is_masked = value.len() > 2 && value.bytes().all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'.'));
    is_value(value) && !is_masked
}

/// The same of what is handed out as it stands: there a mask is what somebody types to get in.
pub(crate) fn is_value(value: &str) -> bool {
    let value = value.trim();
    let is_switch = ["true", "false", "yes", "no", "on", "off", "0", "1", "null", "none", "{}", "[]"].contains(&value.to_ascii_lowercase().as_str());
    !value.is_empty() && !is_switch && !is_block_header(value) && !is_path(value) && !value.starts_with("{{")
}

/// The value stands below (YAML 1.2.2 §8.1.1).
pub(super) fn is_block_header(value: &str) -> bool {
    value.strip_prefix(['|', '>']).is_some_and(|rest| rest.chars().all(|c| matches!(c, '+' | '-' | '1'..='9')))
}

fn is_path(value: &str) -> bool {
    value.starts_with('/') && value.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "/._-~+@:*%${}()[]<>=\"'`,;|&\\".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_where_a_secret_is_is_none() {
        for value in [
            "$(PASSWORD)",
            "${PASSWORD}",
            "<password>",
            "env:PASSWORD",
            "file:/etc/password",
            "secret:keys/evidence#key.pem",
            "$PASSWORD",
            "$1",
            "$@",
            "$HOME/password",
            "$A$B",
            "$2y$10$abc",
            "$(cat /run/db)",
            "${A}-${B}",
            "${A",
            "$$",
        ] {
            assert!(is_reference(value), "{value}");
        }
        for value in ["hunter2", "env:", "file:", "secret:hunter2", "exec:hunter2", "https:hunter2", "$ecret!", "$%hunter2", "$@ecret1", "${USER}hunter2", "$(USER)hunter2", "<a b=\"c\"/>"] {
            assert!(!is_reference(value), "{value}");
        }
    }

    #[test]
    fn where_a_file_lies_is_no_secret_and_a_password_may_begin_like_one() {
        for value in ["/run/secrets/password", "/srv/*/key.pem:ro", "/etc/${NAME}/password", "/", "***", "xxxx"] {
            assert!(!is_typed_in(value), "{value}");
        }
        for value in ["/hunter2!", "/#hunter2", "xhunter2"] {
            assert!(is_typed_in(value), "{value}");
        }
        assert!(is_value("xxxxxxxx") && !is_value("/run/password"));
    }

    #[test]
    fn forms_of_secrets_are_told_from_what_only_looks_long() {
        for (value, form) in [
            ("postgresql://postgres:hunter2@db:5432/airflow", "a URL with a password"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIE", "a private key"),
            ("AKIAIOSFODNN7EXAMPLE", "a token"),
            ("Bearer ghp_0123456789abcdefghijABCDEFGHIJ012345", "a token"),
            ("q8Zr3Vx0LkT5nWcB7uYpJ2mHdS9fGeA4", "what looks like a random secret"),
        ] {
            assert_eq!(is_secret(value), Some(form), "{value}");
        }
        for value in [
            "postgresql://db:5432/airflow",
            "postgresql://airflow:$(PASSWORD)@db/airflow",
            "https://user@host/a:b",
            "https://example.com/a@b:c",
            "registry.example.com/team/image@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "/opt/airflow/dags/some/Very/Long/Path/to/a/File2024",
            "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
            "0123456789abcdef0123456789abcdef01234567",
            "-----BEGIN CERTIFICATE-----",
            "postgresql://airflow:***@db/airflow",
            "",
        ] {
            assert_eq!(is_secret(value), None, "{value}");
        }
    }
}
