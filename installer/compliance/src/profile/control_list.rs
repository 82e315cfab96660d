//! A list of controls out of a spreadsheet: rows with id, title, and checks become the `controls` of a profile. `form` says
//! whether it is such a list at all.

mod form;

use std::collections::BTreeSet;

use airlock_model::{Control, ControlCoverage, Untrusted};
use csv::{ByteRecord, ReaderBuilder, StringRecord};

use super::nearest;
use super::selector::matched_of_part;
use crate::error::ComplianceError;
use crate::references::is_custom;

/// The most bytes of a list that are read: no document that could hold its controls is larger.
pub const LARGEST_CONTROL_LIST: usize = airlock_model::answers::LARGEST;

const COLUMNS: [&str; 5] = ["id", "title", "checks", "coverage", "attest"];
/// Columns that a list cannot do without.
const DUE: usize = 3;
/// Rows that are told of; with more of them the list is another one than was meant.
const TOLD: usize = 20;

/// Reads a list: its first row names the columns, in any order; `coverage` and `attest` may be left out. Cells are parted by commas, or by
/// semicolons as some spreadsheets write them; selectors in a cell by spaces, commas, or semicolons. Every row that cannot be
/// meant is named by its line, up to [`TOLD`] of them.
pub fn control_list(text: &[u8]) -> Result<Vec<Control>, ComplianceError> {
    let delimiter = form::delimiter(text).map_err(refused)?;
    form::quoted(text, delimiter).map_err(refused)?;
    let mut reader = ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text);
    let headings = reader.headers().map_err(|error| refused(error.to_string()))?.clone();
    let places = columns(&headings)?;
    let (mut controls, mut faults): (Vec<Control>, Vec<String>) = (Vec::new(), Vec::new());
    let (mut ids, mut untold) = (BTreeSet::new(), 0_usize);
    let mut row = ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut row) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => return Err(refused(error.to_string())),
        }
        if row.iter().all(|cell| cell.trim_ascii().is_empty()) {
            continue;
        }
        if faults.len() == TOLD {
            untold += 1;
            continue;
        }
        let line = row.position().map_or(0, csv::Position::line);
        let control = StringRecord::from_byte_record(row.clone()).map_err(|_| "it is not text in UTF-8".to_owned()).and_then(|row| control(&row, &headings, &places));
        match control {
            Ok(control) if !ids.insert(control.id.clone()) => faults.push(format!("line {line}: the control {} stands twice", control.id)),
            Ok(control) => controls.push(control),
            Err(why) => faults.push(format!("line {line}: {why}")),
        }
    }
    if controls.is_empty() && faults.is_empty() {
        faults.push("there is no row below the headings".to_owned());
    }
    match untold {
        0 => {}
        1 => faults.push("one more row was not looked at".to_owned()),
        untold => faults.push(format!("{untold} more rows were not looked at")),
    }
    if faults.is_empty() { Ok(controls) } else { Err(refused(faults.join("; "))) }
}

fn refused(message: String) -> ComplianceError {
    ComplianceError::ControlList { message }
}

/// Where each of the columns stands.
fn columns(headings: &StringRecord) -> Result<[Option<usize>; 5], ComplianceError> {
    let named: Vec<String> = headings.iter().map(|heading| heading.trim().to_lowercase()).collect();
    for (index, heading) in named.iter().enumerate() {
        if named[..index].contains(heading) {
            return Err(refused(format!("line 1: the column `{heading}` stands twice")));
        }
        if !COLUMNS.contains(&heading.as_str()) {
            let meant = nearest(heading, COLUMNS.into_iter()).map(|column| format!("; did you mean `{column}`?")).unwrap_or_default();
            return Err(refused(format!("line 1: the column `{heading}` is none of {}{meant}", COLUMNS.join(", "))));
        }
    }
    let places = COLUMNS.map(|column| named.iter().position(|heading| heading == column));
    match COLUMNS.iter().zip(places).take(DUE).find(|(_, place)| place.is_none()) {
        Some((column, _)) => Err(refused(format!("line 1: the column `{column}` is missing"))),
        None => Ok(places),
    }
}

fn control(row: &StringRecord, headings: &StringRecord, places: &[Option<usize>; 5]) -> Result<Control, String> {
    if row.len() != headings.len() {
        return Err(format!("it has {} cells under {} headings", row.len(), headings.len()));
    }
    let [id, title, checks, coverage, attest] = places.map(|place| place.and_then(|place| row.get(place)).unwrap_or_default().trim());
    // A cell may have lines, a title is one.
    let [title, attest] = [title, attest].map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    for (column, text) in [("id", id), ("title", title.as_str()), ("attest", attest.as_str())] {
        if text.is_empty() && column != "attest" {
            return Err(format!("the cell under {column} is empty"));
        }
        if !Untrusted::from(text).is_plain() {
            return Err(format!("the cell under {column} holds a character that changes what a screen shows"));
        }
    }
    let checks: Vec<String> = checks.split([' ', ',', ';', '\n', '\r', '\t']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    // Which checks of its own a profile has is not known before the list is a part of it.
    for selector in checks.iter().filter(|selector| !is_custom(selector)) {
        matched_of_part(selector, &[]).map_err(|error| error.to_string())?;
    }
    let coverage = match coverage.to_lowercase().as_str() {
        "" | "full" => ControlCoverage::Full,
        "partial" => ControlCoverage::Partial,
        "organisational" if checks.is_empty() => ControlCoverage::Organisational,
        "organisational" => return Err("no check shows what is organisational".to_owned()),
        other => return Err(format!("`{other}` is none of full, partial, organisational")),
    };
    Ok(Control { id: id.to_owned(), title, checks, coverage, attest: Some(attest).filter(|attest| !attest.is_empty()) })
}

#[cfg(test)]
mod tests {
    use airlock_model::Coded;

    use super::*;

    #[test]
    fn a_list_is_read_as_spreadsheets_write_it() {
        let plain = "id,title,checks\r\nACME-1,\"No root, nowhere\",PSS-008 PSS-009\r\n7.10,Fire drill,\r\n\r\n";
        let controls = control_list(plain.as_bytes()).unwrap();
        assert_eq!((controls.len(), controls[0].title.as_str(), controls[0].checks.len()), (2, "No root, nowhere", 2));
        assert_eq!((controls[1].id.as_str(), controls[1].checks.len()), ("7.10", 0));
        let european = "\u{feff}Title;ID;Checks;Coverage;Attest\nNo root;A;PSS-008,group:NET;partial;\nDrill;B;;organisational;held each year\n";
        let controls = control_list(european.as_bytes()).unwrap();
        assert_eq!((controls[0].checks.len(), controls[0].coverage, controls[1].coverage), (2, ControlCoverage::Partial, ControlCoverage::Organisational));
        assert_eq!((controls[0].attest.as_deref(), controls[1].attest.as_deref()), (None, Some("held each year")));
        let quoted = "\u{feff}\"id\",\"title\",\"checks\"\n\"A\",\"no \"\"root\"\"\nanywhere\",\"\"\nB,the \"host\",\"PSS-001\"";
        let controls = control_list(quoted.as_bytes()).unwrap();
        assert_eq!((controls[0].title.as_str(), controls[1].title.as_str()), ("no \"root\" anywhere", "the \"host\""));
    }

    #[test]
    fn rows_that_cannot_be_meant_are_named_by_their_lines() {
        for (text, words) in [
            ("", "line 1: the column `id` is missing"),
            ("id,titel,checks\n", "line 1: the column `titel` is none of id, title, checks, coverage, attest; did you mean `title`?"),
            ("id,title\na,b\n", "line 1: the column `checks` is missing"),
            ("id,title,checks\n", "there is no row below the headings"),
            ("id,title,checks\na,\"b\nc\",\nb,t,NTE-001\n", "line 4: `NTE-001` matches no check; did you mean `NET-001`?"),
            (
                "id,title,checks\na,b,\na,c,\n,d,\nx,,\ne\n",
                "line 3: the control a stands twice; line 4: the cell under id is empty; line 5: the cell under title is empty; line 6: it has 1 cells under 3 headings",
            ),
            ("id,title,checks,coverage\na,b,,most\n", "line 2: `most` is none of full, partial, organisational"),
            ("id,title,checks,coverage\na,b,PSS-001,organisational\n", "line 2: no check shows what is organisational"),
            ("id,ID,title,checks\na,b,c,\n", "line 1: the column `id` stands twice"),
            ("id,title,checks\na,b\u{202e}c,\n", "line 2: the cell under title holds a character that changes what a screen shows"),
        ] {
            let error = control_list(text.as_bytes()).unwrap_err();
            assert_eq!((error.code().0, error.to_string().as_str()), ("compliance.control-list", words), "{text}");
        }
        assert_eq!(control_list(b"id,title,checks\na,\xff,\n").unwrap_err().to_string(), "line 2: it is not text in UTF-8");
    }

    #[test]
    fn a_quotation_mark_that_nothing_closes_swallows_no_rows() {
        for (text, words) in [
            ("id,checks,title\nA,PSS-001,\"no root\nB,PSS-002,no host\n", "line 2: a quotation mark opens a cell, and none closes it"),
            ("id,checks,title\nA,PSS-001,\"no root\nB,PSS-002,\"no host\"\n", "line 2: a quotation mark opens a cell that only one in line 3 closes, with text behind it; is one missing?"),
            ("id,title,checks\n\"A\"x,b,\n", "line 2: text follows the quotation mark that closes a cell; within a cell write two of them"),
        ] {
            assert_eq!(control_list(text.as_bytes()).unwrap_err().to_string(), words, "{text}");
        }
    }

    #[test]
    fn what_else_a_spreadsheet_program_saves_is_named_with_what_to_save() {
        let wide: Vec<u8> = "\u{feff}id,title,checks\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (text, words) in [
            (wide.as_slice(), "the list is no text in UTF-8, but perhaps in UTF-16; "),
            (&wide[2..], "the list is no text in UTF-8, but perhaps in UTF-16; "),
            (b"id\ttitle\tchecks\na\tb\t\n".as_slice(), "line 1: tabs part its cells; "),
            (b"PK\x03\x04".as_slice(), "the list is a workbook, not text; "),
        ] {
            assert_eq!(control_list(text).unwrap_err().to_string(), format!("{words}save it as CSV in UTF-8, with commas or semicolons between its cells"));
        }
    }

    #[test]
    fn a_list_of_nothing_but_faults_is_told_of_in_short() {
        let list = "id,title,checks\n".to_owned() + &"a,b,NTE-001\n".repeat(50_000);
        let said = control_list(list.as_bytes()).unwrap_err().to_string();
        assert_eq!((said.matches("line ").count(), said.split("; ").last()), (TOLD, Some("49980 more rows were not looked at")));
        let large = list.repeat(3);
        assert_eq!(control_list(large.as_bytes()).unwrap_err().to_string(), "the list has more than 1048576 bytes, and no profile that holds its controls may");
    }
}
