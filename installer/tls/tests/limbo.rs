//! The path code against x509-limbo (C2SP): cases that other verifiers got wrong. What we answer to each is pinned beside this
//! file, so that a new version of a library shows as a difference.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use airlock_tls::{Authorities, certificates_from_pem, verify_served};
use jiff::Timestamp;
use serde::Deserialize;

const PINNED: &str = include_str!("limbo.txt");
const HEADING: &str = "\
# x509-limbo, its own cases: what verify_served answers. AIRLOCK_PIN=1 cargo test -p airlock-tls --test limbo writes this file anew.
# \"accepted, limbo says otherwise\": form only (key identifiers, serial numbers, common names, critical bits, public suffixes); none of them
# lets a chain be believed that no trusted authority signed. \"refused, limbo says otherwise\": authorities that serve, self-issued chains.
";

#[derive(Deserialize)]
struct Limbo {
    testcases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    validation_kind: String,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    validation_time: Option<Timestamp>,
    expected_result: String,
    expected_peer_name: Option<PeerName>,
    max_chain_depth: Option<u32>,
    crls: Vec<String>,
}

#[derive(Deserialize)]
struct PeerName {
    value: String,
}

fn cases() -> Vec<Case> {
    let shared = std::env::var_os("AIRLOCK_SHARED").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let file = shared.join("data/x509-limbo.json");
    let text = std::fs::read(&file).unwrap_or_else(|e| panic!("{} (set AIRLOCK_SHARED to the folder that holds data/x509-limbo.json): {e}", file.display()));
    serde_json::from_slice::<Limbo>(&text).unwrap().testcases
}

/// What is outside of what `verify_served` is asked: it knows servers, names, and no revocation lists.
fn skipped(case: &Case) -> Option<&'static str> {
    if case.validation_kind != "SERVER" {
        Some("clients are not verified")
    } else if !case.crls.is_empty() {
        Some("revocation lists are not read")
    } else if case.max_chain_depth.is_some() {
        Some("the depth is not a setting")
    } else if case.expected_peer_name.is_none() {
        Some("a server has a name")
    } else {
        None
    }
}

fn answer(case: &Case, name: &str) -> bool {
    let pem = [std::slice::from_ref(&case.peer_certificate), &case.untrusted_intermediates].concat().join("\n");
    // A certificate that cannot be read fails the case, whoever sent it.
    let (Ok(chain), Ok(authorities)) = (certificates_from_pem(pem.as_bytes()), Authorities::from_pem(&case.trusted_certs.join("\n"))) else { return false };
    verify_served(&chain, name, &authorities, case.validation_time.unwrap_or_else(Timestamp::now)).is_ok()
}

#[test]
fn every_case_is_answered_as_pinned() {
    let mut lines = BTreeMap::new();
    for case in cases() {
        let line = match (skipped(&case), &case.expected_peer_name) {
            (None, Some(name)) => {
                let accepted = answer(&case, &name.value);
                let agrees = accepted == (case.expected_result == "SUCCESS");
                format!("{}{}", if accepted { "accepted" } else { "refused" }, if agrees { "" } else { ", limbo says otherwise" })
            }
            (reason, _) => format!("skipped: {}", reason.unwrap_or("no name")),
        };
        lines.insert(case.id, line);
    }
    let mut found = String::new();
    for (id, line) in &lines {
        writeln!(found, "{id}  {line}").unwrap();
    }
    if std::env::var_os("AIRLOCK_PIN").is_some() {
        std::fs::write(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/limbo.txt"), format!("{HEADING}{found}")).unwrap();
        return;
    }
    let pinned: Vec<&str> = PINNED.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(pinned.len() > 190);
    let differences: Vec<_> = found.lines().filter(|line| !pinned.contains(line)).collect();
    assert!(differences.is_empty() && found.lines().count() == pinned.len(), "differs from tests/limbo.txt (AIRLOCK_PIN=1 writes it anew):\n{}", differences.join("\n"));
}
