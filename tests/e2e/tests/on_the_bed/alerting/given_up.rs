//! A receiver that took the install's message, and takes no more.

use std::time::Duration;

use airlock_bed::eventually;
use airlock_e2e::Site;
use serde_json::{Value, json};

use super::query;
use crate::receivers::Receiver;

/// A message is tried for minutes before it is given up.
const ENDS_WITHIN: Duration = Duration::from_mins(6);
/// Prometheus measures Alertmanager every 15 seconds.
const MEASURED_WITHIN: Duration = Duration::from_mins(1);

/// MON-003 tells of it until the receiver has taken another message.
pub(super) fn a_message_that_is_given_up_is_told_until_the_next_arrives(site: &Site, receiver: &Receiver<'_>) {
    let told = |exit: i32| site.told("MON-003", &[], exit).into_iter().map(|told| (told.verdict, told.observed)).collect::<Vec<_>>();
    assert!(matches!(&told(0)[..], [(verdict, _)] if verdict == "pass"));
    receiver.answers(403);
    let refused = measured(site, "alertmanager_notifications_failed_total", || sends(site, "refused"));
    let of_refused = site.run(&["compliance-check", "--no-profile", "--checks", "MON-003", "--namespace", &site.name, "--yes", "--all", "-o", "json"]);
    receiver.answers(200);
    let taken = measured(site, "alertmanager_notification_requests_total", || sends(site, "taken"));
    assert_eq!((refused.as_str(), taken.as_str()), ("Failed", "Complete"));
    let finding = &of_refused.expect(7).json()["findings"][0];
    assert!(finding["verdict"] == "fail" && finding["observed"].as_str().is_some_and(|observed| observed.starts_with("Alertmanager gave up a message, seen at ")), "{finding}");
    let told = told(0);
    assert!(matches!(&told[..], [(verdict, observed)] if verdict == "pass" && observed.starts_with("a message was delivered, seen at ")), "{told:?}");
}

/// Does something until Prometheus has seen Alertmanager count, in the steps in which MON-003 asks.
pub(super) fn measured<T>(site: &Site, counter: &str, act: impl FnOnce() -> T) -> T {
    let count = || {
        let told = query(site, &format!("max_over_time(sum({counter}{{job=\"alertmanager\"}})[1m:15s])"));
        told.split(" @").next().unwrap_or_default().to_owned()
    };
    let before = count();
    let done = act();
    let more = || if count() == before { Err(before.clone()) } else { Ok(()) };
    eventually(&format!("Prometheus has measured {counter}"), MEASURED_WITHIN, more).unwrap_or_else(|error| panic!("{error}"));
    done
}

/// As an install does, by a Job that is none of its own; how that ended.
fn sends(site: &Site, name: &str) -> String {
    let jobs: Value = serde_json::from_str(&site.kubectl(&["get", "jobs", "-l", "app.kubernetes.io/name=monitoring-receiver", "-o", "json"])).expect("Jobs");
    let mut spec = jobs["items"][0]["spec"].clone();
    let labels = spec["template"]["metadata"]["labels"].as_object_mut().expect("labels");
    labels.retain(|label, _| !label.contains("controller-uid") && !label.contains("job-name"));
    spec.as_object_mut().expect("a spec").retain(|field, _| field != "selector" && field != "manualSelector");
    let job = json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": name, "namespace": site.name }, "spec": spec });
    site.bed.apply(&job.to_string()).expect("a Job");
    let ended = || {
        let conditions = site.kubectl(&["get", "job", name, "-o", "jsonpath={.status.conditions[?(@.status==\"True\")].type}"]);
        conditions.split_whitespace().find(|condition| ["Complete", "Failed"].contains(condition)).map(str::to_owned).ok_or(conditions.clone())
    };
    let ended = eventually("the Job ends", ENDS_WITHIN, ended).unwrap_or_else(|error| panic!("{error}"));
    site.kubectl(&["delete", "job", name]);
    ended
}
