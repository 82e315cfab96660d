//! One attempt from begin to end, with its time and its two addresses.

use std::borrow::Cow;
use std::path::Path;
use std::time::Instant;

use airlock_model::bounds::TRIES;
use airlock_model::{Attempt, AttemptAction, AttemptResult, CredentialsForm, Outcome, Target, TlsVersion, Trust};
use airlock_tls::Seen;
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::Passwords;
use crate::dial::{Ends, dial};
use crate::handshake::{Believed, handshake};
use crate::login::Login;
use crate::postgres::{self, Inquiry};
use crate::request::Question;
use crate::ssl_request::ask_for_tls;
use crate::stranger::{self, Stranger};
use crate::{account, old_tls, own_address, resolve, scan, weak_suites};

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
    if let (AttemptAction::Scan { ports }, Target::Pods { found, .. }) = (&attempt.action, &attempt.target) {
        return scan::scan(found, ports).await;
    }
    if let (AttemptAction::Reach { ports }, Target::Pods { found, .. }) = (&attempt.action, &attempt.target) {
        return scan::reach(found, ports).await;
    }
    let Some((host, port)) = attempt.target.address() else { return no_address() };
    if let AttemptAction::Sql { database, credentials, trust, question } = &attempt.action {
        return postgres::ask(&Inquiry { host, port, database, credentials, trust, question }, passwords).await;
    }
    if let AttemptAction::SqlGuess { database, username, guess, trust } = &attempt.action {
        return stranger::log_in(&Stranger { host, port, database, username, guess, trust: trust.as_ref() }).await;
    }
    if let AttemptAction::Request { path, server_name, trust, credentials: Some(credentials), .. } = &attempt.action
        && credentials.form == CredentialsForm::Page
    {
        return Login { target: &attempt.target, path, server_name, trust, credentials }.carry_out(passwords, ends).await;
    }
    let (action, question) = match asked(&attempt.action, host, passwords) {
        Ok(asked) => asked,
        Err(reason) => return AttemptResult::NotCarriedOut(reason.into()),
    };
    let safe = question.as_ref().is_none_or(Question::is_safe);
    let (mut result, mut sent) = (AttemptResult::TimedOut, false);
    for _ in 0..TRIES {
        result = once(&action, &attempt.target, question.as_ref(), ends, &mut sent).await.unwrap_or_else(|failure| failure);
        // A request that changes something is not sent twice, whatever became of the first; one that had no connection yet was not sent.
        if !is_fleeting(&result) || (sent && !safe) {
            break;
        }
    }
    result
}

/// Whether another try may see otherwise: nothing came, or an end of the handshake without a word, as a busy server makes one too.
const fn is_fleeting(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::TimedOut | AttemptResult::TlsRefused { alert: None })
}

/// The action as it is tried, and the request that it sends.
fn asked<'a>(action: &'a AttemptAction, host: &str, passwords: &dyn Passwords) -> Result<(Cow<'a, AttemptAction>, Option<Question>), String> {
    match action {
        AttemptAction::Request { method, path, server_name, trust, credentials } => {
            Ok((Cow::Borrowed(action), Some(Question::new(method, path, server_name, trust, credentials.as_ref(), passwords)?)))
        }
        AttemptAction::AskAcross { path, server_name, trust, origin } => Ok((Cow::Borrowed(action), Some(Question::new("GET", path, server_name, trust, None, passwords)?.for_page(origin)?))),
        AttemptAction::PlainRequest { path, host } => Ok((Cow::Borrowed(action), Some(Question::new("GET", path, host, &Trust::Unverified, None, passwords)?))),
        AttemptAction::AskOwnAddress { path, host, trust } => Ok((Cow::Borrowed(action), Some(Question::new("GET", path, host, trust.as_ref().unwrap_or(&Trust::Unverified), None, passwords)?))),
        AttemptAction::AsAccount { path } => account::request(Path::new(account::MOUNTED), host, path).map(|(request, question)| (Cow::Owned(request), Some(question))),
        _ => Ok((Cow::Borrowed(action), None)),
    }
}

async fn send(question: Option<&Question>, stream: impl AsyncRead + AsyncWrite + Unpin, sent: &mut bool) -> Result<AttemptResult, AttemptResult> {
    let question = question.ok_or_else(|| AttemptResult::NotCarriedOut("there is no request".to_owned().into()))?;
    *sent = true;
    Ok(question.send(stream).await)
}

/// A connection on which the next bytes are those of the action.
pub(crate) async fn open(target: &Target, ends: &mut Ends) -> Result<TcpStream, AttemptResult> {
    let (host, port) = target.address().ok_or_else(no_address)?;
    let mut stream = dial(host, port, ends).await?;
    if let Target::Postgres { .. } = target {
        ask_for_tls(&mut stream).await?;
    }
    Ok(stream)
}

fn no_address() -> AttemptResult {
    AttemptResult::NotCarriedOut("the target has no address that could be dialled from here".to_owned().into())
}

/// `sent`: whether the question went out.
async fn once(action: &AttemptAction, target: &Target, question: Option<&Question>, ends: &mut Ends, sent: &mut bool) -> Result<AttemptResult, AttemptResult> {
    match action {
        AttemptAction::Connect => open(target, ends).await.map(|_| AttemptResult::Connected),
        AttemptAction::Handshake { server_name, newest: newest @ (TlsVersion::Tls10 | TlsVersion::Tls11), .. } => Ok(old_tls::handshake(open(target, ends).await?, server_name, *newest).await),
        AttemptAction::Handshake { server_name, newest, trust } => {
            let believed = Believed::load(trust).await?;
            let secured = handshake(open(target, ends).await?, server_name, *newest, believed).await?;
            Ok(AttemptResult::Handshaken(secured.presented))
        }
        AttemptAction::OfferWeakSuites { server_name } => Ok(match weak_suites::offer(open(target, ends).await?, server_name).await {
            Seen::Refused => AttemptResult::TlsRefused { alert: None },
            Seen::Agreed(what) => AttemptResult::Agreed(what.into()),
            Seen::Unknown(why) => AttemptResult::NotCarriedOut(why.into()),
        }),
        AttemptAction::PlainRequest { .. } => {
            let stream = open(target, ends).await?;
            send(question, stream, sent).await
        }
        AttemptAction::Request { server_name, trust, .. } | AttemptAction::AskAcross { server_name, trust, .. } => {
            let believed = Believed::load(trust).await?;
            let secured = handshake(open(target, ends).await?, server_name, TlsVersion::Tls13, believed).await?;
            send(question, secured.stream, sent).await
        }
        AttemptAction::AskOwnAddress { host, trust, .. } => {
            let question = question.ok_or_else(|| AttemptResult::NotCarriedOut("there is no request".to_owned().into()))?;
            let stream = open(target, ends).await?;
            let Some(trust) = trust else { return Ok(own_address::ask(question, stream).await) };
            let secured = handshake(stream, host, TlsVersion::Tls13, Believed::load(trust).await?).await?;
            Ok(own_address::ask(question, secured.stream).await)
        }
        AttemptAction::Resolve { .. }
        | AttemptAction::Sql { .. }
        | AttemptAction::SqlGuess { .. }
        | AttemptAction::AsAccount { .. }
        | AttemptAction::AskApi { .. }
        | AttemptAction::Identify { .. }
        | AttemptAction::ReadSecrets { .. }
        | AttemptAction::Admit { .. }
        | AttemptAction::AskPrometheus { .. }
        | AttemptAction::Pull { .. }
        | AttemptAction::Scan { .. }
        | AttemptAction::Reach { .. } => Ok(AttemptResult::NotCarriedOut("it is no connection alone".to_owned().into())),
    }
}
