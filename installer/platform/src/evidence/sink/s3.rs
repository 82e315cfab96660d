//! An object a run, named by its number and written once (`If-None-Match: *`), so that versions, retention, and object lock of the bucket
//! protect it, and a run that was written anew is met by what is there already.

use std::time::Duration;

use airlock_model::{RunName, Secret, SinkAddress, Untrusted};
use airlock_probe::{Outlet, Reply};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::IF_NONE_MATCH;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};
use sha2::{Digest as _, Sha256};

use super::{SinkFault, refused};

/// How long a signature counts; the clocks of both sides may differ by minutes.
const SIGNED_FOR: Duration = Duration::from_mins(5);
/// What was sent, so that the server sees that it has just that; object lock asks for it.
const CHECKSUM: &str = "x-amz-checksum-sha256";
/// Digits of a number, as runs have it.
const DIGITS: usize = 6;
/// Characters of another object that are shown.
const SHOWN: usize = 200;

pub(super) struct Objects {
    bucket: Bucket,
    prefix: String,
    credentials: Credentials,
    secret: Secret<String>,
}

impl Objects {
    pub(super) fn new(address: &SinkAddress, secret: &Secret<String>) -> Result<Self, String> {
        let SinkAddress::S3 { endpoint, region, bucket, prefix, access_key_id } = address else { return Err("it is no bucket".to_owned()) };
        let secret = Secret::new(secret.expose().trim().to_owned());
        let bucket = Bucket::new(endpoint.clone(), UrlStyle::Path, bucket.clone(), region.clone()).map_err(|error| error.to_string())?;
        Ok(Self { bucket, prefix: prefix.clone(), credentials: Credentials::new(access_key_id, secret.expose()), secret })
    }

    pub(super) async fn put(&self, outlet: &Outlet, run: &RunName, line: String) -> Result<(), SinkFault> {
        let object = format!("{}{:0DIGITS$}", self.prefix, run.number());
        let checksum = STANDARD.encode(Sha256::digest(line.as_bytes()));
        let mut action = self.bucket.put_object(Some(&self.credentials), &object);
        action.headers_mut().insert("if-none-match", "*");
        action.headers_mut().insert(CHECKSUM, checksum.clone());
        let mut headers = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static("*"))]);
        headers.extend(HeaderValue::from_str(&checksum).ok().map(|value| (HeaderName::from_static(CHECKSUM), value)));
        let reply = outlet.ask(Method::PUT, &action.sign(SIGNED_FOR), headers, line.clone().into()).await?;
        match reply.status {
            status if status.is_success() => Ok(()),
            StatusCode::PRECONDITION_FAILED => self.compare(outlet, object, &line).await,
            _ => Err(self.refused(&reply)),
        }
    }

    /// What is there already is either what was sent before, or of another run.
    async fn compare(&self, outlet: &Outlet, object: String, line: &str) -> Result<(), SinkFault> {
        let url = self.bucket.get_object(Some(&self.credentials), &object).sign(SIGNED_FOR);
        let reply = outlet.ask(Method::GET, &url, HeaderMap::new(), bytes::Bytes::new()).await?;
        if !reply.status.is_success() {
            return Err(self.refused(&reply));
        }
        if reply.body == line.as_bytes() {
            return Ok(());
        }
        let holds = String::from_utf8_lossy(&reply.body).trim().chars().take(SHOWN).collect::<String>();
        Err(SinkFault::Differs { object, holds: Untrusted::new(holds) })
    }

    /// Of S3's answer its code and message.
    fn refused(&self, reply: &Reply) -> SinkFault {
        let text = String::from_utf8_lossy(&reply.body);
        let part = |name: &str| text.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once("</")).map(|(part, _)| part);
        let words = [part("Code"), part("Message")].into_iter().flatten().collect::<Vec<_>>().join(": ");
        refused(reply, &words, &self.secret)
    }
}
