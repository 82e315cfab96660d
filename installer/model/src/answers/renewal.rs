//! How long certificates live and how often it is looked whether one is due.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Below it a certificate would be renewed before its servers have read it.
const SHORTEST: u64 = 4 * MINUTE;
/// The longest that Apple's clients take of a company's authority.
const LONGEST: u64 = 825 * DAY;

/// Certificates that Airlock issues, and their renewal, which a `CronJob` in the cluster carries out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Renewal {
    /// How long the certificate of the base domain lives: `90d`, `12h`. It is renewed at two thirds of it, without a lost connection.
    pub lifetime: String,
    /// The same for servers inside the cluster; those that read theirs once restart with each.
    pub internal_lifetime: String,
    /// How often it is looked whether one is due: a part of an hour or of a day, as in `30m`, `12h`.
    pub every: String,
}

impl Default for Renewal {
    fn default() -> Self {
        Self { lifetime: "90d".into(), internal_lifetime: "90d".into(), every: "12h".into() }
    }
}

impl Renewal {
    /// How long the certificate of the base domain lives.
    pub fn lifetime(&self) -> Result<Duration, String> {
        lifetime(&self.lifetime)
    }

    /// How long the certificates of servers inside the cluster live.
    pub fn internal_lifetime(&self) -> Result<Duration, String> {
        lifetime(&self.internal_lifetime)
    }

    /// The time from one look to the next.
    pub fn every(&self) -> Result<Duration, String> {
        part_of_a_day(&self.every)
    }

    /// What can't be meant: key and reason.
    pub(super) fn flaws(&self) -> Vec<(&'static str, String)> {
        let mut flaws = Vec::new();
        let every = self.every();
        for (key, text, lifetime) in [("tls.renewal.lifetime", &self.lifetime, self.lifetime()), ("tls.renewal.internalLifetime", &self.internal_lifetime, self.internal_lifetime())] {
            match (lifetime, &every) {
                (Err(flaw), _) => flaws.push((key, flaw)),
                (Ok(lifetime), Ok(every)) if lifetime < *every * 3 => {
                    flaws.push(("tls.renewal.every", format!("`{}` is too seldom for a lifetime of {text}: three looks are due before it ends", self.every)));
                }
                (Ok(_), _) => {}
            }
        }
        flaws.extend(every.err().map(|flaw| ("tls.renewal.every", flaw)));
        flaws
    }
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let seconds = seconds(text)?;
    if (SHORTEST..=LONGEST).contains(&seconds) { Ok(Duration::from_secs(seconds)) } else { Err(format!("`{text}` is not between 4 minutes and 825 days")) }
}

/// A time after which a schedule can begin anew, as in `30m`, `12h`.
pub(super) fn part_of_a_day(text: &str) -> Result<Duration, String> {
    let seconds = seconds(text)?;
    let divides = |of: u64| seconds >= MINUTE && seconds <= of && of.is_multiple_of(seconds);
    // A schedule of cron begins anew with each hour and each day.
    let possible = if seconds < HOUR { divides(HOUR) && seconds.is_multiple_of(MINUTE) } else { divides(DAY) && seconds.is_multiple_of(HOUR) };
    if possible { Ok(Duration::from_secs(seconds)) } else { Err(format!("`{text}` is no part of an hour or a day, as in 1m, 15m, 1h, 12h")) }
}

/// Seconds of a time with its unit.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no time, as in 30m, 12h, 90d");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let unit = match unit {
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return Err(wrong()),
    };
    number.parse::<u32>().map(|number| u64::from(number) * unit).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaws(lifetime: &str, every: &str) -> Vec<(&'static str, String)> {
        Renewal { lifetime: lifetime.into(), every: every.into(), ..Renewal::default() }.flaws()
    }

    #[test]
    fn the_shortest_and_the_longest_are_possible() {
        for (lifetime, every) in [("90d", "12h"), ("4m", "1m"), ("825d", "24h"), ("3h", "1h"), ("1h", "20m")] {
            assert_eq!(flaws(lifetime, every), [], "{lifetime} {every}");
        }
        assert_eq!(Renewal::default().lifetime(), Ok(Duration::from_hours(90 * 24)));
        assert_eq!(Renewal::default().every(), Ok(Duration::from_hours(12)));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_key() {
        let keys = |lifetime: &str, every: &str| flaws(lifetime, every).into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        for lifetime in ["3m", "826d", "90", "", "d", "-1d", "ü", "1y", "99999999999d"] {
            assert_eq!(keys(lifetime, "1m"), ["tls.renewal.lifetime"], "{lifetime}");
        }
        for every in ["7m", "25h", "48h", "0m", "90m", "1d2h", ""] {
            assert_eq!(keys("90d", every), ["tls.renewal.every"], "{every}");
        }
        assert_eq!(Renewal { internal_lifetime: "3m".into(), ..Renewal::default() }.flaws(), [("tls.renewal.internalLifetime", "`3m` is not between 4 minutes and 825 days".to_owned())]);
        assert_eq!(flaws("4m", "2m"), [("tls.renewal.every", "`2m` is too seldom for a lifetime of 4m: three looks are due before it ends".to_owned())]);
    }
}
