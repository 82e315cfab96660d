//! Accounts and orders that are kept, refused, and gone.

use airlock_model::Secret;
use airlock_tls::acme::{AcmeAuthority, OpenOrder, Registration, Solver as _};
use serde_json::json;

use crate::authority::{Pebble, order, refused, registration};
use crate::dns_server::DnsServer;

const EXTERNAL_KEY: &str = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";

#[tokio::test]
async fn an_account_is_opened_once_and_used_again() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let first = pebble.account().await;
    let stored = Secret::new(first.stored().expose().clone());
    let again = pebble.authority().await.account(&stored).await.unwrap();
    assert_eq!(again.url(), first.url());
    assert_eq!(again.stored().expose(), stored.expose());
    again.issue(&order(&["platform.test"]), &dns.solver(), None).await.unwrap();
    assert_eq!(pebble.log().matches("POST /sign-me-up").count(), 1, "no second account");
}

#[tokio::test]
async fn item_64_terms_and_contact() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let (code, words) = refused(pebble.authority().await.register(&Registration { terms_agreed: false, ..registration(None) }).await);
    assert_eq!(code, "tls.acme-terms");
    assert!(words.contains("not agreed to; read data:text/plain"), "{words}");
    for contact in [vec![], vec!["platform@example.com".to_owned()], vec!["mailto:platform@example.com".to_owned()]] {
        pebble.authority().await.register(&Registration { contact, ..registration(None) }).await.unwrap();
    }
    let (code, words) = refused(pebble.authority().await.register(&Registration { contact: vec!["not an address".to_owned()], ..registration(None) }).await);
    assert_eq!(code, "tls.acme-refused");
    assert!(words.contains("(invalidContact)") || words.contains("(malformed)"), "{words}");
}

#[tokio::test]
async fn item_65_external_accounts() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({"externalAccountBindingRequired": true, "externalAccountMACKeys": {"kid-1": EXTERNAL_KEY}})).await;
    let by = |external: Option<(&'static str, &'static str)>| {
        let pebble = &pebble;
        async move { pebble.authority().await.register(&registration(external)).await }
    };
    let rows = [
        (by(None).await, "tls.acme-external-account-missing", "none was given"),
        (by(Some(("kid-2", EXTERNAL_KEY))).await, "tls.acme-external-account-refused", "`kid-2`"),
        (by(Some(("kid-1", "d3Jvbmcga2V5IHdyb25nIGtleSB3cm9uZyBrZXkgd3Jvbmcga2V5"))).await, "tls.acme-external-account-refused", "`kid-1`"),
        (by(Some(("kid-1", "not, base64"))).await, "tls.acme-external-account-key", "not base64url"),
        (by(Some(("kid-1", " "))).await, "tls.acme-external-account-key", "it is empty"),
    ];
    for (result, expected, part) in rows {
        let (code, words) = refused(result);
        assert_eq!(code, expected, "{words}");
        assert!(words.contains(part), "{words}");
    }
    // As authorities hand it out, padded, and broken over lines.
    for key in [EXTERNAL_KEY, "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajV\n Iogu ysqZ9wG44nMEtx3MUAsUDkMTQ12W=="] {
        by(Some(("kid-1", key))).await.unwrap();
    }
}

#[tokio::test]
async fn item_76_an_account_of_another_authority() {
    let dns = DnsServer::start().await;
    let (staging, production) = (Pebble::start(&dns, &[], json!({})).await, Pebble::start(&dns, &[], json!({})).await);
    let stored = Secret::new(staging.account().await.stored().expose().clone());
    let (code, words) = refused(production.authority().await.account(&stored).await);
    assert_eq!(code, "tls.acme-other-directory");
    assert!(words.contains(staging.url("dir").as_str()) && words.contains(production.url("dir").as_str()), "{words}");
    let request = order(&["platform.test"]);
    let open = staging.account().await.begin(&request).await.unwrap();
    assert_eq!(refused(production.account().await.finish(&open, &request).await).0, "tls.acme-other-directory");
    for damaged in ["", "{}", "{\"directory\":\"D\",\"id\":\"x\",\"key_pkcs8\":\"AAAA\"}"] {
        let text = damaged.replace("D\"", &format!("{}\"", production.url("dir")));
        let (code, words) = refused(production.authority().await.account(&Secret::new(text)).await);
        assert!(code == "tls.acme-account-unreadable" || code == "tls.acme-answer", "{code}: {words}");
        assert!(!words.contains("AAAA"), "{words}");
    }
}

#[tokio::test]
async fn item_75_orders_and_accounts_that_are_gone() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let (account, solver, request) = (pebble.account().await, dns.solver(), order(&["platform.test"]));
    // Its proofs were never set: the authority looks, and the order has failed.
    let failed = account.begin(&request).await.unwrap();
    assert_eq!(refused(account.finish(&failed, &request).await).0, "tls.acme-not-validated");
    let finished = account.begin(&request).await.unwrap();
    account.still_open(&finished).await.unwrap();
    assert!(finished.answers(&request, account.directory()));
    assert!(!finished.answers(&order(&["platform.test", "*.platform.test"]), account.directory()) && !finished.answers(&request, "https://other.test/dir"));
    solver.present(&finished.proofs).await.unwrap();
    account.finish(&finished, &request).await.unwrap();
    let kept = serde_json::to_string(&finished).unwrap();
    let unknown: OpenOrder = serde_json::from_str(&kept.replace("/my-order/", "/my-order/0")).unwrap();
    for (open, part) in [(&failed, "has failed or run out"), (&finished, "for a key that is not there any more"), (&unknown, "not known to the authority")] {
        let (code, words) = refused(account.finish(open, &request).await);
        assert_eq!(code, "tls.acme-order-gone", "{words}");
        assert_eq!(refused(account.still_open(open).await).0, code);
        assert!(words.contains(part) && words.contains("begin a new one"), "{words}");
    }
    // pebble forgets all accounts when it is started anew; this is the same with less ado.
    let mut stored: serde_json::Value = serde_json::from_str(account.stored().expose()).unwrap();
    stored["id"] = json!(format!("{}0", account.url().raw()));
    let gone = pebble.authority().await.account(&Secret::new(stored.to_string())).await.unwrap();
    let (code, words) = refused(gone.issue(&request, &solver, None).await);
    assert_eq!(code, "tls.acme-account-gone", "{words}");
    AcmeAuthority::connect(&pebble.server()).await.unwrap().register(&registration(None)).await.unwrap().issue(&request, &solver, None).await.unwrap();
}
