//! What a plain word of YAML means to Kubernetes, whose reader keeps to YAML 1.1: `yes` is true, `0644` is octal
//! (sigs.k8s.io/yaml, which is built on go-yaml 2; its table stands in resolve.go).

use serde_json::{Number, Value};

/// The value of a word. `tag` is the ending of a core tag, as `str` of `!!str`.
pub(super) fn value(text: &str, is_plain: bool, tag: Option<&str>) -> Value {
    match tag {
        Some("str") => return text.into(),
        None if !is_plain => return text.into(),
        _ => {}
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| text.into(), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    let digits = text.replace('_', "");
    if let Some(whole) = whole(&digits) {
        return Some(whole);
    }
    is_decimal(&digits).then(|| digits.parse::<f64>().ok().and_then(Number::from_f64)).flatten()
}

/// A whole number in base 10, or in the base that its beginning names.
fn whole(digits: &str) -> Option<Number> {
    let (is_negative, amount) = match digits.split_at_checked(1) {
        Some(("-", rest)) => (true, rest),
        Some(("+", rest)) => (false, rest),
        _ => (false, digits),
    };
    let (base, amount) = match amount.get(..2) {
        Some("0x" | "0X") => (16, &amount[2..]),
        Some("0o" | "0O") => (8, &amount[2..]),
        Some("0b" | "0B") => (2, &amount[2..]),
        Some(beginning) if beginning.starts_with('0') => (8, &amount[1..]),
        _ => (10, amount),
    };
    if amount.is_empty() || !amount.chars().all(|c| c.is_digit(base)) {
        return None;
    }
    let amount = u64::from_str_radix(amount, base).ok()?;
    if is_negative { 0_i64.checked_sub_unsigned(amount).map(Number::from) } else { Some(Number::from(amount)) }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal(digits: &str) -> bool {
    let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(digits);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.strip_prefix(['-', '+']).unwrap_or(exponent)),
        None => (unsigned, "0"),
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_mantissa = match mantissa.split_once('.') {
        Some(("", after)) => is_number(after),
        Some((before, after)) => is_number(before) && (after.is_empty() || is_number(after)),
        None => is_number(mantissa),
    };
    is_mantissa && is_number(exponent)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_mean_what_the_reader_of_kubernetes_takes_them_for() {
        for (text, expected) in [
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("null", json!(null)),
            ("", json!(null)),
            ("0", json!(0)),
            ("8080", json!(8080)),
            ("0644", json!(420)),
            ("0o17", json!(15)),
            ("0x1F", json!(31)),
            ("1_000", json!(1000)),
            ("-5", json!(-5)),
            ("1.5", json!(1.5)),
            (".5", json!(0.5)),
            ("1e3", json!(1000.0)),
            ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
            ("v1", json!("v1")),
            ("1.2.3", json!("1.2.3")),
            ("100m", json!("100m")),
            ("2001-01-01", json!("2001-01-01")),
            ("0xg", json!("0xg")),
            ("099", json!(99.0)),
            ("-", json!("-")),
            (".inf", json!(".inf")),
            ("-9223372036854775808", json!(i64::MIN)),
        ] {
            assert_eq!(value(text, true, None), expected, "{text}");
        }
        assert_eq!(value("yes", false, None), json!("yes"));
        assert_eq!(value("1", true, Some("str")), json!("1"));
    }
}
