//! Outcomes as a termination message: gzip and base64 of their JSON.
//!
//! The kubelet keeps 4096 bytes of it (Kubernetes documentation, "Determine the Reason for Pod Failure") and cuts what is longer.

use std::io::{Read as _, Write as _};

use airlock_model::{AttemptResult, Outcome};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// What the kubelet keeps, in bytes.
const LONGEST: usize = 4096;
/// The most that a message may unfold to, in bytes.
const UNFOLDED: u64 = 1 << 20;
/// What stands in place of what was too long.
const TOO_LONG: &str = "what came out is longer than a pod can say at its end";

/// The outcomes as a message that fits: those that say most are left out for it until the others fit.
pub(super) fn written(mut outcomes: Vec<Outcome>) -> String {
    loop {
        let text = folded(&outcomes);
        if text.len() <= LONGEST {
            return text;
        }
        let left_out = AttemptResult::NotCarriedOut(TOO_LONG.to_owned().into());
        let long = |outcome: &&mut Outcome| serde_json::to_string(&outcome.result).map_or(0, |text| text.len());
        match outcomes.iter_mut().filter(|outcome| outcome.result != left_out).max_by_key(long) {
            Some(longest) => longest.result = left_out,
            // Not one says anything, and there are too many of them.
            None => outcomes.truncate(outcomes.len() / 2),
        }
    }
}

fn folded(outcomes: &[Outcome]) -> String {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    // A `Vec` takes every byte.
    let bytes = serde_json::to_vec(outcomes).map_err(std::io::Error::from).and_then(|json| gzip.write_all(&json)).and_then(|()| gzip.finish());
    BASE64_STANDARD.encode(bytes.unwrap_or_default())
}

/// Reads the outcomes of such a message, or says why there are none in it.
pub(super) fn read(message: &str) -> Result<Vec<Outcome>, String> {
    let bytes = BASE64_STANDARD.decode(message.trim()).map_err(|error| error.to_string())?;
    let mut json = Vec::new();
    GzDecoder::new(bytes.as_slice()).take(UNFOLDED).read_to_end(&mut json).map_err(|error| error.to_string())?;
    serde_json::from_slice(&json).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use airlock_model::AttemptId;
    use jiff::Timestamp;

    use super::*;

    fn outcome(number: usize, told: &str) -> Outcome {
        let result = AttemptResult::Told(Some(told.to_owned().into()));
        Outcome { attempt: AttemptId(format!("database.other.alpha.team-{number}")), result, source: None, destination: Some("10.0.0.1:5432".into()), started: Timestamp::UNIX_EPOCH, took_millis: 7 }
    }

    /// Text that does not compress.
    fn noise(seed: usize, length: usize) -> String {
        let mut state = u64::try_from(seed).unwrap() | 1;
        let letter = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'!' + u8::try_from(state >> 33 & 63).unwrap())
        };
        (0..length).map(letter).collect()
    }

    #[test]
    fn a_hundred_deployments_fit_and_are_read_as_they_were_written() {
        let refused = |number| {
            let message = format!("permission denied for database \"airlock_team_{number}\"");
            Outcome { result: AttemptResult::SqlRefused { state: "42501".into(), message: message.into() }, ..outcome(number, "") }
        };
        let outcomes: Vec<Outcome> = (0..100).map(refused).collect();
        let message = written(outcomes.clone());
        assert!(message.len() <= LONGEST);
        assert_eq!(read(&message).unwrap(), outcomes);
    }

    #[test]
    fn what_says_most_is_left_out_until_the_rest_fits() {
        let outcomes = vec![outcome(0, "none"), outcome(1, &noise(1, 9000)), outcome(2, &noise(2, 2000)), outcome(3, "1")];
        let read = read(&written(outcomes.clone())).unwrap();
        let left_out = AttemptResult::NotCarriedOut(TOO_LONG.to_owned().into());
        assert_eq!(read.iter().map(|outcome| outcome.result == left_out).collect::<Vec<_>>(), [false, true, false, false]);
        assert_eq!((&read[0], &read[2], &read[3]), (&outcomes[0], &outcomes[2], &outcomes[3]));
        assert!(written((0..150).map(|number| outcome(number, &noise(number, 40))).collect()).len() <= LONGEST);
        let too_many = (0..5000).map(|number| Outcome { result: left_out.clone(), ..outcome(number, "") });
        assert!(written(too_many.collect()).len() <= LONGEST);
    }

    #[test]
    fn anything_else_is_no_outcome() {
        let cut = written(vec![outcome(0, "none")]);
        for odd in ["", "error[database.connect]: no connection", "W10", &cut[..cut.len() - 8]] {
            assert!(read(odd).is_err(), "{odd}");
        }
    }
}
