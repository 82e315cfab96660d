//! A line as a message of RFC 5424, framed by its length as RFC 5425 has it over TLS.

use airlock_model::RunName;

/// Facility 13 (log audit), severity 6 (informational).
const PRIORITY: u8 = 13 * 8 + 6;
/// Characters of HOSTNAME (RFC 5424 §6).
const LONGEST_HOST: usize = 255;

pub(super) struct Message {
    host: String,
}

impl Message {
    /// From this host; what RFC 5424 does not let stand there is left out.
    pub(super) fn of(origin: &str) -> Self {
        let host: String = origin.chars().filter(char::is_ascii_graphic).take(LONGEST_HOST).collect();
        Self { host: if host.is_empty() { "-".to_owned() } else { host } }
    }

    /// The message, with the time of the run, so that it is the same each time it is sent.
    pub(super) fn frame(&self, run: &RunName, line: &str) -> Vec<u8> {
        let message = format!("<{PRIORITY}>1 {} {} airlock - head - {}", run.at(), self.host, line.trim_end());
        format!("{} {message}", message.len()).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_framed_by_its_length_and_bears_time_and_host_of_the_run() {
        let run: RunName = "000002-20261128T011503Z".parse().unwrap();
        let frame = String::from_utf8(Message::of("platform.test").frame(&run, "0a  000002-20261128T011503Z/SHA256SUMS\n")).unwrap();
        assert_eq!(frame, "97 <110>1 2026-11-28T01:15:03Z platform.test airlock - head - 0a  000002-20261128T011503Z/SHA256SUMS");
        let (length, message) = frame.split_once(' ').unwrap();
        assert_eq!(length, message.len().to_string());
        assert_eq!((Message::of("").host, Message::of("a b\n<c>").host), ("-".to_owned(), "ab<c>".to_owned()));
    }
}
