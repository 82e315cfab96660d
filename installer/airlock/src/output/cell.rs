//! Rows for a spreadsheet (RFC 4180), of which it takes nothing for a formula.
//!
//! A formula begins with one of a few characters, also full-width (OWASP, CSV Injection), and a cell begins elsewhere for a
//! spreadsheet of a country whose decimals have commas: it parts cells at semicolons and heeds no quotation mark in their midst.

/// Characters with which a formula begins.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// A row, ended as the RFC has it.
pub(crate) fn csv_row<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    cells.into_iter().map(|cell| csv_cell(cell.as_ref())).collect::<Vec<_>>().join(",") + "\r\n"
}

/// Quoted where it must be; what a spreadsheet would take for a formula is made text.
pub(crate) fn csv_cell(cell: &str) -> String {
    let cell = harmless(cell);
    if cell.contains([',', ';', '\t', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

/// An apostrophe before each formula, wherever a cell may begin.
fn harmless(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len());
    let mut begins = true;
    for (at, letter) in cell.char_indices() {
        // A quotation mark that opens a cell is not a part of it.
        let formula = begins && cell[at..].trim_start_matches('"').starts_with(FORMULA);
        if formula || at == 0 && matches!(letter, '\t' | '\r' | '\n') {
            text.push('\'');
        }
        text.push(letter);
        begins = matches!(letter, ';' | '\t' | '\r' | '\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be_and_no_formula_runs() {
        assert_eq!(csv_cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(csv_cell("=1+1"), "'=1+1");
        assert_eq!(csv_row(["a", "b c"]), "a,b c\r\n");
        assert_eq!(csv_cell("a;b"), "\"a;b\"");
    }

    #[test]
    fn a_formula_is_text_wherever_a_spreadsheet_sees_a_cell_begin() {
        for (cell, text) in [
            ("\t=1", "'\t'=1"),
            ("\r=1", "'\r'=1"),
            ("\n=1", "'\n'=1"),
            ("＝1", "'＝1"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠a", "'＠a"),
            ("a;=1;-2", "a;'=1;'-2"),
            ("a;\"=1\"", "a;'\"=1\""),
            ("a\n+1", "a\n'+1"),
            ("a=b; c - d", "a=b; c - d"),
        ] {
            assert_eq!(harmless(cell), text, "{cell:?}");
        }
    }
}
