//! The head: a log outside of an evidence folder with a line a run, so that a last run that was dropped is missed.
//!
//! It has the format of sha256sum(1) too: `sha256sum -c HEAD` in the evidence folder looks at every list that it names.

use airlock_model::{Digest, RunName};

use super::sums::{line, list_of, parts, run_of};

/// The log, in the order of the runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head(Vec<(RunName, Digest)>);

/// Why a text is no such log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// A line that it cannot have.
    #[error("line {0} is not the digest and the name of the list of a run")]
    Line(usize),
    /// A line whose run does not come after that of the line before it.
    #[error("the run of line {0} does not come after the one before it")]
    Order(usize),
    /// The last line has no end: whoever wrote it was stopped in the middle.
    #[error("its last line has no end")]
    Torn,
}

/// The line of a run.
pub fn head_line(run: &RunName, sums: &Digest) -> String {
    format!("{}\n", line(sums, &list_of(run)))
}

impl Head {
    /// Reads the log.
    pub fn parse(text: &str) -> Result<Self, HeadError> {
        let mut runs: Vec<(RunName, Digest)> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let place = index + 1;
            let (digest, name) = parts(line).ok_or(HeadError::Line(place))?;
            let run = run_of(name).ok_or(HeadError::Line(place))?;
            if runs.last().is_some_and(|(last, _)| last.number() >= run.number()) {
                return Err(HeadError::Order(place));
            }
            runs.push((run, digest));
        }
        if text.is_empty() || text.ends_with('\n') { Ok(Self(runs)) } else { Err(HeadError::Torn) }
    }

    /// Its runs with the digests of their lists.
    pub fn runs(&self) -> &[(RunName, Digest)] {
        &self.0
    }

    /// The last run that it knows.
    pub fn last(&self) -> Option<&(RunName, Digest)> {
        self.0.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read_and_what_is_none_is_told_with_its_line() {
        let run = |number| RunName::new(number, "2026-11-27T01:15:01Z".parse().unwrap());
        let digest = Digest::of(b"list");
        let (first, third) = (head_line(&run(1), &digest), head_line(&run(3), &digest));
        assert_eq!(Head::parse(""), Ok(Head::default()));
        assert_eq!(Head::parse(&format!("{first}{third}")).map(|head| head.last().cloned()), Ok(Some((run(3), digest.clone()))));
        for (text, error) in [
            (format!("{third}{first}"), HeadError::Order(2)),
            (format!("{first}{first}"), HeadError::Order(2)),
            (format!("{first}\n"), HeadError::Line(2)),
            (first.replace("SHA256SUMS", "report.json"), HeadError::Line(1)),
            (first.replace("  ", " "), HeadError::Line(1)),
            (first.trim_end().to_owned(), HeadError::Torn),
        ] {
            assert_eq!(Head::parse(&text), Err(error), "{text}");
        }
    }
}
