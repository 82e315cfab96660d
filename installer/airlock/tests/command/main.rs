//! The command as scripts and people run it: its own process, its exit code, and what it says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what cannot be set up has failed")]

mod api_server;
mod auditor;
mod bad_input;
mod broken_lists;
mod connections;
mod custom_checks;
mod documentation;
mod evidence;
mod exemptions;
mod interruption;
mod manifests;
mod offline;
mod own_profile;
mod profiles;
mod reload;
mod run;
mod scan_reports;
mod sink_servers;
mod sinks;
mod tls_check;
