//! What one check says of an installation.

use serde_json::Value;

use crate::Site;

/// A finding, as a script reads it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// The name of what was judged.
    pub subject: String,
    /// `pass`, `fail`, `unverified`, …
    pub verdict: String,
    /// What was seen.
    pub observed: String,
}

impl Site {
    /// Judges by one check with its defaults, but for parameters as `--set` takes them; findings come sorted by their subjects.
    #[track_caller]
    pub fn told(&self, check: &str, parameters: &[&str], exit: i32) -> Vec<Told> {
        let set = parameters.iter().flat_map(|parameter| ["--set", parameter]);
        let arguments: Vec<&str> = ["compliance-check", "--no-profile", "--checks", check].into_iter().chain(set).chain(["--namespace", &self.name, "--yes", "--all", "-o", "json"]).collect();
        let report = self.run(&arguments).expect(exit).json();
        let text = |finding: &Value, at: &str| finding.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        let findings = report["findings"].as_array().unwrap_or_else(|| panic!("no findings: {report}"));
        let mut told: Vec<Told> = findings.iter().map(|finding| Told { subject: text(finding, "/subject/name"), verdict: text(finding, "/verdict"), observed: text(finding, "/observed") }).collect();
        told.sort();
        told
    }
}
