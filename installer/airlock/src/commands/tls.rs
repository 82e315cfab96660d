//! `airlock tls check`: whether certificates, their key, and the server that presents them will do.

use airlock_model::{Exit, Verdict};
use airlock_tls::{Form, Judgement, Request, ServedRequest, check, check_served, names_to_ask};
use jiff::Timestamp;

use super::session::Session;
use crate::arguments::{TlsCheck, TlsCommand};
use crate::failure::Failure;
use crate::file_content;
use crate::output::tls_check;

pub(super) async fn run(session: &Session<'_>, command: &TlsCommand) -> Result<Exit, Failure> {
    let TlsCommand::Check(arguments) = command;
    session.output.text_or_json("tls check")?;
    let judgement = session.reading(judged(arguments)).await?;
    session.output.result("tls check", || tls_check::text(&judgement, session.output.data_style), &tls_check::document(&judgement))?;
    Ok(if judgement.verdict == Verdict::Fail { Exit::Blocked } else { Exit::Ok })
}

async fn judged(arguments: &TlsCheck) -> Result<Judgement, Failure> {
    let password = arguments.key_password.as_deref().map(file_content::password).transpose()?;
    let (files, authorities) = (file_content::contents(&arguments.files), file_content::contents(&arguments.ca));
    let key = arguments.key.as_deref().map(file_content::content);
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
