//! POST-as-GET (RFC 8555 §6.3) for what the library does not fetch: the other chains of a certificate.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Method;
use serde_json::json;

use super::error::AcmeError;
use super::http::{Http, HttpError, first_words};

const NONCES: u32 = 60;
/// Bytes of a coordinate on P-256.
const COORDINATE: usize = 32;

/// Signs for an account.
pub(super) struct Signer {
    account: String,
    key: EcdsaKeyPair,
}

impl Signer {
    pub(super) fn new(account: &str, pkcs8: &[u8]) -> Result<Self, AcmeError> {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(|_| AcmeError::AccountUnreadable("its key is not one for ECDSA on P-256".to_owned()))?;
        Ok(Self { account: account.to_owned(), key })
    }

    /// Fetches what only the account may see. Nothing is changed by it, so it is asked for again with each new nonce.
    pub(super) async fn fetch(&self, http: &Http, new_nonce: &str, url: &str) -> Result<Bytes, AcmeError> {
        let mut nonce = None;
        for _ in 0..NONCES {
            let fresh = if let Some(nonce) = nonce.take() {
                nonce
            } else {
                let answer = http.send(Method::HEAD, new_nonce, Bytes::new()).await.map_err(HttpError::into_acme)?;
                answer.nonce().ok_or_else(|| AcmeError::Garbled(format!("{new_nonce} gives no nonce").into()))?
            };
            let answer = http.send(Method::POST, url, self.signed(&fresh, url)?).await.map_err(HttpError::into_acme)?;
            if answer.status().is_success() {
                return Ok(answer.body);
            }
            nonce = answer.nonce();
            if !String::from_utf8_lossy(&answer.body).contains("error:badNonce") {
                return Err(AcmeError::Answer { url: url.to_owned(), status: answer.status().to_string(), words: first_words(&answer.body), again_at: http.heard().again_at });
            }
        }
        Err(AcmeError::Garbled(format!("{url} refuses every nonce that the authority gives").into()))
    }

    /// Of the public key as JSON with its members in their order and no space (RFC 7638 §3).
    pub(super) fn thumbprint(&self) -> String {
        // An uncompressed point: a byte 4, then both coordinates (SEC 1 §2.3.3).
        let point = self.key.public_key().as_ref();
        let (x, y) = point[1..].split_at(COORDINATE);
        let [x, y] = [x, y].map(|coordinate| BASE64_URL_SAFE_NO_PAD.encode(coordinate));
        let key = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, key.as_bytes()))
    }

    fn signed(&self, nonce: &str, url: &str) -> Result<Bytes, AcmeError> {
        let protected = BASE64_URL_SAFE_NO_PAD.encode(json!({"alg": "ES256", "kid": self.account, "nonce": nonce, "url": url}).to_string());
        let signature = self.key.sign(&SystemRandom::new(), format!("{protected}.").as_bytes()).map_err(|_| AcmeError::AccountUnreadable("its key does not sign".to_owned()))?;
        Ok(json!({"protected": protected, "payload": "", "signature": BASE64_URL_SAFE_NO_PAD.encode(signature)}).to_string().into())
    }
}
