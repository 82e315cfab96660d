//! What `make soak` runs, and its committed reports.

use std::fs;
use std::path::Path;

#[test]
fn each_test_that_a_soak_runs_stands_in_its_last_report() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = fs::read_to_string(here.join("soak")).expect("the script").replace("\\\n", " ");
    let mut asked = 0;
    for line in script.lines().filter(|line| line.starts_with("report ") && line.contains(" scenes ")) {
        let name = line.split(' ').nth(1).expect("a name");
        let report = fs::read_to_string(here.join(format!("../../docs/reports/{name}.md"))).unwrap_or_else(|error| panic!("{name}: {error}"));
        let failed: Vec<&str> = report.lines().filter(|line| line.ends_with("| FAILED |") || line.contains("| failed after ")).collect();
        assert!(failed.is_empty(), "docs/reports/{name}.md: {failed:?}");
        for filter in line.rsplit('"').next().unwrap_or_default().split_whitespace().filter(|word| word.contains("::")) {
            let ran = report.lines().any(|line| line.starts_with("| `") && line.contains(filter) && line.ends_with("| ok |"));
            assert!(ran, "{filter} is not in docs/reports/{name}.md: make soak REPORTS={name}");
            asked += 1;
        }
    }
    assert!(asked > 20, "{asked}");
}

/// Where the scenes of a report are listed, each by the title under which its end stands there.
const SCENES: [(&str, &str); 4] = [("airflow", "airflow/other_ways.rs"), ("broken", "broken.rs"), ("other-clusters", "another_cluster.rs"), ("told", "alerting/at_length.rs")];

#[test]
fn each_scene_stands_in_the_last_report() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut asked = 0;
    for (name, room) in SCENES {
        let room = fs::read_to_string(here.join("tests/on_the_bed").join(room)).unwrap_or_else(|error| panic!("{room}: {error}"));
        let report = fs::read_to_string(here.join(format!("../../docs/reports/{name}.md"))).unwrap_or_else(|error| panic!("{name}: {error}"));
        for title in titles(&room) {
            assert!(report.contains(&format!("| {title} | well after ")), "`{title}` is not in docs/reports/{name}.md: make soak REPORTS={name}");
            asked += 1;
        }
    }
    assert!(asked > 40, "{asked}");
}

/// The titles of scenes, as a list of them is written.
fn titles(room: &str) -> impl Iterator<Item = &str> {
    room.lines().map(str::trim_start).filter_map(|line| {
        let title = line.strip_prefix("(\"").or_else(|| line.strip_prefix("Scene { name: \"")).or_else(|| line.strip_prefix("name: \"")).or_else(|| line.strip_prefix('"'))?;
        title.split_once("\",").map(|(title, _)| title).filter(|title| !title.contains(['{', '\\']))
    })
}
