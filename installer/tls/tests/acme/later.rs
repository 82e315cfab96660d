//! What is done later: by hand in between, in another run, and when it is time to renew.

use airlock_model::Secret;
use airlock_tls::acme::{OpenOrder, Proof, Solver as _, Suggestion};
use jiff::Timestamp;
use serde_json::json;

use crate::authority::{Pebble, order};
use crate::dns_server::DnsServer;

#[tokio::test]
async fn records_set_by_people_are_waited_for_and_a_later_run_goes_on() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let request = order(&["platform.test", "*.platform.test"]);
    let (kept, stored) = {
        let account = pebble.account().await;
        let open = account.begin(&request).await.unwrap();
        (serde_json::to_string(&open).unwrap(), account.stored().expose().clone())
    };
    // Another run: nothing is in memory.
    let open: OpenOrder = serde_json::from_str(&kept).unwrap();
    let records: Vec<_> = open.proofs.iter().map(|proof| if let Proof::Record(record) = proof { record.clone() } else { panic!("{proof:?}") }).collect();
    assert_eq!(records.iter().map(|record| record.name.as_str()).collect::<Vec<_>>(), ["_acme-challenge.platform.test"; 2]);
    assert_ne!(records[0].value, records[1].value);
    let missing = |sightings: &[airlock_tls::acme::Sighting]| sightings.iter().map(|sighting| sighting.missing.len()).sum::<usize>();
    assert_eq!(missing(&dns.dns().sightings(&records).await.unwrap()), 2);
    dns.solver().present(&open.proofs[..1]).await.unwrap();
    assert_eq!(missing(&dns.dns().sightings(&records).await.unwrap()), 1);
    dns.solver().present(&open.proofs).await.unwrap();
    assert_eq!(missing(&dns.dns().sightings(&records).await.unwrap()), 0);
    let account = pebble.authority().await.account(&Secret::new(stored)).await.unwrap();
    crate::issuance::sound(&pebble, &account.finish(&open, &request).await.unwrap(), 0).await;
}

#[tokio::test]
async fn the_authority_says_when_and_hears_what_is_replaced() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[("PEBBLE_AUTHZREUSE", "100")], json!({})).await;
    let account = pebble.account().await;
    let mut request = order(&["platform.test"]);
    let first = account.issue(&request, &dns.solver(), None).await.unwrap().issued;
    let suggestion = pebble.authority().await.suggestion(&first.chain_pem).await;
    let Suggestion::Window(window) = &suggestion else { panic!("{suggestion:?}") };
    let facts = airlock_tls::certificate_facts(first.chain_pem.as_bytes(), first.key_pem.expose().as_bytes()).unwrap();
    assert!(window.start > Timestamp::now() && window.start < window.end && window.end < facts.not_after, "{suggestion:?}");
    assert_eq!(window.certificate, facts.fingerprint);
    assert!(window.ask_again.is_some_and(|at| at > Timestamp::now()));
    // Replaced once, and once more, which the authority refuses: a hint never stands in the way.
    request.replaces = Some(first.chain_pem.clone());
    for _ in 0..2 {
        account.issue(&request, &dns.solver(), None).await.unwrap();
    }
    assert!(pebble.log().matches("POST /order-plz").count() >= 4, "one with the hint and one without it");
}

#[tokio::test]
async fn item_77_no_suggestion_is_no_fault() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let why = |suggestion: Suggestion| if let Suggestion::None { why } = suggestion { why.raw().to_owned() } else { panic!("{suggestion:?}") };
    // A certificate of somebody else, one without an issuer's key, and none at all.
    let stranger = pebble.front.issue(&["localhost".to_owned()], std::time::Duration::from_hours(1), Timestamp::now()).unwrap();
    let authority = pebble.authority().await;
    assert!(why(authority.suggestion(&stranger.chain_pem).await).contains("the authority answers 40"));
    assert!(why(authority.suggestion(pebble.front.certificate_pem()).await).contains("Authority Key Identifier"));
    assert!(why(authority.suggestion("none").await).contains("no certificate"));
}
