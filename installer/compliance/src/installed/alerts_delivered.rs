//! MON-003: alerts reach somebody. The proof is the Job by which the last install sent the receiver a message, as long as Alertmanager has
//! given up none since.

use airlock_model::answers::Receiver;
use airlock_model::{AttemptResult, Check, CheckSpec, Deliveries, Finding, Need, Profile, Severity, Snapshot, SnapshotObject, World, names};
use jiff::Timestamp;
use serde_json::Value;

use crate::attempts::{outcome, prometheus, words};
use crate::described::{Described, Resting};
use crate::pod_security::Violation;
use crate::{live, parameter};

/// How many days a message says that the receiver takes them.
pub(crate) const DAYS: &str = "MON-003.days";

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "MON-003",
        title: "alerts reach somebody",
        severity: Severity::High,
        promises: &["P4"],
        explanation: "The Job `monitoring-receiver-…` of the platform's namespace hands Alertmanager a message for the receiver and ends well only when Alertmanager has counted it as delivered. It is run by `airlock install`, and again when the receiver, its address, or its password changes. With `alerts.receiver: none` this is a warning for as long as it stays so, without monitoring, and with `components.monitoring.mode: existing`, since the routes are the company's own then and nobody may send a message through them unasked. With several such Jobs the newest counts. Beside it Prometheus is asked, by way of the Kubernetes API, what became of the messages that Alertmanager sent in the last twelve hours: when it gave one up and delivered none after it, the check fails; when it delivered one, that is the newer proof. Prometheus measures every 15 seconds, so which of two came last may not be known: then it is a warning. When the last delivery is older than MON-003.days it says nothing of today, and the check is unverified, as it is where Prometheus was not asked or does not reach Alertmanager.",
        remedy: "Without monitoring, ask for it (`components.monitoring`); with `none`, name a receiver under `alerts` in the answers. With a receiver that refused, mend it or the answers and run `airlock install` again: it sends another message. When the last one is too old, delete its Job first (`kubectl delete job -n NAMESPACE -l app.kubernetes.io/name=monitoring-receiver`). With a Prometheus of your own, have its owners send an alert of the platform through their routes (`amtool alert add`).",
    },
    expected: "a message was delivered to the receiver",
    why: "an alert that nobody hears is none",
};

const SUBJECT: &str = "receiver of alerts";
/// The component whose Job sends the message.
const JOB: &str = "monitoring-receiver";

/// The check.
pub(crate) struct AlertsDelivered;

impl Check for AlertsDelivered {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        let asked = matches!(world.receiver, Some(Receiver::Webhook | Receiver::Email)).then(|| Need::Attempt(Box::new(prometheus::deliveries(world))));
        [live::need("batch/v1", "Job")].into_iter().chain(asked).collect()
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let days = match parameter::days(profile, DAYS) {
            Ok(days) => days,
            Err(reason) => return vec![TEXTS.unverified(SUBJECT, reason)],
        };
        vec![match given.world.receiver {
            None if given.world.base_domain.is_empty() => TEXTS.unverified(SUBJECT, "nothing is known of the installation"),
            None if given.world.is_watched_by_others => {
                TEXTS.warn(Severity::Medium, SUBJECT, "the company's Prometheus judges the rules; where its Alertmanager sends alerts is not known here, and no message was sent")
            }
            None => TEXTS.warn(Severity::Medium, SUBJECT, "no monitoring is installed: nobody is told when something fails"),
            Some(Receiver::None) => TEXTS.warn(Severity::Medium, SUBJECT, "the answers say that nobody is told of alerts"),
            Some(Receiver::Webhook | Receiver::Email) => judge(given, days),
        }]
    }
}

fn judge(given: &Snapshot, days: i64) -> Finding {
    let jobs = match live::objects(given, "Job") {
        Ok(jobs) => jobs,
        Err(reason) => return TEXTS.unverified(SUBJECT, reason),
    };
    let newest = jobs.into_iter().filter(|job| live::label(job, names::LABEL_NAME) == Some(JOB)).max_by_key(|job| text(job, "/metadata/creationTimestamp").unwrap_or_default());
    let Some(job) = newest else { return TEXTS.unverified(SUBJECT, "no message has been sent to it") };
    let seen = |path: &str| [Violation { path: path.to_owned(), value: job.manifest.pointer(path).cloned().unwrap_or(Value::Null), detail: String::new() }];
    match condition(job) {
        Some("Complete") => {
            let delivered = text(job, "/status/completionTime").and_then(|time| time.parse::<Timestamp>().ok());
            let finding = match (delivered, given.at) {
                (Some(when), Some(now)) => as_counted(given, when, |when| taken(when, now, days)),
                _ => TEXTS.unverified(SUBJECT, "a message was delivered, but not known is when, or what time it is"),
            };
            finding.seen(job, &seen("/status/completionTime"))
        }
        Some("Failed") => TEXTS.fail(SUBJECT, "it did not take the message, or Alertmanager could not be reached").seen(job, &seen("/status/conditions")),
        _ => TEXTS.unverified(SUBJECT, "a message is on its way"),
    }
}

/// The receiver took the install's message at `sent`. What Alertmanager has counted since is the newer word.
fn as_counted(given: &Snapshot, sent: Timestamp, taken: impl Fn(Timestamp) -> Finding) -> Finding {
    let told = match outcome(given, &prometheus::deliveries_id()) {
        Ok(told) => told,
        Err(reason) => return TEXTS.unverified(SUBJECT, format!("a message was delivered, seen at {sent}; what became of later ones is not known: {reason}")),
    };
    let finding = match &told.result {
        AttemptResult::Deliveries(Deliveries { delivered, given_up }) => {
            let last = delivered.map_or(sent, |delivered| delivered.max(sent));
            match given_up {
                Some(given_up) if *given_up > last => TEXTS.fail(SUBJECT, format!("{}; the last one was delivered at {last}", words(&told.result))),
                Some(given_up) if *given_up == last => {
                    TEXTS.warn(Severity::High, SUBJECT, format!("between two measurements one message was delivered and one given up, seen at {last}; which was the last is not known"))
                }
                _ => taken(last),
            }
        }
        other => TEXTS.unverified(SUBJECT, words(other)),
    };
    finding.tried([told])
}

fn taken(when: Timestamp, now: Timestamp, days: i64) -> Finding {
    if when.duration_until(now).as_secs() > days.saturating_mul(24 * 60 * 60) {
        TEXTS.unverified(SUBJECT, format!("the last message was delivered at {when}, more than {days} days ago"))
    } else {
        TEXTS.pass(SUBJECT, format!("a message was delivered, seen at {when}"))
    }
}

fn text<'a>(job: &'a SnapshotObject, path: &str) -> Option<&'a str> {
    job.manifest.pointer(path)?.as_str()
}

/// How the Job ended (Kubernetes: conditions `Complete` and `Failed` of a Job).
fn condition(job: &SnapshotObject) -> Option<&str> {
    let conditions = job.manifest.pointer("/status/conditions")?.as_array()?;
    conditions.iter().filter(|condition| condition["status"] == "True").filter_map(|condition| condition["type"].as_str()).find(|kind| ["Complete", "Failed"].contains(kind))
}
