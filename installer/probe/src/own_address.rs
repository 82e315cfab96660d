//! The address that others see: a server outside is asked which one it was.

use std::net::IpAddr;

use airlock_model::{AttemptResult, Untrusted};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::request::{Question, answered, beginning};

/// An answer that is longer is no address.
const LIMIT: usize = 256;

/// [`AttemptResult::SeenFrom`] where the answer is an address and nothing else, with space around it; the head of any other answer that is none of success.
pub(crate) async fn ask(question: &Question, stream: impl AsyncRead + AsyncWrite + Unpin) -> AttemptResult {
    let read = async |response: http::Response<hyper::body::Incoming>| {
        let head = answered(&response);
        if !response.status().is_success() {
            return Ok(head);
        }
        Ok(seen(&beginning(response.into_body(), LIMIT).await?))
    };
    question.exchange(stream, read).await.unwrap_or_else(|failure| failure)
}

fn seen(body: &[u8]) -> AttemptResult {
    let text = String::from_utf8_lossy(body);
    let no_address = || AttemptResult::NotCarriedOut(Untrusted::new(format!("what was answered is no address: {}", text.trim())));
    text.trim().parse::<IpAddr>().map_or_else(|_| no_address(), AttemptResult::SeenFrom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_alone_is_one() {
        for (body, address) in [("192.0.2.7\n", "192.0.2.7"), (" 2001:db8::1\r\n", "2001:db8::1")] {
            assert_eq!(seen(body.as_bytes()), AttemptResult::SeenFrom(address.parse().unwrap()));
        }
        for body in ["", "you are 192.0.2.7", "<html>192.0.2.7</html>", "192.0.2.7, 192.0.2.8"] {
            assert!(matches!(seen(body.as_bytes()), AttemptResult::NotCarriedOut(_)), "{body}");
        }
    }
}
