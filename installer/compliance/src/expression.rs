//! Expressions in CEL: their text is taken strictly, and they are evaluated within bounds. Only this module knows the crate `cel`.
//!
//! The language is that of the Common Expression Language (cel-spec) with optional values, the extensions for strings and lists, and
//! Kubernetes' `quantity`, `ip`, `cidr`, and `url` ("Common Expression Language in Kubernetes"). `guard` refuses what cannot be
//! meant, and writes a meter into what is left; `budget` counts its steps while it is evaluated; `value` hands JSON in; `library` is
//! the list of functions. Evaluating takes no clock: the same expression over the same objects always takes the same steps, so that
//! one that is too expensive is so on every machine. All of it recurses, so that whoever calls it makes room ([`with_room`]).

mod address;
mod budget;
mod guard;
mod library;
mod meter;
mod quantity;
mod value;
mod web_address;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;

use cel::common::ast::IdedExpr;
use cel::common::types::{CelBool, CelString};
use cel::common::value::Val;
use cel::{Context, ExecutionError, Value as CelValue};
use serde_json::Value;

/// Characters of an expression, at most.
pub(crate) const LONGEST: usize = 4096;
/// Bytes of stack for what reads and evaluates by recursion. The deepest expression takes a small part of it.
const ROOM: usize = 32 * 1024 * 1024;
/// Expressions within one another, at most: an operator, a call, a field, each is one.
pub(crate) const DEEPEST: usize = 32;

/// An expression that is understood, and whose every name is known.
#[derive(Debug)]
pub(crate) struct Expression {
    tree: IdedExpr,
    /// What it takes to evaluate it once, without what its loops take.
    steps: u64,
    /// Variables that it names.
    names: BTreeSet<String>,
}

/// What names an expression may use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// Bound as they are: `object`, the names of inputs.
    pub(crate) names: BTreeSet<String>,
    /// Bound below a prefix: `variables`, `params`.
    pub(crate) prefixed: BTreeMap<&'static str, BTreeSet<String>>,
}

/// Why an expression is not understood, and where in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExpressionFault {
    /// From 1.
    pub(crate) line: u32,
    /// From 1, in characters.
    pub(crate) column: u32,
    pub(crate) message: String,
}

/// Does work with expressions where the deepest of them has room. An error says why there is none.
pub(crate) fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(ROOM).spawn_scoped(scope, work).map_err(|error| format!("no thread can be started: {error}"))?;
        Ok(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Whether expressions can call something by this name.
pub(crate) fn is_name(name: &str) -> bool {
    let letters = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') && name.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
    letters && !name.starts_with("__") && !guard::has_meaning(name)
}

impl Expression {
    /// The type that it comes to, where its form says so and evaluating it is not needed.
    pub(crate) fn comes_to(&self) -> Option<&'static str> {
        guard::comes_to(&self.tree)
    }

    /// Understands a text.
    pub(crate) fn compile(text: &str, scope: &Scope) -> Result<Self, ExpressionFault> {
        let at_begin = |message: String| ExpressionFault { line: 1, column: 1, message };
        if text.trim().is_empty() {
            return Err(at_begin("the expression is empty".to_owned()));
        }
        if text.chars().count() > LONGEST {
            return Err(at_begin(format!("the expression has {} characters; at most {LONGEST} are read", text.chars().count())));
        }
        let (tree, source) = library::parser().parse_with_source_info(text).map_err(|errors| guard::unparsed(text, &errors))?;
        let (steps, names) = guard::look(&tree, scope).map_err(|(id, message)| {
            let (line, column) = source.offset_for(id).map_or((1, 1), |(start, _)| guard::place(text, start as usize));
            ExpressionFault { line, column, message }
        })?;
        Ok(Self { tree: meter::metered(tree), steps, names })
    }
}

/// Values that expressions see by name, and the steps that are left for them.
pub(crate) struct Bindings {
    context: Context<'static, 'static>,
    /// Why a variable has no value, by its name.
    failed: BTreeMap<String, String>,
    left: u64,
}

/// JSON as expressions see it. A copy costs nothing.
#[derive(Clone, Debug)]
pub(crate) struct Seen(Box<dyn Val>);

impl Seen {
    /// One value.
    pub(crate) fn of(value: &Value) -> Self {
        Self(value::of_json(value))
    }

    /// A list of values.
    pub(crate) fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self(value::list(items.into_iter().map(|item| item.0).collect()))
    }
}

impl Bindings {
    /// Without a name yet; `steps` is all that evaluating may take.
    pub(crate) fn new(steps: u64) -> Self {
        Self { context: Context::with_env(Arc::clone(library::environment())), failed: BTreeMap::new(), left: steps }
    }

    /// The steps that are left.
    pub(crate) const fn left(&self) -> u64 {
        self.left
    }

    /// Gives a value a name.
    pub(crate) fn bind(&mut self, name: &str, value: &Seen) {
        self.context.add_variable_as_val(name, value.0.clone());
    }

    /// Gives what an expression comes to a name. Where it comes to nothing, whoever uses the name is told why.
    pub(crate) fn define(&mut self, name: &str, expression: &Expression) {
        match self.value(expression) {
            Ok(value) => self.context.add_variable_as_val(name, value),
            Err(why) => drop(self.failed.insert(name.to_owned(), why)),
        }
    }

    /// Whether an expression holds; an error says why that cannot be said.
    pub(crate) fn holds(&mut self, expression: &Expression) -> Result<bool, String> {
        let value = self.value(expression)?;
        value.downcast_ref::<CelBool>().map(|holds| *holds.inner()).ok_or_else(|| format!("it is of type {}, not true or false", value.get_type().name()))
    }

    /// The text that an expression comes to.
    pub(crate) fn text(&mut self, expression: &Expression) -> Result<String, String> {
        let value = self.value(expression)?;
        value.downcast_ref::<CelString<'_>>().map(|text| text.inner().to_owned()).ok_or_else(|| format!("it is of type {}, not a text", value.get_type().name()))
    }

    fn value(&mut self, expression: &Expression) -> Result<Box<dyn Val>, String> {
        if let Some((name, why)) = self.failed.iter().find(|(name, _)| expression.names.contains(*name)) {
            return Err(format!("{name}: {why}"));
        }
        let context = &self.context;
        let (value, left) = budget::within(self.left, || {
            budget::charge(expression.steps)?;
            CelValue::resolve_val(&expression.tree, context).map(cel::common::value::CowVal::into_owned)
        });
        // An error within `||` and `&&` can be overruled by their other side; a spent budget cannot.
        let Some(left) = left else {
            self.left = 0;
            return Err("it takes too many steps".to_owned());
        };
        self.left = left;
        value.map_err(|error| reason(&error))
    }
}

/// Why evaluating failed, in words that repeat no value of an object.
fn reason(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("there is no `{key}`; where it may be missing write has() or `.?{key}`"),
        ExecutionError::NoSuchOverload(overload) => format!("{overload}"),
        ExecutionError::UndeclaredReference(name) => format!("`{name}` is not known"),
        ExecutionError::UnexpectedType { want, .. } => format!("a value is not of type {want}"),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "a number is divided by zero".to_owned(),
        ExecutionError::Overflow(..) => "a number gets too large".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => "a list has no element at an index".to_owned(),
        ExecutionError::DuplicateKey(_) => "a key of a map stands twice".to_owned(),
        ExecutionError::FunctionError { function, message } => format!("{function}(): {message}"),
        ExecutionError::InvalidArgumentCount { expected, actual } => format!("a function takes {expected} values, not {actual}"),
        ExecutionError::UnsupportedKeyType(_) => "a value cannot be the key of a map".to_owned(),
        ExecutionError::ValuesNotComparable(..) | ExecutionError::UnsupportedBinaryOperator(..) | ExecutionError::UnsupportedIndex(..) | ExecutionError::UnsupportedTargetType { .. } => {
            "an operator or function does not go with the types of its values".to_owned()
        }
        _ => "it cannot be evaluated".to_owned(),
    }
}

#[cfg(test)]
mod tests;
