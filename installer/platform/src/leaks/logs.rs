//! Values of Secrets in what others read: logs of containers, and events.

use airlock_cluster::{Cluster, LogPart};
use airlock_model::{LiveObject, ObjectRef, SearchedLogs, SecretLeak, UnreadLog, with_causes};
use futures::stream::{self, StreamExt as _};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{Known, Sought};

/// The newest lines of a log, and how many bytes of them at most.
const LINES: u32 = 10_000;
const BYTES: u32 = 4 << 20;
/// Logs that are read at once: each comes from a kubelet, by way of the API server.
const AT_ONCE: usize = 8;

/// Looks for the values in the logs of these pods, and in the events of the namespaces.
pub(super) async fn search(cluster: &Cluster, namespaces: &[String], pods: &[LiveObject], known: &[Known]) -> Result<SearchedLogs, String> {
    let sought = Sought::new(known);
    let mut searched = SearchedLogs { values: known.len(), ..SearchedLogs::default() };
    for namespace in namespaces {
        for event in cluster.list("v1", "Event", Some(namespace), None).await.map_err(|error| with_causes(&error))? {
            searched.events += 1;
            let said = event.manifest.get("message").and_then(Value::as_str).unwrap_or_default();
            let about = |key: &str| event.manifest["involvedObject"][key].as_str().unwrap_or_default().to_owned();
            searched
                .leaks
                .extend(sought.standing_in(said).into_iter().map(|secret| SecretLeak { secret: secret.to_owned(), place: format!("event about {} {namespace}/{}", about("kind"), about("name")) }));
        }
    }
    let sought = &sought;
    let mut read = stream::iter(pods.iter().flat_map(lives)).map(|life| async move { life.search(cluster, sought).await }).buffered(AT_ONCE);
    while let Some(log) = read.next().await {
        match log {
            Ok(None) => {}
            Ok(Some(leaks)) => {
                searched.logs += 1;
                searched.leaks.extend(leaks);
            }
            Err(unread) => searched.unread.push(unread),
        }
    }
    Ok(searched)
}

/// One life of a container: what it wrote between two starts.
#[derive(Debug, PartialEq, Eq)]
struct Life {
    pod: ObjectRef,
    container: String,
    previous: bool,
}

impl Life {
    /// Nothing where its log is gone.
    async fn search(&self, cluster: &Cluster, sought: &Sought<'_>) -> Result<Option<Vec<SecretLeak>>, UnreadLog> {
        let place = format!("{}, container {}, its log{}", self.pod, self.container, if self.previous { " before the last restart" } else { "" });
        let part = LogPart { container: Some(&self.container), last_lines: Some(LINES), most_bytes: Some(BYTES), previous: self.previous };
        match cluster.container_log(&self.pod, part).await {
            Ok(log) => Ok(log.map(Zeroizing::new).map(|log| sought.standing_in(&log).into_iter().map(|secret| SecretLeak { secret: secret.to_owned(), place: place.clone() }).collect())),
            Err(error) => Err(UnreadLog { place, why: with_causes(&error) }),
        }
    }
}

/// What a pod's status says was started.
fn lives(pod: &LiveObject) -> Vec<Life> {
    let statuses = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"];
    let statuses = statuses.into_iter().filter_map(|list| pod.manifest.get("status")?.get(list)?.as_array()).flatten();
    let mut lives = Vec::new();
    for status in statuses {
        let container = status.get("name").and_then(Value::as_str).unwrap_or_default();
        let is = |which: &str, state: &str| status.get(which).and_then(|states| states.get(state)).is_some_and(Value::is_object);
        let mut push = |previous| lives.push(Life { pod: pod.object.clone(), container: container.to_owned(), previous });
        if is("state", "running") || is("state", "terminated") {
            push(false);
        }
        if is("lastState", "terminated") {
            push(true);
        }
    }
    lives
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_life_that_began_has_a_log() {
        let status = json!({
            "initContainerStatuses": [{ "name": "wait", "state": { "terminated": { "exitCode": 0 } }, "lastState": {} }],
            "containerStatuses": [
                { "name": "crashing", "state": { "waiting": { "reason": "CrashLoopBackOff" } }, "lastState": { "terminated": { "exitCode": 1 } } },
                { "name": "new", "state": { "waiting": { "reason": "ContainerCreating" } }, "lastState": {} },
                { "name": "restarted", "state": { "running": {} }, "lastState": { "terminated": { "exitCode": 1 } } },
            ],
            "ephemeralContainerStatuses": [{ "name": "debugger", "state": { "running": {} } }],
        });
        let of = |status: Value| {
            let object = ObjectRef::namespaced("v1", "Pod", "a", "x");
            lives(&LiveObject { object, manifest: json!({ "status": status }), ready: true }).into_iter().map(|life| (life.container, life.previous)).collect::<Vec<_>>()
        };
        assert_eq!(of(status), [("wait", false), ("crashing", true), ("restarted", false), ("restarted", true), ("debugger", false)].map(|(name, previous)| (name.to_owned(), previous)));
        assert_eq!(of(Value::Null), []);
    }
}
