//! What a pod says of its attempts: one JSON array in its log. Lines around it are tolerated, since a runtime may add some.

use airlock_model::Outcome;

/// Reads the outcomes.
pub(super) fn read(log: &str) -> Result<Vec<Outcome>, String> {
    let array = log.lines().map(str::trim).filter(|line| line.starts_with('[')).find_map(|line| serde_json::from_str(line).ok());
    let whole = || serde_json::from_str(log.trim()).ok();
    array.or_else(whole).ok_or_else(|| {
        let beginning: String = log.trim().chars().take(200).collect();
        if beginning.is_empty() { "its pod said nothing".to_owned() } else { format!("its pod said something else: {beginning}") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"[{"attempt":"a","result":"connected","source":null,"destination":"10.0.0.1:1","started":"2026-11-24T03:00:00Z","tookMillis":3}]"#;

    #[test]
    fn the_array_is_found_among_other_lines() {
        assert_eq!(read(ONE).unwrap().len(), 1);
        assert_eq!(read(&format!("build abc\n[not json\n{ONE}\n")).unwrap()[0].attempt.0, "a");
    }

    #[test]
    fn an_array_over_many_lines_is_read_as_well() {
        let value: serde_json::Value = serde_json::from_str(ONE).unwrap();
        assert_eq!(read(&serde_json::to_string_pretty(&value).unwrap()).unwrap().len(), 1);
    }

    #[test]
    fn what_is_no_report_is_shown_in_part() {
        assert_eq!(read("").unwrap_err(), "its pod said nothing");
        assert!(read("exec format error").unwrap_err().ends_with("exec format error"));
    }
}
