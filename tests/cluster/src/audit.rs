//! The API server's audit log: who did what, as the server saw it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::PathBuf;

use serde::Deserialize;

use crate::BedError;

/// The audit log since a moment.
#[derive(Debug)]
pub struct AuditLog {
    path: PathBuf,
    from: u64,
}

/// One request that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who asked; the cluster's administrator is `admin`, the bed's own programs begin with `bed:` or `system:`.
    pub user: String,
    /// The program that asked, by its own word.
    pub agent: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, …
    pub verb: String,
    /// Resource with subresource, such as `pods/log`; empty for a path that is none.
    pub resource: String,
    /// The object's namespace; empty for cluster-scoped ones.
    pub namespace: String,
    /// The object's name, as far as the request named it.
    pub name: String,
    /// Path and query.
    pub uri: String,
    /// The status code of the answer.
    pub code: u16,
}

impl AuditEntry {
    /// Whether the request asked for a change; a dry run and a question about rights are none.
    pub fn is_write(&self) -> bool {
        let changes = matches!(self.verb.as_str(), "create" | "update" | "patch" | "delete" | "deletecollection");
        let question = self.resource.ends_with("accessreviews") || self.resource.ends_with("rulesreviews") || self.resource == "selfsubjectreviews";
        changes && !question && !self.uri.contains("dryRun=All")
    }
}

impl AuditLog {
    /// The log from its present end on.
    pub(crate) fn from_now(path: PathBuf) -> Result<Self, BedError> {
        let from = std::fs::metadata(&path).map_err(|source| BedError::File { path: path.clone(), source })?.len();
        Ok(Self { path, from })
    }

    /// All requests since then, in the order in which they were answered.
    pub fn entries(&self) -> Result<Vec<AuditEntry>, BedError> {
        let unreadable = |source| BedError::File { path: self.path.clone(), source };
        let mut file = File::open(&self.path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.len() < self.from {
            return Err(BedError::Rotated);
        }
        // From the last byte before: what stands before the first end of a line was begun earlier, also when half of it was there.
        file.seek(SeekFrom::Start(self.from.saturating_sub(1))).map_err(unreadable)?;
        let mut entries = Vec::new();
        for line in BufReader::new(file).split(b'\n').skip(usize::from(self.from > 0)) {
            let line = line.map_err(unreadable)?;
            match serde_json::from_slice::<Event>(&line) {
                Ok(event) => entries.push(event.into()),
                Err(error) if error.is_eof() => break, // the server is just writing it
                Err(source) => return Err(BedError::Malformed { what: "a line of the audit log".to_owned(), source }),
            }
        }
        Ok(entries)
    }

    /// What this user asked to change since then.
    pub fn writes_by(&self, user: &str) -> Result<Vec<AuditEntry>, BedError> {
        Ok(self.entries()?.into_iter().filter(|entry| entry.user == user && entry.is_write()).collect())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    verb: String,
    #[serde(rename = "requestURI")]
    uri: String,
    user: User,
    #[serde(default)]
    user_agent: String,
    #[serde(default)]
    object_ref: ObjectReference,
    #[serde(default)]
    response_status: Status,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    username: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ObjectReference {
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
}

#[derive(Default, Deserialize)]
struct Status {
    #[serde(default)]
    code: u16,
}

impl From<Event> for AuditEntry {
    fn from(event: Event) -> Self {
        let ObjectReference { mut resource, subresource, namespace, name } = event.object_ref;
        if !subresource.is_empty() {
            resource = format!("{resource}/{subresource}");
        }
        Self { user: event.user.username, agent: event.user_agent, verb: event.verb, resource, namespace, name, uri: event.uri, code: event.response_status.code }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = r#"{"verb":"patch","requestURI":"/api/v1/namespaces/a/configmaps/b?fieldManager=airlock","user":{"username":"admin"},"objectRef":{"resource":"configmaps","namespace":"a","name":"b"},"responseStatus":{"code":200}}"#;

    fn entry(line: &str) -> Result<AuditEntry, serde_json::Error> {
        serde_json::from_str::<Event>(line).map(AuditEntry::from)
    }

    #[test]
    fn a_dry_run_and_a_question_about_rights_are_no_writes() -> Result<(), serde_json::Error> {
        assert!(entry(PATCH)?.is_write());
        assert!(!entry(&PATCH.replace("fieldManager=airlock", "dryRun=All"))?.is_write());
        assert!(!entry(&PATCH.replace("configmaps", "selfsubjectaccessreviews").replace("patch", "create"))?.is_write());
        assert!(!entry(&PATCH.replace("\"patch\"", "\"watch\""))?.is_write());
        Ok(())
    }

    #[test]
    fn a_subresource_is_part_of_the_resource() -> Result<(), serde_json::Error> {
        let log = entry(r#"{"verb":"get","requestURI":"/x","user":{"username":"admin"},"objectRef":{"resource":"pods","subresource":"log","namespace":"a","name":"b"}}"#)?;
        assert_eq!((log.resource.as_str(), log.code), ("pods/log", 0));
        Ok(())
    }

    /// The server writes a line in more than one go.
    #[test]
    fn what_was_half_written_at_that_moment_is_of_before() -> Result<(), Box<dyn std::error::Error>> {
        let path = std::env::temp_dir().join(format!("airlock-audit-{}.log", std::process::id()));
        let (half, rest) = PATCH.split_at(40);
        for (before, after) in [(format!("{PATCH}\n{half}"), format!("{rest}\n{PATCH}\n")), (format!("{PATCH}\n"), format!("{PATCH}\n{half}")), (String::new(), format!("{PATCH}\n"))] {
            std::fs::write(&path, &before)?;
            let log = AuditLog::from_now(path.clone())?;
            assert_eq!(log.entries()?, [], "{before}");
            std::fs::write(&path, before + &after)?;
            assert_eq!(log.entries()?.len(), 1, "{after}");
        }
        std::fs::remove_file(path)?;
        Ok(())
    }
}
