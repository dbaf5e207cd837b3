//! Dates: RFC 2822 on the API of 2010, ISO 8601 on the other hosts.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{
    OffsetDateTime, PrimitiveDateTime,
    format_description::well_known::{Iso8601, Rfc2822, Rfc3339},
    macros::format_description,
};

/// A time as Twilio wrote it. One that cannot be read does not make an answer unreadable: a message was sent all the same.
///
/// ```
/// use twilio_core::model::Date;
///
/// let date = Date::from("Thu, 24 Aug 2023 05:01:45 +0000");
/// assert_eq!(date.at(), Date::from("2023-08-24T05:01:45Z").at());
/// assert_eq!(date.at().unwrap().unix_timestamp(), 1_692_853_305);
/// assert_eq!(Date::from("soon").at(), None);
/// ```
///
/// *See [Twilio docs/Response](https://www.twilio.com/docs/usage/twilios-response)*
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Date(String);

impl Date {
    /// The time, where it can be read.
    #[must_use]
    pub fn at(&self) -> Option<OffsetDateTime> {
        read(self.0.trim())
    }

    /// The time as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A time as parameters want it (`SendAt`, filters): ISO 8601 in UTC, to the second.
    #[must_use]
    pub fn iso(at: OffsetDateTime) -> Self {
        let at = at.to_offset(time::UtcOffset::UTC);
        let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
        // Only a year beyond four digits cannot be written, and then its plain form says so.
        Self(at.format(format).unwrap_or_else(|_| at.to_string()))
    }

    /// A time as the API of 2010 writes it, for doubles of it.
    #[must_use]
    pub fn rfc2822(at: OffsetDateTime) -> Self {
        let at = at.to_offset(time::UtcOffset::UTC);
        Self(at.format(&Rfc2822).unwrap_or_else(|_| at.to_string()))
    }
}

fn read(text: &str) -> Option<OffsetDateTime> {
    let zoned = OffsetDateTime::parse(text, &Rfc2822)
        .or_else(|_| OffsetDateTime::parse(text, &Rfc3339))
        .or_else(|_| OffsetDateTime::parse(text, &Iso8601::PARSING));
    // Without a zone it is UTC, as all of Twilio's times are.
    let local = || PrimitiveDateTime::parse(text, &Iso8601::PARSING).map(PrimitiveDateTime::assume_utc);
    let day = || {
        let format = format_description!("[year]-[month]-[day]");
        time::Date::parse(text, format).map(|day| day.midnight().assume_utc())
    };
    zoned.or_else(|_| local()).or_else(|_| day()).ok()
}

impl From<&str> for Date {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Date({})", self.0)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}
