//! Which targets Prometheus measures, and whether each answered.

use airlock_model::names::MEASURED_JOBS;
use airlock_model::{Measured, Untrusted};
use serde::Deserialize;

/// The series that tells of each target whether it was measured (Prometheus, "Jobs and instances").
pub(super) const PATH: &str = "/api/v1/query?query=up";

/// Whether every target is up, and each job and each of these deployments is among them. A Prometheus that has just begun has found some
/// targets and not others.
pub(super) fn is_whole(targets: &[Measured], deployments: &[String]) -> bool {
    let has_job = |job: &&str| targets.iter().any(|target| target.job.raw() == *job);
    let has_deployment = |name: &String| targets.iter().any(|target| target.deployment.as_ref().is_some_and(|own| own.raw() == name));
    targets.iter().all(|target| target.up) && MEASURED_JOBS.iter().all(has_job) && deployments.iter().all(has_deployment)
}

/// An answer of Prometheus (Prometheus, "HTTP API", instant queries).
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
    /// Time and value, a number as a text.
    value: (f64, String),
}

#[derive(Deserialize)]
struct Labels {
    job: String,
    instance: String,
    deployment: Option<String>,
}

pub(super) fn read(body: &[u8]) -> Result<Vec<Measured>, String> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| format!("what Prometheus answered cannot be read: {error}"))?;
    let target = |series: Series| Measured {
        job: Untrusted::new(series.metric.job),
        instance: Untrusted::new(series.metric.instance),
        deployment: series.metric.deployment.map(Untrusted::new),
        up: series.value.1 == "1",
    };
    let mut targets: Vec<Measured> = answer.data.result.into_iter().map(target).collect();
    targets.sort_by(|one, other| (one.job.raw(), one.instance.raw()).cmp(&(other.job.raw(), other.instance.raw())));
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_been_found_so_far_is_waited_for() {
        let target = |job: &str, deployment: Option<&str>| Measured {
            job: Untrusted::new(job.to_owned()),
            instance: Untrusted::new("i:1".to_owned()),
            deployment: deployment.map(|name| Untrusted::new(name.to_owned())),
            up: true,
        };
        let all: Vec<Measured> = MEASURED_JOBS.iter().map(|job| target(job, None)).chain([target("airflow", Some("alpha"))]).collect();
        let alpha = ["alpha".to_owned()];
        assert!(is_whole(&all, &alpha));
        for missing in 0..all.len() {
            let without: Vec<Measured> = all.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, target)| target.clone()).collect();
            assert!(!is_whole(&without, &alpha), "{:?}", all[missing]);
        }
        assert!(!is_whole(&[all.clone(), vec![Measured { up: false, ..target("volumes", None) }]].concat(), &alpha));
    }

    #[test]
    fn targets_are_told_in_order_and_anything_else_is_no_answer() {
        let series = |job: &str, more: &str, value: &str| format!(r#"{{"metric":{{"__name__":"up","job":"{job}","instance":"i:1"{more}}},"value":[1790000000.1,"{value}"]}}"#);
        let answer = |series: &[String]| format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{}]}}}}"#, series.join(","));
        let read = |text: &str| {
            read(text.as_bytes()).map(|targets| targets.into_iter().map(|target| (target.job.raw().to_owned(), target.deployment.map(|name| name.raw().to_owned()), target.up)).collect::<Vec<_>>())
        };
        let told = read(&answer(&[series("volumes", "", "1"), series("airflow", r#","deployment":"alpha""#, "0")])).unwrap();
        assert_eq!(told, [("airflow".to_owned(), Some("alpha".to_owned()), false), ("volumes".to_owned(), None, true)]);
        assert_eq!(read(&answer(&[])).unwrap(), []);
        for odd in ["", "{}", r#"{"status":"error","errorType":"bad_data","error":"x"}"#, &answer(&[series("a", "", "1")]).replace("\"1\"", "1")] {
            assert!(read(odd).is_err(), "{odd}");
        }
    }
}
