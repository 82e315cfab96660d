//! How often and after which pauses a request is made again.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};

/// Tries in all.
pub(crate) const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Says whether a registry that answers so may answer otherwise a moment later.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::REQUEST_TIMEOUT || status == StatusCode::TOO_MANY_REQUESTS || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
}

/// The pause after a failed try, counted from 1: doubled each time, up to half of it left to chance, and never shorter than asked for.
pub(crate) fn pause(failed: u32, asked: Option<Duration>) -> Duration {
    let base = FIRST_PAUSE.saturating_mul(1 << (failed.saturating_sub(1)).min(10));
    // Each `RandomState` is seeded anew; spreading retries needs no better chance.
    let chance = RandomState::new().build_hasher().finish() % 500;
    let spread = base.mul_f64(0.5 + f64::from(u32::try_from(chance).unwrap_or(0)) / 1000.0);
    spread.max(asked.unwrap_or_default()).min(LONGEST_PAUSE)
}

/// `Retry-After` in seconds (RFC 9110 §10.2.3); its other form, a date, is passed over.
pub(crate) fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_below_the_longest() {
        for failed in 1..40 {
            let pause = pause(failed, None);
            assert!(pause >= Duration::from_millis(100) && pause <= LONGEST_PAUSE, "{failed}: {pause:?}");
        }
        assert!(pause(4, None) > pause(1, None));
    }

    #[test]
    fn a_registry_that_asks_for_patience_gets_it_within_bounds() {
        assert_eq!(pause(1, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(pause(1, Some(Duration::from_secs(7000))), LONGEST_PAUSE);
    }

    #[test]
    fn only_passing_statuses_are_repeated() {
        for (status, passing) in [(408, true), (429, true), (500, true), (503, true), (501, false), (400, false), (401, false), (403, false), (404, false), (413, false)] {
            assert_eq!(is_passing(StatusCode::from_u16(status).unwrap()), passing, "{status}");
        }
    }
}
