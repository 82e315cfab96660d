//! Whether two expressions of `PromQL` say the same, of which one is as somebody wrote it and the other as Prometheus prints it.
//!
//! Prometheus drops comments and needless commas, puts `by (…)` before what is aggregated, and writes numbers, durations, and quotation
//! marks its own way. What is left is compared: words, texts, numbers, and operators, wherever they stand. Another order alone is not
//! noticed, another metric, threshold, label, or operator is.

/// Words of the language itself, which Prometheus reads in any case (`promql/parser`, `lex.go`); names of functions, metrics, and labels
/// have one.
const KEYWORDS: [&str; 30] = [
    "and",
    "or",
    "unless",
    "atan2",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "bool",
    "offset",
    "start",
    "end",
    "inf",
    "nan",
    "sum",
    "avg",
    "count",
    "min",
    "max",
    "group",
    "stddev",
    "stdvar",
    "topk",
    "bottomk",
    "count_values",
    "quantile",
    "limitk",
    "limit_ratio",
];

/// What remains of an expression; none: it cannot be read.
pub(super) fn parts(expression: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = expression.trim_start();
    // Within brackets a colon parts a range from its step; elsewhere it belongs to a name.
    let mut is_range = false;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' | '`' => {
                let (text, length) = quoted(rest, first)?;
                parts.push(format!("\"{text}"));
                length
            }
            '0'..='9' | '.' => {
                let length = number_length(rest);
                parts.push(number(&rest[..length])?);
                length
            }
            'a'..='z' | 'A'..='Z' | '_' | ':' if !(is_range && first == ':') => {
                let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':' && !is_range)).unwrap_or(rest.len());
                let (word, plain) = (&rest[..length], rest[..length].to_ascii_lowercase());
                parts.push(if KEYWORDS.contains(&plain.as_str()) { plain } else { word.to_owned() });
                length
            }
            '(' | ')' | '{' | '}' | ',' => 1,
            '[' | ']' => {
                is_range = first == '[';
                1
            }
            _ => {
                let length = if ["==", "!=", ">=", "<=", "=~", "!~"].iter().any(|operator| rest.starts_with(operator)) { 2 } else { first.len_utf8() };
                parts.push(rest[..length].to_owned());
                length
            }
        };
        rest = rest[length..].trim_start();
    }
    parts.sort();
    Some(parts)
}

/// Milliseconds of a duration such as `1h30m` (Prometheus documentation, "Time durations").
pub(super) fn millis(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let (mut total, mut rest) = (0_u64, text);
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, after) = after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        let of_unit = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            "y" => 31_536_000_000,
            _ => return None,
        };
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(of_unit)?)?;
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}

/// What a text says, and how long it is with its quotation marks.
fn quoted(rest: &str, mark: char) -> Option<(String, usize)> {
    let (mut text, mut is_escaped) = (String::new(), false);
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => {
                // Which mark has to be escaped depends on the marks around it.
                if !['"', '\'', '\\'].contains(&c) {
                    text.push('\\');
                }
                text.push(c);
                is_escaped = false;
            }
            '\\' if mark != '`' => is_escaped = true,
            _ if c == mark => return Some((text, at + 1)),
            _ => text.push(c),
        }
    }
    None
}

/// How far a number or a duration goes: `1e-3`, `0x1F`, `1_000.5`, `1h30m`.
fn number_length(rest: &str) -> usize {
    let is_hex = rest.starts_with("0x") || rest.starts_with("0X");
    let mut before = '0';
    let mut is_part = |c: char| {
        let is_sign_of_power = (c == '+' || c == '-') && matches!(before, 'e' | 'E') && !is_hex;
        before = c;
        c.is_ascii_alphanumeric() || c == '.' || c == '_' || is_sign_of_power
    };
    rest.find(|c: char| !is_part(c)).unwrap_or(rest.len())
}

/// A number, or a duration, which Prometheus takes for its seconds; a thousand times as much.
fn number(text: &str) -> Option<String> {
    let plain = text.replace('_', "");
    if let Some(millis) = millis(&plain).filter(|_| plain != "0") {
        return Some(millis.to_string());
    }
    let decimal = match plain.strip_prefix("0x").or_else(|| plain.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?.to_string(),
        None => plain,
    };
    decimal.parse::<f64>().ok().map(|value| (value * 1000.0).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As written, and as Prometheus 3 prints it (`Expr.String`).
    const PRINTED: [(&str, &str); 31] = [
        (
            r#"airlock_volume_free_bytes{job="volumes"} / airlock_volume_size_bytes{job="volumes"} < 0.05 or airlock_volume_free_inodes{job="volumes"} / airlock_volume_inodes{job="volumes"} < 0.05"#,
            r#"airlock_volume_free_bytes{job="volumes"} / airlock_volume_size_bytes{job="volumes"} < 0.05 or airlock_volume_free_inodes{job="volumes"} / airlock_volume_inodes{job="volumes"} < 0.05"#,
        ),
        ("sum(rate(x[5m])) by (job) > 0.50", "sum by (job) (rate(x[5m])) > 0.5"),
        ("avg without(a) (x) / on(a) group_left x", "avg without (a) (x) / on (a) group_left () x"),
        ("x{a='b',} > 1e3", r#"x{a="b"} > 1000"#),
        ("max_over_time(x[1h:60s])", "max_over_time(x[1h:1m])"),
        ("x offset 300s", "x offset 5m"),
        ("X AND y", "X and y"),
        (r"count(x{a=~`a\.b`}) or vector(0x1F)", r#"count(x{a=~"a\\.b"}) or vector(31)"#),
        ("x > bool 1_000", "x > bool 1000"),
        (r#"{__name__=~"a.*"} unless on() y # why"#, r#"{__name__=~"a.*"} unless on () y"#),
        ("histogram_quantile(0.9, sum by(le) (rate(x_bucket[90s])))", "histogram_quantile(0.9, sum by (le) (rate(x_bucket[1m30s])))"),
        ("x - -1", "x - -1"),
        ("(x{})", "(x)"),
        (r#"label_replace(up, "a", "$1", "b", '(.*)\\.c')"#, r#"label_replace(up, "a", "$1", "b", "(.*)\\.c")"#),
        ("absent(x) == 1", "absent(x) == 1"),
        ("topk(3, x) != 0", "topk(3, x) != 0"),
        ("x[5m] @ 1609746000 offset -5m", "x[5m] @ 1609746000.000 offset -5m"),
        ("sum(x) by (a,b)", "sum by (a, b) (x)"),
        ("x > +Inf", "x > +Inf"),
        (r#"airflow_heartbeat_age_seconds{job="airflow", part="scheduler"} > 60"#, r#"airflow_heartbeat_age_seconds{job="airflow",part="scheduler"} > 60"#),
        (
            r#"airflow_heartbeat_age_seconds{job="airflow", part=~"dag-processor|triggerer"} > 120 or airflow_api_server_up{job="airflow"} == 0 or airflow_database_up{job="airflow"} == 0 or up{job="airflow"} == 0"#,
            r#"airflow_heartbeat_age_seconds{job="airflow",part=~"dag-processor|triggerer"} > 120 or airflow_api_server_up{job="airflow"} == 0 or airflow_database_up{job="airflow"} == 0 or up{job="airflow"} == 0"#,
        ),
        (
            r#"kube_persistentvolumeclaim_annotations{annotation_airlock_platform_io_audit_worse="true", persistentvolumeclaim="auditor-evidence", job="kube-state-metrics"} and on(namespace) kube_cronjob_spec_suspend{cronjob="auditor", job="kube-state-metrics"}"#,
            r#"kube_persistentvolumeclaim_annotations{annotation_airlock_platform_io_audit_worse="true",job="kube-state-metrics",persistentvolumeclaim="auditor-evidence"} and on (namespace) kube_cronjob_spec_suspend{cronjob="auditor",job="kube-state-metrics"}"#,
        ),
        (
            r#"time() - kube_cronjob_status_last_successful_time{cronjob="auditor", job="kube-state-metrics"} > on(namespace, cronjob) 2 * (kube_cronjob_next_schedule_time{cronjob="auditor", job="kube-state-metrics"} - on(namespace, cronjob) kube_cronjob_status_last_schedule_time{cronjob="auditor", job="kube-state-metrics"}) or kube_cronjob_status_last_schedule_time{cronjob="auditor", job="kube-state-metrics"} unless on(namespace, cronjob) kube_cronjob_status_last_successful_time{cronjob="auditor", job="kube-state-metrics"} or time() - kube_cronjob_next_schedule_time{cronjob="auditor", job="kube-state-metrics"} > 0 or kube_cronjob_spec_suspend{cronjob="auditor", job="kube-state-metrics"} == 1"#,
            r#"time() - kube_cronjob_status_last_successful_time{cronjob="auditor",job="kube-state-metrics"} > on (namespace, cronjob) 2 * (kube_cronjob_next_schedule_time{cronjob="auditor",job="kube-state-metrics"} - on (namespace, cronjob) kube_cronjob_status_last_schedule_time{cronjob="auditor",job="kube-state-metrics"}) or kube_cronjob_status_last_schedule_time{cronjob="auditor",job="kube-state-metrics"} unless on (namespace, cronjob) kube_cronjob_status_last_successful_time{cronjob="auditor",job="kube-state-metrics"} or time() - kube_cronjob_next_schedule_time{cronjob="auditor",job="kube-state-metrics"} > 0 or kube_cronjob_spec_suspend{cronjob="auditor",job="kube-state-metrics"} == 1"#,
        ),
        (
            r#"kube_cronjob_status_last_schedule_time{cronjob="renewer", job="kube-state-metrics"} > on(namespace, cronjob) kube_cronjob_status_last_successful_time{cronjob="renewer", job="kube-state-metrics"} + 3600 or kube_cronjob_status_last_schedule_time{cronjob="renewer", job="kube-state-metrics"} unless on(namespace, cronjob) kube_cronjob_status_last_successful_time{cronjob="renewer", job="kube-state-metrics"}"#,
            r#"kube_cronjob_status_last_schedule_time{cronjob="renewer",job="kube-state-metrics"} > on (namespace, cronjob) kube_cronjob_status_last_successful_time{cronjob="renewer",job="kube-state-metrics"} + 3600 or kube_cronjob_status_last_schedule_time{cronjob="renewer",job="kube-state-metrics"} unless on (namespace, cronjob) kube_cronjob_status_last_successful_time{cronjob="renewer",job="kube-state-metrics"}"#,
        ),
        (
            r#"airlock_certificate_not_after_seconds{job="certificates"} - time() < 21 * 86400 unless on() kube_cronjob_status_last_schedule_time{cronjob="renewer", job="kube-state-metrics"} <= on(namespace, cronjob) kube_cronjob_status_last_successful_time{cronjob="renewer", job="kube-state-metrics"} + 3600"#,
            r#"airlock_certificate_not_after_seconds{job="certificates"} - time() < 21 * 86400 unless on () kube_cronjob_status_last_schedule_time{cronjob="renewer",job="kube-state-metrics"} <= on (namespace, cronjob) kube_cronjob_status_last_successful_time{cronjob="renewer",job="kube-state-metrics"} + 3600"#,
        ),
        (
            r#"kube_deployment_status_replicas_available{job="kube-state-metrics"} == 0 or kube_statefulset_status_replicas_ready{job="kube-state-metrics"} == 0"#,
            r#"kube_deployment_status_replicas_available{job="kube-state-metrics"} == 0 or kube_statefulset_status_replicas_ready{job="kube-state-metrics"} == 0"#,
        ),
        (
            r#"( kube_deployment_status_replicas_available{job="kube-state-metrics"} < kube_deployment_spec_replicas{job="kube-state-metrics"} or kube_statefulset_status_replicas_ready{job="kube-state-metrics"} < kube_statefulset_replicas{job="kube-state-metrics"} ) > 0"#,
            r#"(kube_deployment_status_replicas_available{job="kube-state-metrics"} < kube_deployment_spec_replicas{job="kube-state-metrics"} or kube_statefulset_status_replicas_ready{job="kube-state-metrics"} < kube_statefulset_replicas{job="kube-state-metrics"}) > 0"#,
        ),
        (
            r#"max_over_time(kube_pod_container_status_waiting_reason{job="kube-state-metrics", reason="CrashLoopBackOff"}[5m]) == 1 or increase(kube_pod_container_status_restarts_total{job="kube-state-metrics"}[15m]) > 3"#,
            r#"max_over_time(kube_pod_container_status_waiting_reason{job="kube-state-metrics",reason="CrashLoopBackOff"}[5m]) == 1 or increase(kube_pod_container_status_restarts_total{job="kube-state-metrics"}[15m]) > 3"#,
        ),
        (
            r#"kube_pod_status_ready{job="kube-state-metrics", condition="false"} == 1 unless on (namespace, pod) kube_pod_status_phase{job="kube-state-metrics", phase=~"Succeeded|Failed"} == 1"#,
            r#"kube_pod_status_ready{condition="false",job="kube-state-metrics"} == 1 unless on (namespace, pod) kube_pod_status_phase{job="kube-state-metrics",phase=~"Succeeded|Failed"} == 1"#,
        ),
        (
            r#"kube_persistentvolumeclaim_status_phase{job="kube-state-metrics", phase="Lost"} == 1 or kube_persistentvolumeclaim_status_phase{job="kube-state-metrics", phase="Pending", persistentvolumeclaim!="auditor-evidence"} == 1"#,
            r#"kube_persistentvolumeclaim_status_phase{job="kube-state-metrics",phase="Lost"} == 1 or kube_persistentvolumeclaim_status_phase{job="kube-state-metrics",persistentvolumeclaim!="auditor-evidence",phase="Pending"} == 1"#,
        ),
        (
            r#"airlock_volume_free_bytes{job="volumes"} / airlock_volume_size_bytes{job="volumes"} < 0.15 or airlock_volume_free_inodes{job="volumes"} / airlock_volume_inodes{job="volumes"} < 0.15 or ( predict_linear(airlock_volume_free_bytes{job="volumes"}[6h], 4 * 86400) < 0 and airlock_volume_free_bytes{job="volumes"} / airlock_volume_size_bytes{job="volumes"} < 0.4 )"#,
            r#"airlock_volume_free_bytes{job="volumes"} / airlock_volume_size_bytes{job="volumes"} < 0.15 or airlock_volume_free_inodes{job="volumes"} / airlock_volume_inodes{job="volumes"} < 0.15 or (predict_linear(airlock_volume_free_bytes{job="volumes"}[6h], 4 * 86400) < 0 and airlock_volume_free_bytes{job="volumes"} / airlock_volume_size_bytes{job="volumes"} < 0.4)"#,
        ),
    ];

    #[test]
    fn what_prometheus_prints_says_what_was_written() {
        for (written, printed) in PRINTED {
            assert_eq!(parts(written), parts(printed), "{written}\n{printed}");
            assert!(parts(written).is_some());
        }
    }

    #[test]
    fn another_threshold_metric_label_operator_or_range_is_noticed() {
        let written = "sum by (job) (rate(errors_total{job=\"a\"}[5m])) > 0.5";
        for other in [
            "sum by (job) (rate(errors_total{job=\"a\"}[5m])) > 0.6",
            "sum by (job) (rate(error_total{job=\"a\"}[5m])) > 0.5",
            "sum by (job) (rate(Errors_total{job=\"a\"}[5m])) > 0.5",
            "sum by (job) (rate(errors_total{Job=\"a\"}[5m])) > 0.5",
            "sum by (job) (rate(errors_total{job=\"b\"}[5m])) > 0.5",
            "sum by (job) (rate(errors_total{job=~\"a\"}[5m])) > 0.5",
            "sum by (job) (rate(errors_total{job=\"a\"}[6m])) > 0.5",
            "sum by (job) (rate(errors_total{job=\"a\"}[5m])) >= 0.5",
            "sum by (job) (rate(errors_total{job=\"a\"}[5m])) > 0.5 or vector(1)",
        ] {
            assert_ne!(parts(written), parts(other), "{other}");
        }
        assert_eq!([parts("up == \"a"), parts("up > 5x"), parts("up > 0xg")], [None, None, None]);
    }

    #[test]
    fn durations_are_read_as_prometheus_writes_them() {
        assert_eq!(["0", "0s", "1m", "1h30m", "2d", "1w", "250ms"].map(millis), [Some(0), Some(0), Some(60_000), Some(5_400_000), Some(172_800_000), Some(604_800_000), Some(250)]);
        assert_eq!(["", "5", "m", "5x", "1m5", "99999999999999999999s"].map(millis), [None; 6]);
    }
}
