//! Whole runs, and the rooms that speak with a cluster, on the bed. They are one binary so that several go on at once: most of a run
//! is waiting. Each has namespaces, a base domain, and people of its own on the cluster that they share; what changes the cluster or
//! the company for everybody is played on another cluster. What is too long for `make test` is compiled for `make soak` alone (`long`).

#![cfg_attr(not(feature = "long"), expect(dead_code, reason = "some of what tests have in common, only the long ones use"))]

use std::sync::{Mutex, MutexGuard, PoisonError};

mod acme;
mod airflow;
mod alert_rules;
#[cfg(feature = "long")]
mod alerting;
#[cfg(feature = "long")]
mod another_cluster;
mod auditing;
mod bad_input;
#[cfg(feature = "long")]
mod broken;
mod bundled_database;
#[cfg(feature = "long")]
mod certificate_renewal;
mod cluster_room;
mod company;
mod effective_rights;
mod engine_room;
mod existing_database;
mod guided;
#[cfg(feature = "long")]
mod install;
#[cfg(feature = "long")]
mod interruption;
#[cfg(feature = "long")]
mod judged_beforehand;
#[cfg(feature = "long")]
mod late_balancer;
#[cfg(feature = "long")]
mod mails;
#[cfg(feature = "long")]
mod mutated;
#[cfg(feature = "long")]
mod offline_root;
mod own_profile;
#[cfg(feature = "long")]
mod proxied;
mod receivers;
#[cfg(feature = "long")]
mod rights;
#[cfg(feature = "long")]
mod scenes;
#[cfg(feature = "long")]
mod sources;
#[cfg(feature = "long")]
mod trying;
mod uninstall;
mod walls;
mod wire;
mod written_plan;

/// One test with Airflow on the shared bed at a time: its parts take seconds of a whole core to start, and their probes would say no.
fn airflow() -> MutexGuard<'static, ()> {
    static AIRFLOW: Mutex<()> = Mutex::new(());
    AIRFLOW.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One bed beside the shared one at a time: a third would leave none of them enough processor to keep its own times.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
