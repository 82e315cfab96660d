//! A list of controls out of a spreadsheet: rows with id, title, and checks become the `controls` of a profile.

use airlock_model::{Control, ControlCoverage};
use csv::{ByteRecord, ReaderBuilder, StringRecord};

use super::nearest;
use super::selector::matched_of_control;
use crate::error::ComplianceError;
use crate::references::is_custom;

const COLUMNS: [&str; 4] = ["id", "title", "checks", "coverage"];
/// Columns that a list cannot do without.
const DUE: usize = 3;

/// Reads a list: its first row names the columns, in any order; `coverage` may be left out. Cells are parted by commas, or by
/// semicolons as some spreadsheets write them; selectors in a cell by spaces, commas, or semicolons. Every row that cannot be
/// meant is named by its line.
pub fn control_list(text: &[u8]) -> Result<Vec<Control>, ComplianceError> {
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let delimiter = if first.contains(&b';') && !first.contains(&b',') { b';' } else { b',' };
    let mut reader = ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text);
    let headings = reader.headers().map_err(|error| refused(error.to_string()))?.clone();
    let places = columns(&headings)?;
    let (mut controls, mut faults): (Vec<Control>, Vec<String>) = (Vec::new(), Vec::new());
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
        let line = row.position().map_or(0, csv::Position::line);
        match StringRecord::from_byte_record(row.clone()).map_err(|_| "it is not text in UTF-8".to_owned()).and_then(|row| control(&row, &headings, &places, &controls)) {
            Ok(control) => controls.push(control),
            Err(why) => faults.push(format!("line {line}: {why}")),
        }
    }
    if controls.is_empty() && faults.is_empty() {
        faults.push("there is no row below the headings".to_owned());
    }
    if faults.is_empty() { Ok(controls) } else { Err(refused(faults.join("; "))) }
}

fn refused(message: String) -> ComplianceError {
    ComplianceError::ControlList { message }
}

/// Where each of the columns stands.
fn columns(headings: &StringRecord) -> Result<[Option<usize>; 4], ComplianceError> {
    let named: Vec<String> = headings.iter().map(|heading| heading.trim().to_lowercase()).collect();
    for heading in &named {
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

fn control(row: &StringRecord, headings: &StringRecord, places: &[Option<usize>; 4], before: &[Control]) -> Result<Control, String> {
    if row.len() != headings.len() {
        return Err(format!("it has {} cells under {} headings", row.len(), headings.len()));
    }
    let [id, title, checks, coverage] = places.map(|place| place.and_then(|place| row.get(place)).unwrap_or_default().trim());
    for (column, text) in [("id", id), ("title", title)] {
        if text.is_empty() {
            return Err(format!("the cell under {column} is empty"));
        }
    }
    if before.iter().any(|other| other.id == id) {
        return Err(format!("the control {id} stands twice"));
    }
    let checks: Vec<String> = checks.split([' ', ',', ';', '\n', '\r', '\t']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    // Which checks of its own a profile has is not known before the list is a part of it.
    for selector in checks.iter().filter(|selector| !is_custom(selector)) {
        matched_of_control(selector, &[]).map_err(|error| error.to_string())?;
    }
    let coverage = match coverage.to_lowercase().as_str() {
        "" | "full" => ControlCoverage::Full,
        "partial" => ControlCoverage::Partial,
        "organisational" if checks.is_empty() => ControlCoverage::Organisational,
        "organisational" => return Err("no check shows what is organisational".to_owned()),
        other => return Err(format!("`{other}` is none of full, partial, organisational")),
    };
    Ok(Control { id: id.to_owned(), title: title.to_owned(), checks, coverage })
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
        let european = "\u{feff}Title;ID;Checks;Coverage\nNo root;A;PSS-008,group:NET;partial\nDrill;B;;organisational\n";
        let controls = control_list(european.as_bytes()).unwrap();
        assert_eq!((controls[0].checks.len(), controls[0].coverage, controls[1].coverage), (2, ControlCoverage::Partial, ControlCoverage::Organisational));
    }

    #[test]
    fn rows_that_cannot_be_meant_are_named_by_their_lines() {
        for (text, words) in [
            ("", "line 1: the column `id` is missing"),
            ("id,titel,checks\n", "line 1: the column `titel` is none of id, title, checks, coverage; did you mean `title`?"),
            ("id,title\na,b\n", "line 1: the column `checks` is missing"),
            ("id,title,checks\n", "there is no row below the headings"),
            ("id,title,checks\na,\"b\nc\",\nb,t,NTE-001\n", "line 4: `NTE-001` matches no check; did you mean `NET-001`?"),
            (
                "id,title,checks\na,b,\na,c,\n,d,\nx,,\ne\n",
                "line 3: the control a stands twice; line 4: the cell under id is empty; line 5: the cell under title is empty; line 6: it has 1 cells under 3 headings",
            ),
            ("id,title,checks,coverage\na,b,,most\n", "line 2: `most` is none of full, partial, organisational"),
            ("id,title,checks,coverage\na,b,PSS-001,organisational\n", "line 2: no check shows what is organisational"),
        ] {
            let error = control_list(text.as_bytes()).unwrap_err();
            assert_eq!((error.code().0, error.to_string().as_str()), ("compliance.control-list", words), "{text}");
        }
        assert_eq!(control_list(b"id,title,checks\na,\xff,\n").unwrap_err().to_string(), "line 2: it is not text in UTF-8");
    }
}
