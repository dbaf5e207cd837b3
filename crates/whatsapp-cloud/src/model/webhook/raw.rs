//! JSON that is looked at one level at a time, so that what cannot be read stays where it is.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

use super::member::Member;

/// The members of an object, their values unread. Skipping a value takes no recursion, however deep it is.
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The members of `json`, where it is an object.
    pub(super) fn of(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// The value of a member; the last one, where the name is repeated.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let mut members = self.0.iter().rev();
        members.find(|(key, _)| key == name).map(|(_, raw)| *raw)
    }

    /// The elements of a member, where it is a list.
    pub(super) fn list(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        elements(self.get(name)?)
    }

    /// A member as `T`, where it fits.
    pub(super) fn read<T: Member>(&self, name: &str) -> Option<T> {
        read(self.get(name)?)
    }

    /// Every member.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, raw)| (name.as_ref(), *raw))
    }
}

/// The elements of a list; `None` for anything else.
pub(super) fn elements(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

/// The value as `T`, where it fits.
pub(super) fn read<T: Member>(raw: &RawValue) -> Option<T> {
    value(raw).ok().filter(T::fits).and_then(T::read)
}

/// The value; as text where it is no value that can be held: nested too deeply, a number beyond all bounds, half a character.
pub(super) fn value(raw: &RawValue) -> Result<Value, Value> {
    serde_json::from_str(raw.get()).map_err(|_| Value::String(raw.get().to_owned()))
}

/// The value, readable or not.
pub(super) fn kept(raw: &RawValue) -> Value {
    value(raw).unwrap_or_else(|text| text)
}

/// These members as one object.
pub(super) fn object<'a>(members: impl Iterator<Item = (&'a str, &'a RawValue)>) -> Map<String, Value> {
    members.map(|(name, raw)| (name.to_owned(), kept(raw))).collect()
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

/// A name, borrowed unless it is written with escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
