//! By lines, for a terminal that cannot redraw: choices have numbers, `<` goes back, Ctrl-C is a signal as everywhere.

use std::fmt::Write as _;
use std::io::{self, BufRead, Write};

use super::{EXPLAIN, Field, Prompt, Reply, UNKNOWN, typed};
use crate::failure::Failure;

/// What goes back.
const BACK: &str = "<";

pub(super) fn ask(prompt: &Prompt) -> Result<Reply, Failure> {
    let mut shown = screen(prompt);
    loop {
        say(&shown)?;
        let mut line = String::new();
        // Nothing more will come: as Ctrl-C.
        if io::stdin().lock().read_line(&mut line).map_err(Failure::Terminal)? == 0 {
            return Err(Failure::Interrupted);
        }
        match read(prompt, line.trim()) {
            Some(reply) => return Ok(reply),
            None => shown = format!("`{}` is none of the numbers\n> ", airlock_model::Untrusted::from(line.trim())),
        }
    }
}

fn say(text: &str) -> Result<(), Failure> {
    let mut stderr = io::stderr().lock();
    stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()).map_err(Failure::Terminal)
}

pub(super) fn screen(prompt: &Prompt) -> String {
    let mut text = format!("{}\n", prompt.question);
    let mut keys = Vec::new();
    match &prompt.field {
        Field::Choice { labels, suggested } => {
            for (index, label) in labels.iter().enumerate() {
                let _ = writeln!(text, "  {}) {label}", index + 1);
            }
            keys.push(format!("Enter: {}", suggested + 1));
        }
        Field::Text { hint, suggested } => {
            if !hint.is_empty() {
                keys.push(hint.clone());
            }
            keys.extend(suggested.as_ref().filter(|suggested| !suggested.is_empty()).map(|suggested| format!("Enter: {suggested}")));
        }
    }
    if prompt.explained {
        keys.push(format!("{EXPLAIN} explains"));
    }
    if prompt.may_be_unknown {
        keys.push(format!("{UNKNOWN} not yet known"));
    }
    keys.push(format!("{BACK} back"));
    keys.push("Ctrl-C leave".into());
    let _ = write!(text, "  [{}]\n> ", keys.join(" | "));
    text
}

/// What a line stands for; none: a number that no choice has.
fn read(prompt: &Prompt, line: &str) -> Option<Reply> {
    match (line, &prompt.field) {
        (BACK, _) => Some(Reply::Back),
        ("", Field::Choice { suggested, .. }) => Some(Reply::Chosen(*suggested)),
        ("", Field::Text { suggested, .. }) => Some(Reply::Text(suggested.clone().unwrap_or_default())),
        (line, Field::Text { .. }) => Some(typed(prompt, line)),
        (line, Field::Choice { labels, .. }) => match typed(prompt, line) {
            Reply::Text(number) => number.parse::<usize>().ok().filter(|number| (1..=labels.len()).contains(number)).map(|number| Reply::Chosen(number - 1)),
            other => Some(other),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(field: Field) -> Prompt {
        Prompt { question: "Which?".into(), field, explained: true, may_be_unknown: true }
    }

    #[test]
    fn a_choice_is_taken_by_its_number() {
        let prompt = prompt(Field::Choice { labels: vec!["one".into(), "two".into()], suggested: 1 });
        assert_eq!(screen(&prompt), "Which?\n  1) one\n  2) two\n  [Enter: 2 | ? explains | - not yet known | < back | Ctrl-C leave]\n> ");
        for (line, reply) in
            [("1", Some(Reply::Chosen(0))), ("", Some(Reply::Chosen(1))), ("3", None), ("0", None), ("x", None), ("?", Some(Reply::Explain)), ("-", Some(Reply::Unknown)), ("<", Some(Reply::Back))]
        {
            assert_eq!(read(&prompt, line), reply, "{line}");
        }
    }

    #[test]
    fn a_text_is_taken_as_it_is_and_an_empty_line_takes_the_suggestion() {
        let prompt = prompt(Field::Text { hint: "a name".into(), suggested: Some("airlock".into()) });
        assert_eq!(screen(&prompt), "Which?\n  [a name | Enter: airlock | ? explains | - not yet known | < back | Ctrl-C leave]\n> ");
        assert_eq!(read(&prompt, ""), Some(Reply::Text("airlock".into())));
        assert_eq!(read(&prompt, "data"), Some(Reply::Text("data".into())));
    }
}
