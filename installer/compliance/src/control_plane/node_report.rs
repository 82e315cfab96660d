//! Reads what kube-bench wrote with `--json`: one document with its controls, or the list of them alone (`--noTotals`).

use airlock_model::{Digest, NodeReport, NodeResult, NodeStatus};
use serde::Deserialize;

use crate::ComplianceError;

/// A report of all targets has some 200 KiB.
pub const LARGEST_NODE_REPORT: usize = 8 * 1024 * 1024;
/// Characters of what was seen that are kept: a command's whole output may stand there.
const SEEN: usize = 200;

#[derive(Deserialize)]
#[serde(untagged)]
enum Wire {
    Whole {
        #[serde(rename = "Controls")]
        controls: Vec<Controls>,
    },
    List(Vec<Controls>),
}

#[derive(Deserialize)]
struct Controls {
    #[serde(default)]
    version: String,
    tests: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    results: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    #[serde(rename = "test_number")]
    number: String,
    status: NodeStatus,
    #[serde(default)]
    scored: bool,
    #[serde(default)]
    actual_value: String,
    #[serde(default)]
    reason: String,
}

/// The report on a node, from the bytes of a file.
///
/// # Errors
/// It is no such report, or too large for one.
pub fn read_node_report(node: &str, file: &str, bytes: &[u8]) -> Result<NodeReport, ComplianceError> {
    let unreadable = |reason: String| ComplianceError::NodeReport { node: node.to_owned(), file: file.to_owned(), reason };
    if bytes.len() > LARGEST_NODE_REPORT {
        return Err(unreadable(format!("it has more than {LARGEST_NODE_REPORT} bytes")));
    }
    let controls = match serde_json::from_slice(bytes) {
        Ok(Wire::Whole { controls } | Wire::List(controls)) => controls,
        // Where it is JSON at all, what an untagged enum says helps nobody.
        Err(error) if error.is_data() => return Err(unreadable("it is JSON, but not what `kube-bench run --json` writes".to_owned())),
        Err(error) => return Err(unreadable(format!("it is no JSON: {error}"))),
    };
    let mut benchmarks: Vec<String> = controls.iter().map(|controls| controls.version.clone()).collect();
    benchmarks.sort();
    benchmarks.dedup();
    let results: Vec<NodeResult> = controls.into_iter().flat_map(|controls| controls.tests).flat_map(|group| group.results).map(told).collect();
    if results.is_empty() {
        return Err(unreadable("it holds no result".to_owned()));
    }
    Ok(NodeReport { node: node.to_owned(), file: file.into(), digest: Digest::of(bytes), benchmarks: benchmarks.into_iter().map(Into::into).collect(), results })
}

fn told(test: Test) -> NodeResult {
    let seen = if test.actual_value.is_empty() { test.reason } else { test.actual_value };
    let line = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    NodeResult { number: test.number, status: test.status, is_scored: test.scored, seen: line.chars().take(SEEN).collect::<String>().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{"Controls":[{"id":"4","version":"cis-1.12","detected_version":"1.34","text":"Worker Node Security Configuration","node_type":"node","tests":[
        {"section":"4.1","type":"","pass":1,"fail":1,"warn":0,"info":0,"desc":"Worker Node Configuration Files","results":[
          {"test_number":"4.1.1","test_desc":"d","audit":"a","AuditEnv":"","AuditConfig":"","type":"","remediation":"r","test_info":["r"],"status":"PASS","actual_value":"permissions=600\n","scored":true,"IsMultiple":false,"expected_result":"e"},
          {"test_number":"4.1.3","test_desc":"d","audit":"a","AuditEnv":"","AuditConfig":"","type":"manual","remediation":"r","test_info":["r"],"status":"WARN","actual_value":"","scored":false,"IsMultiple":false,"expected_result":"","reason":"Test marked as a manual test"}]}],
        "total_pass":1,"total_fail":0,"total_warn":1,"total_info":0}],"Totals":{"total_pass":1,"total_fail":0,"total_warn":1,"total_info":0}}"#;

    fn read(text: &str) -> Result<NodeReport, String> {
        read_node_report("node1", "node1.json", text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn both_of_its_forms_are_read_alike_and_the_digest_is_the_files() {
        let whole = read(WHOLE).unwrap();
        assert_eq!(whole.digest, Digest::of(WHOLE.as_bytes()));
        assert_eq!(whole.benchmarks.iter().map(airlock_model::Untrusted::raw).collect::<Vec<_>>(), ["cis-1.12"]);
        let seen: Vec<(&str, NodeStatus, bool, &str)> = whole.results.iter().map(|result| (result.number.as_str(), result.status, result.is_scored, result.seen.raw())).collect();
        assert_eq!(seen, [("4.1.1", NodeStatus::Pass, true, "permissions=600"), ("4.1.3", NodeStatus::Warn, false, "Test marked as a manual test")]);
        let controls = serde_json::from_str::<serde_json::Value>(WHOLE).unwrap()["Controls"].to_string();
        assert_eq!(read(&controls).unwrap().results, whole.results);
    }

    #[test]
    fn what_is_no_report_is_refused_with_its_node_and_file() {
        for (text, reason) in [
            ("", "it is no JSON"),
            ("{", "it is no JSON"),
            ("{}", "not what `kube-bench run --json` writes"),
            (r#"[{"version":"cis-1.12","tests":[{"results":[{"test_number":"4.1.1","status":"FINE"}]}]}]"#, "not what `kube-bench run --json` writes"),
            ("[]", "it holds no result"),
            (r#"{"Controls":[]}"#, "it holds no result"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.starts_with("the report node1.json on node node1 cannot be read: ") && said.contains(reason), "{text}: {said}");
        }
        assert!(read_node_report("node1", "large", &vec![b' '; LARGEST_NODE_REPORT + 1]).is_err());
    }

    #[test]
    fn of_what_a_command_wrote_a_line_is_kept() {
        let long = WHOLE.replace("permissions=600\\n", &"x".repeat(5000));
        assert_eq!(read(&long).unwrap().results[0].seen.raw().len(), SEEN);
    }
}
