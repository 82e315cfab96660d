//! One attempt from begin to end, with its time and its two addresses.

use std::borrow::Cow;
use std::path::Path;
use std::time::Instant;

use airlock_model::{Attempt, AttemptAction, AttemptResult, Outcome, Target, TlsVersion, Trust};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::Passwords;
use crate::dial::{Ends, dial};
use crate::handshake::{Believed, handshake};
use crate::postgres::{self, Inquiry};
use crate::request::Question;
use crate::stranger::{self, Stranger};
use crate::{account, old_tls, resolve};

/// A lost packet must not look like a blocked one.
const TRIES: u32 = 3;
const AT_A_TIME: usize = 8;

/// Carries out an attempt from here; where it should be made from is the caller's business.
pub async fn carry_out(attempt: &Attempt, passwords: &dyn Passwords) -> Outcome {
    let (started, clock) = (Timestamp::now(), Instant::now());
    let mut ends = Ends::default();
    let result = act(attempt, passwords, &mut ends).await;
    Outcome {
        attempt: attempt.id.clone(),
        result,
        source: ends.source.map(|address| address.to_string()),
        destination: ends.destination.map(|address| address.to_string()),
        started,
        took_millis: u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

/// Carries out attempts, some at a time; outcomes come in the order of the attempts.
pub async fn carry_out_all(attempts: &[Attempt], passwords: &dyn Passwords) -> Vec<Outcome> {
    stream::iter(attempts).map(|attempt| carry_out(attempt, passwords)).buffered(AT_A_TIME).collect().await
}

async fn act(attempt: &Attempt, passwords: &dyn Passwords, ends: &mut Ends) -> AttemptResult {
    if let AttemptAction::Resolve { name } = &attempt.action {
        return resolve::resolve(name).await;
    }
    let Target::Address { host, port } = &attempt.target else {
        return AttemptResult::NotCarriedOut("the target has no address that could be dialled from here".to_owned().into());
    };
    if let AttemptAction::Sql { database, credentials, trust, question } = &attempt.action {
        return postgres::ask(&Inquiry { host, port: *port, database, credentials, trust, question }, passwords).await;
    }
    if let AttemptAction::SqlGuess { database, username, guess, trust } = &attempt.action {
        return stranger::log_in(&Stranger { host, port: *port, database, username, guess, trust: trust.as_ref() }).await;
    }
    let (action, question) = match asked(&attempt.action, host, passwords) {
        Ok(asked) => asked,
        Err(reason) => return AttemptResult::NotCarriedOut(reason.into()),
    };
    let safe = question.as_ref().is_none_or(Question::is_safe);
    let (mut result, mut sent) = (AttemptResult::TimedOut, false);
    for _ in 0..TRIES {
        result = once(&action, host, *port, question.as_ref(), ends, &mut sent).await.unwrap_or_else(|failure| failure);
        // A request that changes something is not sent twice, whatever became of the first; one that had no connection yet was not sent.
        if result != AttemptResult::TimedOut || (sent && !safe) {
            break;
        }
    }
    result
}

/// The action as it is tried, and the request that it sends.
fn asked<'a>(action: &'a AttemptAction, host: &str, passwords: &dyn Passwords) -> Result<(Cow<'a, AttemptAction>, Option<Question>), String> {
    match action {
        AttemptAction::Request { method, path, server_name, trust, credentials } => {
            Ok((Cow::Borrowed(action), Some(Question::new(method, path, server_name, trust, credentials.as_ref(), passwords)?)))
        }
        AttemptAction::PlainRequest { path, host } => Ok((Cow::Borrowed(action), Some(Question::new("GET", path, host, &Trust::Unverified, None, passwords)?))),
        AttemptAction::AsAccount { path } => account::request(Path::new(account::MOUNTED), host, path).map(|(request, question)| (Cow::Owned(request), Some(question))),
        _ => Ok((Cow::Borrowed(action), None)),
    }
}

async fn send(question: Option<&Question>, stream: impl AsyncRead + AsyncWrite + Unpin, sent: &mut bool) -> Result<AttemptResult, AttemptResult> {
    let question = question.ok_or_else(|| AttemptResult::NotCarriedOut("there is no request".to_owned().into()))?;
    *sent = true;
    Ok(question.send(stream).await)
}

/// `sent`: whether the question went out.
async fn once(action: &AttemptAction, host: &str, port: u16, question: Option<&Question>, ends: &mut Ends, sent: &mut bool) -> Result<AttemptResult, AttemptResult> {
    match action {
        AttemptAction::Connect => dial(host, port, ends).await.map(|_| AttemptResult::Connected),
        AttemptAction::Handshake { server_name, newest: newest @ (TlsVersion::Tls10 | TlsVersion::Tls11), .. } => Ok(old_tls::handshake(dial(host, port, ends).await?, server_name, *newest).await),
        AttemptAction::Handshake { server_name, newest, trust } => {
            let believed = Believed::load(trust).await?;
            let secured = handshake(dial(host, port, ends).await?, server_name, *newest, believed).await?;
            Ok(AttemptResult::Handshaken(secured.presented))
        }
        AttemptAction::PlainRequest { .. } => {
            let stream = dial(host, port, ends).await?;
            send(question, stream, sent).await
        }
        AttemptAction::Request { server_name, trust, .. } => {
            let believed = Believed::load(trust).await?;
            let secured = handshake(dial(host, port, ends).await?, server_name, TlsVersion::Tls13, believed).await?;
            send(question, secured.stream, sent).await
        }
        AttemptAction::Resolve { .. } | AttemptAction::Sql { .. } | AttemptAction::SqlGuess { .. } | AttemptAction::AsAccount { .. } | AttemptAction::AskApi { .. } | AttemptAction::Admit { .. } => {
            Ok(AttemptResult::NotCarriedOut("it is no connection alone".to_owned().into()))
        }
    }
}
