//! What is rendered, as everybody outside this room sees it: for the smallest answers word by word, for all combinations of
//! answers by what must hold for each of them.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod alerts;
mod combinations;
mod existing_database;
mod granted;
mod injection;
mod issued;
mod kubernetes;
mod own_profile;
mod pods;
mod policies;
mod refused;
mod renewal;
mod repetition;
mod sinks;
mod sizes;
mod smallest;
mod templates;
