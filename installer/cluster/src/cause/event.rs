//! What events say about an object.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;

use super::one_line;

pub(super) fn is_warning(event: &Event) -> bool {
    event.type_.as_deref() == Some("Warning")
}

pub(super) fn has_reason(event: &Event, reasons: &[&str]) -> bool {
    event.reason.as_deref().is_some_and(|reason| reasons.contains(&reason))
}

/// Events about an object.
pub(super) fn about<'a>(events: &'a [Event], uid: &'a str) -> impl Iterator<Item = &'a Event> {
    events.iter().filter(move |event| event.involved_object.uid.as_deref() == Some(uid))
}

/// The latest of these events.
pub(super) fn newest<'a>(events: impl Iterator<Item = &'a Event>) -> Option<&'a Event> {
    events.max_by_key(|event| when(event))
}

/// The words of the latest event about an object that fits.
pub(super) fn latest(events: &[Event], uid: &str, fits: impl Fn(&Event) -> bool) -> Option<String> {
    newest(about(events, uid).filter(|event| fits(event))).map(words)
}

pub(super) fn words(event: &Event) -> String {
    one_line(event.message.as_deref().unwrap_or_default())
}

/// Which occurrence of an event it is: the same one is only counted up.
pub(super) fn occurrence(event: &Event) -> String {
    let count = event.series.as_ref().and_then(|series| series.count).or(event.count).unwrap_or(1);
    format!("{} {count}", event.metadata.name.as_deref().unwrap_or_default())
}

fn when(event: &Event) -> Option<Timestamp> {
    let series = event.series.as_ref().and_then(|series| series.last_observed_time.as_ref()).map(|time| time.0);
    let last = event.last_timestamp.as_ref().map(|time| time.0);
    series.or(last).or_else(|| event.event_time.as_ref().map(|time| time.0)).or_else(|| event.metadata.creation_timestamp.as_ref().map(|time| time.0))
}
