//! A close look at one TLS server: the chain that it sends, and what it does when something outdated is offered.

use airlock_model::{AttemptResult, TlsVersion};
use airlock_tls::{Offered, Seen};
use rustls_pki_types::CertificateDer;

use crate::dial::{Ends, dial};
use crate::handshake::{Believed, handshake};
use crate::{old_tls, weak_suites};

/// What was seen.
pub struct Looked {
    /// The certificates as they were sent, the server's own first; or why there are none. The server proved that it holds the key.
    pub chain: Result<Vec<CertificateDer<'static>>, AttemptResult>,
    /// What it did when TLS 1.0, TLS 1.1, and weak suites were offered; nothing where it could not be reached at all.
    pub offered: Vec<(Offered, Seen)>,
}

/// Looks at a server by this name; nothing is sent to it but hellos.
pub async fn look(host: &str, port: u16, server_name: &str) -> Looked {
    let stream = match dial(host, port, &mut Ends::default()).await {
        Ok(stream) => stream,
        Err(result) => return Looked { chain: Err(result), offered: Vec::new() },
    };
    let chain = handshake(stream, server_name, TlsVersion::Tls13, Believed::nobody()).await.map(|secured| secured.chain);
    let offered = vec![
        (Offered::Tls10, old(host, port, server_name, TlsVersion::Tls10).await),
        (Offered::Tls11, old(host, port, server_name, TlsVersion::Tls11).await),
        (Offered::WeakSuites, weak(host, port, server_name).await),
    ];
    Looked { chain, offered }
}

async fn old(host: &str, port: u16, server_name: &str, version: TlsVersion) -> Seen {
    let result = match dial(host, port, &mut Ends::default()).await {
        Ok(stream) => old_tls::handshake(stream, server_name, version).await,
        Err(result) => result,
    };
    match result {
        AttemptResult::TlsRefused { .. } => Seen::Refused,
        AttemptResult::Handshaken(_) | AttemptResult::Untrusted { .. } => Seen::Agreed(if version == TlsVersion::Tls11 { "TLS 1.1" } else { "TLS 1.0" }.to_owned()),
        AttemptResult::NotCarriedOut(reason) | AttemptResult::Unreachable(reason) => Seen::Unknown(reason.raw().to_owned()),
        _ => Seen::Unknown("nothing came back in time".to_owned()),
    }
}

async fn weak(host: &str, port: u16, server_name: &str) -> Seen {
    match dial(host, port, &mut Ends::default()).await {
        Ok(stream) => weak_suites::offer(stream, server_name).await,
        Err(_) => Seen::Unknown("the connection could not be opened again".to_owned()),
    }
}
