//! `airlock tls`: whether certificates, their key, and the server that presents them will do; the import of one that was asked for;
//! how those of the platform are.

mod root;
mod rotate;

use airlock_model::{Exit, Verdict};
use airlock_platform::{Import, import, renewal};
use airlock_tls::{Content, Form, Judgement, Request, ServedRequest, check, check_served, names_to_ask};
use jiff::Timestamp;
use serde::Serialize;

use super::session::Session;
use crate::arguments::{Format, TlsCheck, TlsCommand, TlsImport, TlsRenew, TlsTrust};
use crate::failure::Failure;
use crate::file_content;
use crate::output::{certificates, tls_check, trust};

pub(super) async fn run(session: &Session<'_>, command: &TlsCommand) -> Result<Exit, Failure> {
    match command {
        TlsCommand::Check(arguments) => Box::pin(check_files(session, arguments)).await,
        TlsCommand::Import(arguments) => Box::pin(take(session, arguments)).await,
        TlsCommand::Status => Box::pin(status(session)).await,
        TlsCommand::Renew(arguments) => renew(session, arguments).await,
        TlsCommand::Rotate(arguments) => Box::pin(rotate::run(session, arguments)).await,
        TlsCommand::Trust(arguments) => Box::pin(trust(session, arguments)).await,
        TlsCommand::Root(arguments) => root::make(session, arguments),
    }
}

/// How an import ended, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Taken<'a> {
    #[serde(flatten)]
    judged: tls_check::Document<'a>,
    /// The Secret that holds it now; none: nothing was written.
    stored: Option<String>,
    changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'static str>,
}

async fn take(session: &Session<'_>, arguments: &TlsImport) -> Result<Exit, Failure> {
    session.output.text_or_json("tls import")?;
    let (files, more) = (file_content::contents(&arguments.files), file_content::contents(&arguments.ca));
    let cluster = session.connect().await?;
    let Import { imported, secret, complete } = session.reading(Box::pin(import(&cluster, session.namespace(), &files, more))).await?;
    let judgement = &imported.judgement;
    let is_refused = judgement.error().is_some();
    let next = (!is_refused && !complete).then_some("airlock install --answers FILE");
    let taken = Taken { judged: tls_check::document(judgement), stored: (!is_refused).then(|| secret.to_string()), changed: imported.operation.is_some(), next };
    session.output.result("tls import", || tls_check::text(judgement, session.output.data_style), &taken)?;
    if is_refused {
        session.output.insist("nothing was written; what was served before is served still");
        return Ok(Exit::Blocked);
    }
    session.output.talk(&match (imported.operation, complete) {
        (None, _) => format!("{secret} holds it already; nothing was written"),
        (Some(_), true) => format!("it stands in {secret}; the edge serves it within two minutes"),
        (Some(_), false) => format!("it stands in {secret}; go on with\n  airlock install --answers FILE"),
    });
    if imported.needs_trust {
        session.output.insist("it leads to an authority that --ca named and the answers do not: name it there as well (trust: { ca: ['file:PATH'] }), or the next run and its checks refuse it");
    }
    Ok(Exit::Ok)
}

async fn status(session: &Session<'_>) -> Result<Exit, Failure> {
    session.output.text_or_json("tls status")?;
    let cluster = session.connect().await?;
    let states = session.reading(Box::pin(renewal::certificates(&cluster, session.namespace()))).await?;
    session.output.result("tls status", || certificates::states(&states, Timestamp::now(), session.output.data_style), &states)?;
    Ok(Exit::Ok)
}

async fn renew(session: &Session<'_>, arguments: &TlsRenew) -> Result<Exit, Failure> {
    session.output.text_or_json("tls renew")?;
    let cluster = session.connect().await?;
    session.output.talk("the renewer looks at the certificates in the cluster; a new one is served within a minute and a half");
    let lines = renewal::renew_now(&cluster, session.namespace(), &arguments.secrets, arguments.force, &session.halt()).await?;
    session.output.result("tls renew", || certificates::renewed(&lines, session.output.data_style), &lines)?;
    Ok(super::renew::exit(&lines))
}

async fn trust(session: &Session<'_>, arguments: &TlsTrust) -> Result<Exit, Failure> {
    session.output.text_or_json("tls trust")?;
    let cluster = session.connect().await?;
    let seen = session.reading(Box::pin(airlock_platform::trust::trust(&cluster, session.namespace()))).await?;
    if arguments.pem && seen.pem.is_none() && session.output.format == Format::Text {
        return Err(Failure::NothingToTrust { registry: seen.registry });
    }
    let text = || if arguments.pem { seen.pem.clone().unwrap_or_default() } else { trust::text(&seen, session.output.data_style) };
    session.output.result("tls trust", text, &seen)?;
    Ok(Exit::Ok)
}

async fn check_files(session: &Session<'_>, arguments: &TlsCheck) -> Result<Exit, Failure> {
    session.output.text_or_json("tls check")?;
    let judgement = session.reading(judged(arguments)).await?;
    session.output.result("tls check", || tls_check::text(&judgement, session.output.data_style), &tls_check::document(&judgement))?;
    Ok(if judgement.verdict == Verdict::Fail { Exit::Blocked } else { Exit::Ok })
}

async fn judged(arguments: &TlsCheck) -> Result<Judgement, Failure> {
    let password = arguments.key_password.as_deref().map(file_content::password).transpose()?;
    let (files, authorities) = (file_content::contents(&arguments.files), file_content::contents(&arguments.ca));
    let key = arguments.key.as_deref().map(Content::of_file);
    let request = Request {
        files: &files,
        key: key.as_ref(),
        password: password.as_ref(),
        hosts: &arguments.hosts,
        authorities: &authorities,
        at: arguments.at.unwrap_or_else(Timestamp::now),
        form: if arguments.strict { Form::ToTheLetter } else { Form::AsClients },
        ending: arguments.allow_ending,
    };
    let Some(server) = &arguments.connect else { return Ok(check(&request)) };
    let mut seen = Vec::new();
    for name in names_to_ask(&arguments.hosts, &server.host) {
        let looked = airlock_probe::look(&server.host, server.port, &name).await;
        seen.push((name, looked));
    }
    Ok(check_served(&request, &seen.iter().map(|(name, looked)| ServedRequest { name, chain: looked.chain.as_deref(), offered: &looked.offered }).collect::<Vec<_>>()))
}
