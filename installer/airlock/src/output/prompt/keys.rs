//! By keys, with inquire: arrows choose, Enter takes, Esc goes back.

use inquire::error::InquireError;
use inquire::ui::{RenderConfig, Styled};
use inquire::{Select, Text};

use super::{Field, Prompt, Reply, typed};
use crate::failure::Failure;
use crate::output::style::Style;

/// The entry of a list that says that nobody knows it yet.
const NOT_YET_KNOWN: &str = "not yet known";
/// The entry of a list that explains; typing `?` leads to it.
const EXPLANATION: &str = "? what is this about";
/// Longer lists scroll.
const LONGEST_LIST: usize = 18;

pub(super) fn ask(prompt: &Prompt, style: Style) -> Result<Reply, Failure> {
    let colours = if style.is_coloured() { RenderConfig::default_colored() } else { RenderConfig::empty() };
    // `?` is something that one types here.
    let colours = colours.with_prompt_prefix(Styled::new("›")).with_answered_prompt_prefix(Styled::new("›"));
    let replied = match &prompt.field {
        Field::Choice { labels, suggested } => choose(prompt, labels, *suggested, &colours),
        Field::Text { hint, suggested } => write(prompt, hint, suggested.as_deref(), &colours),
    };
    match replied {
        Ok(reply) => Ok(reply),
        Err(InquireError::OperationCanceled) => Ok(Reply::Back),
        Err(InquireError::OperationInterrupted) => Err(Failure::Interrupted),
        Err(InquireError::IO(source)) => Err(Failure::Terminal(source)),
        Err(error) => Err(Failure::Terminal(std::io::Error::other(error.to_string()))),
    }
}

fn choose(prompt: &Prompt, labels: &[String], suggested: usize, colours: &RenderConfig<'_>) -> Result<Reply, InquireError> {
    let mut entries: Vec<&str> = labels.iter().map(String::as_str).collect();
    if prompt.may_be_unknown {
        entries.push(NOT_YET_KNOWN);
    }
    if prompt.explained {
        entries.push(EXPLANATION);
    }
    let pages = entries.len().min(LONGEST_LIST);
    let chosen = Select::new(&prompt.question, entries)
        .with_starting_cursor(suggested)
        .with_page_size(pages)
        .with_help_message("↑↓ Enter · Esc back · Ctrl-C leave")
        .with_render_config(*colours)
        .raw_prompt()?;
    Ok(match chosen.value {
        EXPLANATION => Reply::Explain,
        NOT_YET_KNOWN => Reply::Unknown,
        _ => Reply::Chosen(chosen.index),
    })
}

fn write(prompt: &Prompt, hint: &str, suggested: Option<&str>, colours: &RenderConfig<'_>) -> Result<Reply, InquireError> {
    let mut keys = Vec::new();
    if !hint.is_empty() {
        keys.push(hint);
    }
    if prompt.explained {
        keys.push("? explains");
    }
    if prompt.may_be_unknown {
        keys.push("- not yet known");
    }
    keys.extend(["Esc back", "Ctrl-C leave"]);
    let help = keys.join(" · ");
    let mut text = Text::new(&prompt.question).with_help_message(&help).with_render_config(*colours);
    if let Some(suggested) = suggested.filter(|suggested| !suggested.is_empty()) {
        text = text.with_default(suggested);
    }
    text.prompt().map(|text| typed(prompt, &text))
}
