//! Certificates that are issued, whatever the authority's moods.

use std::time::{Duration, Instant};

use airlock_model::Verdict;
use airlock_tls::acme::{Issuance, Proof, Solver as _, TxtRecord};
use serde_json::json;

use crate::authority::{Pebble, order, refused};
use crate::dns_server::DnsServer;

const NAMES: [&str; 2] = ["platform.test", "*.platform.test"];

#[tokio::test]
async fn a_domain_and_its_wildcard_by_signed_updates() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let solver = dns.solver();
    let of_others = [Proof::Record(TxtRecord { name: "_acme-challenge.platform.test".to_owned(), value: "somebody else's".to_owned() })];
    solver.present(&of_others).await.unwrap();
    let account = pebble.account().await;

    let begun = Instant::now();
    let (request, looked_up_by) = (order(&NAMES), dns.dns());
    let issuance = on_any_thread(account.issue(&request, &solver, Some(&looked_up_by))).await.unwrap();
    println!("issuance from pebble: {:.2} s", begun.elapsed().as_secs_f64());

    sound(&pebble, &issuance, 0).await;
    assert!(issuance.left_behind.is_none() && issuance.preferred_missing.is_none());
    assert_eq!(dns.texts("_acme-challenge.platform.test").await, ["somebody else's"], "ours are taken away, and nothing else");
    let foreign = pebble.judged(&issuance.issued, &["other.test"], 0).await;
    assert_eq!(foreign.error().unwrap().code.0, "tls.name-not-covered", "what judges can also refuse");
}

#[tokio::test]
async fn item_73_bad_nonces_are_invisible() {
    let dns = DnsServer::start().await;
    for percent in ["20", "50"] {
        let pebble = Pebble::start(&dns, &[("PEBBLE_WFE_NONCEREJECT", percent), ("PEBBLE_ALTERNATE_ROOTS", "1")], json!({})).await;
        let account = pebble.account().await;
        let mut request = order(&NAMES);
        request.preferred_chain = Some("nobody".to_owned());
        for _ in 0..3 {
            let issuance = account.issue(&request, &dns.solver(), None).await.unwrap();
            assert_eq!(issuance.preferred_missing.as_ref().unwrap().len(), 2, "the other chain is fetched by signed requests too");
            sound(&pebble, &issuance, 0).await;
        }
        assert!(pebble.log().contains("badNonce") || pebble.log().contains("nonce"), "it did refuse nonces");
    }
}

#[tokio::test]
async fn what_was_verified_lately_is_not_proved_again() {
    let dns = DnsServer::start().await;
    for (percent, expected) in [("0", 2), ("100", 0)] {
        let pebble = Pebble::start(&dns, &[("PEBBLE_AUTHZREUSE", percent)], json!({})).await;
        let account = pebble.account().await;
        sound(&pebble, &account.issue(&order(&NAMES), &dns.solver(), None).await.unwrap(), 0).await;
        // Pebble's dice let one in a hundred through at 0 % as well, so the most of three orders counts.
        let mut most = 0;
        for _ in 0..3 {
            most = most.max(account.begin(&order(&NAMES)).await.unwrap().proofs.len());
        }
        assert_eq!(most, expected, "{percent} %");
        sound(&pebble, &account.issue(&order(&NAMES), &dns.solver(), None).await.unwrap(), 0).await;
    }
}

#[tokio::test]
async fn slow_verification_is_waited_for_and_not_for_ever() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[("PEBBLE_VA_NOSLEEP", "0"), ("PEBBLE_VA_SLEEPTIME", "4")], json!({})).await;
    let account = pebble.account().await;
    sound(&pebble, &account.issue(&order(&NAMES), &dns.solver(), None).await.unwrap(), 0).await;

    let pebble = Pebble::start(&dns, &[("PEBBLE_VA_NOSLEEP", "0"), ("PEBBLE_VA_SLEEPTIME", "1000")], json!({})).await;
    let mut request = order(&["platform.test"]);
    request.limit = Duration::from_secs(2);
    let (code, words) = refused(pebble.account().await.issue(&request, &dns.solver(), None).await);
    assert_eq!(code, "tls.acme-slow");
    assert!(words.contains("has not finished the order https://localhost"), "{words}");
    assert!(dns.texts("_acme-challenge.platform.test").await.is_empty(), "proofs are taken away after a failure too");
}

#[tokio::test]
async fn each_chain_that_is_offered_can_be_had_and_holds_under_its_own_root() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[("PEBBLE_ALTERNATE_ROOTS", "2"), ("PEBBLE_CHAIN_LENGTH", "2"), ("PEBBLE_AUTHZREUSE", "100")], json!({})).await;
    let account = pebble.account().await;
    let mut request = order(&NAMES);
    request.preferred_chain = Some("Airlock Root".to_owned());
    let issuance = account.issue(&request, &dns.solver(), None).await.unwrap();
    let offered = issuance.preferred_missing.clone().unwrap();
    assert_eq!(offered.len(), 3, "{offered:?}");
    sound(&pebble, &issuance, 0).await;

    for (root, issuer) in offered.iter().enumerate() {
        request.preferred_chain = Some(issuer.raw().to_owned());
        let issuance = account.issue(&request, &dns.solver(), None).await.unwrap();
        assert_eq!((&issuance.top_issuer, &issuance.preferred_missing), (issuer, &None));
        sound(&pebble, &issuance, root).await;
        let other = pebble.judged(&issuance.issued, &NAMES, (root + 1) % offered.len()).await;
        assert_eq!(other.verdict, Verdict::Fail, "and under no other");
    }
}

#[tokio::test]
async fn a_profile_is_used_if_the_authority_has_it() {
    let dns = DnsServer::start().await;
    let profiles = json!({"profiles": {"default": {"description": "90 days", "validityPeriod": 7_776_000}, "shortlived": {"description": "6 days", "validityPeriod": 518_400}}});
    let pebble = Pebble::start(&dns, &[], profiles).await;
    let account = pebble.account().await;
    for (profile, days) in [("shortlived", 6), ("default", 90)] {
        let mut request = order(&["platform.test"]);
        request.profile = Some(profile.to_owned());
        let issuance = account.issue(&request, &dns.solver(), None).await.unwrap();
        let facts = airlock_tls::certificate_facts(issuance.issued.chain_pem.as_bytes(), issuance.issued.key_pem.expose().as_bytes()).unwrap();
        assert_eq!((facts.not_after.duration_since(facts.not_before).as_secs() + 43_200) / 86_400, days);
    }
    let mut request = order(&["platform.test"]);
    request.profile = Some("classic".to_owned());
    let (code, words) = refused(account.begin(&request).await);
    assert_eq!(code, "tls.acme-profile");
    assert!(words.contains("no profile `classic`; it has `default`, `shortlived`"), "{words}");
}

/// The certificate holds under one of the authority's roots, for all names and with its key, by the rules that judge any other.
pub(crate) async fn sound(pebble: &Pebble, issuance: &Issuance, root: usize) {
    let judgement = pebble.judged(&issuance.issued, &NAMES, root).await;
    assert!(judgement.error().is_none(), "{judgement:?}");
    assert!(judgement.chain.len() >= 2, "{judgement:?}");
}

/// Runtimes with several threads take only what may move between them.
fn on_any_thread<T>(work: impl Future<Output = T> + Send) -> impl Future<Output = T> + Send {
    work
}
