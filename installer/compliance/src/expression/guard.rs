//! What of an expression cannot be meant: names and functions that nobody knows, too much within one another, values to be made of
//! types that there are none of. An expression of the language has no types before it is evaluated; all else is found here.

use std::collections::BTreeSet;

use cel::ParseErrors;
use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use super::library::{FUNCTIONS, NAMESPACES, TYPES};
use super::{DEEPEST, ExpressionFault, Scope};
use crate::profile::nearest;

/// Operators, which are calls in the tree.
const OPERATORS: [&str; 22] = [
    operators::ADD,
    operators::CONDITIONAL,
    operators::DIVIDE,
    operators::EQUALS,
    operators::GREATER,
    operators::GREATER_EQUALS,
    operators::IN,
    operators::INDEX,
    operators::LESS,
    operators::LESS_EQUALS,
    operators::LOGICAL_AND,
    operators::LOGICAL_NOT,
    operators::LOGICAL_OR,
    operators::MODULO,
    operators::MULTIPLY,
    operators::NEGATE,
    operators::NOT_EQUALS,
    operators::NOT_STRICTLY_FALSE,
    operators::OPT_INDEX,
    operators::OPT_SELECT,
    operators::SUBSTRACT,
    // Written by the macro `sortBy`.
    "@sortByAssociatedKeys",
];

/// Words that the language keeps for itself (cel-spec, `RESERVED`).
const RESERVED: [&str; 21] =
    ["as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop", "namespace", "null", "package", "return", "true", "var", "void", "while"];

/// Whether a word means something wherever it stands.
pub(super) fn has_meaning(name: &str) -> bool {
    RESERVED.contains(&name) || TYPES.contains(&name) || NAMESPACES.contains(&name)
}

/// The type that a tree comes to, where its root says so.
pub(super) fn comes_to(tree: &IdedExpr) -> Option<&'static str> {
    match &tree.expr {
        Expr::Literal(LiteralValue::Boolean(_)) => Some("bool"),
        Expr::Literal(LiteralValue::String(_)) => Some("string"),
        Expr::Literal(LiteralValue::Null) => Some("null"),
        Expr::Literal(LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_)) => Some("number"),
        Expr::List(_) => Some("list"),
        Expr::Map(_) => Some("map"),
        Expr::Select(select) if select.test => Some("bool"),
        Expr::Call(call) => match call.func_name.as_str() {
            operators::EQUALS
            | operators::NOT_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS
            | operators::LESS
            | operators::LESS_EQUALS
            | operators::IN
            | operators::LOGICAL_AND
            | operators::LOGICAL_OR
            | operators::LOGICAL_NOT => Some("bool"),
            operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO | operators::NEGATE | "size" | "indexOf" | "lastIndexOf" => Some("number"),
            "string" | "format" | "lowerAscii" | "upperAscii" | "trim" => Some("string"),
            "split" => Some("list"),
            _ => None,
        },
        _ => None,
    }
}

/// Which node of the tree, and what is wrong with it.
type Fault = (u64, String);

/// Line and column of a character of the text, both from 1.
pub(super) fn place(text: &str, offset: usize) -> (u32, u32) {
    let before: String = text.chars().take(offset).collect();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count());
    (number(before.matches('\n').count() + 1), number(column + 1))
}

fn too_deep() -> String {
    format!("it is nested too deep; at most {DEEPEST} levels are read")
}

/// The first fault of the parser.
pub(super) fn unparsed(text: &str, errors: &ParseErrors) -> ExpressionFault {
    let Some(first) = errors.errors.first() else { return ExpressionFault { line: 1, column: 1, message: "it cannot be read".to_owned() } };
    if first.msg.contains("Recursion limit") || first.msg == "UNKNOWN" {
        return ExpressionFault { line: 1, column: 1, message: too_deep() };
    }
    // What else could stand there is a list of all that the language has.
    let what = first.msg.split(" expecting ").next().unwrap_or_default();
    let number = |position: isize| u32::try_from(position.max(1)).unwrap_or(1);
    let (lines, (line, column)) = (text.lines().count().max(1), (number(first.pos.0), number(first.pos.1)));
    ExpressionFault { line: line.min(u32::try_from(lines).unwrap_or(u32::MAX)), column, message: format!("it is no CEL: {what}") }
}

/// The steps of a tree without its loops, and the variables that it names.
pub(super) fn look(tree: &IdedExpr, scope: &Scope) -> Result<(u64, BTreeSet<String>), Fault> {
    let mut look = Look { scope, bound: Vec::new(), steps: 0, names: BTreeSet::new() };
    look.at(tree, 1)?;
    Ok((look.steps, look.names))
}

struct Look<'s> {
    scope: &'s Scope,
    /// Names that loops around give to their elements.
    bound: Vec<String>,
    steps: u64,
    names: BTreeSet<String>,
}

impl Look<'_> {
    fn at(&mut self, node: &IdedExpr, depth: usize) -> Result<(), Fault> {
        if depth > DEEPEST {
            return Err((node.id, too_deep()));
        }
        self.steps += 1;
        let below = depth + 1;
        match &node.expr {
            Expr::Unspecified => Err((node.id, "it cannot be read".to_owned())),
            Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.name(node.id, name),
            Expr::Select(select) => match self.prefix(&select.operand) {
                Some(prefix) if select.test => Err((select.operand.id, format!("`{prefix}.{}` always has a value: has() says nothing", select.field))),
                Some(prefix) => self.below_prefix(select.operand.id, prefix, &select.field),
                None => self.at(&select.operand, below),
            },
            Expr::Call(call) => {
                let namespace = call.target.as_deref().and_then(|target| self.namespace(target));
                function(node.id, namespace, &call.func_name)?;
                let target = call.target.as_deref().filter(|_| namespace.is_none());
                target.into_iter().chain(&call.args).try_for_each(|argument| self.at(argument, below))
            }
            Expr::Comprehension(comprehension) => self.comprehension(node.id, comprehension, below),
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.at(element, below)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => self.at(&entry.key, below).and_then(|()| self.at(&entry.value, below)),
                EntryExpr::StructField(_) => Err((node.id, "it cannot be read".to_owned())),
            }),
            Expr::Struct(made) => Err((node.id, format!("there is no type `{}` to be made", made.type_name))),
        }
    }

    fn comprehension(&mut self, id: u64, comprehension: &ComprehensionExpr, below: usize) -> Result<(), Fault> {
        self.at(&comprehension.iter_range, below)?;
        self.at(&comprehension.accu_init, below)?;
        for name in std::iter::once(&comprehension.iter_var).chain(&comprehension.iter_var2) {
            if self.scope.names.contains(name) || self.scope.prefixed.contains_key(name.as_str()) {
                return Err((id, format!("`{name}` has a meaning already; give the element another name")));
            }
        }
        let outside = self.bound.len();
        self.bound.extend([comprehension.iter_var.clone(), comprehension.accu_var.clone()]);
        self.bound.extend(comprehension.iter_var2.clone());
        let inside = [&comprehension.loop_cond, &comprehension.loop_step, &comprehension.result].into_iter().try_for_each(|part| self.at(part, below));
        self.bound.truncate(outside);
        inside
    }

    fn is_bound(&self, name: &str) -> bool {
        self.bound.iter().any(|bound| bound == name)
    }

    /// `variables` or `params`, where it stands before a dot.
    fn prefix(&self, operand: &IdedExpr) -> Option<&'static str> {
        match &operand.expr {
            Expr::Ident(name) if !self.is_bound(name) => self.scope.prefixed.keys().find(|prefix| *prefix == name).copied(),
            _ => None,
        }
    }

    fn below_prefix(&mut self, id: u64, prefix: &str, name: &str) -> Result<(), Fault> {
        let known = self.scope.prefixed.get(prefix).into_iter().flatten();
        if known.clone().any(|known| known == name) {
            self.names.insert(format!("{prefix}.{name}"));
            return Ok(());
        }
        let meant = nearest(name, known.map(String::as_str)).map(|name| format!("; did you mean `{prefix}.{name}`?")).unwrap_or_default();
        Err((id, format!("`{prefix}.{name}` is not known here{meant}")))
    }

    fn name(&self, id: u64, name: &str) -> Result<(), Fault> {
        if self.is_bound(name) || self.scope.names.contains(name) || TYPES.contains(&name) {
            return Ok(());
        }
        if let Some(prefix) = self.scope.prefixed.keys().find(|prefix| *prefix == &name) {
            return Err((id, format!("`{prefix}` is no value: name one below it, as in `{prefix}.NAME`")));
        }
        let known = self.scope.names.iter().chain(&self.bound).map(String::as_str).filter(|known| !known.starts_with(['@', '#'])).chain(self.scope.prefixed.keys().copied());
        let meant = nearest(name, known).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        Err((id, format!("`{name}` is not known here{meant}")))
    }

    /// The namespace of a function, as in `optional.of`.
    fn namespace<'n>(&self, target: &'n IdedExpr) -> Option<&'n str> {
        match &target.expr {
            Expr::Ident(name) if !self.is_bound(name) && !self.scope.names.contains(name) && NAMESPACES.contains(&name.as_str()) => Some(name),
            _ => None,
        }
    }
}

fn function(id: u64, namespace: Option<&str>, name: &str) -> Result<(), Fault> {
    let full = namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}.{name}"));
    if FUNCTIONS.contains(&full.as_str()) || namespace.is_none() && OPERATORS.contains(&name) {
        return Ok(());
    }
    let meant = nearest(&full, FUNCTIONS.into_iter()).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    Err((id, format!("there is no function `{full}`{meant}")))
}
