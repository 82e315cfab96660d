//! Every variable of the environment that the command line reads, and those that answers refer to.

use std::env;
use std::path::PathBuf;

/// Set to anything: no colour (no-color.org).
const NO_COLOR: &str = "NO_COLOR";
/// `dumb`: a terminal that cannot redraw lines.
const TERM: &str = "TERM";
/// Where programs keep what should outlive a run (XDG base directories); `~/.local/state` when absent.
const XDG_STATE_HOME: &str = "XDG_STATE_HOME";

/// Names of the person's variable, the POSIX one first.
const USER: [&str; 2] = ["LOGNAME", "USER"];

/// The person, as the system calls them.
pub(crate) fn user() -> String {
    USER.into_iter().find_map(|name| env::var(name).ok().filter(|user| !user.is_empty())).unwrap_or_else(|| "unknown".into())
}

/// Whether colours are unwanted.
pub(crate) fn is_colourless() -> bool {
    env::var_os(NO_COLOR).is_some_and(|value| !value.is_empty())
}

/// Whether the terminal cannot redraw lines.
pub(crate) fn is_dumb() -> bool {
    env::var_os(TERM).is_none_or(|value| value == "dumb")
}

/// Whether the variable of an `env:` reference is there.
pub(crate) fn is_set(name: &str) -> bool {
    env::var_os(name).is_some()
}

/// The text of the variable of an `env:` reference.
pub(crate) fn text(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// The folder for logs of runs.
pub(crate) fn state() -> Option<PathBuf> {
    let given = env::var_os(XDG_STATE_HOME).map(PathBuf::from).filter(|path| path.is_absolute());
    given.or_else(|| env::home_dir().map(|home| home.join(".local").join("state"))).map(|state| state.join("airlock"))
}
