//! Text that Airlock did not write: it is printed with control, escape, and bidirectional characters escaped.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Text from logs, events, object names, certificate subjects, or another program.
///
/// `Display` escapes what could move the cursor, colour the terminal, or reorder the line
/// (C0, C1, DEL, and the bidirectional controls of Unicode UAX #9). Newlines are escaped as well.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Untrusted<T>(T);

impl<T> Untrusted<T> {
    /// Marks text as not ours.
    pub const fn new(text: T) -> Self {
        Self(text)
    }
}

impl<T: AsRef<str>> Untrusted<T> {
    /// The text as it came, for comparison and further processing, never for a screen.
    pub fn raw(&self) -> &str {
        self.0.as_ref()
    }

    /// Whether it is shown as it came.
    pub fn is_plain(&self) -> bool {
        !self.raw().chars().any(is_dangerous)
    }
}

impl<T: Into<String>> From<T> for Untrusted<String> {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

/// Whether a character could move the cursor, colour the terminal, or reorder the line.
pub(crate) fn is_dangerous(c: char) -> bool {
    c.is_control() || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

impl<T: AsRef<str>> fmt::Display for Untrusted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.as_ref().chars() {
            if is_dangerous(c) {
                write!(f, "{}", c.escape_default())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_could_move_or_reorder_the_line() {
        let text = Untrusted::from("ok\u{1b}[2J\u{202e}txt\r\n");
        assert_eq!(text.to_string(), "ok\\u{1b}[2J\\u{202e}txt\\r\\n");
    }

    #[test]
    fn leaves_ordinary_letters_of_any_script_alone() {
        assert_eq!(Untrusted::from("bücher 字").to_string(), "bücher 字");
        assert!(Untrusted::from("bücher 字").is_plain() && !Untrusted::from("a\tb").is_plain());
    }
}
