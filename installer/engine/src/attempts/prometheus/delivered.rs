//! What became of the messages that Alertmanager sent last.

use std::collections::HashMap;

use airlock_model::Deliveries;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Number;

/// Nothing where Alertmanager is not measured now (Prometheus, "Querying basics", subqueries and the `@` modifier). The step is that of
/// the measurements; `measured` is when each was made, since a step shows what was measured up to 15 seconds before it.
const QUERY: &str = r#"((label_replace(sum by (__name__) ({__name__=~"alertmanager_notification_requests_total|alertmanager_notification_requests_failed_total|alertmanager_notifications_failed_total",job="alertmanager"}), "series", "$1", "__name__", "(.+)") or on (series) label_replace(timestamp(up{job="alertmanager"}), "series", "measured", "", "")) and on () up{job="alertmanager"} @ end() == 1)[12h:15s]"#;

pub(super) fn path() -> String {
    format!("/api/v1/query?query={}", utf8_percent_encode(QUERY, NON_ALPHANUMERIC))
}

/// An answer of Prometheus (Prometheus, "HTTP API", range vectors).
#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    metric: Labels,
    /// Step and value, a number as a text.
    values: Vec<(Number, String)>,
}

#[derive(Deserialize)]
struct Labels {
    series: String,
}

pub(super) fn read(body: &[u8]) -> Result<Deliveries, String> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| format!("what Prometheus answered cannot be read: {error}"))?;
    if answer.data.result.is_empty() {
        return Err("Prometheus does not reach Alertmanager".to_owned());
    }
    let of = |name: &str| {
        let series = answer.data.result.iter().find(|series| series.metric.series == name).ok_or_else(|| format!("Prometheus has not measured {name}"))?;
        series.values.iter().map(|(step, value)| Ok((step, value.parse::<f64>().map_err(|error| format!("{value:?} of {name}: {error}"))?))).collect::<Result<Vec<_>, String>>()
    };
    let measured = of("measured")?;
    let failed: HashMap<&Number, f64> = of("alertmanager_notification_requests_failed_total")?.into_iter().collect();
    let requests = of("alertmanager_notification_requests_total")?;
    let taken: Vec<(&Number, f64)> = requests.into_iter().filter_map(|(step, requests)| Some((step, requests - failed.get(step)?))).collect();
    let last = |counts: &[(&Number, f64)]| last_counted(counts).map(|step| measured_at(&measured, step)).transpose();
    Ok(Deliveries { delivered: last(&taken)?, given_up: last(&of("alertmanager_notifications_failed_total")?)? })
}

/// At which step a counter last counted something. It begins anew where Alertmanager does.
fn last_counted<'s>(counts: &[(&'s Number, f64)]) -> Option<&'s Number> {
    let has_counted = |before: f64, now: f64| now > before || (now < before && now > 0.0);
    counts.windows(2).rev().find(|pair| has_counted(pair[0].1, pair[1].1)).map(|pair| pair[1].0)
}

fn measured_at(measured: &[(&Number, f64)], step: &Number) -> Result<Timestamp, String> {
    let (_, seconds) = measured.iter().find(|(same, _)| *same == step).ok_or_else(|| format!("Prometheus does not say when it measured what it shows at {step}"))?;
    Timestamp::from_duration(jiff::SignedDuration::from_secs_f64(*seconds)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A count each 15 seconds, measured 4 seconds before.
    fn answer(requests: &[u32], failed: &[u32], given_up: &[u32]) -> String {
        let series = |name: &str, counts: &[u32]| {
            let values: Vec<String> = counts.iter().enumerate().map(|(index, count)| format!(r#"[{},"{count}"]"#, (index + 1) * 15)).collect();
            format!(r#"{{"metric":{{"series":"{name}"}},"values":[{}]}}"#, values.join(","))
        };
        let measured: Vec<u32> = (1..).map(|step| step * 15 - 4).take(requests.len()).collect();
        let series = [
            series("measured", &measured),
            series("alertmanager_notification_requests_total", requests),
            series("alertmanager_notification_requests_failed_total", failed),
            series("alertmanager_notifications_failed_total", given_up),
        ];
        format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{}]}}}}"#, series.join(","))
    }

    fn told(requests: &[u32], failed: &[u32], given_up: &[u32]) -> (Option<i64>, Option<i64>) {
        let told = read(answer(requests, failed, given_up).as_bytes()).unwrap();
        (told.delivered.map(Timestamp::as_second), told.given_up.map(Timestamp::as_second))
    }

    #[test]
    fn the_last_of_each_kind_is_told_and_a_count_that_begins_anew_is_none() {
        assert_eq!(told(&[5, 5, 5], &[2, 2, 2], &[1, 1, 1]), (None, None), "what it has counted before says nothing of when");
        assert_eq!(told(&[5, 6, 6, 6], &[2, 2, 2, 2], &[1, 1, 1, 1]), (Some(26), None));
        assert_eq!(told(&[5, 6, 7, 8], &[2, 2, 3, 4], &[1, 1, 1, 2]), (Some(26), Some(56)), "requests that fail deliver nothing");
        assert_eq!(told(&[5, 0, 0], &[2, 0, 0], &[1, 0, 0]), (None, None));
        assert_eq!(told(&[5, 1, 1], &[2, 0, 0], &[2, 1, 1]), (Some(26), Some(26)));
    }

    #[test]
    fn what_is_not_measured_is_not_read_as_nothing() {
        let nothing = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
        assert_eq!(read(nothing.as_bytes()).unwrap_err(), "Prometheus does not reach Alertmanager");
        let without = answer(&[1], &[0], &[0]).replace("alertmanager_notifications_failed_total", "other");
        assert_eq!(read(without.as_bytes()).unwrap_err(), "Prometheus has not measured alertmanager_notifications_failed_total");
        let unknown = answer(&[1, 2], &[0, 0], &[0, 0]).replace(r#"[30,"26"]"#, r#"[31,"26"]"#);
        assert_eq!(read(unknown.as_bytes()).unwrap_err(), "Prometheus does not say when it measured what it shows at 30");
        for odd in ["", "{}", r#"{"status":"error","errorType":"bad_data","error":"x"}"#, &answer(&[1], &[0], &[0]).replace("\"1\"", "\"x\"")] {
            assert!(read(odd.as_bytes()).is_err(), "{odd}");
        }
    }
}
