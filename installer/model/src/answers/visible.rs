//! Texts that screens and reports repeat, and that must look there as they are written: whoever writes a profile decides what a
//! colleague reads of a gate.
//!
//! What `Untrusted` escapes is refused where it is read, so that no writer of a report need think of it: control characters
//! could draw a screen of their own (ECMA-48), bidirectional ones reorder a line (UAX #9). What is one line stays one line.

use super::fault::AnswersFault;
use super::outline::{Content, Node};
use crate::Untrusted;
use crate::untrusted::is_dangerous;

/// Keys below which texts may go over several lines: prose, expressions, a key in PEM, and values that the types leave open.
const LONG: [&str; 12] = ["description", "reason", "why", "fix", "message", "expression", "messageExpression", "publicKey", "statement", "compensating", "parameters", "objects"];

/// Every text that a screen would not show as it is.
pub(super) fn faults(tree: &Node, text: &str) -> Vec<AnswersFault> {
    let mut looking = Looking { text, faults: Vec::new() };
    looking.look(tree, "", false);
    looking.faults
}

struct Looking<'t> {
    text: &'t str,
    faults: Vec<AnswersFault>,
}

impl Looking<'_> {
    fn look(&mut self, node: &Node, path: &str, is_long: bool) {
        match &node.value {
            Content::Scalar { text, .. } => {
                if let Some(flaw) = flaw(text, is_long) {
                    self.faults.push(AnswersFault::Value { path: path.to_owned(), text: flaw.into(), at: node.at.place(self.text) });
                }
            }
            Content::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.look(item, &format!("{path}[{index}]"), is_long);
                }
            }
            Content::Group(entries) => {
                for entry in entries {
                    let key = Untrusted::from(entry.key.as_str());
                    let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                    if let Some(flaw) = hidden(&entry.key).map(in_words) {
                        self.faults.push(AnswersFault::Value { path: path.clone(), text: flaw.into(), at: entry.at.place(self.text) });
                    }
                    self.look(&entry.value, &path, is_long || LONG.contains(&entry.key.as_str()));
                }
            }
        }
    }
}

fn flaw(text: &str, is_long: bool) -> Option<String> {
    // A block ends with the end of its line.
    let text = text.trim_end_matches('\n');
    if is_long { text.split(['\n', '\t']).find_map(hidden).map(in_words) } else { hidden(text).map(in_words) }
}

fn hidden(text: &str) -> Option<char> {
    text.chars().find(|letter| is_dangerous(*letter))
}

fn in_words(letter: char) -> String {
    match letter {
        '\n' => "it goes over several lines; write it in one".to_owned(),
        letter => format!("it holds U+{:04X}, which changes what a screen shows; take it out", u32::from(letter)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::outline;
    use super::*;

    fn said(text: &str) -> Vec<String> {
        faults(&outline::read(text).unwrap(), text).iter().map(|fault| format!("{} {fault}", fault.at().unwrap())).collect()
    }

    #[test]
    fn what_would_draw_on_a_screen_is_refused_where_it_stands() {
        let wrong = "it holds U+001B, which changes what a screen shows; take it out";
        assert_eq!(said("metadata:\n  name: \"prod\\e[2J\"\n"), [format!("2:9 `metadata.name`: {wrong}")]);
        assert_eq!(said("custom:\n  - { why: \"a\\e[8m\" }\n"), [format!("2:12 `custom[0].why`: {wrong}")]);
        assert_eq!(said("parameters: { \"A\\eB\": 1 }\n"), [format!("1:15 `parameters.A\\u{{1b}}B`: {wrong}")]);
        for (escape, code) in [("\\u202E", "U+202E"), ("\\u2066", "U+2066"), ("\\x7F", "U+007F"), ("\\x9B", "U+009B"), ("\\r", "U+000D"), ("\\t", "U+0009"), ("\\a", "U+0007")] {
            let found = said(&format!("title: \"a{escape}b\"\n"));
            assert!(found.len() == 1 && found[0].starts_with(&format!("1:8 `title`: it holds {code}, ")), "{escape}: {found:?}");
        }
        assert_eq!(said("title: |\n  no root\n  ✓ the gate passes\nid: ok\n"), ["2:3 `title`: it goes over several lines; write it in one"]);
    }

    #[test]
    fn prose_and_expressions_go_over_several_lines_also_of_windows() {
        for text in [
            "description: |\n  one\n  two\twith a tab\n",
            "description: |\r\n  one\r\n  two\r\n",
            "title: >\n  one that\n  is folded\n",
            "custom: [{ fix: \"a\\nb\", validations: [{ expression: \"a\\n&& b\" }], tests: [{ objects: [{ data: { a: \"b\\nc\" } }] }] }]\n",
            "title: bücher 字\n",
        ] {
            assert_eq!(said(text), [""; 0], "{text}");
        }
    }
}
