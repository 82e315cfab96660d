//! A check as a profile says it, held against what can be meant, with its expressions compiled.

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{CustomCheck, ObjectMatch};

use super::CustomFault;
use crate::catalogue;
use crate::error::ComplianceError;
use crate::expression::{Expression, Scope, is_name, with_room};
use crate::parameter::custom_kind;
use crate::profile::nearest;
use crate::references::{FRAMEWORKS, called, is_custom};

/// The object that is judged.
pub(super) const OBJECT: &str = "object";
/// What stands before a variable's name.
const VARIABLES: &str = "variables";
/// What stands before a parameter's name.
const PARAMETERS: &str = "params";

/// Variables, validations, or tests of a check, at most.
const MOST_OF_EACH: usize = 64;
/// Inputs of a check, at most.
const MOST_INPUTS: usize = 16;

/// A check whose expressions are understood.
#[derive(Debug)]
pub(super) struct Compiled<'p> {
    pub(super) check: &'p CustomCheck,
    /// What is looked at, and what must hold.
    pub(super) explanation: String,
    /// In their order, by the names that expressions use.
    pub(super) variables: Vec<(String, Expression)>,
    /// What must hold, and what is said when it does not.
    pub(super) validations: Vec<(Expression, Option<Expression>)>,
}

impl<'p> Compiled<'p> {
    /// All selections of objects.
    pub(super) fn matches(&self) -> impl Iterator<Item = &'p ObjectMatch> {
        self.check.matching.iter().chain(self.check.inputs.values())
    }

    /// The name of a parameter as expressions use it, and as profiles set it.
    pub(super) fn parameter(&self, name: &str) -> (String, String) {
        (format!("{PARAMETERS}.{name}"), format!("{}.{name}", self.check.id))
    }
}

/// Understands a check, or says all that is wrong with it.
pub(super) fn compile(check: &CustomCheck) -> Result<Compiled<'_>, Vec<CustomFault>> {
    let crowded = |message| Err(vec![CustomFault { path: "validations".to_owned(), within: None, error: ComplianceError::Expression { message } }]);
    with_room(|| read(check)).unwrap_or_else(crowded)
}

fn read(check: &CustomCheck) -> Result<Compiled<'_>, Vec<CustomFault>> {
    let mut reading = Reading { check, faults: Vec::new(), scope: Scope::default() };
    reading.texts();
    reading.frameworks();
    reading.objects();
    reading.parameters();
    let variables = reading.variables();
    let validations = reading.validations();
    if reading.faults.is_empty() { Ok(Compiled { check, explanation: explanation(check), variables, validations }) } else { Err(reading.faults) }
}

struct Reading<'p> {
    check: &'p CustomCheck,
    faults: Vec<CustomFault>,
    scope: Scope,
}

impl Reading<'_> {
    fn fault(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.faults.push(CustomFault { path: path.into(), within: None, error: ComplianceError::Value { message: format!("{}: {}", self.check.id, message.into()) } });
    }

    fn texts(&mut self) {
        let CustomCheck { id, title, why, fix, .. } = self.check;
        if catalogue::check(id).is_some() {
            self.fault("id", "a check that ships has this id; give yours one as in ACME-001");
        } else if !is_custom(id) {
            self.fault("id", "no id for a check of your own: it is four to sixteen capitals and digits, a hyphen, and three digits, as in ACME-001");
        }
        for (key, text) in [("title", title), ("why", why), ("fix", fix)] {
            if text.trim().is_empty() {
                self.fault(key, format!("`{key}` is empty"));
            }
        }
    }

    /// Controls that ask for it must be among those of their frameworks.
    fn frameworks(&mut self) {
        let mut seen = BTreeSet::new();
        for (tag, ids) in &self.check.frameworks {
            let path = format!("frameworks.{tag}");
            let suggested = |nearest: Option<String>| nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"));
            let Some(framework) = called(tag) else {
                let nearest = nearest(tag, FRAMEWORKS.iter().flat_map(|framework| [framework.tag, framework.bare()]));
                self.fault(path, format!("no framework is called `{tag}`{}", suggested(nearest)));
                continue;
            };
            if ids.is_empty() {
                self.fault(&path, format!("name at least one control of {tag}"));
            }
            if !seen.insert(framework.tag) {
                self.fault(&path, format!("{} stands twice, with its version and without", framework.bare()));
            }
            for (index, id) in ids.iter().enumerate() {
                let at = format!("{path}[{index}]");
                if framework.reference(id).is_none() {
                    let nearest = nearest(id, framework.controls().iter().map(String::as_str));
                    self.fault(at, format!("{tag} has no control `{id}`{}", suggested(nearest)));
                } else if ids[..index].contains(id) {
                    self.fault(at, format!("the control {id} stands twice"));
                }
            }
        }
    }

    fn objects(&mut self) {
        let CustomCheck { matching, inputs, .. } = self.check;
        if matching.is_none() && inputs.is_empty() {
            self.fault("", "name what is judged: `match`, or at least one of `inputs`");
        }
        if inputs.len() > MOST_INPUTS {
            self.fault("inputs", format!("{} inputs; at most {MOST_INPUTS} are read", inputs.len()));
        }
        if let Some(matching) = matching {
            self.scope.names.insert(OBJECT.to_owned());
            self.selection("match", matching);
        }
        for (name, input) in inputs {
            self.name(&format!("inputs.{name}"), name);
            self.scope.names.insert(name.clone());
            self.selection(&format!("inputs.{name}"), input);
        }
    }

    fn selection(&mut self, path: &str, selection: &ObjectMatch) {
        let ObjectMatch { api_version, kinds, namespaces } = selection;
        if api_version.trim().is_empty() || api_version.matches('/').count() > 1 {
            self.fault(format!("{path}.apiVersion"), format!("`{api_version}` is no apiVersion, as in v1 or apps/v1"));
        }
        if kinds.is_empty() {
            self.fault(format!("{path}.kinds"), "name at least one kind");
        }
        for (index, kind) in kinds.iter().enumerate() {
            let at = format!("{path}.kinds[{index}]");
            if kind == "Secret" && api_version == "v1" {
                self.fault(at, "Secrets are not shown to expressions: what is said of them could repeat what they hold");
            } else if !kind.starts_with(|first: char| first.is_ascii_uppercase()) || !kind.bytes().all(|letter| letter.is_ascii_alphanumeric()) {
                self.fault(at, format!("`{kind}` is no kind, as in Deployment"));
            }
        }
        for (index, namespace) in namespaces.iter().enumerate().filter(|(_, namespace)| namespace.trim().is_empty()) {
            self.fault(format!("{path}.namespaces[{index}]"), format!("`{namespace}` is no namespace"));
        }
    }

    fn name(&mut self, path: &str, name: &str) {
        if !is_name(name) || [OBJECT, VARIABLES, PARAMETERS].contains(&name) {
            self.fault(path, format!("`{name}` cannot be a name here: letters, digits, and _ can, but for words that have a meaning already"));
        }
    }

    fn parameters(&mut self) {
        let mut names = BTreeSet::new();
        for (name, value) in &self.check.parameters {
            let path = format!("parameters.{name}");
            self.name(&path, name);
            if custom_kind(value).is_none() {
                self.fault(path, "a parameter is a text, a list of texts, a whole number, true, or false");
            }
            names.insert(name.clone());
        }
        self.scope.prefixed.insert(PARAMETERS, names);
    }

    /// Each sees those before it.
    fn variables(&mut self) -> Vec<(String, Expression)> {
        let mut compiled = Vec::new();
        self.amount("variables", self.check.variables.len());
        self.scope.prefixed.insert(VARIABLES, BTreeSet::new());
        for (index, variable) in self.check.variables.iter().enumerate() {
            let path = format!("variables[{index}]");
            self.name(&format!("{path}.name"), &variable.name);
            compiled.extend(self.expression(&format!("{path}.expression"), &variable.expression).map(|expression| (format!("{VARIABLES}.{}", variable.name), expression)));
            if !self.scope.prefixed.entry(VARIABLES).or_default().insert(variable.name.clone()) {
                self.fault(format!("{path}.name"), format!("the variable {} stands twice", variable.name));
            }
        }
        compiled
    }

    fn validations(&mut self) -> Vec<(Expression, Option<Expression>)> {
        self.amount("validations", self.check.validations.len());
        self.amount("tests", self.check.tests.len());
        if self.check.validations.is_empty() {
            self.fault("validations", "say what must hold");
        }
        let mut compiled = Vec::new();
        for (index, validation) in self.check.validations.iter().enumerate() {
            let path = format!("validations[{index}].expression");
            let expression = self.expression(&path, &validation.expression);
            if let Some(other) = expression.as_ref().and_then(Expression::comes_to).filter(|comes_to| *comes_to != "bool") {
                self.fault(path, format!("the expression comes to a {other}, not to true or false"));
            }
            let path = format!("validations[{index}].messageExpression");
            let message = validation.message_expression.as_ref().and_then(|message| self.expression(&path, message));
            if let Some(other) = message.as_ref().and_then(Expression::comes_to).filter(|comes_to| *comes_to != "string") {
                self.fault(path, format!("the expression comes to a {other}, not to a text"));
            }
            compiled.extend(expression.map(|expression| (expression, message)));
        }
        compiled
    }

    fn amount(&mut self, key: &str, amount: usize) {
        if amount > MOST_OF_EACH {
            self.fault(key, format!("{amount} {key}; at most {MOST_OF_EACH} are read"));
        }
    }

    fn expression(&mut self, path: &str, text: &str) -> Option<Expression> {
        match Expression::compile(text, &self.scope) {
            Ok(expression) => Some(expression),
            Err(fault) => {
                let error = ComplianceError::Expression { message: format!("{}: {}", self.check.id, fault.message) };
                self.faults.push(CustomFault { path: path.to_owned(), within: Some((fault.line, fault.column)), error });
                None
            }
        }
    }
}

fn explanation(check: &CustomCheck) -> String {
    let objects = |selection: &ObjectMatch| {
        let namespaces = if selection.namespaces.is_empty() { String::new() } else { format!(" in {}", selection.namespaces.join(", ")) };
        format!("{} of {}{namespaces}", selection.kinds.join(", "), selection.api_version)
    };
    let mut sentences = Vec::new();
    sentences.extend(check.matching.as_ref().map(|matching| format!("Each {} as `object`.", objects(matching))));
    sentences.extend(check.inputs.iter().map(|(name, input)| format!("All {} as `{name}`.", objects(input))));
    sentences.extend(check.parameters.iter().map(|(name, value)| format!("`params.{name}` is {value} unless the profile sets {}.{name}.", check.id)));
    sentences.extend(check.variables.iter().map(|variable| format!("`variables.{}` is `{}`.", variable.name, in_a_line(&variable.expression))));
    sentences.extend(check.validations.iter().map(|validation| format!("It must hold that `{}`.", in_a_line(&validation.expression))));
    sentences.join(" ")
}

/// A text over several lines in one.
pub(super) fn in_a_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Parameters as a check is given them: the profile's, else its own.
pub(super) fn parameters<'v>(compiled: &Compiled<'v>, profile: &'v airlock_model::Profile) -> BTreeMap<String, &'v serde_json::Value> {
    let of = |(name, own): (&String, &'v serde_json::Value)| {
        let (bound, set) = compiled.parameter(name);
        (bound, profile.parameters.get(&set).unwrap_or(own))
    };
    compiled.check.parameters.iter().map(of).collect()
}
