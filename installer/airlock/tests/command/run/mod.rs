//! The program, run in a folder that is also its home, with nothing of the environment of whoever runs the tests.

use std::path::Path;
use std::time::Duration;

use assert_cmd::Command;

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a line of words with these variables.
pub(crate) fn airlock(folder: &Path, line: &str, variables: &[(&str, &str)]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_airlock"));
    command.args(line.split_whitespace()).current_dir(folder).env_clear().env("HOME", folder).envs(variables.iter().copied());
    let output = command.timeout(Duration::from_mins(1)).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { exit: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}
