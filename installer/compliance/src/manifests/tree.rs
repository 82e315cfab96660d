//! YAML becomes values, bounded in depth and in what anchors and aliases may add, so that no text can grow on the way in.

use std::collections::{BTreeMap, HashMap};

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, StrInput, Tag};
use serde_json::{Map, Value};

use super::scalar;
use super::unrendered::UNRENDERED;

/// Levels that are read; the schemas in the definitions of custom resources have some forty.
const DEEPEST: usize = 100;
/// Values that the anchors and aliases of a file may add.
const MOST_COPIED: usize = 100_000;
/// So many bytes of text count as one more value.
const BYTES_OF_A_VALUE: usize = 100;

/// Line and column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Position {
    pub(super) const BEGIN: Self = Self { line: 1, column: 1 };

    fn of(marker: &Marker) -> Self {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self { line: number(marker.line().max(1)), column: number(marker.col() + 1) }
    }

    /// Behind the last letter of a text.
    pub(super) fn end_of(text: &str) -> Self {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let last = text.rsplit('\n').next().unwrap_or_default();
        Self { line: number(text.matches('\n').count() + 1), column: number(last.chars().count() + 1) }
    }
}

/// A document of a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Document {
    /// From 0, empty ones counted.
    pub(super) index: u32,
    /// Where its first value begins.
    pub(super) at: Position,
    /// Null when it is empty.
    pub(super) value: Value,
    /// Its texts and keys that have double braces in them, and where each stands first: a template may have left them.
    pub(super) braced: BTreeMap<String, Position>,
}

/// What ended the reading of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) document: u32,
    pub(super) at: Position,
    pub(super) message: String,
}

/// Every document up to the end or the first fault: behind a fault nothing is sure to mean what it seems to.
pub(super) fn documents(text: &str) -> (Vec<Document>, Option<Fault>) {
    let mut options = Options::default();
    options.emit_comments = false;
    let mut reader = Reader { text, parser: Parser::new_from_str_with_options(text, options), open: Vec::new(), anchors: HashMap::new(), copied: 0, document: None, index: 0 };
    let mut found = Vec::new();
    loop {
        match reader.step(&mut found) {
            Ok(true) => {}
            Ok(false) => return (found, None),
            Err((at, message)) => return (found, Some(Fault { document: reader.index, at, message: reader.explained(at, message) })),
        }
    }
}

type Refused = (Position, String);

struct Reader<'t> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    /// Lists and maps that have begun and not ended.
    open: Vec<Open>,
    anchors: HashMap<usize, (Value, usize)>,
    /// The size of all copies so far: of what anchors keep, and of what aliases put in.
    copied: usize,
    document: Option<Document>,
    index: u32,
}

struct Open {
    at: Position,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Value>),
    Group { fields: Map<String, Value>, key: Option<String>, merged: Vec<Value> },
}

impl Reader<'_> {
    /// One event on; false at the end.
    fn step(&mut self, found: &mut Vec<Document>) -> Result<bool, Refused> {
        let (event, at) = match self.parser.next_event() {
            None => return Ok(false),
            Some(Ok((event, span))) => (event, Position::of(&span.start)),
            Some(Err(error)) => {
                let message = error.info();
                let message = if message.contains("recursion limit") { too_deep() } else { message };
                return Err((Position::of(error.marker()), message));
            }
        };
        match event {
            Event::StreamEnd => return Ok(false),
            Event::DocumentStart(..) => {
                self.document = Some(Document { index: self.index, at, value: Value::Null, braced: BTreeMap::new() });
                self.anchors.clear();
            }
            Event::DocumentEnd => {
                found.extend(self.document.take());
                self.index += 1;
            }
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), at)?,
            Event::SequenceStart(_, anchor, _) => self.begin(at, anchor, Content::List(Vec::new()))?,
            Event::MappingStart(_, anchor, _) => self.begin(at, anchor, Content::Group { fields: Map::new(), key: None, merged: Vec::new() })?,
            Event::SequenceEnd | Event::MappingEnd => self.end()?,
            Event::Alias(anchor) => self.alias(anchor, at)?,
            _ => {}
        }
        Ok(true)
    }

    fn begin(&mut self, at: Position, anchor: usize, content: Content) -> Result<(), Refused> {
        if self.open.len() == DEEPEST {
            return Err((at, too_deep()));
        }
        if let Some(Open { content: Content::Group { key: None, .. }, .. }) = self.open.last() {
            return Err((at, "a key is a word, not a list or group".to_owned()));
        }
        self.open.push(Open { at, anchor, content });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Refused> {
        let Some(ended) = self.open.pop() else { return Ok(()) };
        let value = match ended.content {
            Content::List(items) => Value::Array(items),
            Content::Group { mut fields, merged, .. } => {
                for (key, value) in merged.into_iter().flat_map(groups).flatten() {
                    fields.entry(key).or_insert(value);
                }
                Value::Object(fields)
            }
        };
        self.put(value, ended.anchor, ended.at)
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, tag: Option<&Tag>, at: Position) -> Result<(), Refused> {
        if text.contains("{{")
            && let Some(document) = &mut self.document
        {
            document.braced.entry(text.to_owned()).or_insert(at);
        }
        if let Some(Open { content: Content::Group { fields, key: key @ None, .. }, .. }) = self.open.last_mut() {
            if fields.contains_key(text) {
                return Err((at, stands_twice(text)));
            }
            *key = Some(text.to_owned());
            return self.keep(&Value::from(text), anchor, at);
        }
        let value = scalar::value(text, style == ScalarStyle::Plain, tag.and_then(Tag::core_suffix));
        self.put(value, anchor, at)
    }

    fn alias(&mut self, anchor: usize, at: Position) -> Result<(), Refused> {
        let Some((value, size)) = self.anchors.get(&anchor) else { return Err((at, "the alias names an anchor that has not ended".to_owned())) };
        count(&mut self.copied, *size, at)?;
        let value = value.clone();
        if let Some(Open { content: Content::Group { fields, key: key @ None, .. }, .. }) = self.open.last_mut() {
            let Value::String(word) = value else { return Err((at, "a key is a word, not a list or group".to_owned())) };
            if fields.contains_key(&word) {
                return Err((at, stands_twice(&word)));
            }
            *key = Some(word);
            return Ok(());
        }
        self.put(value, 0, at)
    }

    /// Keeps a copy of a value for those that will name its anchor.
    fn keep(&mut self, value: &Value, anchor: usize, at: Position) -> Result<(), Refused> {
        if anchor != 0 {
            let size = size(value);
            count(&mut self.copied, size, at)?;
            self.anchors.insert(anchor, (value.clone(), size));
        }
        Ok(())
    }

    /// Puts a value that is complete into what is open around it.
    fn put(&mut self, value: Value, anchor: usize, at: Position) -> Result<(), Refused> {
        self.keep(&value, anchor, at)?;
        match self.open.last_mut().map(|open| &mut open.content) {
            None => {
                if let Some(document) = &mut self.document {
                    document.at = at;
                    document.value = value;
                }
            }
            Some(Content::List(items)) => items.push(value),
            Some(Content::Group { fields, key, merged }) => match key.take() {
                Some(key) if key == "<<" && (value.is_object() || value.is_array()) => merged.push(value),
                Some(key) => drop(fields.insert(key, value)),
                None => {}
            },
        }
        Ok(())
    }

    /// Says what is behind the words where that can be told.
    fn explained(&self, at: Position, message: String) -> String {
        let first = at.line.saturating_sub(2) as usize;
        let mut around = self.text.lines().skip(first).take(3);
        if around.any(|line| line.contains("{{")) { format!("{UNRENDERED} ({message})") } else { message }
    }
}

fn stands_twice(key: &str) -> String {
    format!("the key `{key}` stands twice")
}

fn too_deep() -> String {
    format!("values stand more than {DEEPEST} levels deep")
}

/// The groups that a merge key takes in: one, or a list of them.
fn groups(value: Value) -> Vec<Map<String, Value>> {
    match value {
        Value::Object(group) => vec![group],
        Value::Array(items) => items.into_iter().filter_map(|item| if let Value::Object(group) = item { Some(group) } else { None }).collect(),
        _ => Vec::new(),
    }
}

/// Counts a copy before it is made.
fn count(copied: &mut usize, size: usize, at: Position) -> Result<(), Refused> {
    *copied += size;
    if *copied > MOST_COPIED { Err((at, format!("anchors and aliases add more than {MOST_COPIED} values"))) } else { Ok(()) }
}

/// The values that a value is made of, with those that its text counts as.
fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => 1 + fields.iter().map(|(key, value)| key.len() / BYTES_OF_A_VALUE + size(value)).sum::<usize>(),
        Value::String(text) => 1 + text.len() / BYTES_OF_A_VALUE,
        _ => 1,
    }
}
