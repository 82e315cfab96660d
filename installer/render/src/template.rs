//! Tera, strict: an undefined variable is an error with file and line, and every value goes through a filter that
//! writes it as data, so that no text from answers can become YAML of its own.

use std::fmt::Write as _;

use serde::Serialize;
use tera::{Context, Error, Kwargs, State, Tera, TeraResult, Value};

use crate::RenderError;
use crate::library::Library;

/// All templates of a library, read once.
pub(crate) struct Templates(Tera);

impl Templates {
    /// Reads all templates; mistakes in their syntax show here.
    pub(crate) fn read(library: &Library) -> Result<Self, RenderError> {
        let mut tera = Tera::new();
        tera.autoescape_on(Vec::<&'static str>::new());
        tera.register_filter("quote", quote);
        tera.register_filter("json", json);
        tera.register_filter("number", number);
        tera.register_filter("word", word);
        tera.register_filter("data", data);
        tera.register_filter("required", required);
        // Declarations are data; what of them is a template is rendered by `text`.
        let is_template = |path: &str| path.contains('/') && !path.ends_with("/component.yaml");
        tera.add_raw_templates(library.files().filter(|(path, _)| is_template(path))).map_err(|error| failure(&error))?;
        Ok(Self(tera))
    }

    /// Renders one file.
    pub(crate) fn file(&self, path: &str, values: &impl Serialize) -> Result<String, RenderError> {
        let context = Context::from_serialize(values).map_err(|error| failure(&error))?;
        self.0.render(path, &context).map_err(|error| failure(&error))
    }

    /// Renders a text that stands in a declaration; `place` names it in errors.
    pub(crate) fn text(&self, place: &str, text: &str, values: &impl Serialize) -> Result<String, RenderError> {
        let context = Context::from_serialize(values).map_err(|error| failure(&error))?;
        let mut tera = self.0.clone();
        tera.add_raw_template(place, text).map_err(|error| failure(&error))?;
        tera.render(place, &context).map_err(|error| failure(&error))
    }
}

/// The whole chain: tera's outer error often names the file only, the inner one the mistake.
fn failure(error: &Error) -> RenderError {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let _ = write!(text, "\ncaused by: {cause}");
        source = cause.source();
    }
    RenderError::Template(text)
}

/// A scalar as a quoted one: a JSON string is a YAML double-quoted scalar once these further characters are escaped.
fn quote(value: &Value, _: Kwargs, _: &State<'_>) -> TeraResult<String> {
    if value.is_none() || value.is_undefined() || value.as_map().is_some() || value.as_array().is_some() {
        return Err(Error::message("quote: needs a text, a number, or a truth value"));
    }
    Ok(escape(&serde_json::to_string(&value.to_string()).map_err(Error::message)?))
}

/// Any value as JSON, which is YAML in flow style.
fn json(value: &Value, _: Kwargs, _: &State<'_>) -> TeraResult<String> {
    if value.is_undefined() {
        return Err(Error::message("json: the value is not defined"));
    }
    Ok(escape(&serde_json::to_string(value).map_err(Error::message)?))
}

/// A whole number, bare.
fn number(value: &Value, _: Kwargs, _: &State<'_>) -> TeraResult<String> {
    serde_json::to_value(value).ok().and_then(|value| value.as_i64()).map(|number| number.to_string()).ok_or_else(|| Error::message("number: needs a whole number"))
}

/// A text of letters, digits, `.`, `-`, and `_` alone, bare: it means the same wherever it stands.
fn word(value: &Value, _: Kwargs, _: &State<'_>) -> TeraResult<String> {
    let text = value.as_str().ok_or_else(|| Error::message("word: needs a text"))?;
    let valid = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    if valid { Ok(text.to_owned()) } else { Err(Error::message(format!("word: `{}` has other characters than letters, digits, `.`, `-`, `_`", text.escape_debug()))) }
}

/// What a text in YAML says, so that one file can be a program's own and part of an object.
fn data(value: &Value, _: Kwargs, _: &State<'_>) -> TeraResult<Value> {
    let text = value.as_str().ok_or_else(|| Error::message("data: needs a text"))?;
    let read: serde_json::Value = serde_yaml::from_str(text).map_err(Error::message)?;
    Ok(Value::from_serializable(&read))
}

/// A value that must be there; `message` says what is missing.
#[expect(clippy::needless_pass_by_value, reason = "the signature of a filter")]
fn required(value: &Value, arguments: Kwargs, _: &State<'_>) -> TeraResult<Value> {
    if value.is_undefined() || value.is_none() || value.as_str() == Some("") { Err(Error::message(arguments.must_get::<&str>("message")?)) } else { Ok(value.clone()) }
}

/// YAML forbids some characters that JSON allows to stand as they are, and takes others for line breaks.
fn escape(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if matches!(character, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') {
            let _ = write!(text, "\\u{:04x}", u32::from(character));
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn render(text: &str, values: &serde_json::Value) -> Result<String, RenderError> {
        Templates::read(&Library::of(&[("a/b.yaml", text)])).and_then(|templates| templates.file("a/b.yaml", values))
    }

    #[test]
    fn an_undefined_variable_is_an_error_with_file_and_line() {
        let error = render("kind: A\nname: {{ nmae | quote }}\n", &json!({ "name": "x" })).unwrap_err().to_string();
        assert!(error.contains("a/b.yaml:2:") && error.contains("nmae"), "{error}");
    }

    #[test]
    fn an_undefined_field_is_an_error_too() {
        let error = render("kind: A\n\nname: {{ name.first | quote }}\n", &json!({ "name": { "last": "x" } })).unwrap_err().to_string();
        assert!(error.contains("a/b.yaml:3:"), "{error}");
    }

    #[test]
    fn every_character_comes_back_from_a_quoted_value() {
        let planes = ('\u{0}'..='\u{ffff}').step_by(7).chain(['\u{7f}', '\u{85}', '\u{2028}', '\u{fffe}', '\u{ffff}', '\u{10ffff}', '"', '\\', '\n', '{', '%']);
        let text: String = planes.collect();
        let written = render("value: {{ text | quote }}\nlist: {{ list | json }}\n", &json!({ "text": text, "list": [text] })).unwrap();
        let read: serde_json::Value = serde_yaml::from_str(&written).unwrap();
        assert_eq!(read["value"].as_str().unwrap(), text);
        assert_eq!(read["list"][0].as_str().unwrap(), text);
    }

    #[test]
    fn filters_refuse_what_they_cannot_write() {
        assert!(render("a: {{ list | quote }}", &json!({ "list": [] })).is_err());
        assert!(render("a: {{ nothing | quote }}", &json!({ "nothing": null })).is_err());
        assert!(render("a: {{ text | number }}", &json!({ "text": "1" })).is_err());
        let error = render("a: {{ text | required(message=\"a host is missing\") | quote }}", &json!({ "text": "" })).unwrap_err();
        assert!(error.to_string().contains("a host is missing"), "{error}");
    }

    #[test]
    fn a_text_in_a_declaration_is_rendered_with_its_place_in_errors() {
        let templates = Templates::read(&Library::of(&[])).unwrap();
        assert_eq!(templates.text("registry/component.yaml", "{{ host | json }}: {secret}", &json!({ "host": "a" })).unwrap(), "\"a\": {secret}");
        let error = templates.text("registry/component.yaml", "{{ hots }}", &json!({ "host": "a" })).unwrap_err().to_string();
        assert!(error.contains("registry/component.yaml:1:"), "{error}");
    }
}
