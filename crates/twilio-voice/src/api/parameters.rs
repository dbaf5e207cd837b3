//! Parameters of a request as typed builders, so that a name is written once.

use comms_http::{Error, ExposeSecret, Result, Secret};
use time::{Date, OffsetDateTime, UtcOffset};
use twilio_core::Form;
use url::Url;

use crate::{
    client::PROVIDER,
    model::{
        call::{CallEvent, CallStatus, MachineDetection, Method},
        recording::{PauseBehavior, RecordingChannels, RecordingEvent, RecordingTrack, Trim},
    },
};

/// How a value is written into a form.
pub(super) trait Put {
    fn put(&self, name: &str, form: Form) -> Form;
}

impl Put for String {
    fn put(&self, name: &str, form: Form) -> Form {
        form.set(name, self.as_str())
    }
}

impl Put for Secret {
    fn put(&self, name: &str, form: Form) -> Form {
        form.set(name, self.expose_secret())
    }
}

impl Put for u32 {
    fn put(&self, name: &str, form: Form) -> Form {
        form.set(name, self.to_string())
    }
}

impl Put for bool {
    fn put(&self, name: &str, form: Form) -> Form {
        form.set(name, self.to_string())
    }
}

impl Put for Date {
    /// As Twilio's description wants it: its first moment means the whole day.
    fn put(&self, name: &str, form: Form) -> Form {
        form.set(name, iso(self.midnight().assume_utc()))
    }
}

impl Put for OffsetDateTime {
    fn put(&self, name: &str, form: Form) -> Form {
        form.set(name, iso(*self))
    }
}

macro_rules! names {
    ($($name:ty),+) => { $(
        impl Put for $name {
            fn put(&self, name: &str, form: Form) -> Form {
                form.set(name, self.as_str())
            }
        }
    )+ };
}

macro_rules! lists {
    ($($name:ty),+) => { $(
        impl Put for Vec<$name> {
            fn put(&self, name: &str, form: Form) -> Form {
                form.list(name, self.iter().map(|value| value.as_str()))
            }
        }
    )+ };
}

names!(CallStatus, MachineDetection, Method, PauseBehavior, RecordingChannels, RecordingTrack, Trim);
lists!(CallEvent, RecordingEvent);

/// Declares a struct of optional parameters with a method to set each, and how they are written into a form. Those in brackets are
/// required.
macro_rules! parameters {
    (
        $(#[$meta:meta])*
        pub struct $struct:ident {
            $( [ $( $(#[$required_meta:meta])* $required:ident = $required_name:literal, )+ ] )?
            $( $(#[$field_meta:meta])* $field:ident : $type:ty = $name:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default)]
        #[non_exhaustive]
        pub struct $struct {
            $( $( $(#[$required_meta])* pub $required: String, )+ )?
            $( $(#[$field_meta])* pub $field: Option<$type>, )+
        }

        impl $struct {
            $(
                $(#[$field_meta])*
                #[must_use]
                pub fn $field(mut self, value: impl Into<$type>) -> Self {
                    self.$field = Some(value.into());
                    self
                }
            )+

            fn form(&self) -> Form {
                let form = Form::new();
                $( $( let form = form.set($required_name, self.$required.as_str()); )+ )?
                $(
                    let form = match &self.$field {
                        Some(value) => $crate::api::parameters::Put::put(value, $name, form),
                        None => form,
                    };
                )+
                form
            }
        }

        impl std::fmt::Debug for $struct {
            /// The names alone: the values are numbers, addresses and credentials.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($struct)).field(&self.form()).finish()
            }
        }
    };
}

pub(super) use parameters;

/// As filters take it: `2026-01-02T15:04:05Z`.
fn iso(time: OffsetDateTime) -> String {
    let time = time.to_offset(UtcOffset::UTC);
    let (date, hour, minute, second) = (time.date(), time.hour(), time.minute(), time.second());
    format!("{date}T{hour:02}:{minute:02}:{second:02}Z")
}

/// A parameter that Twilio would refuse.
pub(super) fn refuse(name: &str, why: impl AsRef<str>) -> Error {
    Error::invalid(format!("{name} {}", why.as_ref())).field(name).provider(PROVIDER)
}

pub(super) fn required(name: &str, value: &str) -> Result<()> {
    if value.trim().is_empty() { Err(refuse(name, "is empty")) } else { Ok(()) }
}

pub(super) fn between(name: &str, value: Option<u32>, (least, most): (u32, u32)) -> Result<()> {
    match value {
        Some(value) if !(least..=most).contains(&value) => {
            Err(refuse(name, format!("must be between {least} and {most}")))
        }
        _ => Ok(()),
    }
}

/// An address that Twilio can call. It refuses a host with an underscore.
pub(super) fn address(name: &str, value: Option<&String>) -> Result<()> {
    let Some(value) = value else { return Ok(()) };
    let url = Url::parse(value).map_err(|_| refuse(name, "is not an address"))?;
    match url.host_str() {
        Some(host) if matches!(url.scheme(), "https" | "http") && !host.contains('_') => Ok(()),
        _ => Err(refuse(name, "must be an http(s) address whose host has no underscore")),
    }
}
