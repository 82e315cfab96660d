//! Whether bytes are a list of cells at all, before rows are read: what else a spreadsheet program saves is named, and a quotation
//! mark that nothing closes is, which would take all rows below it for one cell (RFC 4180 §2).

use crate::profile::LARGEST_CONTROL_LIST;

/// What is always readable.
const INSTEAD: &str = "save it as CSV in UTF-8, with commas or semicolons between its cells";

/// How cells are parted, or why the bytes are no such list.
pub(super) fn delimiter(text: &[u8]) -> Result<u8, String> {
    if text.len() > LARGEST_CONTROL_LIST {
        return Err(format!("the list has more than {LARGEST_CONTROL_LIST} bytes, and no profile that holds its controls may"));
    }
    // Every character of its headings has a zero byte in UTF-16.
    if text.starts_with(&[0xff, 0xfe]) || text.starts_with(&[0xfe, 0xff]) || text.iter().take(64).any(|byte| *byte == 0) {
        return Err(format!("the list is no text in UTF-8, but perhaps in UTF-16; {INSTEAD}"));
    }
    if text.starts_with(b"PK\x03\x04") {
        return Err(format!("the list is a workbook, not text; {INSTEAD}"));
    }
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match (first.contains(&b','), first.contains(&b';'), first.contains(&b'\t')) {
        (false, false, true) => Err(format!("line 1: tabs part its cells; {INSTEAD}")),
        (false, true, _) => Ok(b';'),
        _ => Ok(b','),
    }
}

/// Where in a row a byte stands.
enum Within {
    /// At the beginning of a cell.
    Begin,
    /// In a cell without quotation marks; one that stands there means nothing.
    Plain,
    /// In quotation marks, which opened in this line.
    Quoted(usize),
    /// Behind the mark that closes, unless another one follows: two stand for one.
    Closed(usize),
}

/// Every quotation mark that opens a cell closes it; else the line of the first one that does not.
pub(super) fn quoted(text: &[u8], delimiter: u8) -> Result<(), String> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let (mut within, mut line) = (Within::Begin, 1);
    for byte in text {
        let ends = *byte == delimiter || matches!(byte, b'\r' | b'\n');
        within = match (within, byte) {
            (Within::Begin, b'"') => Within::Quoted(line),
            (Within::Quoted(opened), b'"') => Within::Closed(opened),
            (Within::Quoted(opened), _) | (Within::Closed(opened), b'"') => Within::Quoted(opened),
            (_, _) if ends => Within::Begin,
            (Within::Closed(opened), _) if opened == line => return Err(format!("line {line}: text follows the quotation mark that closes a cell; within a cell write two of them")),
            (Within::Closed(opened), _) => return Err(format!("line {opened}: a quotation mark opens a cell that only one in line {line} closes, with text behind it; is one missing?")),
            (Within::Begin | Within::Plain, _) => Within::Plain,
        };
        line += usize::from(*byte == b'\n');
    }
    match within {
        Within::Quoted(opened) => Err(format!("line {opened}: a quotation mark opens a cell, and none closes it")),
        Within::Begin | Within::Plain | Within::Closed(_) => Ok(()),
    }
}
