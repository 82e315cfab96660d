//! The head: a log outside of an evidence folder with a line a run, so that a last run that was dropped is missed.
//!
//! It has the format of sha256sum(1) too: `sha256sum -c HEAD` in the evidence folder looks at every list that it names.

use std::collections::BTreeMap;

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
    /// Two lines tell of runs of one number, and not the same: one of them was written anew and told of again.
    #[error("line {0} tells of another run than an earlier line does for that number, or of another list of it")]
    Twice(usize),
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

    /// Reads what a sink was told, as whoever asks it gets it: lines may come in any order, and again, since a line of which nobody knows
    /// whether it arrived is sent again; and each may stand behind what a log server writes before it.
    pub fn collected(text: &str) -> Result<Self, HeadError> {
        let mut runs: BTreeMap<u64, (RunName, Digest)> = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let (digest, name) = parts(told(line)).ok_or(HeadError::Line(index + 1))?;
            let found = (run_of(name).ok_or(HeadError::Line(index + 1))?, digest);
            if *runs.entry(found.0.number()).or_insert_with(|| found.clone()) != found {
                return Err(HeadError::Twice(index + 1));
            }
        }
        if text.is_empty() || text.ends_with('\n') { Ok(Self(runs.into_values().collect())) } else { Err(HeadError::Torn) }
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

/// What stands behind the words of a log server: the digest, and all after it.
fn told(line: &str) -> &str {
    let line = line.trim_end();
    let between = line.rfind("  ").unwrap_or_default();
    let begin = line[..between].rfind(char::is_whitespace).map_or(0, |space| space + 1);
    line.get(begin..).unwrap_or(line)
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
    #[test]
    fn a_head_is_collected_from_what_a_sink_was_told() {
        let run = |number| RunName::new(number, "2026-11-27T01:15:01Z".parse().unwrap());
        let digest = Digest::of(b"list");
        let (first, second) = (head_line(&run(1), &digest), head_line(&run(2), &digest));
        let both = Ok(vec![(run(1), digest.clone()), (run(2), digest.clone())]);
        let logged = format!("Nov 29 13:00:00 platform.test airlock:  {first}<110>1 2026-11-29T13:00:00Z é airlock - head - {second}");
        for text in [format!("{first}{second}"), format!("{second}{first}{second}"), logged, first.replace('\n', "\r\n") + &second] {
            assert_eq!(Head::collected(&text).map(|head| head.runs().to_vec()), both, "{text}");
        }
        let anew = head_line(&run(2), &Digest::of(b"other"));
        let later = head_line(&RunName::new(2, "2026-11-28T01:15:01Z".parse().unwrap()), &digest);
        for (text, error) in [
            (format!("{first}{second}{anew}"), HeadError::Twice(3)),
            (format!("{first}{second}{later}"), HeadError::Twice(3)),
            (format!("{first}somebody logged in\n"), HeadError::Line(2)),
            (format!("x{first}"), HeadError::Line(1)),
            (format!("{first}\n"), HeadError::Line(2)),
            (first.trim_end().to_owned(), HeadError::Torn),
        ] {
            assert_eq!(Head::collected(&text), Err(error), "{text}");
        }
        assert_eq!(Head::collected(""), Ok(Head::default()));
    }
}
