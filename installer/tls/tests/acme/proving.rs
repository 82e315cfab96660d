//! Proofs in the DNS: keys, zones, aliases, and servers that lag behind; and a program that sets them.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use airlock_model::Secret;
use airlock_tls::acme::{Hook, Proof, Rfc2136, Solver, TsigHash, TxtRecord, find_program};
use serde_json::json;
use tempfile::TempDir;

use crate::authority::{Pebble, order, refused};
use crate::dns_server::{DnsServer, KEY, key_of, secret_of};

fn proof(name: &str, value: &str) -> [Proof; 1] {
    [Proof::Record(record(name, value))]
}

fn record(name: &str, value: &str) -> TxtRecord {
    TxtRecord { name: name.to_owned(), value: value.to_owned() }
}

#[tokio::test]
async fn each_hash_signs_updates_and_a_wrong_key_is_told_from_a_wrong_secret() {
    let dns = DnsServer::start().await;
    for (index, hash) in [TsigHash::Sha256, TsigHash::Sha384, TsigHash::Sha512].into_iter().enumerate() {
        let solver = dns.solver_by(hash, &secret_of(hash), key_of(hash));
        let proofs = proof(&format!("_acme-challenge.h{index}.platform.test"), "value");
        solver.present(&proofs).await.unwrap();
        solver.seen(&proofs).await.unwrap();
        solver.clean_up(&proofs).await.unwrap();
        assert!(dns.texts(&format!("_acme-challenge.h{index}.platform.test")).await.is_empty());
    }
    let at = |hash, secret: &str, key: &str, name: &str| {
        let (solver, proofs) = (dns.solver_by(hash, secret, key), proof(name, "value"));
        async move { refused(solver.present(&proofs).await) }
    };
    let secret = secret_of(TsigHash::Sha256);
    let rows = [
        (at(TsigHash::Sha256, &secret, "stranger", "_acme-challenge.platform.test").await, "zone platform.test: BADKEY"),
        (at(TsigHash::Sha256, "c29tZXRoaW5nIGVsc2U=", KEY, "_acme-challenge.platform.test").await, "zone platform.test: BADSIG"),
        (at(TsigHash::Sha512, &secret, KEY, "_acme-challenge.platform.test").await, "zone platform.test: BADKEY"),
    ];
    for ((code, words), part) in rows {
        assert_eq!(code, "tls.acme-update-refused", "{words}");
        assert!(words.contains(part), "{words}");
        assert!(!words.contains(&secret), "{words}");
    }
    let (code, words) = at(TsigHash::Sha256, &secret, KEY, "_acme-challenge.broken.test").await;
    assert_eq!(code, "tls.acme-dns");
    assert!(words.contains("SERVFAIL"), "{words}");
    let nowhere = Rfc2136::new("127.0.0.1:1", KEY, TsigHash::Sha256, &Secret::new(secret.clone()), dns.dns(), Duration::ZERO).unwrap();
    let (code, words) = refused(nowhere.present(&proof("_acme-challenge.platform.test", "value")).await);
    assert_eq!(code, "tls.acme-dns");
    assert!(words.contains("127.0.0.1:1 cannot be reached over TCP"), "{words}");
    let refused_key = Rfc2136::new("127.0.0.1:53", KEY, TsigHash::Sha256, &Secret::new("not base64!".to_owned()), dns.dns(), Duration::ZERO);
    assert_eq!(refused(refused_key), ("tls.acme-settings", "the TSIG key cannot be used: `airlock`: its secret is not base64".to_owned()));
}

#[tokio::test]
async fn item_67_what_is_missing_where() {
    let dns = DnsServer::with_a_second().await;
    // The second server of the zone never hears of the update.
    let proofs = proof("_acme-challenge.two.test", "fresh");
    let solver = dns.solver();
    solver.present(&proofs).await.unwrap();
    let (code, words) = refused(solver.seen(&proofs).await);
    assert_eq!(code, "tls.acme-not-seen");
    assert!(words.contains("we see no TXT _acme-challenge.two.test at ns2.two.test, expected `fresh`"), "{words}");
    assert!(!words.contains("at ns.two.test"), "{words}");
    // Another value, or one of two values alone.
    solver.present(&proof("_acme-challenge.platform.test", "stale")).await.unwrap();
    let sightings = dns.dns().sightings(&[record("_acme-challenge.platform.test", "fresh"), record("_acme-challenge.platform.test", "stale")]).await.unwrap();
    assert_eq!(sightings.len(), 1);
    assert_eq!(sightings[0].to_string(), "we see `stale` for TXT _acme-challenge.platform.test at ns.platform.test, expected `fresh`");
    solver.present(&proof("_acme-challenge.platform.test", "fresh")).await.unwrap();
    let sightings = dns.dns().sightings(&[record("_acme-challenge.platform.test", "fresh"), record("_acme-challenge.platform.test", "stale")]).await.unwrap();
    assert!(sightings[0].is_complete(), "{sightings:?}");
    // Where authoritative servers are out of reach, the resolvers are asked instead, and nobody else.
    let unreachable = dns.dns().with_authority_port(1);
    let sightings = unreachable.sightings(&[record("_acme-challenge.platform.test", "fresh")]).await.unwrap();
    assert!(sightings[0].to_string().contains("ns.platform.test says nothing of TXT _acme-challenge.platform.test: 127.0.0.1:1 does not answer"), "{}", sightings[0]);
    let sightings = unreachable.with_resolvers_only().sightings(&[record("_acme-challenge.platform.test", "fresh")]).await.unwrap();
    assert!(sightings[0].is_complete() && sightings[0].server.raw() == dns.address.to_string(), "{sightings:?}");
    // A server that does not answer is not one that shows it.
    let (code, words) = refused(dns.dns().sightings(&[record("_acme-challenge.broken.test", "x")]).await);
    assert_eq!(code, "tls.acme-dns");
    assert!(words.contains("SERVFAIL"), "{words}");
}

#[tokio::test]
async fn an_alias_leads_the_proof_to_another_name() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let account = pebble.account().await;
    let open = account.begin(&order(&["alias.platform.test"])).await.unwrap();
    let solver = dns.solver();
    solver.present(&open.proofs).await.unwrap();
    assert_eq!(dns.texts("proofs.platform.test").await.len(), 1);
    solver.seen(&open.proofs).await.unwrap();
    account.finish(&open, &order(&["alias.platform.test"])).await.unwrap();
    solver.clean_up(&open.proofs).await.unwrap();
    assert!(dns.texts("proofs.platform.test").await.is_empty());
}

#[tokio::test]
async fn an_alias_that_a_wildcard_lends_leads_nowhere() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let account = pebble.account().await;
    // Before the record is there, every name of the zone seems to be the edge's.
    let sightings = dns.dns().sightings(&[record("_acme-challenge.wild.test", "x")]).await.unwrap();
    assert_eq!((sightings[0].name.as_str(), sightings[0].server.raw()), ("_acme-challenge.wild.test", "ns.wild.test"));
    account.issue(&order(&["wild.test", "*.wild.test"]), &dns.solver(), None).await.unwrap();
}

/// A program that works on the DNS by `knotc`-like means is not at hand: this one writes what it is given, and can fail.
fn program(folder: &TempDir, body: &str) -> Hook {
    let program: PathBuf = folder.path().join("dns");
    std::fs::write(&program, format!("#!/bin/sh\ncd {}\n{body}\n", folder.path().display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    Hook { program, run_limit: Duration::from_secs(2), limit: Duration::from_secs(10), withheld: BTreeSet::new() }
}

#[tokio::test]
async fn a_program_is_given_all_records_and_asked_until_they_are_there() {
    let folder = TempDir::new().unwrap();
    let hook = program(&folder, "cat >$1.json; [ $1 != ready ] || [ -e asked ] || { touch asked; exit 75; }");
    let proofs = [proof("_acme-challenge.platform.test", "one"), proof("_acme-challenge.platform.test", "two")].concat();
    hook.present(&proofs).await.unwrap();
    hook.seen(&proofs).await.unwrap();
    hook.clean_up(&proofs).await.unwrap();
    for step in ["present", "ready", "cleanup"] {
        let given = std::fs::read_to_string(folder.path().join(format!("{step}.json"))).unwrap();
        assert_eq!(given, "{\"records\":[{\"name\":\"_acme-challenge.platform.test\",\"value\":\"one\"},{\"name\":\"_acme-challenge.platform.test\",\"value\":\"two\"}]}\n");
    }
    assert!(folder.path().join("asked").exists(), "\"not yet\" was heard");
}

#[tokio::test]
async fn a_program_that_fails_is_quoted() {
    let proofs = proof("_acme-challenge.platform.test", "value");
    let cases = [
        ("echo 'no such zone' >&2; exit 3", "dns present` ended with 3: no such zone"),
        ("exit 75", "dns present` ended with 75: (nothing)"),
        ("kill -9 $$", "dns present` was killed"),
        ("exec sleep 60", "dns present` was ended after 2 s"),
    ];
    for (body, part) in cases {
        let folder = TempDir::new().unwrap();
        let (code, words) = refused(program(&folder, body).present(&proofs).await);
        assert_eq!(code, "tls.acme-hook");
        assert!(words.contains(part), "{words}");
    }
    let folder = TempDir::new().unwrap();
    let late = Hook { limit: Duration::ZERO, ..program(&folder, "echo 'ns2 still lags' >&2; exit 75") };
    let (_, words) = refused(late.seen(&proofs).await);
    assert!(words.contains("dns ready` still says \"not yet\" after 0 s: ns2 still lags"), "{words}");
    let missing = Hook { program: "/nonexistent/dns".into(), run_limit: Duration::from_secs(2), limit: Duration::ZERO, withheld: BTreeSet::new() };
    let (code, words) = refused(missing.present(&proofs).await);
    assert_eq!(code, "tls.acme-hook");
    assert!(words.contains("`/nonexistent/dns present` cannot be run (No such file"), "{words}");
}

#[test]
fn a_program_is_found_by_its_path_or_its_name_and_missed_by_its_name() {
    let folder = TempDir::new().unwrap();
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "").unwrap();
    let executable = program(&folder, "true").program;
    assert_eq!(find_program(&executable.display().to_string()).unwrap(), executable);
    assert!(find_program("sh").unwrap().is_absolute());
    for (named, part) in [
        (plain.display().to_string(), "is not executable"),
        (folder.path().display().to_string(), "is no file"),
        (folder.path().join("gone").display().to_string(), "cannot be found (No such file"),
        ("airlock-no-such-program".to_owned(), "is not on the search path (PATH)"),
    ] {
        let (code, words) = refused(find_program(&named));
        assert_eq!(code, "tls.acme-no-program");
        assert!(words.contains(&named) && words.contains(part), "{words}");
    }
}

#[tokio::test]
async fn a_program_inherits_the_environment_without_what_is_withheld() {
    let folder = TempDir::new().unwrap();
    let proofs = proof("_acme-challenge.platform.test", "value");
    // Cargo sets both for every test.
    let body = "cat >/dev/null; echo \"${CARGO_MANIFEST_DIR-none} ${CARGO_PKG_NAME-none}\" >seen";
    let seen = || std::fs::read_to_string(folder.path().join("seen")).unwrap();
    program(&folder, body).present(&proofs).await.unwrap();
    let (folder_of_crate, name) = (env!("CARGO_MANIFEST_DIR"), std::env::var("CARGO_PKG_NAME").unwrap_or_else(|_| "none".to_owned()));
    assert_eq!(seen(), format!("{folder_of_crate} {name}\n"));
    let hook = Hook { withheld: BTreeSet::from(["CARGO_MANIFEST_DIR".to_owned()]), ..program(&folder, body) };
    hook.present(&proofs).await.unwrap();
    assert_eq!(seen(), format!("none {name}\n"));
}

#[tokio::test]
async fn a_certificate_by_a_program() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let folder = TempDir::new().unwrap();
    // It records; a relay in the test sets what it was given, as a company's own service would.
    let hook = program(&folder, "case $1 in present) cat >wanted.json; mv wanted.json given.json;; ready) cat >/dev/null; [ -e set ] || exit 75;; cleanup) cat >cleanup.json;; esac");
    let given = folder.path().join("given.json");
    let relay = async {
        crate::dns_server::until(|| async { given.exists() }).await;
        let line: serde_json::Value = serde_json::from_slice(&std::fs::read(&given).unwrap()).unwrap();
        let records: Vec<TxtRecord> = serde_json::from_value(line["records"].clone()).unwrap();
        dns.solver().present(&records.into_iter().map(Proof::Record).collect::<Vec<_>>()).await.unwrap();
        std::fs::write(folder.path().join("set"), "").unwrap();
    };
    let account = pebble.account().await;
    let request = order(&["platform.test", "*.platform.test"]);
    let (issuance, ()) = tokio::join!(account.issue(&request, &hook, None), relay);
    crate::issuance::sound(&pebble, &issuance.unwrap(), 0).await;
    assert!(folder.path().join("cleanup.json").exists());
}
