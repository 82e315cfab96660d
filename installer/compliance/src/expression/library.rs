//! The functions of the language, and those that a meter is made of (their names begin with `@`, which no text can write).
//!
//! What grows faster than what it is given (`replace`, `join`) is our own, since it must be paid for before it is done. `matches` is
//! ours too: the crate's would compile patterns of any size. `lists.range` is left out, as is what Kubernetes does not have.

use std::sync::{Arc, LazyLock};

use cel::common::types::{CelBool, CelInt, CelList, CelMap, CelString, DYN_TYPE, INT_TYPE, LIST_TYPE, STRING_TYPE};
use cel::common::value::{CowVal, Val};
use cel::extensions::{lists, strings};
use cel::parser::Parser;
use cel::{DeclarationError, Env, ExecutionError, add_member_overload, add_overload};
use regex::RegexBuilder;

use super::{DEEPEST, address, budget, quantity, value, web_address};

/// Before a loop: its elements, by what a turn takes.
pub(super) const EACH: &str = "@each";
/// Before a value is handed on: what a copy costs.
pub(super) const HELD: &str = "@held";
/// Before a value is compared: all of it.
pub(super) const LOOKED_AT: &str = "@lookedAt";
/// Before every element is compared with every other one.
pub(super) const SQUARED: &str = "@squared";
/// `replace`, paid for before.
pub(super) const REPLACE: &str = "@replace";
/// `join`, paid for before.
pub(super) const JOIN: &str = "@join";

/// What stands before the dot of a function's name.
pub(super) const NAMESPACES: [&str; 3] = ["ip", "optional", "strings"];

/// What `type(x)` can be compared with.
pub(super) const TYPES: [&str; 11] = ["bool", "bytes", "double", "int", "list", "map", "null_type", "optional_type", "string", "type", "uint"];

/// Every function that a text can call.
pub(super) const FUNCTIONS: [&str; 78] = [
    "add",
    "asApproximateFloat",
    "asInteger",
    "bool",
    "bytes",
    "charAt",
    "cidr",
    "compareTo",
    "contains",
    "containsCIDR",
    "containsIP",
    "distinct",
    "double",
    "dyn",
    "endsWith",
    "family",
    "flatten",
    "format",
    "getEscapedPath",
    "getHost",
    "getHostname",
    "getPort",
    "getQuery",
    "getScheme",
    "hasValue",
    "indexOf",
    "int",
    "ip",
    "ip.isCanonical",
    "isCIDR",
    "isGlobalUnicast",
    "isGreaterThan",
    "isIP",
    "isInteger",
    "isLessThan",
    "isLinkLocalMulticast",
    "isLinkLocalUnicast",
    "isLoopback",
    "isQuantity",
    "isURL",
    "isUnspecified",
    "join",
    "lastIndexOf",
    "lowerAscii",
    "masked",
    "matches",
    "optional.none",
    "optional.of",
    "optional.ofNonZeroValue",
    "or",
    "orValue",
    "prefixLength",
    "quantity",
    "replace",
    "reverse",
    "sign",
    "size",
    "slice",
    "sort",
    "split",
    "startsWith",
    "string",
    "strings.quote",
    "sub",
    "substring",
    "trim",
    "type",
    "uint",
    "upperAscii",
    "url",
    "value",
    // Macros: where they are written as they must be they are no calls any more.
    "all",
    "exists",
    "exists_one",
    "filter",
    "has",
    "map",
    "sortBy",
];

/// Bytes of a compiled pattern, at most.
const LARGEST_PATTERN: usize = 256 * 1024;
/// Steps that compiling a pattern takes, beside its letters.
const PATTERN: u64 = 100;

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(declared().expect("each function is declared once")));

/// All of them.
pub(super) fn environment() -> &'static Arc<Env> {
    &ENVIRONMENT
}

/// Reads a text by their macros.
pub(super) fn parser() -> Parser {
    ENVIRONMENT.parser().max_recursion_depth(u16::try_from(DEEPEST).unwrap_or(u16::MAX))
}

fn declared() -> Result<Env, DeclarationError> {
    let mut env = Env::stdlib();
    strings(&mut env)?;
    lists(&mut env)?;
    env.add_overload(EACH, EACH, vec![DYN_TYPE, INT_TYPE], each)?;
    env.add_overload(HELD, HELD, vec![DYN_TYPE], |arguments| paid(arguments, value::weight))?;
    env.add_overload(LOOKED_AT, LOOKED_AT, vec![DYN_TYPE], |arguments| paid(arguments, value::parts))?;
    env.add_overload(SQUARED, SQUARED, vec![DYN_TYPE], |arguments| paid(arguments, |list| value::length(list).saturating_mul(value::parts(list))))?;
    add_member_overload!(env, fn replace: (CelString<'_>, CelString<'_>, CelString<'_>) -> Result<CelString<'_>>, name = "@replace")?;
    add_member_overload!(env, fn replace_some: (CelString<'_>, CelString<'_>, CelString<'_>, CelInt) -> Result<CelString<'_>>, name = "@replace")?;
    env.add_member_overload(JOIN, "@join()", LIST_TYPE, vec![], join)?;
    env.add_member_overload(JOIN, "@join(string)", LIST_TYPE, vec![STRING_TYPE], join)?;
    add_member_overload!(env, fn matches: (CelString<'_>, CelString<'_>) -> Result<CelBool>)?;
    add_overload!(env, fn matches: (CelString<'_>, CelString<'_>) -> Result<CelBool>)?;
    quantity::declare(&mut env)?;
    address::declare(&mut env)?;
    web_address::declare(&mut env)?;
    Ok(env)
}

/// An error of a function.
pub(super) fn refused(function: &str, why: &str) -> ExecutionError {
    ExecutionError::function_error(function, why)
}

/// The value as it is, once it is paid for.
fn paid<'b, 'v>(mut arguments: Vec<CowVal<'b, 'v>>, steps: fn(&dyn Val) -> u64) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value = arguments.pop().ok_or_else(ExecutionError::missing_argument_or_target)?;
    budget::charge(steps(value.as_ref()))?;
    Ok(value)
}

/// A list as it is, and of a map its keys in their order: they would come in another one each time.
fn each<'b, 'v>(mut arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let turn = arguments.pop().and_then(|turn| turn.downcast_ref::<CelInt>().and_then(|turn| u64::try_from(*turn.inner()).ok())).unwrap_or(u64::MAX);
    let range = arguments.pop().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let of_elements = if range.as_iterable().is_some() { value::weight_of_elements(range.as_ref()) } else { 0 };
    budget::charge(value::length(range.as_ref()).saturating_mul(turn).saturating_add(of_elements))?;
    let Some(map) = range.downcast_ref::<CelMap<'_>>() else { return Ok(range) };
    let mut keys: Vec<_> = map.inner().keys().cloned().collect();
    keys.sort();
    Ok(CowVal::owned(CelList::from(keys.into_iter().map(|key| key.inner().clone_as_boxed()).collect::<Vec<_>>())))
}

/// Takes the steps that a text of this length is worth, before there is one.
fn charge_letters(letters: usize) -> Result<(), ExecutionError> {
    budget::charge(value::steps_of_letters(letters))
}

fn replace(text: &CelString<'_>, from: &CelString<'_>, to: &CelString<'_>) -> Result<CelString<'static>, ExecutionError> {
    replaced(text.inner(), from.inner(), to.inner(), usize::MAX)
}

/// The first so many; a negative number: all (cel-go, `ext.Strings`).
#[expect(clippy::trivially_copy_pass_by_ref, reason = "functions of the language are given references")]
fn replace_some(text: &CelString<'_>, from: &CelString<'_>, to: &CelString<'_>, most: &CelInt) -> Result<CelString<'static>, ExecutionError> {
    replaced(text.inner(), from.inner(), to.inner(), usize::try_from(*most.inner()).unwrap_or(usize::MAX))
}

fn replaced(text: &str, from: &str, to: &str, most: usize) -> Result<CelString<'static>, ExecutionError> {
    let found = text.matches(from).count().min(most);
    charge_letters(found.saturating_mul(to.len()).saturating_add(text.len()))?;
    Ok(text.replacen(from, to, found).into())
}

#[expect(clippy::needless_pass_by_value, reason = "functions of the language are given their values")]
fn join<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let between = arguments.get(1).and_then(|between| between.downcast_ref::<CelString<'_>>()).map_or("", |between| between.inner());
    let list = arguments.first().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let mut items = list.as_iterable().ok_or_else(|| refused("join", "it is no list"))?.iter();
    let mut joined = String::new();
    let mut is_first = true;
    while let Some(item) = items.next() {
        let item = item.downcast_ref::<CelString<'_>>().ok_or_else(|| refused("join", "an element is no text"))?.inner();
        charge_letters(between.len() + item.len())?;
        if !std::mem::take(&mut is_first) {
            joined.push_str(between);
        }
        joined.push_str(item);
    }
    Ok(CowVal::owned(CelString::from(joined)))
}

fn matches(text: &CelString<'_>, pattern: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    budget::charge(PATTERN)?;
    charge_letters(text.inner().len() + 16 * pattern.inner().len())?;
    let pattern = RegexBuilder::new(pattern.inner()).size_limit(LARGEST_PATTERN).dfa_size_limit(LARGEST_PATTERN).nest_limit(64).build();
    let pattern = pattern.map_err(|error| refused("matches", &format!("the pattern cannot be used: {}", error.to_string().lines().last().unwrap_or_default())))?;
    Ok(pattern.is_match(text.inner()).into())
}
