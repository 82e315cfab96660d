//! Waiting for a condition instead of for a time.

use std::fmt::Display;
use std::thread;
use std::time::{Duration, Instant};

use crate::BedError;

/// Asks until the answer is a value, or `within` is over; the last refusal then says how it stood.
pub fn eventually<T, E: Display>(what: &str, within: Duration, mut ask: impl FnMut() -> Result<T, E>) -> Result<T, BedError> {
    let end = Instant::now() + within;
    loop {
        match ask() {
            Ok(value) => return Ok(value),
            Err(refusal) if Instant::now() >= end => {
                return Err(BedError::GaveUp { what: what.to_owned(), seconds: within.as_secs(), last: refusal.to_string() });
            }
            Err(_) => thread::sleep(Duration::from_millis(200)),
        }
    }
}
