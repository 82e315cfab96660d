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
