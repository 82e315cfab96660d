//! Names that say that a value is secret.

/// Words that name a secret wherever they stand, alone or as the end of a word.
const SECRET: [&str; 8] = ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL", "APIKEY", "PRIVATEKEY"];
/// Short ones of `PASSWORD`, as the end of the last word.
const SHORT: [&str; 2] = ["PASS", "PWD"];
/// Words that end so and mean something else.
const NO_PASSWORD: [&str; 8] = ["BYPASS", "COMPASS", "ENCOMPASS", "OLDPWD", "OVERPASS", "SURPASS", "TRESPASS", "UNDERPASS"];
/// Beside these words, `PASS` is a turn and `PWD` a folder.
const OF_A_TURN: [&str; 8] = ["BY", "FIRST", "MULTI", "OLD", "ONE", "PROXY", "SINGLE", "TWO"];
/// `KEY` alone means many things; beside one of these words it opens something.
const OF_A_KEY: [&str; 14] = ["ACCESS", "ACCOUNT", "API", "AUTH", "ENCRYPTION", "FERNET", "JWT", "MASTER", "PRIVATE", "SECRET", "SIGNING", "SSL", "STORAGE", "TLS"];
/// The last word says that the value is about a secret and not the secret itself.
const ABOUT: [&str; 38] = [
    "AGE",
    "ALGORITHM",
    "AUDIENCE",
    "BACKEND",
    "CMD",
    "COUNT",
    "DAYS",
    "DIR",
    "ENABLED",
    "ENCRYPTION",
    "GENERATION",
    "POLICY",
    "ENDPOINT",
    "ENV",
    "EXPIRATION",
    "EXPIRY",
    "FILE",
    "HOURS",
    "ID",
    "ISSUER",
    "LEEWAY",
    "LENGTH",
    "LIFETIME",
    "LIMIT",
    "MINUTES",
    "MODE",
    "NAME",
    "PATH",
    "REF",
    "ROUNDS",
    "SECONDS",
    "SIZE",
    "TIMEOUT",
    "TTL",
    "TYPE",
    "URI",
    "URL",
    "VERSION",
];
/// Anywhere, these words say the same.
const HARMLESS: [&str; 8] = ["PUBLIC", "CHECKSUM", "HASH", "DIGEST", "EXISTING", "ENABLE", "DISABLE", "REQUIRE"];

/// Whether who named a field so keeps a secret in it.
pub(crate) fn is_named_like_a_secret(name: &str) -> bool {
    let words = words(name);
    let singular = |word: &str| word.strip_suffix('S').unwrap_or(word).to_owned();
    if words.last().is_some_and(|last| ABOUT.contains(&last.as_str())) || words.iter().any(|word| HARMLESS.contains(&word.as_str())) {
        return false;
    }
    let is_key = words.last().is_some_and(|last| last == "KEY") && words.iter().any(|word| OF_A_KEY.contains(&word.as_str()));
    is_key || is_short(name, &words) || words.iter().any(|word| SECRET.iter().any(|secret| singular(word).ends_with(secret)))
}

/// `PASS`, `DBPASS`, `DB_PASS`, `MYSQL_PWD`, `pw`. `PWD` by itself is the folder that a shell is in.
fn is_short(name: &str, words: &[String]) -> bool {
    let Some((last, before)) = words.split_last() else { return false };
    let is_one = last == "PW" || SHORT.iter().any(|short| last.ends_with(short));
    is_one && name != "PWD" && !NO_PASSWORD.contains(&last.as_str()) && !before.last().is_some_and(|word| OF_A_TURN.contains(&word.as_str()))
}

/// Upper-case words of `db_password`, `db-password`, `dbPassword`, `DB.PASSWORD`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut was_lower = false;
    let mut ended = true;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            ended = true;
            continue;
        }
        if ended || (was_lower && c.is_ascii_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c.to_ascii_uppercase());
        }
        (was_lower, ended) = (c.is_ascii_lowercase(), false);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_of_files_and_kinds() {
        for name in [
            "PASSWORD",
            "PGPASSWORD",
            "DB_PASSWORD",
            "AIRFLOW__CORE__FERNET_KEY",
            "token",
            "GITHUB_TOKENS",
            "CLIENT_SECRET",
            "AWS_SECRET_ACCESS_KEY",
            "api-key",
            "clientSecret",
            "dbPassword",
            "postgres-password",
            "secret_key",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_PASSWORD",
            "DBPASS",
            "DB_PASS",
            "MYSQL_PWD",
            "PGPASS",
            "dbPw",
            "pass",
            "pw",
            "pwd",
        ] {
            assert!(is_named_like_a_secret(name), "{name}");
        }
        for name in [
            "PASSWORD_FILE",
            "AIRFLOW__CORE__FERNET_KEY_CMD",
            "SECRET_NAME",
            "TOKEN_URL",
            "KEYBOARD",
            "MONKEY",
            "HOST",
            "ACCESS_KEY_ID",
            "TOKEN_TTL",
            "",
            "PRIMARY_KEY",
            "password_encryption",
            "example.com/secret-generation",
            "SORT_KEY",
            "SSH_PUBLIC_KEY",
            "checksum/secret",
            "existingSecret",
            "tokenizer",
            "PWD",
            "OLDPWD",
            "OLD_PWD",
            "BYPASS",
            "ALLOW_BYPASS",
            "COMPASS",
            "PASSTHROUGH",
            "SSL_PASS_THROUGH",
            "PASSIVE",
            "PASS_COUNT",
            "PASS_FILE",
            "proxy_pass",
            "token_uri",
            "secretEnv",
        ] {
            assert!(!is_named_like_a_secret(name), "{name}");
        }
    }
}
