//! How a member of a JSON object becomes a field: what does not fit stays where it was, so that nothing is lost.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::model::error_object::ErrorObject;

/// A type that a JSON value can be taken as.
pub(super) trait Member: Sized {
    /// Whether [`read`](Self::read) succeeds.
    fn fits(value: &Value) -> bool;

    /// Takes the value; `None` only where it does not fit.
    fn read(value: Value) -> Option<Self>;
}

/// Moves the member `name` out of `map` where it fits; else it stays inside.
pub(super) fn take<T: Member>(map: &mut Map<String, Value>, name: &str) -> Option<T> {
    if map.get(name).is_some_and(T::fits) { map.remove(name).and_then(T::read) } else { None }
}

/// Text; a number is taken as its digits, since Meta writes ids, quantities and prices either way.
impl Member for String {
    fn fits(value: &Value) -> bool {
        value.is_string() || value.is_number()
    }

    fn read(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl Member for bool {
    fn fits(value: &Value) -> bool {
        value.is_boolean()
    }

    fn read(value: Value) -> Option<Self> {
        value.as_bool()
    }
}

/// A number, also one that is written as text.
impl Member for f64 {
    fn fits(value: &Value) -> bool {
        number(value).is_some()
    }

    fn read(value: Value) -> Option<Self> {
        number(&value)
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
        other => other.as_f64(),
    }
}

impl Member for Value {
    fn fits(value: &Value) -> bool {
        !value.is_null()
    }

    fn read(value: Value) -> Option<Self> {
        Some(value)
    }
}

impl<T: Member> Member for Vec<T> {
    fn fits(value: &Value) -> bool {
        value.as_array().is_some_and(|items| items.iter().all(T::fits))
    }

    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Array(items) => items.into_iter().map(T::read).collect(),
            _ => None,
        }
    }
}

impl Member for ErrorObject {
    fn fits(value: &Value) -> bool {
        Self::deserialize(value).is_ok()
    }

    fn read(value: Value) -> Option<Self> {
        serde_json::from_value(value).ok()
    }
}

/// A time in whole seconds since 1970, which Meta writes as text or as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// The time in UTC.
    #[must_use]
    pub fn to_utc(self) -> OffsetDateTime {
        self.0
    }

    /// The time that a value names, where it names one.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        let seconds = match value {
            Value::String(text) => text.parse().ok()?,
            other => other.as_i64()?,
        };
        OffsetDateTime::from_unix_timestamp(seconds).ok().map(Self)
    }
}

impl Member for Timestamp {
    fn fits(value: &Value) -> bool {
        Self::of(value).is_some()
    }

    fn read(value: Value) -> Option<Self> {
        Self::of(&value)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.unix_timestamp())
    }
}

/// Declares wire types whose members are all optional: each takes the members that it knows and keeps the rest in `extra`.
macro_rules! wire {
    ($(
        $(#[$doc:meta])*
        $name:ident {
            $( $(#[$member_doc:meta])* $member:ident $(as $wire:literal)? : $kind:ty, )*
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$member_doc])*
                #[serde($(rename = $wire,)? skip_serializing_if = "Option::is_none")]
                pub $member: Option<$kind>,
            )*
            /// The members that this version does not know or could not read, as they came.
            #[serde(flatten)]
            pub extra: serde_json::Map<String, serde_json::Value>,
        }

        impl $crate::model::webhook::member::Member for $name {
            fn fits(value: &serde_json::Value) -> bool {
                value.is_object()
            }

            fn read(value: serde_json::Value) -> Option<Self> {
                match value {
                    serde_json::Value::Object(mut map) => Some(Self {
                        $( $member: $crate::model::webhook::member::take(
                            &mut map,
                            $crate::model::webhook::member::wire_name!($member $($wire)?),
                        ), )*
                        extra: map,
                    }),
                    _ => None,
                }
            }
        }
    )*};
}

/// The name on the wire: the field's own unless another is given.
macro_rules! wire_name {
    ($member:ident) => {
        stringify!($member)
    };
    ($member:ident $wire:literal) => {
        $wire
    };
}

pub(super) use {wire, wire_name};
