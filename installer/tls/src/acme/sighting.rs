//! Whether every authoritative server shows what the authority will look for, which may ask any of them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use airlock_model::Untrusted;
use serde::Serialize;

use super::dns::{Dns, parsed, told};
use super::error::AcmeError;
use super::solver::TxtRecord;

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What one server shows for one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sighting {
    /// The server.
    pub server: Untrusted<String>,
    /// The name.
    pub name: String,
    /// The values that it shows.
    pub seen: Vec<Untrusted<String>>,
    /// The values that it should show and does not.
    pub missing: Vec<String>,
    /// Why it shows nothing, where it did not answer.
    pub silent: Option<String>,
}

impl Sighting {
    /// Whether all that is expected is there.
    pub const fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }
}

impl fmt::Display for Sighting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |values: &[String]| values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" and ");
        let expected = listed(&self.missing);
        match &self.silent {
            Some(why) => write!(f, "{} says nothing of TXT {}: {why}; expected {expected}", self.server, self.name),
            None if self.seen.is_empty() => write!(f, "we see no TXT {} at {}, expected {expected}", self.name, self.server),
            None => {
                let seen: Vec<String> = self.seen.iter().map(ToString::to_string).collect();
                write!(f, "we see {} for TXT {} at {}, expected {expected}", listed(&seen), self.name, self.server)
            }
        }
    }
}

impl Dns {
    /// The records where they belong: at the name that theirs is an alias (CNAME) of, if it is one.
    pub async fn places(&self, records: &[TxtRecord]) -> Result<Vec<TxtRecord>, AcmeError> {
        let mut placed = Vec::new();
        for record in records {
            placed.push(TxtRecord { name: told(&self.meant(&parsed(&record.name)?).await?), value: record.value.clone() });
        }
        Ok(placed)
    }

    /// What every authoritative server of the zone, or every resolver, shows now for these records. Aliases (CNAME) are followed, as the authority does.
    pub async fn sightings(&self, records: &[TxtRecord]) -> Result<Vec<Sighting>, AcmeError> {
        let mut wanted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for record in records {
            wanted.entry(&record.name).or_default().push(&record.value);
        }
        let mut sightings = Vec::new();
        for (name, values) in wanted {
            let meant = self.meant(&parsed(name)?).await?;
            for witness in self.witnesses(&meant).await? {
                let (seen, silent) = match witness.texts(&meant).await {
                    Ok(seen) => (seen, None),
                    Err(why) => (Vec::new(), Some(why)),
                };
                let missing = values.iter().filter(|value| !seen.iter().any(|shown| shown == *value)).map(|value| (*value).to_owned()).collect();
                sightings.push(Sighting { server: witness.name.into(), name: told(&meant), seen: seen.into_iter().map(Untrusted::new).collect(), missing, silent });
            }
        }
        Ok(sightings)
    }

    /// Waits until all of them show all of it.
    pub async fn wait_until_seen(&self, records: &[TxtRecord], limit: Duration) -> Result<(), AcmeError> {
        let begun = Instant::now();
        let mut wait = FIRST_WAIT;
        loop {
            let failure = match self.sightings(records).await {
                Ok(mut sightings) => {
                    sightings.retain(|sighting| !sighting.is_complete());
                    if sightings.is_empty() {
                        return Ok(());
                    }
                    AcmeError::NotSeen { waited: begun.elapsed(), sightings }
                }
                Err(error) => error,
            };
            if begun.elapsed() + wait > limit {
                return Err(failure);
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}
