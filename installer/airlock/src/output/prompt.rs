//! One question to a person: with keys and a list on a terminal that can redraw (`keys`), with numbers and lines elsewhere (`lines`).

mod keys;
mod lines;

use super::Output;
use crate::environment;
use crate::failure::Failure;

/// A question.
#[derive(Clone, Debug)]
pub(crate) struct Prompt {
    /// The question itself.
    pub(crate) question: String,
    /// What can be answered.
    pub(crate) field: Field,
    /// Whether `?` has something to say.
    pub(crate) explained: bool,
    /// Whether "not yet known" is an answer.
    pub(crate) may_be_unknown: bool,
}

/// What can be answered.
#[derive(Clone, Debug)]
pub(crate) enum Field {
    /// One of these; the number is the one that Enter takes.
    Choice {
        /// In words.
        labels: Vec<String>,
        /// Its place.
        suggested: usize,
    },
    /// A text.
    Text {
        /// How it looks.
        hint: String,
        /// What Enter takes.
        suggested: Option<String>,
    },
}

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The choice at this place.
    Chosen(usize),
    /// This text.
    Text(String),
    /// What is this about?
    Explain,
    /// Nobody knows it yet.
    Unknown,
    /// The question before.
    Back,
}

/// What asks for an explanation.
const EXPLAIN: &str = "?";
/// What says that nobody knows it yet, where a text is typed.
const UNKNOWN: &str = "-";

/// Asks and blocks. Ctrl-C is [`Failure::Interrupted`].
pub(crate) fn ask(output: &Output, prompt: &Prompt) -> Result<Reply, Failure> {
    if environment::is_dumb() { lines::ask(prompt) } else { keys::ask(prompt, output.talk_style) }
}

/// A prompt as a terminal shows it that cannot redraw.
#[cfg(test)]
pub(crate) fn by_lines(prompt: &Prompt) -> String {
    lines::screen(prompt)
}

/// Gives the terminal back as it was, when a signal ended a prompt that still waits for a key.
pub(crate) fn give_back() {
    // Where no prompt has taken it there is nothing to give back.
    let _ = crossterm::terminal::disable_raw_mode();
}

/// What a typed text stands for.
fn typed(prompt: &Prompt, text: &str) -> Reply {
    match text.trim() {
        EXPLAIN if prompt.explained => Reply::Explain,
        UNKNOWN if prompt.may_be_unknown => Reply::Unknown,
        text => Reply::Text(text.to_owned()),
    }
}
