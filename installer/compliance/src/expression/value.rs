//! JSON as the language sees it. Lists and maps are shared, since a loop takes a copy of each element; whole numbers are signed, as
//! in Kubernetes: the crate's own conversion makes positive ones unsigned, and `replicas + 1` would then be an error.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use cel::ExecutionError;
use cel::common::traits::{Adder, Container, Indexer, Iterable, Sizer, Zeroer};
use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelOptional, CelString, CelUInt, Type};
use cel::common::value::{Builtin, BuiltinRef, CowVal, StaticVal, Val};
use serde_json::Value;

/// Letters that are worth one step.
const LETTERS_A_STEP: u64 = 64;

/// A list of an object.
#[derive(Clone, Debug)]
struct SharedList {
    inner: Arc<CelList<'static>>,
    parts: u64,
}

/// A map of an object.
#[derive(Clone, Debug)]
struct SharedMap {
    inner: Arc<CelMap<'static>>,
    parts: u64,
}

/// A value.
pub(super) fn of_json(value: &Value) -> Box<dyn Val> {
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(bool) => Box::new(CelBool::from(*bool)),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Box::new(CelInt::from(number)),
            (None, Some(number)) => Box::new(CelUInt::from(number)),
            (None, None) => Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        Value::String(text) => Box::new(CelString::from(text.clone())),
        Value::Array(items) => list(items.iter().map(of_json).collect()),
        Value::Object(fields) => {
            let entries: HashMap<CelMapKey<'static>, Box<dyn Val>> = fields.iter().map(|(key, value)| (CelMapKey::from(key.clone()), of_json(value))).collect();
            let parts = 1 + entries.values().map(|value| 1 + parts(value.as_ref())).sum::<u64>();
            Box::new(SharedMap { inner: Arc::new(CelMap::from(entries)), parts })
        }
    }
}

/// A list of values.
pub(super) fn list(items: Vec<Box<dyn Val>>) -> Box<dyn Val> {
    let parts = 1 + items.iter().map(|item| parts(item.as_ref())).sum::<u64>();
    Box::new(SharedList { inner: Arc::new(CelList::from(items)), parts })
}

/// What a copy of a value costs, in steps.
pub(super) fn weight(value: &dyn Val) -> u64 {
    if value.downcast_ref::<SharedList>().is_some() || value.downcast_ref::<SharedMap>().is_some() { 1 } else { of_parts(value, weight) }
}

/// What it costs to look at all of a value.
pub(super) fn parts(value: &dyn Val) -> u64 {
    let shared = value.downcast_ref::<SharedList>().map(|list| list.parts).or_else(|| value.downcast_ref::<SharedMap>().map(|map| map.parts));
    shared.unwrap_or_else(|| of_parts(value, parts))
}

/// What it costs to look at a value without what is in it: its length.
pub(super) fn length(value: &dyn Val) -> u64 {
    value.as_sizer().map_or_else(|| letters(value), |sizer| u64::try_from(*sizer.size().inner()).unwrap_or_default())
}

/// What copies of all elements of a list, or of all keys of a map, cost.
pub(super) fn weight_of_elements(range: &dyn Val) -> u64 {
    let Some(range) = range.as_iterable() else { return 0 };
    let mut elements = range.iter();
    let mut sum = 0;
    while let Some(element) = elements.next() {
        sum += weight(element);
    }
    sum
}

/// What so many letters are worth.
pub(super) const fn steps_of_letters(letters: usize) -> u64 {
    1 + letters as u64 / LETTERS_A_STEP
}

fn of_parts(value: &dyn Val, of: fn(&dyn Val) -> u64) -> u64 {
    if let Some(list) = value.downcast_ref::<CelList<'_>>() {
        1 + list.inner().iter().map(|item| of(item.as_ref())).sum::<u64>()
    } else if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        1 + map.inner().iter().map(|(key, value)| of(key.inner()) + of(value.as_ref())).sum::<u64>()
    } else if let Some(optional) = value.downcast_ref::<CelOptional<'_>>() {
        1 + optional.inner().map_or(0, of)
    } else {
        letters(value)
    }
}

fn letters(value: &dyn Val) -> u64 {
    steps_of_letters(value.downcast_ref::<CelString<'_>>().map_or(0, |text| text.inner().len()))
}

/// A shared value does what the value of the crate does. It says that it is one (`as_builtin`), so that `==` holds from both sides.
macro_rules! shared {
    ($shared:ident, $inner:ident, $builtin:ident) => {
        impl Val for $shared {
            fn get_type(&self) -> &Type {
                <Self as Val>::cel_type()
            }

            fn cel_type() -> &'static Type {
                <$inner<'static> as Val>::cel_type()
            }

            fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
            where
                Self: 'v,
            {
                self.inner.as_adder()
            }

            fn as_container(&self) -> Option<&dyn Container> {
                self.inner.as_container()
            }

            fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
            where
                Self: 'v,
            {
                self.inner.as_indexer()
            }

            fn into_indexer<'v>(self: Box<Self>) -> Option<Box<dyn Indexer + 'v>>
            where
                Self: 'v,
            {
                Some(self)
            }

            fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
            where
                Self: 'v,
            {
                self.inner.as_iterable()
            }

            fn as_sizer(&self) -> Option<&dyn Sizer> {
                self.inner.as_sizer()
            }

            fn as_zeroer(&self) -> Option<&dyn Zeroer> {
                self.inner.as_zeroer()
            }

            fn equals(&self, other: &dyn Val) -> bool {
                self.inner.equals(other)
            }

            fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
                Box::new(self.clone())
            }

            fn as_any(&self) -> Option<&dyn Any> {
                Some(self)
            }

            fn as_builtin<'b, 'v>(&'b self) -> BuiltinRef<'b, 'v>
            where
                Self: 'v,
            {
                BuiltinRef::$builtin(&self.inner)
            }

            fn into_builtin<'v>(self: Box<Self>) -> Option<Builtin<'v>>
            where
                Self: 'v,
            {
                Some(Builtin::$builtin((*self.inner).clone()))
            }
        }

        impl StaticVal for $shared {}

        impl Indexer for $shared {
            fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
            where
                Self: 'v,
            {
                self.inner.get(key)
            }

            fn steal<'v>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
            where
                Self: 'v,
            {
                Indexer::get(self.inner.as_ref(), key).map(CowVal::into_owned)
            }
        }
    };
}

shared!(SharedList, CelList, List);
shared!(SharedMap, CelMap, Map);
