//! The text of answers as a tree in which every key and value knows its line and column.
//!
//! One parser reads YAML 1.2. Anchors, aliases, merge keys, and tags are refused: answers say what they mean where
//! they mean it, and nothing can grow on the way in.

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle};

use super::fault::{AnswersFault, Place};
use crate::Untrusted;

/// Levels that are read; the grammar has six, patches may have more.
const DEEPEST: usize = 64;

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) at: Position,
    pub(super) value: Content,
}

/// Line and column from 1, not yet joined with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Scalar { text: String, plain: bool },
    List(Vec<Node>),
    Group(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: Position,
    pub(super) value: Node,
}

impl Node {
    /// Nothing, `~`, or `null`, as YAML 1.2 has it.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Content::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The entry with that key.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Content::Group(entries) => entries.iter().find(|entry| entry.key == key),
            Content::List(_) | Content::Scalar { .. } => None,
        }
    }

    /// Where a path of the answers stands in the text (`edge.sourceRanges[1]`): the value, or the closest thing around it.
    pub(super) fn locate(&self, path: &str) -> Position {
        let mut node = self;
        let mut at = self.at;
        let mut rest = path;
        while !rest.is_empty() {
            let Some((next, below, position)) = node.step(rest) else { break };
            (node, rest, at) = (next, below, position);
        }
        at
    }

    /// Goes one key or one index down. Keys are tried as a whole first, since labels have dots in them.
    fn step<'n, 'p>(&'n self, path: &'p str) -> Option<(&'n Self, &'p str, Position)> {
        match &self.value {
            Content::Scalar { .. } => None,
            Content::List(items) => {
                let (index, below) = path.strip_prefix('[')?.split_once(']')?;
                let item = items.get(index.parse::<usize>().ok()?)?;
                Some((item, below.strip_prefix('.').unwrap_or(below), item.at))
            }
            Content::Group(entries) => entries.iter().filter(|entry| !entry.key.is_empty()).find_map(|entry| {
                let below = path.strip_prefix(entry.key.as_str())?;
                let below = if below.is_empty() || below.starts_with('[') { below } else { below.strip_prefix('.')? };
                Some((&entry.value, below, if entry.value.is_null() { entry.at } else { entry.value.at }))
            }),
        }
    }
}

impl Position {
    fn of(marker: &Marker) -> Self {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self { line: number(marker.line().max(1)), column: number(marker.col() + 1) }
    }

    /// Where a line and a column of the text that begins here stand. Quotation marks take a column; what is folded, or goes over
    /// several lines without being a literal block, is only known as a whole.
    pub(super) fn within(self, text: &str, line: u32, column: u32) -> Self {
        let lines: Vec<&str> = text.lines().collect();
        let begins = (self.line as usize).saturating_sub(1).min(lines.len());
        // A block begins below the line that announces it, with or without empty lines between.
        let above = lines[..begins].iter().rposition(|line| !line.trim().is_empty()).filter(|above| announces_literal(lines[*above]));
        if let Some(above) = above {
            let indent = lines[above + 1..].iter().find(|line| !line.trim().is_empty()).map_or(0, |line| line.chars().take_while(|letter| *letter == ' ').count());
            let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
            return Self { line: number(above + 1) + line, column: number(indent) + column };
        }
        match lines.get(begins).and_then(|first| first.chars().nth(self.column as usize - 1)) {
            _ if line > 1 => self,
            Some('\'' | '"') => Self { column: self.column + column, ..self },
            _ => Self { column: self.column + column - 1, ..self },
        }
    }

    /// The place with its line from the text.
    pub(super) fn place(self, text: &str) -> Place {
        let excerpt = text.lines().nth(self.line as usize - 1).map(|line| Untrusted::from(line.trim_start_matches('\u{feff}')));
        Place { line: self.line, column: self.column, excerpt }
    }

    /// The place with its line up to the end of the word there: what follows an unknown key could be a secret.
    pub(super) fn place_of_word(self, text: &str, word: &str) -> Place {
        let mut place = self.place(text);
        let length = self.column as usize - 1 + word.chars().count();
        place.excerpt = place.excerpt.map(|line| line.raw().chars().take(length).collect::<String>().into());
        place
    }

    /// The place alone, where the line could hold a secret.
    pub(super) const fn place_without_text(self) -> Place {
        Place { line: self.line, column: self.column, excerpt: None }
    }
}

/// Whether a line ends with the sign of a literal block: `|`, with what may follow it (YAML 1.2, §8.1).
fn announces_literal(line: &str) -> bool {
    let signs = line.split(" #").next().unwrap_or_default().trim_end().trim_end_matches(|sign: char| sign.is_ascii_digit() || sign == '-' || sign == '+');
    signs.strip_suffix('|').is_some_and(|before| before.trim_end().ends_with([':', '-']))
}

/// Reads one document.
pub(super) fn read(text: &str) -> Result<Node, AnswersFault> {
    let mut options = Options::default();
    options.emit_comments = false;
    let mut reader = Reader { text, parser: Parser::new_from_str_with_options(text, options), depth: 0 };
    let mut root = None;
    loop {
        let (event, at) = reader.next()?;
        match event {
            Event::StreamEnd => return root.ok_or(AnswersFault::Empty),
            Event::DocumentStart(..) if root.is_some() => return Err(AnswersFault::Documents { at: at.place(text) }),
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            event => {
                let node = reader.node(event, at)?;
                if node.is_null() {
                    continue;
                }
                root = Some(node);
            }
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Position), AnswersFault> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, Position::of(&span.start))),
            Some(Err(error)) => Err(self.refused(Position::of(error.marker()), error.info())),
            None => Ok((Event::StreamEnd, Position { line: 1, column: 1 })),
        }
    }

    /// Names a tab where there is one: the parser's own words speak of tokens there.
    fn refused(&self, at: Position, message: String) -> AnswersFault {
        let first = at.line.saturating_sub(1).max(1);
        let tab = (first..).zip(self.text.lines().skip(first as usize - 1)).take(3).find_map(|(line, words)| {
            let indent = words.chars().take_while(|c| c.is_whitespace());
            (1..).zip(indent).find(|(_, c)| *c == '\t').map(|(column, _)| Position { line, column })
        });
        match tab {
            Some(tab) => AnswersFault::Tab { at: tab.place(self.text) },
            None => AnswersFault::Syntax { at: at.place(self.text), message: message.into() },
        }
    }

    fn node(&mut self, event: Event<'t>, at: Position) -> Result<Node, AnswersFault> {
        let indirection = |what| Err(AnswersFault::Indirection { what, at: at.place(self.text) });
        let value = match event {
            Event::Alias(_) | Event::UnresolvedAlias(_) => return indirection("an alias"),
            Event::Scalar(_, _, anchor, _) | Event::SequenceStart(_, anchor, _) | Event::MappingStart(_, anchor, _) if anchor != 0 => return indirection("an anchor"),
            Event::Scalar(_, _, _, Some(_)) | Event::SequenceStart(_, _, Some(_)) | Event::MappingStart(_, _, Some(_)) => return indirection("a tag"),
            Event::Scalar(text, style, ..) => Content::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain },
            Event::SequenceStart(..) => self.nested(at, Self::list)?,
            Event::MappingStart(..) => self.nested(at, Self::group)?,
            // No other event stands where a node is due; the parser sees to that.
            _ => Content::Scalar { text: String::new(), plain: true },
        };
        Ok(Node { at, value })
    }

    fn nested(&mut self, at: Position, read: fn(&mut Self) -> Result<Content, AnswersFault>) -> Result<Content, AnswersFault> {
        if self.depth == DEEPEST {
            return Err(AnswersFault::Depth { deepest: DEEPEST, at: at.place(self.text) });
        }
        self.depth += 1;
        let content = read(self);
        self.depth -= 1;
        content
    }

    fn list(&mut self) -> Result<Content, AnswersFault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd | Event::StreamEnd, _) => return Ok(Content::List(items)),
                (event, at) => items.push(self.node(event, at)?),
            }
        }
    }

    fn group(&mut self) -> Result<Content, AnswersFault> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if matches!(event, Event::MappingEnd | Event::StreamEnd) {
                return Ok(Content::Group(entries));
            }
            let Content::Scalar { text: key, plain } = self.node(event, at)?.value else {
                return Err(AnswersFault::Syntax { at: at.place(self.text), message: "a key is a word, not a list or group".into() });
            };
            if plain && key == "<<" {
                return Err(AnswersFault::Indirection { what: "a merge key", at: at.place(self.text) });
            }
            if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                return Err(AnswersFault::DuplicateKey { key: key.into(), first: first.at.line, at: at.place(self.text) });
            }
            let (event, value_at) = self.next()?;
            let value = self.node(event, value_at)?;
            entries.push(Entry { key, at, value });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_line_and_column() {
        let root = read("edge:\n  sourceRanges:\n    - 10.0.0.0/8\n    - bad\nmetadata: { labels: { a.b/c: d } }\n").unwrap();
        assert_eq!(root.locate("edge.sourceRanges[1]"), Position { line: 4, column: 7 });
        assert_eq!(root.locate("metadata.labels.a.b/c"), Position { line: 5, column: 30 });
        assert_eq!(root.locate("edge.address"), Position { line: 2, column: 3 });
    }

    #[test]
    fn indirections_are_refused_where_they_stand() {
        for (text, what) in [("a: &x 1\n", "an anchor"), ("a: 1\nb: *x\n", ""), ("a: !x 1\n", "a tag"), ("<<: {}\n", "a merge key")] {
            match read(text).unwrap_err() {
                AnswersFault::Indirection { what: found, .. } => assert_eq!(found, what, "{text}"),
                AnswersFault::Syntax { .. } => assert_eq!(what, "", "{text}"),
                other => panic!("{text}: {other}"),
            }
        }
    }

    #[test]
    fn depth_is_bounded() {
        let text = format!("a: {}{}", "[".repeat(DEEPEST + 1), "]".repeat(DEEPEST + 1));
        assert!(matches!(read(&text), Err(AnswersFault::Depth { .. } | AnswersFault::Syntax { .. })));
    }
}
