//! `airlock explain`: what an id means, offline.

use airlock_model::answers::{Tls, TlsSource};
use airlock_model::{Answers, Check, CheckSpec, CustomCheck, Exit, codes, explain_code};
use airlock_platform::requirements::StepSpec;
use airlock_platform::{CustomChecks, PlatformError, Reads, Reference, checks, parameters_of, references, requirements, standing, uninstall};
use serde::Serialize;
use serde_json::json;

use super::session::Session;
use crate::arguments::Explain;
use crate::failure::Failure;
use crate::output::explanation;
use crate::profile_file;

/// Steps are explained by an installation of this domain.
const EXAMPLE_DOMAIN: &str = "platform.example.com";

pub(super) fn run(session: &Session<'_>, arguments: &Explain) -> Result<Exit, Failure> {
    session.output.text_or_json("explain")?;
    let style = session.output.data_style;
    let steps = steps()?;
    let profile = arguments.profile.as_deref().map(profile_file::named).transpose()?;
    let custom = profile.as_ref().map(CustomChecks::of).transpose().map_err(profile_file::failure)?;
    let custom = custom.as_ref().map(CustomChecks::checks).unwrap_or_default();
    let own = profile.as_ref().map_or(&[] as &[CustomCheck], |profile| &profile.custom);
    let mut specs: Vec<&CheckSpec<'_>> = Vec::new();
    specs.extend(checks().iter().map(|check| check.spec()));
    specs.extend(custom.iter().map(Check::spec));
    let Some(id) = &arguments.id else {
        let document = json!({ "checks": specs.iter().map(|spec| Explained::of(spec, own)).collect::<Vec<_>>(), "codes": codes().collect::<Vec<_>>(), "steps": &steps });
        session.output.result("explain", || explanation::list(specs.iter().copied(), codes(), &steps, style), &document)?;
        return Ok(Exit::Ok);
    };
    if let Some(spec) = specs.iter().find(|spec| spec.id.eq_ignore_ascii_case(id)) {
        session.output.result("explain", || explanation::check(spec, &references(spec.id, own), style), &Explained::of(spec, own))?;
    } else if let Some(spec) = explain_code(id) {
        session.output.result("explain", || explanation::code(spec, style), spec)?;
    } else if let Some(spec) = steps.iter().find(|step| step.id == *id) {
        session.output.result("explain", || explanation::step(spec, style), spec)?;
    } else {
        return Err(Failure::UnknownId { id: id.clone(), nearest: nearest(id, specs.iter().map(|spec| spec.id), &steps) });
    }
    Ok(Exit::Ok)
}

/// A check with what it reads and who asks for it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Explained<'a> {
    #[serde(flatten)]
    spec: &'a CheckSpec<'a>,
    reads: Reads,
    because: &'static str,
    parameters: Vec<Settable>,
    references: Vec<Reference>,
}

/// A parameter by which a profile sets what the check does.
#[derive(Serialize)]
struct Settable {
    name: &'static str,
    what: &'static str,
    value: String,
}

impl<'a> Explained<'a> {
    fn of(spec: &'a CheckSpec<'a>, own: &[CustomCheck]) -> Self {
        let standing = standing(spec.id);
        let parameters = parameters_of(spec.id).map(|parameter| Settable { name: parameter.name, what: parameter.what, value: parameter.kind.words() }).collect();
        Self { spec, reads: standing.reads, because: standing.because, parameters, references: references(spec.id, own) }
    }
}

/// The steps of an installation, also of one that asks for its certificate, then those that take it away.
fn steps() -> Result<Vec<StepSpec>, PlatformError> {
    let answers = Answers::of_domain(EXAMPLE_DOMAIN)?;
    let mut steps = requirements::steps(&answers)?;
    let asked = Answers { tls: Tls { source: TlsSource::Csr, ..Tls::default() }, ..answers.clone() };
    let further: Vec<StepSpec> = requirements::steps(&asked)?.into_iter().filter(|step| steps.iter().all(|other| other.id != step.id)).collect();
    steps.extend(further);
    steps.extend(uninstall::steps(&answers)?);
    Ok(steps)
}

/// The most similar id, if one is similar enough to be meant.
fn nearest<'a>(id: &str, checks: impl Iterator<Item = &'a str>, steps: &'a [StepSpec]) -> Option<String> {
    let known = checks.chain(codes().map(|spec| spec.code)).chain(steps.iter().map(|step| step.id.as_str()));
    let id = id.to_lowercase();
    known.map(|known| (strsim::damerau_levenshtein(&id, &known.to_lowercase()), known)).filter(|(distance, _)| *distance <= 3).min().map(|(_, known)| known.to_owned())
}
