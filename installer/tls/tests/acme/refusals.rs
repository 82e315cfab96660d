//! What must not lead to a certificate, each beside what must.

use airlock_tls::acme::{Caa, ChallengeKind, Doing, OrderRequest, Proof, Rfc2136, Solver, TxtRecord};
use serde_json::json;

use crate::authority::{Pebble, hosts, order, refused};
use crate::dns_server::DnsServer;

/// Sets what a test wants, whatever is to be proved, and looks at nothing.
struct Instead<'a> {
    solver: &'a Rfc2136,
    value: Option<&'static str>,
}

impl Instead<'_> {
    fn proofs(&self, proofs: &[Proof]) -> Vec<Proof> {
        let other = |proof: &Proof| match (proof, self.value) {
            (Proof::Record(record), Some(value)) => Some(Proof::Record(TxtRecord { value: value.to_owned(), ..record.clone() })),
            _ => None,
        };
        proofs.iter().filter_map(other).collect()
    }
}

impl Solver for Instead<'_> {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::Dns01
    }

    fn present<'a>(&'a self, proofs: &'a [Proof]) -> Doing<'a> {
        Box::pin(async move { self.solver.present(&self.proofs(proofs)).await })
    }

    fn seen<'a>(&'a self, _: &'a [Proof]) -> Doing<'a> {
        Box::pin(async { Ok(()) })
    }

    fn clean_up<'a>(&'a self, proofs: &'a [Proof]) -> Doing<'a> {
        Box::pin(async move { self.solver.clean_up(&self.proofs(proofs)).await })
    }
}

#[tokio::test]
async fn a_wrong_or_absent_record_is_quoted_as_the_authority_saw_it() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let (account, solver) = (pebble.account().await, dns.solver());
    for (value, part) in [(Some("wrong"), "Correct value not found"), (None, "No TXT records found")] {
        let (code, words) = refused(account.issue(&order(&["platform.test"]), &Instead { solver: &solver, value }, None).await);
        assert_eq!(code, "tls.acme-not-validated");
        assert!(words.contains("could not verify `platform.test`") && words.contains(part) && words.contains("(unauthorized)"), "{words}");
        assert!(dns.texts("_acme-challenge.platform.test").await.is_empty(), "cleaned up after the failure");
    }
    account.issue(&order(&["platform.test"]), &solver, None).await.unwrap();
}

#[tokio::test]
async fn item_68_servfail() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let (account, solver) = (pebble.account().await, dns.solver());
    let (code, words) = refused(account.issue(&order(&["broken.test"]), &Instead { solver: &solver, value: None }, None).await);
    assert_eq!(code, "tls.acme-not-validated");
    assert!(words.contains("`broken.test`") && words.contains("a zone that fails to load (SERVFAIL)"), "{words}");
    // Our own look finds it before the authority is asked to.
    let (code, words) = refused(account.issue(&order(&["broken.test"]), &solver, None).await);
    assert_eq!(code, "tls.acme-dns");
    assert!(words.contains("SERVFAIL: the zone does not load there"), "{words}");
    account.issue(&order(&["platform.test"]), &solver, None).await.unwrap();
}

#[tokio::test]
async fn item_71_a_name_that_is_not_certified() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({"domainBlocklist": ["blocked.platform.test"]})).await;
    let account = pebble.account().await;
    // pebble 2.10 falls over names with fewer labels than a blocked one.
    let (code, words) = refused(account.issue(&order(&["airflow.platform.test", "blocked.platform.test"]), &dns.solver(), None).await);
    assert_eq!(code, "tls.acme-name-rejected");
    assert!(words.contains("blocked.platform.test"), "{words}");
    account.issue(&order(&["airflow.platform.test"]), &dns.solver(), None).await.unwrap();
}

#[tokio::test]
async fn item_69_caa() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let account = pebble.account().await;
    let (code, words) = refused(account.issue(&order(&["deep.below.forbidden.test"]), &dns.solver(), Some(&dns.dns())).await);
    assert_eq!(code, "tls.acme-caa");
    assert_eq!(words, "CAA forbids this authority to issue for `deep.below.forbidden.test`: at forbidden.test we see CAA 0 issue \"other.example\"; this authority goes by `pebble.letsencrypt.org`");
    let (code, words) = refused(account.issue(&order(&["wild.forbidden.test", "*.wild.forbidden.test"]), &dns.solver(), Some(&dns.dns())).await);
    assert_eq!(code, "tls.acme-caa");
    assert!(words.contains("`*.wild.forbidden.test`: at wild.forbidden.test we see CAA 0 issuewild \";\""), "{words}");
    assert!(!pebble.log().contains("order-plz"), "nothing was ordered");

    let issuance = account.issue(&order(&["a.allowed.test", "wild.forbidden.test", "platform.test"]), &dns.solver(), Some(&dns.dns())).await.unwrap();
    let said: Vec<&Caa> = issuance.caa.iter().map(|(_, caa)| caa).collect();
    assert!(matches!(said.as_slice(), [Caa::Allows { at, .. }, Caa::Allows { .. }, Caa::Open] if at == "allowed.test"), "{said:?}");
    let unseen = account.caa(&order(&["broken.test"]), &dns.dns()).await.unwrap();
    assert!(matches!(&unseen[0].1, Caa::Unverified { why } if why.raw().contains("SERVFAIL")), "{unseen:?}");
}

#[tokio::test]
async fn item_66_a_wildcard_over_http_is_refused_before_anybody_is_asked() {
    // Nothing runs here that could be asked.
    let (code, words) = refused(OrderRequest::new(hosts(&["platform.test", "*.platform.test"]), ChallengeKind::Http01));
    assert_eq!(code, "tls.acme-wildcard-over-http");
    assert!(words.contains("`*.platform.test` is a wildcard"), "{words}");
    assert!(OrderRequest::new(hosts(&["platform.test", "*.platform.test"]), ChallengeKind::Dns01).is_ok());
    assert!(OrderRequest::new(hosts(&["platform.test"]), ChallengeKind::Http01).is_ok());
    assert_eq!(refused(OrderRequest::new(Vec::new(), ChallengeKind::Dns01)).0, "tls.name-invalid");
    // What got past it all the same is refused by what the authority offers.
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let (code, words) = refused(pebble.account().await.issue(&OrderRequest::new(hosts(&["platform.test"]), ChallengeKind::Http01).unwrap(), &dns.solver(), None).await);
    assert_eq!(code, "tls.acme-settings");
    assert!(words.contains("http-01, the provider does dns-01"), "{words}");
    assert!(!pebble.log().contains("order-plz"), "nothing was ordered");
}
