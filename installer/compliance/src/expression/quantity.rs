//! Quantities: amounts as Kubernetes writes them (`apimachinery/pkg/api/resource`, `Quantity`; functions as in "Kubernetes quantity
//! library", Kubernetes 1.29).

use std::any::Any;
use std::cmp::Ordering;

use cel::common::types::{CelBool, CelDouble, CelInt, CelString, Type};
use cel::common::value::{StaticVal, Val};
use cel::{DeclarationError, Env, ExecutionError, add_member_overload, add_overload};

use super::library::refused;

static TYPE: Type = Type::new_unspecified_type("kubernetes.Quantity");

/// A unit has so many of the smallest parts that there are.
const PARTS: i128 = 1_000_000_000;
/// What is larger is taken for this (`maxAllowed`).
const LARGEST: i128 = i64::MAX as i128 * PARTS;

/// An amount, in thousand-millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quantity(i128);

impl Val for Quantity {
    fn get_type(&self) -> &Type {
        &TYPE
    }

    fn cel_type() -> &'static Type {
        &TYPE
    }

    fn equals(&self, other: &dyn Val) -> bool {
        other.downcast_ref::<Self>() == Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(*self)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Quantity {}

impl Quantity {
    /// Reads one; what is finer than a thousand-millionth is rounded away from zero.
    fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = text.strip_prefix('-').map_or_else(|| (false, text.strip_prefix('+').unwrap_or(text)), |rest| (true, rest));
        let end = unsigned.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || whole.len() + fraction.len() > 24 {
            return None;
        }
        let digits: i128 = format!("0{whole}{fraction}").parse().ok()?;
        let (binary, decimal) = scale(suffix)?;
        let exponent = decimal + 9 - i32::try_from(fraction.len()).ok()?;
        let parts = if exponent >= 0 {
            // Too much for the type is more than the most that there is.
            10i128.checked_pow(exponent.unsigned_abs()).and_then(|scale| digits.checked_mul(scale)).and_then(|parts| parts.checked_mul(1 << binary)).unwrap_or(if digits == 0 { 0 } else { LARGEST })
        } else {
            let scaled = digits.checked_mul(1 << binary)?;
            10i128.checked_pow(exponent.unsigned_abs()).map_or(i128::from(scaled > 0), |scale| scaled / scale + i128::from(scaled % scale > 0))
        };
        let parts = parts.min(LARGEST);
        Some(Self(if negative { -parts } else { parts }))
    }

    fn integer(self) -> Option<i64> {
        (self.0 % PARTS == 0).then_some(self.0 / PARTS).and_then(|whole| i64::try_from(whole).ok())
    }
}

/// Powers of two and of ten that a suffix stands for.
fn scale(suffix: &str) -> Option<(u32, i32)> {
    const SUFFIXES: [(&str, u32, i32); 16] = [
        ("", 0, 0),
        ("n", 0, -9),
        ("u", 0, -6),
        ("m", 0, -3),
        ("k", 0, 3),
        ("M", 0, 6),
        ("G", 0, 9),
        ("T", 0, 12),
        ("P", 0, 15),
        ("E", 0, 18),
        ("Ki", 10, 0),
        ("Mi", 20, 0),
        ("Gi", 30, 0),
        ("Ti", 40, 0),
        ("Pi", 50, 0),
        ("Ei", 60, 0),
    ];
    if let Some((_, binary, decimal)) = SUFFIXES.iter().find(|(name, ..)| *name == suffix) {
        return Some((*binary, *decimal));
    }
    let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    (exponent.abs() <= 30).then_some((0, exponent))
}

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_type(TYPE.to_owned())?;
    add_overload!(env, fn quantity: (CelString<'_>) -> Result<Quantity>)?;
    add_overload!(env, fn is_quantity: (CelString<'_>) -> CelBool)?;
    add_member_overload!(env, fn is_integer: (Quantity) -> CelBool)?;
    add_member_overload!(env, fn as_integer: (Quantity) -> Result<CelInt>)?;
    add_member_overload!(env, fn as_approximate_float: (Quantity) -> CelDouble)?;
    add_member_overload!(env, fn sign: (Quantity) -> CelInt)?;
    add_member_overload!(env, fn is_greater_than: (Quantity, Quantity) -> CelBool)?;
    add_member_overload!(env, fn is_less_than: (Quantity, Quantity) -> CelBool)?;
    add_member_overload!(env, fn compare_to: (Quantity, Quantity) -> CelInt)?;
    add_member_overload!(env, fn add: (Quantity, Quantity) -> Result<Quantity>)?;
    add_member_overload!(env, fn add_integer: (Quantity, CelInt) -> Result<Quantity>, name = "add")?;
    add_member_overload!(env, fn sub: (Quantity, Quantity) -> Result<Quantity>)?;
    add_member_overload!(env, fn sub_integer: (Quantity, CelInt) -> Result<Quantity>, name = "sub")?;
    Ok(())
}

fn quantity(text: &CelString<'_>) -> Result<Quantity, ExecutionError> {
    Quantity::parse(text.inner()).ok_or_else(|| refused("quantity", "the text is no quantity"))
}

fn is_quantity(text: &CelString<'_>) -> CelBool {
    Quantity::parse(text.inner()).is_some().into()
}

fn is_integer(quantity: &Quantity) -> CelBool {
    quantity.integer().is_some().into()
}

fn as_integer(quantity: &Quantity) -> Result<CelInt, ExecutionError> {
    quantity.integer().map(CelInt::from).ok_or_else(|| refused("asInteger", "the quantity is no whole number"))
}

#[expect(clippy::cast_precision_loss, reason = "it is called approximate")]
fn as_approximate_float(quantity: &Quantity) -> CelDouble {
    (quantity.0 as f64 / PARTS as f64).into()
}

fn sign(quantity: &Quantity) -> CelInt {
    (quantity.0.signum() as i64).into()
}

fn is_greater_than(quantity: &Quantity, other: &Quantity) -> CelBool {
    (quantity > other).into()
}

fn is_less_than(quantity: &Quantity, other: &Quantity) -> CelBool {
    (quantity < other).into()
}

fn compare_to(quantity: &Quantity, other: &Quantity) -> CelInt {
    match quantity.cmp(other) {
        Ordering::Less => (-1).into(),
        Ordering::Equal => 0.into(),
        Ordering::Greater => 1.into(),
    }
}

fn sum(function: &str, one: i128, other: i128) -> Result<Quantity, ExecutionError> {
    one.checked_add(other).filter(|sum| sum.abs() <= LARGEST).map(Quantity).ok_or_else(|| refused(function, "the quantity gets too large"))
}

fn add(quantity: &Quantity, other: &Quantity) -> Result<Quantity, ExecutionError> {
    sum("add", quantity.0, other.0)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "functions of the language are given references")]
fn add_integer(quantity: &Quantity, other: &CelInt) -> Result<Quantity, ExecutionError> {
    sum("add", quantity.0, i128::from(*other.inner()) * PARTS)
}

fn sub(quantity: &Quantity, other: &Quantity) -> Result<Quantity, ExecutionError> {
    sum("sub", quantity.0, -other.0)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "functions of the language are given references")]
fn sub_integer(quantity: &Quantity, other: &CelInt) -> Result<Quantity, ExecutionError> {
    sum("sub", quantity.0, -i128::from(*other.inner()) * PARTS)
}
