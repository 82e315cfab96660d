//! The request for a certificate, ready to be handed to whoever issues it, with all that they have to know on one page.

use airlock_model::{Ticket, Untrusted};

use super::Found;

pub(super) fn write(namespace: &str, names: &[String], request: &str, found: &Found) -> Ticket {
    let base = names.first().map_or("the base domain", String::as_str);
    Ticket {
        gate: "certificate".to_owned(),
        what: format!("issue the certificate of {base} by the request below"),
        who: "whoever runs your certificate authority".to_owned(),
        paste: page(namespace, names, request),
        checked_by: format!("airlock tls import FILE… --namespace {namespace}, with the files that come back; then run the same command again"),
        seen: found.judgement.as_ref().and_then(|judgement| judgement.error()).map_or_else(|| Untrusted::from("no certificate was handed in yet"), |finding| finding.why.clone()),
    }
}

fn page(namespace: &str, names: &[String], request: &str) -> String {
    format!(
        "Please issue a certificate for a TLS server by this request (PKCS#10).\n\n\
         Names:    {}\n          All of them, as subject alternative names; clients look at nothing else.\n\
         Use:      extended key usage serverAuth, key usage digitalSignature; not an authority (CA:FALSE).\n\
         Key:      the one of the request, P-256. It was made in the cluster and stays there; make no other.\n\
         Signed:   with SHA-256 or better.\n\
         Valid:    as long as your rules allow. Some clients refuse more than 825 days, from a public authority more than 398.\n\
         Give back the certificate and those of its issuers, up to the root: PEM, DER, or PKCS#7, in any order.\n\n\
         {}\n\n\
         What comes back is handed in by: airlock tls import FILE… --namespace {namespace}",
        names.join(", "),
        request.trim_end()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ticket_is_one_page_with_the_request() {
        let found = Found { source: String::new(), judgement: None, current: false, pair: None };
        let names = ["platform.example.com".to_owned(), "*.platform.example.com".to_owned()];
        let ticket = write("airlock", &names, "-----BEGIN CERTIFICATE REQUEST-----\nMII\n-----END CERTIFICATE REQUEST-----\n", &found);
        insta::assert_snapshot!(ticket.paste);
        assert_eq!((ticket.what.as_str(), ticket.seen.raw()), ("issue the certificate of platform.example.com by the request below", "no certificate was handed in yet"));
    }
}
