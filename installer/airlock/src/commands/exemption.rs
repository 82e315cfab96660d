//! `airlock exception request` and `airlock attest`: drafts that a person fills in and signs. Nothing is signed here.

use airlock_model::{Attestation, Attestations, Exception, ExceptionMatch, Exceptions, Exit, Untrusted};
use airlock_platform::profiles;
use jiff::civil::Date;

use super::session::Session;
use crate::arguments::{Attest, ExceptionRequest};
use crate::bounded_file;
use crate::failure::Failure;
use crate::output::profiles::yaml;
use crate::profile_file::{failure, today};

const API_VERSION: &str = "airlock/v1";

/// The line that signs a document, with a key that `openssl genpkey -algorithm ed25519` made.
const SIGN: &str = "fill in what is empty, keep it as FILE, and have it signed by a key that the profile names:\n  openssl pkeyutl -sign -rawin -inkey KEY.pem -in FILE -out FILE.sig";

pub(super) fn request(session: &Session<'_>, arguments: &ExceptionRequest) -> Result<Exit, Failure> {
    session.output.text_or_json("exception request")?;
    ahead(arguments.expires)?;
    let (check, subject) = arguments.finding.split_once(':').unwrap_or((&arguments.finding, ""));
    // As a screen has it, which is not how a word of a command line is written.
    if let [check, kind, name, ..] = check.split_whitespace().collect::<Vec<_>>().as_slice() {
        return Err(Failure::Argument(format!("`{}` is no finding; it is written CHECK:KIND/NAMESPACE/NAME, as in {check}:{kind}/{name}", arguments.finding)));
    }
    profiles::matching(check).map_err(failure)?;
    let exception = Exception {
        id: format!("EXC-{}-{check}", today()),
        checks: vec![check.to_owned()],
        matching: about(subject)?,
        reason: String::new(),
        approved_by: String::new(),
        ticket: String::new(),
        expires: arguments.expires.to_string(),
        compensating: String::new(),
    };
    let document = Exceptions { api_version: API_VERSION.into(), kind: "Exceptions".into(), exceptions: vec![exception] };
    let text = yaml(&document)?;
    session.output.result("exception request", || text, &document)?;
    session.output.talk(SIGN);
    Ok(Exit::Ok)
}

/// A draft with a last day that is over would count on no day.
fn ahead(expires: Date) -> Result<(), Failure> {
    if expires < today() { Err(Failure::Argument(format!("--expires {expires} is over already; name a day that is not"))) } else { Ok(()) }
}

/// `KIND/NAMESPACE/NAME`, `KIND/NAME`, or nothing.
fn about(subject: &str) -> Result<ExceptionMatch, Failure> {
    let words: Vec<String> = subject.split('/').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    match words.as_slice() {
        [] => Ok(ExceptionMatch::default()),
        [kind, name] => Ok(ExceptionMatch { kind: Some(kind.clone()), name: Some(name.clone()), ..ExceptionMatch::default() }),
        [kind, namespace, name] => Ok(ExceptionMatch { kind: Some(kind.clone()), namespace: Some(namespace.clone()), name: Some(name.clone()), ..ExceptionMatch::default() }),
        _ => Err(Failure::Argument(format!("`{subject}` is neither KIND/NAME nor KIND/NAMESPACE/NAME"))),
    }
}

pub(super) fn attest(session: &Session<'_>, arguments: &Attest) -> Result<Exit, Failure> {
    session.output.text_or_json("attest")?;
    let is_check = profiles::is_attestable(&arguments.check, &[]).map_err(failure)?;
    ahead(arguments.expires)?;
    let evidence = bounded_file::digest(&arguments.evidence).map_err(|source| Failure::FileUnreadable { path: arguments.evidence.clone(), source })?;
    let attestation = Attestation {
        check: arguments.check.clone(),
        statement: arguments.statement.clone(),
        evidence: evidence.to_string(),
        attested_by: arguments.by.clone(),
        expires: arguments.expires.to_string(),
    };
    let document = Attestations { api_version: API_VERSION.into(), kind: "Attestations".into(), attestations: vec![attestation] };
    let text = yaml(&document)?;
    session.output.result("attest", || text, &document)?;
    if !is_check {
        let id = Untrusted::from(arguments.check.as_str());
        session
            .output
            .talk(&format!("no check that ships has the id {id}, so it is taken for that of a control, or of a check, of the profile; compliance-check refuses one that the profile does not have"));
    }
    session.output.talk(SIGN);
    Ok(Exit::Ok)
}
