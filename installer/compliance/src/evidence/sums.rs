//! `SHA256SUMS` of a run, in the format of sha256sum(1): its files by name, and at the end the list of the run before it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use airlock_model::{Digest, RunName};

use super::{PROFILE, REPORT, RUN, SUMS};

/// What stands between a digest and a name (text mode of sha256sum).
const BETWEEN: &str = "  ";

/// The list of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Its files.
    pub files: BTreeMap<String, Digest>,
    /// The run before it and the digest of its list; none: it is the first.
    pub previous: Option<(RunName, Digest)>,
}

/// Why a text is no list of a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SumsError {
    /// A line that no list has.
    #[error("line {0} is not a digest and the name of a file of the run, or of the list before it at the end")]
    Line(usize),
    /// A file that every run has.
    #[error("it does not name {0}")]
    Lacks(&'static str),
    /// The same said in another way: other order, other line ends, a line twice.
    #[error("it is not written as this program writes it")]
    Form,
}

/// One line, without its end.
pub(super) fn line(digest: &Digest, name: &str) -> String {
    format!("{}{BETWEEN}{name}", digest.hex())
}

/// Digest and name of one line.
pub(super) fn parts(line: &str) -> Option<(Digest, &str)> {
    let (hex, name) = line.split_once(BETWEEN)?;
    Some((format!("sha256:{hex}").parse().ok()?, name))
}

/// `RUN/SHA256SUMS`.
pub(super) fn list_of(run: &RunName) -> String {
    format!("{run}/{SUMS}")
}

/// The run of `RUN/SHA256SUMS`.
pub(super) fn run_of(name: &str) -> Option<RunName> {
    let (run, file) = name.split_once('/')?;
    if file == SUMS { run.parse().ok() } else { None }
}

/// Whether a run may have a file of that name. None leads out of its folder.
fn is_file_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

impl FromStr for Sums {
    type Err = SumsError;
    fn from_str(text: &str) -> Result<Self, SumsError> {
        let (mut files, mut previous) = (BTreeMap::new(), None);
        for (index, line) in text.lines().enumerate() {
            let (digest, name) = parts(line).ok_or(SumsError::Line(index + 1))?;
            match name.strip_prefix("../").and_then(run_of) {
                Some(run) => previous = Some((run, digest)),
                None if is_file_name(name) => drop(files.insert(name.to_owned(), digest)),
                None => return Err(SumsError::Line(index + 1)),
            }
        }
        for needed in [REPORT, RUN, PROFILE] {
            if !files.contains_key(needed) {
                return Err(SumsError::Lacks(needed));
            }
        }
        let sums = Self { files, previous };
        if sums.to_string() == text { Ok(sums) } else { Err(SumsError::Form) }
    }
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, digest) in &self.files {
            writeln!(f, "{}", line(digest, name))?;
        }
        match &self.previous {
            Some((run, digest)) => writeln!(f, "{}", line(digest, &format!("../{}", list_of(run)))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums() -> Sums {
        let files = [REPORT, RUN, PROFILE].map(|name| (name.to_owned(), Digest::of(name.as_bytes()))).into();
        Sums { files, previous: Some(("000001-20261127T011501Z".parse().unwrap(), Digest::of(b"before"))) }
    }

    fn lines<'a>(lines: impl Iterator<Item = &'a str>) -> String {
        lines.flat_map(|line| [line, "\n"]).collect()
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let text = sums().to_string();
        assert_eq!(text.parse(), Ok(sums()));
        assert!(text.ends_with("  ../000001-20261127T011501Z/SHA256SUMS\n"), "{text}");
        let first = Sums { previous: None, ..sums() };
        assert_eq!(first.to_string().parse(), Ok(first));
    }

    #[test]
    fn what_no_run_has_in_its_list_is_refused() {
        let good = sums().to_string();
        let with = |line: &str| format!("{good}{line}\n");
        let hex = Digest::of(b"x").hex().to_owned();
        for (text, error) in [
            (String::new(), SumsError::Lacks(REPORT)),
            (lines(good.lines().filter(|line| !line.ends_with(RUN))), SumsError::Lacks(RUN)),
            (with(&format!("{hex}  ../../etc/passwd")), SumsError::Line(5)),
            (with(&format!("{hex}  /etc/passwd")), SumsError::Line(5)),
            (with(&format!("{hex}  .hidden")), SumsError::Line(5)),
            (with(&format!("{hex} *report.json")), SumsError::Line(5)),
            (with("report.json"), SumsError::Line(5)),
            (with(&format!("{hex}  report.json")), SumsError::Form),
            (with(&format!("{hex}  ../000009-20261127T011501Z/SHA256SUMS")), SumsError::Form),
            (good.replace('\n', "\r\n"), SumsError::Form),
            (good.trim_end().to_owned(), SumsError::Form),
            (lines(good.lines().rev()), SumsError::Form),
        ] {
            assert_eq!(text.parse::<Sums>(), Err(error), "{text}");
        }
    }
}
