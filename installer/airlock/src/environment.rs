//! Every variable of the environment that the command line reads, and those that answers refer to.

use std::env;
use std::path::PathBuf;

use airlock_model::{OpenWay, Secret, WayOut};
use url::Url;

use crate::failure::Failure;

/// Set to anything: no colour (no-color.org).
const NO_COLOR: &str = "NO_COLOR";
/// `dumb`: a terminal that cannot redraw lines.
const TERM: &str = "TERM";
/// Where programs keep what should outlive a run (XDG base directories); `~/.local/state` when absent.
const XDG_STATE_HOME: &str = "XDG_STATE_HOME";

/// The proxy, as programs that speak HTTP read it.
const HTTPS_PROXY: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
/// What is reached without it.
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Names of the person's variable, the POSIX one first.
const USER: [&str; 2] = ["LOGNAME", "USER"];

/// The person, as the system calls them.
pub(crate) fn user() -> String {
    USER.into_iter().find_map(|name| env::var(name).ok().filter(|user| !user.is_empty())).unwrap_or_else(|| "unknown".into())
}

/// The way out through the proxy of the environment; none: there is none. One that is not spoken to here is an error, as it is in
/// `network.proxy`: what leaves past a proxy leaves as its administrators forbid. `host:port` means plain HTTP to the proxy.
pub(crate) fn way_out() -> Result<Option<OpenWay>, Failure> {
    let given = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, env::var(name).ok().filter(|value| !value.trim().is_empty())?)));
    let Some((name, proxy)) = given(HTTPS_PROXY) else { return Ok(None) };
    let url = if proxy.contains("://") { proxy } else { format!("http://{proxy}") };
    let unusable = || Failure::Argument(format!("the variable {name} is not `http://HOST:PORT`; a proxy is spoken to over HTTP, whatever goes through it"));
    let mut https: Url = url.trim().parse().ok().filter(|url: &Url| url.scheme() == "http" && url.has_host()).ok_or_else(unusable)?;
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let username = Some(decoded(https.username())).filter(|name| !name.is_empty());
    let password = https.password().map(|password| Secret::new(decoded(password)));
    // They are in `username` and `password` from here on.
    https.set_username("").and_then(|()| https.set_password(None)).map_err(|()| unusable())?;
    let direct = given(NO_PROXY).map(|(_, list)| list).unwrap_or_default();
    let direct = direct.split(',').map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty()).collect();
    Ok(Some(OpenWay { way: WayOut { http: None, https: Some(https), username, password: None, direct }, password }))
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
