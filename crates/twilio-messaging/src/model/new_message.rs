//! A message to be sent.

#[cfg(feature = "client")]
mod form;

use comms_http::{Error, ErrorKind, Outcome, Result, open_enum};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{Address, limits};

open_enum! {
    /// Whether Twilio keeps the text and media of a message.
    pub enum ContentRetention {
        /// It does.
        Retain = "retain",
        /// It does not.
        Discard = "discard",
    }
}

open_enum! {
    /// Whether Twilio keeps the recipient's whole address.
    pub enum AddressRetention {
        /// It does.
        Retain = "retain",
        /// It hides a part of it.
        Obfuscate = "obfuscate",
    }
}

open_enum! {
    /// Whether a message is looked at for risks before it is sent.
    pub enum RiskCheck {
        /// It is.
        Enable = "enable",
        /// It is not.
        Disable = "disable",
    }
}

open_enum! {
    /// The kind of traffic.
    pub enum TrafficType {
        /// Free of charge for the recipient.
        Free = "free",
    }
}

/// A message to be sent: every parameter of the platform.
///
/// ```
/// use twilio_messaging::NewMessage;
///
/// let text = NewMessage::text("Su cita es mañana.").to("+34600000000");
/// let picture = NewMessage::text("El plano").media("https://example.com/plano.png").to("+34600000000");
/// let template = NewMessage::content("HX0123456789abcdef0123456789abcdef")
///     .variable("1", "Ana")
///     .to("whatsapp:+34600000000");
/// # let now = time::OffsetDateTime::UNIX_EPOCH;
/// # for message in [text, picture, template] { message.from("+15005550006").validate(now)?; }
///
/// // What Twilio would refuse is refused without a request, with its field.
/// let error = NewMessage::text("x".repeat(1601)).to("+34600000000").from("+15005550006").validate(now).unwrap_err();
/// assert_eq!(error.field_name(), Some("Body"));
/// # Ok::<(), twilio_messaging::Error>(())
/// ```
///
/// *See [Twilio docs/Messages resource](https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource)*
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct NewMessage {
    /// The recipient.
    pub to: Option<Address>,
    /// The sender; the configured one where neither it nor a Messaging Service is given.
    pub from: Option<Address>,
    /// The Messaging Service that chooses the sender.
    pub messaging_service_sid: Option<String>,
    /// The sender of an SMS, where the recipient is not reached by RCS.
    pub fallback_from: Option<Address>,
    /// The text: at most [`limits::BODY`] characters.
    pub body: Option<String>,
    /// The public addresses of the files: at most [`limits::MEDIA`].
    pub media_url: Vec<String>,
    /// The content template, `HX…`.
    pub content_sid: Option<String>,
    /// The values of the template by the names of its variables; they are sent as the JSON text that Twilio asks for.
    pub content_variables: Map<String, Value>,
    /// Actions of channels other than SMS, for instance a place on WhatsApp: `geo:40.4,-3.7|Oficina`.
    pub persistent_action: Vec<String>,
    /// When to send it: more than 300 seconds and at most 35 days ahead, and by a Messaging Service.
    pub send_at: Option<OffsetDateTime>,
    /// How many seconds it may wait in Twilio's queue: 1 to 36,000.
    pub validity_period: Option<u32>,
    /// Where Twilio reports what becomes of it, instead of the address of the number or service.
    pub status_callback: Option<String>,
    /// The application whose address gets the reports, where no address is given.
    pub application_sid: Option<String>,
    /// Whether delivery will be confirmed with [`feedback`](crate::api::Messages::feedback).
    pub provide_feedback: Option<bool>,
    /// How many attempts were made with any provider, this one included.
    pub attempt: Option<u32>,
    /// Reserved by Twilio.
    pub force_delivery: Option<bool>,
    /// Whether Twilio keeps text and media.
    pub content_retention: Option<ContentRetention>,
    /// Whether Twilio keeps the recipient's whole address.
    pub address_retention: Option<AddressRetention>,
    /// Whether characters that cost room are replaced by similar ones.
    pub smart_encoded: Option<bool>,
    /// The kind of traffic.
    pub traffic_type: Option<TrafficType>,
    /// Whether links are shortened; for a Messaging Service that is set up for it.
    pub shorten_urls: Option<bool>,
    /// Whether it goes out as one MMS, with or without files.
    pub send_as_mms: Option<bool>,
    /// Whether it is looked at for risks before it is sent.
    pub risk_check: Option<RiskCheck>,
    /// The most that it may cost. Without effect since June 2024.
    pub max_price: Option<String>,
    /// Parameters that this version does not know, under Twilio's names.
    pub extra: Vec<(String, String)>,
}

macro_rules! setters {
    ($( $(#[$doc:meta])* $name:ident($($type:tt)+), )+) => { $(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, value: $($type)+) -> Self {
            self.$name = Some(value.into());
            self
        }
    )+ };
}

impl NewMessage {
    /// A message with this text.
    pub fn text(body: impl Into<String>) -> Self {
        Self { body: Some(body.into()), ..Self::default() }
    }

    /// A message with this file and no text; add [`body`](Self::body) and further files.
    pub fn file(url: impl Into<String>) -> Self {
        Self::default().media(url)
    }

    /// A message made of a content template, `HX…`.
    pub fn content(sid: impl Into<String>) -> Self {
        Self { content_sid: Some(sid.into()), ..Self::default() }
    }

    setters! {
        /// The recipient.
        to(impl Into<Address>),
        /// The sender.
        from(impl Into<Address>),
        /// The Messaging Service that chooses the sender, `MG…`.
        messaging_service_sid(impl Into<String>),
        /// The sender of an SMS, where the recipient is not reached by RCS.
        fallback_from(impl Into<Address>),
        /// What is said, at most 1,600 characters.
        body(impl Into<String>),
        /// The content template, `HX…`.
        content_sid(impl Into<String>),
        /// When to send it.
        send_at(OffsetDateTime),
        /// How many seconds it may wait in Twilio's queue.
        validity_period(u32),
        /// Where Twilio reports what becomes of it.
        status_callback(impl Into<String>),
        /// The application whose address gets the reports.
        application_sid(impl Into<String>),
        /// Whether delivery will be confirmed.
        provide_feedback(bool),
        /// How many attempts were made, this one included.
        attempt(u32),
        /// Reserved by Twilio.
        force_delivery(bool),
        /// Whether Twilio keeps text and media.
        content_retention(impl Into<ContentRetention>),
        /// Whether Twilio keeps the recipient's whole address.
        address_retention(impl Into<AddressRetention>),
        /// Whether characters that cost room are replaced.
        smart_encoded(bool),
        /// The kind of traffic.
        traffic_type(impl Into<TrafficType>),
        /// Whether links are shortened.
        shorten_urls(bool),
        /// Whether it goes out as one MMS.
        send_as_mms(bool),
        /// Whether it is looked at for risks.
        risk_check(impl Into<RiskCheck>),
        /// The most that it may cost. Without effect since June 2024.
        max_price(impl Into<String>),
    }

    /// Adds a file by its public address.
    #[must_use]
    pub fn media(mut self, url: impl Into<String>) -> Self {
        self.media_url.push(url.into());
        self
    }

    /// Sets a variable of the content template.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.content_variables.insert(name.into(), Value::String(value.into()));
        self
    }

    /// Adds an action of a channel, for instance a place.
    #[must_use]
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.persistent_action.push(action.into());
        self
    }

    /// Adds a parameter that this version does not know.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.extra.push((name.into(), value.into()));
        self
    }

    /// Checks what can be checked without a request; `now` is what a time to send at is compared with.
    ///
    /// # Errors
    /// `InvalidRecipient` without recipient, else `InvalidRequest`, with the field.
    pub fn validate(&self, now: OffsetDateTime) -> Result<()> {
        if self.to.as_ref().is_none_or(|to| to.id().is_empty()) {
            return Err(Error::new(ErrorKind::InvalidRecipient, Outcome::Rejected, "there is no recipient").field("To"));
        }
        if self.from.is_none() && self.messaging_service_sid.is_none() {
            return Err(refused("From", "there is neither a sender nor a Messaging Service"));
        }
        if self.fallback_from.is_some() && self.messaging_service_sid.is_none() {
            return Err(refused("FallbackFrom", "a second sender needs a Messaging Service"));
        }
        self.check_content()?;
        if self.validity_period.is_some_and(|seconds| !(1..=limits::VALIDITY_SECONDS).contains(&seconds)) {
            return Err(refused("ValidityPeriod", format!("must be 1 to {} seconds", limits::VALIDITY_SECONDS)));
        }
        self.status_callback.as_deref().map_or(Ok(()), check_callback)?;
        self.send_at.map_or(Ok(()), |at| self.check_schedule(at, now))
    }

    fn check_content(&self) -> Result<()> {
        let body = self.body.as_deref().unwrap_or_default();
        // A message may be a place alone.
        if body.is_empty()
            && self.media_url.is_empty()
            && self.content_sid.is_none()
            && self.persistent_action.is_empty()
        {
            return Err(refused("Body", "there is no text, no file and no content template"));
        }
        if body.chars().count() > limits::BODY {
            return Err(refused("Body", format!("is longer than {} characters", limits::BODY)));
        }
        if self.media_url.len() > limits::MEDIA {
            return Err(refused("MediaUrl", format!("more than {} files", limits::MEDIA)));
        }
        if self.media_url.iter().any(|url| !is_web(url)) {
            return Err(refused("MediaUrl", "must be a public address that begins with https:// or http://"));
        }
        if self.content_sid.is_none() && !self.content_variables.is_empty() {
            return Err(refused("ContentVariables", "variables need a content template"));
        }
        Ok(())
    }

    fn check_schedule(&self, at: OffsetDateTime, now: OffsetDateTime) -> Result<()> {
        if self.messaging_service_sid.is_none() {
            return Err(refused("MessagingServiceSid", "scheduling needs a Messaging Service"));
        }
        let ahead = at - now;
        if ahead <= limits::SCHEDULE_AFTER || ahead > limits::SCHEDULE_WITHIN {
            return Err(refused("SendAt", "must be more than 300 seconds and at most 35 days ahead"));
        }
        Ok(())
    }
}

fn refused(field: &'static str, why: impl Into<String>) -> Error {
    Error::invalid(why).field(field)
}

fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// Twilio refuses a host with an underscore when the report is due, long after the message was sent.
pub(crate) fn check_callback(url: &str) -> Result<()> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if host.is_empty() {
        return Err(refused("StatusCallback", "must be an address that begins with https:// or http://"));
    }
    if host.contains('_') {
        return Err(refused("StatusCallback", "the host must not hold an underscore"));
    }
    Ok(())
}
