//! Parameters taken one by one, so that what nobody takes is kept.

use serde_json::Value;
use twilio_core::model::Date;

use super::Extra;
use crate::model::{
    call::{AnsweredBy, CallStatus, Direction},
    recording::{RecordingSource, RecordingStatus, RecordingTrack},
};

/// The parameters that were not taken yet.
#[derive(Clone, Default)]
pub(crate) struct Rest(Vec<(String, String)>);

impl Rest {
    pub(crate) fn new<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(parameters.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Whether it came, blank or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| other == name)
    }

    /// Its value, where it came once and is not blank.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(other, _)| other == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) if !value.is_empty() => Some(value),
            _ => None,
        }
    }

    /// Takes it; leaves it where it cannot be read without loss.
    pub(super) fn take<T: Parameter>(&mut self, name: &str) -> Option<T> {
        let value = self.text(name).and_then(T::read)?;
        self.0.retain(|(other, _)| other != name);
        Some(value)
    }

    /// What nobody took. A parameter that came several times is a list.
    pub(super) fn into_extra(self) -> Extra {
        let mut extra = Extra::new();
        for (name, value) in self.0 {
            let value = Value::String(value);
            match extra.get_mut(&name) {
                None => {
                    extra.insert(name, value);
                }
                Some(Value::Array(values)) => values.push(value),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
            }
        }
        extra
    }
}

/// A value that a parameter can hold.
pub(super) trait Parameter: Sized {
    /// `None` where the text says something else, or says it in another spelling than the value would be written in.
    fn read(text: &str) -> Option<Self>;
}

impl Parameter for String {
    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Parameter for u32 {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number: &Self| number.to_string() == text)
    }
}

impl Parameter for bool {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

macro_rules! names {
    ($($name:ty),+) => { $(
        impl Parameter for $name {
            fn read(text: &str) -> Option<Self> {
                Some(text.into())
            }
        }
    )+ };
}

names!(AnsweredBy, CallStatus, Date, Direction, RecordingSource, RecordingStatus, RecordingTrack);

/// What `Debug` may show: ids of Twilio's, numbers and names of states. Not a phone number, not what somebody said.
pub(super) trait Shown {
    fn shown(&self) -> String;
}

impl Shown for String {
    fn shown(&self) -> String {
        let is_sid = self.len() == 34
            && self.starts_with(|c: char| c.is_ascii_uppercase())
            && self.bytes().all(|b| b.is_ascii_alphanumeric());
        if is_sid { self.clone() } else { "…".to_owned() }
    }
}

macro_rules! shown {
    ($($name:ty),+) => { $(
        impl Shown for $name {
            fn shown(&self) -> String {
                self.to_string()
            }
        }
    )+ };
}

shown!(u32, bool, AnsweredBy, CallStatus, Date, Direction, RecordingSource, RecordingStatus, RecordingTrack);

/// Declares a struct of optional parameters. With `call`, it has what every webhook of a call says, and `extra`;
/// [`CallInfo`](super::CallInfo) itself is only taken.
macro_rules! fields {
    ($(#[$meta:meta])* pub struct CallInfo { $( $(#[$field_meta:meta])* $field:ident : $type:ty = $name:literal, )+ }) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, Serialize)]
        #[non_exhaustive]
        pub struct CallInfo {
            $(
                $(#[$field_meta])*
                #[serde(rename = $name, skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )+
        }

        impl CallInfo {
            /// The names of its parameters.
            const NAMES: &[&str] = &[$($name),+];

            fn take(rest: &mut Rest) -> Self {
                Self { $( $field: rest.take($name), )+ }
            }
        }

        $crate::model::webhook::fields::debug!(CallInfo { $($field),+ });
    };
    ($(#[$meta:meta])* pub struct $struct:ident { $( $(#[$field_meta:meta])* $field:ident : $type:ty = $name:literal, )+ } call) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, Serialize)]
        #[non_exhaustive]
        pub struct $struct {
            /// What every webhook of a call says of it.
            #[serde(flatten)]
            pub call: CallInfo,
            $(
                $(#[$field_meta])*
                #[serde(rename = $name, skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )+
            /// Everything else that came.
            #[serde(flatten)]
            pub extra: Extra,
        }

        impl $struct {
            fn read(mut rest: Rest) -> Self {
                Self { call: CallInfo::take(&mut rest), $( $field: rest.take($name), )+ extra: rest.into_extra() }
            }
        }

        $crate::model::webhook::fields::debug!($struct { $($field),+ } call);
    };
    ($(#[$meta:meta])* pub struct $struct:ident { $( $(#[$field_meta:meta])* $field:ident : $type:ty = $name:literal, )+ }) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, Serialize)]
        #[non_exhaustive]
        pub struct $struct {
            $(
                $(#[$field_meta])*
                #[serde(rename = $name, skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )+
            /// Everything else that came.
            #[serde(flatten)]
            pub extra: Extra,
        }

        impl $struct {
            fn read(mut rest: Rest) -> Self {
                Self { $( $field: rest.take($name), )+ extra: rest.into_extra() }
            }
        }

        $crate::model::webhook::fields::debug!($struct { $($field),+ });
    };
}

macro_rules! debug {
    ($struct:ident { $($field:ident),+ } $($call:ident)?) => {
        impl fmt::Debug for $struct {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                use $crate::model::webhook::fields::Shown;
                let mut shown = f.debug_struct(stringify!($struct));
                $( shown.field(stringify!($call), &self.$call); )?
                $(
                    if let Some(value) = &self.$field {
                        shown.field(stringify!($field), &format_args!("{}", value.shown()));
                    }
                )+
                shown.finish_non_exhaustive()
            }
        }
    };
}

pub(super) use {debug, fields};
