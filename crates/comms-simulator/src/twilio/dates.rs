//! Dates in Twilio's two forms, and filters by date.

use time::{
    Date, OffsetDateTime,
    format_description::well_known::{Rfc2822, Rfc3339},
    macros::format_description,
};

/// `Thu, 24 Aug 2023 05:01:45 +0000`.
pub(crate) fn rfc2822(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc2822).unwrap_or_default()
}

/// `2015-07-30T20:12:31Z`.
pub(crate) fn iso(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
}

/// A day, or a moment, as filters and `SendAt` have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Day(Date),
    Moment(OffsetDateTime),
}

impl When {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let day = format_description!("[year]-[month]-[day]");
        Date::parse(text, day)
            .map(Self::Day)
            .or_else(|_| OffsetDateTime::parse(text, &Rfc3339).map(Self::Moment))
            .or_else(|_| OffsetDateTime::parse(text, &Rfc2822).map(Self::Moment))
            .ok()
    }

    pub(crate) fn moment(text: &str) -> Option<OffsetDateTime> {
        match Self::parse(text)? {
            Self::Moment(at) => Some(at),
            Self::Day(_) => None,
        }
    }

    /// On this day, or at this second.
    pub(crate) fn is(self, at: OffsetDateTime) -> bool {
        match self {
            Self::Day(day) => at.date() == day,
            Self::Moment(moment) => at.unix_timestamp() == moment.unix_timestamp(),
        }
    }

    /// On or before it.
    pub(crate) fn is_or_before(self, at: OffsetDateTime) -> bool {
        match self {
            Self::Day(day) => at.date() <= day,
            Self::Moment(moment) => at.unix_timestamp() <= moment.unix_timestamp(),
        }
    }

    /// On or after it.
    pub(crate) fn is_or_after(self, at: OffsetDateTime) -> bool {
        match self {
            Self::Day(day) => at.date() >= day,
            Self::Moment(moment) => at.unix_timestamp() >= moment.unix_timestamp(),
        }
    }
}
