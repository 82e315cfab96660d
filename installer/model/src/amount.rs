//! Sums of CPU and memory in the units of the scheduler, read from Kubernetes quantities.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul};

use serde::{Deserialize, Serialize};

/// CPU in thousandths of a core and memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Amount {
    /// Thousandths of a core.
    pub cpu_millis: u64,
    /// Bytes.
    pub memory_bytes: u64,
}

impl Amount {
    /// What is left after `used`; never below zero.
    #[must_use]
    pub const fn minus(self, used: Self) -> Self {
        Self { cpu_millis: self.cpu_millis.saturating_sub(used.cpu_millis), memory_bytes: self.memory_bytes.saturating_sub(used.memory_bytes) }
    }

    /// Whether both parts are at least as large as those of `wanted`.
    pub const fn holds(self, wanted: Self) -> bool {
        self.cpu_millis >= wanted.cpu_millis && self.memory_bytes >= wanted.memory_bytes
    }
}

impl Add for Amount {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { cpu_millis: self.cpu_millis + other.cpu_millis, memory_bytes: self.memory_bytes + other.memory_bytes }
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<u64> for Amount {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        Self { cpu_millis: self.cpu_millis * times, memory_bytes: self.memory_bytes * times }
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}m CPU, {} MiB", self.cpu_millis, self.memory_bytes / (1024 * 1024))
    }
}

/// Reads a Kubernetes quantity (`250m`, `1Gi`, `1e3`) as thousandths, rounded up.
///
/// Source: Kubernetes API, `resource.Quantity`. Returns `None` for what is not one.
pub fn quantity_millis(text: &str) -> Option<u128> {
    let (number, scale) = split_suffix(text)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.len() > 12 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits: u128 = format!("0{whole}{fraction}").parse().ok()?;
    let divisor = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    digits.checked_mul(scale).map(|scaled| scaled.div_ceil(divisor))
}

/// Reads a quantity as whole units (bytes, pods), rounded up.
pub fn quantity(text: &str) -> Option<u64> {
    u64::try_from(quantity_millis(text)?.div_ceil(1000)).ok()
}

/// The number and by how many thousandths one of its units counts.
fn split_suffix(text: &str) -> Option<(&str, u128)> {
    const SUFFIXES: [(&str, u128); 13] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("Pi", 1 << 50),
        ("Ei", 1 << 60),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
        ("P", 1_000_000_000_000_000),
        ("E", 1_000_000_000_000_000_000),
        ("", 1),
    ];
    if let Some(number) = text.strip_suffix('m') {
        return Some((number, 1));
    }
    if let Some((number, exponent)) = text.split_once(['e', 'E'])
        && let Ok(exponent) = exponent.parse::<u32>()
    {
        return Some((number, 1000 * 10u128.checked_pow(exponent)?));
    }
    SUFFIXES.iter().find_map(|(suffix, scale)| text.strip_suffix(suffix).map(|number| (number, scale * 1000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms_that_kubernetes_writes() {
        for (text, millis) in [("250m", 250), ("1", 1000), ("0.5", 500), ("1.5", 1500), ("1Ki", 1_024_000), ("2e3", 2_000_000), ("100k", 100_000_000), (".5", 500)] {
            assert_eq!(quantity_millis(text), Some(millis), "{text}");
        }
        assert_eq!(quantity("1Gi"), Some(1 << 30));
    }

    #[test]
    fn refuses_what_is_no_quantity() {
        for text in ["", "Mi", "1 Gi", "-1", "one", "1.2.3"] {
            assert_eq!(quantity_millis(text), None, "{text}");
        }
    }
}
