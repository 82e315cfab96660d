//! Settings as files and commands write them: a name and a value on a line, in front of a command, or as an option of it.

use serde_json::Value;

use super::form::{is_block_header, is_reference, is_typed_in};
use super::name::is_named_like_a_secret;

/// What follows the name without a sign between (redis.conf; keepalived.conf(5)).
const DIRECTIVES: [&str; 3] = ["requirepass", "masterauth", "auth_pass"];
/// What stands before a password in SQL (PostgreSQL, CREATE ROLE; `MySQL`, CREATE USER).
const IN_SQL: [&str; 2] = ["PASSWORD", "IDENTIFIED BY"];

/// The setting of a line that writes a secret out: `name = value`, `name: value`, also behind `export`, as an item of a list, and in a
/// map of one line; else what a command in it is given, what a statement of SQL sets, or what a server demands. Comments have none.
pub(crate) fn written_out(line: &str) -> Option<(&str, &str)> {
    if is_comment(line) {
        return None;
    }
    setting(line).filter(|(name, value)| is_written_out(name, value)).or_else(|| in_command(line)).or_else(|| in_map(line)).or_else(|| in_sql(line)).or_else(|| directive(line))
}

/// The setting of a line among those of its file: its value may stand below it.
pub(crate) fn written_out_in<'t>(lines: &[&'t str], index: usize) -> Option<(&'t str, &'t str)> {
    let (line, below) = (lines.get(index)?, &lines[index + 1..]);
    written_out(line).or_else(|| in_block(line, below))
}

/// `password: |`, and below it `  hunter2` (YAML 1.2.2 §8.1). A text of several lines begins with its first.
fn in_block<'t>(line: &'t str, below: &[&'t str]) -> Option<(&'t str, &'t str)> {
    let (name, _) = setting(line).filter(|(_, header)| is_block_header(header) && !is_comment(line))?;
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let first = below.iter().find(|below| !below.trim().is_empty()).filter(|below| indentation(below) > indentation(line))?;
    Some((name, first.trim())).filter(|(name, value)| is_written_out(name, value))
}

/// `name: { user: app, password: hunter2 }` (YAML 1.2.2 §7.4.2).
fn in_map(line: &str) -> Option<(&str, &str)> {
    let (_, fields) = line.trim().trim_end_matches(',').strip_suffix('}')?.split_once('{')?;
    let mut settings = fields.split(['{', ',']).filter_map(|field| setting(field.trim_end_matches(['}', ' '])));
    settings.find(|(name, value)| is_written_out(name, value) && name != value)
}

/// `ALTER ROLE app PASSWORD 'hunter2'`. A verifier is no password, and a parameter stands for one.
pub(super) fn in_sql(line: &str) -> Option<(&str, &str)> {
    let mut quoted = line.split('\'');
    while let (Some(before), Some(value)) = (quoted.next(), quoted.next()) {
        let before = before.trim_end();
        let named = IN_SQL.iter().find_map(|words| before.get(before.len().checked_sub(words.len())?..).filter(|end| end.eq_ignore_ascii_case(words)));
        if let Some(name) = named
            && is_typed_in(value)
            && !is_reference(value)
            && !value.starts_with([':', '%', '{', '@'])
            && !value.starts_with("SCRAM-SHA-256$")
        {
            return Some((name, value));
        }
    }
    None
}

fn directive(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.trim().split_once(char::is_whitespace)?;
    let value = value.trim().trim_matches(['"', '\'']);
    (DIRECTIVES.contains(&name) && is_typed_in(value) && !is_reference(value)).then_some((name, value))
}

/// What a command is given in front of it, or by options: `NAME=value command --password=value`.
pub(super) fn in_command(line: &str) -> Option<(&str, &str)> {
    const BEGINNINGS: [&str; 7] = ["&&", "||", "|", "then", "do", "else", "{"];
    const BEFORE: [&str; 8] = ["export", "env", "exec", "sudo", "declare", "local", "readonly", "-x"];
    let mut is_in_front = true;
    line.split_whitespace().find_map(|word| {
        let was_in_front = is_in_front;
        let option = word.strip_prefix("--").and_then(|option| option.split_once('='));
        let assigned = word.split_once('=').filter(|(name, _)| was_in_front && is_variable(name));
        is_in_front = word.ends_with(';') || BEGINNINGS.contains(&word) || (was_in_front && (assigned.is_some() || BEFORE.contains(&word)));
        let (name, value) = option.or(assigned)?;
        let value = value.trim_matches(['"', '\'', ';', ',']);
        // `--password=PASSWORD` explains an option, `password=password` hands a variable on.
        let is_placeholder = if option.is_some() { name.eq_ignore_ascii_case(value) } else { name == value };
        (is_written_out(name, value) && !value.contains('$') && !is_placeholder).then_some((name, value))
    })
}

/// Each text in a document of JSON with the name of its field.
pub(super) fn texts<'v>(name: &'v str, value: &'v Value, found: &mut Vec<(&'v str, &'v str)>) {
    match value {
        Value::String(text) => found.push((name, text)),
        Value::Array(items) => items.iter().for_each(|item| texts(name, item, found)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| texts(name, value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Beside a name of a secret stands a value, and no code that finds one.
pub(super) fn is_written_out(name: &str, value: &str) -> bool {
    is_named_like_a_secret(name) && is_typed_in(value) && !is_reference(value) && !is_code(value)
}

fn is_code(value: &str) -> bool {
    let has_both = |open: char, close: char| value.contains(open) && value.contains(close);
    value.contains(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | '`')) || value.ends_with(['(', ')', '[', ']']) || has_both('(', ')') || has_both('[', ']')
}

pub(crate) fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["#", ";", "//"].iter().any(|sign| line.starts_with(sign))
}

fn setting(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = ["export ", "ENV ", "- "].iter().find_map(|before| line.strip_prefix(before)).unwrap_or(line);
    let (name, value) = line.split_once(['=', ':'])?;
    let (name, value) = (name.trim().trim_matches(['"', '\'']), value.split(" #").next().unwrap_or_default());
    (!name.starts_with('/') && !name.contains(char::is_whitespace)).then(|| (name, value.trim().trim_matches(['"', '\'', ','])))
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_many_quotes_is_read_to_its_end() {
        let line = format!("{}PASSWORD 'hunter2'", "'a'".repeat(1 << 18));
        assert_eq!(written_out(&line), Some(("PASSWORD", "hunter2")));
    }

    #[test]
    fn a_value_stands_below_its_name() {
        let of = |text: &'static str| written_out_in(&text.lines().collect::<Vec<_>>(), 0).map(|(_, value)| value);
        for text in ["password: |\n  hunter2", "- password: >-\n\n    hunter2\nuser: app", "  password: |2-\n    hunter2", "password: hunter2\nuser: app"] {
            assert_eq!(of(text), Some("hunter2"), "{text}");
        }
        for text in [
            "password: |\nhunter2",
            "password: |",
            "note: |\n  hunter2",
            "password: |\n  ${PASSWORD}",
            "password: |\n  -----BEGIN CERTIFICATE-----",
            "# password: |\n  hunter2",
            "password:\n  key: hunter2",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn settings_are_read_however_they_are_written() {
        for line in [
            "DB_PASSWORD=hunter2",
            "export DB_PASSWORD='hunter2'",
            "  - password: hunter2",
            "\"password\": \"hunter2\",",
            "password = hunter2 # of the test",
            "PGPASSWORD=hunter2 psql -h db",
            "cd /srv && env PGPASSWORD=hunter2 psql",
            "mysql --user=app --password=hunter2 shop",
            "if true; then PGPASSWORD=hunter2 psql; fi",
            "host=db password=hunter2",
            "database: { user: app, password: hunter2 }",
            "- {host: db, auth: {user: app, password: 'hunter2'}, port: 1},",
            "CREATE ROLE app LOGIN PASSWORD 'hunter2';",
            "psql -c \"ALTER ROLE app WITH PASSWORD 'hunter2'\"",
            "CREATE USER 'app'@'%' identified by 'hunter2';",
            "requirepass hunter2",
            "masterauth \"hunter2\"",
        ] {
            assert_eq!(written_out(line).map(|(_, value)| value), Some("hunter2"), "{line}");
        }
        assert_eq!(written_out("password: hunt(er2"), Some(("password", "hunt(er2")));
        for line in [
            "password = vault.read(path)[key]",
            "# DB_PASSWORD=hunter2",
            "export DB_PASSWORD",
            "export DB_PASSWORD=$(cat /run/db)",
            "export DB_PASSWORD=\"$1\"",
            "PGPASSWORD=\"$(cat /run/db)\" psql",
            "PGPASSWORD=`pwgen` psql",
            "PGPASSWORD=\"app-$SUFFIX\" psql",
            "mysql --password=\"${PASSWORD}\" shop",
            "  --password=PASSWORD  the password of the user",
            "return connect(host, password=secret)",
            "set the option password=hunter2 of the server",
            "PASS=0; FAIL=0",
            "[ \"$PASSWORD\" = \"\" ] && exit 1",
            "test -n \"$TOKEN\" || exit 1",
            "proxy_pass http://web:8080;",
            "proxy_pass: http://web:8080",
            "database: { user: app, passwordFrom: { name: app, key: password } }",
            "database: { user: app, password: \"${PASSWORD}\" }",
            "connect({ user: user, password: password })",
            "CREATE ROLE app LOGIN PASSWORD :'password';",
            "psql -c \"ALTER ROLE app PASSWORD '$PASSWORD'\"",
            "ALTER ROLE app PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5'",
            "the PASSWORD of 'app' is kept elsewhere",
            "requirepass ${PASSWORD}",
            "masterauth",
            "password reset",
        ] {
            assert_eq!(written_out(line), None, "{line}");
        }
    }
}
