//! Whole runs, and the rooms that speak with a cluster, on the bed. They are one binary so that several go on at once: most of a run
//! is waiting. Each has namespaces, a base domain, and people of its own on the cluster that they share; what changes the cluster or
//! the company for everybody is played on another cluster.

use std::sync::{Mutex, MutexGuard, PoisonError};

mod acme;
#[cfg(feature = "long")]
mod airflow;
mod alert_rules;
mod alerting;
#[cfg(feature = "long")]
mod another_cluster;
mod auditing;
mod bad_input;
#[cfg(feature = "long")]
mod broken;
mod bundled_database;
mod certificate_renewal;
mod cluster_room;
mod deployments;
mod engine_room;
mod existing_database;
mod guided;
mod install;
mod interruption;
mod judged_beforehand;
mod late_balancer;
mod mails;
#[cfg(feature = "long")]
mod mutated;
mod offline_root;
mod proxied;
mod receivers;
mod rights;
#[cfg(feature = "long")]
mod scenes;
mod sources;
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
