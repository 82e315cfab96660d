//! Blobs: asked for, read as a stream, and written as a stream that is hashed on the way.
//!
//! The last piece of an upload is held back until hash and length are known to be right: a registry never gets a whole
//! request with wrong bytes, so nothing wrong can be committed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use airlock_model::Digest;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use http::{Method, StatusCode, header};
use reqwest::{Body, Response};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;
use url::Url;

use crate::client::{Errand, text};
use crate::{RegistryClient, RegistryError};

/// How much longer than an upload may stand still its storing may take.
const TIMES_TO_STORE: u32 = 5;

/// Bytes from memory are handed on in pieces, so that it is seen when they stop moving.
const PIECE: usize = 256 * 1024;

/// Bytes of a blob as they come.
pub(crate) type BlobStream = BoxStream<'static, Result<Bytes, RegistryError>>;

/// Counts bytes that were handed to the network; a try that failed takes its share back.
#[derive(Clone, Default)]
pub(crate) struct Counter {
    all: Arc<AtomicU64>,
    own: Arc<AtomicU64>,
}

impl Counter {
    /// A counter for one try, which adds to this one as well.
    pub(crate) fn for_a_try(&self) -> Self {
        Self { all: Arc::clone(&self.all), own: Arc::default() }
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.all.fetch_add(bytes, Ordering::Relaxed);
        self.own.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn take_back(&self) {
        self.all.fetch_sub(self.own.swap(0, Ordering::Relaxed), Ordering::Relaxed);
    }

    fn own(&self) -> u64 {
        self.own.load(Ordering::Relaxed)
    }

    pub(crate) fn all(&self) -> u64 {
        self.all.load(Ordering::Relaxed)
    }
}

impl RegistryClient {
    /// Says whether a blob is there, with its size; a registry that does not know the question is taken as one that has none.
    pub async fn has_blob(&self, repository: &str, digest: &Digest) -> Result<Option<u64>, RegistryError> {
        let errand = Errand { repository, what: format!("blob {} of {repository}", digest.short()), writes: true };
        let response = self.ask(&Method::HEAD, self.blob_url(repository, digest)?, &[], None, &errand).await?;
        match response.status() {
            StatusCode::OK => Ok(Some(text(&response, header::CONTENT_LENGTH.as_str()).and_then(|text| text.parse().ok()).unwrap_or(0))),
            // Where HEAD is not known, nobody can say; what is sent in vain is known by its digest.
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => Ok(None),
            _ => Err(self.refusal(response, &errand).await),
        }
    }

    /// Reads a blob as a stream. Its bytes are not verified here; who consumes them hashes them.
    pub(crate) async fn blob_stream(&self, repository: &str, digest: &Digest) -> Result<BlobStream, RegistryError> {
        let errand = Errand { repository, what: format!("blob {} of {repository}", digest.short()), writes: false };
        let response = self.ask(&Method::GET, self.blob_url(repository, digest)?, &[], None, &errand).await?;
        if response.status() != StatusCode::OK {
            return Err(self.refusal(response, &errand).await);
        }
        let (host, what) = (self.host().to_owned(), errand.what);
        Ok(response.bytes_stream().map_err(move |e| RegistryError::of_transport(&host, &what, &e)).boxed())
    }

    /// Reads a small blob, such as an image's configuration, into memory and verifies it.
    pub async fn blob(&self, repository: &str, digest: &Digest, largest: usize) -> Result<Bytes, RegistryError> {
        let what = || format!("blob {} of {repository}", digest.short());
        let mut stream = self.blob_stream(repository, digest).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.try_next().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > largest {
                return Err(RegistryError::SizeMismatch { host: self.host().to_owned(), what: what(), expected: largest as u64, found: bytes.len() as u64 });
            }
        }
        let found = Digest::of(&bytes);
        if found != *digest {
            return Err(self.mismatch(what(), digest, &found));
        }
        Ok(bytes.into())
    }

    /// Stores a blob from memory.
    pub async fn put_blob(&self, repository: &str, bytes: Bytes) -> Result<Digest, RegistryError> {
        let digest = Digest::of(&bytes);
        if self.has_blob(repository, &digest).await?.is_none() {
            let size = bytes.len() as u64;
            let pieces = (0..bytes.len()).step_by(PIECE).map(move |at| Ok(bytes.slice(at..bytes.len().min(at + PIECE))));
            let pieces: Vec<Result<Bytes, RegistryError>> = pieces.collect();
            self.put_stream(repository, &digest, size, stream::iter(pieces).boxed(), self.host(), &Counter::default()).await?;
        }
        Ok(digest)
    }

    /// Stores a blob from a stream: one request opens the upload, one carries all of it.
    pub(crate) async fn put_stream(&self, repository: &str, digest: &Digest, size: u64, bytes: BlobStream, source: &str, counter: &Counter) -> Result<(), RegistryError> {
        let errand = Errand { repository, what: format!("the upload of blob {} to {repository}", digest.short()), writes: true };
        let location = self.open_upload(&errand).await?;
        let fault = Fault::default();
        let checked = checked(bytes, digest.clone(), size, source.to_owned(), fault.clone(), counter.clone());
        let request = self.stream(Method::PUT, with_digest(location, digest), &errand).await?;
        let request = request.header(header::CONTENT_LENGTH, size).header(header::CONTENT_TYPE, "application/octet-stream");
        let answer = self.watched(request.body(Body::wrap_stream(checked)).send(), size, counter, &errand).await;
        if let Some(reason) = fault.take() {
            return Err(reason);
        }
        let response = answer?;
        match response.status() {
            StatusCode::CREATED => Ok(()),
            StatusCode::UNAUTHORIZED => {
                // Tokens are taken back at times; the next try buys a new one.
                self.forget(&errand);
                Err(self.cut(errand.what, "it no longer takes the token that it took a moment before"))
            }
            // Restarted, or one of several that do not know of each other.
            StatusCode::NOT_FOUND => Err(self.cut(errand.what, "it has forgotten the upload that it opened a moment before")),
            _ => Err(self.refusal(response, &errand).await),
        }
    }

    /// Waits for the answer to an upload as long as bytes move. After the last byte the registry may take longer: it stores them now.
    async fn watched(&self, answer: impl Future<Output = Result<Response, reqwest::Error>>, size: u64, counter: &Counter, errand: &Errand<'_>) -> Result<Response, RegistryError> {
        tokio::pin!(answer);
        let mut moved = counter.own();
        loop {
            let patience = if moved < size { self.upload_patience() } else { self.upload_patience() * TIMES_TO_STORE };
            match timeout(patience, &mut answer).await {
                Ok(answer) => return answer.map_err(|e| RegistryError::of_transport(self.host(), &errand.what, &e)),
                Err(_) if counter.own() > moved => moved = counter.own(),
                Err(_) => {
                    let reason = format!("nothing moved for {} seconds, at {moved} of {size} bytes", patience.as_secs());
                    return Err(self.cut(errand.what.clone(), &reason));
                }
            }
        }
    }

    fn cut(&self, what: String, reason: &str) -> RegistryError {
        RegistryError::Cut { host: self.host().to_owned(), what, reason: reason.to_owned().into() }
    }

    async fn open_upload(&self, errand: &Errand<'_>) -> Result<Url, RegistryError> {
        let url = self.url(&format!("{}/blobs/uploads/", errand.repository))?;
        let response = self.ask(&Method::POST, url, &[], Some(&Bytes::new()), errand).await?;
        if response.status() != StatusCode::ACCEPTED {
            return Err(self.refusal(response, errand).await);
        }
        let odd = |reason: &str| RegistryError::NotARegistry { host: self.host().to_owned(), what: errand.what.clone(), reason: reason.to_owned().into() };
        let location = text(&response, header::LOCATION.as_str()).ok_or_else(|| odd("it opens an upload and does not say where"))?;
        let location = response.url().join(&location).map_err(|_| odd("it opens an upload at a place that is no URL"))?;
        if response.url().scheme() == "https" && location.scheme() != "https" {
            return Err(odd("it opens an upload at a place without TLS"));
        }
        Ok(location)
    }

    fn blob_url(&self, repository: &str, digest: &Digest) -> Result<Url, RegistryError> {
        self.url(&format!("{repository}/blobs/{digest}"))
    }
}

/// The location's own query holds the state of the upload and is kept.
fn with_digest(mut location: Url, digest: &Digest) -> Url {
    location.query_pairs_mut().append_pair("digest", digest.as_str());
    location
}

/// Why our own side ended an upload. The transport only reports that a body failed, not why.
#[derive(Clone, Default)]
struct Fault(Arc<Mutex<Option<RegistryError>>>);

impl Fault {
    fn put(&self, reason: RegistryError) -> std::io::Error {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
        std::io::Error::other("the source of the upload failed")
    }

    fn take(&self) -> Option<RegistryError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

struct Upload {
    source: BlobStream,
    from: String,
    hash: Sha256,
    digest: Digest,
    size: u64,
    seen: u64,
    held: Option<Bytes>,
    ended: bool,
    fault: Fault,
    counter: Counter,
}

/// Passes bytes on one piece late, and the last piece only if all of them are right.
fn checked(source: BlobStream, digest: Digest, size: u64, from: String, fault: Fault, counter: Counter) -> BoxStream<'static, Result<Bytes, std::io::Error>> {
    let upload = Upload { source, from, hash: Sha256::new(), digest, size, seen: 0, held: None, ended: false, fault, counter };
    stream::try_unfold(upload, |mut upload| async move { upload.next().await.map(|piece| piece.map(|bytes| (bytes, upload))) }).boxed()
}

impl Upload {
    async fn next(&mut self) -> Result<Option<Bytes>, std::io::Error> {
        while !self.ended {
            let Some(bytes) = self.source.try_next().await.map_err(|reason| self.fault.put(reason))? else {
                self.ended = true;
                self.judge().map_err(|reason| self.fault.put(reason))?;
                break;
            };
            self.hash.update(&bytes);
            self.seen += bytes.len() as u64;
            if self.seen > self.size {
                return Err(self.fault.put(self.wrong_size()));
            }
            if let Some(before) = self.held.replace(bytes) {
                return Ok(Some(self.counted(before)));
            }
        }
        Ok(self.held.take().map(|last| self.counted(last)))
    }

    fn judge(&mut self) -> Result<(), RegistryError> {
        if self.seen != self.size {
            return Err(self.wrong_size());
        }
        let found = Digest::from_hash(&std::mem::take(&mut self.hash).finalize());
        if found == self.digest {
            return Ok(());
        }
        Err(RegistryError::DigestMismatch { host: self.from.clone(), what: format!("blob {}", self.digest.short()), expected: self.digest.clone(), found })
    }

    fn wrong_size(&self) -> RegistryError {
        RegistryError::SizeMismatch { host: self.from.clone(), what: format!("blob {}", self.digest.short()), expected: self.size, found: self.seen }
    }

    fn counted(&self, bytes: Bytes) -> Bytes {
        self.counter.add(bytes.len() as u64);
        bytes
    }
}
