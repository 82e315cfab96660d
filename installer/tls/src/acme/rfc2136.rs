//! dns-01 by dynamic update (RFC 2136), signed with a shared key (TSIG, RFC 8945).

use std::net::SocketAddr;
use std::time::Duration;

use airlock_model::Secret;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hickory_proto::op::{Message, OpCode, Query};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::rdata::tsig::{TsigAlgorithm, TsigError};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType, TSigner};
use jiff::Timestamp;
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use super::dns::{Dns, parsed, told, zone_of};
use super::error::AcmeError;
use super::exchange::{ask, over_tcp, question, refusal};
use super::solver::{ChallengeKind, Doing, Proof, Solver, TxtRecord, records};

/// Short, so that a value that was taken away is soon forgotten.
const TIME_TO_LIVE: u32 = 60;
/// By how many seconds the two clocks may differ (RFC 8945 §10).
const FUDGE: u16 = 300;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How updates are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TsigHash {
    /// hmac-sha256
    Sha256,
    /// hmac-sha384
    Sha384,
    /// hmac-sha512
    Sha512,
}

/// dns-01 by dynamic update.
pub struct Rfc2136 {
    server: String,
    signer: TSigner,
    dns: Dns,
    limit: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Add,
    Remove,
}

impl Rfc2136 {
    /// Updates go to `server` (`host:port`), signed by the key of this name; its secret is base64, as `tsig-keygen` prints it.
    /// What the zone's servers show is looked up by `dns`, and waited for no longer than `limit`.
    pub fn new(server: &str, key: &str, hash: TsigHash, secret: &Secret<String>, dns: Dns, limit: Duration) -> Result<Self, AcmeError> {
        let unusable = |why: &str| AcmeError::Settings { what: "the TSIG key", why: format!("`{key}`: {why}") };
        let raw = BASE64_STANDARD.decode(secret.expose().trim()).map(Zeroizing::new).map_err(|_| unusable("its secret is not base64"))?;
        let algorithm = match hash {
            TsigHash::Sha256 => TsigAlgorithm::HmacSha256,
            TsigHash::Sha384 => TsigAlgorithm::HmacSha384,
            TsigHash::Sha512 => TsigAlgorithm::HmacSha512,
        };
        let signer = TSigner::new(raw.to_vec(), algorithm, parsed(key)?, FUDGE).map_err(|error| unusable(&error.to_string()))?;
        Ok(Self { server: server.to_owned(), signer, dns, limit })
    }

    async fn change_all(&self, records: &[TxtRecord], change: Change) -> Result<(), AcmeError> {
        let server = self.address().await?;
        let mut failure = None;
        for record in records {
            let changed = self.changed(server, record, change).await;
            match changed {
                // What can be taken away is, whatever becomes of the rest.
                Err(error) if change == Change::Remove => failure = failure.or(Some(error)),
                other => other?,
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// The first of its addresses that can be reached: not every network that knows IPv6 has a way there.
    async fn address(&self) -> Result<SocketAddr, AcmeError> {
        let unreachable = |why: String| AcmeError::Dns { server: self.server.clone(), question: "its own address".to_owned(), why };
        let mut why = "it has none".to_owned();
        for address in tokio::net::lookup_host(&self.server).await.map_err(|error| unreachable(error.to_string()))? {
            match tokio::time::timeout(CONNECT_LIMIT, TcpStream::connect(address)).await {
                Ok(Ok(_)) => return Ok(address),
                Ok(Err(error)) => why = format!("{address} cannot be reached over TCP ({error})"),
                Err(_) => why = format!("{address} does not answer over TCP within {} s", CONNECT_LIMIT.as_secs()),
            }
        }
        Err(unreachable(why))
    }

    async fn changed(&self, server: SocketAddr, record: &TxtRecord, change: Change) -> Result<(), AcmeError> {
        let name = self.dns.meant(&parsed(&record.name)?).await?;
        let zone = self.zone(server, &name).await?;
        let refused = |why: String| AcmeError::UpdateRefused { server: self.server.clone(), zone: told(&zone), why };
        let mut message = update(&zone, name, &record.value, change);
        let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
        let verifier = message.finalize(&self.signer, now).map_err(|error| refused(error.to_string()))?;
        let bytes = message.to_vec().map_err(|error| refused(error.to_string()))?;
        let raw = over_tcp(server, &bytes).await.map_err(|error| refused(format!("it does not answer ({error})")))?;
        let answer = Message::from_vec(&raw).map_err(|error| refused(format!("its answer cannot be read ({error})")))?;
        if let Some(why) = answer.signature().and_then(|signature| signature.data.error).map(signature_refused) {
            return Err(refused(format!("{why} (key `{}`)", told(self.signer.signer_name()))));
        }
        if let Some(why) = refusal(answer.metadata.response_code) {
            return Err(refused(why.to_owned()));
        }
        let mut verifier = verifier.ok_or_else(|| refused("the update was not signed".to_owned()))?;
        verifier.verify(&raw).map(|_| ()).map_err(|error| refused(format!("its answer is not signed by the same key ({error})")))
    }

    /// The zone as the server that holds it knows it; a resolver may not see it.
    async fn zone(&self, server: SocketAddr, name: &Name) -> Result<Name, AcmeError> {
        let failed = |why: String| AcmeError::Dns { server: self.server.clone(), question: format!("SOA of {name}"), why };
        let mut at = name.clone();
        loop {
            let answer = ask(server, &question(&at, RecordType::SOA, false)).await.map_err(failed)?;
            if let Some(why) = refusal(answer.metadata.response_code) {
                return Err(failed(why.to_owned()));
            }
            match zone_of(&answer, name) {
                Some(apex) => return Ok(apex),
                None if at.is_root() => return Err(failed("it holds no zone with that name".to_owned())),
                // An alias answers in the place of its zone.
                None => at = at.base_name(),
            }
        }
    }
}

impl Solver for Rfc2136 {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::Dns01
    }

    fn present<'a>(&'a self, proofs: &'a [Proof]) -> Doing<'a> {
        Box::pin(async move { self.change_all(&records(proofs), Change::Add).await })
    }

    fn seen<'a>(&'a self, proofs: &'a [Proof]) -> Doing<'a> {
        Box::pin(async move { self.dns.wait_until_seen(&records(proofs), self.limit).await })
    }

    fn clean_up<'a>(&'a self, proofs: &'a [Proof]) -> Doing<'a> {
        Box::pin(async move { self.change_all(&records(proofs), Change::Remove).await })
    }
}

/// An update of one value; other values of the name are not touched (RFC 2136 §2.5.1 and §2.5.4).
fn update(zone: &Name, name: Name, value: &str, change: Change) -> Message {
    let mut message = Message::query();
    message.metadata.op_code = OpCode::Update;
    message.metadata.recursion_desired = false;
    message.add_query(Query::query(zone.clone(), RecordType::SOA));
    let (class, lifetime) = if change == Change::Add { (DNSClass::IN, TIME_TO_LIVE) } else { (DNSClass::NONE, 0) };
    let mut record = Record::from_rdata(name, lifetime, RData::TXT(TXT::new(vec![value.to_owned()])));
    record.dns_class = class;
    message.add_authority(record);
    message
}

fn signature_refused(error: TsigError) -> &'static str {
    match error {
        TsigError::BadKey => "BADKEY: it has no key of that name and algorithm",
        TsigError::BadSig => "BADSIG: the key's secret is another one there",
        TsigError::BadTime => "BADTIME: its clock and ours differ by more than five minutes",
        _ => "it does not accept the signature",
    }
}
