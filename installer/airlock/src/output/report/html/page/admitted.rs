//! The part of the page about what admission made of pods.

use airlock_platform::{Admitted, AdmittedPod};
use serde::Serialize;

use super::super::super::super::admitted::{is_notable, mark, said, words};

/// All pods.
#[derive(Serialize)]
pub(super) struct AdmittedPart {
    said: Vec<String>,
    pods: Vec<PodRow>,
}

#[derive(Serialize)]
struct PodRow {
    subject: String,
    made_by: String,
    changes: Vec<String>,
}

impl AdmittedPart {
    /// None where nobody need read of it.
    pub(super) fn of(found: &Admitted) -> Option<Self> {
        is_notable(found).then(|| Self { said: said(found), pods: found.changed.iter().map(PodRow::of).collect() })
    }
}

impl PodRow {
    fn of(pod: &AdmittedPod) -> Self {
        let since = |or_since| if or_since { " (or somebody since)" } else { "" };
        let changes = pod.changes.iter().map(|change| format!("{} {}{}", mark(change), words(change), since(change.or_since))).collect();
        Self { subject: pod.subject.to_string(), made_by: pod.made_by.to_string(), changes }
    }
}
