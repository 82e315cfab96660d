//! What an installation will ask for, for people, spreadsheets, and browsers.

use std::fmt::Write as _;

use airlock_model::{Connection, Right};
use airlock_platform::requirements::Requirements;

use super::cell::csv_row;
use super::columns::columns;
use super::counted;
use super::style::Style;

/// For people.
pub(crate) fn text(requirements: &Requirements, style: Style) -> String {
    let mut text = format!("{}\n", style.heading(&format!("Airlock {} will ask for", requirements.release)));
    for (what, how_much) in figures(requirements) {
        let _ = writeln!(text, "  {what:<20} {how_much}");
    }
    for section in sections(requirements) {
        let _ = writeln!(text, "\n{}", style.heading(section.title));
        if section.rows.is_empty() {
            let _ = writeln!(text, "  none");
        } else {
            text.push_str(&columns_of(&section));
        }
    }
    text
}

/// Rows for a spreadsheet (RFC 4180): the kind of row first, then its cells.
pub(crate) fn csv(requirements: &Requirements) -> String {
    let mut text = String::from("section,c1,c2,c3,c4,c5\r\n");
    let mut row = |cells: &[&str]| {
        text.push_str(&csv_row(cells.iter().copied().chain(std::iter::repeat("")).take(6)));
    };
    for (what, how_much) in figures(requirements) {
        row(&["figure", what, &how_much]);
    }
    for section in sections(requirements) {
        for cells in &section.rows {
            let mut line = vec![section.name];
            line.extend(cells.iter().map(String::as_str));
            row(&line);
        }
    }
    text
}

/// One page for a browser; it loads nothing.
pub(crate) fn html(requirements: &Requirements) -> String {
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Requirements of Airlock</title>\n<style>body{font-family:sans-serif;max-width:70em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}td,th{border:1px solid #999;padding:.3em .6em;text-align:left;vertical-align:top}</style></head><body>\n",
    );
    let _ = writeln!(page, "<h1>Airlock {} will ask for</h1>\n<table>", escaped(&requirements.release));
    for (what, how_much) in figures(requirements) {
        let _ = writeln!(page, "<tr><th>{}</th><td>{}</td></tr>", escaped(what), escaped(&how_much));
    }
    page.push_str("</table>\n");
    for section in sections(requirements) {
        let _ = writeln!(page, "<h2>{}</h2>\n<table><tr>{}</tr>", escaped(section.title), cells("th", &section.headings));
        for row in &section.rows {
            let _ = writeln!(page, "<tr>{}</tr>", cells("td", row));
        }
        page.push_str("</table>\n");
    }
    page.push_str("</body></html>\n");
    page
}

/// A table of the document.
struct Section {
    name: &'static str,
    title: &'static str,
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

fn figures(requirements: &Requirements) -> Vec<(&'static str, String)> {
    vec![
        ("requests in all", requirements.requests.to_string()),
        ("largest pod", requirements.largest_pod.to_string()),
        ("pods", requirements.pods.to_string()),
        ("certificate names", requirements.certificate_names.join(", ")),
        ("certificate", requirements.certificate.clone()),
        ("rights", counted(requirements.rights.len(), "right, listed below", "rights, listed below")),
    ]
}

fn sections(requirements: &Requirements) -> Vec<Section> {
    let flow = |flow: &Connection| vec![flow.source.clone(), flow.target.clone(), format!("{}/{}", flow.port, flow.protocol), flow.purpose.clone(), opener(flow).to_owned()];
    let volume = |volume: &airlock_platform::requirements::Volume| vec![volume.owner.clone(), volume.size.clone(), volume.class.clone().unwrap_or_else(|| "the default class".into())];
    vec![
        Section {
            name: "record",
            title: "DNS records",
            headings: vec!["name", "leads to"],
            rows: requirements.records.iter().map(|record| vec![record.clone(), "the address of the edge's Service".into()]).collect(),
        },
        Section { name: "volume", title: "Volumes", headings: vec!["for", "size", "storage class"], rows: requirements.volumes.iter().map(volume).collect() },
        Section { name: "flow", title: "Connections", headings: vec!["from", "to", "port", "for", "opened by"], rows: requirements.flows.iter().map(flow).collect() },
        Section { name: "image", title: "Images", headings: vec!["published as"], rows: requirements.images.iter().map(|image| vec![image.clone()]).collect() },
        Section { name: "right", title: "Rights of whoever installs", headings: vec!["resource", "API group", "verbs", "where"], rows: rights(&requirements.rights) },
        Section { name: "removal-right", title: "Further rights of whoever uninstalls", headings: vec!["resource", "API group", "verbs", "where"], rows: rights(&requirements.removal_rights) },
    ]
}

/// Who has to open a way: policies inside are Airlock's, what crosses the border is the network's people's.
fn opener(flow: &Connection) -> &'static str {
    let outside = |peer: &str| matches!(peer, "outside" | "workstation" | "nodes");
    if outside(&flow.source) || outside(&flow.target) { "network administrators" } else { "Airlock, by NetworkPolicy" }
}

/// One row a resource and place.
fn rights(rights: &[Right]) -> Vec<Vec<String>> {
    let group = |group: &str| if group.is_empty() { "core".to_owned() } else { group.to_owned() };
    Right::by_resource(rights)
        .into_iter()
        .map(|(right, verbs)| {
            let place = right.namespace.as_ref().map_or_else(|| "cluster".to_owned(), |namespace| format!("namespace {namespace}"));
            vec![right.resource.clone(), group(&right.group), verbs.join(", "), place]
        })
        .collect()
}

fn columns_of(section: &Section) -> String {
    let cell = |row: &[String], index: usize| row.get(index).cloned().unwrap_or_default();
    let heading = |index: usize| section.headings.get(index).copied().unwrap_or_default();
    let rows = section.rows.iter();
    match section.headings.len() {
        1 => columns([heading(0)], rows.map(|row| [cell(row, 0)])),
        2 => columns([heading(0), heading(1)], rows.map(|row| [cell(row, 0), cell(row, 1)])),
        3 => columns([heading(0), heading(1), heading(2)], rows.map(|row| [cell(row, 0), cell(row, 1), cell(row, 2)])),
        4 => columns([heading(0), heading(1), heading(2), heading(3)], rows.map(|row| [cell(row, 0), cell(row, 1), cell(row, 2), cell(row, 3)])),
        _ => columns([heading(0), heading(1), heading(2), heading(3), heading(4)], rows.map(|row| [cell(row, 0), cell(row, 1), cell(row, 2), cell(row, 3), cell(row, 4)])),
    }
}

fn cells<T: AsRef<str>>(tag: &str, row: &[T]) -> String {
    row.iter().fold(String::new(), |row, cell| row + &format!("<{tag}>{}</{tag}>", escaped(cell.as_ref())))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::tests::samples;
    use super::*;

    #[test]
    fn requirements_for_people() {
        insta::assert_snapshot!(text(&samples::requirements(), Style::default()));
    }

    #[test]
    fn requirements_for_a_spreadsheet() {
        insta::assert_snapshot!(csv(&samples::requirements()).replace("\r\n", "\n"));
    }

    #[test]
    fn requirements_for_a_browser() {
        insta::assert_snapshot!(html(&samples::requirements()));
    }

    #[test]
    fn a_cell_is_neither_two_cells_nor_a_formula() {}
}
