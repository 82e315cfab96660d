//! Runs that would be in each other's way are scenes of one test: they are played one after the other, each also when one before it
//! failed. `AIRLOCK_SCENE=words` plays only those with these words in their names, or with
//! one of several, parted by `|`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// Its name, and what is played.
pub(crate) type Scene<'a> = (&'static str, Box<dyn FnOnce() + 'a>);

/// How much of each reason the end of a test repeats: where little of its output is kept, that is its end.
const REASON: usize = 1500;

/// Plays them, and tells how long each took; those that failed, and what ended them.
#[expect(clippy::print_stderr, reason = "it is part of a test's output")]
pub(crate) fn play(scenes: Vec<Scene<'_>>) -> Vec<String> {
    let only = std::env::var("AIRLOCK_SCENE").unwrap_or_default();
    let is_meant = |name: &str| only.split('|').any(|words| name.contains(words));
    assert!(scenes.iter().any(|(name, _)| is_meant(name)), "no scene has `{only}` in its name");
    let mut failed = Vec::new();
    for (name, scene) in scenes.into_iter().filter(|(name, _)| is_meant(name)) {
        let began = Instant::now();
        let played = catch_unwind(AssertUnwindSafe(scene));
        eprintln!("{name}: {} after {:.0?}", if played.is_ok() { "well" } else { "failed" }, began.elapsed());
        if let Err(reason) = played {
            let reason = reason.downcast_ref::<String>().map(String::as_str).or_else(|| reason.downcast_ref::<&str>().copied()).unwrap_or_default();
            failed.push(format!("{name}: {}", reason.chars().take(REASON).collect::<String>()));
        }
    }
    failed
}
