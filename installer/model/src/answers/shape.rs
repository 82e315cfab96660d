//! The tree of the text against the schema of the types: unknown keys, wrong types, missing keys, each with its place.
//!
//! The schema decides how a word is read: `1.10` stays text where text is due, so nothing is lost on the way.
//! Only what the types leave open (patches) is read as the core schema of YAML 1.2 says.

use serde_json::{Map, Number, Value};

use super::fault::{AnswersFault, nearest};
use super::outline::{Content, Entry, Node};
use crate::Untrusted;

/// Reads the tree by the schema; what does not fit becomes faults.
pub(super) struct Shape<'a> {
    text: &'a str,
    definitions: &'a Value,
    pub(super) faults: Vec<AnswersFault>,
}

impl<'a> Shape<'a> {
    pub(super) fn new(text: &'a str, schema: &'a Value) -> Self {
        Self { text, definitions: schema.get("$defs").unwrap_or(&Value::Null), faults: Vec::new() }
    }

    /// The value as JSON; `Null` where it did not fit.
    pub(super) fn read(&mut self, node: &Node, schema: &'a Value, path: &str) -> Value {
        let nullable = is_nullable(schema);
        let schema = self.resolve(schema, node);
        if node.is_null() && (nullable || is_open(schema)) {
            return Value::Null;
        }
        if let Some(choices) = choices(schema) {
            return self.choice(node, choices, path);
        }
        match expected(schema) {
            Some(expected) if node.is_null() => {
                self.faults.push(AnswersFault::Null { path: path.into(), expected, at: node.at.place(self.text) });
                Value::Null
            }
            Some(expected) => self.typed(node, schema, expected, path),
            None => open_value(node),
        }
    }

    /// Follows a reference, and takes the part of a union that is not null; of several the one that is a group where a group is, or
    /// is none where none is.
    fn resolve(&self, mut schema: &'a Value, node: &Node) -> &'a Value {
        let is_group = matches!(node.value, Content::Group(_));
        loop {
            let definition = self.defined(schema);
            let parts = || definition.get("anyOf").and_then(Value::as_array).into_iter().flatten().filter(|part| !is_null_type(part));
            match parts().find(|part| (expected(self.defined(part)) == Some(GROUP)) == is_group).or_else(|| parts().next()) {
                Some(part) => schema = part,
                None => return definition,
            }
        }
    }

    /// What a reference leads to; else the schema itself.
    fn defined(&self, mut schema: &'a Value) -> &'a Value {
        while let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix("#/$defs/")) {
            let Some(definition) = self.definitions.get(name) else { return schema };
            schema = definition;
        }
        schema
    }

    fn choice(&mut self, node: &Node, choices: Vec<String>, path: &str) -> Value {
        match &node.value {
            Content::Scalar { text, .. } if choices.contains(text) => Value::String(text.clone()),
            Content::Scalar { text, .. } if !node.is_null() => {
                let nearest = nearest(text, choices.iter().map(String::as_str));
                self.faults.push(AnswersFault::Choice { path: path.into(), value: Untrusted::from(text.as_str()), nearest, choices, at: node.at.place(self.text) });
                Value::Null
            }
            _ if node.is_null() => {
                self.faults.push(AnswersFault::Null { path: path.into(), expected: "one of the words of the schema", at: node.at.place(self.text) });
                Value::Null
            }
            _ => self.wrong(node, "one word", path),
        }
    }

    fn typed(&mut self, node: &Node, schema: &'a Value, expected: &'static str, path: &str) -> Value {
        match (&node.value, expected) {
            (Content::Group(entries), GROUP) => self.group(node, entries, schema, path),
            (Content::List(items), LIST) => {
                let Some(item_schema) = schema.get("items") else { return open_value(node) };
                Value::Array(items.iter().enumerate().map(|(index, item)| self.read(item, item_schema, &format!("{path}[{index}]"))).collect())
            }
            (Content::Scalar { text, plain }, TEXT) if !plain || !is_boolean(text) => Value::String(text.clone()),
            (Content::Scalar { text, plain: true }, BOOLEAN) if is_boolean(text) => Value::Bool(text.eq_ignore_ascii_case("true")),
            (Content::Scalar { text, plain: true }, WHOLE_NUMBER) => match text.parse::<u64>() {
                Ok(number) if number <= largest(schema) => Value::Number(number.into()),
                _ => self.wrong(node, expected, path),
            },
            _ => self.wrong(node, expected, path),
        }
    }

    fn group(&mut self, node: &Node, entries: &[Entry], schema: &'a Value, path: &str) -> Value {
        let mut map = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        for entry in entries {
            let below = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
            let known = properties.and_then(|properties| properties.get(&entry.key));
            let further = schema.get("additionalProperties").filter(|further| **further != Value::Bool(false));
            if let Some(schema) = known.or(further) {
                // Where the value is nothing, the key is what there is to point at.
                let value = if entry.value.is_null() { &Node { at: entry.at, ..entry.value.clone() } } else { &entry.value };
                map.insert(entry.key.clone(), self.read(value, schema, &below));
            } else {
                let known: Vec<String> = properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default();
                let nearest = nearest(&entry.key, known.iter().map(String::as_str));
                self.faults.push(AnswersFault::UnknownKey { key: Untrusted::from(below), nearest, known, at: entry.at.place_of_word(self.text, &entry.key) });
            }
        }
        for required in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !entries.iter().any(|entry| entry.key == required) {
                let path = if path.is_empty() { required.to_owned() } else { format!("{path}.{required}") };
                self.faults.push(AnswersFault::Missing { path, at: node.at.place(self.text) });
            }
        }
        Value::Object(map)
    }

    fn wrong(&mut self, node: &Node, expected: &'static str, path: &str) -> Value {
        let found = match &node.value {
            Content::Group(_) => GROUP,
            Content::List(_) => LIST,
            Content::Scalar { text, plain: true } if is_boolean(text) && expected == TEXT => "true or false without quotes",
            Content::Scalar { .. } => "other text",
        };
        self.faults.push(AnswersFault::WrongType { path: if path.is_empty() { "the document".into() } else { path.into() }, expected, found, at: node.at.place(self.text) });
        Value::Null
    }
}

const GROUP: &str = "a group of keys";
const LIST: &str = "a list";
const TEXT: &str = "text";
const BOOLEAN: &str = "true or false";
const WHOLE_NUMBER: &str = "a whole number in its range";

fn types(schema: &Value) -> impl Iterator<Item = &str> {
    let declared = schema.get("type");
    declared.and_then(Value::as_str).into_iter().chain(declared.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str))
}

fn expected(schema: &Value) -> Option<&'static str> {
    types(schema).find_map(|name| match name {
        "object" => Some(GROUP),
        "array" => Some(LIST),
        "string" => Some(TEXT),
        "boolean" => Some(BOOLEAN),
        "integer" => Some(WHOLE_NUMBER),
        _ => None,
    })
}

fn choices(schema: &Value) -> Option<Vec<String>> {
    let words = |values: &Vec<Value>| values.iter().map(|value| value.get("const").unwrap_or(value).as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
    schema.get("oneOf").or_else(|| schema.get("enum")).and_then(Value::as_array).and_then(words)
}

fn is_null_type(schema: &Value) -> bool {
    types(schema).any(|name| name == "null")
}

fn is_nullable(schema: &Value) -> bool {
    is_null_type(schema) || schema.get("anyOf").and_then(Value::as_array).is_some_and(|parts| parts.iter().any(is_null_type))
}

fn is_open(schema: &Value) -> bool {
    expected(schema).is_none() && choices(schema).is_none()
}

fn is_boolean(text: &str) -> bool {
    matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
}

/// The largest number of an integer type, by its `maximum` or the name of its format.
fn largest(schema: &Value) -> u64 {
    let format = match schema.get("format").and_then(Value::as_str) {
        Some("uint8") => u8::MAX.into(),
        Some("uint16") => u16::MAX.into(),
        Some("uint32") => u32::MAX.into(),
        _ => u64::MAX,
    };
    schema.get("maximum").and_then(Value::as_u64).unwrap_or(format)
}

/// A value that the types leave open, by the core schema of YAML 1.2 (§10.3).
fn open_value(node: &Node) -> Value {
    match &node.value {
        Content::Group(entries) => Value::Object(entries.iter().map(|entry| (entry.key.clone(), open_value(&entry.value))).collect()),
        Content::List(items) => Value::Array(items.iter().map(open_value).collect()),
        Content::Scalar { .. } if node.is_null() => Value::Null,
        Content::Scalar { text, plain: true } if is_boolean(text) => Value::Bool(text.eq_ignore_ascii_case("true")),
        Content::Scalar { text, plain: true } => number(text).map_or_else(|| Value::String(text.clone()), Value::Number),
        Content::Scalar { text, plain: false } => Value::String(text.clone()),
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(number) = text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok()).or_else(|| u64::from_str_radix(text.strip_prefix("0o")?, 8).ok()) {
        return Some(number.into());
    }
    if !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E')) || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse::<i64>().map(Number::from).ok().or_else(|| Number::from_f64(text.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::outline;
    use super::*;

    #[test]
    fn open_values_are_read_by_the_core_schema() {
        let node = outline::read("a: [1, -2, 1.5, yes, true, null, '1', 1e3, 0x10, 017]\n").unwrap();
        assert_eq!(open_value(&node), serde_json::json!({ "a": [1, -2, 1.5, "yes", true, null, "1", 1000.0, 16, 17] }));
    }
}
