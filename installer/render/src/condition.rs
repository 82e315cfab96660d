//! Whether a component is installed, and with which images: conditions in CEL over the answers and the facts.

use cel::{Context, Program, Value as CelValue};
use serde_json::Value;

use crate::RenderError;
use crate::component::ComponentSpec;

/// What conditions are about.
pub(crate) struct Conditions(Context<'static, 'static>);

impl Conditions {
    /// Without facts, `facts` is null: a condition about them then fails rather than guesses.
    pub(crate) fn about(answers: &Value, facts: &Value) -> Self {
        let mut context = Context::default();
        context.add_variable_from_value("answers", cel_value(answers));
        context.add_variable_from_value("facts", cel_value(facts));
        Self(context)
    }

    /// The component as it is installed: with the images, connections, and rights that it has then; none where `when` does not hold.
    pub(crate) fn installed(&self, spec: &ComponentSpec) -> Result<Option<ComponentSpec>, RenderError> {
        if !self.hold(spec, spec.when.as_ref())? {
            return Ok(None);
        }
        let mut spec = spec.clone();
        for (image, when) in std::mem::take(&mut spec.further_images) {
            if self.hold(&spec, Some(&when))? {
                spec.images.insert(image);
            }
        }
        for right in std::mem::take(&mut spec.rights) {
            if self.hold(&spec, right.when.as_ref())? {
                spec.rights.push(right);
            }
        }
        let mut secrets = std::mem::take(&mut spec.secrets);
        for declared in secrets.values_mut() {
            for (key, further) in std::mem::take(&mut declared.further) {
                if self.hold(&spec, further.when.as_ref())? {
                    declared.further.insert(key, further);
                }
            }
        }
        spec.secrets = secrets;
        for talk in std::mem::take(&mut spec.talks_to) {
            if self.hold(&spec, talk.when.as_ref())? {
                spec.talks_to.push(talk);
            }
        }
        Ok(Some(spec))
    }

    /// What has no condition holds.
    fn hold(&self, spec: &ComponentSpec, when: Option<&String>) -> Result<bool, RenderError> {
        let Some(expression) = when else { return Ok(true) };
        let refuse = |message: String| RenderError::Condition { component: spec.name.clone(), message };
        let program = Program::compile(expression).map_err(|error| refuse(error.to_string()))?;
        match program.execute(&self.0).map_err(|error| refuse(error.to_string()))? {
            CelValue::Bool(holds) => Ok(holds),
            other => Err(refuse(format!("it gives {:?}, not true or false", other.type_of()))),
        }
    }
}

/// JSON as CEL has it. Whole numbers become signed ones: the crate's own conversion makes positive ones unsigned, and
/// `replicas + 1` would then be an error.
fn cel_value(value: &Value) -> CelValue {
    match value {
        Value::Null => CelValue::Null,
        Value::Bool(bool) => CelValue::Bool(*bool),
        Value::Number(number) => number.as_i64().map_or_else(|| CelValue::Float(number.as_f64().unwrap_or(f64::NAN)), CelValue::Int),
        Value::String(text) => CelValue::from(text.as_str()),
        Value::Array(items) => CelValue::from(items.iter().map(cel_value).collect::<Vec<_>>()),
        Value::Object(fields) => CelValue::from(fields.iter().map(|(key, value)| (key.clone(), cel_value(value))).collect::<std::collections::HashMap<String, CelValue>>()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decide(when: &str) -> Result<bool, RenderError> {
        let text = serde_json::to_string(&json!({ "name": "a", "purpose": "b", "when": when })).unwrap();
        let spec = serde_yaml::from_str(&text).unwrap();
        Conditions::about(&json!({ "components": { "registry": { "mode": "bundled", "replicas": 1 } } }), &Value::Null).installed(&spec).map(|spec| spec.is_some())
    }

    #[test]
    fn decides_over_answers_with_whole_numbers_as_people_write_them() {
        assert!(decide("answers.components.registry.mode == 'bundled'").unwrap());
        assert!(!decide("answers.components.registry.mode == 'off'").unwrap());
        assert!(decide("answers.components.registry.replicas + 1 == 2").unwrap());
    }

    #[test]
    fn what_cannot_be_decided_is_an_error() {
        for when in ["answers.components.database.mode == 'bundled'", "answers.components", "facts.dns == 1 ||", "facts.operators.exists(o, o == 'x')"] {
            assert!(matches!(decide(when), Err(RenderError::Condition { .. })), "{when}");
        }
    }
}
