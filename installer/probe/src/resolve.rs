//! Names, as the system of this machine or pod resolves them: hosts file, search domains, and all.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use airlock_model::AttemptResult;
use tokio::net::lookup_host;
use tokio::time::timeout;

/// Two servers that are silent for the resolver's usual five seconds each.
const TIMEOUT: Duration = Duration::from_secs(12);

/// What `getaddrinfo` says when a name does not exist or has no address: glibc, then musl. Rust passes on the text alone.
const NO_SUCH_NAME: [&str; 4] = ["Name or service not known", "No address associated with hostname", "Name does not resolve", "Name has no usable address"];

/// Resolves a name to sorted addresses.
pub(crate) async fn resolve(name: &str) -> AttemptResult {
    match addresses(name, 0).await {
        Ok(found) => {
            let mut found: Vec<String> = found.into_iter().map(|address| address.ip().to_string()).collect();
            found.sort();
            found.dedup();
            AttemptResult::Resolved(found)
        }
        Err(result) => result,
    }
}

/// The addresses of a host with a port, at least one.
pub(crate) async fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, AttemptResult> {
    match timeout(TIMEOUT, lookup_host((host, port))).await {
        Err(_) => Err(AttemptResult::TimedOut),
        Ok(Err(error)) => Err(failure(host, &error)),
        Ok(Ok(found)) => {
            // One that is listed twice is asked once.
            let mut seen = BTreeSet::new();
            let found: Vec<SocketAddr> = found.filter(|address| seen.insert(*address)).collect();
            if found.is_empty() { Err(AttemptResult::NoSuchName) } else { Ok(found) }
        }
    }
}

/// Only a clear "no" is one; a resolver that fails says nothing about the name.
fn failure(host: &str, error: &io::Error) -> AttemptResult {
    let text = error.to_string();
    if NO_SUCH_NAME.iter().any(|no| text.contains(no)) {
        return AttemptResult::NoSuchName;
    }
    AttemptResult::NotCarriedOut(format!("the name {host} could not be looked up: {text}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str) -> AttemptResult {
        failure("a.example.com", &io::Error::other(format!("failed to lookup address information: {text}")))
    }

    #[test]
    fn a_failing_resolver_is_not_a_missing_name() {
        assert_eq!(after("Name or service not known"), AttemptResult::NoSuchName);
        assert_eq!(after("Name does not resolve"), AttemptResult::NoSuchName);
        assert!(matches!(after("Temporary failure in name resolution"), AttemptResult::NotCarriedOut(_)));
        assert!(matches!(after("Try again"), AttemptResult::NotCarriedOut(_)));
    }

    #[tokio::test]
    async fn this_machine_knows_itself() {
        let AttemptResult::Resolved(found) = resolve("localhost").await else { panic!("localhost did not resolve") };
        assert!(found.iter().all(|address| address == "127.0.0.1" || address == "::1"), "{found:?}");
    }
}
