//! `airlock exception request` and `airlock attest`: drafts that a person fills in and signs. Nothing is signed here.

use airlock_model::{Attestation, Attestations, Exception, ExceptionMatch, Exceptions, Exit, Untrusted};
use airlock_platform::profiles::{self, NamedFinding};
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
    let NamedFinding { check, matching } = NamedFinding::read(&arguments.finding).map_err(|error| Failure::Argument(error.to_string()))?;
    profiles::matching(&check).map_err(failure)?;
    if matching == ExceptionMatch::default() && arguments.path.is_none() {
        session.output.talk(&format!("it is for everything that {check} says; name what it is about as in {check}:KIND/NAMESPACE/NAME"));
    } else if let (None, Some(name)) = (&matching.kind, &matching.name) {
        session.output.talk(&format!("it names no kind, so it is for whatever is called {}; before what has one write the kind and a slash", Untrusted::from(name.as_str())));
    }
    let exception = Exception {
        id: format!("EXC-{}-{}", today(), check.replace('/', "-")),
        checks: vec![check],
        matching: ExceptionMatch { path: arguments.path.as_deref().map(profiles::literal), ..matching },
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
